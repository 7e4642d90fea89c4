/* command_bench.c: `bench`: how long one training step, one forward pass, or one streaming step takes, on random data
 * that stay the same. */
#include "clip.h"
#include "clock.h"
#include "teacher_forcing.h"
#include "job.h"
#include "optim.h"
#include "update.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MODE_TRAIN, MODE_FORWARD, MODE_STEP, SAMPLES = 1 << 20, WARM_UP = 2, LEAST = 3 };

typedef struct Bench {
  Job *job;
  int mode;
  int64_t B, T, shortest;
  RnnDataset *data;
  RnnBatch batch;
  Run *run;
  RnnUpdater *updater;
  void *state, **in, **out; /* of the streaming step */
  double *seconds;
  int64_t runs;
} Bench;

static bool prepare_program(Bench *b, RnnError *error)
{
  RnnHandle *h = b->job->handle;
  RnnInputSpec *specs = rnn_model_specs(h->model);
  int64_t *list = calloc((size_t)b->B, sizeof *list);
  bool ok = specs && list;
  if (!ok) rnn_fail_memory(error, (size_t)b->B * sizeof *list);
  for (int64_t i = 0; ok && i < b->B; i++) list[i] = i;
  ok = ok && (b->data = rnn_dataset_random(specs, h->model->inputs, b->B, b->shortest, b->T,
                                           &(RnnDataOptions){.real64 = h->model->real64, .axes = h->model->axes},
                                           (uint64_t)rnn_setting_count(&b->job->settings, SETTING_seed), error));
  ok = ok && rnn_batch_whole(&b->batch, b->data, list, b->B, error) &&
       (b->run = rnn_handle_run(h, b->mode == MODE_TRAIN ? "train" : "forward", error));
  if (ok && b->mode == MODE_TRAIN) {
    const Settings *s = &b->job->settings;
    bool own = s->origin[SETTING_optimizer] == FROM_CALLER, own_clip = s->origin[SETTING_clip] == FROM_CALLER;
    b->updater = rnn_updater_new(h, own ? rnn_setting_text(s, SETTING_optimizer) : "adam(rate = 1e-3)",
                                 own_clip ? rnn_setting_text(s, SETTING_clip) : "norm(1.0)", error);
    ok = b->updater != NULL;
  }
  ok = ok && rnn_run_prepare(b->run, &b->batch, b->data, (NoiseKey){.forced = rnn_forcing_first(b->job->handle->model)},
                             error);
  free(specs);
  free(list);
  return ok;
}

static bool prepare_step(Bench *b, RnnError *error)
{
  const ModelStep *step = &b->job->handle->model->step;
  if (!step->run) return rnn_fail(error, RNN_ERROR_USAGE, "no streaming step: %s", step->refused);
  size_t room = ((size_t)step->state_bytes + 64) / 64 * 64;
  b->state = aligned_alloc(64, room);
  b->in = calloc((size_t)step->inputs + 1, sizeof *b->in);
  b->out = calloc((size_t)step->outputs + 1, sizeof *b->out);
  if (!b->state || !b->in || !b->out) return rnn_fail_memory(error, room);
  memset(b->state, 0, room);
  for (int i = 0; i < step->inputs; i++)
    if (!(b->in[i] = calloc((size_t)step->input[i].count, sizeof(double)))) return rnn_fail_memory(error, 8);
  for (int i = 0; i < step->outputs; i++)
    if (!(b->out[i] = calloc((size_t)step->output[i].count, sizeof(double)))) return rnn_fail_memory(error, 8);
  return true;
}

/* What is measured. Seconds of one step. */
static bool run_once(Bench *b, double *seconds, RnnError *error)
{
  RnnHandle *h = b->job->handle;
  double start = rnn_seconds();
  bool ok = true;
  if (b->mode == MODE_STEP) {
    for (int64_t t = 0; t < b->T; t++) h->model->step.run(h->weights, b->state, (const void *const *)b->in, b->out);
    *seconds = (rnn_seconds() - start) / (double)b->T;
    return true;
  }
  if (b->mode == MODE_TRAIN) {
    memset(h->grads, 0, rnn_block_bytes(h));
    rnn_run_go(b->run, h->weights, h->grads);
  } else rnn_run_again(b->run, h->weights, true); /* as a server does */
  if (b->updater) ok = rnn_update(b->updater, -1, NULL, error);
  *seconds = rnn_seconds() - start;
  return ok;
}

static bool measure(Bench *b, double limit, RnnError *error)
{
  double end = 0, seconds;
  b->seconds = malloc(SAMPLES * sizeof *b->seconds);
  if (!b->seconds) return rnn_fail_memory(error, SAMPLES * sizeof *b->seconds);
  for (int64_t i = 0; b->runs < SAMPLES; i++) {
    if (i == WARM_UP) end = rnn_seconds() + limit;
    if (!run_once(b, &seconds, error)) return false;
    if (i >= WARM_UP) b->seconds[b->runs++] = seconds;
    if (b->runs >= LEAST && rnn_seconds() >= end) break;
  }
  return true;
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_result(const Bench *b, const char *mode)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  qsort(b->seconds, (size_t)b->runs, sizeof *b->seconds, by_size);
  double median = (b->seconds[b->runs / 2] + b->seconds[(b->runs - 1) / 2]) / 2, least = b->seconds[0],
         peak = (double)usage.ru_maxrss / 1024;
  double compile = b->job->host ? b->job->host->compile_s : 0;
  int threads = rnn_pool_threads(b->job->handle->pool);
  if (b->job->value[OPTION_JSON])
    printf("{\"mode\": \"%s\", \"batch\": %lld, \"length\": %lld, \"shortest\": %lld, \"threads\": %d, \"median_s\": "
           "%.9g, \"min_s\": "
           "%.9g, \"runs\": %lld, \"compile_s\": %.6g, \"peak_mb\": %.1f}\n",
           mode, (long long)b->B, (long long)b->T, (long long)b->shortest, threads, median, least, (long long)b->runs,
           compile, peak);
  else if (b->mode == MODE_STEP)
    printf("%s: median %.3f us, least %.3f us a step, %lld runs of %lld steps, peak %.1f MB\n", mode, 1e6 * median,
           1e6 * least, (long long)b->runs, (long long)b->T, peak);
  else
    printf("%s, batch %lld, length %lld, %d thread%s: median %.3f ms, least %.3f ms, %lld runs, compiled in %.2f s, "
           "peak %.1f MB\n",
           mode, (long long)b->B, (long long)b->T, threads, threads == 1 ? "" : "s", 1e3 * median, 1e3 * least,
           (long long)b->runs, compile, peak);
}

static void bench_free(Bench *b)
{
  const ModelStep *step = &b->job->handle->model->step;
  for (int i = 0; b->in && i < step->inputs; i++) free(b->in[i]);
  for (int i = 0; b->out && i < step->outputs; i++) free(b->out[i]);
  free(b->in);
  free(b->out);
  free(b->state);
  free(b->seconds);
  rnn_updater_free(b->updater);
  rnn_batch_free(&b->batch);
  rnn_dataset_free(b->data);
}

int rnn_command_bench(Job *job)
{
  static const char *const words[] = {"train", "forward", "step"};
  double seconds;
  Bench b = {.job = job,
             .mode = rnn_job_word(job, OPTION_MODE, words, 3),
             .B = rnn_setting_count(&job->settings, SETTING_batch)};
  if (b.mode < 0 || !rnn_job_count(job, OPTION_LENGTH, 100, 1, &b.T) ||
      !rnn_job_count(job, OPTION_SHORTEST, b.T, 1, &b.shortest) || !rnn_job_number(job, OPTION_SECONDS, 5, 0, &seconds))
    return job->error.code;
  if (b.shortest > b.T) rnn_fail(&job->error, RNN_ERROR_USAGE, "--shortest: at most --length, %lld", (long long)b.T);
  if (b.B < 1) rnn_fail(&job->error, RNN_ERROR_USAGE, "--batch: at least 1");
  bool ok = job->error.code == RNN_OK &&
            rnn_initialise(job->handle, (uint64_t)rnn_setting_count(&job->settings, SETTING_seed), &job->error);
  ok = ok && (b.mode == MODE_STEP ? prepare_step(&b, &job->error) : prepare_program(&b, &job->error));
  if (ok && measure(&b, seconds, &job->error)) print_result(&b, words[b.mode]);
  bench_free(&b);
  return job->error.code;
}

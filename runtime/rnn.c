/* rnn.c: opening a model, and its parameters. Weights files are in weights.c, runs on arrays in arrays.c. */
#include <stdlib.h>
#include <string.h>
#include "blas.h"
#include "handle.h"
#include "init.h"
#include "learn.h"
#include "memory.h"

size_t rnn_block_bytes(const RnnHandle *h)
{
  return (size_t)h->model->count * (h->model->real64 ? sizeof(double) : sizeof(float));
}

void *rnn_block_new(const RnnHandle *h, RnnError *error)
{
  size_t room = (rnn_block_bytes(h) + 64) / 64 * 64;
  void *block = aligned_alloc(64, room);
  if (block) memset(block, 0, room);
  else rnn_fail_memory(error, room);
  return block;
}

static bool list_params(RnnHandle *h, RnnError *error)
{
  h->param = calloc((size_t)h->model->params + 1, sizeof *h->param);
  if (!h->param) return rnn_fail_memory(error, (size_t)h->model->params * sizeof *h->param);
  for (int i = 0; i < h->model->params; i++) {
    const ModelParam *p = &h->model->param[i];
    h->param[i] = (RnnParam){.name = p->name, .rank = p->shape.rank, .count = p->shape.count, .offset = p->offset};
    memcpy(h->param[i].shape, p->shape.extent, sizeof h->param[i].shape);
  }
  return true;
}

RnnHandle *rnn_open_empty(const RnnModel *model, RnnError *error)
{
  RnnHandle *h = calloc(1, sizeof *h);
  if (!h) {
    rnn_fail_memory(error, sizeof *h);
    return NULL;
  }
  rnn_blas_one_thread();
  h->model = rnn_model_read(model, error);
  if (h->model && list_params(h, error)) {
    h->run = calloc((size_t)h->model->programs + 1, sizeof *h->run);
    if (h->run) return h;
    rnn_fail_memory(error, sizeof *h->run);
  }
  rnn_close(h);
  return NULL;
}

RnnHandle *rnn_open(const RnnModel *model, int threads, RnnError *error)
{
  RnnHandle *h = rnn_open_empty(model, error);
  if (h && (h->weights = rnn_block_new(h, error)) && (h->grads = rnn_block_new(h, error))) {
    h->pool = rnn_pool_new(threads);
    return h;
  }
  rnn_close(h);
  return NULL;
}

void rnn_close(RnnHandle *h)
{
  if (!h) return;
  for (int i = 0; h->run && i < h->model->programs; i++) rnn_run_free(h->run[i]);
  free(h->run);
  rnn_pool_free(h->pool);
  rnn_coding_free(h->coding);
  rnn_learning_free(h->learning);
  if (!h->lent) {
    free(h->weights);
    free(h->grads);
  }
  free(h->param);
  rnn_model_free(h->model);
  free(h);
}

Run *rnn_handle_run(RnnHandle *h, const char *program, RnnError *error)
{
  const Program *p = rnn_model_program(h->model, program);
  if (!p) {
    rnn_fail(error, RNN_ERROR_USAGE, "the model %s has no program '%s'%s", h->model->name, program,
             strcmp(program, "forward") == 0 ? ""
             : strcmp(program, "free") == 0
                 ? ": none of its distributions reads what is drawn before it, or it was compiled without that program"
                 : ": it has neither a ~ nor a loss");
    return NULL;
  }
  Run **run = &h->run[p - h->model->program];
  if (!*run) {
    *run = rnn_run_new(h->model, p, h->pool, error);
    rnn_memory_apply(h);
  }
  return *run;
}

void rnn_set_threads(RnnHandle *h, int threads)
{
  if (threads <= 0) threads = rnn_machine_threads();
  if (threads == rnn_pool_threads(h->pool)) return;
  rnn_pool_free(h->pool);
  h->pool = rnn_pool_new(threads);
  for (int i = 0; i < h->model->programs; i++)
    if (h->run[i]) h->run[i]->frame.pool = h->pool;
}

void rnn_set_coding(RnnHandle *h, RnnCoding *coding)
{
  if (h->coding != coding) rnn_coding_free(h->coding);
  h->coding = coding;
}

const char *rnn_model_name(const RnnHandle *h) { return h->model->name; }
bool rnn_is_f64(const RnnHandle *h) { return h->model->real64; }
int rnn_params(const RnnHandle *h) { return h->model->params; }
const RnnParam *rnn_param(const RnnHandle *h, int i) { return i >= 0 && i < h->model->params ? &h->param[i] : NULL; }
void *rnn_weights(RnnHandle *h) { return h->weights; }
void *rnn_gradients(RnnHandle *h) { return h->grads; }
int64_t rnn_block(const RnnHandle *h) { return h->model->count; }

int rnn_inputs(const RnnHandle *h) { return h->model->inputs; }

const char *rnn_input_name(const RnnHandle *h, int i)
{
  return i >= 0 && i < h->model->inputs ? h->model->input[i].spec.name : NULL;
}

const RnnParam *rnn_param_named(const RnnHandle *h, const char *name, RnnError *error)
{
  for (int i = 0; i < h->model->params; i++)
    if (strcmp(h->param[i].name, name) == 0) return &h->param[i];
  const char **names = calloc((size_t)h->model->params + 1, sizeof *names);
  for (int i = 0; names && i < h->model->params; i++) names[i] = h->param[i].name;
  const char *near = names ? rnn_near(name, names, (size_t)h->model->params) : NULL;
  rnn_fail(error, RNN_ERROR_USAGE, near ? "no parameter named '%s'; did you mean '%s'?" : "no parameter named '%s'",
           name, near);
  free(names);
  return NULL;
}

typedef struct Initialising {
  const RnnHandle *h;
  void *block;
  uint64_t seed;
  RnnError *error; /* one a parameter */
} Initialising;

static void initialise_some(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  Initialising *job = arg;
  (void)frame;
  for (int64_t i = from; i < to; i++) {
    const ModelParam *p = &job->h->model->param[i];
    if (job->h->model->real64)
      rnn_init_f64(p->init, p->a, p->b, p->shape.rank, p->shape.extent, job->seed, p->name,
                   (double *)job->block + p->offset, &job->error[i]);
    else
      rnn_init_f32(p->init, p->a, p->b, p->shape.rank, p->shape.extent, job->seed, p->name,
                   (float *)job->block + p->offset, &job->error[i]);
  }
}

/* Each parameter has a stream of its own: which thread makes it does not matter. */
bool rnn_initialise(RnnHandle *h, uint64_t seed, RnnError *error)
{
  int params = h->model->params;
  Initialising job = {h, rnn_block_new(h, error), seed, calloc((size_t)params + 1, sizeof *job.error)};
  bool ok = job.block && (job.error || rnn_fail_memory(error, (size_t)params * sizeof *job.error));
  if (ok) rnn_pool_run(h->pool, initialise_some, &job, params, 1);
  for (int i = 0; ok && i < params; i++)
    if (job.error[i].code != RNN_OK) ok = rnn_fail(error, job.error[i].code, "%s", job.error[i].message);
  if (ok) memcpy(h->weights, job.block, rnn_block_bytes(h));
  free(job.error);
  free(job.block);
  return ok;
}

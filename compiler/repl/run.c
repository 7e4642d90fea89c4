/* run.c: the value of an expression: in the process of its own, the program `forward` over one sequence of the data.
   Needs: a compiled model that has ANSWER. Leaves alone: the session. */
#include "prompt_data.h"
#include "world.h"
#include "value.h"
#include "teacher_forcing.h"
#include "aside.h"
#include "clock.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static Look look_of(const World *w)
{
  struct winsize size;
  Look look = {.digits = (int)w->set.digits, .rows = (int)w->set.rows, .width = 80};
  bool terminal = w->out == stdout && isatty(1);
  if (terminal && !ioctl(1, TIOCGWINSZ, &size) && size.ws_col > 20) look.width = size.ws_col;
  look.colour = terminal && w->colour;
  return look;
}

/* The places that were asked for, within those that there are. */
static bool choose_places(const Showing *q, int64_t steps, Value *v, RnnError *error)
{
  v->from = 1;
  v->to = steps;
  if (!q->asked.range) return true;
  v->from = q->asked.from;
  v->to = q->asked.to ? q->asked.to : steps - q->asked.before_end;
  if (v->to < v->from) return rnn_fail(error, RNN_ERROR_USAGE, "the range is empty: T is %lld", (long long)steps);
  if (v->to > steps)
    return rnn_fail(error, RNN_ERROR_USAGE, "there are %lld places, by the data: %ld..%lld goes beyond",
                    (long long)steps, q->asked.from, (long long)v->to);
  return true;
}

static bool read_value(const Showing *q, const RnnHandle *h, const Run *run, const ProgramVar *var, Value *v,
                       RnnError *error)
{
  *v = (Value){.rank = var->shape.rank, .from = 1, .to = 1, .S = 1, .time = var->time, .second = var->second};
  for (int i = 0; i < v->rank && i < 2; i++) v->extent[i] = var->shape.extent[i];
  v->axis[0] = h->model->axes.primary ? h->model->axes.primary : "t";
  v->axis[1] = h->model->axes.second ? h->model->axes.second : "s";
  if (v->time && !choose_places(q, rnn_run_steps(run, var, 0), v, error)) return false;
  if (!v->time && q->asked.range)
    return rnn_fail(error, RNN_ERROR_USAGE, "this has no time index: it has one value, not one a place");
  if (v->second) v->S = rnn_run_steps2(run, var, 0);
  int64_t width = value_elements(v), n = (v->to - v->from + 1) * v->S * width;
  v->at = malloc(sizeof *v->at * (size_t)n);
  if (!v->at) return rnn_fail_memory(error, sizeof *v->at * (size_t)n);
  double *at = v->at;
  for (int64_t t = v->from; t <= v->to; t++)
    for (int64_t k = 1; k <= v->S; k++)
      for (int64_t i = 0; i < width; i++)
        *at++ = rnn_run_value(run, var, v->time ? t - 1 : 0, v->second ? k - 1 : 0, 0, i);
  return true;
}

static bool write_svg(const Showing *q, const Value *v, RnnError *error)
{
  char *text = NULL;
  size_t bytes = 0;
  const char *why = NULL;
  FILE *memory = open_memstream(&text, &bytes);
  bool ok = memory && plot_svg(memory, v, q->over, q->title, &why);
  if (memory) fclose(memory);
  if (!ok) rnn_fail(error, RNN_ERROR_USAGE, "%s", why ? why : "out of memory");
  RnnAside *aside = ok ? rnn_aside_begin(q->asked.file, error) : NULL;
  ok = aside && rnn_aside_write(aside, text, bytes, error);
  if (aside && !ok) rnn_aside_cancel(aside);
  ok = ok && rnn_aside_commit(aside, error);
  free(text);
  return ok;
}

static bool show(const World *w, const Showing *q, const Value *v, RnnError *error)
{
  Look look = look_of(w);
  const char *why = NULL;
  if (q->wish == QUERY_PLOT && q->asked.file) {
    if (!write_svg(q, v, error)) return false;
    if (w->interactive) fprintf(w->err, "written to %s\n", q->asked.file);
  } else if (q->wish == QUERY_PLOT && !plot_terminal(w->out, v, q->over, q->title, &look, &why))
    return rnn_fail(error, RNN_ERROR_USAGE, "%s", why);
  else if (q->wish == QUERY_PRINT) value_print(w->out, v, &look);
  if (w->results) {
    fprintf(w->results, "{\"kind\": \"%s\", ", q->wish == QUERY_PLOT ? "plot" : "value");
    value_json(w->results, v);
    fputs("}\n", w->results);
  }
  return true;
}

typedef struct Forward {
  RnnHandle *handle;
  PromptData data;
  RnnBatch batch;
  Run *run;
  double run_s;
} Forward;

static bool go(Forward *f, const World *w, const Showing *q, const char *program, RnnError *error)
{
  f->handle = rnn_open(w->model, w->set.threads ? (int)w->set.threads : 1, error);
  const Program *p = f->handle ? rnn_model_program(f->handle->model, program) : NULL;
  if (f->handle && !p) return rnn_fail(error, RNN_ERROR_USAGE, "the model has no loss: neither loss = .. nor a ~");
  if (!f->handle || !prompt_weights(w, f->handle, error)) return false;
  if (!prompt_data_open(&f->data, w, f->handle, p, q->length, q->folder, error)) return false;
  int64_t sequence = w->set.sequence - 1;
  if (sequence >= f->data.set->sequences)
    return rnn_fail(error, RNN_ERROR_USAGE, "the data have %lld sequences: there is no number %ld (:set sequence 1)",
                    (long long)f->data.set->sequences, w->set.sequence);
  f->run = rnn_handle_run(f->handle, program, error);
  if (!f->run) return false;
  NoiseKey noise = {.forced = rnn_forcing_first(f->handle->model)};
  if (!rnn_batch_whole(&f->batch, f->data.set, &sequence, 1, error) ||
      !rnn_run_prepare(f->run, &f->batch, f->data.set, noise, error))
    return false;
  double start = rnn_seconds();
  rnn_run_go(f->run, f->handle->weights, f->handle->grads);
  f->run_s = rnn_seconds() - start;
  return true;
}

/* Once more, for as long as it takes to say how long it takes: the median. */
static double median_time(Forward *f)
{
  double seconds[1000], start = rnn_seconds();
  int n = 0;
  while (n < 1000 && (n < 3 || rnn_seconds() - start < 0.3)) {
    double from = rnn_seconds();
    rnn_run_go(f->run, f->handle->weights, f->handle->grads);
    seconds[n++] = rnn_seconds() - from;
  }
  for (int i = 1; i < n; i++)
    for (int k = i; k > 0 && seconds[k] < seconds[k - 1]; k--) {
      double x = seconds[k];
      seconds[k] = seconds[k - 1];
      seconds[k - 1] = x;
    }
  return seconds[n / 2];
}

static void print_time(const World *w, Forward *f)
{
  double median = median_time(f);
  fprintf(w->out, "compiled in %.3g ms; run in %.3g ms the first time, %.3g ms then\n", w->compile_s * 1e3,
          f->run_s * 1e3, median * 1e3);
  if (w->results)
    fprintf(w->results, "{\"kind\": \"time\", \"compile_s\": %.6g, \"first_s\": %.6g, \"median_s\": %.6g}\n",
            w->compile_s, f->run_s, median);
}

static int finish(const World *w, Forward *f, Value *v, bool ok, const RnnError *error)
{
  if (!ok) world_fail(w, 0, "%s", error->message);
  free(v->at);
  rnn_batch_free(&f->batch);
  prompt_data_close(&f->data);
  rnn_close(f->handle);
  return ok ? 0 : (int)error->code;
}

int run_query(const World *w, const Showing *q)
{
  Forward f = {0};
  RnnError error = {0};
  Value v = {0};
  bool ok = go(&f, w, q, "forward", &error);
  int number = ok ? rnn_program_var(f.run->program, ANSWER) : -1;
  if (ok && number < 0) ok = rnn_fail(&error, 70, "internal error: no value was computed");
  ok = ok && read_value(q, f.handle, f.run, &f.run->program->var[number], &v, &error) && show(w, q, &v, &error);
  if (ok && q->wish == QUERY_TIME) print_time(w, &f);
  return finish(w, &f, &v, ok, &error);
}

/* Parameters in the block of gradients, as a value. */
static void read_gradient(const RnnHandle *h, const RnnParam *p, Value *v)
{
  *v = (Value){.rank = p->rank, .from = 1, .to = 1, .S = 1};
  for (int i = 0; i < p->rank && i < 2; i++) v->extent[i] = p->shape[i];
  v->at = malloc(sizeof *v->at * (size_t)(p->count + 1));
  if (!v->at) abort();
  for (int64_t i = 0; i < p->count; i++)
    v->at[i] =
        rnn_is_f64(h) ? ((const double *)h->grads)[p->offset + i] : (double)((const float *)h->grads)[p->offset + i];
}

int run_gradient(const World *w, const Showing *q, const char *by)
{
  Forward f = {0};
  RnnError error = {0};
  Value v = {0};
  bool ok = go(&f, w, q, by ? "train" : "evaluate", &error);
  const Program *p = ok ? f.run->program : NULL;
  if (ok && !by) {
    v = (Value){.from = 1, .to = 1, .S = 1, .at = malloc(sizeof *v.at)};
    if (!v.at) abort();
    *v.at = rnn_run_number(f.run, p->loss);
    ok = show(w, q, &v, &error);
    return finish(w, &f, &v, ok, &error);
  }
  int input = ok ? rnn_model_input(f.handle->model, by) : -1;
  for (int i = 0; ok && i < p->wrts && input >= 0 && !v.at; i++)
    if (p->wrt[i].input == input) ok = read_value(q, f.handle, f.run, &p->var[p->wrt[i].var], &v, &error);
  if (ok && !v.at) {
    const RnnParam *param = rnn_param_named(f.handle, by, &error);
    ok = param != NULL;
    if (ok) read_gradient(f.handle, param, &v);
  }
  ok = ok && show(w, q, &v, &error);
  return finish(w, &f, &v, ok, &error);
}

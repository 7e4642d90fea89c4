/* interpret_command.c: loss, gradients and variables by the reference interpreter, in double precision, from and to the
   same files as the generated code's. Slow: it is there to check the compiler, and is not a way to run models. Needs:
   the passes up to the adjoint; no schedule, no LLVM. */
#include "interpret_command.h"
#include "adjoint.h"
#include "interpret.h"
#include "tensors.h"
#include <stdlib.h>
#include <string.h>

typedef struct Given {
  const char *data, *weights, *out;
} Given;

typedef struct Work {
  Driver *d;
  System *s;
  Interp *it;
  RnnTensorFile data, weights, out;
  RnnError error;
  int64_t B, size[AXES];
} Work;

static double *doubles(const RnnTensor *t)
{
  double *v = malloc(sizeof *v * (size_t)(t->count + 1));
  if (!v) abort();
  rnn_tensor_to_f64(t, 0, t->count, v);
  return v;
}

static bool set(Work *w, const Var *v, const RnnTensorFile *file, const char *path)
{
  if (v->fixed && !rnn_tensor_find(file, v->name)) return true; /* zero, as before training */
  const RnnTensor *t = rnn_tensor_need(file, path, v->name, &w->error);
  if (!t) return false;
  int64_t rows = v->dom & DOM_B ? w->B : 1;
  for (Axis a = 0; a < AXES; a++)
    if (v->dom & axis_bit(a)) rows *= w->size[a];
  if (t->count != rows * interpret_width(v))
    return rnn_fail(&w->error, RNN_ERROR_DATA, "%s: '%s' has %lld elements, the model needs %lld", path, v->name,
                    (long long)t->count, (long long)(rows * interpret_width(v)));
  double *at = doubles(t);
  interpret_set(w->it, v, at, w->size[AXIS_T]);
  free(at);
  return true;
}

static bool put(Work *w, const Var *v, const char *name)
{
  int64_t shape[RNN_MAX_RANK];
  int rank = 0;
  if (v->dom & DOM_B) shape[rank++] = w->B;
  for (Axis a = 0; a < AXES; a++)
    if (v->dom & axis_bit(a)) shape[rank++] = w->size[a];
  for (int i = 0; i < v->shape.rank && !v->shape.token; i++) shape[rank++] = v->shape.dim[i];
  RnnTensor *t = rnn_tensor_add(&w->out, name, RNN_F64, rank, shape, &w->error);
  if (!t) return false;
  interpret_all(w->it, v, t->data);
  return true;
}

enum { SEQUENCES = 4096 }; /* at most */

/* Sizes of the batch from the inputs that have them. */
static bool measure(Work *w, const char *path)
{
  for (int i = 0; i < w->s->vars.n; i++) {
    const Var *v = w->s->vars.at[i];
    const RnnTensor *t = v->kind == VAR_INPUT || v->kind == VAR_TARGET ? rnn_tensor_find(&w->data, v->name) : NULL;
    if (!t || t->rank < 1) continue;
    w->B = t->shape[0];
    int next = 1;
    for (Axis a = 0; a < AXES; a++)
      if (v->dom & axis_bit(a) && t->rank > next) w->size[a] = t->shape[next++];
  }
  if (w->B < 1) return rnn_fail(&w->error, RNN_ERROR_DATA, "%s: no input of the model is in it", path);
  if (w->B > SEQUENCES)
    return rnn_fail(&w->error, RNN_ERROR_DATA, "%s: the interpreter takes %d sequences at most", path, SEQUENCES);
  return true;
}

/* `lengths`, and of the second axis `lengths_s`, by its name. Where no input counts the axis the longest one does. */
static bool measure_axis(Work *w, Axis a, const char *path, int64_t *len)
{
  const char *name = a == AXIS_T ? "lengths" : arena_printf(w->d->arena, "lengths_%s", w->s->axis[a]);
  const RnnTensor *lengths = rnn_tensor_find(&w->data, name);
  bool counted = w->size[a] > 0;
  if (!counted) w->size[a] = 1;
  for (int64_t b = 0; b < w->B; b++) len[b] = w->size[a];
  if (!lengths) return true;
  if (lengths->count != w->B || !rnn_tensor_to_i64(lengths, 0, w->B, len))
    return rnn_fail(&w->error, RNN_ERROR_DATA, "%s: '%s' must hold %lld whole numbers", path, name, (long long)w->B);
  for (int64_t b = 0; b < w->B && !counted; b++)
    if (len[b] > w->size[a]) w->size[a] = len[b];
  for (int64_t b = 0; b < w->B; b++)
    if (len[b] < 1 || len[b] > w->size[a])
      return rnn_fail(&w->error, RNN_ERROR_DATA, "%s: %s[%lld] is %lld, not 1 to %lld", path, name, (long long)b,
                      (long long)len[b], (long long)w->size[a]);
  return true;
}

static bool fill(Work *w, const Given *g)
{
  int64_t *len[AXES] = {0};
  if (!rnn_tensors_read(g->data, &w->data, &w->error)) return false;
  if (g->weights && !rnn_tensors_read(g->weights, &w->weights, &w->error)) return false;
  if (!measure(w, g->data)) return false;
  for (Axis a = 0; a < AXES; a++) {
    if (!w->s->axis[a]) continue;
    len[a] = ARENA_ARRAY(w->d->arena, int64_t, w->B);
    if (!measure_axis(w, a, g->data, len[a])) return false;
  }
  w->it = interpret_new(w->s, w->B, w->size[AXIS_T], len[AXIS_T], w->size[AXIS_S], len[AXIS_S], NULL, NULL);
  for (int i = 0; i < w->s->vars.n; i++) {
    const Var *v = w->s->vars.at[i];
    bool target_missing = v->kind == VAR_TARGET && !rnn_tensor_find(&w->data, v->name);
    if (v->kind == VAR_PARAM && !set(w, v, &w->weights, g->weights ? g->weights : "--weights")) return false;
    if ((v->kind == VAR_INPUT || v->kind == VAR_TARGET) && !target_missing && !set(w, v, &w->data, g->data))
      return false;
    if (v->kind == VAR_NOISE)
      return rnn_fail(&w->error, RNN_ERROR_USAGE, "the interpreter draws no noise: '%s'", v->name);
  }
  return true;
}

static bool answer(Work *w, bool gradient)
{
  if (gradient && !put(w, w->s->loss, "loss")) return false;
  for (int i = 0, n = w->s->vars.n; i < n; i++) {
    const Var *v = w->s->vars.at[i];
    bool wanted = v->output && !gradient;
    for (int k = 0; w->d->o.show && w->d->o.show[k] && !gradient; k++) wanted |= !strcmp(w->d->o.show[k], v->name);
    const char *name = v->name;
    if (gradient && v->adj_of) {
      wanted = v->adj_of->kind == VAR_PARAM;
      for (int k = 0; w->d->o.wrt && w->d->o.wrt[k]; k++) wanted |= !strcmp(w->d->o.wrt[k], v->adj_of->name);
      name = v->adj_of->name;
    }
    if (wanted && !put(w, v, name)) return false;
  }
  return true;
}

int interpret_command(Driver *d, const char *command, const RnnArguments *a)
{
  Given g = {rnn_arguments_value(a, "data"), rnn_arguments_value(a, "weights"), rnn_arguments_value(a, "out")};
  bool gradient = !strcmp(command, "gradient");
  if ((!gradient && strcmp(command, "forward")) || !g.data || !g.out) {
    fprintf(stderr, "rnnc: --interpret goes with: gradient|forward --data FILE --weights FILE --out FILE [--wrt NAMES] "
                    "[--show NAMES]\n");
    return EXIT_USAGE;
  }
  ProgramRequest r = {
      .kind = gradient ? PROGRAM_TRAIN : PROGRAM_FORWARD, .wrt = d->o.wrt, .show = d->o.show, .forcing = d->forcing};
  Compiled *c = program_make(d->arena, d->diag, d->file, &d->lower, &r, gradient ? STAGE_ADJOINT : STAGE_EQUATIONS);
  if (!c) {
    diag_print(d->diag, stderr, false);
    if (!diag_errors(d->diag)) fprintf(stderr, "rnnc: this model has no loss and no '~'\n");
    return EXIT_DIAGNOSTICS;
  }
  Work w = {.d = d, .s = c->system};
  bool ok = fill(&w, &g) && answer(&w, gradient) && rnn_tensors_write(g.out, &w.out, &w.error);
  if (!ok) fprintf(stderr, "rnnc: %s\n", w.error.message);
  if (w.it) interpret_free(w.it);
  rnn_tensor_file_free(&w.data);
  rnn_tensor_file_free(&w.weights);
  rnn_tensor_file_free(&w.out);
  return ok ? 0 : w.error.code;
}

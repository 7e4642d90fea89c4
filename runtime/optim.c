/* optim.c: the table of optimisers, their arguments and state. The formulas stand in optim_update.h.
   Compiled with -O3 -fno-math-errno, their loops are vector code. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "optim.h"
#include "source_spec.h"

typedef struct Update {
  double argument[5], rate, scale;
  int64_t step; /* this one's number, from 1 */
} Update;

#define REAL float
#define OF(name) name##_f32
#define SQRT sqrtf
#include "optim_update.h"
#undef REAL
#undef OF
#undef SQRT
#define REAL double
#define OF(name) name##_f64
#define SQRT sqrt
#include "optim_update.h"
#undef REAL
#undef OF
#undef SQRT

typedef struct OptimiserArgument {
  const char *name;
  double otherwise;
  bool flag;
} OptimiserArgument;

typedef struct OptimiserRow {
  const char *name;
  const char *state[OPTIMISER_STATES];
  OptimiserArgument argument[5];
  void (*f32)(const Update *u, const float *g, float *p, float *s, float *r, int64_t n);
  void (*f64)(const Update *u, const double *g, double *p, double *s, double *r, int64_t n);
} OptimiserRow;

static const OptimiserRow rows[] = {
#define STATES(...) {__VA_ARGS__}
#define ARGUMENTS(...) {__VA_ARGS__}
#define NUMBER(name, otherwise) {name, otherwise, false}
#define FLAG(name) {name, 0, true}
#define OPTIMISER(name, states, arguments) {#name, states, arguments, update_##name##_f32, update_##name##_f64},
#include "optimisers.def"
#undef STATES
#undef ARGUMENTS
#undef NUMBER
#undef FLAG
#undef OPTIMISER
};
enum { ROWS = sizeof rows / sizeof *rows, ARGUMENTS_MAX = 5 };

static bool read_arguments(Optimiser *o, const RnnCall *call, RnnError *error)
{
  const char *names[ARGUMENTS_MAX + 1] = {NULL};
  int n = 0;
  while (n < ARGUMENTS_MAX && o->row->argument[n].name) names[n] = o->row->argument[n].name, n++;
  if (!rnn_call_check(call, names, n, error)) return false;
  for (int i = 0; i < n; i++) {
    const OptimiserArgument *a = &o->row->argument[i];
    bool flag = false;
    o->argument[i] = a->otherwise;
    if (a->flag ? !rnn_call_flag(call, a->name, i, &flag, error)
                : !rnn_call_number(call, a->name, i, &o->argument[i], error))
      return false;
    if (a->flag) o->argument[i] = flag;
    if (!(o->argument[i] >= 0 && isfinite(o->argument[i])))
      return rnn_fail(error, RNN_ERROR_USAGE, "%s: %s must be at least 0", o->row->name, a->name);
    bool share = strncmp(a->name, "beta", 4) == 0 || strcmp(a->name, "alpha") == 0;
    if (share && o->argument[i] >= 1)
      return rnn_fail(error, RNN_ERROR_USAGE, "%s: %s must be less than 1", o->row->name, a->name);
  }
  return true;
}

static bool choose(Optimiser *o, const char *text, RnnError *error)
{
  const char *names[ROWS + 1] = {NULL};
  for (int i = 0; i < ROWS; i++) names[i] = rows[i].name;
  RnnCall *call = rnn_call_parse(text, error);
  int which = call ? rnn_call_which(call, "optimizer", names, error) : -1;
  bool ok = which >= 0;
  if (ok) {
    o->row = &rows[which];
    ok = read_arguments(o, call, error);
  }
  rnn_call_free(call);
  return ok || rnn_fail_within(error, "setting optimizer");
}

Optimiser *rnn_optimiser_read(const char *text, int64_t count, bool real64, RnnError *error)
{
  Optimiser *o = calloc(1, sizeof *o);
  if (!o) {
    rnn_fail_memory(error, sizeof *o);
    return NULL;
  }
  o->count = o->trained = count;
  o->real64 = real64;
  if (choose(o, text, error)) return o;
  rnn_optimiser_free(o);
  return NULL;
}

void rnn_optimiser_lend(Optimiser *o, int state, void *memory)
{
  o->state[state] = memory;
  o->lent = true;
}

Optimiser *rnn_optimiser_new(const char *text, int64_t count, bool real64, RnnError *error)
{
  Optimiser *o = rnn_optimiser_read(text, count, real64, error);
  bool ok = o != NULL;
  for (int i = 0; ok && i < rnn_optimiser_states(o); i++) {
    size_t bytes = ((size_t)count * (real64 ? 8 : 4) + 64) / 64 * 64;
    o->state[i] = aligned_alloc(64, bytes);
    if (o->state[i]) memset(o->state[i], 0, bytes);
    else ok = rnn_fail_memory(error, bytes);
  }
  if (ok) return o;
  rnn_optimiser_free(o);
  return NULL;
}

void rnn_optimiser_free(Optimiser *o)
{
  if (!o) return;
  for (int i = 0; i < OPTIMISER_STATES && !o->lent; i++) free(o->state[i]);
  free(o);
}

const char *rnn_optimiser_name(const Optimiser *o) { return o->row->name; }

int rnn_optimiser_states(const Optimiser *o)
{
  int n = 0;
  while (n < OPTIMISER_STATES && o->row->state[n]) n++;
  return n;
}

const char *rnn_optimiser_state_name(const Optimiser *o, int state) { return o->row->state[state]; }

typedef struct UpdateJob {
  const Optimiser *o;
  Update u;
  const void *g;
  void *p;
} UpdateJob;

static void update_part(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const UpdateJob *j = arg;
  const Optimiser *o = j->o;
  size_t skip = (size_t)from * (o->real64 ? sizeof(double) : sizeof(float));
  const void *g = (const char *)j->g + skip;
  void *p = (char *)j->p + skip, *s = o->state[0] ? (char *)o->state[0] + skip : NULL,
       *r = o->state[1] ? (char *)o->state[1] + skip : NULL;
  if (o->real64) o->row->f64(&j->u, g, p, s, r, to - from);
  else o->row->f32(&j->u, g, p, s, r, to - from);
}

void rnn_optimiser_update(Optimiser *o, RnnPool *pool, double rate, double scale, const void *grads, void *params)
{
  UpdateJob job = {.o = o, .u = {.rate = rate, .scale = scale, .step = ++o->step}, .g = grads, .p = params};
  memcpy(job.u.argument, o->argument, sizeof job.u.argument);
  rnn_pool_run(pool, update_part, &job, o->trained, 1 << 14);
}

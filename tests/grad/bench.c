/* bench.c: the adjoint of a small system against central differences of its loss, both from the interpreter.
   Needs: the adjoint pass, simplify. Leaves: which operators to look at to optable_test.c. */
#include "bench.h"
#include "adjoint.h"
#include "simplify.h"
#include "text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID = 128 }; /* places on which an argument's values lie, so that no two are near each other */
static const double STEP = 5e-4, BOUND = 1e-7;
static const int64_t lengths[BENCH_B] = {4, 1, 3};

static uint64_t draw(Bench *b)
{
  uint64_t z = b->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Bench *bench_new(const char *what, uint64_t seed)
{
  Arena *a = arena_new();
  Bench *b = ARENA_NEW(a, Bench);
  b->arena = a;
  b->s = system_new(a, diag_new(a), "bench");
  b->random = seed;
  b->what = what;
  return b;
}

void bench_free(Bench *b) { arena_free(b->arena); }

Var *bench_given(Bench *b, VarKind kind, Shape shape, int dom, double lo, double hi)
{
  static const char *const name[] = {"a", "b", "c", "d"};
  Var *v = system_var(b->s, kind, name[b->given.n % 4], shape, dom, (Span){0});
  Given g = {v, lo, hi};
  vec_push(b->arena, &b->given, g);
  return v;
}

Var *bench_computed(Bench *b, Shape shape, int dom, Expr *rhs)
{
  Var *v = system_var(b->s, VAR_COMPUTED, "y", shape, dom, (Span){0});
  v->rhs = rhs;
  return v;
}

Expr *bench_real(Bench *b, Shape shape, double lo, double hi, Vary vary)
{
  static const int dom[] = {[VARY_T] = DOM_TIME, [VARY_NOT] = DOM_MODEL, [VARY_B] = DOM_SEQ, [VARY_LAG] = DOM_TIME};
  Var *v = bench_given(b, vary == VARY_NOT ? VAR_PARAM : VAR_INPUT, shape, dom[vary], lo, hi);
  if (vary != VARY_LAG) return ex_var(b->s, v);
  Boundary before = {.kind = FROM_START, .offset = 0, .var = bench_given(b, VAR_PARAM, shape, DOM_MODEL, lo, hi)};
  vec_push(b->arena, &v->bound, before);
  return ex_read_along(b->s, v, AXIS_T, READ_REL, -1);
}

Expr *bench_token(Bench *b, Dim symbols, Vary vary)
{
  Var *v = bench_given(b, VAR_INPUT, shape_token(symbols), vary == VARY_B ? DOM_SEQ : DOM_TIME, 0, symbols);
  return vary == VARY_LAG ? ex_read_along(b->s, v, AXIS_T, READ_REL, -1) : ex_var(b->s, v);
}

/* ---- data ---- */

static int64_t elements(const Var *v)
{
  return (v->dom & DOM_B ? BENCH_B : 1) * (v->dom & DOM_T ? BENCH_T : 1) * interpret_width(v);
}

/* Different places of one grid, moved a little for each argument: no two values, and none and 0, come close. */
static double *random_values(Bench *b, int which)
{
  const Given *g = &b->given.at[which];
  int64_t n = elements(g->v);
  double *x = ARENA_ARRAY(b->arena, double, n);
  int place[GRID];
  for (int i = 0; i < GRID; i++) place[i] = i;
  for (int i = GRID - 1; i > 0; i--) {
    int k = (int)(draw(b) % (uint64_t)(i + 1)), keep = place[i];
    place[i] = place[k];
    place[k] = keep;
  }
  for (int64_t i = 0; i < n; i++) {
    if (g->v->shape.token) x[i] = (double)(draw(b) % (uint64_t)(g->v->shape.dim[0] + 1)) - 1;
    else x[i] = g->lo + (g->hi - g->lo) * (place[i % GRID] + 0.15 + 0.23 * (which % 4)) / GRID;
  }
  return x;
}

/* ---- the loss and its derivatives ---- */

static Expr *sum_of_all(System *s, Expr *e)
{
  if (e->shape.rank > 0) e = ex1(s, OP_SUM, e);
  if (e->dom & DOM_T) e = ex1(s, OP_TSUM, e);
  if (e->dom & DOM_B) e = ex1(s, OP_BSUM, e);
  return e;
}

static Var *weighted_loss(Bench *b, Expr *y)
{
  System *s = b->s;
  Var *out = bench_computed(b, y->shape, y->dom == DOM_T ? DOM_TIME : y->dom, y);
  Var *w = bench_given(b, out->dom ? VAR_INPUT : VAR_PARAM, y->shape, out->dom, -1, 1);
  Var *loss = system_var(s, VAR_COMPUTED, "loss", shape_scalar(), DOM_MODEL, (Span){0});
  loss->rhs = sum_of_all(s, ex2(s, OP_MUL, ex_var(s, w), ex_var(s, out)));
  return loss;
}

static Interp *interpreter(Bench *b, double *const *data)
{
  Interp *it = interpret_new(b->s, BENCH_B, BENCH_T, lengths, 0, NULL, NULL, NULL);
  for (int i = 0; i < b->given.n; i++) interpret_set(it, b->given.at[i].v, data[i], BENCH_T);
  return it;
}

static double loss_with(Interp *it, const Var *loss, const Var *v, const double *data)
{
  interpret_forget(it);
  interpret_set(it, v, data, BENCH_T);
  return interpret_value(it, loss, 0, 0, 0)[0];
}

/* d loss / d data[i]: the five-point rule */
static double difference(Interp *it, const Var *loss, const Var *v, double *data, int64_t i)
{
  double x = data[i], f[2][2];
  for (int k = 0; k < 2; k++)
    for (int side = 0; side < 2; side++) {
      data[i] = x + (side ? 1 : -1) * (k + 1) * STEP;
      f[k][side] = loss_with(it, loss, v, data);
    }
  data[i] = x;
  loss_with(it, loss, v, data);
  return (8 * (f[0][1] - f[0][0]) - (f[1][1] - f[1][0])) / (12 * STEP);
}

static int complain(Bench *b, const char *stage, const Var *v, double got, double want)
{
  Text t = {0};
  system_print(&t, b->s);
  printf("%s, %s: the adjoint of %s is off: %.10g, differences say %.10g\n%s\n", b->what, stage, v->name, got, want,
         t.at);
  text_free(&t);
  return 1;
}

/* Compares every argument's adjoint with `want`, elementwise against the size of the whole. */
static int compare(Bench *b, const char *stage, double *const *data, double *const *want)
{
  Interp *it = interpreter(b, data);
  int failed = 0;
  for (int i = 0; i < b->given.n && !failed; i++) {
    Var *v = b->given.at[i].v;
    if (v->shape.token) continue;
    Var *adj = adjoint_of(b->s, v);
    if (!adj) return complain(b, stage, v, NAN, 0);
    int64_t n = elements(v);
    double *got = ARENA_ARRAY(b->arena, double, n), size = 1e-3, worst = 0;
    interpret_all(it, adj, got);
    int64_t at = 0;
    for (int64_t k = 0; k < n; k++) {
      size = fmax(size, fabs(want[i][k]));
      double off = fabs(got[k] - want[i][k]);
      if (!(off <= worst)) worst = off, at = k;
    }
    if (!(worst <= BOUND * size)) failed = complain(b, stage, v, got[at], want[i][at]);
  }
  interpret_free(it);
  return failed;
}

int bench_check(Bench *b, Expr *y)
{
  Var *loss = weighted_loss(b, y);
  system_verify(b->s, "the test");
  double **data = ARENA_ARRAY(b->arena, double *, b->given.n), **want = ARENA_ARRAY(b->arena, double *, b->given.n);
  for (int i = 0; i < b->given.n; i++) data[i] = random_values(b, i);
  Interp *it = interpreter(b, data);
  Vec(Var *) wrt = {0};
  for (int i = 0; i < b->given.n; i++) {
    Var *v = b->given.at[i].v;
    if (v->shape.token) continue;
    vec_push(b->arena, &wrt, v);
    want[i] = ARENA_ARRAY(b->arena, double, elements(v));
    for (int64_t k = 0; k < elements(v); k++) want[i][k] = difference(it, loss, v, data[i], k);
  }
  interpret_free(it);
  adjoint(b->s, loss, wrt.at, wrt.n);
  system_verify(b->s, "adjoint");
  int failed = compare(b, "adjoint", data, want);
  if (failed) return failed;
  simplify(b->s);
  system_verify(b->s, "simplify");
  return compare(b, "adjoint, simplified", data, want);
}

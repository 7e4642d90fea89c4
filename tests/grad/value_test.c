/* value_test.c: what the interpreter computes, against numbers worked out by hand: structured operators, and reads at
   every kind of place, with lengths that differ, boundaries, tokens and data that goes on behind a window. Needs: the
   interpreter. Leaves: derivatives to optable_test.c. */
#include "interpret.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Test {
  Arena *arena;
  System *s;
  int checks, failed;
} Test;

static Test begin(void)
{
  Arena *a = arena_new();
  return (Test){a, system_new(a, diag_new(a), "test"), 0, 0};
}

static void expect(Test *n, const char *what, const double *got, int count, const double *want)
{
  n->checks++;
  for (int i = 0; i < count; i++)
    if (!(fabs(got[i] - want[i]) <= 1e-12 * (1 + fabs(want[i])))) {
      printf("%s: element %d is %.15g, not %.15g\n", what, i, got[i], want[i]);
      n->failed++;
      return;
    }
}

/* ---- structured operators on constants ---- */

typedef struct Operand {
  Shape shape;
  double at[6];
} Operand;

typedef struct Row {
  Op op;
  const char *what;
  int nin, attr[3];
  Operand in[3];
  int count;
  double want[16];
} Row;

#define NUMBER {0}
#define VECTOR(n)                                                                                                      \
  {                                                                                                                    \
    .rank = 1, .dim = { n }                                                                                            \
  }
#define MATRIX(m, n)                                                                                                   \
  {                                                                                                                    \
    .rank = 2, .dim = { m, n }                                                                                         \
  }
#define TOKEN(n)                                                                                                       \
  {                                                                                                                    \
    .rank = 1, .token = true, .dim = { n }                                                                             \
  }

static const Row rows[] = {
    {OP_MATMUL, "A x", 2, {0}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}, {VECTOR(3), {1, 0, -1}}}, 2, {-2, -2}},
    {OP_MATMUL, "A' x", 2, {1}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}, {VECTOR(2), {1, -1}}}, 3, {-3, -3, -3}},
    {OP_MATMUL, "A token", 2, {0}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}, {TOKEN(3), {1}}}, 2, {2, 5}},
    {OP_MATMUL, "A' token", 2, {1}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}, {TOKEN(2), {1}}}, 3, {4, 5, 6}},
    {OP_MATMUL, "A no token", 2, {0}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}, {TOKEN(3), {-1}}}, 2, {0, 0}},
    {OP_MATMUL, "A B", 2, {0}, {{MATRIX(2, 2), {1, 2, 3, 4}}, {MATRIX(2, 2), {0, 1, 1, 1}}}, 4, {2, 3, 4, 7}},
    {OP_MATMUL,
     "A' B'",
     2,
     {1, 1},
     {{MATRIX(2, 2), {1, 2, 3, 4}}, {MATRIX(3, 2), {1, 0, 0, 1, 1, 1}}},
     6,
     {1, 3, 4, 2, 4, 6}},
    {OP_OUTER, "a b'", 2, {0}, {{VECTOR(2), {1, 2}}, {VECTOR(3), {3, 4, 5}}}, 6, {3, 4, 5, 6, 8, 10}},
    {OP_OUTER, "token b'", 2, {0}, {{TOKEN(2), {1}}, {VECTOR(2), {3, 4}}}, 4, {0, 0, 3, 4}},
    {OP_OUTER, "a token'", 2, {0}, {{VECTOR(2), {3, 4}}, {TOKEN(2), {0}}}, 4, {3, 0, 4, 0}},
    {OP_TRANSPOSE, "A'", 1, {0}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}}, 6, {1, 4, 2, 5, 3, 6}},
    {OP_TRANSPOSE, "a'", 1, {0}, {{VECTOR(3), {1, 2, 3}}}, 3, {1, 2, 3}},
    {OP_SUM, "sum", 1, {0}, {{MATRIX(2, 2), {1, 2, 3, 4}}}, 1, {10}},
    {OP_MAXC, "max", 1, {0}, {{VECTOR(3), {-3, -1, -2}}}, 1, {-1}},
    {OP_LOGSUMEXP, "logsumexp", 1, {0}, {{VECTOR(2), {1000, 1000}}}, 1, {1000.6931471805599453}},
    {OP_SOFTMAX, "softmax", 1, {0}, {{VECTOR(3), {-1e4, 0, 1.0986122886681098}}}, 3, {0, 0.25, 0.75}},
    {OP_CUMSUM, "cumsum", 1, {0}, {{VECTOR(3), {1, 2, 4}}}, 3, {1, 3, 7}},
    {OP_CUMSUM, "cumsum from the end", 1, {1}, {{VECTOR(3), {1, 2, 4}}}, 3, {7, 6, 4}},
    {OP_ARGMAX, "argmax", 1, {0}, {{VECTOR(4), {1, 5, 5, 2}}}, 1, {1}},
    {OP_CONCAT, "concat", 3, {0}, {{VECTOR(2), {1, 2}}, {NUMBER, {3}}, {VECTOR(1), {4}}}, 4, {1, 2, 3, 4}},
    {OP_SLICE, "slice of a vector", 1, {1, 2}, {{VECTOR(4), {1, 2, 3, 4}}}, 2, {2, 3}},
    {OP_SLICE, "slice of a matrix", 1, {1, 2}, {{MATRIX(3, 2), {1, 2, 3, 4, 5, 6}}}, 4, {3, 4, 5, 6}},
    {OP_PAD, "pad of a vector", 1, {1, 4}, {{VECTOR(2), {7, 8}}}, 4, {0, 7, 8, 0}},
    {OP_PAD, "pad of a matrix", 1, {2, 3}, {{MATRIX(1, 2), {7, 8}}}, 6, {0, 0, 0, 0, 7, 8}},
    {OP_IOTA, "iota", 0, {4}, {{NUMBER, {0}}}, 4, {0, 1, 2, 3}},
    {OP_BCAST, "broadcast", 1, {2, 2, 2}, {{NUMBER, {5}}}, 4, {5, 5, 5, 5}},
    {OP_RESHAPE, "reshape to a matrix", 1, {2, 2, 2}, {{VECTOR(4), {1, 2, 3, 4}}}, 4, {1, 2, 3, 4}},
    {OP_RESHAPE, "reshape of a matrix", 1, {2, 3, 2}, {{MATRIX(2, 3), {1, 2, 3, 4, 5, 6}}}, 6, {1, 2, 3, 4, 5, 6}},
    {OP_DIAG, "diag", 1, {0}, {{VECTOR(2), {5, 6}}}, 4, {5, 0, 0, 6}},
    {OP_DIAGOF, "diagonal", 1, {0}, {{MATRIX(2, 2), {5, 1, 2, 6}}}, 2, {5, 6}},
    {OP_ONEHOT, "onehot", 1, {0}, {{TOKEN(3), {2}}}, 3, {0, 0, 1}},
    {OP_INDEX, "index", 1, {0}, {{TOKEN(3), {2}}}, 1, {2}},
    {OP_PICK, "pick", 2, {0}, {{VECTOR(3), {7, 8, 9}}, {TOKEN(3), {1}}}, 1, {8}},
    {OP_PICK, "pick of none", 2, {0}, {{VECTOR(3), {7, 8, 9}}, {TOKEN(3), {-1}}}, 1, {0}},
    {OP_TOKEN, "token", 1, {3}, {{NUMBER, {2.5}}}, 1, {2}},
    {OP_TOKEN, "token of no class", 1, {3}, {{NUMBER, {3}}}, 1, {-1}},
    {OP_TOKEN, "token of a negative number", 1, {3}, {{NUMBER, {-0.5}}}, 1, {-1}},
    {OP_REVERSED, "reverse_gradient", 1, {0}, {{VECTOR(2), {7, 8}}}, 2, {7, 8}},
    {OP_STOP, "stop_gradient", 1, {0}, {{VECTOR(2), {7, 8}}}, 2, {7, 8}},
    {OP_SIGMOID, "sigmoid far out", 1, {0}, {{VECTOR(2), {-1000, 1000}}}, 2, {0, 1}},
    {OP_SOFTPLUS, "softplus far out", 1, {0}, {{VECTOR(2), {-1000, 1000}}}, 2, {0, 1000}},
    {OP_WHERE, "where", 3, {0}, {{VECTOR(2), {0, 2}}, {NUMBER, {7}}, {VECTOR(2), {8, 9}}}, 2, {8, 7}},
};

static void check_rows(Test *total)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const Row *r = &rows[i];
    Test n = begin();
    Expr *in[3];
    Var *given[3];
    for (int k = 0; k < r->nin; k++) {
      given[k] = system_var(n.s, VAR_INPUT, "in", r->in[k].shape, DOM_SEQ, (Span){0});
      in[k] = ex_var(n.s, given[k]);
    }
    Var *y = system_var(n.s, VAR_COMPUTED, "y", shape_scalar(), DOM_SEQ, (Span){0});
    y->rhs = ex_op(n.s, r->op, in, r->nin, r->attr);
    y->shape = y->rhs->shape;
    system_verify(n.s, "the test");
    Interp *it = interpret_new(n.s, 1, 1, NULL, 0, NULL, NULL, NULL);
    for (int k = 0; k < r->nin; k++) interpret_set(it, given[k], r->in[k].at, 0);
    expect(total, r->what, interpret_value(it, y, 0, 0, 0), r->count, r->want);
    interpret_free(it);
    arena_free(n.arena);
  }
}

/* ---- places ---- */

/* Two sequences, of lengths 3 and 1; x holds 10 b + t, one element more behind sequence 0; its boundary at [T+1] is -7.
 */
enum { B = 2, T = 3, STEPS = 4 };
static const int64_t length[B] = {3, 1}, ahead[B] = {1, 0};
static const double x_data[B * STEPS] = {1, 2, 3, 4, 11, NAN, NAN, NAN};
static const double k_data[B * STEPS] = {0, 2, -1, 1, 1, 99, 99, 99};

typedef struct Where {
  const char *what;
  ReadKind kind;
  int k;
  double want[4]; /* at (0,1) (0,2) (0,3) (1,1) */
} Where;

static const Where places[] = {
    {"x[t]", READ_REL, 0, {1, 2, 3, 11}},    {"x[t-1]", READ_REL, -1, {50, 1, 2, 50}},
    {"x[t-2]", READ_REL, -2, {0, 50, 1, 0}}, {"x[t+1]", READ_REL, 1, {2, 3, 4, -7}},
    {"x[t+2]", READ_REL, 2, {3, 4, 0, 0}},   {"x[1]", FROM_START, 1, {1, 1, 1, 11}},
    {"x[2]", FROM_START, 2, {2, 2, 2, -7}},  {"x[0]", FROM_START, 0, {50, 50, 50, 50}},
    {"x[T]", FROM_END, 0, {3, 3, 3, 11}},    {"x[T-1]", FROM_END, -1, {2, 2, 2, 50}},
    {"x[T+1]", FROM_END, 1, {4, 4, 4, -7}},  {"x[T-3]", FROM_END, -3, {50, 50, 50, 0}},
};

static const Where observed[] = {
    {"observed(x[t+1])", READ_REL, 1, {1, 1, 1, 0}},
    {"observed(x[t-1])", READ_REL, -1, {0, 1, 1, 0}},
    {"observed(x[T+1])", FROM_END, 1, {1, 1, 1, 0}},
    {"observed(x[2])", FROM_START, 2, {1, 1, 1, 0}},
};

static const Where tokens[] = {
    {"k[t]", READ_REL, 0, {0, 2, -1, 1}},
    {"k[t-1]", READ_REL, -1, {-1, 0, 2, -1}},
    {"k[t+1]", READ_REL, 1, {2, -1, 1, -1}},
};

static const Where seen[] = {
    {"observed(k[t])", READ_REL, 0, {1, 1, 0, 1}},
    {"observed(k[t+1])", READ_REL, 1, {1, 0, 1, 0}},
};

typedef struct Places {
  Test *n;
  System *s;
  Var *x, *k, *before, *behind;
} Places;

static Places begin_places(Test *n)
{
  Places p = {.n = n, .s = n->s};
  p.x = system_var(p.s, VAR_INPUT, "x", shape_scalar(), DOM_TIME, (Span){0});
  p.k = system_var(p.s, VAR_INPUT, "k", shape_token(3), DOM_TIME, (Span){0});
  p.before = system_var(p.s, VAR_PARAM, "before", shape_scalar(), DOM_MODEL, (Span){0});
  p.behind = system_var(p.s, VAR_COMPUTED, "behind", shape_scalar(), DOM_MODEL, (Span){0});
  p.behind->rhs = ex_const(p.s, -7);
  vec_push(p.s->arena, &p.x->bound, ((Boundary){.kind = FROM_START, .offset = 0, .var = p.before}));
  vec_push(p.s->arena, &p.x->bound, ((Boundary){.kind = FROM_END, .offset = 1, .var = p.behind}));
  return p;
}

static void expect_everywhere(Places *p, const char *what, Expr *e, const double *want)
{
  Var *y = system_var(p->s, VAR_COMPUTED, "y", e->shape, DOM_TIME, (Span){0});
  y->rhs = e;
  system_verify(p->s, "the test");
  Interp *it = interpret_new(p->s, B, T, length, 0, NULL, ahead, NULL);
  interpret_set(it, p->x, x_data, STEPS);
  interpret_set(it, p->k, k_data, STEPS);
  interpret_set(it, p->before, (double[]){50}, 0);
  double all[B * T];
  interpret_all(it, y, all);
  double got[] = {all[0], all[1], all[2], all[3]};
  expect(p->n, what, got, 4, want);
  if (interpret_value(it, y, 1, 1, 0)[0] != all[3]) expect(p->n, what, &all[3], 1, (double[]){NAN});
  interpret_free(it);
}

static void check_places(Test *total)
{
#define EACH(list, make)                                                                                               \
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {                                                            \
    Test n = begin();                                                                                                  \
    Places p = begin_places(&n);                                                                                       \
    const Where *w = &list[i];                                                                                         \
    expect_everywhere(&p, w->what, make, w->want);                                                                     \
    total->checks += n.checks;                                                                                         \
    total->failed += n.failed;                                                                                         \
    arena_free(n.arena);                                                                                               \
  }
  EACH(places, ex_read_along(p.s, p.x, AXIS_T, w->kind, w->k))
  EACH(observed, ex1(p.s, OP_OBSERVED, ex_read_along(p.s, p.x, AXIS_T, w->kind, w->k)))
  EACH(tokens, ex1(p.s, OP_INDEX, ex_read_along(p.s, p.k, AXIS_T, w->kind, w->k)))
  EACH(seen, ex1(p.s, OP_OBSERVED, ex_read_along(p.s, p.k, AXIS_T, w->kind, w->k)))
#undef EACH
}

/* ---- reductions over t and the batch, and what is written with t and T ---- */

static Expr *at(System *s, Expr *a, ReadKind kind, int k) { return ex_op(s, OP_AT, &a, 1, (int[3]){kind, k, 0}); }

static void check_reductions(Test *total)
{
  Test n = begin();
  Places p = begin_places(&n);
  System *s = p.s;
  Expr *x = ex_var(s, p.x), *t = ex_leaf(s, OP_TIME, AXIS_T), *length_of = ex_leaf(s, OP_LENGTH, AXIS_T);
  Expr *last = ex_read_along(s, p.x, AXIS_T, FROM_END, 0);
  const struct {
    const char *what;
    Expr *e;
    double want[4];
  } rows[] = {
      {"sum[t](x[t])", ex1(s, OP_TSUM, x), {6, 6, 6, 11}},
      {"max[t](-x[t])", ex1(s, OP_TMAX, ex1(s, OP_NEG, x)), {-1, -1, -1, -11}},
      {"sum[t](1)", ex1(s, OP_TSUM, ex_const(s, 1)), {3, 3, 3, 1}},
      {"sum[batch](x[T])", ex1(s, OP_BSUM, last), {14, 14, 14, 14}},
      {"sum[batch](x[t])", ex1(s, OP_BSUM, x), {12, 2, 3, 12}},
      {"sum[batch](sum[t](x[t]))", ex1(s, OP_BSUM, ex1(s, OP_TSUM, x)), {17, 17, 17, 17}},
      {"x[t] - sum[t](x[t])", ex2(s, OP_SUB, x, ex1(s, OP_TSUM, x)), {-5, -4, -3, 0}},
      {"t + 10 T", ex2(s, OP_ADD, t, ex2(s, OP_MUL, ex_const(s, 10), length_of)), {31, 32, 33, 11}},
      {"batch", ex_leaf(s, OP_BATCH, AXIS_T), {2, 2, 2, 2}},
      {"fresh", ex_leaf(s, OP_FRESH, AXIS_T), {1, 1, 1, 1}},
      {"at(t == 2, x[T])", at(s, last, FROM_START, 2), {0, 3, 0, 0}},
      {"at(t == T, x[T])", at(s, last, FROM_END, 0), {0, 0, 3, 11}},
      {"at(t == T-2, x[T])", at(s, last, FROM_END, -2), {3, 0, 0, 0}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) expect_everywhere(&p, rows[i].what, rows[i].e, rows[i].want);
  total->checks += n.checks;
  total->failed += n.failed;
  arena_free(n.arena);
}

/* A chain over many steps must not need a deep stack: h[t] = h[t-1] + 1, forward and backward, and one through the
 * other. */
static void check_long(Test *total)
{
  enum { LONG = 200000 };
  Test n = begin();
  System *s = n.s;
  Var *h = system_var(s, VAR_COMPUTED, "h", shape_scalar(), DOM_TIME, (Span){0});
  Var *g = system_var(s, VAR_COMPUTED, "g", shape_scalar(), DOM_TIME, (Span){0});
  h->rhs = ex2(s, OP_ADD, ex_read_along(s, h, AXIS_T, READ_REL, -1), ex_const(s, 1));
  g->rhs = ex2(s, OP_ADD, ex_read_along(s, g, AXIS_T, READ_REL, 1), ex_var(s, h));
  Interp *it = interpret_new(s, 1, LONG, NULL, 0, NULL, NULL, NULL);
  double want = (double)LONG * (LONG + 1) / 2;
  expect(total, "a long chain", interpret_value(it, g, 0, 1, 0), 1, &want);
  interpret_free(it);
  arena_free(n.arena);
}

int main(void)
{
  Test total = {0};
  check_rows(&total);
  check_places(&total);
  check_reductions(&total);
  check_long(&total);
  printf("interpreter: %d passed, %d failed\n", total.checks - total.failed, total.failed);
  return total.failed != 0;
}

/* optable_test.c: every row of the operator table has a derivative that agrees with central differences, or stands in
   the list of those that have none. It walks the table: a row without a case here fails. Needs: the interpreter, the
   adjoint pass, simplify. Leaves: generated code to tests/random. */
#include "adjoint.h"
#include "bench.h"
#include <stdio.h>
#include <string.h>

typedef struct Tally {
  int checks, failed;
  uint64_t seed;
} Tally;

static void check(Tally *n, Bench *b, Expr *y)
{
  n->checks++;
  n->failed += bench_check(b, y) != 0;
  bench_free(b);
}

static Bench *begin(Tally *n, Op op) { return bench_new(op_info[op].id, n->seed++); }

static int fail(Tally *n, Op op, const char *what)
{
  printf("%s: %s\n", op_info[op].id, what);
  n->checks++;
  n->failed++;
  return 1;
}

/* ---- those without a derivative ---- */

static const Op flat[] = {OP_SIGN,  OP_FLOOR,    OP_LT,      OP_LE,        OP_GT,   OP_GE,     OP_EQ,
                          OP_NE,    OP_AND,      OP_OR,      OP_NOT,       OP_STOP, OP_ARGMAX, OP_ONEHOT,
                          OP_INDEX, OP_OBSERVED, OP_DIGAMMA, OP_IS_NUMBER, OP_IOTA, OP_TOKEN};

static bool is_flat(Op op)
{
  for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
    if (flat[i] == op) return true;
  return false;
}

/* No rule may send anything to an input of theirs. */
static void check_flat(Tally *n, Op op)
{
  Bench *b = begin(n, op);
  Expr *in[3], *to[3];
  bool token = op == OP_ONEHOT || op == OP_INDEX;
  for (int i = 0; i < op_info[op].nin; i++)
    in[i] = token ? bench_token(b, 5, VARY_T)
                  : bench_real(b, op == OP_TOKEN ? shape_scalar() : shape_vector(3), -2, 2, VARY_T);
  Expr *y = ex_op(b->s, op, in, op_info[op].nin, (int[3]){3, 0, 0});
  Expr *g = bench_real(b, y->shape.token ? shape_scalar() : y->shape, -1, 1, VARY_T);
  n->checks++;
  op_adjoint(b->s, y, y, g, to);
  for (int i = 0; i < y->nin; i++)
    if (to[i]) {
      fail(n, op, "listed as without a derivative, but its rule sends one");
      break;
    }
  bench_free(b);
}

/* ---- elementwise rows ---- */

typedef struct Range {
  double lo, hi;
} Range;

typedef struct Domain {
  bool known;
  Range of[3];
} Domain;

#define ANY {-2, 2}
static const Domain domain[OP_COUNT] = {
    [OP_ADD] = {true, {ANY, ANY}},
    [OP_SUB] = {true, {ANY, ANY}},
    [OP_MUL] = {true, {ANY, ANY}},
    [OP_DIV] = {true, {ANY, {0.5, 2}}},
    [OP_NEG] = {true, {ANY}},
    [OP_POW] = {true, {{0.3, 2}, ANY}},
    [OP_MIN] = {true, {ANY, ANY}},
    [OP_MAX] = {true, {ANY, ANY}},
    [OP_ABS] = {true, {ANY}},
    [OP_RELU] = {true, {ANY}},
    [OP_EXP] = {true, {ANY}},
    [OP_LOG] = {true, {{0.2, 3}}},
    [OP_SQRT] = {true, {{0.2, 3}}},
    [OP_TANH] = {true, {ANY}},
    [OP_SIGMOID] = {true, {{-4, 4}}},
    [OP_SOFTPLUS] = {true, {{-4, 4}}},
    [OP_ERF] = {true, {ANY}},
    [OP_EXPM1] = {true, {ANY}},
    [OP_LOG1P] = {true, {{-0.5, 3}}},
    [OP_SIN] = {true, {{-4, 4}}},
    [OP_COS] = {true, {{-4, 4}}},
    [OP_LGAMMA] = {true, {{0.3, 12}}},
    [OP_WHERE] = {true, {ANY, ANY, ANY}},
};

/* Each input a number or of the common shape, and varying in each way. */
static void check_elementwise(Tally *n, Op op)
{
  const Domain *d = &domain[op];
  if (!d->known) {
    fail(n, op, "a row of ops.def without a case in optable_test.c");
    return;
  }
  int nin = op_info[op].nin, ways = 1;
  for (int i = 0; i < nin; i++) ways *= 2 * VARY_COUNT;
  const Shape shape[] = {shape_vector(3), shape_matrix(2, 3)};
  for (int k = 0; k < 2; k++)
    for (int way = 0; way < ways; way++) {
      Bench *b = begin(n, op);
      Expr *in[3];
      for (int i = 0, w = way; i < nin; i++, w /= 2 * VARY_COUNT)
        in[i] = bench_real(b, w % 2 ? shape_scalar() : shape[k], d->of[i].lo, d->of[i].hi, w / 2 % VARY_COUNT);
      check(n, b, ex_op(b->s, op, in, nin, NULL));
    }
}

/* a^2, a^3, a^-1: of negative numbers too */
static void check_whole_powers(Tally *n)
{
  for (int k = -1; k <= 3; k++) {
    Bench *b = begin(n, OP_POW);
    check(n, b, ex2(b->s, OP_POW, bench_real(b, shape_vector(3), -2, -0.4, VARY_T), ex_const(b->s, k)));
  }
}

/* ---- structured rows: a function each, called for every way that the first two inputs may vary ---- */

static Expr *vector(Bench *b, Dim n, Vary vary) { return bench_real(b, shape_vector(n), -2, 2, vary); }
static Expr *matrix(Bench *b, Dim m, Dim n, Vary vary) { return bench_real(b, shape_matrix(m, n), -2, 2, vary); }
static Expr *number(Bench *b, Vary vary) { return bench_real(b, shape_scalar(), -2, 2, vary); }

static Expr *with(Bench *b, Op op, Expr *a, int attr0, int attr1, int attr2)
{
  return ex_op(b->s, op, &a, 1, (int[3]){attr0, attr1, attr2});
}

/* The k-th form of the operator, or NULL when there are no more. */
typedef Expr *FormFn(Bench *b, int k, Vary va, Vary vb);

static Expr *form_matmul(Bench *b, int k, Vary va, Vary vb)
{
  int ta = k & 1, tb = k >> 1 & 1;
  Expr *x, *a = matrix(b, ta ? 3 : 2, ta ? 2 : 3, va); /* op(a): [2,3] */
  switch (k / 2) {
  case 0: x = vector(b, 3, vb), tb = 0; break;
  case 1: x = bench_token(b, 3, vb), tb = 0; break;
  case 2:
  case 3: x = matrix(b, tb ? 4 : 3, tb ? 3 : 4, vb); break;
  default: return NULL;
  }
  return ex_op(b->s, OP_MATMUL, (Expr *[]){a, x}, 2, (int[3]){ta, tb, 0});
}

static Expr *form_outer(Bench *b, int k, Vary va, Vary vb)
{
  if (k > 2) return NULL;
  Expr *a = k == 1 ? bench_token(b, 3, va) : vector(b, 3, va);
  Expr *c = k == 2 ? bench_token(b, 2, vb) : vector(b, 2, vb);
  return ex2(b->s, OP_OUTER, a, c);
}

static Expr *form_transpose(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  if (k > 1) return NULL;
  return ex1(b->s, OP_TRANSPOSE, k ? vector(b, 3, va) : matrix(b, 3, 2, va));
}

static Expr *of_any_shape(Bench *b, Op op, int k, Vary va)
{
  if (k > 2) return NULL;
  return ex1(b->s, op, k == 0 ? vector(b, 4, va) : k == 1 ? matrix(b, 3, 2, va) : number(b, va));
}

static Expr *form_sum(Bench *b, int k, Vary va, Vary vb) { return (void)vb, of_any_shape(b, OP_SUM, k, va); }
static Expr *form_maxc(Bench *b, int k, Vary va, Vary vb) { return (void)vb, of_any_shape(b, OP_MAXC, k, va); }

static Expr *form_logsumexp(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k > 1 ? NULL : ex1(b->s, OP_LOGSUMEXP, vector(b, k ? 1 : 4, va));
}

static Expr *form_softmax(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k > 1 ? NULL : ex1(b->s, OP_SOFTMAX, vector(b, k ? 1 : 4, va));
}

static Expr *form_cumsum(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k > 1 ? NULL : with(b, OP_CUMSUM, vector(b, 4, va), k, 0, 0);
}

static Expr *form_concat(Bench *b, int k, Vary va, Vary vb)
{
  if (k > 1) return NULL;
  Expr *in[] = {vector(b, 3, va), number(b, vb), vector(b, 1, va)};
  return ex_op(b->s, OP_CONCAT, in, k ? 1 : 3, NULL);
}

static Expr *form_slice(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  if (k > 2) return NULL;
  return with(b, OP_SLICE, k == 0 ? vector(b, 4, va) : matrix(b, 4, 2, va), k == 2 ? 0 : 1, k == 2 ? 4 : 2, 0);
}

static Expr *form_pad(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  if (k > 1) return NULL;
  return with(b, OP_PAD, k == 0 ? vector(b, 2, va) : matrix(b, 2, 3, va), 1, 4, 0);
}

static Expr *form_reshape(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k > 2 ? NULL
               : with(b, OP_RESHAPE, k == 0 ? vector(b, 6, va) : matrix(b, 2, 3, va), k == 1 ? 1 : 2, k == 1 ? 6 : 3,
                      k == 1 ? 0 : 2);
}

static Expr *form_bcast(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k > 2 ? NULL : with(b, OP_BCAST, number(b, va), k, k > 0 ? 3 : 0, k > 1 ? 2 : 0);
}

static Expr *form_diag(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k ? NULL : ex1(b->s, OP_DIAG, vector(b, 3, va));
}

static Expr *form_diagof(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k ? NULL : ex1(b->s, OP_DIAGOF, matrix(b, 3, 3, va));
}

static Expr *form_pick(Bench *b, int k, Vary va, Vary vb)
{
  return k ? NULL : ex2(b->s, OP_PICK, vector(b, 4, va), bench_token(b, 4, vb));
}

/* turned round twice, the gradient is that of the value; once is checked in tests/exec */
static Expr *form_reversed(Bench *b, int k, Vary va, Vary vb)
{
  (void)vb;
  return k ? NULL : ex1(b->s, OP_REVERSED, ex1(b->s, OP_REVERSED, vector(b, 3, va)));
}

/* Alone, and next to values at each t or of each sequence. */
static Expr *reduction(Bench *b, Op op, int k, Vary va, Vary vb)
{
  if (k > 2) return NULL;
  Expr *a = k == 2 ? matrix(b, 2, 2, va) : vector(b, 3, va);
  Expr *y = ex1(b->s, op, a);
  return k == 1 ? ex2(b->s, OP_MUL, y, ex2(b->s, OP_ADD, a, vector(b, 3, vb))) : y;
}

static Expr *form_tsum(Bench *b, int k, Vary va, Vary vb) { return reduction(b, OP_TSUM, k, va, vb); }
static Expr *form_tmax(Bench *b, int k, Vary va, Vary vb)
{
  if (va == VARY_NOT || va == VARY_B) va = VARY_T; /* all T values would tie */
  return reduction(b, OP_TMAX, k, va, vb);
}
static Expr *form_bsum(Bench *b, int k, Vary va, Vary vb) { return reduction(b, OP_BSUM, k, va, vb); }

static Expr *form_at(Bench *b, int k, Vary va, Vary vb)
{
  static const int place[][2] = {{FROM_START, 1}, {FROM_START, 2}, {FROM_END, 0}, {FROM_END, -2}};
  if (k > 3) return NULL;
  if (va == VARY_T || va == VARY_LAG) va = VARY_B;
  return ex2(b->s, OP_MUL, with(b, OP_AT, vector(b, 3, va), place[k][0], place[k][1], 0), vector(b, 3, vb));
}

static FormFn *const form[OP_COUNT] = {
    [OP_MATMUL] = form_matmul, [OP_OUTER] = form_outer,     [OP_TRANSPOSE] = form_transpose,
    [OP_SUM] = form_sum,       [OP_MAXC] = form_maxc,       [OP_LOGSUMEXP] = form_logsumexp,
    [OP_CUMSUM] = form_cumsum, [OP_CONCAT] = form_concat,   [OP_SOFTMAX] = form_softmax,
    [OP_SLICE] = form_slice,   [OP_PAD] = form_pad,         [OP_BCAST] = form_bcast,
    [OP_DIAG] = form_diag,     [OP_DIAGOF] = form_diagof,   [OP_PICK] = form_pick,
    [OP_TSUM] = form_tsum,     [OP_TMAX] = form_tmax,       [OP_BSUM] = form_bsum,
    [OP_AT] = form_at,         [OP_RESHAPE] = form_reshape, [OP_REVERSED] = form_reversed,
};

static void check_structured(Tally *n, Op op)
{
  if (!form[op]) {
    fail(n, op, "a row of ops.def without a case in optable_test.c");
    return;
  }
  for (int k = 0;; k++)
    for (int way = 0; way < VARY_COUNT * VARY_COUNT; way++) {
      Bench *b = begin(n, op);
      Expr *y = form[op](b, k, way % VARY_COUNT, way / VARY_COUNT);
      if (!y) {
        bench_free(b);
        return;
      }
      check(n, b, y);
    }
}

/* ---- reads: where BPTT happens ---- */

/* Values before 1 and behind T come from boundaries, learned, of a sequence, or computed. */
static void add_boundaries(Bench *b, Var *v, int way)
{
  for (int i = -2; i <= 3; i++) {
    if ((way + i) % 3 == 0) continue; /* some are zero */
    Var *at = bench_given(b, i % 2 ? VAR_PARAM : VAR_INPUT, v->shape, i % 2 ? DOM_MODEL : DOM_SEQ, -2, 2);
    if (i == 0) at = bench_computed(b, v->shape, DOM_SEQ, ex1(b->s, OP_TANH, ex_var(b->s, at)));
    Boundary bound = {.kind = i <= 0 ? FROM_START : FROM_END, .offset = i, .var = at};
    vec_push(b->arena, &v->bound, bound);
  }
}

/* h[t] = tanh(W h[t-1] + V h[t-2] + x[t]) or its mirror; read at every kind of place */
static void check_reads(Tally *n)
{
  for (int way = 0; way < 24; way++) {
    Bench *b = begin(n, OP_READ);
    System *s = b->s;
    int back = way % 2 ? 1 : -1;
    Var *h = bench_computed(b, shape_vector(2), DOM_TIME, NULL);
    Expr *W = matrix(b, 2, 2, VARY_NOT), *V = matrix(b, 2, 2, VARY_NOT), *x = vector(b, 2, VARY_T);
    Expr *sum = ex2(s, OP_ADD, ex2(s, OP_MATMUL, W, ex_read_along(s, h, AXIS_T, READ_REL, back)),
                    ex2(s, OP_MATMUL, V, ex_read_along(s, h, AXIS_T, READ_REL, 2 * back)));
    h->rhs = ex1(s, OP_TANH, ex2(s, OP_ADD, sum, x));
    add_boundaries(b, h, way / 2);
    static const int place[][2] = {{READ_REL, 3},   {READ_REL, -1},   {FROM_START, 1}, {FROM_START, 3},
                                   {FROM_START, 0}, {FROM_START, -2}, {FROM_END, 0},   {FROM_END, -2},
                                   {FROM_END, 1},   {FROM_END, 2},    {READ_REL, 0},   {FROM_END, -3}};
    const int *p = place[way / 2];
    check(n, b, ex2(s, OP_MUL, ex_read_along(s, h, AXIS_T, p[0], p[1]), vector(b, 2, VARY_B)));
  }
}

/* A product with stacked weights reaches its members. */
static void check_stack(Tally *n)
{
  Bench *b = begin(n, OP_READ);
  Var *stack = system_var(b->s, VAR_STACKED, "stack", shape_matrix(5, 3), DOM_MODEL, (Span){0});
  int row = 0;
  for (int i = 0; i < 2; i++) {
    Var *m = bench_given(b, VAR_PARAM, shape_matrix(2 + i, 3), DOM_MODEL, -2, 2);
    m->stacked = stack;
    m->stacked_row = row;
    row += 2 + i;
    vec_push(b->arena, &stack->member, m);
  }
  check(n, b, ex2(b->s, OP_MATMUL, ex_var(b->s, stack), vector(b, 3, VARY_T)));
}

int main(void)
{
  Tally n = {0};
  for (Op op = 0; op < OP_COUNT; op++) {
    bool listed = is_flat(op), cased = domain[op].known || form[op];
    if (op_info[op].class == CLASS_LEAF) continue;
    if (listed && cased) fail(&n, op, "listed as without a derivative, but has a case");
    else if (listed) check_flat(&n, op);
    else if (op_info[op].class == CLASS_EW) check_elementwise(&n, op);
    else check_structured(&n, op);
  }
  check_whole_powers(&n);
  check_reads(&n);
  check_stack(&n);
  printf("operator table: %d passed, %d failed\n", n.checks - n.failed, n.failed);
  return n.failed != 0;
}

/* op_adjoint.c: the adjoint of each operator. Elementwise ones come from their rows in ops.def; structured ones stand
   here, a case each. Shapes: what flows to an input has the input's shape, but for elementwise broadcasting, which
   adjoint.c sums away. */
#include "adjoint.h"
#include <math.h>

#define K(v) ex_const(s, v)
#define ADD_(x, z) ex2(s, OP_ADD, x, z)
#define SUB_(x, z) ex2(s, OP_SUB, x, z)
#define MUL_(x, z) ex2(s, OP_MUL, x, z)
#define DIV_(x, z) ex2(s, OP_DIV, x, z)
#define POW_(x, z) ex2(s, OP_POW, x, z)
#define MAX_(x, z) ex2(s, OP_MAX, x, z)
#define LT_(x, z) ex2(s, OP_LT, x, z)
#define GT_(x, z) ex2(s, OP_GT, x, z)
#define NEG_(x) ex1(s, OP_NEG, x)
#define SIGN_(x) ex1(s, OP_SIGN, x)
#define EXP_(x) ex1(s, OP_EXP, x)
#define LOG_(x) ex1(s, OP_LOG, x)
#define DIGAMMA_(x) ex1(s, OP_DIGAMMA, x)
#define SIGMOID_(x) ex1(s, OP_SIGMOID, x)
#define SIN_(x) ex1(s, OP_SIN, x)
#define COS_(x) ex1(s, OP_COS, x)
#define WHERE_(c, x, z) ex3(s, OP_WHERE, c, x, z)
#define NONE NULL

static Expr *matmul(System *s, Expr *a, Expr *b, int ta, int tb)
{
  if (a->shape.rank == 1) a = ex1(s, OP_TRANSPOSE, a), ta ^= 1;
  return ex_op(s, OP_MATMUL, (Expr *[]){a, b}, 2, (int[3]){ta, tb, 0});
}

static Expr *reshape(System *s, Expr *a, Shape like)
{
  return ex_op(s, OP_RESHAPE, &a, 1, (int[3]){like.rank, like.dim[0], like.dim[1]});
}

static Expr *slice(System *s, Expr *a, int first, int length)
{
  return ex_op(s, OP_SLICE, &a, 1, (int[3]){first, length, 0});
}

/* y = op(a) op(b) */
static void adjoint_matmul(System *s, const Expr *e, Expr *g, Expr **to)
{
  Expr *a = e->in[0], *b = e->in[1];
  int ta = e->attr[0], tb = e->attr[1];
  if (b->shape.rank == 1) {
    to[0] = ta ? ex2(s, OP_OUTER, b, g) : ex2(s, OP_OUTER, g, b); /* a_adj = g b' */
    to[1] = b->shape.token ? NULL : matmul(s, a, g, !ta, 0);      /* b_adj = a' g */
    return;
  }
  to[0] = ta ? matmul(s, b, g, tb, 1) : matmul(s, g, b, 0, !tb);
  to[1] = tb ? matmul(s, g, a, 1, ta) : matmul(s, a, g, !ta, 0);
}

static void adjoint_concat(System *s, const Expr *e, Expr *g, Expr **to)
{
  int at = 0;
  for (int i = 0; i < e->nin; i++) {
    int n = (int)shape_count(e->in[i]->shape);
    to[i] = slice(s, g, at, n);
    if (e->in[i]->shape.rank == 0) to[i] = ex1(s, OP_SUM, to[i]);
    at += n;
  }
}

/* the largest elements share the gradient evenly */
static Expr *among_largest(System *s, Expr *a, Expr *y, Expr *g, const Expr *e)
{
  Expr *is = ex2(s, OP_EQ, a, y);
  Expr *count = e->op == OP_MAXC ? ex1(s, OP_SUM, is) : ex_sum(s, e->attr[0], is);
  return MUL_(is, DIV_(g, count));
}

void op_adjoint(System *s, const Expr *e, Expr *y, Expr *g, Expr **to)
{
  Expr *a = e->nin > 0 ? e->in[0] : NULL, *b = e->nin > 1 ? e->in[1] : NULL, *c = e->nin > 2 ? e->in[2] : NULL;
  (void)c;
  for (int i = 0; i < e->nin; i++) to[i] = NULL;
  switch (e->op) {
#define EW(id, name, nin, value, da, db, dc, cost)                                                                     \
  case OP_##id:                                                                                                        \
    to[0] = da;                                                                                                        \
    if (nin > 1) to[nin > 1] = db;                                                                                     \
    if (nin > 2) to[nin > 2 ? 2 : 0] = dc;                                                                             \
    break;
#define ST(id, name, nin, nattr, what)
#define LEAF(id, name, what)
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
  case OP_MATMUL: adjoint_matmul(s, e, g, to); break;
  case OP_OUTER: /* y = a b' */
    if (!a->shape.token) to[0] = matmul(s, g, b, 0, 0);
    if (!b->shape.token) to[1] = matmul(s, g, a, 1, 0);
    break;
  case OP_TRANSPOSE: /* a row vector goes back to a column by a product with the number 1 */
    to[0] = a->shape.rank == 2 ? ex1(s, OP_TRANSPOSE, g) : matmul(s, g, ex_broadcast(s, K(1), shape_vector(1)), 1, 0);
    break;
  case OP_SUM: to[0] = ex_broadcast(s, g, a->shape); break;
  case OP_MAXC: to[0] = among_largest(s, a, y, g, e); break;
  case OP_LOGSUMEXP: to[0] = MUL_(g, EXP_(SUB_(a, y))); break;
  case OP_SOFTMAX: to[0] = MUL_(y, SUB_(g, ex1(s, OP_SUM, MUL_(g, y)))); break;
  case OP_CUMSUM: to[0] = ex_op(s, OP_CUMSUM, &g, 1, (int[3]){!e->attr[0], 0, 0}); break;
  case OP_CONCAT: adjoint_concat(s, e, g, to); break;
  case OP_SLICE: to[0] = ex_op(s, OP_PAD, &g, 1, (int[3]){e->attr[0], a->shape.dim[0], 0}); break;
  case OP_PAD: to[0] = slice(s, g, e->attr[0], a->shape.dim[0]); break;
  case OP_RESHAPE: to[0] = reshape(s, g, a->shape); break;
  case OP_BCAST: to[0] = ex1(s, OP_SUM, g); break;
  case OP_DIAG: to[0] = ex1(s, OP_DIAGOF, g); break;
  case OP_DIAGOF: to[0] = ex1(s, OP_DIAG, g); break;
  case OP_PICK: to[0] = MUL_(g, ex1(s, OP_ONEHOT, b)); break;
  case OP_TSUM:
  case OP_BSUM: to[0] = g; break;
  case OP_TMAX: to[0] = among_largest(s, a, y, g, e); break;
  case OP_AT: to[0] = MUL_(g, ex_op(s, OP_AT, (Expr *[]){K(1)}, 1, e->attr)); break; /* adjoint.c sums it over t */
  case OP_REVERSED: to[0] = NEG_(g); break;
  case OP_IOTA:
  case OP_STOP:
  case OP_ARGMAX:
  case OP_ONEHOT:
  case OP_INDEX:
  case OP_TOKEN: /* no gradient through a choice */
  case OP_OBSERVED:
  case OP_CONST:
  case OP_READ:
  case OP_TIME:
  case OP_LENGTH:
  case OP_LIVE:
  case OP_BATCH:
  case OP_BEHIND:
  case OP_FRESH:
  case OP_COUNT: break;
  }
}

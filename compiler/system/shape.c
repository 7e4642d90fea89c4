/* shape.c: symbolic sizes and the shape rule of every operator.
   Needs: the operator table. Leaves alone: expressions and variables; it sees shapes only. A rule that does not fit
   answers with a sentence in which $1, $2 stand for the inputs: who knows their names puts them in (why_with_names). */
#include "shape.h"
#include "system.h"
#include <limits.h>
#include <string.h>

/* ---- sizes ---- */

/* One unknown size. Its parent is itself while nothing is known, another unknown that it equals, or a size. */
typedef struct DimVar {
  Dim parent;
  Span why; /* where the unknown came from; once it has a size, where that came from */
} DimVar;

typedef Vec(Dim) Dims;

typedef struct DimSum {
  Dim total;
  Dims part;
  bool done;
  Span where;
  const char *conflict; /* why it does not come out; NULL */
} DimSum;

struct ShapeCtx {
  Arena *arena;
  Vec(DimVar) var;
  Vec(DimSum) sum;
  Span here;
};

ShapeCtx *shape_ctx_new(Arena *a)
{
  ShapeCtx *c = ARENA_NEW(a, ShapeCtx);
  c->arena = a;
  return c;
}

void shape_here(ShapeCtx *c, Span here) { c->here = here; }

Dim dim_new(ShapeCtx *c, Span why)
{
  Dim d = -(Dim)c->var.n - 1;
  DimVar v = {.parent = d, .why = why};
  vec_push(c->arena, &c->var, v);
  return d;
}

/* The last unknown of the chain that d starts, or d itself where it is a size. */
static Dim dim_root(ShapeCtx *c, Dim d)
{
  if (!c) return d;
  while (d < 0) {
    Dim up = c->var.at[-d - 1].parent;
    if (up == d || up >= 0) break;
    d = up;
  }
  return d;
}

Dim dim_find(ShapeCtx *c, Dim d)
{
  d = dim_root(c, d);
  return d >= 0 || !c ? d : c->var.at[-d - 1].parent;
}

Span dim_why(ShapeCtx *c, Dim d)
{
  d = dim_root(c, d);
  return d >= 0 || !c ? (Span){0} : c->var.at[-d - 1].why;
}

bool dim_unify(ShapeCtx *c, Dim a, Dim b)
{
  a = dim_root(c, a);
  b = dim_root(c, b);
  if (a == b) return true;
  Dim x = dim_find(c, a), y = dim_find(c, b);
  if (x >= 0 && y >= 0) return x == y;
  if (x >= 0) {
    Dim swap = a;
    a = b;
    b = swap;
  }
  DimVar *v = &c->var.at[-a - 1]; /* a is unknown; b may be a size, or an unknown that has one */
  v->parent = b;
  if (b >= 0) v->why = c->here;
  return true;
}

Dim dim_sum(ShapeCtx *c, const Dim *parts, int n)
{
  int64_t known = 0;
  bool all = true;
  for (int i = 0; i < n; i++) {
    Dim d = dim_find(c, parts[i]);
    if (d < 0) all = false;
    else known += d;
  }
  if (all) return known > INT32_MAX ? INT32_MAX : (Dim)known;
  if (n == 1) return parts[0];
  DimSum s = {.total = dim_new(c, c->here), .where = c->here};
  for (int i = 0; i < n; i++) vec_push(c->arena, &s.part, parts[i]);
  vec_push(c->arena, &c->sum, s);
  return s.total;
}

/* Where the open parts of a sum are all the same unknown, the total gives it. */
static bool solve_sum(ShapeCtx *c, DimSum *s, bool *again)
{
  int64_t known = 0;
  int open = 0;
  bool same = true;
  Dim unknown = 0;
  for (int i = 0; i < s->part.n; i++) {
    Dim d = dim_find(c, s->part.at[i]);
    if (d >= 0) known += d;
    else same &= open++ == 0 || d == unknown, unknown = d;
  }
  Dim total = dim_find(c, s->total);
  s->done = known > INT32_MAX || open == 0 || (same && total >= 0);
  if (!s->done) return true;
  *again = true;
  int64_t rest = total - known;
  if (known > INT32_MAX) s->conflict = "the size is too large";
  else if (open == 0 && !dim_unify(c, s->total, (Dim)known))
    s->conflict = arena_printf(c->arena, "this comes to %d, but %d is needed", (int)known, (int)total);
  else if (open > 0 && (rest <= 0 || rest % open != 0 || !dim_unify(c, unknown, (Dim)(rest / open))))
    s->conflict =
        arena_printf(c->arena, "this must come to %d, which its parts cannot make up: those that are known come to %d",
                     (int)total, (int)known);
  return !s->conflict;
}

bool shape_conflict(ShapeCtx *c, Span *at, const char **why)
{
  for (int i = 0; i < c->sum.n; i++) {
    DimSum *s = &c->sum.at[i];
    if (!s->conflict) continue;
    *at = s->where;
    *why = s->conflict;
    s->conflict = NULL;
    return true;
  }
  return false;
}

bool shape_solve(ShapeCtx *c)
{
  bool again = true, fits = true;
  while (again) {
    again = false;
    for (int i = 0; i < c->sum.n; i++)
      if (!c->sum.at[i].done) fits &= solve_sum(c, &c->sum.at[i], &again);
  }
  return fits;
}

/* ---- shapes ---- */

int64_t shape_count(Shape s)
{
  int64_t n = 1;
  for (int i = 0; i < s.rank; i++) n *= s.dim[i];
  return n;
}

bool shape_same(Shape a, Shape b)
{
  if (a.rank != b.rank || a.token != b.token) return false;
  for (int i = 0; i < a.rank; i++)
    if (a.dim[i] != b.dim[i]) return false;
  return true;
}

static const char *dim_text(ShapeCtx *c, Arena *a, Dim d)
{
  d = dim_find(c, d);
  return d >= 0 ? arena_printf(a, "%d", (int)d) : "?";
}

const char *shape_text(ShapeCtx *c, Arena *a, Shape s)
{
  if (s.rank < 0) return "of a rank not known yet";
  if (s.token) return arena_printf(a, "token[%s]", dim_text(c, a, s.dim[0]));
  if (s.rank == 0) return "real";
  if (s.rank == 1) return arena_printf(a, "real[%s]", dim_text(c, a, s.dim[0]));
  return arena_printf(a, "real[%s,%s]", dim_text(c, a, s.dim[0]), dim_text(c, a, s.dim[1]));
}

const char *why_with_names(Arena *a, const char *why, const char *const *name, int n)
{
  Vec(char) out = {0};
  for (const char *p = why; *p; p++) {
    int i = p[0] == '$' && p[1] >= '1' && p[1] <= '9' ? p[1] - '1' : -1;
    if (i >= 0 && i < n && name[i]) {
      for (const char *s = name[i]; *s; s++) vec_push(a, &out, *s);
      p++;
    } else {
      vec_push(a, &out, *p);
    }
  }
  vec_push(a, &out, '\0');
  return out.at;
}

/* ---- the rules ---- */

typedef struct Rule {
  ShapeCtx *c;
  Arena *arena;
  const Shape *in;
  int n;
  const int *attr;
  Shape *out;
  const char **why;
} Rule;

static bool misfit(Rule *r, const char *why)
{
  *r->why = why;
  return false;
}

static bool give(Rule *r, Shape s)
{
  *r->out = s;
  return true;
}

static const char *kind_text(Shape s)
{
  if (s.token) return "a token";
  return s.rank == 0 ? "a number" : s.rank == 1 ? "a vector" : "a matrix";
}

static bool refuse_tokens(Rule *r)
{
  for (int i = 0; i < r->n; i++)
    if (r->in[i].token)
      return misfit(r, arena_printf(r->arena, "$%d is a token, a number or a vector is needed", i + 1));
  return true;
}

/* Elementwise: numbers go with any shape, the others must be equal. */
static bool shape_elementwise(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  int lead = -1;
  for (int i = 0; i < r->n; i++) {
    const Shape *s = &r->in[i];
    if (s->rank == 0) continue;
    if (lead < 0) {
      lead = i;
      continue;
    }
    const Shape *l = &r->in[lead];
    if (s->rank != l->rank)
      return misfit(r,
                    arena_printf(r->arena, "$%d is %s (%s), $%d is %s (%s): elementwise operands need the same shape",
                                 lead + 1, kind_text(*l), shape_text(r->c, r->arena, *l), i + 1, kind_text(*s),
                                 shape_text(r->c, r->arena, *s)));
    for (int k = 0; k < s->rank; k++)
      if (!dim_unify(r->c, l->dim[k], s->dim[k]))
        return misfit(r, s->rank == 1
                             ? arena_printf(r->arena, "lengths differ: $%d has %s components, $%d has %s", lead + 1,
                                            dim_text(r->c, r->arena, l->dim[k]), i + 1,
                                            dim_text(r->c, r->arena, s->dim[k]))
                             : arena_printf(r->arena, "shapes differ: $%d is %s, $%d is %s", lead + 1,
                                            shape_text(r->c, r->arena, *l), i + 1, shape_text(r->c, r->arena, *s)));
  }
  return give(r, lead < 0 ? shape_scalar() : r->in[lead]);
}

/* y[m] = op(a)[m,k] b[k];  y[m,n] = op(a)[m,k] op(b)[k,n] */
static bool shape_matmul(Rule *r)
{
  const Shape *a = &r->in[0], *b = &r->in[1];
  int ta = r->attr[0] != 0, tb = r->attr[1] != 0;
  if (a->rank != 2 || a->token)
    return misfit(r, arena_printf(r->arena, "the left side of @ must be a matrix, $1 is %s (%s)", kind_text(*a),
                                  shape_text(r->c, r->arena, *a)));
  if (b->rank == 0 || (tb && b->rank != 2))
    return misfit(r,
                  arena_printf(r->arena, "the right side of @ must be a vector or a matrix, $2 is %s", kind_text(*b)));
  if (!dim_unify(r->c, a->dim[!ta], b->dim[tb]))
    return misfit(r, arena_printf(r->arena, "inner sizes differ: $1 has %s columns, $2 has %s %s",
                                  dim_text(r->c, r->arena, a->dim[!ta]), dim_text(r->c, r->arena, b->dim[tb]),
                                  b->token ? "symbols" : "rows"));
  return give(r, b->rank == 1 ? shape_vector(a->dim[ta]) : shape_matrix(a->dim[ta], b->dim[!tb]));
}

/* y[m,n] = a[m] b[n]' */
static bool shape_outer(Rule *r)
{
  for (int i = 0; i < 2; i++)
    if (r->in[i].rank != 1)
      return misfit(r, arena_printf(r->arena, "outer takes two vectors, $%d is %s", i + 1, kind_text(r->in[i])));
  return give(r, shape_matrix(r->in[0].dim[0], r->in[1].dim[0]));
}

/* [m,n] -> [n,m];  [n] -> [1,n] */
static bool shape_transpose(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  if (r->in[0].rank == 0) return misfit(r, "$1 is a number: only a matrix or a vector has a transpose");
  return give(r,
              r->in[0].rank == 1 ? shape_matrix(1, r->in[0].dim[0]) : shape_matrix(r->in[0].dim[1], r->in[0].dim[0]));
}

/* over all components: a number */
static bool shape_reduce(Rule *r) { return refuse_tokens(r) && give(r, shape_scalar()); }

static bool need_vector(Rule *r, const char *name)
{
  if (!refuse_tokens(r)) return false;
  if (r->in[0].rank != 1)
    return misfit(r, arena_printf(r->arena, "%s takes a vector, $1 is %s", name, kind_text(r->in[0])));
  return true;
}

/* vectors and numbers end to end */
static bool shape_concat(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  if (r->n == 0) return misfit(r, "concat needs at least one vector");
  Dims part = {0};
  for (int i = 0; i < r->n; i++) {
    if (r->in[i].rank > 1)
      return misfit(r, arena_printf(r->arena, "concat takes vectors and numbers, $%d is a matrix", i + 1));
    vec_push(r->arena, &part, r->in[i].rank == 0 ? 1 : r->in[i].dim[0]);
  }
  return give(r, shape_vector(dim_sum(r->c, part.at, part.n)));
}

/* attr[1] components of a vector, or rows of a matrix, from attr[0] on */
static bool shape_slice(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  if (r->in[0].rank == 0) return misfit(r, "slice takes a vector or a matrix, $1 is a number");
  Dim have = dim_find(r->c, r->in[0].dim[0]), length = dim_find(r->c, r->attr[1]);
  int first = r->attr[0];
  if (first < 0) return misfit(r, "a slice starts at 0 or later");
  if (length == 0) return misfit(r, "a slice needs a length of at least 1");
  if (have >= 0 && (length >= 0 ? (int64_t)first + length > have : first >= have))
    return misfit(r, arena_printf(r->arena, "the slice runs from %d to %lld, $1 has only %d %s (0 to %d)", first,
                                  (long long)first + (length >= 0 ? length : 1) - 1, (int)have,
                                  r->in[0].rank == 1 ? "components" : "rows", (int)have - 1));
  Shape y = r->in[0];
  y.dim[0] = r->attr[1];
  return give(r, y);
}

static bool shape_pad(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  if (r->in[0].rank == 0) return misfit(r, "pad takes a vector or a matrix, $1 is a number");
  Dim have = dim_find(r->c, r->in[0].dim[0]), total = dim_find(r->c, r->attr[1]);
  if (r->attr[0] < 0 || (have >= 0 && total >= 0 && (int64_t)r->attr[0] + have > total))
    return misfit(r, "the padded length is too small for $1");
  Shape y = r->in[0];
  y.dim[0] = r->attr[1];
  return give(r, y);
}

static bool shape_broadcast(Rule *r)
{
  if (r->in[0].rank != 0)
    return misfit(r, arena_printf(r->arena, "only a number can be broadcast, $1 is %s", kind_text(r->in[0])));
  return give(r, (Shape){.rank = r->attr[0], .dim = {r->attr[1], r->attr[2]}});
}

/* Components of the sizes that are known; *open: the unknown one, if there is one; *opens counts them. */
static int64_t known_part(Rule *r, Shape s, Dim *open, int *opens)
{
  int64_t n = 1;
  for (int i = 0; i < s.rank; i++) {
    Dim d = dim_find(r->c, s.dim[i]);
    if (d < 0) *open = d, ++*opens;
    else n *= d;
  }
  return n;
}

/* the same components in another shape; where one size alone is unknown, the others give it */
static bool shape_reshape(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  Shape a = r->in[0], y = {.rank = r->attr[0], .dim = {r->attr[1], r->attr[2]}};
  if (a.rank == 0) return misfit(r, "reshape takes a vector or a matrix, $1 is a number");
  Dim open = 0;
  int opens = 0;
  int64_t from = known_part(r, a, &open, &opens), mine = opens, to = known_part(r, y, &open, &opens);
  int64_t whole = mine ? to : from, part = mine ? from : to, rest = part ? whole / part : 0;
  bool fits = opens > 1 ||
              (opens == 0 ? from == to
                          : rest >= 1 && rest * part == whole && rest <= INT32_MAX && dim_unify(r->c, open, (Dim)rest));
  if (fits) return give(r, y);
  return misfit(r, arena_printf(r->arena, "$1 is %s: its components do not make up %s", shape_text(r->c, r->arena, a),
                                shape_text(r->c, r->arena, y)));
}

/* [n] -> [n,n] */
static bool shape_diag(Rule *r)
{
  return need_vector(r, "diag") && give(r, shape_matrix(r->in[0].dim[0], r->in[0].dim[0]));
}

/* [n,n] -> [n] */
static bool shape_diagonal(Rule *r)
{
  if (r->in[0].rank != 2)
    return misfit(r, arena_printf(r->arena, "a square matrix is needed, $1 is %s", kind_text(r->in[0])));
  if (!dim_unify(r->c, r->in[0].dim[0], r->in[0].dim[1]))
    return misfit(r,
                  arena_printf(r->arena, "a square matrix is needed, $1 is %s", shape_text(r->c, r->arena, r->in[0])));
  return give(r, shape_vector(r->in[0].dim[0]));
}

static bool need_token(Rule *r, int i, const char *name)
{
  if (r->in[i].token) return true;
  return misfit(r, arena_printf(r->arena, "%s takes a token, $%d is %s", name, i + 1, kind_text(r->in[i])));
}

/* a number -> token[attr[0]] */
static bool shape_named_class(Rule *r)
{
  if (!refuse_tokens(r)) return false;
  if (r->in[0].rank != 0)
    return misfit(r, arena_printf(r->arena, "token takes a number, $1 is %s", kind_text(r->in[0])));
  return give(r, shape_token(r->attr[0]));
}

/* a[n], token b of n symbols -> a number */
static bool shape_pick(Rule *r)
{
  if (r->in[0].token || r->in[0].rank != 1)
    return misfit(r, arena_printf(r->arena, "pick takes a vector and a token, $1 is %s", kind_text(r->in[0])));
  if (!need_token(r, 1, "pick")) return false;
  if (!dim_unify(r->c, r->in[0].dim[0], r->in[1].dim[0]))
    return misfit(r,
                  arena_printf(r->arena, "$1 has %s components, $2 has %s symbols",
                               dim_text(r->c, r->arena, r->in[0].dim[0]), dim_text(r->c, r->arena, r->in[1].dim[0])));
  return give(r, shape_scalar());
}

bool op_shape(ShapeCtx *c, Arena *a, int op, const Shape *in, int n, const int *attr, Shape *out, const char **why)
{
  static const int none[3] = {0};
  Rule rule = {.c = c, .arena = a, .in = in, .n = n, .attr = attr ? attr : none, .out = out, .why = why}, *r = &rule;
  switch ((Op)op) {
#define EW(id, name, nin, value, da, db, dc, cost) case OP_##id:
#define ST(id, name, nin, nattr, what)
#define LEAF(id, name, what)
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
    return shape_elementwise(r);
  case OP_MATMUL: return shape_matmul(r);
  case OP_OUTER: return shape_outer(r);
  case OP_TRANSPOSE: return shape_transpose(r);
  case OP_SUM:
  case OP_MAXC: return shape_reduce(r);
  case OP_LOGSUMEXP: return need_vector(r, "logsumexp") && give(r, shape_scalar());
  case OP_SOFTMAX: return need_vector(r, "softmax") && give(r, in[0]);
  case OP_CUMSUM: return need_vector(r, "cumsum") && give(r, in[0]);
  case OP_ARGMAX: return need_vector(r, "argmax") && give(r, shape_scalar());
  case OP_CONCAT: return shape_concat(r);
  case OP_SLICE: return shape_slice(r);
  case OP_PAD: return shape_pad(r);
  case OP_BCAST: return shape_broadcast(r);
  case OP_RESHAPE: return shape_reshape(r);
  case OP_DIAG: return shape_diag(r);
  case OP_DIAGOF: return shape_diagonal(r);
  case OP_ONEHOT: return need_token(r, 0, "onehot") && give(r, shape_vector(in[0].dim[0]));
  case OP_INDEX: return need_token(r, 0, "index") && give(r, shape_scalar());
  case OP_IOTA: return give(r, shape_vector(r->attr[0]));
  case OP_OBSERVED: return give(r, shape_scalar());
  case OP_TOKEN: return shape_named_class(r);
  case OP_PICK: return shape_pick(r);
  case OP_STOP:
  case OP_REVERSED:
  case OP_TSUM:
  case OP_TMAX:
  case OP_BSUM:
  case OP_AT: return refuse_tokens(r) && give(r, in[0]);
  case OP_CONST:
  case OP_READ: /* of the variable's shape: ex_read knows it */
  case OP_TIME:
  case OP_LENGTH:
  case OP_LIVE:
  case OP_BATCH:
  case OP_BEHIND:
  case OP_FRESH: return give(r, shape_scalar());
  case OP_COUNT: break;
  }
  return misfit(r, "no such operator");
}

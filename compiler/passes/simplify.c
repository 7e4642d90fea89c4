/* simplify.c: rewrite rules, each with its pattern above it, applied bottom-up until nothing changes; then equal
   variables merged. Needs: a verified system. Leaves: the meaning; rounding may differ in the last bits. */
#include "simplify.h"
#include "interpret.h"
#include "walk.h"
#include <math.h>
#include <string.h>

/* an elementwise operator of numbers */
static double fold(const Expr *e)
{
  const double *in[3];
  double value;
  for (int i = 0; i < e->nin; i++) in[i] = &e->in[i]->value;
  op_value(e, in, &value);
  return value;
}

static bool is_zero(const Expr *e) { return ex_is_const(e, 0) || (e->op == OP_BCAST && ex_is_const(e->in[0], 0)); }
static bool is_const(const Expr *e) { return e->op == OP_CONST; }

static Expr *bcast(System *s, Expr *e, Shape like) { return e->shape.rank > 0 ? e : ex_broadcast(s, e, like); }

static Expr *zero(System *s, Shape like) { return bcast(s, ex_const(s, 0), like); }

/* ew(a, broadcast(x)) -> ew(a, x), where another input keeps the shape */
static Expr *unbroadcast(System *s, Expr *e)
{
  int shaped = 0;
  for (int i = 0; i < e->nin; i++) shaped += e->in[i]->shape.rank > 0 && e->in[i]->op != OP_BCAST;
  int spare = 0;
  Expr *in[3];
  for (int i = 0; i < e->nin; i++) {
    in[i] = e->in[i];
    if (in[i]->op == OP_BCAST && (shaped || spare)) in[i] = in[i]->in[0];
    else if (in[i]->op == OP_BCAST) spare = 1;
  }
  if (shaped == 0 && spare) { /* all broadcast: compute the number first */
    for (int i = 0; i < e->nin; i++)
      if (in[i]->op == OP_BCAST) in[i] = in[i]->in[0];
    return bcast(s, walk_with(s, e, in), e->shape);
  }
  return walk_with(s, e, in);
}

static Expr *rule_mul(System *s, Expr *e);

/* a + 0 -> a; a + -b -> a - b; -a + b -> b - a; a + a -> 2 a */
static Expr *rule_add(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (is_zero(b)) return bcast(s, a, e->shape);
  if (is_zero(a)) return bcast(s, b, e->shape);
  if (b->op == OP_NEG) return ex2(s, OP_SUB, a, b->in[0]);
  if (a->op == OP_NEG) return ex2(s, OP_SUB, b, a->in[0]);
  if (a == b) return rule_mul(s, ex2(s, OP_MUL, ex_const(s, 2), a));
  return e;
}

/* a - 0 -> a; 0 - b -> -b; a - -b -> a + b */
static Expr *rule_sub(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (is_zero(b)) return bcast(s, a, e->shape);
  if (is_zero(a)) return ex1(s, OP_NEG, bcast(s, b, e->shape));
  if (b->op == OP_NEG) return ex2(s, OP_ADD, a, b->in[0]);
  return e;
}

/* 1 a -> a; 0 a -> 0; -a b -> -(a b); c (d a) -> (c d) a, also c (x a) -> (c x) a for a number x; numbers stand left */
static Expr *rule_mul(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (is_const(b) && !is_const(a)) return rule_mul(s, ex2(s, OP_MUL, b, a));
  if (is_zero(a) || is_zero(b)) return zero(s, e->shape);
  if (ex_is_const(a, 1)) return bcast(s, b, e->shape);
  if (ex_is_const(a, -1)) return ex1(s, OP_NEG, bcast(s, b, e->shape));
  if (a->op == OP_NEG) return ex1(s, OP_NEG, rule_mul(s, ex2(s, OP_MUL, a->in[0], b)));
  if (b->op == OP_NEG) return ex1(s, OP_NEG, rule_mul(s, ex2(s, OP_MUL, a, b->in[0])));
  if (is_const(a) && b->op == OP_MUL && is_const(b->in[0]))
    return ex2(s, OP_MUL, ex_const(s, a->value * b->in[0]->value), b->in[1]);
  if (is_const(a) && b->op == OP_MUL && b->shape.rank > 0 && b->in[0]->shape.rank == 0)
    return ex2(s, OP_MUL, rule_mul(s, ex2(s, OP_MUL, a, b->in[0])), b->in[1]);
  return e;
}

/* a / 1 -> a; 0 / a -> 0; -a / b -> -(a / b) */
static Expr *rule_div(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (ex_is_const(b, 1)) return bcast(s, a, e->shape);
  if (is_zero(a)) return zero(s, e->shape);
  if (a->op == OP_NEG) return ex1(s, OP_NEG, ex2(s, OP_DIV, a->in[0], b));
  return e;
}

/* --a -> a; -(a - b) -> b - a */
static Expr *rule_neg(System *s, Expr *e)
{
  Expr *a = e->in[0];
  if (a->op == OP_NEG) return a->in[0];
  if (a->op == OP_SUB) return ex2(s, OP_SUB, a->in[1], a->in[0]);
  return e;
}

/* a^1 -> a; a^2 -> a a; a^3 -> a a a; a^-1 -> 1/a; a^0.5 -> sqrt(a); a^0 -> 1 */
static Expr *rule_pow(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (ex_is_const(b, 1)) return a;
  if (ex_is_const(b, 2)) return ex2(s, OP_MUL, a, a);
  if (ex_is_const(b, 3)) return ex2(s, OP_MUL, ex2(s, OP_MUL, a, a), a);
  if (ex_is_const(b, -1)) return ex2(s, OP_DIV, ex_const(s, 1), a);
  if (ex_is_const(b, 0.5)) return ex1(s, OP_SQRT, a);
  if (ex_is_const(b, 0)) return bcast(s, ex_const(s, 1), e->shape);
  return e;
}

/* where(1, b, c) -> b; where(0, b, c) -> c; where(a, 0, 0) -> 0 */
static Expr *rule_where(System *s, Expr *e)
{
  if (is_const(e->in[0])) return bcast(s, e->in[0]->value != 0 ? e->in[1] : e->in[2], e->shape);
  if (is_zero(e->in[1]) && is_zero(e->in[2])) return zero(s, e->shape);
  return e;
}

/* sum(number) -> number; sum(broadcast(x)) -> n x; sum(x a) -> x sum(a) for a number x; sum(pad(a)) -> sum(a) */
static Expr *rule_sum(System *s, Expr *e)
{
  Expr *a = e->in[0];
  if (a->shape.rank == 0) return a;
  if (a->op == OP_BCAST) return rule_mul(s, ex2(s, OP_MUL, ex_const(s, (double)shape_count(a->shape)), a->in[0]));
  if (a->op == OP_PAD) return ex1(s, OP_SUM, a->in[0]);
  if (a->op == OP_NEG) return ex1(s, OP_NEG, ex1(s, OP_SUM, a->in[0]));
  if (a->op == OP_MUL && a->in[0]->shape.rank == 0) return ex2(s, OP_MUL, a->in[0], ex1(s, OP_SUM, a->in[1]));
  if (a->op == OP_MUL && a->in[1]->shape.rank == 0) return ex2(s, OP_MUL, a->in[1], ex1(s, OP_SUM, a->in[0]));
  return e;
}

/* sum over an index on which a does not depend -> how many there are, times a; factors that do not depend on it go out;
   sum[t](at(t == T, a)) -> a */
static Expr *rule_over(System *s, Expr *e, int index, Expr *count)
{
  Expr *a = e->in[0];
  if (!(a->dom & index)) return rule_mul(s, ex2(s, OP_MUL, count, a));
  if (is_zero(a)) return zero(s, a->shape);
  if (a->op == OP_NEG) return ex1(s, OP_NEG, walk_with(s, e, &a->in[0]));
  if (a->op == OP_MUL && a->shape.rank == 0)
    for (int k = 0; k < 2; k++)
      if (!(a->in[k]->dom & index)) return ex2(s, OP_MUL, a->in[k], walk_with(s, e, &a->in[!k]));
  if (e->op == OP_TSUM && a->op == OP_AT && a->attr[2] == e->attr[0] &&
      ((a->attr[0] == FROM_START && a->attr[1] == 1) || (a->attr[0] == FROM_END && a->attr[1] == 0)))
    return a->in[0];
  return e;
}

/* reshape of a reshape, of a broadcast, to the shape that it has */
static Expr *rule_reshape(System *s, Expr *e)
{
  Expr *a = e->in[0]->op == OP_RESHAPE ? e->in[0]->in[0] : e->in[0];
  if (shape_same(a->shape, e->shape)) return a;
  if (a->op == OP_BCAST) return bcast(s, a->in[0], e->shape);
  return a == e->in[0] ? e : ex_op(s, OP_RESHAPE, &a, 1, e->attr);
}

/* slice of the whole, of a broadcast, of a slice, of one part of a concat, of a pad */
static Expr *rule_slice(System *s, Expr *e)
{
  Expr *a = e->in[0];
  int first = e->attr[0], n = e->attr[1];
  if (first == 0 && n == a->shape.dim[0]) return a;
  if (a->op == OP_BCAST) return bcast(s, a->in[0], e->shape);
  if (a->op == OP_SLICE) return ex_op(s, OP_SLICE, a->in, 1, (int[3]){first + a->attr[0], n, 0});
  if (a->op == OP_CONCAT) {
    int at = 0;
    for (int i = 0; i < a->nin; i++) {
      int len = (int)shape_count(a->in[i]->shape);
      if (at <= first && first + n <= at + len && a->in[i]->shape.rank == 1) {
        Expr *part = ex_op(s, OP_SLICE, &a->in[i], 1, (int[3]){first - at, n, 0});
        return rule_slice(s, part);
      }
      at += len;
    }
  }
  if (a->op == OP_PAD && a->shape.rank == 1) {
    int from = a->attr[0], to = from + a->in[0]->shape.dim[0];
    if (first >= from && first + n <= to)
      return rule_slice(s, ex_op(s, OP_SLICE, a->in, 1, (int[3]){first - from, n, 0}));
    if (first + n <= from || first >= to) return zero(s, e->shape);
  }
  return e;
}

static void terms_of(System *s, Expr *e, ExprList *list)
{
  if (e->op == OP_ADD && shape_same(e->in[0]->shape, e->in[1]->shape)) {
    terms_of(s, e->in[0], list);
    terms_of(s, e->in[1], list);
  } else vec_push(s->arena, list, e);
}

/* pad(a, 0, n) + pad(b, k, n) + .. that tile the vector -> concat(a, b, ..): the adjoint of a product whose rows were
 * shared out */
static Expr *rule_tiles(System *s, Expr *e)
{
  if (e->op != OP_ADD || e->shape.rank != 1) return e;
  ExprList terms = {0}, tiles = {0};
  terms_of(s, e, &terms);
  Expr *rest = NULL;
  for (int at = 0, n = e->shape.dim[0]; at < n;) {
    Expr *found = NULL;
    for (int i = 0; i < terms.n && !found; i++)
      if (terms.at[i] && terms.at[i]->op == OP_PAD && terms.at[i]->attr[0] == at) {
        found = terms.at[i];
        terms.at[i] = NULL;
      }
    if (!found) return e;
    vec_push(s->arena, &tiles, found->in[0]);
    at += found->in[0]->shape.dim[0];
  }
  for (int i = 0; i < terms.n; i++)
    if (terms.at[i]) rest = rest ? ex2(s, OP_ADD, rest, terms.at[i]) : terms.at[i];
  Expr *whole = ex_op(s, OP_CONCAT, tiles.at, tiles.n, NULL);
  return rest ? ex2(s, OP_ADD, whole, rest) : whole;
}

/* concat(a) -> a; concat(concat(a, b), c) -> concat(a, b, c); concat of zeros -> zero */
static Expr *rule_concat(System *s, Expr *e)
{
  ExprList parts = {0};
  bool nested = false, zeros = true;
  for (int i = 0; i < e->nin; i++) {
    zeros &= is_zero(e->in[i]);
    nested |= e->in[i]->op == OP_CONCAT;
    if (e->in[i]->op == OP_CONCAT)
      for (int k = 0; k < e->in[i]->nin; k++) vec_push(s->arena, &parts, e->in[i]->in[k]);
    else vec_push(s->arena, &parts, e->in[i]);
  }
  if (zeros) return zero(s, e->shape);
  if (parts.n == 1 && parts.at[0]->shape.rank == 1 && !parts.at[0]->shape.token) return parts.at[0];
  return nested ? ex_op(s, OP_CONCAT, parts.at, parts.n, NULL) : e;
}

/* a @ 0 -> 0; a'' -> a; (a') @ b -> the product's own transpose; a @ onehot(token) -> a @ token, a column of a */
static Expr *rule_matmul(System *s, Expr *e)
{
  Expr *a = e->in[0], *b = e->in[1];
  if (b->op == OP_ONEHOT) return ex_op(s, OP_MATMUL, (Expr *[]){a, b->in[0]}, 2, e->attr);
  if (is_zero(a) || is_zero(b)) return zero(s, e->shape);
  if (a->op == OP_TRANSPOSE && a->in[0]->shape.rank == 2)
    return ex_op(s, OP_MATMUL, (Expr *[]){a->in[0], b}, 2, (int[3]){!e->attr[0], e->attr[1], 0});
  if (b->op == OP_TRANSPOSE && b->in[0]->shape.rank == 2)
    return ex_op(s, OP_MATMUL, (Expr *[]){a, b->in[0]}, 2, (int[3]){e->attr[0], !e->attr[1], 0});
  return e;
}

/* how many sequences there are where a is */
static Expr *sequences(System *s, const Expr *a)
{
  if (!(a->dom & DOM_AXES)) return ex_leaf(s, OP_BATCH, AXIS_T);
  return ex_leaf(s, OP_LIVE, first_axis(a->dom));
}

/* a read at its own place, or at the sequence's end, on each axis */
static bool is_inside(const Expr *read)
{
  for (Axis a = 0; a < AXES; a++) {
    Place p = read_place(read, a);
    if (p.kind == FROM_START || p.k != 0) return false;
  }
  return true;
}

static Expr *rule_structured(System *s, Expr *e)
{
  Expr *a = e->nin ? e->in[0] : NULL;
  switch (e->op) {
  case OP_SUM: return rule_sum(s, e);
  case OP_TSUM: return rule_over(s, e, axis_bit(e->attr[0]), ex_leaf(s, OP_LENGTH, e->attr[0]));
  case OP_BSUM: return rule_over(s, e, DOM_B, sequences(s, a));
  case OP_TMAX: return a->dom & axis_bit(e->attr[0]) ? e : a; /* max[t](a) -> a where a does not vary */
  case OP_SLICE: return rule_slice(s, e);
  case OP_RESHAPE: return rule_reshape(s, e);
  case OP_PAD: return is_zero(a) ? zero(s, e->shape) : e->shape.dim[0] == a->shape.dim[0] ? a : e;
  case OP_CONCAT: return rule_concat(s, e);
  case OP_MATMUL: return rule_matmul(s, e);
  case OP_OUTER: return is_zero(a) || is_zero(e->in[1]) ? zero(s, e->shape) : e;
  case OP_AT: return is_zero(a) ? zero(s, e->shape) : e;
  case OP_TRANSPOSE:
    if (is_zero(a)) return zero(s, e->shape);
    return a->op == OP_TRANSPOSE && a->in[0]->shape.rank == 2 ? a->in[0] : e;
  case OP_BCAST: return e->attr[0] == 0 ? a : e;
  case OP_STOP:
  case OP_REVERSED: return is_const(a) ? a : e;
  /* an input's element at t itself is always there, unless it is a token that may be missing */
  case OP_OBSERVED: return a->op == OP_READ && !a->shape.token && is_inside(a) ? ex_const(s, 1) : e;
  case OP_MAXC:
  case OP_LOGSUMEXP: return a->shape.rank == 0 ? a : e;
  default: return e;
  }
}

static Expr *rule(System *s, Expr *e, void *arg)
{
  (void)arg;
  if (e->op == OP_READ || e->nin == 0) return e;
  if (!op_is_ew(e)) return rule_structured(s, e);
  bool consts = true;
  for (int i = 0; i < e->nin; i++) consts &= is_const(e->in[i]);
  if (consts) return ex_const(s, fold(e));
  Expr *flat = unbroadcast(s, e);
  if (flat != e && !op_is_ew(flat)) return flat;
  e = flat;
  switch (e->op) {
  case OP_ADD: return rule_tiles(s, rule_add(s, e));
  case OP_SUB: return rule_sub(s, e);
  case OP_MUL: return rule_mul(s, e);
  case OP_DIV: return rule_div(s, e);
  case OP_NEG: return is_zero(e->in[0]) ? e->in[0] : rule_neg(s, e);
  case OP_POW: return rule_pow(s, e);
  case OP_WHERE: return rule_where(s, e);
  case OP_LOG: return e->in[0]->op == OP_EXP ? e->in[0]->in[0] : e; /* log(exp(a)) -> a */
  default: return e;
  }
}

/* ---- equal variables ---- */

static bool read_elsewhere(ExprList *rights, const Var *v)
{
  for (int i = 0; i < rights->n; i++)
    if (rights->at[i]->var == v && !read_is_now(rights->at[i])) return true;
  return false;
}

typedef struct Replace {
  Var **by;   /* by var id: read this one instead */
  bool *zero; /* by var id: is zero everywhere */
} Replace;

static Expr *replace_read(System *s, Expr *e, void *arg)
{
  Replace *r = arg;
  if (e->op != OP_READ) return rule(s, e, NULL);
  if (r->zero[e->var->id]) return zero(s, e->shape);
  Var *by = r->by[e->var->id];
  return by ? ex_read(s, by, read_place(e, AXIS_T), read_place(e, AXIS_S)) : e;
}

static ExprList all_nodes(System *s)
{
  ExprList all = {0};
  bool *seen = ARENA_ARRAY(s->arena, bool, s->next_id);
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes(s, s->vars.at[i]->rhs);
    for (int k = 0; k < nodes.n; k++)
      if (!seen[nodes.at[k]->id]) {
        seen[nodes.at[k]->id] = true;
        vec_push(s->arena, &all, nodes.at[k]);
      }
  }
  return all;
}

/* v = u, v = 0, or v's right side equals an earlier variable's: v is read no longer. */
static bool merge_variables(System *s)
{
  Replace r = {ARENA_ARRAY(s->arena, Var *, s->vars.n), ARENA_ARRAY(s->arena, bool, s->vars.n)};
  Var **first = ARENA_ARRAY(s->arena, Var *, s->next_id);
  ExprList all = all_nodes(s);
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i], *by = NULL;
    bool block = v->adj_of && (v->adj_of->kind == VAR_PARAM || v->adj_of->kind == VAR_STACKED); /* only ever added to */
    if (!v->rhs || v->bound.n || v->output || block) continue;
    if (is_zero(v->rhs)) {
      for (int k = 0; k < all.n; k++) any |= all.at[k]->var == v;
      r.zero[i] = true;
      continue;
    }
    Expr *e = v->rhs;
    if (e->op == OP_READ && e->dom == v->dom && e->var != v && read_is_now(e)) by = e->var;
    else if (first[e->id] && first[e->id]->dom == v->dom) by = first[e->id];
    else if (!first[e->id]) first[e->id] = v;
    if (!by || r.by[by->id] || r.zero[by->id] || by->shape.token || by->message != v->message) continue;
    /* outside 1..T v is zero: the other must be so too where v is read there */
    bool outside = read_elsewhere(&all, v);
    bool bounded = by->bound.n > 0 || by->kind != VAR_COMPUTED;
    if (outside && bounded) continue;
    for (int k = 0; k < all.n; k++) any |= all.at[k]->var == v;
    r.by[i] = by;
  }
  if (any) {
    Memo memo = {0};
    for (int i = 0; i < s->vars.n; i++)
      if (s->vars.at[i]->rhs) s->vars.at[i]->rhs = walk_rewrite(s, &memo, s->vars.at[i]->rhs, replace_read, &r);
  }
  return any;
}

void simplify(System *s)
{
  for (int round = 0; round < 20; round++) {
    bool changed = false;
    for (int inner = 0; inner < 20; inner++) {
      bool moved = false;
      Memo memo = {0};
      for (int i = 0; i < s->vars.n; i++) {
        Var *v = s->vars.at[i];
        if (!v->rhs) continue;
        Expr *made = walk_rewrite(s, &memo, v->rhs, rule, NULL);
        moved |= made != v->rhs;
        v->rhs = made;
      }
      if (!moved) break;
    }
    changed |= merge_variables(s);
    if (!changed) break;
  }
}

/* ---- what is needed ---- */

static void mark(System *s, bool *live, Var *v)
{
  if (live[v->id]) return;
  live[v->id] = true;
  for (int i = 0; i < v->bound.n; i++) {
    mark(s, live, v->bound.at[i].var);
    if (v->bound.at[i].carried) mark(s, live, v->bound.at[i].carried);
  }
  for (int i = 0; i < v->member.n; i++) mark(s, live, v->member.at[i]);
  if (!v->rhs) return;
  ExprList nodes = walk_nodes(s, v->rhs);
  for (int i = 0; i < nodes.n; i++)
    if (nodes.at[i]->var) mark(s, live, nodes.at[i]->var);
}

void prune(System *s, Var *const *keep, int n)
{
  bool *live = ARENA_ARRAY(s->arena, bool, s->vars.n);
  for (int i = 0; i < n; i++) mark(s, live, keep[i]);
  int kept = 0;
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (live[i] || v->kind == VAR_PARAM || v->kind == VAR_INPUT || v->kind == VAR_TARGET) s->vars.at[kept++] = v;
  }
  s->vars.n = kept;
  for (int i = 0; i < kept; i++) s->vars.at[i]->id = i;
}

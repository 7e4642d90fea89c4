/* name.c: splits right sides until each holds one structured operation at most, at its root.
   Needs: a simplified system. Leaves: what is computed; adds variables named OWNER_what. */
#include "name.h"
#include "walk.h"
#include <ctype.h>

typedef struct Naming {
  System *s;
  Var **named; /* by expression id: the variable that holds it */
  int cap;
  Var *owner;
  bool last; /* no adjoint comes after: stop_gradient and reverse_gradient go */
} Naming;

bool is_place(const Expr *e)
{
  return e->op == OP_READ || (e->op == OP_SLICE && e->in[0]->op == OP_READ && e->shape.rank == 1);
}

const Expr *place_source(const Expr *place) { return place->op == OP_SLICE ? place->in[0] : place; }

/* what only the adjoint sees; the value is that of its input */
static bool is_gradient_mark(const Expr *e) { return e->op == OP_STOP || e->op == OP_REVERSED; }

static bool is_plain_vector(const Expr *e) { return is_place(e) && e->shape.rank == 1 && !e->shape.token; }

bool is_leaf(const Expr *e)
{
  if (op_info[e->op].class == CLASS_LEAF || is_place(e)) return true;
  if (e->op == OP_ONEHOT || e->op == OP_INDEX || e->op == OP_OBSERVED || e->op == OP_AT) return e->in[0]->op == OP_READ;
  return e->op == OP_OUTER && is_plain_vector(e->in[0]) && is_plain_vector(e->in[1]);
}

static Var *named_already(Naming *n, const Expr *e) { return e->id < n->cap ? n->named[e->id] : NULL; }

static void remember(Naming *n, const Expr *e, Var *v)
{
  if (e->id >= n->cap) {
    int cap = 2 * e->id + 64;
    Var **at = ARENA_ARRAY(n->s->arena, Var *, cap);
    for (int i = 0; i < n->cap; i++) at[i] = n->named[i];
    n->named = at;
    n->cap = cap;
  }
  n->named[e->id] = v;
}

static Expr *shape_root(Naming *n, Expr *e, int dom);

static const char *part_name(Naming *n, const Expr *e)
{
  const char *what = e->op == OP_MATMUL ? "product" : op_info[e->op].id;
  char low[24];
  int i = 0;
  for (; what[i] && i < 23; i++) low[i] = (char)tolower((unsigned char)what[i]);
  low[i] = 0;
  return arena_printf(n->s->arena, "%s_%s", n->owner->name, low);
}

/* A read of the variable that holds e, made at need. */
static Expr *name_it(Naming *n, Expr *e)
{
  Var *v = named_already(n, e);
  if (!v) {
    Var *owner = n->owner;
    v = system_var(n->s, VAR_COMPUTED, part_name(n, e), e->shape, e->dom, e->span.source ? e->span : n->owner->span);
    remember(n, e, v);
    n->owner = v;
    v->rhs = shape_root(n, e, e->dom);
    n->owner = owner;
  }
  return ex_var(n->s, v);
}

/* rows of a vector that is computed: of the variable that holds it */
static bool is_rows(const Expr *e) { return e->op == OP_SLICE && e->shape.rank == 1; }
static Expr *rows_of_named(Naming *n, Expr *e)
{
  return ex_op(n->s, OP_SLICE, (Expr *[]){name_it(n, e->in[0])}, 1, e->attr);
}

/* e in a place where any elementwise tree may stand, in an equation over `dom`. */
static Expr *shape_tree(Naming *n, Expr *e, int dom, bool root)
{
  if (named_already(n, e) && !root) return ex_var(n->s, named_already(n, e));
  if (is_leaf(e)) return e;
  if (is_gradient_mark(e) && n->last) return shape_tree(n, e->in[0], dom, root);
  if (is_gradient_mark(e))
    return ex1(n->s, e->op, shape_tree(n, e->in[0], dom, false)); /* the adjoint wants to see it */
  if (is_rows(e)) return rows_of_named(n, e);
  bool ew = op_is_ew(e) || e->op == OP_BCAST;
  if (!ew) return name_it(n, e);
  if (!root && e->dom != dom && !(e->op == OP_BCAST && is_leaf(e->in[0]))) return name_it(n, e);
  if (!root && op_is_ew(e) && op_info[e->op].cost > 0) return name_it(n, e);
  Expr *in[3];
  for (int i = 0; i < e->nin; i++) in[i] = shape_tree(n, e->in[i], dom, false);
  return walk_with(n->s, e, in);
}

static Expr *shape_leaf(Naming *n, Expr *e)
{
  if (is_leaf(e) && e->op != OP_OUTER) return e;
  return is_rows(e) ? rows_of_named(n, e) : name_it(n, e);
}

/* Something with an address; a product's operand must also be read at its own place, row by row: h[T] is copied first.
 */
static Expr *shape_place(Naming *n, Expr *e, bool by_row)
{
  const Expr *read = e->op == OP_SLICE ? e->in[0] : e;
  bool absolute =
      is_place(e) && (read_place(read, AXIS_T).kind >= FROM_START || read_place(read, AXIS_S).kind >= FROM_START);
  if (is_place(e) && !(by_row && absolute)) return e;
  if (!is_place(e)) return is_rows(e) ? rows_of_named(n, e) : name_it(n, e);
  Var *v = named_already(n, e);
  if (!v) {
    v = system_var(n->s, VAR_COMPUTED, part_name(n, e), e->shape, e->dom, e->span);
    v->rhs = e;
    remember(n, e, v);
  }
  return ex_var(n->s, v);
}

/* outer(a, b), about to be summed over rows of `dom`: a product whose operands are read row by row, or a token's
 * scatter */
static Expr *shape_factor(Naming *n, Expr *e, int dom)
{
  if (e->shape.token) return shape_place(n, e, false);
  Expr *place = shape_place(n, e, true);
  if (place->dom == dom) return place;
  Var *copy =
      system_var(n->s, VAR_COMPUTED, part_name(n, e), e->shape, dom, e->span); /* the same for all t: one row each */
  copy->rhs = place;
  return ex_var(n->s, copy);
}

static Expr *shape_factors(Naming *n, Expr *e)
{
  Expr *a = shape_factor(n, e->in[0], e->dom), *b = shape_factor(n, e->in[1], e->dom);
  return ex2(n->s, OP_OUTER, a, b);
}

/* What sum[batch](..) adds up to one value, `space` what it runs over: sum[batch](sum[t](..)) stays together, since it
   is one pass, and over an outer product one large product. */
static Expr *shape_total(Naming *n, Expr *e, int space)
{
  if (e->op == OP_TSUM && !named_already(n, e)) {
    Expr *in = shape_total(n, e->in[0], space | axis_bit(e->attr[0]));
    return walk_with(n->s, e, &in);
  }
  if (e->op == OP_OUTER && e->dom == space) return shape_factors(n, e);
  bool tree = e->shape.rank == 0 || (e->shape.rank == 1 && op_is_ew(e) && e->dom == space);
  return tree ? shape_tree(n, e, space, false) : shape_place(n, e, false);
}

static Expr *shape_root(Naming *n, Expr *e, int dom)
{
  System *s = n->s;
  if (is_gradient_mark(e) && n->last) return shape_root(n, e->in[0], dom);
  if (is_gradient_mark(e)) return shape_tree(n, e, dom, true);
  if (is_leaf(e) || op_is_ew(e) || e->op == OP_BCAST || is_rows(e)) return shape_tree(n, e, dom, true);
  if (e->dom != dom) return name_it(n, e); /* compute it once, in its own domain */
  Expr **in = ARENA_ARRAY(s->arena, Expr *, e->nin);
  for (int i = 0; i < e->nin; i++) in[i] = e->in[i];
  switch (e->op) {
  case OP_SUM:
  case OP_TOKEN:
  case OP_MAXC: in[0] = shape_tree(n, in[0], dom, false); break;
  case OP_CONCAT:
    for (int i = 0; i < e->nin; i++) in[i] = shape_leaf(n, in[i]);
    break;
  case OP_MATMUL: {
    bool shared = in[0]->dom == DOM_MODEL && in[1]->dom != DOM_MODEL && in[1]->shape.rank == 1 && !in[1]->shape.token;
    in[0] = shape_place(n, in[0], false);
    in[1] = shape_place(n, in[1], shared);
    break;
  }
  case OP_OUTER:
  case OP_PICK:
  case OP_TRANSPOSE:
  case OP_SLICE:
  case OP_PAD:
  case OP_RESHAPE:
  case OP_DIAG:
  case OP_DIAGOF:
  case OP_LOGSUMEXP:
  case OP_SOFTMAX:
  case OP_CUMSUM:
  case OP_ARGMAX:
  case OP_ONEHOT:
  case OP_INDEX:
  case OP_OBSERVED:
  case OP_AT:
    for (int i = 0; i < e->nin; i++) in[i] = shape_place(n, in[i], false);
    break;
  case OP_TSUM:
  case OP_TMAX: in[0] = shape_tree(n, in[0], e->dom | axis_bit(e->attr[0]), false); break;
  case OP_BSUM:
    in[0] = e->dom == DOM_MODEL ? shape_total(n, in[0], DOM_SEQ) : shape_tree(n, in[0], e->dom | DOM_B, false);
    break;
  default: break;
  }
  return walk_with(s, e, in);
}

/* A parameter's adjoint: each term of the sum is added into the gradient block on its own. */
static Expr *shape_terms(Naming *n, Expr *e)
{
  if (e->op == OP_ADD && shape_same(e->in[0]->shape, e->in[1]->shape))
    return ex2(n->s, OP_ADD, shape_terms(n, e->in[0]), shape_terms(n, e->in[1]));
  bool stack_rows = e->op == OP_SLICE && e->in[0]->op == OP_READ;
  if (e->op == OP_BSUM || stack_rows || is_leaf(e) || op_is_ew(e) || e->op == OP_BCAST)
    return shape_root(n, e, DOM_MODEL);
  return name_it(n, e);
}

/* Lives in the gradient block, which is only ever added to: nothing reads it. */
static bool in_block(const Var *v)
{
  return v->adj_of && (v->adj_of->kind == VAR_PARAM || v->adj_of->kind == VAR_STACKED);
}

/* e, or a read of the variable that got e as its right side after this use had been looked at */
static Expr *read_by_name(System *s, Expr *e, void *arg)
{
  Naming *n = arg;
  Var *v = e->nin ? named_already(n, e) : NULL;
  return v ? ex_var(s, v) : e;
}

/* Parts that were named from `first` on, once more: what an equation named late is read by those before it too. */
static void share_names(System *s, int first)
{
  Naming late = {.s = s};
  Memo memo = {0};
  for (int i = first; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (op_is_ew(v->rhs) && v->rhs->dom == v->dom && !named_already(&late, v->rhs)) remember(&late, v->rhs, v);
  }
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    Expr *e = v->rhs, *in[8];
    if (!e || e->nin == 0 || e->nin > 8 || is_leaf(e)) continue; /* not the right side itself */
    for (int k = 0; k < e->nin; k++) in[k] = walk_rewrite(s, &memo, e->in[k], read_by_name, &late);
    v->rhs = walk_with(s, e, in);
  }
}

void name_parts(System *s, bool last)
{
  int first = s->vars.n;
  Naming n = {.s = s, .last = last};
  /* a right side that already is a whole equation's serves its other uses too */
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->rhs && !in_block(v) && v->rhs->nin && !is_leaf(v->rhs) && v->rhs->dom == v->dom &&
        !named_already(&n, v->rhs))
      remember(&n, v->rhs, v);
  }
  /* sums into the gradient block come last: they read what the others have made */
  for (int block = 0, count = s->vars.n; block < 2; block++)
    for (int i = 0; i < count; i++) {
      Var *v = s->vars.at[i];
      if (!v->rhs || in_block(v) != block) continue;
      n.owner = v;
      v->rhs = block ? shape_terms(&n, v->rhs) : shape_root(&n, v->rhs, v->dom);
    }
  if (last) share_names(s, first);
}

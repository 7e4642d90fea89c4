/* builtin.c: calls of the functions that the compiler knows, and the reductions over an axis.
   Needs: the operator table, builtins.def. Leaves alone: defs (expression.c).

   A reduction over time or over the batch is the whole right side of a variable of its own: it is hoisted there. */
#include "body.h"
#include <string.h>

typedef struct Builtin {
  const char *name;
  int low, high;
  Node *(*build)(Elab *x, const Ast *call, Node **arg, Op op);
  Op op;
  int values; /* before the sizes; -1: all */
} Builtin;

static Node *make(Elab *x, Op op, Node *const *in, int n, const Ast *e)
{
  return made(x, node_op(x->body->s->flat, op, in, n, e->span), e);
}
static Node *make1(Elab *x, Op op, Node *a, const Ast *e) { return make(x, op, &a, 1, e); }
static Node *make2(Elab *x, Op op, Node *a, Node *b, const Ast *e) { return make(x, op, (Node *[]){a, b}, 2, e); }
static Node *constant(Elab *x, double v, const Ast *e) { return made(x, node_const(x->body->s->flat, v, e->span), e); }

/* ---- over components ---- */

static Node *build_raw(Elab *x, const Ast *call, Node **arg, Op op) { return make(x, op, arg, call->nkid - 1, call); }

static Node *build_op(Elab *x, const Ast *call, Node **arg, Op op)
{
  for (int i = 0; i < call->nkid - 1; i++) arg[i] = numeric(x, arg[i]);
  return build_raw(x, call, arg, op);
}

static Node *build_pick(Elab *x, const Ast *call, Node **arg, Op op)
{
  arg[0] = numeric(x, arg[0]);
  return build_raw(x, call, arg, op);
}

/* max(a) -> MAXC(a); max(a, b, c) -> MAX(MAX(a, b), c); min(a) -> -MAXC(-a) */
static Node *build_extreme(Elab *x, const Ast *call, Node **arg, Op op)
{
  int n = call->nkid - 1;
  for (int i = 0; i < n; i++) arg[i] = numeric(x, arg[i]);
  if (n == 1 && op == OP_MAX) return make1(x, OP_MAXC, arg[0], call);
  if (n == 1) return make1(x, OP_NEG, make1(x, OP_MAXC, make1(x, OP_NEG, arg[0], call), call), call);
  Node *y = arg[0];
  for (int i = 1; i < n; i++) y = make2(x, op, y, arg[i], call);
  return y;
}

static Node *build_slice(Elab *x, const Ast *call, Node **arg, Op op)
{
  int first;
  Dim length;
  bool good = whole_of(x, call->kid[2], "the first place of a slice", &first);
  if (!size_of(x, call->kid[3], &length) || !good) return NULL;
  Node *y = make1(x, op, numeric(x, arg[0]), call);
  y->attr[0] = first;
  y->attr[1] = length;
  return y;
}

static Node *build_token(Elab *x, const Ast *call, Node **arg, Op op)
{
  Dim classes;
  if (!size_of(x, call->kid[2], &classes)) return NULL;
  Node *y = make1(x, op, numeric(x, arg[0]), call);
  y->attr[0] = classes;
  y->shape = shape_token(classes); /* it is read as one from here on */
  return y;
}

static Node *build_observed(Elab *x, const Ast *call, Node **arg, Op op)
{
  Node *a = arg[0];
  if (a->op == OP_READ && !a->var->owner && (a->var->kind == VAR_INPUT || a->var->kind == VAR_TARGET)) {
    Node *there = build_raw(x, call, arg, op);
    if (a->var->shape.token) return there;
    Node *nan = make1(x, OP_NOT, make1(x, OP_IS_NUMBER, a, call), call); /* of any component */
    return make2(x, OP_AND, there, make1(x, OP_NOT, make1(x, OP_MAXC, nan, call), call), call);
  }
  diag(x->body->s->diag, E_OBSERVED, here(x, call->span),
       "observed takes a read of an input or a target, such as observed(x[t+1])");
  note_uses(x->body);
  return NULL;
}

static Node *build_count(Elab *x, const Ast *call, Node **arg, Op op)
{
  Node *y = make(x, op, NULL, 0, call);
  y->shape = shape_scalar();
  y->constant = CONST_COUNT;
  y->of = arg[0];
  return y;
}

static Node *from_value(Elab *x, Value v, const Ast *e)
{
  if (v.kind == VALUE_NUMBER) return constant(x, v.num, e);
  if (v.kind == VALUE_DIM) return made(x, node_dim(x->body->s->flat, v.dim, e->span), e);
  return NULL;
}

/* dim(x) of a name is known without its value; of any other vector it is the count of its components */
static Node *build_dim(Elab *x, const Ast *call, Node **arg, Op op)
{
  const Ast *of = call->kid[1];
  bool formal = of->kind == AST_NAME && find_name(x, of->name).formal;
  if ((of->kind == AST_NAME && !formal) || of->kind == AST_FIELD) return from_value(x, value_of(x, call, true), call);
  Node *a = expression(x, of);
  if (!a) return NULL;
  arg[0] = a;
  return build_count(x, call, arg, op);
}

/* a in the shape that the sizes from `first` on give */
static Node *in_shape(Elab *x, const Ast *call, Op op, Node *a, int first)
{
  int attr[3] = {call->nkid - first};
  bool good = true;
  for (int i = first; i < call->nkid; i++) good &= size_of(x, call->kid[i], &attr[i - first + 1]);
  if (!good) return NULL;
  Node *y = make1(x, op, a, call);
  memcpy(y->attr, attr, sizeof attr);
  return y;
}

/* zeros(n), ones(m, n): a constant broadcast */
static Node *build_fill(Elab *x, const Ast *call, Node **arg, Op op)
{
  (void)arg;
  Node *c = constant(x, op == OP_BCAST, call);
  return call->nkid == 1 ? c : in_shape(x, call, OP_BCAST, c, 1);
}

static Node *build_reshape(Elab *x, const Ast *call, Node **arg, Op op)
{
  Node *y = in_shape(x, call, op, numeric(x, arg[0]), 2);
  if (call->nkid > 2 || !y) return y;
  y->attr[0] = 1; /* a vector, of the length that comes out */
  y->attr[1] = dim_new(x->body->s->flat->sizes, call->span);
  return y;
}

/* iota(n) */
static Node *build_iota(Elab *x, const Ast *call, Node **arg, Op op)
{
  Node *y = make(x, op, arg, 0, call);
  if (!size_of(x, call->kid[1], &y->attr[0])) return NULL;
  y->shape = shape_vector(y->attr[0]);
  return y;
}

static const Builtin table[] = {
#define BUILTIN(name, low, high, build, op, values, doc) {#name, low, high, build, OP_##op, values},
#include "builtins.def"
#undef BUILTIN
#define EW(id, name, nin, value, da, db, dc, cost) {name, nin, nin, build_op, OP_##id, -1},
#define ST(id, name, nin, nattr, what)
#define LEAF(id, name, what)
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
};
enum { BUILTINS = sizeof table / sizeof *table };

static bool callable(const Builtin *b) /* not an operator that is written otherwise */
{
  static const char *const written[] = {"neg", "and", "or", "not"};
  for (int i = 0; i < 4; i++)
    if (strcmp(b->name, written[i]) == 0) return false;
  return (b->name[0] >= 'a' && b->name[0] <= 'z');
}

static const Builtin *find(const char *name)
{
  for (int i = 0; i < BUILTINS; i++)
    if (strcmp(table[i].name, name) == 0 && callable(&table[i])) return &table[i];
  return NULL;
}

bool is_builtin(const char *name) { return find(name) != NULL; }

int values_before_sizes(const char *name)
{
  const Builtin *b = find(name);
  return b ? b->values : -1;
}

const char *builtin_name(int i)
{
  for (int k = 0; k < BUILTINS; k++)
    if (callable(&table[k]) && i-- == 0) return table[k].name;
  return NULL;
}

static const char *plural(int n) { return n == 1 ? "" : "s"; }

static bool right_number(Elab *x, const Ast *call, const Builtin *b)
{
  int n = call->nkid - 1;
  if (n >= b->low && n <= b->high) return true;
  Diag *d = x->body->s->diag;
  if (b->low == b->high)
    diag(d, E_ARGUMENTS, here(x, call->span), "%s takes %d argument%s, %d given", b->name, b->low, plural(b->low), n);
  else if (n < b->low)
    diag(d, E_ARGUMENTS, here(x, call->span), "%s takes at least %d argument%s, %d given", b->name, b->low,
         plural(b->low), n);
  else
    diag(d, E_ARGUMENTS, here(x, call->span), "%s takes at most %d argument%s, %d given", b->name, b->high,
         plural(b->high), n);
  note_uses(x->body);
  return false;
}

Node *call_builtin(Elab *x, const Ast *call, const char *name, bool *found)
{
  const Builtin *b = find(name);
  *found = b != NULL;
  if (!b || !right_number(x, call, b)) return NULL;
  Node **arg = ARENA_ARRAY(x->body->s->arena, Node *, call->nkid);
  bool good = true;
  for (int i = 1; i < call->nkid; i++) {
    if (call->kid[i]->kind == AST_ARG) {
      diag(x->body->s->diag, E_ARGUMENT_NAME, here(x, call->kid[i]->span),
           "the arguments of %s are given in order, without names", name);
      return NULL;
    }
    if (b->values >= 0 && i > b->values) continue;
    arg[i - 1] = expression(x, call->kid[i]);
    good &= arg[i - 1] != NULL;
  }
  return good ? b->build(x, call, arg, b->op) : NULL;
}

/* ---- over time ---- */

static Node *leaf(Elab *x, Op op, Axis axis, const Ast *e)
{
  return made(x, node_leaf(x->body->s->flat, op, axis, e->span), e);
}

static Axis system_axis(const Body *b, int axis) { return b->bind[axis] == DOM_S ? AXIS_S : AXIS_T; }

Node *length_node(Elab *x, int axis, const Ast *e) { return leaf(x, OP_LENGTH, system_axis(x->body, axis), e); }

/* t; in a reversed cell T + 1 - t */
static Node *time_along(Elab *x, Axis axis, const Ast *e)
{
  Node *t = leaf(x, OP_TIME, axis, e);
  if (!(x->body->reversed & axis_bit(axis))) return t;
  return make2(x, OP_SUB, make2(x, OP_ADD, leaf(x, OP_LENGTH, axis, e), constant(x, 1, e), e), t, e);
}

Node *time_node(Elab *x, int axis, const Ast *e) { return time_along(x, system_axis(x->body, axis), e); }

static Node *over_time(Elab *x, Op op, Axis axis, Node *a, const Ast *e)
{
  return hoist(x, op == OP_TSUM ? "sum" : "max", made(x, node_along(x->body->s->flat, op, axis, a, e->span), e));
}

static Node *time_sum(Elab *x, Axis axis, Node *a, const Ast *e) { return over_time(x, OP_TSUM, axis, a, e); }
static Node *time_max(Elab *x, Axis axis, Node *a, const Ast *e) { return over_time(x, OP_TMAX, axis, a, e); }

static Node *time_mean(Elab *x, Axis axis, Node *a, const Ast *e)
{
  return make2(x, OP_DIV, time_sum(x, axis, a, e), leaf(x, OP_LENGTH, axis, e), e);
}

static Node *time_min(Elab *x, Axis axis, Node *a, const Ast *e)
{
  return make1(x, OP_NEG, time_max(x, axis, make1(x, OP_NEG, a, e), e), e);
}

static Node *time_norm(Elab *x, Axis axis, Node *a, const Ast *e)
{
  return make1(x, OP_SQRT, time_sum(x, axis, make2(x, OP_MUL, a, a, e), e), e);
}

static Node *named(Elab *x, Node *a) { return a->op == OP_READ ? a : hoist(x, "value", a); }

/* what does not vary over the axis is the same at each of its places */
static Node *at_each_time(Elab *x, Axis axis, Node *a)
{
  FlatVar *v = hoist_var(x, "value", a);
  v->axes |= axis_bit(axis);
  Node *n = node_now(x->body->s->flat, v, a->span);
  n->body = x->body;
  return n;
}

/* exp(a - max): the largest is 1; no gradient flows through the shift, which changes no result */
static Node *shifted_exp(Elab *x, Axis axis, Node *a, Node **shift, const Ast *e)
{
  *shift = make1(x, OP_STOP, time_max(x, axis, a, e), e);
  return make1(x, OP_EXP, make2(x, OP_SUB, a, *shift, e), e);
}

static Node *time_softmax(Elab *x, Axis axis, Node *a, const Ast *e)
{
  Node *shift, *y = hoist(x, "exp", shifted_exp(x, axis, named(x, a), &shift, e));
  return make2(x, OP_DIV, y, time_sum(x, axis, y, e), e);
}

static Node *time_logsumexp(Elab *x, Axis axis, Node *a, const Ast *e)
{
  Node *shift, *y = shifted_exp(x, axis, named(x, a), &shift, e);
  return make2(x, OP_ADD, shift, make1(x, OP_LOG, time_sum(x, axis, y, e), e), e);
}

/* the first t at which a is its maximum */
static Node *time_argmax(Elab *x, Axis axis, Node *a, const Ast *e)
{
  a = named(x, a);
  Node *last = make2(x, OP_ADD, leaf(x, OP_LENGTH, axis, e), constant(x, 1, e), e);
  Node *is_max = make2(x, OP_EQ, a, time_max(x, axis, a, e), e);
  return time_min(x, axis, make(x, OP_WHERE, (Node *[]){is_max, time_along(x, axis, e), last}, 3, e), e);
}

/* One value for all sequences, at each place where a varies over an axis. */
static Node *batch_sum(Elab *x, Node *a, const Ast *e)
{
  FlatVar *v = hoist_var(x, "sum", make1(x, OP_BSUM, a, e));
  v->for_all = a->axes != 0;
  return made(x, node_now(x->body->s->flat, v, e->span), e);
}

/* at each place the mean of the sequences that reach it */
static Node *batch_mean(Elab *x, Node *a, const Ast *e)
{
  if (a->axes == DOM_AXES) {
    complain(x, E_REDUCTION, e->span, "reduce over one of them first, or take sum[batch]",
             "mean[batch] takes a value that varies over one axis at most");
    return NULL;
  }
  Node *count = leaf(x, a->axes ? OP_LIVE : OP_BATCH, a->axes == DOM_S ? AXIS_S : AXIS_T, e);
  Node *mean = make2(x, OP_DIV, make1(x, OP_BSUM, a, e), count, e);
  if (!mean) return NULL;
  FlatVar *v = hoist_var(x, "mean", mean);
  v->for_all = a->axes != 0;
  v->statistic = true;
  return made(x, node_now(x->body->s->flat, v, e->span), e);
}

static const struct AxisForm {
  const char *name;
  Node *(*time)(Elab *x, Axis axis, Node *a, const Ast *e), *(*batch)(Elab *x, Node *a, const Ast *e);
} axis_form[] = {
    {"sum", time_sum, batch_sum},  {"mean", time_mean, batch_mean},     {"max", time_max, NULL},
    {"min", time_min, NULL},       {"norm", time_norm, NULL},           {"softmax", time_softmax, NULL},
    {"argmax", time_argmax, NULL}, {"logsumexp", time_logsumexp, NULL},
};
enum { AXIS_FORMS = sizeof axis_form / sizeof *axis_form };

static const struct AxisForm *find_form(Elab *x, const Ast *callee)
{
  Names known = {0};
  const Ast *name = callee->kid[0];
  if (name->kind != AST_NAME) {
    diag(x->body->s->diag, E_NOT_CALLABLE, here(x, callee->span), "this cannot be called");
    return NULL;
  }
  for (int i = 0; i < AXIS_FORMS; i++) {
    if (strcmp(axis_form[i].name, name->name) == 0) return &axis_form[i];
    vec_push(x->body->s->arena, &known, axis_form[i].name);
  }
  Diag *d = x->body->s->diag;
  if (!x->frame && body_entry(x->body, name->name)) {
    diag(d, E_NOT_CALLABLE, here(x, callee->span), "'%s' is a variable: it cannot be called", name->name);
    diag_note(d, (Span){0}, "a product is written '*'");
    return NULL;
  }
  diag(d, E_NO_REDUCTION, here(x, name->span), "there is no reduction '%s' over an axis", name->name);
  const char *near = nearest(name->name, known.at, known.n);
  const Ast *axis = callee->nkid > 1 && callee->kid[1]->kind == AST_NAME ? callee->kid[1] : NULL;
  if (near) {
    diag_note(d, (Span){0}, "did you mean '%s[%s](...)'?", near, axis ? axis->name : axis_name(x->body));
    diag_fix(d, name->span, near);
  } else diag_note(d, (Span){0}, "there are sum, mean, max, min, norm, softmax, logsumexp and argmax");
  note_uses(x->body);
  return NULL;
}

/* sum[t](e), mean[batch](e) */
Node *call_axis(Elab *x, const Ast *call)
{
  Diag *d = x->body->s->diag;
  const Ast *callee = call->kid[0], *axis = callee->nkid > 1 ? callee->kid[1] : NULL;
  const struct AxisForm *form = find_form(x, callee);
  if (!form || !axis) return NULL;
  bool batch = axis->kind == AST_NAME && strcmp(axis->name, "batch") == 0;
  int along = axis->kind == AST_NAME ? axis_named(x->body, axis->name) : -1;
  if (callee->nkid > 2 || (!batch && along < 0)) {
    const Span at = here(x, callee->kid[callee->nkid - 1]->span);
    if (x->body->axes == 1)
      diag(d, E_REDUCTION, at, "a reduction goes over the time index or the batch: %s[%s](...)", form->name,
           axis_name(x->body));
    else
      diag(d, E_REDUCTION, at, "a reduction goes over one axis or the batch: %s[%s](...) or %s[%s](...)", form->name,
           x->body->axis[0], form->name, x->body->axis[1]);
    note_uses(x->body);
    return NULL;
  }
  if (batch && !form->batch) {
    diag(d, E_REDUCTION, here(x, callee->span), "over the batch there are sum[batch] and mean[batch]");
    note_uses(x->body);
    return NULL;
  }
  if (call->nkid != 2 || call->kid[1]->kind == AST_ARG) {
    diag(d, E_REDUCTION, here(x, call->span), "%s[%s] takes one value", form->name, axis->name);
    note_uses(x->body);
    return NULL;
  }
  Node *a = expression(x, call->kid[1]);
  if (!a) return NULL;
  a = numeric(x, a);
  if (batch) return form->batch(x, a, call);
  Axis over = system_axis(x->body, along);
  if (!(a->axes & axis_bit(over))) a = at_each_time(x, over, a);
  return form->time(x, over, a, call);
}

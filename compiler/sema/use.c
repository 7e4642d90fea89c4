/* use.c: applications of cells: a body for each, its path and parameters, its inputs bound to arguments.
   Needs: cells with their sizes bound. Leaves alone: right sides (statement.c).

   All applications of all bodies are declared before any right side is read, so that paths may point anywhere. */
#include "body.h"
#include <string.h>

#define BODY_LIMIT 20000
#define NEST_LIMIT 100

Use *use_at(const Body *b, const Ast *site) { return map_get(&b->uses, site); }

/* ---- declaring ---- */

/* the text of a cell, below stacks */
static const Ast *text_of(const Cell *c)
{
  while (c->inner) c = c->inner;
  return c->ast;
}

/* where the variables and the parameters of an application are named */
typedef struct Naming {
  const char *path;
  Params *params;
  FlatVar *target; /* the variable that it computes, NULL: one named path */
} Naming;

static int nesting(const Body *b)
{
  int n = 0;
  for (; b; b = b->outer) n++;
  return n;
}

/* its axes stand for none: the value it is given has no index */
static bool is_untimed(const Binding *along) { return !along->bind[0] && !along->bind[1]; }

static Use *declare_cell(Body *b, Cell *c, const Ast *site, Naming name, bool turn, const Binding *along)
{
  Sema *s = b->s;
  Use *u = ARENA_NEW(s->arena, Use);
  u->site = site;
  u->cell = c;
  if (++s->bodies > BODY_LIMIT || nesting(b) > NEST_LIMIT) {
    if (!s->flat->full)
      diag(s->diag, E_TOO_LARGE, site->span, "the model is too large: cells within cells are applied too often");
    s->flat->full = u->bad = true;
    return u;
  }
  const Ast *timely = is_untimed(along) ? needs_time(c->ast) : NULL;
  if (timely) {
    diag(s->diag, E_CELL_AXES, site->span, "%s depends on time: it cannot be applied to a value without time index",
         c->name);
    diag_note(s->diag, timely->span, "here");
    note_uses(b);
    u->bad = true;
    return u;
  }
  Body *inner = body_new(s, c->unit, c->ast, name.path);
  inner->cell = c;
  inner->outer = b;
  inner->use = site->span;
  inner->params = name.params;
  const char *axes[AXES];
  int primary = cell_axes(c->ast, axes) - 1;
  for (int i = 0; i < AXES; i++) inner->bind[i] = along->bind[i];
  inner->lift = along->lift;
  inner->reversed = b->reversed ^ (turn ? along->bind[primary] : 0);
  inner->result = name.target;
  u->body = inner;
  body_declare(inner);
  declare_uses(inner);
  u->result = inner->result;
  if (u->result) u->result->inside = u;
  else u->bad = true;
  return u;
}

static Use *declare_any(Body *b, Cell *c, const Ast *site, Naming name, bool turn, const Binding *along)
{
  Sema *s = b->s;
  turn ^= c->reversed;
  if (!c->inner) return declare_cell(b, c, site, name, turn, along);
  Use *u = ARENA_NEW(s->arena, Use);
  u->site = site;
  u->cell = c;
  for (int i = 0; i < c->layers && !s->flat->full; i++) {
    const char *layer = arena_printf(s->arena, "%d", i);
    bool last = i == c->layers - 1;
    Cell *cell = c->each ? c->each[i] : c->inner;
    Naming inner = {.path = arena_printf(s->arena, "%s.%s", name.path, layer),
                    .params = params_child(s, name.params, NULL, i, layer)};
    if (cell->shared) inner.params = cell->shared;
    if (last) {
      if (!name.target)
        name.target = flat_var(s->flat, VAR_COMPUTED, name.path, output_axes(text_of(c), along), site->span),
        name.target->body = b;
      inner.target = name.target;
    }
    Use *l = declare_any(b, cell, site, inner, turn, along);
    vec_push(s->arena, &u->layers, l);
    u->bad |= l->bad;
    u->result = l->result;
  }
  if (u->result) u->result->inside = u;
  else u->bad = true;
  return u;
}

/* OWNER.cellname, with 2, 3 .. behind it where that is taken */
static const char *free_name(Body *b, const char *owner, const char *name)
{
  Sema *s = b->s;
  const char *base = owner[0] ? arena_printf(s->arena, "%s.%s", owner, name) : name;
  const char *path = intern(s->arena, base);
  for (int k = 2; map_get(&s->paths, path); k++) path = intern(s->arena, arena_printf(s->arena, "%s%d", base, k));
  map_put(s->arena, &s->paths, path, b);
  return path;
}

/* where an application stands */
typedef struct Context {
  const char *label; /* path of the equation's variable, which names what is inside */
  FlatVar *owner;    /* that variable, or NULL */
  int axes;          /* its own: the equation is for each place of them */
} Context;

static void walk_uses(Body *b, const Ast *e, Context in);

/* One application. direct: the variable that it computes, where it is the whole right side of its equation.
   A value without index makes the whole application one without; where the cell needs time, or its variable has it, the
   value is the same at each t. */
static void declare_use(Body *b, const Ast *call, bool turn, Context in, FlatVar *direct)
{
  Sema *s = b->s;
  const char *label = in.label;
  FlatVar *owner = in.owner;
  Elab x = {.body = b, .owner = owner};
  Use *u = ARENA_NEW(s->arena, Use);
  const Ast *axis;
  Cell *c = cell_value(&x, applied_cell(call, &axis));
  *u = (Use){.site = call, .cell = c, .bad = true};
  map_put(s->arena, &b->uses, call, u);
  Binding along;
  int spread = c && (direct || needs_time(text_of(c))) ? in.axes : 0;
  if (c && bind_axes(&x, call, text_of(c), spread, true, &along)) {
    if (direct && direct->axes != output_axes(text_of(c), &along)) direct = NULL;
    bool result = b->cell && direct && direct == b->result;
    const char *path = !direct  ? free_name(b, label, c->name)
                       : result ? body_path(b, b->result_entry->name)
                                : direct->name;
    const char *local = b->path[0] ? path + strlen(b->path) + 1 : path;
    map_put(s->arena, &s->paths, intern(s->arena, path), b);
    if (owner && !direct) vec_push(s->arena, &owner->parts, ((Part){intern(s->arena, path + strlen(label) + 1), u}));
    Params *params = c->shared ? c->shared : params_child(s, b->params, call, -1, local);
    *u = *declare_any(b, c, call, (Naming){path, params, direct}, turn, &along);
    if (u->result) u->result->inside = u;
    if (result) b->result_use = u;
  }
  for (int i = 1; i < call->nkid; i++) walk_uses(b, call->kid[i], in);
}

static void walk_uses(Body *b, const Ast *e, Context in)
{
  Elab x = {.body = b};
  if (!e || b->s->flat->full) return;
  bool turn = e->kind == AST_REVERSE;
  const Ast *call = turn ? e->kid[0] : e;
  if (call->kind == AST_CALL) {
    CallKind kind = call_kind(&x, call);
    if (kind == CALL_CELL) return;
    if (kind == CALL_APPLY) {
      declare_use(b, call, turn, in, NULL);
      return;
    }
  }
  for (int i = 0; i < e->nkid; i++) walk_uses(b, e->kid[i], in);
}

static void equation_uses(Body *b, const Equation *eq)
{
  Elab x = {.body = b};
  const Ast *value = eq->ast->kid[1], *call = value->kind == AST_REVERSE ? value->kid[0] : value;
  FlatVar *v = eq->target->owner ? eq->target->owner : eq->target;
  Context in = {b->cell && v == b->result ? b->path : v->name, v, eq->target->axes & ~b->lift};
  if (call->kind == AST_CALL && call_kind(&x, call) == CALL_APPLY)
    declare_use(b, call, value != call, in, eq->target->owner ? NULL : v);
  else walk_uses(b, value, in);
}

void declare_uses(Body *b)
{
  Sema *s = b->s;
  int done = 0;
  for (; done < b->equations.n && !s->flat->full; done++) equation_uses(b, &b->equations.at[done]);
  body_declare_later(b);
  for (; done < b->equations.n && !s->flat->full; done++) equation_uses(b, &b->equations.at[done]);
  for (int i = 0; i < b->draws.n; i++) {
    const Ast *target = b->draws.at[i]->kid[0];
    while (target->kind == AST_INDEX || target->kind == AST_FIELD) target = target->kid[0];
    Elab x = {.body = b};
    for (int k = 1; k < b->draws.at[i]->nkid; k++)
      walk_uses(b, b->draws.at[i]->kid[k],
                (Context){body_path(b, target->name), NULL, axes_of(&x, b->draws.at[i]->kid[0])});
  }
  for (int i = 0; i < b->metrics.n; i++)
    walk_uses(b, b->metrics.at[i]->kid[0], (Context){b->metrics.at[i]->name, NULL, 0});
  if (b->loss) walk_uses(b, b->loss->kid[1], (Context){"loss", NULL, 0});
}

/* ---- binding arguments ---- */

/* does the cell read the input at [t] alone? */
static bool only_now(const Ast *e, const char *name, const Body *b)
{
  if (!e) return true;
  if (e->kind == AST_INDEX && e->kid[0]->kind == AST_NAME && e->kid[0]->name == name)
    for (int i = 1; i < e->nkid; i++)
      if (e->kid[i]->kind != AST_NAME || axis_named(b, e->kid[i]->name) < 0) return false;
  for (int i = 0; i < e->nkid; i++)
    if (!only_now(e->kid[i], name, b)) return false;
  return true;
}

static bool is_plain_read(const Node *n) { return n->op == OP_READ && node_is_now(n); }

/* the argument as a variable of its own */
static FlatVar *argument_var(Body *inner, const Input *in, Node *arg, int axes)
{
  Flat *f = inner->s->flat;
  FlatVar *v = flat_var(f, VAR_COMPUTED, body_path(inner, in->name), axes, arg->span);
  v->body = inner->outer;
  set_right_side(v, arg);
  return v;
}

static const char *axis_text(const Body *b, int axes)
{
  for (int i = 0; i < b->axes; i++)
    if (b->bind[i] & axes) return b->axis[i];
  return "another axis";
}

static bool bind_input(Elab *x, Use *u, Input *in, Node *arg)
{
  Sema *s = x->body->s;
  Body *inner = u->body;
  int own = axes_bound(inner, in->index);
  bool now = only_now(inner->ast, in->name, inner), all = (arg->axes & own) == own;
  if (arg->axes & ~own & ~inner->lift) {
    if (!in->index.n && x->body->axes == 1)
      diag(s->diag, E_CELL_AXES, here(x, arg->span), "input '%s' of %s has no time index, but this argument has",
           in->name, u->cell->name);
    else
      diag(s->diag, E_CELL_AXES, here(x, arg->span), "input '%s' of %s has %s, but this argument varies over %s too",
           in->name, u->cell->name,
           in->index.n ? arena_printf(s->arena, "the index %s", indices_text(inner, in->index)) : "no index",
           axis_text(x->body, arg->axes & ~own & ~inner->lift));
    diag_note(s->diag, in->span, "declared here");
    note_uses(x->body);
    return false;
  }
  if (in->typed && in->shape.token && !arg->shape.token) {
    diag(s->diag, E_TOKEN, here(x, arg->span), "input '%s' of %s is a token, this argument is not", in->name,
         u->cell->name);
    diag_note(s->diag, in->type_span, "declared here");
    note_uses(x->body);
    return false;
  }
  if (in->typed && !in->shape.token) arg = numeric(x, arg);
  vec_push(
      s->arena, &s->flat->types,
      ((FlatType){.declared = in->shape, .node = arg, .type_span = in->type_span, .name = in->name, .body = inner}));
  bool token = arg->shape.token;
  if (is_plain_read(arg) && all) {
    in->var = arg->var;
  } else if (token && now) {
    in->node = arg;
  } else if (token) {
    diag(s->diag, E_TOKEN, here(x, arg->span),
         "%s reads its input '%s' at other times than [%s], so a token must be given as it is: %s[%s]", u->cell->name,
         in->name, axis_name(inner), arg->op == OP_READ ? arg->var->name : "x", axis_name(x->body));
    note_uses(x->body);
    return false;
  } else if (!all && now) {
    in->node = is_plain_read(arg) ? arg : node_now(s->flat, argument_var(inner, in, arg, arg->axes), arg->span);
  } else {
    in->var = argument_var(inner, in, arg, arg->axes | own);
  }
  return true;
}

static Node *apply_use(Elab *x, Use *u, Node **arg, int n, const Ast *call)
{
  Sema *s = x->body->s;
  if (u->bad || s->flat->full) return NULL;
  if (u->bound) return node_now(s->flat, u->result, call->span);
  u->bound = true;
  if (u->layers.n) {
    Node *y = NULL;
    for (int i = 0; i < u->layers.n; i++) {
      y = apply_use(x, u->layers.at[i], i ? &y : arg, i ? 1 : n, call);
      if (!y) return NULL;
    }
    return y;
  }
  Body *inner = u->body;
  bool good = true;
  if (n != inner->inputs.n) {
    diag(s->diag, E_ARGUMENTS, here(x, call->span), "%s has %d input%s, %d argument%s given", u->cell->name,
         inner->inputs.n, inner->inputs.n == 1 ? "" : "s", n, n == 1 ? " is" : "s are");
    if (inner->inputs.n) diag_note(s->diag, inner->inputs.at[0]->span, "declared here");
    note_uses(x->body);
    good = false;
  }
  for (int i = 0; i < n && i < inner->inputs.n; i++) good &= arg[i] && bind_input(x, u, inner->inputs.at[i], arg[i]);
  body_elaborate(inner);
  if (!good || u->result->bad) return u->result->bad = true, NULL;
  return node_now(s->flat, u->result, call->span);
}

Node *apply(Elab *x, const Ast *call)
{
  Sema *s = x->body->s;
  Use *u = use_at(x->body, call);
  if (!u) {
    diag(s->diag, E_CELL_FORM, here(x, call->span), "a cell cannot be applied here");
    return NULL;
  }
  Node **arg = ARENA_ARRAY(s->arena, Node *, call->nkid);
  for (int i = 1; i < call->nkid; i++) {
    const Ast *a = call->kid[i];
    if (a->kind == AST_ARG) {
      diag(s->diag, E_ARGUMENT_NAME, a->span, "the inputs of a cell are given in order, without names");
      continue;
    }
    arg[i - 1] = expression(x, a);
  }
  Node *y = apply_use(x, u, arg, call->nkid - 1, call);
  if (!y && u->result) u->result->bad = true;
  return y;
}

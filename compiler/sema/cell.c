/* cell.c: cells as values: which names are cells, what a call of one means, sizes bound to formals.
   Needs: the names of the body and of the files. Leaves alone: applications (use.c). */
#include "body.h"
#include <string.h>

#define LAYER_LIMIT 1000

typedef struct Callee {
  Cell *cell;      /* with its sizes bound: an instance or an argument of the cell */
  Entry *instance; /* whose cell may still have to be made */
  const Ast *ast;  /* or a cell by name, */
  Unit *unit;
  bool stack; /* or stack */
} Callee;

/* The cell that a name stands for, if it does. */
static bool find_cell(Elab *x, const char *name, Callee *c)
{
  Sema *s = x->body->s;
  *c = (Callee){0};
  if (x->frame) return false;
  Entry *e = body_entry(x->body, name);
  if (e && e->kind == ENTRY_INSTANCE) return c->instance = e, true;
  if (e && e->kind == ENTRY_VALUE && e->value.kind == VALUE_CELL) return c->cell = e->value.cell, true;
  Unit *u = x->body->unit;
  bool own = map_get(&u->cells, name) != NULL;
  for (int i = 0; i < u->imports.n && !own; i++) own = map_get(&u->imports.at[i]->cells, name) != NULL;
  const Ast *def;
  if (!own && strcmp(name, "stack") == 0) return c->stack = true, true;
  if (!own && (is_builtin(name) || unit_of_def(s, u, name, &def))) return false;
  c->unit = unit_of_cell(s, u, name, &c->ast);
  return c->unit != NULL;
}

static const Ast *formals_of(const Ast *definition) { return definition->kid[0]; }

static bool all_have_defaults(const Ast *cell)
{
  const Ast *formals = formals_of(cell);
  for (int i = 0; i < formals->nkid; i++)
    if (!formals->kid[i]->kid[0]) return false;
  return true;
}

/* Numbers, sizes and cells only: what a formal of a cell may be given. */
static bool is_static(Elab *x, const Ast *e)
{
  Found f;
  switch (e->kind) {
  case AST_INDEX:
  case AST_FIELD:
  case AST_TRANSPOSE: return false;
  case AST_CALL: /* dim(x) is a size whatever x is */
    if (e->kid[0]->kind == AST_NAME && strcmp(e->kid[0]->name, "dim") == 0) return true;
    for (int i = 0; i < e->nkid; i++)
      if (!is_static(x, e->kid[i])) return false;
    return true;
  case AST_NAME:
    f = find_name(x, e->name);
    return !f.entry || f.entry->kind == ENTRY_SIZE || f.entry->kind == ENTRY_VALUE || f.entry->kind == ENTRY_INSTANCE;
  default:
    for (int i = 0; i < e->nkid; i++)
      if (!is_static(x, e->kid[i])) return false;
    return true;
  }
}

/* gru(64) is a cell, gru(64)(x[t]) applies it; a cell all of whose sizes have defaults may be applied by
 * layer_norm(x[t]). */
CallKind call_kind(Elab *x, const Ast *call)
{
  const Ast *callee = call->kid[0];
  Callee c;
  while (callee->kind == AST_REVERSE) callee = callee->kid[0];
  if (callee->kind == AST_INDEX) { /* sum[t](e), or gru(64)[t](e), which names the axis to run along */
    const Ast *along = callee->kid[0];
    if (along->kind == AST_CALL) return call_kind(x, along) == CALL_CELL ? CALL_APPLY : CALL_AXIS;
    return along->kind == AST_NAME && find_cell(x, along->name, &c) && !c.stack ? CALL_APPLY : CALL_AXIS;
  }
  if (callee->kind == AST_CALL) return call_kind(x, callee) == CALL_CELL ? CALL_APPLY : CALL_FUNCTION;
  if (callee->kind != AST_NAME || !find_cell(x, callee->name, &c)) return CALL_FUNCTION;
  if (c.stack) return CALL_CELL;
  if (!c.ast) return CALL_APPLY;
  if (call->nkid == 1) return CALL_CELL;
  if (formals_of(c.ast)->nkid == 0) return CALL_APPLY;
  return !all_have_defaults(c.ast) || is_static(x, call->kid[1]) ? CALL_CELL : CALL_APPLY;
}

bool is_cell_value(Elab *x, const Ast *e)
{
  Callee c;
  while (e->kind == AST_REVERSE) e = e->kid[0];
  if (e->kind == AST_NAME) {
    Entry *entry = x->frame ? NULL : body_entry(x->body, e->name);
    if (entry && entry->kind == ENTRY_VAR) return false;
    return find_cell(x, e->name, &c);
  }
  return e->kind == AST_CALL && call_kind(x, e) == CALL_CELL;
}

const char *signature(Arena *a, const Ast *definition)
{
  const char *text = arena_printf(a, "%s(", definition->name);
  const Ast *formals = formals_of(definition);
  for (int i = 0; i < formals->nkid; i++)
    text =
        arena_printf(a, "%s%s%s%s", text, i ? ", " : "", formals->kid[i]->name, formals->kid[i]->kid[0] ? " = .." : "");
  return arena_printf(a, "%s)", text);
}

/* ---- sizes bound to formals ---- */

static bool refuse_recursion(Elab *x, const Ast *ast, Span at)
{
  Sema *s = x->body->s;
  const char *chain = ast->name;
  for (const Body *b = x->body; b && b->cell; b = b->cell->made_in) {
    chain = arena_printf(s->arena, "%s -> %s", b->cell->name, chain);
    if (b->ast != ast) continue;
    diag(s->diag, E_RECURSION, at, "cell '%s' applies itself: %s", ast->name, chain);
    note_uses(x->body);
    return true;
  }
  return false;
}

/* A default may use the formals before it. */
static Value default_value(Elab *x, const Cell *c, int i)
{
  Sema *s = x->body->s;
  const Ast *formal = formals_of(c->ast)->kid[i];
  Node **arg = ARENA_ARRAY(s->arena, Node *, formals_of(c->ast)->nkid);
  for (int k = 0; k < i; k++) {
    if (c->formal[k].kind == VALUE_NUMBER) arg[k] = node_const(s->flat, c->formal[k].num, formal->span);
    if (c->formal[k].kind == VALUE_DIM) arg[k] = node_dim(s->flat, c->formal[k].dim, formal->span);
  }
  Frame frame = {.def = c->ast, .unit = c->unit, .arg = arg, .call = c->span};
  Elab inner = {.body = x->body, .frame = &frame};
  int before = diag_errors(s->diag);
  Value v = value_of(&inner, formal->kid[0], false);
  if (v.kind == VALUE_NONE && diag_errors(s->diag) == before)
    diag(s->diag, E_NOT_KNOWN, formal->kid[0]->span, "a default can use only the arguments before it");
  return v;
}

static int formal_index(const Ast *formals, const char *name)
{
  for (int i = 0; i < formals->nkid; i++)
    if (formals->kid[i]->name == name) return i;
  return -1;
}

static bool bind_argument(Elab *x, Cell *c, const Ast *arg, int position)
{
  Diag *d = x->body->s->diag;
  const Ast *formals = formals_of(c->ast), *value = arg;
  int i = position;
  if (arg->kind == AST_ARG) {
    value = arg->kid[0];
    i = formal_index(formals, arg->name);
    if (i < 0) {
      diag(d, E_ARGUMENT_NAME, arg->span, "%s has no argument '%s'", signature(x->body->s->arena, c->ast), arg->name);
      suggest_formal(d, arg, formals);
      return false;
    }
  } else if (i >= formals->nkid) {
    diag(d, E_ARGUMENTS, arg->span, "%s takes %d argument%s", signature(x->body->s->arena, c->ast), formals->nkid,
         formals->nkid == 1 ? "" : "s");
    diag_note(d, (Span){0}, "the sequence that a cell reads stands in a second pair of brackets: %s(...)(x[t])",
              c->name);
    return false;
  }
  if (c->formal[i].kind != VALUE_NONE) {
    diag(d, E_GIVEN_TWICE, arg->span, "'%s' is given twice", formals->kid[i]->name);
    return false;
  }
  if (value->kind == AST_INDEX) {
    diag(d, E_NOT_KNOWN, value->span, "%s stands for a size here, a value that changes with time is given",
         formals->kid[i]->name);
    diag_note(d, (Span){0}, "the sequence that a cell reads stands in a second pair of brackets: %s(...)(x[t])",
              c->name);
    return false;
  }
  c->formal[i] = value_of(x, value, false);
  return c->formal[i].kind != VALUE_NONE;
}

static Cell *bind_cell(Elab *x, const Ast *ast, Unit *unit, const Ast *call, Span span)
{
  Sema *s = x->body->s;
  if (refuse_recursion(x, ast, span)) return NULL;
  const Ast *formals = formals_of(ast);
  Cell *c = ARENA_NEW(s->arena, Cell);
  *c = (Cell){.name = ast->name, .ast = ast, .unit = unit, .made_in = x->body, .span = span};
  c->formal = ARENA_ARRAY(s->arena, Value, formals->nkid + 1);
  bool good = true;
  for (int i = 1; call && i < call->nkid; i++) good &= bind_argument(x, c, call->kid[i], i - 1);
  for (int i = 0; i < formals->nkid && good; i++) {
    if (c->formal[i].kind != VALUE_NONE) continue;
    if (formals->kid[i]->kid[0]) {
      c->formal[i] = default_value(x, c, i);
      good = c->formal[i].kind != VALUE_NONE;
      continue;
    }
    diag(s->diag, E_ARGUMENTS, span, "%s needs its argument '%s'", signature(s->arena, ast), formals->kid[i]->name);
    diag_note(s->diag, formals->kid[i]->span, "declared here");
    note_uses(x->body);
    good = false;
  }
  return good ? c : NULL;
}

static Cell *layer_cell(Elab *x, const Ast *arg)
{
  if (is_cell_value(x, arg)) return value_of(x, arg, false).cell;
  diag(x->body->s->diag, E_STACK, arg->span, "stack takes a cell, such as lstm(64)");
  return NULL;
}

/* stack(lstm(64), gru(32)) */
static Cell *stack_of_cells(Elab *x, const Ast *call, Span span)
{
  Sema *s = x->body->s;
  int n = call->nkid - 1;
  Cell *c = ARENA_NEW(s->arena, Cell), **each = ARENA_ARRAY(s->arena, Cell *, n);
  bool good = true;
  for (int i = 0; i < n; i++) good &= (each[i] = layer_cell(x, call->kid[i + 1])) != NULL;
  if (!good) return NULL;
  *c = (Cell){.name = each[0]->name, .inner = each[0], .each = each, .layers = n, .made_in = x->body, .span = span};
  return c;
}

/* stack(2, lstm(H)) */
static Cell *stack_cell(Elab *x, const Ast *call, Span span)
{
  Sema *s = x->body->s;
  if (call && call->nkid > 1 && is_cell_value(x, call->kid[1])) return stack_of_cells(x, call, span);
  if (!call || call->nkid != 3) {
    diag(s->diag, E_STACK, span,
         "stack takes a number of layers and a cell, or cells: stack(2, lstm(64)), stack(lstm(64), gru(32))");
    return NULL;
  }
  int layers;
  if (!whole_of(x, call->kid[1], "the number of layers", &layers)) return NULL;
  if (layers < 1 || layers > LAYER_LIMIT) {
    diag(s->diag, E_STACK, call->kid[1]->span, "a stack has 1 to %d layers, this is %d", LAYER_LIMIT, layers);
    return NULL;
  }
  Cell *layer = layer_cell(x, call->kid[2]);
  if (!layer) return NULL;
  Cell *c = ARENA_NEW(s->arena, Cell);
  *c = (Cell){.name = layer->name, .inner = layer, .layers = layers, .made_in = x->body, .span = span};
  return c;
}

Params *params_child(Sema *s, Params *parent, const Ast *site, int layer, const char *name)
{
  for (int i = 0; i < parent->children.n; i++)
    if (parent->children.at[i].site == site && parent->children.at[i].layer == layer)
      return parent->children.at[i].params;
  Params *p = ARENA_NEW(s->arena, Params);
  p->path = parent->path[0] ? arena_printf(s->arena, "%s.%s", parent->path, name) : name;
  vec_push(s->arena, &parent->children, ((struct ParamsChild){site, layer, intern(s->arena, name), p}));
  return p;
}

/* enc = gru(128): the cell with parameters of its own, which all its uses share */
static Cell *instance_cell(Elab *x, Entry *e)
{
  Sema *s = x->body->s;
  if (e->state == DONE) return e->value.cell;
  if (e->state == DOING) {
    diag(s->diag, E_SIZE_OF_ITSELF, e->span, "'%s' is defined by itself", e->name);
    return NULL;
  }
  e->state = DOING;
  Elab inner = {.body = x->body};
  Cell *c = cell_value(&inner, e->size);
  if (c) {
    Cell *own = ARENA_NEW(s->arena, Cell);
    *own = *c;
    if (!own->shared) own->shared = params_child(s, x->body->params, e->size, 0, e->name);
    e->value = (Value){.kind = VALUE_CELL, .cell = own, .span = e->span};
  }
  e->state = DONE;
  return e->value.cell;
}

Cell *cell_value(Elab *x, const Ast *e)
{
  Callee c;
  if (e->kind == AST_REVERSE) {
    Cell *straight = cell_value(x, e->kid[0]);
    if (!straight) return NULL;
    Cell *turned = ARENA_NEW(x->body->s->arena, Cell);
    *turned = *straight;
    turned->reversed = !turned->reversed;
    return turned;
  }
  const Ast *call = e->kind == AST_CALL ? e : NULL, *name = call ? call->kid[0] : e;
  if (call && name->kind == AST_REVERSE) return cell_value(x, name);
  if (name->kind != AST_NAME || !find_cell(x, name->name, &c)) {
    diag(x->body->s->diag, E_CELL_FORM, e->span, "a cell is needed here, such as lstm(64)");
    return NULL;
  }
  if (c.instance) return instance_cell(x, c.instance);
  if (c.cell) return c.cell;
  return c.stack ? stack_cell(x, call, e->span) : bind_cell(x, c.ast, c.unit, call, e->span);
}

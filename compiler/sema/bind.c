/* bind.c: which axes of the system a cell runs along where it is applied, seen from the text alone.
   Needs: the names of the body. Leaves alone: the application itself (use.c).

   An axis of a cell is the axis of the arguments of the inputs that have its index. An argument may have an axis more:
   then the cell is lifted, it holds at each place of that axis. A cell that looks to other places of its axis must be
   told which of two it is: gru(8)[s](a[t, s]). */
#include "scope.h"
#include <string.h>

#define LOOK_INSIDE 20 /* cells within cells */

/* ---- a cell's text ---- */

int cell_axes(const Ast *cell, const char *name[AXES])
{
  for (int i = 1; i < cell->nkid; i++) {
    const Ast *axis = cell->kid[i];
    if (axis->kind != AST_AXIS || !axis->nkid) continue;
    int n = axis->nkid < AXES ? axis->nkid : AXES;
    for (int k = 0; k < n; k++) name[k] = axis->kid[k]->name;
    return n;
  }
  name[0] = "t";
  return 1;
}

static int axis_in(const Ast *cell, const Ast *index)
{
  const char *name[AXES];
  int n = cell_axes(cell, name);
  for (int i = 0; i < n && index->kind == AST_NAME; i++)
    if (strcmp(name[i], index->name) == 0) return i;
  return -1;
}

/* sum[batch](e), mean[batch](e) */
static bool is_batch_reduction(const Ast *e)
{
  const Ast *callee = e->kind == AST_CALL ? e->kid[0] : NULL;
  bool one = callee && callee->kind == AST_INDEX && callee->nkid == 2 && callee->kid[1]->kind == AST_NAME;
  return one && strcmp(callee->kid[1]->name, "batch") == 0;
}

/* The first thing in a cell that needs time: a read at another time, a reduction over it. */
static const Ast *first_timely(const Ast *cell, const Ast *e)
{
  if (!e) return NULL;
  if (e->kind == AST_AXIS) return NULL;
  if (e->kind == AST_INDEX || e->kind == AST_INDICES) {
    for (int i = e->kind == AST_INDEX; i < e->nkid; i++)
      if (axis_in(cell, e->kid[i]) < 0) return e;
    return NULL;
  }
  bool over_batch = is_batch_reduction(e);
  if (e->kind == AST_CALL && e->kid[0]->kind == AST_INDEX && !over_batch) return e;
  if (e->kind == AST_NAME && axis_in(cell, e) >= 0) return e;
  for (int i = over_batch; i < e->nkid; i++) {
    const Ast *found = first_timely(cell, e->kid[i]);
    if (found) return found;
  }
  return NULL;
}

const Ast *needs_time(const Ast *cell) { return first_timely(cell, cell); }

static const Ast *declared(const Ast *cell, Role role, int i) /* the i-th of its inputs or outputs; NULL */
{
  for (int k = 1; k < cell->nkid; k++) {
    const Ast *st = cell->kid[k];
    for (int m = 0; st->kind == AST_DECLARE && st->role == role && m < st->nkid; m++)
      if (st->kid[m]->kind == AST_DECL && i-- == 0) return st->kid[m];
  }
  return NULL;
}

/* Does the cell look to other places of its axis, itself or by a cell that it applies or is given? */
static bool looks_around(Sema *s, Unit *unit, const Ast *cell, int depth);

static bool applies_looking(Sema *s, Unit *unit, const Ast *e, int depth)
{
  if (!e) return false;
  for (int i = 0; i < e->nkid; i++) {
    const Ast *kid = e->kid[i], *inner;
    Unit *u = kid && kid->kind == AST_NAME && e->kind == AST_CALL ? unit_of_cell(s, unit, kid->name, &inner) : NULL;
    if (u ? looks_around(s, u, inner, depth + 1) : applies_looking(s, unit, kid, depth)) return true;
  }
  return false;
}

static bool looks_around(Sema *s, Unit *unit, const Ast *cell, int depth)
{
  if (depth > LOOK_INSIDE) return true;
  if (needs_time(cell)) return true;
  for (int i = 1; i < cell->nkid; i++)
    if (cell->kid[i]->kind == AST_EQUATION && applies_looking(s, unit, cell->kid[i]->kid[1], depth)) return true;
  return false;
}

/* ---- the cell that is applied ---- */

const Ast *applied_cell(const Ast *call, const Ast **axis)
{
  const Ast *callee = call->kid[0];
  *axis = NULL;
  if (callee->kind != AST_INDEX) return callee;
  *axis = callee->nkid > 1 ? callee->kid[1] : callee;
  return callee->kid[0];
}

typedef struct Applied {
  const Ast *cell;
  Unit *unit;
  bool given_one; /* a cell among its arguments looks around */
} Applied;

static Applied of_cell(Elab *x, const Cell *c)
{
  Applied a = {0};
  const Cell *all = c;
  while (c && c->inner) c = c->inner;
  if (!c) return a;
  a = (Applied){.cell = c->ast, .unit = c->unit};
  for (int i = 1; all->each && i < all->layers; i++) {
    Applied other = of_cell(x, all->each[i]);
    a.given_one |= other.given_one || looks_around(x->body->s, other.unit, other.cell, 0);
  }
  for (int i = 0; i < c->ast->kid[0]->nkid; i++) {
    if (c->formal[i].kind != VALUE_CELL) continue;
    Applied inner = of_cell(x, c->formal[i].cell);
    a.given_one |= inner.given_one || !inner.cell || looks_around(x->body->s, inner.unit, inner.cell, 0);
  }
  return a;
}

/* What an expression stands for as a cell, by name alone; the layers where it is a stack. */
static Applied find_applied(Elab *x, const Ast *e)
{
  Applied a = {0};
  if (e->kind == AST_REVERSE || e->kind == AST_INDEX) return find_applied(x, e->kid[0]);
  if (e->kind == AST_CALL) {
    bool stack = e->nkid > 1 && e->kid[0]->kind == AST_NAME && strcmp(e->kid[0]->name, "stack") == 0;
    int first = !stack ? 0 : is_cell_value(x, e->kid[1]) || e->nkid < 3 ? 1 : 2;
    a = find_applied(x, e->kid[first]);
    for (int i = first + 1; i < e->nkid; i++) {
      const Ast *arg = e->kid[i]->kind == AST_ARG ? e->kid[i]->kid[0] : e->kid[i];
      if (!is_cell_value(x, arg)) continue;
      Applied inner = find_applied(x, arg);
      a.given_one |= inner.given_one || (inner.cell && looks_around(x->body->s, inner.unit, inner.cell, 0));
    }
    return a;
  }
  if (e->kind != AST_NAME) return a;
  Entry *entry = body_entry(x->body, e->name);
  if (entry && entry->kind == ENTRY_INSTANCE) return find_applied(x, entry->size);
  if (entry && entry->kind == ENTRY_VALUE) return entry->value.kind == VALUE_CELL ? of_cell(x, entry->value.cell) : a;
  a.unit = unit_of_cell(x->body->s, x->body->unit, e->name, &a.cell);
  return a;
}

/* ---- binding ---- */

static bool one_axis(int axes) { return axes == DOM_T || axes == DOM_S; }

static bool wrong(Elab *x, bool say, const Ast *call, const char *message)
{
  if (say) complain(x, E_CELL_AXES, call->span, NULL, "%s", message);
  return false;
}

static int named_axis(Elab *x, const Ast *call, bool say, bool *good)
{
  const Ast *axis;
  applied_cell(call, &axis);
  *good = true;
  if (!axis) return 0;
  int i = axis->kind == AST_NAME ? axis_named(x->body, axis->name) : -1;
  *good = i >= 0 && call->kid[0]->nkid == 2;
  if (!*good && say)
    complain(x, E_CELL_AXES, axis->span, NULL, "the axis that a cell runs along is named by its letter, such as [%s]",
             axis_name(x->body));
  return i >= 0 ? x->body->bind[i] : 0;
}

static const char *both_names(const Body *b)
{
  return b->axes == 2 ? arena_printf(b->s->arena, "%s and %s", b->axis[0], b->axis[1]) : axis_name(b);
}

static bool bind_one(Elab *x, const Ast *call, const Ast *cell, int along, int spread, bool say, Binding *out)
{
  const Body *b = x->body;
  int over = 0, beside = 0;
  bool any = false;
  for (int i = 0; declared(cell, ROLE_INPUT, i); i++) {
    bool indexed = declared(cell, ROLE_INPUT, i)->kid[0] != NULL;
    int axes = i + 1 < call->nkid ? axes_of(x, call->kid[i + 1]) : 0;
    any |= indexed;
    *(indexed ? &over : &beside) |= axes;
  }
  int own = b->bind[b->axes - 1] ? b->bind[b->axes - 1] : DOM_T;
  int run = along ? along : !any ? (one_axis(spread) ? spread : own) : over ? over : spread;
  Applied a = find_applied(x, call->kid[0]);
  if (run == DOM_AXES && (a.given_one || looks_around(b->s, a.unit ? a.unit : b->unit, cell, 0))) {
    out->bind[0] = DOM_T;
    return wrong(x, say, call,
                 arena_printf(b->s->arena,
                              "%s looks to other places of its axis, and here it could run along %s: name the axis "
                              "behind the cell, as in %s(..)[%s](..)",
                              cell->name, both_names(b), cell->name, b->axis[0]));
  }
  out->bind[0] = run == DOM_AXES ? DOM_T : run;
  if (any) out->lift |= (run | over | beside) & ~out->bind[0];
  return true;
}

static bool bind_two(Elab *x, const Ast *call, const Ast *cell, bool say, Binding *out)
{
  Body *b = x->body;
  int over[AXES] = {0};
  const char *name[AXES];
  cell_axes(cell, name);
  for (int i = 0; declared(cell, ROLE_INPUT, i); i++) {
    const Ast *indices = declared(cell, ROLE_INPUT, i)->kid[0];
    int axes = i + 1 < call->nkid ? axes_of(x, call->kid[i + 1]) : 0;
    if (indices && indices->nkid == 1 && axis_in(cell, indices->kid[0]) >= 0)
      over[axis_in(cell, indices->kid[0])] |= axes;
  }
  int named = 0;
  for (int i = 0; i < b->axes; i++) named |= b->bind[i];
  if (named != DOM_AXES)
    return wrong(x, say, call,
                 arena_printf(b->s->arena, "%s runs along two axes, and here %s: axis s, t", cell->name,
                              named ? "there is one" : "its values have none"));
  for (int i = 0; i < AXES; i++)
    if (over[i] == DOM_AXES)
      return wrong(x, say, call,
                   arena_printf(b->s->arena, "axis %s of %s would be both %s: its arguments vary over both", name[i],
                                cell->name, both_names(b)));
  if (over[0] && over[0] == over[1])
    return wrong(x, say, call,
                 arena_printf(b->s->arena, "both axes of %s would be %s: its arguments need an axis each", cell->name,
                              over[0] == b->bind[0] ? b->axis[0] : b->axis[1]));
  if (!over[0] && !over[1]) over[0] = DOM_S, over[1] = DOM_T;
  for (int i = 0; i < AXES; i++) out->bind[i] = over[i] ? over[i] : DOM_AXES & ~over[!i];
  return true;
}

bool bind_axes(Elab *x, const Ast *call, const Ast *cell, int spread, bool say, Binding *out)
{
  const char *name[AXES];
  bool good;
  *out = (Binding){.lift = x->body->lift};
  int along = named_axis(x, call, say, &good);
  if (!good) return false;
  if (cell_axes(cell, name) == 1) return bind_one(x, call, cell, along, spread & ~x->body->lift, say, out);
  return bind_two(x, call, cell, say, out);
}

int output_axes(const Ast *cell, const Binding *b)
{
  const Ast *out = declared(cell, ROLE_OUTPUT, 0), *indices = out ? out->kid[0] : NULL;
  int axes = b->lift;
  if (!out) return axes | b->bind[0];
  for (int i = 0; indices && i < indices->nkid; i++) {
    int k = axis_in(cell, indices->kid[i]);
    if (k >= 0) axes |= b->bind[k];
  }
  return axes;
}

/* ---- the axes of a text's value ---- */

static int indices_axes(const Body *b, const Ast *e)
{
  if (!e) return 0;
  int axis = e->kind == AST_NAME ? axis_named(b, e->name) : -1, axes = axis >= 0 ? b->bind[axis] : 0;
  for (int i = 0; i < e->nkid; i++) axes |= indices_axes(b, e->kid[i]);
  return axes;
}

static int applied_axes(Elab *x, const Ast *call)
{
  Applied a = find_applied(x, call->kid[0]);
  int axes = 0, spread = 0;
  for (int i = 1; i < call->nkid; i++) axes |= axes_of(x, call->kid[i]);
  if (!a.cell) return axes;
  if (!axes && needs_time(a.cell))
    spread = x->owner && one_axis(x->owner->axes & ~x->body->lift) ? x->owner->axes & ~x->body->lift
                                                                   : x->body->bind[x->body->axes - 1];
  Binding bound;
  if (!bind_axes(x, call, a.cell, spread, false, &bound)) return axes;
  return output_axes(a.cell, &bound) & ~x->body->lift;
}

int axes_of(Elab *x, const Ast *e)
{
  const Body *b = x->body;
  int axes = 0;
  if (!e) return 0;
  switch (e->kind) {
  case AST_NAME: {
    int i = axis_named(b, e->name);
    if (i >= 0) return b->bind[i];
    Found f = find_name(x, e->name);
    return f.formal && f.arg ? f.arg->axes & ~b->lift : 0;
  }
  case AST_INDEX:
    for (int i = 1; i < e->nkid; i++) axes |= indices_axes(b, e->kid[i]);
    return axes;
  case AST_CALL: {
    CallKind kind = call_kind(x, e);
    if (kind == CALL_AXIS) return e->nkid > 1 ? axes_of(x, e->kid[1]) & ~indices_axes(b, e->kid[0]) : 0;
    if (!x->frame && kind == CALL_APPLY) return applied_axes(x, e);
    for (int i = 1; i < e->nkid; i++) axes |= axes_of(x, e->kid[i]);
    return axes;
  }
  case AST_FIELD: return 0;
  default:
    for (int i = 0; i < e->nkid; i++) axes |= axes_of(x, e->kid[i]);
    return axes;
  }
}

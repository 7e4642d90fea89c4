/* index.c: places on the time axis: what stands between the brackets of v[t-1], v[T], v[0].
   Needs: the body's axis. Leaves alone: what is read there. */
#include "scope.h"
#include <math.h>
#include <string.h>

/* t * time + T * length + offset */
typedef struct Linear {
  int time, length;
  double offset;
} Linear;

static bool names_axis(const Ast *e, const char *axis)
{
  if (!e) return false;
  if (e->kind == AST_NAME) return e->name == axis;
  for (int i = 0; i < e->nkid; i++)
    if (names_axis(e->kid[i], axis)) return true;
  return false;
}

static void say_places(Elab *x, const Ast *e)
{
  const char *t = x->body->axis, *T = x->body->length;
  complain(x, e->span, NULL, "a place is %s, %s-k, %s+k, a number, %s or %s-k", t, t, t, T, T);
}

static bool linear(Elab *x, const Ast *e, Linear *l)
{
  *l = (Linear){0};
  if (e->kind == AST_NAME && e->name == x->body->axis) return l->time = 1, true;
  if (e->kind == AST_NAME && e->name == x->body->length) return l->length = 1, true;
  bool minus = e->kind == AST_BINARY && e->name[0] == '-';
  if (minus || (e->kind == AST_BINARY && e->name[0] == '+')) {
    Linear a, b;
    if (!linear(x, e->kid[0], &a) || !linear(x, e->kid[1], &b)) return false;
    int sign = minus ? -1 : 1;
    *l = (Linear){a.time + sign * b.time, a.length + sign * b.length, a.offset + sign * b.offset};
    return true;
  }
  if (names_axis(e, x->body->axis) || names_axis(e, x->body->length)) return say_places(x, e), false;
  int k;
  if (!whole_of(x, e, "a place on the time axis", &k)) return false;
  l->offset = k;
  return true;
}

bool place_of(Elab *x, const Ast *index, Place *p)
{
  Linear l;
  if (!linear(x, index, &l)) return false;
  if (fabs(l.offset) > 1e6) {
    complain(x, index->span, NULL, "this place is more than a million steps away");
    return false;
  }
  int k = (int)l.offset;
  if (l.time == 1 && l.length == 0) *p = (Place){READ_REL, k};
  else if (l.time == 0 && l.length == 0) *p = (Place){FROM_START, k};
  else if (l.time == 0 && l.length == 1) *p = (Place){FROM_END, k};
  else return say_places(x, index), false;
  return true;
}

/* v[1] <-> v[T], v[0] <-> v[T+1], v[t-k] <-> v[t+k] */
Place place_turned(const Body *b, Place p)
{
  if (!b->reversed) return p;
  switch (p.kind) {
  case READ_REL: return (Place){READ_REL, -p.k};
  case FROM_START: return (Place){FROM_END, 1 - p.k};
  case FROM_END: return (Place){FROM_START, 1 - p.k};
  default: return p;
  }
}

/* The first thing in a cell that needs time: a read at another time, a reduction over it. */
static const Ast *first_timely(const Ast *e, const char *axis)
{
  if (!e) return NULL;
  if (e->kind == AST_AXIS) return NULL;
  if (e->kind == AST_INDEX || e->kind == AST_INDICES) {
    for (int i = e->kind == AST_INDEX; i < e->nkid; i++)
      if (e->kid[i]->kind != AST_NAME || strcmp(e->kid[i]->name, axis) != 0) return e;
    return NULL;
  }
  if (e->kind == AST_CALL && e->kid[0]->kind == AST_INDEX) return e;
  if (e->kind == AST_NAME && strcmp(e->name, axis) == 0) return e;
  for (int i = 0; i < e->nkid; i++) {
    const Ast *found = first_timely(e->kid[i], axis);
    if (found) return found;
  }
  return NULL;
}

static const char *axis_of(const Ast *cell)
{
  for (int i = 0; i < cell->nkid; i++)
    if (cell->kid[i]->kind == AST_AXIS && cell->kid[i]->nkid) return cell->kid[i]->kid[0]->name;
  return "t";
}

const Ast *needs_time(const Ast *cell) { return first_timely(cell, axis_of(cell)); }

static bool output_is_timed(const Ast *cell)
{
  for (int i = 1; i < cell->nkid; i++) {
    const Ast *d = cell->kid[i];
    if (d->kind == AST_DECLARE && d->role == ROLE_OUTPUT && d->nkid && d->kid[0]->kind == AST_DECL)
      return d->kid[0]->kid[0];
  }
  return true;
}

/* The text of the cell that an expression stands for, by name alone; that of the layers where it is a stack. */
static const Ast *cell_text(Elab *x, const Ast *e)
{
  if (e->kind == AST_REVERSE) return cell_text(x, e->kid[0]);
  if (e->kind == AST_CALL) {
    bool stack = e->nkid == 3 && e->kid[0]->kind == AST_NAME && strcmp(e->kid[0]->name, "stack") == 0;
    return cell_text(x, e->kid[stack ? 2 : 0]);
  }
  if (e->kind != AST_NAME) return NULL;
  Entry *entry = body_entry(x->body, e->name);
  if (entry && entry->kind == ENTRY_INSTANCE) return cell_text(x, entry->size);
  if (entry && entry->kind == ENTRY_VALUE) {
    const Cell *c = entry->value.kind == VALUE_CELL ? entry->value.cell : NULL;
    while (c && c->inner) c = c->inner;
    return c ? c->ast : NULL;
  }
  const Ast *cell = NULL;
  unit_of_cell(x->body->s, x->body->unit, e->name, &cell);
  return cell;
}

bool has_time(Elab *x, const Ast *e)
{
  const char *t = x->body->axis;
  if (!e) return false;
  switch (e->kind) {
  case AST_NAME: {
    if (e->name == t) return true;
    Found f = find_name(x, e->name);
    if (f.formal) return f.arg && f.arg->timed;
    return false;
  }
  case AST_INDEX:
    for (int i = 1; i < e->nkid; i++)
      if (names_axis(e->kid[i], t)) return true;
    return false;
  case AST_CALL:
    if (e->kid[0]->kind == AST_INDEX)
      return names_axis(e->kid[0], t) ? false : has_time(x, e->nkid > 1 ? e->kid[1] : NULL);
    if (!x->frame && call_kind(x, e) == CALL_APPLY) {
      const Ast *cell = cell_text(x, e->kid[0]);
      if (cell && !output_is_timed(cell)) return false;
      if (cell && needs_time(cell)) return true;
    }
    for (int i = 1; i < e->nkid; i++)
      if (has_time(x, e->kid[i])) return true;
    return false;
  case AST_FIELD: return false;
  default:
    for (int i = 0; i < e->nkid; i++)
      if (has_time(x, e->kid[i])) return true;
    return false;
  }
}

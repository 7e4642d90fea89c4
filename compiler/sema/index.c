/* index.c: places on the axes: what stands between the brackets of v[t-1], v[T], v[0], a[t, s-1].
   Needs: the body's axes. Leaves alone: what is read there. */
#include "scope.h"
#include <math.h>
#include <string.h>

int axis_named(const Body *b, const char *name)
{
  for (int i = 0; i < b->axes; i++)
    if (b->axis[i] == name) return i;
  return -1;
}

int length_named(const Body *b, const char *name)
{
  for (int i = 0; i < b->axes; i++)
    if (b->length[i] == name) return i;
  return -1;
}

/* ---- indices ---- */

bool same_indices(Indices a, Indices b)
{
  if (a.n != b.n) return false;
  for (int i = 0; i < a.n; i++)
    if (a.axis[i] != b.axis[i]) return false;
  return true;
}

int axes_bound(const Body *b, Indices ix)
{
  int axes = 0;
  for (int i = 0; i < ix.n; i++) axes |= b->bind[ix.axis[i]];
  return axes;
}

const char *indices_text(const Body *b, Indices ix)
{
  Arena *a = b->s->arena;
  if (ix.n == 0) return "";
  if (ix.n == 1) return arena_printf(a, "[%s]", b->axis[ix.axis[0]]);
  return arena_printf(a, "[%s, %s]", b->axis[ix.axis[0]], b->axis[ix.axis[1]]);
}

Indices indices_seen(const Body *b, const FlatVar *v)
{
  Indices ix = {0};
  for (int turn = 0; turn < AXES; turn++) {
    int bit = axis_bit((Axis)((v->first + turn) % AXES));
    for (int i = 0; i < b->axes; i++)
      if (bit == b->bind[i] && v->axes & bit & ~b->lift) ix.axis[ix.n++] = i;
  }
  return ix;
}

bool indices_of(Elab *x, const Ast *const *index, int n, Indices *out)
{
  const Body *b = x->body;
  *out = (Indices){0};
  for (int i = 0; i < n; i++) {
    int axis = index[i]->kind == AST_NAME ? axis_named(b, index[i]->name) : -1;
    if (axis < 0) return false;
    if (i >= b->axes) {
      complain(x, E_INDICES, index[i]->span, NULL, "there %s here, so not more indices",
               b->axes == 1 ? "is one axis" : "are two axes");
      return false;
    }
    if (out->n && out->axis[0] == axis) {
      complain(x, E_INDICES, index[i]->span, NULL, "the index %s stands here twice", index[i]->name);
      return false;
    }
    out->axis[out->n++] = axis;
  }
  return true;
}

/* ---- places ---- */

/* t * time + T * length + .. + offset */
typedef struct Linear {
  int time[AXES], length[AXES];
  double offset;
} Linear;

static bool names_axes(const Body *b, const Ast *e)
{
  if (!e) return false;
  if (e->kind == AST_NAME) return axis_named(b, e->name) >= 0 || length_named(b, e->name) >= 0;
  for (int i = 0; i < e->nkid; i++)
    if (names_axes(b, e->kid[i])) return true;
  return false;
}

static void say_places(Elab *x, const Ast *e)
{
  const char *t = axis_name(x->body), *T = length_name(x->body);
  complain(x, E_PLACE, e->span, NULL, "a place is %s, %s-k, %s+k, a number, %s or %s-k", t, t, t, T, T);
}

static bool linear(Elab *x, const Ast *e, Linear *l)
{
  const Body *b = x->body;
  *l = (Linear){0};
  int axis = e->kind == AST_NAME ? axis_named(b, e->name) : -1;
  if (axis >= 0) return l->time[axis] = 1, true;
  axis = e->kind == AST_NAME ? length_named(b, e->name) : -1;
  if (axis >= 0) return l->length[axis] = 1, true;
  bool minus = e->kind == AST_BINARY && e->name[0] == '-';
  if (minus || (e->kind == AST_BINARY && e->name[0] == '+')) {
    Linear left, right;
    if (!linear(x, e->kid[0], &left) || !linear(x, e->kid[1], &right)) return false;
    int sign = minus ? -1 : 1;
    for (int i = 0; i < AXES; i++) {
      l->time[i] = left.time[i] + sign * right.time[i];
      l->length[i] = left.length[i] + sign * right.length[i];
    }
    l->offset = left.offset + sign * right.offset;
    return true;
  }
  if (names_axes(b, e)) return say_places(x, e), false;
  int k;
  if (!whole_of(x, e, "a place on the time axis", &k)) return false;
  l->offset = k;
  return true;
}

bool place_of(Elab *x, const Ast *index, Place *p, int *axis)
{
  Linear l;
  if (!linear(x, index, &l)) return false;
  if (fabs(l.offset) > 1e6) {
    complain(x, E_PLACE, index->span, NULL, "this place is more than a million steps away");
    return false;
  }
  *p = (Place){FROM_START, (int)l.offset};
  *axis = -1;
  for (int i = 0; i < AXES; i++) {
    if (l.time[i] == 0 && l.length[i] == 0) continue;
    if (*axis >= 0 || l.time[i] + l.length[i] != 1 || l.time[i] * l.length[i] != 0) return say_places(x, index), false;
    p->kind = l.time[i] ? READ_REL : FROM_END;
    *axis = i;
  }
  return true;
}

/* In the outermost orientation: v[1] <-> v[T], v[0] <-> v[T+1], v[t-k] <-> v[t+k] */
static Place turned(Place p)
{
  switch (p.kind) {
  case READ_REL: return (Place){READ_REL, -p.k};
  case FROM_START: return (Place){FROM_END, 1 - p.k};
  case FROM_END: return (Place){FROM_START, 1 - p.k};
  default: return p;
  }
}

/* Index k is about the axis of the variable's index k; a letter says it again. */
static bool right_axis(Elab *x, const Ast *index, int axis, const char *name, Indices ix, int k)
{
  const Body *b = x->body;
  if (axis < 0 || axis == ix.axis[k]) return true;
  if (ix.n > 1)
    complain(x, E_INDICES, index->span, NULL, "the indices of %s are %s, in this order", name, indices_text(b, ix));
  else
    complain(x, E_INDICES, index->span, NULL, "%s varies over %s, not over %s: its index is %s", name,
             b->axis[ix.axis[k]], b->axis[axis], b->axis[ix.axis[k]]);
  return false;
}

bool places_of(Elab *x, const Ast *e, const char *name, Indices ix, Place at[AXES])
{
  const Body *b = x->body;
  for (Axis a = 0; a < AXES; a++) at[a] = (Place){READ_PLAIN, 0};
  if (e->nkid - 1 != ix.n) {
    if (ix.n == 1)
      complain(x, E_INDICES, e->kid[2]->span, NULL, "%s has one index: %s%s", name, name, indices_text(b, ix));
    else complain(x, E_INDICES, e->span, NULL, "%s has two indices: %s%s", name, name, indices_text(b, ix));
    return false;
  }
  for (int k = 0; k < ix.n; k++) {
    Place p;
    int axis;
    if (!place_of(x, e->kid[k + 1], &p, &axis) || !right_axis(x, e->kid[k + 1], axis, name, ix, k)) return false;
    int bit = b->bind[ix.axis[k]];
    if (bit) at[bit == DOM_T ? AXIS_T : AXIS_S] = b->reversed & bit ? turned(p) : p;
  }
  return true;
}

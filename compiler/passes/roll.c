/* roll.c: a variable of a scan that only this scan reads, at the place that came before, needs one row a sequence and
   no buffer over the whole axis: the row is read, then written. So it is with most of what adjoints send back through a
   delay of 1. Needs: a plan whose scan has one axis. Leaves: what has a boundary, since the row starts as zero, and
   scans that run again, which start from a halo.

   Read before written: each read at the place before must stand in an item ahead of the one that writes, or in the same
   group of elementwise equations, at the same element and no later than the write. A product that reads it is left
   alone: code may write the rows behind a product while it still runs. */
#include "roll.h"
#include "name.h"
#include "schedule.h"
#include "walk.h"

typedef struct Spot { /* where in its scan a variable is computed */
  const Step *scan;
  int item, loop, at;
} Spot;

typedef struct Rolling {
  Plan *plan;
  Spot *spot; /* by variable id; scan NULL: in none */
  bool *no;   /* by variable id */
} Rolling;

static void find_spots(Rolling *r)
{
  for (int i = 0; i < r->plan->steps.n; i++) {
    const Step *scan = &r->plan->steps.at[i];
    if (scan->kind != STEP_SCAN || scan->axis != AXIS_T || (scan->phases & phase_bit(PHASE_AGAIN))) continue;
    for (int k = 0; k < scan->items.n; k++) {
      const Step *item = &scan->items.at[k];
      if (item->kind == STEP_PRODUCT) r->spot[item->var->id] = (Spot){scan, k, -1, -1};
      if (item->kind != STEP_ROWS) continue;
      for (int l = 0; l < item->group.loops.n; l++)
        for (int n = 0; n < item->group.loops.at[l].vars.n; n++)
          r->spot[item->group.loops.at[l].vars.at[n]->id] = (Spot){scan, k, l, n};
    }
  }
}

static bool is_before(const Spot *a, const Spot *b)
{
  return a->item != b->item ? a->item < b->item : a->loop != b->loop ? a->loop < b->loop : a->at <= b->at;
}

/* May `reader` read v there when v has but one row? */
static bool allows(const Rolling *r, const Var *reader, const Expr *parent, const Expr *read)
{
  const Var *v = read->var;
  const Spot *from = &r->spot[v->id], *at = &r->spot[reader->id];
  Place p = read_place(read, AXIS_T);
  if (!from->scan || at->scan != from->scan || p.kind != READ_REL) return false;
  if (p.k == 0) return true;
  if (p.k != -from->scan->direction || is_shared_product(reader) || !is_before(at, from)) return false;
  if (at->item != from->item) return true;
  bool by_element =
      is_elementwise(reader) && is_elementwise(v) && (!parent || op_is_ew(parent) || parent->op == OP_BCAST);
  return by_element && shape_same(reader->shape, v->shape);
}

static void look(Rolling *r, const Var *reader, const Expr *e, const Expr *parent)
{
  if (e->op == OP_READ && !allows(r, reader, parent, e)) r->no[e->var->id] = true;
  for (int i = 0; i < e->nin; i++) look(r, reader, e->in[i], e);
}

static bool can_roll(const Rolling *r, const Var *v)
{
  const VarPlan *a = plan_of(v);
  return v->rhs && !r->no[v->id] && r->spot[v->id].scan && a->store == STORE_BUFFER && a->buffer >= 0 && !a->in &&
         v->rhs->op != OP_CONCAT && !v->shape.token && !v->bound.n && (v->dom & DOM_AXES) == DOM_T;
}

void roll_buffers(Plan *p)
{
  Arena *a = p->system->arena;
  int vars = p->system->vars.n;
  Rolling r = {.plan = p, .spot = ARENA_ARRAY(a, Spot, vars + 1), .no = ARENA_ARRAY(a, bool, vars + 1)};
  if (p->system->axis[AXIS_S]) return;
  find_spots(&r);
  for (int i = 0; i < vars; i++) {
    const Var *v = p->system->vars.at[i];
    if (v->rhs) look(&r, v, v->rhs, NULL);
    for (int k = 0; k < v->bound.n; k++) r.no[v->bound.at[k].var->id] = true;
  }
  for (int i = 0; i < p->nkeep; i++) r.no[p->keep[i]->id] = true;
  for (int i = 0; i < vars; i++) {
    Var *v = p->system->vars.at[i];
    if (!can_roll(&r, v)) continue;
    Buffer *b = &p->buffers.at[plan_of(v)->buffer];
    *b = (Buffer){.batch = b->batch, .width = b->width, .rolls = true};
    plan_of(v)->store = STORE_BATCH;
  }
}

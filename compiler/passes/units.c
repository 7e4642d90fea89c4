/* units.c: which scans may be cut by components: those of elementwise loops alone, in which a component reads the same
   component of what the scan makes, and no other. So it is with mingru, sru, linear attention, state spaces, forward
   and backward. Needs: a plan, places included. Leaves: everything. */
#include "units.h"
#include "name.h"
#include "schedule.h"
#include "walk.h"

static bool made_beside(const Var *reader, const Expr *read)
{
  return read->op == OP_READ && read->var->rhs && plan_of(read->var)->scan == plan_of(reader)->scan;
}

/* Reads of what the scan makes stand where the reader's own component is read. */
static bool keeps_apart(const Var *reader, const Expr *e, bool own_component)
{
  if (made_beside(reader, e) && !own_component) return false;
  bool own = op_is_ew(e) || e->op == OP_BCAST;
  for (int i = 0; i < e->nin; i++)
    if (!keeps_apart(reader, e->in[i], own)) return false;
  return true;
}

/* A number is made again beside every unit: it must be nobody else's. */
static bool is_apart(const Var *v)
{
  if (!is_elementwise(v) || !keeps_apart(v, v->rhs, true)) return false;
  return v->shape.rank > 0 || plan_of(v)->store == STORE_NONE;
}

int scan_units(const Step *scan)
{
  int most = 0;
  if (scan->kind != STEP_SCAN || scan->whole || scan->dom != (axis_bit(scan->axis) | DOM_B)) return 0;
  for (int i = 0; i < scan->items.n; i++) {
    const Step *item = &scan->items.at[i];
    if (item->kind != STEP_ROWS || item->dom != scan->dom) return 0;
    for (int k = 0; k < item->group.loops.n; k++) {
      const Loop *l = &item->group.loops.at[k];
      for (int n = 0; n < l->vars.n; n++)
        if (!is_apart(l->vars.at[n])) return 0;
      if (units_of(l) > most) most = units_of(l);
    }
  }
  return most;
}

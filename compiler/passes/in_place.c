/* in_place.c: c[t] = f[t] * c[t-1] + .. overwrites c[t-1] component by component: no copy from one step to the next,
   and half the state, which counts where it is a matrix. Needs: a plan for one row, with buffers. Leaves: all but the
   buffers of such variables. */
#include "in_place.h"
#include "schedule.h"
#include "walk.h"

typedef struct State {
  const Var *v;
  bool fits;
} State;

static int order_in_loop(const Loop *l, const Var *v)
{
  for (int i = 0; i < l->vars.n; i++)
    if (l->vars.at[i] == v) return i;
  return -1;
}

/* r's loop runs before v's; or it is the same, r stands before v in it or is v, and both are at the same component. */
static bool runs_before(const Plan *p, const Var *r, const Var *v, bool by_component)
{
  const VarPlan *a = plan_of(r), *b = plan_of(v);
  if (a->group != b->group || a->loop < 0) return false;
  if (a->loop < b->loop) return true;
  if (a->loop > b->loop || !by_component || !is_elementwise(r)) return false;
  const Loop *l = plan_loop(p, b);
  return l && order_in_loop(l, r) <= order_in_loop(l, v);
}

static void look_at_reads(const Plan *p, State *s, const Var *r, const Expr *e, const Expr *parent)
{
  if (e->op == OP_READ && e->var == s->v && !read_is_now(e)) {
    Place at = read_place(e, AXIS_T);
    bool by_component = !parent || op_is_ew(parent);
    s->fits &= at.kind == READ_REL && at.k == -1 && runs_before(p, r, s->v, by_component);
  }
  for (int i = 0; i < e->nin; i++) look_at_reads(p, s, r, e->in[i], e);
}

static bool one_place_will_do(const Plan *p, const Var *v)
{
  const VarPlan *a = plan_of(v);
  if (v->kind != VAR_COMPUTED || !v->rhs || !is_elementwise(v) || v->shape.rank == 0 || a->in || a->buffer < 0)
    return false;
  const Buffer *b = &p->buffers.at[a->buffer];
  if (a->store != STORE_BUFFER || !b->axis[AXIS_T] || b->lo[AXIS_T] != 1 || b->hi[AXIS_T]) return false;
  for (int i = 0; i < v->bound.n; i++)
    if (v->bound.at[i].axis != AXIS_T || v->bound.at[i].kind != FROM_START || v->bound.at[i].offset) return false;
  State s = {v, true};
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *r = p->system->vars.at[i];
    if (plan_of(r)->in == v) return false;
    if (r->rhs) look_at_reads(p, &s, r, r->rhs, NULL);
  }
  return s.fits;
}

void keep_in_place(Plan *p)
{
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *v = p->system->vars.at[i];
    if (!one_place_will_do(p, v)) continue;
    Buffer *b = &p->buffers.at[plan_of(v)->buffer];
    b->axis[AXIS_T] = false;
    b->lo[AXIS_T] = 0;
  }
}

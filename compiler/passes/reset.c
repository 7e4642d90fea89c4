/* reset.c: reads of state from other steps, where it starts anew at marked places.
   Needs: right sides and boundaries set. Leaves: reads at the same t, at absolute places, over all t.

     h[t-1]   ->   where(when[t], h[0], h[t-1])
     h[t-k]   ->   where(since[t] < k, h[1-k + since[t]], h[t-k]),   since[t] = where(when[t], 0, since[t-1] + 1) */
#include "reset.h"
#include "walk.h"

enum { LONG_AGO = 1 << 24 }; /* a float counts no further */

typedef struct Resets {
  Reset *by_id;
  int n;
  bool *hit;
} Resets;

/* the axis along which v's state goes on: the first, where it has both */
static Axis axis_of(const Var *v) { return first_axis(v->dom); }

static Var *since_of(System *s, Reset *r, Resets *all)
{
  for (int i = 0; i < all->n && !r->since; i++)
    if (all->by_id[i].when == r->when && all->by_id[i].turned == r->turned) r->since = all->by_id[i].since;
  if (r->since) return r->since;
  const char *name = arena_printf(s->arena, "%s.since", r->when->name);
  Var *v = r->since = system_var(s, VAR_COMPUTED, name, shape_scalar(), r->when->dom, r->when->span);
  Var *start =
      system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.start", name), shape_scalar(), DOM_MODEL, r->when->span);
  start->rhs = ex_const(s, LONG_AGO);
  Expr *one_more = ex2(s, OP_ADD, ex_read_along(s, v, axis_of(v), READ_REL, r->turned ? 1 : -1), ex_const(s, 1));
  v->rhs = ex3(s, OP_WHERE, ex_var(s, r->when), ex_const(s, 0), one_more);
  vec_push(
      s->arena, &v->bound,
      ((Boundary){
          .axis = axis_of(v), .kind = r->turned ? FROM_END : FROM_START, .offset = r->turned ? 1 : 0, .var = start}));
  return v;
}

/* What stands k steps before (behind) a place whose sequence started `since` steps before it. */
static Expr *outside(System *s, const Var *v, bool turned, Expr *since, int k)
{
  Expr *value = ex_broadcast(s, ex_const(s, 0), v->shape);
  for (int i = 0; i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    int ago = turned ? k - b->offset : b->offset + k - 1;
    if (b->axis != axis_of(v) || b->kind != (turned ? FROM_END : FROM_START) || ago < 0 || ago >= k) continue;
    Expr *at = ex_var(s, b->var);
    value = k == 1 ? at : ex3(s, OP_WHERE, ex2(s, OP_EQ, since, ex_const(s, ago)), at, value);
  }
  return value;
}

static Expr *reset_read(System *s, Expr *e, void *arg)
{
  Resets *all = arg;
  if (e->op != OP_READ || e->var->id >= all->n) return e;
  Place p = read_place(e, axis_of(e->var));
  if (p.kind != READ_REL) return e;
  Reset *r = &all->by_id[e->var->id];
  int k = r->turned ? p.k : -p.k;
  if (!r->when || k < 1) return e;
  all->hit[r->when->id] = true;
  if (k == 1) return ex3(s, OP_WHERE, ex_var(s, r->when), outside(s, e->var, r->turned, NULL, 1), e);
  Expr *since = ex_var(s, since_of(s, r, all));
  return ex3(s, OP_WHERE, ex2(s, OP_LT, since, ex_const(s, k)), outside(s, e->var, r->turned, since, k), e);
}

void reset_reads(System *s, Reset *by_id, int n, bool *hit)
{
  Resets all = {by_id, n, hit};
  Memo memo = {0};
  for (int i = 0; i < n; i++)
    if (s->vars.at[i]->rhs) s->vars.at[i]->rhs = walk_rewrite(s, &memo, s->vars.at[i]->rhs, reset_read, &all);
}

/* absorb.c: a product that one loop alone reads is computed by that loop, as many rows at a time as it has lanes, so
   that W @ x[t] and U @ h[t-1] are one pass over both and no row of them reaches memory.
   Needs: a schedule for one row, where all of a product's rows but one loop's share have the same t. Leaves: equations
   as they are; all other steps in their order. */
#include "absorb.h"
#include "schedule.h"
#include "walk.h"

/* Which loop reads the product, and which rows of it. */
typedef struct Use {
  const Var *product, *reader; /* reader: one of the loop's */
  Vec(const Expr *) parts;     /* different places in it */
  bool fits;
} Use;

static bool overlap(const Expr *a, const Expr *b)
{
  if (a->op != OP_SLICE || b->op != OP_SLICE) return true;
  return a->attr[0] < b->attr[0] + b->attr[1] && b->attr[0] < a->attr[0] + a->attr[1];
}

/* `part`: the product or rows of it, read by r's loop element by element. */
static void note_part(System *s, Use *u, const Var *r, const Expr *part)
{
  const VarPlan *mine = plan_of(r), *first = u->reader ? plan_of(u->reader) : mine;
  u->fits &= is_elementwise(r) && r->shape.rank == 1 && part->shape.rank == 1 && mine->group == first->group &&
             mine->loop == first->loop && mine->loop >= 0;
  u->reader = r;
  for (int i = 0; i < u->parts.n; i++) {
    if (u->parts.at[i] == part) return;
    u->fits &= !overlap(u->parts.at[i], part);
  }
  vec_push(s->arena, &u->parts, part);
}

static void find_uses(System *s, Use *u, const Var *r, const Expr *e, const Expr *parent)
{
  const Expr *read = e->op == OP_SLICE ? e->in[0] : e;
  if (read->op == OP_READ && read->var == u->product) {
    u->fits &= read_is_now(read) && (!parent || op_is_ew(parent));
    note_part(s, u, r, e);
    return;
  }
  for (int i = 0; i < e->nin; i++) find_uses(s, u, r, e->in[i], e);
}

/* Its value is wanted in memory by others than equations. */
static bool is_held(const Plan *p, const Var *v)
{
  if (v->bound.n) return true;
  for (int i = 0; i < p->nkeep; i++)
    if (p->keep[i] == v) return true;
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *u = p->system->vars.at[i];
    for (int k = 0; k < u->bound.n; k++)
      if (u->bound.at[k].var == v) return true;
  }
  return false;
}

static bool absorb(Plan *p, Var *v)
{
  if (v->rhs->attr[0] || is_held(p, v)) return false;
  Use u = {.product = v, .fits = true};
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *r = p->system->vars.at[i];
    if (r->rhs) find_uses(p->system, &u, r, r->rhs, NULL);
  }
  if (!u.fits || !u.reader) return false;
  const VarPlan *place = plan_of(u.reader);
  Loop *loop = plan_loop(p, place);
  VarPlan *mine = plan_of(v);
  *mine =
      (VarPlan){.buffer = -1, .group = place->group, .loop = place->loop, .scan = place->scan, .fixed = place->fixed};
  mine->placed = mine->absorbed = true;
  vec_push(p->system->arena, &loop->products, v);
  return true;
}

/* Takes the products out of a list of steps. */
static int absorb_steps(Plan *p, Step *at, int n)
{
  int left = 0;
  for (int i = 0; i < n; i++) {
    if (at[i].kind == STEP_SCAN) at[i].items.n = absorb_steps(p, at[i].items.at, at[i].items.n);
    if (at[i].kind == STEP_PRODUCT && absorb(p, at[i].var)) continue;
    at[left++] = at[i];
  }
  return left;
}

void absorb_products(Plan *p) { p->steps.n = absorb_steps(p, p->steps.at, p->steps.n); }

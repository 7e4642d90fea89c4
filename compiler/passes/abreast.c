/* abreast.c: which scans may run at the same time: the directions of a bidirectional layer, their adjoints.
   Needs: a plan, places included. Leaves: everything.

   Compared are columns of buffers, not variables, so that variables which share memory are seen to. */
#include "abreast.h"
#include "walk.h"

typedef struct Columns { /* columns [from, to) of a buffer */
  int buffer, from, to;
} Columns;

typedef struct Touched {
  System *s;
  Vec(Columns) written, read;
} Touched;

static bool columns_of(const Var *v, Columns *c)
{
  int col = 0;
  int64_t width = v->shape.token ? 1 : shape_count(v->shape);
  for (; plan_of(v)->in; v = plan_of(v)->in) col += plan_of(v)->col;
  const VarPlan *p = plan_of(v);
  if (p->store != STORE_BUFFER && p->store != STORE_BATCH) return false;
  *c = (Columns){p->buffer, p->col + col, p->col + col + (int)width};
  return true;
}

static void reads(Touched *t, const Var *v)
{
  Columns c;
  if (columns_of(v, &c)) vec_push(t->s->arena, &t->read, c);
}

static void writes(Touched *t, const Var *v)
{
  Columns c;
  if (columns_of(v, &c)) vec_push(t->s->arena, &t->written, c);
  if (!v->rhs) return;
  ExprList nodes = walk_nodes(t->s, v->rhs);
  for (int i = 0; i < nodes.n; i++)
    if (nodes.at[i]->op == OP_READ) reads(t, nodes.at[i]->var);
}

static void touches(Touched *t, const Step *step)
{
  for (int i = 0; i < step->items.n; i++) touches(t, &step->items.at[i]);
  for (int i = 0; i < step->group.loops.n; i++)
    for (int k = 0; k < step->group.loops.at[i].vars.n; k++) writes(t, step->group.loops.at[i].vars.at[k]);
  if (step->var) writes(t, step->var);
  if (step->kind != STEP_FILL) return;
  reads(t, step->bound->var);
  if (step->bound->carried) reads(t, step->bound->carried);
}

static bool apart(const Columns *a, int na, const Columns *b, int nb)
{
  for (int i = 0; i < na; i++)
    for (int k = 0; k < nb; k++)
      if (a[i].buffer == b[k].buffer && a[i].from < b[k].to && b[k].from < a[i].to) return false;
  return true;
}

static bool independent(const Touched *a, const Touched *b)
{
  return apart(a->written.at, a->written.n, b->written.at, b->written.n) &&
         apart(a->written.at, a->written.n, b->read.at, b->read.n) &&
         apart(a->read.at, a->read.n, b->written.at, b->written.n);
}

int scans_abreast(const Plan *p, int first)
{
  enum { MOST = 8 };
  Touched t[MOST];
  int n = 0;
  for (; n < MOST && first + n < p->steps.n; n++) {
    const Step *step = &p->steps.at[first + n];
    if (step->kind != STEP_SCAN || step->whole || !(step->dom & DOM_B)) break;
    t[n] = (Touched){.s = p->system};
    touches(&t[n], step);
    for (int k = 0; k < n; k++)
      if (!independent(&t[k], &t[n])) return n;
  }
  return n;
}

/* abreast.c: which scans may run at the same time: the directions of a bidirectional layer, their adjoints.
   Needs: a plan, places included. Leaves: everything.

   Compared are columns of buffers, not variables, so that variables which share memory are seen to. */
#include "abreast.h"

typedef struct Touched {
  Vec(Columns) written, read;
} Touched;

bool plan_columns(const Var *v, Columns *c)
{
  int col;
  int64_t width = v->shape.token ? 1 : shape_count(v->shape);
  const VarPlan *p = plan_of(plan_root_at(v, &col));
  if (p->store != STORE_BUFFER && p->store != STORE_BATCH) return false;
  *c = (Columns){p->buffer, p->col + col, p->col + col + (int)width};
  return true;
}

static Touched touched(const Plan *p, const Uses *use)
{
  Touched t = {{0}, {0}};
  Columns c;
  for (int i = 0; i < use->made.n; i++)
    if (plan_columns(use->made.at[i], &c)) vec_push(p->system->arena, &t.written, c);
  for (int i = 0; i < use->read.n; i++)
    if (plan_columns(use->read.at[i].var, &c)) vec_push(p->system->arena, &t.read, c);
  return t;
}

static bool apart(const Columns *a, int na, const Columns *b, int nb)
{
  for (int i = 0; i < na; i++)
    for (int k = 0; k < nb; k++)
      if (columns_meet(a[i], b[k])) return false;
  return true;
}

static bool independent(const Touched *a, const Touched *b)
{
  return apart(a->written.at, a->written.n, b->written.at, b->written.n) &&
         apart(a->written.at, a->written.n, b->read.at, b->read.n) &&
         apart(a->read.at, a->read.n, b->written.at, b->written.n);
}

int scans_abreast(const Plan *p, const Uses *use, int first)
{
  enum { MOST = 8 };
  Touched t[MOST];
  int n = 0, whole = 0;
  for (; n < MOST && first + n < p->steps.n; n++) {
    const Step *step = &p->steps.at[first + n];
    if (step->kind != STEP_SCAN || step->whole || !(step->dom & DOM_B)) break;
    whole += step->units == 0;
    t[n] = touched(p, &use[first + n]);
    for (int k = 0; k < n; k++)
      if (!independent(&t[k], &t[n])) return whole ? n : 0;
  }
  return whole ? n : 0;
}

/* wave.c: scans of stacked layers, with the products and rows between them: a wave. Its stages, each a scan and what
   stands before it, may run at the same time, chunk after chunk of places, as long as a stage is a chunk behind the one
   before. Needs: a plan of one axis, places included. Leaves: order and places.

   Of two steps of a wave, i before j: j reads what i made at its own place or one that i has passed. Where j writes
   over what i reads or writes (share.c), both do so at their own place alone. So it does not matter how far i is ahead,
   and values are the same as if i had run as a whole before j. */
#include "wave.h"
#include "abreast.h"

static bool fits(const Step *s, const Step *scan)
{
  if (s->phases != scan->phases) return false;
  switch (s->kind) {
  case STEP_ROWS: return s->dom & DOM_T;
  case STEP_PRODUCT: return s->dom == (DOM_T | DOM_B) && !s->library;
  case STEP_SCAN: /* one that can be cut by components is better shared that way */
    return s->dom == (DOM_T | DOM_B) && !s->whole && s->units <= 1 && s->direction == scan->direction;
  case STEP_FILL:
  case STEP_SUM: return false;
  }
  return false;
}

static bool meet(const Plan *p, const Var *a, const Var *b, bool *over_t)
{
  Columns x, y;
  if (!plan_columns(a, &x) || !plan_columns(b, &y) || !columns_meet(x, y)) return false;
  *over_t = p->buffers.at[x.buffer].axis[AXIS_T];
  return true;
}

static bool may_follow(const Plan *p, const Uses *i, const Uses *j, int direction)
{
  bool over_t;
  for (int n = 0; n < i->made.n; n++) {
    for (int k = 0; k < j->read.n; k++) {
      Access a = j->read.at[k];
      bool passed = a.at.kind == READ_REL && a.at.k * direction <= 0;
      if (meet(p, i->made.at[n], a.var, &over_t) && !(passed && over_t)) return false;
    }
    for (int k = 0; k < j->made.n; k++)
      if (meet(p, i->made.at[n], j->made.at[k], &over_t) && !over_t) return false;
  }
  for (int n = 0; n < i->read.n; n++) {
    Access a = i->read.at[n];
    bool own = a.at.kind == READ_REL && a.at.k == 0;
    for (int k = 0; k < j->made.n; k++)
      if (meet(p, a.var, j->made.at[k], &over_t) && !(own && over_t)) return false;
  }
  return true;
}

/* The scan that the step stands before, with at most a product and rows between: the first stage. Behind more of them
   it would keep the others waiting. */
static const Step *first_scan(const Plan *p, int from)
{
  int i = from;
  if (p->steps.at[i].kind == STEP_PRODUCT) i++;
  while (i < p->steps.n && p->steps.at[i].kind == STEP_ROWS) i++;
  return i < p->steps.n && p->steps.at[i].kind == STEP_SCAN && fits(&p->steps.at[i], &p->steps.at[i]) ? &p->steps.at[i]
                                                                                                      : NULL;
}

/* how many steps, the last of which is a scan; 0: no wave begins here */
static int wave_at(const Plan *p, const Uses *use, int from)
{
  const Step *scan = first_scan(p, from);
  int scans = 0, length = 0;
  for (int j = from; scan && j < p->steps.n && scans < WAVE_STAGES && fits(&p->steps.at[j], scan); j++) {
    for (int i = from; i < j; i++)
      if (!may_follow(p, &use[i], &use[j], scan->direction)) return scans > 1 ? length : 0;
    if (p->steps.at[j].kind != STEP_SCAN) continue;
    scans++;
    length = j - from + 1;
  }
  return scans > 1 ? length : 0;
}

void find_waves(Plan *p)
{
  if (p->system->axis[AXIS_S] || p->phases || p->one_row) return;
  const Uses *use = plan_uses(p);
  for (int i = 0, n; i < p->steps.n; i += n) {
    int abreast = scans_abreast(p, use, i);
    n = abreast > 1 ? abreast : 1;
    if (abreast > 1) continue;
    int length = wave_at(p, use, i);
    p->steps.at[i].wave = length;
    for (int k = 0; k < length; k++) p->steps.at[i + k].staged = true;
    if (length) n = length;
  }
}

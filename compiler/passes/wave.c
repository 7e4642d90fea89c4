/* wave.c: scans of stacked layers, with the products and rows between them: a wave. Its stages, each a scan and what
   stands before it, may run at the same time, chunk after chunk of places, as long as a stage is a chunk behind the one
   before. Needs: a plan of one axis, places included. Leaves: places, and the order but for gradients that stand
   between the layers: they wait until the wave has passed, where what they add up is still there then.

   Of two steps of a wave, i before j: j reads what i made at its own place or one that i has passed. Where j writes
   over what i reads or writes (share.c), both do so at their own place alone. So it does not matter how far i is ahead,
   and values are the same as if i had run as a whole before j. */
#include "wave.h"
#include "abreast.h"
#include <string.h>

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

static bool is_gradient(const Step *s) { return s->kind == STEP_SUM && plan_of(s->var)->store == STORE_GRAD; }

/* Is what i reads still there behind j? */
static bool may_wait(const Plan *p, const Uses *i, const Uses *j)
{
  bool over_t;
  for (int n = 0; n < i->read.n; n++)
    for (int k = 0; k < j->made.n; k++)
      if (meet(p, i->read.at[n].var, j->made.at[k], &over_t)) return false;
  return true;
}

static bool may_join(const Plan *p, const Uses *use, int from, int j, const Step *scan)
{
  if (is_gradient(&p->steps.at[j])) return true;
  if (!fits(&p->steps.at[j], scan)) return false;
  for (int i = from; i < j; i++)
    if (is_gradient(&p->steps.at[i]) ? !may_wait(p, &use[i], &use[j])
                                     : !may_follow(p, &use[i], &use[j], scan->direction))
      return false;
  return true;
}

/* how many steps, gradients included, the last of which is a scan; 0: no wave begins here */
static int wave_at(const Plan *p, const Uses *use, int from)
{
  const Step *scan = first_scan(p, from);
  int scans = 0, length = 0;
  for (int j = from; scan && j < p->steps.n && scans < WAVE_STAGES && may_join(p, use, from, j, scan); j++) {
    if (p->steps.at[j].kind != STEP_SCAN) continue;
    scans++;
    length = j - from + 1;
  }
  return scans > 1 ? length : 0;
}

/* of `length` steps gradients become the last; how many others there are */
static int put_off_gradients(Plan *p, int from, int length)
{
  Step *at = &p->steps.at[from], *old = ARENA_ARRAY(p->system->arena, Step, length);
  int n = 0;
  memcpy(old, at, sizeof *old * (size_t)length);
  for (int i = 0; i < length; i++)
    if (!is_gradient(&old[i])) at[n++] = old[i];
  for (int i = 0, k = n; i < length; i++)
    if (is_gradient(&old[i])) at[k++] = old[i];
  return n;
}

void find_waves(Plan *p)
{
  if (p->system->axis[AXIS_S] || p->phases || p->one_row) return;
  const Uses *use = plan_uses(p);
  for (int i = 0, n; i < p->steps.n; i += n) {
    int abreast = scans_abreast(p, use, i);
    n = abreast > 1 ? abreast : 1;
    if (abreast > 1) continue;
    int length = wave_at(p, use, i), staged = length ? put_off_gradients(p, i, length) : 0;
    p->steps.at[i].wave = staged;
    for (int k = 0; k < staged; k++) p->steps.at[i + k].staged = true;
    if (length) n = length;
  }
}

/* share.c: variables whose lives do not overlap get one buffer. A life goes from the first step that writes a variable
   to the last that reads it. Needs: a plan that runs as a whole, in its order. Leaves: what results are read from,
   and all that has places beside 1..T, since these must be zero when the program starts. A shared buffer has rows of
   one size, so that padding stays where it is, and zero; a narrower variable leaves columns of it alone. */
#include "share.h"
#include <string.h>

typedef struct Life {
  int from, to; /* steps */
} Life;

typedef struct Sharing {
  Plan *plan;
  Life *life;     /* by variable id, of roots */
  bool *kept;     /* by variable id, of roots */
  int *owner_end; /* by buffer: the last step that needs what is in it */
  int *to;        /* by buffer: whose memory it is */
} Sharing;

static bool is_free(const Sharing *s, const Var *v)
{
  const VarPlan *a = plan_of(v);
  if (!v->rhs || a->in || a->store != STORE_BUFFER || a->buffer < 0 || s->kept[v->id] || v->bound.n) return false;
  const Buffer *b = &s->plan->buffers.at[a->buffer];
  for (Axis x = 0; x < AXES; x++)
    if (b->lo[x] || b->hi[x]) return false;
  /* a step of the forward pass may run again when others have come after it: what holds a window is made again then */
  return (v->dom & DOM_AXES) && b->window == s->plan->windows;
}

static void find_lives(Sharing *s)
{
  Plan *p = s->plan;
  Uses *use = plan_uses(p);
  for (int i = 0; i < p->system->vars.n; i++) s->life[i].from = p->steps.n;
  for (int i = 0; i < p->steps.n; i++) {
    for (int k = 0; k < use[i].made.n; k++) {
      Life *l = &s->life[plan_root(use[i].made.at[k])->id];
      if (i < l->from) l->from = i;
      l->to = i;
    }
    for (int k = 0; k < use[i].read.n; k++) s->life[plan_root(use[i].read.at[k].var)->id].to = i;
  }
}

static bool same_rows(const Buffer *a, const Buffer *b)
{
  return a->axis[AXIS_T] == b->axis[AXIS_T] && a->axis[AXIS_S] == b->axis[AXIS_S] && a->batch == b->batch &&
         a->is_int == b->is_int && a->window == b->window;
}

/* A buffer whose value nobody needs any more when v is written; -1: none. Its rows are as wide as v's, or of concats
   that overlap as wide as one of them: these are then widened. */
static int vacant(const Sharing *s, const Var *v)
{
  const Plan *p = s->plan;
  const Buffer *own = &p->buffers.at[plan_of(v)->buffer];
  int widths[] = {own->width, plan_of(v)->width ? (int)shape_count(v->shape) : own->width};
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < p->buffers.n; i++)
      if (s->owner_end[i] >= 0 && s->owner_end[i] < s->life[v->id].from && same_rows(&p->buffers.at[i], own) &&
          p->buffers.at[i].width == widths[k])
        return i;
  return -1;
}

static void move_in(Sharing *s, Var *v)
{
  int own = plan_of(v)->buffer, other = vacant(s, v);
  if (other < 0) other = own;
  for (int i = 0; other != own && i < s->plan->system->vars.n; i++) {
    Var *u = s->plan->system->vars.at[i];
    VarPlan *root = plan_of(plan_root(u));
    if (root->store == STORE_BUFFER && root->buffer >= 0 && s->to[root->buffer] == other) plan_of(u)->lost = true;
  }
  s->plan->buffers.at[other].width = s->plan->buffers.at[own].width;
  s->to[own] = other;
  s->owner_end[other] = s->life[v->id].to;
}

/* Numbers the buffers that are left anew. */
static void close_gaps(Sharing *s)
{
  Plan *p = s->plan;
  int *number = ARENA_ARRAY(p->system->arena, int, p->buffers.n + 1), n = 0;
  for (int i = 0; i < p->buffers.n; i++) {
    if (s->to[i] != i) continue;
    number[i] = n;
    p->buffers.at[n++] = p->buffers.at[i];
  }
  for (int i = 0; i < p->system->vars.n; i++) {
    VarPlan *a = plan_of(p->system->vars.at[i]);
    if (a->buffer >= 0) a->buffer = number[s->to[a->buffer]];
  }
  p->buffers.n = n;
}

void share_buffers(Plan *p)
{
  Arena *a = p->system->arena;
  int vars = p->system->vars.n;
  Sharing s = {.plan = p,
               .life = ARENA_ARRAY(a, Life, vars + 1),
               .kept = ARENA_ARRAY(a, bool, vars + 1),
               .owner_end = ARENA_ARRAY(a, int, p->buffers.n + 1),
               .to = ARENA_ARRAY(a, int, p->buffers.n + 1)};
  for (int i = 0; i < p->nkeep; i++) s.kept[plan_root(p->keep[i])->id] = true;
  for (int i = 0; i < p->buffers.n; i++) s.owner_end[i] = -1, s.to[i] = i;
  find_lives(&s);
  for (int step = 0; step < p->steps.n; step++) /* in order of their first steps */
    for (int i = 0; i < vars; i++)
      if (s.life[i].from == step && is_free(&s, p->system->vars.at[i])) move_in(&s, p->system->vars.at[i]);
  close_gaps(&s);
}

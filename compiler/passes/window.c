/* window.c: a training step in windows of the first axis, so that most of what the backward pass reads need not be kept
   for all of it: forward window after window, with only the edges of each kept; then backward from the last, where each
   window is made again from its edge. Needs: a plan with its places. Changes the steps' order, and which buffers hold a
   window alone.

     before    what reads nothing that the windows make: boundaries, counts of what is observed
     first     recurrences that run forward, and what the loss and they need
     between   what needs all of that: the loss
     back      recurrences that run backward, and what reads no place before its own of what is made there; of `first`
               what these read runs again, in front of them
     after     the rest

   A step that may stand in none of these for its windows (it reads both ways, or what is made all at once in between)
   runs over the whole axis in `before`, `between` or `after`, and what it reads is kept whole. Two axes: nothing is
   found. */
#include "window.h"
#include <string.h>

typedef enum Turn { BEFORE, FIRST, BETWEEN, BACK, AFTER, TURNS } Turn;

typedef struct Finder {
  Plan *plan;
  Uses *use;
  Turn *turn;  /* by step */
  int *writer; /* by variable id: its step; -1 none */
  bool *whole; /* by variable id, of roots: its buffer holds all of the axis */
  bool *again; /* by step */
} Finder;

static bool is_windowed(Turn t) { return t == FIRST || t == BACK; }

/* Is in a parameter's adjoint anything summed over the first axis, is there anything else? */
static void kinds_of_terms(const Expr *x, bool *along, bool *rest)
{
  if (x->op == OP_ADD) {
    kinds_of_terms(x->in[0], along, rest);
    kinds_of_terms(x->in[1], along, rest);
    return;
  }
  *(term_has(x, TERMS_ALONG) ? along : rest) = true;
}

/* Can the step run on a window at that turn, as far as its own kind goes? */
static bool fits(const Step *s, Turn t)
{
  switch (s->kind) {
  case STEP_FILL: return false;
  case STEP_ROWS:
  case STEP_PRODUCT: return s->dom & DOM_T;
  case STEP_SCAN: return s->axis == AXIS_T && s->direction == (t == FIRST ? 1 : -1);
  case STEP_SUM:
    return s->terms == TERMS_ALONG ? t == BACK : (s->var->dom & DOM_T) && plan_of(s->var)->store != STORE_GRAD;
  }
  return false;
}

/* What a window holds of its own making is there at its own place and at those that were made before. */
static bool reaches(Turn t, Place at) { return at.kind == READ_REL && (t == FIRST ? at.k <= 0 : at.k >= 0); }

static bool can_stand(const Finder *f, int i, Turn t)
{
  const Plan *p = f->plan;
  if (is_windowed(t) && !fits(&p->steps.at[i], t)) return false;
  for (int k = 0; k < f->use[i].read.n; k++) {
    Access a = f->use[i].read.at[k];
    int w = f->writer[a.var->id];
    bool common = a.at.kind == FROM_END && !(a.var->dom & DOM_B); /* the end of the longest is no window's business */
    if (is_windowed(t) && common) return false;
    for (int n = 0; n < i; n++) /* what stands beside its range */
      if (p->steps.at[n].kind == STEP_FILL && p->steps.at[n].var == a.var && f->turn[n] > t) return false;
    if (w < 0) continue;
    if (w == i) {
      if (is_windowed(t) && a.at.kind != READ_REL) return false;
    } else if (f->turn[w] > t || (f->turn[w] == t && is_windowed(t) && !reaches(t, a.at))) return false;
  }
  return true;
}

/* The first turn at which it can stand: in windows if it can. */
static Turn first_turn(const Finder *f, int i)
{
  static const Turn order[] = {FIRST, BACK, BEFORE, BETWEEN, AFTER};
  for (int k = 0; k < TURNS; k++)
    if (can_stand(f, i, order[k])) return order[k];
  return AFTER;
}

static void keep_whole(Finder *f, Var *v) { f->whole[plan_root(v)->id] = true; }

/* v is read at a turn, at a place: does a window of it do? */
static bool window_does(const Finder *f, const Var *v, Turn t, Place at)
{
  Turn made = f->turn[f->writer[v->id]];
  if (!is_windowed(made)) return false;
  if (t == AFTER) return at.kind == FROM_START && at.k <= 1; /* the first window is the last that was run */
  return is_windowed(t) && (t == made || at.kind == READ_REL);
}

static void find_whole(Finder *f, int results)
{
  Plan *p = f->plan;
  for (int i = 0; i < p->steps.n; i++) {
    const Step *s = &p->steps.at[i];
    if (s->kind == STEP_FILL && (f->turn[i] != BEFORE || s->bound->kind == FROM_END ||
                                 (f->writer[s->var->id] >= 0 && f->turn[f->writer[s->var->id]] != FIRST)))
      keep_whole(f, s->var);
    for (int k = 0; k < f->use[i].read.n; k++) {
      Access a = f->use[i].read.at[k];
      if (f->writer[a.var->id] >= 0 && (a.var->dom & DOM_T) && !window_does(f, a.var, f->turn[i], a.at))
        keep_whole(f, a.var);
    }
  }
  for (int i = 0; i < p->system->vars.n; i++) {
    Var *v = p->system->vars.at[i];
    if (f->writer[i] < 0 || !is_windowed(f->turn[f->writer[i]])) keep_whole(f, v);
  }
  for (int i = 0; i < p->nkeep; i++) /* what goes on into the next batch is taken from the forward pass */
    if (i < results || f->writer[p->keep[i]->id] < 0 || f->turn[f->writer[p->keep[i]->id]] != FIRST)
      keep_whole(f, p->keep[i]);
}

static const Buffer *buffer_of(const Finder *f, Var *v)
{
  const VarPlan *a = plan_of(plan_root(v));
  return a->store == STORE_BUFFER && a->buffer >= 0 ? &f->plan->buffers.at[a->buffer] : NULL;
}

static bool is_carried_on(const Plan *p, const Var *v)
{
  for (int i = 0; i < p->nkeep; i++)
    if (p->keep[i] == v) return true;
  return false;
}

/* Is a value of step i read by a step of `some`, other than itself? */
static bool is_read_by(const Finder *f, int i, const bool *some)
{
  for (int n = 0; n < f->plan->steps.n; n++) {
    if (!some[n] || n == i) continue;
    for (int k = 0; k < f->use[n].read.n; k++)
      if (f->writer[f->use[n].read.at[k].var->id] == i) return true;
  }
  return false;
}

/* Must step i of `first` run there: for what is kept of it, or for an edge? */
static bool is_kept(const Finder *f, int i)
{
  for (int k = 0; k < f->use[i].made.n; k++) {
    Var *v = f->use[i].made.at[k];
    const Buffer *b = buffer_of(f, v);
    if (b && (f->whole[plan_root(v)->id] || b->lo[AXIS_T] || is_carried_on(f->plan, v))) return true;
  }
  return f->plan->steps.at[i].kind == STEP_SCAN;
}

/* A step of `first` whose values nobody needs before `back` waits until then. */
static void put_off(Finder *f)
{
  bool *needed = ARENA_ARRAY(f->plan->system->arena, bool, f->plan->steps.n + 1);
  for (int i = f->plan->steps.n - 1; i >= 0; i--) {
    if (f->turn[i] != FIRST) continue;
    needed[i] = is_kept(f, i) || is_read_by(f, i, needed);
    if (!needed[i]) f->turn[i] = BACK;
  }
}

/* Which steps of `first` run again: those whose windows `back`, or one that runs again, reads. */
static void find_again(Finder *f)
{
  Plan *p = f->plan;
  bool *reader = ARENA_ARRAY(p->system->arena, bool, p->steps.n + 1);
  for (int i = 0; i < p->steps.n; i++) reader[i] = f->turn[i] == BACK || f->turn[i] == AFTER;
  for (int i = p->steps.n - 1; i >= 0; i--) {
    if (f->turn[i] != FIRST) continue;
    for (int n = 0; n < p->steps.n && !f->again[i]; n++)
      for (int k = 0; reader[n] && k < f->use[n].read.n; k++) {
        Var *v = f->use[n].read.at[k].var;
        f->again[i] |= f->writer[v->id] == i && !f->whole[plan_root(v)->id];
      }
    reader[i] = f->again[i];
  }
}

static void put_in_order(Finder *f)
{
  static const Phase phase[TURNS] = {PHASE_BEFORE, PHASE_FIRST, PHASE_BETWEEN, PHASE_BACK, PHASE_AFTER};
  Plan *p = f->plan;
  int n = p->steps.n, next = 0;
  Step *old = ARENA_ARRAY(p->system->arena, Step, n + 1);
  memcpy(old, p->steps.at, sizeof *old * (size_t)n);
  for (Turn t = 0; t < TURNS; t++)
    for (int i = 0; i < n; i++) {
      if (f->turn[i] != t) continue;
      Step *s = &p->steps.at[next++];
      *s = old[i];
      s->phases |= phase_bit(phase[t]) | (f->again[i] ? phase_bit(PHASE_AGAIN) : 0);
    }
}

/* The adjoint of a parameter that has terms of both kinds becomes two steps. */
static void split_sums(Plan *p)
{
  for (int i = 0; i < p->steps.n; i++) {
    Step *s = &p->steps.at[i];
    bool along = false, rest = false;
    if (s->kind != STEP_SUM || s->terms != TERMS_ALL || plan_of(s->var)->store != STORE_GRAD) continue;
    kinds_of_terms(s->var->rhs, &along, &rest);
    s->terms = along ? TERMS_ALONG : TERMS_REST;
    if (!along || !rest) continue;
    Step more = *s;
    more.terms = TERMS_REST;
    vec_push(p->system->arena, &p->steps, more);
    memmove(&p->steps.at[i + 2], &p->steps.at[i + 1], sizeof more * (size_t)(p->steps.n - i - 2));
    p->steps.at[i + 1] = more;
  }
}

static bool mark_buffers(Finder *f)
{
  bool any = false;
  for (int i = 0; i < f->plan->system->vars.n; i++) {
    Var *v = f->plan->system->vars.at[i];
    const Buffer *b = plan_of(v)->in ? NULL : buffer_of(f, v);
    if (!b || !b->axis[AXIS_T] || f->whole[i]) continue;
    f->plan->buffers.at[plan_of(v)->buffer].window = any = true;
  }
  return any;
}

void find_windows(Plan *p, int results)
{
  Arena *a = p->system->arena;
  if (p->system->axis[AXIS_S]) return;
  split_sums(p);
  Finder f = {.plan = p, .use = plan_uses(p)};
  f.turn = ARENA_ARRAY(a, Turn, p->steps.n + 1);
  f.again = ARENA_ARRAY(a, bool, p->steps.n + 1);
  f.writer = ARENA_ARRAY(a, int, p->system->vars.n + 1);
  f.whole = ARENA_ARRAY(a, bool, p->system->vars.n + 1);
  for (int i = 0; i < p->system->vars.n; i++) f.writer[i] = -1;
  for (int i = 0; i < p->steps.n; i++) {
    if (p->steps.at[i].kind != STEP_FILL)
      for (int k = 0; k < f.use[i].made.n; k++) f.writer[f.use[i].made.at[k]->id] = i;
  }
  for (int i = 0; i < p->steps.n; i++) f.turn[i] = first_turn(&f, i);
  find_whole(&f, results);
  put_off(&f);
  find_again(&f);
  if (!mark_buffers(&f)) return;
  p->windows = true;
  put_in_order(&f);
}

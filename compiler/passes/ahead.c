/* ahead.c: see ahead.h. Needs: a pruned system, boundaries as the model has them. Leaves: a system that reads nothing
   later than its own place.

     h[t] = f(h[t-1], c[t+2]),  o[t] = g(h[t])     c is computed at once, h and o two steps late: what stands at place t
                                                   of h then is h[t-2], and the read is h[t-1], c[t]

   Each variable gets the least lateness with which all that it reads is there. Where a late variable is read at earlier
   places, its places before 1 must hold the boundary while the first steps run, and where one is read ahead, its places
   behind T while the last outputs are flushed: where(t > late, .., boundary), where(behind <= late, .., boundary).
   `behind` counts the steps that had no inputs any more. */
#include "ahead.h"
#include "walk.h"

typedef struct Ahead {
  System *s;
  int *late;            /* by variable id */
  bool *before, *after; /* it is read at earlier, at later places */
  int latency;
  const Var *reader; /* whose right side is rewritten */
} Ahead;

static bool is_timed(const Var *v) { return v->dom & DOM_T; }
static bool is_drawn(const Var *v, const Draw *drawn, int draws)
{
  for (int i = 0; i < draws; i++)
    if (drawn[i].var == v) return true;
  return v->kind == VAR_TARGET;
}

static int places_ahead(const Expr *e)
{
  if (e->op != OP_READ || !is_timed(e->var)) return 0;
  Place p = read_place(e, AXIS_T);
  return p.kind == READ_REL ? p.k : 0;
}

/* False where a step is out of the question: what was drawn would be read before it is known, or was it observed is
   asked, or a sequence's end is read by a place of its own. */
static bool is_possible(const System *s, const Draw *drawn, int draws, bool *ahead)
{
  bool fits = true;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->dom & DOM_S) return false;
    fits &= !v->bound.n || v->kind == VAR_COMPUTED;
    ExprList nodes = {0};
    if (v->rhs) nodes = walk_nodes((System *)s, v->rhs);
    for (int k = 0; k < nodes.n; k++) {
      const Expr *e = nodes.at[k];
      *ahead |= places_ahead(e) > 0;
      fits &= e->op != OP_OBSERVED && (e->op != OP_READ || !is_drawn(e->var, drawn, draws));
    }
    fits &= !v->shape.token || v->kind != VAR_COMPUTED;
  }
  return fits;
}

/* The least lateness of each; false: there is none. */
static bool find_lateness(Ahead *a)
{
  System *s = a->s;
  bool changed = true;
  for (int round = 0; changed; round++) {
    if (round > s->vars.n) return false; /* a cycle goes on into the future */
    changed = false;
    for (int i = 0; i < s->vars.n; i++) {
      Var *v = s->vars.at[i];
      if (!v->rhs) continue;
      ExprList nodes = walk_nodes(s, v->rhs);
      for (int k = 0; k < nodes.n; k++) {
        const Expr *e = nodes.at[k];
        if (e->op != OP_READ || !is_timed(e->var)) continue;
        int needed = a->late[e->var->id] + places_ahead(e);
        if (needed <= a->late[i]) continue;
        if (!is_timed(v)) return false;
        a->late[i] = needed;
        changed = true;
      }
    }
  }
  return true;
}

static void note_reads(Ahead *a)
{
  for (int i = 0; i < a->s->vars.n; i++) {
    const Var *v = a->s->vars.at[i];
    if (v->output && is_timed(v) && a->late[i] > a->latency) a->latency = a->late[i];
    ExprList nodes = {0};
    if (v->rhs) nodes = walk_nodes(a->s, v->rhs);
    for (int k = 0; k < nodes.n; k++) {
      int places = places_ahead(nodes.at[k]);
      if (places < 0) a->before[nodes.at[k]->var->id] = true;
      if (places > 0) a->after[nodes.at[k]->var->id] = true;
    }
  }
}

/* ---- rewriting ---- */

/* u[t+j] -> u[t + j + late(u) - late(reader)], t -> t - late(reader) */
static Expr *moved(System *s, Expr *e, void *arg)
{
  const Ahead *a = arg;
  int late = a->late[a->reader->id];
  if (e->op == OP_TIME && late) return ex2(s, OP_SUB, e, ex_const(s, late));
  if (e->op != OP_READ || !is_timed(e->var)) return e;
  Place t = read_place(e, AXIS_T);
  if (t.kind != READ_REL) return e;
  return ex_read(s, e->var, (Place){READ_REL, t.k + a->late[e->var->id] - late}, read_place(e, AXIS_S));
}

/* What stands at a place outside 1..T: the boundary `offset` of that kind. */
static Expr *boundary_value(System *s, const Var *v, ReadKind kind, int offset)
{
  Var *given = boundary_at(v, AXIS_T, kind, offset);
  return given ? ex_var(s, given) : ex_broadcast(s, ex_const(s, 0), v->shape);
}

/* The boundaries of one end, of which at most `n` places pass by: at each the leaf is `first` + its number. */
static Expr *outside(System *s, const Var *v, ReadKind kind, int n, Expr *leaf, int late)
{
  Expr *value = ex_broadcast(s, ex_const(s, 0), v->shape);
  for (int i = 0; i < n; i++) {
    int offset = kind == FROM_START ? -i : i + 1;
    if (!boundary_at(v, AXIS_T, kind, offset)) continue;
    Expr *here = ex2(s, OP_EQ, leaf, ex_const(s, late + offset));
    value = ex3(s, OP_WHERE, here, boundary_value(s, v, kind, offset), value);
  }
  return value;
}

/* Boundaries that lie further back than the lateness stand before the first step still. */
static void move_boundaries(Var *v, int late)
{
  int n = 0;
  for (int i = 0; i < v->bound.n; i++) {
    Boundary b = v->bound.at[i];
    if (b.axis == AXIS_T && (b.kind != FROM_START || b.offset + late > 0)) continue;
    if (b.axis == AXIS_T) b.offset += late;
    v->bound.at[n++] = b;
  }
  v->bound.n = n;
}

static void guard(Ahead *a, Var *v)
{
  System *s = a->s;
  int late = a->late[v->id];
  if (a->after[v->id]) {
    Expr *behind = ex_leaf(s, OP_BEHIND, AXIS_T), *rest = outside(s, v, FROM_END, a->latency - late, behind, late);
    v->rhs = ex3(s, OP_WHERE, ex2(s, OP_LE, behind, ex_const(s, late)), v->rhs, rest);
  }
  if (a->before[v->id] && late) {
    Expr *t = ex_leaf(s, OP_TIME, AXIS_T), *rest = outside(s, v, FROM_START, late, t, late);
    v->rhs = ex3(s, OP_WHERE, ex2(s, OP_GT, t, ex_const(s, late)), v->rhs, rest);
  }
}

/* ---- outputs, all of which come at once ---- */

typedef struct Swap {
  Var *from, *to;
} Swap;

static Expr *swapped(System *s, Expr *e, void *arg)
{
  const Swap *w = arg;
  if (e->op != OP_READ || e->var != w->from) return e;
  return ex_read(s, w->to, read_place(e, AXIS_T), read_place(e, AXIS_S));
}

/* The equation of an output that would come too soon gets a name of its own, of which the output is a late copy. */
static void delay_output(System *s, Var *v)
{
  Var *soon = system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.soon", v->name), v->shape, v->dom, v->span);
  walk_rewrite_all(s, swapped, &(Swap){v, soon});
  soon->rhs = v->rhs;
  soon->bound = v->bound;
  v->rhs = ex_var(s, soon);
  v->bound.n = 0;
  v->bound.at = NULL;
}

static Ahead *find(System *s)
{
  Ahead *a = ARENA_NEW(s->arena, Ahead);
  *a = (Ahead){.s = s,
               .late = ARENA_ARRAY(s->arena, int, s->vars.n + 1),
               .before = ARENA_ARRAY(s->arena, bool, s->vars.n + 1),
               .after = ARENA_ARRAY(s->arena, bool, s->vars.n + 1)};
  if (!find_lateness(a)) return NULL;
  note_reads(a);
  return a;
}

int look_ahead(System *s, const Draw *drawn, int draws)
{
  bool ahead = false;
  if (!is_possible(s, drawn, draws, &ahead) || !ahead) return 0;
  Ahead *a = find(s);
  if (!a) return 0;
  int latency = a->latency, n = s->vars.n;
  for (int i = 0; i < n; i++) {
    Var *v = s->vars.at[i];
    if (v->output && is_timed(v) && a->late[i] < latency) delay_output(s, v);
  }
  a = find(s);
  a->latency = latency;
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->output && is_timed(v)) a->late[i] = latency;
    if (is_timed(v)) v->dom |= DOM_B; /* what a step keeps is a sequence's */
  }
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (!v->rhs) continue;
    a->reader = v;
    v->rhs = walk_rewrite(s, &(Memo){0}, v->rhs, moved, a);
  }
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->kind != VAR_COMPUTED || !v->rhs || !is_timed(v)) continue;
    guard(a, v);
    move_boundaries(v, a->late[i]);
  }
  return latency;
}

/* causality.c: every cycle of equations must run along an axis, in one direction.
   Needs: the System with all right sides. Leaves the system alone.

   An edge is a read. Strongly connected components by Tarjan, without recursion. A component runs along an axis when
   all its variables vary over it and all its reads along it are of neighbours, all behind or all ahead. Those reads
   then are done with; what still is a cycle without them stays at one place of that axis and must run along the other:
   a grid's h[t, s] reads h[t-1, s] and h[t, s-1]. */
#include "sema.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* along one axis: v[t+k]; v[T], v[1], or v without that axis; v under a reduction over it */
typedef enum EdgeKind { EDGE_STEP, EDGE_PLACE, EDGE_WHOLE } EdgeKind;

typedef struct Edge {
  int to;
  EdgeKind kind[AXES];
  int offset[AXES];
  bool done;        /* carried by an axis that its cycle runs along */
  const Expr *read; /* NULL: a boundary that the read may fall on */
} Edge;
typedef Vec(Edge) Edges;

typedef struct Spot { /* of a right side */
  const Expr *e;
  int whole; /* axes: below a reduction over them */
} Spot;

typedef Vec(int) Members;

typedef struct Graph {
  System *s;
  Arena *arena;
  int n;
  Edges *out; /* by variable */
  int *component, components;
  int *seen[DOM_AXES + 1]; /* by expression and by the axes reduced: 1 + the last variable that read it so */
  Vec(Spot) todo;
  int *index, *low; /* of Tarjan's walk */
  Axis axis;        /* that the report is about */
} Graph;

/* ---- reads ---- */

static void add_edge(Graph *g, int from, Edge e) { vec_push(g->arena, &g->out[from], e); }

static bool may_reach(Place p, const Boundary *b)
{
  switch (p.kind) {
  case READ_REL: return p.k != 0 && (b->kind == FROM_START) == (p.k < 0);
  case FROM_START: return p.k > 1 && b->kind == FROM_END;
  case FROM_END: return p.k < 0 && b->kind == FROM_START;
  default: return false;
  }
}

static void add_read(Graph *g, int from, const Expr *e, int whole)
{
  const Var *v = e->var;
  Edge edge = {.to = v->id, .read = e};
  for (Axis a = 0; a < AXES; a++) {
    Place p = read_place(e, a);
    bool reduced = whole & axis_bit(a);
    edge.kind[a] = p.kind != READ_REL ? EDGE_PLACE : reduced ? EDGE_WHOLE : EDGE_STEP;
    edge.offset[a] = edge.kind[a] == EDGE_STEP ? p.k : 0;
  }
  add_edge(g, from, edge);
  for (int i = 0; i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    if (!may_reach(read_place(e, b->axis), b)) continue;
    Edge to = edge;
    to.to = b->var->id;
    to.read = NULL;
    to.kind[b->axis] = EDGE_PLACE;
    to.offset[b->axis] = 0;
    add_edge(g, from, to);
  }
}

/* All reads of v's right side; below a reduction over an axis they are of the whole of it. */
static void collect(Graph *g, const Var *v)
{
  g->todo.n = 0;
  vec_push(g->arena, &g->todo, ((Spot){v->rhs, 0}));
  while (g->todo.n) {
    Spot p = g->todo.at[--g->todo.n];
    if (g->seen[p.whole][p.e->id] == v->id + 1) continue;
    g->seen[p.whole][p.e->id] = v->id + 1;
    if (p.e->op == OP_READ) add_read(g, v->id, p.e, p.whole);
    int whole = p.whole;
    if (p.e->op == OP_TSUM || p.e->op == OP_TMAX) whole |= axis_bit((Axis)p.e->attr[0]);
    for (int i = 0; i < p.e->nin; i++) vec_push(g->arena, &g->todo, ((Spot){p.e->in[i], whole}));
  }
}

/* ---- components ---- */

typedef struct Visit {
  int v, edge;
} Visit;

static bool inside(const Graph *g, int from, const Edge *e)
{
  return !e->done && g->component[e->to] == g->component[from];
}

/* Splits a component by the edges that are not done; out: the members of each part, one behind the other, and where
   each begins. */
typedef struct Parts {
  Members member, start; /* start has one more, the end */
} Parts;

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static Parts split(Graph *g, const int *member, int n)
{
  Parts out = {0};
  Members stack = {0};
  Vec(Visit) path = {0};
  int next = 1, whole = g->component[member[0]];
  for (int i = 0; i < n; i++) g->index[member[i]] = 0;
  for (int i = 0; i < n; i++) {
    if (g->index[member[i]]) continue;
    vec_push(g->arena, &path, ((Visit){member[i], 0}));
    while (path.n) {
      Visit *top = &path.at[path.n - 1];
      int v = top->v;
      if (top->edge == 0) {
        g->index[v] = g->low[v] = next++;
        vec_push(g->arena, &stack, v);
      }
      if (top->edge < g->out[v].n) {
        const Edge *e = &g->out[v].at[top->edge++];
        if (e->done || g->component[e->to] != whole) continue;
        if (!g->index[e->to]) vec_push(g->arena, &path, ((Visit){e->to, 0}));
        else if (g->index[e->to] < g->low[v]) g->low[v] = g->index[e->to];
        continue;
      }
      path.n--;
      if (path.n && g->low[v] < g->low[path.at[path.n - 1].v]) g->low[path.at[path.n - 1].v] = g->low[v];
      if (g->low[v] != g->index[v]) continue;
      int of = g->components++, first = out.member.n, last;
      vec_push(g->arena, &out.start, first);
      do {
        last = stack.at[--stack.n];
        g->component[last] = of;
        vec_push(g->arena, &out.member, last);
      } while (last != v);
      qsort(out.member.at + first, (size_t)(out.member.n - first), sizeof(int), by_number);
    }
  }
  vec_push(g->arena, &out.start, out.member.n);
  return out;
}

static bool is_cycle(const Graph *g, const int *member, int n)
{
  for (int k = 0; n == 1 && k < g->out[member[0]].n; k++)
    if (inside(g, member[0], &g->out[member[0]].at[k])) return true;
  return n > 1;
}

/* ---- the axis that a cycle runs along ---- */

static bool all_vary(const Graph *g, const int *member, int n, Axis a)
{
  for (int i = 0; i < n; i++)
    if (!(g->s->vars.at[member[i]]->dom & axis_bit(a))) return false;
  return true;
}

/* all vary over the axis, all reads along it are of neighbours, and on one side */
static bool runs_along(const Graph *g, const int *member, int n, Axis a)
{
  bool back = false, ahead = false;
  if (!all_vary(g, member, n, a)) return false;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (!inside(g, member[i], e)) continue;
      if (e->kind[a] != EDGE_STEP) return false;
      back |= e->offset[a] < 0;
      ahead |= e->offset[a] > 0;
    }
  return back != ahead;
}

typedef Vec(Edge *) Cut;

/* The reads along the axis are done with; the members keep their component's number until they are split. */
static Cut cut_along(Graph *g, const int *member, int n, Axis a)
{
  Cut cut = {0};
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      Edge *e = &g->out[member[i]].at[k];
      if (!inside(g, member[i], e) || e->offset[a] == 0) continue;
      e->done = true;
      vec_push(g->arena, &cut, e);
    }
  return cut;
}

static void rejoin(Graph *g, const Cut *cut, const int *member, int n, int component)
{
  for (int i = 0; i < cut->n; i++) cut->at[i]->done = false;
  for (int i = 0; i < n; i++) g->component[member[i]] = component;
}

/* Does the component run along one of the axes, and what is left of it along the other? As it was, afterwards. */
static bool runs(Graph *g, const int *member, int n, int axes)
{
  if (!is_cycle(g, member, n)) return true;
  bool good = false;
  for (Axis a = 0; a < AXES && !good; a++) {
    if (!(axes & axis_bit(a)) || !runs_along(g, member, n, a)) continue;
    int component = g->component[member[0]];
    Cut cut = cut_along(g, member, n, a);
    Parts p = split(g, member, n);
    good = true;
    for (int i = 0; i + 1 < p.start.n && good; i++)
      good = runs(g, p.member.at + p.start.at[i], p.start.at[i + 1] - p.start.at[i], axes & ~axis_bit(a));
    rejoin(g, &cut, member, n, component);
  }
  return good;
}

/* ---- what a cycle is said to be ---- */

typedef struct Step {
  int from;
  Edge edge;
} Step;
typedef Vec(Step) Steps;

/* without a delay along the axis, nor along the other */
static bool same_time(const Graph *g, const Edge *e)
{
  return e->kind[g->axis] == EDGE_STEP && e->offset[AXIS_T] == 0 && e->offset[AXIS_S] == 0;
}
static bool any_edge(const Graph *g, const Edge *e) { return e->kind[g->axis] <= EDGE_WHOLE; }

/* a shortest way inside the component; false: there is none */
static bool way(Graph *g, int from, int to, bool (*takes)(const Graph *, const Edge *), Steps *out)
{
  Step *by = ARENA_ARRAY(g->arena, Step, g->n);
  bool *seen = ARENA_ARRAY(g->arena, bool, g->n);
  Vec(int) queue = {0};
  vec_push(g->arena, &queue, from);
  seen[from] = true;
  for (int i = 0; i < queue.n && !seen[to]; i++) {
    int v = queue.at[i];
    for (int k = 0; k < g->out[v].n; k++) {
      Edge *e = &g->out[v].at[k];
      if (!takes(g, e) || seen[e->to] || !inside(g, v, e)) continue;
      seen[e->to] = true;
      by[e->to] = (Step){v, *e};
      vec_push(g->arena, &queue, e->to);
    }
  }
  if (!seen[to]) return false;
  Steps back = {0};
  for (int v = to; v != from; v = by[v].from) vec_push(g->arena, &back, by[v]);
  for (int i = back.n - 1; i >= 0; i--) vec_push(g->arena, out, back.at[i]);
  return true;
}

/* the axis's length is its name with a capital */
static const char *length_text(const Graph *g, Axis a)
{
  return arena_printf(g->arena, "%c", toupper((unsigned char)g->s->axis[a][0]));
}

static const char *one_place(const Graph *g, Axis a, Place p)
{
  const char *base = p.kind == READ_REL ? g->s->axis[a] : p.kind == FROM_END ? length_text(g, a) : "";
  if (p.kind == FROM_START) return arena_printf(g->arena, "%d", p.k);
  return p.k ? arena_printf(g->arena, "%s%+d", base, p.k) : base;
}

/* v where it is read; e NULL: at its own place */
static const char *place_text(const Graph *g, const Var *v, const Edge *e)
{
  const char *text = NULL;
  bool says_place = v->name[strlen(v->name) - 1] == ']'; /* a boundary */
  for (Axis a = 0; a < AXES; a++) {
    if (!(v->dom & axis_bit(a)) || says_place) continue;
    Place p = place_now(v, a);
    if (e && e->kind[a] != EDGE_WHOLE && e->read) p = read_place(e->read, a);
    else if (e && e->kind[a] == EDGE_STEP) p.k = e->offset[a];
    text = arena_printf(g->arena, "%s%s%s", text ? text : "", text ? ", " : "[", one_place(g, a, p));
  }
  return text ? arena_printf(g->arena, "%s%s]", v->name, text) : v->name;
}

#define STEPS_SHOWN 12

static void report(Graph *g, const Steps *cycle, const char *what, const char *help)
{
  Var *const *vars = g->s->vars.at;
  const Var *first = vars[cycle->at[0].from];
  if (cycle->n == 1)
    diag(g->s->diag, E_CYCLE, first->span, "%s: %s reads %s", what, place_text(g, first, NULL),
         place_text(g, vars[cycle->at[0].edge.to], &cycle->at[0].edge));
  else {
    const char *text = first->name;
    for (int i = 0; i < cycle->n && i < STEPS_SHOWN; i++)
      text = arena_printf(g->arena, "%s -> %s", text, vars[cycle->at[i].edge.to]->name);
    diag(g->s->diag, E_CYCLE, first->span, "%s: %s%s", what, text, cycle->n > STEPS_SHOWN ? " -> ..." : "");
  }
  for (int i = 0; i < cycle->n && i < STEPS_SHOWN && cycle->n > 1; i++) {
    const Var *from = vars[cycle->at[i].from], *to = vars[cycle->at[i].edge.to];
    const char *reads = cycle->at[i].edge.kind[g->axis] == EDGE_WHOLE ? "reads all of" : "reads";
    diag_note(g->s->diag, from->span, "%s %s %s", place_text(g, from, NULL), reads,
              place_text(g, to, &cycle->at[i].edge));
  }
  diag_note(g->s->diag, (Span){0}, "%s", help);
}

/* the cycle through e, which leaves v */
static void report_through(Graph *g, int v, const Edge *e, bool (*takes)(const Graph *, const Edge *), const char *what,
                           const char *help)
{
  Steps cycle = {0};
  vec_push(g->arena, &cycle, ((Step){v, *e}));
  if (way(g, e->to, v, takes, &cycle)) report(g, &cycle, what, help);
}

static bool refuse_places(Graph *g, const int *member, int n)
{
  Axis a = g->axis;
  const char *t = g->s->axis[a], *T = length_text(g, a);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (!inside(g, member[i], e) || e->kind[a] == EDGE_STEP) continue;
      bool timed = (g->s->vars.at[member[i]]->dom | g->s->vars.at[e->to]->dom) & DOM_AXES;
      const char *where = g->s->axis[AXIS_S] ? arena_printf(g->arena, "along %s", t) : "in time";
      report_through(g, member[i], e, any_edge,
                     timed ? "a value is needed before the sequence that it comes from is computed"
                           : "these equations need each other's values",
                     timed ? arena_printf(g->arena,
                                          "a recurrence reads neighbours %s, such as h[%s-1]; h[%s], h[1] and "
                                          "reductions over %s wait for the whole sequence",
                                          where, t, T, t)
                           : "one of them must not read the next");
      return true;
    }
  return false;
}

static bool refuse_same_time(Graph *g, const int *member, int n)
{
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      Steps back = {0};
      if (!inside(g, member[i], e) || !same_time(g, e) || !way(g, e->to, member[i], same_time, &back)) continue;
      report_through(
          g, member[i], e, same_time, "a cycle without a delay",
          arena_printf(g->arena, "a read of an earlier value, such as h[%s-1], breaks it", g->s->axis[g->axis]));
      return true;
    }
  return false;
}

static bool refuse_both_directions(Graph *g, const int *member, int n)
{
  Axis a = g->axis;
  Step back = {-1, {0}}, ahead = {-1, {0}};
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (!inside(g, member[i], e)) continue;
      if (e->offset[a] < 0 && back.from < 0) back = (Step){member[i], *e};
      if (e->offset[a] > 0 && ahead.from < 0) ahead = (Step){member[i], *e};
    }
  if (back.from < 0 || ahead.from < 0) return false;
  Steps cycle = {0};
  vec_push(g->arena, &cycle, back);
  if (!way(g, back.edge.to, ahead.from, any_edge, &cycle)) return false;
  vec_push(g->arena, &cycle, ahead);
  if (!way(g, ahead.edge.to, back.from, any_edge, &cycle)) return false;
  const char *t = g->s->axis[a];
  report(g, &cycle, "this cycle needs both earlier and later values",
         arena_printf(g->arena, "a cycle runs forward, reading [%s-k], or backward, reading [%s+k]", t, t));
  return true;
}

static void refuse_axes(Graph *g, const int *member, int n)
{
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (!inside(g, member[i], e)) continue;
      report_through(g, member[i], e, any_edge, "this cycle runs along neither axis",
                     "along one axis all its reads must be of neighbours, all behind or all ahead");
      return;
    }
}

/* The axis that a cycle might have been meant to run along: one that all its variables vary over and along which they
   read other places. */
static Axis meant_axis(const Graph *g, const int *member, int n, int axes)
{
  Axis best = AXIS_T;
  int best_score = -1;
  for (Axis a = 0; a < AXES; a++) {
    if (!g->s->axis[a]) continue;
    bool moves = false, vary = all_vary(g, member, n, a);
    for (int i = 0; i < n && !moves; i++)
      for (int k = 0; k < g->out[member[i]].n; k++) {
        const Edge *e = &g->out[member[i]].at[k];
        moves |= inside(g, member[i], e) && (e->kind[a] != EDGE_STEP || e->offset[a] != 0);
      }
    int score = vary ? 1 + (moves && axes & axis_bit(a)) : 0;
    if (score > best_score) best = a, best_score = score;
  }
  return best;
}

/* Reports a component that does not run: what is left of it where it runs along one axis and then not along the other.
 */
static void explain(Graph *g, const int *member, int n, int axes)
{
  for (Axis a = 0; a < AXES; a++) {
    if (!(axes & axis_bit(a)) || !runs_along(g, member, n, a)) continue;
    cut_along(g, member, n, a);
    Parts p = split(g, member, n);
    for (int i = 0; i + 1 < p.start.n; i++) {
      const int *part = p.member.at + p.start.at[i];
      int size = p.start.at[i + 1] - p.start.at[i];
      if (!runs(g, part, size, axes & ~axis_bit(a))) explain(g, part, size, axes & ~axis_bit(a));
    }
    return;
  }
  g->axis = meant_axis(g, member, n, axes);
  if (refuse_places(g, member, n) || refuse_same_time(g, member, n) || refuse_both_directions(g, member, n)) return;
  g->axis = (Axis)!g->axis;
  if (!refuse_both_directions(g, member, n)) refuse_axes(g, member, n);
}

bool causality_check(System *s)
{
  Graph graph = {.s = s, .arena = s->arena, .n = s->vars.n, .components = 1}, *g = &graph;
  if (!g->n) return true;
  g->out = ARENA_ARRAY(s->arena, Edges, g->n);
  g->component = ARENA_ARRAY(s->arena, int, g->n);
  g->index = ARENA_ARRAY(s->arena, int, g->n);
  g->low = ARENA_ARRAY(s->arena, int, g->n);
  for (int i = 0; i <= DOM_AXES; i++) g->seen[i] = ARENA_ARRAY(s->arena, int, s->next_id + 1);
  Members all = {0};
  for (int i = 0; i < g->n; i++) {
    vec_push(s->arena, &all, i);
    if (s->vars.at[i]->rhs) collect(g, s->vars.at[i]);
  }
  Parts p = split(g, all.at, all.n);
  bool good = true;
  for (int i = 0; i + 1 < p.start.n; i++) {
    const int *member = p.member.at + p.start.at[i];
    int n = p.start.at[i + 1] - p.start.at[i];
    if (runs(g, member, n, DOM_AXES)) continue;
    good = false;
    explain(g, member, n, DOM_AXES);
  }
  return good;
}

/* causality.c: every cycle of equations must run in one direction of time.
   Needs: the System with all right sides. Leaves the system alone.

   An edge is a read. Strongly connected components by Tarjan, without recursion; inside one, all reads look back, or
   all look ahead, and no cycle stays at its own time. */
#include "sema.h"
#include <string.h>

typedef enum EdgeKind {
  EDGE_STEP,
  EDGE_PLACE,
  EDGE_WHOLE
} EdgeKind; /* v[t+k]; v, v[T], v[1]; v under a reduction over time */

typedef struct Edge {
  int to, offset;
  EdgeKind kind;
  const Expr *read; /* NULL: a boundary that the read may fall on */
} Edge;
typedef Vec(Edge) Edges;

typedef struct Spot { /* of a right side */
  const Expr *e;
  bool whole; /* below a reduction over time */
} Spot;

typedef struct Graph {
  System *s;
  Arena *arena;
  int n;
  Edges *out; /* by variable */
  int *component;
  int *seen[2]; /* by expression, as it is and below a reduction: 1 + the last variable that read it so */
  Vec(Spot) todo;
} Graph;

/* ---- reads ---- */

static void add_edge(Graph *g, int from, Edge e) { vec_push(g->arena, &g->out[from], e); }

static void add_read(Graph *g, int from, const Expr *e, bool whole)
{
  const Var *v = e->var;
  ReadKind kind = (ReadKind)e->attr[0];
  int k = e->attr[1];
  bool step = kind == READ_REL && !whole;
  add_edge(g, from,
           (Edge){v->id, step ? k : 0,
                  step                        ? EDGE_STEP
                  : whole && kind == READ_REL ? EDGE_WHOLE
                                              : EDGE_PLACE,
                  e});
  bool may_fall_out = kind == READ_REL ? k != 0 : kind == FROM_START ? k > 1 : kind == FROM_END && k < 0;
  for (int i = 0; may_fall_out && i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    bool reached =
        kind == READ_REL ? (b->kind == FROM_START) == (k < 0) : (b->kind == FROM_END) == (kind == FROM_START);
    if (reached) add_edge(g, from, (Edge){b->var->id, 0, EDGE_PLACE, NULL});
  }
}

/* All reads of v's right side; below a reduction over time they are of the whole sequence. */
static void collect(Graph *g, const Var *v)
{
  g->todo.n = 0;
  vec_push(g->arena, &g->todo, ((Spot){v->rhs, false}));
  while (g->todo.n) {
    Spot p = g->todo.at[--g->todo.n];
    if (g->seen[p.whole][p.e->id] == v->id + 1) continue;
    g->seen[p.whole][p.e->id] = v->id + 1;
    if (p.e->op == OP_READ) add_read(g, v->id, p.e, p.whole);
    bool whole = p.whole || p.e->op == OP_TSUM || p.e->op == OP_TMAX;
    for (int i = 0; i < p.e->nin; i++) vec_push(g->arena, &g->todo, ((Spot){p.e->in[i], whole}));
  }
}

/* ---- components ---- */

typedef struct Visit {
  int v, edge;
} Visit;

static int components(Graph *g)
{
  int *index = ARENA_ARRAY(g->arena, int, g->n + 1), *low = ARENA_ARRAY(g->arena, int, g->n + 1);
  bool *open = ARENA_ARRAY(g->arena, bool, g->n + 1);
  Vec(int) stack = {0};
  Vec(Visit) path = {0};
  int next = 1, count = 0;
  for (int root = 0; root < g->n; root++) {
    if (index[root]) continue;
    vec_push(g->arena, &path, ((Visit){root, 0}));
    while (path.n) {
      Visit *top = &path.at[path.n - 1];
      int v = top->v;
      if (top->edge == 0) {
        index[v] = low[v] = next++;
        open[v] = true;
        vec_push(g->arena, &stack, v);
      }
      if (top->edge < g->out[v].n) {
        int to = g->out[v].at[top->edge++].to;
        if (!index[to]) vec_push(g->arena, &path, ((Visit){to, 0}));
        else if (open[to] && index[to] < low[v]) low[v] = index[to];
        continue;
      }
      path.n--;
      if (path.n && low[v] < low[path.at[path.n - 1].v]) low[path.at[path.n - 1].v] = low[v];
      if (low[v] != index[v]) continue;
      int member;
      do {
        member = stack.at[--stack.n];
        open[member] = false;
        g->component[member] = count;
      } while (member != v);
      count++;
    }
  }
  return count;
}

/* ---- what a cycle is said to be ---- */

typedef struct Step {
  int from;
  Edge edge;
} Step;
typedef Vec(Step) Steps;

static bool same_time(const Edge *e) { return e->kind == EDGE_STEP && e->offset == 0; }
static bool any_edge(const Edge *e) { return e->kind <= EDGE_WHOLE; }

/* a shortest way inside the component; false: there is none */
static bool way(Graph *g, int from, int to, bool (*takes)(const Edge *), Steps *out)
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
      if (!takes(e) || seen[e->to] || g->component[e->to] != g->component[from]) continue;
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

static const char *place_text(Arena *a, const Var *v, const Edge *e)
{
  if (!(v->dom & DOM_T)) return v->name;
  if (!e || e->kind == EDGE_WHOLE) return arena_printf(a, "%s[t]", v->name);
  if (e->kind == EDGE_STEP)
    return e->offset ? arena_printf(a, "%s[t%+d]", v->name, e->offset) : arena_printf(a, "%s[t]", v->name);
  if (!e->read) return v->name;
  int k = e->read->attr[1];
  if (e->read->attr[0] == FROM_START) return arena_printf(a, "%s[%d]", v->name, k);
  return k ? arena_printf(a, "%s[T%+d]", v->name, k) : arena_printf(a, "%s[T]", v->name);
}

#define STEPS_SHOWN 12

static void report(Graph *g, const Steps *cycle, const char *what, const char *help)
{
  Var *const *vars = g->s->vars.at;
  const Var *first = vars[cycle->at[0].from];
  if (cycle->n == 1)
    diag(g->s->diag, first->span, "%s: %s reads %s", what, place_text(g->arena, first, NULL),
         place_text(g->arena, vars[cycle->at[0].edge.to], &cycle->at[0].edge));
  else {
    const char *text = first->name;
    for (int i = 0; i < cycle->n && i < STEPS_SHOWN; i++)
      text = arena_printf(g->arena, "%s -> %s", text, vars[cycle->at[i].edge.to]->name);
    diag(g->s->diag, first->span, "%s: %s%s", what, text, cycle->n > STEPS_SHOWN ? " -> ..." : "");
  }
  for (int i = 0; i < cycle->n && i < STEPS_SHOWN && cycle->n > 1; i++) {
    const Var *from = vars[cycle->at[i].from], *to = vars[cycle->at[i].edge.to];
    const char *reads = cycle->at[i].edge.kind == EDGE_WHOLE ? "reads all of" : "reads";
    diag_note(g->s->diag, from->span, "%s %s %s", place_text(g->arena, from, NULL), reads,
              place_text(g->arena, to, &cycle->at[i].edge));
  }
  diag_note(g->s->diag, (Span){0}, "%s", help);
}

/* the cycle through e, which leaves v */
static void report_through(Graph *g, int v, const Edge *e, bool (*takes)(const Edge *), const char *what,
                           const char *help)
{
  Steps cycle = {0};
  vec_push(g->arena, &cycle, ((Step){v, *e}));
  if (way(g, e->to, v, takes, &cycle)) report(g, &cycle, what, help);
}

static bool refuse_places(Graph *g, const int *member, int n)
{
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (g->component[e->to] != g->component[member[i]] || e->kind == EDGE_STEP) continue;
      bool timed = g->s->vars.at[member[i]]->dom & DOM_T || g->s->vars.at[e->to]->dom & DOM_T;
      report_through(g, member[i], e, any_edge,
                     timed ? "a value is needed before the sequence that it comes from is computed"
                           : "these equations need each other's values",
                     timed ? "a recurrence reads neighbours in time, such as h[t-1]; h[T], h[1] and reductions over t "
                             "wait for the whole sequence"
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
      if (g->component[e->to] != g->component[member[i]] || !same_time(e) ||
          !way(g, e->to, member[i], same_time, &back))
        continue;
      report_through(g, member[i], e, same_time, "a cycle without a delay",
                     "a read of an earlier value, such as h[t-1], breaks it");
      return true;
    }
  return false;
}

static bool refuse_both_directions(Graph *g, const int *member, int n)
{
  Step back = {-1, {0}}, ahead = {-1, {0}};
  for (int i = 0; i < n; i++)
    for (int k = 0; k < g->out[member[i]].n; k++) {
      const Edge *e = &g->out[member[i]].at[k];
      if (g->component[e->to] != g->component[member[i]]) continue;
      if (e->offset < 0 && back.from < 0) back = (Step){member[i], *e};
      if (e->offset > 0 && ahead.from < 0) ahead = (Step){member[i], *e};
    }
  if (back.from < 0 || ahead.from < 0) return false;
  Steps cycle = {0};
  vec_push(g->arena, &cycle, back);
  if (!way(g, back.edge.to, ahead.from, any_edge, &cycle)) return false;
  vec_push(g->arena, &cycle, ahead);
  if (!way(g, ahead.edge.to, back.from, any_edge, &cycle)) return false;
  report(g, &cycle, "this cycle needs both earlier and later values",
         "a cycle runs forward, reading [t-k], or backward, reading [t+k]");
  return true;
}

bool causality_check(System *s)
{
  Graph graph = {.s = s, .arena = s->arena, .n = s->vars.n}, *g = &graph;
  g->out = ARENA_ARRAY(s->arena, Edges, g->n + 1);
  g->component = ARENA_ARRAY(s->arena, int, g->n + 1);
  for (int i = 0; i < 2; i++) g->seen[i] = ARENA_ARRAY(s->arena, int, s->next_id + 1);
  for (int i = 0; i < g->n; i++)
    if (s->vars.at[i]->rhs) collect(g, s->vars.at[i]);
  int count = components(g);
  int *size = ARENA_ARRAY(s->arena, int, count + 1), *start = ARENA_ARRAY(s->arena, int, count + 1),
      *member = ARENA_ARRAY(s->arena, int, g->n + 1);
  for (int i = 0; i < g->n; i++) size[g->component[i]]++;
  for (int c = 1; c < count; c++) start[c] = start[c - 1] + size[c - 1];
  int *fill = ARENA_ARRAY(s->arena, int, count + 1);
  for (int i = 0; i < g->n; i++) member[start[g->component[i]] + fill[g->component[i]]++] = i;
  bool good = true;
  for (int c = 0; c < count; c++) {
    const int *m = member + start[c];
    bool bad = refuse_places(g, m, size[c]) || refuse_same_time(g, m, size[c]) || refuse_both_directions(g, m, size[c]);
    good &= !bad;
  }
  return good;
}

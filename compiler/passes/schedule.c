/* schedule.c: strongly connected components (Tarjan 1972), then a greedy order that fuses what can run row by row. A
   component with a cycle is a scan along an axis whose reads all go one way; what the scan leaves is scheduled inside
   it in the same way, with reads of its earlier places out of account (loop distribution, Allen and Kennedy 1987).
   Needs: named form (name.c). Leaves: equations as they are; storage to plan.c. */
#include "schedule.h"
#include "name.h"
#include "walk.h"
#include <assert.h>

/* What must run before what: a task is a component of variables, or one boundary's fill. */
typedef struct Task {
  Vec(Var *) vars; /* of a component */
  Var *filled;     /* of a fill: the variable beside whose range the value goes */
  Boundary *bound;
  bool cycle;
  bool done;
} Task;

typedef struct Need { /* task `of` needs `on`; elsewhere: reads it at another place than its own */
  int of, on;
  bool elsewhere;
} Need;

typedef Vec(Step) Steps;
typedef Vec(Var *) VarList;

typedef struct Scheduler {
  Plan *plan;
  System *s;
  ExprList *nodes; /* by var id: nodes of its right side */
  int groups;
} Scheduler;

/* The variables that are put in order together: all, or those of one scan. */
typedef struct Level {
  Scheduler *k;
  int fixed; /* axes of the scans around */
  int scan;  /* the innermost of them, -1 none */
  Steps *steps;
  bool *within;   /* by var id */
  int *component; /* by var id: its task */
  Vec(Task) tasks;
  Vec(Need) needs;
  /* Tarjan's */
  int *index, *low, clock, nstack;
  bool *on_stack;
  Var **stack;
} Level;

bool is_sum(const Var *v)
{
  if (v->adj_of && (v->adj_of->kind == VAR_PARAM || v->adj_of->kind == VAR_STACKED)) return true;
  Op op = v->rhs->op;
  return op == OP_TSUM || op == OP_TMAX || op == OP_BSUM;
}

bool is_shared_product(const Var *v)
{
  const Expr *e = v->rhs;
  return !is_sum(v) && e->op == OP_MATMUL && v->dom != DOM_MODEL && e->in[0]->dom == DOM_MODEL &&
         e->in[1]->shape.rank == 1 && !e->in[1]->shape.token && e->in[1]->dom == v->dom;
}

bool is_elementwise(const Var *v)
{
  return !is_sum(v) && !v->shape.token && (op_is_ew(v->rhs) || v->rhs->op == OP_BCAST || is_leaf(v->rhs));
}

bool is_reduction(const Var *v) { return !is_sum(v) && v->rhs->op == OP_SUM; }

/* ---- components ---- */

/* The value was made at an earlier place of a scan around. */
static bool is_carried(const Level *l, const Expr *read)
{
  for (Axis a = 0; a < AXES; a++)
    if ((l->fixed & axis_bit(a)) && read_place(read, a).kind == READ_REL && read_place(read, a).k != 0) return true;
  return false;
}

static bool leaves_own_place(const Expr *read, Axis a)
{
  Place p = read_place(read, a);
  return p.kind >= FROM_START || (p.kind == READ_REL && p.k != 0);
}

static void visit(Level *l, Var *v);

static void visit_read(Level *l, Var *v, Var *u)
{
  if (!u->rhs || !l->within[u->id]) return;
  if (!l->index[u->id]) visit(l, u);
  if (l->on_stack[u->id] && l->low[u->id] < l->low[v->id]) l->low[v->id] = l->low[u->id];
}

static void close_component(Level *l, const Var *v, bool cycle)
{
  Task task = {.cycle = cycle};
  int first = l->nstack;
  do {
    first--;
    l->on_stack[l->stack[first]->id] = false;
  } while (l->stack[first] != v);
  for (int i = first; i < l->nstack; i++) {
    l->component[l->stack[i]->id] = l->tasks.n;
    vec_push(l->k->s->arena, &task.vars, l->stack[i]);
  }
  task.cycle |= task.vars.n > 1;
  l->nstack = first;
  vec_push(l->k->s->arena, &l->tasks, task);
}

static void visit(Level *l, Var *v)
{
  l->index[v->id] = l->low[v->id] = ++l->clock;
  l->stack[l->nstack++] = v;
  l->on_stack[v->id] = true;
  ExprList *nodes = &l->k->nodes[v->id];
  bool self = false;
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    if (e->op != OP_READ || is_carried(l, e)) continue;
    self |= e->var == v;
    visit_read(l, v, e->var);
    for (int b = 0; b < e->var->bound.n; b++)
      if (leaves_own_place(e, e->var->bound.at[b].axis)) visit_read(l, v, e->var->bound.at[b].var);
  }
  if (l->low[v->id] == l->index[v->id]) close_component(l, v, self);
}

/* A concat of what one scan makes is made there too: its parts are near, or in its columns already. */
static void join_concats(Level *l)
{
  for (int i = 0; i < l->tasks.n; i++) {
    Var *v = l->tasks.at[i].vars.at[0];
    if (l->tasks.at[i].cycle || v->rhs->op != OP_CONCAT || is_sum(v) || v->bound.n) continue;
    int scan = -1;
    bool fits = true;
    for (int k = 0; k < v->rhs->nin && fits; k++) {
      const Expr *part = v->rhs->in[k];
      fits = part->op == OP_READ && read_is_now(part) && part->var->rhs && l->within[part->var->id] &&
             part->var->dom == v->dom;
      int from = fits ? l->component[part->var->id] : -1;
      fits = fits && l->tasks.at[from].cycle && (scan < 0 || scan == from);
      scan = from;
    }
    if (!fits) continue;
    vec_push(l->k->s->arena, &l->tasks.at[scan].vars, v);
    l->component[v->id] = scan;
    l->tasks.at[i].done = true;
    l->tasks.at[i].vars.n = 0;
  }
}

static int fill_task(Level *l, Var *v, Boundary *b)
{
  for (int i = 0; i < l->tasks.n; i++)
    if (l->tasks.at[i].filled == v && l->tasks.at[i].bound == b) return i;
  vec_push(l->k->s->arena, &l->tasks, ((Task){.filled = v, .bound = b}));
  int made = l->tasks.n - 1;
  if (b->var->rhs && l->within[b->var->id])
    vec_push(l->k->s->arena, &l->needs, ((Need){made, l->component[b->var->id], false}));
  return made;
}

/* Fills that belong to this level: those of the outermost, unless the value is of the scan itself, and those whose
   value this scan makes. */
static void find_fills(Level *l, int task, const Expr *read)
{
  for (int b = 0; b < read->var->bound.n; b++) {
    Boundary *bound = &read->var->bound.at[b];
    if (!leaves_own_place(read, bound->axis)) continue;
    bool here = bound->var->rhs && l->within[bound->var->id];
    if (here ? l->tasks.at[task].cycle && l->component[bound->var->id] == task : l->fixed != 0) continue;
    int fill = fill_task(l, read->var, bound);
    if (!is_carried(l, read)) vec_push(l->k->s->arena, &l->needs, ((Need){task, fill, true}));
  }
}

static void find_needs(Level *l, int task)
{
  for (int i = 0; i < l->tasks.at[task].vars.n; i++) {
    ExprList *nodes = &l->k->nodes[l->tasks.at[task].vars.at[i]->id];
    for (int n = 0; n < nodes->n; n++) {
      Expr *e = nodes->at[n];
      if (e->op != OP_READ) continue;
      bool here = e->var->rhs && l->within[e->var->id] && l->component[e->var->id] != task;
      if (here && !is_carried(l, e))
        vec_push(l->k->s->arena, &l->needs, ((Need){task, l->component[e->var->id], !read_is_now(e)}));
      find_fills(l, task, e);
    }
  }
}

/* ---- loops of a group ---- */

/* of the components that v's equation goes over */
static Shape extent(const Var *v) { return is_reduction(v) ? v->rhs->in[0]->shape : v->shape; }

static void loop_shape(const Var *v, int *rows, int *cols)
{
  Shape s = extent(v);
  *rows = s.rank == 2 ? s.dim[0] : 1;
  *cols = s.rank == 2 ? s.dim[1] : s.rank == 1 ? s.dim[0] : 1;
}

static bool runs_in_loop(const Var *v) { return is_elementwise(v) || is_reduction(v); }

/* May v join the open loop? Everything of this group that it reads is in an earlier loop, or in this one and read
 * element by element. */
static bool fits_loop(Scheduler *k, const Var *v, const Group *g, const Loop *open, int loop)
{
  int rows, cols;
  loop_shape(v, &rows, &cols);
  if (!open->elementwise || !runs_in_loop(v) || rows != open->rows || cols != open->cols) return false;
  ExprList *nodes = &k->nodes[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    bool sum = e->op == OP_READ && e->var->rhs && read_is_now(e) && is_reduction(e->var); /* known behind its loop */
    if (sum && plan_of(e->var)->group == g->id && plan_of(e->var)->loop == loop) return false;
    for (int n = 0; n < e->nin; n++) { /* a read below a slice, outer or at(..) is not at the loop's own element */
      Expr *in = e->in[n];
      if (in->op != OP_READ || !in->var->rhs || !read_is_now(in)) continue;
      VarPlan *u = plan_of(in->var);
      if (u->group != g->id || u->loop != loop) continue;
      bool own_element = op_is_ew(e) || e->op == OP_BCAST || (is_reduction(v) && e == v->rhs);
      if (!own_element || !shape_same(in->var->shape, extent(v))) return false;
    }
  }
  return true;
}

static bool group_ready(Scheduler *k, const Var *v, const Group *g)
{
  ExprList *nodes = &k->nodes[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    if (e->op != OP_READ || !e->var->rhs || !read_is_now(e) || e->var == v) continue;
    VarPlan *u = plan_of(e->var);
    if (u->group == g->id && u->loop < 0) return false;
  }
  return true;
}

/* Splits the group's variables into loops, filling each as far as dependences let it. */
static void make_loops(Scheduler *k, Group *g, Var **vars, int n)
{
  for (int i = 0; i < n; i++) {
    plan_of(vars[i])->group = g->id;
    plan_of(vars[i])->loop = -1;
  }
  for (int left = n; left > 0;) {
    Loop open = {0};
    int number = g->loops.n;
    for (bool again = true; again;) {
      again = false;
      for (int i = 0; i < n; i++) {
        Var *v = vars[i];
        if (plan_of(v)->loop >= 0 || !group_ready(k, v, g)) continue;
        if (open.vars.n == 0) {
          open.elementwise = runs_in_loop(v);
          loop_shape(v, &open.rows, &open.cols);
        } else if (!fits_loop(k, v, g, &open, number)) continue;
        vec_push(k->s->arena, &open.vars, v);
        plan_of(v)->loop = number;
        left--;
        again = true;
      }
    }
    assert(open.vars.n > 0);
    vec_push(k->s->arena, &g->loops, open);
  }
}

/* ---- order ---- */

static bool is_rows(const Task *t)
{
  return !t->filled && !t->cycle && !is_sum(t->vars.at[0]) && !is_shared_product(t->vars.at[0]);
}

/* All that task needs is done, or (in_group) runs before it in the open group, on the same row. */
static bool ready(Level *l, int task, const bool *in_group)
{
  for (int i = 0; i < l->needs.n; i++) {
    Need *n = &l->needs.at[i];
    if (n->of != task || l->tasks.at[n->on].done) continue;
    if (in_group && in_group[n->on] && !n->elsewhere) continue;
    return false;
  }
  return true;
}

static void place(Level *l, Var *v)
{
  VarPlan *p = plan_of(v);
  p->scan = l->scan;
  p->fixed = l->fixed;
  p->placed = true;
}

static void place_step(Level *l, Step step) { vec_push(l->k->s->arena, l->steps, step); }

/* Runs every row task of `dom` that can run now, as one group. */
static bool place_group(Level *l, int dom)
{
  VarList vars = {0};
  Arena *a = l->k->s->arena;
  bool *in_group = ARENA_ARRAY(a, bool, l->tasks.n);
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < l->tasks.n; i++) {
      Task *t = &l->tasks.at[i];
      if (t->done || in_group[i] || !is_rows(t) || t->vars.at[0]->dom != dom || !ready(l, i, in_group)) continue;
      in_group[i] = true;
      vec_push(a, &vars, t->vars.at[0]);
      again = true;
    }
  }
  if (!vars.n) return false;
  Step step = {.kind = STEP_ROWS, .dom = dom, .group.id = ++l->k->groups};
  for (int i = 0; i < vars.n; i++) place(l, vars.at[i]);
  make_loops(l->k, &step.group, vars.at, vars.n);
  place_step(l, step);
  for (int i = 0; i < l->tasks.n; i++) l->tasks.at[i].done |= in_group[i];
  return true;
}

static void place_scan(Level *l, Task *t);

static bool place_single(Level *l, int i)
{
  Task *t = &l->tasks.at[i];
  if (t->done || is_rows(t) || !ready(l, i, NULL)) return false;
  if (t->filled)
    place_step(l, (Step){.kind = STEP_FILL,
                         .dom = t->filled->dom & ~axis_bit(t->bound->axis),
                         .var = t->filled,
                         .bound = t->bound});
  else if (t->cycle) place_scan(l, t);
  else {
    Var *v = t->vars.at[0];
    place(l, v);
    plan_of(v)->group = ++l->k->groups;
    place_step(l, (Step){.kind = is_sum(v) ? STEP_SUM : STEP_PRODUCT, .dom = v->dom, .var = v});
  }
  l->tasks.at[i].done = true;
  return true;
}

static void order(Scheduler *k, int fixed, int scan, Var *const *vars, int n, Steps *steps)
{
  Arena *a = k->s->arena;
  int all = k->s->vars.n;
  Level level = {.k = k, .fixed = fixed, .scan = scan, .steps = steps}, *l = &level;
  l->within = ARENA_ARRAY(a, bool, all);
  l->component = ARENA_ARRAY(a, int, all);
  l->index = ARENA_ARRAY(a, int, all);
  l->low = ARENA_ARRAY(a, int, all);
  l->on_stack = ARENA_ARRAY(a, bool, all);
  l->stack = ARENA_ARRAY(a, Var *, all);
  for (int i = 0; i < n; i++) l->within[vars[i]->id] = true;
  for (int i = 0; i < n; i++)
    if (!l->index[vars[i]->id]) visit(l, vars[i]);
  join_concats(l);
  for (int i = 0, tasks = l->tasks.n; i < tasks; i++) find_needs(l, i);

  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < l->tasks.n; i++) again |= place_single(l, i);
    static const int order[] = {DOM_MODEL, DOM_SEQ, DOM_T, DOM_S, DOM_S | DOM_B, DOM_TIME, DOM_AXES, DOM_AXES | DOM_B};
    for (int d = 0; d < 8 && !again; d++) again = place_group(l, order[d]);
  }
  for (int i = 0; i < l->tasks.n; i++) assert(l->tasks.at[i].done); /* sema refuses a cycle without a delay */
}

/* ---- scans ---- */

/* a read of the component's own, at this or another place of it */
static bool is_inner(const Level *l, const Task *t, const Expr *e)
{
  if (e->op != OP_READ || !e->var->rhs || !l->within[e->var->id] || is_carried(l, e)) return false;
  return l->component[e->var->id] == l->component[t->vars.at[0]->id];
}

/* The direction in which the component can run along the axis: all its reads of itself go one way. 0: it cannot. */
static int direction_along(Level *l, const Task *t, Axis axis)
{
  int direction = 0;
  for (int i = 0; i < t->vars.n; i++) {
    if (!(t->vars.at[i]->dom & axis_bit(axis))) return 0;
    ExprList *nodes = &l->k->nodes[t->vars.at[i]->id];
    for (int n = 0; n < nodes->n; n++) {
      if (!is_inner(l, t, nodes->at[n])) continue;
      Place p = read_place(nodes->at[n], axis);
      if (p.kind != READ_REL || (p.k > 0 && direction > 0) || (p.k < 0 && direction < 0)) return 0;
      if (p.k) direction = p.k < 0 ? 1 : -1;
    }
  }
  return direction;
}

static const char *cycle_text(Level *l, const Task *task)
{
  System *s = l->k->s;
  Text t = {0};
  int shown = 0;
  for (int i = 0; i < task->vars.n && shown < 6; i++) {
    Var *v = task->vars.at[i];
    ExprList *nodes = &l->k->nodes[v->id];
    for (int n = 0; n < nodes->n && shown < 6; n++) {
      Expr *e = nodes->at[n];
      if (!is_inner(l, task, e) || read_is_now(e)) continue;
      text_puts(&t, shown ? ", " : "");
      expr_print(&t, s, ex_var(s, v));
      text_puts(&t, " reads ");
      expr_print(&t, s, e);
      shown++;
    }
  }
  const char *made = arena_copy(s->arena, t.at ? t.at : "", t.n);
  text_free(&t);
  return made;
}

/* sums over the batch, of the step or of those inside it */
static bool sums_over_batch(const Step *step)
{
  if (step->kind == STEP_SUM) return step->var->rhs->op == OP_BSUM;
  for (int i = 0; i < step->items.n; i++)
    if (sums_over_batch(&step->items.at[i])) return true;
  return false;
}

static void place_scan(Level *l, Task *t)
{
  Step step = {.kind = STEP_SCAN, .why = cycle_text(l, t)};
  for (Axis a = AXES; a-- > 0;) {
    int direction = l->fixed & axis_bit(a) ? 0 : direction_along(l, t, a);
    if (direction) step.axis = a, step.direction = direction;
  }
  assert(step.direction != 0);
  step.dom = axis_bit(step.axis);
  for (int i = 0; i < t->vars.n; i++) step.dom |= t->vars.at[i]->dom;
  Steps items = {0};
  order(l->k, l->fixed | axis_bit(step.axis), l->k->plan->scans++, t->vars.at, t->vars.n, &items);
  for (int i = 0; i < items.n; i++) vec_push(l->k->s->arena, &step.items, items.at[i]);
  step.whole = sums_over_batch(&step);
  place_step(l, step);
}

void schedule(Plan *p)
{
  System *s = p->system;
  Scheduler k = {.plan = p, .s = s};
  k.nodes = ARENA_ARRAY(s->arena, ExprList, s->vars.n);
  VarList vars = {0};
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    k.nodes[i] = walk_nodes(s, s->vars.at[i]->rhs);
    vec_push(s->arena, &vars, s->vars.at[i]);
  }
  Steps steps = {0};
  order(&k, 0, -1, vars.at, vars.n, &steps);
  for (int i = 0; i < steps.n; i++) vec_push(s->arena, &p->steps, steps.at[i]);
}

/* schedule.c: strongly connected components (Tarjan 1972), then a greedy order that fuses what can run row by row.
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

typedef struct Need { /* task `of` needs `on`; off_row: reads it at another t */
  int of, on;
  bool off_row;
} Need;

typedef struct Scheduler {
  Plan *plan;
  System *s;
  ExprList *nodes; /* by var id: nodes of its right side */
  int *component;  /* by var id: its task */
  Vec(Task) tasks;
  Vec(Need) needs;
  /* Tarjan's */
  int *index, *low, clock, nstack;
  bool *on_stack;
  Var **stack;
  int groups;
} Scheduler;

bool reads_off_row(const Expr *read)
{
  return read->attr[0] >= FROM_START || (read->attr[0] == READ_REL && read->attr[1] != 0);
}

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

/* ---- components ---- */

static void visit(Scheduler *k, Var *v);

static void visit_read(Scheduler *k, Var *v, Var *u)
{
  if (!u->rhs) return;
  if (!k->index[u->id]) visit(k, u);
  if (k->on_stack[u->id] && k->low[u->id] < k->low[v->id]) k->low[v->id] = k->low[u->id];
}

static void visit(Scheduler *k, Var *v)
{
  k->index[v->id] = k->low[v->id] = ++k->clock;
  k->stack[k->nstack++] = v;
  k->on_stack[v->id] = true;
  ExprList *nodes = &k->nodes[v->id];
  bool self = false;
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    if (e->op != OP_READ) continue;
    self |= e->var == v;
    visit_read(k, v, e->var);
    if (reads_off_row(e))
      for (int b = 0; b < e->var->bound.n; b++) visit_read(k, v, e->var->bound.at[b].var);
  }
  if (k->low[v->id] != k->index[v->id]) return;
  Task task = {.cycle = self};
  int first = k->nstack;
  do {
    first--;
    k->on_stack[k->stack[first]->id] = false;
  } while (k->stack[first] != v);
  for (int i = first; i < k->nstack; i++) {
    k->component[k->stack[i]->id] = k->tasks.n;
    vec_push(k->s->arena, &task.vars, k->stack[i]);
  }
  task.cycle |= task.vars.n > 1;
  k->nstack = first;
  vec_push(k->s->arena, &k->tasks, task);
}

static int fill_task(Scheduler *k, Var *v, Boundary *b)
{
  for (int i = 0; i < k->tasks.n; i++)
    if (k->tasks.at[i].filled == v && k->tasks.at[i].bound == b) return i;
  vec_push(k->s->arena, &k->tasks, ((Task){.filled = v, .bound = b}));
  int made = k->tasks.n - 1;
  if (b->var->rhs) vec_push(k->s->arena, &k->needs, ((Need){made, k->component[b->var->id], false}));
  return made;
}

static void find_needs(Scheduler *k, int task)
{
  for (int i = 0; i < k->tasks.at[task].vars.n; i++) {
    ExprList *nodes = &k->nodes[k->tasks.at[task].vars.at[i]->id];
    for (int n = 0; n < nodes->n; n++) {
      Expr *e = nodes->at[n];
      if (e->op != OP_READ) continue;
      bool off = reads_off_row(e);
      if (e->var->rhs && k->component[e->var->id] != task)
        vec_push(k->s->arena, &k->needs, ((Need){task, k->component[e->var->id], off}));
      for (int b = 0; off && b < e->var->bound.n; b++) {
        int fill = fill_task(k, e->var, &e->var->bound.at[b]);
        vec_push(k->s->arena, &k->needs, ((Need){task, fill, true}));
      }
    }
  }
}

/* ---- loops of a group ---- */

static void loop_shape(const Var *v, int *rows, int *cols)
{
  *rows = v->shape.rank == 2 ? v->shape.dim[0] : 1;
  *cols = v->shape.rank == 2 ? v->shape.dim[1] : v->shape.rank == 1 ? v->shape.dim[0] : 1;
}

/* May v join the open loop? Everything of this group that it reads is in an earlier loop, or in this one and read
 * element by element. */
static bool fits_loop(Scheduler *k, const Var *v, const Group *g, const Loop *open, int loop)
{
  int rows, cols;
  loop_shape(v, &rows, &cols);
  if (!open->elementwise || !is_elementwise(v) || rows != open->rows || cols != open->cols) return false;
  ExprList *nodes = &k->nodes[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    for (int n = 0; n < e->nin; n++) { /* a read below a slice, outer or at(..) is not at the loop's own element */
      Expr *in = e->in[n];
      if (in->op != OP_READ || !in->var->rhs || reads_off_row(in)) continue;
      VarPlan *u = plan_of(in->var);
      if (u->group == g->id && u->loop == loop && !op_is_ew(e) && e->op != OP_BCAST) return false;
      if (u->group == g->id && u->loop == loop && !shape_same(in->var->shape, v->shape)) return false;
    }
  }
  return true;
}

static bool group_ready(Scheduler *k, const Var *v, const Group *g)
{
  ExprList *nodes = &k->nodes[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    if (e->op != OP_READ || !e->var->rhs || reads_off_row(e) || e->var == v) continue;
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
          open.elementwise = is_elementwise(v);
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

/* ---- scans ---- */

static bool same_time(const Expr *e) { return e->op == OP_READ && e->attr[0] == READ_REL && e->attr[1] == 0; }

/* Everything at the same t that v reads of its own component is placed. */
static bool scan_ready(Scheduler *k, const Task *task, const Var *v, const bool *placed)
{
  (void)task;
  ExprList *nodes = &k->nodes[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    if (same_time(e) && e->var->rhs && k->component[e->var->id] == k->component[v->id] && !placed[e->var->id])
      return false;
  }
  return true;
}

static const char *cycle_text(Scheduler *k, const Task *task)
{
  Text t = {0};
  int shown = 0;
  for (int i = 0; i < task->vars.n && shown < 6; i++) {
    ExprList *nodes = &k->nodes[task->vars.at[i]->id];
    for (int n = 0; n < nodes->n && shown < 6; n++) {
      Expr *e = nodes->at[n];
      if (e->op != OP_READ || same_time(e) || !e->var->rhs ||
          k->component[e->var->id] != k->component[task->vars.at[i]->id])
        continue;
      text_printf(&t, "%s%s[t] reads ", shown ? ", " : "", task->vars.at[i]->name);
      expr_print(&t, k->s, e);
      shown++;
    }
  }
  const char *made = arena_copy(k->s->arena, t.at ? t.at : "", t.n);
  text_free(&t);
  return made;
}

static void make_scan(Scheduler *k, const Task *task)
{
  Step step = {
      .kind = STEP_SCAN, .dom = DOM_TIME, .direction = 1, .scan = k->plan->scans++, .why = cycle_text(k, task)};
  bool *placed = ARENA_ARRAY(k->s->arena, bool, k->s->vars.n);
  for (int i = 0; i < task->vars.n; i++) {
    ExprList *nodes = &k->nodes[task->vars.at[i]->id];
    for (int n = 0; n < nodes->n; n++) {
      Expr *e = nodes->at[n];
      if (e->op == OP_READ && e->attr[0] == READ_REL && e->attr[1] > 0 &&
          k->component[e->var->id] == k->component[task->vars.at[i]->id])
        step.direction = -1;
    }
  }
  for (int left = task->vars.n; left > 0;) {
    int before = left;
    for (int i = 0; i < task->vars.n; i++) { /* products as soon as they can: their results feed groups */
      Var *v = task->vars.at[i];
      if (placed[v->id] || !is_shared_product(v) || !scan_ready(k, task, v, placed)) continue;
      plan_of(v)->step = k->plan->steps.n;
      plan_of(v)->scan = step.scan;
      plan_of(v)->group = ++k->groups;
      vec_push(k->s->arena, &step.items, ((Item){.product = v}));
      placed[v->id] = true;
      left--;
    }
    Vec(Var *) rows = {0};
    for (bool again = true; again;) {
      again = false;
      for (int i = 0; i < task->vars.n; i++) {
        Var *v = task->vars.at[i];
        if (placed[v->id] || is_shared_product(v) || !scan_ready(k, task, v, placed)) continue;
        plan_of(v)->step = k->plan->steps.n;
        plan_of(v)->scan = step.scan;
        placed[v->id] = true;
        vec_push(k->s->arena, &rows, v);
        left--;
        again = true;
      }
    }
    if (rows.n) {
      Item item = {.group.id = ++k->groups};
      make_loops(k, &item.group, rows.at, rows.n);
      vec_push(k->s->arena, &step.items, item);
    }
    assert(left < before); /* sema refuses a cycle without a delay */
  }
  vec_push(k->s->arena, &k->plan->steps, step);
}

/* ---- order ---- */

static bool is_rows(const Task *t)
{
  return !t->filled && !t->cycle && !is_sum(t->vars.at[0]) && !is_shared_product(t->vars.at[0]);
}

/* All that task needs is done, or (in_group) runs before it in the open group, on the same row. */
static bool ready(Scheduler *k, int task, const bool *in_group)
{
  for (int i = 0; i < k->needs.n; i++) {
    Need *n = &k->needs.at[i];
    if (n->of != task || k->tasks.at[n->on].done) continue;
    if (in_group && in_group[n->on] && !n->off_row) continue;
    return false;
  }
  return true;
}

static void close_group(Scheduler *k, int dom, Var **vars, int n)
{
  Step step = {.kind = STEP_ROWS, .dom = dom, .scan = -1, .group.id = ++k->groups};
  for (int i = 0; i < n; i++) plan_of(vars[i])->step = k->plan->steps.n;
  make_loops(k, &step.group, vars, n);
  vec_push(k->s->arena, &k->plan->steps, step);
}

/* Runs every row task of `dom` that can run now, as one group. */
static bool place_group(Scheduler *k, int dom)
{
  Vec(Var *) vars = {0};
  bool *in_group = ARENA_ARRAY(k->s->arena, bool, k->tasks.n);
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < k->tasks.n; i++) {
      Task *t = &k->tasks.at[i];
      if (t->done || in_group[i] || !is_rows(t) || t->vars.at[0]->dom != dom || !ready(k, i, in_group)) continue;
      in_group[i] = true;
      vec_push(k->s->arena, &vars, t->vars.at[0]);
      again = true;
    }
  }
  if (!vars.n) return false;
  close_group(k, dom, vars.at, vars.n);
  for (int i = 0; i < k->tasks.n; i++) k->tasks.at[i].done |= in_group[i];
  return true;
}

static bool place_single(Scheduler *k, int i)
{
  Task *t = &k->tasks.at[i];
  if (t->done || is_rows(t) || !ready(k, i, NULL)) return false;
  if (t->filled)
    vec_push(k->s->arena, &k->plan->steps,
             ((Step){.kind = STEP_FILL, .scan = -1, .dom = DOM_SEQ, .var = t->filled, .bound = t->bound}));
  else if (t->cycle) make_scan(k, t);
  else {
    Var *v = t->vars.at[0];
    plan_of(v)->step = k->plan->steps.n;
    plan_of(v)->group = ++k->groups;
    vec_push(k->s->arena, &k->plan->steps,
             ((Step){.kind = is_sum(v) ? STEP_SUM : STEP_PRODUCT, .scan = -1, .dom = v->dom, .var = v}));
  }
  t->done = true;
  return true;
}

void schedule(Plan *p)
{
  System *s = p->system;
  Scheduler k = {.plan = p, .s = s};
  k.nodes = ARENA_ARRAY(s->arena, ExprList, s->vars.n);
  k.component = ARENA_ARRAY(s->arena, int, s->vars.n);
  k.index = ARENA_ARRAY(s->arena, int, s->vars.n);
  k.low = ARENA_ARRAY(s->arena, int, s->vars.n);
  k.on_stack = ARENA_ARRAY(s->arena, bool, s->vars.n);
  k.stack = ARENA_ARRAY(s->arena, Var *, s->vars.n);
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs) k.nodes[i] = walk_nodes(s, s->vars.at[i]->rhs);
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs && !k.index[i]) visit(&k, s->vars.at[i]);
  for (int i = 0, n = k.tasks.n; i < n; i++) find_needs(&k, i);

  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < k.tasks.n; i++) again |= place_single(&k, i);
    if (again) continue;
    static const int order[] = {DOM_MODEL, DOM_SEQ, DOM_TIME};
    for (int d = 0; d < 3 && !again; d++) again = place_group(&k, order[d]);
  }
  for (int i = 0; i < k.tasks.n; i++) assert(k.tasks.at[i].done);
}

/* plan.c: where each variable lives. A value that only its own loop reads stays in registers; its group's, on the
   stack; its scan's at the same t, one row a sequence; everything else gets a buffer. The parts of a concat are written
   straight into it. Needs: the schedule. Leaves: equations and order. */
#include "plan.h"
#include "name.h"
#include "schedule.h"
#include "walk.h"
#include <assert.h>

enum { ROW_LIMIT = 4096 }; /* elements; longer rows go to memory of the frame */

static int count(const Var *v) { return v->shape.token ? 1 : (int)shape_count(v->shape); }
static Store at_least(Store a, Store b) { return a > b ? a : b; }

/* How a read below e's root is used: element by element in a loop, or by address. */
static bool by_element(const Var *reader, const Expr *parent)
{
  return is_elementwise(reader) && (!parent || op_is_ew(parent) || parent->op == OP_BCAST);
}

static Store store_for(const Var *v, const Var *reader, const Expr *read, const Expr *parent)
{
  const VarPlan *a = plan_of(v), *b = plan_of(reader);
  if (reads_off_row(read) || is_sum(v)) return STORE_BUFFER;
  bool number = count(v) == 1 && v->shape.rank == 0;
  if (a->group == b->group) {
    if (by_element(reader, parent) && (a->loop == b->loop || number)) return STORE_NONE;
    return number && is_elementwise(reader) ? STORE_NONE : STORE_ROW;
  }
  if (a->scan >= 0 && a->scan == b->scan && v->dom == DOM_TIME) return STORE_BATCH;
  return STORE_BUFFER;
}

static void need(Var *v, Store store)
{
  VarPlan *p = plan_of(v);
  if (store == STORE_ROW && count(v) > ROW_LIMIT) store = p->scan >= 0 ? STORE_BATCH : STORE_BUFFER;
  p->store = at_least(p->store, store);
}

/* Visits the reads of v's right side with their parents. */
static void needs_of(const Var *reader, const Expr *e, const Expr *parent)
{
  if (e->op == OP_READ)
    need(e->var, e->var->rhs ? store_for(e->var, reader, e, parent) : STORE_BUFFER); /* inputs, as far as read */
  for (int i = 0; i < e->nin; i++) needs_of(reader, e->in[i], e);
}

static int new_buffer(Plan *p, bool time, bool batch, bool is_int, int width)
{
  vec_push(p->system->arena, &p->buffers, ((Buffer){.time = time, .batch = batch, .is_int = is_int, .width = width}));
  return p->buffers.n - 1;
}

/* The parts of concat v that can live in its columns: computed, at the same place, not yet elsewhere. */
static void share_concat(Var *v)
{
  int col = 0;
  for (int i = 0; i < v->rhs->nin; i++) {
    const Expr *part = v->rhs->in[i];
    Var *u = part->op == OP_READ ? part->var : NULL;
    if (u && u->rhs && u != v && u->dom == v->dom && u->kind == VAR_COMPUTED && !reads_off_row(part)) {
      VarPlan *a = plan_of(u), *b = plan_of(v);
      bool stored = !a->in && a->store != STORE_GRAD && a->store != STORE_PARAM;
      if (stored && !b->in) {
        b->store = at_least(at_least(b->store, a->store), STORE_ROW);
        if (a->group != b->group)
          b->store = at_least(b->store, a->scan >= 0 && a->scan == b->scan ? STORE_BATCH : STORE_BUFFER);
        a->store = b->store;
        a->in = v;
        a->col = col;
      }
    }
    col += (int)shape_count(part->shape);
  }
}

static void place_variable(Plan *p, Var *v)
{
  VarPlan *a = plan_of(v);
  if (v->kind == VAR_PARAM || v->kind == VAR_STACKED) {
    a->store = STORE_PARAM;
    a->offset = v->offset;
    return;
  }
  if (v->adj_of && (v->adj_of->kind == VAR_PARAM || v->adj_of->kind == VAR_STACKED)) {
    a->store = STORE_GRAD;
    a->offset = v->adj_of->offset;
    return;
  }
  if (a->in) {
    const Var *root = v;
    while (plan_of(root)->in) root = plan_of(root)->in;
    a->store = plan_of(root)->store;
    return;
  }
  if (a->store == STORE_BATCH) a->buffer = new_buffer(p, false, true, false, count(v));
  if (a->store == STORE_BUFFER && (v->rhs || v->kind != VAR_COMPUTED))
    a->buffer = new_buffer(p, v->dom & DOM_T, v->dom & DOM_B, v->shape.token, count(v));
}

static void reach(Plan *p, const Var *v, int lo, int hi)
{
  VarPlan *a = plan_of(v);
  if (a->in) {
    reach(p, a->in, lo, hi);
    return;
  }
  if (a->store != STORE_BUFFER || !(v->dom & DOM_T)) return;
  Buffer *b = &p->buffers.at[a->buffer];
  if (lo > b->lo) b->lo = lo;
  if (hi > b->hi) b->hi = hi;
}

/* How far reads and boundaries go beyond 1..T. */
static void buffer_reach(Plan *p, const Expr *e)
{
  if (e->op == OP_READ) {
    int k = e->attr[1];
    switch ((ReadKind)e->attr[0]) {
    case READ_PLAIN: break;
    case READ_REL: reach(p, e->var, k < 0 ? -k : 0, k > 0 ? k : 0); break;
    case FROM_START: reach(p, e->var, k < 1 ? 1 - k : 0, k > 1 ? k - 1 : 0); break;
    case FROM_END: reach(p, e->var, k < 0 ? -k : 0, k > 0 ? k : 0); break;
    }
  }
  for (int i = 0; i < e->nin; i++) buffer_reach(p, e->in[i]);
}

Plan *plan_make(System *s, Var *const *keep, int nkeep)
{
  Plan *p = ARENA_NEW(s->arena, Plan);
  p->system = s;
  p->keep = (Var **)keep;
  p->nkeep = nkeep;
  for (int i = 0; i < s->vars.n; i++) {
    VarPlan *a = ARENA_NEW(s->arena, VarPlan);
    *a = (VarPlan){.buffer = -1, .step = -1, .group = -1, .loop = -1, .scan = -1};
    s->vars.at[i]->plan = a;
  }
  schedule(p);

  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->rhs) needs_of(v, v->rhs, NULL);
    if (v->rhs && is_sum(v)) plan_of(v)->store = STORE_BUFFER;
    for (int k = 0; k < v->bound.n; k++) {
      need(v->bound.at[k].var, STORE_BUFFER);
      if (v->bound.at[k].carried) need(v->bound.at[k].carried, STORE_BUFFER);
    }
    /* an absolute or shifted place of v, and what fills it, need memory of its own */
    if (v->bound.n) need(v, STORE_BUFFER);
  }
  for (int i = 0; i < nkeep; i++) need(keep[i], STORE_BUFFER);
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->rhs && is_shared_product(v)) need(v, plan_of(v)->scan >= 0 ? STORE_BATCH : STORE_BUFFER);
    if (v->rhs && v->rhs->op == OP_CONCAT && !is_sum(v)) need(v, STORE_ROW);
    if (v->rhs && !is_elementwise(v) && (count(v) > 1 || v->shape.token))
      need(v, v->shape.token ? STORE_BUFFER : STORE_ROW);
  }
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs && s->vars.at[i]->rhs->op == OP_CONCAT && !is_sum(s->vars.at[i]))
      share_concat(s->vars.at[i]);
  for (int i = 0; i < s->vars.n; i++) place_variable(p, s->vars.at[i]);
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->rhs) buffer_reach(p, v->rhs);
    for (int k = 0; k < v->bound.n; k++) {
      Boundary *b = &v->bound.at[k];
      reach(p, v, b->kind == FROM_START ? 1 - b->offset : 0, b->kind == FROM_END ? b->offset : 0);
    }
  }
  return p;
}

/* ---- --emit=schedule ---- */

static const char *const store_name[] = {"registers", "row", "a row a sequence", "buffer", "parameters", "gradients"};

static void print_var(Text *out, const Plan *p, const Var *v, int indent)
{
  text_printf(out, "%*s%s%s = ", indent, "", v->name, v->dom & DOM_T ? "[t]" : "");
  expr_print(out, p->system, v->rhs);
  const VarPlan *a = plan_of(v);
  text_printf(out, "    # %s", store_name[a->store]);
  if (a->in) text_printf(out, ", in %s at %d", a->in->name, a->col);
  else if (a->buffer >= 0) text_printf(out, " %d (%d wide)", a->buffer, p->buffers.at[a->buffer].width);
  text_puts(out, "\n");
}

static void print_group(Text *out, const Plan *p, const Group *g, int indent)
{
  for (int i = 0; i < g->loops.n; i++) {
    const Loop *l = &g->loops.at[i];
    if (l->elementwise && (l->cols > 1 || l->rows > 1)) {
      if (l->rows > 1) text_printf(out, "%*sloop %d x %d\n", indent, "", l->rows, l->cols);
      else text_printf(out, "%*sloop %d\n", indent, "", l->cols);
    }
    for (int k = 0; k < l->vars.n; k++) print_var(out, p, l->vars.at[k], indent + 2);
  }
}

void plan_print(Text *out, const Plan *p)
{
  static const char *const over[] = {"once", "for each t", "for each sequence", "for all t of all sequences"};
  for (int i = 0; i < p->steps.n; i++) {
    const Step *s = &p->steps.at[i];
    text_printf(out, "%d. ", i + 1);
    switch (s->kind) {
    case STEP_FILL:
      text_printf(out, "fill %s[%s%s%d] from %s\n", s->var->name, s->bound->kind == FROM_END ? "T" : "",
                  s->bound->kind == FROM_END ? "+" : "", s->bound->offset, s->bound->var->name);
      break;
    case STEP_ROWS:
      text_printf(out, "rows, %s\n", over[s->dom]);
      print_group(out, p, &s->group, 2);
      break;
    case STEP_SCAN:
      text_printf(out, "scan %s: %s\n", s->direction > 0 ? "t = 1..T" : "t = T..1", s->why);
      for (int k = 0; k < s->items.n; k++) {
        if (s->items.at[k].product) {
          text_puts(out, "  product\n");
          print_var(out, p, s->items.at[k].product, 4);
        } else {
          text_puts(out, "  rows\n");
          print_group(out, p, &s->items.at[k].group, 4);
        }
      }
      break;
    case STEP_PRODUCT:
      text_printf(out, "product, %s\n", over[s->dom]);
      print_var(out, p, s->var, 2);
      break;
    case STEP_SUM:
      text_puts(out, "sum\n");
      print_var(out, p, s->var, 2);
      break;
    }
  }
}

/* plan.c: where each variable lives. A value that only its own loop reads stays in registers; its group's, on the
   stack; its scan's at the same t, one row a sequence; everything else gets a buffer. The parts of a concat are written
   straight into it. Needs: the schedule. Leaves: equations and order. */
#include "plan.h"
#include "absorb.h"
#include "in_place.h"
#include "kernel.h"
#include "name.h"
#include "schedule.h"
#include "units.h"
#include "walk.h"
#include <assert.h>
#include <ctype.h>

enum { ROW_LIMIT = 4096 }; /* elements; longer rows go to memory of the frame */

static int count(const Var *v) { return v->shape.token ? 1 : (int)shape_count(v->shape); }
static Store at_least(Store a, Store b) { return a > b ? a : b; }

/* How a read below e's root is used: element by element in a loop, or by address. */
static bool by_element(const Var *reader, const Expr *parent)
{
  if (is_reduction(reader) && parent == reader->rhs) return true;
  return (is_elementwise(reader) || is_reduction(reader)) && (!parent || op_is_ew(parent) || parent->op == OP_BCAST);
}

/* What is read at its own place of the scan that makes it needs no more than that place, where that is a row a
 * sequence.
 */
static Store beside_scan(const Var *v)
{
  const VarPlan *a = plan_of(v);
  return a->scan >= 0 && !(v->dom & ~a->fixed & DOM_AXES) ? STORE_BATCH : STORE_BUFFER;
}

static Store store_for(const Var *v, const Var *reader, const Expr *read, const Expr *parent)
{
  const VarPlan *a = plan_of(v), *b = plan_of(reader);
  if (!read_is_now(read) || is_sum(v)) return STORE_BUFFER;
  bool number = count(v) == 1 && v->shape.rank == 0;
  if (a->group == b->group) {
    if (by_element(reader, parent) && (a->loop == b->loop || number)) return STORE_NONE;
    return number && (is_elementwise(reader) || is_reduction(reader)) ? STORE_NONE : STORE_ROW;
  }
  return a->scan == b->scan ? beside_scan(v) : STORE_BUFFER;
}

static void need(Var *v, Store store)
{
  VarPlan *p = plan_of(v);
  if (p->absorbed) return;
  if (store == STORE_ROW && count(v) > ROW_LIMIT) store = beside_scan(v);
  p->store = at_least(p->store, store);
}

/* Visits the reads of v's right side with their parents. */
static void needs_of(const Var *reader, const Expr *e, const Expr *parent)
{
  if (e->op == OP_READ)
    need(e->var, e->var->rhs ? store_for(e->var, reader, e, parent) : STORE_BUFFER); /* inputs, as far as read */
  for (int i = 0; i < e->nin; i++) needs_of(reader, e->in[i], e);
}

static int new_buffer(Plan *p, int dom, bool is_int, int width)
{
  Buffer b = {.batch = dom & DOM_B, .is_int = is_int, .width = width};
  for (Axis a = 0; a < AXES; a++) b.axis[a] = dom & axis_bit(a);
  vec_push(p->system->arena, &p->buffers, b);
  return p->buffers.n - 1;
}

/* Where in w's columns concat v would start, if what they have in common is to be there once: [n, r, z] and [r, z, m]
   are columns of n, r, z, m. false: nothing is common, or some column would have to be both's and different. */
static bool overlap(const Var *v, const Var *w, int *start)
{
  bool found = false;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0, col = 0; i < v->rhs->nin; i++) {
      const Expr *part = v->rhs->in[i];
      const Var *u = part->op == OP_READ && read_is_now(part) ? part->var : NULL;
      int n = (int)shape_count(part->shape), at = *start + col;
      bool common = u && plan_of(u)->in == w;
      if (pass == 0 && common && !found) *start = plan_of(u)->col - col, found = true;
      if (pass == 1 && at < count(w) && at + n > 0 && !(common && plan_of(u)->col == at)) return false;
      col += n;
    }
  return found;
}

/* Two concats of one scan with neighbouring parts in common lie in one row. */
static void overlap_concat(Plan *p, Var *v)
{
  VarPlan *a = plan_of(v);
  for (int i = 0; i < p->system->vars.n && !p->one_row && !a->in && !a->width; i++) {
    Var *w = p->system->vars.at[i];
    if (w == v || !w->rhs || w->rhs->op != OP_CONCAT || is_sum(w) || w->dom != v->dom || w->bound.n) continue;
    VarPlan *b = plan_of(w);
    int start = 0;
    if (b->in || b->width || b->scan != a->scan || at_least(a->store, b->store) < STORE_BATCH) continue;
    if (!overlap(v, w, &start)) continue;
    Var *left = start < 0 ? v : w, *right = start < 0 ? w : v;
    int at = start < 0 ? -start : start;
    Store store = at_least(at_least(a->store, b->store), beside_scan(v));
    a->store = b->store = store;
    plan_of(right)->in = left;
    plan_of(right)->col = at;
    plan_of(left)->width = at + count(right) > count(left) ? at + count(right) : count(left);
  }
}

/* The parts of concat v that can live in its columns: computed, at the same place, not yet elsewhere. */
static void share_concat(Plan *p, Var *v)
{
  overlap_concat(p, v);
  VarPlan *root = plan_of(plan_root(v));
  int col = 0;
  for (int i = 0; i < v->rhs->nin; i++) {
    const Expr *part = v->rhs->in[i];
    Var *u = part->op == OP_READ ? part->var : NULL;
    if (u && u->rhs && u != v && u->dom == v->dom && u->kind == VAR_COMPUTED && read_is_now(part)) {
      VarPlan *a = plan_of(u), *b = plan_of(v);
      bool stored = !a->in && a->store != STORE_GRAD && a->store != STORE_PARAM;
      if (stored && (b == root || root->width)) {
        Store store = at_least(at_least(root->store, a->store), STORE_ROW);
        if (a->group != b->group) store = at_least(store, a->scan == b->scan ? beside_scan(v) : STORE_BUFFER);
        a->store = b->store = root->store = store;
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
  int width = a->width ? a->width : count(v);
  if (a->store == STORE_BATCH) a->buffer = new_buffer(p, v->dom & DOM_B, false, width);
  if (a->store == STORE_BUFFER && (v->rhs || v->kind != VAR_COMPUTED))
    a->buffer = new_buffer(p, v->dom, v->shape.token, width);
}

static void reach(Plan *p, const Var *v, Axis axis, int lo, int hi)
{
  VarPlan *a = plan_of(v);
  if (a->in) {
    reach(p, a->in, axis, lo, hi);
    return;
  }
  if (a->store != STORE_BUFFER || !(v->dom & axis_bit(axis))) return;
  Buffer *b = &p->buffers.at[a->buffer];
  if (lo > b->lo[axis]) b->lo[axis] = lo;
  if (hi > b->hi[axis]) b->hi[axis] = hi;
}

/* How far reads and boundaries go beyond 1..T. */
static void buffer_reach(Plan *p, const Expr *e)
{
  for (Axis a = 0; e->op == OP_READ && a < AXES; a++) {
    Place at = read_place(e, a);
    int k = at.k;
    switch (at.kind) {
    case READ_PLAIN: break;
    case READ_REL: reach(p, e->var, a, k < 0 ? -k : 0, k > 0 ? k : 0); break;
    case FROM_START: reach(p, e->var, a, k < 1 ? 1 - k : 0, k > 1 ? k - 1 : 0); break;
    case FROM_END: reach(p, e->var, a, k < 0 ? -k : 0, k > 0 ? k : 0); break;
    }
  }
  for (int i = 0; i < e->nin; i++) buffer_reach(p, e->in[i]);
}

/* ---- what does not depend on the first axis ---- */

static bool is_late(const System *s, const bool *late, Var *v)
{
  bool found = (v->dom & DOM_T) || v->kind == VAR_CARRY;
  for (int i = 0; i < v->bound.n; i++) found |= late[v->bound.at[i].var->id];
  if (!v->rhs || found) return found;
  ExprList nodes = walk_nodes((System *)s, v->rhs);
  for (int i = 0; i < nodes.n; i++) {
    const Expr *e = nodes.at[i];
    found |= e->op == OP_FRESH || (e->var && late[e->var->id]);
    found |= (e->op == OP_LENGTH || e->op == OP_TIME || e->op == OP_LIVE) && e->attr[0] == AXIS_T;
  }
  return found;
}

void plan_phases(Plan *p)
{
  p->phases = true;
  System *s = p->system;
  bool *late = ARENA_ARRAY(s->arena, bool, s->vars.n);
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < s->vars.n; i++) {
      if (late[i] || !is_late(s, late, s->vars.at[i])) continue;
      late[i] = again = true;
    }
  }
  Uses *use = plan_uses(p);
  for (int i = 0; i < p->steps.n; i++) {
    Step *step = &p->steps.at[i];
    bool found = step->kind == STEP_FILL && late[step->bound->var->id];
    for (int k = 0; k < use[i].made.n; k++) found |= late[use[i].made.at[k]->id];
    step->phases |= phase_bit(found ? PHASE_STEPS : PHASE_ENCODE);
  }
}

static Loop *find_loop(const Step *at, int n, const VarPlan *place)
{
  for (int i = 0; i < n; i++) {
    if (at[i].kind == STEP_ROWS && at[i].group.id == place->group) return &at[i].group.loops.at[place->loop];
    Loop *inner = find_loop(at[i].items.at, at[i].items.n, place);
    if (inner) return inner;
  }
  return NULL;
}

Loop *plan_loop(const Plan *p, const VarPlan *place) { return find_loop(p->steps.at, p->steps.n, place); }

/* ---- what a step computes and reads ---- */

bool term_has(const Expr *term, Terms which)
{
  bool along = false;
  for (const Expr *e = term; e->op == OP_BSUM || e->op == OP_TSUM; e = e->in[0])
    along |= e->op == OP_TSUM && e->attr[0] == AXIS_T;
  return which == TERMS_ALL || along == (which == TERMS_ALONG);
}

static void use_tree(System *s, Expr *x, Terms which, Uses *use)
{
  if (which != TERMS_ALL && x->op == OP_ADD) {
    use_tree(s, x->in[0], which, use);
    use_tree(s, x->in[1], which, use);
    return;
  }
  if (!term_has(x, which)) return;
  ExprList nodes = walk_nodes(s, x);
  for (int i = 0; i < nodes.n; i++)
    if (nodes.at[i]->op == OP_READ)
      vec_push(s->arena, &use->read, ((Access){nodes.at[i]->var, read_place(nodes.at[i], AXIS_T)}));
}

static void use_var(System *s, Var *v, Terms which, Uses *use)
{
  vec_push(s->arena, &use->made, v);
  use_tree(s, v->rhs, which, use);
}

static void use_step(System *s, const Step *step, Uses *use)
{
  for (int i = 0; i < step->items.n; i++) use_step(s, &step->items.at[i], use);
  for (int i = 0; i < step->group.loops.n; i++)
    for (int k = 0; k < step->group.loops.at[i].vars.n; k++)
      use_var(s, step->group.loops.at[i].vars.at[k], TERMS_ALL, use);
  if (step->kind == STEP_FILL) {
    vec_push(s->arena, &use->made, step->var);
    vec_push(s->arena, &use->read, ((Access){.var = step->bound->var}));
    if (step->bound->carried) vec_push(s->arena, &use->read, ((Access){.var = step->bound->carried}));
  } else if (step->var) use_var(s, step->var, step->terms, use);
}

Uses *plan_uses(const Plan *p)
{
  Uses *use = ARENA_ARRAY(p->system->arena, Uses, p->steps.n + 1);
  for (int i = 0; i < p->steps.n; i++) use_step(p->system, &p->steps.at[i], &use[i]);
  return use;
}

static Kernel product_kernel(const Var *v)
{
  const Expr *w = v->rhs->in[0];
  return kernel_of_product(w->shape.dim[0], w->shape.dim[1]);
}

Plan *plan_make(System *s, Var *const *keep, int nkeep, bool one_row)
{
  Plan *p = ARENA_NEW(s->arena, Plan);
  p->system = s;
  p->keep = (Var **)keep;
  p->nkeep = nkeep;
  for (int i = 0; i < s->vars.n; i++) {
    VarPlan *a = ARENA_NEW(s->arena, VarPlan);
    *a = (VarPlan){.buffer = -1, .group = -1, .loop = -1, .scan = -1};
    s->vars.at[i]->plan = a;
  }
  p->one_row = one_row;
  schedule(p);
  if (one_row) absorb_products(p);
  for (int i = 0; i < p->steps.n; i++) {
    Step *step = &p->steps.at[i];
    step->phases = phase_bit(PHASE_ALL);
    step->library = step->kind == STEP_PRODUCT && product_kernel(step->var).library;
  }

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
    if (v->rhs && is_shared_product(v)) need(v, beside_scan(v));
    if (v->rhs && v->rhs->op == OP_CONCAT && !is_sum(v)) need(v, STORE_ROW);
    if (v->rhs && !is_elementwise(v) && (count(v) > 1 || v->shape.token))
      need(v, v->shape.token ? STORE_BUFFER : STORE_ROW);
  }
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs && s->vars.at[i]->rhs->op == OP_CONCAT && !is_sum(s->vars.at[i]))
      share_concat(p, s->vars.at[i]);
  for (int i = 0; i < s->vars.n; i++) place_variable(p, s->vars.at[i]);
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    if (v->rhs) buffer_reach(p, v->rhs);
    for (int k = 0; k < v->bound.n; k++) {
      Boundary *b = &v->bound.at[k];
      reach(p, v, b->axis, b->kind == FROM_START ? 1 - b->offset : 0, b->kind == FROM_END ? b->offset : 0);
    }
  }
  for (int i = 0; i < p->steps.n; i++) p->steps.at[i].units = scan_units(&p->steps.at[i]);
  if (one_row) keep_in_place(p);
  return p;
}

/* ---- --emit=schedule ---- */

static const char *const store_name[] = {"registers", "row", "a row a sequence", "buffer", "parameters", "gradients"};

static void print_var(Text *out, const Plan *p, const Var *v, int indent)
{
  text_printf(out, "%*s", indent, "");
  expr_print(out, p->system, ex_var(p->system, (Var *)v));
  text_puts(out, " = ");
  expr_print(out, p->system, v->rhs);
  const VarPlan *a = plan_of(v);
  text_printf(out, "    # %s", store_name[a->store]);
  if (a->in) text_printf(out, ", in %s at %d", a->in->name, a->col);
  else if (a->buffer >= 0) text_printf(out, " %d (%d wide)", a->buffer, p->buffers.at[a->buffer].width);
  if (a->buffer >= 0 && p->buffers.at[a->buffer].rolls) text_puts(out, ", handed on");
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
    for (int k = 0; k < l->products.n; k++) print_var(out, p, l->products.at[k], indent + 2);
    for (int k = 0; k < l->vars.n; k++) print_var(out, p, l->vars.at[k], indent + 2);
  }
}

/* "for all t of all sequences", of what the scans around leave */
static const char *over(const Plan *p, int dom, int fixed)
{
  const System *s = p->system;
  const char *each = dom & DOM_B ? "for each sequence" : NULL;
  dom &= ~fixed;
  if (!(dom & DOM_AXES)) return each ? each : "once";
  const char *axes = (dom & DOM_AXES) == DOM_AXES ? arena_printf(s->arena, "%s, %s", s->axis[AXIS_T], s->axis[AXIS_S])
                                                  : s->axis[first_axis(dom)];
  return arena_printf(s->arena, "for %s %s%s", each ? "all" : "each", axes, each ? " of all sequences" : "");
}

static void print_steps(Text *out, const Plan *p, const Step *at, int n, int fixed, int indent);

static void print_kernel(Text *out, Kernel k)
{
  text_puts(out, "; ");
  kernel_print(out, &k);
}

/* outer(a, b) of vectors, of which v is the sum; NULL: it is another kind of sum */
static const Expr *summed_outer(const Var *v)
{
  const Expr *e = v->rhs;
  while (e->op == OP_BSUM || e->op == OP_TSUM) e = e->in[0];
  return e != v->rhs && e->op == OP_OUTER && !e->in[0]->shape.token && !e->in[1]->shape.token ? e : NULL;
}

static Kernel gradient_kernel(const Expr *outer)
{
  return kernel_of_gradient(outer->in[0]->shape.dim[0], outer->in[1]->shape.dim[0]);
}

static void print_scan(Text *out, const Plan *p, const Step *s, int fixed, int indent)
{
  const char *t = p->system->axis[s->axis];
  int capital = toupper((unsigned char)t[0]);
  if (s->direction > 0) text_printf(out, "scan %s = 1..%c%s: %s", t, capital, t + 1, s->why);
  else text_printf(out, "scan %s = %c%s..1: %s", t, capital, t + 1, s->why);
  if (s->units > 1) text_printf(out, "; of few sequences cut by components, into at most %d parts", s->units);
  text_puts(out, "\n");
  print_steps(out, p, s->items.at, s->items.n, fixed | axis_bit(s->axis), indent + 2);
}

static void print_steps(Text *out, const Plan *p, const Step *at, int n, int fixed, int indent)
{
  for (int i = 0; i < n; i++) {
    const Step *s = &at[i];
    const char *rows = over(p, s->dom, fixed);
    if (fixed) text_printf(out, "%*s", indent, "");
    bool plain = fixed && !(s->dom & ~fixed & DOM_AXES);
    switch (s->kind) {
    case STEP_FILL: {
      Place place[AXES] = {place_now(s->var, AXIS_T), place_now(s->var, AXIS_S)};
      place[s->bound->axis] = (Place){s->bound->kind, s->bound->offset};
      text_puts(out, "fill ");
      expr_print(out, p->system, ex_read(p->system, s->var, place[AXIS_T], place[AXIS_S]));
      text_printf(out, " from %s\n", s->bound->var->name);
      break;
    }
    case STEP_ROWS:
      text_printf(out, "rows%s%s\n", plain ? "" : ", ", plain ? "" : rows);
      print_group(out, p, &s->group, indent + 2);
      break;
    case STEP_SCAN: print_scan(out, p, s, fixed, indent); break;
    case STEP_PRODUCT:
      text_printf(out, "product%s%s", plain ? "" : ", ", plain ? "" : rows);
      if (!fixed && !p->one_row) print_kernel(out, product_kernel(s->var));
      text_puts(out, "\n");
      print_var(out, p, s->var, indent + 2);
      break;
    case STEP_SUM:
      text_puts(out, "sum");
      if (summed_outer(s->var)) print_kernel(out, gradient_kernel(summed_outer(s->var)));
      text_puts(out, "\n");
      print_var(out, p, s->var, indent + 2);
      break;
    }
  }
}

/* Where the plan may run window by window: what the steps from here on run over then. */
static void print_phase(Text *out, const Plan *p, const Step *from)
{
  static const struct {
    Phase phase;
    const char *what;
  } names[] = {{PHASE_BEFORE, "before the windows"},
               {PHASE_FIRST, "each window, forward"},
               {PHASE_BETWEEN, "between"},
               {PHASE_BACK, "each window, backward"},
               {PHASE_AFTER, "after the windows"}};
  for (int i = 0; i < 5; i++)
    if (from->phases & phase_bit(names[i].phase)) text_printf(out, "-- %s", names[i].what);
  bool any = false;
  for (int i = 0; i < p->steps.n && (from->phases & phase_bit(PHASE_BACK)); i++) {
    if (!(p->steps.at[i].phases & phase_bit(PHASE_AGAIN))) continue;
    text_printf(out, "%s%d", any ? ", " : "; before it, once more ", i + 1);
    any = true;
  }
  text_puts(out, "\n");
}

static void print_wave(Text *out, const Plan *p, int from)
{
  int stages = 0, n = p->steps.at[from].wave;
  for (int i = from; i < from + n; i++) stages += p->steps.at[i].kind == STEP_SCAN;
  text_printf(out, "-- %d to %d, of few sequences: %d stages side by side, each a chunk of places behind\n", from + 1,
              from + n, stages);
}

void plan_print(Text *out, const Plan *p)
{
  unsigned before = 0;
  for (int i = 0; i < p->steps.n; i++) {
    unsigned phases = p->steps.at[i].phases & ~phase_bit(PHASE_AGAIN);
    if (p->windows && phases != before) print_phase(out, p, &p->steps.at[i]);
    before = phases;
    if (p->steps.at[i].wave) print_wave(out, p, i);
    text_printf(out, "%d. ", i + 1);
    print_steps(out, p, &p->steps.at[i], 1, 0, 0);
  }
}

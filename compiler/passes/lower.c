/* lower.c: the flat system, once everything about it is known, as the System that all passes work on.
   Needs: check() to have passed. Leaves alone: simplification; what it makes is what was written. */
#include "lower.h"
#include "reset.h"
#include <stdlib.h>
#include <string.h>

typedef struct Lower {
  Flat *f;
  System *s;
  bool kept; /* batch statistics are those that training kept */
} Lower;

/* ---- domains ---- */

static int node_domain(const Node *n, const int *dom)
{
  int d = 0;
  for (int i = 0; i < n->nin; i++) d |= dom[n->in[i]->id];
  switch (n->op) {
  case OP_READ: return (n->var->dom & DOM_B) | n->axes;
  case OP_TIME:
  case OP_LIVE: return n->axes;
  case OP_LENGTH: return DOM_SEQ;
  case OP_TSUM:
  case OP_TMAX: return (d & ~axis_bit(n->attr[0])) | DOM_B;
  case OP_BSUM: return d & ~DOM_B;
  case OP_OBSERVED: return d | DOM_B;
  default: return d;
  }
}

/* What has an index varies over the sequences, but for reductions over them; what has none, if anything that it
   depends on does. */
static void find_domains(Flat *f, bool kept)
{
  int *dom = ARENA_ARRAY(f->arena, int, f->nodes.n + 1);
  for (int i = 0; i < f->vars.n; i++) {
    FlatVar *v = f->vars.at[i];
    bool model = v->kind == VAR_PARAM || v->kind == VAR_COMPUTED || v->shared;
    v->dom = kept && v->statistic ? (v->axes ? v->axes | DOM_B : DOM_MODEL)
             : v->for_all         ? v->axes
             : v->axes            ? v->axes | DOM_B
             : model              ? DOM_MODEL
                                  : DOM_SEQ;
  }
  bool changed = true;
  while (changed) {
    changed = false;
    for (int i = 0; i < f->nodes.n; i++) dom[i] = node_domain(f->nodes.at[i], dom);
    for (int i = 0; i < f->vars.n; i++) {
      FlatVar *v = f->vars.at[i];
      if (v->axes || v->dom != DOM_MODEL || !v->rhs || !(dom[v->rhs->id] & DOM_B)) continue;
      v->dom = DOM_SEQ;
      changed = true;
    }
  }
}

/* ---- variables ---- */

static Shape known_shape(Flat *f, Shape s)
{
  for (int i = 0; i < 2; i++) s.dim[i] = i < s.rank ? dim_find(f->sizes, s.dim[i]) : 0;
  return s;
}

static Init known_init(Flat *f, const FlatInit *in)
{
  Init init = {.kind = in->kind, .a = in->kind == INIT_IDENTITY ? 1 : 0};
  if (in->arg[0]) node_value(f, in->arg[0], &init.a);
  if (in->arg[1]) node_value(f, in->arg[1], &init.b);
  return init;
}

static bool check_noise(Flat *f, FlatVar *v)
{
  for (int i = 0; i < 2; i++) {
    double value;
    if (!v->noise_arg[i] || node_value(f, v->noise_arg[i], &value)) continue;
    diag(f->diag, E_NOISE, v->noise_arg[i]->span, "the probability of noise '%s' must be known while compiling",
         v->name);
    return false;
  }
  double p = 0;
  if (v->noise == DIST_BERNOULLI && v->noise_arg[0] && node_value(f, v->noise_arg[0], &p) && !(p >= 0 && p <= 1)) {
    diag(f->diag, E_NOISE, v->noise_arg[0]->span, "a probability is between 0 and 1, this is %.15g", p);
    diag_note(f->diag, (Span){0}, "noise takes a probability; only an observed variable takes logits");
    return false;
  }
  return true;
}

/* Its mean and deviation may be computed, but from parameters only. */
static bool check_shared(Flat *f, const FlatVar *v)
{
  if (!v->shared || v->dom == DOM_MODEL) return true;
  diag(f->diag, E_NOISE, v->span,
       "noise '%s' is one draw for the model, but its distribution differs between sequences", v->name);
  diag_note(f->diag, (Span){0}, "noise without 'model' is drawn for each sequence");
  return false;
}

/* ---- batch statistics ---- */

static Var *fixed_param(Lower *l, const FlatVar *v, const char *what, Shape shape)
{
  Var *p =
      system_var(l->s, VAR_PARAM, arena_printf(l->s->arena, "%s.%s", v->var->name, what), shape, DOM_MODEL, v->span);
  p->fixed = true;
  p->init.kind = INIT_ZEROS;
  return p;
}

/* mean[batch](a): a row each t of [rows], [rows, n]; without an index the value itself */
static bool make_statistic(Lower *l, FlatVar *v)
{
  Shape one = v->var->shape, seen = shape_scalar(), shape = one;
  if (one.rank > 1 && v->axes) {
    diag(l->f->diag, E_REDUCTION, v->span, "mean[batch] at each place takes a number or a vector: this is %s",
         shape_text(NULL, l->s->arena, one));
    diag_note(l->f->diag, (Span){0}, "reshape(a) makes a vector of a matrix");
    return false;
  }
  if (v->axes) {
    int rows = (int)strtod(setting_text(l->f, "statistics"), NULL);
    seen = shape_vector(rows);
    shape = one.rank ? shape_matrix(rows, one.dim[0]) : seen;
  }
  v->var->kept = fixed_param(l, v, "running", shape);
  v->var->seen = fixed_param(l, v, "updates", seen);
  return true;
}

/* The row of t, of a later t the last one. */
static Expr *kept_value(Lower *l, const FlatVar *v)
{
  System *s = l->s;
  Expr *all = ex_var(s, v->var->kept);
  if (!v->axes) return all;
  int rows = v->var->seen->shape.dim[0];
  Expr *t = ex_leaf(s, OP_TIME, first_axis(v->axes));
  Expr *number = ex2(s, OP_SUB, ex2(s, OP_MIN, t, ex_const(s, rows)), ex_const(s, 1));
  Expr *row = ex_op(s, OP_TOKEN, &number, 1, (int[1]){rows});
  if (all->shape.rank == 1) return ex2(s, OP_PICK, all, row);
  return ex_op(s, OP_MATMUL, (Expr *[]){all, row}, 2, (int[2]){1, 0});
}

/* ---- variables of the system ---- */

static bool is_left_out(const FlatVar *v) { return v->dead || (v->kind == VAR_PARAM && !v->used && !v->typed); }

static bool make_var(Lower *l, FlatVar *v)
{
  Flat *f = l->f;
  Span span = v->kind == VAR_COMPUTED && v->defined.source ? v->defined : v->span;
  if (v->kind == VAR_NOISE && !check_noise(f, v)) return false;
  if (!check_shared(f, v)) return false;
  v->var = system_var(l->s, v->kind, v->name, known_shape(f, *flat_shape(v)), v->dom, span);
  v->var->output = v->output;
  if (v->kind == VAR_PARAM) v->var->init = known_init(f, &v->init);
  if (v->kind == VAR_NOISE) {
    v->var->noise = v->noise;
    v->var->noise_shared = v->shared;
    for (int i = 0; i < 2; i++)
      if (v->noise_arg[i]) node_value(f, v->noise_arg[i], &v->var->noise_arg[i]);
  }
  return !v->statistic || make_statistic(l, v);
}

/* ---- expressions ---- */

/* A row is kept as the vector; where it is used as it is, it is turned. */
static Expr *used(Lower *l, const Node *n) { return n->row ? ex1(l->s, OP_TRANSPOSE, n->expr) : n->expr; }

static Expr *lower_constant(Lower *l, const Node *n)
{
  System *s = l->s;
  switch (n->constant) {
  case CONST_VALUE: return ex_const(s, n->value);
  case CONST_DIM: return ex_const(s, dim_find(l->f->sizes, n->dim));
  case CONST_COUNT: return ex_const(s, (double)shape_count(known_shape(l->f, n->of->shape)));
  case CONST_ZERO: {
    Shape shape = known_shape(l->f, n->shape);
    return ex_broadcast(s, ex_const(s, 0), shape);
  }
  }
  return NULL;
}

static Expr *dot(System *s, Expr *a, Expr *b)
{
  if (b->shape.token && !a->shape.token) return ex2(s, OP_PICK, a, b);
  if (a->shape.token && !b->shape.token) return ex2(s, OP_PICK, b, a);
  if (a->shape.token) a = ex1(s, OP_ONEHOT, a), b = ex1(s, OP_ONEHOT, b);
  return ex1(s, OP_SUM, ex2(s, OP_MUL, a, b));
}

static Expr *lower_product(Lower *l, const Node *n)
{
  System *s = l->s;
  const Node *a = n->in[0], *b = n->in[1];
  switch (n->form) {
  case FORM_DOT: return dot(s, a->expr, b->expr);
  case FORM_OUTER: return ex2(s, OP_OUTER, a->expr, b->expr);
  case FORM_ROW: return ex_op(s, OP_MATMUL, (Expr *[]){b->expr, a->expr}, 2, (int[3]){!n->attr[1], 0});
  case FORM_MATMUL: break;
  }
  return ex_op(s, OP_MATMUL, (Expr *[]){used(l, a), used(l, b)}, 2, n->attr);
}

static Expr *lower_operator(Lower *l, const Node *n)
{
  System *s = l->s;
  Expr *small[8], **in = n->nin <= 8 ? small : ARENA_ARRAY(s->arena, Expr *, n->nin);
  int attr[3] = {n->attr[0], n->attr[1], n->attr[2]};
  for (int i = 0; i < n->nin; i++) in[i] = used(l, n->in[i]);
  if ((n->op == OP_SUM || n->op == OP_MAXC) && in[0]->shape.rank == 0) return in[0];
  if (n->op == OP_IOTA || n->op == OP_TOKEN) attr[0] = dim_find(l->f->sizes, attr[0]);
  if (n->op == OP_SLICE) attr[1] = dim_find(l->f->sizes, attr[1]);
  for (int i = 1; i < 3 && (n->op == OP_BCAST || n->op == OP_RESHAPE); i++)
    attr[i] = i <= attr[0] ? dim_find(l->f->sizes, attr[i]) : 0;
  return ex_op(s, n->op, in, n->nin, attr);
}

static void lower_node(Lower *l, Node *n)
{
  int before = l->s->next_id;
  switch (n->op) {
  case OP_CONST: n->expr = lower_constant(l, n); break;
  case OP_READ:
    n->expr = ex_read(l->s, n->var->var, (Place){(ReadKind)n->attr[0], n->attr[1]},
                      (Place){(ReadKind)n->attr[2], n->attr[3]});
    break;
  case OP_TIME:
  case OP_LENGTH:
  case OP_LIVE:
  case OP_BATCH: n->expr = ex_leaf(l->s, n->op, (Axis)n->attr[0]); break;
  case OP_MATMUL: n->expr = lower_product(l, n); break;
  case OP_TRANSPOSE:
    n->expr = n->in[0]->shape.rank == 1 ? n->in[0]->expr : ex1(l->s, OP_TRANSPOSE, n->in[0]->expr);
    break;
  default: n->expr = lower_operator(l, n);
  }
  if (n->expr->id >= before) n->expr->span = n->span; /* new: it is not where its first input stands */
  else ex_span(n->expr, n->span);
}

/* Nodes that a right side needs, in their order: inputs come first. */
static void lower_right_sides(Lower *l)
{
  Flat *f = l->f;
  bool *needed = ARENA_ARRAY(f->arena, bool, f->nodes.n + 1);
  for (int i = 0; i < f->vars.n; i++)
    if (f->vars.at[i]->var && f->vars.at[i]->rhs) needed[f->vars.at[i]->rhs->id] = true;
  for (int i = f->nodes.n - 1; i >= 0; i--) {
    const Node *n = f->nodes.at[i];
    for (int k = 0; needed[i] && k < n->nin; k++) needed[n->in[k]->id] = true;
  }
  for (int i = 0; i < f->nodes.n; i++)
    if (needed[i]) lower_node(l, f->nodes.at[i]);
  for (int i = 0; i < f->vars.n; i++) {
    const FlatVar *v = f->vars.at[i];
    if (!v->var) continue;
    if (v->statistic && l->kept) v->var->rhs = kept_value(l, v);
    else if (v->rhs) {
      Expr *e = used(l, v->rhs);
      v->var->rhs = e->shape.rank == 0 ? ex_broadcast(l->s, e, v->var->shape) : e;
    }
    for (int k = 0; k < v->bound.n; k++) {
      const FlatBound *b = &v->bound.at[k];
      vec_push(f->arena, &v->var->bound,
               ((Boundary){.axis = b->axis, .kind = b->kind, .offset = b->offset, .var = b->var->var}));
    }
  }
}

/* ---- draws, metrics, the loss ---- */

static Var *figure(Lower *l, const char *name, Span span, Expr *rhs)
{
  Var *v = system_var(l->s, VAR_COMPUTED, name, shape_scalar(), DOM_MODEL, span);
  v->rhs = rhs;
  return v;
}

/* A distribution's argument has the shape of what is drawn: a number is spread, a vector of length 1 is a number. */
static Var *draw_parameter(Lower *l, const FlatDraw *d, int i)
{
  Var *p = d->param[i] ? d->param[i]->var : NULL, *drawn = d->var->var;
  const Argument *argument = &d->dist->argument[i];
  if (!p || argument->form != ARGUMENT_LIKE || p->shape.rank == drawn->shape.rank) return p;
  Var *v = system_var(l->s, VAR_COMPUTED, arena_printf(l->s->arena, "%s.%s", drawn->name, argument->name), drawn->shape,
                      drawn->dom, p->span);
  bool one = drawn->shape.rank == 0 && shape_count(p->shape) == 1;
  if (p->shape.rank > 0 && !one)
    diag(l->s->diag, E_DRAW_SHAPE, d->span, "'%s' is %s, its distribution's argument is %s", drawn->name,
         shape_text(NULL, l->s->arena, drawn->shape), shape_text(NULL, l->s->arena, p->shape));
  v->rhs = one                  ? ex1(l->s, OP_SUM, ex_var(l->s, p))
           : p->shape.rank == 0 ? ex_broadcast(l->s, ex_var(l->s, p), drawn->shape)
                                : ex_broadcast(l->s, ex_const(l->s, 0), drawn->shape);
  return v;
}

static void lower_draws(Lower *l)
{
  for (int i = 0; i < l->f->draws.n; i++) {
    const FlatDraw *d = &l->f->draws.at[i];
    Draw draw = {.var = d->var->var,
                 .offset = d->offset,
                 .dist = d->dist->name,
                 .span = d->span,
                 .nll = d->nll->var,
                 .count = d->count->var};
    for (int k = 0; k < DRAW_PARAMS; k++) draw.param[k] = draw_parameter(l, d, k);
    vec_push(l->s->arena, &l->s->draws, draw);
  }
}

static void lower_metrics(Lower *l)
{
  System *s = l->s;
  for (int i = 0; i < l->f->metrics.n; i++) {
    const FlatMetric *m = &l->f->metrics.at[i];
    Var *value = m->value->var;
    bool model = value->dom == DOM_MODEL;
    Metric out = {.name = m->name, .span = m->span};
    out.sum = model ? value
                    : figure(l, arena_printf(s->arena, "%s.sum", m->name), m->span, ex1(s, OP_BSUM, ex_var(s, value)));
    out.count = figure(l, arena_printf(s->arena, "%s.count", m->name), m->span,
                       model ? ex_const(s, 1) : ex_leaf(s, OP_BATCH, AXIS_T));
    vec_push(s->arena, &s->metrics, out);
  }
}

static Expr *mean_over_batch(Lower *l, Var *value)
{
  System *s = l->s;
  if (value->dom == DOM_MODEL) return ex_var(s, value);
  Var *sum = figure(l, "loss.total", value->span, ex1(s, OP_BSUM, ex_var(s, value)));
  return ex2(s, OP_DIV, ex_var(s, sum), ex_leaf(s, OP_BATCH, AXIS_T));
}

/* loss = explicit + sum of nll / max(count, 1) over the draws */
static void lower_loss(Lower *l)
{
  System *s = l->s;
  Expr *total = l->f->loss ? mean_over_batch(l, l->f->loss->var) : NULL;
  Span span = l->f->loss ? l->f->loss->span : (Span){0};
  if (total && s->draws.n) {
    s->explicit_loss = figure(l, "loss.explicit", span, total);
    total = ex_var(s, s->explicit_loss);
  }
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    Expr *term = ex2(s, OP_DIV, ex_var(s, d->nll), ex2(s, OP_MAX, ex_var(s, d->count), ex_const(s, 1)));
    total = total ? ex2(s, OP_ADD, total, term) : term;
    if (!span.source) span = d->span;
  }
  if (!total) return;
  s->loss = figure(l, "loss", span, total);
  if (!s->explicit_loss && l->f->loss) s->explicit_loss = s->loss;
}

/* ---- reset, clip message ---- */

static bool refuse_edge(Lower *l, const FlatEdge *e, const char *why)
{
  diag(l->s->diag, E_EDGE, e->span, why, e->target->name);
  return false;
}

/* Says of each variable that the statement means how it is reset, or how far its messages go; false: said twice. */
static bool mark_edge(Lower *l, const FlatEdge *e, Reset *reset)
{
  bool again = false;
  for (int i = 0; i < l->f->vars.n; i++) {
    FlatVar *v = l->f->vars.at[i];
    if (!v->var || !edge_holds(e, v)) continue;
    again |= e->when ? reset[v->var->id].when != NULL : v->var->message > 0;
    if (e->when) reset[v->var->id] = (Reset){.when = e->when->var, .turned = edge_turned(v)};
    else v->var->message = e->clip;
  }
  if (!again) return true;
  return refuse_edge(
      l, e, e->when ? "'%s' is reset twice: join the conditions with 'or'" : "the messages of '%s' are clipped twice");
}

static bool lower_edges(Lower *l)
{
  const FlatEdge *edge = l->f->edges.at;
  int n = l->s->vars.n, edges = l->f->edges.n;
  Reset *reset = ARENA_ARRAY(l->s->arena, Reset, n + 1);
  bool *hit = ARENA_ARRAY(l->s->arena, bool, n + 1), good = true;
  for (int i = 0; i < edges; i++) good &= mark_edge(l, &edge[i], reset);
  if (!good || !edges) return good;
  reset_reads(l->s, reset, n, hit);
  for (int i = 0; i < edges; i++)
    if (edge[i].when && !hit[edge[i].when->var->id])
      good = refuse_edge(l, &edge[i], "nothing reads '%s' from one step to the next: there is nothing to reset");
  return good;
}

/* ---- outputs ---- */

/* Without declared ones: what the draws' distributions have as parameters, else what no equation of the model reads. */
static void choose_outputs(Flat *f)
{
  bool any = false;
  for (int i = 0; i < f->vars.n; i++) any |= f->vars.at[i]->output;
  for (int i = 0; i < f->draws.n && !any; i++)
    for (int k = 0; k < DRAW_PARAMS; k++)
      if (f->draws.at[i].param[k]) f->draws.at[i].param[k]->output = true;
  if (any || f->draws.n) return;
  Walk *w = walk_new(f);
  for (int i = 0; i < f->vars.n; i++) f->vars.at[i]->used = false;
  for (int i = 0; i < f->vars.n; i++) {
    FlatVar *v = f->vars.at[i];
    if (!v->rhs || v->dead || v->figure) continue;
    for (Node *n = walk_from(w, v->rhs); n; n = walk_next(w))
      if (n->op == OP_READ && n->var != v) n->var->used = true;
  }
  for (int i = 0; i < f->vars.n; i++) {
    FlatVar *v = f->vars.at[i];
    bool inner = v->owner || v->hoisted || strchr(v->name, '.'); /* no variable of the model itself */
    v->output = v->kind == VAR_COMPUTED && !v->used && !v->dead && !v->figure && !inner;
  }
}

System *lower(Arena *a, Diag *d, const Ast *file, const LowerOptions *o)
{
  int before = diag_errors(d);
  Flat *f = check(a, d, file, o);
  if (!f) return NULL;
  Lower lower = {.f = f, .s = system_new(a, d, f->name), .kept = o->kept}, *l = &lower;
  bool good = true;
  for (Axis k = 0; k < AXES; k++)
    if (f->axis[k]) l->s->axis[k] = f->axis[k];
  find_domains(f, o->kept);
  for (int i = 0; i < f->vars.n; i++)
    if (!is_left_out(f->vars.at[i])) good &= make_var(l, f->vars.at[i]);
  if (!good) return NULL;
  choose_outputs(f);
  for (int i = 0; i < f->vars.n; i++)
    if (f->vars.at[i]->var) f->vars.at[i]->var->output = f->vars.at[i]->output;
  lower_right_sides(l);
  lower_draws(l);
  lower_metrics(l);
  lower_loss(l);
  if (!lower_edges(l)) return NULL;
  for (int i = 0; i < f->settings.n; i++) vec_push(a, &l->s->settings, f->settings.at[i]);
  if (!causality_check(l->s) || diag_errors(d) > before) return NULL;
  return l->s;
}

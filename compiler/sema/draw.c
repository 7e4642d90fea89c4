/* draw.c: `~`, the loss and metrics: the likelihood of what is observed as ordinary equations; noise.
   Needs: the equations elaborated. Leaves alone: the total loss (lower.c), sampling (the runtime). */
#include "body.h"
#include <math.h>
#include <string.h>

typedef struct Dist {
  const char *name;
  DistKind kind;
  int arguments;
  const char *form, *parameter[2]; /* what its arguments are called */
} Dist;

static const Dist dist_table[] = {
    {"categorical", DIST_CATEGORICAL, 1, "categorical(logits)", {"logits"}},
    {"bernoulli", DIST_BERNOULLI, 1, "bernoulli(logit)", {"logit"}},
    {"normal", DIST_NORMAL, 2, "normal(mean, deviation)", {"mean", "deviation"}},
};
enum { DISTS = sizeof dist_table / sizeof *dist_table };

static const Dist *find_dist(Body *b, const Ast *call)
{
  Diag *d = b->s->diag;
  const Ast *callee = call->kid[0];
  const char *names[DISTS];
  for (int i = 0; i < DISTS; i++) {
    names[i] = dist_table[i].name;
    if (callee->kind != AST_NAME || strcmp(names[i], callee->name) != 0) continue;
    if (call->nkid - 1 == dist_table[i].arguments) return &dist_table[i];
    diag(d, call->span, "%s takes %d argument%s, %d given: %s", names[i], dist_table[i].arguments,
         dist_table[i].arguments == 1 ? "" : "s", call->nkid - 1, dist_table[i].form);
    note_uses(b);
    return NULL;
  }
  const char *name = callee->kind == AST_NAME ? callee->name : "";
  const char *near = nearest(name, names, DISTS);
  if (strcmp(name, "gaussian") == 0 || strcmp(name, "Normal") == 0) near = "normal";
  if (strcmp(name, "softmax") == 0 || strcmp(name, "multinomial") == 0) near = "categorical";
  diag(d, callee->span, "there is no distribution '%s'", name);
  if (near) diag_note(d, (Span){0}, "did you mean '%s'?", near);
  else diag_note(d, (Span){0}, "there are categorical(logits), bernoulli(logit) and normal(mean, deviation)");
  note_uses(b);
  return NULL;
}

/* ---- the target of ~ ---- */

static FlatVar *refuse_target(Body *b, const Ast *target, const char *why, const char *name, Span declared)
{
  diag(b->s->diag, target->span, why, name);
  if (declared.source) diag_note(b->s->diag, declared, "declared here");
  note_uses(b);
  return NULL;
}

static bool is_noise(Body *b, const Ast *draw)
{
  const Ast *t = draw->kid[0];
  if (t->kind == AST_INDEX) t = t->kid[0];
  Entry *e = t->kind == AST_NAME ? body_entry(b, t->name) : NULL;
  return e && e->kind == ENTRY_VAR && e->var->kind == VAR_NOISE;
}

/* The variable and the offset of its read; NULL after a diagnostic. */
static FlatVar *draw_target(Body *b, const Ast *target, int *offset)
{
  Elab x = {.body = b};
  const Ast *name = target->kind == AST_INDEX ? target->kid[0] : target;
  *offset = 0;
  if (name->kind != AST_NAME)
    return refuse_target(b, target, "only an input, a target or noise is drawn by ~%s", "", (Span){0});
  Entry *e = body_entry(b, name->name);
  if (!e) {
    Names known = {0};
    names_of_values(&x, &known);
    say_undefined(&x, name->span, "variable", name->name, &known);
    return NULL;
  }
  if (e->kind == ENTRY_INPUT)
    return refuse_target(b, target, "'%s' is an input of the cell: its likelihood belongs in the model", e->name,
                         e->span);
  if (e->kind != ENTRY_VAR)
    return refuse_target(b, target, "'%s' is no variable: it cannot be drawn", e->name, e->span);
  FlatVar *v = e->var;
  if (v->kind == VAR_PARAM) {
    if (v->implicit) return refuse_target(b, target, "there is no input, target or noise '%s'", e->name, (Span){0});
    return refuse_target(b, target, "priors on parameters are not supported yet: '%s' is a parameter", e->name,
                         e->span);
  }
  if (v->kind == VAR_COMPUTED)
    return refuse_target(b, target, "'%s' is computed by an equation: only an input, a target or noise is drawn by ~",
                         e->name, e->span);
  if (v->bad) return NULL;
  if (v->drawn.source) {
    refuse_target(b, target, "'%s' is drawn twice", e->name, (Span){0});
    diag_note(b->s->diag, v->drawn, "the first time here");
    return NULL;
  }
  v->drawn = target->span;
  if (!e->index.n && target->kind == AST_INDEX)
    return refuse_target(b, target, "'%s' has no time index: write it bare left of ~", e->name, e->span);
  const char *own = indices_text(b, e->index);
  if (e->index.n && target->kind != AST_INDEX) {
    const char *over = e->index.n == 1 ? b->axis[e->index.axis[0]] : "place";
    diag(b->s->diag, target->span, "%s has a value at each %s: write %s%s ~ ...", e->name, over, e->name, own);
    note_uses(b);
    return NULL;
  }
  if (!e->index.n) return v;
  Place at[AXES];
  if (!places_of(&x, target, e->name, e->index, at)) return NULL;
  bool each = true;
  for (Axis a = 0; a < AXES; a++) {
    each &= at[a].kind <= READ_REL && (at[a].k == 0 || (e->index.n == 1 && v->kind != VAR_NOISE));
    if (at[a].kind == READ_REL) *offset += at[a].k;
  }
  if (each) return v;
  diag(b->s->diag, target->span, "a draw is for each %s: write %s%s ~ ...",
       e->index.n == 1 ? b->axis[e->index.axis[0]] : "place", e->name, own);
  note_uses(b);
  return NULL;
}

/* ---- observed values ---- */

typedef struct Likelihood {
  Elab *x;
  Flat *f;
  Span span;
  FlatVar *v;
  Node *value, *observed; /* observed NULL: always */
} Likelihood;

static Node *op1(Likelihood *l, Op op, Node *a)
{
  Node *n = node1(l->f, op, a, l->span);
  n->body = l->x->body;
  return n;
}

static Node *op2(Likelihood *l, Op op, Node *a, Node *b)
{
  Node *n = node2(l->f, op, a, b, l->span);
  n->body = l->x->body;
  return n;
}

static Node *num(Likelihood *l, double value) { return node_const(l->f, value, l->span); }

static Node *now(Likelihood *l, FlatVar *v)
{
  Node *n = node_now(l->f, v, l->span);
  n->body = l->x->body;
  return n;
}

static FlatVar *new_var(Likelihood *l, const char *suffix, int axes, Node *rhs)
{
  FlatVar *v = flat_var(l->f, VAR_COMPUTED, arena_printf(l->f->arena, "%s.%s", l->v->name, suffix), axes, l->span);
  v->body = l->x->body;
  v->rhs = rhs;
  return v;
}

/* A distribution's argument as a variable: the one it reads, or a new one. */
static FlatVar *parameter(Likelihood *l, const char *suffix, Node *arg, bool like_value)
{
  bool plain = arg->op == OP_READ && arg->var->kind == VAR_COMPUTED && arg->axes == l->v->axes && node_is_now(arg);
  if (plain) return arg->var;
  FlatVar *v = new_var(l, suffix, l->v->axes, arg);
  if (like_value) v->owner = l->v;
  v->span = arg->span;
  return v;
}

/* minus the log-likelihood at one place */
static Node *negative_log(Likelihood *l, DistKind kind, FlatVar *const *param)
{
  Node *y = l->value, *a = now(l, param[0]);
  a->text = param[0]->span;
  if (kind == DIST_CATEGORICAL) return op2(l, OP_SUB, op1(l, OP_LOGSUMEXP, a), op2(l, OP_PICK, a, y));
  if (kind == DIST_BERNOULLI) return op1(l, OP_SUM, op2(l, OP_SUB, op1(l, OP_SOFTPLUS, a), op2(l, OP_MUL, y, a)));
  Node *sd = now(l, param[1]), *z = op2(l, OP_DIV, op2(l, OP_SUB, y, a), sd);
  Node *half = op2(l, OP_MUL, num(l, 0.5), op2(l, OP_MUL, z, z));
  return op1(l, OP_SUM, op2(l, OP_ADD, half, op2(l, OP_ADD, op1(l, OP_LOG, sd), num(l, 0.5 * log(2 * M_PI)))));
}

static Node *along(Likelihood *l, Axis axis, Node *a)
{
  Node *n = node_along(l->f, OP_TSUM, axis, a, l->span);
  n->body = l->x->body;
  return n;
}

/* over the whole batch: v.nll.sum, v.count; what varies over both axes is summed over the second first */
static Node *total(Likelihood *l, const char *suffix, Node *n)
{
  if (n->axes == DOM_AXES) n = now(l, new_var(l, suffix, DOM_T, along(l, AXIS_S, n)));
  return op1(l, OP_BSUM, n->axes ? along(l, n->axes == DOM_S ? AXIS_S : AXIS_T, n) : n);
}

static Node *element_count(Likelihood *l, DistKind kind)
{
  Node *one = num(l, 1);
  if (kind != DIST_CATEGORICAL) {
    one->constant = CONST_COUNT;
    one->of = l->value;
  }
  if (l->observed)
    return total(l, "count.each", kind == DIST_CATEGORICAL ? l->observed : op2(l, OP_MUL, l->observed, one));
  Node *all = l->v->axes ? one : op2(l, OP_MUL, node_leaf(l->f, OP_BATCH, AXIS_T, l->span), one);
  for (Axis a = 0; a < AXES; a++)
    if (l->v->axes & axis_bit(a)) all = op2(l, OP_MUL, node_leaf(l->f, OP_LENGTH, a, l->span), all);
  return l->v->axes ? op1(l, OP_BSUM, all) : all;
}

static void observed_draw(Elab *x, FlatVar *v, int offset, const Ast *draw, const Dist *dist)
{
  Flat *f = x->body->s->flat;
  Diag *d = f->diag;
  Likelihood like = {.x = x, .f = f, .span = draw->span, .v = v}, *l = &like;
  bool token = v->shape.token, categorical = dist->kind == DIST_CATEGORICAL;
  FlatDraw out = {.var = v, .offset = offset, .dist = dist->kind, .span = draw->span};
  bool good = true;
  if (token != categorical && !(categorical && !v->typed)) {
    diag(d, draw->kid[1]->span,
         categorical ? "categorical draws a token, '%s' is not one"
                     : "'%s' is a token: it is drawn from categorical(logits)",
         v->name);
    diag_note(d, v->typed ? v->type_span : v->span, "declared here");
    good = false;
  } else if (categorical && !token) {
    diag(d, draw->kid[0]->span, "'%s' is drawn from categorical, so it needs a type: token[n]", v->name);
    diag_note(d, v->span, "declared here");
    good = false;
  }
  Place at[AXES] = {0};
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a)) at[a] = (Place){READ_REL, offset};
  l->value = node_read(f, v, at, draw->kid[0]->span);
  l->value->body = x->body;
  for (int i = 0; i < dist->arguments; i++) {
    const Ast *arg = draw->kid[1]->kid[i + 1];
    Node *n = expression(x, arg->kind == AST_ARG ? arg->kid[0] : arg);
    if (!n || refuse_time(x, v->name, v->axes, n)) good = false;
    else out.param[i] = parameter(l, dist->parameter[i], numeric(x, n), !categorical);
  }
  if (!good) return;
  if (token || offset != 0) l->observed = op1(l, OP_OBSERVED, l->value);
  Node *nll = negative_log(l, dist->kind, out.param);
  FlatVar *each = new_var(l, "nll", v->axes, l->observed ? op2(l, OP_MUL, l->observed, nll) : nll);
  out.nll = new_var(l, "nll.sum", 0, total(l, "nll.each", now(l, each)));
  out.count = new_var(l, "count", 0, element_count(l, dist->kind));
  each->scalar = out.nll->scalar = out.count->scalar = "the likelihood";
  vec_push(f->arena, &f->draws, out);
}

/* ---- noise ---- */

static void noise_draw(Elab *x, FlatVar *v, const Ast *draw, const Dist *dist)
{
  Flat *f = x->body->s->flat;
  Node *arg[2] = {0};
  double value;
  bool known = true;
  if (dist->kind == DIST_CATEGORICAL) {
    diag(f->diag, draw->kid[1]->span, "noise is drawn from bernoulli(p) or normal(mean, deviation)");
    note_uses(x->body);
    v->bad = true;
    return;
  }
  for (int i = 0; i < dist->arguments; i++) {
    const Ast *a = draw->kid[1]->kid[i + 1];
    Node *n = expression(x, a->kind == AST_ARG ? a->kid[0] : a);
    if (!n || refuse_time(x, v->name, v->axes, n)) {
      v->bad = true;
      return;
    }
    arg[i] = numeric(x, n);
    known &= node_value(f, arg[i], &value);
  }
  v->noise = dist->kind;
  if (known || dist->kind == DIST_BERNOULLI) {
    v->noise_arg[0] = arg[0];
    v->noise_arg[1] = arg[1];
    return;
  }
  /* m = mean + deviation * m.eps */
  Likelihood like = {.x = x, .f = f, .span = draw->span, .v = v};
  FlatVar *eps = flat_var(f, VAR_NOISE, arena_printf(f->arena, "%s.eps", v->name), v->axes, draw->span);
  eps->body = x->body;
  eps->owner = v;
  eps->drawn = draw->span;
  eps->noise = DIST_NORMAL;
  eps->noise_arg[0] = num(&like, 0);
  eps->noise_arg[1] = num(&like, 1);
  v->kind = VAR_COMPUTED;
  v->rhs = op2(&like, OP_ADD, arg[0], op2(&like, OP_MUL, arg[1], now(&like, eps)));
}

void elaborate_noise(Body *b)
{
  for (int i = 0; i < b->draws.n; i++) {
    const Ast *draw = b->draws.at[i];
    if (!is_noise(b, draw)) continue;
    int offset;
    FlatVar *v = draw_target(b, draw->kid[0], &offset);
    const Dist *dist = v ? find_dist(b, draw->kid[1]) : NULL;
    if (v && !dist) v->bad = true;
    Elab x = {.body = b, .owner = v, .label = v ? v->name : ""};
    if (dist) noise_draw(&x, v, draw, dist);
  }
  for (int i = 0; i < b->draws.n && b->cell; i++)
    if (!is_noise(b, b->draws.at[i])) draw_target(b, b->draws.at[i]->kid[0], &(int){0});
}

void elaborate_draws(Body *b)
{
  for (int i = 0; i < b->draws.n; i++) {
    const Ast *draw = b->draws.at[i];
    const Ast *name = draw->kid[0]->kind == AST_INDEX ? draw->kid[0]->kid[0] : draw->kid[0];
    Entry *e = name->kind == AST_NAME ? body_entry(b, name->name) : NULL;
    if (e && e->kind == ENTRY_VAR && e->var->drawn.source == draw->kid[0]->span.source &&
        e->var->drawn.from == draw->kid[0]->span.from)
      continue; /* noise */
    int offset;
    FlatVar *v = draw_target(b, draw->kid[0], &offset);
    const Dist *dist = v ? find_dist(b, draw->kid[1]) : NULL;
    Elab x = {.body = b, .label = v ? v->name : ""};
    if (dist) observed_draw(&x, v, offset, draw, dist);
  }
}

/* ---- loss and metrics: numbers a sequence, or one for the model ---- */

static FlatVar *figure(Body *b, const char *name, const char *what, const Ast *e, Span span)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b, .label = name};
  Node *n = expression(&x, e);
  if (!n || refuse_time(&x, name, 0, n)) return NULL;
  FlatVar *v = flat_var(f, VAR_COMPUTED, arena_printf(f->arena, "%s.value", name), 0, span);
  v->body = b;
  v->scalar = what;
  set_right_side(v, numeric(&x, n));
  return v;
}

void elaborate_loss(Body *b)
{
  if (b->loss) b->s->flat->loss = figure(b, "loss", "the loss", b->loss->kid[1], b->loss->span);
}

void elaborate_metrics(Body *b)
{
  Flat *f = b->s->flat;
  for (int i = 0; i < b->metrics.n; i++) {
    const Ast *m = b->metrics.at[i];
    bool twice = false;
    for (int k = 0; k < i && !twice; k++) {
      if (b->metrics.at[k]->name != m->name) continue;
      diag(f->diag, m->span, "metric '%s' is defined twice", m->name);
      diag_note(f->diag, b->metrics.at[k]->span, "the first is here");
      twice = true;
    }
    FlatVar *v = twice ? NULL : figure(b, m->name, "a metric", m->kid[0], m->span);
    if (v) vec_push(f->arena, &f->metrics, ((FlatMetric){m->name, v, m->span}));
  }
}

/* draw.c: `~`, the loss and metrics: the likelihood of what is observed as ordinary equations; noise.
   Needs: the equations elaborated. Leaves alone: the total loss (lower.c), sampling (the runtime). */
#include "body.h"
#include <string.h>

/* Arguments in order or by name, as those of a def. */
static bool place_arguments(Body *b, const Ast *call, const Distribution *dist, const Ast *argument[DRAW_PARAMS])
{
  Diag *d = b->s->diag;
  int n = distribution_arguments(dist);
  const char *form = distribution_form(b->s->arena, dist);
  for (int i = 0; i < DRAW_PARAMS; i++) argument[i] = NULL;
  if (call->nkid - 1 != n) {
    diag(d, E_ARGUMENTS, call->span, "%s takes %d argument%s, %d given: %s", dist->name, n, n == 1 ? "" : "s",
         call->nkid - 1, form);
    note_uses(b);
    return false;
  }
  for (int i = 0; i < n; i++) {
    const Ast *a = call->kid[i + 1];
    int at = i;
    if (a->kind == AST_ARG)
      for (at = 0; at < n && strcmp(dist->argument[at].name, a->name) != 0;) at++;
    if (at < n && !argument[at]) {
      argument[at] = a->kind == AST_ARG ? a->kid[0] : a;
      continue;
    }
    if (at == n) {
      const char *names[DRAW_PARAMS];
      for (int k = 0; k < n; k++) names[k] = dist->argument[k].name;
      diag(d, E_ARGUMENT_NAME, a->span, "%s has no argument '%s'", form, a->name);
      suggest_argument(d, a, names, n);
    } else diag(d, E_GIVEN_TWICE, a->span, "'%s' is given twice", dist->argument[at].name);
    note_uses(b);
    return false;
  }
  return true;
}

/* The distribution of a call, its argument expressions by place; NULL after a diagnostic. */
static const Distribution *find_dist(Body *b, const Ast *call, const Ast *argument[DRAW_PARAMS])
{
  Diag *d = b->s->diag;
  const Ast *callee = call->kid[0];
  const char *name = callee->kind == AST_NAME ? callee->name : "", *all = "";
  const Distribution *dist = distribution_named(name);
  if (dist) return place_arguments(b, call, dist, argument) ? dist : NULL;
  Names names = {0};
  for (dist = distributions; dist->name; dist++) {
    vec_push(b->s->arena, &names, dist->name);
    const char *before = dist == distributions ? "" : dist[1].name ? ", " : " and ";
    all = arena_printf(b->s->arena, "%s%s%s", all, before, dist->name);
  }
  const char *near = nearest(name, names.at, names.n);
  if (strcmp(name, "gaussian") == 0 || strcmp(name, "Normal") == 0) near = "normal";
  if (strcmp(name, "softmax") == 0 || strcmp(name, "multinomial") == 0) near = "categorical";
  diag(d, E_NO_DISTRIBUTION, callee->span, "there is no distribution '%s'", name);
  if (near) diag_suggest(d, callee->span, near);
  else diag_note(d, (Span){0}, "there are %s", all);
  note_uses(b);
  return NULL;
}

/* ---- the target of ~ ---- */

static FlatVar *refuse_target(Body *b, const Ast *target, const char *why, const char *name, Span declared)
{
  diag(b->s->diag, E_DRAWN, target->span, why, name);
  if (declared.source) diag_note(b->s->diag, declared, "declared here");
  note_uses(b);
  return NULL;
}

/* the noise that is drawn; NULL: something else is */
static const FlatVar *noise_of(Body *b, const Ast *draw)
{
  const Ast *t = draw->kid[0];
  if (t->kind == AST_INDEX) t = t->kid[0];
  Entry *e = t->kind == AST_NAME ? body_entry(b, t->name) : NULL;
  return e && e->kind == ENTRY_VAR && (e->var->kind == VAR_NOISE || e->var->shared) ? e->var : NULL;
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
    diag(b->s->diag, E_DRAW_INDEX, target->span, "%s has a value at each %s: write %s%s ~ ...", e->name, over, e->name,
         own);
    diag_fix(b->s->diag, target->span, arena_printf(b->s->arena, "%s%s", e->name, own));
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
  diag(b->s->diag, E_DRAW_INDEX, target->span, "a draw is for each %s: write %s%s ~ ...",
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
  const Distribution *dist;
  Node *value; /* what is drawn, where the data have it */
  Node *seen;  /* 1 where it counts, else 0 */
  bool named;  /* `seen` is a variable */
} Likelihood;

static Node *own(Likelihood *l, Node *n)
{
  n->body = l->x->body;
  return n;
}

static Node *op1(Likelihood *l, Op op, Node *a) { return own(l, node1(l->f, op, a, l->span)); }
static Node *op2(Likelihood *l, Op op, Node *a, Node *b) { return own(l, node2(l->f, op, a, b, l->span)); }
static Node *num(Likelihood *l, double value) { return own(l, node_const(l->f, value, l->span)); }
static Node *now(Likelihood *l, FlatVar *v) { return own(l, node_now(l->f, v, l->span)); }

static Node *where(Likelihood *l, Node *condition, Node *yes, Node *no)
{
  return own(l, node_op(l->f, OP_WHERE, (Node *[]){condition, yes, no}, 3, l->span));
}

static FlatVar *new_var(Likelihood *l, const char *suffix, int axes, Node *rhs)
{
  FlatVar *v = flat_var(l->f, VAR_COMPUTED, arena_printf(l->f->arena, "%s.%s", l->v->name, suffix), axes, l->span);
  v->body = l->x->body;
  v->rhs = rhs;
  return v;
}

/* A distribution's argument as a variable: the one it reads, or a new one. */
static FlatVar *parameter(Likelihood *l, const Argument *argument, Node *arg)
{
  bool plain = arg->op == OP_READ && arg->var->kind == VAR_COMPUTED && arg->axes == l->v->axes && node_is_now(arg);
  if (plain) return arg->var;
  FlatVar *v = new_var(l, argument->name, l->v->axes, arg);
  if (argument->form == ARGUMENT_LIKE) v->owner = l->v;
  Dim classes = dim_find(l->f->sizes, l->v->shape.dim[0]);
  if (argument->form == ARGUMENT_CUTS && classes > 1) v->shape = shape_vector(classes - 1);
  v->span = arg->span;
  return v;
}

/* ---- what is drawn fits the distribution ---- */

static void say_drawn(Likelihood *l, const Ast *at, const char *what)
{
  const FlatVar *v = l->v;
  diag(l->f->diag, E_DRAW_TYPE, at->span, "%s draws %s, '%s' is %s", l->dist->name, what, v->name,
       v->typed ? shape_text(l->f->sizes, l->f->arena, v->shape) : "not one");
  diag_note(l->f->diag, v->typed ? v->type_span : v->span, "declared here");
}

static bool draws_class(Likelihood *l, const Ast *draw)
{
  const FlatVar *v = l->v;
  if (v->shape.token && l->dist->argument[1].form == ARGUMENT_CUTS && dim_find(l->f->sizes, v->shape.dim[0]) == 1) {
    say_drawn(l, draw->kid[0], "one of two classes or more");
    return false;
  }
  if (v->shape.token) return true;
  if (v->typed)
    diag(l->f->diag, E_DRAW_TYPE, draw->kid[1]->span, "%s draws a token, '%s' is not one", l->dist->name, v->name);
  else
    diag(l->f->diag, E_DRAW_TYPE, draw->kid[0]->span, "'%s' is drawn from %s, so it needs a type: token[n]", v->name,
         l->dist->name);
  diag_note(l->f->diag, v->typed ? v->type_span : v->span, "declared here");
  return false;
}

/* A type that was not given follows from the distribution. */
static bool draws_shape(Likelihood *l, const Ast *draw, int rank, const char *what)
{
  Shape *s = &l->v->shape;
  shape_here(l->f->sizes, draw->span);
  if (s->rank < 0) s->rank = rank;
  if (s->rank == rank && (rank == 0 || dim_unify(l->f->sizes, s->dim[0], 2))) return true;
  say_drawn(l, draw->kid[0], what);
  return false;
}

static bool fits(Likelihood *l, const Ast *draw)
{
  if (l->dist->drawn == DRAWN_CLASS) return draws_class(l, draw);
  if (l->v->shape.token) {
    diag(l->f->diag, E_DRAW_TYPE, draw->kid[1]->span,
         "'%s' is a token: it is drawn from categorical(logits) or ordinal(score, thresholds)", l->v->name);
    diag_note(l->f->diag, l->v->type_span, "declared here");
    return false;
  }
  if (l->dist->drawn == DRAWN_NUMBER) return draws_shape(l, draw, 0, "a number");
  if (l->dist->drawn == DRAWN_PAIR) return draws_shape(l, draw, 1, "a vector of two");
  return true;
}

/* ---- where it is observed ---- */

static Node *and_seen(Likelihood *l, Node *more) { return l->seen ? op2(l, OP_AND, l->seen, more) : more; }

/* A token is observed where it is one of the classes, a number where it is not NaN: each component by itself, but where
   the distribution draws them as a whole. */
static void observe(Likelihood *l, Node *read, Node *mask)
{
  bool token = l->v->shape.token;
  if (token || !node_is_now(read)) l->seen = op1(l, OP_OBSERVED, read);
  if (!token) {
    Node *is = op1(l, OP_IS_NUMBER, read);
    is->text = read->text;
    if (l->dist->drawn == DRAWN_PAIR) is = op1(l, OP_NEG, op1(l, OP_MAXC, op1(l, OP_NEG, is)));
    l->seen = and_seen(l, is);
  }
  if (mask) l->seen = and_seen(l, mask);
  l->value = read;
  if (token && !mask) return; /* short enough to be written twice */
  l->seen = now(l, new_var(l, "seen", l->v->axes, l->seen));
  l->named = true;
  if (token) return;
  /* 0.5 lies in the support of every distribution: no value and no gradient there is infinite */
  l->value = now(l, new_var(l, "value", l->v->axes, where(l, l->seen, read, num(l, 0.5))));
  l->value->var->owner = l->v;
  l->value->text = read->text;
}

/* minus the log-likelihood at one place; NULL after a diagnostic */
static Node *negative_log(Likelihood *l, FlatVar *const *param)
{
  Sema *s = l->x->body->s;
  Unit *unit = unit_distributions(s);
  const char *name = intern(s->arena, arena_printf(s->arena, "nll_%s", l->dist->name));
  const Ast *def = unit ? map_get(&unit->defs, name) : NULL;
  if (!def) {
    diag(s->diag, E_NO_DISTRIBUTION, l->span, "%s has no likelihood: there is no %s in lang/distributions.rnn",
         l->dist->name, name);
    return NULL;
  }
  int n = distribution_arguments(l->dist);
  Node *arg[DRAW_PARAMS + 1] = {l->value};
  for (int i = 0; i < n; i++) {
    arg[i + 1] = now(l, param[i]);
    arg[i + 1]->text = param[i]->span;
  }
  Node *nll = likelihood_of(l->x, def, arg, l->span);
  if (!nll) return NULL;
  if (!l->named) return op2(l, OP_MUL, l->seen, nll);
  nll = where(l, l->seen, nll, num(l, 0));
  return l->dist->drawn == DRAWN_EACH ? op1(l, OP_SUM, nll) : nll;
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

static Node *element_count(Likelihood *l)
{
  return total(l, "count.each", l->dist->drawn == DRAWN_EACH ? op1(l, OP_SUM, l->seen) : l->seen);
}

/* `when` of a draw as a number; false after a diagnostic */
static bool draw_mask(Likelihood *l, const Ast *draw, Node **mask)
{
  *mask = NULL;
  if (draw->nkid < 3) return true;
  Node *n = expression(l->x, draw->kid[2]);
  if (!n || refuse_time(l->x, l->v->name, l->v->axes, n)) return false;
  if (n->shape.token) {
    diag(l->f->diag, E_MASK, n->span, "a mask is a number: the draw counts where it is not 0");
    diag_note(l->f->diag, (Span){0}, "a comparison makes one, such as k[t] == 1");
    return false;
  }
  FlatVar *v = new_var(l, "mask", n->axes, n);
  v->span = draw->kid[2]->span;
  *mask = now(l, v);
  (*mask)->text = v->span;
  if (l->dist->drawn == DRAWN_EACH) return true;
  v->scalar = "the mask of this draw";
  *mask = op1(l, OP_SUM, *mask); /* so that one of another shape is reported once */
  return true;
}

static void observed_draw(Elab *x, FlatVar *v, int offset, const Ast *draw)
{
  Flat *f = x->body->s->flat;
  const Ast *argument[DRAW_PARAMS];
  const Distribution *dist = find_dist(x->body, draw->kid[1], argument);
  if (!dist) return;
  Likelihood *l = &(Likelihood){.x = x, .f = f, .span = draw->span, .v = v, .dist = dist};
  FlatDraw out = {.var = v, .offset = offset, .dist = dist, .span = draw->span};
  bool good = fits(l, draw);
  Place at[AXES] = {0};
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a)) at[a] = (Place){READ_REL, offset};
  Node *read = own(l, node_read(f, v, at, draw->kid[0]->span)), *mask;
  for (int i = 0; i < DRAW_PARAMS && argument[i]; i++) {
    Node *n = expression(x, argument[i]);
    if (!n || refuse_time(x, v->name, v->axes, n)) good = false;
    else out.param[i] = parameter(l, &dist->argument[i], numeric(x, n));
  }
  if (!draw_mask(l, draw, &mask) || !good) return;
  observe(l, read, mask);
  Node *nll = negative_log(l, out.param);
  if (!nll) return;
  FlatVar *each = new_var(l, "nll", v->axes, nll);
  out.nll = new_var(l, "nll.sum", 0, total(l, "nll.each", now(l, each)));
  out.count = new_var(l, "count", 0, element_count(l));
  each->scalar = out.nll->scalar = out.count->scalar = "the likelihood";
  vec_push(f->arena, &f->draws, out);
}

/* ---- noise ---- */

static void noise_draw(Elab *x, FlatVar *v, const Ast *draw)
{
  Flat *f = x->body->s->flat;
  const Ast *argument[DRAW_PARAMS];
  Node *arg[2] = {0};
  double value;
  bool known = true;
  const Distribution *dist = find_dist(x->body, draw->kid[1], argument);
  v->bad = true;
  if (!dist) return;
  bool normal = strcmp(dist->name, "normal") == 0, bernoulli = strcmp(dist->name, "bernoulli") == 0;
  if (!normal && !bernoulli)
    diag(f->diag, E_NOISE, draw->kid[1]->span, "noise is drawn from bernoulli(p) or normal(mean, deviation)");
  else if (draw->nkid > 2) diag(f->diag, E_NOISE, draw->kid[2]->span, "noise is drawn everywhere: it has no 'when'");
  if ((!normal && !bernoulli) || draw->nkid > 2) {
    note_uses(x->body);
    return;
  }
  for (int i = 0; i < 2 && argument[i]; i++) {
    Node *n = expression(x, argument[i]);
    if (!n || refuse_time(x, v->name, v->axes, n)) return;
    arg[i] = numeric(x, n);
    known &= node_value(f, arg[i], &value);
  }
  v->bad = false;
  v->noise = normal ? DIST_NORMAL : DIST_BERNOULLI;
  if (known || bernoulli) {
    v->noise_arg[0] = arg[0];
    v->noise_arg[1] = arg[1];
    return;
  }
  /* m = mean + deviation * m.eps */
  Likelihood like = {.x = x, .f = f, .span = draw->span, .v = v};
  FlatVar *eps = flat_var(f, VAR_NOISE, arena_printf(f->arena, "%s.eps", v->name), v->axes, draw->span);
  eps->body = x->body;
  eps->owner = v;
  eps->shared = v->shared;
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
    const FlatVar *noise = noise_of(b, draw);
    if (!noise || (noise->body != b && noise->drawn.source)) continue; /* by another use of the instance */
    int offset;
    FlatVar *v = draw_target(b, draw->kid[0], &offset);
    Elab x = {.body = b, .owner = v, .label = v ? v->name : ""};
    if (v) noise_draw(&x, v, draw);
  }
  for (int i = 0; i < b->draws.n && b->cell; i++)
    if (!noise_of(b, b->draws.at[i])) draw_target(b, b->draws.at[i]->kid[0], &(int){0});
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
    Elab x = {.body = b, .label = v ? v->name : ""};
    if (v) observed_draw(&x, v, offset, draw);
  }
}

/* ---- loss and metrics: numbers a sequence, or one for the model ---- */

static FlatVar *figure(Body *b, const char *name, const char *what, const Ast *e, Span span)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b, .label = name};
  int before = f->vars.n;
  Node *n = expression(&x, e);
  for (int i = before; i < f->vars.n; i++) f->vars.at[i]->statistic = false; /* of the batch that is scored */
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
      diag(f->diag, E_DEFINED_TWICE, m->span, "metric '%s' is defined twice", m->name);
      diag_note(f->diag, b->metrics.at[k]->span, "the first is here");
      twice = true;
    }
    FlatVar *v = twice ? NULL : figure(b, m->name, "a metric", m->kid[0], m->span);
    if (v) vec_push(f->arena, &f->metrics, ((FlatMetric){m->name, v, m->span}));
  }
}

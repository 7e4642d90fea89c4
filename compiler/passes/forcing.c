/* forcing.c: what the distributions of a model read of drawn variables.
   Needs: the draws' parameters, right sides set. Leaves: likelihoods, losses and metrics, which compare with what was
   observed.

     h[t] = f(h[t-1], y[t-1])    ->   h[t] = f(h[t-1], y.fed[t-1])
     y[t] ~ normal(m[t], s)           y.fed[t] = where(y.forced[t], y[t], y.own[t])
                                      y.own[t] = m[t]
   An element that no draw makes, as x[1] of x[t+1] ~ .., is the observed one: x.own[0] = x[1]. */
#include "forcing.h"
#include "sema.h"
#include "walk.h"
#include <string.h>

const char *const forced_name[FORCED_MODES] = {"always", "step", "sequence", "never"};

/* ---- who reads what ---- */

/* v, and all that it is computed from */
static void mark_above(System *s, bool *above, Var *v)
{
  Vec(Var *) todo = {0};
  vec_push(s->arena, &todo, v);
  while (todo.n) {
    v = todo.at[--todo.n];
    if (above[v->id]) continue;
    above[v->id] = true;
    for (int i = 0; i < v->bound.n; i++) vec_push(s->arena, &todo, v->bound.at[i].var);
    if (!v->rhs) continue;
    ExprList nodes = walk_nodes(s, v->rhs);
    for (int i = 0; i < nodes.n; i++)
      if (nodes.at[i]->var) vec_push(s->arena, &todo, nodes.at[i]->var);
  }
}

/* by variable id: what the distributions' parameters are computed from */
static bool *find_above(System *s)
{
  bool *above = ARENA_ARRAY(s->arena, bool, s->vars.n + 1);
  for (int i = 0; i < s->draws.n; i++)
    for (int k = 0; k < DRAW_PARAMS; k++)
      if (s->draws.at[i].param[k]) mark_above(s, above, s->draws.at[i].param[k]);
  return above;
}

/* observed(y[t-1]) asks for the data, whoever reads them */
static bool reads(System *s, const Var *reader, const Var *v)
{
  ExprList nodes = walk_nodes(s, reader->rhs);
  for (int i = 0; i < nodes.n; i++)
    for (int k = 0; k < nodes.at[i]->nin; k++)
      if (nodes.at[i]->in[k]->var == v && nodes.at[i]->op != OP_OBSERVED) return true;
  return reader->rhs->var == v;
}

FedList forcing_find(System *s)
{
  FedList fed = {0};
  bool *above = find_above(s);
  for (int i = 0; i < s->draws.n; i++) {
    Var *v = s->draws.at[i].var;
    bool read = false;
    for (int k = 0; k < s->vars.n && (v->dom & DOM_T) && !read; k++)
      read = above[s->vars.at[k]->id] && s->vars.at[k]->rhs && reads(s, s->vars.at[k], v);
    if (read) vec_push(s->arena, &fed, v);
  }
  return fed;
}

/* ---- what the model makes ---- */

static Var *noise_var(System *s, const Draw *d, const char *suffix, Shape shape, int dom, DistKind kind)
{
  Var *v = system_var(s, VAR_NOISE, arena_printf(s->arena, "%s.%s", d->var->name, suffix), shape, dom, d->span);
  v->noise = kind;
  v->noise_arg[1] = 1; /* uniform(0, 1), normal(0, 1) */
  return v;
}

/* the class of the largest logit; of logits - log(-log(1 - u)), which is a draw (Gumbel 1954). Small u, of which a
   float tells many apart, are the large draws. */
static Expr *own_class(System *s, const Draw *d, bool sample)
{
  Expr *logits = ex_var(s, d->param[0]);
  if (sample) {
    Expr *u = ex_var(s, noise_var(s, d, "uniform", logits->shape, DOM_TIME, DIST_UNIFORM));
    Expr *less = ex1(s, OP_LOG, ex1(s, OP_NEG, ex1(s, OP_LOG1P, ex1(s, OP_NEG, u))));
    logits = ex2(s, OP_SUB, logits, less);
  }
  return ex1(s, OP_ARGMAX, logits);
}

static Expr *own_bit(System *s, const Draw *d, bool sample)
{
  Expr *logit = ex_var(s, d->param[0]);
  if (!sample) return ex2(s, OP_GT, logit, ex_const(s, 0));
  Expr *u = ex_var(s, noise_var(s, d, "uniform", d->var->shape, DOM_TIME, DIST_UNIFORM));
  return ex2(s, OP_LT, u, ex1(s, OP_SIGMOID, logit));
}

/* The gradient flows through mean and deviation; there is none through a class or a bit. */
static Expr *own_real(System *s, const Draw *d, bool sample)
{
  Expr *mean = ex_var(s, d->param[0]);
  if (!sample) return mean;
  Expr *eps = ex_var(s, noise_var(s, d, "normal", d->var->shape, DOM_TIME, DIST_NORMAL));
  return ex2(s, OP_ADD, mean, ex2(s, OP_MUL, ex_var(s, d->param[1]), eps));
}

static const struct {
  const char *dist;
  Expr *(*own)(System *s, const Draw *d, bool sample);
} makers[] = {{"categorical", own_class}, {"bernoulli", own_bit}, {"normal", own_real}};
enum { MAKERS = sizeof makers / sizeof *makers };

static int maker_of(const Draw *d)
{
  for (int i = 0; i < MAKERS; i++)
    if (!strcmp(makers[i].dist, d->dist)) return i;
  return -1;
}

/* y.own[t], made by the draw at t: of a token, the number of its class. It stands for y[t + offset]. */
static Var *own_var(System *s, const Draw *d, bool sample)
{
  Expr *made = makers[maker_of(d)].own(s, d, sample);
  Var *own =
      system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.own", d->var->name), made->shape, DOM_TIME, d->span);
  own->rhs = made;
  for (int k = d->offset; k != 0; k += k > 0 ? -1 : 1) { /* x[k] of x[t+k] ~ .. for k > 0, x[T+1+k] for k < 0 */
    bool start = k > 0;
    int at = k - d->offset; /* own's place: 0, -1, .. or, less 1, T+1, T+2, .. */
    Expr *seen = ex_read_along(s, d->var, AXIS_T, start ? FROM_START : FROM_END, start ? k : k + 1);
    if (d->var->shape.token) seen = ex1(s, OP_INDEX, seen);
    Var *before =
        system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.first", own->name), own->shape, DOM_SEQ, d->span);
    before->rhs = seen;
    vec_push(s->arena, &own->bound,
             ((Boundary){
                 .axis = AXIS_T, .kind = start ? FROM_START : FROM_END, .offset = start ? at : at + 1, .var = before}));
  }
  return own;
}

static Var *fed_var(System *s, const Draw *d, Forcing f)
{
  Var *v = d->var;
  Expr *value = ex_read_along(s, own_var(s, d, f.sample), AXIS_T, READ_REL, -d->offset);
  bool token = v->shape.token;
  if (f.mode != FORCED_NEVER) {
    Var *forced = noise_var(s, d, "forced", shape_scalar(), f.mode == FORCED_STEP ? DOM_TIME : DOM_SEQ, DIST_BERNOULLI);
    forced->noise_arg[0] = forced->noise_arg[1] = 1;
    forced->noise_forced = true;
    Expr *seen = token ? ex1(s, OP_INDEX, ex_var(s, v)) : ex_var(s, v);
    value = ex3(s, OP_WHERE, ex_var(s, forced), seen, value);
  }
  Var *fed = system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.fed", v->name), v->shape, DOM_TIME, d->span);
  fed->rhs = token ? ex_op(s, OP_TOKEN, &value, 1, (int[3]){v->shape.dim[0]}) : value;
  for (int i = 0; i < v->bound.n; i++) vec_push(s->arena, &fed->bound, v->bound.at[i]);
  return fed;
}

/* ---- readers ---- */

typedef struct Feed {
  Var **fed; /* by id of the drawn variable */
  Var **of;  /* by id of the fed one */
  int n;
} Feed;

static Expr *read_instead(System *s, Var *v, const Expr *read)
{
  return ex_read(s, v, read_place(read, AXIS_T), read_place(read, AXIS_S));
}

static Expr *feed_read(System *s, Expr *e, void *arg)
{
  Feed *f = arg;
  if (e->op == OP_OBSERVED && e->in[0]->var && f->of[e->in[0]->var->id])
    return ex1(s, OP_OBSERVED, read_instead(s, f->of[e->in[0]->var->id], e->in[0]));
  if (e->op != OP_READ || e->var->id >= f->n || !f->fed[e->var->id]) return e;
  return read_instead(s, f->fed[e->var->id], e);
}

static bool refuse(System *s, Var *v)
{
  diag(s->diag, E_FEED_BACK, v->span,
       "'%s' cannot be fed back: its distribution reads elements that are drawn at the same time or later", v->name);
  diag_note(s->diag, (Span){0}, "only teacher_forcing = 1.0, which reads what was observed, goes with it");
  return false;
}

static bool refuse_distribution(System *s, const Draw *d)
{
  diag(s->diag, E_FEED_BACK, d->span, "'%s' cannot be fed back: there is no value of its own for %s", d->var->name,
       d->dist);
  diag_note(s->diag, (Span){0}, "teacher_forcing other than 1.0 goes with categorical, bernoulli and normal");
  return false;
}

bool forcing_feed(System *s, const FedList *list, Forcing forcing)
{
  if (forcing.mode == FORCED_ALWAYS || !list->n) return true;
  bool *above = find_above(s);
  int n = s->vars.n;
  Feed f = {.fed = ARENA_ARRAY(s->arena, Var *, n), .n = n};
  for (int i = 0; i < s->draws.n; i++)
    for (int k = 0; k < list->n; k++)
      if (s->draws.at[i].var == list->at[k]) {
        if (maker_of(&s->draws.at[i]) < 0) return refuse_distribution(s, &s->draws.at[i]);
        f.fed[list->at[k]->id] = fed_var(s, &s->draws.at[i], forcing);
      }
  f.of = ARENA_ARRAY(s->arena, Var *, s->vars.n);
  for (int i = 0; i < n; i++)
    if (f.fed[i]) f.of[f.fed[i]->id] = s->vars.at[i];
  Memo memo = {0};
  for (int i = 0; i < n; i++)
    if (above[i] && s->vars.at[i]->rhs) s->vars.at[i]->rhs = walk_rewrite(s, &memo, s->vars.at[i]->rhs, feed_read, &f);
  Diag *own = s->diag;
  s->diag = diag_new(s->arena); /* its cycles are through equations that nobody wrote */
  bool causal = causality_check(s);
  s->diag = own;
  return causal || refuse(s, list->at[0]);
}

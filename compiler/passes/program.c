/* program.c: the passes in order, for each kind of program.

   train      the loss and the gradient of every parameter
   evaluate   the loss and the metrics, noise at its mean
   free       the same where the model reads its own draws instead of the observed values (forcing.c)
   forward    the outputs, noise at its mean; what only the loss needs is dropped
   decode     the distributions of what is drawn at each t, for windows of one t that feed on what was drawn before;
              what does not depend on t is a part of its own, which runs once
   step       forward for one t, state carried: refused when it needs the future */
#include "program.h"
#include "adjoint.h"
#include "ahead.h"
#include "carry.h"
#include "future.h"
#include "name.h"
#include "simplify.h"
#include "roll.h"
#include "share.h"
#include "split.h"
#include "stack.h"
#include "walk.h"
#include "wave.h"
#include "window.h"
#include <string.h>

const char *const program_name[PROGRAM_KINDS] = {"train", "evaluate", "free", "forward", "decode", "step"};

int program_named(const char *name)
{
  for (int k = 0; k < PROGRAM_KINDS; k++)
    if (!strcmp(name, program_name[k])) return k;
  return -1;
}

/* m[t] -> its mean, outside training */
static Expr *noise_mean(System *s, Expr *e, void *arg)
{
  (void)arg;
  if (e->op != OP_READ || e->var->kind != VAR_NOISE) return e;
  Expr *mean = ex_const(s, e->var->noise_arg[0]); /* bernoulli(p): p; normal(mean, deviation): mean */
  return ex_broadcast(s, mean, e->shape);
}

bool program_has_loss(ProgramKind kind)
{
  return kind == PROGRAM_TRAIN || kind == PROGRAM_EVALUATE || kind == PROGRAM_FREE;
}

/* Reads of drawn variables as the program wants them; false: it cannot be made. */
static bool feed_back(System *s, Compiled *c, const ProgramRequest *r)
{
  c->fed = forcing_find(s);
  if (r->kind == PROGRAM_TRAIN) c->forcing = r->forcing;
  if (r->kind == PROGRAM_FREE) c->forcing = (Forcing){FORCED_NEVER, r->forcing.sample};
  if (r->kind == PROGRAM_FREE && !c->fed.n) return false;
  if (!c->fed.n || c->forcing.mode == FORCED_ALWAYS) return true;
  if (!forcing_feed(s, &c->fed, c->forcing)) return false;
  system_verify(s, "forcing");
  simplify(s);
  return true;
}

static const char *list_names(System *s, const char **out, int n)
{
  Text t = {0};
  for (int i = 0; i < n && i < 12; i++) text_printf(&t, "%s%s", i ? ", " : "", out[i]);
  if (n > 12) text_puts(&t, ", ..");
  const char *made = arena_copy(s->arena, t.at ? t.at : "none", t.at ? t.n : 4);
  text_free(&t);
  return made;
}

/* The variable that a user named on the command line. */
static Var *named(System *s, const char *name, bool input)
{
  const char **names = ARENA_ARRAY(s->arena, const char *, s->vars.n + 1);
  int n = 0;
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i];
    bool fits = input ? v->kind == VAR_INPUT || v->kind == VAR_TARGET
                      : v->rhs != NULL || v->kind == VAR_INPUT || v->kind == VAR_TARGET;
    if (fits && strcmp(v->name, name) == 0) return v;
    if (fits) names[n++] = v->name;
  }
  const char *near = nearest(name, names, n);
  diag(s->diag, E_CHOSEN_NAMES, (Span){0}, "the model has no %s '%s': it has %s", input ? "input" : "variable", name,
       list_names(s, names, n));
  if (near) diag_note(s->diag, (Span){0}, "did you mean '%s'?", near);
  return NULL;
}

typedef Vec(Var *) VarList;

static void keep_loss(System *s, VarList *keep)
{
  if (s->loss) vec_push(s->arena, keep, s->loss);
  for (int i = 0; i < s->draws.n; i++) {
    if (!s->draws.at[i].nll) continue;
    vec_push(s->arena, keep, s->draws.at[i].nll);
    vec_push(s->arena, keep, s->draws.at[i].count);
  }
}

static void keep_statistics(System *s, VarList *keep)
{
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->kept) vec_push(s->arena, keep, s->vars.at[i]);
}

static void keep_metrics(System *s, VarList *keep)
{
  for (int i = 0; i < s->metrics.n; i++) {
    vec_push(s->arena, keep, s->metrics.at[i].sum);
    vec_push(s->arena, keep, s->metrics.at[i].count);
  }
}

/* The distributions that are drawn from at each t; false: there are none. */
static bool keep_distributions(System *s, VarList *keep)
{
  int before = keep->n;
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    for (int k = 0; (d->var->dom & DOM_T) && k < DRAW_PARAMS && d->param[k]; k++) vec_push(s->arena, keep, d->param[k]);
  }
  return keep->n > before;
}

static void keep_outputs(System *s, VarList *keep)
{
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->output) vec_push(s->arena, keep, s->vars.at[i]);
}

static void differentiate(System *s, Compiled *c, VarList *keep)
{
  VarList wrt = {0};
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->kind == VAR_PARAM && !s->vars.at[i]->fixed) vec_push(s->arena, &wrt, s->vars.at[i]);
  for (int i = 0; i < c->wrt.n; i++) vec_push(s->arena, &wrt, c->wrt.at[i]);
  adjoint(s, s->loss, wrt.at, wrt.n);
  for (int i = 0; i < wrt.n; i++) vec_push(s->arena, keep, adjoint_of(s, wrt.at[i]));
  simplify(s);
  prune(s, keep->at, keep->n);
}

Compiled *program_make(Arena *a, Diag *d, const Ast *file, const LowerOptions *o, const ProgramRequest *r, Stage stage)
{
  LowerOptions options = *o;
  options.kept = r->kind != PROGRAM_TRAIN;
  System *s = lower(a, d, file, &options);
  if (!s) return NULL;
  system_verify(s, "lower");
  Compiled *c = ARENA_NEW(a, Compiled);
  c->kind = r->kind;
  c->system = s;
  bool loss = program_has_loss(r->kind);
  if (loss && !s->loss) return NULL;

  simplify(s);
  system_verify(s, "simplify");
  stack_products(s);
  system_verify(s, "stack");
  c->param_count = param_layout(s);
  if (r->kind != PROGRAM_TRAIN) { /* after the layout, which is that of training: W + m may become W */
    walk_rewrite_all(s, noise_mean, NULL);
    simplify(s);
    system_verify(s, "noise");
  }
  if (!feed_back(s, c, r)) return NULL;

  VarList keep = {0};
  if (loss) keep_loss(s, &keep);
  if (r->kind == PROGRAM_TRAIN) keep_statistics(s, &keep);
  bool metrics = r->kind == PROGRAM_EVALUATE || r->kind == PROGRAM_FREE;
  if (metrics) keep_metrics(s, &keep);
  if (r->kind == PROGRAM_DECODE && !keep_distributions(s, &keep)) return NULL;
  if (!loss && r->kind != PROGRAM_DECODE && !r->only_shown) keep_outputs(s, &keep);
  int errors = diag_errors(d);
  for (int i = 0; r->show && r->show[i]; i++) {
    Var *v = named(s, r->show[i], false);
    if (v) vec_push(a, &keep, v);
  }
  for (int i = 0; r->wrt && r->wrt[i]; i++) {
    Var *v = named(s, r->wrt[i], true);
    if (v && v->shape.token) diag(d, E_CHOSEN_NAMES, v->span, "'%s' is a token: there is no gradient by it", v->name);
    else if (v) vec_push(a, &c->wrt, v);
  }
  if (diag_errors(d) > errors) return NULL;

  s->explicit_loss = NULL; /* part of the loss now */
  int draws = s->draws.n;
  if (!loss) s->loss = NULL, s->draws.n = 0;
  if (!metrics) s->metrics.n = 0;
  prune(s, keep.at, keep.n);
  if (r->kind == PROGRAM_STEP) {
    c->latency = look_ahead(s, s->draws.at, draws);
    system_verify(s, "ahead");
  }
  if (r->kind == PROGRAM_STEP && (c->refused = future_reason(s, keep.at, keep.n))) return c;
  if (r->windows) carry_states(s, r->kind == PROGRAM_STEP);
  if (stage == STAGE_EQUATIONS) return c;
  if (r->kind == PROGRAM_TRAIN) {
    if (stage != STAGE_ADJOINT)
      name_parts(s, false); /* so that the backward pass finds dear values kept; to read, it is better without */
    system_verify(s, "name");
    differentiate(s, c, &keep);
    system_verify(s, "adjoint");
  }
  if (stage == STAGE_ADJOINT) return c;
  simplify(s);
  split_sums(s);
  system_verify(s, "split");
  simplify(s);
  name_parts(s, true);
  system_verify(s, "name");
  int results = keep.n;
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->kind == VAR_CARRY) vec_push(a, &keep, s->vars.at[i]->carry_of);
  prune(s, keep.at, keep.n);
  system_verify(s, "prune");
  c->plan = plan_make(s, keep.at, keep.n, r->kind == PROGRAM_STEP);
  if (r->kind == PROGRAM_DECODE) plan_phases(c->plan);
  if (loss) {
    find_windows(c->plan, results);
    roll_buffers(c->plan);
    share_buffers(c->plan);
  }
  find_waves(c->plan);
  return c;
}

/* lint.c: equations, states, inputs and parameters that nothing needs or that no gradient reaches; values that a
   program does not have. Needs: a file without errors. Leaves: nothing; it looks at systems of its own.

   What is needed is what the results read: the loss, draws, metrics and outputs. */
#include "lint.h"
#include "adjoint.h"
#include "program.h"
#include <string.h>

typedef struct Lint {
  System *s;
  LintNodes nodes;
  Diag *d;
  const Source *source; /* the file: of the cells of others nothing is said */
  bool *needed;         /* by var id */
  bool *read;           /* by any equation */
  Vec(const Expr *) reads;
  Vec(const Var *) queue;
} Lint;

/* ---- who reads what ---- */

static void need(Lint *l, const Var *v)
{
  if (!v || l->needed[v->id]) return;
  l->needed[v->id] = true;
  vec_push(l->s->arena, &l->queue, v);
}

/* and what is needed for what is needed */
static void need_all(Lint *l)
{
  for (int k = 0; k < l->queue.n; k++) {
    const Var *v = l->queue.at[k];
    const ExprList *nodes = &l->nodes.of[v->id];
    for (int i = 0; i < v->bound.n; i++) need(l, v->bound.at[i].var);
    for (int i = 0; i < nodes->n; i++)
      if (nodes->at[i]->op == OP_READ) need(l, nodes->at[i]->var);
  }
}

static void find_needed(Lint *l)
{
  System *s = l->s;
  need(l, s->loss);
  need(l, s->explicit_loss);
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    need(l, d->nll);
    need(l, d->count);
    for (int k = 0; k < DRAW_PARAMS && d->param[k]; k++) need(l, d->param[k]);
    l->needed[d->var->id] = true;
  }
  for (int i = 0; i < s->metrics.n; i++) need(l, s->metrics.at[i].sum), need(l, s->metrics.at[i].count);
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->output) need(l, s->vars.at[i]);
  need_all(l);
}

static void find_reads(Lint *l)
{
  for (int i = 0; i < l->s->vars.n; i++) {
    const Var *v = l->s->vars.at[i];
    for (int k = 0; k < v->bound.n; k++) l->read[v->bound.at[k].var->id] = true;
    const ExprList *nodes = &l->nodes.of[i];
    for (int k = 0; k < nodes->n; k++) {
      if (nodes->at[k]->op != OP_READ) continue;
      l->read[nodes->at[k]->var->id] = true;
      vec_push(l->s->arena, &l->reads, nodes->at[k]);
    }
  }
}

static bool reads_itself(Lint *l, const Var *v)
{
  const ExprList *nodes = &l->nodes.of[v->id];
  for (int i = 0; i < nodes->n; i++)
    if (nodes->at[i]->var == v) return true;
  return false;
}

Span lint_place(const System *s, const Var *v)
{
  size_t n = strcspn(v->name, ".");
  const Var *owner = v->name[n] ? system_find(s, arena_copy(s->arena, v->name, n)) : NULL;
  return owner ? owner->span : v->span;
}

/* written in the model itself, in this file */
static bool is_own(const Lint *l, const Var *v) { return v->span.source == l->source && !strpbrk(v->name, ".["); }

/* ---- equations, states, inputs ---- */

static void lint_needed(Lint *l)
{
  for (int i = 0; i < l->s->vars.n; i++) {
    const Var *v = l->s->vars.at[i];
    if (l->needed[i] || !is_own(l, v)) continue;
    if (v->kind == VAR_INPUT || v->kind == VAR_TARGET) {
      if (!l->read[i])
        diag_warn(l->d, W_UNUSED_INPUT, v->span, "%s '%s' is never read", v->kind == VAR_INPUT ? "input" : "target",
                  v->name);
    } else if (v->kind == VAR_COMPUTED && reads_itself(l, v)) {
      diag_warn(l->d, W_UNREAD_STATE, v->span, "nothing but itself needs the state '%s'", v->name);
    } else if (v->kind == VAR_COMPUTED) {
      diag_warn(l->d, W_UNNEEDED_EQUATION, v->span, "nothing needs '%s': no output, draw, loss or metric depends on it",
                v->name);
    }
  }
}

/* could this read meet that boundary? */
static bool meets(const Expr *read, const Boundary *b)
{
  Place p = read_place(read, b->axis);
  bool start = b->kind == FROM_START;
  switch (p.kind) {
  case READ_REL: return start ? p.k < 0 && 1 + p.k <= b->offset : p.k >= b->offset;
  case FROM_START: return start ? p.k == b->offset : p.k > 1; /* of a short sequence it is behind the end */
  case FROM_END: return start ? p.k < 0 : p.k == b->offset;
  default: return false;
  }
}

static void lint_boundaries(Lint *l)
{
  for (int i = 0; i < l->s->vars.n; i++) {
    const Var *v = l->s->vars.at[i];
    for (int k = 0; k < v->bound.n; k++) {
      const Boundary *b = &v->bound.at[k];
      bool met = b->var->span.source != l->source;
      for (int r = 0; r < l->reads.n && !met; r++) met = l->reads.at[r]->var == v && meets(l->reads.at[r], b);
      if (met) continue;
      diag_warn(l->d, W_UNREAD_BOUNDARY, b->var->span,
                "this boundary of '%s' is never read: no equation reads %s so far %s", v->name, v->name,
                b->kind == FROM_START ? "back" : "ahead");
    }
  }
}

/* ---- gradients ---- */

typedef struct Flow {
  bool *reached;        /* by var id: a gradient arrives */
  const Expr **blocked; /* by var id: where one did not pass, */
  bool *far;            /* and v is not read there, but by what is */
  bool *on;             /* by expression id: it arrives at this node of the equation at hand */
  Vec(const Var *) queue;
} Flow;

/* What is read below e gets no gradient through `at`, nor does what that reads. */
static void block(Lint *l, Flow *f, Expr *e, const Expr *at)
{
  Vec(const Var *) behind = {0};
  ExprList below = lint_below(&l->nodes, e), *nodes = &below;
  for (int k = -1; k < behind.n; k++) {
    if (k >= 0) nodes = &l->nodes.of[behind.at[k]->id];
    for (int i = 0; i < nodes->n; i++) {
      const Var *v = nodes->at[i]->op == OP_READ ? nodes->at[i]->var : NULL;
      if (!v || (f->blocked[v->id] && (k >= 0 || !f->far[v->id]))) continue;
      if (!f->blocked[v->id]) vec_push(l->s->arena, &behind, v);
      f->blocked[v->id] = at;
      f->far[v->id] = k >= 0;
    }
  }
}

static void flow_into(Lint *l, Flow *f, const Var *v)
{
  if (f->reached[v->id]) return;
  f->reached[v->id] = true;
  vec_push(l->s->arena, &f->queue, v);
}

static void flow_through(Lint *l, Flow *f, const Var *v)
{
  const ExprList *nodes = &l->nodes.of[v->id];
  for (int i = 0; i < v->bound.n; i++) flow_into(l, f, v->bound.at[i].var);
  if (v->rhs) f->on[v->rhs->id] = true;
  for (int i = nodes->n; i-- > 0;) {
    Expr *e = nodes->at[i];
    bool on = f->on[e->id];
    f->on[e->id] = false;
    if (!on) continue;
    if (e->op == OP_READ) flow_into(l, f, e->var);
    if (!e->nin) continue;
    /* which inputs the operator's own adjoint reaches */
    Expr **to = ARENA_ARRAY(l->s->arena, Expr *, e->nin);
    bool along = e->op == OP_TSUM || e->op == OP_TMAX || e->op == OP_BSUM || e->op == OP_AT;
    if (!along) op_adjoint(l->s, e, e, e, to);
    for (int k = 0; k < e->nin; k++)
      if (along || to[k]) f->on[e->in[k]->id] = true;
      else block(l, f, e->in[k], e);
  }
}

static void lint_gradients(Lint *l)
{
  if (!l->s->loss) return;
  int n = l->s->vars.n;
  Arena *a = l->s->arena;
  Flow f = {ARENA_ARRAY(a, bool, n),
            ARENA_ARRAY(a, const Expr *, n),
            ARENA_ARRAY(a, bool, n),
            ARENA_ARRAY(a, bool, l->nodes.top + 1),
            {0}};
  flow_into(l, &f, l->s->loss);
  for (int i = 0; i < f.queue.n; i++) flow_through(l, &f, f.queue.at[i]);
  for (int i = 0; i < n; i++) {
    const Var *v = l->s->vars.at[i];
    if (v->kind != VAR_PARAM || v->fixed || f.reached[i] || !l->needed[i]) continue;
    diag_warn(l->d, W_NO_GRADIENT, lint_place(l->s, v), "parameter '%s' gets no gradient: %s", v->name,
              f.blocked[i] ? "what the loss reads it through has none" : "the loss does not depend on it");
    if (f.blocked[i] && f.blocked[i]->span.source)
      diag_note(l->d, f.blocked[i]->span, "no gradient flows through this");
  }
}

/* ---- what a program does not have ---- */

static bool is_drawn(const System *s, const char *name)
{
  for (int i = 0; i < s->draws.n; i++)
    if (!strcmp(s->draws.at[i].var->name, name)) return true;
  return false;
}

/* a target that prediction needs, and cannot draw itself */
static void lint_targets(Lint *l, const LintNodes *program)
{
  const System *forward = program->s;
  bool *said = ARENA_ARRAY(forward->arena, bool, forward->vars.n + 1);
  for (int i = 0; i < forward->vars.n; i++) {
    const Var *v = forward->vars.at[i];
    const ExprList *nodes = &program->of[i];
    for (int k = 0; k < nodes->n; k++) {
      const Expr *e = nodes->at[k];
      if (e->op != OP_READ || e->var->kind != VAR_TARGET || said[e->var->id] || is_drawn(l->s, e->var->name)) continue;
      said[e->var->id] = true;
      diag_warn(l->d, W_TARGET_IN_PREDICTION, e->span.source ? e->span : lint_place(forward, v),
                "what the model hands out reads the target '%s', which prediction does not have", e->var->name);
      diag_note(l->d, (Span){0}, "declare it as an input, or say what it is drawn from: %s ~ ..", e->var->name);
    }
  }
}

static bool is_ahead(Place p) { return p.kind == FROM_START || p.kind == FROM_END || (p.kind == READ_REL && p.k > 0); }

/* A reduction over time that a value at t reads, in a model that could run step by step without it. */
static void lint_future(Lint *l, const LintNodes *program)
{
  System *forward = program->s;
  if (forward->axis[AXIS_S]) return;
  Lint f = {.s = forward, .nodes = *program, .needed = ARENA_ARRAY(forward->arena, bool, forward->vars.n + 1)};
  for (int i = 0; i < forward->vars.n; i++)
    if (forward->vars.at[i]->output && forward->vars.at[i]->dom & DOM_T) need(&f, forward->vars.at[i]);
  need_all(&f);
  Vec(const Expr *) whole = {0};
  bool recurrent = false;
  for (int i = 0; i < forward->vars.n; i++) {
    const ExprList *nodes = &program->of[i];
    for (int k = 0; k < nodes->n; k++) {
      const Expr *e = nodes->at[k];
      if (e->op == OP_BSUM || (e->op == OP_READ && is_ahead(read_place(e, AXIS_T)))) return; /* no step in any case */
      recurrent |=
          f.needed[i] && e->op == OP_READ && read_place(e, AXIS_T).kind == READ_REL && read_place(e, AXIS_T).k < 0;
      if (f.needed[i] && (e->op == OP_TSUM || e->op == OP_TMAX)) vec_push(forward->arena, &whole, e);
    }
  }
  for (int i = 0; i < whole.n && recurrent; i++) {
    diag_warn(l->d, W_FUTURE_NORMALISER, whole.at[i]->span,
              "this is of the whole sequence, and a value at each %s reads it: the model cannot run step by step",
              forward->axis[AXIS_T]);
    diag_note(l->d, (Span){0}, "of what has been so far: a recurrence, such as m[t] = m[t-1] + (x[t] - m[t-1]) / t");
  }
}

void lint(Arena *a, Diag *d, const Ast *file, const LowerOptions *o)
{
  bool any = false;
  for (int c = 0; c < DIAG_CODES; c++)
    any |= lint_flag((DiagCode)c) && c != W_UNUSED_PARAMETER && diag_lint_on(d, (DiagCode)c);
  Diag *quiet = diag_new(a);
  System *s = any ? lower(a, quiet, file, o) : NULL;
  if (!s) return;
  Lint l = {.s = s, .nodes = lint_nodes(s), .d = d, .source = file->span.source};
  l.needed = ARENA_ARRAY(a, bool, s->vars.n + 1);
  l.read = ARENA_ARRAY(a, bool, s->vars.n + 1);
  find_needed(&l);
  find_reads(&l);
  lint_needed(&l);
  lint_boundaries(&l);
  lint_gates(&l.nodes, d);
  lint_gradients(&l); /* last: adds expressions */
  Compiled *forward = program_make(a, quiet, file, o, &(ProgramRequest){.kind = PROGRAM_FORWARD}, STAGE_EQUATIONS);
  if (!forward) return;
  LintNodes program = lint_nodes(forward->system);
  lint_targets(&l, &program);
  lint_future(&l, &program);
}

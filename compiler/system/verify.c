/* verify.c: the invariants of the equation system, checked after every pass.
   Needs: nothing; it trusts no field. Leaves the system alone. A broken invariant is our mistake, never the user's: the
   message names the pass, the variable and the expression, and the program stops. */
#include "system.h"
#include "text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct Verify {
  const System *s;
  const char *after;
  const Var *v;      /* whose equation is being looked at */
  const Var **by_id; /* the system's variables; passes that drop some leave gaps */
  int ids;
  bool *checked; /* by expression id */
} Verify;

static void broken(const Verify *c, const Expr *e, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  fprintf(stderr, "rnnc: internal error after %s: ", c->after);
  if (c->v) fprintf(stderr, "%s: ", c->v->name ? c->v->name : "(no name)");
  vfprintf(stderr, format, args);
  va_end(args);
  if (c->v && span_line(c->v->span)) fprintf(stderr, " (%s:%d)", source_name(c->v->span.source), span_line(c->v->span));
  if (e) {
    Text t = {0};
    expr_print(&t, c->s, e);
    fprintf(stderr, "\n  in: %s", t.at);
    text_free(&t);
  }
  fputc('\n', stderr);
  abort();
}

static bool in_system(const Verify *c, const Var *v)
{
  return v && v->id >= 0 && v->id < c->ids && c->by_id[v->id] == v;
}

static bool shape_known(Shape s)
{
  if (s.rank < 0 || s.rank > 2 || (s.token && s.rank != 1)) return false;
  for (int i = 0; i < s.rank; i++)
    if (s.dim[i] < 1) return false;
  return true;
}

/* ---- expressions ---- */

static void verify_read(Verify *c, const Expr *e)
{
  const Var *v = e->var;
  if (!in_system(c, v)) broken(c, NULL, "reads %s, which is not in the system", v ? v->name : "nothing");
  int dom = v->dom;
  for (Axis a = 0; a < AXES; a++) {
    Place p = read_place(e, a);
    bool varies = v->dom & axis_bit(a);
    if (p.kind < READ_PLAIN || p.kind > FROM_END) broken(c, e, "a read of no kind");
    if ((p.kind == READ_PLAIN) == varies)
      broken(c, e, "%s %s axis %d but is read %s it", v->name, varies ? "has" : "lacks", a + 1,
             varies ? "without" : "with");
    if (p.kind != READ_REL) dom &= ~axis_bit(a);
  }
  if (!shape_same(e->shape, v->shape)) broken(c, e, "the read has another shape than %s", v->name);
  if (dom & ~e->dom) broken(c, e, "the read has a smaller domain than %s", v->name);
}

static void verify_domain(Verify *c, const Expr *e)
{
  int dom = 0;
  for (int i = 0; i < e->nin; i++) dom |= e->in[i]->dom;
  if (e->op == OP_TSUM || e->op == OP_TMAX) dom = (dom & ~axis_bit(e->attr[0])) | DOM_B;
  if (e->op == OP_BSUM) dom &= ~DOM_B;
  if (e->op == OP_AT) dom |= axis_bit(e->attr[2]) | DOM_B;
  if (e->op == OP_OBSERVED) dom |= DOM_B;
  if (e->op == OP_TIME) dom = axis_bit(e->attr[0]) | DOM_B;
  if (e->op == OP_LIVE) dom = axis_bit(e->attr[0]);
  if (e->op == OP_LENGTH || e->op == OP_FRESH || e->op == OP_BEHIND) dom = DOM_SEQ;
  if (e->op != OP_READ && dom != e->dom) broken(c, e, "the domain is %d, its inputs say %d", e->dom, dom);
}

static void verify_operator(Verify *c, const Expr *e)
{
  Shape shape = {0}, *in = ARENA_ARRAY(c->s->arena, Shape, e->nin + 1);
  for (int i = 0; i < e->nin; i++) in[i] = e->in[i]->shape;
  const char *why = "";
  if (!op_shape(NULL, c->s->arena, e->op, in, e->nin, e->attr, &shape, &why)) broken(c, e, "%s", why);
  if (!shape_same(shape, e->shape)) broken(c, e, "the shape is not what the operator's rule gives");
  if (e->op == OP_AT) {
    if (e->in[0]->dom & axis_bit(e->attr[2])) broken(c, e, "'at' of a value that has the axis");
    if (e->attr[0] != FROM_START && e->attr[0] != FROM_END) broken(c, e, "'at' needs an absolute place");
  }
  if (e->op == OP_OBSERVED) {
    const Var *v = e->in[0]->op == OP_READ ? e->in[0]->var : NULL;
    if (!v || (v->kind != VAR_INPUT && v->kind != VAR_TARGET)) broken(c, e, "'observed' needs a read of an input");
  }
}

static void verify_expr(Verify *c, const Expr *e)
{
  if (e->id < 0 || e->id >= c->s->next_id) broken(c, NULL, "an expression with the number %d", e->id);
  if (c->checked[e->id]) return;
  c->checked[e->id] = true;
  if ((unsigned)e->op >= OP_COUNT) broken(c, NULL, "an expression without operator");
  int inputs = op_info[e->op].nin;
  if (inputs >= 0 ? e->nin != inputs : e->nin < 1) broken(c, NULL, "'%s' with %d inputs", op_info[e->op].name, e->nin);
  for (int i = 0; i < e->nin; i++) {
    if (e->in[i]->id >= e->id) broken(c, NULL, "'%s' comes before its input %d", op_info[e->op].name, i + 1);
    verify_expr(c, e->in[i]);
  }
  if (!shape_known(e->shape)) broken(c, e, "a shape that is not known");
  if (e->op == OP_READ) verify_read(c, e);
  else verify_operator(c, e);
  verify_domain(c, e);
}

/* ---- variables ---- */

static void verify_boundaries(Verify *c, const Var *v)
{
  for (int i = 0; i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    if (!(v->dom & axis_bit(b->axis))) broken(c, NULL, "a boundary on a variable without its axis");
    if (!((b->kind == FROM_START && b->offset <= 0) || (b->kind == FROM_END && b->offset >= 1)))
      broken(c, NULL, "a boundary inside 1..T");
    if (!in_system(c, b->var)) broken(c, NULL, "a boundary variable that is not in the system");
    if (b->var->dom & ~(v->dom & ~axis_bit(b->axis)))
      broken(c, NULL, "the boundary %s varies over what its place does not", b->var->name);
    if (!shape_same(b->var->shape, v->shape)) broken(c, NULL, "the boundary %s has another shape", b->var->name);
    for (int k = 0; k < i; k++)
      if (v->bound.at[k].axis == b->axis && v->bound.at[k].kind == b->kind && v->bound.at[k].offset == b->offset)
        broken(c, NULL, "two boundaries at the same place");
  }
}

static void verify_stack(Verify *c, const Var *v)
{
  Dim rows = 0;
  for (int i = 0; i < v->member.n; i++) {
    const Var *m = v->member.at[i];
    if (!in_system(c, m)) broken(c, NULL, "a member that is not in the system");
    if (m->stacked != v || m->stacked_row != rows) broken(c, NULL, "%s does not know that it is a member", m->name);
    if (m->shape.rank != v->shape.rank || m->shape.rank < 1 || m->shape.token ||
        (v->shape.rank == 2 && m->shape.dim[1] != v->shape.dim[1]))
      broken(c, NULL, "%s does not fit the stack", m->name);
    if (m->dom & ~v->dom) broken(c, NULL, "%s has a larger domain than the stack", m->name);
    rows += m->shape.dim[0];
  }
  if (rows != v->shape.dim[0]) broken(c, NULL, "the members have %d rows together, not %d", rows, v->shape.dim[0]);
}

static void verify_var(Verify *c, const Var *v)
{
  c->v = v;
  if (!v->name || !*v->name) broken(c, NULL, "a variable without a name");
  if (!in_system(c, v)) broken(c, NULL, "another variable has the number %d too", v->id);
  if (!shape_known(v->shape)) broken(c, NULL, "a shape that is not known");
  if (v->dom < 0 || v->dom > (DOM_TIME | DOM_S)) broken(c, NULL, "no such domain: %d", v->dom);
  if (v->kind == VAR_PARAM && v->dom != DOM_MODEL) broken(c, NULL, "a parameter that varies");
  if ((v->kind == VAR_COMPUTED) != (v->rhs != NULL))
    broken(c, NULL, v->rhs ? "only a computed variable has a right side" : "a computed variable without a right side");
  if ((v->kind == VAR_STACKED) != (v->member.n > 0)) broken(c, NULL, "only a stack has members, and it has some");
  if (v->kind == VAR_STACKED) verify_stack(c, v);
  if (v->adj_of && !shape_same(v->adj_of->shape, v->shape)) broken(c, NULL, "the adjoint has another shape");
  verify_boundaries(c, v);
  if (!v->rhs) return;
  verify_expr(c, v->rhs);
  if (!shape_same(v->rhs->shape, v->shape)) broken(c, v->rhs, "the right side has another shape");
  if (v->rhs->dom & ~v->dom)
    broken(c, v->rhs, "the right side has the domain %d, the variable %d", v->rhs->dom, v->dom);
}

static void verify_number(Verify *c, const Var *v, const char *what)
{
  if (!in_system(c, v)) broken(c, NULL, "%s is not in the system", what);
  c->v = v;
  if (v->dom != DOM_MODEL || v->shape.rank != 0) broken(c, NULL, "%s must be one number", what);
}

static int by_name(const void *a, const void *b)
{
  const Var *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

static void verify_names(Verify *c)
{
  const System *s = c->s;
  const Var **sorted = ARENA_ARRAY(s->arena, const Var *, s->vars.n + 1);
  for (int i = 0; i < s->vars.n; i++) sorted[i] = s->vars.at[i];
  if (s->vars.n) qsort(sorted, (size_t)s->vars.n, sizeof *sorted, by_name);
  for (int i = 1; i < s->vars.n; i++) {
    c->v = sorted[i];
    if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) broken(c, NULL, "two variables of this name");
  }
  c->v = NULL;
}

static void index_variables(Verify *c)
{
  const System *s = c->s;
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->id >= c->ids) c->ids = s->vars.at[i]->id + 1;
  c->by_id = ARENA_ARRAY(s->arena, const Var *, c->ids + 1);
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->id >= 0) c->by_id[s->vars.at[i]->id] = s->vars.at[i];
}

void system_verify(const System *s, const char *after)
{
  Verify c = {.s = s, .after = after, .checked = ARENA_ARRAY(s->arena, bool, s->next_id + 1)};
  index_variables(&c);
  for (int i = 0; i < s->vars.n; i++) verify_var(&c, s->vars.at[i]);
  verify_names(&c);
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    c.v = NULL;
    if (!in_system(&c, d->var)) broken(&c, NULL, "a draw of a variable that is not in the system");
    if (d->nll) verify_number(&c, d->nll, "a likelihood");
    if (d->count) verify_number(&c, d->count, "a count");
  }
  for (int i = 0; i < s->metrics.n; i++) {
    verify_number(&c, s->metrics.at[i].sum, "a metric's sum");
    verify_number(&c, s->metrics.at[i].count, "a metric's count");
  }
  if (s->explicit_loss) verify_number(&c, s->explicit_loss, "the explicit loss");
  if (s->loss) verify_number(&c, s->loss, "the loss");
}

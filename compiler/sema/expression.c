/* expression.c: right sides: names, reads, operators, calls; defs inlined.
   Needs: everything declared. Leaves alone: shapes, which infer.c finds. */
#include "body.h"
#include <math.h>
#include <string.h>

#define RECURSION_LIMIT 1500

/* ---- nodes and where they come from ---- */

/* Inside a def an error is reported where the def was called from the model. */
Span here(const Elab *x, Span own)
{
  Frame *f = x->frame;
  while (f && f->caller) f = f->caller;
  return f ? f->call : own;
}

Node *made(Elab *x, Node *n, const Ast *e)
{
  bool quiet = x->frame && x->frame->quiet;
  n->span = here(x, e->span);
  n->text = quiet ? n->span : e->span;
  n->def = x->frame && !quiet ? x->frame->def : NULL;
  n->body = x->body;
  return n;
}

Node *numeric(Elab *x, Node *n)
{
  if (!n->shape.token) return n;
  Node *y = node1(x->body->s->flat, OP_ONEHOT, n, n->span);
  y->text = n->text;
  y->body = n->body;
  return y;
}

FlatVar *hoist_var(Elab *x, const char *suffix, Node *rhs)
{
  Sema *s = x->body->s;
  FlatVar *v = flat_var(s->flat, VAR_COMPUTED, arena_printf(s->arena, "%s.%s", x->label, suffix), rhs->axes, rhs->span);
  v->body = x->body;
  v->hoisted = true;
  v->rhs = rhs;
  return v;
}

Node *hoist(Elab *x, const char *suffix, Node *rhs)
{
  Node *n = node_now(x->body->s->flat, hoist_var(x, suffix, rhs), rhs->span);
  n->text = rhs->text;
  n->body = x->body;
  return n;
}

static Node *make(Elab *x, Op op, Node *const *in, int n, const Ast *e)
{
  return made(x, node_op(x->body->s->flat, op, in, n, e->span), e);
}

/* ---- reads ---- */

static Node *say(Elab *x, Span at)
{
  if (x->frame && x->frame->def) diag_note(x->body->s->diag, at, "in %s", x->frame->def->name);
  note_uses(x->body);
  return NULL;
}

static Node *say_timed(Elab *x, const Ast *e, const char *name, Indices ix)
{
  const Body *b = x->body;
  const char *t = b->axis[ix.axis[0]], *T = b->length[ix.axis[0]];
  if (ix.n > 1) {
    diag(b->s->diag, E_NEEDS_INDEX, here(x, e->span), "%s has a value at each %s and %s: write %s%s", name,
         b->axis[ix.axis[0]], b->axis[ix.axis[1]], name, indices_text(b, ix));
    return say(x, e->span);
  }
  diag(x->body->s->diag, E_NEEDS_INDEX, here(x, e->span), "%s has a value at each %s: write %s[%s], %s[%s-1] or %s[%s]",
       name, t, name, t, name, t, name, T);
  return say(x, e->span);
}

static Node *say_untimed(Elab *x, const Ast *e, const FlatVar *v)
{
  Diag *d = x->body->s->diag;
  if (v->kind == VAR_PARAM)
    diag(d, E_HAS_NO_INDEX, here(x, e->span), "'%s' is a parameter: it has one value and no index", v->name);
  else diag(d, E_HAS_NO_INDEX, here(x, e->span), "'%s' has one value a sequence: it is read without an index", v->name);
  diag_note(d, v->span, v->implicit ? "first read here" : "declared here");
  return say(x, e->span);
}

/* in a lifted body also at its own place of what the text does not name */
static Node *read_plain(Elab *x, FlatVar *v, Indices ix, const Ast *e)
{
  if (v->axes & ~x->body->lift) return say_timed(x, e, v->name, ix.n ? ix : indices_seen(x->body, v));
  return made(x, node_now(x->body->s->flat, v, e->span), e);
}

/* the places of the body's axes; elsewhere v is read at its own place */
Node *read_at(Elab *x, FlatVar *v, const Place at[AXES], const Ast *e)
{
  Place p[AXES] = {0};
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a)) p[a] = at[a].kind == READ_PLAIN ? (Place){READ_REL, 0} : at[a];
  return made(x, node_read(x->body->s->flat, v, p, e->span), e);
}

/* v[t-1] */
static Node *read_indexed(Elab *x, FlatVar *v, Indices ix, const Ast *e)
{
  const Body *b = x->body;
  Place at[AXES];
  if (!ix.n && v->kind != VAR_PARAM && !b->bind[b->axes - 1]) ix = (Indices){.n = 1, .axis = {b->axes - 1}};
  if (!ix.n) return say_untimed(x, e, v);
  return places_of(x, e, v->name, ix, at) ? read_at(x, v, at, e) : NULL;
}

static Node *read_input(Elab *x, const Input *in, const Ast *e)
{
  bool indexed = e->kind == AST_INDEX;
  Place at[AXES];
  if (in->index.n && !indexed) return say_timed(x, e, in->name, in->index);
  if (!in->index.n && indexed) {
    diag(x->body->s->diag, E_HAS_NO_INDEX, here(x, e->span),
         "'%s' has one value a sequence: it is read without an index", in->name);
    diag_note(x->body->s->diag, in->span, "declared here");
    return say(x, e->span);
  }
  if (indexed && !places_of(x, e, in->name, in->index, at)) return NULL;
  if (in->node) return in->node;
  if (!in->var || in->var->bad) return NULL; /* the argument was reported */
  return indexed ? read_at(x, in->var, at, e) : read_plain(x, in->var, in->index, e);
}

static Node *undefined_variable(Elab *x, const Ast *e)
{
  Names known = {0};
  names_of_values(x, &known);
  say_undefined(x, e->span, "variable", e->name, &known);
  return NULL;
}

/* likewise, of a name without index: it might have been meant as a parameter */
static Node *undefined_bare(Elab *x, const Ast *e)
{
  int before = diag_errors(x->body->s->diag);
  const char *why_not = why_no_value(e->name);
  if (why_not) {
    diag(x->body->s->diag, E_NOT_A_VALUE, here(x, e->span), "'%s' is not a value", e->name);
    diag_note(x->body->s->diag, (Span){0}, "%s", why_not);
    return say(x, e->span);
  }
  undefined_variable(x, e);
  if (diag_errors(x->body->s->diag) > before && !x->frame)
    diag_note(x->body->s->diag, (Span){0}, "a parameter of this name needs a declaration: param %s", e->name);
  return NULL;
}

static Node *say_function(Elab *x, const Ast *e)
{
  diag(x->body->s->diag, E_NOT_A_VALUE, here(x, e->span), "'%s' is a function: it is called, as in %s(x[%s])", e->name,
       e->name, axis_name(x->body));
  return say(x, e->span);
}

static Node *say_cell(Elab *x, const Ast *e, const char *name)
{
  diag(x->body->s->diag, E_NOT_A_VALUE, here(x, e->span), "this is a cell, not a value: apply it to a sequence");
  diag_note(x->body->s->diag, (Span){0}, "for instance %s(x[%s])", name, axis_name(x->body));
  return say(x, e->span);
}

/* a name that stands alone */
static Node *bare_name(Elab *x, const Ast *e)
{
  Sema *s = x->body->s;
  const Ast *def;
  int axis = axis_named(x->body, e->name);
  if (axis >= 0 && x->body->bind[axis]) return time_node(x, axis, e);
  if (length_named(x->body, e->name) >= 0) return length_node(x, length_named(x->body, e->name), e);
  Found f = find_name(x, e->name);
  if (f.formal) return f.arg;
  if (!f.entry) {
    if (strcmp(e->name, "pi") == 0) return made(x, node_const(s->flat, M_PI, e->span), e);
    if (strcmp(e->name, "inf") == 0) return made(x, node_const(s->flat, INFINITY, e->span), e);
    if (is_builtin(e->name) || unit_of_def(s, x->body->unit, e->name, &def)) return say_function(x, e);
    if (is_cell_value(x, e)) return say_cell(x, e, arena_printf(s->arena, "%s(n)", e->name));
    return undefined_bare(x, e);
  }
  switch (f.entry->kind) {
  case ENTRY_VAR: return read_plain(x, f.entry->var, f.entry->index, e);
  case ENTRY_INPUT: return read_input(x, f.entry->input, e);
  case ENTRY_INSTANCE: return say_cell(x, e, e->name);
  case ENTRY_SIZE:
  case ENTRY_VALUE: break;
  }
  Value v = value_of(x, e, false);
  if (v.kind == VALUE_CELL) return say_cell(x, e, e->name);
  if (v.kind == VALUE_NUMBER) return made(x, node_const(s->flat, v.num, e->span), e);
  if (v.kind == VALUE_DIM) return made(x, node_dim(s->flat, v.dim, e->span), e);
  return NULL;
}

/* v[t-1], d.c[0] */
static Node *indexed(Elab *x, const Ast *e)
{
  Diag *d = x->body->s->diag;
  const Ast *base = e->kid[0];
  if (base->kind != AST_NAME && base->kind != AST_FIELD) {
    diag(d, E_HAS_NO_INDEX, here(x, e->span), "only a variable has an index: give this value a name of its own first");
    return say(x, e->span);
  }
  Found f = {0};
  if (base->kind == AST_NAME) {
    f = find_name(x, base->name);
    if (f.formal) {
      diag(d, E_HAS_NO_INDEX, here(x, e->span),
           "'%s' is a value here, not a variable: a def cannot read it at another time", base->name);
      return say(x, e->span);
    }
    if (!f.entry && is_builtin(base->name)) {
      diag(d, E_HAS_NO_INDEX, here(x, e->span), "'%s' is a function: %s[%s](...) takes what it reduces", base->name,
           base->name, axis_name(x->body));
      return say(x, e->span);
    }
    if (!f.entry) return undefined_variable(x, base);
    if (f.entry->kind == ENTRY_SIZE || f.entry->kind == ENTRY_VALUE) {
      diag(d, E_HAS_NO_INDEX, here(x, e->span), "'%s' is a size or a number: it has no index", base->name);
      return say(x, e->span);
    }
    if (f.entry->kind == ENTRY_INSTANCE) return say_cell(x, e, base->name);
  }
  if (f.entry && f.entry->kind == ENTRY_INPUT) return read_input(x, f.entry->input, e);
  FlatVar *v = f.entry ? f.entry->var : path_var(x, base);
  if (!v) return NULL;
  return read_indexed(x, v, f.entry ? f.entry->index : indices_seen(x->body, v), e);
}

/* ---- operators ---- */

static const struct {
  const char *name;
  Op op;
  bool compares;
} binary_op[] = {{"+", OP_ADD, false}, {"-", OP_SUB, false}, {"*", OP_MUL, false}, {"/", OP_DIV, false},
                 {"^", OP_POW, false}, {"==", OP_EQ, true},  {"!=", OP_NE, true},  {"<", OP_LT, true},
                 {"<=", OP_LE, true},  {">", OP_GT, true},   {">=", OP_GE, true},  {"and", OP_AND, false},
                 {"or", OP_OR, false}};

static Node *comparable(Elab *x, Node *n) /* a token as its number */
{
  if (!n->shape.token) return n;
  Node *y = node1(x->body->s->flat, OP_INDEX, n, n->span);
  y->text = n->text;
  return y;
}

static Node *peel(Node *n, int *transposed)
{
  while (n->op == OP_TRANSPOSE) {
    *transposed ^= 1;
    n = n->in[0];
  }
  return n;
}

static const Ast *peel_ast(const Ast *e, int *transposed)
{
  while (e->kind == AST_TRANSPOSE) {
    *transposed ^= 1;
    e = e->kid[0];
  }
  return e;
}

/* The transposes of a product are its flags. */
static Node *product(Elab *x, const Ast *e)
{
  int ta = 0, tb = 0;
  Node *a = expression(x, peel_ast(e->kid[0], &ta)), *b = expression(x, peel_ast(e->kid[1], &tb));
  if (!a || !b) return NULL;
  Node *y = make(x, OP_MATMUL, (Node *[]){peel(a, &ta), peel(b, &tb)}, 2, e);
  y->attr[0] = ta;
  y->attr[1] = tb;
  return y;
}

static Node *binary(Elab *x, const Ast *e)
{
  if (strcmp(e->name, "@") == 0) return product(x, e);
  Node *a = expression(x, e->kid[0]), *b = expression(x, e->kid[1]);
  if (!a || !b) return NULL;
  for (size_t i = 0; i < sizeof binary_op / sizeof *binary_op; i++) {
    if (strcmp(binary_op[i].name, e->name) != 0) continue;
    bool compares = binary_op[i].compares && (a->shape.token || b->shape.token);
    a = compares ? comparable(x, a) : numeric(x, a);
    b = compares ? comparable(x, b) : numeric(x, b);
    return make(x, binary_op[i].op, (Node *[]){a, b}, 2, e);
  }
  return NULL;
}

/* ---- calls ---- */

static bool refuse_def_recursion(Elab *x, const Ast *def, Span at)
{
  Sema *s = x->body->s;
  const char *chain = def->name;
  for (const Frame *f = x->frame; f; f = f->caller) {
    if (f->def) chain = arena_printf(s->arena, "%s -> %s", f->def->name, chain);
    if (f->def != def) continue;
    diag(s->diag, E_RECURSION, at, "def '%s' calls itself: %s", def->name, chain);
    return true;
  }
  return false;
}

static Node *say_arguments(Elab *x, const Ast *call, const Ast *def)
{
  Sema *s = x->body->s;
  int most = def->kid[0]->nkid, fewest = 0;
  for (int i = 0; i < most; i++) fewest += def->kid[0]->kid[i]->kid[0] == NULL;
  const char *range =
      fewest == most ? arena_printf(s->arena, "%d", most) : arena_printf(s->arena, "%d to %d", fewest, most);
  diag(s->diag, E_ARGUMENTS, here(x, call->span), "%s takes %s argument%s, %d given", signature(s->arena, def), range,
       most == 1 ? "" : "s", call->nkid - 1);
  if (def->span.source) diag_note(s->diag, def->span, "defined here");
  return say(x, call->span);
}

/* the body of a def with its arguments in place */
static Node *inline_def(Elab *x, const Ast *call, const Ast *def, Unit *unit)
{
  Sema *s = x->body->s;
  const Ast *formals = def->kid[0];
  if (refuse_def_recursion(x, def, here(x, call->span))) return NULL;
  if (call->nkid - 1 > formals->nkid) return say_arguments(x, call, def);
  Node **arg = ARENA_ARRAY(s->arena, Node *, formals->nkid + 1);
  bool *given = ARENA_ARRAY(s->arena, bool, formals->nkid + 1), good = true;
  for (int i = 1; i < call->nkid; i++) {
    const Ast *a = call->kid[i], *value = a->kind == AST_ARG ? a->kid[0] : a;
    int at = i - 1;
    for (at = 0; a->kind == AST_ARG && at < formals->nkid && formals->kid[at]->name != a->name;) at++;
    if (a->kind != AST_ARG) at = i - 1;
    if (at >= formals->nkid) {
      diag(s->diag, E_ARGUMENT_NAME, here(x, a->span), "%s has no argument '%s'", signature(s->arena, def), a->name);
      suggest_formal(s->diag, a, formals);
      return say(x, a->span);
    }
    if (given[at]) {
      diag(s->diag, E_GIVEN_TWICE, here(x, a->span), "'%s' is given twice", formals->kid[at]->name);
      return say(x, a->span);
    }
    given[at] = true;
    arg[at] = expression(x, value);
    good &= arg[at] != NULL;
  }
  bool quiet = x->frame && x->frame->quiet;
  Frame frame = {.def = def, .unit = unit, .arg = arg, .call = call->span, .caller = x->frame, .quiet = quiet};
  Elab inner = {.body = x->body, .owner = x->owner, .label = x->label, .frame = &frame, .depth = x->depth};
  for (int i = 0; i < formals->nkid && good; i++) {
    if (given[i]) continue;
    if (!formals->kid[i]->kid[0]) return say_arguments(x, call, def);
    arg[i] = expression(&inner, formals->kid[i]->kid[0]);
    good = arg[i] != NULL;
  }
  return good ? expression(&inner, def->kid[1]) : NULL;
}

Node *likelihood_of(Elab *x, const Ast *def, Node **arg, Span call)
{
  Frame frame = {.def = def, .unit = unit_distributions(x->body->s), .arg = arg, .call = call, .quiet = true};
  Elab inner = {.body = x->body, .label = x->label, .frame = &frame, .depth = x->depth};
  return expression(&inner, def->kid[1]);
}

static Node *undefined_function(Elab *x, const Ast *callee)
{
  Sema *s = x->body->s;
  Diag *d = s->diag;
  const char *t = axis_name(x->body);
  if (callee->kind == AST_NUMBER) return NULL; /* the parser said so */
  if (callee->kind == AST_CALL) {              /* f(3)(x[t]) */
    const Ast *inner = callee->kid[0], *def;
    bool known =
        inner->kind == AST_NAME && (is_builtin(inner->name) || unit_of_def(s, x->body->unit, inner->name, &def));
    if (!known) return undefined_function(x, inner);
    diag(d, E_NOT_CALLABLE, here(x, callee->span), "'%s' is a function, not a cell: its value cannot be called",
         inner->name);
    return say(x, callee->span);
  }
  if (callee->kind == AST_FIELD) { /* nn.Linear */
    const char *there = other_spelling(callee->name);
    Names known = {0};
    names_of_functions(x, &known);
    const char *near = nearest(callee->name, known.at, known.n);
    size_t n;
    const char *text = source_text(callee->span.source, &n) + callee->span.from;
    diag(d, E_NO_FUNCTION, here(x, callee->span), "there is no function '%.*s'", callee->span.to - callee->span.from,
         text);
    if (there) diag_note(d, (Span){0}, "here it is written %s", there);
    else if (near) diag_suggest(d, callee->span, near);
    return say(x, callee->span);
  }
  if (callee->kind != AST_NAME) {
    diag(d, E_NOT_CALLABLE, here(x, callee->span), "this cannot be called");
    return say(x, callee->span);
  }
  Found f = find_name(x, callee->name);
  const Ast *cell;
  if (f.formal || (f.entry && f.entry->kind != ENTRY_INSTANCE)) {
    diag(d, E_NOT_CALLABLE, here(x, callee->span), "'%s' is a value, not a function", callee->name);
    if (f.entry && f.entry->kind == ENTRY_VAR && f.entry->var->axes)
      diag_note(d, (Span){0}, "its value at %s is %s[%s]; a product is written '*'", t, callee->name, t);
    else diag_note(d, (Span){0}, "a product is written '*'");
    return say(x, callee->span);
  }
  if (distribution_named(callee->name)) {
    diag(d, E_NOT_CALLABLE, here(x, callee->span), "'%s' is a distribution: it stands right of '~'", callee->name);
    return say(x, callee->span);
  }
  if (x->frame && unit_of_cell(s, x->frame->unit, callee->name, &cell)) {
    diag(d, E_DEF_WITH_CELL, here(x, callee->span),
         "a def cannot apply a cell, as %s does with %s: write a cell instead", x->frame->def->name, callee->name);
    return NULL;
  }
  Names known = {0};
  names_of_functions(x, &known);
  say_undefined(x, callee->span, "function", callee->name, &known);
  return NULL;
}

static Node *call(Elab *x, const Ast *e)
{
  Sema *s = x->body->s;
  const Ast *callee = e->kid[0], *def;
  CallKind kind = call_kind(x, e);
  if (kind == CALL_AXIS) return call_axis(x, e);
  if (kind == CALL_APPLY) return apply(x, e);
  if (kind == CALL_CELL && e->nkid > 1 && e->kid[1]->kind == AST_INDEX) {
    diag(s->diag, E_CELL_FORM, here(x, e->span), "a cell takes its sizes first, then the sequence");
    diag_note(s->diag, (Span){0}, "for instance %s(64)(x[%s])", callee->name, axis_name(x->body));
    return say(x, e->span);
  }
  if (kind == CALL_CELL) {
    size_t n;
    const char *text = source_text(e->span.source, &n);
    return say_cell(x, e, arena_copy(s->arena, text + e->span.from, (size_t)(e->span.to - e->span.from)));
  }
  if (callee->kind != AST_NAME) return undefined_function(x, callee);
  Unit *from = x->frame ? x->frame->unit : x->body->unit, *unit = unit_of_def(s, from, callee->name, &def);
  if (unit) return inline_def(x, e, def, unit);
  bool found;
  Node *y = call_builtin(x, e, callee->name, &found);
  return found ? y : undefined_function(x, callee);
}

/* ---- the whole ---- */

static Node *expression_of(Elab *x, const Ast *e)
{
  Sema *s = x->body->s;
  Node *a;
  switch (e->kind) {
  case AST_NUMBER:
    if (e->name) {
      diag(s->diag, E_NOT_A_VALUE, here(x, e->span), "a number with a unit belongs in the train block");
      return say(x, e->span);
    }
    return made(x, node_const(s->flat, e->num, e->span), e);
  case AST_NAME: return bare_name(x, e);
  case AST_FIELD: {
    FlatVar *v = path_var(x, e);
    return v ? read_plain(x, v, (Indices){0}, e) : NULL;
  }
  case AST_INDEX: return indexed(x, e);
  case AST_CALL: return call(x, e);
  case AST_REVERSE:
    if (e->kid[0]->kind == AST_CALL && call_kind(x, e->kid[0]) == CALL_APPLY) return apply(x, e->kid[0]);
    if (e->kid[0]->kind != AST_CALL) return NULL; /* the parser said so */
    diag(s->diag, E_REVERSE, here(x, e->span),
         "reverse stands before the application of a cell: reverse gru(64)(x[%s])", axis_name(x->body));
    return say(x, e->span);
  case AST_UNARY:
    a = expression(x, e->kid[0]);
    return a ? made(x, node1(s->flat, e->name[0] == '-' ? OP_NEG : OP_NOT, numeric(x, a), e->span), e) : NULL;
  case AST_BINARY: return binary(x, e);
  case AST_TRANSPOSE:
    a = expression(x, e->kid[0]);
    return a ? made(x, node1(s->flat, OP_TRANSPOSE, numeric(x, a), e->span), e) : NULL;
  case AST_STRING:
    diag(s->diag, E_NOT_A_VALUE, here(x, e->span), "a text has no value in an equation");
    return say(x, e->span);
  case AST_ARG:
    diag(s->diag, E_NOT_A_VALUE, here(x, e->span), "'%s = ...' cannot stand here", e->name);
    return say(x, e->span);
  default: return NULL;
  }
}

Node *expression(Elab *x, const Ast *e)
{
  Flat *f = x->body->s->flat;
  if (f->full || !e || diag_errors(f->diag) > DIAG_LIMIT) return NULL;
  if (x->depth >= RECURSION_LIMIT) {
    diag(f->diag, E_TOO_LARGE, here(x, e->span), "this is nested too deeply once its defs are written out");
    f->full = true;
    return NULL;
  }
  x->depth++;
  Node *n = expression_of(x, e);
  x->depth--;
  return n;
}

/* value.c: what is known while compiling: sizes, numbers and cells bound to names; arithmetic on them; types.
   Needs: the names of the body. Leaves alone: expressions of the model (expression.c).

   A size may be one that only inference finds (dim(x)): sums and whole multiples of such sizes are equations for it. */
#include "scope.h"
#include <math.h>
#include <string.h>

#define SIZE_LIMIT 100000000
#define FACTOR_LIMIT 64 /* of a size that is not known yet */

static const Value no_value = {0};

static Value number_value(double num, Span span) { return (Value){.kind = VALUE_NUMBER, .num = num, .span = span}; }

static Value dim_value(Dim d, Span span)
{
  return d >= 0 ? number_value(d, span) : (Value){.kind = VALUE_DIM, .dim = d, .span = span};
}

static bool is_whole(double x) { return x == floor(x) && fabs(x) <= 9e15; }

Found find_name(Elab *x, const char *name)
{
  Found f = {0};
  Unit *u = x->body ? x->body->unit : NULL;
  if (x->frame) {
    u = x->frame->unit;
    const Ast *formals = x->frame->def ? x->frame->def->kid[0] : NULL;
    for (int i = 0; formals && i < formals->nkid; i++)
      if (formals->kid[i]->name == name) return f.arg = x->frame->arg[i], f.formal = true, f;
  } else if (x->body) {
    f.entry = body_entry(x->body, name);
  }
  if (!f.entry && u) f.entry = unit_size(u, name);
  return f;
}

/* The value of a size when it is first asked for. */
static Value entry_size(Elab *x, Entry *e)
{
  if (e->state == DOING) {
    complain(x, E_SIZE_OF_ITSELF, e->span, NULL, "size '%s' is defined by itself", e->name);
    e->state = DONE;
    e->value = no_value;
  }
  if (e->state == TO_DO) {
    e->state = DOING;
    Frame file = {.unit = e->unit};
    Elab inner = {.body = x->body, .frame = e->unit ? &file : NULL};
    Value v = value_of(&inner, e->size->kid[0], true);
    if (v.kind == VALUE_CELL) {
      complain(x, E_SIZE_VALUE, e->span, "an instance is named without the word 'size'", "'%s' is a cell, not a size",
               v.cell->name);
      v = no_value;
    }
    if (e->state == DOING) e->value = v;
    e->state = DONE;
  }
  return e->value;
}

void size_value(Body *b, Entry *e) { entry_size(&(Elab){.body = b}, e); }

static Value variable_value(Elab *x, const Ast *e, const Entry *entry)
{
  if (entry->kind == ENTRY_VAR && entry->var->implicit) {
    Names known = {0};
    names_of_values(x, &known);
    say_undefined(x, e->span, "size", e->name, &known);
    return no_value;
  }
  const char *hint = entry->kind != ENTRY_INSTANCE
                         ? arena_printf(x->body->s->arena, "the size of a vector is dim(%s)", e->name)
                         : NULL;
  complain(x, E_NOT_KNOWN, e->span, hint, "'%s' is not known while compiling: a size or a number is needed here",
           e->name);
  return no_value;
}

static Value name_value(Elab *x, const Ast *e)
{
  Sema *s = x->body->s;
  Found f = find_name(x, e->name);
  if (f.formal) {
    double v;
    if (!f.arg) return no_value;
    if (f.arg->op == OP_CONST && f.arg->constant == CONST_DIM)
      return dim_value(dim_find(s->flat->sizes, f.arg->dim), e->span);
    if (node_value(s->flat, f.arg, &v)) return number_value(v, e->span);
    complain(x, E_NOT_KNOWN, e->span, NULL, "'%s' of %s must be a number that is known while compiling", e->name,
             x->frame->def->name);
    return no_value;
  }
  if (f.entry) {
    Value v;
    switch (f.entry->kind) {
    case ENTRY_SIZE: v = entry_size(x, f.entry); break;
    case ENTRY_VALUE: v = f.entry->value; break;
    default: return variable_value(x, e, f.entry);
    }
    if (v.kind == VALUE_DIM) v = dim_value(dim_find(s->flat->sizes, v.dim), v.span);
    v.span = e->span;
    return v;
  }
  if (strcmp(e->name, "pi") == 0) return number_value(M_PI, e->span);
  if (strcmp(e->name, "inf") == 0) return number_value(INFINITY, e->span);
  if (axis_named(x->body, e->name) >= 0 || length_named(x->body, e->name) >= 0) {
    complain(x, E_NOT_KNOWN, e->span, NULL, "'%s' is not known while compiling: a size or a number is needed here",
             e->name);
    return no_value;
  }
  Names known = {0};
  names_of_values(x, &known);
  say_undefined(x, e->span, "size", e->name, &known);
  return no_value;
}

/* ---- arithmetic ---- */

/* sum of the parts, where some may be unknown */
static Dim sum_of(Flat *f, Dim a, Dim b) { return dim_sum(f->sizes, (Dim[]){a, b}, 2); }

static Dim multiple(Flat *f, Dim d, int factor)
{
  Dim part[FACTOR_LIMIT];
  for (int i = 0; i < factor; i++) part[i] = d;
  return dim_sum(f->sizes, part, factor);
}

static bool small_factor(const Value *v)
{
  return v->kind == VALUE_NUMBER && is_whole(v->num) && v->num >= 1 && v->num <= FACTOR_LIMIT;
}

static bool small_size(const Value *v)
{
  return v->kind == VALUE_NUMBER && is_whole(v->num) && fabs(v->num) <= SIZE_LIMIT;
}

/* d + n, for a whole number n of either sign */
static Dim shifted(Flat *f, Dim d, int n, Span span)
{
  if (n >= 0) return sum_of(f, d, n);
  Dim less = dim_new(f->sizes, span);
  dim_unify(f->sizes, sum_of(f, less, -n), d);
  return less;
}

/* Arithmetic with a size that is not known yet: what can be said as an equation for it. */
static Value dim_arithmetic(Elab *x, const Ast *e, char op, Value a, Value b)
{
  Flat *f = x->body->s->flat;
  shape_here(f->sizes, e->span);
  bool both = a.kind == VALUE_DIM && b.kind == VALUE_DIM;
  if (op == '+' && both) return dim_value(sum_of(f, a.dim, b.dim), e->span);
  if (op == '+' && b.kind == VALUE_DIM && small_size(&a))
    return dim_value(shifted(f, b.dim, (int)a.num, e->span), e->span);
  if (a.kind == VALUE_DIM && small_size(&b) && (op == '+' || op == '-'))
    return dim_value(shifted(f, a.dim, op == '+' ? (int)b.num : -(int)b.num, e->span), e->span);
  if (op == '-' && both) {
    Dim rest = dim_new(f->sizes, e->span);
    dim_unify(f->sizes, sum_of(f, rest, b.dim), a.dim);
    return dim_value(rest, e->span);
  }
  if (op == '*' && small_factor(&a)) return dim_value(multiple(f, b.dim, (int)a.num), e->span);
  if (op == '*' && small_factor(&b)) return dim_value(multiple(f, a.dim, (int)b.num), e->span);
  if (op == '/' && small_factor(&b)) {
    Dim part = dim_new(f->sizes, e->span);
    dim_unify(f->sizes, multiple(f, part, (int)b.num), a.dim);
    return dim_value(part, e->span);
  }
  complain(x, E_NOT_KNOWN, e->span, "give the vector whose dim(..) it is a type with its size, such as : real[8]",
           "a size in this calculation is not known yet");
  return no_value;
}

static Value arithmetic(Elab *x, const Ast *e, char op, Value a, Value b, bool whole)
{
  if (a.kind == VALUE_NONE || b.kind == VALUE_NONE) return no_value;
  if (a.kind == VALUE_CELL || b.kind == VALUE_CELL) {
    complain(x, E_SIZE_VALUE, e->span, NULL, "a cell is no number: nothing can be calculated with it");
    return no_value;
  }
  if (a.kind == VALUE_DIM || b.kind == VALUE_DIM) return dim_arithmetic(x, e, op, a, b);
  double y = 0;
  switch (op) {
  case '+': y = a.num + b.num; break;
  case '-': y = a.num - b.num; break;
  case '*': y = a.num * b.num; break;
  case '^': y = pow(a.num, b.num); break;
  case '<': y = fmin(a.num, b.num); break;
  case '>': y = fmax(a.num, b.num); break;
  case '/':
    if (b.num == 0) {
      complain(x, E_SIZE_VALUE, e->span, NULL, "division by zero");
      return no_value;
    }
    if (whole && is_whole(a.num) && is_whole(b.num) && !is_whole(a.num / b.num)) {
      complain(x, E_SIZE_VALUE, e->span, NULL, "%.15g / %.15g is not a whole number: sizes divide without a rest",
               a.num, b.num);
      return no_value;
    }
    y = a.num / b.num;
    break;
  }
  if (isnan(y)) {
    complain(x, E_SIZE_VALUE, e->span, NULL, "this has no value: it is not a number");
    return no_value;
  }
  return number_value(y, e->span);
}

static const Ast *argument(const Ast *arg) { return arg->kind == AST_ARG ? arg->kid[0] : arg; }

static Value dim_of(Elab *x, const Ast *e)
{
  Sema *s = x->body->s;
  if (e->nkid != 2) {
    complain(x, E_DIM, e->span, NULL, "dim takes one vector: dim(x)");
    return no_value;
  }
  const Ast *of = e->kid[1];
  Found f = {0};
  if (of->kind == AST_NAME) f = find_name(x, of->name);
  if (f.entry && f.entry->kind == ENTRY_INPUT)
    return dim_value(dim_find(s->flat->sizes, f.entry->input->shape.dim[0]), e->span);
  FlatVar *v = NULL;
  if (f.entry && f.entry->kind == ENTRY_VAR) v = f.entry->var;
  else if (!f.formal && of->kind == AST_FIELD) v = path_var(x, of);
  else if (!f.formal && of->kind == AST_NAME) {
    Names known = {0};
    names_of_values(x, &known);
    say_undefined(x, of->span, "variable", of->name, &known);
    return no_value;
  }
  if (v) return dim_value(dim_find(s->flat->sizes, flat_shape(v)->dim[0]), e->span);
  if (of->kind != AST_FIELD)
    complain(x, E_DIM, e->span, NULL, "dim(..) in a size takes the name of a vector, without an index");
  return no_value;
}

static Value call_value(Elab *x, const Ast *e, bool whole)
{
  static const struct {
    const char *name;
    double (*f)(double);
  } function[] = {{"sqrt", sqrt}, {"exp", exp}, {"log", log}, {"floor", floor}, {"abs", fabs}};
  const Ast *callee = e->kid[0];
  if (callee->kind == AST_NAME && strcmp(callee->name, "dim") == 0) return dim_of(x, e);
  if (callee->kind == AST_NAME && (strcmp(callee->name, "min") == 0 || strcmp(callee->name, "max") == 0) &&
      e->nkid > 2) {
    Value y = value_of(x, argument(e->kid[1]), whole);
    for (int i = 2; i < e->nkid; i++)
      y = arithmetic(x, e, callee->name[1] == 'i' ? '<' : '>', y, value_of(x, argument(e->kid[i]), whole), whole);
    return y;
  }
  for (size_t i = 0; i < sizeof function / sizeof *function; i++)
    if (callee->kind == AST_NAME && strcmp(callee->name, function[i].name) == 0 && e->nkid == 2) {
      Value a = value_of(x, argument(e->kid[1]), whole);
      if (a.kind == VALUE_NUMBER)
        return arithmetic(x, e, '+', number_value(function[i].f(a.num), e->span), number_value(0, e->span), whole);
      if (a.kind == VALUE_NONE) return a;
    }
  complain(x, E_NOT_KNOWN, e->span, NULL, "this is not known while compiling: a size or a number is needed here");
  return no_value;
}

Value value_of(Elab *x, const Ast *e, bool whole)
{
  if (!x->frame && is_cell_value(x, e)) {
    Cell *c = cell_value(x, e);
    return c ? (Value){.kind = VALUE_CELL, .cell = c, .span = e->span} : no_value;
  }
  switch (e->kind) {
  case AST_NUMBER: return number_value(e->num, e->span);
  case AST_NAME: return name_value(x, e);
  case AST_UNARY:
    if (e->name[0] == '-') return arithmetic(x, e, '-', number_value(0, e->span), value_of(x, e->kid[0], whole), whole);
    break;
  case AST_BINARY:
    if (strchr("+-*/^", e->name[0]) && !e->name[1]) {
      Value a = value_of(x, e->kid[0], whole), b = value_of(x, e->kid[1], whole);
      return arithmetic(x, e, e->name[0], a, b, whole);
    }
    break;
  case AST_CALL: return call_value(x, e, whole);
  case AST_ERROR: return no_value;
  default: break;
  }
  complain(x, E_NOT_KNOWN, e->span, NULL, "this is not known while compiling: a size or a number is needed here");
  return no_value;
}

/* ---- what a place asks for ---- */

static bool number_of(Elab *x, const Ast *e, const char *what, Value *v)
{
  *v = value_of(x, e, true);
  if (v->kind == VALUE_NONE) return false;
  if (v->kind != VALUE_CELL) return true;
  complain(x, E_SIZE_VALUE, e->span, NULL, "'%s' is a cell: %s is needed here", v->cell->name, what);
  return false;
}

bool size_of(Elab *x, const Ast *e, Dim *size)
{
  Value v;
  if (!number_of(x, e, "a size", &v)) return false;
  if (v.kind == VALUE_DIM) return *size = v.dim, true;
  if (v.num > SIZE_LIMIT)
    complain(x, E_SIZE_VALUE, e->span, NULL, "a size is at most %d, this is %.15g", SIZE_LIMIT, v.num);
  else if (!is_whole(v.num)) complain(x, E_SIZE_VALUE, e->span, NULL, "a size is a whole number, this is %.15g", v.num);
  else if (v.num < 1) complain(x, E_SIZE_VALUE, e->span, NULL, "a size is at least 1, this is %.15g", v.num);
  else return *size = (Dim)v.num, true;
  return false;
}

bool whole_of(Elab *x, const Ast *e, const char *what, int *n)
{
  Value v;
  if (!number_of(x, e, what, &v)) return false;
  if (v.kind == VALUE_DIM)
    complain(x, E_NOT_KNOWN, e->span, NULL, "%s must be known here, and this size is not yet", what);
  else if (!is_whole(v.num))
    complain(x, E_SIZE_VALUE, e->span, NULL, "%s is a whole number, this is %.15g", what, v.num);
  else if (fabs(v.num) > SIZE_LIMIT)
    complain(x, E_SIZE_VALUE, e->span, NULL, "%s is at most %d, this is %.15g", what, SIZE_LIMIT, v.num);
  else return *n = (int)v.num, true;
  return false;
}

bool type_of(Elab *x, const Ast *type, Shape *shape)
{
  bool token = strcmp(type->name, "token") == 0;
  if (!token && strcmp(type->name, "real") != 0) return false; /* the parser said so */
  if (token && type->nkid != 1) return false;
  if (type->nkid > 2) {
    diag(x->body->s->diag, E_TYPE, type->span,
         "a variable is a number, a vector or a matrix: real, real[n] or real[m, n]");
    return false;
  }
  *shape = (Shape){.rank = type->nkid, .token = token};
  bool good = true;
  for (int i = 0; i < type->nkid; i++) good &= size_of(x, type->kid[i], &shape->dim[i]);
  return good;
}

/* target.c: left sides: which variable an equation defines, at which places, and the boundaries of variables.
   Needs: declarations. Leaves alone: right sides (statement.c). */
#include "body.h"
#include <string.h>

/* ---- equations ---- */

static const char *role_of(const Entry *e)
{
  if (e->kind == ENTRY_INPUT) return "an input, which is given";
  if (e->kind == ENTRY_SIZE) return "a size";
  if (e->kind == ENTRY_VALUE) return "an argument of the cell";
  if (e->kind == ENTRY_INSTANCE) return "an instance of a cell";
  switch (e->var->kind) {
  case VAR_INPUT: return "an input, which is given";
  case VAR_TARGET: return "a target, which is given";
  case VAR_PARAM: return "a parameter, which is learned";
  case VAR_NOISE: return "noise, which is drawn by ~";
  default: return NULL;
  }
}

static void refuse_equation(Body *b, const Entry *e, Span at)
{
  diag(b->s->diag, E_GIVEN, at, "'%s' is %s, so no equation can define it", e->name, role_of(e));
  diag_note(b->s->diag, e->span, "declared here");
  note_uses(b);
}

/* the variable that an equation defines; NULL after a diagnostic */
static FlatVar *define(Body *b, const char *name, Indices ix, Span at)
{
  Diag *d = b->s->diag;
  Entry *e = body_entry(b, name);
  if (!e) {
    e = body_add(b, ENTRY_VAR, name, at);
    if (!e) return NULL;
    e->index = ix;
    e->var = indexed_var(b, VAR_COMPUTED, body_path(b, name), ix, at);
    e->var->defined = at;
    return e->var;
  }
  if (e->kind != ENTRY_VAR || e->var->kind != VAR_COMPUTED) return refuse_equation(b, e, at), NULL;
  FlatVar *v = e->var;
  bool again = e == b->result_entry ? b->result_defined.source != NULL : v->defined.source != NULL;
  if (again) {
    diag(d, E_TWO_EQUATIONS, at, "'%s' has two equations", name);
    diag_note(d, e == b->result_entry ? b->result_defined : v->defined, "the first is here");
    note_uses(b);
    return NULL;
  }
  if (e == b->result_entry) b->result_defined = at;
  if (e != b->result_entry || !v->defined.source) v->defined = at;
  if (!same_indices(e->index, ix)) {
    const char *declared = indices_text(b, e->index);
    if (e->index.n && b->axes == 1)
      diag(d, E_LEFT_INDEX, at, "%s is declared with a time index: write %s%s = ...", name, name, declared);
    else if (e->index.n)
      diag(d, E_LEFT_INDEX, at, "%s is declared as %s%s: write %s%s = ...", name, name, declared, name, declared);
    else diag(d, E_LEFT_INDEX, at, "%s is declared without a time index: write %s = ...", name, name);
    diag_fix(d, at, arena_printf(b->s->arena, "%s%s", name, declared));
    diag_note(d, e->span, "declared here");
    note_uses(b);
    v->bad = true;
    return NULL;
  }
  return v;
}

static void add_equation(Body *b, FlatVar *v, const Ast *ast)
{
  if (v) vec_push(b->s->arena, &b->equations, ((Equation){v, ast}));
}

static void declare_instance(Body *b, const Ast *ast)
{
  Entry *e = body_add(b, ENTRY_INSTANCE, ast->kid[0]->name, ast->kid[0]->span);
  if (e) e->size = ast->kid[1]; /* its cell is made when all names are there */
}

/* "a[t, s]": the left side that was meant, by the axes that its indices name */
static const char *meant_left_side(Elab *x, const Ast *target)
{
  const Body *b = x->body;
  const char *text = target->kid[0]->name;
  Place p;
  for (int i = 1, axis, other; i < target->nkid; i++) {
    if (!place_of(x, target->kid[i], &p, &axis)) return text;
    if (axis < 0) axis = b->axes - 1;
    if (target->nkid == 3 && place_of(x, target->kid[3 - i], &p, &other) && (other == axis || (i == 2 && other < 0)))
      axis = b->axes - 1 - axis;
    text = arena_printf(b->s->arena, "%s%s%s%s", text, i == 1 ? "[" : ", ", b->axis[axis],
                        i + 1 < target->nkid ? "" : "]");
  }
  return text;
}

/* A left side that is no value at each place: may it be a boundary? False after a diagnostic. */
static bool refuse_places(Elab *x, const Ast *target)
{
  Body *b = x->body;
  Diag *d = b->s->diag;
  const char *name = target->kid[0]->name;
  bool boundary = false;
  if (target->nkid - 1 > b->axes) {
    complain(x, E_LEFT_INDEX, target->span, "a second axis is declared by: axis s, t", "%s has one axis here, %s", name,
             axis_name(b));
    return false;
  }
  for (int i = 1; i < target->nkid; i++) {
    Place p;
    int axis;
    if (!place_of(x, target->kid[i], &p, &axis)) return false;
    boundary |= is_outside(p);
    if (p.kind == READ_REL && p.k == 0) continue;
    if (p.kind == READ_REL) {
      diag(d, E_LEFT_INDEX, target->span,
           "an equation gives the value at %s: write %s = ... and move the other indices by %d", b->axis[axis],
           meant_left_side(x, target), -p.k);
      return false;
    }
    if (is_outside(p)) continue;
    diag(d, E_LEFT_INDEX, target->span, "the value at this place comes from the equation %s = ...",
         meant_left_side(x, target));
    diag_note(d, (Span){0}, "a boundary stands outside the sequence: %s[0], %s[-1], %s[%s+1]", name, name, name,
              length_name(b));
    return false;
  }
  return boundary;
}

void declare_equation(Body *b, const Ast *ast)
{
  Diag *d = b->s->diag;
  Elab x = {.body = b};
  const Ast *target = ast->kid[0];
  if (is_loss(b, target)) {
    if (b->loss) {
      diag(d, E_TWO_EQUATIONS, target->span, "'loss' has two equations");
      diag_note(d, b->loss->span, "the first is here");
    } else {
      b->loss = ast;
    }
    return;
  }
  if (target->kind == AST_NAME) {
    if (is_cell_value(&x, ast->kid[1])) declare_instance(b, ast);
    else add_equation(b, define(b, target->name, (Indices){0}, target->span), ast);
    return;
  }
  if (target->kind != AST_INDEX || target->kid[0]->kind != AST_NAME) {
    vec_push(b->s->arena, &b->later, ast);
    return;
  }
  Indices ix;
  int before = diag_errors(d);
  if (indices_of(&x, (const Ast *const *)target->kid + 1, target->nkid - 1, &ix))
    add_equation(b, define(b, target->kid[0]->name, ix, target->span), ast);
  else if (diag_errors(d) == before && refuse_places(&x, target)) vec_push(b->s->arena, &b->later, ast);
}

/* ---- boundaries ---- */

/* the one of the places that lies outside; NULL after a diagnostic, or where there is none */
static bool one_outside(Body *b, const Ast *target, const FlatVar *v, const Place at[AXES], Axis *axis)
{
  int outside = 0, elsewhere = 0;
  for (Axis a = 0; a < AXES; a++) {
    if (is_outside(at[a])) outside++, *axis = a;
    else if (at[a].kind != READ_PLAIN && (at[a].kind != READ_REL || at[a].k != 0)) elsewhere++;
  }
  if (outside == 1 && !elsewhere) return true;
  const char *hint = v->axes == DOM_AXES ? "it lies outside along one axis, at each place of the other" : NULL;
  diag(b->s->diag, E_BOUNDARY, target->span, "only a boundary of '%s' can be set from outside, such as [0] or [%s+1]",
       v->name, length_name(b));
  if (hint) diag_note(b->s->diag, (Span){0}, "%s", hint);
  note_uses(b);
  return false;
}

/* h[0] = e, d.c[0] = e, b[T+1] = e, a[0, s] = e: a variable of its own, without that index */
static void declare_boundary(Body *b, const Ast *ast)
{
  Sema *s = b->s;
  Elab x = {.body = b};
  const Ast *target = ast->kid[0];
  if (target->kind != AST_INDEX) {
    diag(s->diag, E_BOUNDARY, target->span,
         "'%s' belongs to an application: only its boundaries can be set from outside", target->name);
    note_uses(b);
    return;
  }
  const Ast *base = target->kid[0];
  Entry *e = base->kind == AST_NAME ? body_entry(b, base->name) : NULL;
  if (base->kind == AST_NAME && !e) {
    diag(s->diag, E_BOUNDARY, target->span, "'%s' has a boundary, but no equation %s = ...", base->name,
         meant_left_side(&x, target));
    note_uses(b);
    return;
  }
  FlatVar *v = path_var(&x, base);
  if (!v) return;
  Indices ix = e ? e->index : indices_seen(b, v);
  Place at[AXES];
  Axis axis;
  if (!ix.n || !(axes_bound(b, ix) & v->axes)) {
    diag(s->diag, E_BOUNDARY, target->span, "%s has no time index, so it has no boundary", v->name);
    diag_note(s->diag, v->span, "declared here");
    note_uses(b);
    return;
  }
  if (!places_of(&x, target, v->name, ix, at) || !one_outside(b, target, v, at, &axis)) return;
  FlatVar *first = flat_bound(v, axis, at[axis].kind, at[axis].k);
  if (first) {
    diag(s->diag, E_TWO_EQUATIONS, target->span, "this boundary of '%s' has two equations", v->name);
    diag_note(s->diag, first->span, "the first is here");
    note_uses(b);
    return;
  }
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a) && at[a].kind == READ_PLAIN) at[a] = (Place){READ_REL, 0};
  const char *name = arena_printf(s->arena, "%s%s", v->name, flat_places(s->flat, at));
  FlatVar *bound = flat_var(s->flat, VAR_COMPUTED, name, v->axes & ~axis_bit(axis), target->span);
  bound->owner = v;
  bound->body = b;
  bound->defined = target->span;
  vec_push(s->arena, &v->bound, ((FlatBound){axis, at[axis].kind, at[axis].k, bound}));
  add_equation(b, bound, ast);
}

void body_declare_later(Body *b)
{
  for (int i = 0; i < b->later.n; i++) declare_boundary(b, b->later.at[i]);
}

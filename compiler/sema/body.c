/* body.c: declares what a body names: inputs, outputs, parameters, sizes, the targets of its equations, boundaries.
   Needs: its formals bound. Leaves alone: right sides (statement.c) and the applications in them (use.c).

   A body is one use of a cell, or the model. A name that is read bare, has no declaration and is near no other name is
   a parameter. */
#include "body.h"
#include <ctype.h>
#include <string.h>

Entry *body_entry(const Body *b, const char *name) { return map_get(&b->names, name); }

Entry *body_add(Body *b, EntryKind kind, const char *name, Span span)
{
  Sema *s = b->s;
  Entry *first = body_entry(b, name);
  if (axis_named(b, name) >= 0 || length_named(b, name) >= 0) {
    diag(s->diag, span, "'%s' is %s and cannot be declared", name,
         axis_named(b, name) >= 0 ? "the time index" : "the length of the sequence");
    note_uses(b);
    return NULL;
  }
  if (first) {
    diag(s->diag, span, "'%s' is declared twice", name);
    diag_note(s->diag, first->span, "the first time here");
    note_uses(b);
    return NULL;
  }
  Entry *e = ARENA_NEW(s->arena, Entry);
  e->kind = kind;
  e->name = name;
  e->span = span;
  map_put(s->arena, &b->names, name, e);
  vec_push(s->arena, &b->entries, e);
  return e;
}

void note_uses(const Body *b)
{
  for (int shown = 0; b && b->cell && shown < 3; b = b->outer, shown++)
    diag_note(b->s->diag, b->use, "in this use of %s", b->cell->name);
}

const char *body_path(const Body *b, const char *name)
{
  return b->path[0] ? arena_printf(b->s->arena, "%s.%s", b->path, name) : name;
}

bool is_loss(const Body *b, const Ast *target)
{
  return !b->cell && target->kind == AST_NAME && strcmp(target->name, "loss") == 0;
}

static Span name_span(const Ast *decl)
{
  return (Span){decl->span.source, decl->span.from, decl->span.from + (int)strlen(decl->name)};
}

Body *body_new(Sema *s, Unit *u, const Ast *ast, const char *path)
{
  Body *b = ARENA_NEW(s->arena, Body);
  int skip = ast->kind == AST_CELL ? 1 : 0;
  b->s = s;
  b->unit = u;
  b->ast = ast;
  b->statement = (const Ast *const *)ast->kid + skip;
  b->statements = ast->nkid - skip;
  b->path = path;
  b->axis[0] = intern(s->arena, "t");
  b->length[0] = intern(s->arena, "T");
  b->axes = 1;
  b->bind[0] = DOM_T;
  return b;
}

/* ---- the axis ---- */

/* `axis s, t`: the last one is the model's primary; a cell's are bound by its arguments (bind.c) */
static void declare_axis(Body *b, const Ast *axis)
{
  Diag *d = b->s->diag;
  if (axis->nkid > AXES) {
    diag(d, axis->kid[AXES]->span, "there are two axes at most");
    note_uses(b);
    return;
  }
  for (int i = 0; i < axis->nkid; i++) {
    const char *name = axis->kid[i]->name;
    if (strlen(name) != 1 || !islower((unsigned char)name[0])) {
      diag(d, axis->span, "an axis is one small letter, whose capital is its length: axis t");
      return;
    }
    if (i && name == axis->kid[0]->name) {
      diag(d, axis->kid[i]->span, "the axis %s stands here twice", name);
      return;
    }
  }
  b->axes = axis->nkid;
  for (int i = 0; i < b->axes; i++) {
    const char *name = axis->kid[i]->name;
    b->axis[i] = name;
    b->length[i] = intern(b->s->arena, (char[]){(char)toupper((unsigned char)name[0]), 0});
    if (!b->cell) b->bind[i] = i == b->axes - 1 ? DOM_T : DOM_S;
  }
}

/* a second statement would rename what the first one named */
static void declare_axes(Body *b)
{
  const Ast *first = NULL;
  for (int i = 0; i < b->statements; i++) {
    const Ast *st = b->statement[i];
    if (st->kind != AST_AXIS) continue;
    if (!first) declare_axis(b, first = st);
    else {
      diag(b->s->diag, st->span, "the axes are declared in one statement, such as axis s, t");
      diag_note(b->s->diag, first->span, "the first is here");
    }
  }
  for (int i = 0; i < b->axes && !b->cell; i++) b->s->flat->axis[b->bind[i] == DOM_T ? AXIS_T : AXIS_S] = b->axis[i];
}

/* x, x[t], a[t, s]: false after a diagnostic */
static bool index_of(Body *b, const Ast *decl, Indices *ix)
{
  Diag *d = b->s->diag;
  const Ast *indices = decl->kid[0];
  Elab x = {.body = b};
  int before = diag_errors(d);
  *ix = (Indices){0};
  if (!indices || indices_of(&x, (const Ast *const *)indices->kid, indices->nkid, ix)) return true;
  if (diag_errors(d) > before) return false;
  const char *t = axis_name(b);
  if (b->axes == 2) {
    diag(d, indices->span, "the axes are %s and %s, and a declaration has them bare: %s[%s] or %s[%s, %s]", b->axis[0],
         b->axis[1], decl->name, t, decl->name, t, b->axis[0]);
  } else {
    diag(d, indices->span, "the time index is %s, and a declaration has it bare: %s[%s]", t, decl->name, t);
    if (indices->kid[indices->nkid - 1]->kind == AST_NAME)
      diag_note(d, (Span){0}, "a second axis is declared by: axis s, t");
  }
  if (indices->kid[0]->kind == AST_NUMBER)
    diag_note(d, (Span){0}, "a size belongs in the type: %s[%s] : real[%.15g]", decl->name, t, indices->kid[0]->num);
  *ix = (Indices){.n = 1, .axis = {b->axes - 1}};
  return false;
}

/* ---- declarations ---- */

typedef struct PendingType {
  FlatVar *var;
  Input *input;
  const Ast *type;
} PendingType;
typedef Vec(PendingType) PendingTypes;

static FlatVar *bind_param(Body *b, const Ast *decl, const char *name, Span span)
{
  Sema *s = b->s;
  FlatVar *v = map_get(&b->params->vars, name);
  if (v) return v;
  const char *path = b->params->path[0] ? arena_printf(s->arena, "%s.%s", b->params->path, name) : name;
  v = flat_var(s->flat, VAR_PARAM, path, 0, span);
  v->body = b;
  v->implicit = decl == NULL;
  map_put(s->arena, &b->params->vars, name, v);
  return v;
}

/* a variable of the body, at each place of its indices and of the axes that the body's text does not name */
static FlatVar *indexed_var(Body *b, VarKind kind, const char *path, Indices ix, Span span)
{
  FlatVar *v = flat_var(b->s->flat, kind, path, axes_bound(b, ix) | b->lift, span);
  v->body = b;
  if (ix.n && b->bind[ix.axis[0]] == DOM_S) v->first = AXIS_S;
  return v;
}

static void declare_input(Body *b, const Ast *decl, Indices ix)
{
  Sema *s = b->s;
  Entry *e = body_add(b, ENTRY_INPUT, decl->name, name_span(decl));
  if (!e) return;
  Input *in = ARENA_NEW(s->arena, Input);
  in->name = decl->name;
  in->span = e->span;
  in->index = ix;
  in->shape = (Shape){.rank = -1, .dim = {dim_new(s->flat->sizes, (Span){0}), dim_new(s->flat->sizes, (Span){0})}};
  e->input = in;
  vec_push(s->arena, &b->inputs, in);
}

static FlatVar *declare_output(Body *b, const Ast *decl, Indices ix)
{
  Entry *e = body_add(b, ENTRY_VAR, decl->name, name_span(decl));
  if (!e) return NULL;
  e->index = ix;
  bool first = b->cell && !b->result_entry;
  if (first) b->result_entry = e;
  if (first && b->result) e->var = b->result;
  else e->var = indexed_var(b, VAR_COMPUTED, first ? b->path : body_path(b, decl->name), ix, e->span);
  if (first) b->result = e->var;
  if (!b->cell) e->var->output = true;
  e->var->body = b;
  return e->var;
}

static FlatVar *declare_given(Body *b, VarKind kind, const Ast *decl, Indices ix)
{
  Entry *e = body_add(b, ENTRY_VAR, decl->name, name_span(decl));
  if (!e) return NULL;
  e->index = ix;
  return e->var = indexed_var(b, kind, body_path(b, decl->name), ix, e->span);
}

/* One draw for the model stands where a parameter would: the uses of a named instance share it. */
static FlatVar *declare_shared_noise(Body *b, const Ast *decl, Indices ix)
{
  Sema *s = b->s;
  Entry *e = body_add(b, ENTRY_VAR, decl->name, name_span(decl));
  if (!e) return NULL;
  if (ix.n) {
    diag(s->diag, decl->span, "noise of the model has one value, without a time index: noise model %s", decl->name);
    diag_note(s->diag, (Span){0}, "noise %s[%s] is drawn anew at each %s of each sequence", decl->name, axis_name(b),
              axis_name(b));
    note_uses(b);
  }
  e->index = ix;
  e->var = map_get(&b->params->vars, decl->name);
  if (e->var) return e->var;
  const char *path = b->params->path[0] ? arena_printf(s->arena, "%s.%s", b->params->path, decl->name) : decl->name;
  e->var = flat_var(s->flat, VAR_NOISE, path, 0, e->span);
  e->var->body = b;
  e->var->shared = true;
  e->var->bad = ix.n > 0;
  map_put(s->arena, &b->params->vars, decl->name, e->var);
  return e->var;
}

static FlatVar *declare_param(Body *b, const Ast *decl, Indices ix)
{
  Diag *d = b->s->diag;
  b->declares_params = true;
  Entry *e = body_add(b, ENTRY_VAR, decl->name, name_span(decl));
  if (!e) return NULL;
  if (ix.n) {
    diag(d, decl->span, "a parameter has one value, without a time index: param %s", decl->name);
    note_uses(b);
  }
  bool shared = map_get(&b->params->vars, decl->name) != NULL;
  e->var = bind_param(b, decl, decl->name, e->span);
  if (decl->kid[2] && !shared) vec_push(b->s->arena, &b->inits, ((PendingInit){e->var, decl->kid[2]}));
  return e->var;
}

static void declare_one(Body *b, Role role, const Ast *decl, PendingTypes *types)
{
  Sema *s = b->s;
  Indices ix;
  bool good = index_of(b, decl, &ix);
  FlatVar *v = NULL;
  if (role == ROLE_INPUT && b->cell) {
    declare_input(b, decl, ix);
    Entry *e = body_entry(b, decl->name);
    if (e && e->kind == ENTRY_INPUT && decl->kid[1])
      vec_push(s->arena, types, ((PendingType){.input = e->input, .type = decl->kid[1]}));
    return;
  }
  switch (role) {
  case ROLE_INPUT: v = declare_given(b, VAR_INPUT, decl, ix); break;
  case ROLE_TARGET:
    if (b->cell) {
      diag(s->diag, decl->span, "a cell has no targets: declare an input, or move this to the model");
      note_uses(b);
    }
    v = declare_given(b, VAR_TARGET, decl, ix);
    break;
  case ROLE_NOISE: v = declare_given(b, VAR_NOISE, decl, ix); break;
  case ROLE_NOISE_MODEL: v = declare_shared_noise(b, decl, ix); break;
  case ROLE_OUTPUT: v = declare_output(b, decl, ix); break;
  case ROLE_PARAM: v = declare_param(b, decl, ix); break;
  case ROLE_NONE: break;
  }
  if (!v) return;
  if (!good) v->bad = true;
  if (decl->kid[1]) vec_push(s->arena, types, ((PendingType){.var = v, .type = decl->kid[1]}));
}

/* A second type for the same variable must agree with the first: an instance's output and what it is named outside. */
static void check_type(Body *b, FlatVar *v, Shape shape, Span span)
{
  Flat *f = b->s->flat;
  bool same = v->shape.rank == shape.rank && v->shape.token == shape.token;
  for (int i = 0; i < shape.rank && same; i++) same = dim_unify(f->sizes, v->shape.dim[i], shape.dim[i]);
  if (same) return;
  const char *inner = shape_text(f->sizes, f->arena, shape), *outer = shape_text(f->sizes, f->arena, v->shape);
  diag(f->diag, b->cell ? b->use : span, "%s is declared %s, but its equation gives %s", v->name, outer, inner);
  diag_note(f->diag, v->type_span, "%s is declared %s here", v->name, outer);
  diag_note(f->diag, span, "and %s here", inner);
  if (b->cell) note_uses(b->outer);
  v->bad = true;
}

static void set_type(Body *b, FlatVar *v, const Ast *type)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b};
  Shape shape;
  if (!type_of(&x, type, &shape)) {
    v->bad = true;
    return;
  }
  if (shape.token && v->kind != VAR_INPUT && v->kind != VAR_TARGET) {
    diag(f->diag, type->span, "only an input or a target is a token: what is computed is real[n]");
    note_uses(b);
    v->bad = true;
    return;
  }
  shape_here(f->sizes, type->span);
  if (v->typed) {
    check_type(b, v, shape, type->span);
    return;
  }
  v->typed = true;
  v->type_span = type->span;
  v->shape.rank = shape.rank;
  v->shape.token = shape.token;
  for (int i = 0; i < shape.rank; i++) dim_unify(f->sizes, v->shape.dim[i], shape.dim[i]);
}

static void set_input_type(Body *b, Input *in, const Ast *type)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b};
  Shape shape;
  if (!type_of(&x, type, &shape)) return;
  in->typed = true;
  in->type_span = type->span;
  in->shape.rank = shape.rank;
  in->shape.token = shape.token;
  shape_here(f->sizes, type->span);
  for (int i = 0; i < shape.rank; i++) dim_unify(f->sizes, in->shape.dim[i], shape.dim[i]);
}

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
  diag(b->s->diag, at, "'%s' is %s, so no equation can define it", e->name, role_of(e));
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
    diag(d, at, "'%s' has two equations", name);
    diag_note(d, e == b->result_entry ? b->result_defined : v->defined, "the first is here");
    note_uses(b);
    return NULL;
  }
  if (e == b->result_entry) b->result_defined = at;
  if (e != b->result_entry || !v->defined.source) v->defined = at;
  if (!same_indices(e->index, ix)) {
    const char *declared = indices_text(b, e->index);
    if (e->index.n && b->axes == 1)
      diag(d, at, "%s is declared with a time index: write %s%s = ...", name, name, declared);
    else if (e->index.n) diag(d, at, "%s is declared as %s%s: write %s%s = ...", name, name, declared, name, declared);
    else diag(d, at, "%s is declared without a time index: write %s = ...", name, name);
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
    complain(x, target->span, "a second axis is declared by: axis s, t", "%s has one axis here, %s", name,
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
      diag(d, target->span, "an equation gives the value at %s: write %s = ... and move the other indices by %d",
           b->axis[axis], meant_left_side(x, target), -p.k);
      return false;
    }
    if (is_outside(p)) continue;
    diag(d, target->span, "the value at this place comes from the equation %s = ...", meant_left_side(x, target));
    diag_note(d, (Span){0}, "a boundary stands outside the sequence: %s[0], %s[-1], %s[%s+1]", name, name, name,
              length_name(b));
    return false;
  }
  return boundary;
}

static void declare_equation(Body *b, const Ast *ast)
{
  Diag *d = b->s->diag;
  Elab x = {.body = b};
  const Ast *target = ast->kid[0];
  if (is_loss(b, target)) {
    if (b->loss) {
      diag(d, target->span, "'loss' has two equations");
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
  diag(b->s->diag, target->span, "only a boundary of '%s' can be set from outside, such as [0] or [%s+1]", v->name,
       length_name(b));
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
    diag(s->diag, target->span, "'%s' belongs to an application: only its boundaries can be set from outside",
         target->name);
    note_uses(b);
    return;
  }
  const Ast *base = target->kid[0];
  Entry *e = base->kind == AST_NAME ? body_entry(b, base->name) : NULL;
  if (base->kind == AST_NAME && !e) {
    diag(s->diag, target->span, "'%s' has a boundary, but no equation %s = ...", base->name,
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
    diag(s->diag, target->span, "%s has no time index, so it has no boundary", v->name);
    diag_note(s->diag, v->span, "declared here");
    note_uses(b);
    return;
  }
  if (!places_of(&x, target, v->name, ix, at) || !one_outside(b, target, v, at, &axis)) return;
  FlatVar *first = flat_bound(v, axis, at[axis].kind, at[axis].k);
  if (first) {
    diag(s->diag, target->span, "this boundary of '%s' has two equations", v->name);
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

/* ---- parameters that are never declared ---- */

static bool is_word(const char *name) /* of the language, as a value */
{
  return strcmp(name, "pi") == 0 || strcmp(name, "inf") == 0;
}

const char *why_no_value(const char *name)
{
  if (strcmp(name, "batch") == 0) return "the number of sequences is sum[batch](1)";
  if (strcmp(name, "loss") == 0) return "a figure beside the loss is a metric; what both need is a variable of its own";
  return NULL;
}

static void implicit_param(Body *b, const Ast *e)
{
  Elab x = {.body = b};
  Found f = find_name(&x, e->name);
  if (f.entry || why_no_value(e->name) || is_word(e->name) || axis_named(b, e->name) >= 0 ||
      length_named(b, e->name) >= 0)
    return;
  if (near_value(&x, e->name)) return; /* reported where it is read */
  Entry *entry = body_add(b, ENTRY_VAR, e->name, e->span);
  entry->var = bind_param(b, NULL, e->name, e->span);
}

/* bare names where a value is read */
static void find_implicit(Body *b, const Ast *e)
{
  Elab x = {.body = b};
  if (!e) return;
  switch (e->kind) {
  case AST_NAME: implicit_param(b, e); return;
  case AST_INDEX:
  case AST_FIELD: return;
  case AST_CALL: {
    CallKind kind = call_kind(&x, e);
    if (kind == CALL_CELL) return;
    int values = kind == CALL_FUNCTION && e->kid[0]->kind == AST_NAME ? values_before_sizes(e->kid[0]->name) : -1;
    for (int i = 1; i < e->nkid && (values < 0 || i <= values); i++) find_implicit(b, e->kid[i]);
    return;
  }
  default:
    for (int i = 0; i < e->nkid; i++) find_implicit(b, e->kid[i]);
  }
}

/* ---- the whole ---- */

static void declare_formals(Body *b)
{
  if (!b->cell) return;
  const Ast *formals = b->ast->kid[0];
  for (int i = 0; i < formals->nkid; i++) {
    Entry *e = body_add(b, ENTRY_VALUE, formals->kid[i]->name, formals->kid[i]->span);
    if (e) e->value = b->cell->formal[i];
  }
}

static void declare_statement(Body *b, const Ast *st, PendingTypes *types)
{
  Sema *s = b->s;
  switch (st->kind) {
  case AST_DECLARE:
    for (int k = 0; k < st->nkid; k++)
      if (st->kid[k]->kind == AST_DECL) declare_one(b, st->role, st->kid[k], types);
    break;
  case AST_DRAW: vec_push(s->arena, &b->draws, st); break;
  case AST_METRIC:
    if (b->cell) diag(s->diag, st->span, "a metric belongs in the model, not in a cell"), note_uses(b);
    else vec_push(s->arena, &b->metrics, st);
    break;
  case AST_RESET:
  case AST_CLIP: vec_push(s->arena, &b->edges, st); break;
  case AST_TRAIN:
    if (b->cell) diag(s->diag, st->span, "a train block belongs in the model, not in a cell"), note_uses(b);
    else if (b->train)
      diag(s->diag, st->span, "a model has one train block"), diag_note(s->diag, b->train->span, "the first is here");
    else b->train = st;
    break;
  case AST_ERROR: b->broken = true; break;
  default: break;
  }
}

static void require_equations(Body *b)
{
  for (int i = 0; i < b->entries.n; i++) {
    const Entry *e = b->entries.at[i];
    if (e->kind != ENTRY_VAR || e->var->kind != VAR_COMPUTED) continue;
    bool defined = e == b->result_entry ? b->result_defined.source != NULL : e->var->defined.source != NULL;
    if (defined || e->var->bad) continue;
    if (!b->broken) {
      diag(b->s->diag, e->span, "output '%s' has no equation", e->name);
      note_uses(b);
    }
    e->var->bad = true;
  }
}

void body_declare(Body *b)
{
  Sema *s = b->s;
  PendingTypes types = {0};
  declare_axes(b);
  declare_formals(b);
  for (int i = 0; i < b->statements; i++) {
    const Ast *st = b->statement[i];
    if (st->kind != AST_SIZE) continue;
    Entry *e = body_add(b, ENTRY_SIZE, st->name, st->span);
    if (e) e->size = st;
  }
  for (int i = 0; i < b->statements; i++) declare_statement(b, b->statement[i], &types);
  for (int i = 0; i < b->statements; i++)
    if (b->statement[i]->kind == AST_EQUATION) declare_equation(b, b->statement[i]);
  for (int i = 0; i < b->entries.n; i++)
    if (b->entries.at[i]->kind == ENTRY_SIZE) size_value(b, b->entries.at[i]);
  require_equations(b);
  if (b->cell && !b->result_entry) {
    diag(s->diag, b->ast->span, "cell '%s' has no output", b->cell->name);
    note_uses(b);
  }
  for (int i = 0; i < b->statements && !b->broken; i++) {
    const Ast *st = b->statement[i];
    if (st->kind == AST_EQUATION) {
      Elab x = {.body = b};
      if (!(st->kid[0]->kind == AST_NAME && is_cell_value(&x, st->kid[1]))) find_implicit(b, st->kid[1]);
    } else if (st->kind == AST_DRAW) {
      for (int k = 1; k < st->kid[1]->nkid; k++) find_implicit(b, st->kid[1]->kid[k]);
    } else if (st->kind == AST_METRIC) {
      find_implicit(b, st->kid[0]);
    } else if (st->kind == AST_RESET) {
      find_implicit(b, st->kid[1]);
    }
  }
  for (int i = 0; i < types.n; i++) {
    if (types.at[i].var) set_type(b, types.at[i].var, types.at[i].type);
    else set_input_type(b, types.at[i].input, types.at[i].type);
  }
}

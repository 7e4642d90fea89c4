/* declare.c: what a body is given or promises: inputs, targets, noise, parameters, outputs, and their types.
   Needs: the body's axes. Leaves alone: equations (target.c), which variables they define. */
#include "body.h"
#include <string.h>

static Span name_span(const Ast *decl)
{
  return (Span){decl->span.source, decl->span.from, decl->span.from + (int)strlen(decl->name)};
}

/* x, x[t], a[t, s]: false after a diagnostic */
bool index_of(Body *b, const Ast *decl, Indices *ix)
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
    diag(d, E_BARE_INDEX, indices->span,
         "the axes are %s and %s, and a declaration has them bare: %s[%s] or %s[%s, %s]", b->axis[0], b->axis[1],
         decl->name, t, decl->name, t, b->axis[0]);
  } else {
    diag(d, E_BARE_INDEX, indices->span, "the time index is %s, and a declaration has it bare: %s[%s]", t, decl->name,
         t);
    if (indices->kid[indices->nkid - 1]->kind == AST_NAME)
      diag_note(d, (Span){0}, "a second axis is declared by: axis s, t");
  }
  if (indices->kid[0]->kind == AST_NUMBER)
    diag_note(d, (Span){0}, "a size belongs in the type: %s[%s] : real[%.15g]", decl->name, t, indices->kid[0]->num);
  *ix = (Indices){.n = 1, .axis = {b->axes - 1}};
  return false;
}

/* ---- declarations ---- */

FlatVar *bind_param(Body *b, const Ast *decl, const char *name, Span span)
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
FlatVar *indexed_var(Body *b, VarKind kind, const char *path, Indices ix, Span span)
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
    diag(s->diag, E_BARE_INDEX, decl->span, "noise of the model has one value, without a time index: noise model %s",
         decl->name);
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
    diag(d, E_BARE_INDEX, decl->span, "a parameter has one value, without a time index: param %s", decl->name);
    note_uses(b);
  }
  bool shared = map_get(&b->params->vars, decl->name) != NULL;
  e->var = bind_param(b, decl, decl->name, e->span);
  if (decl->kid[2] && !shared) vec_push(b->s->arena, &b->inits, ((PendingInit){e->var, decl->kid[2]}));
  return e->var;
}

void declare_one(Body *b, Role role, const Ast *decl, PendingTypes *types)
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
      diag(s->diag, E_MISPLACED, decl->span, "a cell has no targets: declare an input, or move this to the model");
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
  diag(f->diag, E_OUTPUT_SHAPE, b->cell ? b->use : span, "%s is declared %s, but its equation gives %s", v->name, outer,
       inner);
  diag_note(f->diag, v->type_span, "%s is declared %s here", v->name, outer);
  diag_note(f->diag, span, "and %s here", inner);
  if (b->cell) note_uses(b->outer);
  v->bad = true;
}

void set_type(Body *b, FlatVar *v, const Ast *type)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b};
  Shape shape;
  if (!type_of(&x, type, &shape)) {
    v->bad = true;
    return;
  }
  if (shape.token && v->kind != VAR_INPUT && v->kind != VAR_TARGET) {
    diag(f->diag, E_TOKEN, type->span, "only an input or a target is a token: what is computed is real[n]");
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

void set_input_type(Body *b, Input *in, const Ast *type)
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

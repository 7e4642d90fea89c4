/* check.c: the stages of checking on one screen.
   Needs: the file's tree. Leaves alone: domains and causality, which are seen on the System. */
#include "body.h"
#include <string.h>

static bool is_statement(const Ast *a)
{
  switch (a->kind) {
  case AST_DECLARE:
  case AST_EQUATION:
  case AST_DRAW:
  case AST_METRIC:
  case AST_RESET:
  case AST_CLIP:
  case AST_TRAIN:
  case AST_AXIS: return true;
  default: return false;
  }
}

static const char *file_stem(Arena *a, const char *path)
{
  if (*path == '<') return "model"; /* <stdin> */
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
  char *stem = arena_copy(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
  for (char *c = stem; *c; c++)
    if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9')) *c = '_';
  return stem[0] && !(stem[0] >= '0' && stem[0] <= '9') ? stem : arena_printf(a, "model_%s", stem);
}

/* The model asked for; the file itself where it has none. NULL after a diagnostic. */
static const Ast *pick_model(Arena *a, Diag *d, const Ast *file, const LowerOptions *o, const char **name)
{
  const Ast *model = NULL, *statement = NULL;
  const char *known = NULL;
  for (int i = 0; i < file->nkid; i++) {
    const Ast *item = file->kid[i];
    if (is_statement(item) && !statement) statement = item;
    if (item->kind != AST_MODEL) continue;
    for (int k = 0; k < i; k++)
      if (file->kid[k]->kind == AST_MODEL && file->kid[k]->name == item->name) {
        diag(d, E_DEFINED_TWICE, item->span, "model '%s' is defined twice", item->name);
        diag_note(d, file->kid[k]->span, "the first definition is here");
      }
    known = known ? arena_printf(a, "%s, %s", known, item->name) : item->name;
    if (!o->model || strcmp(o->model, item->name) == 0) model = item;
  }
  if (known && statement) {
    diag(d, E_MISPLACED, statement->span, "this statement stands outside the model");
    diag_note(d, (Span){0}, "beside models a file has sizes, cells, defs and imports");
  }
  if (model) return *name = model->name, model;
  const char *stem = file_stem(a, source_name(file->span.source));
  if (!known && statement && (!o->model || strcmp(o->model, stem) == 0)) return *name = stem, file;
  Span start = {file->span.source, 0, 0};
  if (known || statement) {
    diag(d, E_NO_MODEL, start, "there is no model '%s' in this file", o->model);
    diag_note(d, (Span){0}, "there is %s", known ? known : stem);
  } else {
    bool broken = false;
    for (int i = 0; i < file->nkid; i++) broken |= file->kid[i]->kind == AST_ERROR;
    if (!broken) diag(d, E_NO_MODEL, start, "this file has no model: nothing is there to compile");
  }
  return NULL;
}

static void warn_unused(Flat *f)
{
  for (int i = 0; i < f->vars.n; i++) {
    const FlatVar *v = f->vars.at[i];
    if (v->kind != VAR_PARAM || v->used || v->bad) continue;
    diag_warn(f->diag, W_UNUSED_PARAMETER, v->span, "parameter '%s' is never used", v->name);
    if (v->body) note_uses(v->body);
  }
}

/* What a broken statement would have defined is not reported where it is read; it makes no system all the same. */
static bool all_good(const Flat *f)
{
  for (int i = 0; i < f->vars.n; i++)
    if (f->vars.at[i]->bad && !f->vars.at[i]->dead) return false;
  return true;
}

Flat *check(Arena *a, Diag *d, const Ast *file, const LowerOptions *o)
{
  int before = diag_errors(d);
  Sema sema = {.arena = a, .diag = d, .options = o}, *s = &sema;
  const char *name;
  Unit *unit = unit_load(s, file, source_name(file->span.source), false);
  const Ast *model = pick_model(a, d, file, o, &name);
  if (!model) return NULL;
  Flat *f = s->flat = flat_new(a, d, name);
  Body *b = body_new(s, unit, model, "");
  b->params = ARENA_NEW(a, Params);
  b->params->path = "";
  body_declare(b);
  declare_uses(b);
  body_elaborate(b);
  int written = f->vars.n;
  elaborate_draws(b);
  elaborate_loss(b);
  elaborate_metrics(b);
  for (int i = written; i < f->vars.n; i++) f->vars.at[i]->figure = true;
  elaborate_settings(b);
  if (f->full) return NULL;
  bool good = infer_shapes(f) && diag_errors(d) == before;
  if (good) refuse_undetermined(f);
  if (good && diag_errors(d) == before) choose_initialisers(f);
  if (good) warn_unused(f);
  return diag_errors(d) == before && !b->broken && all_good(f) ? f : NULL;
}

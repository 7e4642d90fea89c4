/* path.c: what a path such as d.c, h.1.f or enc.W leads to: into applications of cells, layers and named instances.
   Needs: the applications declared. Leaves alone: the places on the time axis behind it (index.c). */
#include "body.h"
#include <string.h>

typedef struct Target { /* what a path has led to so far */
  FlatVar *var;
  Use *use;       /* the application that computes var */
  Params *params; /* or a named instance */
} Target;

static bool in_params(Params *p, const char *name, Target *t)
{
  FlatVar *v = map_get(&p->vars, name);
  if (v) return *t = (Target){.var = v}, true;
  for (int i = 0; i < p->children.n; i++)
    if (p->children.at[i].name == name) return *t = (Target){.params = p->children.at[i].params}, true;
  return false;
}

static bool in_use(Use *u, const char *name, Target *t)
{
  for (int i = 0; i < u->layers.n; i++) {
    char layer[16];
    snprintf(layer, sizeof layer, "%d", i);
    if (strcmp(layer, name) == 0) return *t = (Target){.var = u->layers.at[i]->result, .use = u->layers.at[i]}, true;
  }
  Entry *e = u->body ? body_entry(u->body, name) : NULL;
  if (!e || e->kind != ENTRY_VAR) return false;
  *t = (Target){.var = e->var, .use = e == u->body->result_entry ? u->body->result_use : e->var->inside};
  return true;
}

static bool step_into(const Target *from, const char *name, Target *to)
{
  if (from->params) return in_params(from->params, name, to);
  if (from->use && in_use(from->use, name, to)) return true;
  for (int i = 0; from->var && i < from->var->parts.n; i++)
    if (from->var->parts.at[i].name == name) {
      Use *u = from->var->parts.at[i].use;
      *to = (Target){.var = u->result, .use = u};
      return true;
    }
  return false;
}

static void names_inside(Sema *s, const Target *t, Names *known)
{
  const Body *b = t->use ? t->use->body : NULL;
  for (int param = 0; param < 2; param++)
    for (int i = 0; b && i < b->entries.n; i++) {
      const Entry *e = b->entries.at[i];
      if (e->kind == ENTRY_VAR && (e->var->kind == VAR_PARAM) == param) vec_push(s->arena, known, e->name);
    }
  for (int i = 0; t->use && i < t->use->layers.n; i++) vec_push(s->arena, known, arena_printf(s->arena, "%d", i));
  for (int i = 0; t->var && i < t->var->parts.n; i++) vec_push(s->arena, known, t->var->parts.at[i].name);
  for (int i = 0; t->params && i < t->params->vars.item.n; i++)
    vec_push(s->arena, known, t->params->vars.item.at[i].key);
  for (int i = 0; t->params && i < t->params->children.n; i++)
    vec_push(s->arena, known, t->params->children.at[i].name);
}

static void say_not_inside(Elab *x, const Ast *e, const Target *from)
{
  Sema *s = x->body->s;
  Names known = {0};
  const char *owner = from->params ? from->params->path : from->var->name;
  if (from->use && from->use->bad) return;
  names_inside(s, from, &known);
  if (!known.n) {
    diag(s->diag, E_NO_PART, here(x, e->span), "there is nothing inside '%s': it is no application of a cell", owner);
    note_uses(x->body);
    return;
  }
  diag(s->diag, E_NO_PART, here(x, e->span), "there is no '%s' inside '%s'", e->name, owner);
  const char *near = nearest(e->name, known.at, known.n), *list = known.at[0];
  for (int i = 1; i < known.n && i < 12; i++) list = arena_printf(s->arena, "%s, %s", list, known.at[i]);
  if (near) diag_suggest(s->diag, span_last(e->span, strlen(e->name)), near);
  else diag_note(s->diag, (Span){0}, "inside are %s", list);
  note_uses(x->body);
}

static bool follow(Elab *x, const Ast *e, Target *t)
{
  Sema *s = x->body->s;
  if (e->kind == AST_NAME) {
    Found f = find_name(x, e->name);
    if (f.entry && f.entry->kind == ENTRY_VAR)
      return *t = (Target){.var = f.entry->var, .use = f.entry->var->inside}, true;
    if (f.entry && f.entry->kind == ENTRY_INSTANCE) {
      Cell *c = cell_value(x, e);
      if (!c) return false;
      return *t = (Target){.params = c->shared}, true;
    }
    if (f.entry && f.entry->kind == ENTRY_INPUT)
      diag(s->diag, E_PATH, here(x, e->span), "'%s' is an input: its values are given, and nothing is inside", e->name);
    else if (f.formal || f.entry) diag(s->diag, E_PATH, here(x, e->span), "'%s' is not a variable", e->name);
    else {
      Names known = {0};
      names_of_values(x, &known);
      say_undefined(x, e->span, "variable", e->name, &known);
      return false;
    }
    note_uses(x->body);
    return false;
  }
  if (e->kind != AST_FIELD) {
    diag(s->diag, E_PATH, here(x, e->span), "a path begins with the name of a variable");
    return false;
  }
  Target from;
  if (!follow(x, e->kid[0], &from)) return false;
  if (step_into(&from, e->name, t)) return true;
  say_not_inside(x, e, &from);
  return false;
}

FlatVar *path_var(Elab *x, const Ast *e)
{
  Target t;
  if (!follow(x, e, &t)) return NULL;
  if (t.var) return t.var;
  if (t.params)
    diag(x->body->s->diag, E_PATH, here(x, e->span),
         "'%s' is an instance of a cell, not a variable: it is applied, as in %s(x[t])", t.params->path,
         t.params->path);
  return NULL;
}

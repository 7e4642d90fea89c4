/* unit.c: files and what they define: cells, defs and sizes; imports; the texts of lang/.
   Needs: the parser. Leaves alone: what the definitions mean. */
#include "scope.h"
#include <string.h>

static Entry *size_entry(Sema *s, Unit *u, const Ast *size)
{
  Entry *e = ARENA_NEW(s->arena, Entry);
  e->kind = ENTRY_SIZE;
  e->name = size->name;
  e->span = size->span;
  e->size = size;
  e->unit = u;
  return e;
}

static void define(Sema *s, Map *m, const Ast *item, const char *what)
{
  const Ast *first = map_get(m, item->name);
  if (first) {
    diag(s->diag, E_DEFINED_TWICE, item->span, "%s '%s' is defined twice", what, item->name);
    diag_note(s->diag, first->span, "the first definition is here");
    return;
  }
  map_put(s->arena, m, item->name, (void *)item);
}

static bool has_models(const Ast *file)
{
  for (int i = 0; i < file->nkid; i++)
    if (file->kid[i]->kind == AST_MODEL) return true;
  return false;
}

static const char *lang_text(Sema *s, const char *name)
{
  for (const LangFile *l = s->options->lang; l && l->name; l++)
    if (strcmp(l->name, name) == 0) return l->text;
  return NULL;
}

static Unit *find_unit(Sema *s, const char *path, bool embedded)
{
  for (int i = 0; i < s->units.n; i++)
    if (s->units.at[i]->embedded == embedded && strcmp(s->units.at[i]->path, path) == 0) return s->units.at[i];
  return NULL;
}

/* the file of lang/ of that name; NULL when there is none */
static Unit *lang_unit(Sema *s, const char *name)
{
  const char *path = arena_printf(s->arena, "lang/%s.rnn", name);
  Unit *u = find_unit(s, path, true);
  if (u) return u;
  const char *text = lang_text(s, name);
  if (!text) return NULL;
  return unit_load(s, parse(s->arena, s->diag, source_from_text(s->arena, path, text, strlen(text))), path, true);
}

static const char *beside(Sema *s, const Unit *u, const char *name)
{
  const char *slash = strrchr(u->path, '/');
  if (name[0] == '/' || !slash) return name;
  return arena_printf(s->arena, "%.*s/%s", (int)(slash - u->path), u->path, name);
}

static bool exists(const char *path)
{
  FILE *f = fopen(path, "rb");
  if (f) fclose(f);
  return f != NULL;
}

/* The file of that name beside u, or in a folder of the search path; NULL: there is none. */
static const char *find_file(Sema *s, const Unit *u, const char *name)
{
  const char *path = beside(s, u, name);
  if (find_unit(s, path, false) || exists(path)) return path;
  for (const char *const *folder = s->options->include; folder && *folder && name[0] != '/'; folder++) {
    path = arena_printf(s->arena, "%s/%s", *folder, name);
    if (exists(path)) return path;
  }
  return NULL;
}

/* import "cells.rnn" | import lstm: beside the importing file, in the folders of -I, then in lang/ */
static Unit *import_unit(Sema *s, const Unit *u, const Ast *import)
{
  const char *name = import->name, *dot = strrchr(name, '.');
  bool suffixed = dot && strcmp(dot, ".rnn") == 0;
  const char *bare = suffixed ? arena_copy(s->arena, name, (size_t)(dot - name)) : name;
  if (!u->embedded) {
    const char *path = find_file(s, u, suffixed ? name : arena_printf(s->arena, "%s.rnn", name));
    Unit *known = path ? find_unit(s, path, false) : NULL;
    if (known) return known;
    if (path) {
      Source *source = source_from_file(s->diag, s->arena, path, import->span);
      return source ? unit_load(s, parse(s->arena, s->diag, source), path, false) : NULL;
    }
  }
  Unit *lang = lang_unit(s, bare);
  if (lang) return lang;
  diag(s->diag, E_NO_IMPORT, import->span, "there is no file '%s' to import, neither beside %s%s nor in lang/",
       suffixed ? name : arena_printf(s->arena, "%s.rnn", name), u->path,
       s->options->include && *s->options->include ? ", in a folder of -I" : "");
  Names known = {0};
  for (const LangFile *l = s->options->lang; l && l->name; l++) vec_push(s->arena, &known, l->name);
  const char *near = nearest(bare, known.at, known.n);
  if (near) diag_suggest(s->diag, import->kid[0]->span, near);
  return NULL;
}

Unit *unit_load(Sema *s, const Ast *file, const char *path, bool embedded)
{
  Unit *u = ARENA_NEW(s->arena, Unit);
  u->path = path;
  u->file = file;
  u->embedded = embedded;
  vec_push(s->arena, &s->units, u);
  if (!embedded && s->options->read) vec_push(s->arena, s->options->read, path);
  bool itself = !has_models(file); /* then its sizes are the model's own */
  for (int i = 0; i < file->nkid; i++) {
    const Ast *item = file->kid[i];
    switch (item->kind) {
    case AST_CELL: define(s, &u->cells, item, "cell"); break;
    case AST_DEF: define(s, &u->defs, item, "def"); break;
    case AST_SIZE:
      if (!map_get(&u->sizes, item->name)) map_put(s->arena, &u->sizes, item->name, size_entry(s, u, item));
      else if (!itself) diag(s->diag, E_DEFINED_TWICE, item->span, "size '%s' is defined twice", item->name);
      break;
    case AST_IMPORT: {
      Unit *import = import_unit(s, u, item);
      if (import) vec_push(s->arena, &u->imports, import);
      break;
    }
    default: break;
    }
  }
  return u;
}

Unit *unit_prelude(Sema *s)
{
  if (!s->prelude) s->prelude = lang_unit(s, "prelude");
  return s->prelude;
}

Unit *unit_distributions(Sema *s) { return lang_unit(s, "distributions"); }

Unit *unit_of_cell(Sema *s, Unit *u, const char *name, const Ast **cell)
{
  if ((*cell = map_get(&u->cells, name))) return u;
  for (int i = 0; i < u->imports.n; i++)
    if ((*cell = map_get(&u->imports.at[i]->cells, name))) return u->imports.at[i];
  Unit *lang = lang_unit(s, name);
  if (lang && (*cell = map_get(&lang->cells, name))) return lang;
  return NULL;
}

Unit *unit_of_def(Sema *s, Unit *u, const char *name, const Ast **def)
{
  if ((*def = map_get(&u->defs, name))) return u;
  for (int i = 0; i < u->imports.n; i++)
    if ((*def = map_get(&u->imports.at[i]->defs, name))) return u->imports.at[i];
  Unit *prelude = unit_prelude(s);
  if (prelude && (*def = map_get(&prelude->defs, name))) return prelude;
  for (int i = 0; prelude && i < prelude->imports.n; i++)
    if ((*def = map_get(&prelude->imports.at[i]->defs, name))) return prelude->imports.at[i];
  return NULL;
}

Entry *unit_size(Unit *u, const char *name)
{
  Entry *e = map_get(&u->sizes, name);
  for (int i = 0; i < u->imports.n && !e; i++) e = map_get(&u->imports.at[i]->sizes, name);
  return e;
}

/* session.c: definitions come, take the place of others, and are taken back where the whole would not hold.
   Needs: tree.c for what a text defines. Leaves alone: evaluation (query.c). */
#include "session.h"
#include "lang_table.h"
#include <stdlib.h>
#include <string.h>

/* ---- lists of texts ---- */

bool strings_have(const Strings *s, const char *text)
{
  for (int i = 0; i < s->n; i++)
    if (!strcmp(s->at[i], text)) return true;
  return false;
}

void strings_add(Strings *s, const char *text)
{
  if (!strings_have(s, text)) strings_push(s, text);
}

void strings_push(Strings *s, const char *text)
{
  if (s->n == s->cap) s->at = realloc(s->at, sizeof *s->at * (size_t)(s->cap = s->cap ? 2 * s->cap : 8));
  if (!s->at || !(s->at[s->n++] = strdup(text))) abort();
}

void strings_free(Strings *s)
{
  for (int i = 0; i < s->n; i++) free(s->at[i]);
  free(s->at);
  *s = (Strings){0};
}

/* ---- a session ---- */

Session *session_new(void)
{
  Session *s = calloc(1, sizeof *s);
  if (!s) abort();
#define FIELD(name, otherwise, least, most, help) s->world.set.name = otherwise;
#include "prompt_settings.def"
#undef FIELD
  s->world.set.f64_precision = true;
  strcpy(s->world.scope, OWN_SCOPE);
  s->world.out = stdout;
  s->world.err = stderr;
  return s;
}

static void entry_free(Entry *e)
{
  for (int i = 0; i < e->items; i++) {
    free(e->item[i].scope);
    free(e->item[i].name);
    free(e->item[i].key);
    strings_free(&e->item[i].reads);
  }
  free(e->item);
  free(e->source);
  free(e->text);
  free(e->shown);
  free(e);
}

void session_changed(Session *s)
{
  if (s->compiled) {
    driver_close(s->compiled);
    free(s->compiled);
  }
  free(s->compiled_of);
  s->compiled = NULL;
  s->compiled_of = NULL;
  s->world.model = NULL;
  s->version++;
}

void session_reset(Session *s)
{
  session_changed(s);
  for (int i = 0; i < s->entries; i++) entry_free(s->entry[i]);
  s->entries = 0;
  strcpy(s->world.scope, OWN_SCOPE);
  rnn_tensor_file_free(&s->world.arrays);
  rnn_tensor_file_free(&s->world.weights);
  strings_free(&s->loaded);
  free(s->world.data);
  s->world.data = NULL;
}

void session_free(Session *s)
{
  session_reset(s);
  strings_free(&s->history);
  free(s->entry);
  free(s);
}

static void append(Session *s, Entry *e)
{
  if (s->entries == s->cap)
    s->entry = realloc(s->entry, sizeof *s->entry * (size_t)(s->cap = s->cap ? 2 * s->cap : 16));
  if (!s->entry) abort();
  s->entry[s->entries++] = e;
}

void session_drop(Session *s, Entry *e)
{
  int n = 0;
  for (int i = 0; i < s->entries; i++)
    if (s->entry[i] != e) s->entry[n++] = s->entry[i];
  s->entries = n;
  entry_free(e);
}

char *session_folder(const Session *s)
{
  for (int i = 0; i < s->entries; i++) {
    const Entry *e = s->entry[i];
    const char *slash = e->file ? strrchr(e->source, '/') : NULL;
    for (int k = 0; k < e->items && slash; k++)
      if (e->item[k].kind == AST_TRAIN && e->item[k].alive && !strcmp(e->item[k].scope, s->world.scope))
        return strndup(e->source, (size_t)(slash - e->source));
  }
  return NULL;
}

/* Entries of which nothing is alive. */
static void sweep(Session *s)
{
  for (int i = s->entries - 1; i >= 0; i--) {
    bool alive = false;
    for (int k = 0; k < s->entry[i]->items; k++) alive |= s->entry[i]->item[k].alive;
    if (!alive) session_drop(s, s->entry[i]);
  }
}

bool session_has_statements(const Session *s)
{
  for (int i = 0; i < s->entries; i++)
    for (int k = 0; k < s->entry[i]->items; k++) {
      const Item *item = &s->entry[i]->item[k];
      if (item->alive && item->scope && item->kind != AST_MODEL && !strcmp(item->scope, s->world.scope)) return true;
    }
  return false;
}

const Item *session_find(const Session *s, const char *name, Entry **entry)
{
  for (int i = s->entries - 1; i >= 0; i--)
    for (int k = 0; k < s->entry[i]->items; k++) {
      const Item *item = &s->entry[i]->item[k];
      if (!item->alive || !item->main || strcmp(item->name, name) ||
          (item->scope && strcmp(item->scope, s->world.scope)))
        continue;
      if (entry) *entry = s->entry[i];
      return item;
    }
  return NULL;
}

System *session_system(const Session *s, Arena *a, Diag *d, const Extra *extra)
{
  if (!session_has_statements(s)) return NULL;
  LowerOptions o = {.lang = lang_table};
  System *system = lower(a, d, tree_build(s, a, d, s->world.scope, extra), &o);
  return diag_errors(d) ? NULL : system;
}

/* ---- a new definition ---- */

/* Does the new item take the place of the old one? */
static bool replaces(const Item *new, const Item *old)
{
  if (old->scope && new->scope && strcmp(old->scope, new->scope)) return false;
  if (new->kind == AST_MODEL) return old->scope && !strcmp(old->scope, new->name);
  if (!strcmp(new->key, old->key)) return true;
  if (!*new->name || strcmp(new->name, old->name)) return false;
  bool callable = (new->kind == AST_CELL || new->kind == AST_DEF) && (old->kind == AST_CELL || old->kind == AST_DEF);
  if (callable || (new->main && old->main)) return true;
  return new->main && !new->indexed && old->kind == AST_EQUATION; /* boundaries of what is no series any more */
}

static void replace_all(Session *s, Entry *e, Item ***dead, int *n, Strings *names)
{
  for (int i = 0; i < s->entries; i++)
    for (int k = 0; s->entry[i] != e && k < s->entry[i]->items; k++) {
      Item *old = &s->entry[i]->item[k];
      bool gone = false;
      for (int m = 0; m < e->items && old->alive && !gone; m++) gone = replaces(&e->item[m], old);
      gone |= old->alive && e->file && s->entry[i]->file && !strcmp(e->source, s->entry[i]->source); /* loaded again */
      if (!gone) continue;
      old->alive = false;
      *dead = realloc(*dead, sizeof **dead * (size_t)(*n + 1));
      if (!*dead) abort();
      (*dead)[(*n)++] = old;
      if (*old->name) strings_add(names, old->name);
    }
}

static bool defines(const Entry *e, const char *name)
{
  for (int i = 0; i < e->items; i++)
    if (!strcmp(e->item[i].name, name)) return true;
  return false;
}

static void print_result(Session *s, const Entry *e, System *system, const Strings *redefined,
                         const Strings *dependents)
{
  Strings said = {0};
  if (redefined->n) {
    Text t = {0};
    for (int i = 0; i < redefined->n; i++) text_printf(&t, "%s%s", i ? ", " : "", redefined->at[i]);
    text_puts(&t, " redefined");
    int n = 0;
    for (int i = 0; i < dependents->n && n < 8; i++)
      if (!defines(e, dependents->at[i]))
        text_printf(&t, "%s%s", n++ ? ", " : "; what depends on it is compiled anew: ", dependents->at[i]);
    if (n == 8) text_puts(&t, ", ..");
    world_say(&s->world, "note", "%s", t.at);
    text_free(&t);
  }
  for (int i = 0; i < e->items && system && !e->file; i++) {
    const Item *item = &e->item[i];
    const Var *v = item->main && *item->name ? system_find(system, item->name) : NULL;
    if (!v || strings_have(&said, v->name)) continue;
    strings_add(&said, v->name);
    ShapeCtx *sizes = shape_ctx_new(system->arena);
    const char *index =
        v->dom & DOM_T && v->dom & DOM_S ? arena_printf(system->arena, "[%s, %s]", system->axis[0], system->axis[1])
        : v->dom & (DOM_T | DOM_S)       ? arena_printf(system->arena, "[%s]", system->axis[first_axis(v->dom)])
                                         : "";
    if (s->world.interactive)
      fprintf(s->world.err, "%s%s : %s\n", v->name, index, shape_text(sizes, system->arena, v->shape));
    if (s->world.results) {
      fprintf(s->world.results, "{\"kind\": \"definition\", \"name\": \"%s\", \"index\": \"%s\", \"type\": \"%s\"}\n",
              v->name, index, shape_text(sizes, system->arena, v->shape));
    }
  }
  strings_free(&said);
}

/* Once, not after each entry. */
static void say_missing(Session *s, const char *what)
{
  if (*what && strcmp(what, s->missing)) world_say(&s->world, "note", "to be completed: %s", what);
  snprintf(s->missing, sizeof s->missing, "%s", what);
}

/* What the model at hand is now: 0, or an exit code after messages. */
static int check_all(Session *s, const Entry *e, const Strings *redefined)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  System *system = session_system(s, a, d, NULL);
  Strings dependents = {0};
  int code = 0;
  if (diag_errors(d) && !diag_only_missing(d)) {
    diag_print(d, s->world.err, s->world.colour);
    code = EXIT_DIAGNOSTICS;
  } else {
    tree_dependents(s, s->world.scope, redefined, &dependents);
    print_result(s, e, system, redefined, &dependents);
    say_missing(s, diag_errors(d) ? diag_first(d) : "");
  }
  strings_free(&dependents);
  arena_free(a);
  return code;
}

static char *copy(const char *text)
{
  char *made = strdup(text);
  if (!made) abort();
  return made;
}

static int read_entry(Session *s, Entry *e)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  Source *source = source_shown_as(a, e->source, e->text, e->shown, strlen(e->text));
  Ast *file = parse(a, d, source);
  bool good = diag_errors(d) == 0;
  if (good) tree_items(e, file, s->world.scope);
  else diag_print(d, s->world.err, s->world.colour);
  arena_free(a);
  return good ? 0 : EXIT_DIAGNOSTICS;
}

int session_define(Session *s, const Defining *d)
{
  Entry *e = calloc(1, sizeof *e);
  if (!e) abort();
  *e = (Entry){.number = s->number,
               .source = copy(d->name),
               .text = copy(d->text),
               .shown = copy(d->shown ? d->shown : d->text),
               .file = d->file,
               .array = d->array};
  int code = read_entry(s, e), dead = 0;
  if (code || !e->items) {
    entry_free(e);
    return code;
  }
  Item **gone = NULL;
  Strings redefined = {0};
  char scope[sizeof s->world.scope];
  strcpy(scope, s->world.scope);
  append(s, e);
  for (int i = 0; i < e->items; i++)
    if (e->item[i].kind == AST_MODEL) snprintf(s->world.scope, sizeof s->world.scope, "%s", e->item[i].name);
    else if (e->item[i].scope && e->item[i].sub < 0) strcpy(s->world.scope, e->item[i].scope);
  replace_all(s, e, &gone, &dead, &redefined);
  code = check_all(s, e, &redefined);
  if (code) {
    for (int i = 0; i < dead; i++) gone[i]->alive = true;
    strcpy(s->world.scope, scope);
    session_drop(s, e);
  } else {
    sweep(s);
    session_changed(s);
  }
  free(gone);
  strings_free(&redefined);
  return code;
}

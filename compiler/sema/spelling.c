/* spelling.c: names that mean nothing: what may have been meant.
   Needs: the tables of functions. Leaves alone: everything else. */
#include "body.h"
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

static bool same_letters(const char *a, const char *b) /* case and underscores apart */
{
  for (;; a++, b++) {
    while (*a == '_') a++;
    while (*b == '_') b++;
    if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
    if (!*a) return true;
  }
}

const char *other_spelling(const char *name)
{
  static const struct {
    const char *there, *here;
  } table[] = {
#define SPELLING(there, here) {#there, here},
#include "spelling.def"
#undef SPELLING
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (same_letters(table[i].there, name)) return table[i].here;
  return NULL;
}

static const char *best_of(const char *name, const Names *known)
{
  for (int i = 0; i < known->n; i++)
    if (same_letters(known->at[i], name)) return known->at[i];
  return nearest(name, known->at, known->n);
}

static void note_place(Elab *x, Span at)
{
  if (x->frame && x->frame->def) diag_note(x->body->s->diag, at, "in %s", x->frame->def->name);
  note_uses(x->body);
}

void complain(Elab *x, DiagCode code, Span at, const char *hint, const char *format, ...)
{
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  diag(x->body->s->diag, code, here(x, at), "%s", text);
  if (hint) diag_note(x->body->s->diag, (Span){0}, "%s", hint);
  note_place(x, at);
}

void suggest_argument(Diag *d, const Ast *arg, const char *const *names, int n)
{
  const char *near = nearest(arg->name, names, n);
  if (near) diag_suggest(d, span_first(arg->span, strlen(arg->name)), near);
}

void suggest_formal(Diag *d, const Ast *arg, const Ast *formals)
{
  const char *names[64];
  int n = formals->nkid < 64 ? formals->nkid : 64;
  for (int i = 0; i < n; i++) names[i] = formals->kid[i]->name;
  suggest_argument(d, arg, names, n);
}

void say_undefined(Elab *x, Span at, const char *what, const char *name, const Names *known)
{
  Diag *d = x->body->s->diag;
  bool value = strcmp(what, "variable") == 0 || strcmp(what, "size") == 0;
  if (value && x->body->broken) return; /* its definition may be what did not parse */
  const char *near = best_of(name, known), *elsewhere = value ? NULL : other_spelling(name);
  DiagCode code = what[0] == 'v' ? E_NO_VARIABLE : what[0] == 's' ? E_NO_SIZE : E_NO_FUNCTION;
  if (value && !near) diag_missing(d, code, here(x, at), "there is no %s '%s'", what, name);
  else diag(d, code, here(x, at), "there is no %s '%s'", what, name);
  if (elsewhere && !(near && same_letters(near, name))) diag_note(d, (Span){0}, "here it is written %s", elsewhere);
  else if (near) diag_suggest(d, at, near);
  note_place(x, at);
}

static void names_of_cells(Elab *x, Names *out)
{
  Sema *s = x->body->s;
  Unit *u = x->body->unit;
  const Ast *cell;
  for (int i = -1; i < u->imports.n; i++) {
    const Map *m = i < 0 ? &u->cells : &u->imports.at[i]->cells;
    for (int k = 0; k < m->item.n; k++) vec_push(s->arena, out, m->item.at[k].key);
  }
  for (const LangFile *l = s->options->lang; l && l->name; l++)
    if (unit_of_cell(s, u, intern(s->arena, l->name), &cell)) vec_push(s->arena, out, l->name);
  vec_push(s->arena, out, "stack");
}

static void names_of_defs(Sema *s, const Unit *u, Names *out)
{
  for (int k = 0; u && k < u->defs.item.n; k++) vec_push(s->arena, out, u->defs.item.at[k].key);
}

void names_of_functions(Elab *x, Names *out)
{
  Sema *s = x->body->s;
  Unit *u = x->body->unit;
  for (int i = 0; builtin_name(i); i++) vec_push(s->arena, out, builtin_name(i));
  names_of_defs(s, u, out);
  for (int i = 0; i < u->imports.n; i++) names_of_defs(s, u->imports.at[i], out);
  const Unit *prelude = unit_prelude(s);
  names_of_defs(s, prelude, out);
  for (int i = 0; prelude && i < prelude->imports.n; i++) names_of_defs(s, prelude->imports.at[i], out);
  names_of_cells(x, out);
  for (int i = 0; i < x->body->entries.n; i++)
    if (x->body->entries.at[i]->kind == ENTRY_INSTANCE) vec_push(s->arena, out, x->body->entries.at[i]->name);
}

void names_of_values(Elab *x, Names *out)
{
  Sema *s = x->body->s;
  const Body *b = x->body;
  for (int i = 0; i < b->entries.n; i++) {
    const Entry *e = b->entries.at[i];
    if (e->kind != ENTRY_VAR || !e->var->implicit) vec_push(s->arena, out, e->name);
  }
  for (int k = 0; k < b->unit->sizes.item.n; k++) vec_push(s->arena, out, b->unit->sizes.item.at[k].key);
}

static bool same_digits(const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a && !isdigit((unsigned char)*a)) a++;
    while (*b && !isdigit((unsigned char)*b)) b++;
    if (*a != *b) return false;
    if (!*a) return true;
  }
}

/* A bare name that has no declaration is a parameter, unless it looks like a slip: the name of a function or a cell, or
   close to another name. Names are short and alike by nature (Wx, Wh, b1, b2): closeness counts from four letters on,
   with the same first letter and digits. */
bool near_value(Elab *x, const char *name)
{
  Sema *s = x->body->s;
  const Ast *def;
  Names known = {0}, alike = {0};
  int letters = 0;
  for (const char *c = name; *c; c++) letters += !isdigit((unsigned char)*c);
  if (is_builtin(name) || unit_of_def(s, x->body->unit, name, &def) ||
      is_cell_value(x, &(Ast){.kind = AST_NAME, .name = name}))
    return true;
  if (letters < 4) return false;
  names_of_values(x, &known);
  for (int i = 0; i < known.n; i++) {
    const char *other = known.at[i];
    if (tolower((unsigned char)other[0]) == tolower((unsigned char)name[0]) && same_digits(name, other))
      vec_push(s->arena, &alike, other);
  }
  return best_of(name, &alike) != NULL;
}

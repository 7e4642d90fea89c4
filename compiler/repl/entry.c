/* entry.c: an entry's statements: definitions that follow each other are taken together, expressions evaluated,
   commands carried out.
   Needs: statement.c to cut. Leaves alone: what each does. */
#include "command.h"
#include "query.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct Run { /* one entry being run */
  Session *s;
  const char *entry, *axis;
  char name[32];
  size_t from, to; /* definitions that wait; from == to: none */
} Run;

/* The text from `from` to `to` in its place, all before it blank. */
static char *in_place(const char *entry, size_t from, size_t to)
{
  char *text = strndup(entry, to);
  if (!text) abort();
  for (size_t i = 0; i < from; i++)
    if (text[i] != '\n') text[i] = ' ';
  return text;
}

static int define_waiting(Run *r)
{
  if (r->from == r->to) return 0;
  char *text = in_place(r->entry, r->from, r->to), *shown = strndup(r->entry, r->to);
  int code = session_define(r->s, &(Defining){.name = r->name, .text = text, .shown = shown});
  r->from = r->to = 0;
  free(text);
  free(shown);
  return code;
}

/* "h[1..20]" of the statement, on one line */
static char *title_of(const Run *r, const Statement *st)
{
  size_t from = st->from + (st->kind == STATEMENT_PLOT ? 4 : 0), to = st->to;
  while (r->entry[from] == ' ' || r->entry[from] == '\t') from++;
  char *title = strndup(r->entry + from, to - from);
  if (!title) abort();
  char *file = st->kind == STATEMENT_PLOT ? strrchr(title, '>') : NULL;
  if (file && strstr(file, ".svg")) *file = 0;
  for (char *c = title; *c; c++)
    if (*c == '\n') *c = ' ';
  for (size_t n = strlen(title); n && title[n - 1] == ' ';) title[--n] = 0;
  return title;
}

static bool stands_alone(const char *text)
{
  Arena *a = arena_new();
  Ast *file = parse_entry(a, diag_new(a), source_from_text(a, "", text, strlen(text)));
  bool alone = file->nkid == 1 && file->kid[0]->kind == AST_LONE;
  arena_free(a);
  return alone;
}

static int run_code(Run *r, const Statement *st)
{
  Query q = {.name = r->name, .wish = st->kind == STATEMENT_PLOT ? QUERY_PLOT : QUERY_PRINT};
  const char *why;
  char *axis = query_axis(r->s), *text = statement_text(r->entry, st, axis, &q.asked, &why), *shown = NULL,
       *title = NULL;
  int code = 0;
  free(axis);
  if (!text) code = define_waiting(r), code = code ? code : world_fail(&r->s->world, EXIT_DIAGNOSTICS, "%s", why);
  else if (st->kind == STATEMENT_PLOT || q.asked.range || stands_alone(text)) {
    code = define_waiting(r);
    q.text = text;
    q.shown = shown = strndup(r->entry, st->to);
    q.title = title = title_of(r, st);
    if (!code) code = !strcmp(title, "loss") ? query_loss(r->s) : query_run(r->s, &q);
  } else {
    if (r->from == r->to) r->from = st->from;
    r->to = st->to;
  }
  free(q.asked.file);
  free(text);
  free(shown);
  free(title);
  return code;
}

static int run_other(Run *r, const Statement *st)
{
  int code = define_waiting(r);
  if (code || st->kind == STATEMENT_EMPTY) return code;
  char *text = strndup(r->entry + st->from, st->to - st->from);
  code = st->kind == STATEMENT_ARRAY ? array_define(r->s, r->name, text) : command_run(r->s, r->name, text);
  free(text);
  return code;
}

int entry_run(Session *s, const char *entry)
{
  Run r = {.s = s, .entry = entry};
  int code = 0;
  s->number++;
  child_interrupted();
  snprintf(r.name, sizeof r.name, "entry %d", s->number);
  for (size_t at = 0; entry[at] && !code && !s->quit;) {
    Statement st = statement_next(entry, at);
    bool code_kind = st.kind == STATEMENT_CODE || st.kind == STATEMENT_PLOT;
    code = code_kind && st.to > st.from ? run_code(&r, &st) : run_other(&r, &st);
    at = st.to + (entry[st.to] != 0);
  }
  return code ? code : define_waiting(&r);
}

/* ---- for editors ---- */

static char *take(FILE *f)
{
  fflush(f);
  long n = ftell(f);
  char *text = calloc(1, n > 0 ? (size_t)n + 1 : 1);
  if (!text) abort();
  rewind(f);
  if (n > 0 && fread(text, 1, (size_t)n, f) != (size_t)n) text[0] = 0;
  fclose(f);
  return text;
}

int entry_run_json(Session *s, const char *entry, FILE *out)
{
  World *w = &s->world;
  FILE *was_out = w->out, *was_err = w->err;
  if (!(w->out = tmpfile()) || !(w->err = tmpfile()) || !(w->results = tmpfile())) abort();
  int code = entry_run(s, entry);
  char *text = take(w->out), *messages = take(w->err), *results = take(w->results);
  w->out = was_out;
  w->err = was_err;
  w->results = NULL;
  json_t *list = json_array();
  for (char *save = NULL, *line = strtok_r(results, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
    json_t *result = json_loads(line, JSON_ALLOW_NUL, NULL);
    if (result) json_array_append_new(list, result);
  }
  json_t *object = json_pack("{s:i, s:s%, s:b, s:i, s:o, s:s%, s:s%}", "entry", s->number, "input", entry,
                             strlen(entry), "ok", code == 0, "code", code, "results", list, "output", text,
                             strlen(text), "messages", messages, strlen(messages));
  char *line = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  fprintf(out, "%s\n", line ? line : "{\"ok\": false, \"messages\": \"the entry is no UTF-8 text\"}");
  fflush(out);
  free(line);
  json_decref(object);
  free(text);
  free(messages);
  free(results);
  return code;
}

/* diag_json.c: diagnostics for programs: one JSON object a line. What the fields mean is in docs/commands.md.
   Needs: jansson. */
#include "diag_entry.h"
#include "text.h"
#include <jansson.h>

enum { SCHEMA = 1 }; /* rises when a field changes its meaning or goes away */

static json_t *clean_string(const char *s)
{
  Text t = {0};
  text_puts(&t, "");
  clean_text(&t, s);
  json_t *made = json_string(t.at);
  text_free(&t);
  return made;
}

static json_t *place(const Source *s, int offset)
{
  Span at = {s, offset, offset};
  return json_pack("{s:i, s:i, s:i}", "line", span_line(at), "column", span_column(at), "offset", offset);
}

/* file and range; both null where there is no place */
static void put_place(json_t *o, Span at)
{
  json_object_set_new(o, "file", at.source ? clean_string(at.source->name) : json_null());
  json_object_set_new(o, "range",
                      at.source
                          ? json_pack("{s:o, s:o}", "from", place(at.source, at.from), "to", place(at.source, at.to))
                          : json_null());
}

static void write_line(FILE *out, json_t *o)
{
  json_dumpf(o, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
  fputc('\n', out);
  json_decref(o);
}

static json_t *head(const char *severity) { return json_pack("{s:i, s:s}", "schema", SCHEMA, "severity", severity); }

static json_t *object_of(const Entry *e)
{
  json_t *o = head(level_name(e->level)), *notes = json_array(), *suggestions = json_array();
  json_object_set_new(o, "code", json_string(diag_number(e->code)));
  json_object_set_new(o, "lint", lint_flag(e->code) ? json_string(lint_flag(e->code)) : json_null());
  json_object_set_new(o, "title", json_string(diag_title(e->code)));
  json_object_set_new(o, "message", clean_string(e->sentence));
  put_place(o, e->at);
  for (int i = 0; i < e->notes.n; i++) {
    json_t *note = json_object();
    json_object_set_new(note, "message", clean_string(e->notes.at[i]->sentence));
    put_place(note, e->notes.at[i]->at);
    json_array_append_new(notes, note);
  }
  if (e->fix.at.source) {
    json_t *fix = json_object();
    put_place(fix, e->fix.at);
    json_object_set_new(fix, "text", clean_string(e->fix.text));
    json_array_append_new(suggestions, fix);
  }
  json_object_set_new(o, "notes", notes);
  json_object_set_new(o, "suggestions", suggestions);
  return o;
}

void print_json(const Diag *d, FILE *out)
{
  for (int i = 0; i < d->entries.n; i++) write_line(out, object_of(d->entries.at[i]));
  if (d->cut) {
    json_t *o = head("error");
    json_object_set_new(o, "code", json_null());
    json_object_set_new(o, "message", json_sprintf("too many errors: the first %d are shown", DIAG_LIMIT));
    write_line(out, o);
  }
}

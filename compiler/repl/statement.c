/* statement.c: an entry cut into statements. The parser says where one ends; what the language does not have is seen
   here: commands, arrays, plots, places a..b.
   Needs: the entry's text. Leaves alone: meanings. */
#include "statement.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

static const char *skip_blanks(const char *c)
{
  while (*c == ' ' || *c == '\t' || *c == '\r') c++;
  return c;
}

static const char *name_end(const char *c)
{
  if (isdigit((unsigned char)*c)) return c;
  while (is_name(*c)) c++;
  return c;
}

/* past a string or a comment that starts at c; else c */
static const char *skip_quoted(const char *c)
{
  if (*c == '#')
    while (*c && *c != '\n') c++;
  else if (*c == '"') {
    for (c++; *c && *c != '"' && *c != '\n'; c++)
      if (*c == '\\' && c[1] && c[1] != '\n') c++;
    if (*c == '"') c++;
  }
  return c;
}

/* ---- what a statement is ---- */

/* x = [ or x[t] = [ */
static bool starts_array(const char *c)
{
  const char *end = name_end(c);
  if (end == c) return false;
  end = skip_blanks(end);
  if (*end == '[') {
    const char *index = skip_blanks(end + 1);
    end = skip_blanks(name_end(index));
    if (end == index || *end != ']') return false;
    end = skip_blanks(end + 1);
  }
  return *end == '=' && *skip_blanks(end + 1) == '[';
}

static bool starts_plot(const char *c)
{
  if (strncmp(c, "plot", 4) || (c[4] != ' ' && c[4] != '\t')) return false;
  c = skip_blanks(c + 4);
  return *c && !strchr("=~:\n;#", *c);
}

static StatementKind kind_of(const char *c)
{
  if (!*c || *c == '#') return STATEMENT_EMPTY;
  if (*c == ':') return STATEMENT_COMMAND;
  if (starts_array(c)) return STATEMENT_ARRAY;
  return starts_plot(c) ? STATEMENT_PLOT : STATEMENT_CODE;
}

static int open_brackets(const char *from, const char *to)
{
  int open = 0;
  for (const char *c = from; c < to;) {
    const char *past = skip_quoted(c);
    if (past > c) {
      c = past;
      continue;
    }
    open += *c == '[' ? 1 : *c == ']' ? -1 : 0;
    c++;
  }
  return open;
}

static bool goes_on(const char *entry, Statement *st)
{
  if (st->kind == STATEMENT_ARRAY) return open_brackets(entry + st->from, entry + st->to) > 0;
  Asked asked;
  const char *why;
  char *text = statement_text(entry, st, "t", &asked, &why);
  bool more = text && parse_state(text + st->from) == PARSE_INCOMPLETE;
  free(text);
  free(asked.file);
  return more;
}

Statement statement_next(const char *entry, size_t at)
{
  while (entry[at] && (isspace((unsigned char)entry[at]) || entry[at] == ';')) at++;
  Statement st = {.kind = kind_of(entry + at), .from = at, .to = at};
  const char *c = entry + at;
  for (;;) {
    const char *past = st.kind == STATEMENT_COMMAND ? c : skip_quoted(c);
    if (past > c) {
      c = past;
      continue;
    }
    if (*c && *c != '\n' && (*c != ';' || st.kind == STATEMENT_COMMAND)) {
      c++;
      continue;
    }
    st.to = (size_t)(c - entry);
    if (st.kind == STATEMENT_EMPTY || st.kind == STATEMENT_COMMAND) return st;
    if (!goes_on(entry, &st)) return st;
    if (!*c) {
      st.open = true;
      return st;
    }
    c++;
  }
}

bool statement_open(const char *entry)
{
  Statement st = {0};
  for (size_t at = 0; entry[at]; at = st.to) {
    st = statement_next(entry, at);
    if (st.to == at && !entry[at]) break;
  }
  return st.open;
}

/* ---- as the parser takes it ---- */

static void blank(char *from, const char *to)
{
  for (; from < to; from++)
    if (*from != '\n') *from = ' ';
}

/* `> name` at the end, outside of brackets, where the name looks like a file's */
static char *take_file(char *text, char *end)
{
  char *at = NULL;
  int depth = 0;
  for (char *c = text; c < end; c++) {
    depth += *c == '(' || *c == '[' ? 1 : *c == ')' || *c == ']' ? -1 : 0;
    if (*c == '>' && depth == 0) at = c;
  }
  if (!at) return NULL;
  char *from = at + 1, *to = end;
  while (from < to && isspace((unsigned char)*from)) from++;
  while (to > from && isspace((unsigned char)to[-1])) to--;
  bool quoted = to - from > 1 && *from == '"' && to[-1] == '"';
  if (quoted) from++, to--;
  if (to - from < 5 || strncmp(to - 4, ".svg", 4)) return NULL;
  char *name = strndup(from, (size_t)(to - from));
  blank(at, end);
  return name;
}

static bool is_part(const char *c, const char **end, long *value, bool *last)
{
  c = skip_blanks(c);
  *last = *c == 'T' && !is_name(c[1]);
  *value = 0;
  if (*last) {
    const char *minus = skip_blanks(++c);
    if (*minus == '-') {
      char *past;
      *value = strtol(skip_blanks(minus + 1), &past, 10);
      c = past;
    }
  } else if (isdigit((unsigned char)*c)) {
    char *past;
    *value = strtol(c, &past, 10);
    c = past;
  } else return false;
  *end = skip_blanks(c);
  return true;
}

/* a..b between '[' and ']': becomes the axis' name. Ranges of one expression are equal. */
static bool take_ranges(char *text, const char *end, const char *axis, Asked *asked, const char **why)
{
  for (char *c = text; c < end; c++) {
    const char *past = skip_quoted(c), *stop;
    if (past > c) {
      c = (char *)past - 1;
      continue;
    }
    if (*c != '[') continue;
    long from, to;
    bool from_end, to_end;
    if (!is_part(c + 1, &stop, &from, &from_end) || strncmp(stop, "..", 2)) continue;
    const char *wrong = NULL;
    if (from_end || !is_part(stop + 2, &stop, &to, &to_end) || (*stop != ']' && *stop != ','))
      wrong = "a range of places is written a..b, with numbers, such as h[1..20] or h[5..T]";
    else if (from < 1) wrong = "places are counted from 1";
    else if (!to_end && to < from) wrong = "the range ends before it starts";
    else if (asked->range &&
             (asked->from != from || (to_end ? asked->to != 0 || asked->before_end != to : asked->to != to)))
      wrong = "the ranges of one expression have to be equal";
    if (wrong) {
      *why = wrong;
      return false;
    }
    asked->range = true;
    asked->from = from;
    asked->to = to_end ? 0 : to;
    asked->before_end = to_end ? to : 0;
    if ((size_t)(stop - c - 1) < strlen(axis)) axis = "t";
    blank(c + 1, stop);
    memcpy(c + 1, axis, strlen(axis));
  }
  return true;
}

char *statement_text(const char *entry, const Statement *st, const char *axis, Asked *asked, const char **why)
{
  *asked = (Asked){0};
  *why = NULL;
  char *text = strndup(entry, st->to);
  if (!text) abort();
  char *start = text + st->from, *end = text + st->to;
  blank(text, start);
  if (st->kind == STATEMENT_PLOT) {
    blank(start, start + 4);
    asked->file = take_file(start, end);
  }
  if (take_ranges(start, end, axis, asked, why)) return text;
  free(text);
  return NULL;
}

char *statement_shown(const char *entry, const Statement *st)
{
  char *text = strndup(entry, st->to);
  if (!text) abort();
  return text;
}

/* diag.c: source files, spans, and what is reported.
   Needs: utf8proc, for the width of characters. Leaves: the sources as they are; printing to diag_print.c and
   diag_json.c. */
#include "diag_entry.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utf8proc.h>

#define SOURCE_BYTES ((size_t)16 << 20) /* the largest source file */

/* sources */

Source *source_from_text(Arena *a, const char *name, const char *text, size_t n)
{
  assert(n < INT_MAX);
  Source *s = ARENA_NEW(a, Source);
  s->name = arena_copy(a, name, strlen(name));
  s->text = s->shown = arena_copy(a, text, n);
  s->n = (int)n;
  s->lines = 1;
  for (size_t i = 0; i < n; i++) s->lines += text[i] == '\n';
  s->line = ARENA_ARRAY(a, int, s->lines);
  for (int i = 0, l = 1; i < s->n; i++)
    if (text[i] == '\n') s->line[l++] = i + 1;
  return s;
}

Source *source_shown_as(Arena *a, const char *name, const char *text, const char *shown, size_t n)
{
  Source *s = source_from_text(a, name, text, n);
  s->shown = arena_copy(a, shown, n);
  return s;
}

/* the whole of f, at most SOURCE_BYTES + 1 bytes of it; NULL with errno set when reading fails */
static char *read_all(FILE *f, size_t *n)
{
  size_t cap = 1 << 16;
  char *bytes = malloc(cap);
  *n = 0;
  while (bytes) {
    *n += fread(bytes + *n, 1, cap - *n, f);
    if (ferror(f)) {
      int why = errno;
      free(bytes);
      errno = why;
      return NULL;
    }
    if (*n < cap || *n > SOURCE_BYTES) return bytes;
    char *more = realloc(bytes, cap * 2);
    if (!more) free(bytes);
    bytes = more;
    cap *= 2;
  }
  errno = ENOMEM;
  return NULL;
}

static Source *source_from_stream(Diag *d, Arena *a, const char *path, const char *name, FILE *f, Span from)
{
  struct stat st;
  if (!fstat(fileno(f), &st) && S_ISDIR(st.st_mode)) {
    diag(d, E_FILE, from, "'%s' is a directory, not a source file", path);
    return NULL;
  }
  size_t n;
  char *bytes = read_all(f, &n);
  Source *s = NULL;
  if (!bytes) diag(d, E_FILE, from, "cannot read '%s': %m", path);
  else if (n > SOURCE_BYTES) diag(d, E_FILE, from, "'%s' is larger than 16 MB, the limit for a source file", path);
  else s = source_from_text(a, name, bytes, n);
  free(bytes);
  return s;
}

Source *source_from_file(Diag *d, Arena *a, const char *path, Span from)
{
  if (!strcmp(path, "-")) return source_from_stream(d, a, path, "<stdin>", stdin, from);
  FILE *f = fopen(path, "rb");
  if (!f) {
    if (errno == ENOENT) diag(d, E_FILE, from, "there is no file '%s'", path);
    else if (errno == EACCES) diag(d, E_FILE, from, "no permission to read '%s'", path);
    else diag(d, E_FILE, from, "cannot open '%s': %m", path);
    return NULL;
  }
  Source *s = source_from_stream(d, a, path, path, f, from);
  fclose(f);
  return s;
}

const char *source_name(const Source *s) { return s->name; }

const char *source_text(const Source *s, size_t *n)
{
  if (n) *n = (size_t)s->n;
  return s->text;
}

/* spans */

int line_of(const Source *s, int offset)
{
  int low = 0, high = s->lines - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (s->line[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

int line_end(const Source *s, int line)
{
  int end = line + 1 < s->lines ? s->line[line + 1] - 1 : s->n;
  if (end > s->line[line] && s->text[end - 1] == '\r') end--;
  return end;
}

int char_at(const Source *s, int offset, int end, int32_t *c)
{
  utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s->shown + offset, end - offset, c);
  if (n > 0) return (int)n;
  *c = -1;
  return 1;
}

int span_line(Span s) { return s.source ? line_of(s.source, s.from) + 1 : 0; }

int span_column(Span s)
{
  if (!s.source) return 0;
  int column = 1;
  utf8proc_int32_t c;
  for (int i = s.source->line[line_of(s.source, s.from)]; i < s.from; column++) i += char_at(s.source, i, s.from, &c);
  return column;
}

Span span_join(Span a, Span b)
{
  if (!a.source) return b;
  if (a.source != b.source) return a;
  return (Span){a.source, a.from < b.from ? a.from : b.from, a.to > b.to ? a.to : b.to};
}

/* reporting */

Diag *diag_new(Arena *a)
{
  Diag *d = ARENA_NEW(a, Diag);
  d->arena = a;
  d->style = diag_style();
  return d;
}

static int source_order(Diag *d, const Source *s)
{
  for (int i = 0; i < d->sources.n; i++)
    if (d->sources.at[i] == s) return i;
  vec_push(d->arena, &d->sources, s);
  return d->sources.n - 1;
}

static const char *sentence(Diag *d, const char *format, va_list args)
{
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  char *s = arena_alloc(d->arena, (size_t)(n < 0 ? 0 : n) + 1);
  if (n > 0) vsnprintf(s, (size_t)n + 1, format, again);
  va_end(again);
  return s;
}

static Entry *entry_new(Diag *d, Level level, DiagCode code, Span at, const char *what)
{
  Entry *e = ARENA_NEW(d->arena, Entry);
  e->level = level;
  e->code = code;
  e->at = at;
  e->sentence = what;
  return e;
}

static void report(Diag *d, Level level, DiagCode code, Span at, const char *format, va_list args)
{
  if (level == ERROR) d->errors++;
  if (level == ERROR ? d->kept >= DIAG_LIMIT : d->entries.n - d->kept >= DIAG_LIMIT) {
    if (level == ERROR) d->cut = true;
    d->last = NULL;
    return;
  }
  Entry *e = entry_new(d, level, code, at, sentence(d, format, args));
  e->source = source_order(d, at.source);
  e->order = d->entries.n;
  vec_push(d->arena, &d->entries, e);
  d->kept += level == ERROR;
  d->last = e;
}

void diag(Diag *d, DiagCode code, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(d, ERROR, code, at, format, args);
  va_end(args);
}

void diag_missing(Diag *d, DiagCode code, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(d, ERROR, code, at, format, args);
  va_end(args);
  d->missing++;
}

const char *diag_first(const Diag *d)
{
  for (int i = 0; i < d->entries.n; i++)
    if (d->entries.at[i]->level == ERROR) return d->entries.at[i]->sentence;
  return NULL;
}

bool diag_only_missing(const Diag *d) { return d->errors > 0 && d->errors == d->missing; }

void diag_warn(Diag *d, DiagCode code, Span at, const char *format, ...)
{
  if (!d->style.lint[code]) {
    d->last = NULL;
    return;
  }
  va_list args;
  va_start(args, format);
  report(d, d->style.warnings_are_errors ? ERROR : WARNING, code, at, format, args);
  va_end(args);
}

void diag_note(Diag *d, Span at, const char *format, ...)
{
  if (!d->last) return;
  va_list args;
  va_start(args, format);
  Entry *e = entry_new(d, NOTE, d->last->code, at, sentence(d, format, args));
  va_end(args);
  vec_push(d->arena, &d->last->notes, e);
}

void diag_fix(Diag *d, Span at, const char *text)
{
  if (d->last && at.source) d->last->fix = (Fix){at, arena_copy(d->arena, text, strlen(text))};
}

void diag_suggest(Diag *d, Span at, const char *text)
{
  diag_note(d, (Span){0}, "did you mean '%s'?", text);
  diag_fix(d, at, text);
}

int diag_errors(const Diag *d) { return d->errors; }

bool diag_lint_on(const Diag *d, DiagCode c) { return d->style.lint[c]; }

void diag_use(Diag *d, const DiagStyle *s) { d->style = s ? *s : diag_style(); }

/* in order of source and place */

static int by_place(const void *x, const void *y)
{
  const Entry *a = *(Entry *const *)x, *b = *(Entry *const *)y;
  if (a->source != b->source) return a->source < b->source ? -1 : 1;
  if (a->at.from != b->at.from) return a->at.from < b->at.from ? -1 : 1;
  return a->order < b->order ? -1 : 1;
}

/* an earlier one says the same of the same place */
static bool repeats(const Diag *d, int i)
{
  const Entry *e = d->entries.at[i];
  for (int k = i - 1; k >= 0; k--) {
    const Entry *before = d->entries.at[k];
    if (before->source != e->source || before->at.from != e->at.from) return false;
    if (same_place(before->at, e->at) && !strcmp(before->sentence, e->sentence)) return true;
  }
  return false;
}

static void diag_sort(Diag *d)
{
  if (d->entries.n) qsort(d->entries.at, (size_t)d->entries.n, sizeof(Entry *), by_place);
  int kept = 0;
  for (int i = 0; i < d->entries.n; i++) d->entries.at[i]->said_before = repeats(d, i);
  for (int i = 0; i < d->entries.n; i++)
    if (!d->entries.at[i]->said_before) d->entries.at[kept++] = d->entries.at[i];
  d->entries.n = kept;
}

static void diag_forget(Diag *d)
{
  d->entries.n = d->kept = 0;
  d->cut = false;
  d->last = NULL;
}

void diag_print(Diag *d, FILE *out, bool colour)
{
  diag_sort(d);
  if (d->style.form == DIAG_JSON) print_json(d, out);
  else print_text(d, out, colour, d->style.form == DIAG_SHORT);
  diag_forget(d);
}

/* diag.c: source files, spans, and how an error looks.
   Needs: utf8proc, for the width of characters. Leaves: the sources as they are; what is printed holds no raw control
   bytes.

   A line is shown as it stands, tabs widened, with the range under it; a long line is cut to the part around the range.
 */
#include "diag.h"
#include "text.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utf8proc.h>

#define SOURCE_BYTES ((size_t)16 << 20) /* the largest source file */
#define TAB 4                           /* a tab goes to the next multiple */
#define SHOWN_BEFORE 100                /* columns of a long line shown before the range, */
#define SHOWN 160                       /* and in all */

struct Source {
  const char *name, *text;
  const char *shown; /* in excerpts: the text, but for source_shown_as */
  int n, lines;
  int *line; /* the offset at which each line starts */
};

typedef enum Level { ERROR, WARNING, NOTE } Level;

typedef struct Entry Entry;
struct Entry {
  Level level;
  Span at;
  const char *sentence;
  int source, order; /* when its source was first named; when it was reported */
  Vec(Entry *) notes;
};

struct Diag {
  Arena *arena;
  Vec(Entry *) entries;
  Vec(const Source *) sources;
  Entry *last; /* the one that notes join; NULL while past the limit */
  int errors;  /* reported so far; printing does not change it */
  int missing; /* of these, by diag_missing */
  int kept;    /* errors among the entries */
  bool cut;    /* some were not kept */
};

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
    diag(d, from, "'%s' is a directory, not a source file", path);
    return NULL;
  }
  size_t n;
  char *bytes = read_all(f, &n);
  Source *s = NULL;
  if (!bytes) diag(d, from, "cannot read '%s': %m", path);
  else if (n > SOURCE_BYTES) diag(d, from, "'%s' is larger than 16 MB, the limit for a source file", path);
  else s = source_from_text(a, name, bytes, n);
  free(bytes);
  return s;
}

Source *source_from_file(Diag *d, Arena *a, const char *path, Span from)
{
  if (!strcmp(path, "-")) return source_from_stream(d, a, path, "<stdin>", stdin, from);
  FILE *f = fopen(path, "rb");
  if (!f) {
    if (errno == ENOENT) diag(d, from, "there is no file '%s'", path);
    else if (errno == EACCES) diag(d, from, "no permission to read '%s'", path);
    else diag(d, from, "cannot open '%s': %m", path);
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

static int line_of(const Source *s, int offset)
{
  int low = 0, high = s->lines - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (s->line[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/* one past the line's last byte; its line end is not part of it */
static int line_end(const Source *s, int line)
{
  int end = line + 1 < s->lines ? s->line[line + 1] - 1 : s->n;
  if (end > s->line[line] && s->text[end - 1] == '\r') end--;
  return end;
}

/* the character at offset: its bytes; *c is -1 where they are no UTF-8 */
static int char_at(const Source *s, int offset, int end, utf8proc_int32_t *c)
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

static Entry *entry_new(Diag *d, Level level, Span at, const char *what)
{
  Entry *e = ARENA_NEW(d->arena, Entry);
  e->level = level;
  e->at = at;
  e->sentence = what;
  return e;
}

static void report(Diag *d, Level level, Span at, const char *format, va_list args)
{
  if (level == ERROR) d->errors++;
  if (level == ERROR ? d->kept >= DIAG_LIMIT : d->entries.n - d->kept >= DIAG_LIMIT) {
    if (level == ERROR) d->cut = true;
    d->last = NULL;
    return;
  }
  Entry *e = entry_new(d, level, at, sentence(d, format, args));
  e->source = source_order(d, at.source);
  e->order = d->entries.n;
  vec_push(d->arena, &d->entries, e);
  d->kept += level == ERROR;
  d->last = e;
}

void diag(Diag *d, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(d, ERROR, at, format, args);
  va_end(args);
}

void diag_missing(Diag *d, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(d, ERROR, at, format, args);
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

void diag_warn(Diag *d, Span at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  report(d, WARNING, at, format, args);
  va_end(args);
}

void diag_note(Diag *d, Span at, const char *format, ...)
{
  if (!d->last) return;
  va_list args;
  va_start(args, format);
  Entry *e = entry_new(d, NOTE, at, sentence(d, format, args));
  va_end(args);
  vec_push(d->arena, &d->last->notes, e);
}

int diag_errors(const Diag *d) { return d->errors; }

/* printing */

typedef struct Painter {
  FILE *out;
  bool colour;
} Painter;

static void paint(const Painter *p, const char *code)
{
  if (p->colour) fprintf(p->out, "\033[%sm", code);
}

/* width on a terminal; -1 for what must not reach one as it is: controls, text-direction marks, bytes that are no UTF-8
 */
static int shown_width(utf8proc_int32_t c)
{
  if (c < 0) return -1;
  utf8proc_category_t kind = utf8proc_category(c);
  if (kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_ZL ||
      kind == UTF8PROC_CATEGORY_ZP)
    return -1;
  return utf8proc_charwidth(c);
}

/* The source line of the span, and a line that marks the range; both are built side by side. */
static void print_excerpt(const Painter *p, Span at)
{
  const Source *s = at.source;
  int line = line_of(s, at.from), begin = s->line[line], end = line_end(s, line);
  int from = at.from < end ? at.from : end, to = at.to < end ? at.to : end;
  Text shown = {0}, mark = {0};
  text_puts(&shown, "");
  text_puts(&mark, "");

  int start = begin;
  if (from - begin > SHOWN_BEFORE) {
    start = from - SHOWN_BEFORE;
    while (start < from && ((unsigned char)s->text[start] & 0xc0) == 0x80) start++;
    text_puts(&shown, "...");
    text_puts(&mark, "   ");
  }
  int column = 0;
  bool cut = false;
  for (int i = start, n; i < end; i += n) {
    if (column >= SHOWN) {
      cut = true;
      break;
    }
    utf8proc_int32_t c;
    n = char_at(s, i, end, &c);
    int width = c == '\t' ? TAB - column % TAB : shown_width(c);
    if (c == '\t') {
      text_printf(&shown, "%*s", width, "");
    } else if (width < 0) {
      width = 1;
      text_puts(&shown, "\xef\xbf\xbd"); /* U+FFFD */
    } else {
      text_write(&shown, s->shown + i, (size_t)n);
    }
    bool inside = i >= from && (i < to || i == from);
    for (int k = 0; k < width; k++) text_puts(&mark, inside ? "^" : " ");
    column += width;
  }
  if (from >= end) text_puts(&mark, "^");
  while (mark.n && mark.at[mark.n - 1] == ' ') mark.at[--mark.n] = 0;

  fprintf(p->out, "%s%s\n", shown.at, cut ? "..." : "");
  paint(p, "1;32");
  fputs(mark.at, p->out);
  paint(p, "0");
  fputc('\n', p->out);
  text_free(&shown);
  text_free(&mark);
}

/* Names and sentences may quote the source: the same care as in the excerpt. */
static void print_clean(const Painter *p, const char *s)
{
  utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(s), n;
  for (; left > 0; s += n, left -= n) {
    utf8proc_int32_t c;
    n = utf8proc_iterate((const utf8proc_uint8_t *)s, left, &c);
    if (n <= 0) n = 1, c = -1;
    if (shown_width(c) < 0) fputs("\xef\xbf\xbd", p->out);
    else fwrite(s, 1, (size_t)n, p->out);
  }
}

static void print_entry(const Painter *p, const Entry *e, bool excerpt)
{
  static const char *const word[] = {"error", "warning", "note"}, *const colour[] = {"1;31", "1;35", "1;36"};
  paint(p, "1");
  if (e->at.source) {
    print_clean(p, e->at.source->name);
    fprintf(p->out, ":%d:%d: ", span_line(e->at), span_column(e->at));
  } else {
    fputs("rnnc: ", p->out);
  }
  paint(p, colour[e->level]);
  fprintf(p->out, "%s: ", word[e->level]);
  paint(p, "0");
  if (e->level != NOTE) paint(p, "1");
  print_clean(p, e->sentence);
  if (e->level != NOTE) paint(p, "0");
  fputc('\n', p->out);
  if (excerpt && e->at.source) print_excerpt(p, e->at);
}

static bool same_place(Span a, Span b) { return a.source == b.source && a.from == b.from && a.to == b.to; }

/* A note without a place of its own is about the place of its diagnostic, which was shown just above. */
static void print_with_notes(const Painter *p, const Entry *e)
{
  print_entry(p, e, true);
  for (int i = 0; i < e->notes.n; i++) {
    Entry note = *e->notes.at[i];
    bool here = !note.at.source || same_place(note.at, e->at);
    if (here) note.at = e->at;
    print_entry(p, &note, !here);
  }
}

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

void diag_print(Diag *d, FILE *out, bool colour)
{
  Painter p = {out, colour};
  if (d->entries.n) qsort(d->entries.at, (size_t)d->entries.n, sizeof(Entry *), by_place);
  for (int i = 0; i < d->entries.n; i++)
    if (!repeats(d, i)) print_with_notes(&p, d->entries.at[i]);
  if (d->cut) fprintf(out, "too many errors: the first %d are shown\n", DIAG_LIMIT);
  d->entries.n = d->kept = 0;
  d->cut = false;
  d->last = NULL;
}

/* near names */

#define NAME_BYTES 64 /* longer names get no suggestion */

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }
static int least(int a, int b) { return a < b ? a : b; }

/* Edits that lead from a to b: a letter put in, taken out, replaced, or two neighbours exchanged. Case does not count.
 */
static int distance(const char *a, int na, const char *b, int nb)
{
  int row[3][NAME_BYTES + 1]; /* three rows of the usual table, used in turn */
  for (int j = 0; j <= nb; j++) row[0][j] = j;
  for (int i = 1; i <= na; i++) {
    int *now = row[i % 3], *one = row[(i + 2) % 3], *two = row[(i + 1) % 3];
    now[0] = i;
    for (int j = 1; j <= nb; j++) {
      int x = lower(a[i - 1]), y = lower(b[j - 1]);
      now[j] = least(least(one[j] + 1, now[j - 1] + 1), one[j - 1] + (x != y));
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2])) now[j] = least(now[j], two[j - 2] + 1);
    }
  }
  return row[na % 3][nb];
}

const char *nearest(const char *name, const char *const *candidates, int n)
{
  size_t length = strlen(name);
  if (length > NAME_BYTES) return NULL;
  int best = length < 2 ? 0 : least((int)length - 1, length / 3 > 1 ? (int)(length / 3) : 1);
  const char *near = NULL;
  for (int i = 0; i < n; i++) {
    size_t m = strlen(candidates[i]);
    if (m > NAME_BYTES || !strcmp(name, candidates[i])) continue;
    int far = distance(name, (int)length, candidates[i], (int)m);
    if (far > best) continue;
    near = candidates[i];
    best = far - 1; /* of equals the first one stays */
    if (best < 0) break;
  }
  return near;
}

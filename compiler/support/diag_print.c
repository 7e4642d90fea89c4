/* diag_print.c: how a diagnostic looks on a terminal.
   Needs: utf8proc, for the width of characters. Leaves: what is printed holds no raw control bytes.

   A line is shown as it stands, tabs widened, with the range under it; a long line is cut to the part around the range.
 */
#include "diag_entry.h"
#include "text.h"
#include <string.h>
#include <utf8proc.h>

#define TAB 4                   /* a tab goes to the next multiple */
#define SHOWN_BEFORE 100        /* columns of a long line shown before the range, */
#define SHOWN 160               /* and in all */
#define REPLACED "\xef\xbf\xbd" /* U+FFFD */

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
      text_puts(&shown, REPLACED);
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

void clean_text(Text *out, const char *s)
{
  utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(s), n;
  for (; left > 0; s += n, left -= n) {
    utf8proc_int32_t c;
    n = utf8proc_iterate((const utf8proc_uint8_t *)s, left, &c);
    if (n <= 0) n = 1, c = -1;
    if (shown_width(c) < 0) text_puts(out, REPLACED);
    else text_write(out, s, (size_t)n);
  }
}

static void print_clean(const Painter *p, const char *s)
{
  Text t = {0};
  text_puts(&t, "");
  clean_text(&t, s);
  fputs(t.at, p->out);
  text_free(&t);
}

static void print_place(const Painter *p, Span at)
{
  if (at.source) {
    print_clean(p, at.source->name);
    fprintf(p->out, ":%d:%d: ", span_line(at), span_column(at));
  } else {
    fputs("rnnc: ", p->out);
  }
}

static void print_entry(const Painter *p, const Entry *e, bool excerpt)
{
  static const char *const colour[] = {"1;31", "1;35", "1;36"};
  paint(p, "1");
  print_place(p, e->at);
  paint(p, colour[e->level]);
  if (e->level == NOTE) fputs("note: ", p->out);
  else fprintf(p->out, "%s[%s]: ", level_name(e->level), diag_number(e->code));
  paint(p, "0");
  if (e->level != NOTE) paint(p, "1");
  print_clean(p, e->sentence);
  if (e->level != NOTE) paint(p, "0");
  fputc('\n', p->out);
  if (excerpt && e->at.source) print_excerpt(p, e->at);
}

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

void print_text(const Diag *d, FILE *out, bool colour, bool brief)
{
  Painter p = {out, colour};
  for (int i = 0; i < d->entries.n; i++)
    if (brief) print_entry(&p, d->entries.at[i], false);
    else print_with_notes(&p, d->entries.at[i]);
  if (d->cut) fprintf(out, "too many errors: the first %d are shown\n", DIAG_LIMIT);
}

/* format_lines.c: words to lines, and how far each is indented. A line that goes on stands behind the bracket that is
   open, or two columns further in where that bracket ends its line; else behind the '=' of its statement. */
#include "format.h"
#include "parse.tab.h"
#include <string.h>

static int column_of(const Format *f, int offset)
{
  int from = offset;
  while (from > 0 && f->text[from - 1] != '\n') from--;
  return text_width(f->text + from, offset - from);
}

/* The '=' or '~' of a statement that is whole on this line. */
static void find_sign(const Format *f, Line *l, bool whole)
{
  l->sign = -1;
  for (int i = l->first; i < l->first + l->n; i++) {
    const Word *w = &f->words.at[i];
    if (w->semicolon || w->kind == '{' || w->kind == '}' || (w->setting && i > l->first)) whole = false;
    l->typed = l->typed || (w->kind == ':' && !w->brackets);
    if (l->sign < 0 && !w->brackets && (w->kind == '=' || w->kind == '~')) l->sign = i;
  }
  if (l->n && !f->words.at[l->first].starts) whole = false;
  if (l->sign <= l->first || l->sign + 1 == l->first + l->n || !whole) l->sign = -1;
  if (l->sign < 0) return;
  l->sign_apart = f->words.at[l->sign].at.from - f->words.at[l->sign - 1].at.to > 1;
}

static void split(Format *f)
{
  const Words *w = &f->words;
  for (int i = 0; i < w->n;) {
    Line l = {.first = i, .comment = -1};
    do {
      if (w->at[i].kind) l.n++;
      else l.comment = i;
      i++;
    } while (i < w->n && !w->at[i].breaks && l.comment < 0);
    if (l.comment >= 0) l.column = column_of(f, w->at[l.comment].at.from);
    const Line *before = f->lines.n ? &f->lines.at[f->lines.n - 1] : NULL;
    l.beside = !l.n && before && before->comment >= 0 && (before->n || before->beside) && before->column == l.column &&
               !w->at[l.comment].blank;
    find_sign(f, &l, i == w->n || w->at[i].starts);
    vec_push(f->arena, &f->lines, l);
  }
}

typedef struct Open { /* a bracket */
  int inside;         /* where a line that goes on starts, */
  int outside;        /* and one that starts with its partner */
} Open;

typedef struct Writer {
  Format *f;
  Vec(Open) open;
  int right_side; /* column of what stands behind the statement's '='; 0: none */
  int base;       /* column of the statement */
} Writer;

static int indent_of(const Writer *w, const Word *first)
{
  if (first->starts) return 2 * first->depth;
  if (!w->open.n) return w->right_side ? w->right_side : w->base + 2;
  const Open *o = &w->open.at[w->open.n - 1];
  return first->kind == ')' || first->kind == ']' ? o->outside : o->inside;
}

static const char *gap(const Format *f, const Line *l, int i)
{
  const Word *w = &f->words.at[i];
  if (w->semicolon) return "; ";
  if (w->setting && f->words.at[i - 1].kind != '{' && f->words.at[i - 1].kind != ',') return "   ";
  return i > l->first && blank_between(f, i - 1, i) ? " " : "";
}

static void put_word(Writer *writer, Line *l, int i, int indent)
{
  const Format *f = writer->f;
  const Word *w = &f->words.at[i];
  text_write(&l->code, f->text + w->at.from, (size_t)(w->at.to - w->at.from));
  int column = text_width(l->code.at, (int)l->code.n);
  bool last = i + 1 == l->first + l->n;
  if (w->kind == '(' || w->kind == '[')
    vec_push(f->arena, &writer->open, last ? ((Open){indent + 2, indent}) : ((Open){column, column - 1}));
  if ((w->kind == ')' || w->kind == ']') && writer->open.n) writer->open.n--;
  if ((w->kind == '=' || w->kind == '~') && !w->brackets && !writer->right_side && !last)
    writer->right_side = column + 1;
}

static void write_line(Writer *writer, Line *l)
{
  const Format *f = writer->f;
  text_puts(&l->code, "");
  if (!l->n) return;
  const Word *first = &f->words.at[l->first];
  int indent = indent_of(writer, first);
  if (first->starts) {
    writer->open.n = 0;
    writer->right_side = 0;
    writer->base = indent;
  }
  text_printf(&l->code, "%*s", indent, "");
  for (int i = l->first; i < l->first + l->n; i++) {
    if (f->words.at[i].starts && i > l->first) writer->right_side = 0;
    if (i > l->first) text_puts(&l->code, gap(f, l, i));
    if (i == l->first + 1) text_printf(&l->code, "%*s", l->pad_keyword, "");
    if (i == l->sign) text_printf(&l->code, "%*s", l->pad_sign, "");
    put_word(writer, l, i, indent);
  }
}

void format_lines(Format *f)
{
  split(f);
  align_keywords(f);
  align_signs(f);
  Writer w = {.f = f};
  for (int i = 0; i < f->lines.n; i++) {
    Line *l = &f->lines.at[i];
    write_line(&w, l);
    if (l->n || l->beside) continue;
    const Word *comment = &f->words.at[l->comment];
    text_printf(&l->code, "%*s", indent_of(&w, comment), "");
  }
}

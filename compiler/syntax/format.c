/* format.c: rnnc fmt: the same tokens and comments with their blanks set by rule.
   Needs: the scanner and the layout, which say where statements end. Leaves: line ends inside of statements.
   Two columns a brace; one blank between words; columns by format_align.c; a blank line where there was one or more. */
#include "format.h"
#include "parse.tab.h"
#include <assert.h>
#include <string.h>

static WrittenList *tokens_of(Arena *a, Diag *d, const Source *source)
{
  WrittenList *tokens = ARENA_NEW(a, WrittenList);
  Front fe = {.arena = a, .diag = d, .source = source, .file = ARENA_NEW(a, AstList), .written = tokens};
  front_run(&fe);
  return tokens;
}

static void print_lines(Format *f, Text *out)
{
  int *column = ARENA_ARRAY(f->arena, int, f->lines.n + 1);
  align_comments(f, column);
  for (int i = 0; i < f->lines.n; i++) {
    Line *l = &f->lines.at[i];
    const Word *w = &f->words.at[l->n ? l->first : l->comment];
    if (w->blank) text_puts(out, "\n");
    text_puts(out, l->code.at);
    if (l->comment >= 0) {
      Span at = f->words.at[l->comment].at;
      if (l->n || l->beside) text_printf(out, "%*s", column[i] - text_width(l->code.at, (int)l->code.n), "");
      text_write(out, f->text + at.from, (size_t)(at.to - at.from));
    }
    text_puts(out, "\n");
    text_free(&l->code);
  }
}

static bool same_text(const Word *x, const Word *y)
{
  int n = x->at.to - x->at.from;
  return x->kind == y->kind && n == y->at.to - y->at.from &&
         !memcmp(source_text(x->at.source, NULL) + x->at.from, source_text(y->at.source, NULL) + y->at.from, (size_t)n);
}

/* the next token from i on that is not the end of an empty statement; the list's length behind the last */
static int next_token(const WrittenList *t, int i)
{
  while (i < t->n && t->at[i].kind == T_EOL &&
         (!i || t->at[i - 1].kind == T_EOL || t->at[i - 1].kind == '{' || t->at[i - 1].kind == '}'))
    i++;
  return i;
}

static bool same_statements(const WrittenList *x, const WrittenList *y)
{
  int i = next_token(x, 0), k = next_token(y, 0);
  while (i < x->n && k < y->n && x->at[i].kind == y->at[k].kind) i = next_token(x, i + 1), k = next_token(y, k + 1);
  return i == x->n && k == y->n;
}

/* the same statements of the same tokens, and the same comments in the same order */
static bool is_faithful(const Format *f, const Text *text, const WrittenList *tokens)
{
  Arena *a = f->arena;
  Diag *d = diag_new(a);
  const Source *source = source_from_text(a, source_name(f->source), text->at, text->n);
  Format again = {.arena = a, .source = source};
  const WrittenList *now = tokens_of(a, d, source);
  if (diag_errors(d) || !same_statements(now, tokens)) return false;
  format_words(&again, now);
  if (again.words.n != f->words.n) return false;
  for (int i = 0; i < again.words.n; i++)
    if (!same_text(&again.words.at[i], &f->words.at[i])) return false;
  return true;
}

bool format_source(Arena *a, Diag *d, const Source *source, Text *out)
{
  int before = diag_errors(d);
  const WrittenList *tokens = tokens_of(a, d, source);
  if (diag_errors(d) > before) return false;
  Format f = {.arena = a, .source = source};
  format_words(&f, tokens);
  format_lines(&f);
  text_puts(out, "");
  print_lines(&f, out);
  bool faithful = is_faithful(&f, out, tokens);
  assert(faithful);
  return faithful;
}

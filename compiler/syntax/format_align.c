/* format_align.c: the columns of a formatted source. Lines that follow each other without a blank line make a column:

     input  x[t]                      declarations, always
     target y[t]
     W, U, V = glorot                 '=' or '~', where one of them was written apart
     b       = zeros
     h[t] = gru(8)(x[t])   # ...      comments, in the leftmost of their columns that all fit into */
#include "format.h"
#include "parse.tab.h"

int text_width(const char *s, int n)
{
  int width = 0;
  for (int i = 0; i < n; i++) width += ((unsigned char)s[i] & 0xc0) != 0x80;
  return width;
}

static const Word *first_word(const Format *f, const Line *l) { return l->n ? &f->words.at[l->first] : NULL; }

static bool blank_before(const Format *f, const Line *l) { return f->words.at[l->n ? l->first : l->comment].blank; }

/* statements of the same kind: equations and draws, params with a type, params without, .. */
static bool continues_run(const Format *f, const Line *first, const Line *l)
{
  const Word *w = first_word(f, l);
  if (!w || blank_before(f, l)) return false;
  return !w->starts || (w->kind == first_word(f, first)->kind && l->typed == first->typed);
}

static int width_before_sign(const Format *f, const Line *l)
{
  int width = 2 * f->words.at[l->first].depth + l->pad_keyword;
  for (int i = l->first; i < l->sign; i++) {
    Span at = f->words.at[i].at;
    width += text_width(f->text + at.from, at.to - at.from) + (i + 1 < l->sign && blank_between(f, i, i + 1));
  }
  return width;
}

void align_signs(Format *f)
{
  for (int i = 0, end; i < f->lines.n; i = end) {
    const Word *w = first_word(f, &f->lines.at[i]);
    end = i + 1;
    if (!w || !w->starts) continue;
    while (end < f->lines.n && continues_run(f, &f->lines.at[i], &f->lines.at[end])) end++;
    bool apart = false;
    int widest = 0;
    for (int k = i; k < end; k++) {
      const Line *l = &f->lines.at[k];
      if (l->sign < 0) continue;
      apart = apart || l->sign_apart;
      int width = width_before_sign(f, l);
      if (width > widest) widest = width;
    }
    for (int k = i; k < end && apart; k++) {
      Line *l = &f->lines.at[k];
      if (l->sign >= 0) l->pad_sign = widest - width_before_sign(f, l);
    }
  }
}

static int role_width(const Format *f, const Line *l)
{
  const Word *w = first_word(f, l);
  bool role = w && l->n > 1 && w->starts && w[1].kind != T_MODEL &&
              (w->kind == T_INPUT || w->kind == T_TARGET || w->kind == T_OUTPUT || w->kind == T_NOISE);
  return role ? w->at.to - w->at.from : 0;
}

void align_keywords(Format *f)
{
  for (int i = 0, end; i < f->lines.n; i = end) {
    int widest = role_width(f, &f->lines.at[i]);
    end = i + 1;
    if (!widest) continue;
    for (; end < f->lines.n && !blank_before(f, &f->lines.at[end]); end++) {
      int width = role_width(f, &f->lines.at[end]);
      if (!width) break;
      if (width > widest) widest = width;
    }
    for (int k = i; k < end; k++) f->lines.at[k].pad_keyword = widest - role_width(f, &f->lines.at[k]);
  }
}

static bool has_column(const Line *l) { return l->comment >= 0 && (l->n || l->beside); }

void align_comments(const Format *f, int *column)
{
  for (int i = 0, end; i < f->lines.n; i = end) {
    end = i + 1;
    if (!has_column(&f->lines.at[i])) continue;
    while (end < f->lines.n && has_column(&f->lines.at[end]) && !blank_before(f, &f->lines.at[end])) end++;
    int at = f->lines.at[i].column, least = 0;
    for (int k = i; k < end; k++) {
      const Line *l = &f->lines.at[k];
      int width = text_width(l->code.at, (int)l->code.n);
      if (l->column < at) at = l->column;
      if (width + 2 > least) least = width + 2;
    }
    for (int k = i; k < end; k++) column[k] = at < least ? least : at;
  }
}

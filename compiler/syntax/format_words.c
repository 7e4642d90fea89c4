/* format_words.c: the tokens of a source with its comments between them, and where lines break.
   Needs: a source without errors, tokens as the parser got them. Leaves: where a statement goes on stays as it was
   written; blocks that were on one line stay so, others have each statement and '}' on lines of their own. */
#include "format.h"
#include "parse.tab.h"
#include <string.h>

typedef struct Reader {
  Format *f;
  const WrittenList *tokens;
  int at;         /* in the text */
  Words pending;  /* comments whose line has not ended */
  Vec(int) block; /* by brace: the token that its statement starts with, its sign flipped where it is on one line */
  int first;      /* of the statement */
  int previous;   /* token; 0 at the start */
  int brackets;
  bool ended, semicolon; /* the statement, by which */
  int lines;             /* line ends since the last word */
} Reader;

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

/* the comments up to the offset `to` */
static void read_gap(Reader *r, int to)
{
  const char *text = r->f->text;
  while (r->at < to) {
    char c = text[r->at];
    if (c != '#') {
      r->lines += c == '\n';
      r->semicolon |= c == ';';
      r->at++;
      continue;
    }
    int from = r->at, end = from;
    while (r->at < to && text[r->at] != '\n') r->at++;
    for (end = r->at; end > from && is_space(text[end - 1]);) end--;
    Word w = {.at = {r->f->source, from, end}, .breaks = r->lines > 0 || !r->previous, .blank = r->lines > 1};
    vec_push(r->f->arena, &r->pending, w);
    r->lines = 0;
  }
}

static int depth(const Reader *r) { return r->block.n; }

static bool last_is_brace(const Format *f) { return f->words.n && f->words.at[f->words.n - 1].kind == '{'; }

/* A line ends here: its comment, and those on lines of their own. A comment that was written before a word which moved
   up stands behind that word. */
static void flush(Reader *r, bool between_statements)
{
  Format *f = r->f;
  for (int i = 0; i < r->pending.n; i++) {
    Word w = r->pending.at[i];
    bool beside = f->words.n && f->words.at[f->words.n - 1].kind && i == 0;
    if (beside && w.breaks && r->previous == '{' && !last_is_brace(f)) w.breaks = false;
    if (i > 0) w.breaks = true;
    w.blank = w.blank && w.breaks && between_statements && f->words.n && !last_is_brace(f);
    w.depth = depth(r);
    w.brackets = r->brackets;
    w.starts = between_statements;
    vec_push(f->arena, &f->words, w);
  }
  r->pending.n = 0;
}

/* the block that opens at token i ends on the same line */
static bool on_one_line(const Reader *r, int i)
{
  int open = 0, from = r->tokens->at[i].at.from;
  for (; i < r->tokens->n; i++) {
    int kind = r->tokens->at[i].kind;
    open += kind == '{' ? 1 : kind == '}' ? -1 : 0;
    if (!open) break;
  }
  int to = i < r->tokens->n ? r->tokens->at[i].at.from : from;
  return !memchr(r->f->text + from, '\n', (size_t)(to - from));
}

static bool in_train(const Reader *r)
{
  int kind = r->block.n ? r->block.at[r->block.n - 1] : 0;
  return (kind < 0 ? -kind : kind) == T_TRAIN;
}

static bool block_on_one_line(const Reader *r) { return r->block.n && r->block.at[r->block.n - 1] < 0; }

static int next_kind(const Reader *r, int i) { return i + 1 < r->tokens->n ? r->tokens->at[i + 1].kind : 0; }

static bool breaks_before(const Reader *r, int kind, bool starts)
{
  if (!r->previous || kind == '{') return false;
  if (kind == '}' || r->previous == '{' || r->previous == '}') return !block_on_one_line(r);
  if (starts) return r->lines > 0;
  return r->lines > 0 && (r->brackets || goes_on(r->previous));
}

/* the word enters or leaves a block or a bracket */
static void enter(Reader *r, Word *w, int i)
{
  if (w->kind == '}' && r->block.n) r->block.n--;
  if (w->kind == ')' || w->kind == ']') r->brackets--;
  w->depth = depth(r);
  w->brackets = r->brackets;
  if (w->kind == '(' || w->kind == '[') r->brackets++;
  if (w->kind == '{') vec_push(r->f->arena, &r->block, on_one_line(r, i) ? -r->first : r->first);
}

static void read_token(Reader *r, int i)
{
  Format *f = r->f;
  const Written *t = &r->tokens->at[i];
  Word w = {.kind = t->kind, .at = t->at};
  read_gap(r, t->at.from);
  if (r->pending.n && !r->lines) r->lines = 1; /* a comment ends with its line */

  bool opens = r->previous == '{', closes = t->kind == '}', first = !r->previous;
  w.setting = in_train(r) && !r->brackets && t->kind == T_NAME && next_kind(r, i) == '=';
  w.starts = r->ended || first || opens || r->previous == '}';
  w.breaks = breaks_before(r, t->kind, w.starts) || (first && r->pending.n);
  w.starts = w.starts || closes || (w.setting && w.breaks);
  w.semicolon = r->semicolon && w.starts && !w.breaks && !closes && !opens && r->previous != '}';
  if (w.breaks) flush(r, w.starts);
  w.blank = r->lines > 1 && w.breaks && w.starts && !opens && !closes && f->words.n;
  if (w.starts) r->first = t->kind;
  enter(r, &w, i);
  vec_push(f->arena, &f->words, w);
  r->previous = t->kind;
  r->at = t->at.to;
  r->lines = 0;
  r->ended = r->semicolon = false;
}

static bool ends_operand(int kind)
{
  return kind == T_NAME || kind == T_NUMBER || kind == T_STRING || kind == ')' || kind == ']' || kind == '\'';
}

static bool is_sign(int kind) { return kind == '+' || kind == '-'; }

/* t, -1, t-1 */
static bool plain_element(const Words *w, int from, int to)
{
  int operands = 0;
  for (int i = from; i < to; i++) {
    int kind = w->at[i].kind;
    if (kind == T_NAME || kind == T_NUMBER) operands++;
    else if (!is_sign(kind)) return false;
  }
  return operands <= 2;
}

/* In the brackets of an index, t-1 is written without blanks, if all in them is as simple. */
static void mark_index(Words *w, int open)
{
  bool type = open > 1 && w->at[open - 2].kind == ':', plain = !type;
  int i = open + 1, from = i;
  for (; i < w->n && plain && w->at[i].kind != ']'; i++) {
    if (w->at[i].kind != ',') {
      plain = w->at[i].kind != '[' && w->at[i].kind != 0;
      continue;
    }
    plain = plain_element(w, from, i);
    from = i + 1;
  }
  if (!plain || i == w->n || !plain_element(w, from, i)) return;
  for (int k = open + 1; k < i; k++) w->at[k].tight = is_sign(w->at[k].kind);
}

void format_words(Format *f, const WrittenList *tokens)
{
  Reader r = {.f = f, .tokens = tokens};
  size_t size;
  f->text = source_text(f->source, &size);
  for (int i = 0; i < tokens->n; i++) {
    int kind = tokens->at[i].kind;
    if (kind == T_EOL) r.ended = true;
    else if (kind != T_YYEOF) read_token(&r, i);
  }
  read_gap(&r, (int)size);
  flush(&r, true);
  for (int i = 0; i < f->words.n; i++)
    if (f->words.at[i].kind == '[' && i && ends_operand(f->words.at[i - 1].kind)) mark_index(&f->words, i);
}

/* an operator in front of its only operand */
static bool is_unary(const Format *f, int i)
{
  return is_sign(f->words.at[i].kind) && (!i || !ends_operand(f->words.at[i - 1].kind));
}

bool blank_between(const Format *f, int left, int right)
{
  const Word *l = &f->words.at[left], *r = &f->words.at[right];
  if (r->kind == ',' || r->kind == ')' || r->kind == ']' || r->kind == '\'' || r->kind == '.' || r->kind == '^')
    return false;
  if (l->kind == '(' || l->kind == '[' || l->kind == '.' || l->kind == '^') return false;
  if ((r->kind == '(' || r->kind == '[') && (ends_operand(l->kind) || l->kind == T_PARAM)) return false;
  return !l->tight && !r->tight && !is_unary(f, left);
}

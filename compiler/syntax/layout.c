/* layout.c: ends statements, matches brackets, and feeds the parser.
   Needs: raw tokens, a line end among them. Leaves: Front.file; errors about brackets that stay open.

   A line's end ends the statement unless a ( or [ is open or the line breaks off after an operator. A '}' and the end
   of the file end it too. Where a bracket was forgotten, indentation tells what was meant: a line that starts no
   further right than the statement with the open bracket is a new statement. */
#include "front.h"
#include "parse.tab.h"
#include <stdlib.h>

typedef void *yyscan_t;
int syntax_lex(SYNTAX_STYPE *value, Span *at, yyscan_t scanner);
int syntax_lex_init_extra(Front *fe, yyscan_t *scanner);
int syntax_lex_destroy(yyscan_t scanner);
struct yy_buffer_state *syntax__scan_bytes(const char *bytes, int n, yyscan_t scanner);

typedef struct Token {
  int kind;
  SYNTAX_STYPE value;
  Span at;
  bool starts_line;
} Token;

typedef struct Layout {
  Front *fe;
  yyscan_t scanner;
  syntax_pstate *parser;
  int line;    /* where the line starts that is being read */
  int column;  /* at which the statement starts, in bytes */
  bool header; /* the statement has a body in braces; the brace may stand on the next line */
  bool closed; /* the parser takes no more */
} Layout;

/* a line that ends with it goes on */
bool goes_on(int kind)
{
  switch (kind) {
  case '+':
  case '-':
  case '*':
  case '/':
  case '@':
  case '^':
  case '<':
  case '>':
  case '=':
  case '~':
  case ':':
  case ',':
  case T_EQ:
  case T_NE:
  case T_LE:
  case T_GE:
  case T_AND:
  case T_OR:
  case T_NOT:
  case T_REVERSE: return true;
  default: return false;
  }
}

/* a statement or definition starts with it, and nothing else does */
static bool starts_statement(int kind) { return kind >= T_MODEL && kind <= T_TRAIN; }

static bool starts_definition(int kind) { return kind >= T_MODEL && kind <= T_IMPORT; }

static int closer(int open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

/* the innermost open bracket; 0 for none */
static int innermost(const Front *fe) { return fe->brackets.n ? fe->brackets.at[fe->brackets.n - 1].open : 0; }

static bool in_expression(const Front *fe) { return innermost(fe) == '(' || innermost(fe) == '['; }

static bool in_block(const Front *fe)
{
  for (int i = 0; i < fe->brackets.n; i++)
    if (fe->brackets.at[i].open == '{') return true;
  return false;
}

static Span end_of(Span at) { return (Span){at.source, at.to, at.to}; }

static void push(Layout *l, int kind, const SYNTAX_STYPE *value, Span at)
{
  Front *fe = l->fe;
  if (fe->written) vec_push(fe->arena, fe->written, ((Written){kind, at}));
  if (!l->closed) l->closed = syntax_push_parse(l->parser, kind, value, &at, fe) != YYPUSH_MORE;
  fe->last = kind;
  if (kind != T_EOL) fe->last_at = at;
}

/* The statement ends here, whatever is open. */
static void push_end(Layout *l)
{
  Front *fe = l->fe;
  push(l, T_EOL, &(SYNTAX_STYPE){0}, end_of(fe->last_at));
  while (in_expression(fe)) fe->brackets.n--;
  fe->recovering = fe->too_deep = l->header = false;
  fe->errors_before = diag_errors(fe->diag);
}

static bool statement_open(const Front *fe)
{
  return in_expression(fe) || !(fe->last == T_EOL || fe->last == '{' || fe->last == '}' || fe->last == 0);
}

static void push_brace(Layout *l, const char *where)
{
  Front *fe = l->fe;
  missing_brace(fe, end_of(fe->last_at), where);
  fe->brackets.n--;
  push(l, '}', &(SYNTAX_STYPE){0}, end_of(fe->last_at));
}

/* the next token but line ends; *ended: a line end or ';' that ends the statement came instead */
static Token next(Layout *l, bool *ended)
{
  Front *fe = l->fe;
  Token t = {0};
  size_t size;
  const char *text = source_text(fe->source, &size);
  *ended = false;
  for (;;) {
    t.kind = syntax_lex(&t.value, &t.at, l->scanner);
    if (t.kind != T_EOL) break;
    if (text[t.at.from] == ';') {
      *ended = true;
      return t;
    }
    l->line = t.at.to;
    t.starts_line = true;
    if (in_expression(fe) || goes_on(fe->last) || l->header || !statement_open(fe)) continue;
    *ended = true;
    return t;
  }
  if (t.kind == T_YYEOF) {
    t.at = (Span){fe->source, (int)size, (int)size};
    fe->at_end = true;
  }
  return t;
}

/* A block where none belongs, such as the body of a loop: passed over as a whole, its opening brace was reported. */
static void skip_block(Layout *l)
{
  Front *fe = l->fe;
  for (int depth = 1; depth > 0;) {
    Token t = {0};
    t.kind = syntax_lex(&t.value, &t.at, l->scanner);
    if (t.kind == T_YYEOF) return;
    if (t.kind == T_EOL) {
      l->line = t.at.to;
      continue;
    }
    depth += t.kind == '{' ? 1 : t.kind == '}' ? -1 : 0;
    fe->last = t.kind;
    fe->last_at = t.at;
  }
}

static void open_bracket(Layout *l, const Token *t)
{
  Front *fe = l->fe;
  if (fe->brackets.n >= BRACKET_LIMIT && !fe->recovering) {
    diag(fe->diag, E_DEEP, t->at, "more than %d brackets are open here", BRACKET_LIMIT);
    fe->recovering = true;
    push(l, T_BAD, &t->value, t->at);
  }
  push(l, t->kind, &t->value, t->at);
  if (t->kind == '{' && fe->recovering) { /* not the body of anything known */
    skip_block(l);
    push_end(l);
    return;
  }
  if (t->kind == '{') l->header = false;
  while (t->kind == '{' && in_expression(fe)) fe->brackets.n--; /* left open in the header, reported */
  vec_push(fe->arena, &fe->brackets, ((Bracket){t->kind, l->column, t->at}));
}

/* The line that this token starts is a new statement, although the line before broke off or a bracket is open. */
static bool starts_anew(const Layout *l, const Token *t)
{
  const Front *fe = l->fe;
  if (!t->starts_line || t->at.from - l->line > l->column) return false;
  if (t->kind == '{' || t->kind == closer(innermost(fe))) return false;
  if (fe->recovering || starts_statement(t->kind)) return true;
  return (in_expression(fe) || l->header) && !syntax_accepts(l->parser, t->kind);
}

static void feed(Layout *l, Token *t)
{
  Front *fe = l->fe;
  if (t->kind == '}' || t->kind == T_YYEOF || starts_anew(l, t))
    if (statement_open(fe)) push_end(l);
  while (starts_definition(t->kind) && t->starts_line && innermost(fe) == '{' &&
         t->at.from - l->line <= fe->brackets.at[fe->brackets.n - 1].column)
    push_brace(l, "after this line");
  while (t->kind == T_YYEOF && in_block(fe)) push_brace(l, "at the end of the file");

  if (!statement_open(fe)) {
    fe->first_at = t->at;
    l->column = t->at.from - l->line;
    l->header = t->kind == T_MODEL || t->kind == T_CELL || t->kind == T_TRAIN;
  }
  switch (t->kind) {
  case '(':
  case '[':
  case '{': open_bracket(l, t); return;
  case ')':
  case ']':
  case '}':
    push(l, t->kind, &t->value, t->at);
    if (fe->brackets.n && closer(innermost(fe)) == t->kind) fe->brackets.n--;
    return;
  case T_BAD: /* reported by the scanner */
    if (!fe->recovering) push(l, t->kind, &t->value, t->at);
    fe->recovering = true;
    return;
  default: push(l, t->kind, &t->value, t->at);
  }
}

/* Past DIAG_LIMIT errors nothing more would be shown: the rest is not read. */
void front_run(Front *fe)
{
  Layout l = {.fe = fe, .parser = syntax_pstate_new()};
  size_t n;
  const char *text = source_text(fe->source, &n);
  int errors = fe->errors_before = diag_errors(fe->diag);
  fe->last_at = (Span){fe->source, 0, 0};
  if (!l.parser || syntax_lex_init_extra(fe, &l.scanner)) {
    fputs("rnnc: out of memory\n", stderr);
    exit(70);
  }
  syntax__scan_bytes(text, (int)n, l.scanner);
  for (Token t = {.starts_line = true, .kind = T_EOL};
       t.kind != T_YYEOF && !l.closed && diag_errors(fe->diag) <= DIAG_LIMIT;) {
    bool ended, starts_line = t.kind == T_EOL;
    t = next(&l, &ended);
    t.starts_line = t.starts_line || starts_line;
    if (ended) {
      push_end(&l);
      continue;
    }
    if (t.kind == T_YYEOF && diag_errors(fe->diag) == errors) fe->wants_more = fe->brackets.n || goes_on(fe->last);
    feed(&l, &t);
  }
  syntax_lex_destroy(l.scanner);
  syntax_pstate_delete(l.parser);
}

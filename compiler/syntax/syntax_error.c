/* syntax_error.c: what a syntax error says.
   Needs: the token found and those expected, by the names that parse.y gives them. Leaves: Front.recovering set.
   The well-known mistakes come first, each with its own sentence; the rest says what was expected and found. */
#include "front.h"
#include <string.h>

typedef struct Expected {
  const char *const *name;
  int n;
} Expected;

static bool wants(Expected e, const char *name)
{
  for (int i = 0; i < e.n; i++)
    if (!strcmp(e.name[i], name)) return true;
  return false;
}

static bool is_one_of(const char *name, const char *const *list)
{
  for (; *list; list++)
    if (!strcmp(name, *list)) return true;
  return false;
}

static bool is_keyword(const char *name) { return name[0] == '\'' && name[1] >= 'a' && name[1] <= 'z'; }

static const char *bare(Front *fe, Span at)
{
  return intern_n(fe->arena, source_text(at.source, NULL) + at.from, (size_t)(at.to - at.from));
}

const char *quoted(Front *fe, Span at)
{
  int n = at.to - at.from;
  const char *text = source_text(at.source, NULL) + at.from;
  if (*text == '"') return "the string";
  return arena_printf(fe->arena, "'%.*s%s'", n > 40 ? 40 : n, text, n > 40 ? "..." : "");
}

static const Bracket *open_bracket(const Front *fe)
{
  return fe->brackets.n ? &fe->brackets.at[fe->brackets.n - 1] : NULL;
}

static const char *closer_name(int open) { return open == '(' ? "')'" : open == '[' ? "']'" : "'}'"; }

/* A statement's end is no visible token: name what is there. */
static const char *end_name(Span at)
{
  size_t n, i = (size_t)at.from;
  const char *text = source_text(at.source, &n);
  while (i < n && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r')) i++;
  return i == n ? "the end of the file" : text[i] == ';' ? "';'" : text[i] == '}' ? "'}'" : "the end of the line";
}

static const char *found_name(Front *fe, Span at, const char *found)
{
  if (!strcmp(found, "the end of the line")) return end_name(at);
  if (!strcmp(found, "a name") || !strcmp(found, "a number")) return quoted(fe, at);
  if (!strcmp(found, "'\\''")) return "a single quote";
  if (is_keyword(found)) return arena_printf(fe->arena, "the keyword %s", found);
  return found;
}

static bool at_start(const Front *fe) { return fe->first_at.from == fe->last_at.from; }

/* Statements of other languages. */
static bool foreign_statement(Front *fe)
{
  static const struct {
    const char *word, *hint;
  } foreign[] = {
      {"for", "an equation holds at every t: h[t] = f(h[t-1])"},
      {"while", "an equation holds at every t: h[t] = f(h[t-1])"},
      {"if", "a choice is an expression: where(condition, a, b)"},
      {"else", "a choice is an expression: where(condition, a, b)"},
      {"return", "a cell hands out its 'output'; a function is written def f(x) = expression"},
      {"let", "an equation needs no word before it: name = expression"},
      {"var", "an equation needs no word before it: name = expression"},
      {"const", "a constant size is written: size H = 256"},
      {"class", "a model is written: model NAME { ... }, a building block: cell NAME(n) { ... }"},
      {"function", "a function is written: def f(x) = expression"},
      {"fn", "a function is written: def f(x) = expression"},
      {"from", "a file is imported whole: import \"path.rnn\""},
  };
  const char *word = bare(fe, fe->first_at);
  size_t n, i = (size_t)fe->first_at.to;
  const char *text = source_text(fe->source, &n);
  while (i < n && text[i] == ' ') i++;
  if (i < n && strchr("[=~.", text[i])) return false; /* a variable of that name */
  for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++) {
    if (strcmp(word, foreign[k].word)) continue;
    diag(fe->diag, E_FOREIGN_STATEMENT, fe->first_at, "there is no '%s' statement", word);
    diag_note(fe->diag, (Span){0}, "%s", foreign[k].hint);
    return true;
  }
  return false;
}

static void not_a_name(Front *fe, Span at)
{
  diag(fe->diag, E_KEYWORD, at, "%s is a keyword and cannot be a name", quoted(fe, at));
}

static void missing_closer(Front *fe)
{
  Span at = {fe->source, fe->last_at.to, fe->last_at.to};
  const Bracket *open = open_bracket(fe);
  diag(fe->diag, E_UNCLOSED, at, "%s is missing", closer_name(open->open));
  diag_note(fe->diag, open->at, "it would close this '%c'", open->open);
}

void missing_brace(Front *fe, Span at, const char *where)
{
  const Bracket *open = open_bracket(fe);
  diag(fe->diag, E_UNCLOSED, at, "'}' is missing %s", where);
  diag_note(fe->diag, open->at, "it would close this '{'");
}

static void wrong_closer(Front *fe, Span at, const char *found)
{
  const Bracket *open = open_bracket(fe);
  if (!open || open->open == '{') {
    diag(fe->diag, E_CLOSER, at, "this %s closes nothing", found);
    return;
  }
  diag(fe->diag, E_CLOSER, at, "expected %s, found %s", closer_name(open->open), found);
  diag_note(fe->diag, open->at, "this '%c' is open", open->open);
}

static void misplaced_equals(Front *fe, Span at)
{
  const Bracket *open = open_bracket(fe);
  diag(fe->diag, E_EQUALS, at, "'=' cannot stand inside an expression");
  if (open && open->open != '{' && span_line(open->at) < span_line(at))
    diag_note(fe->diag, open->at, "this '%c' is still open", open->open);
  else if (span_line(fe->first_at) < span_line(at))
    diag_note(fe->diag, fe->first_at, "the statement that starts here goes on to this line");
  else diag_note(fe->diag, (Span){0}, "equality is written '=='");
}

/* The expected tokens in a reader's terms: at most `most` of them, or NULL when there are more. */
static const char *expected_text(Front *fe, Expected e)
{
  enum { most = 4 };
  static const char *const statement[] = {"'model'", "'reset'",  "'clip'",  "'cell'",   "'def'",    "'import'",
                                          "'size'",  "'axis'",   "'input'", "'target'", "'output'", "'param'",
                                          "'noise'", "'metric'", "'train'", NULL};
  static const char *const expression[] = {"'not'", "'reverse'", "'-'", "'('", "a name", "a number", "a string", NULL};
  static const char *const operator[] = {
    "'+'",
    "'-'",
    "'*'",
    "'/'",
    "'@'",
    "'^'",
    "'=='",
    "'!='",
    "'<'",
    "'<='",
    "'>'",
    "'>='",
    "'''",
    "'\\''",
    "'['",
    "'('",
    "'.'",
    "'and'",
    "'or'",
    NULL
  };
  const char *item[most + 1];
  int n = 0;
  bool any_statement = wants(e, "'param'"), any_expression = wants(e, "a number") && wants(e, "'('");
  bool any_setting = !any_statement && wants(e, "a name") && wants(e, "'}'");
  bool any_value = any_expression && wants(e, "'+'"), any_operator = wants(e, "'+'") && !any_value;
  if (any_statement) item[n++] = "a statement";
  else if (any_value) item[n++] = "a value";
  else if (any_expression) item[n++] = "an expression";
  if (any_setting) item[n++] = "a setting";
  if (any_operator) item[n++] = "an operator";
  for (int i = 0; i < e.n; i++) {
    const char *name = e.name[i];
    if (any_statement && (is_one_of(name, statement) || !strcmp(name, "the end of the line"))) continue;
    if (any_setting && strcmp(name, "'}'")) continue;
    if (any_expression && is_one_of(name, expression)) continue;
    if ((any_operator || any_value) && is_one_of(name, operator)) continue;
    if (!strcmp(name, "the end of the file")) continue;
    if (any_operator && !strcmp(name, wants(e, "'~'") ? "the end of the line" : "'='")) continue;
    if (n > most) return NULL;
    item[n++] = name;
  }
  if (!n || n > most) return NULL;
  const char *text = item[0];
  for (int i = 1; i < n; i++) text = arena_printf(fe->arena, i + 1 < n ? "%s, %s" : "%s or %s", text, item[i]);
  return text;
}

static void expected_found(Front *fe, Span at, const char *found, Expected e)
{
  bool starts = at.from == fe->first_at.from;
  const char *what = expected_text(fe, e), *name = found_name(fe, at, found), *last = quoted(fe, fe->last_at);
  if (starts && what) diag(fe->diag, E_SYNTAX, at, "expected %s, found %s", what, name);
  else if (what) diag(fe->diag, E_SYNTAX, at, "expected %s after %s, found %s", what, last, name);
  else if (starts) diag(fe->diag, E_SYNTAX, at, "%s cannot start a statement", name);
  else diag(fe->diag, E_SYNTAX, at, "%s cannot follow %s", name, last);
}

void syntax_report(Front *fe, Span at, const char *found, const char *const *expected, int n)
{
  static const char *const comparison[] = {"'=='", "'!='", "'<'", "'<='", "'>'", "'>='", NULL};
  static const char *const word_operator[] = {"'and'", "'or'", "'not'", "'reverse'", NULL};
  static const char *const arithmetic[] = {"'+'", "'-'", "'*'", "'/'", "'^'", NULL};
  static const char *const closing[] = {"')'", "']'", "'}'", NULL};
  Expected e = {expected, n};
  bool end = !strcmp(found, "the end of the line"), after_operand = wants(e, "'+'") && !wants(e, "a number");
  const Bracket *open = open_bracket(fe);
  fe->recovering = true;
  if (fe->at_end && wants(e, "'{'") && diag_errors(fe->diag) == fe->errors_before) fe->wants_more = true;

  if (!end && foreign_statement(fe)) return;
  bool in_settings = wants(e, "a name") && wants(e, "'}'") && !wants(e, "'param'");
  if (open && open->open != '{' && ((end && after_operand) || (!strcmp(found, "'{'") && wants(e, "')'")))) {
    missing_closer(fe);
  } else if (is_one_of(found, closing) && (!open || open->open == '{' || !wants(e, "a number"))) {
    wrong_closer(fe, at, found);
  } else if (is_keyword(found) && wants(e, "a name") && (n == 1 || !is_one_of(found, word_operator)) &&
             span_line(at) == span_line(fe->last_at) && at.from != fe->first_at.from) {
    not_a_name(fe, at);
  } else if (at_start(fe) && !end && n == 1 && wants(e, "a name") && strcmp(found, "a number")) {
    not_a_name(fe, fe->last_at);
  } else if (!strcmp(found, "'='") && (after_operand || (in_settings && span_line(fe->first_at) < span_line(at)))) {
    misplaced_equals(fe, at);
  } else if (is_one_of(found, comparison) && after_operand && !wants(e, "'<'")) {
    diag(fe->diag, E_CHAIN, at, "comparisons do not chain");
    diag_note(fe->diag, (Span){0}, "write 'a < b and b < c'");
  } else {
    expected_found(fe, at, found, e);
    if (!strcmp(found, "'\\''") && wants(e, "a string"))
      diag_note(fe->diag, (Span){0}, "a string stands in double quotes");
    if (in_settings && is_one_of(found, arithmetic))
      diag_note(fe->diag, (Span){0}, "arithmetic in a setting stands in parentheses: batch = (2 * 16)");
    const char *near = at_start(fe) && after_operand ? near_keyword(bare(fe, fe->first_at)) : NULL;
    if (near && (!strcmp(found, "a name") || !strcmp(found, "'{'") || !strcmp(found, "a string"))) {
      diag_note(fe->diag, fe->first_at, "did you mean the keyword '%s'?", near);
      diag_fix(fe->diag, fe->first_at, near);
    }
  }
}

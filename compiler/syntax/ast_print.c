/* ast_print.c: the tree as an indented list, and as source text again.
   Needs: a tree of parse(). Leaves: it unchanged. Reading the text that ast_format writes gives the same tree. */
#include "ast.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *ast_kind_name(AstKind k)
{
  static const char *const name[] = {
#define AST(kind, name) name,
#include "ast.def"
#undef AST
  };
  assert(k < AST_KINDS);
  return name[k];
}

static const char *role_name(Role r)
{
  static const char *const name[] = {"", "input", "target", "output", "param", "noise", "noise model"};
  return name[r];
}

/* the shortest text that reads back as the same number */
static void print_number(Text *out, double x)
{
  char s[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(s, sizeof s, "%.*g", digits, x);
    if (strtod(s, NULL) == x) break;
  }
  text_puts(out, s);
}

static void print_string(Text *out, const char *s)
{
  text_puts(out, "\"");
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') text_printf(out, "\\%c", *s);
    else if (*s == '\n') text_puts(out, "\\n");
    else if (*s == '\t') text_puts(out, "\\t");
    else text_write(out, s, 1);
  }
  text_puts(out, "\"");
}

/* the list */

static void dump(Text *out, const Ast *a, int indent)
{
  text_printf(out, "%*s", indent, "");
  if (!a) {
    text_puts(out, "-\n");
    return;
  }
  text_puts(out, ast_kind_name(a->kind));
  if (a->role) text_printf(out, " %s", role_name(a->role));
  if (a->kind == AST_NUMBER) {
    text_puts(out, " ");
    print_number(out, a->num);
  }
  if (a->name) {
    text_puts(out, " ");
    if (a->kind == AST_STRING) print_string(out, a->name);
    else text_puts(out, a->name);
  }
  text_puts(out, "\n");
  for (int i = 0; i < a->nkid; i++) dump(out, a->kid[i], indent + 2);
}

void ast_dump(Text *out, const Ast *a) { dump(out, a, 0); }

/* the text */

typedef enum Level { /* how tightly an expression holds together */
                     LEVEL_OR = 1,
                     LEVEL_AND,
                     LEVEL_NOT,
                     LEVEL_COMPARE,
                     LEVEL_SUM,
                     LEVEL_PRODUCT,
                     LEVEL_MINUS,
                     LEVEL_POWER,
                     LEVEL_REVERSE,
                     LEVEL_POSTFIX
} Level;

static Level level_of(const Ast *a)
{
  if (a->kind == AST_REVERSE) return LEVEL_REVERSE;
  if (a->kind == AST_UNARY) return a->name[0] == '-' ? LEVEL_MINUS : LEVEL_NOT;
  if (a->kind != AST_BINARY) return LEVEL_POSTFIX;
  switch (a->name[0]) {
  case 'o': return LEVEL_OR;
  case 'a': return LEVEL_AND;
  case '+':
  case '-': return LEVEL_SUM;
  case '*':
  case '/':
  case '@': return LEVEL_PRODUCT;
  case '^': return LEVEL_POWER;
  default: return LEVEL_COMPARE;
  }
}

static void expression(Text *out, const Ast *a, Level least);

static void comma_list(Text *out, Ast *const *kid, int n)
{
  for (int i = 0; i < n; i++) {
    if (i) text_puts(out, ", ");
    expression(out, kid[i], LEVEL_OR);
  }
}

static void binary(Text *out, const Ast *a)
{
  Level level = level_of(a), left = level, right = level + 1;
  if (level == LEVEL_COMPARE) left = level + 1;
  if (level == LEVEL_POWER) left = level + 1, right = LEVEL_MINUS; /* from the right; a^-b */
  expression(out, a->kid[0], left);
  text_printf(out, level == LEVEL_POWER ? "%s" : " %s ", a->name);
  expression(out, a->kid[1], right);
}

/* t, 1, t-1 */
static bool is_plain_index(const Ast *a)
{
  if (a->kind != AST_BINARY) return !a->nkid;
  return level_of(a) == LEVEL_SUM && !a->kid[0]->nkid && !a->kid[1]->nkid;
}

/* a[t-1,s], but a[2 * t - 1, s] */
static void index_list(Text *out, Ast *const *kid, int n)
{
  bool plain = true;
  for (int i = 0; i < n; i++) plain = plain && is_plain_index(kid[i]);
  if (!plain) {
    comma_list(out, kid, n);
    return;
  }
  for (int i = 0; i < n; i++) {
    const Ast *a = kid[i];
    if (i) text_puts(out, ",");
    if (a->kind == AST_BINARY) {
      expression(out, a->kid[0], LEVEL_OR);
      text_puts(out, a->name);
      a = a->kid[1];
    }
    expression(out, a, LEVEL_OR);
  }
}

/* in parentheses when it holds together less than `least` */
static void expression(Text *out, const Ast *a, Level least)
{
  if (level_of(a) < least) {
    text_puts(out, "(");
    expression(out, a, LEVEL_OR);
    text_puts(out, ")");
    return;
  }
  switch (a->kind) {
  case AST_NUMBER:
    print_number(out, a->num);
    if (a->name) text_printf(out, " %s", a->name);
    break;
  case AST_STRING: print_string(out, a->name); break;
  case AST_NAME: text_puts(out, a->name); break;
  case AST_FIELD:
    if (a->kid[0]->kind == AST_NUMBER) { /* 1.x would be no number */
      text_puts(out, "(");
      expression(out, a->kid[0], LEVEL_OR);
      text_puts(out, ")");
    } else {
      expression(out, a->kid[0], LEVEL_POSTFIX);
    }
    text_printf(out, ".%s", a->name);
    break;
  case AST_INDEX:
  case AST_CALL:
    expression(out, a->kid[0], LEVEL_POSTFIX);
    text_puts(out, a->kind == AST_INDEX ? "[" : "(");
    (a->kind == AST_INDEX ? index_list : comma_list)(out, a->kid + 1, a->nkid - 1);
    text_puts(out, a->kind == AST_INDEX ? "]" : ")");
    break;
  case AST_ARG:
    text_printf(out, "%s = ", a->name);
    expression(out, a->kid[0], LEVEL_OR);
    break;
  case AST_REVERSE:
    text_puts(out, "reverse ");
    expression(out, a->kid[0], LEVEL_POSTFIX);
    break;
  case AST_UNARY:
    text_puts(out, a->name[0] == '-' ? "-" : "not ");
    expression(out, a->kid[0], level_of(a));
    break;
  case AST_BINARY: binary(out, a); break;
  case AST_TRANSPOSE:
    expression(out, a->kid[0], LEVEL_POSTFIX);
    text_puts(out, "'");
    break;
  default: assert(!"an expression");
  }
}

static bool same(const Ast *a, const Ast *b)
{
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->nkid != b->nkid || a->num != b->num) return false;
  if (a->name != b->name && (!a->name || !b->name || strcmp(a->name, b->name))) return false;
  for (int i = 0; i < a->nkid; i++)
    if (!same(a->kid[i], b->kid[i])) return false;
  return true;
}

static void type(Text *out, const Ast *a)
{
  text_printf(out, " : %s", a->name);
  if (!a->nkid) return;
  text_puts(out, "[");
  comma_list(out, a->kid, a->nkid);
  text_puts(out, "]");
}

/* A type or value that the next name has too is left to that one. */
static void decl(Text *out, const Ast *a, const Ast *next)
{
  const Ast *indices = a->kid[0];
  text_puts(out, a->name);
  if (indices) {
    text_puts(out, "[");
    index_list(out, indices->kid, indices->nkid);
    text_puts(out, "]");
  }
  if (a->kid[1] && !(next && same(a->kid[1], next->kid[1]))) type(out, a->kid[1]);
  if (a->kid[2] && !(next && same(a->kid[2], next->kid[2]))) {
    text_puts(out, " = ");
    expression(out, a->kid[2], LEVEL_OR);
  }
}

/* A plain value stands as it is, any other expression in parentheses. */
static void setting(Text *out, const Ast *a)
{
  const Ast *value = a->kid[0];
  bool plain = value->kind == AST_NUMBER || value->kind == AST_STRING || value->kind == AST_NAME ||
               (value->kind == AST_CALL && value->kid[0]->kind == AST_NAME);
  text_printf(out, "%s = %s", a->name, plain ? "" : "(");
  expression(out, value, LEVEL_OR);
  text_puts(out, plain ? "" : ")");
}

static void formals(Text *out, const Ast *a)
{
  text_puts(out, "(");
  for (int i = 0; i < a->nkid; i++) {
    const Ast *f = a->kid[i];
    text_printf(out, "%s%s", i ? ", " : "", f->name);
    if (!f->kid[0]) continue;
    text_puts(out, " = ");
    expression(out, f->kid[0], LEVEL_OR);
  }
  text_puts(out, ")");
}

static void statement(Text *out, const Ast *a, int indent);

static void block(Text *out, Ast *const *kid, int n, int indent)
{
  text_puts(out, " {\n");
  for (int i = 0; i < n; i++) statement(out, kid[i], indent + 2);
  text_printf(out, "%*s}", indent, "");
}

static void named(Text *out, const Ast *a)
{
  text_printf(out, "%s %s = ", ast_kind_name(a->kind), a->name);
  expression(out, a->kid[0], LEVEL_OR);
}

static void statement(Text *out, const Ast *a, int indent)
{
  text_printf(out, "%*s", indent, "");
  switch (a->kind) {
  case AST_IMPORT:
    text_puts(out, "import ");
    expression(out, a->kid[0], LEVEL_OR);
    break;
  case AST_MODEL:
    text_printf(out, "model %s", a->name);
    block(out, a->kid, a->nkid, indent);
    break;
  case AST_CELL:
    text_printf(out, "cell %s", a->name);
    formals(out, a->kid[0]);
    block(out, a->kid + 1, a->nkid - 1, indent);
    break;
  case AST_DEF:
    text_printf(out, "def %s", a->name);
    formals(out, a->kid[0]);
    text_puts(out, " = ");
    expression(out, a->kid[1], LEVEL_OR);
    break;
  case AST_SIZE:
  case AST_METRIC: named(out, a); break;
  case AST_AXIS:
    text_puts(out, "axis ");
    comma_list(out, a->kid, a->nkid);
    break;
  case AST_DECLARE:
    text_printf(out, "%s ", role_name(a->role));
    for (int i = 0; i < a->nkid; i++) {
      if (i) text_puts(out, ", ");
      decl(out, a->kid[i], i + 1 < a->nkid ? a->kid[i + 1] : NULL);
    }
    break;
  case AST_EQUATION:
  case AST_DRAW:
    expression(out, a->kid[0], LEVEL_OR);
    text_puts(out, a->kind == AST_DRAW ? " ~ " : " = ");
    expression(out, a->kid[1], LEVEL_OR);
    if (a->nkid > 2) {
      text_puts(out, " when ");
      expression(out, a->kid[2], LEVEL_OR);
    }
    break;
  case AST_RESET:
  case AST_CLIP:
    text_puts(out, a->kind == AST_RESET ? "reset " : "clip message ");
    expression(out, a->kid[0], LEVEL_POSTFIX);
    text_puts(out, a->kind == AST_RESET ? " when " : " ");
    expression(out, a->kid[1], LEVEL_OR);
    break;
  case AST_TRAIN:
    text_puts(out, "train");
    block(out, a->kid, a->nkid, indent);
    break;
  case AST_SETTING: setting(out, a); break;
  case AST_LONE: expression(out, a->kid[0], LEVEL_OR); break;
  case AST_ERROR: text_puts(out, "# a statement that could not be read"); break;
  default: expression(out, a, LEVEL_OR);
  }
  text_puts(out, "\n");
}

static bool is_definition(const Ast *a) { return a->kind == AST_MODEL || a->kind == AST_CELL || a->kind == AST_DEF; }

void ast_format(Text *out, const Ast *a)
{
  if (a->kind != AST_FILE) {
    statement(out, a, 0);
    return;
  }
  text_puts(out, "");
  for (int i = 0; i < a->nkid; i++) {
    if (i && (is_definition(a->kid[i]) || is_definition(a->kid[i - 1]))) text_puts(out, "\n");
    statement(out, a->kid[i], 0);
  }
}

/* implicit.c: parameters that are never declared: a name that is read bare, means nothing, and is near no other name.
   Needs: all that the body declares and defines. Leaves alone: their shapes. */
#include "body.h"
#include <string.h>

static bool is_word(const char *name) /* of the language, as a value */
{
  return strcmp(name, "pi") == 0 || strcmp(name, "inf") == 0;
}

const char *why_no_value(const char *name)
{
  if (strcmp(name, "batch") == 0) return "the number of sequences is sum[batch](1)";
  if (strcmp(name, "loss") == 0) return "a figure beside the loss is a metric; what both need is a variable of its own";
  return NULL;
}

static void implicit_param(Body *b, const Ast *e)
{
  Elab x = {.body = b};
  Found f = find_name(&x, e->name);
  if (f.entry || why_no_value(e->name) || is_word(e->name) || axis_named(b, e->name) >= 0 ||
      length_named(b, e->name) >= 0)
    return;
  if (near_value(&x, e->name)) return; /* reported where it is read */
  Entry *entry = body_add(b, ENTRY_VAR, e->name, e->span);
  entry->var = bind_param(b, NULL, e->name, e->span);
}

/* bare names where a value is read */
void find_implicit(Body *b, const Ast *e)
{
  Elab x = {.body = b};
  if (!e) return;
  switch (e->kind) {
  case AST_NAME: implicit_param(b, e); return;
  case AST_INDEX:
  case AST_FIELD: return;
  case AST_CALL: {
    CallKind kind = call_kind(&x, e);
    if (kind == CALL_CELL) return;
    int values = kind == CALL_FUNCTION && e->kid[0]->kind == AST_NAME ? values_before_sizes(e->kid[0]->name) : -1;
    for (int i = 1; i < e->nkid && (values < 0 || i <= values); i++) find_implicit(b, e->kid[i]);
    return;
  }
  default:
    for (int i = 0; i < e->nkid; i++) find_implicit(b, e->kid[i]);
  }
}

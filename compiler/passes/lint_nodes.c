/* lint_nodes.c: the nodes of right sides, each found once: a large model has many variables. */
#include "lint.h"

static void collect(LintNodes *n, ExprList *list, Expr *e)
{
  if (n->stamp[e->id] == n->lists) return;
  n->stamp[e->id] = n->lists;
  for (int i = 0; i < e->nin; i++) collect(n, list, e->in[i]);
  vec_push(n->s->arena, list, e);
}

ExprList lint_below(LintNodes *n, Expr *root)
{
  ExprList list = {0};
  n->lists++;
  collect(n, &list, root);
  return list;
}

LintNodes lint_nodes(System *s)
{
  LintNodes n = {.s = s, .top = s->next_id};
  n.of = ARENA_ARRAY(s->arena, ExprList, s->vars.n + 1);
  n.stamp = ARENA_ARRAY(s->arena, int, n.top + 1);
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs) n.of[i] = lint_below(&n, s->vars.at[i]->rhs);
  return n;
}

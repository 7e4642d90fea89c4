/* walk.c: visiting and rebuilding expressions. Recursion is as deep as an expression; the parser bounds that, and
 * passes add little. */
#include "walk.h"
#include <string.h>

bool op_is_ew(const Expr *e) { return op_info[e->op].class == CLASS_EW; }

Expr *walk_with(System *s, const Expr *e, Expr *const *in)
{
  if (memcmp(in, e->in, sizeof(Expr *) * (size_t)e->nin) == 0) return (Expr *)e;
  Expr *made = ex_op(s, e->op, in, e->nin, e->attr);
  ex_span(made, e->span);
  return made;
}

static void memo_fit(System *s, Memo *m, int id)
{
  if (id < m->n) return;
  int n = id + 256 > 2 * m->n ? id + 256 : 2 * m->n;
  Expr **at = ARENA_ARRAY(s->arena, Expr *, n);
  if (m->n) memcpy(at, m->at, sizeof(Expr *) * (size_t)m->n);
  m->at = at;
  m->n = n;
}

Expr *walk_rewrite(System *s, Memo *memo, Expr *root, RewriteFn *fn, void *arg)
{
  memo_fit(s, memo, root->id);
  if (memo->at[root->id]) return memo->at[root->id];
  Expr *made = root;
  if (root->nin) {
    Expr *small[8], **in = root->nin <= 8 ? small : ARENA_ARRAY(s->arena, Expr *, root->nin);
    for (int i = 0; i < root->nin; i++) in[i] = walk_rewrite(s, memo, root->in[i], fn, arg);
    made = walk_with(s, root, in);
  }
  made = fn(s, made, arg);
  memo_fit(s, memo, root->id);
  memo->at[root->id] = made;
  return made;
}

void walk_rewrite_all(System *s, RewriteFn *fn, void *arg)
{
  Memo memo = {0};
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->rhs) s->vars.at[i]->rhs = walk_rewrite(s, &memo, s->vars.at[i]->rhs, fn, arg);
}

static void collect(System *s, Memo *seen, ExprList *list, Expr *e)
{
  memo_fit(s, seen, e->id);
  if (seen->at[e->id]) return;
  seen->at[e->id] = e;
  for (int i = 0; i < e->nin; i++) collect(s, seen, list, e->in[i]);
  vec_push(s->arena, list, e);
}

ExprList walk_nodes(System *s, Expr *root)
{
  ExprList list = {0};
  Memo seen = {0};
  collect(s, &seen, &list, root);
  return list;
}

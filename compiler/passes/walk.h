/* walk.h: visiting and rebuilding the expressions of a system. */
#ifndef RNNC_WALK_H
#define RNNC_WALK_H
#include "system.h"

/* Called for e whose inputs are rebuilt already; returns e or what replaces it. */
typedef Expr *RewriteFn(System *s, Expr *e, void *arg);

/* Rebuilds root bottom-up, each shared node once. memo: one table a pass, zeroed at its start. */
typedef struct Memo {
  Expr **at;
  int n;
} Memo;
Expr *walk_rewrite(System *s, Memo *memo, Expr *root, RewriteFn *fn, void *arg);
/* every right side of the system */
void walk_rewrite_all(System *s, RewriteFn *fn, void *arg);

/* The nodes of root, inputs before users, each once. In the system's arena. */
typedef Vec(Expr *) ExprList;
ExprList walk_nodes(System *s, Expr *root);
/* e with other inputs (same operator and attributes) */
Expr *walk_with(System *s, const Expr *e, Expr *const *in);
bool op_is_ew(const Expr *e);
#endif

/* lint.h: what is legal but odd, in a model without errors: the rows of lints.def. */
#ifndef RNNC_LINT_H
#define RNNC_LINT_H
#include "lower.h"
#include "walk.h"

/* Says through d what the lints that are on in it find. Lowers the file again, for systems of its own. */
void lint(Arena *a, Diag *d, const Ast *file, const LowerOptions *o);

/* lint_nodes.c: the nodes of every right side, inputs before users, found once */
typedef struct LintNodes {
  System *s;
  ExprList *of; /* by var id */
  int *stamp;   /* by expression id: the last list that it was put into */
  int lists, top;
} LintNodes;
LintNodes lint_nodes(System *s);
ExprList lint_below(LintNodes *n, Expr *root); /* of a part of a right side */

/* lint_gate.c */
void lint_gates(LintNodes *n, Diag *d);
/* Where to report a variable: its own place, or that of the application that it is inside of. */
Span lint_place(const System *s, const Var *v);
#endif

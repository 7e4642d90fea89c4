/* lint.h: what is legal but odd, in a model without errors: the rows of lints.def. */
#ifndef RNNC_LINT_H
#define RNNC_LINT_H
#include "lower.h"
#include "walk.h"

/* Says through d what the lints that are on in it find. Lowers the file again, for systems of its own. */
void lint(Arena *a, Diag *d, const Ast *file, const LowerOptions *o);

/* lint_gate.c */
void lint_gates(System *s, Diag *d);
/* Where to report a variable: its own place, or that of the application that it is inside of. */
Span lint_place(const System *s, const Var *v);
#endif

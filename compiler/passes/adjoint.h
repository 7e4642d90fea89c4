/* adjoint.h: reverse-mode differentiation: the adjoint system is again ordinary equations, added to the system. */
#ifndef RNNC_ADJOINT_H
#define RNNC_ADJOINT_H
#include "system.h"

/* Adds the adjoint of every variable between wrt[0..n) and the number `loss` (DOM_MODEL). The adjoint of v is the
   variable whose adj_of is v, named v_adj; one that the loss does not depend on is zero. Back-propagation through time
   is what comes out: a read v[t-k] sends its contribution to t+k, a parameter collects the sum over t and the batch. */
void adjoint(System *s, Var *loss, Var *const *wrt, int n);
Var *adjoint_of(const System *s, const Var *v); /* NULL when there is none */

/* The rule of one operator: the contribution to each input, NULL where no gradient flows. y stands for the result.
 * op_adjoint.c */
void op_adjoint(System *s, const Expr *e, Expr *y, Expr *g, Expr **to);
#endif

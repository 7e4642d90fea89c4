/* name.h: every structured operation becomes an equation of its own, the form that schedule and plan work on. */
#ifndef RNNC_NAME_H
#define RNNC_NAME_H
#include "system.h"

/* After it, a right side is one of
     a tree of elementwise operators over leaves (see is_leaf), or
     one structured operator over leaves (a reduction over components or t may reduce an elementwise tree), or
     for a parameter's adjoint, a sum of such terms.
   last: no adjoint comes after it, so stop_gradient(a) becomes a.
   Values of a smaller domain than their equation's, and dear functions below a root, get a variable: computed once,
   kept for the backward pass if it reads them. */
void name_parts(System *s, bool last);

/* What an elementwise tree may stand on: numbers, reads, rows of a read, one-hot values, at(..) of a read, outer of
 * reads. */
bool is_leaf(const Expr *e);
/* a read, or rows of a vector read: something with an address */
bool is_place(const Expr *e);
/* of a place, the read: v[t-1] of slice(v[t-1], 3, 4) */
const Expr *place_source(const Expr *place);
#endif

/* simplify.h: algebra on the equation system. */
#ifndef RNNC_SIMPLIFY_H
#define RNNC_SIMPLIFY_H
#include "system.h"

/* Rewrites every right side; variables that equal others, or are zero, are read no longer. */
void simplify(System *s);
/* Drops what keep[0..n) and the loss do not need (boundaries and stacks of what stays are kept). Inputs and parameters
 * stay. */
void prune(System *s, Var *const *keep, int n);
#endif

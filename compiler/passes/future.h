/* future.h: why a streaming step cannot be made. */
#ifndef RNNC_FUTURE_H
#define RNNC_FUTURE_H
#include "system.h"

/* The equations from one of n results to the nearest one that needs another t than its own and earlier ones, more than
   one sequence, or the second axis: "o (line 9) <- m (line 5) needs the whole sequence: sum[t]". NULL: a step can be.
 */
const char *future_reason(System *s, Var *const *result, int n);
#endif

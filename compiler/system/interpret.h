/* interpret.h: the reference interpreter: any variable of a system, in double precision, slow and obvious.
   It knows no schedule: a value is computed when it is asked for, from the equations alone, and remembered.

   Call interpret_new, interpret_set for every input, target, param and noise that is going to be read, then
   interpret_value or interpret_all. Change data with interpret_set and call interpret_forget to compute anew.
   Everything is freed at once by interpret_free. A read of what was not set, and a cycle without a delay, stop the
   program: callers have checked. */
#ifndef RNNC_INTERPRET_H
#define RNNC_INTERPRET_H
#include "system.h"

typedef struct Interp Interp;

/* len[b]: each sequence's length, 1..T (NULL: all T). ahead[b]: elements that the inputs hold beyond it (NULL: 0).
   fresh[b]: 1 where a window starts its sequence (NULL: 1). The arrays are copied. */
Interp *interpret_new(const System *s, int64_t B, int64_t T, const int64_t *len, const int64_t *ahead,
                      const double *fresh);
void interpret_free(Interp *it);

/* The value's elements: a token is one, its number from 0, or -1 for none. */
int64_t interpret_width(const Var *v);

/* Row-major [B][steps][width] for a variable with the time index, [B][width] for one value a sequence, [width] for one
   for all; `steps` (ignored without the time index) is at least every len + ahead. What lies beyond is never read. */
void interpret_set(Interp *it, const Var *v, const double *data, int64_t steps);
void interpret_forget(Interp *it); /* all that was computed; the data stays */

/* The value at t = 1..len[b] of sequence b = 0..B-1; t and b are ignored where v does not vary over them. The elements
   stay until interpret_forget. */
const double *interpret_value(Interp *it, const Var *v, int64_t b, int64_t t);
/* All of a variable, in the layout of interpret_set with steps = T; zero (a token: -1) beyond each sequence's length.
 */
void interpret_all(Interp *it, const Var *v, double *out);

/* The value of an operator, neither a leaf nor one that needs the time or the batch (sum[t], max[t], sum[batch], at,
   observed): op_value.c. `in` and `out` are row-major, a token one number. */
void op_value(const Expr *e, const double *const *in, double *out);
int64_t value_width(Shape s);
#endif

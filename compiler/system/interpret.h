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

/* len[b]: each sequence's length on the first axis, 1..T (NULL: all T); len2[b] on the second, 1..S (S 0 without one).
   ahead[b]: elements that the inputs hold beyond len[b] (NULL: 0). fresh[b]: 1 where a window starts its sequence
   (NULL: 1). The arrays are copied. */
Interp *interpret_new(const System *s, int64_t B, int64_t T, const int64_t *len, int64_t S, const int64_t *len2,
                      const int64_t *ahead, const double *fresh);
void interpret_free(Interp *it);

/* The value's elements: a token is one, its number from 0, or -1 for none. */
int64_t interpret_width(const Var *v);

/* Row-major [B][steps][S][width], without [steps], [S], [B] where the variable does not vary over the first axis, the
   second, the batch; `steps` (ignored without the first axis) is at least every len + ahead. What lies beyond is never
   read. */
void interpret_set(Interp *it, const Var *v, const double *data, int64_t steps);
void interpret_forget(Interp *it); /* all that was computed; the data stays */

/* The value at t = 1..len[b], s = 1..len2[b] of sequence b = 0..B-1; each is ignored where v does not vary over it. The
   elements stay until interpret_forget. */
const double *interpret_value(Interp *it, const Var *v, int64_t b, int64_t t, int64_t s);
/* All of a variable, in the layout of interpret_set with steps = T; zero (a token: -1) beyond each sequence's lengths.
 */
void interpret_all(Interp *it, const Var *v, double *out);

/* The value of an operator, neither a leaf nor one that needs the time or the batch (sum[t], max[t], sum[batch], at,
   observed): op_value.c. `in` and `out` are row-major, a token one number. */
void op_value(const Expr *e, const double *const *in, double *out);
int64_t value_width(Shape s);
#endif

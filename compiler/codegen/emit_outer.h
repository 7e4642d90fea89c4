/* emit_outer.h: c[m, n] += a[rows, m]' b[rows, n]: a weight's gradient by our own kernel. */
#ifndef RNNC_EMIT_OUTER_H
#define RNNC_EMIT_OUTER_H
#include "emit.h"

typedef struct Outer {
  const Var *c;
  const Expr *a, *b; /* places whose rows are multiplied */
  int64_t m, n, a_stride, b_stride;
  AllRows rows;
} Outer;

/* void NAME(frame, arg, from, to): from .. to of a's columns, `from` a multiple of OUTER_GRAIN */
enum { OUTER_GRAIN = 16 };
LLVMValueRef emit_outer_body(Emit *e, const Outer *o, const char *name);
#endif

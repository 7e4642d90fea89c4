/* stack.h: products that share an operand become one. */
#ifndef RNNC_STACK_H
#define RNNC_STACK_H
#include "system.h"

/* W1 @ v, W2 @ v, .. with parameters W1, W2 -> rows of S @ v, S a VAR_STACKED of W1, W2 ..: the parameters lie one
   below the other in memory from the start, so nothing is copied. Run on the whole lowered system, so that every
   program has the same layout. */
void stack_products(System *s);

/* Sets Var.offset of parameters and stacks: the flat block, stacks' members next to each other, each parameter or stack
   at a multiple of 16 elements, fixed ones behind all others. Returns the block's length. */
int64_t param_layout(System *s);
#endif

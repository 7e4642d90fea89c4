/* flops.h: how much arithmetic one row of a system is. */
#ifndef RNNC_FLOPS_H
#define RNNC_FLOPS_H
#include "system.h"

/* Additions, multiplications, comparisons and functions, each counted as one, of all equations at one t of one
   sequence. A column of a matrix that a token chooses costs nothing. */
int64_t flops_of_row(const System *s);
#endif

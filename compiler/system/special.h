/* special.h: special functions that C's library lacks or answers otherwise, as the interpreter computes them. */
#ifndef RNNC_SPECIAL_H
#define RNNC_SPECIAL_H

double special_lgamma(double a);  /* log of the gamma function of a >= 0; NaN below */
double special_digamma(double a); /* its derivative; -inf at 0, NaN below */
#endif

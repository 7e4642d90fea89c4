/* special.c: see special.h. Needs and leaves alone: nothing. */
#include "special.h"
#include <math.h>

double special_lgamma(double a)
{
  int sign; /* lgamma itself would leave it in a global */
  return a >= 0 ? lgamma_r(a, &sign) : NAN;
}

/* psi(a) = psi(a + 1) - 1 / a up to 10, then log(a) - 1 / 2a - sum of B_2k / (2k a^2k) */
double special_digamma(double a)
{
  static const double series[] = {1. / 12, -1. / 120, 1. / 252, -1. / 240, 1. / 132, -691. / 32760, 1. / 12};
  double below = 0, tail = 0;
  if (a == 0) return -INFINITY;
  if (!(a > 0)) return NAN;
  for (; a < 10; a++) below += 1 / a;
  double square = 1 / (a * a);
  for (int k = 6; k >= 0; k--) tail = square * (series[k] + tail);
  return log(a) - 0.5 / a - tail - below;
}

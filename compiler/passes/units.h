/* units.h: scans whose components need only themselves, so that threads may share a scan of one sequence. */
#ifndef RNNC_UNITS_H
#define RNNC_UNITS_H
#include "plan.h"

/* How many components of a vector stay together: whole vectors on any machine, and a line of its caches. */
enum { UNIT = 16 };

static inline int units_rows(const Loop *l) { return (UNIT + l->cols - 1) / l->cols; } /* of a matrix, in one unit */
static inline int units_of(const Loop *l) /* a loop's components, or a matrix' rows, in units */
{
  int each = l->rows > 1 ? units_rows(l) : UNIT, n = l->rows > 1 ? l->rows : l->cols;
  return (n + each - 1) / each;
}

/* The units of the scan's widest loop; 0: it cannot be cut by components. Needs: places. */
int scan_units(const Step *scan);
#endif

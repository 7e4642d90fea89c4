/* in_place.h: state that an elementwise equation updates needs one row. */
#ifndef RNNC_IN_PLACE_H
#define RNNC_IN_PLACE_H
#include "plan.h"

/* Behind storage, of a plan for one sequence at one t: where v[t-1] is read by loops before v's, or by v's own
   component by component and not behind v, both places become one (Buffer.axis[AXIS_T] false). */
void keep_in_place(Plan *p);
#endif

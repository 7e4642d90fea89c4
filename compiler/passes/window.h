/* window.h: which steps of a plan can run window by window along the first axis. */
#ifndef RNNC_WINDOW_H
#define RNNC_WINDOW_H
#include "plan.h"

/* keep[0..results) of the plan are read over all of the axis when it has run; the others at the ends of sequences
   alone. Puts the steps in order of their phases. Leaves the plan as it is where nothing would be gained. */
void find_windows(Plan *p, int results);
#endif

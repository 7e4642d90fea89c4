/* roll.h: what a scan hands on from one place to the next, and nothing else reads. */
#ifndef RNNC_ROLL_H
#define RNNC_ROLL_H
#include "plan.h"

/* The plan has its windows, if any. */
void roll_buffers(Plan *p);
#endif

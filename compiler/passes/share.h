/* share.h: one buffer for variables that are not needed at the same time. */
#ifndef RNNC_SHARE_H
#define RNNC_SHARE_H
#include "plan.h"

/* The plan is whole: places given, windows found. */
void share_buffers(Plan *p);
#endif

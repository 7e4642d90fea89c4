/* abreast.h: which scans may run at the same time. */
#ifndef RNNC_ABREAST_H
#define RNNC_ABREAST_H
#include "plan.h"

typedef struct Columns { /* columns [from, to) of a buffer */
  int buffer, from, to;
} Columns;
bool plan_columns(const Var *v, Columns *c); /* where a variable's rows are; false: in no buffer */
static inline bool columns_meet(Columns a, Columns b) { return a.buffer == b.buffer && a.from < b.to && b.from < a.to; }

/* `use` is plan_uses'. How many of the plan's steps from `first` on are scans none of which touches what another of
   them writes; less than 2: no such pair, or they are better
   shared one by one, since each has components that can be cut (units.h) or is small */
int scans_abreast(const Plan *p, const Uses *use, int first);
#endif

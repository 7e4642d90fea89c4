/* absorb.h: for one row, products are computed where they are read. */
#ifndef RNNC_ABSORB_H
#define RNNC_ABSORB_H
#include "plan.h"

/* Between schedule and storage, of a plan for one sequence at one t: a product W @ v that one elementwise loop alone
   reads, no row of it twice, leaves the steps and joins that loop (Loop.products, VarPlan.absorbed). */
void absorb_products(Plan *p);
#endif

/* schedule.h: dependences between equations, cycles, and the order that follows. */
#ifndef RNNC_SCHEDULE_H
#define RNNC_SCHEDULE_H
#include "plan.h"

/* Fills plan->steps: strongly connected components in order, a component with a cycle as a scan in its direction, what
   lies on no cycle over all t at once, fused with its neighbours. Sets each variable's place (step, group, loop, scan)
   in its VarPlan. */
void schedule(Plan *p);

/* W @ v with W the same for all rows and v a row's vector: what becomes one matrix product over rows. */
bool is_shared_product(const Var *v);
/* computed by a reduction over t or the batch, or a parameter's adjoint */
bool is_sum(const Var *v);
/* the sum of a tree's components: runs in a loop over them, beside equations of the tree's shape */
bool is_reduction(const Var *v);
/* an equation that runs in a loop over components beside others of its shape */
bool is_elementwise(const Var *v);
#endif

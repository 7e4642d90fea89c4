/* reset.h: state that starts anew at marked places within a sequence. */
#ifndef RNNC_RESET_H
#define RNNC_RESET_H
#include "system.h"

/* How the reads of one variable from other steps are reset; by its id. */
typedef struct Reset {
  Var *when;   /* a number at each t: not 0 where the variable starts anew; NULL: it is not reset */
  bool turned; /* the variable runs backward: its reads at [t+k] count */
  Var *since;  /* steps since the last reset; made at need */
} Reset;

/* Reads v[t-k] see what stands before the start where v was reset in the last k steps, as if the sequence had been cut
   there. hit[id of when] is set where there was such a read. */
void reset_reads(System *s, Reset *by_id, int n, bool *hit);
#endif

/* ahead.h: a streaming step of a model that looks a few steps ahead: its outputs come as many steps later. */
#ifndef RNNC_AHEAD_H
#define RNNC_AHEAD_H
#include "system.h"

/* Moves equations to when what they read is there. Returns the latency: how many steps the outputs come after the
   inputs of the same t; 0 where nothing looks ahead, or where no finite number of steps is enough (future.h says why).
   drawn: the system's draws, of which a step could not wait for the values. Before carry_states. */
int look_ahead(System *s, const Draw *drawn, int draws);
#endif

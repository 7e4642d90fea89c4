/* carry.h: windows of a long sequence, the state carried from one to the next. */
#ifndef RNNC_CARRY_H
#define RNNC_CARRY_H
#include "system.h"

/* Every computed variable read at [t-k] gets its places 0, -1, .. before the window from the caller where `fresh` is 0:
   h[0] = where(fresh, what it was or zero, h.carry0). No gradient flows into what is carried: run before adjoint, this
   is truncated BPTT. Inputs' earlier elements are data: the caller puts them into the halo, unless a boundary equation
   stands there. zeroed: what is carried is zero before the first window, so that where h[0] was zero it is h.carry0. */
void carry_states(System *s, bool zeroed);
#endif

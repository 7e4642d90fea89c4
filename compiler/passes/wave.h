/* wave.h: steps that follow each other along t, so that threads may share layers where there are few sequences. */
#ifndef RNNC_WAVE_H
#define RNNC_WAVE_H
#include "plan.h"

enum { WAVE_STAGES = 8 }; /* at most */

/* Sets `wave` of each step that begins one, `staged` of those in one. Needs: the plan's places. */
void find_waves(Plan *p);
#endif

/* windows.h: a program run window by window along the primary axis, so that some of its buffers hold a window alone
   (rnn_program.h has the phases). Private to the runtime. */
#ifndef RNN_WINDOWS_H
#define RNN_WINDOWS_H
#include "frame.h"

/* Sets run->windows and run->window: as few windows of the batch's steps as fit in run->limit, or one where there is no
   limit. False: a training step does not fit in any number of them; evaluation then takes as little as it can. */
bool rnn_windows_choose(Run *run, int64_t T, int64_t S, int64_t B, RnnError *error);
/* Room for what stands at the windows' edges; the frame is set, the buffers there. */
bool rnn_windows_resize(Run *run, RnnError *error);
void rnn_windows_go(Run *run);
/* Does the variable's memory hold all steps of the last run? */
bool rnn_windows_hold(const Run *run, const ProgramVar *var);
/* What the last run left of a carried variable at place len + offset, of column b, where its memory holds no longer. */
void *rnn_windows_carried(const Run *run, int entry, int64_t b);
void rnn_windows_free(Run *run);
#endif

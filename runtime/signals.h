/* signals.h: SIGINT, SIGTERM and SIGUSR1 while training: the only state in the runtime that belongs to the process, as
   signals do.

   The first SIGINT or SIGTERM asks for an end, the second ends the process at once with 128 + its number; SIGUSR1 asks
   for a checkpoint. */
#ifndef RNN_SIGNALS_H
#define RNN_SIGNALS_H
#include <stdbool.h>

void rnn_signals_catch(void);
void rnn_signals_release(void);    /* as they were before */
int rnn_signals_stop(void);        /* the signal that asked for an end, 0: none */
bool rnn_signals_checkpoint(void); /* true once for each request */

#endif

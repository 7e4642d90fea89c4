/* statistics.h: what evaluation needs of the batches seen while training: running means of batch statistics (Ioffe and
   Szegedy 2015), for each step of a sequence by itself (Cooijmans et al. 2017). Private to the runtime. */
#ifndef RNN_STATISTICS_H
#define RNN_STATISTICS_H
#include "frame.h"
#include "handle.h"

/* After an update: the run's statistics into the block of parameters. The first ten updates count alike, later ones a
   tenth. Steps that no batch has reached yet hold the last that one did. */
void rnn_statistics_keep(const Run *run, void *weights);
/* Fails where the model has such statistics and no update has kept any. */
bool rnn_statistics_need(const RnnHandle *handle, RnnError *error);
#endif

/* update.h: an RnnUpdater (rnn.h): what one update of the weights needs. Private to the runtime. */
#ifndef RNN_UPDATE_H
#define RNN_UPDATE_H
#include "clip.h"
#include "handle.h"
#include "optim.h"

struct RnnUpdater {
  RnnHandle *handle;
  Optimiser *optimiser;
  Clip clip;
};

/* rnn_updater_new without the optimiser's states (rnn_optimiser_lend). */
RnnUpdater *rnn_updater_read(RnnHandle *handle, const char *optimizer, const char *clip, RnnError *error);

#endif

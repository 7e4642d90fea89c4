/* checkpoint.h: all that training needs to go on as if it had not stopped, in one safetensors file. Private to the
   runtime.

   Tensors: the parameters under their own names, so that a checkpoint is a weights file too; `optim.STATE.NAME`, the
   optimiser's; `best.NAME`, the best weights so far; `carry.VAR@OFFSET`, [columns, width], the state that goes into the
   next window. Metadata: `rnnc.kind` = checkpoint, `rnnc.model`, `rnnc.hash`, `rnnc.state` and `rnnc.settings` (JSON),
   `coding`. Random numbers need the seed and the step alone. */
#ifndef RNN_CHECKPOINT_H
#define RNN_CHECKPOINT_H
#include "settings.h"
#include "update.h"

typedef struct TrainPoint {
  int64_t step;            /* updates done */
  int64_t epoch, position; /* the next batch */
  int64_t stale;           /* epochs since the best validation */
  int64_t best_step;
  double best, validation; /* NaN: none yet */
  double loss;             /* the last one */
  uint64_t seed;
  int64_t sequences, steps; /* of the training data: a cursor means nothing in other data */
} TrainPoint;

typedef struct CheckpointParts {
  const RnnUpdater *updater;
  const Settings *settings;
  const TrainPoint *point;
  const void *best; /* block of the best weights, or NULL */
  const Run *run;   /* whose state is carried on, or NULL */
  int64_t columns;  /* of it */
} CheckpointParts;

bool rnn_checkpoint_write(const char *path, const RnnHandle *handle, const CheckpointParts *parts, RnnError *error);

/* Reading goes by steps, since data and optimiser are made in between: open the file; take its settings
 * (rnn_settings_restore) and coding; restore. */
bool rnn_checkpoint_open(const char *path, const RnnHandle *handle, RnnTensorFile *file, RnnError *error);
/* Weights, optimiser, point; *best becomes a new block, or stays NULL. */
bool rnn_checkpoint_restore(const char *path, const RnnTensorFile *file, RnnHandle *handle, RnnUpdater *updater,
                            TrainPoint *point, void **best, RnnError *error);
/* The carried state into a run that was prepared for the next window. */
bool rnn_checkpoint_carry(const char *path, const RnnTensorFile *file, Run *run, RnnError *error);
/* The settings that a checkpoint was trained with, as JSON text; the caller frees. NULL after a failure. */
char *rnn_checkpoint_settings(const char *path, RnnError *error);

#endif

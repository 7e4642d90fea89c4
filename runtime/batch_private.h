/* batch_private.h: what batch.c and plan.c share. */
#ifndef RNN_BATCH_PRIVATE_H
#define RNN_BATCH_PRIVATE_H
#include "batch.h"
#include "data_private.h"

/* Consecutive steps of a sequence that run as one: a sequence, a window that stands alone, or a stream. */
typedef struct RnnStream {
  int64_t sequence, first, length; /* the steps first .. first + length - 1 */
  int64_t order;                   /* among the streams that run together, before sorting */
} RnnStream;

void rnn_streams_sort(RnnStream *stream, int64_t count); /* longest first, then by order */

/* Steps begin .. end - 1 (as far as there are) of streams that are sorted; those that ended before `begin` are left
   out. */
bool rnn_batch_window(RnnBatch *batch, const RnnDataset *dataset, const RnnStream *stream, int64_t count, int64_t begin,
                      int64_t end, int64_t leads, RnnError *error);

#endif

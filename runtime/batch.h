/* batch.h: which sequences, or which windows of them, run together, and the arrays that a program reads of them.

   A plan cuts a dataset into batches; batch number `position` of epoch `epoch` is a function of these two numbers and
   of the plan's settings alone, so that they are all that a checkpoint has to keep. There are three ways, by the
   settings:

   whole sequences (unroll = 0)
     Sequences, in a new order each epoch where shuffle is set, by `batch` at a time; the last batch may be smaller.
     With `bucket` each run of RNN_BUCKET batches in that order is dealt out anew by length, so that a batch holds
     sequences of like length, and the order of full batches is drawn again where shuffle is set. Models with two axes
     run whole sequences only.

   windows (unroll > 0, carry = false)
     Every sequence is cut into windows of `unroll` steps (its last may be shorter), each an item of its own that starts
     fresh; items are ordered and batched as whole sequences are. Inputs beyond a window's end are real where its
     sequence goes on (ahead), so that no step's target is lost.

   streams (unroll > 0, carry = true)
     `batch` streams run side by side; a group's windows follow each other, and the state goes from each to the next.
     With at least `batch` sequences a stream is one sequence, and groups are ordered as above. With fewer, the
   sequences are cut into `batch` streams of nearly equal length (never across two sequences), in fixed order: 10 steps
   in 3 streams are 4, 3 and 3. Streams are sorted by length and keep their place b in all windows of a group; those
   that have ended drop out at the end, B shrinks. No step is left out: longer streams go on alone in a last, shorter
     window, but where that would be the one step that some cut streams have more than others, it is appended to the
     window before it (T = unroll + 1).

   Within a batch, sequences stand longest first; among equals the plan's order holds. Along the second axis a batch has
   an order of its own, longest first too; among equals the first order holds. */
#ifndef RNN_BATCH_H
#define RNN_BATCH_H
#include <stdio.h>
#include <stdint.h>
#include "data.h"
#include "error.h"

/* -- a batch ------------------------------------------------------------------------------------------------------- */

/* Start with RnnBatch batch = {0}; the arrays are its own, grow as needed and go with rnn_batch_free. Their layout is
   RnnFrame's. */
typedef struct RnnBatch {
  int64_t T, B;      /* longest window, sequences */
  int64_t *live;     /* [T + 1] */
  int64_t *len;      /* [B], descending, >= 1 */
  int64_t *ahead;    /* [B]: real elements that follow behind len, at most `leads` */
  double *fresh;     /* [B]: 1: starts here; 0: state is carried in, and what stands before is real */
  int64_t *sequence; /* [B]: which sequence of the dataset */
  int64_t *from;     /* [B]: the window's first step in it, from 0 */
  int64_t *first; /* [B]: first step of the stream in it: steps before that are outside (0: the sequence's own start) */
  int64_t *order; /* [B]: place in the order before sorting (rnn_batch_whole: in the list): undoes the sort */
  int64_t S;      /* longest along the second axis; 0: there is none, and nothing in the lists below */
  int64_t *live2; /* [S + 1] */
  int64_t *len2;  /* [B], descending */
  int64_t *row2;  /* [B]: place of b in the second order */
  int64_t *col2;  /* [B]: the inverse */
  bool carries_on; /* the next position of the plan continues this one: column b goes on as column b, for b < its B */
  int64_t room_T, room_S, room_B; /* private */
} RnnBatch;

void rnn_batch_free(RnnBatch *batch);
/* Whole sequences list[0 .. count-1] of the dataset as one batch. */
bool rnn_batch_whole(RnnBatch *batch, const RnnDataset *dataset, const int64_t *list, int64_t count, RnnError *error);
/* Sequences list[0 .. count-1], which may name one more than once, each as a window of one step, the first: b keeps the
   place in the list. rnn_batch_step moves on to step t. */
bool rnn_batch_stepwise(RnnBatch *batch, const RnnDataset *dataset, const int64_t *list, int64_t count,
                        RnnError *error);
void rnn_batch_step(RnnBatch *batch, const RnnDataset *dataset, int64_t t, int64_t leads);

/* Where an input stands in a program's buffer: rnn_program.h has the layout. */
typedef struct RnnPlace {
  int64_t lo, hi;   /* halo slots before and behind, along the primary axis */
  int64_t lo2, hi2; /* along the second */
  int64_t width;    /* elements of a row */
  int64_t column;
  bool integer; /* int32_t; else real */
  bool real64;  /* double; else float */
} RnnPlace;
/* Writes every row, halo and padding included, but only columns column .. column + the input's width - 1: the steps of
   the window, up to `ahead` real ones behind it, up to lo real ones before it where not fresh, and nothing (0, token
   -1) elsewhere. Tokens go to integer buffers, reals to real ones (either precision). An absent input is filled with
   "unobserved": token -1, real NaN within the window. */
void rnn_batch_fill(const RnnBatch *batch, const RnnDataset *dataset, int input, const RnnPlace *place, void *buffer);

/* -- a plan -------------------------------------------------------------------------------------------------------- */

enum { RNN_BUCKET = 16 };

typedef struct RnnPlanSettings {
  int64_t batch;  /* >= 1 */
  int64_t unroll; /* 0: whole sequences */
  bool carry;
  bool shuffle;
  bool bucket;
  uint64_t seed;
  int64_t leads; /* largest hi of the inputs that will be filled: how far a window may look beyond its end */
} RnnPlanSettings;

typedef struct RnnPlan RnnPlan;
/* The dataset is borrowed and must outlive the plan. */
RnnPlan *rnn_plan_new(const RnnDataset *dataset, const RnnPlanSettings *settings, RnnError *error);
void rnn_plan_free(RnnPlan *plan); /* NULL is allowed */
/* Batches in an epoch (it may differ between epochs where streams are shuffled), >= 1. */
int64_t rnn_plan_batches(RnnPlan *plan, int64_t epoch);
/* Fills the batch; position in [0, rnn_plan_batches). */
bool rnn_plan_batch(RnnPlan *plan, int64_t epoch, int64_t position, RnnBatch *batch, RnnError *error);
/* Largest T, and B, of any batch: for allocating once. */
int64_t rnn_plan_longest(const RnnPlan *plan);
int64_t rnn_plan_widest(const RnnPlan *plan);
/* Steps in an epoch, over all sequences: for rates. */
int64_t rnn_plan_steps(const RnnPlan *plan);

/* How the data are cut, and the first two batches, as text (--explain-batching). The coding gives tokens their texts;
   NULL: numbers. */
void rnn_batch_describe(FILE *out, RnnPlan *plan, const RnnCoding *coding);

#endif

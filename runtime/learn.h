/* learn.h: gradients of plain arrays and the handle's own updater (rnn.h), and the memory that both need, told
   beforehand (workspace.c). Private to the runtime. */
#ifndef RNN_LEARN_H
#define RNN_LEARN_H
#include "batch_private.h"
#include "memory.h"
#include "update.h"

enum { LEARNING_LISTS = 5, LEARNING_BATCH_LISTS = 10 };

typedef struct Learning {
  RnnUpdater *updater; /* NULL: not yet made */
  RnnInputSpec *spec;
  RnnDataset data; /* over the caller's arrays: owns nothing but its lists */
  RnnBatch batch;
  RnnStream *stream; /* [N] */
  int64_t N, T, S;   /* there is room for so many */
  uint64_t seed;     /* of noise, and the number of gradients computed so far */
  int64_t gradients;
  int64_t carried; /* so many sequences may be carried on; 0: none */
  bool lent;       /* lists are the caller's memory, which does not grow */
} Learning;

Learning *rnn_learning(RnnHandle *handle, RnnError *error); /* the handle's, made where there is none */
void rnn_learning_free(Learning *learning);                 /* NULL is allowed */
/* The lists of N elements, or N + 1, of 8 bytes each. */
void rnn_learning_lists(Learning *learning, void **list[LEARNING_LISTS + LEARNING_BATCH_LISTS]);

#endif

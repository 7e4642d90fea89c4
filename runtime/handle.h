/* handle.h: what an RnnHandle holds. Private to the runtime. */
#ifndef RNN_HANDLE_H
#define RNN_HANDLE_H
#include "data.h"
#include "frame.h"
#include "model.h"
#include "pool.h"
#include "rnn.h"

struct RnnHandle {
  ModelDescription *model;
  RnnParam *param;
  void *weights, *grads;     /* 64-byte aligned, model->count elements */
  RnnPool *pool;             /* NULL: one thread */
  Run **run;                 /* one a program, made when first used */
  int64_t memory;            /* of a training step, in bytes: 0 any, -1 as little as can be */
  int optimiser_states;      /* blocks as large as the weights that an updater of this handle holds */
  RnnCoding *coding;         /* how the data of these weights became numbers; NULL: not known */
  struct Learning *learning; /* learn.h; made when first used */
  bool lent;                 /* the blocks, and what a gradient needs, are the caller's memory */
};

RnnHandle *rnn_open_empty(const RnnModel *model, RnnError *error); /* without weights, gradients and threads */
size_t rnn_block_bytes(const RnnHandle *handle);
void *rnn_block_new(const RnnHandle *handle, RnnError *error); /* zeros; free() */
/* The program's memory; NULL where the model has no such program. */
Run *rnn_handle_run(RnnHandle *handle, const char *program, RnnError *error);
void rnn_set_threads(RnnHandle *handle, int threads);
void rnn_set_coding(RnnHandle *handle, RnnCoding *coding); /* takes it over, frees the old one */

/* weights.c: parameters in lists of tensors. Names get a prefix in front. */
bool rnn_weights_put(const RnnHandle *handle, const void *block, const char *prefix, RnnTensorFile *file,
                     RnnError *error); /* borrows the block */
bool rnn_weights_take(const RnnHandle *handle, void *block, const char *prefix, const RnnTensorFile *file,
                      const char *path, RnnError *error);
bool rnn_weights_save(const RnnHandle *handle, const void *block, const char *path,
                      RnnError *error); /* with the model's name and the coding */

#endif

/* frame.h: a program with its memory: buffers for any length and batch, filled from a batch, run, and read. Private to
   the runtime.

     Run *run = rnn_run_new(model, program, pool, &error);
     rnn_run_prepare(run, batch, dataset, noise, &error)   sizes, halos and padding zero, inputs and noise filled
     rnn_run_go(run, params, grads)                        the generated code
     rnn_run_carry(run)                                    the state for the next window, where the batch carries on
   The program "decode" in parts: rnn_run_prepare or rnn_run_resize; rnn_run_phase(.., RNN_PHASE_ENCODE); then for each
   step the batch moved on, rnn_run_next and the inputs filled again, rnn_run_phase(.., RNN_PHASE_STEPS), rnn_run_carry.
   Memory grows with the largest T and B seen and is used again. */
#ifndef RNN_FRAME_H
#define RNN_FRAME_H
#include "batch.h"
#include "model.h"

/* Names the draws of a run: the same numbers give the same noise. */
typedef struct NoiseKey {
  uint64_t seed, step;
  double forced; /* how likely the observed value is, where a coin says whether it is read */
} NoiseKey;

typedef struct Run {
  const ModelDescription *model;
  const Program *program;
  RnnFrame frame;
  void **block;        /* memory, one block a buffer */
  void **buffer;       /* frame.buf: a 64-byte aligned place in each block */
  size_t *room;        /* bytes of each */
  bool lent;           /* they are the caller's memory, which does not grow */
  int64_t limit;       /* bytes that buffers may take: 0 any, -1 as few as can be */
  int64_t windows;     /* in so many the program runs (windows.c); 1: as a whole */
  int64_t window;      /* steps of each, the last may be shorter */
  void **shifted;      /* frame.buf of a window */
  bool packed;         /* what the last run packed of its parameters is in the buffers still */
  void *edges, *taken; /* what stands in front of each window; what is carried into the next batch */
  size_t edge_bytes, edges_room;
  const RnnBatch *batch;  /* of the last rnn_run_prepare: borrowed; NULL where it is gone */
  const RnnDataset *data; /* the same */
} Run;

Run *rnn_run_new(const ModelDescription *model, const Program *program, RnnPool *pool, RnnError *error);
void rnn_run_free(Run *run); /* NULL is allowed */
/* Buffer i in zeroed memory of the caller's, which outlives the run; to be called for all of them, before the first
   rnn_run_prepare. A batch that needs more is refused then. */
void rnn_run_lend(Run *run, int i, void *memory, size_t bytes);

/* The batch and the dataset must live until the results are read. Inputs of the dataset are found by name. */
bool rnn_run_prepare(Run *run, const RnnBatch *batch, const RnnDataset *data, NoiseKey noise, RnnError *error);
/* Only sizes, halos and padding, for a caller that fills the inputs itself. */
bool rnn_run_resize(Run *run, const RnnBatch *batch, RnnError *error);
void rnn_run_go(Run *run, void *params, void *grads);
/* Without gradients. same: the parameters are those of the last run and nothing in them has changed, so that what was
   packed of them is taken as it is. */
void rnn_run_again(Run *run, void *params, bool same);
void rnn_run_phase(Run *run, void *params, RnnPhase phase);
/* Before the next step: makes what stands over the primary axis beside the step zero, and leaves all else. */
void rnn_run_next(Run *run);
/* The steps an input's buffer may hold of a batch: fills it. */
void rnn_run_fill(Run *run, const ProgramInput *input, int from);
/* Copies the value at place len + offset of each carried variable to where the next window reads it. Columns keep their
 * place. */
void rnn_run_carry(Run *run);
/* Column b takes over what was carried into column parent[b]; both are of one length along the second axis. */
bool rnn_run_reorder(Run *run, const int64_t *parent, RnnError *error);

/* An element of a real variable, or the id of a token, as double: at step t, s (0 where it does not have that axis) of
   column b in the primary order (0 without batch). */
double rnn_run_value(const Run *run, const ProgramVar *var, int64_t t, int64_t s, int64_t b, int64_t element);
double rnn_run_number(const Run *run, int var); /* a number a batch */
/* The address of a variable's row; t and s may reach into the halo. */
void *rnn_run_row(const Run *run, const ProgramVar *var, int64_t t, int64_t s, int64_t b);
/* How many steps a variable has in column b along each axis; 1 where it does not vary. */
int64_t rnn_run_steps(const Run *run, const ProgramVar *var, int64_t b);
int64_t rnn_run_steps2(const Run *run, const ProgramVar *var, int64_t b);
/* Adds to a list a tensor of the variable in the dataset's order and layout: [N, T, ...] with zeros behind a sequence's
   end, [N, S, ...], [N, T, S, ...], [N, ...], the same without N, or [...]; reals in the program's precision, ids as
   int32. */
bool rnn_run_export(const Run *run, const ProgramVar *var, const char *name, RnnTensorFile *out, RnnError *error);

/* The carried state of the first B columns as bytes, for a checkpoint of a model with one axis: entry after entry. */
int64_t rnn_run_carry_width(const Run *run, int entry);
void *rnn_run_carry_row(const Run *run, int entry, int64_t b);

#endif

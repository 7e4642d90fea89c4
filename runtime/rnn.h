/* rnn.h: driving a compiled model from C: weights, outputs, loss, gradients, training. C11 and C++.

   What to call first

     extern const RnnModel NAME_model;                     from NAME.o, which `rnnc -c NAME.rnn` made
     RnnError error = {0};
     RnnHandle *model = rnn_open(&NAME_model, 0, &error);  0: as many threads as the machine has
     if (!model) ... error.message says why
     rnn_initialise(model, seed, &error)  or  rnn_load(model, "NAME.safetensors", &error)
     ... any of the calls below ...
     rnn_close(model);

   Rules

   - A function that can fail takes RnnError as its last argument and returns false or NULL; the message then says what
   and where, and error.code is an exit code. After a failure the model is as it was before the call, unless said
   otherwise.
   - A handle may be used by one thread at a time; two handles are independent. The handle runs its own threads; results
   do not depend on how many, bit for bit.
   - Arrays come and go as lists of named tensors (tensors.h): one an input or target, [N, T, ...], over the
   second axis of a model that has one [N, S, ...], over both [N, T, S, ...], without a time index [N, ...]; and
   `lengths` [N] where sequences differ, `lengths_s` [N] along the second axis s. What stands behind a sequence's end
   does not matter. Tokens are whole numbers, reals of any precision. The lists stay the caller's.
   - Nothing is printed, except by rnn_train where asked to. No signal is caught. */
#ifndef RNN_H
#define RNN_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "error.h"
#include "rnn_program.h"
#include "tensors.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct RnnHandle RnnHandle;

/* `model` is not copied and must outlive the handle. threads 0: as many as this process may use. */
RnnHandle *rnn_open(const RnnModel *model, int threads, RnnError *error);
void rnn_close(RnnHandle *handle); /* NULL is allowed */

/* -- parameters --------------------------------------------------------------------------------------------- */

typedef struct RnnParam {
  const char *name; /* the path in the model: "h.Wi" */
  int rank;         /* 0: a number */
  int64_t shape[RNN_MAX_RANK];
  int64_t count;  /* elements, row-major */
  int64_t offset; /* of the first in rnn_weights and rnn_gradients, in elements */
} RnnParam;

const char *rnn_model_name(const RnnHandle *handle);
bool rnn_is_f64(const RnnHandle *handle); /* reals are double; else float */
int rnn_params(const RnnHandle *handle);
const RnnParam *rnn_param(const RnnHandle *handle, int number); /* in the order of the source; NULL out of range */
const RnnParam *rnn_param_named(const RnnHandle *handle, const char *name, RnnError *error);
/* The blocks themselves: float or double, rnn_block elements with gaps between parameters that must stay zero. Valid
 * until rnn_close. */
void *rnn_weights(RnnHandle *handle);
void *rnn_gradients(RnnHandle *handle);
int64_t rnn_block(const RnnHandle *handle);

/* First values by the model's initialisers: a function of the seed and each parameter's path. */
bool rnn_initialise(RnnHandle *handle, uint64_t seed, RnnError *error);
/* Every parameter of the model must be in the file, in its shape; other tensors are not looked at. A checkpoint will
   do. What training keeps of batch statistics may be missing: it is zero then, as before training. */
bool rnn_load(RnnHandle *handle, const char *path, RnnError *error);
/* Written aside and renamed: the old file or the new one, never half of it. */
bool rnn_save(RnnHandle *handle, const char *path, RnnError *error);

/* -- running on arrays -------------------------------------------------------------------------------------- */

/* All sequences of `data` run as one batch. */

/* Adds to `out` every output and, where `show` is given (names, NULL at the end), these variables instead: [N, T, ...]
   with zeros behind a sequence's end. Targets may be missing in `data`. */
bool rnn_forward(RnnHandle *handle, const RnnTensorFile *data, const char *const *show, RnnTensorFile *out,
                 RnnError *error);
/* The loss without noise: the program "evaluate". */
bool rnn_loss(RnnHandle *handle, const RnnTensorFile *data, double *loss, RnnError *error);
/* The loss, and its gradients into rnn_gradients, over what stood there: the program "train". Where out is given it
   gets a tensor `loss` and one a parameter, by name, and one an input that the model was compiled to have gradients by,
   in the layout of the data. */
bool rnn_gradient(RnnHandle *handle, const RnnTensorFile *data, double *loss, RnnTensorFile *out, RnnError *error);

/* What rnn_gradient may take, in bytes: values, weights, gradients and an updater's state, not the data; 0: any, -1: as
   little as can be. With less than it takes of itself it runs window by window over the primary axis, keeps what goes
   from one to the next, and computes the rest again on the way back: the same loss, the same gradients but for the
   order in which they are added up. Where that is too little too, running fails. rnn_train sets it by the setting
   `memory`. */
void rnn_set_memory(RnnHandle *handle, int64_t bytes);

/* -- updates ------------------------------------------------------------------------------------------------ */

typedef struct RnnUpdater RnnUpdater;
/* Texts as in a train block, "adam(rate = 1e-3)", "norm(1.0)"; NULL: the model's own setting. The handle must outlive
 * it. */
RnnUpdater *rnn_updater_new(RnnHandle *handle, const char *optimizer, const char *clip, RnnError *error);
void rnn_updater_free(RnnUpdater *updater); /* NULL is allowed */
/* Clips rnn_gradients and changes rnn_weights by them, at `rate` (negative: the optimiser's own). *norm, if given, is
   the gradients' norm before. Fails, with code RNN_ERROR_TRAINING and nothing changed, where the norm is not finite. */
bool rnn_update(RnnUpdater *updater, double rate, double *norm, RnnError *error);

/* -- learning while a program runs -------------------------------------------------------------------------- */

/* Gradients of plain arrays, without lists of tensors: one batch, read where it lies and not kept. The model's header
   has the same as struct NAME_batch, with a typed member for each array. */
typedef struct RnnArrays {
  int64_t sequences, steps; /* N, T: 1 or more */
  int64_t steps2;           /* S along the second axis; 0 where the model has one alone */
  const int64_t *lengths;   /* [N], 1 .. steps; NULL: all are as long as steps says */
  const int64_t *lengths2;  /* [N], the same along the second axis */
  /* Sequence n goes on from where sequence n of the last gradient ended: the state is what it was there, no gradient
     crosses. As many sequences as then, `lengths` NULL in both, one axis. */
  bool carry;
  /* So many steps of the same sequences stand in each array in front of the `steps`, for x[t-1], with carry, and behind
     them, for x[t+1], where `lengths` is NULL */
  int64_t before, behind;
  /* One pointer an input or target, in the order of rnn_input_name: [N, before + T + behind, ...] as in the rules at
     the top; int32_t for tokens, else float or double as rnn_is_f64 says. NULL for a target: it is not observed (nor is
     a token of -1, a real of NaN). */
  const void *const *values;
} RnnArrays;

int rnn_inputs(const RnnHandle *handle);
const char *rnn_input_name(const RnnHandle *handle, int number); /* NULL out of range */

/* The loss, and its gradients into rnn_gradients, over what stood there. loss may be NULL. Noise (dropout) is drawn
   anew each time, from the setting `seed`. Where it fails nothing has changed, but there is nothing to carry on from.
 */
bool rnn_gradient_arrays(RnnHandle *handle, const RnnArrays *arrays, double *loss, RnnError *error);
/* rnn_update by the handle's own updater: what rnn_open_in was told, else the model's settings. */
bool rnn_update_own(RnnHandle *handle, double rate, double *norm, RnnError *error);

/* All memory that these two need, told beforehand and given by the caller: weights, gradients, the optimiser's state,
   values and adjoints of the largest batch. rnn_open_in itself takes some KB more from malloc, for the model's
   description and threads; after it, rnn_gradient_arrays and rnn_update_own ask for none. */
typedef struct RnnWorkspace {
  int64_t sequences, steps,
      steps2;                   /* of the largest batch: steps with those `before` and `behind`; steps2 0: one axis */
  int threads;                  /* 0: as many as this process may use */
  const char *optimizer, *clip; /* texts as for rnn_updater_new; NULL: the model's own */
} RnnWorkspace;

int64_t rnn_workspace_bytes(const RnnModel *model, const RnnWorkspace *workspace, RnnError *error); /* -1: failed */
/* Like rnn_open. The memory may have any alignment, must outlive the handle, and is not freed by rnn_close. Other calls
   work too, and ask for memory where they need it; rnn_set_memory has no effect. */
RnnHandle *rnn_open_in(const RnnModel *model, void *memory, int64_t bytes, const RnnWorkspace *workspace,
                       RnnError *error);

/* -- training ----------------------------------------------------------------------------------------------- */

typedef enum RnnProgressKind {
  RNN_PROGRESS_NONE,
  RNN_PROGRESS_AUTO, /* one live line on a terminal, else plain lines */
  RNN_PROGRESS_LINE,
  RNN_PROGRESS_PLAIN, /* a complete line now and then */
} RnnProgressKind;

/* What the caller's functions below get to see. */
typedef struct RnnTrainState {
  int64_t step, epoch;     /* updates done; epochs begun, from 0 */
  double loss, norm, rate; /* of the last update */
  bool clipped;
  double validation; /* the last one; NaN before the first */
} RnnTrainState;

/* Start with RnnTraining training = {0}: then all comes from the model's train block. */
typedef struct RnnTraining {
  const char *const *set;    /* "name=value" over the train block (settings.def), NULL at the end */
  const RnnTensorFile *data; /* training data in memory; NULL: the setting `data` */
  const char
      *folder; /* where relative names of the model's own `data`, `validate` and `test` are looked up; NULL: here */
  const char *weights; /* start from these; NULL: from the initialisers */
  const char *resume;  /* go on from this checkpoint */
  const char *out;     /* weights: the best by validation as they are found, else the last; NULL: not written */
  const char *trace;   /* .npz: loss, norm and every parameter after each update */
  RnnProgressKind progress;
  FILE *progress_to; /* NULL: stderr */
  /* Called after each update, and between batches while validating; 1 stops, 2 asks for a checkpoint. NULL: never. */
  int (*after_step)(void *context, const RnnTrainState *state);
  void *context;
} RnnTraining;

typedef enum RnnOutcome { RNN_FINISHED, RNN_EARLY, RNN_STOPPED } RnnOutcome;

typedef struct RnnTrained {
  RnnOutcome outcome; /* all steps done; no better for `patience` epochs; stopped by after_step */
  RnnTrainState last;
  double best; /* lowest validation loss; NaN without validation */
  int64_t best_step;
  char checkpoint[4096]; /* the file last written; "" for none */
} RnnTrained;

/* Trains with the settings; at the end the handle holds the best weights by validation, else the last. A checkpoint is
   written after an epoch (not oftener than every five seconds), when stopped, and at the end; going on from it gives
   the same bits as not having stopped. A loss or gradient that is not finite ends training with RNN_ERROR_TRAINING and
   a message that names the step, the first equation with such a value and its line; the handle then holds the weights
   before that step. */
bool rnn_train(RnnHandle *handle, const RnnTraining *training, RnnTrained *trained, RnnError *error);

#ifdef __cplusplus
}
#endif
#endif

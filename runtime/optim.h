/* optim.h: optimisers by the text of a setting, "adam(rate = 2e-3)". State lies in flat blocks of the parameters' own
 * layout. */
#ifndef RNN_OPTIM_H
#define RNN_OPTIM_H
#include <stdint.h>
#include "error.h"
#include "pool.h"

enum { OPTIMISER_STATES = 2 };

typedef struct Optimiser {
  const struct OptimiserRow *row;
  double argument[5]; /* in the order of its row; [0] is the rate that a schedule starts from */
  bool real64;
  int64_t count;                 /* parameters */
  int64_t trained;               /* the first so many are updated */
  int64_t step;                  /* updates done */
  void *state[OPTIMISER_STATES]; /* NULL beyond its own */
  bool lent;                     /* the states are the caller's memory */
} Optimiser;

Optimiser *rnn_optimiser_new(const char *text, int64_t count, bool real64, RnnError *error);
/* The same without states: each is to be lent zeroed memory of the parameters' size before the first update. */
Optimiser *rnn_optimiser_read(const char *text, int64_t count, bool real64, RnnError *error);
void rnn_optimiser_lend(Optimiser *optimiser, int state, void *memory);
void rnn_optimiser_free(Optimiser *optimiser); /* NULL is allowed */
const char *rnn_optimiser_name(const Optimiser *optimiser);
int rnn_optimiser_states(const Optimiser *optimiser);
const char *rnn_optimiser_state_name(const Optimiser *optimiser, int state);
/* One update by grads * scale. */
void rnn_optimiser_update(Optimiser *optimiser, RnnPool *pool, double rate, double scale, const void *grads,
                          void *params);

#endif

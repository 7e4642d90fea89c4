/* sampler.h: a model that runs step by step, each step's inputs given as it goes. By the streaming step where the model
   has one that hands out what its draws need, else by the program "forward" with T = 1 and the state carried. Private
   to the runtime.

     sampler_open; then for t = 0, 1, ..: the values of inputs up to step t stand in value[]; sampler_step;
   sampler_param reads. */
#ifndef RNN_SAMPLER_H
#define RNN_SAMPLER_H
#include "handle.h"

typedef struct Sampler {
  RnnHandle *handle;
  int64_t steps;  /* room: steps that an input's values may have */
  double **value; /* one a model's input: [steps * width], or [width] without time index; a token's id, -1 where nothing
                     stands */
  bool *needed;   /* one a model's input: it is read */
  /* the streaming step */
  void *state, **in, **out;
  /* or the program */
  Run *run;
  RnnBatch batch;
  int64_t live[2], len, ahead, sequence, from, order;
  double fresh;
} Sampler;

bool rnn_sampler_open(Sampler *sampler, RnnHandle *handle, int64_t steps, RnnError *error);
void rnn_sampler_close(Sampler *sampler);
/* Steps are taken in order, from 0. */
bool rnn_sampler_step(Sampler *sampler, int64_t t, RnnError *error);
/* The elements of a draw's parameter after the step: `count` of them, copied; returns how many there are. */
int64_t rnn_sampler_param(const Sampler *sampler, const char *name, double *to, int64_t count);

#endif

/* eight.c: eight handles of two models learn at once, each in a thread of its own, one of them with two threads more;
   each must come to the bits that it comes to alone. Built with ThreadSanitizer. */
#define _GNU_SOURCE
#include <rnn.h>
#include "lagged.h"
#include "wide.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HANDLES = 8, N = 6, T = 8, UPDATES = 6 };

typedef struct Learner {
  int number;
  bool ok;
  double loss, weights; /* the last loss; a sum over the weights */
} Learner;

static double sum_of(RnnHandle *model)
{
  const float *w = rnn_weights(model);
  double sum = 0;
  for (int64_t i = 0; i < rnn_block(model); i++) sum += (double)w[i] * (double)(i % 7 + 1);
  return sum;
}

static bool learn_lagged(Learner *l, RnnError *error)
{
  float x[N * T * 3], y[N * T * 2];
  for (int i = 0; i < N * T * 3; i++) x[i] = (float)((i * 37 + l->number * 11) % 23) / 23;
  for (int i = 0; i < N * T * 2; i++) y[i] = x[i] - x[i + 1];
  int64_t bytes = LAGGED_WORKSPACE_BYTES(N, T);
  void *memory = malloc((size_t)bytes);
  RnnHandle *model = lagged_open_in(memory, bytes, N, T, 1, NULL, NULL, error);
  struct lagged_batch batch = {.sequences = N, .steps = T, .in_x = x, .in_y = y};
  bool ok = model && rnn_initialise(model, (uint64_t)l->number, error);
  for (int i = 0; ok && i < UPDATES; i++)
    ok = lagged_gradient(model, &batch, &l->loss, error) && lagged_update(model, -1, NULL, error);
  if (ok) l->weights = sum_of(model);
  rnn_close(model);
  free(memory);
  return ok;
}

static bool learn_wide(Learner *l, RnnError *error)
{
  int32_t x[N * T];
  for (int i = 0; i < N * T; i++) x[i] = (i * 13 + l->number) % 40;
  RnnHandle *model = wide_open(l->number == 1 ? 3 : 1, error);
  struct wide_batch batch = {.sequences = N, .steps = T, .in_x = x};
  bool ok = model && rnn_initialise(model, (uint64_t)l->number, error);
  for (int i = 0; ok && i < UPDATES; i++)
    ok = wide_gradient(model, &batch, &l->loss, error) && wide_update(model, -1, NULL, error);
  if (ok) l->weights = sum_of(model);
  rnn_close(model);
  return ok;
}

static void *learn(void *arg)
{
  Learner *l = arg;
  RnnError error = {0};
  l->ok = l->number % 2 ? learn_wide(l, &error) : learn_lagged(l, &error);
  if (!l->ok) fprintf(stderr, "%d: %s\n", l->number, error.message);
  return NULL;
}

int main(void)
{
  Learner at_once[HANDLES] = {0};
  pthread_t thread[HANDLES];
  int wrong = 0;
  for (int i = 0; i < HANDLES; i++) {
    at_once[i].number = i;
    if (pthread_create(&thread[i], NULL, learn, &at_once[i]) != 0) return 2;
  }
  for (int i = 0; i < HANDLES; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < HANDLES; i++) {
    Learner alone = {.number = i};
    learn(&alone);
    wrong += !at_once[i].ok || !alone.ok || at_once[i].loss != alone.loss || at_once[i].weights != alone.weights;
  }
  if (wrong) fprintf(stderr, "%d of %d differ\n", wrong, HANDLES);
  return wrong > 0;
}

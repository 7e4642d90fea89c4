/* threads.c: eight instances in eight threads at once, one block of weights, against the same one after the other. */
#include "gates.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 8, STEPS = 200 };
static gates_real w[GATES_PARAM_COUNT];
typedef struct Instance {
  int number;
  struct gates_state state;
  gates_real o[STEPS][2], a[7];
} Instance;
static Instance at_once[THREADS], in_turn[THREADS];

static void *run(void *arg)
{
  Instance *i = arg;
  gates_init(&i->state);
  for (int t = 0; t < STEPS; t++) {
    gates_real x[3] = {(float)i->number, (float)(t % 13) / 7, -1};
    gates_step(w, &i->state, x, i->o[t], i->a);
  }
  return NULL;
}

int main(void)
{
  pthread_t thread[THREADS];
  int wrong = 0;
  for (int i = 0; i < GATES_PARAM_COUNT; i++) w[i] = (float)(i * 7919 % 101 - 50) / 60;
  for (int i = 0; i < THREADS; i++) {
    at_once[i].number = in_turn[i].number = i;
    run(&in_turn[i]);
  }
  for (int i = 0; i < THREADS; i++) wrong += pthread_create(&thread[i], NULL, run, &at_once[i]) != 0;
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  wrong += memcmp(at_once, in_turn, sizeof at_once) != 0;
  wrong += memcmp(in_turn[0].o, in_turn[1].o, sizeof in_turn[0].o) == 0;
  if (wrong) printf("%d wrong\n", wrong);
  return wrong;
}

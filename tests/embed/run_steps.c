/* run_steps.c: gates_run against single steps: other strides, in two goes; and gates_step_many of five sequences, each
   at another place of the same. */
#include "gates.h"
#include <stdio.h>
#include <string.h>

enum { STEPS = 20, FIRST = 7, ROW = 5 };

int main(void)
{
  static gates_real w[GATES_PARAM_COUNT], x[STEPS][ROW], o[STEPS][2], a[STEPS][7], o2[STEPS][3], a2[STEPS][7];
  struct gates_state one, other;
  int wrong = 0;
  for (int i = 0; i < GATES_PARAM_COUNT; i++) w[i] = (float)(i * 7919 % 101 - 50) / 60;
  for (int t = 0; t < STEPS; t++)
    for (int k = 0; k < ROW; k++) x[t][k] = (float)(t * 31 + k * 17) / 100 - 3;
  gates_init(&one);
  for (int t = 0; t < STEPS; t++) gates_step(w, &one, x[t], o[t], a[t]);
  gates_init(&other);
  gates_run(w, &other, 0, x[0], ROW, o2[0], 3, a2[0], 7);
  gates_run(w, &other, FIRST, x[0], ROW, o2[0], 3, a2[0], 7);
  gates_run(w, &other, STEPS - FIRST, x[FIRST], ROW, o2[FIRST], 3, a2[FIRST], 7);
  for (int t = 0; t < STEPS; t++) wrong += memcmp(o[t], o2[t], sizeof o[t]) != 0 || o2[t][2] != 0;
  wrong += memcmp(a, a2, sizeof a) != 0;
  wrong += memcmp(&one, &other, sizeof one) != 0;

  static struct gates_state many[5];
  gates_real xs[5][3], os[5][2], as[5][7];
  for (int i = 0; i < 5; i++) {
    gates_init(&many[i]);
    gates_run(w, &many[i], (size_t)i, x[0], ROW, o2[0], 3, a2[0], 7);
    memcpy(xs[i], x[i], sizeof xs[i]);
  }
  gates_step_many(w, many, 5, xs[0], os[0], as[0]);
  for (int i = 0; i < 5; i++) wrong += memcmp(os[i], o[i], sizeof o[i]) != 0 || memcmp(as[i], a[i], sizeof a[i]) != 0;
  if (wrong) printf("%d wrong\n", wrong);
  return wrong;
}

/* levels.c: an object with a clone of the step for each level: prints the level that this CPU gets; whatever stands in
   the state where the level is noted, a step gives the same. */
#include "gates.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static float params[GATES_PARAM_COUNT];

static void step(struct gates_state *state, int t, float *out)
{
  const float in[3] = {(float)t / 4, (float)(3 - t) / 4, 0.5f};
  gates_step(params, state, in, out, out + 2);
}

int main(void)
{
  static const double marks[] = {0, NAN, -1, 4, 5, 1e300, 0.5, INFINITY, -0.0, 5e-324};
  struct gates_state clean, marked, copy;
  float want[9], got[9];
  for (int i = 0; i < GATES_PARAM_COUNT; i++) params[i] = (float)((i * 37 + 11) % 64 - 32) / 64;
  gates_init(&clean);
  gates_init(&marked);
  for (int t = 0; t < 10; t++) {
    step(&clean, t, want);
    marked.words[1] = marks[t];
    step(&marked, t, got);
    if (memcmp(want, got, sizeof want)) return printf("step %d with %g\n", t, marks[t]), 1;
    copy = marked;
    gates_moved(&copy);
  }
  step(&marked, 10, want);
  step(&copy, 10, got);
  if (memcmp(want, got, sizeof want)) return printf("a state that moved\n"), 1;
  printf("%d\n", (int)gates_level());
  return 0;
}

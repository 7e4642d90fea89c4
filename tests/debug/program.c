/* program.c: some steps of filter.rnn, with weights and inputs that repeat. */
#include "filter.h"
#include <stdio.h>

static float params[FILTER_PARAM_COUNT];
static struct filter_state state;

int main(void)
{
  for (int i = 0; i < FILTER_PARAM_COUNT; i++) params[i] = (float)((i * 37 + 11) % 64 - 32) / 64;
  filter_reset(&state);
  float out[3] = {0};
  for (int t = 0; t < 4; t++) {
    float x[2] = {(float)(t + 1) / 4, (float)(3 - t) / 4};
    filter_step(params, &state, x, out);
  }
  printf("%.6f %.6f %.6f\n", (double)out[0], (double)out[1], (double)out[2]);
  return 0;
}

/* flush.c: ahead_token.o: five inputs give five outputs, the last AHEAD_TOKEN_LATENCY of them when they are flushed; a
   sequence that is longer has others there. */
#include "ahead_token.h"
#include <stdio.h>
#include <string.h>

enum { STEPS = 5, LATE = AHEAD_TOKEN_LATENCY };
static ahead_token_real w[AHEAD_TOKEN_PARAM_COUNT];

static void sequence(int steps, ahead_token_real (*o)[6])
{
  struct ahead_token_state state;
  ahead_token_real none[6];
  int given = 0;
  ahead_token_init(&state);
  for (int t = 0; t < steps; t++)
    ahead_token_step(w, &state, (t * 5 + 2) % 6, 0.1f * (float)t, t < LATE ? none : o[given++]);
  for (int k = 0; k < LATE; k++) ahead_token_flush(w, &state, o[given++]);
}

int main(void)
{
  static ahead_token_real five[STEPS][6], longer[STEPS + 3][6];
  int wrong = 0;
  for (int i = 0; i < AHEAD_TOKEN_PARAM_COUNT; i++) w[i] = (float)(i * 7919 % 101 - 50) / 60;
  sequence(STEPS, five);
  sequence(STEPS + 3, longer);
  for (int t = 0; t < STEPS; t++) {
    float sum = 0;
    for (int k = 0; k < 6; k++) sum += five[t][k];
    wrong += !(sum > 0.999f && sum < 1.001f); /* softmax */
    wrong += (memcmp(five[t], longer[t], sizeof five[t]) == 0) != (t < STEPS - LATE);
  }
  wrong += LATE != 2;
  if (wrong) printf("%d wrong\n", wrong);
  return wrong;
}

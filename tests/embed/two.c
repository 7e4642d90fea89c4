/* two.c: two models in one program, and several states of each: characters.o and drawn_token.o, both of --inference. */
#include "characters.h"
#include "drawn_token.h"
#include <stdio.h>
#include <string.h>

static characters_real a[CHARACTERS_PARAM_COUNT];
static drawn_token_real b[DRAWN_TOKEN_PARAM_COUNT];

static int first_largest(const float *o, int n)
{
  int best = 0;
  for (int i = 1; i < n; i++)
    if (o[i] > o[best]) best = i;
  return best;
}

/* 20 characters, each read back by the next step */
static void speak(struct characters_state *state, int symbol, int *said)
{
  for (int t = 0; t < 20; t++) {
    characters_real o[CHARACTERS_COUNT_out_o];
    characters_step(a, state, symbol, o);
    symbol = said[t] = first_largest(o, CHARACTERS_COUNT_out_o);
  }
}

int main(void)
{
  static struct characters_state one, other, saved;
  static struct drawn_token_state drawn;
  int said[20], again[20], went_on[20], wrong = 0, y = -1;
  for (int i = 0; i < CHARACTERS_PARAM_COUNT; i++) a[i] = (float)((i * 7919) % 101 - 50) / 40;
  for (int i = 0; i < DRAWN_TOKEN_PARAM_COUNT; i++) b[i] = (float)((i * 7919) % 101 - 50) / 60;

  characters_reset(&one);
  drawn_token_reset(&drawn);
  speak(&one, 3, said);
  saved = one;
  speak(&one, 5, went_on);
  for (int t = 0; t < 5; t++) { /* the other model, in between */
    drawn_token_real x[4] = {1, (float)t, -1, 0.5f}, o[6];
    drawn_token_step(b, &drawn, x, y, o);
    y = first_largest(o, 6);
  }
  speak(&saved, 5, again);
  wrong += memcmp(again, went_on, sizeof again) != 0; /* a snapshot goes on as the original did */
  characters_reset(&other);
  speak(&other, 3, again);
  wrong += memcmp(again, said, sizeof again) != 0;
  characters_reset(&one);
  speak(&one, 3, again);
  wrong += memcmp(again, said, sizeof again) != 0; /* reset forgets */
  wrong += memcmp(&one, &other, sizeof one) != 0;
  wrong += characters_step_entry == drawn_token_step_entry;
  wrong += (void *)&characters_model == (void *)&drawn_token_model;
  wrong += sizeof one != CHARACTERS_STATE_BYTES || sizeof drawn != DRAWN_TOKEN_STATE_BYTES;
  if (wrong) printf("%d wrong\n", wrong);
  return wrong;
}

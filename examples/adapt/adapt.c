/* adapt.c: a model that learns while it runs. A gauge drifts: its gain falls and its zero moves. Two copies of a model
   predict each reading before it comes; one stays as it was when the gauge was new, the other learns from each window
   of readings once they are there. All memory is static. Needs gauge.o of `rnnc -c`, and librnn. */
#include <rnn.h>
#include "gauge.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 32, WINDOW = 25, READINGS = 20000, QUARTERS = 4 };

/* ---- the gauge, made up ---- */

typedef struct Gauge {
  uint64_t random;
  float valve, flow;
} Gauge;

/* uniform in [0, 1): Knuth's linear congruential generator, upper bits */
static float uniform(Gauge *g)
{
  g->random = g->random * 6364136223846793005u + 1442695040888963407u;
  return (float)(g->random >> 40) / (1 << 24);
}

/* Now and then the valve is set anew; the flow follows late, and the gauge reads it bent, with noise. */
static float read_gauge(Gauge *g, float gain, float zero)
{
  if (uniform(g) < 0.1f) g->valve = 2 * uniform(g) - 1;
  g->flow += 0.3f * (g->valve - g->flow);
  return gain * tanhf(1.5f * g->flow) + zero + 0.05f * (uniform(g) + uniform(g) - 1);
}

/* ---- learning ---- */

static char memory[GAUGE_WORKSPACE_BYTES(BATCH, WINDOW)];
static gauge_real valve[BATCH * WINDOW], reading[BATCH * WINDOW], when_new[GAUGE_PARAM_COUNT];

static int stop(RnnHandle *model, const RnnError *error)
{
  fprintf(stderr, "adapt: %s\n", error->message);
  rnn_close(model);
  return error->code;
}

/* 32 new gauges side by side, all with gain 1 and zero 0 */
static bool learn_new(RnnHandle *model, RnnError *error)
{
  Gauge gauge[BATCH] = {{0}};
  const struct gauge_batch batch = {.sequences = BATCH, .steps = WINDOW, .in_valve = valve, .in_reading = reading};
  for (int n = 0; n < BATCH; n++) gauge[n].random = (uint64_t)n * 2862933555777941757u + 1;
  for (int update = 0; update < 400; update++) {
    for (int i = 0; i < BATCH * WINDOW; i++) {
      Gauge *g = &gauge[i / WINDOW];
      if (i % WINDOW == 0) g->flow = g->valve = 0; /* each window starts with the valve in the middle */
      reading[i] = read_gauge(g, 1, 0);
      valve[i] = g->valve;
    }
    if (!gauge_gradient(model, &batch, NULL, error) || !gauge_update(model, -1, NULL, error)) return false;
  }
  return true;
}

int main(void)
{
  RnnError error = {0};
  RnnHandle *model = gauge_open_in(memory, sizeof memory, BATCH, WINDOW, 1, NULL, NULL, &error);
  if (!model || !rnn_initialise(model, 1, &error) || !learn_new(model, &error)) return stop(model, &error);
  const gauge_real *weights = rnn_weights(model); /* gauge_update changes them, and the next step reads them so */
  memcpy(when_new, weights, sizeof when_new);
  printf("%zu bytes of memory for learning, 2 x %d for running\n", sizeof memory, GAUGE_STATE_BYTES);

  static struct gauge_state fixed, adapting;
  gauge_reset(&fixed);
  gauge_reset(&adapting);
  Gauge gauge = {.random = 99};
  struct gauge_batch window = {.sequences = 1, .steps = WINDOW, .in_valve = valve, .in_reading = reading};
  double wrong[QUARTERS][2] = {{0}};
  for (int t = 0; t < READINGS; t++) {
    float age = (float)t / READINGS, now = read_gauge(&gauge, 1 - 0.5f * age, 0.3f * sinf(6 * age));
    gauge_real expected[2][1];
    gauge_step(when_new, &fixed, gauge.valve, expected[0]);
    gauge_step(weights, &adapting, gauge.valve, expected[1]);
    for (int k = 0; k < 2; k++) wrong[t * QUARTERS / READINGS][k] += pow(expected[k][0] - now, 2);

    valve[t % WINDOW] = gauge.valve;
    reading[t % WINDOW] = now;
    if (t % WINDOW < WINDOW - 1) continue;
    /* each window goes on from the state in which the last one ended */
    if (!gauge_gradient(model, &window, NULL, &error) || !gauge_update(model, 3e-3, NULL, &error))
      return stop(model, &error);
    window.carry = true;
  }

  double all[2] = {0};
  printf("error (root mean square)   fixed  adapting\n");
  for (int q = 0; q < QUARTERS; q++) {
    printf("readings %5d to %5d     %.3f     %.3f\n", q * READINGS / QUARTERS, (q + 1) * READINGS / QUARTERS - 1,
           sqrt(wrong[q][0] * QUARTERS / READINGS), sqrt(wrong[q][1] * QUARTERS / READINGS));
    for (int k = 0; k < 2; k++) all[k] += wrong[q][k];
  }
  printf("all                        %.3f     %.3f\n", sqrt(all[0] / READINGS), sqrt(all[1] / READINGS));
  rnn_close(model);
  return all[1] < all[0] / 4 ? 0 : 1;
}

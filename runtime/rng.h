/* rng.h: counter-based random numbers (Philox 4x32-10). No state: a draw is a function of (seed, stream, index), so
   that threads, order and resumption cannot change it. A stream is any 64-bit number; rnn_stream derives one from
   another, so that rnn_stream(rnn_stream(rnn_stream_named("noise"), step), sequence) names its draws. */
#ifndef RNN_RNG_H
#define RNN_RNG_H
#include <stdbool.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

uint64_t rnn_stream_named(const char *name);
uint64_t rnn_stream(uint64_t parent, uint64_t part);

uint64_t rnn_bits(uint64_t seed, uint64_t stream, uint64_t index);  /* 64 independent bits */
double rnn_uniform(uint64_t seed, uint64_t stream, uint64_t index); /* in [0, 1), 53 bits */
double rnn_normal(uint64_t seed, uint64_t stream, uint64_t index);  /* mean 0, deviation 1; Box-Muller */
bool rnn_bernoulli(uint64_t seed, uint64_t stream, uint64_t index, double probability);
/* A whole number in [0, bound), without bias; bound >= 1. */
uint64_t rnn_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound);
/* out becomes a permutation of 0 .. n-1 (Fisher-Yates). */
void rnn_permutation(uint64_t seed, uint64_t stream, int64_t n, int64_t *out);

/* A source hands out as many draws as a method takes, one a call; `next` starts at 0. */
typedef struct RnnSource {
  uint64_t seed, stream, next;
} RnnSource;
double rnn_next_uniform(RnnSource *source);
double rnn_next_normal(RnnSource *source);
double rnn_next_gamma(RnnSource *source, double shape);      /* scale 1; NaN unless shape > 0 and finite */
double rnn_next_beta(RnnSource *source, double a, double b); /* NaN unless both > 0 and finite */
double rnn_next_poisson(RnnSource *source, double rate);     /* NaN unless 0 <= rate < 1e15 */

typedef enum RnnDistribution {
  RNN_UNIFORM,   /* a, b: ends */
  RNN_NORMAL,    /* a mean, b deviation */
  RNN_BERNOULLI, /* a probability of 1; values 0 and 1 */
} RnnDistribution;
/* "uniform", "normal", "bernoulli"; false for another name */
bool rnn_distribution_named(const char *name, RnnDistribution *distribution);
/* out[i] = the draw with index first + i, i = 0 .. n-1; element for element what the single draws give. */
void rnn_draw_f64(RnnDistribution distribution, double a, double b, uint64_t seed, uint64_t stream, uint64_t first,
                  int64_t n, double *out);
void rnn_draw_f32(RnnDistribution distribution, double a, double b, uint64_t seed, uint64_t stream, uint64_t first,
                  int64_t n, float *out);

typedef struct RnnDrawing {
  double temperature; /* logits are divided by it; 0: always the largest */
  int64_t top_k;      /* among the largest logits; <= 0 or >= n: all */
  double top_p;       /* of these, among the fewest whose probabilities reach top_p; outside (0, 1): all */
} RnnDrawing;
/* Draws from softmax(logits / temperature) so restricted (of equal logits the lower index counts as larger), with u in
   [0, 1), for example rnn_uniform(...). -inf logits are never drawn. Returns the index, or -1 where a logit is NaN or
   +inf, none is above -inf, n < 1, or the temperature is negative or not finite. */
int64_t rnn_categorical(const double *logits, int64_t n, const RnnDrawing *drawing, double u);

#ifdef __cplusplus
}
#endif
#endif

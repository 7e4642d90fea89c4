/* rng.c: counter-based random numbers on Philox 4x32-10. The key is the seed; the counter holds the index below and the
   stream above. A block of 128 bits serves two draws: indices 2k and 2k + 1 share block k. Needs Random123, xxhash. */
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <Random123/philox.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t rnn_stream_named(const char *name) { return XXH64(name, strlen(name), 0); }

uint64_t rnn_stream(uint64_t parent, uint64_t part)
{
  uint64_t both[2] = {parent, part};
  return XXH64(both, sizeof both, 1);
}

typedef struct Block {
  uint64_t word[2];
} Block;

static Block block(uint64_t seed, uint64_t stream, uint64_t number)
{
  philox4x32_ctr_t counter = {{(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  philox4x32_ctr_t bits = philox4x32(counter, key);
  return (Block){{bits.v[0] | (uint64_t)bits.v[1] << 32, bits.v[2] | (uint64_t)bits.v[3] << 32}};
}

/* 53 bits in [0, 1) */
static double unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

/* Box-Muller: a block gives two normal numbers, the cosine's and the sine's */
static double normal_of(Block b, int which)
{
  double radius = sqrt(-2 * log(1 - unit(b.word[0]))); /* 1 - u is in (0, 1] */
  double angle = 2 * M_PI * unit(b.word[1]);
  return radius * (which ? sin(angle) : cos(angle));
}

uint64_t rnn_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
  return block(seed, stream, index / 2).word[index % 2];
}
double rnn_uniform(uint64_t seed, uint64_t stream, uint64_t index) { return unit(rnn_bits(seed, stream, index)); }

double rnn_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
  return normal_of(block(seed, stream, index / 2), index % 2);
}

bool rnn_bernoulli(uint64_t seed, uint64_t stream, uint64_t index, double probability)
{
  return rnn_uniform(seed, stream, index) < probability;
}

uint64_t rnn_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound)
{
  uint64_t bits = rnn_bits(seed, stream, index), reject = (0 - bound) % bound;
  /* the lowest 2^64 mod bound products would make some numbers likelier: draw again, from a stream of this index's own
   */
  for (uint64_t again = 0; bits * bound < reject; again++) bits = rnn_bits(seed, rnn_stream(stream, index), again);
  return (uint64_t)((unsigned __int128)bits * bound >> 64);
}

void rnn_permutation(uint64_t seed, uint64_t stream, int64_t n, int64_t *out)
{
  for (int64_t i = 0; i < n; i++) out[i] = i;
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j = (int64_t)rnn_below(seed, stream, (uint64_t)i, (uint64_t)i + 1), kept = out[i];
    out[i] = out[j];
    out[j] = kept;
  }
}

/* -- draws that take several numbers ------------------------------------------------------------------------------- */

/* a block each, so that a normal number shares no bits with a uniform one */
double rnn_next_uniform(RnnSource *s) { return rnn_uniform(s->seed, s->stream, 2 * s->next++); }
double rnn_next_normal(RnnSource *s) { return rnn_normal(s->seed, s->stream, 2 * s->next++); }

static double above_zero(RnnSource *s) { return 1 - rnn_next_uniform(s); } /* (0, 1] */

/* Marsaglia and Tsang 2000: d v with d = shape - 1/3, v = (1 + z / sqrt(9 d))^3, for shape >= 1 */
static double gamma_from_one(RnnSource *s, double shape)
{
  double d = shape - 1. / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double z = rnn_next_normal(s), v = 1 + c * z;
    if (v <= 0) continue;
    v = v * v * v;
    if (log(above_zero(s)) < 0.5 * z * z + d * (1 - v + log(v))) return d * v;
  }
}

/* below 1: gamma(shape + 1) u^(1 / shape), which may underflow where its logarithm does not */
static double log_gamma_draw(RnnSource *s, double shape)
{
  if (shape >= 1) return log(gamma_from_one(s, shape));
  double more = log(gamma_from_one(s, shape + 1));
  return more + log(above_zero(s)) / shape;
}

static bool is_shape(double a) { return a > 0 && isfinite(a); }

double rnn_next_gamma(RnnSource *s, double shape) { return is_shape(shape) ? exp(log_gamma_draw(s, shape)) : NAN; }

double rnn_next_beta(RnnSource *s, double a, double b)
{
  if (!is_shape(a) || !is_shape(b)) return NAN;
  double x = log_gamma_draw(s, a), y = log_gamma_draw(s, b);
  return 1 / (1 + exp(y - x));
}

/* Knuth: how many uniform numbers until their product falls below exp(-rate) */
static double poisson_product(RnnSource *s, double rate)
{
  double product = above_zero(s), least = exp(-rate), k = 0;
  for (; product > least; k++) product *= above_zero(s);
  return k;
}

/* Hoermann 1993, PTRS: transformed rejection, for rate >= 10 */
static double poisson_rejection(RnnSource *s, double rate)
{
  double b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4),
         inside = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = rnn_next_uniform(s) - 0.5, v = above_zero(s), edge = 0.5 - fabs(u);
    double k = floor((2 * a / edge + b) * u + rate + 0.43);
    if (edge >= 0.07 && v <= inside) return k;
    if (k < 0 || !(edge > 0) || (edge < 0.013 && v > edge)) continue;
    int sign;
    if (log(v * inverse / (a / (edge * edge) + b)) <= k * log(rate) - rate - lgamma_r(k + 1, &sign)) return k;
  }
}

double rnn_next_poisson(RnnSource *s, double rate)
{
  if (!(rate >= 0 && rate < 1e15)) return NAN;
  return rate < 10 ? poisson_product(s, rate) : poisson_rejection(s, rate);
}

/* -- many draws ---------------------------------------------------------------------------------------------------- */

bool rnn_distribution_named(const char *name, RnnDistribution *distribution)
{
  static const char *const names[] = {
      [RNN_UNIFORM] = "uniform", [RNN_NORMAL] = "normal", [RNN_BERNOULLI] = "bernoulli"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) {
      *distribution = (RnnDistribution)i;
      return true;
    }
  return false;
}

static double draw(RnnDistribution distribution, double a, double b, Block bits, int which)
{
  switch (distribution) {
  case RNN_UNIFORM: return a + (b - a) * unit(bits.word[which]);
  case RNN_NORMAL: return a + b * normal_of(bits, which);
  case RNN_BERNOULLI: return unit(bits.word[which]) < a;
  }
  return 0;
}

#define DRAW_INTO(real)                                                                                                \
  Block bits = {{0, 0}};                                                                                               \
  for (int64_t i = 0; i < n; i++) {                                                                                    \
    uint64_t index = first + (uint64_t)i;                                                                              \
    if (i == 0 || index % 2 == 0) bits = block(seed, stream, index / 2);                                               \
    out[i] = (real)draw(distribution, a, b, bits, index % 2);                                                          \
  }

void rnn_draw_f64(RnnDistribution distribution, double a, double b, uint64_t seed, uint64_t stream, uint64_t first,
                  int64_t n, double *out)
{
  DRAW_INTO(double)
}
void rnn_draw_f32(RnnDistribution distribution, double a, double b, uint64_t seed, uint64_t stream, uint64_t first,
                  int64_t n, float *out)
{
  DRAW_INTO(float)
}

/* -- categorical --------------------------------------------------------------------------------------------------- */

/* is x[i] before x[j] when the largest come first? */
static bool before(const double *x, int64_t i, int64_t j) { return x[i] > x[j] || (x[i] == x[j] && i < j); }

/* Sets all but the k largest to -inf: the k-th one found by quickselect over indices. */
static bool keep_largest(double *x, int64_t n, int64_t k)
{
  int64_t *index = malloc((size_t)n * sizeof *index);
  if (!index) return false;
  for (int64_t i = 0; i < n; i++) index[i] = i;
  for (int64_t low = 0, high = n - 1; low < high;) {
    int64_t pivot = index[low + (high - low) / 2], i = low, j = high;
    while (i <= j) {
      while (before(x, index[i], pivot)) i++;
      while (before(x, pivot, index[j])) j--;
      if (i <= j) {
        int64_t kept = index[i];
        index[i++] = index[j];
        index[j--] = kept;
      }
    }
    if (k - 1 <= j) high = j;
    else if (k - 1 >= i) low = i;
    else break;
  }
  for (int64_t i = k; i < n; i++) x[index[i]] = -INFINITY;
  free(index);
  return true;
}

typedef struct Weight {
  double weight;
  int64_t index;
} Weight;

static int by_weight(const void *a, const void *b)
{
  const Weight *x = a, *y = b;
  if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* The nucleus: sets all weights to 0 but the largest, until their sum reaches a share of the whole. */
static bool keep_nucleus(double *x, int64_t n, double share, double *sum)
{
  Weight *all = malloc((size_t)n * sizeof *all);
  if (!all) return false;
  for (int64_t i = 0; i < n; i++) all[i] = (Weight){x[i], i};
  qsort(all, (size_t)n, sizeof *all, by_weight);
  double kept = 0;
  for (int64_t i = 0; i < n; i++)
    if (kept < share * *sum) kept += all[i].weight;
    else x[all[i].index] = 0;
  free(all);
  *sum = kept;
  return true;
}

/* x is overwritten */
static int64_t categorical(double *x, int64_t n, const RnnDrawing *d, double u)
{
  int64_t largest = 0, drawn = -1;
  if (n < 1 || !(d->temperature >= 0) || isinf(d->temperature)) return -1;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(x[i]) || x[i] == INFINITY) return -1;
    if (x[i] > x[largest]) largest = i;
  }
  if (x[largest] == -INFINITY) return -1;
  if (d->temperature == 0) return largest;
  double top = x[largest], sum = 0;
  if (d->top_k > 0 && d->top_k < n && !keep_largest(x, n, d->top_k)) return -1;
  for (int64_t i = 0; i < n; i++) sum += x[i] = exp((x[i] - top) / d->temperature);
  if (d->top_p > 0 && d->top_p < 1 && !keep_nucleus(x, n, d->top_p, &sum)) return -1;
  double left = u * sum;
  for (int64_t i = 0; i < n; i++) {
    if (x[i] == 0) continue;
    drawn = i; /* the last one with any weight takes what rounding leaves over */
    if ((left -= x[i]) < 0) break;
  }
  return drawn;
}

int64_t rnn_categorical(const double *logits, int64_t n, const RnnDrawing *drawing, double u)
{
  double few[512], *x = n <= 512 ? few : malloc((size_t)n * sizeof *x);
  if (!x) return -1;
  if (n > 0) memcpy(x, logits, (size_t)n * sizeof *x);
  int64_t drawn = categorical(x, n, drawing, u);
  if (x != few) free(x);
  return drawn;
}

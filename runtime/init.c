/* init.c: first values of parameters, in double. Needs rng.h. One row a kind: a new one is a function and a row. */
#include "init.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Init {
  double a, b, gain; /* gain: a, or 1 where a is 0 */
  int64_t rows, columns, count;
  double fan_in, fan_out;
  uint64_t seed, stream;
} Init;

static bool fill(double value, int64_t count, double *out)
{
  for (int64_t i = 0; i < count; i++) out[i] = value;
  return true;
}

static bool init_zeros(const Init *p, double *out) { return fill(0, p->count, out); }
static bool init_ones(const Init *p, double *out) { return fill(1, p->count, out); }
static bool init_constant(const Init *p, double *out) { return fill(p->a, p->count, out); }

static bool init_uniform(const Init *p, double *out)
{
  rnn_draw_f64(RNN_UNIFORM, p->a, p->b, p->seed, p->stream, 0, p->count, out);
  return true;
}

static bool init_normal(const Init *p, double *out)
{
  rnn_draw_f64(RNN_NORMAL, p->a, p->b, p->seed, p->stream, 0, p->count, out);
  return true;
}

static bool init_glorot(const Init *p, double *out)
{
  double bound = p->gain * sqrt(6 / (p->fan_in + p->fan_out));
  rnn_draw_f64(RNN_UNIFORM, -bound, bound, p->seed, p->stream, 0, p->count, out);
  return true;
}

static bool init_he(const Init *p, double *out)
{
  rnn_draw_f64(RNN_NORMAL, 0, p->gain * sqrt(2 / p->fan_in), p->seed, p->stream, 0, p->count, out);
  return true;
}

static bool init_identity(const Init *p, double *out)
{
  fill(0, p->count, out);
  for (int64_t i = 0; i < p->rows && i < p->columns; i++) out[i * p->columns + i] = p->a;
  return true;
}

/* Eight sums side by side: a fixed order, and fast without -ffast-math. */
static double dot(const double *x, const double *y, int64_t n)
{
  double sum[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) sum[j] += x[i + j] * y[i + j];
  for (; i < n; i++) sum[0] += x[i] * y[i];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* -- orthogonal ---------------------------------------------------------------------------------------------------- */

enum { BLOCK = 16, AT_ONCE = 4 }; /* rows that become orthogonal together; terms of a sum between load and store */

static int64_t round_up(int64_t n) { return (n + BLOCK - 1) / BLOCK * BLOCK; }

/* c[BLOCK, columns] += a[BLOCK, inner] b[inner, columns]; rows lie c_row, a_row, b_row apart; columns and inner are
   multiples of BLOCK. Each sum runs over inner in order: the bits are the same on every machine. */
static void add_product(double *restrict c, int64_t c_row, const double *restrict a, int64_t a_row,
                        const double *restrict b, int64_t b_row, int64_t inner, int64_t columns)
{
  for (int64_t k = 0; k < inner; k += AT_ONCE)
    for (int64_t i = 0; i < BLOCK; i += 2) {
      const double *x = a + i * a_row + k, *y = x + a_row, *w = b + k * b_row;
      double *to = c + i * c_row, *next = to + c_row;
      for (int64_t j = 0; j < columns; j++) {
        double sum = to[j], other = next[j];
        for (int s = 0; s < AT_ONCE; s++) {
          sum += x[s] * w[s * b_row + j];
          other += y[s] * w[s * b_row + j];
        }
        to[j] = sum, next[j] = other;
      }
    }
}

/* Modified Gram-Schmidt on the rows of one block, each made of length 1 */
static void orthogonalise_block(double *v, int64_t rows, int64_t row, int64_t n)
{
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t k = 0; k < i; k++) {
      double part = dot(v + k * row, v + i * row, n);
      for (int64_t j = 0; j < n; j++) v[i * row + j] -= part * v[k * row + j];
    }
    double norm = sqrt(dot(v + i * row, v + i * row, n));
    for (int64_t j = 0; j < n; j++) v[i * row + j] /= norm;
  }
}

typedef struct Rows { /* k vectors of length n, both padded with zeros to whole blocks */
  int64_t k, n, wide, high;
  double *q, *turned, *part; /* [high, wide]; [wide, high]; [BLOCK, high] */
} Rows;

/* Gram-Schmidt by blocks: each loses its parts along the rows before it by two products, then its rows are taken one
   by one. Twice, since once leaves an error that grows with what was taken. */
static void orthogonalise(Rows *s)
{
  for (int64_t at = 0; at < s->k; at += BLOCK) {
    double *v = s->q + at * s->wide;
    for (int twice = 0; twice < 2; twice++) {
      memset(s->part, 0, (size_t)(BLOCK * s->high) * sizeof *s->part);
      add_product(s->part, s->high, v, s->wide, s->turned, s->high, s->wide, at);
      for (int64_t i = 0; i < BLOCK * s->high; i++) s->part[i] = -s->part[i];
      add_product(v, s->wide, s->part, s->high, s->q, s->wide, at, s->wide);
      orthogonalise_block(v, at + BLOCK < s->k ? BLOCK : s->k - at, s->wide, s->n);
    }
    for (int64_t i = at; i < at + BLOCK; i++)
      for (int64_t j = 0; j < s->n; j++) s->turned[j * s->high + i] = s->q[i * s->wide + j];
  }
}

/* Normal rows made orthonormal. The factor R has a positive diagonal, so the matrix is uniform among the orthogonal
   ones. */
static bool init_orthogonal(const Init *p, double *out)
{
  bool tall = p->rows > p->columns;
  Rows s = {.k = tall ? p->columns : p->rows, .n = tall ? p->rows : p->columns};
  s.wide = round_up(s.n), s.high = round_up(s.k);
  s.q = calloc((size_t)(2 * s.wide * s.high + BLOCK * s.high) + 1, sizeof *s.q);
  if (!s.q) return false;
  s.turned = s.q + s.wide * s.high, s.part = s.turned + s.wide * s.high;
  rnn_draw_f64(RNN_NORMAL, 0, 1, p->seed, p->stream, 0, p->count, out);
  for (int64_t i = 0; i < s.k; i++) memcpy(s.q + i * s.wide, out + i * s.n, (size_t)s.n * sizeof *out);
  orthogonalise(&s);
  for (int64_t i = 0; i < s.k; i++)
    for (int64_t j = 0; j < s.n; j++) out[tall ? j * s.k + i : i * s.n + j] = p->gain * s.q[i * s.wide + j];
  free(s.q);
  return true;
}

static const struct Kind {
  const char *name;
  bool (*fill)(const Init *p, double *out);
} kinds[] = {
    {"zeros", init_zeros},     {"ones", init_ones},         {"constant", init_constant},
    {"uniform", init_uniform}, {"normal", init_normal},     {"glorot", init_glorot},
    {"he", init_he},           {"identity", init_identity}, {"orthogonal", init_orthogonal},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct Kind *find(const char *name)
{
  for (int i = 0; i < KINDS; i++)
    if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
  return NULL;
}

bool rnn_init_known(const char *kind) { return find(kind) != NULL; }

bool rnn_init_f64(const char *kind, double a, double b, int rank, const int64_t *shape, uint64_t seed, const char *name,
                  double *out, RnnError *error)
{
  const struct Kind *row = find(kind);
  if (!row) return rnn_fail(error, RNN_ERROR_USAGE, "parameter '%s': no initialiser is named '%s'", name, kind);
  Init p = {.a = a, .b = b, .gain = a != 0 ? a : 1, .rows = 1, .columns = rank ? shape[rank - 1] : 1, .seed = seed};
  for (int i = 0; i < rank - 1; i++) p.rows *= shape[i];
  p.count = p.rows * p.columns;
  p.fan_in = (double)p.columns;
  p.fan_out = (double)p.rows;
  p.stream = rnn_stream(rnn_stream_named("init"), rnn_stream_named(name));
  return row->fill(&p, out) || rnn_fail_memory(error, (size_t)p.count * sizeof *out);
}

bool rnn_init_f32(const char *kind, double a, double b, int rank, const int64_t *shape, uint64_t seed, const char *name,
                  float *out, RnnError *error)
{
  int64_t count = 1;
  for (int i = 0; i < rank; i++) count *= shape[i];
  double *exact = malloc((size_t)count * sizeof *exact + 1);
  if (!exact) return rnn_fail_memory(error, (size_t)count * sizeof *exact);
  bool done = rnn_init_f64(kind, a, b, rank, shape, seed, name, exact, error);
  for (int64_t i = 0; done && i < count; i++) out[i] = (float)exact[i];
  free(exact);
  return done;
}

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

/* v loses its parts along the first k rows of q; twice, since once leaves an error that grows with what was taken */
static void make_orthogonal(double *v, const double *q, int64_t k, int64_t n)
{
  for (int twice = 0; twice < 2; twice++)
    for (int64_t i = 0; i < k; i++) {
      double part = dot(q + i * n, v, n);
      for (int64_t j = 0; j < n; j++) v[j] -= part * q[i * n + j];
    }
}

/* Modified Gram-Schmidt on normal rows. The factor R has a positive diagonal, so the matrix is uniform among the
   orthogonal ones. */
static bool init_orthogonal(const Init *p, double *out)
{
  bool tall = p->rows > p->columns;
  int64_t k = tall ? p->columns : p->rows, n = tall ? p->rows : p->columns; /* k orthonormal vectors of length n */
  double *q = tall ? malloc((size_t)p->count * sizeof *q + 1) : out;
  if (!q) return false;
  rnn_draw_f64(RNN_NORMAL, 0, 1, p->seed, p->stream, 0, p->count, q);
  for (int64_t i = 0; i < k; i++) {
    make_orthogonal(q + i * n, q, i, n);
    double norm = sqrt(dot(q + i * n, q + i * n, n));
    for (int64_t j = 0; j < n; j++) q[i * n + j] /= norm;
  }
  for (int64_t i = 0; i < p->count; i++) q[i] *= p->gain;
  if (!tall) return true;
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < n; j++) out[j * k + i] = q[i * n + j];
  free(q);
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

/* draws.c: see draws.h. */
#include "draws.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- the table ---------------------------------------------------------------------------------------------- */

enum { CLASS, EACH, NUMBER, PAIR };
enum { WHOLE, REAL };

static const struct {
  const char *name;
  int drawn, values;
  struct {
    const char *name;
    bool mode;
  } argument[MODEL_DRAW_PARAMS];
} table[] = {
#define LIKE(name) {name, false}
#define OWN(name) {name, false}
#define MODE_LIKE(name) {name, true}
#define MODE_OWN(name) {name, true}
#define MODE_CUTS(name) {name, true}
#define ARGUMENTS(...) {__VA_ARGS__}
#define DISTRIBUTION(id, name, drawn, values, arguments) [DIST_##id] = {name, drawn, values, arguments},
#include "distributions.def"
#undef DISTRIBUTION
#undef ARGUMENTS
#undef MODE_CUTS
#undef MODE_OWN
#undef MODE_LIKE
#undef OWN
#undef LIKE
};

const char *rnn_dist_name(ModelDist d) { return table[d].name; }
bool rnn_dist_is_class(ModelDist d) { return table[d].drawn == CLASS; }
bool rnn_dist_has_bits(ModelDist d) { return table[d].values == WHOLE; }
bool rnn_dist_mode_needs(ModelDist d, int argument) { return table[d].argument[argument].mode; }

bool rnn_dist_named(const char *name, ModelDist *dist)
{
  for (int d = 0; d < DISTS; d++)
    if (strcmp(table[d].name, name) == 0) return *dist = (ModelDist)d, true;
  return false;
}

int rnn_dist_arguments(ModelDist d)
{
  int n = 0;
  while (n < MODEL_DRAW_PARAMS && table[d].argument[n].name) n++;
  return n;
}

/* -- arguments ---------------------------------------------------------------------------------------------- */

/* Whatever a description says, no argument is read beyond its end; those not needed are not there. */
static bool sizes_fit(ModelDist dist, const DrawArgument *a, int64_t width, bool mode)
{
  int64_t all = table[dist].drawn == EACH ? width : a[0].count;
  bool ok = table[dist].drawn == EACH || width == (table[dist].drawn == PAIR ? 2 : 1);
  for (int i = 0; i < rnn_dist_arguments(dist) && ok; i++) {
    if (mode && !table[dist].argument[i].mode) continue;
    ok = a[i].at && a[i].count > 0 && (a[i].count == 1 || a[i].count == all || dist == DIST_ORDINAL);
  }
  return ok;
}

static double of(const DrawArgument *a, int64_t i) { return a->at[a->count == 1 ? 0 : i]; }

static double logistic(double a) { return 1 / (1 + exp(-a)); }

static int64_t largest_of(const double *a, int64_t n)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (a[i] > a[best]) best = i;
  return best;
}

/* P(class <= k) = sigmoid(thresholds_k - score): the logarithm of each class's probability */
static double ordinal_log(const DrawArgument *a, int64_t k)
{
  double score = a[0].at[0], upper = k < a[1].count ? a[1].at[k] - score : INFINITY,
         lower = k > 0 ? a[1].at[k - 1] - score : -INFINITY;
  return log(upper < 0 ? logistic(upper) - logistic(lower) : logistic(-lower) - logistic(-upper));
}

/* the logits of classes, to be freed; NULL without memory */
static double *class_logits(ModelDist dist, const DrawArgument *a, int64_t *n)
{
  *n = dist == DIST_ORDINAL ? a[1].count + 1 : a[0].count;
  double *x = malloc((size_t)(*n + 1) * sizeof *x);
  for (int64_t k = 0; x && k < *n; k++) x[k] = dist == DIST_ORDINAL ? ordinal_log(a, k) : a[0].at[k];
  return x;
}

/* The component of a mixture with the highest peak: its weight over its area */
static int64_t highest_peak(ModelDist dist, const DrawArgument *a)
{
  int64_t best = 0;
  double most = -INFINITY;
  for (int64_t k = 0; k < a[0].count; k++) {
    double area = dist == DIST_MIXTURE
                      ? log(of(&a[2], k))
                      : log(of(&a[3], k)) + log(of(&a[4], k)) + 0.5 * log1p(-of(&a[5], k) * of(&a[5], k));
    if (a[0].at[k] - area > most) most = a[0].at[k] - area, best = k;
  }
  return best;
}

/* -- the likeliest ------------------------------------------------------------------------------------------ */

static double likeliest_number(ModelDist dist, const DrawArgument *a, int64_t i)
{
  switch (dist) {
  case DIST_BERNOULLI: return of(&a[0], i) > 0;
  case DIST_NORMAL:
  case DIST_LAPLACE: return of(&a[0], i);
  case DIST_STUDENT_T: return of(&a[1], i);
  case DIST_POISSON: return floor(exp(of(&a[0], i)));
  case DIST_NEGATIVE_BINOMIAL: return fmax(0, floor((of(&a[0], i) - 1) * exp(of(&a[1], i))));
  case DIST_BETA: {
    double p = of(&a[0], i), q = of(&a[1], i);
    return p > 1 && q > 1 ? (p - 1) / (p + q - 2) : p / (p + q);
  }
  default: return NAN;
  }
}

bool rnn_draw_likeliest(ModelDist dist, const DrawArgument *a, int64_t width, double *to)
{
  if (!sizes_fit(dist, a, width, true)) return false;
  if (dist == DIST_CATEGORICAL) {
    *to = (double)largest_of(a[0].at, a[0].count);
  } else if (dist == DIST_ORDINAL) {
    *to = 0;
    for (int64_t k = 1; k <= a[1].count; k++)
      if (ordinal_log(a, k) > ordinal_log(a, (int64_t)*to)) *to = (double)k;
  } else if (table[dist].drawn == EACH) {
    for (int64_t i = 0; i < width; i++) to[i] = likeliest_number(dist, a, i);
  } else {
    int64_t k = highest_peak(dist, a);
    for (int64_t i = 0; i < width; i++) to[i] = of(&a[1 + i], k);
  }
  return true;
}

/* -- by chance ---------------------------------------------------------------------------------------------- */

static bool draw_class(ModelDist dist, const DrawArgument *a, DrawPlace p, double *to)
{
  int64_t n, id = -1;
  double *logits = class_logits(dist, a, &n);
  if (logits) id = rnn_categorical(logits, n, &p.how, rnn_uniform(p.seed, p.stream, p.index));
  free(logits);
  *to = (double)id;
  return id >= 0;
}

/* A stream of its own for each value: how many numbers it takes depends on them. */
static RnnSource source_of(DrawPlace p, uint64_t index)
{
  return (RnnSource){.seed = p.seed, .stream = rnn_stream(p.stream, index)};
}

static double draw_number(ModelDist dist, const DrawArgument *a, DrawPlace p, int64_t i, uint64_t index)
{
  RnnSource s = source_of(p, index);
  switch (dist) {
  case DIST_BERNOULLI: return rnn_uniform(p.seed, p.stream, index) < logistic(of(&a[0], i) / p.how.temperature);
  case DIST_NORMAL: return of(&a[0], i) + p.how.temperature * of(&a[1], i) * rnn_normal(p.seed, p.stream, index);
  case DIST_LAPLACE: {
    double u = rnn_next_uniform(&s) - 0.5;
    return of(&a[0], i) - p.how.temperature * of(&a[1], i) * copysign(log1p(-2 * fabs(u)), u);
  }
  case DIST_STUDENT_T: {
    double df = of(&a[0], i), z = rnn_next_normal(&s);
    return of(&a[1], i) + p.how.temperature * of(&a[2], i) * z * sqrt(0.5 * df / rnn_next_gamma(&s, 0.5 * df));
  }
  case DIST_POISSON: return rnn_next_poisson(&s, exp(of(&a[0], i)));
  case DIST_NEGATIVE_BINOMIAL: {
    double mean = rnn_next_gamma(&s, of(&a[0], i)) * exp(of(&a[1], i));
    return rnn_next_poisson(&s, mean);
  }
  case DIST_BETA: return rnn_next_beta(&s, of(&a[0], i), of(&a[1], i));
  default: return NAN;
  }
}

static bool draw_mixture(ModelDist dist, const DrawArgument *a, DrawPlace p, double *to)
{
  RnnSource s = source_of(p, p.index);
  int64_t k =
      rnn_categorical(a[0].at, a[0].count, &(RnnDrawing){.temperature = p.how.temperature}, rnn_next_uniform(&s));
  if (k < 0) return false;
  double u = p.how.temperature * rnn_next_normal(&s);
  if (dist == DIST_MIXTURE) {
    to[0] = of(&a[1], k) + of(&a[2], k) * u;
    return isfinite(to[0]);
  }
  double r = of(&a[5], k), v = r * u + sqrt(1 - r * r) * p.how.temperature * rnn_next_normal(&s);
  to[0] = of(&a[1], k) + of(&a[3], k) * u;
  to[1] = of(&a[2], k) + of(&a[4], k) * v;
  return isfinite(to[0]) && isfinite(to[1]);
}

bool rnn_draw_value(ModelDist dist, const DrawArgument *a, DrawPlace p, int64_t width, double *to)
{
  if (!sizes_fit(dist, a, width, false)) return false;
  if (table[dist].drawn == CLASS) return draw_class(dist, a, p, to);
  bool finite = true;
  if (p.how.temperature == 0) rnn_draw_likeliest(dist, a, width, to);
  else if (table[dist].drawn != EACH) return draw_mixture(dist, a, p, to);
  for (int64_t i = 0; i < width; i++) {
    if (p.how.temperature != 0) to[i] = draw_number(dist, a, p, i, p.index * (uint64_t)width + (uint64_t)i);
    finite = finite && !isnan(to[i]);
  }
  return finite;
}

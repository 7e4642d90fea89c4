/* sampling_tests.c: what ~ draws: the largest distance between the distribution of many draws and the exact one
   (Kolmogorov and Smirnov), moments, likeliest values. Statistics are of fixed seeds. */
#include "runtime_files_test.h"
#include "draws.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 20000 };
static const double largest_distance = 1.63; /* times 1 / sqrt(N): beyond it one seed in a hundred */

static int order(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* -- continuous: the density is integrated from draw to draw --------------------------------------------------- */

typedef double Density(double x, const double *p);

static double distance(double *x, Density *density, const double *p)
{
  double below = 0.5 / N, worst = 0;
  qsort(x, N, sizeof *x, order);
  for (int i = 0; i < N; i++) {
    if (i) {
      double a = x[i - 1], b = x[i], middle = 0.5 * (a + b);
      below += (b - a) / 6 * (density(a, p) + 4 * density(middle, p) + density(b, p));
    }
    worst = fmax(worst, fabs(below - (i + 0.5) / N));
  }
  return worst * sqrt(N);
}

static double log_gamma_density(double y, const double *p) { return exp(p[0] * y - exp(y) - lgamma(p[0])); }

static double logit_beta_density(double y, const double *p)
{
  double log_x = -log1p(exp(-y)), log_rest = -log1p(exp(y));
  return exp(p[0] * log_x + p[1] * log_rest + lgamma(p[0] + p[1]) - lgamma(p[0]) - lgamma(p[1]));
}

static void test_gamma(void **state)
{
  static const double shape[] = {0.02, 0.3, 1, 4.5, 300};
  double x[N];
  (void)state;
  for (int k = 0; k < 5; k++) {
    double mean = 0;
    for (int i = 0; i < N; i++) {
      RnnSource s = {.seed = 1, .stream = rnn_stream(2, (uint64_t)i)};
      double draw = rnn_next_gamma(&s, shape[k]);
      mean += draw / N;
      x[i] = log(draw);
    }
    assert_true(fabs(mean - shape[k]) < 4 * sqrt(shape[k] / N));
    if (k) assert_true(distance(x, log_gamma_density, &shape[k]) < largest_distance); /* 0.02 underflows */
  }
  RnnSource s = {0};
  assert_true(isnan(rnn_next_gamma(&s, 0)) && isnan(rnn_next_gamma(&s, NAN)) && isnan(rnn_next_gamma(&s, INFINITY)));
}

static void test_beta(void **state)
{
  static const double p[][2] = {{0.3, 0.4}, {2, 5}, {30, 0.7}, {1, 1}};
  double x[N];
  (void)state;
  for (int k = 0; k < 4; k++) {
    for (int i = 0; i < N; i++) {
      RnnSource s = {.seed = 3, .stream = rnn_stream(4, (uint64_t)i)};
      double draw = rnn_next_beta(&s, p[k][0], p[k][1]);
      x[i] = log(draw) - log1p(-draw);
    }
    assert_true(distance(x, logit_beta_density, p[k]) < largest_distance);
  }
  RnnSource s = {0};
  double tiny = rnn_next_beta(&s, 1e-5, 1e-5); /* both gamma draws underflow */
  assert_true(tiny >= 0 && tiny <= 1);
  assert_true(isnan(rnn_next_beta(&s, -1, 1)));
}

/* -- counts --------------------------------------------------------------------------------------------------- */

typedef double LogMass(double k, const double *p);

static double count_distance(double *x, LogMass *mass, const double *p)
{
  double exact = 0, worst = 0, k = 0;
  qsort(x, N, sizeof *x, order);
  for (int i = 0; i < N;) {
    for (; k <= x[i]; k++) exact += exp(mass(k, p));
    while (i < N && x[i] < k) i++;
    worst = fmax(worst, fabs(exact - (double)i / N));
  }
  return worst * sqrt(N);
}

static double poisson_mass(double k, const double *p) { return k * log(p[0]) - p[0] - lgamma(k + 1); }

static void test_poisson(void **state)
{
  static const double rate[] = {0.3, 5, 9.99, 10, 75, 4000};
  double x[N];
  (void)state;
  for (int k = 0; k < 6; k++) {
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) {
      RnnSource s = {.seed = 5, .stream = rnn_stream(6, (uint64_t)i)};
      x[i] = rnn_next_poisson(&s, rate[k]);
      assert_true(x[i] >= 0 && x[i] == floor(x[i]));
      mean += x[i] / N;
      square += (x[i] - rate[k]) * (x[i] - rate[k]) / N;
    }
    assert_true(fabs(mean - rate[k]) < 4 * sqrt(rate[k] / N));
    assert_true(fabs(square / rate[k] - 1) < 0.05);
    assert_true(count_distance(x, poisson_mass, &rate[k]) < largest_distance);
  }
  RnnSource s = {0};
  assert_true(rnn_next_poisson(&s, 0) == 0 && isfinite(rnn_next_poisson(&s, 1e14)));
  assert_true(isnan(rnn_next_poisson(&s, -1)) && isnan(rnn_next_poisson(&s, INFINITY)));
}

/* -- the table's rows ------------------------------------------------------------------------------------------ */

/* Arguments that are one number each */
static void draw_many(ModelDist dist, const double *p, double temperature, double *x)
{
  DrawArgument a[MODEL_DRAW_PARAMS] = {{0}};
  for (int k = 0; k < rnn_dist_arguments(dist); k++) a[k] = (DrawArgument){&p[k], 1};
  for (int i = 0; i < N; i++) {
    DrawPlace place = {.seed = 7, .stream = 8, .index = (uint64_t)i, .how = {.temperature = temperature}};
    assert_true(rnn_draw_value(dist, a, place, 1, &x[i]));
  }
}

static double laplace_density(double x, const double *p) { return exp(-fabs(x - p[0]) / p[1]) / (2 * p[1]); }
static double normal_density(double x, const double *p)
{
  double z = (x - p[0]) / p[1];
  return exp(-0.5 * z * z) / (p[1] * sqrt(2 * M_PI));
}
static double student_density(double x, const double *p)
{
  double z = (x - p[1]) / p[2];
  return exp(lgamma(0.5 * (p[0] + 1)) - lgamma(0.5 * p[0]) - 0.5 * (p[0] + 1) * log1p(z * z / p[0])) /
         (p[2] * sqrt(M_PI * p[0]));
}
static double negative_binomial_mass(double k, const double *p)
{
  return lgamma(p[0] + k) - lgamma(p[0]) - lgamma(k + 1) - p[0] * log1p(exp(p[1])) - k * log1p(exp(-p[1]));
}
static double log_rate_mass(double k, const double *p) { return poisson_mass(k, (double[]){exp(p[0])}); }
static double mixture_density(double x, const double *p)
{
  double w = 1 / (1 + exp(p[1] - p[0]));
  return w * normal_density(x, (double[]){p[2], p[4]}) + (1 - w) * normal_density(x, (double[]){p[3], p[5]});
}

static void test_numbers(void **state)
{
  static const double laplace[] = {1, 0.5}, warm[] = {1, 0.25}, student[] = {2.5, -1, 3}, rate[] = {1.2},
                      failures[] = {2.5, 0.8};
  double x[N], x_logit[N];
  (void)state;
  draw_many(DIST_LAPLACE, laplace, 1, x);
  assert_true(distance(x, laplace_density, laplace) < largest_distance);
  draw_many(DIST_LAPLACE, laplace, 0.5, x);
  assert_true(distance(x, laplace_density, warm) < largest_distance);
  draw_many(DIST_NORMAL, laplace, 1, x);
  assert_true(distance(x, normal_density, laplace) < largest_distance);
  draw_many(DIST_STUDENT_T, student, 1, x);
  assert_true(distance(x, student_density, student) < largest_distance);
  draw_many(DIST_POISSON, rate, 1, x);
  assert_true(count_distance(x, log_rate_mass, rate) < largest_distance);
  draw_many(DIST_NEGATIVE_BINOMIAL, failures, 1, x);
  assert_true(count_distance(x, negative_binomial_mass, failures) < largest_distance);
  draw_many(DIST_BETA, failures, 1, x);
  for (int i = 0; i < N; i++) x_logit[i] = log(x[i]) - log1p(-x[i]);
  assert_true(distance(x_logit, logit_beta_density, failures) < largest_distance);
  draw_many(DIST_LAPLACE, laplace, 0, x);
  assert_true(x[0] == 1 && x[N - 1] == 1);
}

static void test_mixtures(void **state)
{
  static const double p[] = {-0.5, 0.5, -2, 1, 0.5, 2}; /* two of each: logits, means, deviations */
  static const double q[] = {0, 1, -1, 2, 0.5, 0.8};    /* one component: a pair */
  double x[N], pair[2], mean[2] = {0}, square[3] = {0};
  DrawArgument a[MODEL_DRAW_PARAMS], b[MODEL_DRAW_PARAMS];
  (void)state;
  for (int k = 0; k < 3; k++) a[k] = (DrawArgument){p + 2 * k, 2};
  for (int k = 0; k < 6; k++) b[k] = (DrawArgument){q + k, 1};
  for (int i = 0; i < N; i++) {
    DrawPlace place = {.seed = 9, .stream = 10, .index = (uint64_t)i, .how = {.temperature = 1}};
    assert_true(rnn_draw_value(DIST_MIXTURE, a, place, 1, &x[i]));
    assert_true(rnn_draw_value(DIST_BIVARIATE_MIXTURE, b, place, 2, pair));
    for (int k = 0; k < 2; k++) mean[k] += pair[k] / N;
    square[0] += (pair[0] - 1) * (pair[0] - 1) / N;
    square[1] += (pair[1] + 1) * (pair[1] + 1) / N;
    square[2] += (pair[0] - 1) * (pair[1] + 1) / N;
  }
  assert_true(distance(x, mixture_density, p) < largest_distance);
  assert_true(fabs(mean[0] - 1) < 0.05 && fabs(mean[1] + 1) < 0.02);
  assert_true(fabs(square[0] - 4) < 0.15 && fabs(square[1] - 0.25) < 0.01 && fabs(square[2] - 0.8) < 0.03);
  assert_true(rnn_draw_likeliest(DIST_MIXTURE, a, 1, x) && x[0] == -2); /* of less weight, but the higher peak */
  assert_true(rnn_draw_likeliest(DIST_BIVARIATE_MIXTURE, b, 2, pair) && pair[0] == 1 && pair[1] == -1);
}

static void test_classes(void **state)
{
  static const double score = 0.4, thresholds[] = {-1, 0.2, 2};
  const DrawArgument a[] = {{&score, 1}, {thresholds, 3}};
  double count[4] = {0}, id, below = 0;
  (void)state;
  for (int i = 0; i < N; i++) {
    DrawPlace place = {.seed = 11, .stream = 12, .index = (uint64_t)i, .how = {.temperature = 1}};
    assert_true(rnn_draw_value(DIST_ORDINAL, a, place, 1, &id));
    count[(int)id]++;
  }
  for (int k = 0; k < 4; k++) {
    double up_to = k < 3 ? 1 / (1 + exp(score - thresholds[k])) : 1;
    assert_true(fabs(count[k] / N - (up_to - below)) < 0.012);
    below = up_to;
  }
  assert_true(rnn_draw_likeliest(DIST_ORDINAL, a, 1, &id) && id == 2);
}

static void test_likeliest(void **state)
{
  static const struct {
    ModelDist dist;
    double argument[3], want;
  } row[] = {
      {DIST_BERNOULLI, {0.1}, 1},
      {DIST_BERNOULLI, {-0.1}, 0},
      {DIST_NORMAL, {3}, 3},
      {DIST_LAPLACE, {-2}, -2},
      {DIST_STUDENT_T, {9, 4, 1}, 4},
      {DIST_POISSON, {1.5}, 4}, /* e^1.5 = 4.48 */
      {DIST_NEGATIVE_BINOMIAL, {4, 0}, 3},
      {DIST_NEGATIVE_BINOMIAL, {0.5, 0}, 0},
      {DIST_BETA, {3, 2}, 2. / 3},
      {DIST_BETA, {0.5, 1.5}, 0.25},
  };
  double got;
  (void)state;
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    DrawArgument a[MODEL_DRAW_PARAMS] = {{0}};
    for (int k = 0; k < 3; k++) a[k] = (DrawArgument){&row[i].argument[k], 1};
    assert_true(rnn_draw_likeliest(row[i].dist, a, 1, &got));
    assert_true(fabs(got - row[i].want) < 1e-12);
  }
}

/* Sizes that do not fit, and arguments that nothing can be drawn from */
static void test_refused(void **state)
{
  static const double p[] = {0.5, NAN, -1};
  DrawPlace place = {.how = {.temperature = 1}};
  double to[8];
  DrawArgument a[MODEL_DRAW_PARAMS] = {{p, 2}, {p, 3}, {p, 2}};
  (void)state;
  assert_false(rnn_draw_value(DIST_MIXTURE, a, place, 1, to));
  assert_false(rnn_draw_value(DIST_NORMAL, a, place, 8, to));
  assert_false(rnn_draw_likeliest(DIST_BIVARIATE_MIXTURE, a, 2, to));
  a[0] = a[1] = (DrawArgument){p + 1, 1};
  assert_false(rnn_draw_value(DIST_NORMAL, a, place, 1, to));
  assert_false(rnn_draw_value(DIST_POISSON, a, place, 1, to));
  a[0] = a[1] = (DrawArgument){p + 2, 1};
  assert_false(rnn_draw_value(DIST_BETA, a, place, 1, to));
  ModelDist dist;
  assert_true(rnn_dist_named("student_t", &dist) && dist == DIST_STUDENT_T && rnn_dist_arguments(dist) == 3);
  assert_false(rnn_dist_named("gauss", &dist));
}

int run_sampling_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gamma),     cmocka_unit_test(test_beta),     cmocka_unit_test(test_poisson),
      cmocka_unit_test(test_numbers),   cmocka_unit_test(test_mixtures), cmocka_unit_test(test_classes),
      cmocka_unit_test(test_likeliest), cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests_name("what is drawn", tests, NULL, NULL);
}

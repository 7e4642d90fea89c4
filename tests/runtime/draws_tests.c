/* draws_tests.c: random numbers, initialisers. Statistics are of fixed seeds, so that a bound once met stays met. */
#include "runtime_files_test.h"
#include "init.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <Random123/philox.h>

static void test_philox(void **state)
{
  (void)state;
  /* Random123's own vector: counter and key all ones */
  philox4x32_ctr_t counter = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
  philox4x32_key_t key = {{UINT32_MAX, UINT32_MAX}};
  philox4x32_ctr_t got = philox4x32(counter, key);
  assert_int_equal(got.v[0], 0x408f276d);
  /* counter 0, key 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8 */
  assert_true(rnn_bits(0, 0, 0) == 0xe169c58d6627e8d5);
  assert_true(rnn_bits(0, 0, 1) == 0x9b00dbd8bc57ac4c);
}

static void test_many_draws_are_the_single_ones(void **state)
{
  enum { N = 101 };
  double wide[N];
  float narrow[N];
  (void)state;
  for (uint64_t first = 0; first < 4; first++) {
    rnn_draw_f64(RNN_NORMAL, 1, 2, 7, 9, first, N, wide);
    rnn_draw_f32(RNN_NORMAL, 1, 2, 7, 9, first, N, narrow);
    for (uint64_t i = 0; i < N; i++) {
      assert_true(wide[i] == 1 + 2 * rnn_normal(7, 9, first + i));
      assert_true(narrow[i] == (float)wide[i]);
    }
    rnn_draw_f64(RNN_UNIFORM, 0, 1, 7, 9, first, N, wide);
    for (uint64_t i = 0; i < N; i++) assert_true(wide[i] == rnn_uniform(7, 9, first + i));
    rnn_draw_f64(RNN_BERNOULLI, 0.3, 0, 7, 9, first, N, wide);
    for (uint64_t i = 0; i < N; i++) assert_true(wide[i] == rnn_bernoulli(7, 9, first + i, 0.3));
  }
}

static void test_moments(void **state)
{
  enum { N = 200000 };
  double *x = malloc(N * sizeof *x), mean, square, fourth;
  (void)state;
  for (int which = 0; which < 2; which++) {
    rnn_draw_f64(which ? RNN_NORMAL : RNN_UNIFORM, 0, 1, 1, 2, 0, N, x);
    mean = square = fourth = 0;
    for (int i = 0; i < N; i++) {
      if (!which) assert_true(x[i] >= 0 && x[i] < 1);
      mean += x[i] / N;
      square += x[i] * x[i] / N;
      fourth += x[i] * x[i] * x[i] * x[i] / N;
    }
    assert_true(fabs(mean - (which ? 0 : 0.5)) < 0.01);
    assert_true(fabs(square - (which ? 1 : 1.0 / 3)) < 0.01);
    assert_true(fabs(fourth - (which ? 3 : 0.2)) < 0.06);
  }
  double together = 0; /* the two halves of a block are independent */
  for (int i = 0; i + 1 < N; i += 2) together += x[i] * x[i + 1] / (N / 2);
  assert_true(fabs(together) < 0.01);
  free(x);
}

static void test_permutation(void **state)
{
  enum { N = 1000 };
  int64_t p[N], q[N], seen[N] = {0}, fixed = 0, first[6] = {0};
  (void)state;
  rnn_permutation(3, 4, N, p);
  rnn_permutation(3, 5, N, q);
  for (int i = 0; i < N; i++) {
    seen[p[i]]++;
    fixed += p[i] == q[i];
  }
  for (int i = 0; i < N; i++) assert_int_equal(seen[i], 1);
  assert_true(fixed < 10);
  for (uint64_t s = 0; s < 6000; s++) { /* each of three first with the same chance */
    rnn_permutation(s, 1, 3, p);
    first[p[0] * 2 + (p[1] > p[2])]++;
  }
  for (int i = 0; i < 6; i++) assert_true(llabs(first[i] - 1000) < 120);
  rnn_permutation(1, 1, 0, p);
  rnn_permutation(1, 1, 1, p);
  assert_int_equal(p[0], 0);
  for (uint64_t i = 0; i < 1000; i++)
    assert_true(rnn_below(1, 2, i, 3ull << 62) < 3ull << 62); /* draws again a quarter of the time */
}

static void test_categorical(void **state)
{
  static const double logits[] = {0, 1, 2, -INFINITY, 2};
  int64_t count[5] = {0};
  (void)state;
  for (uint64_t i = 0; i < 100000; i++) {
    double u = rnn_uniform(5, 6, i);
    int64_t k = rnn_categorical(logits, 5, &(RnnDrawing){1, 0, 1}, u);
    count[k]++;
  }
  double sum = 1 + exp(1) + 2 * exp(2);
  assert_int_equal(count[3], 0);
  for (int i = 0; i < 5; i++) assert_true(fabs((double)count[i] / 100000 - exp(logits[i]) / sum) < 0.01);
  for (uint64_t i = 0; i < 100; i++) {
    double u = rnn_uniform(5, 7, i);
    assert_int_equal(rnn_categorical(logits, 5, &(RnnDrawing){0, 0, 1}, u), 2); /* the first of equal ones */
    assert_int_equal(rnn_categorical(logits, 5, &(RnnDrawing){1, 1, 1}, u), 2);
    int64_t k = rnn_categorical(logits, 5, &(RnnDrawing){3, 2, 1}, u);
    assert_true(k == 2 || k == 4);
    k = rnn_categorical(logits, 5, &(RnnDrawing){100, 3, 1}, u);
    assert_true(k == 1 || k == 2 || k == 4);
  }
  assert_int_equal(rnn_categorical(logits, 5, &(RnnDrawing){1, 0, 1}, 1 - 0x1p-53), 4);
  assert_int_equal(rnn_categorical(logits, 4, &(RnnDrawing){1, 0, 1}, 1 - 0x1p-53), 2);
  static const double bad[] = {0, NAN}, full[] = {0, INFINITY}, none[] = {-INFINITY, -INFINITY};
  assert_int_equal(rnn_categorical(bad, 2, &(RnnDrawing){1, 0, 1}, 0.5), -1);
  assert_int_equal(rnn_categorical(full, 2, &(RnnDrawing){1, 0, 1}, 0.5), -1);
  assert_int_equal(rnn_categorical(none, 2, &(RnnDrawing){1, 0, 1}, 0.5), -1);
  assert_int_equal(rnn_categorical(logits, 0, &(RnnDrawing){1, 0, 1}, 0.5), -1);
  assert_int_equal(rnn_categorical(logits, 5, &(RnnDrawing){-1, 0, 1}, 0.5), -1);
  assert_int_equal(rnn_categorical(logits, 5, &(RnnDrawing){NAN, 0, 1}, 0.5), -1);
  /* probabilities .032 .087 .237 0 .644: the nucleus of .6 is one, of .65 two, of .9 three, also after top_k */
  static const double steps[] = {0, 1, 2, -INFINITY, 3};
  for (uint64_t i = 0; i < 300; i++) {
    double u = rnn_uniform(5, 8, i);
    assert_int_equal(rnn_categorical(steps, 5, &(RnnDrawing){1, 0, 0.6}, u), 4);
    assert_true(rnn_categorical(steps, 5, &(RnnDrawing){1, 0, 0.65}, u) >= 2);
    assert_true(rnn_categorical(steps, 5, &(RnnDrawing){1, 0, 0.9}, u) >= 1);
    assert_int_equal(rnn_categorical(steps, 5, &(RnnDrawing){1, 2, 0.7}, u), 4); /* of two .269 .731 */
  }
  double many[2000], chosen = 0;
  for (int i = 0; i < 2000; i++) many[i] = sin(i * 0.7) * 3;
  for (uint64_t i = 0; i < 500; i++) { /* quickselect over many: only the 20 largest */
    int64_t k = rnn_categorical(many, 2000, &(RnnDrawing){1e6, 20, 1}, rnn_uniform(1, 2, i)), larger = 0;
    for (int j = 0; j < 2000; j++) larger += many[j] > many[k];
    assert_true(larger < 20);
    chosen += larger;
  }
  assert_true(fabs(chosen / 500 - 9.5) < 1);
}

/* -- initialisers -------------------------------------------------------------------------------------------------- */

static void make(const char *kind, double a, double b, int64_t rows, int64_t columns, double *out)
{
  int64_t shape[] = {rows, columns};
  assert_true(rnn_init_f64(kind, a, b, 2, shape, 11, "h.W", out, NULL));
}

static void test_orthogonal(void **state)
{
  static const int64_t shapes[][2] = {{1, 1}, {5, 5}, {64, 64}, {7, 20}, {20, 7}};
  double w[64 * 64];
  (void)state;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    int64_t m = shapes[s][0], n = shapes[s][1], k = m < n ? m : n;
    make("orthogonal", 2, 0, m, n, w);
    for (int64_t i = 0; i < k; i++)
      for (int64_t j = 0; j < k; j++) {
        double sum = 0;
        for (int64_t l = 0; l < (m < n ? n : m); l++)
          sum += m < n ? w[i * n + l] * w[j * n + l] : w[l * n + i] * w[l * n + j];
        assert_true(fabs(sum - (i == j ? 4 : 0)) < 1e-13);
      }
  }
}

static void test_initialisers(void **state)
{
  double w[300 * 200], again[300 * 200];
  float narrow[4];
  RnnError error = {0};
  (void)state;
  make("glorot", 0, 0, 300, 200, w);
  double largest = 0, square = 0;
  for (int i = 0; i < 300 * 200; i++) largest = fmax(largest, fabs(w[i]));
  assert_true(largest <= sqrt(6.0 / 500) && largest > 0.999 * sqrt(6.0 / 500));
  make("he", 0, 0, 300, 200, w);
  for (int i = 0; i < 300 * 200; i++) square += w[i] * w[i] / (300 * 200);
  assert_true(fabs(square / (2.0 / 200) - 1) < 0.02);
  make("identity", 1, 0, 2, 3, w);
  for (int i = 0; i < 6; i++) assert_true(w[i] == (i == 0 || i == 4));
  make("identity", 0, 0, 2, 3, w);
  for (int i = 0; i < 6; i++) assert_true(w[i] == 0);
  make("constant", 0.5, 0, 2, 2, w);
  assert_true(w[3] == 0.5);
  make("uniform", -1, 3, 300, 200, w);
  for (int i = 0; i < 300 * 200; i++) assert_true(w[i] >= -1 && w[i] < 3);
  static const int64_t two = 2, shape[] = {2, 2};
  assert_true(rnn_init_f64("normal", 0, 1, 2, shape, 1, "a", w, NULL));
  assert_true(rnn_init_f64("normal", 0, 1, 2, shape, 1, "b", again, NULL));
  assert_memory_not_equal(w, again, 4 * sizeof *w); /* a stream of its own for each name */
  assert_true(rnn_init_f32("normal", 0, 1, 2, shape, 1, "a", narrow, NULL));
  for (int i = 0; i < 4; i++) assert_true(narrow[i] == (float)w[i]);
  assert_true(rnn_init_f64("orthogonal", 0, 0, 1, &two, 1, "v", w, NULL));
  assert_true(fabs(w[0] * w[0] + w[1] * w[1] - 1) < 1e-14);
  assert_true(rnn_init_f64("glorot", 0, 0, 0, NULL, 1, "s", w, NULL));
  assert_false(rnn_init_f64("golrot", 0, 0, 1, &two, 1, "v", w, &error));
  assert_says(&error, "no initialiser is named 'golrot'");
  assert_true(rnn_init_known("he") && !rnn_init_known("she"));
}

int run_draws_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_philox),       cmocka_unit_test(test_many_draws_are_the_single_ones),
      cmocka_unit_test(test_moments),      cmocka_unit_test(test_permutation),
      cmocka_unit_test(test_categorical),  cmocka_unit_test(test_orthogonal),
      cmocka_unit_test(test_initialisers),
  };
  return cmocka_run_group_tests_name("random numbers", tests, NULL, NULL);
}

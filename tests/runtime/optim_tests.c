/* optim_tests.c: optimisers and schedules against PyTorch's numbers, and clipping. */
#include "runtime_train_test.h"
#include "clip.h"
#include "handle.h"
#include "optim.h"
#include "optimisers_expected.h"
#include "schedule.h"
#include "settings.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void as_pytorch(void **state)
{
  (void)state;
  for (size_t i = 0; i < COUNT(expected_case); i++) {
    RnnError error = {0};
    Optimiser *o = rnn_optimiser_new(expected_case[i].optimizer, EXPECTED_N, true, &error),
              *of = rnn_optimiser_new(expected_case[i].optimizer, EXPECTED_N, false, &error);
    assert_true(o && of);
    double p[EXPECTED_N];
    float pf[EXPECTED_N], gf[EXPECTED_N];
    memcpy(p, expected_first, sizeof p);
    for (int k = 0; k < EXPECTED_N; k++) pf[k] = (float)p[k];
    for (int s = 0; s < EXPECTED_STEPS; s++) {
      for (int k = 0; k < EXPECTED_N; k++) gf[k] = (float)(2 * expected_gradient[s][k]);
      rnn_optimiser_update(o, NULL, o->argument[0], 1, expected_gradient[s], p);
      rnn_optimiser_update(of, NULL, of->argument[0], 0.5, gf, pf);
      for (int k = 0; k < EXPECTED_N; k++) {
        assert_near(p[k], expected_case[i].after[s][k], 1e-14);
        assert_near((double)pf[k], expected_case[i].after[s][k], 3e-6);
      }
    }
    rnn_optimiser_free(o);
    rnn_optimiser_free(of);
  }
}

static void threads_do_not_matter(void **state)
{
  (void)state;
  enum { N = 100000 };
  float *g = malloc(N * sizeof *g), *p = malloc(2 * N * sizeof *p);
  assert_true(g && p);
  for (int way = 0; way < 2; way++) {
    RnnPool *pool = rnn_pool_new(way ? 3 : 1);
    Optimiser *o = rnn_optimiser_new("adam()", N, false, NULL);
    for (int i = 0; i < N; i++) g[i] = sinf((float)i), p[way * N + i] = 1;
    for (int s = 0; s < 3; s++) rnn_optimiser_update(o, pool, 0.1, 1, g, p + way * N);
    rnn_optimiser_free(o);
    rnn_pool_free(pool);
  }
  assert_memory_equal(p, p + N, N * sizeof *p);
  free(g);
  free(p);
}

static void wrong_optimisers(void **state)
{
  (void)state;
  static const char *const texts[][2] = {{"adma()", "did you mean 'adam'"},
                                         {"adam(rat = 1)", "did you mean 'rate'"},
                                         {"sgd(rate = fast)", "rate"},
                                         {"adam(rate = -1)", "rate must be at least 0"},
                                         {"adam(beta2 = 1)", "beta2 must be"},
                                         {"adam(", "expected"},
                                         {"sgd(1, 2, 3, 4)", ""}};
  for (size_t i = 0; i < COUNT(texts); i++) {
    RnnError error = {0};
    assert_null(rnn_optimiser_new(texts[i][0], 4, true, &error));
    assert_message(&error, "setting optimizer");
    assert_message(&error, texts[i][1]);
    assert_int_equal(error.code, RNN_ERROR_USAGE);
  }
}

static void schedules(void **state)
{
  (void)state;
  RnnError error = {0};
  Schedule s;
  for (size_t i = 0; i < COUNT(expected_schedule); i++) {
    assert_true(rnn_schedule_read(&s, expected_schedule[i].schedule, 10, 100, &error));
    for (int k = 0; k < EXPECTED_RATES; k++)
      assert_near(rnn_schedule_rate(&s, 0.5, k), expected_schedule[i].rate[k], 1e-15);
  }
  assert_true(rnn_schedule_read(&s, "constant(warmup = 4)", 10, 100, &error));
  assert_near(rnn_schedule_rate(&s, 0.8, 0), 0.2, 1e-15);
  assert_near(rnn_schedule_rate(&s, 0.8, 3), 0.8, 1e-15);
  assert_near(rnn_schedule_rate(&s, 0.8, 50), 0.8, 0);
  assert_true(rnn_schedule_read(&s, "step(every = 2 epochs, warmup = 1 epochs)", 10, 100, &error)); /* factor 0.1 */
  assert_near(rnn_schedule_rate(&s, 1, 29), 1, 0);
  assert_near(rnn_schedule_rate(&s, 1, 30), 0.1, 1e-15);
  assert_true(rnn_schedule_read(&s, "cosine(warmup = 10)", 10, 100, &error)); /* down to 0 at the end of training */
  assert_near(rnn_schedule_rate(&s, 1, 55), 0.5, 1e-15);
  assert_near(rnn_schedule_rate(&s, 1, 100), 0, 1e-15);
  assert_false(rnn_schedule_read(&s, "cosin()", 10, 100, &error));
  assert_message(&error, "did you mean 'cosine'");
  assert_false(rnn_schedule_read(&s, "step()", 10, 100, &error));
  assert_message(&error, "every must be");
  assert_false(rnn_schedule_read(&s, "step(every = 2 weeks)", 10, 100, &error));
  assert_message(&error, "unit");
}

static void clipping(void **state)
{
  (void)state;
  RnnHandle *h = open_toy("elman64", 1);
  double *g = h->grads, norm = 0;
  int64_t n = h->model->count;
  RnnError error = {0};
  Clip clip;
  for (int64_t i = 0; i < n; i++) g[i] = (double)i / 10, norm += g[i] * g[i];
  norm = sqrt(norm);
  assert_near(rnn_clip_norm(h->model, NULL, g), norm, 1e-12);

  assert_true(rnn_clip_read(&clip, "norm(2.0)", &error));
  assert_near(rnn_clip_apply(&clip, h->model, NULL, norm, NULL, g), 2 / norm, 0);
  assert_near(rnn_clip_apply(&clip, h->model, NULL, 2, NULL, g), 1, 0);
  assert_int_equal(clip.seen, 2);
  assert_int_equal(clip.acted, 1);

  assert_true(rnn_clip_read(&clip, "param(max = 1)", &error));
  assert_near(rnn_clip_apply(&clip, h->model, NULL, norm, NULL, g), 1, 0);
  double square = 0;
  for (int64_t i = 0; i < 8; i++) square += g[i] * g[i]; /* W */
  assert_near(square, 1, 1e-12);
  assert_int_equal(clip.acted, 1);

  for (int64_t i = 0; i < n; i++) g[i] = i % 2 ? 3 : -0.25;
  assert_true(rnn_clip_read(&clip, "value(0.5)", &error));
  rnn_clip_apply(&clip, h->model, NULL, 1, NULL, g);
  assert_true(g[0] == -0.25 && g[1] == 0.5);
  rnn_clip_apply(&clip, h->model, NULL, 1, NULL, g);
  assert_int_equal(clip.acted, 1); /* nothing was beyond the second time */

  g[3] = INFINITY;
  assert_false(isfinite(rnn_clip_norm(h->model, NULL, g)));
  assert_false(rnn_clip_read(&clip, "norm()", &error));
  assert_message(&error, "max must be above 0");
  assert_false(rnn_clip_read(&clip, "nrom(1)", &error));
  assert_message(&error, "did you mean 'norm'");
  rnn_close(h);
}

/* against PyTorch's arithmetic: a matrix by rows, a vector and a number as wholes */
static void adaptive_clipping(void **state)
{
  (void)state;
  enum { N = sizeof expected_adaptive_weights / sizeof(double) };
  ModelParam param[] = {{.shape = {2, {3, 4}, 12}, .offset = 0},
                        {.shape = {1, {4}, 4}, .offset = 12},
                        {.shape = {0, {0}, 1}, .offset = 16}};
  RnnError error = {0};
  Clip clip;
  for (int wide = 0; wide < 2; wide++) {
    ModelDescription m = {.real64 = wide, .count = N, .params = 3, .param = param};
    double w[N], g[N];
    float w32[N], g32[N];
    for (int i = 0; i < N; i++) {
      w32[i] = (float)(w[i] = expected_adaptive_weights[i]);
      g32[i] = (float)(g[i] = expected_adaptive_gradients[i]);
    }
    assert_true(rnn_clip_read(&clip, "adaptive(0.1, eps = 1e-2)", &error));
    assert_near(rnn_clip_apply(&clip, &m, NULL, 1, wide ? (void *)w : w32, wide ? (void *)g : g32), 1, 0);
    assert_int_equal(clip.acted, 1);
    for (int i = 0; i < N; i++) assert_near(wide ? g[i] : g32[i], expected_adaptive[i], wide ? 1e-15 : 1e-6);
  }
  assert_true(rnn_clip_read(&clip, "adaptive()", &error));
  assert_near(clip.max, 0.01, 0);
  assert_near(clip.eps, 1e-3, 0);
  assert_false(rnn_clip_read(&clip, "adaptive(0)", &error));
  assert_message(&error, "clip and eps must be above 0");
  assert_false(rnn_clip_read(&clip, "adaptive(max = 1)", &error));
  assert_message(&error, "max");
}

static void settings(void **state)
{
  (void)state;
  RnnHandle *h = open_toy("elman", 1);
  RnnError error = {0};
  Settings s;
  assert_true(rnn_settings_new(&s, h->model, &error));
  assert_int_equal(rnn_setting_count(&s, SETTING_batch), 4);   /* the model's */
  assert_int_equal(rnn_setting_count(&s, SETTING_epochs), 10); /* the default */
  assert_true(rnn_settings_assign(&s, "train.batch = 64", FROM_CALLER, &error));
  assert_int_equal(rnn_setting_count(&s, SETTING_batch), 64);
  assert_true(rnn_settings_assign(&s, "data=a b.txt", FROM_CALLER, &error));
  assert_string_equal(rnn_setting_text(&s, SETTING_data), "\"a b.txt\"");
  assert_true(rnn_settings_assign(&s, "data=csv(\"a.csv\", x = \"c\")", FROM_CALLER, &error));
  assert_string_equal(rnn_setting_text(&s, SETTING_data), "csv(\"a.csv\", x = \"c\")");
  assert_true(rnn_settings_assign(&s, "log=\"x.jsonl\"", FROM_CALLER, &error));
  assert_string_equal(rnn_setting_text(&s, SETTING_log), "x.jsonl");

  static const char *const wrong[][2] = {
      {"btach=3", "did you mean 'batch'"},     {"batch", "sets nothing"},
      {"batch=3.5", "setting batch"},          {"batch=many", "whole number"},
      {"carry=yes", "neither true nor false"}, {"optimizer=adam(", "setting optimizer"}};
  for (size_t i = 0; i < COUNT(wrong); i++) {
    error = (RnnError){0};
    assert_false(rnn_settings_assign(&s, wrong[i][0], FROM_CALLER, &error));
    assert_message(&error, wrong[i][1]);
    assert_int_equal(error.code, RNN_ERROR_USAGE);
  }
  assert_true(rnn_settings_restore(&s, "{\"batch\": \"5\", \"epochs\": \"6\", \"later_setting\": \"1\"}", &error));
  assert_int_equal(rnn_setting_count(&s, SETTING_batch), 64); /* the caller's word stands */
  assert_int_equal(rnn_setting_count(&s, SETTING_epochs), 6);
  assert_false(rnn_settings_restore(&s, "[", &error));
  rnn_settings_free(&s);
  rnn_close(h);
}

const struct CMUnitTest optim_tests[] = {cmocka_unit_test(as_pytorch),       cmocka_unit_test(threads_do_not_matter),
                                         cmocka_unit_test(wrong_optimisers), cmocka_unit_test(schedules),
                                         cmocka_unit_test(clipping),         cmocka_unit_test(adaptive_clipping),
                                         cmocka_unit_test(settings)};
const size_t optim_test_count = COUNT(optim_tests);

/* array_tests.c: rnn_forward, rnn_loss, rnn_gradient and rnn_update on arrays. */
#include "runtime_train_test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double *numbers(const RnnTensorFile *file, const char *name)
{
  const RnnTensor *t = rnn_tensor_find(file, name);
  assert_true(t && t->dtype == RNN_F64);
  return t->data;
}

static void gradients_are_differences(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0}, out = {0};
  RnnHandle *h = open_toy("elman64", 2);
  double loss = 0, more, less, *w = rnn_weights(h), e = 1e-6;
  elman_data(&data, 5, 6, true);
  assert_true(rnn_initialise(h, 2, &error) && rnn_gradient(h, &data, &loss, &out, &error));
  assert_near(*numbers(&out, "loss"), loss, 0);
  for (int64_t i = 0; i < rnn_block(h); i++) {
    double keep = w[i];
    w[i] = keep + e;
    assert_true(rnn_loss(h, &data, &more, &error));
    w[i] = keep - e;
    assert_true(rnn_loss(h, &data, &less, &error));
    w[i] = keep;
    assert_near(((double *)rnn_gradients(h))[i], (more - less) / (2 * e), 1e-8);
  }
  for (int k = 0; k < 2; k++) { /* and by the inputs, in the data's layout */
    const char *name = k ? "h0" : "x";
    RnnTensor *input = (RnnTensor *)rnn_tensor_find(&data, name);
    const double *got = numbers(&out, name);
    for (int64_t i = 0; i < input->count; i++) {
      double *x = (double *)input->data + i, keep = *x;
      if (isnan(keep)) { /* behind the end */
        assert_true(got[i] == 0);
        continue;
      }
      *x = keep + e;
      assert_true(rnn_loss(h, &data, &more, &error));
      *x = keep - e;
      assert_true(rnn_loss(h, &data, &less, &error));
      *x = keep;
      assert_near(got[i], (more - less) / (2 * e), 1e-8);
    }
  }
  rnn_tensor_file_free(&out);
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

static void outputs_in_the_data_s_order(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0}, out = {0};
  RnnHandle *h = open_toy("elman64", 1);
  elman_data(&data, 5, 6, true);
  assert_true(rnn_initialise(h, 2, &error));
  assert_true(rnn_forward(h, &data, (const char *const[]){"y", "h", NULL}, &out, &error));
  const double *w = rnn_weights(h), *x = numbers(&data, "x"), *h0 = numbers(&data, "h0"), *y = numbers(&out, "y"),
               *states = numbers(&out, "h");
  const int64_t *len = rnn_tensor_find(&data, "lengths")->data;
  for (int n = 0; n < 5; n++) {
    double before[4], now[4];
    memcpy(before, h0 + 4 * n, sizeof before);
    for (int t = 0; t < 6; t++) {
      for (int i = 0; i < 4; i++) {
        now[i] = w[24 + i];
        for (int k = 0; k < 2; k++) now[i] += w[2 * i + k] * x[(n * 6 + t) * 2 + k];
        for (int k = 0; k < 4; k++) now[i] += w[8 + 4 * i + k] * before[k];
        now[i] = t < len[n] ? tanh(now[i]) : 0;
        assert_near(states[(n * 6 + t) * 4 + i], now[i], 1e-14);
      }
      for (int i = 0; i < 3; i++) {
        double want = w[40 + i];
        for (int k = 0; k < 4; k++) want += w[28 + 4 * i + k] * now[k];
        assert_near(y[(n * 6 + t) * 3 + i], t < len[n] ? want : 0, 1e-14);
      }
      memcpy(before, now, sizeof before);
    }
  }
  assert_false(rnn_forward(h, &data, (const char *const[]){"yy", NULL}, &out, &error));
  assert_message(&error, "did you mean 'y'");
  rnn_tensor_file_free(&out);
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

static void updates(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0};
  RnnHandle *h = open_toy("elman", 2);
  double first, loss = 0, norm;
  elman_data(&data, 8, 6, true);
  assert_true(rnn_initialise(h, 2, &error) && rnn_loss(h, &data, &first, &error));
  RnnUpdater *u = rnn_updater_new(h, "adam(rate = 0.02)", "norm(1.0)", &error);
  assert_non_null(u);
  for (int i = 0; i < 200; i++)
    assert_true(rnn_gradient(h, &data, &loss, NULL, &error) && rnn_update(u, -1, &norm, &error));
  assert_true(isfinite(norm) && loss < first / 2);
  float *g = rnn_gradients(h), *w = rnn_weights(h), keep = w[0];
  g[3] = NAN;
  assert_false(rnn_update(u, -1, &norm, &error));
  assert_int_equal(error.code, RNN_ERROR_TRAINING);
  assert_true(w[0] == keep && isnan(norm));
  assert_null(rnn_updater_new(h, "adm()", NULL, &error));
  rnn_updater_free(u);
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

static void data_that_do_not_fit(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0};
  RnnHandle *h = open_toy("elman64", 1);
  double loss;
  assert_false(rnn_loss(h, &data, &loss, &error));
  assert_int_equal(error.code, 3);
  rnn_tensor_add(&data, "x", RNN_F64, 3, (int64_t[]){2, 3, 5}, &error); /* 2 wanted */
  rnn_tensor_add(&data, "h0", RNN_F64, 2, (int64_t[]){2, 4}, &error);
  rnn_tensor_add(&data, "target", RNN_F64, 3, (int64_t[]){2, 3, 3}, &error);
  assert_false(rnn_loss(h, &data, &loss, &error));
  assert_message(&error, "x");
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

const struct CMUnitTest array_tests[] = {cmocka_unit_test(gradients_are_differences),
                                         cmocka_unit_test(outputs_in_the_data_s_order), cmocka_unit_test(updates),
                                         cmocka_unit_test(data_that_do_not_fit)};
const size_t array_test_count = COUNT(array_tests);

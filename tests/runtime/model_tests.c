/* model_tests.c: reading a model's description, weights files, and memory of programs. */
#include "runtime_train_test.h"
#include "frame.h"
#include "handle.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void describes(void **state)
{
  (void)state;
  RnnHandle *h = open_toy("elman64", 1);
  RnnError error = {0};
  assert_string_equal(rnn_model_name(h), "elman");
  assert_true(rnn_is_f64(h));
  assert_int_equal(rnn_params(h), 5);
  assert_null(rnn_param(h, 5));
  const RnnParam *V = rnn_param_named(h, "V", &error);
  assert_true(V && V->rank == 2 && V->shape[0] == 3 && V->shape[1] == 4 && V->offset == 28);
  assert_null(rnn_param_named(h, "Vv", &error));
  assert_message(&error, "did you mean 'V'");
  rnn_close(h);
}

/* Any change of the text opens or is refused; nothing leaves its range (the sanitizers watch). */
static void damaged_descriptions(void **state)
{
  (void)state;
  RnnModel model = *toy_model("chars");
  const char *text = model.json;
  size_t n = strlen(text);
  char *copy = malloc(n + 1);
  int refused = 0;
  assert_non_null(copy);
  model.json = copy;
  for (uint64_t i = 0; i < 4000; i++) {
    memcpy(copy, text, n + 1);
    for (uint64_t k = 0; k < 1 + i % 3; k++)
      copy[rnn_below(1, 2 * i, k, n)] = "0123456789-{}[],\"e "[rnn_below(1, 2 * i + 1, k, 19)];
    RnnError error = {0};
    RnnHandle *h = rnn_open(&model, 1, &error);
    if (!h) {
      assert_int_equal(error.code, RNN_ERROR_DATA);
      assert_true(error.message[0]);
      refused++;
    }
    rnn_close(h);
  }
  assert_true(refused > 500);
  free(copy);
  model = *toy_model("chars");
  model.abi = 99;
  RnnError error = {0};
  assert_null(rnn_open(&model, 1, &error));
  assert_message(&error, "compile it again");
}

static void weights_files(void **state)
{
  (void)state;
  RnnHandle *h = open_toy("elman", 1), *h64 = open_toy("elman64", 1), *other = open_toy("tbptt64", 1);
  RnnError error = {0};
  const char *path = in_scratch("w.safetensors");
  assert_true(rnn_initialise(h, 5, &error) && rnn_save(h, path, &error));
  assert_true(rnn_load(h64, path, &error)); /* other precision, same numbers */
  for (int64_t i = 0; i < rnn_block(h); i++)
    assert_true(((float *)rnn_weights(h))[i] == (float)((double *)rnn_weights(h64))[i]);
  assert_true(rnn_initialise(other, 1, &error));
  double before = ((double *)rnn_weights(other))[0];
  assert_false(rnn_load(other, path, &error));
  assert_message(&error, "'W' is [4, 2], the model needs [3, 1]");
  assert_int_equal(error.code, 3);
  assert_true(((double *)rnn_weights(other))[0] == before);
  assert_false(rnn_load(h, in_scratch("none.safetensors"), &error));
  assert_int_equal(error.code, 3);
  assert_false(rnn_save(h, "/nonexistent/w.safetensors", &error));
  assert_message(&error, "/nonexistent");
  rnn_close(h);
  rnn_close(h64);
  rnn_close(other);
}

/* -- a program of our own: one state read seven steps back -------------------------------------------------- */

enum { LAG = 7 };

/* s[t] = s[t-7] + 1, s[k] = 100 + k for k <= 0 */
static void count_up(const RnnFrame *f)
{
  for (int64_t b = 0; b < f->B; b++) {
    for (int k = 0; k < LAG; k++) {
      double *halo = (double *)f->buf[0] + (LAG - 1 - k) * f->B + b, carried = ((double *)f->buf[1])[b * LAG + k];
      *halo = f->fresh[b] != 0 ? 100 - k : carried;
    }
    for (int64_t t = 0; t < f->len[b]; t++)
      ((double *)f->buf[0])[(LAG + t) * f->B + b] = ((double *)f->buf[0])[t * f->B + b] + 1;
  }
}

static const RnnModel *lag_model(void)
{
  static char json[4096];
  static const RnnProgram program = {"forward", count_up};
  static RnnModel model;
  char vars[1024] = "", carry[1024] = "";
  for (int k = 0; k < LAG; k++) {
    char *at = vars + strlen(vars);
    snprintf(at, sizeof vars - (size_t)(at - vars),
             ", \"c%d\": {\"buf\": 1, \"col\": %d, \"shape\": [], \"batch\": true, \"time\": false}", k, k);
    at = carry + strlen(carry);
    snprintf(at, sizeof carry - (size_t)(at - carry),
             "%s{\"var\": \"s\", \"offset\": %d, \"from\": \"s\", \"into\": \"c%d\"}", k ? ", " : "", -k, k);
  }
  snprintf(json, sizeof json,
           "{\"name\": \"lag\", \"precision\": \"f64\", \"hash\": \"1\", \"programs\": {\"forward\": {\"buffers\": "
           "[{\"time\": true, \"batch\": true, \"lo\": %d, \"width\": 1}, {\"batch\": true, \"width\": %d}],"
           "\"vars\": {\"s\": {\"buf\": 0, \"col\": 0, \"shape\": [], \"time\": true, \"batch\": true}%s}, \"carry\": "
           "[%s]}}}",
           LAG, LAG, vars, carry);
  model = (RnnModel){.abi = RNN_ABI, .programs = 1, .json = json, .program = &program};
  return &model;
}

/* Windows of any length, shorter than the delay too, give what the whole sequence gives. */
static void carried_over_short_windows(void **state)
{
  (void)state;
  static const int64_t windows[][6] = {{3, 3, 3, 3, 3, 5}, {1, 1, 1, 2, 9, 6}, {8, 1, 1, 7, 2, 1}, {20, 0, 0, 0, 0, 0}};
  RnnError error = {0};
  RnnHandle *h = rnn_open(lag_model(), 1, &error);
  if (!h) print_error("%s\n", error.message);
  assert_non_null(h);
  Run *run = rnn_handle_run(h, "forward", &error);
  for (size_t w = 0; w < COUNT(windows); w++) {
    int64_t at = 0;
    for (int k = 0; k < 6 && windows[w][k]; k++) {
      int64_t T = windows[w][k], live[32], len = T, ahead = 0, zero = 0;
      double fresh = at == 0;
      for (int64_t t = 0; t <= T; t++) live[t] = t < T;
      RnnBatch batch = {.T = T,
                        .B = 1,
                        .live = live,
                        .len = &len,
                        .ahead = &ahead,
                        .fresh = &fresh,
                        .sequence = &zero,
                        .from = &at,
                        .order = &zero};
      assert_true(rnn_run_resize(run, &batch, &error));
      rnn_run_go(run, h->weights, NULL);
      for (int64_t t = 0; t < T; t++, at++) /* step at+1 of the sequence */
        assert_near(rnn_run_value(run, &run->program->var[0], t, 0, 0, 0),
                    (double)(100 - (LAG - 1) + at % LAG + at / LAG + 1), 0);
      rnn_run_carry(run);
    }
  }
  rnn_close(h);
}

/* Padding and halos are zero at the start of every run, whatever was there, and noise is a function of its key. */
static void prepared_memory(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0};
  RnnHandle *h = open_toy("elman64", 2);
  RnnInputSpec *specs = rnn_model_specs(h->model);
  elman_data(&data, 5, 9, true);
  RnnDataset *set = rnn_dataset_from_tensors(&data, "data", specs, 3, &(RnnDataOptions){.real64 = true}, &error);
  assert_non_null(set);
  Run *run = rnn_handle_run(h, "train", &error);
  RnnBatch batch = {0};
  assert_true(rnn_initialise(h, 1, &error));
  for (int round = 0; round < 3; round++) {
    assert_true(rnn_batch_whole(&batch, set, (int64_t[]){4, 1, 3, 0, 2}, 5 - round, &error) &&
                rnn_run_prepare(run, &batch, set, (NoiseKey){0}, &error));
    for (int i = 0; i < run->program->vars; i++) {
      const ProgramVar *v = &run->program->var[i];
      const ProgramBuffer *b = &run->program->buffer[v->buffer];
      for (int64_t t = -b->lo; v->time && t < batch.T + b->hi; t++)
        for (int64_t column = t < 0 || t >= batch.T ? 0 : batch.live[t]; column < batch.B; column++)
          for (int64_t e = 0; e < v->width; e++) assert_true(rnn_run_value(run, v, t, 0, column, e) == 0);
    }
    rnn_run_go(run, h->weights, h->grads);
    for (int i = 0; i < run->program->buffers; i++) /* what a program leaves must not matter to the next */
      for (size_t k = 0; k < run->room[i] / sizeof(double); k++) ((double *)run->buffer[i])[k] = NAN;
  }
  free(specs);
  rnn_batch_free(&batch);
  rnn_dataset_free(set);
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

const struct CMUnitTest model_tests[] = {cmocka_unit_test(describes), cmocka_unit_test(damaged_descriptions),
                                         cmocka_unit_test(weights_files), cmocka_unit_test(carried_over_short_windows),
                                         cmocka_unit_test(prepared_memory)};
const size_t model_test_count = COUNT(model_tests);

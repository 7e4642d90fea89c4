/* training_tests.c: rnn_train: progress, resumption, early stopping, explanations, refusals. */
#include "runtime_train_test.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *setting(const char *name, const char *value)
{
  static char texts[16][512];
  static int next;
  char *text = texts[next++ % 16];
  snprintf(text, sizeof texts[0], "%s=%s", name, value);
  return text;
}

/* -- resumption ---------------------------------------------------------------------------------------------- */

static int stop_at(void *context, const RnnTrainState *state) { return state->step >= *(int64_t *)context; }

static void train_chars(RnnHandle *h, const char *text, int64_t stop, const char *resume, const char *save,
                        const char *more, RnnTrained *trained)
{
  RnnError error = {0};
  const char *set[] = {setting("data", text),
                       setting("save", save),
                       "steps=200",
                       "clip=norm(0.3)",
                       "schedule=cosine(to = 1e-3, warmup = 20)",
                       more,
                       NULL};
  RnnTraining training = {.set = set, .resume = resume, .after_step = stop ? stop_at : NULL, .context = &stop};
  bool ok = rnn_train(h, &training, trained, &error);
  if (!ok) print_error("%s\n", error.message);
  assert_true(ok);
}

static void check_resumption(const char *more, int64_t length)
{
  char text[160];
  strcpy(text, chars_text(length));
  RnnTrained trained;
  RnnHandle *whole = open_toy("chars", 1);
  size_t bytes = (size_t)rnn_block(whole) * sizeof(float);
  train_chars(whole, text, 0, NULL, in_scratch("whole.ckpt"), more, &trained);
  assert_int_equal(trained.last.step, 200);
  double loss = trained.last.loss;
  for (int threads = 1; threads <= 2; threads++)
    for (int64_t stop = 1; stop < 200; stop += 23) { /* within epochs, at their ends, within groups of windows */
      RnnHandle *part = open_toy("chars", threads);
      train_chars(part, text, stop, NULL, in_scratch("part.ckpt"), more, &trained);
      assert_true(trained.outcome == RNN_STOPPED && trained.last.step == stop);
      rnn_close(part);
      part = open_toy("chars", threads); /* nothing but the file goes over */
      train_chars(part, text, 0, in_scratch("part.ckpt"), in_scratch("part.ckpt"), more, &trained);
      assert_true(trained.last.step == 200 && trained.last.loss == loss);
      assert_memory_equal(rnn_weights(part), rnn_weights(whole), bytes);
      rnn_close(part);
    }
  rnn_close(whole);
}

static void resumes_streams(void **state)
{
  (void)state;
  check_resumption("patience=0", 3000);
}

static void resumes_shuffled_windows(void **state)
{
  (void)state;
  check_resumption("carry=false", 3000);
}

static void resumes_with_momentum(void **state)
{
  (void)state;
  check_resumption("optimizer=sgd(0.1, momentum = 0.9, nesterov = true)", 2000);
}

/* -- how training goes ----------------------------------------------------------------------------------------- */

static int64_t count_events(const char *path, const char *wanted, json_t **last)
{
  FILE *in = fopen(path, "r");
  char line[8192];
  int64_t n = 0;
  assert_non_null(in);
  while (fgets(line, sizeof line, in)) {
    json_t *event = json_loads(line, 0, NULL);
    assert_non_null(event); /* every line is one whole object */
    if (strcmp(json_string_value(json_object_get(event, "event")), wanted) == 0) {
      n++;
      if (last) json_decref(*last), *last = json_incref(event);
    }
    json_decref(event);
  }
  fclose(in);
  return n;
}

static void learns_and_logs(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnHandle *h = open_toy("chars", 2);
  RnnTrained trained;
  const char *lines = in_scratch("log.jsonl"), *out = in_scratch("best.safetensors");
  const char *set[] = {setting("data", chars_text(6000)),
                       setting("log", lines),
                       setting("save", in_scratch("c.ckpt")),
                       "epochs=6",
                       "clip=norm(0.4)",
                       NULL};
  RnnTraining training = {.set = set, .out = out};
  assert_true(rnn_train(h, &training, &trained, &error));
  assert_true(trained.outcome == RNN_FINISHED && trained.best < 1.3 && trained.best > 0.5);
  json_t *last = NULL;
  assert_int_equal(count_events(lines, "step", NULL), trained.last.step);
  assert_int_equal(count_events(lines, "validation", &last), 6);
  json_t *terms = json_object_get(json_object_get(last, "terms"), "x");
  assert_near(json_number_value(json_object_get(terms, "bits")) * log(2),
              json_number_value(json_object_get(terms, "nll")), 1e-6);
  assert_true(json_number_value(json_object_get(json_object_get(last, "metrics"), "accuracy")) > 0.35);
  assert_int_equal(count_events(lines, "end", &last), 1);
  assert_int_equal(json_integer_value(json_object_get(last, "clip_seen")), trained.last.step);
  int64_t acted = json_integer_value(json_object_get(last, "clip_acted"));
  assert_true(acted > 0 && acted < trained.last.step);
  json_decref(last);
  RnnHandle *best = open_toy("chars", 1); /* the handle and the file hold the same: the best */
  assert_true(rnn_load(best, out, &error));
  assert_memory_equal(rnn_weights(best), rnn_weights(h), (size_t)rnn_block(h) * sizeof(float));
  rnn_close(best);
  rnn_close(h);
}

static void stops_early_with_the_best(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile train = {0};
  RnnHandle *h = open_toy("elman64", 1);
  RnnTrained trained;
  const char *path = in_scratch("noise.npz");
  elman_data(&train, 12, 5, true); /* targets are noise: validation gets worse soon */
  assert_true(rnn_npz_write(path, &train, &error));
  const char *set[] = {setting("data", path),
                       setting("save", in_scratch("e.ckpt")),
                       "epochs=2000",
                       "optimizer=adam(rate = 0.05)",
                       "validate=0.4",
                       "patience=5",
                       NULL};
  RnnTraining training = {.set = set, .out = in_scratch("e.safetensors")};
  bool ok = rnn_train(h, &training, &trained, &error);
  if (!ok) print_error("%s\n", error.message);
  assert_true(ok && trained.outcome == RNN_EARLY);
  assert_true(trained.best_step < trained.last.step && trained.best < trained.last.validation);
  training.resume = trained.checkpoint; /* there is nothing left to do, and the best is kept */
  char checkpoint[4096];
  strcpy(checkpoint, trained.checkpoint);
  training.resume = checkpoint;
  double first = ((double *)rnn_weights(h))[0];
  assert_true(rnn_train(h, &training, &trained, &error) && trained.outcome == RNN_EARLY);
  assert_true(((double *)rnn_weights(h))[0] == first);
  rnn_tensor_file_free(&train);
  rnn_close(h);
}

static void traces_each_step(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0}, trace = {0};
  RnnHandle *h = open_toy("elman64", 1);
  RnnTrained trained;
  elman_data(&data, 3, 5, false);
  const char *set[] = {"steps=7", setting("save", in_scratch("t.ckpt")), NULL};
  RnnTraining training = {.set = set, .data = &data, .trace = in_scratch("t.npz")};
  assert_true(rnn_train(h, &training, &trained, &error));
  assert_true(rnn_npz_read(training.trace, &trace, &error));
  const RnnTensor *U = rnn_tensor_find(&trace, "U"), *loss = rnn_tensor_find(&trace, "loss"),
                  *norm = rnn_tensor_find(&trace, "norm");
  assert_true(U && rnn_tensor_has_shape(U, 3, (int64_t[]){7, 4, 4}) && loss && loss->count == 7 && norm &&
              norm->count == 7);
  assert_memory_equal((double *)U->data + 6 * 16, (double *)rnn_weights(h) + 8, 16 * sizeof(double));
  assert_true(((double *)loss->data)[6] == trained.last.loss);
  rnn_tensor_file_free(&trace);
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

/* -- how it goes wrong ---------------------------------------------------------------------------------------- */

static void fails(RnnHandle *h, const RnnTraining *training, RnnErrorCode code, const char *part)
{
  RnnError error = {0};
  RnnTrained trained;
  assert_false(rnn_train(h, training, &trained, &error));
  assert_message(&error, part);
  assert_int_equal(error.code, code);
}

static void explains_what_is_not_finite(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0};
  RnnHandle *h = open_toy("elman64", 1);
  const char *weights = in_scratch("large.safetensors");
  const char *set[] = {"steps=50", setting("save", in_scratch("n.ckpt")), "optimizer=sgd(rate = 1e200)", NULL};
  RnnTraining training = {.set = set, .data = &data};
  elman_data(&data, 3, 5, false);
  fails(h, &training, RNN_ERROR_TRAINING, "step 2: ");
  RnnTrained trained;
  rnn_train(h, &training, &trained, &error);
  assert_message(&error, "last finite loss");
  assert_message(&error, "learning rate 1e+200");
  assert_message(&error, "n.ckpt");

  /* y[t] = V @ h[t] + v overflows first, at the first step where the third state is large enough */
  assert_true(rnn_initialise(h, 1, &error));
  for (int i = 28; i < 40; i++) ((double *)rnn_weights(h))[i] = 1.7e308;
  assert_true(rnn_save(h, weights, &error));
  training.weights = weights;
  fails(h, &training, RNN_ERROR_TRAINING, "step 1: the loss is");
  assert_true(rnn_load(h, weights, &error));
  rnn_train(h, &training, &trained, &error);
  assert_message(&error, "the first equation with such a value: y[t] (elman.rnn:7)");
  assert_message(&error, "at t = ");

  ((double *)rnn_tensor_find(&data, "x")->data)[13] = NAN; /* sequence 2, step 2 */
  training.weights = NULL;
  fails(h, &training, RNN_ERROR_TRAINING, "the input x[t] (elman.rnn:2) is nan at t = 2 of sequence 2");
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

static void refuses(void **state)
{
  (void)state;
  RnnError error = {0};
  RnnTensorFile data = {0};
  RnnHandle *h = open_toy("elman64", 1), *f32 = open_toy("elman", 1), *other = open_toy("chars", 1);
  RnnTrained trained;
  const char *ckpt = in_scratch("r.ckpt"), *weights = in_scratch("r.safetensors"), *cut = in_scratch("cut.ckpt");
  const char *set[] = {"steps=3", setting("save", ckpt), NULL, NULL};
  RnnTraining training = {.set = set, .data = &data, .out = weights};
  elman_data(&data, 3, 5, false);
  assert_true(rnn_train(h, &training, &trained, &error));

  training.resume = weights;
  fails(h, &training, RNN_ERROR_DATA, "no checkpoint");
  training.resume = ckpt;
  fails(other, &training, RNN_ERROR_DATA, "'E'");
  fails(f32, &training, RNN_ERROR_DATA, "float64");
  set[2] = "optimizer=sgd()";
  fails(h, &training, RNN_ERROR_USAGE, "was trained with adam");
  set[2] = NULL;
  RnnTensorFile fewer = {0};
  elman_data(&fewer, 2, 5, false);
  training.data = &fewer;
  fails(h, &training, RNN_ERROR_DATA, "3 sequences");
  training.data = &data;
  training.weights = weights;
  fails(h, &training, RNN_ERROR_USAGE, "one of them");
  training.weights = NULL;

  FILE *in = fopen(ckpt, "rb"), *to = fopen(cut, "wb");
  char bytes[1000];
  assert_true(in && to && fread(bytes, 1, sizeof bytes, in) == sizeof bytes &&
              fwrite(bytes, 1, sizeof bytes, to) == sizeof bytes);
  fclose(in);
  fclose(to);
  training.resume = cut;
  fails(h, &training, RNN_ERROR_DATA, "cut.ckpt");

  training.resume = NULL;
  set[2] = "patience=3";
  fails(h, &training, RNN_ERROR_USAGE, "needs a validation part");
  set[2] = "carry=true";
  fails(h, &training, RNN_ERROR_USAGE, "set unroll");
  set[2] = "stepz=3";
  fails(h, &training, RNN_ERROR_USAGE, "did you mean 'steps'");
  set[2] = "save=/nonexistent/x.ckpt";
  fails(h, &training, RNN_ERROR_IO, "/nonexistent");
  set[2] = "log=/nonexistent/x.jsonl";
  fails(h, &training, RNN_ERROR_IO, "/nonexistent");
  set[2] = "teacher_forcing=1.5";
  fails(h, &training, RNN_ERROR_USAGE, "teacher_forcing");
  training.data = NULL;
  set[2] = NULL;
  fails(h, &training, RNN_ERROR_USAGE, "no data");
  rnn_tensor_file_free(&fewer);
  rnn_tensor_file_free(&data);
  rnn_close(h);
  rnn_close(f32);
  rnn_close(other);
}

const struct CMUnitTest training_tests[] = {cmocka_unit_test(resumes_streams),
                                            cmocka_unit_test(resumes_shuffled_windows),
                                            cmocka_unit_test(resumes_with_momentum),
                                            cmocka_unit_test(learns_and_logs),
                                            cmocka_unit_test(stops_early_with_the_best),
                                            cmocka_unit_test(traces_each_step),
                                            cmocka_unit_test(explains_what_is_not_finite),
                                            cmocka_unit_test(refuses)};
const size_t training_test_count = COUNT(training_tests);

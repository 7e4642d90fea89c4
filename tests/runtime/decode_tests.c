/* decode_tests.c: two time axes in frames, and decoding: against teacher forcing over whole sequences, and against
   every sequence that there is. */
#include "runtime_train_test.h"
#include "arrays.h"
#include "decode.h"
#include "explain.h"
#include "rng.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- two axes ------------------------------------------------------------------------------------------------------ */

enum { N = 5, S = 6, T = 4 };
static const int64_t lengths[N] = {2, 4, 1, 4, 3}, lengths_s[N] = {3, 6, 5, 1, 5};

/* x and y of the sequences named in a list; what padding holds must not matter */
static void pairs_arrays(RnnTensorFile *file, const int *list, int64_t count)
{
  int64_t *t = rnn_tensor_add(file, "lengths", RNN_I64, 1, &count, NULL)->data;
  int64_t *s = rnn_tensor_add(file, "lengths_s", RNN_I64, 1, &count, NULL)->data;
  int64_t *x = rnn_tensor_add(file, "x", RNN_I64, 2, (int64_t[]){count, S}, NULL)->data;
  int64_t *y = rnn_tensor_add(file, "y", RNN_I64, 2, (int64_t[]){count, T}, NULL)->data;
  for (int64_t i = 0; i < count; i++) {
    t[i] = lengths[list[i]], s[i] = lengths_s[list[i]];
    for (int64_t k = 0; k < S; k++)
      x[i * S + k] = k < s[i] ? (int64_t)rnn_below(1, 2, (uint64_t)(list[i] * S + k), 6) : -99;
    for (int64_t k = 0; k < T; k++)
      y[i * T + k] = k < t[i] ? (int64_t)rnn_below(1, 3, (uint64_t)(list[i] * T + k), 5) : -99;
  }
}

static RnnHandle *open_pairs(void)
{
  RnnHandle *h = open_toy("pairs", 2);
  assert_true(rnn_initialise(h, 3, NULL));
  return h;
}

/* Each sequence by itself gives what the batch gives: places, orders, padding. */
static void test_batch_and_alone(void **state)
{
  static const int all[N] = {0, 1, 2, 3, 4};
  static const char *const show[] = {"o", "a", "g", "v", "x", "c", NULL};
  RnnHandle *h = open_pairs();
  RnnTensorFile data = {0}, out = {0};
  RnnError error = {0};
  (void)state;
  pairs_arrays(&data, all, N);
  assert_true(rnn_forward(h, &data, show, &out, &error));
  const RnnTensor *a = rnn_tensor_find(&out, "a"), *g = rnn_tensor_find(&out, "g");
  assert_int_equal(a->rank, 3);
  assert_int_equal(a->shape[1], T), assert_int_equal(a->shape[2], S), assert_int_equal(g->shape[1], S);
  for (int n = 0; n < N; n++) {
    RnnTensorFile one = {0}, got = {0};
    pairs_arrays(&one, &n, 1);
    assert_true(rnn_forward(h, &one, show, &got, &error));
    for (int64_t t = 0; t < T; t++) {
      double sum = 0;
      for (int64_t s = 0; s < S; s++) {
        double value = ((double *)a->data)[(n * T + t) * S + s];
        bool real = t < lengths[n] && s < lengths_s[n];
        sum += value;
        assert_true(real ? value > 0 : value == 0);
        if (real) assert_near(value, ((double *)rnn_tensor_find(&got, "a")->data)[t * lengths_s[n] + s], 0);
      }
      assert_near(sum, t < lengths[n], 1e-12);
    }
    for (int64_t i = 0; i < S * 4; i++)
      assert_near(((double *)g->data)[n * S * 4 + i],
                  i < lengths_s[n] * 4 ? ((double *)rnn_tensor_find(&got, "g")->data)[i] : 0, 0);
    rnn_tensor_file_free(&one), rnn_tensor_file_free(&got);
  }
  rnn_tensor_file_free(&data), rnn_tensor_file_free(&out);
  rnn_close(h);
}

static RnnDataset *pairs_data(RnnHandle *h, const int *list, int64_t count)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  RnnInputSpec *specs = rnn_model_specs(h->model);
  pairs_arrays(&file, list, count);
  RnnDataset *d = rnn_dataset_from_tensors(&file, "made", specs, h->model->inputs,
                                           &(RnnDataOptions){.real64 = true, .axes = h->model->axes}, &error);
  if (!d) print_error("%s\n", error.message);
  assert_non_null(d);
  free(specs);
  rnn_tensor_file_free(&file);
  return d;
}

/* A draw over either axis depends on the sequence and the place alone, not on the batch around. */
static void test_noise(void **state)
{
  static const int all[N] = {0, 1, 2, 3, 4};
  static const int64_t lists[2][3] = {{0, 1, 4}, {1, 3, 0}};
  static const char *const names[] = {"m", "m2"};
  RnnHandle *h = open_pairs();
  RnnError error = {0};
  RnnDataset *d = pairs_data(h, all, N);
  RnnBatch batch = {0};
  double kept[2][T][S][2];
  (void)state;
  for (int i = 0; i < 2; i++) {
    Run *run = rnn_handle_run(h, "train", &error);
    assert_true(rnn_batch_whole(&batch, d, lists[i], 3, &error));
    assert_true(rnn_run_prepare(run, &batch, d, (NoiseKey){.seed = 7, .step = 8}, &error));
    for (int v = 0; v < 2; v++)
      for (int64_t b = 0; b < 3; b++)
        for (int64_t t = 0; batch.sequence[b] == 1 && t < (v ? 1 : 4); t++)
          for (int64_t s = 0; s < 6; s++)
            for (int64_t e = 0; e < 2; e++) {
              double value =
                  rnn_run_value(run, &run->program->var[rnn_program_var(run->program, names[v])], t, s, b, e);
              if (i) assert_near(value, kept[v][t][s][e], 0);
              else kept[v][t][s][e] = value;
            }
  }
  assert_true(kept[0][0][1][0] != kept[0][1][0][0] && kept[0][0][0][0] != kept[0][0][0][1]);
  rnn_batch_free(&batch);
  rnn_dataset_free(d);
  rnn_close(h);
}

static void test_not_finite(void **state)
{
  RnnHandle *h = open_pairs();
  const RnnParam *E = rnn_param_named(h, "E", NULL);
  RnnTensorFile data = {0};
  RnnError error = {0};
  (void)state;
  pairs_arrays(&data, (int[]){0, 1, 2, 3, 4}, N);
  const char *set[] = {"steps=1", "unroll=0", "optimizer=sgd(rate = 1)", NULL};
  RnnTraining training = {.data = &data, .set = set, .weights = in_scratch("nan.safetensors")};
  ((double *)rnn_weights(h))[E->offset] = NAN;
  assert_true(rnn_save(h, training.weights, &error));
  assert_false(rnn_train(h, &training, NULL, &error));
  assert_message(&error, "the parameter E (pairs.rnn:4)");
  set[1] = "unroll=2";
  assert_false(rnn_train(h, &training, NULL, &error));
  assert_message(&error, "a model with two time axes runs them whole");
  rnn_tensor_file_free(&data);
  rnn_close(h);
}

/* The first value that is not finite, in order of time: the encoder's axis, then the decoder's. */
static void test_explained_in_order(void **state)
{
  static const int all[N] = {0, 1, 2, 3, 4};
  static const struct {
    const char *var, *says;
    int64_t t, s, sequence;
  } steps[] = {
      {"o", "o[t] (pairs.rnn:9) is nan at t = 2 of sequence 4", 1, 0, 3},
      {"a", "a[t, s] (pairs.rnn:7) is nan at t = 1, s = 3 of sequence 2", 0, 2, 1},
      {"g", "g[s] (pairs.rnn:4) is nan at s = 5 of sequence 3", 0, 4, 2},
      {"g", "g[s] (pairs.rnn:4) is nan at s = 2 of sequence 5", 0, 1, 4},
  };
  RnnHandle *h = open_pairs();
  RnnError error = {0};
  RnnDataset *d = pairs_data(h, all, N);
  RnnBatch batch = {0};
  (void)state;
  assert_true(rnn_batch_whole(&batch, d, (int64_t[]){0, 1, 2, 3, 4}, N, &error));
  Run *run = rnn_handle_run(h, "evaluate", &error);
  assert_true(rnn_run_prepare(run, &batch, d, (NoiseKey){0}, &error));
  rnn_run_go(run, rnn_weights(h), NULL);
  for (size_t i = 0; i < COUNT(steps); i++) { /* each comes before those that are there already */
    char text[512];
    const ProgramVar *var = &run->program->var[rnn_program_var(run->program, steps[i].var)];
    for (int64_t b = 0; b < N; b++)
      if (batch.sequence[b] == steps[i].sequence) *(double *)rnn_run_row(run, var, steps[i].t, steps[i].s, b) = NAN;
    rnn_explain(h, run, text, sizeof text);
    if (!strstr(text, steps[i].says)) print_error("%s\n", text);
    assert_non_null(strstr(text, steps[i].says));
  }
  rnn_batch_free(&batch);
  rnn_dataset_free(d);
  rnn_close(h);
}

/* -- decoding ------------------------------------------------------------------------------------------------------ */

/* log P of symbols, the end behind them where it is >= 0, given sequence n: by the program evaluate, all steps at once
 */
static double forced(RnnHandle *h, int n, const int32_t *symbol, int64_t length, int32_t end)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  double loss;
  int64_t steps = length + (end >= 0);
  if (h->model->axes.second) {
    int64_t *x = rnn_tensor_add(&file, "x", RNN_I64, 2, (int64_t[]){1, lengths_s[n]}, NULL)->data;
    for (int64_t k = 0; k < lengths_s[n]; k++) x[k] = (int64_t)rnn_below(1, 2, (uint64_t)(n * S + k), 6);
  } else *(int64_t *)rnn_tensor_add(&file, "who", RNN_I64, 1, (int64_t[]){1}, NULL)->data = n;
  int64_t *y = rnn_tensor_add(&file, "y", RNN_I64, 2, (int64_t[]){1, steps}, NULL)->data;
  for (int64_t t = 0; t < steps; t++) y[t] = t < length ? symbol[t] : end;
  bool ok = rnn_loss(h, &file, &loss, &error);
  if (!ok) print_error("%s\n", error.message);
  assert_true(ok);
  rnn_tensor_file_free(&file);
  return -loss * (double)steps;
}

static double score(const DecodeWish *w, double log_probability, int64_t length)
{
  if (w->penalty == PENALTY_WU) return log_probability / pow((5.0 + (double)length) / 6, w->alpha);
  return w->penalty == PENALTY_MEAN ? log_probability / (double)length : log_probability;
}

/* The best score of all sequences of at most `limit` symbols, ended or cut off at the limit. */
static double exhaustive(RnnHandle *h, int n, const DecodeWish *w, int classes, int32_t *symbol, int64_t length)
{
  double best = -INFINITY;
  for (int32_t id = 0; id < classes; id++) {
    double found;
    symbol[length] = id;
    if (id == w->end) found = score(w, forced(h, n, symbol, length, id), length + 1);
    else if (length + 1 == w->length) found = score(w, forced(h, n, symbol, length + 1, -1), length + 1);
    else found = exhaustive(h, n, w, classes, symbol, length + 1);
    if (found > best) best = found;
  }
  return best;
}

static void check_decoding(RnnHandle *h, const Decoding *d, const DecodeWish *w)
{
  for (int64_t n = 0; n < d->data->sequences; n++) {
    assert_true(d->count[n] >= 1 && d->count[n] <= w->best);
    for (int64_t i = 0; i < d->count[n]; i++) {
      const Hypothesis *one = &d->hypothesis[n * d->best + i];
      assert_true(one->length + one->ended <= w->length);
      assert_true(one->ended || one->length == w->length);
      assert_near(one->log_probability, forced(h, (int)n, one->symbol, one->length, one->ended ? w->end : -1), 1e-9);
      assert_near(one->score, score(w, one->log_probability, one->length + one->ended), 1e-12);
      assert_true(!i || one[-1].score >= one->score);
      for (int64_t j = 0; j < i && w->method == DECODE_BEAM; j++) /* no hypothesis twice */
        assert_true(one[j - i].length != one->length ||
                    memcmp(one[j - i].symbol, one->symbol, (size_t)one->length * sizeof *one->symbol) != 0);
    }
  }
}

static void test_beam_and_all_sequences(void **state)
{
  static const int all[N] = {0, 1, 2, 3, 4};
  RnnHandle *h = open_pairs();
  RnnDataset *d = pairs_data(h, all, N);
  (void)state;
  for (int penalty = 0; penalty < 3; penalty++)
    for (int64_t batch = 1; batch <= N; batch += 2) {
      DecodeWish w = {.method = DECODE_BEAM,
                      .width = 5 * 5 * 5,
                      .best = 4,
                      .penalty = (LengthPenalty)penalty,
                      .alpha = 0.8,
                      .length = 3,
                      .end = 2,
                      .batch = batch};
      Decoding all_of = {0}, narrow = {0};
      RnnError error = {0};
      int32_t symbol[8];
      assert_true(rnn_decode(h, d, &w, &all_of, &error));
      check_decoding(h, &all_of, &w);
      for (int n = 0; n < N; n++) assert_near(all_of.hypothesis[n * 4].score, exhaustive(h, n, &w, 5, symbol, 0), 1e-9);
      w.width = 3, w.best = 3;
      assert_true(rnn_decode(h, d, &w, &narrow, &error));
      check_decoding(h, &narrow, &w);
      for (int n = 0; n < N; n++) assert_true(narrow.hypothesis[n * 3].score <= all_of.hypothesis[n * 4].score + 1e-12);
      rnn_decoding_free(&all_of), rnn_decoding_free(&narrow);
    }
  rnn_dataset_free(d);
  rnn_close(h);
}

static void test_beam_of_one_is_the_likeliest(void **state)
{
  static const int all[N] = {0, 1, 2, 3, 4};
  RnnHandle *h = open_pairs();
  RnnDataset *d = pairs_data(h, all, N);
  (void)state;
  for (int penalty = 0; penalty < 3; penalty++) {
    DecodeWish w = {.width = 1, .best = 1, .length = 9, .end = 4, .batch = 2, .alpha = 1};
    Decoding greedy = {0}, beam = {0};
    RnnError error = {0};
    assert_true(rnn_decode(h, d, &w, &greedy, &error));
    check_decoding(h, &greedy, &w);
    w.method = DECODE_BEAM;
    w.penalty = (LengthPenalty)penalty;
    assert_true(rnn_decode(h, d, &w, &beam, &error));
    for (int n = 0; n < N; n++) {
      const Hypothesis *a = &greedy.hypothesis[n], *b = &beam.hypothesis[n];
      assert_int_equal(a->length, b->length);
      assert_memory_equal(a->symbol, b->symbol, (size_t)a->length * sizeof *a->symbol);
      assert_near(a->log_probability, b->log_probability, 1e-12);
    }
    rnn_decoding_free(&greedy), rnn_decoding_free(&beam);
  }
  rnn_dataset_free(d);
  rnn_close(h);
}

/* -- a chain ------------------------------------------------------------------------------------------------------- */

/* 0 and 1 are symbols, 2 the end. Of who = 0 the first symbol 0 is likelier, but all goes on evenly from there, while 1
   ends at once; who = 1 never ends. */
static RnnHandle *open_chain(void)
{
  static const double probability[2][4][3] = {{{0.4, 0.3, 0.3}, {0.05, 0.05, 0.9}, {1, 1, 1}, {0.55, 0.4, 0.05}},
                                              {{0.9, 0.1, 1e-9}, {0.5, 0.5, 1e-9}, {1, 1, 1}, {0.7, 0.3, 1e-9}}};
  RnnHandle *h = open_toy("chain", 1);
  double *M = rnn_weights(h);
  for (int i = 0; i < 24; i++) M[i] = log((&probability[0][0][0])[i]);
  return h;
}

static RnnDataset *chain_data(RnnHandle *h, int64_t count)
{
  RnnTensorFile file = {0};
  RnnInputSpec *specs = rnn_model_specs(h->model);
  int64_t *who = rnn_tensor_add(&file, "who", RNN_I64, 1, &count, NULL)->data;
  for (int64_t n = 0; n < count; n++) who[n] = n % 2;
  RnnDataset *d = rnn_dataset_from_tensors(&file, "made", specs, 2,
                                           &(RnnDataOptions){.real64 = true, .targets_optional = true}, NULL);
  assert_non_null(d);
  assert_true(d->length_unknown);
  free(specs);
  rnn_tensor_file_free(&file);
  return d;
}

static void test_beam_finds_what_greed_misses(void **state)
{
  RnnHandle *h = open_chain();
  RnnDataset *d = chain_data(h, 2);
  DecodeWish w = {.width = 1, .best = 1, .length = 6, .end = 2, .batch = 8};
  Decoding greedy = {0}, beam = {0};
  RnnError error = {0};
  (void)state;
  assert_true(rnn_decode(h, d, &w, &greedy, &error));
  check_decoding(h, &greedy, &w);
  w.method = DECODE_BEAM;
  w.width = w.best = 2;
  assert_true(rnn_decode(h, d, &w, &beam, &error));
  check_decoding(h, &beam, &w);
  assert_int_equal(greedy.hypothesis[0].symbol[0], 0);
  assert_int_equal(beam.hypothesis[0].symbol[0], 1);
  assert_int_equal(beam.hypothesis[0].length, 1);
  assert_near(beam.hypothesis[0].log_probability, log(0.36), 1e-9);
  assert_true(beam.hypothesis[0].score > greedy.hypothesis[0].score);
  assert_false(beam.hypothesis[2].ended); /* who = 1 is cut off */
  assert_int_equal(beam.hypothesis[2].length, 6);
  rnn_decoding_free(&greedy), rnn_decoding_free(&beam);
  rnn_dataset_free(d);
  rnn_close(h);
}

static void test_state_is_carried(void **state)
{
  RnnHandle *h = open_chain();
  RnnDataset *d = chain_data(h, 2);
  const RnnParam *L = rnn_param_named(h, "L", NULL);
  RnnError error = {0};
  (void)state;
  ((double *)rnn_weights(h))[L->offset + 2] = 0.7; /* n[t] is carried: the end gets likelier */
  ((double *)rnn_weights(h))[L->offset] = -0.4;
  for (int64_t width = 1; width <= 81; width *= 9) {
    DecodeWish w = {.method = DECODE_BEAM, .width = width, .best = 1, .length = 4, .end = 2, .batch = 2};
    Decoding beam = {0};
    int32_t symbol[8];
    assert_true(rnn_decode(h, d, &w, &beam, &error));
    check_decoding(h, &beam, &w);
    for (int n = 0; n < 2 && width == 81; n++)
      assert_near(beam.hypothesis[n].score, exhaustive(h, n, &w, 3, symbol, 0), 1e-9);
    rnn_decoding_free(&beam);
  }
  rnn_dataset_free(d);
  rnn_close(h);
}

static void test_draws(void **state)
{
  RnnHandle *h = open_chain();
  RnnDataset *d = chain_data(h, 2);
  DecodeWish w = {.method = DECODE_DRAW,
                  .width = 4000,
                  .best = 4000,
                  .length = 3,
                  .end = 2,
                  .batch = 1,
                  .seed = 5,
                  .drawing = {.temperature = 1}};
  Decoding draws = {0}, again = {0};
  RnnError error = {0};
  int64_t ones = 0, ended = 0;
  (void)state;
  assert_true(rnn_decode(h, d, &w, &draws, &error));
  for (int64_t i = 0; i < 4000; i++) {
    ones += draws.hypothesis[i].length > 0 && draws.hypothesis[i].symbol[0] == 1;
    ended += draws.hypothesis[i].length == 0;
  }
  assert_true(fabs((double)ones / 4000 - 0.4) < 0.03 && fabs((double)ended / 4000 - 0.05) < 0.015);
  w.batch = 2;
  assert_true(rnn_decode(h, d, &w, &again, &error));
  for (int64_t i = 0; i < 8000; i++) assert_near(draws.hypothesis[i].score, again.hypothesis[i].score, 0);
  rnn_decoding_free(&again);
  w.width = w.best = 20;
  w.drawing = (RnnDrawing){.temperature = 1, .top_p = 0.5};
  assert_true(rnn_decode(h, d, &w, &again, &error));
  for (int64_t i = 0; i < 20; i++) assert_int_equal(again.hypothesis[i].symbol[0], 0);
  rnn_decoding_free(&draws), rnn_decoding_free(&again);
  rnn_dataset_free(d);
  rnn_close(h);
}

static void test_what_cannot_be_decoded(void **state)
{
  RnnHandle *h = open_chain(), *elman = open_toy("elman64", 1), *chars = open_toy("chars", 1);
  RnnDataset *d = chain_data(h, 2);
  RnnError error = {0};
  Decoding out = {0};
  DecodeWish w = {.width = 1, .best = 1, .length = 3, .end = 2, .batch = 1};
  (void)state;
  assert_null(rnn_decode_draw(elman, &error));
  assert_message(&error, "draws nothing at each step");
  assert_null(rnn_decode_draw(chars, &error));
  assert_message(&error, "x[t+1]");
  ((double *)rnn_weights(h))[11] = NAN;
  assert_false(rnn_decode(h, d, &w, &out, &error));
  assert_message(&error, "sequence 1, step 1: the logits 'o' are not finite");
  rnn_decoding_free(&out);
  w.width = INT64_MAX / 2;
  w.method = DECODE_BEAM;
  w.batch = 2;
  assert_false(rnn_decode(h, d, &w, &out, &error));
  assert_message(&error, "too many");
  rnn_decoding_free(&out);
  static const char *const bad[] = {"wuu", "wu(alpha = -1)", "wu(beta = 1)", "mean(2)", "wu(", ""};
  for (size_t i = 0; i < COUNT(bad); i++) assert_false(rnn_decode_penalty(bad[i], &w, &error));
  assert_true(rnn_decode_penalty("wu(0.3)", &w, &error) && w.alpha == 0.3 && w.penalty == PENALTY_WU);
  assert_true(rnn_decode_penalty("mean", &w, &error) && w.penalty == PENALTY_MEAN);
  rnn_dataset_free(d);
  rnn_close(h), rnn_close(elman), rnn_close(chars);
}

/* A description that does not hold together is refused, whatever it says. */
static void test_damaged_descriptions(void **state)
{
  static const struct {
    const char *from, *to, *says;
  } cases[] = {
      {"\"axes\": [\"t\", \"s\"]", "\"axes\": []", "axes: not one or two names"},
      {"\"axes\": [\"t\", \"s\"]", "\"axes\": [\"t\", 3]", "axes: not one or two names"},
      {"\"axes\": [\"t\", \"s\"]", "\"axes\": [\"t\",\"s\",\"u\"]", "axes: not one or two names"},
      {"\"axes\": [\"t\", \"s\"]", "\"axes\": \"t\"", "axes: not a list"},
      {"\"axes\": [\"t\", \"s\"]", "\"axes\": [\"t\"]", "x: varies over a second axis, and there is none"},
      {"\"lo2\": 1", "\"lo2\": -1", "lo2: not a whole number in its range"},
      {"\"hi2\": 2", "\"hi2\": 9999999999", "hi2: not a whole number in its range"},
      {"\"shape\": [6], \"token\": true, \"second\": true", "\"shape\": [6], \"token\": true, \"second\": false",
       "x: and its buffer differ in kind"},
      {"\"from\": \"v\", \"into\": \"v.carry0\"", "\"from\": \"v\", \"into\": \"d.carry0\"",
       "v: is carried between variables that do not fit"},
      {"\"from\": \"d\"", "\"from\": \"g\"", "d: is carried between variables that do not fit"},
      {"\"count\": \"y.count\"", "\"count\": \"g\"", "y: is not one number a batch"},
  };
  const RnnModel *whole = toy_model("pairs");
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    char json[16384];
    const char *at = strstr(whole->json, cases[i].from);
    RnnModel model = *whole;
    RnnError error = {0};
    assert_non_null(at);
    snprintf(json, sizeof json, "%.*s%s%s", (int)(at - whole->json), whole->json, cases[i].to,
             at + strlen(cases[i].from));
    model.json = json;
    RnnHandle *h = rnn_open(&model, 1, &error);
    if (h) print_error("case %zu was opened\n", i);
    assert_null(h);
    assert_message(&error, cases[i].says);
  }
}

static void test_edits(void **state)
{
  static const int32_t a[] = {1, 2, 3, 4, 5}, b[] = {1, 3, 4, 6, 5, 7};
  (void)state;
  assert_int_equal(rnn_edits(a, 5, a, 5), 0);
  assert_int_equal(rnn_edits(a, 5, b, 0), 5);
  assert_int_equal(rnn_edits(a, 0, b, 6), 6);
  assert_int_equal(rnn_edits(a, 5, b, 6), 3);
  assert_int_equal(rnn_edits(b, 6, a, 5), 3);
}

const struct CMUnitTest decode_tests[] = {
    cmocka_unit_test(test_batch_and_alone),
    cmocka_unit_test(test_noise),
    cmocka_unit_test(test_not_finite),
    cmocka_unit_test(test_explained_in_order),
    cmocka_unit_test(test_beam_and_all_sequences),
    cmocka_unit_test(test_beam_of_one_is_the_likeliest),
    cmocka_unit_test(test_beam_finds_what_greed_misses),
    cmocka_unit_test(test_state_is_carried),
    cmocka_unit_test(test_draws),
    cmocka_unit_test(test_what_cannot_be_decoded),
    cmocka_unit_test(test_damaged_descriptions),
    cmocka_unit_test(test_edits),
};
const size_t decode_test_count = COUNT(decode_tests);

/* batch_tests.c: plans and batches: every step once an epoch, state goes to the right column, arrays hold what the
 * dataset says. */
#include "runtime_files_test.h"
#include "batch.h"
#include "data_fixture.h"
#include "rng.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x[t] of step t (from 0) in sequence s is 100 s + t + 1, v = (x, -x), y the same as a token, c = s */
static RnnDataset *make(const int64_t *lengths, int64_t sequences, bool real64)
{
  static const char *const inputs =
      "x[t] real, v[t] real 2, y[t]! token 100000, c token 1000, d! real 2, z[t]! real, w! token 3";
  RnnInputSpec specs[FIXTURE_INPUTS];
  int count = fixture_inputs(inputs, specs);
  RnnTensorFile file = {0};
  int64_t T = 0;
  for (int64_t s = 0; s < sequences; s++) T = lengths[s] > T ? lengths[s] : T;
  int64_t shape[3] = {sequences, T, 2};
  float *x = rnn_tensor_add(&file, "x", RNN_F32, 2, shape, NULL)->data;
  float *v = rnn_tensor_add(&file, "v", RNN_F32, 3, shape, NULL)->data;
  int64_t *y = rnn_tensor_add(&file, "y", RNN_I64, 2, shape, NULL)->data;
  int64_t *c = rnn_tensor_add(&file, "c", RNN_I64, 1, shape, NULL)->data;
  int64_t *length = rnn_tensor_add(&file, "lengths", RNN_I64, 1, shape, NULL)->data;
  shape[1] = 2;
  float *d = rnn_tensor_add(&file, "d", RNN_F32, 2, shape, NULL)->data;
  for (int64_t s = 0; s < sequences; s++) {
    c[s] = s;
    length[s] = lengths[s];
    d[2 * s] = (float)s, d[2 * s + 1] = 0.5f;
    for (int64_t t = 0; t < T; t++) {
      float value = t < lengths[s] ? (float)(100 * s + t + 1) : NAN; /* what padding holds must not matter */
      x[s * T + t] = value;
      v[2 * (s * T + t)] = value, v[2 * (s * T + t) + 1] = -value;
      y[s * T + t] = t < lengths[s] ? 100 * s + t + 1 : -99;
    }
  }
  RnnError error = {0};
  RnnDataset *dataset = rnn_dataset_from_tensors(&file, "made", specs, count,
                                                 &(RnnDataOptions){.real64 = real64, .targets_optional = true}, &error);
  if (!dataset) print_error("%s\n", error.message);
  assert_non_null(dataset);
  rnn_tensor_file_free(&file);
  return dataset;
}

static void check_frame(const RnnBatch *batch)
{
  assert_true(batch->B >= 1 && batch->T == batch->len[0]);
  for (int64_t b = 0; b < batch->B; b++) {
    assert_true(batch->len[b] >= 1);
    if (b) assert_true(batch->len[b] <= batch->len[b - 1]);
  }
  for (int64_t t = 0; t <= batch->T; t++) {
    int64_t live = 0;
    for (int64_t b = 0; b < batch->B; b++) live += batch->len[b] > t;
    assert_int_equal(batch->live[t], live);
  }
}

/* Every element of a buffer against the rule, said in another way than the code does. */
static void check_fill(const RnnBatch *batch, const RnnDataset *d, bool real64)
{
  enum { LO = 2, HI = 3, WIDTH = 5, COLUMN = 2 };
  int64_t rows = LO + batch->T + HI;
  double *wide = malloc((size_t)(rows * batch->B * WIDTH) * 8);
  float *narrow = (float *)wide;
  int32_t *whole = (int32_t *)wide;
  for (int input = 0; input < d->inputs; input++) {
    const RnnInputSpec *spec = &d->input[input];
    RnnPlace place = {.lo = LO, .hi = HI, .width = WIDTH, .column = COLUMN, .integer = spec->token, .real64 = real64};
    memset(wide, 0x55, (size_t)(rows * batch->B * WIDTH) * 8);
    double untouched_wide = wide[0];
    float untouched_narrow = narrow[0];
    rnn_batch_fill(batch, d, input, &place, wide);
    for (int64_t r = 0; r < (spec->time ? rows : 1); r++)
      for (int64_t b = 0; b < batch->B; b++)
        for (int64_t j = 0; j < WIDTH; j++) {
          int64_t at = (r * batch->B + b) * WIDTH + j, s = batch->sequence[b], step = batch->from[b] + r - LO;
          double got = spec->token ? whole[at] : real64 ? wide[at] : narrow[at];
          if (j < COLUMN || j >= COLUMN + spec->width) { /* another variable's */
            if (spec->token) assert_int_equal(whole[at], 0x55555555);
            else assert_true(real64 ? wide[at] == untouched_wide : narrow[at] == untouched_narrow);
            continue;
          }
          bool inside = r - LO < batch->len[b] + batch->ahead[b] &&
                        step >= (batch->fresh[b] != 0 ? batch->from[b] : batch->first[b]);
          double want;
          if (strcmp(spec->name, "c") == 0) want = (double)s;
          else if (strcmp(spec->name, "w") == 0) want = -1;
          else if (strcmp(spec->name, "d") == 0) want = j == COLUMN ? (double)s : 0.5;
          else if (!inside) want = spec->token ? -1 : 0;
          else if (strcmp(spec->name, "z") == 0) want = NAN;
          else want = (double)(100 * s + step + 1) * (j > COLUMN ? -1 : 1);
          if (isnan(want) ? !isnan(got) : got != want)
            print_error("%s row %lld b %lld: %g, expected %g\n", spec->name, (long long)r, (long long)b, got, want);
          assert_true(isnan(want) ? isnan(got) : got == want);
        }
  }
  free(wide);
}

/* An epoch: each step of each sequence once; columns go on where the plan says so. */
static void check_epoch(RnnPlan *plan, const RnnDataset *d, const RnnPlanSettings *s, int64_t epoch)
{
  RnnBatch batch = {0}, before = {0};
  RnnError error = {0};
  int64_t *seen = calloc((size_t)d->start[d->sequences], sizeof *seen);
  int64_t batches = rnn_plan_batches(plan, epoch);
  bool goes_on = false;
  for (int64_t position = 0; position < batches; position++) {
    assert_true(rnn_plan_batch(plan, epoch, position, &batch, &error));
    check_frame(&batch);
    check_fill(&batch, d, !d->real64);
    assert_true(batch.T <= rnn_plan_longest(plan) && batch.B <= rnn_plan_widest(plan) && batch.B <= s->batch);
    for (int64_t b = 0; b < batch.B; b++) {
      int64_t last = batch.from[b] + batch.len[b], left = d->length[batch.sequence[b]] - last;
      for (int64_t t = batch.from[b]; t < last; t++) seen[d->start[batch.sequence[b]] + t]++;
      assert_int_equal(batch.ahead[b], left < s->leads ? left : s->leads);
      assert_true(batch.fresh[b] == !goes_on);
      if (goes_on) {
        assert_true(b < before.B);
        assert_int_equal(batch.sequence[b], before.sequence[b]);
        assert_int_equal(batch.from[b], before.from[b] + before.len[b]);
        assert_int_equal(batch.order[b], before.order[b]);
      } else assert_int_equal(batch.from[b], batch.first[b]);
    }
    goes_on = batch.carries_on;
    rnn_batch_free(&before);
    before = batch;
    batch = (RnnBatch){0};
  }
  assert_false(goes_on);
  for (int64_t i = 0; i < d->start[d->sequences]; i++) assert_int_equal(seen[i], 1);
  assert_false(rnn_plan_batch(plan, epoch, batches, &batch, &error));
  assert_false(rnn_plan_batch(plan, epoch, -1, &batch, &error));
  rnn_batch_free(&before);
  free(seen);
}

static void test_all_ways(void **state)
{
  static const int64_t lengths[][8] = {{50}, {10, 10, 10}, {3, 9, 1, 7, 7, 2, 12}, {1}, {64}, {65}, {41, 3}};
  static const int64_t counts[] = {1, 3, 7, 1, 1, 1, 2}, unrolls[] = {0, 1, 3, 8, 100};
  (void)state;
  for (size_t l = 0; l < sizeof counts / sizeof *counts; l++) {
    RnnDataset *d = make(lengths[l], counts[l], l % 2);
    for (int64_t batch = 1; batch <= 9; batch += 2)
      for (int u = 0; u < 5; u++)
        for (int way = 0; way < 4; way++) {
          RnnPlanSettings s = {.batch = batch,
                               .unroll = unrolls[u],
                               .carry = (way & 1) && unrolls[u],
                               .shuffle = way & 2,
                               .seed = 5,
                               .leads = way};
          RnnPlan *plan = rnn_plan_new(d, &s, NULL);
          assert_non_null(plan);
          assert_int_equal(rnn_plan_steps(plan), d->start[d->sequences]);
          for (int64_t epoch = 0; epoch < 3; epoch++) check_epoch(plan, d, &s, epoch);
          rnn_plan_free(plan);
        }
    rnn_dataset_free(d);
  }
}

/* T, B and the first columns of each batch as text */
static char *list(RnnPlan *plan, int64_t epoch)
{
  char *text = NULL;
  size_t size;
  RnnBatch batch = {0};
  FILE *out = open_memstream(&text, &size);
  for (int64_t i = 0, n = rnn_plan_batches(plan, epoch); i < n; i++) {
    assert_true(rnn_plan_batch(plan, epoch, i, &batch, NULL));
    fprintf(out, "%s%lldx%lld:", i ? " " : "", (long long)batch.T, (long long)batch.B);
    for (int64_t b = 0; b < batch.B; b++)
      fprintf(out, "%s%lld@%lld+%lld", b ? "," : "", (long long)batch.sequence[b], (long long)batch.from[b],
              (long long)batch.len[b]);
  }
  fclose(out);
  rnn_batch_free(&batch);
  return text;
}

static void expect_list(const int64_t *lengths, int64_t sequences, RnnPlanSettings s, const char *want)
{
  RnnDataset *d = make(lengths, sequences, false);
  RnnPlan *plan = rnn_plan_new(d, &s, NULL);
  char *got = list(plan, 0);
  assert_string_equal(got, want);
  free(got);
  rnn_plan_free(plan);
  rnn_dataset_free(d);
}

static void test_layouts(void **state)
{
  static const int64_t ten[] = {10}, nine[] = {9}, three[] = {2, 5, 4}, two[] = {8, 2};
  (void)state;
  expect_list(three, 3, (RnnPlanSettings){.batch = 2}, "5x2:1@0+5,0@0+2 4x1:2@0+4");
  expect_list(three, 3, (RnnPlanSettings){.batch = 2, .unroll = 3}, "3x2:1@0+3,0@0+2 3x2:2@0+3,1@3+2 1x1:2@3+1");
  expect_list(three, 3, (RnnPlanSettings){.batch = 2, .unroll = 3, .carry = true},
              "3x2:1@0+3,0@0+2 2x1:1@3+2 3x1:2@0+3 1x1:2@3+1");
  /* one sequence in streams: 4, 3 and 3 steps; the single step that the first has more joins the window before */
  expect_list(ten, 1, (RnnPlanSettings){.batch = 3, .unroll = 3, .carry = true}, "4x3:0@0+4,0@4+3,0@7+3");
  expect_list(ten, 1, (RnnPlanSettings){.batch = 3, .unroll = 2, .carry = true},
              "2x3:0@0+2,0@4+2,0@7+2 2x3:0@2+2,0@6+1,0@9+1");
  /* but where all have it, it is a window */
  expect_list(nine, 1, (RnnPlanSettings){.batch = 1, .unroll = 4, .carry = true}, "4x1:0@0+4 4x1:0@4+4 1x1:0@8+1");
  /* streams never cross sequences: 8 steps get three of the four */
  expect_list(two, 2, (RnnPlanSettings){.batch = 4, .unroll = 9, .carry = true}, "3x4:0@0+3,0@3+3,0@6+2,1@0+2");
}

static void test_order_is_a_function_of_the_epoch(void **state)
{
  int64_t lengths[40];
  (void)state;
  for (int i = 0; i < 40; i++) lengths[i] = 3 + i % 5;
  RnnDataset *d = make(lengths, 40, false);
  RnnPlanSettings s = {.batch = 7, .shuffle = true, .seed = 1};
  RnnPlan *one = rnn_plan_new(d, &s, NULL), *other = rnn_plan_new(d, &s, NULL);
  s.seed = 2;
  RnnPlan *third = rnn_plan_new(d, &s, NULL);
  char *a = list(one, 3), *b = list(other, 0), *c = list(other, 3), *e = list(third, 3);
  assert_string_equal(a, c);
  assert_string_not_equal(a, b);
  assert_string_not_equal(a, e);
  free(a), free(b), free(c), free(e);
  rnn_plan_free(one), rnn_plan_free(other), rnn_plan_free(third);
  rnn_dataset_free(d);
}

static void test_whole(void **state)
{
  static const int64_t lengths[] = {3, 9, 1, 7}, sequences[] = {2, 3, 0};
  RnnBatch batch = {0};
  RnnError error = {0};
  (void)state;
  RnnDataset *d = make(lengths, 4, true);
  assert_true(rnn_batch_whole(&batch, d, sequences, 3, &error));
  check_frame(&batch);
  check_fill(&batch, d, true);
  static const int64_t sorted[] = {3, 0, 2}, order[] = {1, 2, 0};
  assert_memory_equal(batch.sequence, sorted, sizeof sorted);
  assert_memory_equal(batch.order, order, sizeof order);
  assert_int_equal(batch.T, 7);
  assert_false(rnn_batch_whole(&batch, d, sequences, 0, &error));
  rnn_batch_free(&batch);
  rnn_dataset_free(d);
}

/* Ten sequences with lengths along both axes; x[s] is 100 n + s, a[t, s] 1000 n + 10 t + s, y[t] as x. */
static RnnDataset *make_two(bool real64)
{
  enum { N = 10, T = 4, S = 6 };
  RnnInputSpec specs[FIXTURE_INPUTS];
  int count = fixture_inputs("x[s] token 9999, y[t]! real, a[ts] real, b[ts]! token 9999", specs);
  RnnTensorFile file = {0};
  RnnError error = {0};
  int64_t *t = rnn_tensor_add(&file, "lengths", RNN_I64, 1, (int64_t[]){N}, NULL)->data;
  int64_t *s = rnn_tensor_add(&file, "lengths_s", RNN_I64, 1, (int64_t[]){N}, NULL)->data;
  int64_t *x = rnn_tensor_add(&file, "x", RNN_I64, 2, (int64_t[]){N, S}, NULL)->data;
  float *y = rnn_tensor_add(&file, "y", RNN_F32, 2, (int64_t[]){N, T}, NULL)->data;
  float *a = rnn_tensor_add(&file, "a", RNN_F32, 3, (int64_t[]){N, T, S}, NULL)->data;
  for (int64_t n = 0; n < N; n++) {
    t[n] = 1 + n * 3 % T, s[n] = 1 + n * n % S;
    for (int64_t i = 0; i < S; i++) x[n * S + i] = i < s[n] ? 100 * n + i : -5;
    for (int64_t i = 0; i < T; i++) y[n * T + i] = i < t[n] ? (float)(100 * n + i) : NAN;
    for (int64_t i = 0; i < T * S; i++)
      a[n * T * S + i] = i / S < t[n] && i % S < s[n] ? (float)(1000 * n + 10 * (i / S) + i % S) : NAN;
  }
  RnnDataset *d = rnn_dataset_from_tensors(
      &file, "made", specs, count, &(RnnDataOptions){.real64 = real64, .targets_optional = true, .axes = {"t", "s"}},
      &error);
  if (!d) print_error("%s\n", error.message);
  assert_non_null(d);
  rnn_tensor_file_free(&file);
  return d;
}

static void check_second(const RnnBatch *batch, const RnnDataset *d)
{
  assert_int_equal(batch->S, batch->len2[0]);
  for (int64_t r = 0; r < batch->B; r++) {
    int64_t b = batch->col2[r];
    assert_int_equal(batch->row2[b], r);
    assert_int_equal(batch->len2[r], d->length2[batch->sequence[b]]);
    if (r)
      assert_true(batch->len2[r] < batch->len2[r - 1] ||
                  (batch->len2[r] == batch->len2[r - 1] && b > batch->col2[r - 1]));
  }
  for (int64_t s = 0; s <= batch->S; s++) {
    int64_t live = 0;
    for (int64_t r = 0; r < batch->B; r++) live += batch->len2[r] > s;
    assert_int_equal(batch->live2[s], live);
  }
}

static void check_fill_two(const RnnBatch *batch, const RnnDataset *d, bool real64)
{
  enum { LO = 1, HI = 2, LO2 = 2, HI2 = 1, ROOM = 16 * 16 * 16 * 2 };
  double buffer[ROOM];
  for (int input = 0; input < d->inputs; input++) {
    const RnnInputSpec *spec = &d->input[input];
    RnnPlace place = {
        .lo = LO, .hi = HI, .lo2 = LO2, .hi2 = HI2, .width = 2, .column = 1, .integer = spec->token, .real64 = real64};
    rnn_batch_fill(batch, d, input, &place, buffer);
    for (int64_t b = 0; b < batch->B; b++)
      for (int64_t t = spec->time ? -LO : 0; t < (spec->time ? batch->T + HI : 1); t++)
        for (int64_t s = spec->second ? -LO2 : 0; s < (spec->second ? batch->S + HI2 : 1); s++) {
          int64_t n = batch->sequence[b], row = !spec->second ? (LO + t) * batch->B + b
                                                : !spec->time
                                                    ? (LO2 + s) * batch->B + batch->row2[b]
                                                    : ((LO + t) * batch->B + b) * (LO2 + batch->S + HI2) + LO2 + s;
          int64_t at = row * 2 + 1;
          double got = spec->token ? ((int32_t *)buffer)[at] : real64 ? buffer[at] : ((float *)buffer)[at];
          bool inside = t >= 0 && s >= 0 && (!spec->time || t < d->length[n]) && (!spec->second || s < d->length2[n]);
          double value = (double)(spec->time && spec->second ? 1000 * n + 10 * t + s : 100 * n + t + s);
          double want = inside && strcmp(spec->name, "b") ? value : spec->token ? -1 : 0;
          assert_true(got == want);
        }
  }
}

static void test_two_axes(void **state)
{
  RnnBatch batch = {0};
  RnnError error = {0};
  (void)state;
  for (int wide = 0; wide < 2; wide++) {
    RnnDataset *d = make_two(wide);
    for (int64_t size = 1; size <= 11; size += 2)
      for (int way = 0; way < 4; way++) {
        RnnPlanSettings s = {.batch = size, .shuffle = way & 1, .bucket = way & 2, .seed = 3};
        RnnPlan *plan = rnn_plan_new(d, &s, &error);
        int64_t seen[10] = {0}, batches = rnn_plan_batches(plan, 1);
        for (int64_t i = 0; i < batches; i++) {
          assert_true(rnn_plan_batch(plan, 1, i, &batch, &error));
          check_frame(&batch);
          check_second(&batch, d);
          check_fill_two(&batch, d, wide);
          for (int64_t b = 0; b < batch.B; b++) seen[batch.sequence[b]]++;
        }
        for (int n = 0; n < 10; n++) assert_int_equal(seen[n], 1);
        rnn_plan_free(plan);
      }
    assert_null(rnn_plan_new(d, &(RnnPlanSettings){.batch = 2, .unroll = 3}, &error));
    assert_says(&error, "set unroll = 0");
    rnn_dataset_free(d);
  }
  rnn_batch_free(&batch);
}

static int64_t padded_steps(RnnPlan *plan, int64_t epoch)
{
  RnnBatch batch = {0};
  int64_t steps = 0;
  for (int64_t i = 0, n = rnn_plan_batches(plan, epoch); i < n; i++) {
    assert_true(rnn_plan_batch(plan, epoch, i, &batch, NULL));
    steps += batch.T * batch.B;
  }
  rnn_batch_free(&batch);
  return steps;
}

static void test_bucket(void **state)
{
  int64_t lengths[150], total = 0;
  (void)state;
  for (int i = 0; i < 150; i++) total += lengths[i] = 1 + (int64_t)rnn_below(1, 2, (uint64_t)i, 40);
  RnnDataset *d = make(lengths, 150, false);
  RnnPlanSettings s = {.batch = 8, .shuffle = true, .seed = 1}, with = s;
  with.bucket = true;
  RnnPlan *plain = rnn_plan_new(d, &s, NULL), *bucketed = rnn_plan_new(d, &with, NULL);
  for (int64_t epoch = 0; epoch < 3; epoch++) check_epoch(bucketed, d, &with, epoch);
  int64_t loose = padded_steps(plain, 0) - total, close = padded_steps(bucketed, 0) - total;
  assert_true(close * 5 < loose);
  char *a = list(bucketed, 0), *b = list(bucketed, 1), *c = list(bucketed, 0);
  assert_string_equal(a, c);
  assert_string_not_equal(a, b);
  free(a), free(b), free(c);
  rnn_plan_free(plain), rnn_plan_free(bucketed);
  rnn_dataset_free(d);
}

static void test_wrong_settings(void **state)
{
  static const int64_t ten[] = {10};
  RnnError error = {0};
  (void)state;
  RnnDataset *d = make(ten, 1, false);
  assert_null(rnn_plan_new(d, &(RnnPlanSettings){.batch = 0}, &error));
  assert_null(rnn_plan_new(d, &(RnnPlanSettings){.batch = 1, .unroll = -1}, &error));
  assert_null(rnn_plan_new(d, &(RnnPlanSettings){.batch = 1, .carry = true}, &error));
  assert_says(&error, "carry = true needs unroll");
  assert_int_equal(error.code, RNN_ERROR_USAGE);
  rnn_dataset_free(d);
}

static void test_describe(void **state)
{
  RnnData data;
  RnnError error = {0};
  char *text = NULL;
  size_t size;
  (void)state;
  put_text("t.txt", "In the beginning God\ncreated");
  assert_true(fixture_open("text(\"t.txt\")", "x[t] token 256", NULL, &data, &error));
  RnnPlanSettings s = {.batch = 5, .unroll = 4, .carry = true, .leads = 1, .shuffle = true};
  RnnPlan *plan = rnn_plan_new(data.train, &s, &error);
  FILE *out = open_memstream(&text, &size);
  rnn_batch_describe(out, plan, data.coding);
  fclose(out);
  assert_string_equal(strchr(text, ':'), ": 1 sequence, 28 steps in all\n"
                                         "cut into 5 streams of 5 to 6 steps that run side by side; windows of 4 "
                                         "steps, the state carried from each to the next\n"
                                         "2 batches in epoch 1, in the order of the file\n"
                                         "batch 1: T = 4, B = 5\n"
                                         "  b = 0: sequence 1, steps 1 to 4, 1 more seen, starts fresh\n"
                                         "    x[t] = In t\n"
                                         "  b = 1: sequence 1, steps 7 to 10, 1 more seen, starts fresh\n"
                                         "    x[t] =  beg\n"
                                         "  b = 2: sequence 1, steps 13 to 16, 1 more seen, starts fresh\n"
                                         "    x[t] = ning\n"
                                         "  b = 3: sequence 1, steps 19 to 22, 1 more seen, starts fresh\n"
                                         "    x[t] = od\\nc\n"
                                         "  ... 1 more\n"
                                         "batch 2: T = 2, B = 5\n"
                                         "  b = 0: sequence 1, steps 5 to 6, 1 more seen, state carried in\n"
                                         "    x[t] = he\n"
                                         "  b = 1: sequence 1, steps 11 to 12, 1 more seen, state carried in\n"
                                         "    x[t] = in\n"
                                         "  b = 2: sequence 1, steps 17 to 18, 1 more seen, state carried in\n"
                                         "    x[t] =  G\n"
                                         "  b = 3: sequence 1, steps 23 to 23, 1 more seen, state carried in\n"
                                         "    x[t] = r\n"
                                         "  ... 1 more\n");
  free(text);
  rnn_plan_free(plan);
  rnn_data_free(&data);
}

int run_batch_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_ways),       cmocka_unit_test(test_layouts),
      cmocka_unit_test(test_whole),          cmocka_unit_test(test_order_is_a_function_of_the_epoch),
      cmocka_unit_test(test_wrong_settings), cmocka_unit_test(test_describe),
      cmocka_unit_test(test_two_axes),       cmocka_unit_test(test_bucket),
  };
  return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}

/* data_tests.c: texts and .npz files as data, vocabularies, and the source that an option means. */
#include "runtime_files_test.h"
#include "data_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(RnnDataset *dataset, const char *text)
{
  char *dump = fixture_dump(dataset);
  assert_string_equal(dump, text);
  free(dump);
}

static void test_text(void **state)
{
  RnnData data;
  RnnError error = {0};
  (void)state;
  put_text("t.txt", "hello\n");
  assert_true(fixture_open("text(\"t.txt\")", "x[t] token 256", NULL, &data, &error));
  expect(data.train, "lengths 6 x 104 101 108 108 111 10");
  rnn_data_free(&data);
  assert_true(fixture_open("\"t.txt\"", "x[t] token 5", NULL, &data, &error));
  expect(data.train, "lengths 6 x 2 1 3 3 4 0");
  assert_string_equal(rnn_coding_find(data.coding, "x")->vocabulary->entry[1], "e");
  rnn_data_free(&data);
  assert_false(fixture_open("text(\"t.txt\")", "x[t] token 4", NULL, &data, &error));
  assert_says(&error, "t.txt: has 5 different bytes, but 'x' is token[4] at each step");
  put_text("t.txt", "a\xc3\xa9\xe2\x82\xac\x61");
  assert_true(fixture_open("text(\"t.txt\", unit = char)", "x[t] token 3", NULL, &data, &error));
  expect(data.train, "lengths 4 x 0 1 2 0");
  rnn_data_free(&data);
  assert_true(fixture_open("text(\"t.txt\", unit = \"byte\")", "x[t] token 300, y[t]! token 3",
                           &(RnnDataOptions){.targets_optional = true}, &data, &error));
  expect(data.train, "lengths 7 x 97 195 169 226 130 172 97 y absent");
  rnn_data_free(&data);
  put_text("t.txt", "a\nb\xff");
  assert_false(fixture_open("text(\"t.txt\", char)", "x[t] token 256", NULL, &data, &error));
  assert_says(&error, "t.txt:2:2: byte 0xff is not UTF-8");
  put_text("t.txt", "");
  assert_false(fixture_open("text(\"t.txt\")", "x[t] token 256", NULL, &data, &error));
  assert_says(&error, "t.txt: is empty");
  static const char *const inputs[] = {"x[t] real", "x token 9", "x[t] token 9, y[t] token 9",
                                       "x[t] token 9, y[t]! token 9", "y[t]! token 9"};
  for (int i = 0; i < 5; i++) {
    assert_false(fixture_open("text(\"t.txt\")", inputs[i], NULL, &data, &error));
    assert_says(&error, "a text serves a model whose one input is a token at each step");
  }
  assert_false(fixture_open("text(\"t.txt\", unit = word)", "x[t] token 9", NULL, &data, &error));
  assert_says(&error, "unit must be byte or char");
  assert_false(fixture_open("text(\"none.txt\")", "x[t] token 9", NULL, &data, &error));
  assert_says(&error, "none.txt: cannot open: No such file");
  assert_int_equal(error.code, RNN_ERROR_IO);
  assert_false(fixture_open("text(\".\")", "x[t] token 9", NULL, &data, &error));
  assert_says(&error, "is a folder");
}

static void test_text_parts_and_coding(void **state)
{
  RnnData data, other;
  RnnError error = {0};
  RnnTensorFile weights = {0};
  RnnDataOptions options = {.validate = 0.2, .test = 0.2};
  (void)state;
  put_text("t.txt", "abcdefghij");
  assert_true(fixture_open("text(\"t.txt\")", "x[t] token 20", &options, &data, &error));
  expect(data.train, "lengths 6 x 0 1 2 3 4 5");
  expect(data.validate, "lengths 2 x 6 7");
  expect(data.test, "lengths 2 x 8 9");
  assert_true(rnn_coding_store(data.coding, &weights, &error));
  RnnCoding *coding = rnn_coding_load(&weights, "w", &error);
  assert_non_null(coding);
  put_text("t.txt", "jab");
  options = (RnnDataOptions){.coding = coding};
  assert_true(fixture_open("text(\"t.txt\")", "x[t] token 20", &options, &other, &error));
  expect(other.train, "lengths 3 x 9 0 1");
  rnn_data_free(&other);
  put_text("t.txt", "ja\nk");
  assert_false(fixture_open("text(\"t.txt\")", "x[t] token 20", &options, &other, &error));
  assert_says(&error, "t.txt:1:3: '\n' (0x0a) is not in the vocabulary of the weights");

  const RnnVocabulary *vocabulary = rnn_coding_find(coding, "x")->vocabulary;
  int32_t *ids;
  int64_t count;
  assert_true(rnn_vocabulary_encode(vocabulary, "cab", 3, &ids, &count, &error));
  assert_int_equal(count, 3);
  assert_true(ids[0] == 2 && ids[1] == 0 && ids[2] == 1);
  free(ids);
  assert_false(rnn_vocabulary_encode(vocabulary, "ca?", 3, &ids, &count, &error));
  assert_says(&error, "'?' (byte 3 of the text) is not in the vocabulary");
  assert_int_equal(rnn_vocabulary_id(vocabulary, "d", 1), 3);
  assert_int_equal(rnn_vocabulary_id(vocabulary, "?", 1), -1);
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_true(rnn_vocabulary_write(vocabulary, 2, out) && rnn_vocabulary_write(vocabulary, 99, out) &&
              rnn_vocabulary_write(NULL, 4, out));
  fclose(out);
  assert_string_equal(text, "c<99>4 ");
  free(text);
  rnn_coding_free(coding);
  rnn_tensor_file_free(&weights);
  rnn_data_free(&data);
}

static void test_bytes_survive_storage(void **state)
{
  char all[256];
  RnnData data, other;
  RnnError error = {0};
  RnnTensorFile weights = {0}, read;
  (void)state;
  for (int i = 0; i < 256; i++) all[i] = (char)(255 - i);
  put_file("all.txt", all, 256);
  assert_true(fixture_open("text(\"all.txt\")", "x[t] token 256", NULL, &data, &error));
  assert_true(rnn_coding_store(data.coding, &weights, &error));
  assert_true(rnn_safetensors_write(in_folder("w.safetensors"), &weights, &error));
  assert_true(rnn_safetensors_read(in_folder("w.safetensors"), &read, &error));
  RnnCoding *coding = rnn_coding_load(&read, "w", &error);
  assert_non_null(coding);
  assert_true(fixture_open("text(\"all.txt\")", "x[t] token 256", &(RnnDataOptions){.coding = coding}, &other, &error));
  for (int i = 0; i < 256; i++) assert_int_equal(((int32_t *)other.train->values[0])[i], 255 - i);
  rnn_coding_free(coding);
  rnn_data_free(&data);
  rnn_data_free(&other);
  rnn_tensor_file_free(&weights);
  rnn_tensor_file_free(&read);
}

/* -- .npz ---------------------------------------------------------------------------------------------------------- */

static RnnTensor *add(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, int64_t a, int64_t b, int64_t c)
{
  int64_t shape[3] = {a, b, c};
  RnnTensor *tensor = rnn_tensor_add(file, name, dtype, rank, shape, NULL);
  assert_non_null(tensor);
  for (int64_t i = 0; i < tensor->count; i++)
    if (dtype == RNN_I64) ((int64_t *)tensor->data)[i] = i;
    else ((float *)tensor->data)[i] = (float)i;
  return tensor;
}

static void test_npz(void **state)
{
  RnnTensorFile file = {0};
  RnnData data;
  RnnError error = {0};
  (void)state;
  add(&file, "x", RNN_F32, 3, 2, 3, 2);
  int64_t *y = add(&file, "y", RNN_I64, 2, 2, 3, 0)->data;
  add(&file, "h0", RNN_F32, 2, 2, 1, 0);
  y[1] = -1;
  y[5] = 77; /* in the padding: not looked at */
  int64_t *lengths = add(&file, "lengths", RNN_I64, 1, 2, 0, 0)->data;
  lengths[0] = 3, lengths[1] = 2;
  const char *inputs = "x[t] real 2, y[t]! token 5, h0 real";
  assert_true(rnn_npz_write(in_folder("d.npz"), &file, &error));
  for (int wide = 0; wide < 2; wide++) {
    assert_true(fixture_open("npz(\"d.npz\")", inputs, &(RnnDataOptions){.real64 = wide}, &data, &error));
    expect(data.train, "lengths 3 2 x 0 1 2 3 4 5 6 7 8 9 y 0 -1 2 3 4 h0 0 1");
    rnn_data_free(&data);
  }
  static const struct {
    const char *inputs, *says;
  } cases[] = {
      {"x[t] real 3", "array 'x' is [2, 3, 2]; expected [N, T, 3], since 'x' is real[3] at each step"},
      {"x[t] real", "array 'x' is [2, 3, 2]; expected [N, T], since 'x' is a real number at each step"},
      {"x real 2", "array 'x' is [2, 3, 2]; expected [N, 2], since 'x' is real[2]"},
      {"z[t] real 2", "has no 'z'"},
      {"x[t] token 5", "array 'x' is float32; expected whole numbers, since 'x' is token[5]"},
      {"y[t] token 5", "y[0, 1] is -1; expected 0 to 4, since 'y' is token[5]"},
      {"y[t]! token 4", "y[1, 1] is 4; expected 0 to 3, or -1 where unobserved, since 'y' is token[4]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_false(fixture_open("npz(\"d.npz\")", cases[i].inputs, NULL, &data, &error));
    assert_says(&error, cases[i].says);
    assert_int_equal(error.code, RNN_ERROR_DATA);
  }
  RnnInputSpec specs[FIXTURE_INPUTS];
  int count = fixture_inputs(inputs, specs);
  static const int64_t wrong[] = {0, 4, -1};
  for (int i = 0; i < 3; i++) {
    lengths[1] = wrong[i];
    assert_null(rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){0}, &error));
    assert_says(&error, "expected 1 to 3, the steps of 'x'");
  }
  lengths[1] = 3;
  add(&file, "g", RNN_F32, 2, 3, 3, 0);
  count = fixture_inputs("x[t] real 2, g[t] real", specs);
  assert_null(rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){0}, &error));
  assert_says(&error, "memory: 'x' has 2 sequences, 'g' has 3");
  add(&file, "q", RNN_F32, 2, 2, 4, 0);
  count = fixture_inputs("x[t] real 2, q[t] real", specs);
  assert_null(rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){0}, &error));
  assert_says(&error, "memory: 'x' has 3 steps, 'q' has 4");
  count = fixture_inputs("k[t]! real", specs); /* only lengths are there */
  RnnDataset *free_running =
      rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){.targets_optional = true}, &error);
  expect(free_running, "lengths 3 3 k absent");
  rnn_dataset_free(free_running);
  rnn_tensor_file_free(&file);
  assert_null(
      rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){.targets_optional = true}, &error));
  assert_says(&error, "nothing says how many sequences there are");
  add(&file, "k", RNN_F32, 2, 0, 3, 0);
  assert_null(
      rnn_dataset_from_tensors(&file, "memory", specs, count, &(RnnDataOptions){.targets_optional = true}, &error));
  assert_says(&error, "'k' has no sequences");
  rnn_tensor_file_free(&file);
}

static void test_arrays_of_two_axes(void **state)
{
  RnnTensorFile file = {0};
  RnnData data;
  RnnError error = {0};
  const char *inputs = "x[s] token 50, y[t]! real 2, a[ts] real, h real";
  (void)state;
  int64_t *x = add(&file, "x", RNN_I64, 2, 2, 3, 0)->data, *given[2];
  add(&file, "y", RNN_F32, 3, 2, 4, 2);
  add(&file, "h", RNN_F32, 1, 2, 0, 0);
  float *a = rnn_tensor_add(&file, "a", RNN_F32, 3, (int64_t[]){2, 4, 3}, &error)->data;
  for (int i = 0; i < 24; i++) a[i] = (float)(100 * (i / 12) + 10 * (i / 3 % 4) + i % 3);
  x[5] = 777; /* in the padding */
  given[0] = add(&file, "lengths_t", RNN_I64, 1, 2, 0, 0)->data;
  given[1] = add(&file, "lengths_s", RNN_I64, 1, 2, 0, 0)->data;
  given[0][0] = 2, given[0][1] = 4, given[1][0] = 3, given[1][1] = 2;
  assert_true(rnn_npz_write(in_folder("d.npz"), &file, &error));
  assert_true(fixture_open("npz(\"d.npz\")", inputs, NULL, &data, &error));
  expect(data.train, "lengths 2 4 and 3 2 x 0 1 2 3 4 y 0 1 2 3 8 9 10 11 12 13 14 15 "
                     "a 0 1 2 10 11 12 100 101 110 111 120 121 130 131 h 0 1");
  assert_false(data.train->length_unknown);
  rnn_data_free(&data);
  /* dealt out by sequences, never by steps */
  assert_true(fixture_open("npz(\"d.npz\")", inputs, &(RnnDataOptions){.test = 0.5}, &data, &error));
  expect(data.train, "lengths 2 and 3 x 0 1 2 y 0 1 2 3 a 0 1 2 10 11 12 h 0");
  expect(data.test, "lengths 4 and 2 x 3 4 y 8 9 10 11 12 13 14 15 a 100 101 110 111 120 121 130 131 h 1");
  rnn_data_free(&data);
  static const struct {
    const char *inputs, *says;
  } cases[] = {
      {"x[s] token 50, a[t] real", "array 'a' is [2, 4, 3]; expected [N, T], since 'a' is a real number at each step"},
      {"x[s] token 50, y[ts] real 2", "array 'y' is [2, 4, 2]; expected [N, T, S, 2], since"},
      {"x[t] token 50, a[ts] real", "'x' has 3 steps, 'a' has 4"},
      {"x[s] token 3", "x[1, 0] is 3; expected 0 to 2"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_false(fixture_open("npz(\"d.npz\")", cases[i].inputs, NULL, &data, &error));
    if (!strstr(error.message, cases[i].says)) print_error("case %zu: %s\n", i, error.message);
    assert_says(&error, cases[i].says);
  }
  for (int k = 0; k < 2; k++) {
    int64_t kept = given[k][1];
    given[k][1] = 5;
    assert_true(rnn_npz_write(in_folder("d.npz"), &file, &error));
    assert_false(fixture_open("npz(\"d.npz\")", inputs, NULL, &data, &error));
    assert_says(&error, k ? "lengths_s[1] is 5; expected 1 to 3" : "lengths_t[1] is 5; expected 1 to 4");
    given[k][1] = kept;
  }
  put_text("t.txt", "abc");
  assert_false(fixture_open("text(\"t.txt\")", "x[s] token 256, y[t]! token 3",
                            &(RnnDataOptions){.targets_optional = true}, &data, &error));
  assert_says(&error, "a text has one axis, and the model two");
  rnn_tensor_file_free(&file);
}

static void test_random(void **state)
{
  RnnInputSpec specs[FIXTURE_INPUTS];
  int count = fixture_inputs("x[t] token 7, y! real 3", specs);
  (void)state;
  RnnDataset *a = rnn_dataset_random(specs, count, 4, 5, 5, &(RnnDataOptions){.real64 = true}, 1, NULL),
             *b = rnn_dataset_random(specs, count, 4, 5, 5, &(RnnDataOptions){.real64 = true}, 1, NULL);
  assert_memory_equal(a->values[0], b->values[0], 20 * sizeof(int32_t));
  assert_memory_equal(a->values[1], b->values[1], 12 * sizeof(double));
  for (int i = 0; i < 20; i++) assert_in_range(((int32_t *)a->values[0])[i], 0, 6);
  assert_int_equal(rnn_dataset_input(a, "y"), 1);
  assert_int_equal(rnn_dataset_input(a, "z"), -1);
  rnn_dataset_free(a);
  rnn_dataset_free(b);
  a = rnn_dataset_random(specs, count, 4, 2, 8, &(RnnDataOptions){.real64 = true}, 1, NULL);
  for (int i = 0; i < 4; i++) assert_int_equal(a->length[i], 8 - 2 * i);
  rnn_dataset_free(a);
}

static void test_limit(void **state)
{
  RnnData data;
  RnnError error = {0};
  (void)state;
  put_text("t.txt", "abcdefghij");
  assert_false(fixture_open("text(\"t.txt\")", "x[t] token 256", &(RnnDataOptions){.max_bytes = 5}, &data, &error));
  assert_says(&error, "t.txt: has 10 bytes, the limit is 5");
  assert_false(fixture_open("text(\"t.txt\")", "x[t] token 256", &(RnnDataOptions){.max_bytes = 20}, &data, &error));
  assert_says(&error, "needs more than 20 bytes of memory");
}

static void test_source_of_an_option(void **state)
{
  static const char *const cases[][3] = {
      /* the setting, the option, the source */
      {NULL, "a.csv", "\"a.csv\""},
      {"csv(\"b.csv\", x = \"c1..c3\")", "a.csv", "csv(\"a.csv\", x = \"c1..c3\")"},
      {"csv(\"b.csv\", x = \"c1..c3\")", "a.txt", "\"a.txt\""},
      {"csv(x = \"c\", file = \"b.csv\")", "with \"quotes\".csv", "csv(x = \"c\", file = \"with \\\"quotes\\\".csv\")"},
      {"text(\"b\", unit = char)", "/no/ending", "text(\"/no/ending\", unit = char)"},
      {"text(\"b\", unit = char)", "npz(\"d.npz\")", "npz(\"d.npz\")"},
      {"\"b.npz\"", "text.npz", "\"text.npz\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    RnnCall *setting = cases[i][0] ? rnn_call_parse(cases[i][0], NULL) : NULL;
    RnnCall *source = rnn_data_source(cases[i][1], setting, NULL);
    assert_non_null(source);
    char *text = rnn_call_print(source);
    assert_string_equal(text, cases[i][2]);
    free(text);
    rnn_call_free(source);
    rnn_call_free(setting);
  }
  RnnError error = {0};
  assert_null(rnn_data_source("csv(\"a", NULL, &error));
  assert_says(&error, "closing");
}

/* -- the real files, where RNN_DATA names their folder --------------------------------------------------------------
 */

static void test_real_files(void **state)
{
  static const struct {
    const char *source, *inputs;
    int64_t train, validate, test, longest, shortest; /* sequences */
  } cases[] = {
      {"csv(\"japanese_vowels.csv\", x = \"c1..c12\", who = \"label\", sequence = \"seq\", split = \"split\", "
       "normalize = true)",
       "x[t] real 12, who! token 9", 270, 0, 370, 26, 7},
      {"csv(\"digits.csv\", x = steps(\"p0..p63\", width = 8), y = \"label\", split = \"split\")",
       "x[t] real 8, y! token 10", -1, -1, -1, 8, 8},
      {"csv(\"names.csv\", x = letters(\"name\"), y = \"sex\", split = \"split\")", "x[t] token 26, y! token 2", -1, -1,
       -1, 11, 2},
      {"csv(\"sunspots_monthly.csv\", x = \"sunspots\", normalize = true)", "x[t] real", 1, 1, 1, 2184, 2184},
      {"text(\"kjv_genesis_exodus.txt\")", "x[t] token 62", 1, 1, 1, -1, -1},
  };
  const char *folder = getenv("RNN_DATA");
  (void)state;
  if (!folder) skip();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    RnnInputSpec specs[FIXTURE_INPUTS];
    RnnData data;
    RnnError error = {0};
    RnnDataOptions options = {.folder = folder};
    if (cases[i].test == 1) options.validate = options.test = 0.15;
    RnnCall *call = rnn_call_parse(cases[i].source, &error);
    bool opened = call && rnn_data_open(call, specs, fixture_inputs(cases[i].inputs, specs), &options, &data, &error);
    if (!opened) print_error("%s\n", error.message);
    assert_true(opened);
    int64_t longest = 0, shortest = INT64_MAX;
    for (int64_t s = 0; s < data.train->sequences; s++) {
      if (data.train->length[s] > longest) longest = data.train->length[s];
      if (data.train->length[s] < shortest) shortest = data.train->length[s];
    }
    print_message("%s: %lld, %lld, %lld sequences, train %lld to %lld steps\n", cases[i].source,
                  (long long)data.train->sequences, (long long)(data.validate ? data.validate->sequences : 0),
                  (long long)(data.test ? data.test->sequences : 0), (long long)shortest, (long long)longest);
    if (cases[i].train >= 0) {
      assert_int_equal(data.train->sequences, cases[i].train);
      assert_int_equal(data.validate ? data.validate->sequences : 0, cases[i].validate);
      assert_int_equal(data.test ? data.test->sequences : 0, cases[i].test);
    }
    if (cases[i].longest >= 0) {
      assert_int_equal(longest, cases[i].longest);
      assert_int_equal(shortest, cases[i].shortest);
    }
    rnn_data_free(&data);
    rnn_call_free(call);
  }
}

int run_data_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_text_parts_and_coding),
      cmocka_unit_test(test_bytes_survive_storage),
      cmocka_unit_test(test_npz),
      cmocka_unit_test(test_arrays_of_two_axes),
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_limit),
      cmocka_unit_test(test_source_of_an_option),
      cmocka_unit_test(test_real_files),
  };
  return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}

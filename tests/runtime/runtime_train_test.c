/* runtime_train_test.c: tests of the half of the runtime that computes: threads, products, optimisers, clipping,
 * programs, training. */
#define _GNU_SOURCE
#include "runtime_train_test.h"
#include "rng.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

const char *in_scratch(const char *name)
{
  static char names[16][512];
  static int next;
  char *path = names[next++ % 16];
  assert_true(snprintf(path, sizeof names[0], "%s/%s", folder, name) < (int)sizeof names[0]);
  return path;
}

void assert_message(const RnnError *error, const char *part)
{
  if (strstr(error->message, part)) return;
  print_error("expected: %s\n   found: %s\n", part, error->message);
  fail();
}

void assert_near(double got, double want, double bound)
{
  if (fabs(got - want) <= bound) return;
  print_error("got %.17g, want %.17g, bound %g\n", got, want, bound);
  fail();
}

RnnHandle *open_toy(const char *name, int threads)
{
  RnnError error = {0};
  RnnHandle *h = rnn_open(toy_model(name), threads, &error);
  if (!h) print_error("%s\n", error.message);
  assert_non_null(h);
  return h;
}

void elman_data(RnnTensorFile *file, int64_t N, int64_t T, bool ragged)
{
  static const struct {
    const char *name;
    int64_t width;
    bool time;
  } input[] = {{"x", 2, true}, {"h0", 4, false}, {"target", 3, true}};
  RnnTensor *lengths = rnn_tensor_add(file, "lengths", RNN_I64, 1, &N, NULL);
  int64_t len[64];
  for (int64_t n = 0; n < N; n++) ((int64_t *)lengths->data)[n] = len[n] = ragged ? 1 + (n * 5 + 2) % T : T;
  for (size_t i = 0; i < COUNT(input); i++) {
    int64_t shape[3] = {N, input[i].time ? T : input[i].width, input[i].width};
    double *to = rnn_tensor_add(file, input[i].name, RNN_F64, input[i].time ? 3 : 2, shape, NULL)->data;
    for (int64_t n = 0; n < N; n++)
      for (int64_t t = 0; t < (input[i].time ? T : 1); t++)
        for (int64_t k = 0; k < input[i].width; k++, to++)
          *to = !input[i].time || t < len[n] ? rnn_normal(7, i, (uint64_t)((n * T + t) * 8 + k)) : NAN;
  }
}

const char *chars_text(int64_t length)
{
  static const char *const follow[12] = {"bcd", "ef",  "cgg", "dhl", "eal", "fij",
                                         "gk",  "hab", "ia",  "jl",  "ka",  "labc"};
  const char *path = in_scratch("chars.txt");
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  char c = 'a';
  for (int64_t i = 0; i < length; i++) {
    fputc(c, out);
    const char *next = follow[c - 'a'];
    c = next[rnn_below(3, 1, (uint64_t)i, strlen(next))];
  }
  assert_int_equal(fclose(out), 0);
  return path;
}

static void remove_folder(void)
{
  DIR *open = opendir(folder);
  for (struct dirent *entry; open && (entry = readdir(open));)
    if (entry->d_name[0] != '.') unlink(in_scratch(entry->d_name));
  if (open) closedir(open);
  rmdir(folder);
}

/* cmocka wants an array of its own */
static int run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
  struct CMUnitTest *copy = malloc(count * sizeof *copy);
  if (!copy) return 1;
  memcpy(copy, tests, count * sizeof *copy);
  int failed = _cmocka_run_group_tests(name, copy, count, NULL, NULL);
  free(copy);
  return failed;
}

int main(void)
{
  strcpy(folder, "/tmp/runtime_train_test.XXXXXX");
  if (!mkdtemp(folder) || chdir(folder) != 0) return 2;
  int failed = run_group("machine", machine_tests, machine_test_count) +
               run_group("optim", optim_tests, optim_test_count) + run_group("model", model_tests, model_test_count) +
               run_group("arrays", array_tests, array_test_count) +
               run_group("training", training_tests, training_test_count) +
               run_group("decoding", decode_tests, decode_test_count);
  remove_folder();
  size_t all = machine_test_count + optim_test_count + model_test_count + array_test_count + training_test_count +
               decode_test_count;
  printf("%d passed, %d failed\n", (int)all - failed, failed);
  return failed != 0;
}

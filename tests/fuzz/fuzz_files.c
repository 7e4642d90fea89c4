/* fuzz_files.c: libFuzzer target over the readers of users' files. The first byte picks the reader, the rest is the
   file (for value texts and codings, the text).

     clang-19 -fsanitize=fuzzer,address,undefined -Iruntime tests/fuzz/fuzz_files.c runtime/{...}.c -ljansson -lzip
   -lcsv -lutf8proc
     ./fuzz_files -max_len=4096 -rss_limit_mb=1500 CORPUS

   What is read must be written and read again without loss. */
#define _GNU_SOURCE
#include "batch.h"
#include "data.h"
#include "source_spec.h"
#include "tensors.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef bool Reader(const char *path, RnnTensorFile *file, RnnError *error);

/* a file in memory, with a path */
static int put(const uint8_t *bytes, size_t size, char path[64])
{
  int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, bytes, size) != (ssize_t)size) abort();
  snprintf(path, 64, "/proc/self/fd/%d", file);
  return file;
}

static void check(const RnnError *error, bool done)
{
  if (!done && (error->code == RNN_OK || !*error->message)) abort(); /* a refusal without a reason */
}

static void read_tensors(Reader *read, const char *path)
{
  RnnTensorFile file;
  RnnError error = {0};
  bool done = read(path, &file, &error);
  check(&error, done);
  if (!done) return;
  double sum = 0, value;
  for (int64_t i = 0; i < file.tensors; i++)
    for (int64_t j = 0; j < file.tensor[i].count; j++) {
      rnn_tensor_to_f64(&file.tensor[i], j, 1, &value);
      sum += value;
    }
  if (sum == 0.125) putchar('\n'); /* keeps the sum */
  RnnCoding *coding = rnn_coding_load(&file, path, &error);
  rnn_coding_free(coding);
  rnn_tensor_file_free(&file);
}

static const RnnInputSpec inputs[] = {
    {.name = "x", .time = true, .rank = 1, .shape = {2}, .width = 2},
    {.name = "y", .time = true, .target = true, .token = true, .classes = 5, .width = 1},
    {.name = "c", .target = true, .token = true, .classes = 3, .width = 1},
};

static void use(RnnDataset *dataset)
{
  RnnPlanSettings settings = {.batch = 3, .unroll = 4, .carry = true, .shuffle = true, .leads = 1};
  RnnBatch batch = {0};
  RnnError error = {0};
  if (!dataset || dataset->start[dataset->sequences] > 10000) return;
  RnnPlan *plan = rnn_plan_new(dataset, &settings, &error);
  check(&error, plan);
  for (int64_t i = 0; plan && i < rnn_plan_batches(plan, 0); i++) {
    check(&error, rnn_plan_batch(plan, 0, i, &batch, &error));
    for (int input = 0; input < dataset->inputs; input++) {
      RnnPlace place = {.lo = 1, .hi = 1, .width = 2, .integer = dataset->input[input].token};
      void *buffer = malloc((size_t)((batch.T + 2) * batch.B) * 2 * 8);
      rnn_batch_fill(&batch, dataset, input, &place, buffer);
      free(buffer);
    }
  }
  rnn_batch_free(&batch);
  rnn_plan_free(plan);
}

static void read_data(const char *format, const char *path, const RnnInputSpec *specs, int count)
{
  char text[512];
  RnnError error = {0};
  RnnData data;
  RnnDataOptions options = {.targets_optional = true, .max_bytes = 1 << 24};
  snprintf(text, sizeof text, format, path);
  RnnCall *source = rnn_call_parse(text, &error);
  check(&error, source);
  bool done = rnn_data_open(source, specs, count, &options, &data, &error);
  check(&error, done);
  if (done) {
    RnnTensorFile file = {0};
    use(data.train);
    if (rnn_coding_store(data.coding, &file, &error)) { /* what was stored is read */
      RnnCoding *again = rnn_coding_load(&file, "coding", &error);
      if (!again) abort();
      rnn_coding_free(again);
    } else abort();
    rnn_tensor_file_free(&file);
  }
  rnn_data_free(&data);
  rnn_call_free(source);
}

static void read_value(const uint8_t *bytes, size_t size)
{
  RnnError error = {0};
  char *text = malloc(size + 1);
  memcpy(text, bytes, size);
  text[size] = 0;
  RnnCall *call = rnn_call_parse(text, &error);
  check(&error, call);
  if (call) { /* what is printed reads back as the same */
    char *first = rnn_call_print(call);
    RnnCall *again = rnn_call_parse(first, &error);
    if (!again) abort();
    char *second = rnn_call_print(again);
    if (strcmp(first, second) != 0) abort();
    free(first);
    free(second);
    rnn_call_free(again);
    rnn_call_free(call);
  }
  RnnTensorFile file = {0};
  rnn_metadata_set(&file, "coding", text, &error);
  RnnCoding *coding = rnn_coding_load(&file, "fuzz", &error);
  check(&error, coding);
  rnn_coding_free(coding);
  rnn_tensor_file_free(&file);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const RnnInputSpec letters = {.name = "x", .time = true, .token = true, .classes = 300, .width = 1};
  char path[64];
  if (size < 1) return 0;
  int file = put(data + 1, size - 1, path);
  switch (data[0] % 10) {
  case 0: read_tensors(rnn_safetensors_read, path); break;
  case 1: read_tensors(rnn_npy_read, path); break;
  case 2: read_tensors(rnn_npz_read, path); break;
  case 3: read_data("npz(\"%s\")", path, inputs, 3); break;
  case 4:
    read_data("csv(\"%s\", sequence = \"s\", sort = \"t\", split = \"p\", normalize = true)", path, inputs, 3);
    break;
  case 5: read_data("csv(\"%s\")", path, inputs, 2); break;
  case 6: read_data("csv(\"%s\", x = letters(\"w\"))", path, &letters, 1); break;
  case 7: read_data("text(\"%s\", unit = char)", path, &letters, 1); break;
  case 8: read_data("csv(\"%s\", x = words(\"w\"))", path, &letters, 1); break;
  case 9: read_value(data + 1, size - 1); break;
  }
  close(file);
  return 0;
}

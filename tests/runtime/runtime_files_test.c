/* runtime_files_test.c: tests of the runtime's files, data, batches and random numbers.

     runtime_files_test                     all tests
     runtime_files_test --copy IN OUT       reads a .npy, .npz or .safetensors file and writes it as another
   (roundtrip.py)
*/
#include "runtime_files_test.h"
#include "tensors.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

const char *in_folder(const char *name)
{
  static char names[16][512];
  static int next;
  char *path = names[next++ % 16];
  assert_true(snprintf(path, sizeof names[0], "%s/%s", folder, name) < (int)sizeof names[0]);
  return path;
}

const char *put_file(const char *name, const void *bytes, size_t size)
{
  const char *path = in_folder(name);
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  if (size) assert_int_equal(fwrite(bytes, 1, size, out), size);
  assert_int_equal(fclose(out), 0);
  return path;
}

const char *put_text(const char *name, const char *text) { return put_file(name, text, strlen(text)); }

int count_files(const char *containing)
{
  int count = 0;
  DIR *open = opendir(folder);
  assert_non_null(open);
  for (struct dirent *entry; (entry = readdir(open));) count += strstr(entry->d_name, containing) != NULL;
  closedir(open);
  return count;
}

void assert_says(const RnnError *error, const char *text)
{
  if (strstr(error->message, text)) return;
  print_error("expected: %s\n   found: %s\n", text, error->message);
  fail();
}

static void remove_folder(void)
{
  DIR *open = opendir(folder);
  for (struct dirent *entry; open && (entry = readdir(open));)
    if (entry->d_name[0] != '.') unlink(in_folder(entry->d_name));
  if (open) closedir(open);
  rmdir(folder);
}

static int copy(const char *from, const char *to)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  bool done = rnn_tensors_read(from, &file, &error) && rnn_tensors_write(to, &file, &error);
  if (!done) fprintf(stderr, "%s\n", error.message);
  rnn_tensor_file_free(&file);
  return done ? 0 : (int)error.code;
}

int main(int argc, char **argv)
{
  if (argc == 4 && strcmp(argv[1], "--copy") == 0) return copy(argv[2], argv[3]);
  snprintf(folder, sizeof folder, "/tmp/runtime_files_test.XXXXXX");
  if (!mkdtemp(folder)) return perror(folder), 1;
  int failures = run_tensors_tests() + run_draws_tests() + run_sampling_tests() + run_spec_tests() + run_data_tests() +
                 run_csv_tests() + run_batch_tests();
  remove_folder();
  return failures != 0;
}

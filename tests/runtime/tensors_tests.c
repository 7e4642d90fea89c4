/* tensors_tests.c: safetensors, .npy and .npz: what is written is read, hostile files are refused with a reason, a full
 * disk loses nothing. */
#include "runtime_files_test.h"
#include "aside.h"
#include "tensors.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* a tensor of each dtype and some shapes, elements counting up */
static void fill(RnnTensorFile *file)
{
  static const int64_t shape[3] = {2, 3, 4};
  char name[16];
  for (int i = 0; i < RNN_DTYPES; i++) {
    snprintf(name, sizeof name, "t%d", i);
    RnnTensor *tensor = rnn_tensor_add(file, name, (RnnDtype)i, i % 4, shape, NULL);
    assert_non_null(tensor);
    for (int64_t j = 0; j < tensor->count * (int64_t)rnn_dtype_bytes((RnnDtype)i); j++)
      ((uint8_t *)tensor->data)[j] = i == RNN_BOOL ? j % 2 : (uint8_t)(j + i);
  }
  static const int64_t none[2] = {0, 5};
  assert_non_null(rnn_tensor_add(file, "none", RNN_F32, 2, none, NULL));
  assert_true(rnn_metadata_set(file, "key", "a \"value\"\nof two lines, \xc3\xa9", NULL));
  assert_true(rnn_metadata_set(file, "other", "old", NULL));
  assert_true(rnn_metadata_set(file, "other", "", NULL));
}

static void assert_same(const RnnTensorFile *a, const RnnTensorFile *b)
{
  assert_int_equal(a->tensors, b->tensors);
  for (int64_t i = 0; i < a->tensors; i++) {
    const RnnTensor *x = &a->tensor[i], *y = rnn_tensor_find(b, x->name);
    assert_non_null(y);
    assert_int_equal(x->dtype, y->dtype);
    assert_true(rnn_tensor_has_shape(x, y->rank, y->shape));
    assert_memory_equal(x->data, y->data, (size_t)x->count * rnn_dtype_bytes(x->dtype));
  }
}

static void test_safetensors_round_trip(void **state)
{
  RnnTensorFile file = {0}, read;
  RnnError error = {0};
  (void)state;
  fill(&file);
  const char *path = in_folder("a.safetensors");
  for (int twice = 0; twice < 2; twice++) { /* the second time over the first */
    assert_true(rnn_safetensors_write(path, &file, &error));
    assert_true(rnn_safetensors_read(path, &read, &error));
    assert_same(&file, &read);
    assert_string_equal(rnn_metadata_get(&read, "key"), "a \"value\"\nof two lines, \xc3\xa9");
    assert_string_equal(rnn_metadata_get(&read, "other"), "");
    assert_null(rnn_metadata_get(&read, "none"));
    rnn_tensor_file_free(&read);
  }
  assert_int_equal(count_files(".tmp-"), 0);
  rnn_tensor_file_free(&file);
}

static void test_npz_round_trip(void **state)
{
  RnnTensorFile file = {0}, read, empty = {0};
  RnnError error = {0};
  (void)state;
  fill(&file);
  const char *path = in_folder("a.npz");
  assert_false(rnn_npz_write(path, &file, &error)); /* BF16 */
  assert_says(&error, "NumPy has no bfloat16");
  assert_int_equal(count_files("a.npz"), 0);
  file.tensor[RNN_BF16].dtype = RNN_F16;
  assert_true(rnn_npz_write(path, &file, &error));
  assert_true(rnn_npz_read(path, &read, &error));
  assert_same(&file, &read);
  rnn_tensor_file_free(&read);
  assert_true(rnn_npz_write(path, &empty, &error));
  assert_true(rnn_npz_read(path, &read, &error));
  assert_int_equal(read.tensors, 0);
  for (int64_t i = 0; i < file.tensors; i++) {
    const char *npy = in_folder("a.npy");
    assert_true(rnn_npy_write(npy, &file.tensor[i], &error));
    assert_true(rnn_npy_read(npy, &read, &error));
    assert_true(rnn_tensor_has_shape(&read.tensor[0], file.tensor[i].rank, file.tensor[i].shape));
    assert_memory_equal(read.tensor[0].data, file.tensor[i].data,
                        (size_t)file.tensor[i].count * rnn_dtype_bytes(file.tensor[i].dtype));
    rnn_tensor_file_free(&read);
  }
  rnn_tensor_file_free(&file);
}

static void test_conversions(void **state)
{
  static const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x8001, 0x7c00, 0x7bff, 0x0400, 0x7e00};
  static const double wanted[] = {1, -2, 0x1p-24, -0x1p-24, INFINITY, 65504, 0x1p-14};
  static const uint64_t large[] = {5, UINT64_MAX};
  static const int64_t eight = 8, two = 2;
  double wide[8];
  int64_t whole[2];
  RnnTensorFile file = {0};
  (void)state;
  RnnTensor *tensor = rnn_tensor_borrow(&file, "half", RNN_F16, 1, &eight, half, NULL);
  rnn_tensor_to_f64(tensor, 0, 8, wide);
  for (int i = 0; i < 7; i++) assert_true(wide[i] == wanted[i]);
  assert_true(isnan(wide[7]));
  assert_false(rnn_tensor_to_i64(tensor, 0, 1, whole));
  tensor = rnn_tensor_borrow(&file, "large", RNN_U64, 1, &two, large, NULL);
  assert_true(rnn_tensor_to_i64(tensor, 0, 1, whole));
  assert_int_equal(whole[0], 5);
  assert_false(rnn_tensor_to_i64(tensor, 0, 2, whole));
  assert_null(rnn_tensor_add(&file, "half", RNN_F32, 0, NULL, NULL));
  rnn_tensor_file_free(&file);
}

static void test_need_names_the_near_one(void **state)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  (void)state;
  assert_non_null(rnn_tensor_add(&file, "h.Wi", RNN_F32, 0, NULL, NULL));
  assert_null(rnn_tensor_need(&file, "w.safetensors", "h.Wo", &error));
  assert_string_equal(error.message, "w.safetensors: has no 'h.Wo'; did you mean 'h.Wi'?");
  assert_int_equal(error.code, RNN_ERROR_DATA);
  rnn_tensor_file_free(&file);
}

/* -- hostile safetensors ------------------------------------------------------------------------------------------- */

/* length, header, data */
static const char *put_safetensors(uint64_t length, const char *header, size_t data)
{
  static uint8_t bytes[4096];
  size_t size = 8 + strlen(header) + data;
  assert_true(size <= sizeof bytes);
  memset(bytes, 0, sizeof bytes);
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(length >> 8 * i);
  memcpy(bytes + 8, header, strlen(header));
  return put_file("hostile.safetensors", bytes, size);
}

static void test_hostile_safetensors(void **state)
{
  static const struct {
    const char *header;
    size_t data;
    const char *says;
  } cases[] = {
      {"{}", 0, NULL},
      {"{}      ", 0, NULL}, /* padded */
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "not within the file's 7 bytes"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "the last 1 bytes belong to no tensor"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "float32 [3] needs 12 bytes"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "shape is out of range"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", 8,
       "shape is out of range"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,9223372036854775807,9223372036854775807],\"data_offsets\":[0,0]}}", 0,
       "shape is out of range"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8, "not JSON"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "not whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "more than 8 dimensions"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "bytes 8 to 0"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "bytes -8 to 0"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "not two whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "not two whole numbers"},
      {"{\"a\":{\"dtype\":\"Q4\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype 'Q4'"},
      {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "has no dtype"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "has no shape"},
      {"{\"a\":3}", 0, "is not described by a map"},
      {"[]", 0, "not a map"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}",
       7, "'b': its bytes overlap"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
       4, "overlap"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}",
       9, "'b': the bytes before it belong to no tensor"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
       "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
       8, "duplicate object key"},
      {"{\"__metadata__\":{\"k\":\"v\"}}", 0, NULL},
      {"{\"__metadata__\":{\"k\":3}}", 0, "the value of 'k' is not a text"},
      {"{\"__metadata__\":[]}", 0, "not a map of texts"},
      {"{\"a\xff\":3}", 0, "not JSON"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offs", 0, "not JSON"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    RnnTensorFile file;
    RnnError error = {0};
    const char *path = put_safetensors(strlen(cases[i].header), cases[i].header, cases[i].data);
    bool read = rnn_safetensors_read(path, &file, &error);
    if (read != !cases[i].says) print_error("%s: %s\n", cases[i].header, error.message);
    assert_int_equal(read, !cases[i].says);
    if (cases[i].says) assert_says(&error, cases[i].says);
    if (!read) assert_int_equal(error.code, RNN_ERROR_DATA);
    rnn_tensor_file_free(&file);
  }
}

static void test_hostile_safetensors_lengths(void **state)
{
  static const uint64_t lengths[] = {3, 1000, 100000001, 1ull << 63, UINT64_MAX};
  RnnTensorFile file;
  RnnError error = {0};
  (void)state;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    assert_false(rnn_safetensors_read(put_safetensors(lengths[i], "{}", 0), &file, &error));
  assert_says(&error, "its header would have 18446744073709551615 bytes, the file has 10");
  assert_false(rnn_safetensors_read(put_text("short", "1234567"), &file, &error));
  assert_says(&error, "has only 7 bytes");
  assert_false(rnn_safetensors_read(in_folder("nowhere"), &file, &error));
  assert_says(&error, "nowhere: cannot open: No such file");
  assert_false(rnn_safetensors_read("/tmp", &file, &error));
  assert_says(&error, "not a regular file");
  assert_false(rnn_safetensors_read("/dev/zero", &file, &error));
}

/* -- hostile .npy and .npz ----------------------------------------------------------------------------------------- */

static const char *put_npy(int version, const char *dict, size_t data)
{
  static char bytes[4096];
  size_t length = strlen(dict), start = version == 1 ? 10 : 12;
  memset(bytes, 0, sizeof bytes);
  memcpy(bytes, "\x93NUMPY", 6);
  bytes[6] = (char)version;
  bytes[8] = (char)(length & 255);
  bytes[9] = (char)(length >> 8);
  memcpy(bytes + start, dict, length);
  return put_file("hostile.npy", bytes, start + length + data);
}

static void test_hostile_npy(void **state)
{
  static const struct {
    int version;
    const char *dict;
    size_t data;
    const char *says;
  } cases[] = {
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", 12, NULL},
      {2, "{'shape':(3L,),\"descr\":\"=i4\",'fortran_order':True}", 12, NULL},
      {3, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, NULL},
      {4, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, "version 4 is not known"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 11,
       "needs 12 bytes behind the header, there are 11"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 13, "there are 13"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", 12, "'}' expected"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, }", 12, "a size in range expected"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }", 12, "a size in range expected"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 12,
       "a size in range expected"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 12, "is out of range"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, "more than 8 dimensions"},
      {1, "{'descr': '<f4', 'fortran_order': False, }", 12, "each of the keys"},
      {1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 12, "'descr' is there twice"},
      {1, "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", 12, "True or False expected"},
      {1, "{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }", 24, "type '<c8' are not read"},
      {1, "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", 24, "type '|O' are not read"},
      {1, "{'descr': '|f4', 'fortran_order': False, 'shape': (3,), }", 12, "type '|f4' are not read"},
      {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12, "structured arrays are not read"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x", 12, "nothing behind '}'"},
      {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}", 12, "one of the keys"},
      {1, "", 0, "'{' expected"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    RnnTensorFile file;
    RnnError error = {0};
    bool read = rnn_npy_read(put_npy(cases[i].version, cases[i].dict, cases[i].data), &file, &error);
    if (read != !cases[i].says) print_error("%s: %s\n", cases[i].dict, error.message);
    assert_int_equal(read, !cases[i].says);
    if (cases[i].says) assert_says(&error, cases[i].says);
    rnn_tensor_file_free(&file);
  }
}

static void test_hostile_npz(void **state)
{
  RnnTensorFile file = {0}, read;
  RnnError error = {0};
  static char bytes[8192];
  (void)state;
  fill(&file);
  file.tensor[RNN_BF16].dtype = RNN_F16;
  const char *path = in_folder("whole.npz");
  assert_true(rnn_npz_write(path, &file, &error));
  FILE *in = fopen(path, "rb");
  size_t size = fread(bytes, 1, sizeof bytes, in);
  fclose(in);
  assert_true(size < sizeof bytes);
  for (size_t cut = 0; cut < size; cut += 7) /* truncated anywhere */
    assert_false(rnn_npz_read(put_file("cut.npz", bytes, cut), &read, &error));
  for (size_t i = 0; i < size; i++) { /* any byte turned: refused or read, never a crash */
    bytes[i] = (char)~bytes[i];
    if (rnn_npz_read(put_file("turned.npz", bytes, size), &read, &error)) rnn_tensor_file_free(&read);
    bytes[i] = (char)~bytes[i];
  }
  assert_false(rnn_npz_read(put_text("no.npz", "PK, but no archive"), &read, &error));
  assert_says(&error, "no.npz: cannot be read as .npz");
  rnn_tensor_file_free(&file);
}

static void test_endings(void **state)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  (void)state;
  assert_false(rnn_tensors_read("weights.bin", &file, &error));
  assert_says(&error, "must end in .safetensors, .npz or .npy");
  assert_int_equal(error.code, RNN_ERROR_USAGE);
}

/* -- full disks ---------------------------------------------------------------------------------------------------- */

static void test_full_disk(void **state)
{
  static const int64_t many = 100000, one = 1;
  RnnTensorFile small = {0}, large = {0}, read;
  RnnError error = {0};
  struct rlimit before, tight;
  (void)state;
  assert_non_null(rnn_tensor_add(&small, "a", RNN_F32, 1, &one, NULL));
  assert_non_null(rnn_tensor_add(&large, "a", RNN_F32, 1, &many, NULL));
  static const char *const names[] = {"kept.safetensors", "kept.npz", "kept.npy"};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  for (int i = 0; i < 3; i++) {
    const char *path = in_folder(names[i]);
    assert_true(rnn_tensors_write(path, &small, &error));
    tight = before;
    tight.rlim_cur = 65536; /* a disk on which a file cannot grow beyond that */
    setrlimit(RLIMIT_FSIZE, &tight);
    bool written = rnn_tensors_write(path, &large, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(written);
    assert_says(&error, "cannot write: File too large");
    assert_says(&error, names[i]);
    assert_int_equal(error.code, RNN_ERROR_IO);
    assert_int_equal(count_files(".tmp-"), 0);
    assert_true(rnn_tensors_read(path, &read, &error)); /* the old one */
    assert_int_equal(read.tensor[0].count, 1);
    rnn_tensor_file_free(&read);
  }
  signal(SIGXFSZ, SIG_DFL);
  assert_false(rnn_safetensors_write("/dev/full", &large, &error));
  assert_says(&error, "/dev/full: cannot write: No space left on device");
  assert_false(rnn_npz_write("/dev/full", &large, &error));
  assert_false(rnn_safetensors_write("/nowhere/at/all.safetensors", &large, &error));
  assert_says(&error, "/nowhere/at/all.safetensors: cannot write");
  assert_false(rnn_safetensors_write("/tmp", &large, &error));
  assert_says(&error, "is a folder");
  struct stat status;
  assert_int_equal(stat("/dev/full", &status), 0);
  assert_true(S_ISCHR(status.st_mode)); /* not renamed over */
  rnn_tensor_file_free(&small);
  rnn_tensor_file_free(&large);
}

static void test_aside_keeps_links_and_modes(void **state)
{
  struct stat status;
  RnnError error = {0};
  (void)state;
  const char *target = put_text("target", "old"), *link = in_folder("link");
  chmod(target, 0640);
  assert_int_equal(symlink(target, link), 0);
  RnnAside *aside = rnn_aside_begin(link, &error);
  assert_non_null(aside);
  assert_true(rnn_aside_write(aside, "newer", 5, &error));
  assert_int_equal(stat(target, &status), 0);
  assert_int_equal(status.st_size, 3);
  assert_true(rnn_aside_commit(aside, &error));
  assert_int_equal(stat(target, &status), 0);
  assert_int_equal(status.st_size, 5);
  assert_int_equal(status.st_mode & 0777, 0640);
  assert_int_equal(lstat(link, &status), 0);
  assert_true(S_ISLNK(status.st_mode));
  aside = rnn_aside_begin(target, &error);
  rnn_aside_cancel(aside);
  assert_int_equal(count_files(".tmp-"), 0);
}

int run_tensors_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_safetensors_round_trip),
      cmocka_unit_test(test_npz_round_trip),
      cmocka_unit_test(test_conversions),
      cmocka_unit_test(test_need_names_the_near_one),
      cmocka_unit_test(test_hostile_safetensors),
      cmocka_unit_test(test_hostile_safetensors_lengths),
      cmocka_unit_test(test_hostile_npy),
      cmocka_unit_test(test_hostile_npz),
      cmocka_unit_test(test_endings),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_aside_keeps_links_and_modes),
  };
  return cmocka_run_group_tests_name("tensor files", tests, NULL, NULL);
}

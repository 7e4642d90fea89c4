/* npz.c: a zip archive of .npy arrays, NAME.npy each; stored or deflated when read, stored when written (as numpy.savez
   does). Needs libzip. An archive is taken for hostile: no entry may claim more bytes than deflate can make of it. */
#include "tensors.h"
#include "tensors_private.h"
#include "aside.h"
#include "files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

/* deflate makes at most 1032 bytes of one */
enum { DEFLATE_RATIO = 1032, DEFLATE_SLACK = 4096 };

/* -- reading ------------------------------------------------------------------------------------------------------- */

static bool read_from_entry(RnnNpySource *source, void *to, size_t size, RnnError *error)
{
  zip_file_t *entry = source->context;
  for (char *at = to; size > 0;) {
    zip_int64_t got = zip_fread(entry, at, size);
    if (got < 0) return rnn_fail(error, RNN_ERROR_DATA, "%s: %s", source->where, zip_file_strerror(entry));
    if (got == 0) return rnn_fail(error, RNN_ERROR_DATA, "%s: ends %zu bytes too early", source->where, size);
    at += got;
    size -= (size_t)got;
  }
  return true;
}

/* libzip compares the checksum when it meets the entry's end */
static bool check_end(RnnNpySource *source, RnnError *error)
{
  char more;
  zip_int64_t got = zip_fread(source->context, &more, 1);
  if (got == 0) return true;
  if (got > 0) return rnn_fail(error, RNN_ERROR_DATA, "%s: is longer than the archive says", source->where);
  return rnn_fail(error, RNN_ERROR_DATA, "%s: %s", source->where, zip_file_strerror(source->context));
}

static bool read_entry(zip_t *archive, zip_uint64_t index, const char *path, RnnTensorFile *file, RnnError *error)
{
  zip_stat_t status;
  if (zip_stat_index(archive, index, 0, &status) != 0)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: entry %llu: %s", path, (unsigned long long)index,
                    zip_strerror(archive));
  size_t length = strlen(status.name);
  if (length < 4 || strcmp(status.name + length - 4, ".npy") != 0) return true; /* not an array */
  char where[512], name[256];
  snprintf(where, sizeof where, "%s: %.200s", path, status.name);
  if (length - 4 >= sizeof name) return rnn_fail(error, RNN_ERROR_DATA, "%s: the name is too long", where);
  memcpy(name, status.name, length - 4);
  name[length - 4] = 0;
  if (status.encryption_method != ZIP_EM_NONE) return rnn_fail(error, RNN_ERROR_DATA, "%s: is encrypted", where);
  if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: compressed by method %d; expected stored or deflated", where,
                    status.comp_method);
  if (status.size / DEFLATE_RATIO > status.comp_size + DEFLATE_SLACK)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: claims %llu bytes, more than its %llu compressed ones can hold", where,
                    (unsigned long long)status.size, (unsigned long long)status.comp_size);
  zip_file_t *entry = zip_fopen_index(archive, index, 0);
  if (!entry) return rnn_fail(error, RNN_ERROR_DATA, "%s: %s", where, zip_strerror(archive));
  RnnNpySource source = {.where = where, .left = status.size, .read = read_from_entry, .context = entry};
  bool done = rnn_npy_parse(&source, name, file, error) && check_end(&source, error);
  zip_fclose(entry);
  return done;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool names_differ(const char *path, const RnnTensorFile *file, RnnError *error)
{
  const char **names = malloc(((size_t)file->tensors + 1) * sizeof *names), *twice = NULL;
  if (!names) return rnn_fail_memory(error, (size_t)file->tensors * sizeof *names);
  for (int64_t i = 0; i < file->tensors; i++) names[i] = file->tensor[i].name;
  qsort(names, (size_t)file->tensors, sizeof *names, compare_names);
  for (int64_t i = 1; i < file->tensors && !twice; i++)
    if (strcmp(names[i - 1], names[i]) == 0) twice = names[i];
  free(names);
  return !twice || rnn_fail(error, RNN_ERROR_DATA, "%s: two arrays are named '%s'", path, twice);
}

static bool zip_reason(const char *path, int code, RnnError *error)
{
  zip_error_t reason;
  zip_error_init_with_code(&reason, code);
  rnn_fail(error, RNN_ERROR_DATA, "%s: cannot be read as .npz: %s", path, zip_error_strerror(&reason));
  zip_error_fini(&reason);
  return false;
}

bool rnn_npz_read(const char *path, RnnTensorFile *file, RnnError *error)
{
  uint64_t size;
  int code = 0, descriptor = rnn_file_open(path, &size, error);
  *file = (RnnTensorFile){0};
  if (descriptor < 0) return false;
  close(descriptor);
  zip_t *archive = zip_open(path, ZIP_RDONLY, &code);
  if (!archive) return zip_reason(path, code, error);
  bool done = true;
  zip_int64_t entries = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < entries && done; i++) done = read_entry(archive, (zip_uint64_t)i, path, file, error);
  done = done && names_differ(path, file, error);
  zip_discard(archive);
  if (!done) rnn_tensor_file_free(file);
  return done;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* The archive is made in memory and written by our own hands: libzip writing a file could not be made to sync it, or to
   leave a device alone. */
typedef struct Headers {
  char bytes[RNN_NPY_HEADER];
} Headers;

static bool add_array(zip_t *archive, const RnnTensor *tensor, Headers *header, const char *path, RnnError *error)
{
  size_t length = rnn_npy_header(tensor, header->bytes);
  if (!length)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: '%s': NumPy has no %s", path, tensor->name,
                    rnn_dtype_name(tensor->dtype));
  zip_buffer_fragment_t parts[2] = {
      {(zip_uint8_t *)header->bytes, length},
      {tensor->data, (zip_uint64_t)tensor->count * rnn_dtype_bytes(tensor->dtype)},
  };
  char *name = malloc(strlen(tensor->name) + 5);
  if (!name) return rnn_fail_memory(error, strlen(tensor->name) + 5);
  sprintf(name, "%s.npy", tensor->name);
  zip_source_t *source = zip_source_buffer_fragment(archive, parts, parts[1].length ? 2 : 1, 0);
  zip_int64_t index = source ? zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8) : -1;
  free(name);
  if (index < 0) {
    rnn_fail(error, RNN_ERROR_DATA, "%s: '%s': %s", path, tensor->name, zip_strerror(archive));
    if (source) zip_source_free(source);
    return false;
  }
  zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0);
  zip_file_set_dostime(archive, (zip_uint64_t)index, 0, 0x21, 0); /* 1980: the same arrays give the same bytes */
  return true;
}

/* libzip takes an archive without entries for one to be deleted */
static bool write_empty(RnnAside *aside, RnnError *error)
{
  static const char end_of_directory[22] = "PK\5\6";
  return rnn_aside_write(aside, end_of_directory, sizeof end_of_directory, error);
}

static bool copy_out(zip_source_t *bytes, RnnAside *aside, RnnError *error)
{
  enum { PIECE = 1 << 20 };
  char *piece = malloc(PIECE);
  if (!piece) return rnn_fail_memory(error, PIECE);
  bool done = zip_source_open(bytes) == 0;
  if (!done) rnn_fail(error, RNN_ERROR_IO, "%s", zip_error_strerror(zip_source_error(bytes)));
  zip_int64_t got = 0;
  while (done && (got = zip_source_read(bytes, piece, PIECE)) > 0)
    done = rnn_aside_write(aside, piece, (size_t)got, error);
  if (got < 0) done = rnn_fail(error, RNN_ERROR_IO, "%s", zip_error_strerror(zip_source_error(bytes)));
  zip_source_close(bytes);
  free(piece);
  return done;
}

static bool make_archive(zip_source_t *bytes, const char *path, const RnnTensorFile *file, Headers *headers,
                         RnnError *error)
{
  zip_error_t reason;
  zip_error_init(&reason);
  zip_source_keep(bytes);
  zip_t *archive = zip_open_from_source(bytes, ZIP_CREATE | ZIP_TRUNCATE, &reason);
  if (!archive) {
    zip_source_free(bytes);
    rnn_fail(error, RNN_ERROR_IO, "%s: %s", path, zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return false;
  }
  bool done = true;
  for (int64_t i = 0; i < file->tensors && done; i++)
    done = add_array(archive, &file->tensor[i], &headers[i], path, error);
  if (done && zip_close(archive) == 0) return true;
  if (done) rnn_fail(error, RNN_ERROR_IO, "%s: %s", path, zip_strerror(archive));
  zip_discard(archive);
  return false;
}

bool rnn_npz_write(const char *path, const RnnTensorFile *file, RnnError *error)
{
  zip_error_t reason;
  Headers *headers = calloc((size_t)file->tensors + 1, sizeof *headers);
  if (!headers) return rnn_fail_memory(error, ((size_t)file->tensors + 1) * sizeof *headers);
  zip_error_init(&reason);
  zip_source_t *bytes = zip_source_buffer_create(NULL, 0, 0, &reason);
  bool done = bytes ? make_archive(bytes, path, file, headers, error)
                    : rnn_fail(error, RNN_ERROR_IO, "%s: %s", path, zip_error_strerror(&reason));
  RnnAside *aside = done ? rnn_aside_begin(path, error) : NULL;
  done = done && aside && (file->tensors ? copy_out(bytes, aside, error) : write_empty(aside, error));
  if (done) done = rnn_aside_commit(aside, error);
  else rnn_aside_cancel(aside);
  if (bytes) zip_source_free(bytes);
  zip_error_fini(&reason);
  free(headers);
  return done;
}

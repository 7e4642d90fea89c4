/* npy.c: NumPy's array files, versions 1 to 3: magic, version, length, a Python dict as text, elements in C or Fortran
   order and in either byte order. Needs no library. Not read: structured types, texts, complex numbers, pickled
   objects. */
#include "tensors.h"
#include "tensors_private.h"
#include "aside.h"
#include "files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NPY_HEADER_LIMIT = 1 << 20 };

/* -- the header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } --------------------------------------- */

typedef struct Dict {
  const char *at, *end, *where;
  RnnError *error;
  char descr[16];
  bool fortran;
  int rank;
  int64_t shape[RNN_MAX_RANK];
  unsigned seen; /* a bit a key */
} Dict;

static bool malformed(Dict *d, const char *expected)
{
  return rnn_fail(d->error, RNN_ERROR_DATA, "%s: malformed .npy header: %s expected", d->where, expected);
}

static void skip_blanks(Dict *d)
{
  while (d->at < d->end && (*d->at == ' ' || *d->at == '\n' || *d->at == '\t' || *d->at == '\r')) d->at++;
}

static bool take(Dict *d, char c)
{
  skip_blanks(d);
  if (d->at == d->end || *d->at != c) return false;
  d->at++;
  return true;
}

static bool take_word(Dict *d, const char *word)
{
  size_t n = strlen(word);
  skip_blanks(d);
  if ((size_t)(d->end - d->at) < n || memcmp(d->at, word, n) != 0) return false;
  d->at += n;
  return true;
}

static bool take_text(Dict *d, char *text, size_t size)
{
  skip_blanks(d);
  if (d->at == d->end || (*d->at != '\'' && *d->at != '"')) return false;
  char quote = *d->at++;
  for (size_t n = 0; d->at < d->end && n < size; d->at++) {
    if (*d->at == quote) {
      text[n] = 0;
      d->at++;
      return true;
    }
    text[n++] = *d->at;
  }
  return false;
}

static bool take_size(Dict *d, int64_t *size)
{
  skip_blanks(d);
  const char *first = d->at;
  for (*size = 0; d->at < d->end && *d->at >= '0' && *d->at <= '9'; d->at++)
    if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, *d->at - '0', size)) return false;
  if (d->at == first) return false;
  take(d, 'L'); /* written by Python 2 */
  return true;
}

static bool read_shape(Dict *d)
{
  if (!take(d, '(')) return malformed(d, "a shape");
  for (d->rank = 0; !take(d, ')'); d->rank++) {
    if (d->rank == RNN_MAX_RANK)
      return rnn_fail(d->error, RNN_ERROR_DATA, "%s: has more than %d dimensions", d->where, RNN_MAX_RANK);
    if (!take_size(d, &d->shape[d->rank])) return malformed(d, "a size in range");
    if (!take(d, ',') && (d->at == d->end || *d->at != ')')) return malformed(d, "',' or ')'");
  }
  return true;
}

static bool read_value(Dict *d, const char *key)
{
  unsigned bit;
  if (strcmp(key, "descr") == 0) {
    bit = 1;
    skip_blanks(d);
    if (d->at < d->end && *d->at == '[')
      return rnn_fail(d->error, RNN_ERROR_DATA, "%s: structured arrays are not read; expected a plain number type",
                      d->where);
    if (!take_text(d, d->descr, sizeof d->descr)) return malformed(d, "a type");
  } else if (strcmp(key, "fortran_order") == 0) {
    bit = 2;
    d->fortran = take_word(d, "True");
    if (!d->fortran && !take_word(d, "False")) return malformed(d, "True or False");
  } else if (strcmp(key, "shape") == 0) {
    bit = 4;
    if (!read_shape(d)) return false;
  } else return malformed(d, "one of the keys descr, fortran_order, shape");
  if (d->seen & bit)
    return rnn_fail(d->error, RNN_ERROR_DATA, "%s: malformed .npy header: '%s' is there twice", d->where, key);
  d->seen |= bit;
  return true;
}

static bool read_dict(Dict *d)
{
  char key[32];
  if (!take(d, '{')) return malformed(d, "'{'");
  while (!take(d, '}')) {
    if (!take_text(d, key, sizeof key)) return malformed(d, "a key");
    if (!take(d, ':')) return malformed(d, "':'");
    if (!read_value(d, key)) return false;
    if (!take(d, ',') && (d->at == d->end || *d->at != '}')) return malformed(d, "',' or '}'");
  }
  skip_blanks(d);
  if (d->at != d->end) return malformed(d, "nothing behind '}'");
  return d->seen == 7 || malformed(d, "each of the keys descr, fortran_order, shape");
}

static bool read_type(Dict *d, RnnDtype *dtype, bool *swapped)
{
  char order = d->descr[0];
  for (int i = 0; i < RNN_DTYPES && (order == '<' || order == '>' || order == '=' || order == '|'); i++) {
    if (!*rnn_dtypes[i].npy || strcmp(d->descr + 1, rnn_dtypes[i].npy) != 0) continue;
    if (order == '|' && rnn_dtypes[i].bytes > 1) break;
    *dtype = (RnnDtype)i;
    *swapped = order == '>' && rnn_dtypes[i].bytes > 1;
    return true;
  }
  return rnn_fail(d->error, RNN_ERROR_DATA, "%s: elements of type '%s' are not read; expected float, int or bool",
                  d->where, d->descr);
}

/* -- elements ------------------------------------------------------------------------------------------------------ */

static void swap_bytes(uint8_t *data, int64_t count, size_t bytes)
{
  for (int64_t i = 0; i < count; i++, data += bytes)
    for (size_t j = 0; j < bytes / 2; j++) {
      uint8_t kept = data[j];
      data[j] = data[bytes - 1 - j];
      data[bytes - 1 - j] = kept;
    }
}

/* first index fastest -> last index fastest */
static bool to_row_major(RnnTensor *tensor, RnnError *error)
{
  size_t bytes = rnn_dtype_bytes(tensor->dtype), size = (size_t)tensor->count * bytes;
  if (tensor->rank < 2 || tensor->count == 0) return true;
  uint8_t *from = malloc(size), *to = tensor->data;
  if (!from) return rnn_fail_memory(error, size);
  memcpy(from, tensor->data, size);
  int64_t stride[RNN_MAX_RANK], index[RNN_MAX_RANK] = {0}, at = 0;
  stride[0] = 1;
  for (int i = 1; i < tensor->rank; i++) stride[i] = stride[i - 1] * tensor->shape[i - 1];
  for (int64_t n = 0; n < tensor->count; n++, to += bytes) {
    memcpy(to, from + (size_t)at * bytes, bytes);
    int i = tensor->rank - 1;
    for (; i >= 0 && ++index[i] == tensor->shape[i]; i--) {
      at -= stride[i] * (tensor->shape[i] - 1);
      index[i] = 0;
    }
    if (i >= 0) at += stride[i];
  }
  free(from);
  return true;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static bool get(RnnNpySource *source, void *to, size_t size, RnnError *error)
{
  if (size > source->left)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: ends within its .npy header, or is no .npy array", source->where);
  source->left -= size;
  return source->read(source, to, size, error);
}

static bool parse_body(RnnNpySource *source, Dict *d, const char *name, RnnTensorFile *file)
{
  RnnDtype dtype = RNN_F32;
  bool swapped = false;
  int64_t count;
  size_t bytes;
  char text[256];
  if (!read_dict(d) || !read_type(d, &dtype, &swapped)) return false;
  if (!rnn_shape_size(d->rank, d->shape, dtype, &count, &bytes))
    return rnn_fail(d->error, RNN_ERROR_DATA, "%s: its shape %s is out of range", d->where,
                    rnn_shape_text(d->rank, d->shape, text, sizeof text));
  if (bytes != source->left)
    return rnn_fail(d->error, RNN_ERROR_DATA, "%s: %s %s needs %zu bytes behind the header, there are %llu", d->where,
                    rnn_dtype_name(dtype), rnn_shape_text(d->rank, d->shape, text, sizeof text), bytes,
                    (unsigned long long)source->left);
  RnnTensor *tensor = rnn_tensor_append(file, name, dtype, d->rank, d->shape, NULL, d->error);
  if (!tensor || !get(source, tensor->data, bytes, d->error)) return false;
  if (swapped) swap_bytes(tensor->data, count, rnn_dtype_bytes(dtype));
  return !d->fortran || to_row_major(tensor, d->error);
}

bool rnn_npy_parse(RnnNpySource *source, const char *name, RnnTensorFile *file, RnnError *error)
{
  uint8_t start[8], size[4] = {0};
  if (!get(source, start, 8, error)) return false;
  if (memcmp(start, "\x93NUMPY", 6) != 0) return rnn_fail(error, RNN_ERROR_DATA, "%s: is no .npy array", source->where);
  if (start[6] < 1 || start[6] > 3)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: .npy version %d is not known; expected 1, 2 or 3", source->where,
                    start[6]);
  if (!get(source, size, start[6] == 1 ? 2 : 4, error)) return false;
  uint32_t length = size[0] | size[1] << 8 | size[2] << 16 | (uint32_t)size[3] << 24;
  if (length > NPY_HEADER_LIMIT)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: .npy header of %u bytes; at most %d are read", source->where, length,
                    NPY_HEADER_LIMIT);
  char *text = malloc(length + 1);
  if (!text) return rnn_fail_memory(error, length + 1);
  Dict d = {.at = text, .end = text + length, .where = source->where, .error = error};
  bool done = get(source, text, length, error) && parse_body(source, &d, name, file);
  free(text);
  return done;
}

typedef struct FilePlace {
  int file;
  uint64_t at;
} FilePlace;

static bool read_from_file(RnnNpySource *source, void *to, size_t size, RnnError *error)
{
  FilePlace *place = source->context;
  if (!rnn_file_read_at(place->file, source->where, place->at, to, size, error)) return false;
  place->at += size;
  return true;
}

bool rnn_npy_read(const char *path, RnnTensorFile *file, RnnError *error)
{
  *file = (RnnTensorFile){0};
  FilePlace place = {0};
  RnnNpySource source = {.where = path, .read = read_from_file, .context = &place};
  if ((place.file = rnn_file_open(path, &source.left, error)) < 0) return false;
  bool done = rnn_npy_parse(&source, "", file, error);
  close(place.file);
  if (!done) rnn_tensor_file_free(file);
  return done;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

size_t rnn_npy_header(const RnnTensor *tensor, char header[RNN_NPY_HEADER])
{
  const RnnDtypeRow *row = &rnn_dtypes[tensor->dtype];
  if (!*row->npy) return 0;
  int at = 10;
  at += snprintf(header + at, (size_t)(RNN_NPY_HEADER - at), "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                 row->bytes > 1 ? '<' : '|', row->npy);
  for (int i = 0; i < tensor->rank; i++)
    at += snprintf(header + at, (size_t)(RNN_NPY_HEADER - at),
                   tensor->rank == 1 || i < tensor->rank - 1 ? "%lld, " : "%lld", (long long)tensor->shape[i]);
  at += snprintf(header + at, (size_t)(RNN_NPY_HEADER - at), "), }");
  int size = (at + 1 + 63) / 64 * 64; /* elements start aligned, as NumPy has it */
  memset(header + at, ' ', (size_t)(size - at));
  header[size - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = (char)((size - 10) & 255);
  header[9] = (char)((size - 10) >> 8);
  return (size_t)size;
}

bool rnn_npy_write(const char *path, const RnnTensor *tensor, RnnError *error)
{
  char header[RNN_NPY_HEADER];
  size_t size = rnn_npy_header(tensor, header);
  if (!size) return rnn_fail(error, RNN_ERROR_DATA, "%s: NumPy has no %s", path, rnn_dtype_name(tensor->dtype));
  RnnAside *aside = rnn_aside_begin(path, error);
  if (!aside) return false;
  if (rnn_aside_write(aside, header, size, error) &&
      rnn_aside_write(aside, tensor->data, (size_t)tensor->count * rnn_dtype_bytes(tensor->dtype), error))
    return rnn_aside_commit(aside, error);
  rnn_aside_cancel(aside);
  return false;
}

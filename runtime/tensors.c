/* tensors.c: lists of named tensors in memory, and their elements as numbers. Knows no file format but by the ending of
   a name. */
#include "tensors.h"
#include "tensors_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and are read as they are"
#endif

/* -- element types ------------------------------------------------------------------------------------------------- */

const RnnDtypeRow rnn_dtypes[RNN_DTYPES] = {
#define DTYPE(id, name, bytes, safetensors, npy) {name, bytes, safetensors, npy},
#include "dtypes.def"
#undef DTYPE
};

size_t rnn_dtype_bytes(RnnDtype dtype) { return rnn_dtypes[dtype].bytes; }
const char *rnn_dtype_name(RnnDtype dtype) { return rnn_dtypes[dtype].name; }
bool rnn_dtype_is_real(RnnDtype dtype)
{
  return dtype == RNN_F32 || dtype == RNN_F64 || dtype == RNN_F16 || dtype == RNN_BF16;
}

static float from_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static float from_half(uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ff;
  if (exponent == 31) return from_bits(sign | 0x7f800000 | fraction << 13);
  if (exponent) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
  float small = (float)fraction / 16777216.0f; /* below the normal range: fraction times 2^-24 */
  return sign ? -small : small;
}

/* A loop a dtype: `each` sees the element as `value`. */
#define ELEMENTS(type, each)                                                                                           \
  {                                                                                                                    \
    const type *in = (const type *)tensor->data + from;                                                                \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      type value = in[i];                                                                                              \
      each;                                                                                                            \
    }                                                                                                                  \
    break;                                                                                                             \
  }

#define CONVERT(real)                                                                                                  \
  switch (tensor->dtype) {                                                                                             \
  case RNN_F32: ELEMENTS(float, out[i] = (real)value)                                                                  \
  case RNN_F64: ELEMENTS(double, out[i] = (real)value)                                                                 \
  case RNN_F16: ELEMENTS(uint16_t, out[i] = (real)from_half(value))                                                    \
  case RNN_BF16: ELEMENTS(uint16_t, out[i] = (real)from_bits((uint32_t)value << 16))                                   \
  case RNN_I8: ELEMENTS(int8_t, out[i] = (real)value)                                                                  \
  case RNN_I16: ELEMENTS(int16_t, out[i] = (real)value)                                                                \
  case RNN_I32: ELEMENTS(int32_t, out[i] = (real)value)                                                                \
  case RNN_I64: ELEMENTS(int64_t, out[i] = (real)value)                                                                \
  case RNN_U8: ELEMENTS(uint8_t, out[i] = (real)value)                                                                 \
  case RNN_U16: ELEMENTS(uint16_t, out[i] = (real)value)                                                               \
  case RNN_U32: ELEMENTS(uint32_t, out[i] = (real)value)                                                               \
  case RNN_U64: ELEMENTS(uint64_t, out[i] = (real)value)                                                               \
  case RNN_BOOL: ELEMENTS(uint8_t, out[i] = value != 0)                                                                \
  case RNN_DTYPES: break;                                                                                              \
  }

void rnn_tensor_to_f64(const RnnTensor *tensor, int64_t from, int64_t count, double *out) { CONVERT(double) }
void rnn_tensor_to_f32(const RnnTensor *tensor, int64_t from, int64_t count, float *out) { CONVERT(float) }

bool rnn_tensor_to_i64(const RnnTensor *tensor, int64_t from, int64_t count, int64_t *out)
{
  switch (tensor->dtype) {
  case RNN_I8: ELEMENTS(int8_t, out[i] = value)
  case RNN_I16: ELEMENTS(int16_t, out[i] = value)
  case RNN_I32: ELEMENTS(int32_t, out[i] = value)
  case RNN_I64: ELEMENTS(int64_t, out[i] = value)
  case RNN_U8: ELEMENTS(uint8_t, out[i] = value)
  case RNN_U16: ELEMENTS(uint16_t, out[i] = value)
  case RNN_U32: ELEMENTS(uint32_t, out[i] = value)
  case RNN_U64: ELEMENTS(uint64_t, if (value > INT64_MAX) return false; out[i] = (int64_t)value)
  case RNN_BOOL: ELEMENTS(uint8_t, out[i] = value != 0)
  default: return false;
  }
  return true;
}

/* -- shapes -------------------------------------------------------------------------------------------------------- */

bool rnn_shape_size(int rank, const int64_t *shape, RnnDtype dtype, int64_t *count, size_t *bytes)
{
  int64_t product = 1,
          bound = 1; /* bound: with every 0 taken for 1, so that products of some of the sizes are safe as well */
  if (rank < 0 || rank > RNN_MAX_RANK) return false;
  for (int i = 0; i < rank; i++) {
    if (shape[i] < 0 || __builtin_mul_overflow(bound, shape[i] ? shape[i] : 1, &bound)) return false;
    product *= shape[i];
  }
  if (bound > INT64_MAX / 16) return false;
  *count = product;
  *bytes = (size_t)product * rnn_dtype_bytes(dtype);
  return true;
}

bool rnn_tensor_has_shape(const RnnTensor *tensor, int rank, const int64_t *shape)
{
  if (tensor->rank != rank) return false;
  for (int i = 0; i < rank; i++)
    if (tensor->shape[i] != shape[i]) return false;
  return true;
}

char *rnn_shape_text(int rank, const int64_t *shape, char *text, size_t size)
{
  size_t at = (size_t)snprintf(text, size, "[");
  for (int i = 0; i < rank && at < size; i++)
    at += (size_t)snprintf(text + at, size - at, i ? ", %lld" : "%lld", (long long)shape[i]);
  if (at < size) snprintf(text + at, size - at, "]");
  return text;
}

/* -- lists --------------------------------------------------------------------------------------------------------- */

static void tensor_free(RnnTensor *tensor)
{
  if (tensor->owned) free(tensor->data);
  free(tensor->name);
}

void rnn_tensor_file_free(RnnTensorFile *file)
{
  for (int64_t i = 0; i < file->tensors; i++) tensor_free(&file->tensor[i]);
  for (int64_t i = 0; i < file->metadatas; i++) {
    free(file->metadata[i].key);
    free(file->metadata[i].value);
  }
  free(file->tensor);
  free(file->metadata);
  *file = (RnnTensorFile){0};
}

const RnnTensor *rnn_tensor_find(const RnnTensorFile *file, const char *name)
{
  for (int64_t i = 0; i < file->tensors; i++)
    if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
  return NULL;
}

const RnnTensor *rnn_tensor_need(const RnnTensorFile *file, const char *path, const char *name, RnnError *error)
{
  const RnnTensor *found = rnn_tensor_find(file, name);
  if (found) return found;
  const char **names = calloc((size_t)file->tensors + 1, sizeof *names);
  for (int64_t i = 0; names && i < file->tensors; i++) names[i] = file->tensor[i].name;
  const char *near = names ? rnn_near(name, names, (size_t)file->tensors) : NULL;
  rnn_fail(error, RNN_ERROR_DATA, near ? "%s: has no '%s'; did you mean '%s'?" : "%s: has no '%s'", path, name, near);
  free(names);
  return NULL;
}

/* room for one more, doubling at powers of two */
static bool grow(void **list, int64_t count, size_t size, RnnError *error)
{
  if (count & (count - 1)) return true;
  size_t bytes = (count ? (size_t)count * 2 : 1) * size;
  void *more = realloc(*list, bytes);
  if (!more) return rnn_fail_memory(error, bytes);
  *list = more;
  return true;
}

RnnTensor *rnn_tensor_append(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                             const void *borrowed, RnnError *error)
{
  RnnTensor new = {.dtype = dtype, .rank = rank, .owned = !borrowed};
  size_t bytes;
  if (!rnn_shape_size(rank, shape, dtype, &new.count, &bytes))
    return rnn_fail(error, RNN_ERROR_DATA, "tensor '%s' is too large or has more than %d dimensions", name,
                    RNN_MAX_RANK),
           NULL;
  if (rank) memcpy(new.shape, shape, (size_t)rank * sizeof *shape);
  if (!grow((void **)&file->tensor, file->tensors, sizeof new, error)) return NULL;
  size_t room = (bytes + 64) / 64 * 64;
  new.name = strdup(name);
  new.data = borrowed ? (void *)borrowed : aligned_alloc(64, room);
  if (!new.name || !new.data) {
    tensor_free(&new);
    return rnn_fail_memory(error, room), NULL;
  }
  if (!borrowed) memset(new.data, 0, room);
  file->tensor[file->tensors] = new;
  return &file->tensor[file->tensors++];
}

RnnTensor *rnn_tensor_add(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                          RnnError *error)
{
  if (rnn_tensor_find(file, name)) return rnn_fail(error, RNN_ERROR_DATA, "two tensors are named '%s'", name), NULL;
  return rnn_tensor_append(file, name, dtype, rank, shape, NULL, error);
}

RnnTensor *rnn_tensor_borrow(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                             const void *data, RnnError *error)
{
  if (rnn_tensor_find(file, name)) return rnn_fail(error, RNN_ERROR_DATA, "two tensors are named '%s'", name), NULL;
  return rnn_tensor_append(file, name, dtype, rank, shape, data, error);
}

const char *rnn_metadata_get(const RnnTensorFile *file, const char *key)
{
  for (int64_t i = 0; i < file->metadatas; i++)
    if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
  return NULL;
}

bool rnn_metadata_append(RnnTensorFile *file, const char *key, const char *value, RnnError *error)
{
  if (!grow((void **)&file->metadata, file->metadatas, sizeof *file->metadata, error)) return false;
  struct RnnMetadata new = {strdup(key), strdup(value)};
  if (!new.key || !new.value) {
    free(new.key);
    free(new.value);
    return rnn_fail_memory(error, strlen(value));
  }
  file->metadata[file->metadatas++] = new;
  return true;
}

bool rnn_metadata_set(RnnTensorFile *file, const char *key, const char *value, RnnError *error)
{
  for (int64_t i = 0; i < file->metadatas; i++) {
    if (strcmp(file->metadata[i].key, key) != 0) continue;
    char *copy = strdup(value);
    if (!copy) return rnn_fail_memory(error, strlen(value));
    free(file->metadata[i].value);
    file->metadata[i].value = copy;
    return true;
  }
  return rnn_metadata_append(file, key, value, error);
}

/* -- files by their ending ----------------------------------------------------------------------------------------- */

static bool ends_with(const char *path, const char *ending)
{
  size_t n = strlen(path), m = strlen(ending);
  return n >= m && strcmp(path + n - m, ending) == 0;
}

static bool unknown_ending(const char *path, RnnError *error)
{
  return rnn_fail(error, RNN_ERROR_USAGE, "%s: the name must end in .safetensors, .npz or .npy", path);
}

bool rnn_tensors_read(const char *path, RnnTensorFile *file, RnnError *error)
{
  if (ends_with(path, ".safetensors")) return rnn_safetensors_read(path, file, error);
  if (ends_with(path, ".npz")) return rnn_npz_read(path, file, error);
  if (ends_with(path, ".npy")) return rnn_npy_read(path, file, error);
  return unknown_ending(path, error);
}

bool rnn_tensors_write(const char *path, const RnnTensorFile *file, RnnError *error)
{
  if (ends_with(path, ".safetensors")) return rnn_safetensors_write(path, file, error);
  if (ends_with(path, ".npz")) return rnn_npz_write(path, file, error);
  if (!ends_with(path, ".npy")) return unknown_ending(path, error);
  if (file->tensors == 1) return rnn_npy_write(path, &file->tensor[0], error);
  return rnn_fail(error, RNN_ERROR_USAGE, "%s: a .npy file holds one array, there are %lld; use .npz", path,
                  (long long)file->tensors);
}

bool rnn_tensors_check_name(const char *path, RnnError *error)
{
  return ends_with(path, ".safetensors") || ends_with(path, ".npz") ||
         rnn_fail(error, RNN_ERROR_USAGE, "%s: the name must end in .safetensors or .npz", path);
}

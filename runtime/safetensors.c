/* safetensors.c: 8 bytes length (little-endian), that many bytes of JSON, then the tensors' bytes without holes.
   Needs jansson. Takes a file for hostile: nothing is allocated that the file's own size does not cover. */
#include "tensors.h"
#include "tensors_private.h"
#include "aside.h"
#include "files.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_LIMIT = 100000000 }; /* the format's own */

/* -- reading ------------------------------------------------------------------------------------------------------- */

typedef struct Reading {
  const char *path;
  int file;
  uint64_t data_at, data_size; /* where the tensors' bytes stand */
  struct Range {
    uint64_t begin, end;
    const char *name;
  } *range;
  size_t ranges;
  RnnTensorFile *into;
  RnnError *error;
} Reading;

static bool wrong(Reading *r, const char *name, const char *what)
{
  return rnn_fail(r->error, RNN_ERROR_DATA, "%s: tensor '%s': %s", r->path, name, what);
}

static bool read_metadata(Reading *r, json_t *map)
{
  const char *key;
  json_t *value;
  if (!json_is_object(map))
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: __metadata__ is not a map of texts", r->path);
  json_object_foreach(map, key, value)
  {
    if (!json_is_string(value))
      return rnn_fail(r->error, RNN_ERROR_DATA, "%s: __metadata__: the value of '%s' is not a text", r->path, key);
    if (!rnn_metadata_append(r->into, key, json_string_value(value), r->error)) return false;
  }
  return true;
}

static bool read_dtype(Reading *r, const char *name, json_t *entry, RnnDtype *dtype)
{
  const char *text = json_string_value(json_object_get(entry, "dtype"));
  if (!text) return wrong(r, name, "has no dtype");
  for (int i = 0; i < RNN_DTYPES; i++) {
    *dtype = (RnnDtype)i;
    if (strcmp(text, rnn_dtypes[i].safetensors) == 0) return true;
  }
  return rnn_fail(r->error, RNN_ERROR_DATA, "%s: tensor '%s': dtype '%.40s' is not one that is read here", r->path,
                  name, text);
}

static bool read_entry(Reading *r, const char *name, json_t *entry)
{
  RnnDtype dtype = RNN_F32;
  int64_t shape[RNN_MAX_RANK] = {0}, count;
  size_t bytes;
  if (!json_is_object(entry)) return wrong(r, name, "is not described by a map");
  if (!read_dtype(r, name, entry, &dtype)) return false;
  json_t *sizes = json_object_get(entry, "shape"), *offsets = json_object_get(entry, "data_offsets");
  if (!json_is_array(sizes)) return wrong(r, name, "has no shape");
  if (json_array_size(sizes) > RNN_MAX_RANK) return wrong(r, name, "has more than 8 dimensions");
  int rank = (int)json_array_size(sizes);
  for (int i = 0; i < rank; i++) {
    if (!json_is_integer(json_array_get(sizes, (size_t)i))) return wrong(r, name, "its shape is not whole numbers");
    shape[i] = json_integer_value(json_array_get(sizes, (size_t)i));
  }
  if (!rnn_shape_size(rank, shape, dtype, &count, &bytes)) return wrong(r, name, "its shape is out of range");

  json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
  if (json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to))
    return wrong(r, name, "data_offsets is not two whole numbers");
  int64_t begin = json_integer_value(from), end = json_integer_value(to);
  if (begin < 0 || end < begin || (uint64_t)end > r->data_size)
    return rnn_fail(r->error, RNN_ERROR_DATA,
                    "%s: tensor '%s': bytes %lld to %lld are not within the file's %llu bytes of data", r->path, name,
                    (long long)begin, (long long)end, (unsigned long long)r->data_size);
  if ((uint64_t)(end - begin) != bytes) {
    char text[256];
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: tensor '%s': %s %s needs %zu bytes, data_offsets give it %lld",
                    r->path, name, rnn_dtype_name(dtype), rnn_shape_text(rank, shape, text, sizeof text), bytes,
                    (long long)(end - begin));
  }
  r->range[r->ranges++] = (struct Range){(uint64_t)begin, (uint64_t)end, name};
  return rnn_tensor_append(r->into, name, dtype, rank, shape, NULL, r->error) != NULL;
}

static int compare_ranges(const void *a, const void *b)
{
  const struct Range *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

/* The ranges must cover the data exactly: bytes that nobody owns could hide something, and shared ones would let a
   small file fill the memory. */
static bool check_ranges(Reading *r)
{
  uint64_t at = 0;
  qsort(r->range, r->ranges, sizeof *r->range, compare_ranges);
  for (size_t i = 0; i < r->ranges; i++) {
    if (r->range[i].begin < at) return wrong(r, r->range[i].name, "its bytes overlap another tensor's");
    if (r->range[i].begin > at) return wrong(r, r->range[i].name, "the bytes before it belong to no tensor");
    at = r->range[i].end;
  }
  if (at == r->data_size) return true;
  return rnn_fail(r->error, RNN_ERROR_DATA, "%s: the last %llu bytes belong to no tensor", r->path,
                  (unsigned long long)(r->data_size - at));
}

static bool read_header(Reading *r, json_t *header)
{
  const char *name;
  json_t *entry;
  r->range = calloc(json_object_size(header) + 1, sizeof *r->range);
  if (!r->range) return rnn_fail_memory(r->error, json_object_size(header) * sizeof *r->range);
  json_object_foreach(header, name, entry)
  {
    bool done = strcmp(name, "__metadata__") == 0 ? read_metadata(r, entry) : read_entry(r, name, entry);
    if (!done) return false;
  }
  return true;
}

static bool read_data(Reading *r, json_t *header)
{
  for (int64_t i = 0; i < r->into->tensors; i++) {
    RnnTensor *tensor = &r->into->tensor[i];
    json_t *offsets = json_object_get(json_object_get(header, tensor->name), "data_offsets");
    uint64_t begin = (uint64_t)json_integer_value(json_array_get(offsets, 0));
    if (!rnn_file_read_at(r->file, r->path, r->data_at + begin, tensor->data,
                          (size_t)tensor->count * rnn_dtype_bytes(tensor->dtype), r->error))
      return false;
  }
  return true;
}

static bool read_file(Reading *r, uint64_t size)
{
  uint8_t prefix[8];
  uint64_t length = 0;
  if (size < 8)
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: is no safetensors file: it has only %d bytes", r->path, (int)size);
  if (!rnn_file_read_at(r->file, r->path, 0, prefix, 8, r->error)) return false;
  for (int i = 0; i < 8; i++) length |= (uint64_t)prefix[i] << 8 * i;
  if (length > HEADER_LIMIT || length > size - 8)
    return rnn_fail(r->error, RNN_ERROR_DATA,
                    "%s: is no safetensors file, or was cut off: its header would have %llu bytes, the file has %llu",
                    r->path, (unsigned long long)length, (unsigned long long)size);
  char *text = malloc(length + 1);
  if (!text) return rnn_fail_memory(r->error, length + 1);
  json_error_t reason;
  json_t *header = NULL;
  bool done = rnn_file_read_at(r->file, r->path, 8, text, length, r->error);
  if (done && !(header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &reason)))
    done = rnn_fail(r->error, RNN_ERROR_DATA, "%s: the header is not JSON: %s at byte %d", r->path, reason.text,
                    reason.position);
  free(text);
  if (done && !json_is_object(header))
    done = rnn_fail(r->error, RNN_ERROR_DATA, "%s: the header is not a map", r->path);
  r->data_at = 8 + length;
  r->data_size = size - r->data_at;
  done = done && read_header(r, header) && check_ranges(r) && read_data(r, header);
  free(r->range);
  json_decref(header);
  return done;
}

bool rnn_safetensors_read(const char *path, RnnTensorFile *file, RnnError *error)
{
  uint64_t size;
  *file = (RnnTensorFile){0};
  Reading r = {.path = path, .into = file, .error = error};
  if ((r.file = rnn_file_open(path, &size, error)) < 0) return false;
  bool done = read_file(&r, size);
  close(r.file);
  if (!done) rnn_tensor_file_free(file);
  return done;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static json_t *metadata_json(const RnnTensorFile *file)
{
  json_t *map = json_object();
  for (int64_t i = 0; i < file->metadatas; i++)
    if (json_object_set_new(map, file->metadata[i].key, json_string(file->metadata[i].value)) != 0) {
      json_decref(map);
      return NULL;
    }
  return map;
}

/* Larger elements first, so that each tensor is aligned when the file is mapped; else the list's order. The order goes
   to order[]. */
static void order_by_width(const RnnTensorFile *file, int64_t *order)
{
  int64_t at = 0;
  for (size_t bytes = 8; bytes > 0; bytes /= 2)
    for (int64_t i = 0; i < file->tensors; i++)
      if (rnn_dtype_bytes(file->tensor[i].dtype) == bytes) order[at++] = i;
}

static bool add_entry(json_t *header, const RnnTensor *tensor, int64_t begin, int64_t end)
{
  if (strcmp(tensor->name, "__metadata__") == 0) return false;
  json_t *shape = json_array();
  for (int j = 0; j < tensor->rank; j++) json_array_append_new(shape, json_integer(tensor->shape[j]));
  json_t *entry = json_pack("{s:s, s:o, s:[I,I]}", "dtype", rnn_dtypes[tensor->dtype].safetensors, "shape", shape,
                            "data_offsets", (json_int_t)begin, (json_int_t)end);
  return entry && json_object_set_new(header, tensor->name, entry) == 0;
}

static bool fill_header(json_t *header, const char *path, const RnnTensorFile *file, const int64_t *order,
                        RnnError *error)
{
  int64_t at = 0;
  if (file->metadatas) {
    json_t *metadata = metadata_json(file);
    if (!metadata || json_object_set_new(header, "__metadata__", metadata) != 0)
      return rnn_fail(error, RNN_ERROR_DATA, "%s: a text of the metadata is not UTF-8", path);
  }
  for (int64_t i = 0; i < file->tensors; i++) {
    const RnnTensor *tensor = &file->tensor[order[i]];
    int64_t end = at + tensor->count * (int64_t)rnn_dtype_bytes(tensor->dtype);
    if (!add_entry(header, tensor, at, end))
      return rnn_fail(error, RNN_ERROR_DATA, "%s: a tensor cannot be named '%s'", path, tensor->name);
    at = end;
  }
  return true;
}

static char *header_text(const char *path, const RnnTensorFile *file, const int64_t *order, RnnError *error)
{
  json_t *header = json_object();
  char *text = NULL;
  if (fill_header(header, path, file, order, error) && !(text = json_dumps(header, JSON_COMPACT)))
    rnn_fail_memory(error, 0);
  json_decref(header);
  return text;
}

static bool write_all(RnnAside *aside, const RnnTensorFile *file, const int64_t *order, const char *header,
                      RnnError *error)
{
  size_t length = strlen(header), padding = (8 - length % 8) % 8;
  uint8_t prefix[8];
  for (int i = 0; i < 8; i++) prefix[i] = (uint8_t)((length + padding) >> 8 * i);
  if (!rnn_aside_write(aside, prefix, 8, error) || !rnn_aside_write(aside, header, length, error) ||
      !rnn_aside_write(aside, "        ", padding, error))
    return false;
  for (int64_t i = 0; i < file->tensors; i++) {
    const RnnTensor *tensor = &file->tensor[order[i]];
    if (!rnn_aside_write(aside, tensor->data, (size_t)tensor->count * rnn_dtype_bytes(tensor->dtype), error))
      return false;
  }
  return true;
}

bool rnn_safetensors_write(const char *path, const RnnTensorFile *file, RnnError *error)
{
  int64_t *order = calloc((size_t)file->tensors + 1, sizeof *order);
  if (!order) return rnn_fail_memory(error, ((size_t)file->tensors + 1) * sizeof *order);
  order_by_width(file, order);
  bool done = false;
  char *header = header_text(path, file, order, error);
  RnnAside *aside = header ? rnn_aside_begin(path, error) : NULL;
  if (aside) {
    done = write_all(aside, file, order, header, error);
    if (done) done = rnn_aside_commit(aside, error);
    else rnn_aside_cancel(aside);
  }
  free(header);
  free(order);
  return done;
}

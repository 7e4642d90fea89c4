/* tensors.h: named arrays in files: safetensors, .npy, .npz. Usable alone.

     RnnTensorFile file = {0};
     if (!rnn_safetensors_read(path, &file, &error)) ...        file is empty after a failure
     const RnnTensor *weights = rnn_tensor_find(&file, "h.Wi");
     rnn_tensor_file_free(&file);

   Files are taken for hostile: every size is checked against the file before memory is asked for. Elements are
   row-major and in the machine's byte order, whatever the file had. */
#ifndef RNN_TENSORS_H
#define RNN_TENSORS_H
#include <stdint.h>
#include "error.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { RNN_MAX_RANK = 8 };

typedef enum RnnDtype {
#define DTYPE(id, name, bytes, safetensors, npy) RNN_##id,
#include "dtypes.def"
#undef DTYPE
  RNN_DTYPES
} RnnDtype;

typedef struct RnnTensor {
  char *name; /* owned; "" for a lone .npy */
  RnnDtype dtype;
  int rank; /* 0: one element */
  int64_t shape[RNN_MAX_RANK];
  int64_t count; /* elements: the product of shape */
  void *data;    /* row-major, contiguous, aligned to 64 bytes where owned; never NULL, even for no elements */
  bool owned;    /* data is freed with the tensor; else it is borrowed and must outlive it */
} RnnTensor;

/* Tensors in the order of the file, and a map of texts (safetensors' __metadata__). */
typedef struct RnnTensorFile {
  RnnTensor *tensor;
  int64_t tensors;
  struct RnnMetadata {
    char *key, *value; /* owned */
  } *metadata;
  int64_t metadatas;
} RnnTensorFile;

/* -- a list of tensors --------------------------------------------------------------------------------------------- */

void rnn_tensor_file_free(RnnTensorFile *file); /* and makes it empty */
const RnnTensor *rnn_tensor_find(const RnnTensorFile *file, const char *name);
/* The same, and fails with the near name. `path` is for the message. */
const RnnTensor *rnn_tensor_need(const RnnTensorFile *file, const char *path, const char *name, RnnError *error);
/* Appends a tensor with memory of its own, zeroed; NULL when the name is taken, rank or size is out of range, or memory
   is out. The pointer holds until the next one is added; its data as long as the file. */
RnnTensor *rnn_tensor_add(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                          RnnError *error);
/* Appends a tensor whose elements stay the caller's, unchanged and alive as long as the list. */
RnnTensor *rnn_tensor_borrow(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                             const void *data, RnnError *error);
const char *rnn_metadata_get(const RnnTensorFile *file, const char *key); /* NULL: none */
bool rnn_metadata_set(RnnTensorFile *file, const char *key, const char *value, RnnError *error);

/* -- one tensor ---------------------------------------------------------------------------------------------------- */

size_t rnn_dtype_bytes(RnnDtype dtype);
const char *rnn_dtype_name(RnnDtype dtype); /* "float32" */
bool rnn_dtype_is_real(RnnDtype dtype);     /* F16, BF16, F32, F64 */
bool rnn_tensor_has_shape(const RnnTensor *tensor, int rank, const int64_t *shape);
/* "[3, 4]" into text; "[]" for rank 0; returns text */
char *rnn_shape_text(int rank, const int64_t *shape, char *text, size_t size);
/* Elements [from, from + count) as doubles or floats, from any dtype. */
void rnn_tensor_to_f64(const RnnTensor *tensor, int64_t from, int64_t count, double *out);
void rnn_tensor_to_f32(const RnnTensor *tensor, int64_t from, int64_t count, float *out);
/* The same as whole numbers; false for a real dtype, or where a U64 does not fit. */
bool rnn_tensor_to_i64(const RnnTensor *tensor, int64_t from, int64_t count, int64_t *out);

/* -- files --------------------------------------------------------------------------------------------------------- */

/* Readers fill an empty list; on failure it is left empty. Writers write aside and rename (aside.h): on failure PATH is
   as it was. */
bool rnn_safetensors_read(const char *path, RnnTensorFile *file, RnnError *error);
bool rnn_safetensors_write(const char *path, const RnnTensorFile *file, RnnError *error);
bool rnn_npy_read(const char *path, RnnTensorFile *file, RnnError *error); /* one tensor, named "" */
bool rnn_npy_write(const char *path, const RnnTensor *tensor, RnnError *error);
bool rnn_npz_read(const char *path, RnnTensorFile *file, RnnError *error);
bool rnn_npz_write(const char *path, const RnnTensorFile *file, RnnError *error); /* metadata is not written */
/* By the ending of the name: .safetensors, .npz, .npy (written when the list has one tensor). */
bool rnn_tensors_read(const char *path, RnnTensorFile *file, RnnError *error);
bool rnn_tensors_write(const char *path, const RnnTensorFile *file, RnnError *error);
/* Fails where a list of tensors could not be written under that name; for before the work that makes them. */
bool rnn_tensors_check_name(const char *path, RnnError *error);

#ifdef __cplusplus
}
#endif
#endif

/* tensors_private.h: what the readers and writers of tensor files share. */
#ifndef RNN_TENSORS_PRIVATE_H
#define RNN_TENSORS_PRIVATE_H
#include "tensors.h"

typedef struct RnnDtypeRow {
  const char *name;
  size_t bytes;
  const char *safetensors, *npy;
} RnnDtypeRow;
extern const RnnDtypeRow rnn_dtypes[RNN_DTYPES];

/* Elements and bytes of a shape; false where a size is negative, the rank out of range, or any product of the sizes out
   of range. */
bool rnn_shape_size(int rank, const int64_t *shape, RnnDtype dtype, int64_t *count, size_t *bytes);
/* As rnn_tensor_add (borrowed NULL) and rnn_tensor_borrow, but trusts that the name is new. */
RnnTensor *rnn_tensor_append(RnnTensorFile *file, const char *name, RnnDtype dtype, int rank, const int64_t *shape,
                             const void *borrowed, RnnError *error);
bool rnn_metadata_append(RnnTensorFile *file, const char *key, const char *value, RnnError *error);

/* -- .npy, also as a part of .npz ---------------------------------------------------------------------------------- */

/* Bytes one after the other, `left` of them still to come. */
typedef struct RnnNpySource {
  const char *where; /* for messages: "d.npz: x.npy" */
  uint64_t left;
  bool (*read)(struct RnnNpySource *source, void *to, size_t size, RnnError *error);
  void *context;
} RnnNpySource;
/* Appends the array to the list. */
bool rnn_npy_parse(RnnNpySource *source, const char *name, RnnTensorFile *file, RnnError *error);
/* The bytes that stand before the elements; returns their number (a multiple of 64), 0 where NumPy has no such type. */
enum { RNN_NPY_HEADER = 512 };
size_t rnn_npy_header(const RnnTensor *tensor, char header[RNN_NPY_HEADER]);

#endif

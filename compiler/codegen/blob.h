/* blob.h: weights as bytes that a program finds somewhere: flash, a file, a mapping. A head, then the block of
   parameters as rnn_weights has it.

     0   "rnncblob"
     8   version, 4 bytes
     12  bytes of a real, 4 bytes
     16  hash of the model's equations, 8 bytes
     24  hash of the parameters' names, shapes and places, 8 bytes
     32  reals in the block, 8 bytes
     40  zero

   Numbers and reals have their lowest byte first. */
#ifndef RNNC_BLOB_H
#define RNNC_BLOB_H
#include <jansson.h>

enum {
  BLOB_VERSION_AT = 8,
  BLOB_REAL_AT = 12,
  BLOB_MODEL_AT = 16,
  BLOB_SHAPES_AT = 24,
  BLOB_COUNT_AT = 32,
  BLOB_CHECKED = 40, /* bytes that must be as expected */
  BLOB_HEAD = 64
};

typedef enum BlobError {
#define ERROR(id, what) BLOB_ERROR_##id,
#include "blob.def"
#undef ERROR
} BlobError;

/* The head of all blobs of a model, from its description (rnn_program.h). */
void blob_head(unsigned char head[BLOB_HEAD], const json_t *model);
#endif

/* object.h: a module as an object, assembly or IR, in memory. */
#ifndef RNNC_OBJECT_H
#define RNNC_OBJECT_H
#include "target.h"
#include <stddef.h>

typedef enum ObjectKind { OBJECT_CODE, OBJECT_ASSEMBLY, OBJECT_IR } ObjectKind;

typedef struct Bytes {
  char *at; /* owned: bytes_free. Text has a NUL behind its end */
  size_t n;
} Bytes;
void bytes_free(Bytes *b);

/* Runs the target's back end on an optimised module. An object is read back before it is handed out. False and a
 * sentence in *error. */
bool object_emit(Target *target, LLVMModuleRef module, ObjectKind kind, Bytes *out, char **error);

/* The symbols an object needs from elsewhere, sorted, one a line, in *out: empty for an inference object. */
bool object_undefined(const Bytes *object, Bytes *out, char **error);
#endif

/* object.h: a module as an object, assembly or IR, in memory. */
#ifndef RNNC_OBJECT_H
#define RNNC_OBJECT_H
#include "target.h"
#include <stddef.h>
#include <stdint.h>

typedef enum ObjectKind { OBJECT_CODE, OBJECT_ASSEMBLY, OBJECT_IR } ObjectKind;

typedef struct Bytes {
  char *at; /* owned: bytes_free. Text has a NUL behind its end */
  size_t n;
} Bytes;
void bytes_free(Bytes *b);

/* Runs the target's back end on an optimised module. An object is read back before it is handed out. False and a
 * sentence in *error. */
bool object_emit(Target *target, LLVMModuleRef module, ObjectKind kind, Bytes *out, char **error);

/* What a function takes of the stack, from its caller's call on: known once it was emitted. */
typedef struct StackUse {
  const char *function;
  int64_t bytes; /* at most; 0: the module has no such function */
} StackUse;
/* The same for object code; fills in `bytes` of each of use[0 .. n). */
bool object_emit_measured(Target *target, LLVMModuleRef module, Bytes *out, StackUse *use, int n, char **error);

/* A constant of the object's read-only memory, on 64 bytes. After target_optimize: no pass shall look into it. */
void object_add_constant(LLVMModuleRef module, const char *name, const void *data, size_t bytes);

/* The symbols an object needs from elsewhere, sorted, one a line, in *out: empty for an inference object. */
bool object_undefined(const Bytes *object, Bytes *out, char **error);
#endif

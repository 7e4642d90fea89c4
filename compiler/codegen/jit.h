/* jit.h: code into this process, by ORC LLJIT.

   A module goes in through the same object emission as `rnnc -c`: what the JIT runs is what an object file would hold,
   byte for byte, and the module stays the caller's (ORC would want to own its context). Symbols that code may call are
   given by address: nothing else of the process is visible but the C library. */
#ifndef RNNC_JIT_H
#define RNNC_JIT_H
#include "target.h"
#include <stddef.h>

typedef struct Jit Jit;

typedef struct JitCall {
  const char *name; /* "rnn_gemm_f32" */
  void *address;
} JitCall;

/* target must be this machine's and outlive the Jit. NULL and a sentence in *error (free it with free) on failure. */
Jit *jit_new(Target *target, const JitCall *calls, size_t n, char **error);
/* What is added from here on is shown to debuggers of this process. */
bool jit_show(Jit *jit, char **error);
/* Compiles an optimised module. Several may be added; a symbol that is defined twice is an error. */
bool jit_add(Jit *jit, LLVMModuleRef module, char **error);
/* The address of a function or a constant; NULL and a sentence when it is unknown or something that it calls is. */
void *jit_symbol(Jit *jit, const char *name, char **error);
/* All code goes: no address obtained from it may be used any more. */
void jit_free(Jit *jit);
#endif

/* header.h: the C header of a compiled model, from its JSON description (rnn_program.h). Needs no LLVM.

   What it offers its reader: sizes as macros, where each parameter stands in the block, `struct NAME_state`, typed
   functions NAME_init, NAME_step, NAME_run and the like that need nothing but the object, and, where <rnn.h> is
   included before it, NAME_open, NAME_forward, NAME_loss, NAME_gradient and NAME_update over librnn. It includes
   <stddef.h> and <stdint.h> alone and is clean as C99 -pedantic, C++ and freestanding. Every name in it begins with
   NAME (NAME_ in capitals for macros), parameters of functions with in_ or out_, so that no keyword and no macro of
   others is met. */
#ifndef RNNC_HEADER_H
#define RNNC_HEADER_H
#include "text.h"
#include <stdbool.h>
#include <stdint.h>

/* The object's streaming step is NAME followed by this; NAME_step is the header's typed function around it. */
#define HEADER_STEP_ENTRY "_step_entry"
/* The same for one step of many sequences. */
#define HEADER_MANY_ENTRY "_many_entry"
/* The parameters that were compiled in. */
#define HEADER_WEIGHTS "_weights"
enum { HEADER_ABI = 1 }; /* another number when an object's entries are called in another way */

typedef struct HeaderOptions {
  const char *prefix;    /* of every name; NULL: the model's name */
  const char *file_name; /* "charlm.h", for the head comment and the example */
  const char
      *weights; /* a symbol of the object that holds the parameters, `const real NAME_weights[]`; NULL: none baked in */
  const char *levels; /* of x86-64 that the object has code for, in ascending order; NULL: one machine */
  bool blob;          /* NAME_bind finds the parameters in a blob (blob.h) */
  long long stack_bytes, many_stack_bytes; /* of the entries, their callers' call included; 0: not known */
  const int64_t *workspace;                /* what learning takes, rnn_workspace_terms of the runtime; NULL: not said */
} HeaderOptions;

/* Appends the header to *out. False and a sentence in *error when the JSON is not what rnn_program.h says: our mistake.
 */
bool header_make(Text *out, const char *json, const HeaderOptions *options, char **error);
#endif

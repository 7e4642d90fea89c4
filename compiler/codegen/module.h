/* module.h: an LLVM module that holds a model: its programs, its step, its description. */
#ifndef RNNC_MODULE_H
#define RNNC_MODULE_H
#include "program.h"
#include "target.h"

typedef struct ModuleRequest {
  const char *prefix; /* C names begin with it: prefix_model, prefix_step_entry */
  const char *source, *hash;
  bool f64_precision;
  const System *lowered; /* the whole system, parameters laid out */
  int64_t param_count;
  Compiled *const *programs;
  int n;
  Compiled *step; /* may be NULL, or refused */
} ModuleRequest;

/* Unoptimised; the caller runs target_optimize. json gets the description. */
LLVMModuleRef module_make(Arena *a, Target *target, LLVMContextRef context, const ModuleRequest *r, Text *json);
#endif

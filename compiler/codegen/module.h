/* module.h: an LLVM module that holds a model: its programs, its step, its description. */
#ifndef RNNC_MODULE_H
#define RNNC_MODULE_H
#include "emit_debug.h"
#include "program.h"
#include "target.h"

/* Programs whose code waits until they first run: each gets a module of its own, and in the model's stands a function
   that asks for the code by `code` (never NULL) and hands its arguments on. For a model in this process alone. */
typedef struct ModuleLater {
  unsigned programs; /* 1 << ProgramKind */
  void *(*code)(void *context, int kind);
  void *context;
  LLVMModuleRef module[PROGRAM_KINDS]; /* out, the caller's; each defines what module_entry says */
} ModuleLater;

typedef struct ModuleRequest {
  const char *prefix; /* C names begin with it: prefix_model, prefix_step_entry */
  const char *source, *hash;
  bool f64_precision;
  DebugLevel debug;
  const System *lowered; /* the whole system, parameters laid out */
  int64_t param_count;
  Compiled *const *programs;
  int n;
  Compiled *step;     /* may be NULL, or refused */
  bool many;          /* with the step also prefix_many_entry, for many sequences, if the machine has vectors */
  ModuleLater *later; /* may be NULL */
} ModuleRequest;

/* Unoptimised; the caller runs target_optimize. json gets the description. */
LLVMModuleRef module_make(Arena *a, Target *target, LLVMContextRef context, const ModuleRequest *r, Text *json);

/* The name of a program's function: PREFIX_train, PREFIX_step_entry. */
const char *module_entry(Arena *a, const char *prefix, ProgramKind kind);
#endif

/* target.h: the machine that code is made for, and the one place that knows pass pipelines.

   A Target may be used by one thread at a time; two Targets are independent. Initialising LLVM happens once, inside. */
#ifndef RNNC_TARGET_H
#define RNNC_TARGET_H
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <stdbool.h>

typedef struct Target {
  char *triple, *cpu, *features; /* as LLVM spells them; owned */
  LLVMTargetMachineRef machine;  /* owned */
  LLVMTargetDataRef layout;      /* owned */
  int level;                     /* -O0 .. -O3 */
  int vector_bits;               /* 512 with avx512f, 256 with avx, 128; 0: no vectors, emit scalars */
  int vector_registers;          /* how many of them there are: what a register tile may use */
  bool has_fma;                  /* llvm.fma is one instruction, in vectors too */
  bool has_round;                /* llvm.floor is one instruction */
  bool no_fma64;                 /* .. in floats alone */
  bool no_root32, no_root64;     /* llvm.sqrt of a float, of a double is a call */
  bool hosted;                   /* an operating system: position-independent code */
} Target;

/* This machine with all it can do. NULL and a sentence in *error (free it with free) when LLVM can't. */
Target *target_host(int level, char **error);
/* Any target that LLVM has. triple may be NULL (this machine's) or short (aarch64, riscv64, cortex-m4f, wasm32: see
   `rnnc targets`); cpu NULL: this machine's own when triple is NULL too ("native" says so), else the least of the
   family. features: as LLVM's, may be NULL. */
Target *target_named(const char *triple, const char *cpu, const char *features, int level, char **error);
void target_free(Target *t);

/* target_probe.c: fills in what the CPU can do, from the machine. */
void target_probe(Target *t);

/* Vector lanes for an element type (float, double, i32): 1 where there are no vectors. */
int target_lanes(const Target *t, LLVMTypeRef element);

/* Sets a new module's triple and data layout. */
void target_prepare_module(const Target *t, LLVMModuleRef module);
/* Attributes for a function that is defined here: CPU, features, vector width, nounwind; no loop may become a call of
 * memset. */
void target_prepare_function(const Target *t, LLVMValueRef fn);

/* Verifies the module, then runs the passes of the level. False and a sentence in *error: our mistake, an internal
 * error. */
bool target_optimize(Target *t, LLVMModuleRef module, char **error);

/* Targets that this LLVM has, for `rnnc targets`: calls each(name, description, arg). */
void target_list(void (*each)(const char *name, const char *description, void *arg), void *arg);
#endif

/* program.h: what is compiled for one job: train, evaluate, forward, decode, step. */
#ifndef RNNC_PROGRAM_H
#define RNNC_PROGRAM_H
#include "lower.h"
#include "plan.h"

typedef enum ProgramKind {
  PROGRAM_TRAIN,
  PROGRAM_EVALUATE,
  PROGRAM_FORWARD,
  PROGRAM_DECODE,
  PROGRAM_STEP,
  PROGRAM_KINDS
} ProgramKind;
extern const char *const program_name[PROGRAM_KINDS];

typedef struct ProgramRequest {
  ProgramKind kind;
  const char *const
      *wrt; /* train: inputs (names, NULL at the end) to have gradients by, beside all parameters; may be NULL */
  const char *const *show; /* variables that must have a buffer of their own; may be NULL */
  bool windows;            /* state is carried from window to window */
} ProgramRequest;

typedef struct Compiled { /* one program, ready for the code generator */
  ProgramKind kind;
  System *system;
  Plan *plan;
  int64_t param_count;
  Vec(Var *) wrt;      /* inputs with gradients */
  const char *refused; /* of a step: why it can't be streamed; then plan is NULL */
} Compiled;

/* Where a pass list stops: the passes' names of passes.def, for --emit. */
typedef enum Stage { STAGE_EQUATIONS, STAGE_ADJOINT, STAGE_PLAN } Stage;

/* From a checked file to the program's system (all variables of `show` and `wrt` must exist: reported through d). Each
   call lowers the file anew, since passes change their system. NULL after diagnostics; also, without one, where the
   model has no such program (no loss). The system is as `stage` leaves it; plan is set for STAGE_PLAN alone. */
Compiled *program_make(Arena *a, Diag *d, const Ast *file, const LowerOptions *o, const ProgramRequest *r, Stage stage);
#endif

/* program.h: what is compiled for one job: train, evaluate, free, forward, decode, step. */
#ifndef RNNC_PROGRAM_H
#define RNNC_PROGRAM_H
#include "forcing.h"
#include "lower.h"
#include "plan.h"

typedef enum ProgramKind {
  PROGRAM_TRAIN,
  PROGRAM_EVALUATE,
  PROGRAM_FREE,
  PROGRAM_FORWARD,
  PROGRAM_DECODE,
  PROGRAM_STEP,
  PROGRAM_KINDS
} ProgramKind;
extern const char *const program_name[PROGRAM_KINDS];
int program_named(const char *name); /* -1: none */
bool program_has_loss(ProgramKind kind);

typedef struct ProgramRequest {
  ProgramKind kind;
  const char *const
      *wrt; /* train: inputs (names, NULL at the end) to have gradients by, beside all parameters; may be NULL */
  const char *const *show; /* variables that must have a buffer of their own; may be NULL */
  bool only_shown;         /* forward: these alone, no outputs */
  bool windows;            /* state is carried from window to window */
  Forcing forcing;         /* of train; free takes its `sample` alone */
} ProgramRequest;

typedef struct Compiled { /* one program, ready for the code generator */
  ProgramKind kind;
  System *system;
  Plan *plan;
  int64_t param_count;
  Vec(Var *) wrt;      /* inputs with gradients */
  FedList fed;         /* drawn variables that the draws read, */
  Forcing forcing;     /* and what is read there */
  int latency;         /* of a step: how many steps its outputs come after their inputs */
  const char *refused; /* of a step: why it can't be streamed; then plan is NULL */
} Compiled;

/* Where a pass list stops: the passes' names of passes.def, for --emit. */
typedef enum Stage { STAGE_EQUATIONS, STAGE_ADJOINT, STAGE_PLAN } Stage;

/* From a checked file to the program's system (all variables of `show` and `wrt` must exist: reported through d). Each
   call lowers the file anew, since passes change their system. NULL after diagnostics; also, without one, where the
   model has no such program (no loss; free: nothing that can be fed back). The system is as `stage` leaves it; plan is
   set for STAGE_PLAN alone. */
Compiled *program_make(Arena *a, Diag *d, const Ast *file, const LowerOptions *o, const ProgramRequest *r, Stage stage);
#endif

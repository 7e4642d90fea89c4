/* emit_debug.h: debug info (DWARF): which line of which .rnn file an instruction belongs to, and where variables are.
   Every function below does nothing where the Emit has none. */
#ifndef RNNC_EMIT_DEBUG_H
#define RNNC_EMIT_DEBUG_H
#include "emit.h"

typedef enum DebugLevel { DEBUG_NONE, DEBUG_LINES, DEBUG_VARIABLES } DebugLevel;

/* Of one module; NULL for DEBUG_NONE. `source`: the file that was compiled, as it was named. */
struct Debug *debug_new(Arena *a, LLVMModuleRef m, const Target *target, const char *source, DebugLevel level);
void debug_end(struct Debug *d); /* once every function is made; before the optimiser */

/* e->fn is a function for the step last set by emit_debug_step; what it does around the equation has no line, so that a
   breakpoint on the line stops where the equation is computed. In optimised code products and sums have their
   equation's as a whole, which is what a profiler wants to see. */
void emit_debug_function(Emit *e);
void emit_debug_no_function(Emit *e);         /* e->fn is no equation's */
void emit_debug_at(Emit *e, Span at);         /* instructions from here on */
void emit_debug_of(Emit *e, const Var *v);    /* the same: at v's equation */
void emit_debug_step(Emit *e, const Step *s); /* functions from here on; NULL: of no equation */
/* Kernels that equal products share are made once for each in optimised code that has lines: what tells their names
   apart, and fn as a whole as v's. */
const char *emit_debug_suffix(Emit *e, const Var *v);
void emit_debug_whole(Emit *e, LLVMValueRef fn, const Var *v);
/* The variables that a group, or a structured equation, makes and reads can be printed while it runs for this row. */
void emit_debug_group(Emit *e, const Group *g, const Row *row);
void emit_debug_equation(Emit *e, const Var *v, const Row *row);
#endif

/* emit_stream.h: one streaming step as one function of the caller's memory. */
#ifndef RNNC_EMIT_STREAM_H
#define RNNC_EMIT_STREAM_H
#include "emit.h"

/* void NAME(params, state, in, out): rnn_program.h's RnnStep. `whole` is the system before the step dropped its draws.
   Returns the function, and the state's size in *bytes. many: also void MANY(params, states, n, in, out), the same for
   n sequences; NULL: not. */
LLVMValueRef emit_stream(Emit *e, const System *whole, const char *name, const char *many, int64_t *bytes);
#endif

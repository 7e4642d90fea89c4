/* emit_stream_private.h: what emit_stream.c and emit_many.c share: a state's layout, and the frame of one sequence. */
#ifndef RNNC_EMIT_STREAM_PRIVATE_H
#define RNNC_EMIT_STREAM_PRIVATE_H
#include "emit_stream.h"

typedef struct Room { /* where a buffer starts in the state, or which port it is */
  int64_t at;         /* bytes; -1: the caller's own array */
  int port;           /* of an input; -1: none */
  bool feedback;
  bool within; /* another buffer's rows */
} Room;

typedef struct Stream {
  Room *room; /* by buffer */
  int64_t bytes;
  LLVMValueRef state, in, out;
  LLVMValueRef first; /* nothing was done before this step */
  LLVMValueRef index; /* of many sequences: which one; NULL: there is one */
} Stream;

/* void name(args): params and states first. Leaves the builder in its body. */
LLVMValueRef stream_begin(Emit *e, const char *name, LLVMTypeRef *args, int n);
/* The frame of the sequence at s, which addresses in this function are in from here on. begins: counts the step. sums:
   its row of sums that are made already, or NULL. */
LLVMValueRef stream_frame(Emit *e, Stream *s, LLVMValueRef params, LLVMValueRef sums, bool begins);
void stream_take(Emit *e, const Stream *s); /* inputs, and what is carried, before the equations */
void stream_give(Emit *e, const Stream *s); /* outputs, and what is carried on, behind them */
/* The functions behind `before` have one caller each, and are to be part of it. */
void stream_inline(Emit *e, LLVMValueRef before);

void emit_many(Emit *e, const Stream *one, const char *name);
#endif

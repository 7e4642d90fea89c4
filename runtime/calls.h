/* calls.h: C prototypes of the functions that generated code may call; the rows and their meaning stand in calls.def.
 */
#ifndef RNN_CALLS_H
#define RNN_CALLS_H
#include <stdint.h>
#include "rnn_program.h"

#define VOID void
#define PTR void *
#define I64 int64_t
#define F64 double
#define ARGS(...) (__VA_ARGS__)
#define CALL(name, returns, arguments) returns name arguments;
#include "calls.def"
#undef CALL
#undef ARGS
#undef F64
#undef I64
#undef PTR
#undef VOID

typedef void RnnBody(const RnnFrame *frame, void *arg, int64_t from, int64_t to);
#endif

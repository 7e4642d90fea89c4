/* trace.h: loss, gradient norm, rate and every parameter after each update, kept in memory and written as one .npz: for
   tests and for looking closely at a few steps. */
#ifndef RNN_TRACE_H
#define RNN_TRACE_H
#include "handle.h"

typedef struct Trace {
  char *path; /* NULL: nothing is kept */
  int64_t steps, room;
  double *numbers; /* loss, norm, rate of each step */
  char *weights;   /* block after block */
} Trace;

bool rnn_trace_begin(Trace *trace, const char *path, RnnError *error); /* NULL path: none */
bool rnn_trace_step(Trace *trace, const RnnHandle *handle, double loss, double norm, double rate, RnnError *error);
bool rnn_trace_write(const Trace *trace, const RnnHandle *handle,
                     RnnError *error); /* `loss`, `norm`, `rate` [S], and by name [S, ...] */
void rnn_trace_free(Trace *trace);

#endif

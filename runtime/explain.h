/* explain.h: where a loss or gradient that is not finite came from. */
#ifndef RNN_EXPLAIN_H
#define RNN_EXPLAIN_H
#include "handle.h"

/* Looks through the memory of a run that has just ended, in the order in which values came about: inputs, parameters,
   variables by time, variables without it, adjoints from the end, gradients of parameters. Writes one sentence that
   names the first place with a value that is not finite, with its line, or says that there is none. */
void rnn_explain(const RnnHandle *handle, const Run *run, char *text, size_t size);

#endif

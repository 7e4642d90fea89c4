/* workspace.h: what learning in a C program takes, for the header that the compiler writes. */
#ifndef RNN_WORKSPACE_H
#define RNN_WORKSPACE_H
#include <stdint.h>
#include "error.h"

/* What a workspace takes at most is a sum of products of its sizes: bit 1 of the index stands for sequences, 2 for
   steps, 4 for steps of the second axis. Of the model whose description is `json`, with its own optimiser. */
enum { RNN_WORKSPACE_TERMS = 8 };
bool rnn_workspace_terms(const char *json, int64_t terms[RNN_WORKSPACE_TERMS], RnnError *error);

#endif

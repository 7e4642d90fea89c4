/* toys.h: models written by hand in the form of rnn_program.h.

   elman, elman64   toy_elman.h with 2 inputs, 4 states, 3 outputs, in float and double;  tbptt64: 1, 3, 4
   chars            next-character model of 12 symbols with 16 states, carried state, dropout noise, large products, a
   streaming step;  chars_without_step: the same, for its program "forward" to take the steps
   pairs            toy_pairs.h: two time axes, an encoder and a decoder with attention, to be decoded
   chain            toy_chain.h: one to many: a chain of symbols */
#ifndef TOYS_H
#define TOYS_H
#include "rnn_program.h"

const RnnModel *toy_model(const char *name); /* NULL: none of that name. The same pointer each time. */
#endif

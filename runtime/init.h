/* init.h: first values of parameters. Each parameter draws from a stream of its own, named by its path: adding or
   removing one leaves the others as they were. Values are made in double and rounded once, so that f32 and f64 start
   from the same numbers. */
#ifndef RNN_INIT_H
#define RNN_INIT_H
#include <stdint.h>
#include "error.h"

/* kind        values                                                                     a            b
   zeros       0
   ones        1
   constant    a                                                                          the value
   uniform     uniform in [a, b)                                                          low          high
   normal      mean a, deviation b                                                        mean         deviation
   glorot      uniform in +-gain sqrt(6 / (fan_in + fan_out))                             gain, 0: 1
   he          normal with deviation gain sqrt(2 / fan_in)                                gain, 0: 1
   orthogonal  gain times orthonormal rows or columns, whichever are fewer                gain, 0: 1
   identity    a on the main diagonal, 0 elsewhere                                        the value

   A matrix [rows, columns] has fan_in = columns and fan_out = rows; a vector [n] counts as one column for fan_out and
   has fan_in n; with more than two dimensions the last is the columns and the rest are the rows. */
bool rnn_init_known(const char *kind);
bool rnn_init_f64(const char *kind, double a, double b, int rank, const int64_t *shape, uint64_t seed, const char *name,
                  double *out, RnnError *error);
bool rnn_init_f32(const char *kind, double a, double b, int rank, const int64_t *shape, uint64_t seed, const char *name,
                  float *out, RnnError *error);

#endif

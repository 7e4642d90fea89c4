/* blas.h: what blas.c offers besides rnn_gemm_f32 and rnn_gemm_f64 of calls.def. */
#ifndef RNN_BLAS_H
#define RNN_BLAS_H
#include <stdbool.h>
#include <stdint.h>

void rnn_blas_one_thread(void); /* BLAS itself stays on the thread that calls it; call before the first product */
const char *rnn_blas_description(void); /* build and kernel in use, for reports */

typedef struct RnnMatrix {
  char *at; /* row-major floats or doubles */
  int64_t stride;
  bool turned;
} RnnMatrix;

/* c[m,n] = a b + (accumulate ? c : 0) on the calling thread; m, n, k at least 1 */
void rnn_blas_multiply(bool real64, int64_t m, int64_t n, int64_t k, RnnMatrix a, RnnMatrix b, RnnMatrix c,
                       bool accumulate);

/* How m by n results are cut into parts, `across` of them side by side: by m, n and k alone, and never along k, so that
   a product has the same bits at any number of threads. */
typedef struct RnnCut {
  int64_t m, n, rows, columns, across, parts;
} RnnCut;

typedef struct RnnPart { /* rows by columns from [row, column] on */
  int64_t row, column, rows, columns;
} RnnPart;

RnnCut rnn_blas_cut(int64_t m, int64_t n, int64_t k);
RnnPart rnn_blas_part(const RnnCut *cut, int64_t i);
/* The matrix from row `row`, column `column` on, of what it stands for: op(a), not a */
RnnMatrix rnn_matrix_from(RnnMatrix a, bool real64, int64_t row, int64_t column);
#endif

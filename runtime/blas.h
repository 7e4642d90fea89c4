/* blas.h: what blas.c offers besides rnn_gemm_f32 and rnn_gemm_f64 of calls.def. */
#ifndef RNN_BLAS_H
#define RNN_BLAS_H

void rnn_blas_one_thread(void); /* BLAS itself stays on the thread that calls it; call before the first product */
const char *rnn_blas_description(void); /* build and kernel in use, for reports */
#endif

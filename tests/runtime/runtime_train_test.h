/* runtime_train_test.h: what the files of runtime_train_test share. */
#ifndef RUNTIME_TRAIN_TEST_H
#define RUNTIME_TRAIN_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "error.h"
#include "rnn.h"
#include "toys.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *in_scratch(const char *name); /* a path in the tests' own folder; 16 of them stay valid */
void assert_message(const RnnError *error, const char *part); /* fails unless the message holds it */
void assert_near(double got, double want, double bound);
RnnHandle *open_toy(const char *name, int threads);
/* Sequences for the Elman toys: x, h0, target, lengths; NaN behind each end. */
void elman_data(RnnTensorFile *file, int64_t N, int64_t T, bool ragged);
/* A text of the 12 symbols a..l for the chars toy; writes it and returns its path. */
const char *chars_text(int64_t length);

extern const struct CMUnitTest machine_tests[], optim_tests[], model_tests[], array_tests[], training_tests[],
    decode_tests[];
extern const size_t machine_test_count, optim_test_count, model_test_count, array_test_count, training_test_count,
    decode_test_count;

#endif

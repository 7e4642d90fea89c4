/* runtime_files_test.h: what the parts of runtime_files_test share: temporary files, expected failures. */
#ifndef RUNTIME_FILES_TEST_H
#define RUNTIME_FILES_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "error.h"

/* A name in this run's temporary folder, valid until the 16th call after it. */
const char *in_folder(const char *name);
/* Writes a file there and returns its name, valid likewise. */
const char *put_file(const char *name, const void *bytes, size_t size);
const char *put_text(const char *name, const char *text);
/* Files in the temporary folder whose name contains the text. */
int count_files(const char *containing);
/* The error's message holds the text; prints the message where it does not. */
void assert_says(const RnnError *error, const char *text);

/* Each part of the program runs its own group and returns the number of failures. */
int run_tensors_tests(void);
int run_draws_tests(void);
int run_sampling_tests(void);
int run_spec_tests(void);
int run_data_tests(void);
int run_csv_tests(void);
int run_batch_tests(void);

#endif

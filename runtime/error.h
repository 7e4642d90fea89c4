/* error.h: how a function of the runtime says what went wrong.
   A function that can fail takes `RnnError *` as its last argument and returns false, NULL or a negative number after
   filling it. A NULL error is allowed: the reason is then dropped. Nothing is printed and nothing is kept anywhere
   else. */
#ifndef RNN_ERROR_H
#define RNN_ERROR_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

/* The number is the process's exit code. */
typedef enum RnnErrorCode {
  RNN_OK = 0,
  RNN_ERROR_USAGE = 2,    /* an option or a setting that makes no sense */
  RNN_ERROR_IO = 3,       /* a file or the machine: missing, unreadable, full disk, out of memory */
  RNN_ERROR_DATA = 3,     /* a file was read and its content is not as it must be */
  RNN_ERROR_TRAINING = 4, /* training ended badly */
} RnnErrorCode;

typedef struct RnnError {
  RnnErrorCode code;  /* RNN_OK while nothing has failed; start with RnnError error = {0} */
  char message[1024]; /* one or more lines, no newline at the end; cut, not overrun, when too long */
} RnnError;

/* Fills the error, over what it held, and returns false. */
bool rnn_fail(RnnError *error, RnnErrorCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool rnn_fail_va(RnnError *error, RnnErrorCode code, const char *format, va_list arguments);
/* The same with "FORMAT: strerror(errno)". */
bool rnn_fail_errno(RnnError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool rnn_fail_memory(RnnError *error, size_t bytes);
/* Puts "FORMAT: " before a message that is already there ("setting data: csv: no column ..."). Returns false. */
bool rnn_fail_within(RnnError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The candidate nearest to a name that was not found (at most max(1, length / 3) edits away), or NULL. */
const char *rnn_near(const char *name, const char *const *candidates, size_t count);

#ifdef __cplusplus
}
#endif
#endif

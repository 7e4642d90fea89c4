/* error.c: fills RnnError, and finds the near name of one that is not there. Needs nothing of the runtime. */
#include "error.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rnn_fail_va(RnnError *error, RnnErrorCode code, const char *format, va_list arguments)
{
  if (!error) return false;
  char message[sizeof error->message]; /* an argument may be the old message */
  vsnprintf(message, sizeof message, format, arguments);
  memcpy(error->message, message, sizeof message);
  error->code = code;
  return false;
}

bool rnn_fail(RnnError *error, RnnErrorCode code, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  rnn_fail_va(error, code, format, arguments);
  va_end(arguments);
  return false;
}

bool rnn_fail_errno(RnnError *error, const char *format, ...)
{
  int number = errno;
  char what[sizeof error->message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  errno = number;
  return rnn_fail(error, RNN_ERROR_IO, "%s: %m", what);
}

bool rnn_fail_memory(RnnError *error, size_t bytes)
{
  return rnn_fail(error, RNN_ERROR_IO, "out of memory: %zu bytes were asked for", bytes);
}

bool rnn_fail_within(RnnError *error, const char *format, ...)
{
  if (!error) return false;
  char what[sizeof error->message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return rnn_fail(error, error->code, "%s: %s", what, error->message);
}

/* Damerau-Levenshtein (neighbours swapped count one edit) over names of at most NEAR_LONGEST bytes. */
enum { NEAR_LONGEST = 63 };
static size_t edits(const char *a, size_t n, const char *b, size_t m)
{
  size_t row[3][NEAR_LONGEST + 1]; /* of prefixes of a with i - 2, i - 1, i bytes */
  for (size_t j = 0; j <= m; j++) row[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
      if (before[j] + 1 < best) best = before[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && earlier[j - 2] + 1 < best)
        best = earlier[j - 2] + 1;
      now[j] = best;
    }
  }
  return row[n % 3][m];
}

const char *rnn_near(const char *name, const char *const *candidates, size_t count)
{
  size_t n = strlen(name);
  if (n > NEAR_LONGEST) return NULL;
  size_t allowed = n / 3 > 1 ? n / 3 : 1;
  const char *nearest = NULL;
  for (size_t i = 0; i < count; i++) {
    size_t m = strlen(candidates[i]);
    if (m > NEAR_LONGEST || m > n + allowed || n > m + allowed) continue;
    size_t distance = edits(name, n, candidates[i], m);
    if (distance < n && distance <= allowed) {
      nearest = candidates[i];
      if (distance == 0) return nearest;
      allowed = distance - 1; /* only a nearer one from here on */
    }
  }
  return nearest;
}

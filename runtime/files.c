/* files.c: opens and reads users' files. Needs POSIX; knows no format. */
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int rnn_file_open(const char *path, uint64_t *size, RnnError *error)
{
  struct stat status;
  /* without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever */
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 || fstat(file, &status) != 0) rnn_fail_errno(error, "%s: cannot open", path);
  else if (!S_ISREG(status.st_mode)) rnn_fail(error, RNN_ERROR_IO, "%s: is not a regular file", path);
  else {
    *size = (uint64_t)status.st_size;
    return file;
  }
  if (file >= 0) close(file);
  return -1;
}

bool rnn_file_read_at(int file, const char *path, uint64_t offset, void *to, size_t size, RnnError *error)
{
  for (char *at = to; size > 0;) {
    ssize_t got = pread(file, at, size, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return rnn_fail_errno(error, "%s: cannot read", path);
    if (got == 0)
      return rnn_fail(error, RNN_ERROR_DATA, "%s: ends at byte %llu, %zu bytes too early", path,
                      (unsigned long long)offset, size);
    at += got;
    offset += (uint64_t)got;
    size -= (size_t)got;
  }
  return true;
}

/* Grows as bytes come, so that it serves pipes and does not believe a size. */
static char *read_all(int file, const char *path, size_t room, uint64_t max_bytes, size_t *size, RnnError *error)
{
  char *bytes = malloc(room);
  size_t have = 0;
  while (bytes) {
    ssize_t got = read(file, bytes + have, room - have - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      rnn_fail_errno(error, "%s: cannot read", path);
      break;
    }
    if (got == 0) {
      bytes[have] = 0;
      *size = have;
      return bytes;
    }
    have += (size_t)got;
    if (max_bytes && have > max_bytes) {
      rnn_fail(error, RNN_ERROR_DATA, "%s: has more than %llu bytes, the limit", path, (unsigned long long)max_bytes);
      break;
    }
    if (room - have < 2) {
      char *more = realloc(bytes, room *= 2);
      if (!more) {
        rnn_fail_memory(error, room);
        break;
      }
      bytes = more;
    }
  }
  if (!bytes) rnn_fail_memory(error, room);
  free(bytes);
  return NULL;
}

char *rnn_file_read_all(const char *path, uint64_t max_bytes, size_t *size, RnnError *error)
{
  struct stat status;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) {
    rnn_fail_errno(error, "%s: cannot open", path);
    if (file >= 0) close(file);
    return NULL;
  }
  char *bytes = NULL;
  if (S_ISDIR(status.st_mode)) rnn_fail(error, RNN_ERROR_IO, "%s: is a folder", path);
  else if (max_bytes && S_ISREG(status.st_mode) && (uint64_t)status.st_size > max_bytes)
    rnn_fail(error, RNN_ERROR_DATA, "%s: has %lld bytes, the limit is %llu", path, (long long)status.st_size,
             (unsigned long long)max_bytes);
  else
    bytes = read_all(file, path, S_ISREG(status.st_mode) ? (size_t)status.st_size + 2 : 65536, max_bytes, size, error);
  close(file);
  return bytes;
}

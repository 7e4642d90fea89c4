/* aside.c: files written beside their place, synced and renamed. Needs POSIX; knows no format. */
#include "aside.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct RnnAside {
  char *path, *target, *temporary; /* as asked for; after links; what is written now */
  int file;
  bool direct; /* target is no regular file: written in place */
};

static void aside_free(RnnAside *aside)
{
  if (aside->file >= 0) close(aside->file);
  free(aside->path);
  free(aside->target);
  free(aside->temporary);
  free(aside);
}

/* The name holds the process's number, so two processes do not meet; what a killed one with our number left is
   replaced. */
static bool open_temporary(RnnAside *aside, mode_t mode, RnnError *error)
{
  size_t size = strlen(aside->target) + 32;
  if (!(aside->temporary = malloc(size))) return rnn_fail_memory(error, size);
  snprintf(aside->temporary, size, "%s.tmp-%ld", aside->target, (long)getpid());
  unlink(aside->temporary);
  aside->file = open(aside->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (aside->file < 0) return rnn_fail_errno(error, "%s: cannot write %s", aside->path, aside->temporary);
  return true;
}

static bool begin(RnnAside *aside, const char *path, RnnError *error)
{
  struct stat status;
  if (!(aside->path = strdup(path))) return rnn_fail_memory(error, strlen(path));
  bool there = stat(path, &status) == 0;
  if (there && S_ISDIR(status.st_mode)) return rnn_fail(error, RNN_ERROR_IO, "%s: is a folder", path);
  char *real = there ? realpath(path, NULL) : NULL;
  aside->target = real ? real : strdup(path);
  if (!aside->target) return rnn_fail_memory(error, strlen(path));
  if (!there || S_ISREG(status.st_mode)) {
    if (there && access(path, W_OK) != 0) return rnn_fail_errno(error, "%s: cannot write", path);
    return open_temporary(aside, there ? status.st_mode & 0777 : 0666, error);
  }
  aside->direct = true;
  aside->file = open(path, O_WRONLY | O_CLOEXEC);
  return aside->file >= 0 || rnn_fail_errno(error, "%s: cannot write", path);
}

RnnAside *rnn_aside_begin(const char *path, RnnError *error)
{
  RnnAside *aside = calloc(1, sizeof *aside);
  if (!aside) return rnn_fail_memory(error, sizeof *aside), NULL;
  aside->file = -1;
  if (begin(aside, path, error)) return aside;
  aside_free(aside);
  return NULL;
}

bool rnn_aside_write(RnnAside *aside, const void *bytes, size_t size, RnnError *error)
{
  for (const char *at = bytes; size > 0;) {
    ssize_t written = write(aside->file, at, size < SSIZE_MAX / 2 ? size : SSIZE_MAX / 2);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return rnn_fail_errno(error, "%s: cannot write", aside->path);
    at += written;
    size -= (size_t)written;
  }
  return true;
}

/* The rename is durable only once the folder is synced too. A folder that cannot be opened for that is no reason to
   fail: the data are there. */
static void sync_folder(const char *path)
{
  char *copy = strdup(path);
  if (!copy) return;
  int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  free(copy);
}

bool rnn_aside_commit(RnnAside *aside, RnnError *error)
{
  bool synced = aside->direct || fsync(aside->file) == 0;
  int reason = errno;
  if (close(aside->file) != 0 && synced) {
    synced = false;
    reason = errno;
  }
  aside->file = -1;
  errno = reason;
  bool done = false;
  if (!synced) rnn_fail_errno(error, "%s: cannot write", aside->path);
  else if (!aside->direct && rename(aside->temporary, aside->target) != 0)
    rnn_fail_errno(error, "%s: cannot rename %s to it", aside->path, aside->temporary);
  else done = true;
  if (!aside->direct && !done) unlink(aside->temporary);
  if (!aside->direct && done) sync_folder(aside->target);
  aside_free(aside);
  return done;
}

void rnn_aside_cancel(RnnAside *aside)
{
  if (!aside) return;
  if (!aside->direct) unlink(aside->temporary);
  aside_free(aside);
}

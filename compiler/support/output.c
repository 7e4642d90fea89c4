/* output.c: files written aside and renamed, so that none is seen half-written. */
#include "output.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *data, size_t n)
{
  while (n > 0) {
    ssize_t k = write(fd, data, n);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return false;
    data += k, n -= (size_t)k;
  }
  return true;
}

static bool refuse(char **error, const char *path, const char *doing)
{
  Text t = {0};
  text_printf(&t, "can't %s '%s': %s", doing, path, strerror(errno));
  *error = t.at;
  return false;
}

bool output_write(const char *path, const char *data, size_t n, char **error)
{
  if (!strcmp(path, "-")) return write_all(STDOUT_FILENO, data, n) || refuse(error, "standard output", "write to");
  struct stat st;
  if (!stat(path, &st) && !S_ISREG(st.st_mode)) { /* /dev/null, a pipe: nothing to rename over */
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return refuse(error, path, "write");
    bool ok = write_all(fd, data, n) || refuse(error, path, "write");
    close(fd);
    return ok;
  }
  Text aside = {0};
  text_printf(&aside, "%s.XXXXXX", path);
  int fd = mkstemp(aside.at);
  if (fd < 0) {
    text_free(&aside);
    return refuse(error, path, "write");
  }
  mode_t mask = umask(0);
  umask(mask);
  bool ok = write_all(fd, data, n) && !fchmod(fd, 0666 & ~mask) && !fsync(fd);
  ok = !close(fd) && ok;
  ok = ok && !rename(aside.at, path);
  if (!ok) {
    refuse(error, path, "write");
    unlink(aside.at);
  }
  text_free(&aside);
  return ok;
}

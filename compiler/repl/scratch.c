/* scratch.c: see command.h. */
#define _GNU_SOURCE
#include "command.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *scratch_path(const char *folder, const char *name)
{
  char *path = NULL;
  if (asprintf(&path, "%s/%s", folder, name) < 0) abort();
  return path;
}

char *scratch_make(Session *s)
{
  const char *where = getenv("TMPDIR");
  char *folder = scratch_path(where && *where ? where : "/tmp", "rnnc-XXXXXX");
  if (mkdtemp(folder)) return folder;
  world_fail(&s->world, EXIT_ENVIRONMENT, "no folder for files on the way, %s: %s", folder, strerror(errno));
  free(folder);
  return NULL;
}

char *scratch_read(const char *path)
{
  FILE *f = fopen(path, "rb");
  Text t = {0};
  char piece[4096];
  if (!f) return NULL;
  text_puts(&t, "");
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;) text_write(&t, piece, n);
  fclose(f);
  return t.at;
}

void scratch_remove(char *folder)
{
  DIR *d = opendir(folder);
  for (struct dirent *e; d && (e = readdir(d));) {
    char *path = scratch_path(folder, e->d_name);
    unlink(path);
    free(path);
  }
  if (d) closedir(d);
  rmdir(folder);
  free(folder);
}

/* linker.c: runs the C compiler as a linker, and finds librnn.
   Needs: a POSIX system, /proc/self/exe. Leaves: nothing behind when it fails, not even a half-written output. */
#include "linker.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- the command ---- */

typedef struct Command {
  char **argv; /* NULL-terminated */
  int n;
} Command;

static void push(Command *c, const char *word)
{
  c->argv = realloc(c->argv, (size_t)(c->n + 2) * sizeof *c->argv);
  if (!c->argv || !(c->argv[c->n] = strdup(word))) abort();
  c->argv[++c->n] = NULL;
}

static void command_free(Command *c)
{
  for (int i = 0; i < c->n; i++) free(c->argv[i]);
  free(c->argv);
}

static Command command_of(const LinkJob *job, const char *output)
{
  Command c = {0};
  const char *cc = getenv("CC");
  Text words = {0};
  text_puts(&words, cc && cc[strspn(cc, " ")] ? cc : "cc");
  char *rest = NULL;
  for (char *w = strtok_r(words.at, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) push(&c, w);
  text_free(&words);
  if (job->debug) push(&c, "-g");
  push(&c, "-o");
  push(&c, output);
  push(&c, job->object);
  if (job->runtime) push(&c, job->runtime);
  for (const char *const *l = job->libs; l && *l; l++) push(&c, *l);
  return c;
}

void link_print(FILE *out, const LinkJob *job)
{
  Command c = command_of(job, job->output);
  for (int i = 0; i < c.n; i++) {
    fputs(i ? " '" : "'", out);
    for (const char *s = c.argv[i]; *s; s++) {
      if (*s == '\'') fputs("'\\''", out);
      else putc(*s, out);
    }
    putc('\'', out);
  }
  putc('\n', out);
  command_free(&c);
}

/* ---- running it ---- */

/* Runs the command with its output and errors caught in *said. The exit status, or -1 and errno when it can't be
 * started. */
static int run(const Command *c, Text *said)
{
  int pipe_fd[2];
  if (pipe(pipe_fd)) return -1;
  for (int i = 0; i < 2; i++) fcntl(pipe_fd[i], F_SETFD, FD_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDERR_FILENO);
  pid_t pid;
  int failed = posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_fd[1]);
  if (failed) {
    close(pipe_fd[0]);
    errno = failed;
    return -1;
  }
  char buffer[4096];
  for (;;) {
    ssize_t n = read(pipe_fd[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text_write(said, buffer, (size_t)n);
  }
  close(pipe_fd[0]);
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool link_program(const LinkJob *job, char **error)
{
  Text aside = {0}, said = {0}, why = {0};
  text_printf(&aside, "%s.tmp-%ld", job->output, (long)getpid());
  Command c = command_of(job, aside.at);
  int status = run(&c, &said);
  if (status < 0 && errno == ENOENT)
    text_printf(&why, "there is no C compiler '%s' to link with: install gcc, set CC, or use -c for an object alone",
                c.argv[0]);
  else if (status < 0) text_printf(&why, "the C compiler '%s' can't be run: %s", c.argv[0], strerror(errno));
  else if (status != 0)
    text_printf(&why, "linking '%s' with '%s' failed (exit code %d):\n%s", job->output, c.argv[0], status,
                said.at ? said.at : "");
  else if (rename(aside.at, job->output)) text_printf(&why, "can't write '%s': %s", job->output, strerror(errno));
  if (why.at) unlink(aside.at);
  command_free(&c);
  text_free(&aside);
  text_free(&said);
  *error = why.at;
  return !why.at;
}

/* ---- librnn ---- */

const char *const link_libs[] = {"-lopenblas", "-ljansson", "-lzip", "-lcsv", "-lutf8proc", "-lpthread", "-lm", NULL};

/* A file in a given folder, or at one of some places as seen from rnnc. The caller frees; NULL: a list of where it was
   looked for in *tried. */
static char *find(const char *file, const char *folder, const char *const *places, Text *tried)
{
  Text at = {0};
  if (folder && *folder) {
    text_printf(&at, "%s/%s", folder, file);
    if (!access(at.at, R_OK)) return at.at;
    text_printf(tried, " %s", at.at);
  }
  char self[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  char *slash = n > 0 ? (self[n] = 0, strrchr(self, '/')) : NULL;
  if (slash) slash[1] = 0;
  for (; slash && *places; places++) {
    text_free(&at);
    at = (Text){0};
    text_printf(&at, "%s%s%s", self, *places, file);
    if (!access(at.at, R_OK)) return at.at;
    text_printf(tried, " %s", at.at);
  }
  text_free(&at);
  return NULL;
}

char *link_runtime(char **error)
{
  static const char *const places[] = {"", RNNC_LIB_DIR "/", "../lib/", NULL};
  Text tried = {0}, why = {0};
  char *found = find("librnn.a", getenv("RNNC_LIBDIR"), places, &tried);
  if (!found) {
    text_printf(&why,
                "can't find librnn.a, which executables are linked with; set RNNC_LIBDIR to its folder. Looked for:%s",
                tried.at ? tried.at : "");
    *error = why.at;
  }
  text_free(&tried);
  return found;
}

char *link_include(char **error)
{
  static const char *const places[] = {"include/", "../include/", NULL};
  Text tried = {0}, why = {0};
  char *found = find("rnn.h", NULL, places, &tried), *slash = found ? strrchr(found, '/') : NULL;
  if (slash) *slash = 0;
  if (!found) {
    text_printf(&why, "can't find rnn.h; looked for:%s", tried.at ? tried.at : "");
    *error = why.at;
  }
  text_free(&tried);
  return found;
}

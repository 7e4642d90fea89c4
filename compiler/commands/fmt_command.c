/* fmt_command.c: rnnc fmt: sources in their usual form, in place; --check and --diff only look.
   A source with errors is left alone, and a file is written aside and renamed. */
#include "ast.h"
#include "color.h"
#include "diag_options.h"
#include "rewrite.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Job {
  DiagStyle style;
  ColorChoice color;
  bool check, diff;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  if (id == OPT_CHECK) job->check = true;
  if (id == OPT_DIFF) job->diff = true;
  if (id == OPT_COLOR) job->color = color_choice(value);
  return diag_option(COMMAND_fmt, &job->style, id, value);
}

static int fail(const char *path, const char *why)
{
  fprintf(stderr, "rnnc: %s: %s\n", path, why);
  return EXIT_ENVIRONMENT;
}

/* a temporary file with the text; its name in path */
static bool put_aside(char *path, const char *text, size_t n)
{
  int file = mkstemp(path);
  bool good = file >= 0 && write(file, text, n) == (ssize_t)n;
  if (file >= 0) close(file);
  return good;
}

/* diff(1) of the two texts, on standard output */
static int show_diff(const char *path, const char *old, size_t n, const Text *text)
{
  char before[] = "/tmp/rnnc-fmt-XXXXXX", after[] = "/tmp/rnnc-fmt-XXXXXX", labels[2][4200];
  int status = 0;
  bool good = put_aside(before, old, n) && put_aside(after, text->at, text->n);
  if (!good) fail("/tmp", strerror(errno));
  fflush(stdout);
  pid_t child = good ? fork() : -1;
  if (child == 0) {
    snprintf(labels[0], sizeof labels[0], "--label=%s", path);
    snprintf(labels[1], sizeof labels[1], "--label=%s (formatted)", path);
    execlp("diff", "diff", "-u", labels[0], labels[1], before, after, (char *)NULL);
    _exit(127);
  }
  if (child > 0) waitpid(child, &status, 0);
  unlink(before);
  unlink(after);
  if (!good) return EXIT_ENVIRONMENT;
  bool ran = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) < 2;
  return ran ? EXIT_OK : fail("diff", "this program is needed by --diff, and could not be run");
}

static int format_file(const Job *job, const char *path)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  Text text = {0};
  int code = EXIT_OK;
  size_t n = 0;
  diag_use(d, &job->style);
  const Source *source = source_from_file(d, a, path, (Span){0});
  if (!source) code = EXIT_ENVIRONMENT;
  else if (!format_source(a, d, source, &text)) code = EXIT_DIAGNOSTICS;
  diag_print(d, stderr, color_wanted(job->color, stderr));
  if (!code) {
    const char *old = source_text(source, &n);
    bool same = n == text.n && !memcmp(old, text.at, n), looks = job->check || job->diff;
    if (looks && !same) code = job->diff ? show_diff(source_name(source), old, n, &text) : EXIT_OK;
    if (looks && !same && !code) code = EXIT_DIAGNOSTICS;
    if (looks && !same && !job->diff) fprintf(stderr, "%s: not formatted\n", source_name(source));
    if (!looks && !strcmp(path, "-")) fwrite(text.at, 1, text.n, stdout);
    else if (!looks && !same) code = rewrite(path, &text);
  }
  text_free(&text);
  arena_free(a);
  return code;
}

int fmt_command(int argc, char **argv)
{
  Job job = {.style = diag_style()};
  int worst = options_read(COMMAND_fmt, argc, argv, take, &job);
  if (worst >= 0) return worst;
  if (optind == argc) return usage(COMMAND_fmt, "no file is given ('-' is standard input)", NULL, NULL);
  worst = EXIT_OK;
  for (int i = optind; i < argc; i++) {
    int code = format_file(&job, argv[i]);
    if (code > worst) worst = code;
  }
  return worst;
}

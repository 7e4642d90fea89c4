/* check_command.c: rnnc check: only errors and warnings; with --fix what they suggest is carried out first. */
#include "diag_options.h"
#include "driver.h"
#include "lang_table.h"
#include "rewrite.h"
#include <string.h>

typedef struct Job {
  DriverOptions o;
  DiagStyle style;
  bool fix;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  if (id == OPT_MODEL) job->o.model = value;
  if (id == OPT_FIX) job->fix = true;
  if (id == OPT_COLOR) job->o.color = color_choice(value);
  if (id == OPT_INCLUDE) return options_folders(COMMAND_check, value, &job->o.include);
  return diag_option(COMMAND_check, &job->style, id, value);
}

enum { FIX_ROUNDS = 20 }; /* what is mended may show the next mistake */

/* The file's text with all suggestions carried out, in out; how many */
static int mend(Arena *a, const Job *job, const Source *source, Text *out)
{
  LowerOptions options = {.lang = lang_table, .model = job->o.model, .include = job->o.include};
  int done = 0;
  for (int round = 0; round < FIX_ROUNDS; round++) {
    Diag *d = diag_new(a);
    Text text = {0};
    diag_use(d, &job->style);
    const Ast *file = parse(a, d, source);
    if (!diag_errors(d)) lower(a, d, file, &options);
    int n = diag_carry_out(d, source, &text);
    if (!n) break;
    text_free(out);
    *out = text;
    done += n;
    source = source_from_text(a, source_name(source), text.at, text.n);
  }
  return done;
}

static int fix(const Job *job)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  Text text = {0};
  int code = EXIT_OK;
  const Source *source = source_from_file(d, a, job->o.path, (Span){0});
  int done = source ? mend(a, job, source, &text) : 0; /* a file that cannot be read: said by the check */
  if (done) code = rewrite(job->o.path, &text);
  if (done && !code && job->style.form == DIAG_HUMAN)
    fprintf(stderr, "%s: %d suggestion%s carried out\n", job->o.path, done, done == 1 ? "" : "s");
  text_free(&text);
  arena_free(a);
  return code;
}

int check_command(int argc, char **argv)
{
  Job job = {.o.level = 2, .style = diag_style()};
  int code = options_read(COMMAND_check, argc, argv, take, &job);
  if (code >= 0) return code;
  job.o.path = options_operand(COMMAND_check, argc, argv);
  job.o.style = &job.style;
  if (!job.o.path) return EXIT_USAGE;
  if (job.fix && !strcmp(job.o.path, "-"))
    return usage(COMMAND_check, "--fix writes the file, and standard input is none", NULL, NULL);
  if (job.fix && (code = fix(&job))) return code;
  Driver d;
  code = driver_open(&d, &job.o);
  driver_close(&d);
  return code;
}

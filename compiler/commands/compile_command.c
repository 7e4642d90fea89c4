/* compile_command.c: rnnc model.rnn: an executable, an object, or a stage of the compiler as text. */
#include "code.h"
#include "diag_options.h"
#include <stdlib.h>
#include <string.h>

int version_command(int argc, char **argv);

typedef struct Job {
  DriverOptions o;
  DiagStyle style;
  const char *output, *emit;
  bool object, version;
  ProgramKind kind;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  switch (id) {
  case OPT_OUTPUT: job->output = value; break;
  case OPT_OBJECT: job->object = true; break;
  case OPT_INFERENCE: job->o.inference = true; break;
  case OPT_WEIGHTS:
    job->o.weights = value[0] == 'b' ? WEIGHTS_BLOB : value[1] == 'm' ? WEIGHTS_EMBED : WEIGHTS_EXTERN;
    break;
  case OPT_WEIGHTS_FILE: job->o.weights_file = value; break;
  case OPT_PREFIX: job->o.prefix = value; break;
  case OPT_EMIT: job->emit = value; break;
  case OPT_PROGRAM: job->kind = program_named(value); break;
  case OPT_PRECISION: job->o.f64_precision = !strcmp(value, "f64"); break;
  case OPT_MODEL: job->o.model = value; break;
  case OPT_LEVEL: job->o.level = *value - '0'; break;
  case OPT_TARGET: job->o.triple = value; break;
  case OPT_CPU: job->o.cpu = value; break;
  case OPT_COLOR: job->o.color = color_choice(value); break;
  case OPT_VERSION: job->version = true; break;
  default: return diag_option(COMMAND_compile, &job->style, id, value);
  }
  return -1;
}

/* What goes with -c alone, and with each other; 0: all is well. */
static int check_object(const Job *job)
{
  const DriverOptions *o = &job->o;
  const char *lost = o->inference ? "--inference" : o->weights ? "--weights" : o->prefix ? "--prefix" : NULL;
  if (lost && !job->object) return usage(COMMAND_compile, "only with -c goes", lost, NULL);
  if (o->weights == WEIGHTS_EMBED && !o->weights_file)
    return usage(COMMAND_compile, "--weights=embed needs --weights-file FILE", NULL, NULL);
  if (o->weights == WEIGHTS_EXTERN && o->weights_file)
    return usage(COMMAND_compile, "--weights-file goes with --weights=embed or --weights=blob", NULL, NULL);
  if (o->prefix && !driver_is_c_name(o->prefix))
    return usage(COMMAND_compile, "--prefix is a C name, not", o->prefix, NULL);
  return 0;
}

/* model.rnn -> model, or model.o */
static char *default_output(const char *path, const char *suffix)
{
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  size_t n = strlen(base);
  if (n > 4 && !strcmp(base + n - 4, ".rnn")) n -= 4;
  char *made = malloc(n + strlen(suffix) + 1);
  if (!made) abort();
  sprintf(made, "%.*s%s", (int)n, base, suffix);
  return made;
}

static int write_code(Job *job, Driver *d)
{
  const Code *code = code_load();
  if (!code) return EXIT_ENVIRONMENT;
  if (job->emit) return code->emit(d, job->emit, job->kind, job->output);
  char *made = NULL;
  const char *out = job->output ? job->output : (made = default_output(job->o.path, job->object ? ".o" : ""));
  int result = job->object ? code->object(d, out) : code->executable(d, out);
  free(made);
  return result;
}

/* Errors in the source, and stages that need no code, come without the code generator. */
static int compile(Job *job)
{
  Driver d;
  int code = driver_open(&d, &job->o);
  if (!code && job->emit && !driver_stage_needs_code(job->emit))
    code = driver_text(&d, job->emit, job->kind, job->output);
  else if (!code) code = write_code(job, &d);
  driver_close(&d);
  return code;
}

int compile_command(int argc, char **argv)
{
  Job job = {.o.level = 2, .style = diag_style()};
  int code = options_read(COMMAND_compile, argc, argv, take, &job);
  if (code >= 0) return code;
  if (job.version) return version_command(1, argv);
  job.o.path = options_operand(COMMAND_compile, argc, argv);
  job.o.style = &job.style;
  if (!job.o.path) return EXIT_USAGE;
  code = check_object(&job);
  if (code) return code;
  return compile(&job);
}

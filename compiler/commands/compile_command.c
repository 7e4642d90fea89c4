/* compile_command.c: rnnc model.rnn: an executable, an object, or a stage of the compiler as text; a rule for make. */
#include "code.h"
#include "compile_job.h"
#include "diag_options.h"
#include "linker.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int version_command(int argc, char **argv);

enum { EMITTED = 16 };
typedef struct Emitted {
  char stage[16];
  const char *file; /* NULL: that of -o, or standard output */
} Emitted;

typedef struct Job {
  Arena *arena;
  DriverOptions o;
  DiagStyle style;
  const char *output, *print;
  Emitted emit[EMITTED]; /* stages to write; the last one's name is empty */
  bool object, assembly, version;
  ProgramKind kind;
  MakeRule rule;
} Job;

/* "adjoint,asm=FILE": the table has checked the names. */
static int take_stages(Job *job, const char *value)
{
  Emitted *e = job->emit;
  while (*e->stage) e++;
  for (;; value++) {
    if (e == job->emit + EMITTED - 1) return usage(COMMAND_compile, "too many stages: --emit", value, NULL);
    size_t n = strcspn(value, ",="), end = strcspn(value, ",");
    snprintf(e->stage, sizeof e->stage, "%.*s", (int)n, value);
    if (value[n] == '=') e->file = arena_copy(job->arena, value + n + 1, end - n - 1);
    if (value[n] == '=' && !*e->file) return usage(COMMAND_compile, "a file's name is missing: --emit", value, NULL);
    e++;
    value += end;
    if (!*value) return -1;
  }
}

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  switch (id) {
  case OPT_OUTPUT: job->output = value; break;
  case OPT_OBJECT: job->object = true; break;
  case OPT_ASSEMBLY: job->assembly = true; break;
  case OPT_INFERENCE: job->o.inference = true; break;
  case OPT_WEIGHTS:
    job->o.weights = value[0] == 'b' ? WEIGHTS_BLOB : value[1] == 'm' ? WEIGHTS_EMBED : WEIGHTS_EXTERN;
    break;
  case OPT_WEIGHTS_FILE: job->o.weights_file = value; break;
  case OPT_PREFIX: job->o.prefix = value; break;
  case OPT_EMIT: return take_stages(job, value);
  case OPT_PROGRAM: job->kind = program_named(value); break;
  case OPT_PRECISION: job->o.f64_precision = !strcmp(value, "f64"); break;
  case OPT_MODEL: job->o.model = value; break;
  case OPT_LEVEL: job->o.level = *value - '0'; break;
  case OPT_DEBUG: job->o.debug = value && *value == '1' ? DEBUG_LINES : DEBUG_VARIABLES; break;
  case OPT_TARGET: job->o.triple = value; break;
  case OPT_TARGETS: job->o.targets = value; break;
  case OPT_CPU: job->o.cpu = value; break;
  case OPT_INCLUDE: return options_folders(COMMAND_compile, value, &job->o.include);
  case OPT_DEPEND: job->rule.wanted = true; break;
  case OPT_DEPEND_FILE: job->rule.file = value; break;
  case OPT_DEPEND_PHONY: job->rule.phony = true; break;
  case OPT_DEPEND_TARGET:
    if (job->rule.targets == MAKE_TARGETS) return usage(COMMAND_compile, "too many targets: -MT", value, NULL);
    job->rule.target[job->rule.targets++] = value;
    break;
  case OPT_VERBOSE: job->o.verbose = true; break;
  case OPT_DRY_RUN: job->o.dry_run = true; break;
  case OPT_PRINT: job->print = value; break;
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
  if (o->targets && !(job->object && o->inference))
    return usage(COMMAND_compile, "--targets goes with -c --inference", NULL, NULL);
  if (o->targets && (o->triple || o->cpu))
    return usage(COMMAND_compile, "--targets names all machines: without", o->triple ? "--target" : "--mcpu", NULL);
  if (o->weights == WEIGHTS_EMBED && !o->weights_file)
    return usage(COMMAND_compile, "--weights=embed needs --weights-file FILE", NULL, NULL);
  if (o->weights == WEIGHTS_EXTERN && o->weights_file)
    return usage(COMMAND_compile, "--weights-file goes with --weights=embed or --weights=blob", NULL, NULL);
  if (o->prefix && !driver_is_c_name(o->prefix))
    return usage(COMMAND_compile, "--prefix is a C name, not", o->prefix, NULL);
  return -1;
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

/* --print: what a build that uses rnnc needs to know */
static int print_fact(const char *what)
{
  bool header = !strcmp(what, "includedir") || !strcmp(what, "cflags");
  if (!strcmp(what, "version")) return printf("%s\n", RNNC_VERSION), EXIT_OK;
  if (!strcmp(what, "llvm")) return printf("%s\n", RNNC_LLVM), EXIT_OK;
  char *error = NULL, *found = header ? link_include(&error) : link_runtime(&error);
  if (!found) return driver_fail("", error, EXIT_ENVIRONMENT);
  char *path = realpath(found, NULL);
  if (!strcmp(what, "libdir")) *strrchr(path, '/') = 0;
  printf("%s%s", !strcmp(what, "cflags") ? "-I" : "", path);
  for (const char *const *l = link_libs; *l && !strcmp(what, "libs"); l++) printf(" %s", *l);
  fputc('\n', stdout);
  free(path);
  free(found);
  return EXIT_OK;
}

/* -1, or an exit code after a message: what is asked for does not go together. */
static int check_job(const Job *job)
{
  bool emit = *job->emit[0].stage, several = *job->emit[1].stage, text = emit || job->assembly,
       standard = job->output && !strcmp(job->output, "-");
  const char *file = emit && job->emit[0].file ? job->emit[0].file : job->output;
  const char *wrong = NULL;
  if (job->o.inference && !job->object) wrong = "--inference goes with -c";
  else if (job->object + job->assembly + emit > 1) wrong = "one of -c, -S and --emit";
  else if (!job->rule.wanted && (job->rule.file || job->rule.phony || job->rule.targets))
    wrong = "-MF, -MT and -MP go with -MD";
  else if (!text && standard && !job->object) wrong = "an executable is a file: -o NAME";
  else if (!text && standard && isatty(STDOUT_FILENO)) wrong = "an object on a terminal is of no use: -o NAME";
  else if (several && job->output) wrong = "several stages: --emit=STAGE=FILE for each, not -o";
  else if (!strcmp(job->o.path, "-") && !emit && !job->output) wrong = "standard input has no name: -o NAME";
  else if (job->rule.wanted && !job->rule.file && (standard || (emit && !file)))
    wrong = "standard output has no name: -MF FILE says where the rule goes";
  return wrong ? usage(COMMAND_compile, wrong, NULL, NULL) : -1;
}

/* A stage that needs no code comes without the code generator. */
static int write_stages(Job *job, Driver *d, const char *out)
{
  int result = EXIT_OK;
  for (const Emitted *e = job->emit; *e->stage && !result; e++) {
    const char *file = e->file ? e->file : out;
    bool needs = driver_stage_needs_code(e->stage);
    const Code *code = needs ? code_load() : NULL;
    if (needs && !code) return EXIT_ENVIRONMENT;
    result = needs ? code->emit(d, e->stage, job->kind, file) : driver_text(d, e->stage, job->kind, file);
  }
  return result;
}

static int write_code(Job *job, Driver *d, const char *out)
{
  const Code *code = code_load();
  if (!code) return EXIT_ENVIRONMENT;
  if (job->object && job->o.dry_run) return EXIT_OK; /* nothing is linked */
  return job->object ? code->object(d, out) : code->executable(d, out);
}

/* Errors in the source come without the code generator. */
static int compile(Job *job)
{
  Driver d;
  char *made = NULL;
  const char *out = job->output;
  bool emit = *job->emit[0].stage;
  if (!out && !emit) out = made = default_output(job->o.path, job->object ? ".o" : job->assembly ? ".s" : "");
  if (job->assembly) strcpy(job->emit[0].stage, "asm"), emit = true;
  int code = driver_open(&d, &job->o);
  if (!code && emit && !job->o.dry_run) code = write_stages(job, &d, out);
  else if (!code && !emit) code = write_code(job, &d, out);
  if (emit && job->emit[0].file) out = job->emit[0].file;
  if (!code && job->rule.wanted && !job->o.dry_run) code = make_rule_write(&job->rule, &d, out, job->object);
  free(made);
  driver_close(&d);
  return code;
}

static int run_job(Arena *arena, int argc, char **argv)
{
  Job job = {.arena = arena, .o.level = 2, .style = diag_style()};
  int code = options_read(COMMAND_compile, argc, argv, take, &job);
  if (code >= 0) return code;
  if (job.version || (job.o.verbose && optind == argc)) return version_command(1, argv);
  if (job.print)
    return optind == argc ? print_fact(job.print) : usage(COMMAND_compile, "--print takes no model", NULL, NULL);
  job.o.path = options_operand(COMMAND_compile, argc, argv);
  job.o.style = &job.style;
  if (!job.o.path) return EXIT_USAGE;
  code = check_job(&job);
  if (code < 0) code = check_object(&job);
  return code >= 0 ? code : compile(&job);
}

int compile_command(int argc, char **argv)
{
  Arena *arena = arena_new();
  int code = run_job(arena, argc, argv);
  arena_free(arena);
  return code;
}

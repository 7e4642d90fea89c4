/* run_command.c: rnnc run FILE COMMAND .. and rnnc bench FILE ..: a model compiled in memory, and the runtime's command
   over it. Needs: of the command's options those that say what is compiled; all of them are read by the runtime. */
#include "clock.h"
#include "code.h"
#include "interpret_command.h"
#include <stdlib.h>
#include <string.h>

/* Which programs a command may run, or tell of: they are compiled as they first run. The others need not even be
   planned. */
static const struct {
  const char *command;
  unsigned programs;
} needs[] = {
    {"train", 1u << PROGRAM_TRAIN | 1u << PROGRAM_EVALUATE},
    {"gradient", 1u << PROGRAM_TRAIN},
    {"evaluate", 1u << PROGRAM_EVALUATE | 1u << PROGRAM_FORWARD},
    {"predict", 1u << PROGRAM_FORWARD | 1u << PROGRAM_STEP},
    {"forward", 1u << PROGRAM_FORWARD},
    {"sample", 1u << PROGRAM_FORWARD | 1u << PROGRAM_STEP},
    {"decode", 1u << PROGRAM_DECODE},
    {"info", 1u << PROGRAM_FORWARD | 1u << PROGRAM_STEP | 1u << PROGRAM_TRAIN | 1u << PROGRAM_EVALUATE},
    {"init", 0},
};

static const char **split(const char *list)
{
  int n = 1;
  for (const char *c = list; *c; c++) n += *c == ',';
  const char **names = calloc((size_t)n + 1, sizeof *names);
  char *text = strdup(list), *save = NULL;
  if (!names || !text) abort();
  n = 0;
  for (char *word = strtok_r(text, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) names[n++] = word;
  return names;
}

/* A setting that says what is compiled, from the command line or the checkpoint that training goes on from; NULL: the
   train block's. The caller frees. */
static char *wanted_setting(const RnnArguments *a, const char *name)
{
  const char *given = rnn_arguments_setting(a, name), *resume = rnn_arguments_value(a, "resume");
  if (given) return strdup(given);
  const Code *code = resume ? code_load() : NULL;
  return code ? code->checkpoint_setting(resume, name) : NULL;
}

static unsigned programs_of(const char *command, const RnnArguments *a)
{
  const char *mode = rnn_arguments_value(a, "mode");
  if (!strcmp(command, "bench")) return 1u << (mode && program_named(mode) >= 0 ? program_named(mode) : PROGRAM_TRAIN);
  for (unsigned i = 0; i < sizeof needs / sizeof *needs; i++)
    if (!strcmp(needs[i].command, command)) return needs[i].programs;
  return (1u << PROGRAM_KINDS) - 1;
}

/* What the arguments say of how the model is compiled; -1, or an exit code after a message. */
static int compile_options(DriverOptions *o, const char *command, const RnnArguments *a)
{
  const char *precision = rnn_arguments_value(a, "precision"), *level = rnn_arguments_value(a, "optimize"),
             *color = rnn_arguments_value(a, "color");
  int code = options_check(COMMAND_run, OPT_PRECISION, precision);
  if (code < 0) code = options_check(COMMAND_run, OPT_LEVEL, level);
  if (code < 0) code = options_check(COMMAND_run, OPT_COLOR, color);
  if (code >= 0) return code;
  const char *include = rnn_arguments_value(a, "include");
  code = include ? options_folders(COMMAND_run, include, &o->include) : -1;
  if (code >= 0) return code;
  o->model = rnn_arguments_value(a, "model");
  o->color = color ? color_choice(color) : COLOR_AUTO;
  o->f64_precision = precision && !strcmp(precision, "f64");
  if (level) o->level = *level - '0';
  if (rnn_arguments_value(a, "debug")) o->debug = DEBUG_VARIABLES;
  if (!strcmp(command, "info")) o->level = 0; /* nothing of it runs */
  return -1;
}

static int run_compiled(Driver *d, unsigned programs, int argc, char **argv)
{
  const Code *code = code_load();
  if (!code) return EXIT_ENVIRONMENT;
  const RnnModel *model = NULL;
  RnnHost host = {.compile_s = 0};
  double start = rnn_seconds();
  int result = code->jit(d, programs, strcmp(argv[1], "bench") ? programs : 0, &model);
  host.compile_s = rnn_seconds() - start;
  return result ? result : code->run(argc, argv, model, &host);
}

/* argv[1] is the command */
static int run_with(DriverOptions *o, const RnnArguments *a, int argc, char **argv)
{
  const char *command = argv[1];
  int code = compile_options(o, command, a);
  if (code >= 0) return code;
  const char *wrt = rnn_arguments_value(a, "wrt"), *show = rnn_arguments_value(a, "show");
  const char **wrt_names = wrt ? split(wrt) : NULL, **show_names = show ? split(show) : NULL;
  char *forcing = wanted_setting(a, "teacher_forcing"), *gap = wanted_setting(a, "gap");
  bool train = !strcmp(command, "train"), evaluate = !strcmp(command, "evaluate");
  o->wrt = wrt_names;
  o->show = show_names;
  o->forcing = forcing;
  o->free = (train && gap && !strcmp(gap, "true")) || (evaluate && rnn_arguments_value(a, "free"));

  Driver d;
  code = driver_open(&d, o);
  unsigned programs = programs_of(command, a);
  if (o->free || (train && !code && driver_has_setting(&d, "gap", "true"))) programs |= 1u << PROGRAM_FREE;
  if (!code && rnn_arguments_value(a, "interpret")) code = interpret_command(&d, command, a);
  else if (!code) code = run_compiled(&d, programs, argc, argv);
  driver_close(&d);
  free(forcing);
  free(gap);
  if (wrt_names) free((char *)wrt_names[0]);
  if (show_names) free((char *)show_names[0]);
  free(wrt_names);
  free(show_names);
  return code;
}

static int run(const char *path, int argc, char **argv)
{
  DriverOptions o = {.path = path, .level = 2};
  char name[4200];
  RnnArguments *arguments;
  snprintf(name, sizeof name, "rnnc run %s", path);
  int code = rnn_arguments_read(argc, argv, name, &arguments);
  if (code >= 0) return code;
  code = run_with(&o, arguments, argc, argv);
  rnn_arguments_free(arguments);
  return code;
}

/* argv: COMMAND FILE ..; what stands before the file is rnnc's own: --help. -1, or an exit code. */
static int before_model(CommandId command, int argc, char **argv)
{
  if (argc > 1 && *argv[1] == '-' && argv[1][1]) {
    int code = options_read(command, argc, argv, NULL, NULL);
    if (code >= 0) return code;
    return usage(command, "the model comes before", argv[1], NULL);
  }
  return argc > 1 ? -1 : usage(command, "the model is missing", NULL, NULL);
}

/* argv: run FILE COMMAND .. */
int run_command(int argc, char **argv)
{
  int code = before_model(COMMAND_run, argc, argv);
  return code >= 0 ? code : run(argv[1], argc - 1, argv + 1);
}

/* argv: bench FILE .. */
int bench_command(int argc, char **argv)
{
  int code = before_model(COMMAND_bench, argc, argv);
  if (code >= 0) return code;
  const char *path = argv[1];
  argv[1] = "bench";
  return run(path, argc, argv);
}

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

/* The value of `--name value` or `--name=value` among the command's arguments, which the runtime reads too; NULL when
 * absent. */
static const char *peek(int argc, char **argv, const char *name, char letter)
{
  size_t n = strlen(name);
  const char *found = NULL;
  for (int i = 1; i < argc; i++) {
    if (letter && argv[i][0] == '-' && argv[i][1] == letter)
      found = argv[i][2] ? argv[i] + 2 : i + 1 < argc ? argv[i + 1] : "";
    if (strncmp(argv[i], "--", 2) || strncmp(argv[i] + 2, name, n)) continue;
    if (argv[i][2 + n] == '=') found = argv[i] + 3 + n;
    else if (!argv[i][2 + n]) found = i + 1 < argc ? argv[i + 1] : "";
  }
  return found;
}

/* VALUE of the last `--set NAME=VALUE`, NULL when absent. */
static const char *peek_setting(int argc, char **argv, const char *name)
{
  const char *found = NULL;
  for (int i = 2; i < argc; i++) {
    const char *word = argv[i];
    if (!strcmp(word, "--set") || !strcmp(word, "-s")) word = i + 1 < argc ? argv[i + 1] : "";
    else if (!strncmp(word, "--set=", 6)) word += 6;
    else if (!strncmp(word, "-s", 2)) word += 2;
    else continue;
    if (!strncmp(word, "train.", 6)) word += 6;
    size_t n = strlen(name);
    if (strncmp(word, name, n)) continue;
    word += n + strspn(word + n, " ");
    if (*word == '=') found = word + 1 + strspn(word + 1, " ");
  }
  return found;
}

/* A setting that says what is compiled, from the command line or the checkpoint that training goes on from; NULL: the
   train block's. The caller frees. */
static char *wanted_setting(int argc, char **argv, const char *name)
{
  const char *resume = peek(argc, argv, "resume", 0), *given = peek_setting(argc, argv, name);
  if (given) return strdup(given);
  const Code *code = resume ? code_load() : NULL;
  return code ? code->checkpoint_setting(resume, name) : NULL;
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

static int run(DriverOptions *o, int argc, char **argv)
{
  if (argc < 2) return usage(COMMAND_run, "run needs a command: rnnc run model.rnn train ...", NULL, NULL);
  const char *command = argv[1];
  unsigned programs = (1u << PROGRAM_KINDS) - 1;
  for (unsigned i = 0; i < sizeof needs / sizeof *needs; i++)
    if (!strcmp(needs[i].command, command)) programs = needs[i].programs;
  const char *mode = peek(argc, argv, "mode", 0);
  if (!strcmp(command, "bench"))
    programs = 1u << (mode && program_named(mode) >= 0 ? program_named(mode) : PROGRAM_TRAIN);
  const char *precision = peek(argc, argv, "precision", 0), *wrt = peek(argc, argv, "wrt", 0),
             *show = peek(argc, argv, "show", 0);
  const char *level = peek(argc, argv, "optimize", 'O');
  o->model = peek(argc, argv, "model", 0);
  int code = options_check(COMMAND_run, OPT_PRECISION, precision);
  if (code < 0) code = options_check(COMMAND_run, OPT_LEVEL, level);
  if (code >= 0) return code;
  o->f64_precision = precision && !strcmp(precision, "f64");
  if (level) o->level = *level - '0';
  if (!strcmp(command, "info")) o->level = 0; /* nothing of it runs */
  const char **wrt_names = wrt ? split(wrt) : NULL, **show_names = show ? split(show) : NULL;
  o->wrt = wrt_names;
  o->show = show_names;

  Driver d;
  char *forcing = wanted_setting(argc, argv, "teacher_forcing"), *gap = wanted_setting(argc, argv, "gap");
  bool train = !strcmp(command, "train"), evaluate = !strcmp(command, "evaluate");
  o->forcing = forcing;
  o->free = (train && gap && !strcmp(gap, "true")) || (evaluate && peek(argc, argv, "free", 0));
  code = driver_open(&d, o);
  if (o->free || (train && !code && driver_has_setting(&d, "gap", "true"))) programs |= 1u << PROGRAM_FREE;
  if (!code && peek(argc, argv, "interpret", 0)) code = interpret_command(&d, argc, argv);
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

/* argv: run FILE COMMAND .. */
int run_command(int argc, char **argv)
{
  DriverOptions o = {.level = 2};
  int code = argc > 1 && *argv[1] == '-' && argv[1][1] ? options_read(COMMAND_run, argc, argv, NULL, NULL) : -1;
  if (code >= 0) return code;
  if (argc < 2) return usage(COMMAND_run, "run needs a model and a command", NULL, NULL);
  o.path = argv[1];
  return run(&o, argc - 1, argv + 1);
}

/* argv: bench FILE .. */
int bench_command(int argc, char **argv)
{
  DriverOptions o = {.level = 2};
  int code = argc > 1 && *argv[1] == '-' && argv[1][1] ? options_read(COMMAND_bench, argc, argv, NULL, NULL) : -1;
  if (code >= 0) return code;
  if (argc < 2) return usage(COMMAND_bench, "bench needs a model", NULL, NULL);
  o.path = argv[1];
  argv[1] = "bench";
  return run(&o, argc, argv);
}

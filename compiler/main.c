/* main.c: rnnc's command line: which job, exit codes. The jobs themselves are driver.c's; the commands of `run` are the
 * runtime's. */
#include "driver.h"
#include "interpret_command.h"
#include "clock.h"
#include "commands.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <llvm-c/Core.h>

typedef enum OptionId {
#define OPTION(id, letter, name, argument, help) OPT_##id,
#include "options.def"
#undef OPTION
  OPT_COUNT
} OptionId;

static const struct {
  int letter;
  const char *name, *argument, *help;
} options[] = {
#define OPTION(id, letter, name, argument, help) {letter, name, argument, help},
#include "options.def"
#undef OPTION
};

enum { FIRST_LONG = 256 }; /* getopt's value of option number i is FIRST_LONG + i */

static void help(FILE *out)
{
  fputs("rnnc compiles recurrent models from their equations.\n\n"
        "  rnnc model.rnn -o model                an executable: model train|evaluate|predict|sample|info|...\n"
        "  rnnc run model.rnn COMMAND ...         the same commands at once, compiled in memory\n"
        "  rnnc -c model.rnn -o model.o           an object, and model.h, for C programs\n"
        "  rnnc --emit=adjoint model.rnn          a stage of the compiler, to look at\n"
        "  rnnc check model.rnn                   only the errors\n"
        "  rnnc bench model.rnn --mode train      how fast it is (rnnc run model.rnn bench)\n\n"
        "Options\n",
        out);
  for (int i = 0; i < OPT_COUNT; i++) {
    char left[64];
    snprintf(left, sizeof left, "%s%c%s --%s%s%s", options[i].letter ? "-" : " ",
             options[i].letter ? options[i].letter : ' ', options[i].letter ? "," : " ", options[i].name,
             options[i].argument ? "=" : "", options[i].argument ? options[i].argument : "");
    fprintf(out, "  %-28s %s\n", left, options[i].help);
  }
  fputs("\n  rnnc run model.rnn COMMAND --help lists a command's options.\n"
        "Exit codes: 0 ok, 1 errors in the source, 2 wrong usage, 3 files or environment, 4 training ended badly.\n",
        out);
}

static int usage(const char *what, const char *name, const char *near)
{
  fprintf(stderr, "rnnc: %s%s%s%s", what, name ? " '" : "", name ? name : "", name ? "'" : "");
  if (near) fprintf(stderr, ": did you mean '%s'?", near);
  fputs("\nTry 'rnnc --help'.\n", stderr);
  return EXIT_USAGE;
}

static const char *near_option(const char *given)
{
  const char *names[OPT_COUNT];
  for (int i = 0; i < OPT_COUNT; i++) names[i] = options[i].name;
  while (*given == '-') given++;
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)strcspn(given, "="), given);
  const char *near = nearest(word, names, OPT_COUNT);
  static char text[80];
  if (near) snprintf(text, sizeof text, "--%s", near);
  return near ? text : NULL;
}

static int program_kind(const char *name)
{
  for (int k = 0; k < PROGRAM_KINDS; k++)
    if (!strcmp(name, program_name[k])) return k;
  return -1;
}

static void version(void)
{
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  printf("rnnc %s (LLVM %u.%u.%u)\n", RNNC_VERSION, major, minor, patch);
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

typedef struct Job {
  DriverOptions o;
  const char *output, *emit;
  bool object;
  ProgramKind kind;
} Job;

/* Reads one option of rnnc itself; an exit code, or -1 to go on. */
static int take_option(Job *job, int id, const char *value)
{
  switch ((OptionId)id) {
  case OPT_OUTPUT: job->output = value; break;
  case OPT_OBJECT: job->object = true; break;
  case OPT_INFERENCE: job->o.inference = true; break;
  case OPT_EMIT: job->emit = value; break;
  case OPT_PROGRAM:
    if (program_kind(value) < 0) return usage("--program is train, evaluate, free, forward or step, not", value, NULL);
    job->kind = (ProgramKind)program_kind(value);
    break;
  case OPT_PRECISION:
    if (strcmp(value, "f32") && strcmp(value, "f64")) return usage("--precision is f32 or f64, not", value, NULL);
    job->o.f64_precision = value[1] == '6';
    break;
  case OPT_MODEL: job->o.model = value; break;
  case OPT_LEVEL:
    if (strlen(value) != 1 || *value < '0' || *value > '3') return usage("-O is 0 to 3, not", value, NULL);
    job->o.level = *value - '0';
    break;
  case OPT_TARGET: job->o.triple = value; break;
  case OPT_CPU: job->o.cpu = value; break;
  case OPT_HELP: help(stdout); return 0;
  case OPT_VERSION: version(); return 0;
  case OPT_COUNT: break;
  }
  return -1;
}

static int parse_options(Job *job, int argc, char **argv)
{
  struct option longs[OPT_COUNT + 1] = {0};
  char letters[3 * OPT_COUNT + 2] = ":";
  for (int i = 0; i < OPT_COUNT; i++) {
    longs[i] =
        (struct option){options[i].name, options[i].argument ? required_argument : no_argument, NULL, FIRST_LONG + i};
    if (!options[i].letter) continue;
    char *end = letters + strlen(letters);
    *end++ = (char)options[i].letter;
    if (options[i].argument) *end++ = ':';
    *end = 0;
  }
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
    if (c == '?') return usage("no option", argv[optind - 1], near_option(argv[optind - 1]));
    if (c == ':') return usage("a value is missing after", argv[optind - 1], NULL);
    int id = c - FIRST_LONG;
    for (int i = 0; c < FIRST_LONG && i < OPT_COUNT; i++)
      if (options[i].letter == c) id = i;
    int code = take_option(job, id, optarg);
    if (code >= 0) return code;
  }
  return -1;
}

static int compile(Job *job)
{
  Driver d;
  int code = driver_open(&d, &job->o);
  char *made = NULL;
  if (!code && job->emit) code = driver_emit(&d, job->emit, job->kind, job->output);
  else if (!code) {
    const char *out = job->output ? job->output : (made = default_output(job->o.path, job->object ? ".o" : ""));
    code = job->object ? driver_object(&d, out) : driver_executable(&d, out);
  }
  free(made);
  driver_close(&d);
  return code;
}

static int check_only(Job *job)
{
  Driver d;
  int code = driver_open(&d, &job->o);
  driver_close(&d);
  return code;
}

/* ---- rnnc run FILE COMMAND .. ---- */

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
  return resume ? rnn_checkpoint_setting(resume, name) : NULL;
}

static int run(Job *job, int argc, char **argv)
{
  if (argc < 2) return usage("run needs a command: rnnc run model.rnn train ...", NULL, NULL);
  const char *command = argv[1];
  unsigned programs = (1u << PROGRAM_KINDS) - 1;
  for (unsigned i = 0; i < sizeof needs / sizeof *needs; i++)
    if (!strcmp(needs[i].command, command)) programs = needs[i].programs;
  const char *mode = peek(argc, argv, "mode", 0);
  if (!strcmp(command, "bench"))
    programs = 1u << (mode && program_kind(mode) >= 0 ? program_kind(mode) : PROGRAM_TRAIN);
  const char *precision = peek(argc, argv, "precision", 0), *wrt = peek(argc, argv, "wrt", 0),
             *show = peek(argc, argv, "show", 0);
  const char *level = peek(argc, argv, "optimize", 'O');
  const char *which = peek(argc, argv, "model", 0);
  int code = -1;
  if (which) code = take_option(job, OPT_MODEL, which);
  if (!strcmp(command, "info")) job->o.level = 0; /* nothing of it runs */
  if (precision && code < 0) code = take_option(job, OPT_PRECISION, precision);
  if (level && code < 0) code = take_option(job, OPT_LEVEL, level);
  if (code >= 0) return code;
  const char **wrt_names = wrt ? split(wrt) : NULL, **show_names = show ? split(show) : NULL;
  job->o.wrt = wrt_names;
  job->o.show = show_names;

  Driver d;
  char *forcing = wanted_setting(argc, argv, "teacher_forcing"), *gap = wanted_setting(argc, argv, "gap");
  bool train = !strcmp(command, "train"), evaluate = !strcmp(command, "evaluate");
  job->o.forcing = forcing;
  job->o.free = (train && gap && !strcmp(gap, "true")) || (evaluate && peek(argc, argv, "free", 0));
  code = driver_open(&d, &job->o);
  if (job->o.free || (train && !code && driver_has_setting(&d, "gap", "true"))) programs |= 1u << PROGRAM_FREE;
  const RnnModel *model = NULL;
  if (!code && peek(argc, argv, "interpret", 0)) code = interpret_command(&d, argc, argv);
  else if (!code) {
    RnnHost host = {.compile_s = 0};
    double start = rnn_seconds();
    code = driver_jit(&d, programs, strcmp(command, "bench") ? programs : 0, &model);
    host.compile_s = rnn_seconds() - start;
    if (!code) code = rnn_main(argc, argv, model, &host);
  }
  driver_close(&d);
  free(forcing);
  free(gap);
  if (wrt_names) free((char *)wrt_names[0]);
  if (show_names) free((char *)show_names[0]);
  free(wrt_names);
  free(show_names);
  return code;
}

int main(int argc, char **argv)
{
  Job job = {.o.level = 2};
  bool bench = argc > 1 && !strcmp(argv[1], "bench");
  if (argc > 1 && (!strcmp(argv[1], "run") || bench)) {
    if (argc < 3) return usage(bench ? "bench needs a model" : "run needs a model and a command", NULL, NULL);
    job.o.path = argv[2];
    if (bench) argv[2] = "bench";
    return run(&job, argc - (bench ? 1 : 2), argv + (bench ? 1 : 2));
  }
  bool check = argc > 1 && !strcmp(argv[1], "check");
  if (check) {
    argv++;
    argc--;
  }
  int code = parse_options(&job, argc, argv);
  if (code >= 0) return code;
  if (optind == argc) return usage("no model given", NULL, NULL);
  if (optind + 1 < argc) return usage("one model at a time; what is", argv[optind + 1], NULL);
  if (job.o.inference && !job.object) return usage("--inference goes with -c", NULL, NULL);
  job.o.path = argv[optind];
  return check ? check_only(&job) : compile(&job);
}

/* main.c: rnnc's command line: which command, by commands.def. What a command does is in commands/NAME_command.c. */
#include "code.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name, group, operands, help) int name##_command(int argc, char **argv);
#define CODE_COMMAND(name, group, operands, help)
#include "commands.def"
#undef COMMAND

static int (*const command_run[COMMANDS])(int argc, char **argv) = {
#define COMMAND(name, group, operands, help) [COMMAND_##name] = name##_command,
#define CODE_COMMAND(name, group, operands, help)
#include "commands.def"
#undef COMMAND
};

/* --help of a command needs no code. */
static bool asks_for_help(int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
  return false;
}

static int run_command_of(CommandId command, int argc, char **argv)
{
  if (command_run[command]) return command_run[command](argc, argv);
  if (asks_for_help(argc, argv)) return help_command_options(command, stdout), EXIT_OK;
  const Code *code = code_load();
  return code ? code->command[command](argc, argv) : EXIT_ENVIRONMENT;
}

/* What was printed has to have arrived; a pipe whose reader left early is no failure. */
static int finish(int code)
{
  errno = 0;
  if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE || code != EXIT_OK) return code;
  fprintf(stderr, "rnnc: can't write to standard output: %s\n", strerror(errno));
  return EXIT_ENVIRONMENT;
}

/* A word where a command or a model is wanted that is neither: no file has that name, and it does not look like one. */
static bool is_misspelt(const char *word)
{
  return *word && *word != '-' && !strpbrk(word, "./") && access(word, F_OK) != 0;
}

/* rnnc alone, rnnc -e 'STATEMENTS' */
static bool is_prompt(int argc, char **argv)
{
  return argc < 2 || !strncmp(argv[1], "-e", 2) || !strncmp(argv[1], "--eval", 6) || !strcmp(argv[1], "--json");
}

int main(int argc, char **argv)
{
  int command = argc > 1 ? command_named(argv[1]) : -1;
  if (is_prompt(argc, argv)) return finish(run_command_of(COMMAND_repl, argc, argv));
  if (command >= 0) return finish(run_command_of((CommandId)command, argc - 1, argv + 1));
  if (argc > 1 && model_command_named(argv[1]) >= 0 && is_misspelt(argv[1])) {
    fprintf(stderr, "rnnc: '%s' is a command of a model: rnnc run model.rnn %s ...\n", argv[1], argv[1]);
    return EXIT_USAGE;
  }
  if (argc > 1 && is_misspelt(argv[1])) return usage(COMMANDS, "no command", argv[1], command_near(argv[1]));
  return finish(compile_command(argc, argv));
}

/* main.c: rnnc's command line: which command, by commands.def. What a command does is in commands/NAME_command.c. */
#include "options.h"
#include <string.h>
#include <unistd.h>

#define COMMAND(name, group, operands, help) int name##_command(int argc, char **argv);
#include "commands.def"
#undef COMMAND

static int (*const command_run[COMMANDS])(int argc, char **argv) = {
#define COMMAND(name, group, operands, help) name##_command,
#include "commands.def"
#undef COMMAND
};

/* A word where a command or a model is wanted that is neither: no file has that name, and it does not look like one. */
static bool is_misspelt(const char *word)
{
  return *word && *word != '-' && !strpbrk(word, "./") && access(word, F_OK) != 0;
}

int main(int argc, char **argv)
{
  int command = argc > 1 ? command_named(argv[1]) : -1;
  if (command >= 0) return command_run[command](argc - 1, argv + 1);
  if (argc > 1 && is_misspelt(argv[1])) return usage(COMMANDS, "no command", argv[1], command_near(argv[1]));
  return compile_command(argc, argv);
}

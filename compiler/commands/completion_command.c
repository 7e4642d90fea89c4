/* completion_command.c: rnnc completion SHELL. */
#include "diag.h"
#include "options.h"

int completion_command(int argc, char **argv)
{
  static const char *const shells[] = {"bash", "zsh", "fish"};
  int code = options_read(COMMAND_completion, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  const char *shell = options_operand(COMMAND_completion, argc, argv);
  if (!shell) return EXIT_USAGE;
  if (completion_write(shell, stdout)) return EXIT_OK;
  return usage(COMMAND_completion, "the shell is bash, zsh or fish, not", shell, nearest(shell, shells, 3));
}

/* help_command.c: rnnc help [COMMAND]. */
#include "options.h"
#include <getopt.h>

int help_command(int argc, char **argv)
{
  int code = options_read(COMMAND_help, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  if (optind == argc) {
    help_brief(stdout);
    return EXIT_OK;
  }
  const char *word = options_operand(COMMAND_help, argc, argv);
  if (!word) return EXIT_USAGE;
  int command = command_named(word);
  if (command < 0) return usage(COMMANDS, "no command", word, command_near(word));
  help_command_options((CommandId)command, stdout);
  return EXIT_OK;
}

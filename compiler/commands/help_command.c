/* help_command.c: rnnc help [COMMAND], of rnnc or of a model; the man page. */
#include "options.h"
#include <getopt.h>

static int take(void *job, OptionId id, const char *value)
{
  (void)value;
  if (id == OPT_MAN) *(bool *)job = true;
  return -1;
}

int help_command(int argc, char **argv)
{
  bool man = false;
  int code = options_read(COMMAND_help, argc, argv, take, &man);
  if (code >= 0) return code;
  if (man) manual_write(stdout);
  else if (optind == argc) help_brief(stdout);
  else {
    const char *word = options_operand(COMMAND_help, argc, argv);
    if (!word) return EXIT_USAGE;
    int command = command_named(word), of_model = model_command_named(word);
    if (command < 0 && of_model < 0) return usage(COMMANDS, "no command", word, command_near(word));
    if (command >= 0) help_command_options((CommandId)command, stdout);
    if (of_model >= 0) fputs(command >= 0 ? "\n" : "", stdout), help_model_command(of_model, stdout);
  }
  return EXIT_OK;
}

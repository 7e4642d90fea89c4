/* targets_command.c: rnnc targets: what --target may be. */
#include "code.h"
#include <getopt.h>
#include <string.h>

static void print_row(const char *name, const char *description, void *arg)
{
  (void)arg;
  printf("%-20s %s\n", name, description);
}

int targets_command(int argc, char **argv)
{
  int code = options_read(COMMAND_targets, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  if (optind < argc) return usage(COMMAND_targets, "targets takes no operand:", argv[optind], NULL);
  target_list(print_row, NULL);
  return EXIT_OK;
}

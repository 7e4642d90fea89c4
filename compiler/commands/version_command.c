/* version_command.c: rnnc version: the version and what it was built with. */
#include "options.h"

int version_command(int argc, char **argv)
{
  int code = options_read(COMMAND_version, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  printf("rnnc %s (LLVM %s)\n", RNNC_VERSION, RNNC_LLVM);
  return EXIT_OK;
}

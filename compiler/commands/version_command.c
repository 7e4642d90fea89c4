/* version_command.c: rnnc version: the version and what it was built with. */
#include "options.h"
#include <llvm-c/Core.h>

int version_command(int argc, char **argv)
{
  int code = options_read(COMMAND_version, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  printf("rnnc %s (LLVM %u.%u.%u)\n", RNNC_VERSION, major, minor, patch);
  return EXIT_OK;
}

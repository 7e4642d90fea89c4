/* version_command.c: rnnc version: the version, and with --verbose what it was built with and runs on. */
#include "code.h"
#include "linker.h"
#include <getopt.h>
#include <stdlib.h>

static int take(void *verbose, OptionId id, const char *value)
{
  (void)value;
  if (id == OPT_VERBOSE) *(bool *)verbose = true;
  return -1;
}

static int print_details(void)
{
  char *error = NULL, *library = link_runtime(&error);
  printf("built by %s, %s\n", RNNC_COMPILER, RNNC_BUILD);
  printf("library: %s\n", library ? library : error);
  free(library);
  free(error);
  fflush(stdout);
  const Code *code = code_load();
  if (!code) return EXIT_ENVIRONMENT;
  code->about(stdout);
  return EXIT_OK;
}

int version_command(int argc, char **argv)
{
  bool verbose = false;
  int code = options_read(COMMAND_version, argc, argv, take, &verbose);
  if (code >= 0) return code;
  if (optind < argc) return usage(COMMAND_version, "version takes no operand:", argv[optind], NULL);
  printf("rnnc %s (LLVM %s)\n", RNNC_VERSION, RNNC_LLVM);
  return verbose ? print_details() : EXIT_OK;
}

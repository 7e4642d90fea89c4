/* rewrite.c: see rewrite.h. */
#include "rewrite.h"
#include "aside.h"
#include "exit_codes.h"
#include <stdio.h>

int rewrite(const char *path, const Text *text)
{
  RnnError error = {0};
  RnnAside *aside = rnn_aside_begin(path, &error);
  bool good = aside && rnn_aside_write(aside, text->at, text->n, &error);
  if (aside && !good) rnn_aside_cancel(aside);
  if (good && rnn_aside_commit(aside, &error)) return EXIT_OK;
  fprintf(stderr, "rnnc: %s\n", error.message);
  return EXIT_ENVIRONMENT;
}

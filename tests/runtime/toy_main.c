/* toy_main.c: the command line over a toy: toy MODEL COMMAND .. */
#include "commands.h"
#include "toys.h"
#include <stdio.h>

int main(int argc, char **argv)
{
  const RnnModel *model = argc > 1 ? toy_model(argv[1]) : NULL;
  if (!model) {
    fprintf(stderr, "usage: toy elman|elman64|tbptt64|chars|pairs|chain COMMAND ...\n");
    return 2;
  }
  argv[1] = argv[0];
  return rnn_main(argc - 1, argv + 1, model, NULL);
}

/* bake.c WEIGHTS.safetensors > weights.h: the model's parameters as a constant array, for programs without files.
   Needs librnn and the model's object. Hexadecimal numbers: not a bit is lost. */
#include <rnn.h>
#include "filter.h"
#include <stdio.h>

int main(int argc, char **argv)
{
  RnnError error = {0};
  RnnHandle *model = argc == 2 ? filter_open(1, &error) : NULL;
  if (argc != 2) fprintf(stderr, "usage: bake WEIGHTS.safetensors > weights.h\n");
  if (!model || !rnn_load(model, argv[1], &error)) {
    if (error.code) fprintf(stderr, "bake: %s\n", error.message);
    rnn_close(model);
    return error.code ? (int)error.code : 2;
  }
  const filter_real *weights = rnn_weights(model);
  printf("/* weights.h: made by bake from %s */\nstatic const filter_real weights[FILTER_PARAM_COUNT] = {\n", argv[1]);
  for (int64_t i = 0; i < rnn_block(model); i++) printf("%af,%s", (double)weights[i], i % 6 == 5 ? "\n" : " ");
  printf("\n};\n");
  rnn_close(model);
  return fflush(stdout) || ferror(stdout) ? 3 : 0;
}

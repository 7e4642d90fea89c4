/* prompt_data.h: what a session's inputs hold: arrays that were typed, else a file, else nothing but a length. In the
   process that evaluates. */
#ifndef RNNC_PROMPT_DATA_H
#define RNNC_PROMPT_DATA_H
#include "parts.h"
#include "world.h"

typedef struct PromptData {
  Settings settings;
  Parts parts;
  RnnTensorFile made;
  const RnnDataset *set;
} PromptData;

/* program: its inputs must have values; others may lack them. length: of sequences, where nothing else says it.
   false: d is closed, and the error filled. */
bool prompt_data_open(PromptData *d, const World *w, RnnHandle *h, const Program *program, long length,
                      const char *folder, RnnError *error);
void prompt_data_close(PromptData *d);
/* First weights by the seed, over them what was trained or loaded. */
bool prompt_weights(const World *w, RnnHandle *h, RnnError *error);
/* The length that arrays have over the first axis; 0: there are none. */
long prompt_length(const World *w, const ModelDescription *m);
const char *prompt_weight_name(char *text, size_t size, const World *w, const char *param);
#endif

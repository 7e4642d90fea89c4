/* parts.h: the settings data, validate and test as datasets for this model. */
#ifndef RNN_PARTS_H
#define RNN_PARTS_H
#include "handle.h"
#include "settings.h"

typedef struct Parts {
  RnnData data, validate_own, test_own;      /* what was opened; the three below point into it */
  RnnDataset *memory;                        /* made of arrays, instead of data */
  const RnnDataset *train, *validate, *test; /* NULL: there is none */
} Parts;

typedef struct PartsWish {
  const RnnTensorFile *memory; /* arrays instead of the setting `data` */
  const char *folder;          /* for relative names of the model's own settings */
  bool uncut;                  /* no part is held out: all of the data is `train` */
  bool targets_optional;
} PartsWish;

/* Data are coded as the handle's weights were trained, where that is known; otherwise the coding is fitted and given to
 * the handle. */
bool rnn_parts_open(Parts *parts, RnnHandle *handle, const Settings *settings, const PartsWish *wish, RnnError *error);
void rnn_parts_close(Parts *parts);

#endif

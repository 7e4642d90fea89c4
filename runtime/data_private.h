/* data_private.h: what the readers of data share. */
#ifndef RNN_DATA_PRIVATE_H
#define RNN_DATA_PRIVATE_H
#include "data.h"
#include "words.h"

/* -- codings (coding.c) -------------------------------------------------------------------------------------------- */

/* An empty vocabulary with room for `size` entries; NULL: memory. */
RnnVocabulary *rnn_vocabulary_new(RnnUnit unit, int64_t size, RnnError *error);
bool rnn_vocabulary_put(RnnVocabulary *vocabulary, const char *text, size_t bytes, RnnError *error); /* the next id */
void rnn_vocabulary_free(RnnVocabulary *vocabulary);
/* The entry of an input, added where there is none; holds until the next is added. */
RnnInputCoding *rnn_coding_add(RnnCoding *coding, const char *input, RnnError *error);
RnnCoding *rnn_coding_copy(const RnnCoding *coding, RnnError *error);
/* Entries by text, id for id. The vocabulary is borrowed. */
bool rnn_vocabulary_words(const RnnVocabulary *vocabulary, RnnWords *words, RnnError *error);

/* -- datasets (dataset.c) ------------------------------------------------------------------------------------------ */

/* Memory for sequences of these lengths: all zero, tokens too. lengths2 is looked at where the options name a second
   axis. present[i]: whether input i has values (NULL: all). Of the options: real64, max_bytes, axes. */
RnnDataset *rnn_dataset_new(const RnnInputSpec *inputs, int count, int64_t sequences, const int64_t *lengths,
                            const int64_t *lengths2, const bool *present, const char *origin,
                            const RnnDataOptions *options, RnnError *error);
/* The element's size in bytes. */
size_t rnn_dataset_element(const RnnDataset *dataset, int input);
/* The place in an input's values of step t, s of a sequence, along the axes that the input has; and how many values
   (of `width` elements) the sequence has there, one behind the other. */
int64_t rnn_dataset_at(const RnnDataset *dataset, int input, int64_t sequence, int64_t t, int64_t s);
int64_t rnn_dataset_rows(const RnnDataset *dataset, int input, int64_t sequence);
void rnn_dataset_set_real(RnnDataset *dataset, int input, int64_t at, double value);

/* -- readers ------------------------------------------------------------------------------------------------------- */

enum { RNN_PART_TRAIN, RNN_PART_VALIDATE, RNN_PART_TEST, RNN_PARTS };

/* One reading of one source. The reader leaves the whole data here, and says what belongs to which part where the file
   says it. */
typedef struct RnnReading {
  const RnnCall *source;
  const char *path;
  const RnnInputSpec *input;
  int inputs;
  const RnnDataOptions *options;
  RnnCoding *coding; /* given: only looked up; else filled */
  bool fit;          /* the coding is to be filled */
  RnnDataset *whole; /* out */
  uint8_t *part;     /* out: [sequences], or NULL */
  bool *normalize;   /* out: [inputs], or NULL: none */
  RnnError *error;
} RnnReading;

bool rnn_read_text(RnnReading *reading); /* data_text.c */
bool rnn_read_csv(RnnReading *reading);  /* data_csv.c */
bool rnn_read_npz(RnnReading *reading);  /* data_npz.c */

/* "x is real[12] at each step" for messages; returns text */
char *rnn_input_text(const RnnInputSpec *input, char *text, size_t size);

#endif

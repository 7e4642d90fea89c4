/* data.h: data files as sequences for a model's inputs and targets.

   1. Say what the model wants: one RnnInputSpec an input or target.
   2. rnn_data_open reads the source that a setting or --data names, and cuts it into a training, a validation and a
   test part.
   3. batch.h makes batches of a part.

   How cells of a file became numbers (vocabularies, means and deviations) is the RnnCoding: it is kept in the weights
   file (rnn_coding_store, rnn_coding_load) and given again when other data are read for the same weights. */
#ifndef RNN_DATA_H
#define RNN_DATA_H
#include <stdio.h>
#include <stdint.h>
#include "error.h"
#include "source_spec.h"
#include "tensors.h"

/* -- what the model wants ------------------------------------------------------------------------------------------ */

/* The names of a model's time axes; second: NULL where there is one alone. Borrowed. */
typedef struct RnnAxes {
  const char *primary, *second;
} RnnAxes;
/* "[t]", "[s]", "[t, s]" or "" behind a variable's name; returns text. */
char *rnn_axes_text(const RnnAxes *axes, bool time, bool second, char *text, size_t size);

typedef struct RnnInputSpec {
  const char *name; /* borrowed: must outlive what is made of it */
  bool target;      /* may be unobserved: token -1, real NaN, or absent where the reader allows it */
  bool token;       /* int32_t ids in [0, classes); else real numbers */
  bool time;        /* one value a step of the primary axis */
  bool second;      /* of the second axis; time and second: one a step of each; neither: one a sequence */
  int64_t classes;  /* token[classes] */
  int rank;         /* real: the value's shape; token: 0 */
  int64_t shape[RNN_MAX_RANK];
  int64_t width; /* elements of one value: the product of shape; token: 1 */
} RnnInputSpec;

/* -- how cells became numbers -------------------------------------------------------------------------------------- */

typedef enum RnnUnit {
  RNN_UNIT_BYTE,  /* each entry is one byte of a text */
  RNN_UNIT_CHAR,  /* one code point, as UTF-8 */
  RNN_UNIT_LABEL, /* the text of a cell or of a word in it */
} RnnUnit;

typedef struct RnnVocabulary {
  RnnUnit unit;
  int64_t size;  /* <= the input's classes; 256 where bytes stand for themselves */
  char **entry;  /* id -> text, NUL-terminated */
  size_t *bytes; /* length of an entry: a byte of a text may be 0 */
} RnnVocabulary;

typedef struct RnnInputCoding {
  char *input;               /* the input's name */
  RnnVocabulary *vocabulary; /* NULL: ids stand in the file as numbers */
  int64_t base;              /* without vocabulary: the number that became id 0 */
  int64_t width;             /* elements of mean and deviation; 0: not normalised */
  double *mean, *deviation;  /* value = (cell - mean) / deviation */
} RnnInputCoding;

typedef struct RnnCoding {
  RnnInputCoding *input;
  int inputs;
} RnnCoding;

const RnnInputCoding *rnn_coding_find(const RnnCoding *coding, const char *input); /* NULL: none */
void rnn_coding_free(RnnCoding *coding);                                           /* NULL is allowed */
/* Into, and out of, a list of tensors that becomes a weights file: one metadata text "coding" (JSON). load gives NULL
   with error->code RNN_OK where there is none. */
bool rnn_coding_store(const RnnCoding *coding, RnnTensorFile *file, RnnError *error);
RnnCoding *rnn_coding_load(const RnnTensorFile *file, const char *path, RnnError *error);

/* The id of a text of `bytes` bytes, or -1. Looks at one entry after the other: for a lone one; rnn_vocabulary_encode
   is for many. */
int64_t rnn_vocabulary_id(const RnnVocabulary *vocabulary, const char *text, size_t bytes);
/* Writes the text of an id: bytes and code points as they are; labels with a blank behind them. A NULL vocabulary
   writes the number and a blank. */
bool rnn_vocabulary_write(const RnnVocabulary *vocabulary, int64_t id, FILE *out);
/* A text (a prompt) as ids: the caller frees *ids. Labels are words between blanks. Fails naming the first symbol that
   is not in the vocabulary. */
bool rnn_vocabulary_encode(const RnnVocabulary *vocabulary, const char *text, size_t bytes, int32_t **ids,
                           int64_t *count, RnnError *error);

/* -- the data ------------------------------------------------------------------------------------------------------ */

/* Sequences, one behind the other. Value v of input i in sequence n at step t (from 0) is element ((start[n] + t) *
   width + v) of values[i]; of one over the second axis ((start2[n] + s) * width + v), of one over both
   ((start_both[n] + t * length2[n] + s) * width + v), of one over neither n * width + v. */
typedef struct RnnDataset {
  const RnnInputSpec *input; /* owned copy, in the order given to the reader */
  int inputs;
  RnnAxes axes;
  bool real64; /* real values are double; else float */
  int64_t sequences;
  int64_t *length; /* [sequences], >= 1 */
  int64_t *start;  /* [sequences + 1]: sum of the lengths before; start[sequences] is the steps in all */
  int64_t *length2, *start2, *start_both; /* the same of the second axis, and sums of the products; NULL: one axis */
  int64_t pitch2; /* rows of one t of what varies over both, where that is not the sequence's own length2; else 0 */
  bool length_unknown; /* no values over the primary axis, and no lengths: each length is 1 */
  void **values;       /* [inputs]: int32_t for a token, else real; NULL: absent (an optional input) */
  char *origin;        /* for messages: the file */
} RnnDataset;

typedef struct RnnDataOptions {
  bool real64; /* read reals as double */
  /* Shares in [0, 1) that are cut off the end, test last: of the steps where the data are one sequence, else of the
     sequences. A part that a split column names (csv: split = ...) must have the share 0. */
  double validate, test;
  bool targets_optional;   /* targets may be missing in the file (predict, sample) */
  const RnnCoding *coding; /* what the weights were trained with; NULL: fit it on the training part */
  const char *folder;      /* relative names are looked up in this folder; NULL: the current one */
  uint64_t max_bytes;      /* refuse data that need more memory than this; 0: no limit */
  RnnAxes axes;            /* the model's; all NULL: one, t */
} RnnDataOptions;

typedef struct RnnData {
  /* NULL: none; train is NULL only where a split column gives it no row and a coding was given */
  RnnDataset *train, *validate, *test;
  RnnCoding *coding; /* always there; may hold no inputs */
} RnnData;

/* The source that a --data option means: a source text such as csv("b.csv", x = "c1..c12"), or a plain path. A plain
   path of the kind that the setting (NULL: none) has keeps the setting's other arguments, and changes the file alone.
   The caller frees. */
RnnCall *rnn_data_source(const char *option, const RnnCall *setting, RnnError *error);

/* Sources; a plain "file" is taken by its ending (.csv .tsv .npz, else text):

   text("file", unit = byte | char)
     One sequence for the model's only token input. token[256] and more take bytes as they are; a smaller one takes the
     sorted set of those that occur, which must fit and becomes the vocabulary. Code points (char) always have one.

   csv("file", INPUT = columns, ..., sequence = "column", sort = "column", split = "column",
       train = "train", validate = "valid", test = "test", normalize = true | "input,input", delimiter = ",")
     The first row names the columns. Rows with the same sequence are its steps, in the file's order (then they must
     stand together) or by the sort column. Without `sequence` the whole file is one sequence; where time is within the
     cells, or no input has it, each row is one. An input without a time index has the same value in all rows of its
     sequence. Steps are those of the input's own axis; inputs over the same one must have as many. Columns of an input:
       by default                    the column of its name; of a vector, NAME1.. or NAME_1.. (or from 0)
       "c1..c12", "a,b,d"            ranges and lists of columns
       tokens("label", base = 1)     whole numbers, the first class being `base`
       letters("name")               a cell's characters are its steps
       words("phonemes")             a cell's words are its steps; both with end = "<end>": one more, with that label
       steps("p0..p63", width = 8)   columns of a row are its steps, `width` of them one step
     Tokens that are not whole numbers from 0 (or base) below the input's classes are labels: the sorted set of those
     that occur is the vocabulary. An empty cell leaves a target token unobserved. normalize fits mean and deviation on
     the training part; true means the real inputs, and targets only where named.

   npz("file")
     An array of each input's name: [N, T, ...], over the second axis [N, S, ...], over both [N, T, S, ...], without a
     time index [N, ...]; and `lengths` [N] where sequences differ, `lengths_s` [N] of an axis s (`lengths` being the
     primary one's other name). Tokens are whole numbers in [0, classes), or -1 where a target is unobserved.

   The specs are copied; their names and the options are not kept. On failure *data is empty. */
bool rnn_data_open(const RnnCall *source, const RnnInputSpec *inputs, int count, const RnnDataOptions *options,
                   RnnData *data, RnnError *error);
void rnn_data_free(RnnData *data);
void rnn_dataset_free(RnnDataset *dataset);                         /* NULL is allowed */
int rnn_dataset_input(const RnnDataset *dataset, const char *name); /* its number, or -1 */
/* A dataset of one's own from arrays in memory, as npz describes. Of the options it looks at real64, targets_optional,
   max_bytes and axes. */
RnnDataset *rnn_dataset_from_tensors(const RnnTensorFile *file, const char *origin, const RnnInputSpec *inputs,
                                     int count, const RnnDataOptions *options, RnnError *error);
/* A dataset of random values: N sequences, their lengths along each axis spread evenly from `shortest` to T (for
   bench): tokens uniform, reals normal. Of the options it looks at real64 and axes. */
RnnDataset *rnn_dataset_random(const RnnInputSpec *inputs, int count, int64_t N, int64_t shortest, int64_t T,
                               const RnnDataOptions *options, uint64_t seed, RnnError *error);

#endif

/* decode.h: the sequences that a model writes, given what it reads: the likeliest symbol at each step, draws, or beam
   search. Private to the runtime.

   For a model with one drawn token y[t] ~ categorical(..) on the primary axis. Many sequences run side by side, each in
   `width` rows of one frame: its hypotheses. The program "decode" runs what does not depend on t once and the rest for
   each t; a model of one axis that can run step by step has "forward" instead. */
#ifndef RNN_DECODE_H
#define RNN_DECODE_H
#include "handle.h"
#include "rng.h"
#include "settings.h"

typedef enum DecodeMethod { DECODE_LIKELIEST, DECODE_DRAW, DECODE_BEAM } DecodeMethod;

/* What log P(Y) is divided by to compare hypotheses of different lengths |Y|, the end counted. */
typedef enum LengthPenalty {
  PENALTY_NONE, /* 1 */
  PENALTY_WU,   /* ((5 + |Y|) / 6)^alpha: Wu et al. 2016, Google's neural machine translation system */
  PENALTY_MEAN, /* |Y| */
} LengthPenalty;

typedef struct DecodeWish {
  DecodeMethod method;
  int64_t width; /* rows a sequence: the beam's width, the number of draws; 1 of LIKELIEST */
  int64_t best;  /* hypotheses to hand out, at most width */
  RnnDrawing drawing;
  uint64_t seed;
  LengthPenalty penalty;
  double alpha;
  int64_t length; /* at most so many symbols; 0: what the data say of t, else 2 S + 10, else 100 */
  int32_t end;    /* the symbol that ends a sequence; -1: none */
  int64_t batch;  /* sequences side by side */
} DecodeWish;

typedef struct Hypothesis {
  int32_t *symbol; /* [length], without the end */
  int64_t length;
  bool ended; /* false: cut off */
  double log_probability, score;
} Hypothesis;

typedef struct Decoding {
  const RnnDataset *data;
  const ModelDraw *draw; /* what was decoded */
  int64_t best;
  int64_t *count;         /* [sequences]: how many there are, at most best */
  Hypothesis *hypothesis; /* [sequences * best], the best of each sequence first */
} Decoding;

/* The draw that can be decoded; NULL with the reason. */
const ModelDraw *rnn_decode_draw(const RnnHandle *handle, RnnError *error);
/* The symbol that the setting `end` names: -1 where it is the default and the vocabulary has no such label, or empty.
 */
bool rnn_decode_end(const RnnHandle *handle, const Settings *settings, const char *var, int32_t *end, RnnError *error);
/* "none", "wu(alpha = 0.6)", "mean" */
bool rnn_decode_penalty(const char *text, DecodeWish *wish, RnnError *error);

bool rnn_decode(RnnHandle *handle, const RnnDataset *data, const DecodeWish *wish, Decoding *decoding, RnnError *error);
void rnn_decoding_free(Decoding *decoding);

/* Insertions, deletions and substitutions from one to the other (Levenshtein); -1: memory. */
int64_t rnn_edits(const int32_t *a, int64_t n, const int32_t *b, int64_t m);
/* The observed values of the decoded variable in sequence n, up to the first end: a new array, the caller frees; NULL:
   memory. */
int32_t *rnn_decode_reference(const Decoding *decoding, int64_t n, int32_t end, int64_t *length);

#endif

/* progress.h: how training goes, for a person: one live line on a terminal, complete lines everywhere else. */
#ifndef RNN_PROGRESS_H
#define RNN_PROGRESS_H
#include "rnn.h"

typedef struct Progress {
  FILE *to;
  RnnProgressKind kind;               /* never AUTO */
  double start, shown, said, counted; /* seconds: begin, last line, begin of the rate's span */
  int64_t first_step, counted_step, last_step;
  double smooth; /* mean of the last losses */
  double rate;   /* steps a second */
  bool live;     /* a live line stands there, without its end */
  int width;     /* columns it took */
} Progress;

typedef struct ProgressView {
  const RnnTrainState *state;
  int64_t position, positions; /* in the epoch */
  int64_t steps;               /* in all, as far as known; 0: not known */
  double clipped;              /* share of updates; NaN: no clipping */
} ProgressView;

/* AUTO becomes LINE where `to` is a terminal and neither CI, NO_COLOR nor TERM=dumb speak against it. */
void rnn_progress_begin(Progress *progress, RnnProgressKind kind, FILE *to, int64_t step);
void rnn_progress_step(
    Progress *progress,
    const ProgressView *view); /* at most ten times a second on a terminal, every ten seconds elsewhere */
/* A line that stays: the end of an epoch, a checkpoint. */
void rnn_progress_say(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rnn_progress_end(Progress *progress);

#endif

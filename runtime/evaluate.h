/* evaluate.h: loss and metrics over a dataset, without noise: the programs "evaluate" and "free". */
#ifndef RNN_EVALUATE_H
#define RNN_EVALUATE_H
#include "handle.h"
#include "settings.h"

typedef struct Score {
  const char *name, *dist; /* dist NULL: a metric */
  double sum, count;
} Score;

typedef struct Scores {
  Score *score;       /* terms of the loss, then metrics; owned */
  int terms, metrics; /* how many of each */
  double rest;        /* explicit loss, summed over sequences */
  double sequences;
  int64_t steps;
  double loss; /* the sum of all terms' means, and the explicit loss's */
} Scores;

/* Asked between batches; true ends the evaluation. NULL: never. */
typedef struct Asker {
  bool (*stop)(void *context);
  void *context;
} Asker;

/* Fills the settings that say how a part is cut, by `batch`, `unroll` and `carry`, in the data's order. `whole` keeps
   sequences that carry their state uncut: as many streams as there are sequences, at most. */
RnnPlanSettings rnn_evaluation_plan(const Settings *settings, const RnnDataset *data, bool whole);
/* False on failure and where it was stopped, then with error->code RNN_OK. Free the scores in any case. */
bool rnn_evaluate(RnnHandle *handle, const char *program, const RnnDataset *data, RnnPlanSettings plan,
                  const Asker *asker, Scores *scores, RnnError *error);
void rnn_scores_free(Scores *scores);
double rnn_score_mean(const Score *score); /* NaN where nothing was observed */
/* {"loss": .., "terms": {name: {"nll", "bits", "count"}}, "metrics": {name: ..}}; new reference */
json_t *rnn_scores_json(const Scores *scores);
/* "loss 1.2345, 1.781 bits an element, accuracy 0.91" */
void rnn_scores_text(const Scores *scores, char *text, size_t size);

#endif

/* trainer.h: all that one training holds: made in trainer.c, driven in train.c, told about in report.c. Private to the
 * runtime. */
#ifndef RNN_TRAINER_H
#define RNN_TRAINER_H
#include "checkpoint.h"
#include "evaluate.h"
#include "teacher_forcing.h"
#include "metrics.h"
#include "parts.h"
#include "progress.h"
#include "schedule.h"
#include "trace.h"

typedef struct Trainer {
  RnnHandle *handle;
  const RnnTraining *wish;
  Settings settings;
  Parts parts;
  Run *run; /* the handle's, of the program "train" */
  RnnPlan *plan;
  RnnBatch batch;
  RnnUpdater *updater;
  Schedule schedule;
  TeacherForcing forcing;
  bool gap;                                    /* validate with the model reading its own draws too, */
  bool best_is_free;                           /* whose loss decides where training reads them */
  int64_t steps, epochs, patience, save_every; /* settings; steps 0: by epochs */
  int64_t total;                               /* updates in all, as far as known */

  TrainPoint at;
  RnnTrainState state;     /* what the caller and the reports see */
  void *best;              /* block of the best weights, NULL before the first validation */
  int64_t validated;       /* step of the last validation, -1 */
  bool saved, unsaved;     /* a checkpoint was written; something happened since the last one */
  double saved_at, out_at; /* seconds: when it, and when the best weights, were last written */
  RnnTensorFile resumed;   /* kept until the first window took its state from it */

  char *checkpoint;       /* path */
  bool stop, save_wanted; /* the caller wants an end, a checkpoint */
  Metrics *metrics;
  Progress progress;
  Trace trace;
} Trainer;

/* How the settings cut the training data; leads: of the program "train". */
RnnPlanSettings rnn_training_plan(const Settings *settings, int64_t leads);

bool rnn_trainer_open(Trainer *trainer, RnnHandle *handle, const RnnTraining *wish, RnnError *error);
void rnn_trainer_close(Trainer *trainer);

/* report.c: progress and log of each thing that happens */
void rnn_report_start(Trainer *trainer);
void rnn_report_step(Trainer *trainer);
/* scores NULL: there is no validation part; free NULL: the gap is not wanted */
void rnn_report_validation(Trainer *trainer, const Scores *scores, const Scores *free, bool better);
void rnn_report_checkpoint(Trainer *trainer);
void rnn_report_end(Trainer *trainer, const char *outcome, const char *message);

#endif

/* schedule.h: how the learning rate goes with the updates: the setting `schedule`.

   constant()             the optimiser's rate
   step(every, factor)    times factor after each `every` updates
   cosine(over, to)       from the rate down to `to` (a rate, 0) by half a cosine, over so many updates (the whole
   training), then `to` warmup = n in each     first n updates that climb linearly from rate / n to the rate; the curve
   begins behind them Lengths are updates; "10 epochs" counts in epochs. */
#ifndef RNN_SCHEDULE_H
#define RNN_SCHEDULE_H
#include <stdint.h>
#include "error.h"
#include "source_spec.h"

typedef struct Schedule {
  int kind;
  double warmup, length, factor, to;
} Schedule;

/* updates_an_epoch and updates (in all) turn epochs into updates and give cosine its default length. */
bool rnn_schedule_read(Schedule *schedule, const char *text, double updates_an_epoch, double updates, RnnError *error);
/* The rate of update number `step`, from 0. */
double rnn_schedule_rate(const Schedule *schedule, double rate, int64_t step);
/* An argument that is a number of updates, or of epochs where its unit says so; left alone if it is not there. */
bool rnn_schedule_length(const RnnCall *call, const char *name, int position, double updates_an_epoch, double *length,
                         RnnError *error);

#endif

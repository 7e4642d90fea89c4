/* schedule.c: rate curves. */
#include <math.h>
#include <string.h>
#include "schedule.h"
#include "source_spec.h"

enum { CONSTANT, STEP, COSINE, SCHEDULES };
static const char *const names[SCHEDULES + 1] = {"constant", "step", "cosine", NULL};
static const char *const arguments[SCHEDULES][4] = {
    {"warmup", NULL}, {"every", "factor", "warmup", NULL}, {"over", "to", "warmup", NULL}};
static const int positional[SCHEDULES] = {0, 2, 2};

bool rnn_schedule_length(const RnnCall *call, const char *name, int position, double updates_an_epoch, double *length,
                         RnnError *error)
{
  const RnnArgument *a = rnn_call_argument(call, name, position);
  if (!a) return true;
  if (a->kind != RNN_NUMBER) return rnn_call_number(call, name, position, length, error); /* says so */
  *length = a->number;
  if (a->text && strncmp(a->text, "epoch", 5) == 0) *length *= updates_an_epoch;
  else if (a->text && strcmp(a->text, "steps") != 0 && strcmp(a->text, "updates") != 0)
    return rnn_fail(error, RNN_ERROR_USAGE, "%s = %g %s: the unit must be epochs or updates", name, a->number, a->text);
  *length = floor(*length + 0.5);
  return *length >= 0 && isfinite(*length) ? true : rnn_fail(error, RNN_ERROR_USAGE, "%s must be at least 0", name);
}

static bool read_arguments(Schedule *s, const RnnCall *call, double updates_an_epoch, double updates, RnnError *error)
{
  if (!rnn_call_check(call, arguments[s->kind], positional[s->kind], error)) return false;
  if (!rnn_schedule_length(call, "warmup", -1, updates_an_epoch, &s->warmup, error)) return false;
  s->factor = 0.1;
  s->length = s->kind == COSINE ? fmax(updates - s->warmup, 1) : 0;
  if (s->kind == STEP) {
    if (!rnn_schedule_length(call, "every", 0, updates_an_epoch, &s->length, error) ||
        !rnn_call_number(call, "factor", 1, &s->factor, error))
      return false;
    if (s->length < 1)
      return rnn_fail(error, RNN_ERROR_USAGE, "step: every must be at least 1: step(every = 1000, factor = 0.5)");
  }
  if (s->kind == COSINE) {
    if (!rnn_schedule_length(call, "over", 0, updates_an_epoch, &s->length, error) ||
        !rnn_call_number(call, "to", 1, &s->to, error))
      return false;
    if (s->length < 1) return rnn_fail(error, RNN_ERROR_USAGE, "cosine: over must be at least 1");
  }
  return true;
}

bool rnn_schedule_read(Schedule *s, const char *text, double updates_an_epoch, double updates, RnnError *error)
{
  RnnCall *call = rnn_call_parse(text, error);
  *s = (Schedule){0};
  bool ok = call && (s->kind = rnn_call_which(call, "schedule", names, error)) >= 0 &&
            read_arguments(s, call, updates_an_epoch, updates, error);
  rnn_call_free(call);
  return ok || rnn_fail_within(error, "setting schedule");
}

double rnn_schedule_rate(const Schedule *s, double rate, int64_t step)
{
  double at = (double)step - s->warmup;
  if (at < 0) return rate * ((double)step + 1) / s->warmup;
  switch (s->kind) {
  case STEP: return rate * pow(s->factor, floor(at / s->length));
  case COSINE: return s->to + (rate - s->to) * (1 + cos(M_PI * fmin(at / s->length, 1))) / 2;
  default: return rate;
  }
}

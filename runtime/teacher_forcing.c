/* teacher_forcing.c: curves of the probability, and which programs go with them. */
#include <math.h>
#include <string.h>
#include "model.h"
#include "schedule.h"
#include "source_spec.h"
#include "teacher_forcing.h"

enum { CONSTANT, LINEAR, INVERSE_SIGMOID, EXPONENTIAL, CURVES };
static const char *const names[CURVES + 1] = {"constant", "linear", "inverse_sigmoid", "exponential", NULL};
static const char *const arguments[CURVES][6] = {{"p", "per", "own", NULL},
                                                 {"from", "to", "over", "per", "own", NULL},
                                                 {"k", "per", "own", NULL},
                                                 {"k", "per", "own", NULL}};
static const int positional[CURVES] = {1, 3, 1, 1};

/* per = step | sequence: the first of the two words is the default. */
static bool read_word(const RnnCall *call, const char *name, const char *first, const char *second, bool *is_second,
                      RnnError *error)
{
  const RnnArgument *a = rnn_call_argument(call, name, -1);
  const char *word = !a ? first : a->kind == RNN_WORD ? a->text : "";
  *is_second = !strcmp(word, second);
  return *is_second || !strcmp(word, first) || rnn_fail(error, RNN_ERROR_USAGE, "%s is %s or %s", name, first, second);
}

static bool is_share(const char *name, double value, RnnError *error)
{
  return (value >= 0 && value <= 1) ||
         rnn_fail(error, RNN_ERROR_USAGE, "%s is a probability, between 0 and 1, not %g", name, value);
}

static bool read_curve(TeacherForcing *f, const RnnCall *call, double updates_an_epoch, double updates, RnnError *error)
{
  switch (f->kind) {
  case CONSTANT: return rnn_call_number(call, "p", 0, &f->from, error) && is_share("p", f->from, error);
  case LINEAR:
    f->length = fmax(updates, 1);
    return rnn_call_number(call, "from", 0, &f->from, error) && rnn_call_number(call, "to", 1, &f->to, error) &&
           rnn_schedule_length(call, "over", 2, updates_an_epoch, &f->length, error) &&
           is_share("from", f->from, error) && is_share("to", f->to, error) &&
           (f->length >= 1 || rnn_fail(error, RNN_ERROR_USAGE, "linear: over must be at least 1"));
  case INVERSE_SIGMOID:
    return rnn_schedule_length(call, "k", 0, updates_an_epoch, &f->length, error) &&
           (f->length >= 1 || rnn_fail(error, RNN_ERROR_USAGE,
                                       "inverse_sigmoid: k is a number of updates, at least 1, "
                                       "or of epochs: inverse_sigmoid(2 epochs)"));
  default:
    return rnn_call_number(call, "k", 0, &f->length, error) &&
           ((f->length > 0 && f->length < 1) ||
            rnn_fail(error, RNN_ERROR_USAGE,
                     "exponential: k lies between 0 and 1: the probability at update i is k^i"));
  }
}

bool rnn_forcing_read(TeacherForcing *f, const char *text, double updates_an_epoch, double updates, RnnError *error)
{
  RnnCall *call = rnn_call_parse(text, error);
  *f = (TeacherForcing){.from = 1};
  bool plain = call && !*call->name;
  f->kind = !call || plain ? CONSTANT : rnn_call_which(call, "teacher_forcing", names, error);
  bool ok = call && f->kind >= 0 && rnn_call_check(call, arguments[f->kind], positional[f->kind], error) &&
            read_word(call, "per", "step", "sequence", &f->by_sequence, error) &&
            read_word(call, "own", "mode", "sample", &f->sample, error) &&
            read_curve(f, call, updates_an_epoch, updates, error);
  rnn_call_free(call);
  if (!ok && error) error->code = RNN_ERROR_USAGE;
  return ok || rnn_fail_within(error, "setting teacher_forcing");
}

double rnn_forcing_at(const TeacherForcing *f, int64_t step)
{
  double i = (double)step;
  switch (f->kind) {
  case LINEAR: return f->from + (f->to - f->from) * fmin(i / f->length, 1);
  case INVERSE_SIGMOID: return f->length / (f->length + exp(i / f->length));
  case EXPONENTIAL: return pow(f->length, i);
  default: return f->from;
  }
}

const char *rnn_forcing_mode(const TeacherForcing *f)
{
  if (f->kind == CONSTANT && f->from == 1) return "always";
  if (f->kind == CONSTANT && f->from == 0) return "never";
  return f->by_sequence ? "sequence" : "step";
}

bool rnn_forcing_check(const TeacherForcing *f, const char *text, const Program *program, RnnError *error)
{
  const char *mode = rnn_forcing_mode(f);
  bool coins = !strcmp(program->forced, "step") || !strcmp(program->forced, "sequence");
  bool fits = !strcmp(mode, program->forced) || (coins && f->kind == CONSTANT && (f->from == 0 || f->from == 1));
  if (!program->feds || (fits && (f->sample == program->sample || !strcmp(mode, "always")))) return true;
  return rnn_fail(
      error, RNN_ERROR_USAGE,
      "setting teacher_forcing: %s: this program was compiled for other ways of reading %s (observed values: "
      "%s; own values: %s); compile the model with that setting in its train block",
      text, program->fed[0], program->forced, program->sample ? "sample" : "mode");
}

double rnn_forcing_first(const ModelDescription *m)
{
  TeacherForcing f;
  for (int i = 0; i < m->settings; i++)
    if (!strcmp(m->setting[i].name, "teacher_forcing") && rnn_forcing_read(&f, m->setting[i].value, 1, 1, NULL))
      return rnn_forcing_at(&f, 0);
  return 1;
}

/* teacher_forcing.h: how often a drawn variable that the model reads is the observed one: the setting
   `teacher_forcing`.

   p                      the same for all updates, constant(p)
   linear(from, to, over) from 1 to 0 over so many updates (the whole training), then `to`
   inverse_sigmoid(k)     k / (k + exp(i / k)) at update i from 0; k counts updates
   exponential(k)         k^i
   (Bengio et al. 2015). In each: per = step | sequence, what a coin is tossed for; own = mode | sample, what is read
   otherwise. Lengths are updates; "10 epochs" counts in epochs. */
#ifndef RNN_TEACHER_FORCING_H
#define RNN_TEACHER_FORCING_H
#include <stdbool.h>
#include <stdint.h>
#include "error.h"

struct Program;
struct ModelDescription;

typedef struct TeacherForcing {
  int kind;
  double from, to, length;
  bool by_sequence, sample;
} TeacherForcing;

bool rnn_forcing_read(TeacherForcing *forcing, const char *text, double updates_an_epoch, double updates,
                      RnnError *error);
/* The probability at update number `step`, from 0. */
double rnn_forcing_at(const TeacherForcing *forcing, int64_t step);
/* What a program must be compiled as: "always" where the probability is 1 for ever, "never" where it is 0, else "step"
   or "sequence". */
const char *rnn_forcing_mode(const TeacherForcing *forcing);
/* False where the program was compiled for something else. */
bool rnn_forcing_check(const TeacherForcing *forcing, const char *text, const struct Program *program, RnnError *error);
/* At the first update, by the model's own setting: for commands that train nothing. */
double rnn_forcing_first(const struct ModelDescription *model);

#endif

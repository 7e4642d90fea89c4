/* source_spec.h: reads the value texts of settings: adam(rate = 2e-3), csv("d.csv", x = "c1..c12"), norm(1.0), none,
   0.05, "corpus.txt".

   value    = number [word] | "text" | word | word "(" [argument {"," argument}] ")"
   argument = [word "="] value

   A value that is no call counts as a call without a name: 0.05 has one positional number, "a.txt" one positional text.
   A lone word counts as a call of that name without arguments (none, adam). */
#ifndef RNN_SOURCE_SPEC_H
#define RNN_SOURCE_SPEC_H
#include <stdint.h>
#include "error.h"

typedef struct RnnCall RnnCall;
typedef enum RnnArgumentKind { RNN_NUMBER, RNN_TEXT, RNN_WORD, RNN_CALL } RnnArgumentKind;

typedef struct RnnArgument {
  char *name; /* NULL: positional */
  RnnArgumentKind kind;
  double number; /* NUMBER */
  /* TEXT: without quotes; WORD: the word (true, false, linear); NUMBER: the unit behind it (10 epochs), or NULL */
  char *text;
  RnnCall *call; /* CALL */
} RnnArgument;

struct RnnCall {
  char *name; /* "" for a plain number or text */
  RnnArgument *argument;
  int arguments;
};

/* NULL with a message that shows the text and the place in it. The caller frees. */
RnnCall *rnn_call_parse(const char *text, RnnError *error);
void rnn_call_free(RnnCall *call);

/* The argument with that name, or else the positional one with that number (position < 0: by name only); NULL: not
   given. */
const RnnArgument *rnn_call_argument(const RnnCall *call, const char *name, int position);

/* Each takes the argument if it is there and of that kind, leaves *value alone if it is not there, and fails on another
   kind. A count is whole and >= 0; a text is borrowed from the call.

     double rate = 1e-3;  if (!rnn_call_number(call, "rate", 0, &rate, error)) return false; */
bool rnn_call_number(const RnnCall *call, const char *name, int position, double *value, RnnError *error);
bool rnn_call_count(const RnnCall *call, const char *name, int position, int64_t *value, RnnError *error);
bool rnn_call_flag(const RnnCall *call, const char *name, int position, bool *value, RnnError *error);
bool rnn_call_text(const RnnCall *call, const char *name, int position, const char **value, RnnError *error);

/* Fails on an argument whose name is not among `names` (with the near one), on one given twice (also by place and by
   name: names[i] is the name of place i), and on more than `positional` without a name. names ends with NULL. */
bool rnn_call_check(const RnnCall *call, const char *const *names, int positional, RnnError *error);
/* Fails unless the call's name is among `names` (ends with NULL); returns its number there, or -1. `what` is for the
   message: "optimizer". */
int rnn_call_which(const RnnCall *call, const char *what, const char *const *names, RnnError *error);

/* The whole as text again: csv("d.csv", x = "c1..c12"). The caller frees; NULL: out of memory. */
char *rnn_call_print(const RnnCall *call);

#endif

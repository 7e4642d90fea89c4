/* forcing.h: whether a model that reads what it draws has the observed values there, or its own. */
#ifndef RNNC_FORCING_H
#define RNNC_FORCING_H
#include "system.h"

typedef enum ForcingMode {
  FORCED_ALWAYS,   /* the observed value, whatever the model would draw: the system is left as it is */
  FORCED_STEP,     /* a coin for each element, y.forced[t], says which */
  FORCED_SEQUENCE, /* a coin for each sequence, y.forced */
  FORCED_NEVER,    /* its own */
  FORCED_MODES
} ForcingMode;
extern const char *const forced_name[FORCED_MODES];

typedef struct Forcing {
  ForcingMode mode;
  bool sample; /* own values are drawn; else the distribution's mode */
} Forcing;

/* The drawn variables with a time index that their own draws, or others', read: y of h[t] = f(y[t-1]), y[t] ~ g(h[t]).
 */
typedef Vec(Var *) FedList;
FedList forcing_find(System *s);
/* Makes the distributions read what `forcing` says. False after a diagnostic: one reads elements that are not made yet.
   Adds VAR_NOISE variables whose draws are those of training even where other noise is at its mean. */
bool forcing_feed(System *s, const FedList *fed, Forcing forcing);
#endif

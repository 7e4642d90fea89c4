/* describe.h: the JSON text that goes with compiled code; its form is rnn_program.h's. */
#ifndef RNNC_DESCRIBE_H
#define RNNC_DESCRIBE_H
#include "program.h"

typedef struct Description {
  const char *source; /* file name */
  const char *hash;   /* of the source text and the precision: 16 hex digits */
  bool f64_precision;
  Compiled *const *programs;
  int n;
  const Compiled *step; /* NULL: no step entry was made */
  int64_t step_bytes;
  bool many; /* the step is also there for many sequences at once */
} Description;

/* `lowered` is the whole system before any program dropped something: parameters, inputs, outputs, draws and settings
 * are its. */
void describe_model(Text *out, const System *lowered, int64_t param_count, const Description *d);

/* What a step's caller passes of an input: nothing; its element at the step's own t (or the one without time index);
   or, of a drawn variable that is read at earlier t only, the element before the step's: the step may be what draws the
   newest. */
typedef enum StepUse { STEP_UNUSED, STEP_NOW, STEP_FEEDBACK } StepUse;
/* `whole` knows the draws, which the step's own system dropped. */
StepUse step_use(const System *whole, const System *step, const Var *input);
#endif

/* describe.h: the JSON text that goes with compiled code; its form is rnn_program.h's. */
#ifndef RNNC_DESCRIBE_H
#define RNNC_DESCRIBE_H
#include "program.h"

typedef struct Description {
  const char *source;     /* file name */
  const char *hash;       /* of the source text and the precision: 16 hex digits */
  bool f64_precision;
  Compiled *const *programs;
  int n;
  const Compiled *step; /* NULL: no step entry was made */
  int64_t step_bytes;
} Description;

/* `lowered` is the whole system before any program dropped something: parameters, inputs, outputs, draws and settings are its. */
void describe_model(Text *out, const System *lowered, int64_t param_count, const Description *d);

/* What a step's caller passes: inputs read at the step's own t (and those without time index), and drawn variables read only from
   earlier ones. */
bool step_reads_now(const System *s, const Var *input);
bool step_feeds_back(const System *s, const Var *input);
#endif

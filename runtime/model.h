/* model.h: what a compiled model's JSON text says (rnn_program.h), as structs. Private to the runtime.

   Every text is borrowed from the parsed JSON, which lives as long as the description; lists are its own. Names of
   variables are resolved to their number in the program's list. */
#ifndef RNN_MODEL_H
#define RNN_MODEL_H
#include <jansson.h>
#include "data.h"
#include "error.h"
#include "rnn_program.h"
#include "tensors.h"

typedef struct ModelShape {
  int rank;
  int64_t extent[RNN_MAX_RANK];
  int64_t count; /* elements */
} ModelShape;

typedef struct ModelParam {
  const char *name;
  ModelShape shape;
  int64_t offset; /* elements from the block's start */
  int line;
  const char *init;
  double a, b;
  bool fixed; /* not learned: what is kept of a batch statistic */
} ModelParam;

typedef struct ModelInput {
  RnnInputSpec spec;
  int line;
  bool drawn; /* of x[t + drawn_offset] ~ ... */
  int64_t drawn_offset, lags, leads;
} ModelInput;

typedef struct ModelOutput {
  const char *name;
  ModelShape shape;
  bool time, second;
} ModelOutput;

typedef enum ModelDist {
#define DISTRIBUTION(id, name, drawn, values, arguments) DIST_##id,
#include "distributions.def"
#undef DISTRIBUTION
  DISTS
} ModelDist;
enum { MODEL_DRAW_PARAMS = 6 };

typedef struct ModelDraw {
  const char *var;
  int64_t offset;
  ModelDist dist;
  const char *param[MODEL_DRAW_PARAMS]; /* variables with its arguments, NULL behind the last */
} ModelDraw;

typedef struct ModelSetting {
  const char *name, *value;
} ModelSetting;

/* -- a program ---------------------------------------------------------------------------------------------- */

typedef struct ProgramBuffer {
  bool time, second, batch, integer;
  bool window; /* holds one window where the program runs window by window */
  bool rolls;  /* all of it is zero when the program starts */
  int64_t lo, hi, lo2, hi2, width;
} ProgramBuffer;

typedef struct ProgramVar {
  const char *name;
  int buffer;
  int64_t column;
  ModelShape shape;
  bool token, time, second, batch;
  int64_t width; /* elements it has in a row: shape.count, 1 for a token */
  int line;
} ProgramVar;

typedef struct ProgramInput {
  int input, var; /* number in the model's inputs, in the program's vars */
} ProgramInput;

typedef struct ProgramNoise {
  int var;
  const char *dist;
  double a, b;
  bool shared;
  bool forced; /* its probability is that of teacher forcing */
} ProgramNoise;

typedef struct ProgramCarry {
  const char *var;
  int64_t offset;
  int from, into;
} ProgramCarry;

typedef struct ProgramRatio { /* a term of the loss or a metric: sum / count */
  const char *name, *dist;    /* dist: NULL for a metric */
  int sum, count;
} ProgramRatio;

/* A statistic of the batch, and the parameters in which its running mean is kept for evaluation: a row for each step */
typedef struct ProgramStatistic {
  int var, kept, updates; /* in the program's variables; in the model's parameters */
} ProgramStatistic;

typedef struct ProgramWrt {
  int input, var;
} ProgramWrt;

typedef struct Program {
  const char *name;
  RnnEntry *run;
  int buffers, vars, inputs, noises, carries, terms, metrics, wrts, feds, statistics;
  ProgramBuffer *buffer;
  ProgramVar *var;
  ProgramInput *input;
  ProgramNoise *noise;
  ProgramCarry *carry; /* ascending by offset: oldest place first */
  ProgramRatio *term, *metric;
  ProgramWrt *wrt;
  ProgramStatistic *statistic;
  const char **fed;   /* drawn variables that the draws read: */
  const char *forced; /* the observed values "always", "never", or by a coin per "step", "sequence"; */
  bool sample;        /* own values are drawn, else the likeliest */
  int loss;           /* its variable, or -1 */
  int64_t leads;      /* largest hi of its inputs' buffers */
  bool windows;       /* it can run window by window */
} Program;

/* -- one streaming step ------------------------------------------------------------------------------------- */

typedef struct StepPort {
  const char *name;
  bool token;
  int64_t count;
} StepPort;

typedef struct ModelStep {
  RnnStep *run;        /* NULL: refused says why */
  const char *refused; /* why there is none, or none that is possible */
  bool possible;   /* nothing in the equations speaks against running step by step, an output for each input at once */
  int64_t latency; /* steps from an input to the outputs of the same t */
  int64_t state_bytes;
  int inputs, outputs, feedbacks;
  StepPort *input, *output;
  const char **feedback;
} ModelStep;

typedef struct ModelDescription {
  json_t *json;
  const char *name, *source, *hash;
  RnnAxes axes;
  bool real64;
  int64_t count;   /* elements of the block of parameters */
  int64_t trained; /* .. of these, the first so many are learned */
  int params, inputs, outputs, draws, settings, programs;
  ModelParam *param;
  ModelInput *input;
  ModelOutput *output;
  ModelDraw *draw;
  ModelSetting *setting;
  Program *program;
  ModelStep step;
} ModelDescription;

/* NULL with a message when the text is not as rnn_program.h says: an error of the compiler, or of another version. */
ModelDescription *rnn_model_read(const RnnModel *model, RnnError *error);
void rnn_model_free(ModelDescription *model); /* NULL is allowed */

const Program *rnn_model_program(const ModelDescription *model, const char *name); /* NULL: none */
int rnn_model_input(const ModelDescription *model, const char *name);              /* -1: none */
int rnn_program_var(const Program *program, const char *name);                     /* -1: none */
int rnn_program_input(const Program *program, int input);                          /* place in program->input, or -1 */
/* The model's inputs as data.h wants them: a new array, the caller frees; NULL: memory. */
RnnInputSpec *rnn_model_specs(const ModelDescription *model);

#endif

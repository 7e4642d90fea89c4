/* world.h: what of a session an evaluation needs: no types of the compiler, so that what runs a model (run.c, train.c,
   prompt_data.c) sees the runtime alone. */
#ifndef RNNC_WORLD_H
#define RNNC_WORLD_H
#include "rnn_program.h"
#include "tensors.h"
#include <stdbool.h>
#include <stdio.h>

#define OWN_SCOPE "prompt" /* the model of what is typed outside of all models */
#define ANSWER "answer"    /* the variable that an expression becomes */

typedef struct PromptSettings {
#define FIELD(name, otherwise, least, most, help) long name;
#include "prompt_settings.def"
#undef FIELD
  bool f64_precision;
} PromptSettings;

typedef struct World {
  char scope[256]; /* the model at hand */
  PromptSettings set;
  RnnTensorFile arrays;  /* x = [..]: [1, T, ...] or [1, ...] */
  RnnTensorFile weights; /* trained or loaded, "MODEL/path"; others are as initialised */
  char *data;            /* a source, as the setting `data`; NULL: none */
  const RnnModel *model; /* compiled */
  double compile_s;
  FILE *out, *err, *results; /* results: objects of --json, one a line; else NULL */
  bool colour, interactive;
} World;

/* A message on w->err, as "error: ..", "note: ..". */
void world_say(const World *w, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));
int world_fail(const World *w, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What an expression asks for beyond the language: places of the time axis, a plot, a file. */
typedef struct Asked {
  bool range;
  long from, to;   /* of the range; to 0: T .. */
  long before_end; /* .. less so many */
  char *file;      /* of a plot; NULL: the terminal */
} Asked;

typedef enum QueryWish { QUERY_PRINT, QUERY_PLOT, QUERY_TYPE, QUERY_TIME } QueryWish;

/* run.c: in a process of its own: the value of ANSWER over `length` places, where no data say how many, shown. */
typedef struct Showing {
  const char *title; /* what was asked for, as typed */
  Asked asked;
  QueryWish wish;
  long length;
  const char *folder; /* of relative names in the model; NULL: here */
  bool over;          /* a plot: the last component is the abscissa of the others */
} Showing;
int run_query(const World *w, const Showing *q);

/* The gradient of the loss by a parameter or an input; by == NULL: the loss. */
int run_gradient(const World *w, const Showing *q, const char *by);

/* train.c: trains with the settings ("name=value", NULL at the end) from the weights of the session; they are written
   to `out` then, a file in `scratch`, also where training was stopped. */
typedef struct Training {
  const char *const *set;
  const char *folder, *scratch, *out;
} Training;
int run_training(const World *w, const Training *t);
int run_weights(const World *w, const char *out); /* writes the weights as they are */

/* child.c: `work` in a process of its own, which Ctrl-C ends, or tells so where it catches it. Its exit code; 128 + n
   where a signal ended it, which is told. */
int child_run(const World *w, int (*work)(void *context), void *context);
void child_signals(void);     /* once: this process passes Ctrl-C on to the child */
bool child_interrupted(void); /* Ctrl-C since the last call */
#endif

/* predict.h: what a model says about each sequence or step of a dataset, gathered in the data's own order. Private to
 * the runtime. */
#ifndef RNN_PREDICT_H
#define RNN_PREDICT_H
#include "handle.h"

typedef struct PredictColumn {
  const char *name;
  int64_t offset;             /* of x[t+offset] ~ ...: what stands at step t is about t + offset */
  const ModelDraw *draw;      /* the likeliest value of it; NULL: a variable as it is */
  int var[MODEL_DRAW_PARAMS]; /* in the program "forward": the variable; the draw's arguments, -1 where not needed */
  bool classes;               /* of a token */
  bool time, second;
  int64_t width; /* numbers a step or sequence; classes: 1 */
  ModelShape shape;
  const char *coded_as; /* classes: the drawn variable, whose coding gives them texts */
  double *value;        /* [row * width ...], rows as the dataset's of an input over the same axes */
} PredictColumn;

typedef struct Prediction {
  const RnnDataset *data;
  const RnnCoding *coding; /* NULL: classes have no texts */
  PredictColumn *column;
  int columns;
  double *argument; /* MODEL_DRAW_PARAMS times `widest`: a row of each argument of a draw */
  int64_t widest;
} Prediction;

/* outputs: the model's outputs; else the likeliest values of what it draws, and the outputs where it draws nothing, or
   does not hand out the arguments of what it draws from. */
bool rnn_predict(RnnHandle *handle, const RnnDataset *data, RnnPlanSettings plan, bool outputs, Prediction *prediction,
                 RnnError *error);
void rnn_prediction_free(Prediction *prediction);
bool rnn_prediction_csv(const Prediction *prediction,
                        FILE *out); /* one row a step, or a sequence where nothing has a time index */
void rnn_csv_text(FILE *out, const char *text, size_t bytes); /* in quotes where a reader of CSV needs them */
bool rnn_prediction_fits_csv(const Prediction *prediction, RnnError *error); /* false: columns of two axes */
bool rnn_prediction_tensors(const Prediction *prediction, RnnTensorFile *file,
                            RnnError *error); /* [N, T, ...], `lengths`, and of a second axis s `lengths_s` */

#endif

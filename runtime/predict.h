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
  bool time;
  int64_t width; /* numbers a step or sequence; classes: 1 */
  ModelShape shape;
  const char *coded_as; /* classes: the drawn variable, whose coding gives them texts */
  double *value;        /* [(start[s] + t) * width ...] or [s * width ...] */
} PredictColumn;

typedef struct Prediction {
  const RnnDataset *data;
  const RnnCoding *coding; /* NULL: classes have no texts */
  PredictColumn *column;
  int columns;
  double *argument; /* MODEL_DRAW_PARAMS times `widest`: a row of each argument of a draw */
  int64_t widest;
} Prediction;

/* outputs: the model's outputs; else the likeliest values of what it draws, and the outputs where it draws nothing. */
bool rnn_predict(RnnHandle *handle, const RnnDataset *data, RnnPlanSettings plan, bool outputs, Prediction *prediction,
                 RnnError *error);
void rnn_prediction_free(Prediction *prediction);
bool rnn_prediction_csv(const Prediction *prediction,
                        FILE *out); /* one row a step, or a sequence where nothing has the time index */
bool rnn_prediction_tensors(const Prediction *prediction, RnnTensorFile *file,
                            RnnError *error); /* [N, T, ...], and `lengths` */

#endif

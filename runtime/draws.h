/* draws.h: what ~ draws, from the values of its distribution's arguments: one value by chance, or the likeliest. The
   distributions are the rows of distributions.def. Private to the runtime. */
#ifndef RNN_DRAWS_H
#define RNN_DRAWS_H
#include "error.h"
#include "model.h"
#include "rng.h"

typedef struct DrawArgument {
  const double *at;
  int64_t count; /* 1: the same for all components */
} DrawArgument;

typedef struct DrawPlace {
  uint64_t seed, stream, index; /* the value is a function of these: index numbers the values of a stream */
  RnnDrawing how;               /* temperature 1: as the distribution says; top_k, top_p: of classes */
} DrawPlace;

/* to[0..width) becomes a value; a class is its number. False where an argument is not finite or impossible. Poisson,
   negative_binomial and beta know no temperature between: theirs is 0 or 1. */
bool rnn_draw_value(ModelDist dist, const DrawArgument *argument, DrawPlace place, int64_t width, double *to);
/* The mode; of student_t to normal the mean; of a mixture the mean of the component with the highest peak; of a beta
   without a peak inside (0, 1) its mean. Arguments that it does not depend on may be missing. False as above. */
bool rnn_draw_likeliest(ModelDist dist, const DrawArgument *argument, int64_t width, double *to);

/* Of distributions.def */
const char *rnn_dist_name(ModelDist dist);
bool rnn_dist_named(const char *name, ModelDist *dist);
int rnn_dist_arguments(ModelDist dist);
bool rnn_dist_is_class(ModelDist dist);
bool rnn_dist_has_bits(ModelDist dist); /* its likelihood is a probability */
bool rnn_dist_mode_needs(ModelDist dist, int argument);
#endif

/* clip.h: the setting `clip`: gradients kept small, and how often that was needed.

   none; norm(max): all gradients together, g *= max / norm where norm > max; value(max): each element into [-max, max];
   param(max): each parameter's gradient by its own norm; adaptive(clip, eps): each row of a matrix, and each other
   parameter as a whole, by its own weights' norm (Brock et al. 2021): |g| <= clip max(|w|, eps). The global norm is
   measured in any case, in double and in a fixed order of addition, so that it does not depend on the number of
   threads. */
#ifndef RNN_CLIP_H
#define RNN_CLIP_H
#include "error.h"
#include "model.h"
#include "pool.h"

typedef enum ClipKind { CLIP_NONE, CLIP_NORM, CLIP_VALUE, CLIP_PARAM, CLIP_ADAPTIVE } ClipKind;

typedef struct Clip {
  ClipKind kind;
  double max; /* of adaptive: clip */
  double eps;
  int64_t seen, acted; /* updates, and those in which a gradient was made smaller */
} Clip;

bool rnn_clip_read(Clip *clip, const char *text, RnnError *error);
/* The norm of the block of gradients; not finite where one of them is not. */
double rnn_clip_norm(const ModelDescription *model, RnnPool *pool, const void *grads);
/* Applies the rule, given the norm before. What norm(max) does to all alike is returned as a factor, for the optimiser
   to apply on its way; 1 otherwise. Counts. */
double rnn_clip_apply(Clip *clip, const ModelDescription *model, RnnPool *pool, double norm, const void *weights,
                      void *grads);

#endif

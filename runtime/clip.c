/* clip.c: the norm of a block of gradients, and the ways to bound it. */
#include <math.h>
#include <stdatomic.h>
#include "clip.h"
#include "source_spec.h"

enum { PART = 1 << 13, PARTS = 256, LANES = 8 };

bool rnn_clip_read(Clip *clip, const char *text, RnnError *error)
{
  static const char *const names[] = {"none", "norm", "value", "param", "adaptive", NULL};
  static const char *const max[] = {"max", NULL}, *const adaptive[] = {"clip", "eps", NULL};
  RnnCall *call = rnn_call_parse(text, error);
  int kind = call ? rnn_call_which(call, "clip", names, error) : -1;
  *clip = (Clip){.kind = kind < 0 ? CLIP_NONE : (ClipKind)kind};
  bool ok = kind >= 0;
  if (kind == CLIP_ADAPTIVE) {
    clip->max = 0.01;
    clip->eps = 1e-3;
    ok = rnn_call_check(call, adaptive, 2, error) && rnn_call_number(call, "clip", 0, &clip->max, error) &&
         rnn_call_number(call, "eps", 1, &clip->eps, error);
    if (ok && !(clip->max > 0 && clip->eps > 0))
      ok = rnn_fail(error, RNN_ERROR_USAGE, "clip and eps must be above 0: adaptive(0.01, 1e-3)");
  } else {
    ok = ok && rnn_call_check(call, max, kind == CLIP_NONE ? 0 : 1, error) &&
         rnn_call_number(call, "max", 0, &clip->max, error);
    if (ok && kind != CLIP_NONE && !(clip->max > 0))
      ok = rnn_fail(error, RNN_ERROR_USAGE, "max must be above 0: %s(1.0)", names[kind]);
  }
  rnn_call_free(call);
  return ok || rnn_fail_within(error, "setting clip");
}

/* LANES sums side by side, so that the loop can use vectors, then one after the other */
#define SQUARES(suffix, type)                                                                                          \
  static double squares_##suffix(const type *g, int64_t n)                                                             \
  {                                                                                                                    \
    double sum[LANES] = {0}, all = 0;                                                                                  \
    int64_t i = 0;                                                                                                     \
    for (; i + LANES <= n; i += LANES)                                                                                 \
      for (int k = 0; k < LANES; k++) sum[k] += (double)g[i + k] * (double)g[i + k];                                   \
    for (; i < n; i++) sum[i % LANES] += (double)g[i] * (double)g[i];                                                  \
    for (int k = 0; k < LANES; k++) all += sum[k];                                                                     \
    return all;                                                                                                        \
  }
SQUARES(f32, float)
SQUARES(f64, double)

static double squares(const ModelDescription *m, const void *grads, int64_t from, int64_t n)
{
  return m->real64 ? squares_f64((const double *)grads + from, n) : squares_f32((const float *)grads + from, n);
}

typedef struct NormJob {
  const ModelDescription *model;
  const void *grads;
  double *part;
  int64_t size; /* of a part */
} NormJob;

static void norm_part(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const NormJob *j = arg;
  j->part[from / j->size] = squares(j->model, j->grads, from, to - from);
}

/* At most PARTS parts, which the number of parameters alone cuts: no memory is asked for, and threads change no bit. */
double rnn_clip_norm(const ModelDescription *m, RnnPool *pool, const void *grads)
{
  double part[PARTS] = {0}, sum = 0;
  int64_t share = (m->count + PARTS - 1) / PARTS, size = share <= PART ? PART : (share + LANES - 1) / LANES * LANES;
  NormJob job = {m, grads, part, size};
  rnn_pool_run(pool, norm_part, &job, m->count, size);
  for (int i = 0; i < PARTS; i++) sum += part[i];
  return sqrt(sum);
}

typedef struct ClipJob {
  const Clip *clip;
  const ModelDescription *model;
  const void *weights;
  void *grads;
  atomic_bool acted;
} ClipJob;

#define BOUND(suffix, type)                                                                                            \
  static bool bound_##suffix(type *g, int64_t n, type max)                                                             \
  {                                                                                                                    \
    int64_t beyond = 0;                                                                                                \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
      beyond += g[i] > max || g[i] < -max;                                                                             \
      g[i] = g[i] > max ? max : g[i] < -max ? -max : g[i];                                                             \
    }                                                                                                                  \
    return beyond > 0;                                                                                                 \
  }                                                                                                                    \
  static void scale_##suffix(type *g, int64_t n, type factor)                                                          \
  {                                                                                                                    \
    for (int64_t i = 0; i < n; i++) g[i] *= factor;                                                                    \
  }
BOUND(f32, float)
BOUND(f64, double)

static void value_part(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  ClipJob *j = arg;
  bool acted = j->model->real64 ? bound_f64((double *)j->grads + from, to - from, j->clip->max)
                                : bound_f32((float *)j->grads + from, to - from, (float)j->clip->max);
  if (acted) atomic_store(&j->acted, true);
}

/* n elements from `from` on become those of a gradient whose norm is at most max */
static void shorten(ClipJob *j, int64_t from, int64_t n, double max)
{
  double norm = sqrt(squares(j->model, j->grads, from, n));
  if (!(norm > max)) return;
  if (j->model->real64) scale_f64((double *)j->grads + from, n, max / norm);
  else scale_f32((float *)j->grads + from, n, (float)(max / norm));
  atomic_store(&j->acted, true);
}

static void param_part(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  ClipJob *j = arg;
  for (int64_t i = from; i < to; i++) {
    const ModelParam *p = &j->model->param[i];
    shorten(j, p->offset, p->shape.count, j->clip->max);
  }
}

/* A unit is a row: what leads to one component of the product. */
static void adaptive_part(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  ClipJob *j = arg;
  for (int64_t i = from; i < to; i++) {
    const ModelParam *p = &j->model->param[i];
    int64_t units = p->shape.rank == 2 ? p->shape.extent[0] : 1, n = p->shape.count / units;
    for (int64_t u = 0; u < units; u++) {
      double size = sqrt(squares(j->model, j->weights, p->offset + u * n, n));
      shorten(j, p->offset + u * n, n, j->clip->max * fmax(size, j->clip->eps));
    }
  }
}

double rnn_clip_apply(Clip *clip, const ModelDescription *m, RnnPool *pool, double norm, const void *weights,
                      void *grads)
{
  ClipJob job = {.clip = clip, .model = m, .weights = weights, .grads = grads};
  double factor = 1;
  if (clip->kind == CLIP_NORM && norm > clip->max) factor = clip->max / norm;
  if (clip->kind == CLIP_VALUE) rnn_pool_run(pool, value_part, &job, m->count, 1 << 15);
  if (clip->kind == CLIP_PARAM) rnn_pool_run(pool, param_part, &job, m->params, 1);
  if (clip->kind == CLIP_ADAPTIVE) rnn_pool_run(pool, adaptive_part, &job, m->params, 1);
  clip->seen++;
  clip->acted += factor != 1 || atomic_load(&job.acted);
  return factor;
}

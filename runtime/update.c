/* update.c: gradients to weights: norm, clipping, the optimiser. */
#include <math.h>
#include <stdlib.h>
#include "memory.h"
#include "settings.h"
#include "statistics.h"
#include "update.h"

/* With the optimiser's states, or without them */
static RnnUpdater *updater_of(RnnHandle *h, const char *optimizer, const char *clip, bool states, RnnError *error)
{
  Settings own = {0};
  RnnUpdater *u = calloc(1, sizeof *u);
  bool ok = u || rnn_fail_memory(error, sizeof *u);
  ok = ok && rnn_settings_new(&own, h->model, error);
  if (ok) {
    u->handle = h;
    ok = rnn_clip_read(&u->clip, clip ? clip : rnn_setting_text(&own, SETTING_clip), error);
  }
  if (ok)
    u->optimiser = (states ? rnn_optimiser_new : rnn_optimiser_read)(
        optimizer ? optimizer : rnn_setting_text(&own, SETTING_optimizer), h->model->count, h->model->real64, error);
  rnn_settings_free(&own);
  if (ok && u->optimiser) {
    u->optimiser->trained = h->model->trained;
    h->optimiser_states = rnn_optimiser_states(u->optimiser);
    rnn_memory_apply(h);
    return u;
  }
  rnn_updater_free(u);
  return NULL;
}

RnnUpdater *rnn_updater_new(RnnHandle *h, const char *optimizer, const char *clip, RnnError *error)
{
  return updater_of(h, optimizer, clip, true, error);
}

RnnUpdater *rnn_updater_read(RnnHandle *h, const char *optimizer, const char *clip, RnnError *error)
{
  return updater_of(h, optimizer, clip, false, error);
}

void rnn_updater_free(RnnUpdater *u)
{
  if (!u) return;
  rnn_optimiser_free(u->optimiser);
  free(u);
}

bool rnn_update(RnnUpdater *u, double rate, double *norm, RnnError *error)
{
  RnnHandle *h = u->handle;
  double n = rnn_clip_norm(h->model, h->pool, h->grads);
  if (norm) *norm = n;
  if (!isfinite(n)) return rnn_fail(error, RNN_ERROR_TRAINING, "the gradients' norm is not finite");
  double scale = rnn_clip_apply(&u->clip, h->model, h->pool, n, h->weights, h->grads);
  rnn_optimiser_update(u->optimiser, h->pool, rate < 0 ? u->optimiser->argument[0] : rate, scale, h->grads, h->weights);
  if (h->model->trained == h->model->count) return true;
  const Run *run = rnn_handle_run(h, "train", error);
  if (run) rnn_statistics_keep(run, h->weights);
  return run != NULL;
}

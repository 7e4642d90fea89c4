/* report.c: what a training says: to a person by progress.c, to a file by metrics.c. */
#include <math.h>
#include "clock.h"
#include "trainer.h"

void rnn_report_start(Trainer *t)
{
  const ModelDescription *m = t->handle->model;
  int64_t elements = 0; /* that are learned */
  for (int i = 0; i < m->params; i++) elements += m->param[i].fixed ? 0 : m->param[i].shape.count;
  rnn_progress_say(
      &t->progress,
      "%s: %lld parameters, %lld sequences of %lld steps in all, %lld batch%s an epoch, %s, %d thread%s, seed %llu",
      m->name, (long long)elements, (long long)t->at.sequences, (long long)t->at.steps,
      (long long)rnn_plan_batches(t->plan, t->at.epoch), rnn_plan_batches(t->plan, t->at.epoch) == 1 ? "" : "es",
      m->real64 ? "float64" : "float32", rnn_pool_threads(t->handle->pool),
      rnn_pool_threads(t->handle->pool) == 1 ? "" : "s", (unsigned long long)t->at.seed);
  if (t->at.step)
    rnn_progress_say(&t->progress, "going on behind step %lld, epoch %lld", (long long)t->at.step,
                     (long long)t->at.epoch + 1);
  if (!t->metrics) return;
  rnn_metrics_write(t->metrics, "start",
                    json_pack("{s:s, s:I, s:I, s:s, s:i, s:o}", "model", m->name, "step", (json_int_t)t->at.step,
                              "parameters", (json_int_t)elements, "precision", m->real64 ? "f64" : "f32", "threads",
                              rnn_pool_threads(t->handle->pool), "settings", rnn_settings_json(&t->settings)));
}

void rnn_report_step(Trainer *t)
{
  const RnnTrainState *s = &t->state;
  const Clip *clip = &t->updater->clip;
  ProgressView view = {.state = s,
                       .position = t->at.position,
                       .positions = rnn_plan_batches(t->plan, t->at.epoch),
                       .steps = t->total,
                       .clipped = clip->kind == CLIP_NONE ? NAN : (double)clip->acted / (double)clip->seen};
  rnn_progress_step(&t->progress, &view);
  if (!t->metrics) return;
  rnn_metrics_write(t->metrics, "step",
                    json_pack("{s:I, s:I, s:o, s:o, s:o, s:b}", "step", (json_int_t)s->step, "epoch",
                              (json_int_t)s->epoch, "loss", rnn_metrics_number(s->loss), "norm",
                              rnn_metrics_number(s->norm), "rate", rnn_metrics_number(s->rate), "clipped", s->clipped));
}

/* The end of an epoch, with scores where there is a validation part */
void rnn_report_validation(Trainer *t, const Scores *scores, const Scores *free, bool better)
{
  const Clip *clip = &t->updater->clip;
  char text[512] = "", clipped[64] = "", gap[96] = "";
  if (scores) rnn_scores_text(scores, text, sizeof text);
  if (free) snprintf(gap, sizeof gap, "; running freely %.5g, gap %.4g", free->loss, free->loss - scores->loss);
  if (clip->kind != CLIP_NONE && clip->seen)
    snprintf(clipped, sizeof clipped, ", clipped %.0f%%", 100 * (double)clip->acted / (double)clip->seen);
  int64_t epoch = scores ? t->at.epoch + 1 : t->at.epoch;        /* without validation the epoch was counted already */
  bool silent = !scores && rnn_seconds() - t->progress.said < 1; /* of short epochs not each */
  if (!silent)
    rnn_progress_say(&t->progress, "epoch %lld, step %lld: training loss %.5g%s%s%s%s%s", (long long)epoch,
                     (long long)t->at.step, t->progress.smooth, clipped, scores ? "; validation " : "", text, gap,
                     better ? " (best)" : "");
  if (!t->metrics) return;
  json_t *event = scores ? rnn_scores_json(scores) : json_object();
  json_object_set_new(event, "step", json_integer(t->at.step));
  json_object_set_new(event, "epoch", json_integer(epoch));
  json_object_set_new(event, "training_loss", rnn_metrics_number(t->progress.smooth));
  if (scores) json_object_set_new(event, "best", json_boolean(better));
  if (free) {
    json_object_set_new(event, "free", rnn_scores_json(free));
    json_object_set_new(event, "gap", rnn_metrics_number(free->loss - scores->loss));
  }
  rnn_metrics_write(t->metrics, scores ? "validation" : "epoch", event);
}

void rnn_report_checkpoint(Trainer *t)
{
  if (t->metrics)
    rnn_metrics_write(t->metrics, "checkpoint",
                      json_pack("{s:I, s:s}", "step", (json_int_t)t->at.step, "file", t->checkpoint));
}

void rnn_report_end(Trainer *t, const char *outcome, const char *message)
{
  if (!t->metrics) return;
  json_t *event = json_pack("{s:s, s:I, s:o, s:I, s:I}", "outcome", outcome, "step", (json_int_t)t->at.step, "best",
                            rnn_metrics_number(t->at.best), "clip_seen", (json_int_t)t->updater->clip.seen,
                            "clip_acted", (json_int_t)t->updater->clip.acted);
  if (message) json_object_set_new(event, "message", json_string(message));
  rnn_metrics_write(t->metrics, "end", event);
}

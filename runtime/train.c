/* train.c: the training loop. What it holds is made in trainer.c; what it says about itself is in report.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "explain.h"
#include "run_record.h"
#include "trainer.h"

/* -- files -------------------------------------------------------------------------------------------------- */

/* The state goes on into the next window only between two windows of one epoch. */
static bool carries_on(const Trainer *t)
{
  return t->batch.carries_on && t->at.position < rnn_plan_batches(t->plan, t->at.epoch);
}

static bool save_with(Trainer *t, bool carried, RnnError *error)
{
  if (t->resumed.tensors) return true; /* no step was made: what was resumed is still on disk, and whole */
  CheckpointParts parts = {.updater = t->updater, .settings = &t->settings, .point = &t->at, .best = t->best};
  if (carried) {
    parts.run = t->run;
    parts.columns = t->batch.B;
  }
  if (!rnn_checkpoint_write(t->checkpoint, t->handle, &parts, error)) return rnn_fail_within(error, "checkpoint");
  t->unsaved = false;
  t->saved = true;
  t->saved_at = rnn_seconds();
  rnn_report_checkpoint(t);
  return true;
}

static bool save_checkpoint(Trainer *t, RnnError *error) { return save_with(t, carries_on(t), error); }

static bool save_out(Trainer *t, const void *block, RnnError *error)
{
  t->out_at = rnn_seconds();
  if (!t->wish->out) return true;
  return rnn_weights_save(t->handle, block, t->wish->out, error) || rnn_fail_within(error, "weights");
}

/* Epochs of a few milliseconds would spend their time on waiting for the disk. What is skipped is written at the end.
 */
static bool is_due(double written_at) { return rnn_seconds() - written_at >= 5; }

/* -- the caller's word -------------------------------------------------------------------------------------- */

/* A wish for a checkpoint is kept until the next step: it may come while validating. */
static void ask(Trainer *t)
{
  int word = t->wish->after_step ? t->wish->after_step(t->wish->context, &t->state) : 0;
  t->stop = t->stop || word == 1;
  t->save_wanted = t->save_wanted || word == 2;
}

static bool stops(void *context)
{
  Trainer *t = context;
  ask(t);
  return t->stop;
}

/* -- one update --------------------------------------------------------------------------------------------- */

static bool ended_badly(Trainer *t, double loss, double norm, RnnError *error)
{
  char why[512], saved[512] = "";
  rnn_explain(t->handle, t->run, why, sizeof why);
  RnnError ignored = {0};
  if (save_with(t, true, &ignored)) /* the state that came into this window still stands there */
    snprintf(saved, sizeof saved, "\n  the weights before this step are in %s",
             t->resumed.tensors ? t->wish->resume : t->checkpoint);
  char what[64];
  if (isfinite(loss)) snprintf(what, sizeof what, "the gradients' norm is %g", norm);
  else snprintf(what, sizeof what, "the loss is %g", loss);
  return rnn_fail(error, RNN_ERROR_TRAINING,
                  "step %lld: %s\n  %s\n  last finite loss %g, learning rate %g, gradient norm before %g%s",
                  (long long)t->at.step + 1, what, why, t->state.loss,
                  rnn_schedule_rate(&t->schedule, t->updater->optimiser->argument[0], t->at.step), t->state.norm,
                  saved);
}

static bool one_step(Trainer *t, RnnError *error)
{
  RnnHandle *h = t->handle;
  if (!rnn_plan_batch(t->plan, t->at.epoch, t->at.position, &t->batch, error)) return false;
  if (!rnn_run_prepare(t->run, &t->batch, t->parts.train,
                       (NoiseKey){t->at.seed, (uint64_t)t->at.step, rnn_forcing_at(&t->forcing, t->at.step)}, error))
    return false;
  if (t->resumed.tensors && !rnn_checkpoint_carry(t->wish->resume, &t->resumed, t->run, error)) return false;
  memset(h->grads, 0, rnn_block_bytes(h));
  rnn_run_go(t->run, h->weights, h->grads);

  int64_t acted = t->updater->clip.acted;
  double loss = rnn_run_number(t->run, t->run->program->loss), norm;
  double rate = rnn_schedule_rate(&t->schedule, t->updater->optimiser->argument[0], t->at.step);
  if (!isfinite(loss)) return ended_badly(t, loss, NAN, error);
  if (!rnn_update(t->updater, rate, &norm, error)) return ended_badly(t, loss, norm, error);
  if (t->batch.carries_on) rnn_run_carry(t->run);
  rnn_tensor_file_free(&t->resumed);

  t->at.step++;
  t->at.position++;
  t->unsaved = true;
  t->at.loss = loss;
  t->state = (RnnTrainState){.step = t->at.step,
                             .epoch = t->at.epoch,
                             .loss = loss,
                             .norm = norm,
                             .rate = rate,
                             .clipped = t->updater->clip.acted != acted,
                             .validation = t->at.validation};
  return rnn_trace_step(&t->trace, h, loss, norm, rate, error);
}

/* -- validation, and the end of an epoch -------------------------------------------------------------------- */

static bool keep_best(Trainer *t, double loss, RnnError *error)
{
  if (!t->best && !(t->best = rnn_block_new(t->handle, error))) return false;
  memcpy(t->best, t->handle->weights, rnn_block_bytes(t->handle));
  t->at.best = loss;
  t->at.best_step = t->at.step;
  return !is_due(t->out_at) || save_out(t, t->best, error);
}

static bool score(Trainer *t, const char *program, Scores *scores, RnnError *error)
{
  Asker asker = {stops, t};
  return rnn_evaluate(t->handle, program, t->parts.validate,
                      rnn_evaluation_plan(&t->settings, t->parts.validate, false), &asker, scores, error);
}

/* False also where the caller stopped it: t->stop says so. */
static bool validate(Trainer *t, bool *better, RnnError *error)
{
  Scores scores = {0}, free = {0};
  bool ok = score(t, "evaluate", &scores, error) && (!t->gap || score(t, "free", &free, error));
  if (ok) {
    double loss = t->best_is_free ? free.loss : scores.loss;
    *better = isfinite(loss) && !(loss >= t->at.best);
    t->validated = t->at.step;
    t->at.validation = t->state.validation = scores.loss;
    rnn_report_validation(t, &scores, t->gap ? &free : NULL, *better);
    ok = !*better || keep_best(t, loss, error);
  }
  rnn_scores_free(&scores);
  rnn_scores_free(&free);
  return ok;
}

static bool end_epoch(Trainer *t, RnnError *error)
{
  bool better = false;
  if (t->parts.validate && !validate(t, &better, error)) return t->stop;
  if (t->parts.validate) t->at.stale = better ? 0 : t->at.stale + 1;
  t->at.epoch++;
  t->at.position = 0;
  t->unsaved = true;
  rnn_tensor_file_free(&t->resumed); /* what it carried belonged to the epoch before */
  if (!t->parts.validate) rnn_report_validation(t, NULL, NULL, false);
  return !is_due(t->saved_at) || save_checkpoint(t, error);
}

/* -- the loop ----------------------------------------------------------------------------------------------- */

static bool is_early(const Trainer *t) { return t->patience && t->at.stale >= t->patience; }
static bool is_done(const Trainer *t)
{
  return is_early(t) || (t->steps ? t->at.step >= t->steps : t->at.epoch >= t->epochs);
}

static bool loop(Trainer *t, RnnError *error)
{
  while (!is_done(t) && !t->stop) {
    if (t->at.position >= rnn_plan_batches(t->plan, t->at.epoch)) {
      if (!end_epoch(t, error)) return false;
      continue;
    }
    if (!one_step(t, error)) return false;
    rnn_report_step(t);
    ask(t);
    bool due = t->save_wanted || (t->save_every && t->at.step % t->save_every == 0);
    t->save_wanted = false;
    if (due && !t->stop && !save_checkpoint(t, error)) return false;
  }
  return true;
}

/* Leaves the weights that count in the handle and in the file. The checkpoint comes first: it knows nothing of a
   validation that a longer training would not have made. */
static bool finish(Trainer *t, RnnError *error)
{
  bool better = false;
  if (t->unsaved && !save_checkpoint(t, error)) return false;
  if (t->stop) return !t->best || save_out(t, t->best, error);
  if (t->parts.validate && t->validated != t->at.step && t->at.position > 0 && !validate(t, &better, error))
    return t->stop;
  if (!t->best) return save_out(t, t->handle->weights, error);
  memcpy(t->handle->weights, t->best, rnn_block_bytes(t->handle));
  return save_out(t, t->best, error);
}

bool rnn_train(RnnHandle *h, const RnnTraining *wish, RnnTrained *trained, RnnError *error)
{
  Trainer t;
  RnnError why = {0};
  if (!rnn_trainer_open(&t, h, wish, error)) return false;
  rnn_report_start(&t);
  bool ok = rnn_run_record(&t, &why) && loop(&t, &why) && finish(&t, &why);
  RnnError traced = {0};
  if (!rnn_trace_write(&t.trace, h, &traced) && ok) {
    why = traced;
    ok = false;
  }
  RnnOutcome outcome = t.stop ? RNN_STOPPED : is_early(&t) ? RNN_EARLY : RNN_FINISHED;
  static const char *const outcomes[] = {"finished", "early", "stopped"};
  rnn_report_end(&t, ok ? outcomes[outcome] : "failed", ok ? NULL : why.message);
  if (trained) {
    *trained = (RnnTrained){.outcome = outcome, .last = t.state, .best = t.at.best, .best_step = t.at.best_step};
    snprintf(trained->checkpoint, sizeof trained->checkpoint, "%s",
             t.saved        ? t.checkpoint
             : wish->resume ? wish->resume
                            : "");
  }
  rnn_trainer_close(&t);
  return ok || rnn_fail(error, why.code, "%s", why.message);
}

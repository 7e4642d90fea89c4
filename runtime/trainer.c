/* trainer.c: settings, data, optimiser and files of a training, from scratch or from a checkpoint. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "memory.h"
#include "trainer.h"

/* The caller's settings last; a checkpoint's under them. */
static bool read_settings(Trainer *t, RnnError *error)
{
  if (!rnn_settings_new(&t->settings, t->handle->model, error)) return false;
  for (const char *const *s = t->wish->set; s && *s; s++)
    if (!rnn_settings_assign(&t->settings, *s, FROM_CALLER, error)) return false;
  if (t->wish->resume) {
    const char *text = rnn_metadata_get(&t->resumed, "rnnc.settings");
    if (text && !rnn_settings_restore(&t->settings, text, error)) return rnn_fail_within(error, "%s", t->wish->resume);
  }
  if (rnn_setting_count(&t->settings, SETTING_batch) < 1)
    return rnn_fail(error, RNN_ERROR_USAGE, "setting batch: at least 1");
  return true;
}

static bool open_resumed(Trainer *t, RnnError *error)
{
  const char *path = t->wish->resume;
  RnnError why = {0};
  if (!path) return true;
  if (t->wish->weights)
    return rnn_fail(error, RNN_ERROR_USAGE, "resume and weights: one of them says where the weights come from");
  if (!rnn_checkpoint_open(path, t->handle, &t->resumed, error)) return false;
  RnnCoding *coding = rnn_coding_load(&t->resumed, path, &why);
  if (why.code != RNN_OK) return rnn_fail(error, why.code, "%s", why.message);
  rnn_set_coding(t->handle, coding);
  return true;
}

static bool first_weights(Trainer *t, RnnError *error)
{
  if (t->wish->resume) return true;
  rnn_set_coding(t->handle, NULL);
  if (t->wish->weights) return rnn_load(t->handle, t->wish->weights, error);
  return rnn_initialise(t->handle, (uint64_t)rnn_setting_count(&t->settings, SETTING_seed), error);
}

RnnPlanSettings rnn_training_plan(const Settings *s, int64_t leads)
{
  return (RnnPlanSettings){.batch = rnn_setting_count(s, SETTING_batch),
                           .unroll = rnn_setting_count(s, SETTING_unroll),
                           .carry = rnn_setting_flag(s, SETTING_carry),
                           .shuffle = rnn_setting_flag(s, SETTING_shuffle),
                           .bucket = rnn_setting_flag(s, SETTING_bucket),
                           .seed = (uint64_t)rnn_setting_count(s, SETTING_seed),
                           .leads = leads};
}

static bool open_plan(Trainer *t, RnnError *error)
{
  const Settings *s = &t->settings;
  RnnPlanSettings plan = rnn_training_plan(s, t->run->program->leads);
  if (plan.carry && !plan.unroll)
    return rnn_fail(error, RNN_ERROR_USAGE, "carry = true needs windows: set unroll, for example unroll = 64");
  if (plan.carry && !t->run->program->carries)
    rnn_progress_say(&t->progress,
                     "note: carry = true, but no variable of %s is read at an earlier time: nothing is carried",
                     t->handle->model->name);
  t->plan = rnn_plan_new(t->parts.train, &plan, error);
  if (!t->plan) return false;
  if (t->run->program->loss < 0) return rnn_fail(error, RNN_ERROR_USAGE, "the model has no loss: nothing to train");
  t->steps = rnn_setting_count(s, SETTING_steps);
  t->epochs = rnn_setting_count(s, SETTING_epochs);
  t->patience = rnn_setting_count(s, SETTING_patience);
  t->save_every = rnn_setting_count(s, SETTING_save_every);
  if (t->patience && !t->parts.validate)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "patience = %lld needs a validation part: set validate, for example validate = 0.1",
                    (long long)t->patience);
  t->total = t->steps ? t->steps : t->epochs * rnn_plan_batches(t->plan, 0);
  return true;
}

/* What the distributions read of what is drawn */
static bool open_forcing(Trainer *t, RnnError *error)
{
  const char *text = rnn_setting_text(&t->settings, SETTING_teacher_forcing), *name = t->handle->model->name;
  const Program *p = t->run->program;
  if (!rnn_forcing_read(&t->forcing, text, (double)rnn_plan_batches(t->plan, 0), (double)t->total, error) ||
      !rnn_forcing_check(&t->forcing, text, p, error))
    return false;
  if (!p->feds && strcmp(rnn_forcing_mode(&t->forcing), "always") != 0)
    rnn_progress_say(&t->progress, "note: teacher_forcing = %s, but no distribution of %s reads what is drawn", text,
                     name);
  t->gap = rnn_setting_flag(&t->settings, SETTING_gap);
  if (!t->gap) return true;
  t->best_is_free = strcmp(rnn_forcing_mode(&t->forcing), "always") != 0;
  if (!p->feds)
    return rnn_fail(error, RNN_ERROR_USAGE, "gap = true: no distribution of %s reads what is drawn: there is no gap",
                    name);
  if (!t->parts.validate)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "gap = true needs a validation part: set validate, for example validate = 0.1");
  return rnn_handle_run(t->handle, "free", error) != NULL;
}

static bool open_files(Trainer *t, RnnError *error)
{
  const char *save = rnn_setting_text(&t->settings, SETTING_save);
  int n = *save ? asprintf(&t->checkpoint, "%s", save)
                : asprintf(&t->checkpoint, "%s.ckpt.safetensors", t->handle->model->name);
  if (n < 0) {
    t->checkpoint = NULL;
    return rnn_fail_memory(error, 64);
  }
  return rnn_metrics_open(&t->metrics, rnn_setting_text(&t->settings, SETTING_log), t->wish->resume != NULL, error) &&
         rnn_trace_begin(&t->trace, t->wish->trace, error);
}

static bool go_on(Trainer *t, RnnError *error)
{
  const char *path = t->wish->resume;
  int64_t sequences = t->parts.train->sequences, steps = rnn_plan_steps(t->plan);
  t->at = (TrainPoint){
      .best = NAN, .validation = NAN, .loss = NAN, .seed = (uint64_t)rnn_setting_count(&t->settings, SETTING_seed)};
  if (path && !rnn_checkpoint_restore(path, &t->resumed, t->handle, t->updater, &t->at, &t->best, error)) return false;
  if (path && (t->at.sequences != sequences || t->at.steps != steps))
    return rnn_fail(error, RNN_ERROR_DATA,
                    "%s: it was trained on %lld sequences of %lld steps in all, the data have %lld of %lld: start with "
                    "its weights instead (--weights)",
                    path, (long long)t->at.sequences, (long long)t->at.steps, (long long)sequences, (long long)steps);
  if (t->at.position > rnn_plan_batches(t->plan, t->at.epoch))
    return rnn_fail(error, RNN_ERROR_DATA,
                    "%s: batch %lld of an epoch of %lld: batch, unroll and carry must be as they were", path,
                    (long long)t->at.position, (long long)rnn_plan_batches(t->plan, t->at.epoch));
  t->at.sequences = sequences;
  t->at.steps = steps;
  t->validated = -1;
  t->state = (RnnTrainState){.step = t->at.step,
                             .epoch = t->at.epoch,
                             .loss = t->at.loss,
                             .norm = NAN,
                             .rate = NAN,
                             .validation = t->at.validation};
  return true;
}

bool rnn_trainer_open(Trainer *t, RnnHandle *h, const RnnTraining *wish, RnnError *error)
{
  *t = (Trainer){.handle = h, .wish = wish};
  rnn_progress_begin(&t->progress, wish->progress, wish->progress_to, 0);
  PartsWish parts = {.memory = wish->data, .folder = wish->folder};
  bool ok = (!wish->out || rnn_tensors_check_name(wish->out, error)) && open_resumed(t, error) &&
            read_settings(t, error) && first_weights(t, error) &&
            rnn_parts_open(&t->parts, h, &t->settings, &parts, error) && (t->run = rnn_handle_run(h, "train", error)) &&
            open_plan(t, error) && open_forcing(t, error);
  ok = ok &&
       (t->updater = rnn_updater_new(h, rnn_setting_text(&t->settings, SETTING_optimizer),
                                     rnn_setting_text(&t->settings, SETTING_clip), error)) &&
       rnn_schedule_read(&t->schedule, rnn_setting_text(&t->settings, SETTING_schedule),
                         (double)rnn_plan_batches(t->plan, 0), (double)t->total, error);
  int64_t memory = 0;
  ok = ok && rnn_memory_read(rnn_setting_text(&t->settings, SETTING_memory), &memory, error);
  if (ok) rnn_set_memory(h, memory);
  ok = ok && go_on(t, error) && open_files(t, error);
  if (ok) rnn_progress_begin(&t->progress, wish->progress, wish->progress_to, t->at.step);
  else rnn_trainer_close(t);
  return ok;
}

void rnn_trainer_close(Trainer *t)
{
  rnn_progress_end(&t->progress);
  rnn_metrics_close(t->metrics);
  rnn_trace_free(&t->trace);
  rnn_tensor_file_free(&t->resumed);
  rnn_updater_free(t->updater);
  rnn_batch_free(&t->batch);
  rnn_plan_free(t->plan);
  rnn_parts_close(&t->parts);
  rnn_settings_free(&t->settings);
  free(t->checkpoint);
  free(t->best);
  *t = (Trainer){0};
}

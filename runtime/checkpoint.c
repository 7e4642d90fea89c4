/* checkpoint.c: see checkpoint.h. Writing aside and renaming is the tensor writer's. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "commands.h"

enum { NAME = 1024 };

/* -- writing ------------------------------------------------------------------------------------------------ */

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static bool put_text(RnnTensorFile *file, const char *key, json_t *json, RnnError *error)
{
  char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17))
                    : NULL; /* 17 digits: every double reads back as itself */
  bool ok = text ? rnn_metadata_set(file, key, text, error) : rnn_fail_memory(error, 256);
  free(text);
  json_decref(json);
  return ok;
}

static bool put_state(RnnTensorFile *file, const CheckpointParts *c, RnnError *error)
{
  const TrainPoint *p = c->point;
  json_t *state = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "step", (json_int_t)p->step, "epoch",
                            (json_int_t)p->epoch, "position", (json_int_t)p->position, "stale", (json_int_t)p->stale,
                            "best_step", (json_int_t)p->best_step, "best", number(p->best), "validation",
                            number(p->validation), "loss", number(p->loss));
  json_t *more =
      json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "seed", (json_int_t)p->seed, "sequences",
                (json_int_t)p->sequences, "steps", (json_int_t)p->steps, "clip_seen", (json_int_t)c->updater->clip.seen,
                "clip_acted", (json_int_t)c->updater->clip.acted, "optimizer",
                rnn_optimiser_name(c->updater->optimiser), "updates", (json_int_t)c->updater->optimiser->step);
  if (state) json_object_update(state, more);
  json_decref(more);
  return put_text(file, "rnnc.state", state, error);
}

static bool put_optimiser(RnnTensorFile *file, const RnnHandle *h, const Optimiser *o, RnnError *error)
{
  char prefix[64];
  for (int i = 0; i < rnn_optimiser_states(o); i++) {
    snprintf(prefix, sizeof prefix, "optim.%s.", rnn_optimiser_state_name(o, i));
    if (!rnn_weights_put(h, o->state[i], prefix, file, error)) return false;
  }
  return true;
}

static bool put_carry(RnnTensorFile *file, const Run *run, int64_t columns, RnnError *error)
{
  char name[NAME];
  for (int i = 0; run && i < run->program->carries; i++) {
    const ProgramCarry *c = &run->program->carry[i];
    const ProgramVar *into = &run->program->var[c->into];
    snprintf(name, sizeof name, "carry.%s@%" PRId64, c->var, c->offset);
    RnnDtype dtype = into->token ? RNN_I32 : run->model->real64 ? RNN_F64 : RNN_F32;
    RnnTensor *t = rnn_tensor_add(file, name, dtype, 2, (int64_t[]){columns, into->width}, error);
    if (!t) return false;
    size_t bytes = (size_t)rnn_run_carry_width(run, i);
    for (int64_t b = 0; b < columns; b++)
      memcpy((char *)t->data + (size_t)b * bytes, rnn_run_carry_row(run, i, b), bytes);
  }
  return true;
}

bool rnn_checkpoint_write(const char *path, const RnnHandle *h, const CheckpointParts *c, RnnError *error)
{
  RnnTensorFile file = {0};
  bool ok = rnn_weights_put(h, h->weights, "", &file, error) && put_optimiser(&file, h, c->updater->optimiser, error) &&
            (!c->best || rnn_weights_put(h, c->best, "best.", &file, error)) &&
            put_carry(&file, c->run, c->columns, error) && rnn_metadata_set(&file, "rnnc.kind", "checkpoint", error) &&
            rnn_metadata_set(&file, "rnnc.model", h->model->name, error) &&
            rnn_metadata_set(&file, "rnnc.hash", h->model->hash, error) && put_state(&file, c, error) &&
            put_text(&file, "rnnc.settings", rnn_settings_json(c->settings), error) &&
            (!h->coding || rnn_coding_store(h->coding, &file, error)) && rnn_safetensors_write(path, &file, error);
  rnn_tensor_file_free(&file);
  return ok;
}

/* -- reading ------------------------------------------------------------------------------------------------ */

/* Which parameter does not fit: said before anything else, since it says most about what went wrong. */
static bool fits(const char *path, const RnnHandle *h, const RnnTensorFile *file, RnnError *error)
{
  void *scratch = rnn_block_new(h, error);
  bool ok = scratch && rnn_weights_take(h, scratch, "", file, path, error);
  free(scratch);
  if (!ok) {
    const char *name = rnn_metadata_get(file, "rnnc.model");
    return rnn_fail_within(error, "the checkpoint is of another model (%s)", name ? name : "without a name");
  }
  RnnDtype dtype = h->model->real64 ? RNN_F64 : RNN_F32;
  for (int i = 0; i < h->model->params; i++) {
    const RnnTensor *t = rnn_tensor_find(file, h->param[i].name);
    if (t && t->dtype != dtype)
      return rnn_fail(error, RNN_ERROR_DATA,
                      "%s: the checkpoint holds %s, this program runs in %s: going on would not give the same numbers; "
                      "start with its weights instead (--weights)",
                      path, rnn_dtype_name(t->dtype), rnn_dtype_name(dtype));
  }
  return true;
}

bool rnn_checkpoint_open(const char *path, const RnnHandle *h, RnnTensorFile *file, RnnError *error)
{
  if (!rnn_safetensors_read(path, file, error)) return false;
  const char *kind = rnn_metadata_get(file, "rnnc.kind"), *hash = rnn_metadata_get(file, "rnnc.hash");
  bool ok = kind && strcmp(kind, "checkpoint") == 0;
  if (!ok)
    rnn_fail(error, RNN_ERROR_DATA, "%s holds weights, no checkpoint: it can be started from (--weights), not resumed",
             path);
  ok = ok && fits(path, h, file, error);
  if (ok && (!hash || strcmp(hash, h->model->hash) != 0))
    ok = rnn_fail(error, RNN_ERROR_DATA,
                  "%s: the model's equations have changed since this checkpoint was written; its parameters fit: start "
                  "with its weights (--weights)",
                  path);
  if (!ok) rnn_tensor_file_free(file);
  return ok;
}

static int64_t count_of(const json_t *state, const char *key, bool *ok)
{
  json_t *v = json_object_get(state, key);
  if (!json_is_integer(v) || json_integer_value(v) < 0) *ok = false;
  return json_integer_value(v);
}

static double real_of(const json_t *state, const char *key)
{
  json_t *v = json_object_get(state, key);
  return json_is_number(v) ? json_number_value(v) : NAN;
}

static bool take_state(const char *path, const RnnTensorFile *file, RnnUpdater *u, TrainPoint *p, RnnError *error)
{
  const char *text = rnn_metadata_get(file, "rnnc.state");
  json_t *state = text ? json_loads(text, 0, NULL) : NULL;
  bool ok = json_is_object(state);
  const char *name = json_string_value(json_object_get(state, "optimizer"));
  *p = (TrainPoint){.step = count_of(state, "step", &ok),
                    .epoch = count_of(state, "epoch", &ok),
                    .position = count_of(state, "position", &ok),
                    .stale = count_of(state, "stale", &ok),
                    .best_step = count_of(state, "best_step", &ok),
                    .sequences = count_of(state, "sequences", &ok),
                    .steps = count_of(state, "steps", &ok),
                    .seed = (uint64_t)json_integer_value(json_object_get(state, "seed")),
                    .best = real_of(state, "best"),
                    .validation = real_of(state, "validation"),
                    .loss = real_of(state, "loss")};
  u->clip.seen = count_of(state, "clip_seen", &ok);
  u->clip.acted = count_of(state, "clip_acted", &ok);
  u->optimiser->step = count_of(state, "updates", &ok);
  if (!ok || !name) ok = rnn_fail(error, RNN_ERROR_DATA, "%s: the checkpoint's state is damaged", path);
  else if (strcmp(name, rnn_optimiser_name(u->optimiser)) != 0)
    ok = rnn_fail(error, RNN_ERROR_USAGE, "%s was trained with %s, the setting optimizer says %s", path, name,
                  rnn_optimiser_name(u->optimiser));
  json_decref(state);
  return ok;
}

bool rnn_checkpoint_restore(const char *path, const RnnTensorFile *file, RnnHandle *h, RnnUpdater *u, TrainPoint *point,
                            void **best, RnnError *error)
{
  char prefix[64];
  if (!take_state(path, file, u, point, error)) return false;
  for (int i = 0; i < rnn_optimiser_states(u->optimiser); i++) {
    snprintf(prefix, sizeof prefix, "optim.%s.", rnn_optimiser_state_name(u->optimiser, i));
    if (!rnn_weights_take(h, u->optimiser->state[i], prefix, file, path, error)) return false;
  }
  if (!isnan(point->best)) {
    *best = rnn_block_new(h, error);
    if (!*best || !rnn_weights_take(h, *best, "best.", file, path, error)) return false;
  }
  return rnn_weights_take(h, h->weights, "", file, path, error);
}

bool rnn_checkpoint_carry(const char *path, const RnnTensorFile *file, Run *run, RnnError *error)
{
  char name[NAME];
  for (int i = 0; i < run->program->carries; i++) {
    const ProgramCarry *c = &run->program->carry[i];
    const ProgramVar *into = &run->program->var[c->into];
    snprintf(name, sizeof name, "carry.%s@%" PRId64, c->var, c->offset);
    const RnnTensor *t = rnn_tensor_find(file, name);
    if (!t) continue; /* the next window starts its sequences */
    RnnDtype dtype = into->token ? RNN_I32 : run->model->real64 ? RNN_F64 : RNN_F32;
    if (t->dtype != dtype || t->rank != 2 || t->shape[1] != into->width || t->shape[0] < run->frame.B)
      return rnn_fail(error, RNN_ERROR_DATA, "%s: the carried state '%s' does not fit", path, name);
    size_t bytes = (size_t)rnn_run_carry_width(run, i);
    for (int64_t b = 0; b < run->frame.B; b++)
      if (run->frame.fresh[b] == 0)
        memcpy(rnn_run_carry_row(run, i, b), (const char *)t->data + (size_t)b * bytes, bytes);
  }
  return true;
}

char *rnn_checkpoint_settings(const char *path, RnnError *error)
{
  RnnTensorFile file = {0};
  if (!rnn_tensors_read(path, &file, error)) return NULL;
  const char *text = rnn_metadata_get(&file, "rnnc.settings");
  char *copy = text ? strdup(text) : NULL;
  if (!text) rnn_fail(error, RNN_ERROR_DATA, "%s is no checkpoint: it has no settings", path);
  else if (!copy) rnn_fail_memory(error, strlen(text));
  rnn_tensor_file_free(&file);
  return copy;
}

char *rnn_checkpoint_setting(const char *path, const char *name)
{
  char *text = rnn_checkpoint_settings(path, NULL);
  json_t *all = text ? json_loads(text, 0, NULL) : NULL;
  const char *found = json_string_value(json_object_get(all, name));
  char *value = found ? strdup(found) : NULL;
  json_decref(all);
  free(text);
  return value;
}

/* prompt_data.c: see prompt_data.h.
   Needs: the runtime's data sources. Leaves alone: what arrays mean, which the reader of data checks. */
#include "prompt_data.h"
#include <stdlib.h>
#include <string.h>

const char *prompt_weight_name(char *text, size_t size, const World *w, const char *param)
{
  snprintf(text, size, "%s/%s", w->scope, param);
  return text;
}

bool prompt_weights(const World *w, RnnHandle *h, RnnError *error)
{
  char name[1024];
  if (!rnn_initialise(h, (uint64_t)w->set.seed, error)) return false;
  for (int i = 0; i < rnn_params(h); i++) {
    const RnnParam *p = rnn_param(h, i);
    const RnnTensor *t = rnn_tensor_find(&w->weights, prompt_weight_name(name, sizeof name, w, p->name));
    if (!t || !rnn_tensor_has_shape(t, p->rank, p->shape)) continue;
    if (rnn_is_f64(h)) rnn_tensor_to_f64(t, 0, p->count, (double *)rnn_weights(h) + p->offset);
    else rnn_tensor_to_f32(t, 0, p->count, (float *)rnn_weights(h) + p->offset);
  }
  return true;
}

static bool has_program_input(const ModelDescription *m, const Program *p, int input)
{
  (void)m;
  for (int i = 0; p && i < p->inputs; i++)
    if (p->input[i].input == input) return true;
  return false;
}

long prompt_length(const World *w, const ModelDescription *m)
{
  for (int i = 0; i < m->inputs; i++) {
    const RnnTensor *t = m->input[i].spec.time ? rnn_tensor_find(&w->arrays, m->input[i].spec.name) : NULL;
    if (t && t->rank > 1) return (long)t->shape[1];
  }
  return 0;
}

/* Zeros for an input that nothing reads. */
static bool add_unread(PromptData *d, const RnnInputSpec *spec, long length, RnnError *error)
{
  int64_t shape[RNN_MAX_RANK] = {1};
  int rank = 1;
  if (spec->time) shape[rank++] = length;
  if (spec->second) shape[rank++] = 1;
  for (int i = 0; i < spec->rank && rank < RNN_MAX_RANK; i++) shape[rank++] = spec->shape[i];
  return rnn_tensor_add(&d->made, spec->name, spec->token ? RNN_I64 : RNN_F64, rank, shape, error) != NULL;
}

/* The arrays, and what else a dataset must hold. */
static bool make_list(PromptData *d, const World *w, const ModelDescription *m, const Program *program, long length,
                      RnnError *error)
{
  long given = prompt_length(w, m);
  if (given) length = given;
  for (int i = 0; i < m->inputs; i++) {
    const RnnInputSpec *spec = &m->input[i].spec;
    const RnnTensor *t = rnn_tensor_find(&w->arrays, spec->name);
    if (t) {
      if (!rnn_tensor_borrow(&d->made, t->name, t->dtype, t->rank, t->shape, t->data, error)) return false;
      continue;
    }
    if (has_program_input(m, program, i))
      return rnn_fail(error, RNN_ERROR_USAGE,
                      "%s has no values: give it some, %s = [..], or name a file that has them by :data", spec->name,
                      spec->name);
    if (!spec->target && !add_unread(d, spec, length, error)) return false;
  }
  int64_t one = 1;
  RnnTensor *lengths = rnn_tensor_add(&d->made, "lengths", RNN_I64, 1, &one, error);
  if (!lengths) return false;
  *(int64_t *)lengths->data = length;
  return true;
}

bool prompt_data_open(PromptData *d, const World *w, RnnHandle *h, const Program *program, long length,
                      const char *folder, RnnError *error)
{
  *d = (PromptData){0};
  bool ok = rnn_settings_new(&d->settings, h->model, error);
  if (ok && w->data) ok = rnn_settings_set(&d->settings, "data", w->data, FROM_CALLER, error);
  bool file = ok && *rnn_setting_text(&d->settings, SETTING_data) && !prompt_length(w, h->model);
  bool reads = program && program->inputs > 0;
  file = file && (w->data || reads); /* the train block's only where it is looked at */
  PartsWish wish = {.folder = folder, .uncut = true, .targets_optional = true};
  if (ok && !file) {
    ok = make_list(d, w, h->model, program, length, error);
    wish.memory = &d->made;
  }
  ok = ok && rnn_parts_open(&d->parts, h, &d->settings, &wish, error);
  d->set = d->parts.train;
  if (!ok) prompt_data_close(d);
  return ok;
}

void prompt_data_close(PromptData *d)
{
  rnn_parts_close(&d->parts);
  rnn_tensor_file_free(&d->made);
  rnn_settings_free(&d->settings);
  *d = (PromptData){0};
}

/* parts.c: see parts.h. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"

typedef struct Opening {
  RnnHandle *handle;
  const Settings *settings;
  const PartsWish *wish;
  RnnInputSpec *specs;
} Opening;

static bool open_source(const Opening *o, SettingId id, const RnnCall *source, double validate, double test,
                        RnnData *data, RnnError *error)
{
  RnnDataOptions options = {.real64 = o->handle->model->real64,
                            .validate = validate,
                            .test = test,
                            .targets_optional = o->wish->targets_optional,
                            .coding = o->handle->coding,
                            .axes = o->handle->model->axes,
                            .folder = o->settings->origin[id] == FROM_MODEL ? o->wish->folder : NULL};
  return rnn_data_open(source, o->specs, o->handle->model->inputs, &options, data, error);
}

/* Takes the coding of what was opened over into the handle, where it has none yet. */
static void adopt_coding(RnnHandle *h, RnnData *data)
{
  if (h->coding || !data->coding) return;
  rnn_set_coding(h, data->coding);
  data->coding = NULL;
}

static bool open_own(const Opening *o, SettingId id, const RnnCall *source, RnnData *data, const RnnDataset **part,
                     RnnError *error)
{
  if (!source || o->wish->uncut) return true;
  if (!open_source(o, id, source, 0, 0, data, error))
    return rnn_fail_within(error, "setting %s", rnn_setting_row[id].name);
  *part = data->train;
  return true;
}

static bool open_data(Parts *p, const Opening *o, double validate, double test, RnnError *error)
{
  if (o->wish->memory) {
    if (validate > 0 || test > 0)
      return rnn_fail(error, RNN_ERROR_USAGE,
                      "data in memory can't be cut: validate and test must be sources of their own");
    RnnDataOptions options = {.real64 = o->handle->model->real64,
                              .targets_optional = o->wish->targets_optional,
                              .axes = o->handle->model->axes};
    p->memory = rnn_dataset_from_tensors(o->wish->memory, "data", o->specs, o->handle->model->inputs, &options, error);
    p->train = p->memory;
    return p->memory != NULL;
  }
  const char *text = rnn_setting_text(o->settings, SETTING_data);
  if (!*text)
    return rnn_fail(error, RNN_ERROR_USAGE, "no data: name a file by --data, or by `data =` in the train block");
  RnnCall *source = rnn_call_parse(text, error);
  if (!source) return rnn_fail_within(error, "setting data");
  bool cut = !o->wish->uncut,
       ok = open_source(o, SETTING_data, source, cut ? validate : 0, cut ? test : 0, &p->data, error);
  rnn_call_free(source);
  p->train = p->data.train;
  p->validate = p->data.validate;
  p->test = p->data.test;
  if (ok) adopt_coding(o->handle, &p->data);
  return ok;
}

bool rnn_parts_open(Parts *p, RnnHandle *h, const Settings *settings, const PartsWish *wish, RnnError *error)
{
  Opening o = {h, settings, wish, rnn_model_specs(h->model)};
  double validate = 0, test = 0;
  RnnCall *validate_own = NULL, *test_own = NULL;
  *p = (Parts){0};
  bool ok = o.specs || rnn_fail_memory(error, sizeof *o.specs);
  ok = ok && rnn_setting_part(settings, SETTING_validate, &validate, &validate_own, error) &&
       rnn_setting_part(settings, SETTING_test, &test, &test_own, error);
  ok = ok && open_data(p, &o, validate, test, error);
  ok = ok && open_own(&o, SETTING_validate, validate_own, &p->validate_own, &p->validate, error) &&
       open_own(&o, SETTING_test, test_own, &p->test_own, &p->test, error);
  rnn_call_free(validate_own);
  rnn_call_free(test_own);
  free(o.specs);
  if (!ok) rnn_parts_close(p);
  return ok;
}

void rnn_parts_close(Parts *p)
{
  rnn_data_free(&p->data);
  rnn_data_free(&p->validate_own);
  rnn_data_free(&p->test_own);
  rnn_dataset_free(p->memory);
  *p = (Parts){0};
}

/* arrays.c: outputs, loss and gradients of lists of arrays, all sequences as one batch. */
#include <stdlib.h>
#include <string.h>
#include "arrays.h"
#include "teacher_forcing.h"

static bool all_sequences(RnnBatch *batch, const RnnDataset *data, RnnError *error)
{
  int64_t *list = malloc(((size_t)data->sequences + 1) * sizeof *list);
  if (!list) return rnn_fail_memory(error, (size_t)data->sequences * sizeof *list);
  for (int64_t i = 0; i < data->sequences; i++) list[i] = i;
  bool ok = rnn_batch_whole(batch, data, list, data->sequences, error);
  free(list);
  return ok;
}

/* Runs a program over the whole dataset; what follows may read the run until it is done with the batch. */
static Run *run_over(RnnHandle *h, const char *program, const RnnDataset *data, RnnBatch *batch, RnnError *error)
{
  Run *run = rnn_handle_run(h, program, error);
  if (!run || !all_sequences(batch, data, error)) return NULL;
  if (!rnn_run_prepare(run, batch, data, (NoiseKey){.forced = rnn_forcing_first(h->model)}, error)) return NULL;
  rnn_run_go(run, h->weights, h->grads);
  return run;
}

/* An update may still read the run's numbers, but not what it was filled from. */
static void done(Run *run, RnnBatch *batch)
{
  rnn_batch_free(batch);
  if (run) run->batch = NULL, run->data = NULL;
}

static RnnDataset *dataset_of(const RnnHandle *h, const RnnTensorFile *data, bool targets_optional, RnnError *error)
{
  RnnInputSpec *specs = rnn_model_specs(h->model);
  if (!specs) {
    rnn_fail_memory(error, sizeof *specs);
    return NULL;
  }
  RnnDataOptions options = {.real64 = h->model->real64, .targets_optional = targets_optional, .axes = h->model->axes};
  RnnDataset *set = rnn_dataset_from_tensors(data, "data", specs, h->model->inputs, &options, error);
  free(specs);
  return set;
}

static bool export_named(const Run *run, const char *name, RnnTensorFile *out, RnnError *error)
{
  const Program *p = run->program;
  int v = rnn_program_var(p, name);
  if (v >= 0) return rnn_run_export(run, &p->var[v], name, out, error);
  const char **names = calloc((size_t)p->vars + 1, sizeof *names);
  for (int i = 0; names && i < p->vars; i++) names[i] = p->var[i].name;
  const char *near = names ? rnn_near(name, names, (size_t)p->vars) : NULL;
  free(names);
  if (near)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "no variable '%s' with memory of its own in this program; did you mean '%s'?", name, near);
  return rnn_fail(error, RNN_ERROR_USAGE, "no variable '%s' with memory of its own in this program", name);
}

bool rnn_forward_on(RnnHandle *h, const RnnDataset *data, const char *const *show, RnnTensorFile *out, RnnError *error)
{
  RnnBatch batch = {0};
  Run *run = run_over(h, "forward", data, &batch, error);
  bool ok = run != NULL;
  for (int i = 0; ok && !show && i < h->model->outputs; i++)
    ok = export_named(run, h->model->output[i].name, out, error);
  for (int i = 0; ok && show && show[i]; i++) ok = export_named(run, show[i], out, error);
  done(run, &batch);
  return ok;
}

bool rnn_loss_on(RnnHandle *h, const RnnDataset *data, double *loss, RnnError *error)
{
  RnnBatch batch = {0};
  Run *run = run_over(h, "evaluate", data, &batch, error);
  if (run) *loss = run->program->loss >= 0 ? rnn_run_number(run, run->program->loss) : 0;
  done(run, &batch);
  return run != NULL;
}

static bool export_gradients(const RnnHandle *h, const Run *run, double loss, RnnTensorFile *out, RnnError *error)
{
  RnnTensor *number = rnn_tensor_add(out, "loss", RNN_F64, 0, NULL, error);
  if (!number) return false;
  *(double *)number->data = loss;
  size_t bytes = h->model->real64 ? sizeof(double) : sizeof(float);
  for (int i = 0; i < h->model->params; i++) {
    const RnnParam *p = &h->param[i];
    if (h->model->param[i].fixed) continue;
    RnnTensor *t = rnn_tensor_add(out, p->name, h->model->real64 ? RNN_F64 : RNN_F32, p->rank, p->shape, error);
    if (!t) return false;
    memcpy(t->data, (const char *)h->grads + (size_t)p->offset * bytes, (size_t)p->count * bytes);
  }
  for (int i = 0; i < run->program->wrts; i++) {
    const ProgramWrt *w = &run->program->wrt[i];
    if (!rnn_run_export(run, &run->program->var[w->var], h->model->input[w->input].spec.name, out, error)) return false;
  }
  return true;
}

bool rnn_gradient_on(RnnHandle *h, const RnnDataset *data, double *loss, RnnTensorFile *out, RnnError *error)
{
  RnnBatch batch = {0};
  memset(h->grads, 0, rnn_block_bytes(h));
  Run *run = run_over(h, "train", data, &batch, error);
  double value = run && run->program->loss >= 0 ? rnn_run_number(run, run->program->loss) : 0;
  if (run && loss) *loss = value;
  bool ok = run && (!out || export_gradients(h, run, value, out, error));
  done(run, &batch);
  return ok;
}

bool rnn_forward(RnnHandle *h, const RnnTensorFile *data, const char *const *show, RnnTensorFile *out, RnnError *error)
{
  RnnDataset *set = dataset_of(h, data, true, error);
  bool ok = set && rnn_forward_on(h, set, show, out, error);
  rnn_dataset_free(set);
  return ok;
}

bool rnn_loss(RnnHandle *h, const RnnTensorFile *data, double *loss, RnnError *error)
{
  RnnDataset *set = dataset_of(h, data, false, error);
  bool ok = set && rnn_loss_on(h, set, loss, error);
  rnn_dataset_free(set);
  return ok;
}

bool rnn_gradient(RnnHandle *h, const RnnTensorFile *data, double *loss, RnnTensorFile *out, RnnError *error)
{
  RnnDataset *set = dataset_of(h, data, false, error);
  bool ok = set && rnn_gradient_on(h, set, loss, out, error);
  rnn_dataset_free(set);
  return ok;
}

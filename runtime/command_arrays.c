/* command_arrays.c: `init`, `forward` and `gradient`: all sequences of a file as one batch, arrays in and arrays out.
 */
#include "arrays.h"
#include "job.h"
#include "statistics.h"
#include <stdlib.h>
#include <string.h>

int rnn_command_init(Job *job)
{
  char out[4096];
  uint64_t seed = (uint64_t)rnn_setting_count(&job->settings, SETTING_seed);
  if (rnn_job_path(job, out, sizeof out, ".safetensors") && rnn_initialise(job->handle, seed, &job->error))
    rnn_save(job->handle, out, &job->error);
  return job->error.code;
}

typedef bool RunOver(Job *job, const RnnDataset *data, RnnTensorFile *out);

static int write_over(Job *job, bool targets_optional, RunOver *run)
{
  Parts parts;
  RnnTensorFile out = {0};
  if (!job->value[OPTION_OUT])
    rnn_fail(&job->error, RNN_ERROR_USAGE, "no file to write: name one by --out, for example --out out.npz");
  if (job->error.code == RNN_OK && rnn_job_weights(job) && rnn_job_data(job, &parts, true, targets_optional)) {
    if (run(job, parts.train, &out)) rnn_tensors_write(job->value[OPTION_OUT], &out, &job->error);
    rnn_parts_close(&parts);
  }
  rnn_tensor_file_free(&out);
  return job->error.code;
}

static bool forward(Job *job, const RnnDataset *data, RnnTensorFile *out)
{
  const char *list = job->value[OPTION_SHOW];
  const char **show = list ? rnn_job_names(list) : NULL;
  if (list && !show) return rnn_fail_memory(&job->error, strlen(list));
  bool ok = rnn_statistics_need(job->handle, &job->error) && rnn_forward_on(job->handle, data, show, out, &job->error);
  if (show) free((char *)show[0]);
  free(show);
  return ok;
}

int rnn_command_forward(Job *job) { return write_over(job, true, forward); }

/* The model was compiled with what --wrt named, by a host that read it before; an executable has none. */
static bool has_wrt(Job *job, const char *name)
{
  const Program *p = rnn_model_program(job->handle->model, "train");
  for (int i = 0; p && i < p->wrts; i++)
    if (!strcmp(job->handle->model->input[p->wrt[i].input].spec.name, name)) return true;
  if (rnn_model_input(job->handle->model, name) >= 0)
    return rnn_fail(&job->error, RNN_ERROR_USAGE,
                    "--wrt: this program was compiled without the gradient by '%s': rnnc run makes one that has it",
                    name);
  const char **names = calloc((size_t)job->handle->model->inputs + 1, sizeof *names);
  for (int i = 0; names && i < job->handle->model->inputs; i++) names[i] = job->handle->model->input[i].spec.name;
  const char *near = names ? rnn_near(name, names, (size_t)job->handle->model->inputs) : NULL;
  free(names);
  if (near) return rnn_fail(&job->error, RNN_ERROR_USAGE, "--wrt: no input named '%s'; did you mean '%s'?", name, near);
  return rnn_fail(&job->error, RNN_ERROR_USAGE, "--wrt: no input named '%s'", name);
}

static bool gradient(Job *job, const RnnDataset *data, RnnTensorFile *out)
{
  return rnn_gradient_on(job->handle, data, NULL, out, &job->error);
}

int rnn_command_gradient(Job *job)
{
  const char **names = job->value[OPTION_WRT] ? rnn_job_names(job->value[OPTION_WRT]) : NULL;
  bool ok = true;
  for (int i = 0; names && job->value[OPTION_WRT][0] && names[i] && ok; i++) ok = has_wrt(job, names[i]);
  if (names) free((char *)names[0]);
  free(names);
  return ok ? write_over(job, false, gradient) : (int)job->error.code;
}

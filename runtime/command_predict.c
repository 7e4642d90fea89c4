/* command_predict.c: `predict`: CSV to standard output or a file, or arrays. */
#include "evaluate.h"
#include "job.h"
#include "predict.h"
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *ending)
{
  size_t n = strlen(text), m = strlen(ending);
  return n >= m && strcmp(text + n - m, ending) == 0;
}

static bool print_csv(void *prediction, FILE *out) { return rnn_prediction_csv(prediction, out); }

static bool write_prediction(Job *job, const Prediction *p)
{
  const char *out = job->value[OPTION_OUT];
  bool arrays = out && (ends_with(out, ".npz") || ends_with(out, ".safetensors"));
  if (!arrays && !rnn_prediction_fits_csv(p, &job->error)) return false;
  if (!arrays) return rnn_job_write(job, print_csv, (void *)p);
  RnnTensorFile file = {0};
  bool ok = rnn_prediction_tensors(p, &file, &job->error) && rnn_tensors_write(out, &file, &job->error);
  rnn_tensor_file_free(&file);
  return ok;
}

int rnn_command_predict(Job *job)
{
  static const char *const words[] = {"likely", "outputs"};
  Parts parts;
  Prediction prediction;
  int what = rnn_job_word(job, OPTION_WHAT, words, 2);
  if (what < 0 || !rnn_job_kept_weights(job) || !rnn_job_data(job, &parts, true, true)) return job->error.code;
  const RnnDataset *data = parts.test       ? parts.test
                           : parts.validate ? parts.validate
                                            : parts.train; /* where a column cuts: what was held out */
  if (rnn_predict(job->handle, data, rnn_evaluation_plan(&job->settings, data, true), what == 1, &prediction,
                  &job->error))
    write_prediction(job, &prediction);
  rnn_prediction_free(&prediction);
  rnn_parts_close(&parts);
  return job->error.code;
}

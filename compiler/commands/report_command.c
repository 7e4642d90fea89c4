/* report_command.c: rnnc report: a training's log as one HTML page. report.h says how the parts go together. */
#include "report.h"
#include "options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_BYTES = 100000 }; /* as much of a file of samples is shown */

typedef struct Job {
  const char *output, *samples, *weights, *predictions;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  if (id == OPT_OUTPUT) job->output = value;
  if (id == OPT_SAMPLES) job->samples = value;
  if (id == OPT_WEIGHTS_FILE) job->weights = value;
  if (id == OPT_PREDICTIONS) job->predictions = value;
  return -1;
}

static bool read_samples(Extras *x, Arena *a, const char *path)
{
  FILE *f = fopen(path, "rb");
  char *text = arena_alloc(a, SAMPLES_BYTES + 1);
  errno = 0;
  size_t n = f ? fread(text, 1, SAMPLES_BYTES + 1, f) : 0;
  bool good = f && !ferror(f);
  if (!good) fprintf(stderr, "rnnc: %s: %s\n", path, strerror(errno));
  if (f) fclose(f);
  x->samples_size = n < SAMPLES_BYTES ? n : SAMPLES_BYTES;
  while (n > SAMPLES_BYTES && x->samples_size && (text[x->samples_size] & 0xc0) == 0x80) x->samples_size--;
  x->samples = text;
  x->samples_name = n > SAMPLES_BYTES ? arena_printf(a, "%s, its first %d bytes", path, SAMPLES_BYTES) : path;
  return good;
}

static bool read_tensors(RnnTensorFile *file, const char *path)
{
  RnnError error = {0};
  if (rnn_tensors_read(path, file, &error)) return true;
  fprintf(stderr, "rnnc: %s\n", error.message);
  return false;
}

/* A checkpoint that the run was named by has its parameters, too. */
static bool is_weights(const char *path)
{
  size_t n = strlen(path);
  return n > 12 && !strcmp(path + n - 12, ".safetensors");
}

static int make_report(const Job *job, const char *path, Arena *arena)
{
  Run run = {0};
  RnnTensorFile weights = {0}, predictions = {0};
  const char *from = job->weights ? job->weights : is_weights(path) ? path : NULL;
  Extras x = {.weights_name = from, .predictions_name = job->predictions};
  bool good = run_read(&run, arena, path);
  if (good && from) good = read_tensors(&weights, from);
  if (good && job->predictions) good = read_tensors(&predictions, job->predictions);
  if (good && job->samples) good = read_samples(&x, arena, job->samples);
  if (from) x.weights = &weights;
  if (job->predictions) x.predictions = &predictions;
  int code = EXIT_ENVIRONMENT;
  if (good) {
    Text t = {0};
    page_write(&t, &run, &x);
    code = driver_write(job->output, t.at, t.n);
    text_free(&t);
  }
  rnn_tensor_file_free(&weights);
  rnn_tensor_file_free(&predictions);
  run_free(&run);
  return code;
}

int report_command(int argc, char **argv)
{
  Job job = {0};
  int code = options_read(COMMAND_report, argc, argv, take, &job);
  if (code >= 0) return code;
  const char *path = options_operand(COMMAND_report, argc, argv);
  if (!path) return EXIT_USAGE;
  if (!job.output) return usage(COMMAND_report, "report needs -o report.html; '-': standard output", NULL, NULL);
  Arena *arena = arena_new();
  code = make_report(&job, path, arena);
  arena_free(arena);
  return code;
}

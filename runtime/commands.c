/* commands.c: one command from its arguments to its exit code. */
#include "commands.h"
#include "job.h"
#include <stdio.h>
#include <string.h>

static int (*const command_run[COMMANDS])(Job *job) = {
#define COMMAND(name, help) rnn_command_##name,
#include "options.def"
#undef COMMAND
};

/* "error: " before the first line; the others are part of the same message */
static void print_error(const Job *job)
{
  fflush(stdout);
  fprintf(stderr, "%s: error: %s\n", job->name, job->error.message);
}

/* What a host left open comes from the model's source: charlm/lm.rnn is called "rnnc run charlm/lm.rnn", and its files
 * are in charlm/. */
typedef struct HostTexts {
  RnnHost host;
  char name[4200], folder[4096];
} HostTexts;

static const RnnHost *complete_host(HostTexts *texts, const RnnModel *model, const RnnHost *host)
{
  if (!host) return NULL;
  json_t *json = json_loads(model->json, 0, NULL);
  const char *source = json_string_value(json_object_get(json, "source"));
  texts->host = *host;
  snprintf(texts->folder, sizeof texts->folder, "%s", source ? source : "");
  snprintf(texts->name, sizeof texts->name, "rnnc run %s", texts->folder);
  char *slash = strrchr(texts->folder, '/');
  if (slash) slash[slash == texts->folder] = 0; /* "/lm.rnn" is in "/" */
  if (!host->name) texts->host.name = texts->name;
  if (!host->folder && slash) texts->host.folder = texts->folder;
  json_decref(json);
  return &texts->host;
}

int rnn_main(int argc, char **argv, const RnnModel *model, const RnnHost *host)
{
  HostTexts texts;
  Job job = {.host = complete_host(&texts, model, host)};
  job.name = job.host ? job.host->name : argc > 0 ? argv[0] : "model";
  int code = rnn_options_read(&job, argc, argv);
  if (code < 0) code = rnn_job_open(&job, model) ? command_run[job.command](&job) : (int)job.error.code;
  if (code == RNN_OK && (fflush(stdout) != 0 || ferror(stdout))) {
    rnn_fail_errno(&job.error, "standard output");
    code = RNN_ERROR_IO;
  }
  if (job.error.code != RNN_OK) print_error(&job);
  rnn_job_close(&job);
  return code;
}

/* blob_command.c: rnnc blob: weights as bytes that an object made with --weights=blob takes. */
#include "driver.h"
#include "options.h"
#include <string.h>

typedef struct Job {
  DriverOptions o;
  const char *output;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  if (id == OPT_MODEL) job->o.model = value;
  if (id == OPT_OUTPUT) job->output = value;
  if (id == OPT_WEIGHTS_FILE) job->o.weights_file = value;
  if (id == OPT_PRECISION) job->o.f64_precision = !strcmp(value, "f64");
  return -1;
}

int blob_command(int argc, char **argv)
{
  Job job = {.o.level = 2};
  int code = options_read(COMMAND_blob, argc, argv, take, &job);
  if (code >= 0) return code;
  job.o.path = options_operand(COMMAND_blob, argc, argv);
  if (!job.o.path) return EXIT_USAGE;
  if (!job.o.weights_file) return usage(COMMAND_blob, "blob needs --weights-file FILE", NULL, NULL);
  if (!job.output) return usage(COMMAND_blob, "blob needs -o FILE", NULL, NULL);
  Driver d;
  code = driver_open(&d, &job.o);
  if (!code) code = driver_blob(&d, job.output);
  driver_close(&d);
  return code;
}

/* arguments.c: a command's arguments for a caller that compiles by them (commands.h). */
#include "commands.h"
#include "job.h"
#include <stdlib.h>
#include <string.h>

struct RnnArguments {
  RnnHost host;
  Job job;
};

static const char *const option_name[OPTIONS] = {
#define OPTION(id, name, letter, argument, setting, commands, help) name,
#define HOST_OPTION(id, name, letter, argument, help) name,
#include "options.def"
#undef OPTION
#undef HOST_OPTION
};

int rnn_arguments_read(int argc, char **argv, const char *name, RnnArguments **arguments)
{
  RnnArguments *a = calloc(1, sizeof *a);
  if (!a) return RNN_ERROR_IO;
  a->job.host = &a->host;
  a->job.name = name;
  int code = rnn_options_read(&a->job, argc, argv);
  if (code >= 0) rnn_arguments_free(a);
  else *arguments = a;
  return code;
}

void rnn_arguments_free(RnnArguments *a)
{
  rnn_options_free(&a->job);
  free(a);
}

const char *rnn_arguments_value(const RnnArguments *a, const char *option)
{
  for (int i = 0; i < OPTIONS; i++)
    if (!strcmp(option_name[i], option)) return a->job.value[i];
  return NULL;
}

const char *rnn_arguments_setting(const RnnArguments *a, const char *setting)
{
  size_t n = strlen(setting);
  for (int i = a->job.sets - 1; i >= 0; i--) {
    const char *word = a->job.set[i];
    if (!strncmp(word, "train.", 6)) word += 6;
    if (strncmp(word, setting, n)) continue;
    word += n + strspn(word + n, " ");
    if (*word == '=') return word + 1 + strspn(word + 1, " ");
  }
  return NULL;
}

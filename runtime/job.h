/* job.h: one command of rnn_main with its options, and what the commands share. Private to the runtime. */
#ifndef RNN_JOB_H
#define RNN_JOB_H
#include "handle.h"
#include "parts.h"
#include "rng.h"
#include "commands.h"
#include "settings.h"
#include <stdio.h>

typedef enum CommandId {
#define COMMAND(name, help) COMMAND_##name,
#include "options.def"
#undef COMMAND
  COMMANDS
} CommandId;

typedef enum OptionId {
#define OPTION(id, name, letter, argument, setting, commands, help) OPTION_##id,
#define HOST_OPTION(id, name, letter, argument, help) OPTION_##id,
#include "options.def"
#undef OPTION
#undef HOST_OPTION
  OPTIONS
} OptionId;

typedef struct Job {
  const RnnHost *host; /* NULL in an executable */
  const char *name;    /* how the user says this program */
  CommandId command;
  const char *value[OPTIONS]; /* as given last; "" for a given flag; NULL: not given */
  const char **set; /* assignments in the order given, NULL at the end: --set, and options that stand for settings */
  int sets;
  char *include; /* all folders of -I, with ':' between */
  RnnHandle *handle;
  Settings settings;
  RnnError error;
} Job;

/* options.c. Negative: go on; else the exit code, after a message or help. job->name and job->host are set before. The
   end by rnn_options_free, or rnn_job_close. */
int rnn_options_read(Job *job, int argc, char **argv);
void rnn_options_free(Job *job);
const char *rnn_command_name(CommandId command);

/* job.c: false after a failure, with job->error filled. */
bool rnn_job_open(Job *job, const RnnModel *model); /* handle, settings, threads */
void rnn_job_close(Job *job);
bool rnn_job_weights(Job *job);      /* --weights, or NAME.safetensors */
bool rnn_job_kept_weights(Job *job); /* the same for what reads batch statistics that training kept */
bool rnn_job_data(Job *job, Parts *parts, bool uncut, bool targets_optional);
bool rnn_job_count(Job *job, OptionId option, int64_t otherwise, int64_t least, int64_t *value);
bool rnn_job_number(Job *job, OptionId option, double otherwise, double least, double *value);
bool rnn_job_drawing(Job *job, RnnDrawing *drawing); /* --temperature, --top-k, --top-p */
/* Opens the data and picks --part of them, `all` being `train` where nothing is cut: by default with --data all, else
   the part held out last. *name is what it is called. NULL: a failure, and nothing is open. */
const RnnDataset *rnn_job_part(Job *job, Parts *parts, bool targets_optional, const char **name);
/* What `print` writes, to standard output or to --out, aside and renamed. `print` says false where memory fails or the
   stream does. */
bool rnn_job_write(Job *job, bool (*print)(void *context, FILE *out), void *context);
bool rnn_job_path(Job *job, char *path, size_t size, const char *ending); /* --out, or NAME + ending */
const char **rnn_job_names(const char *list); /* "x,h0" split; NULL at the end. free(names[0]), free(names) */
/* The number of a word among some, with the near one in the message; -1: none. */
int rnn_job_word(Job *job, OptionId option, const char *const *words, int count);

/* The commands: an exit code. They print nothing on failure: job->error is filled, rnn_main prints it. */
#define COMMAND(name, help) int rnn_command_##name(Job *job);
#include "options.def"
#undef COMMAND

#endif

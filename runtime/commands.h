/* commands.h: the command line of a compiled model: train, evaluate, predict, sample, info and others (options.def).

   Executables are `return rnn_main(argc, argv, &NAME_model, NULL)`. argv[1] is the command. Data go to standard output,
   all else to standard error. Returns the exit code: 0 ok, 2 wrong usage, 3 files, data or environment, 4 training
   ended badly, 128 + the signal where one stopped training. */
#ifndef RNN_COMMANDS_H
#define RNN_COMMANDS_H
#include "clock.h"
#include "rnn_program.h"

/* What only a caller that compiled the model just now can say. All may be 0. */
typedef struct RnnHost {
  double compile_s;   /* seconds, for bench */
  const char *name;   /* how a user says this program; NULL: "rnnc run SOURCE", by the model's source */
  const char *folder; /* where relative names in the model's train block are looked up; NULL: the source's folder */
} RnnHost;

int rnn_main(int argc, char **argv, const RnnModel *model, const RnnHost *host);

/* A command's arguments, read before there is a model, by a caller that compiles by them. argv[1] is the command, name
   how the user says this program. Negative, and *arguments is to be freed; else an exit code, after a message or
   help. */
typedef struct RnnArguments RnnArguments;
int rnn_arguments_read(int argc, char **argv, const char *name, RnnArguments **arguments);
void rnn_arguments_free(RnnArguments *arguments);
/* Of an option by its long name: as given last, "" for a flag. NULL: not given. */
const char *rnn_arguments_value(const RnnArguments *arguments, const char *option);
/* VALUE of the last `--set NAME=VALUE`, or of the option that stands for it; NULL: none. */
const char *rnn_arguments_setting(const RnnArguments *arguments, const char *setting);

/* What the training of a checkpoint had as that setting, for a caller that compiles by it; NULL: none, or no
   checkpoint. The caller frees. */
char *rnn_checkpoint_setting(const char *path, const char *name);

#endif

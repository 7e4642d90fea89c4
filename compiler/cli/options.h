/* options.h: the tables of commands and options, and how a command reads its arguments. */
#ifndef RNNC_OPTIONS_H
#define RNNC_OPTIONS_H
#include "exit_codes.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum CommandId {
#define COMMAND(name, group, operands, help) COMMAND_##name,
#include "commands.def"
#undef COMMAND
  COMMANDS
} CommandId;

typedef struct CommandRow {
  const char *name, *operands, *help;
  int group;
} CommandRow;
extern const CommandRow command_row[COMMANDS];

typedef enum CommandGroup {
#define GROUP(id, title) GROUP_##id,
#include "commands.def"
#undef GROUP
  GROUPS
} CommandGroup;
extern const char *const group_title[GROUPS];

typedef enum OptionId {
#define OPTION(id, name, letter, argument, values, commands, help) OPT_##id,
#include "options.def"
#undef OPTION
  OPTS
} OptionId;

#define OPTION_BRIEF (1ull << 63)
typedef struct OptionRow {
  const char *name, *argument, *values, *help;
  uint64_t commands; /* bit 1 << CommandId for each that takes it; OPTION_BRIEF */
  char letter;
} OptionRow;
extern const OptionRow option_row[OPTS];

/* The commands of a model and their options (runtime/options.def), for help and completions; in their rows `commands`
   has a bit for each of model_command_row. The runtime reads them. */
typedef struct ModelCommandRow {
  const char *name, *help;
} ModelCommandRow;
extern const ModelCommandRow model_command_row[];
extern const int model_commands, model_options;
extern const OptionRow model_option_row[];
int model_command_named(const char *name); /* -1: none */
typedef struct TrainSetting {
  const char *name, *otherwise, *help;
} TrainSetting;
extern const TrainSetting train_setting[]; /* a NULL name at the end */

/* What help, man page and completions list of one command. */
typedef struct OptionList {
  const OptionRow *row;
  int rows;
  uint64_t command; /* its bit */
} OptionList;
OptionList command_options(CommandId command);
OptionList model_command_options(int command);

/* Reads the options of a command in argv[1..]. take is called for each in order: it returns -1 to go on, or an exit
   code. Returns -1, and what is no option stands at argv[optind .. argc - 1]; or an exit code, after a message or the
   help. Values that the table lists are checked before take sees them.
   take may be NULL where --help is all there is. */
typedef int OptionTaker(void *job, OptionId id, const char *value);
int options_read(CommandId command, int argc, char **argv, OptionTaker *take, void *job);
/* The one operand of a command, after options_read; NULL after a message when it is missing or there are more. */
const char *options_operand(CommandId command, int argc, char **argv);

/* What options_read does with a value that the table lists, for a value that was found in another way: -1, or an exit
   code after a message. NULL is no mistake. */
int options_check(CommandId command, OptionId id, const char *value);

/* "rnnc: WHAT 'NAME': did you mean 'NEAR'?" and where help is; name and near may be NULL. Returns EXIT_USAGE. */
int usage(CommandId command, const char *what, const char *name, const char *near);
/* -1: none */
int command_named(const char *name);
const char *command_near(const char *name); /* of rnnc or of a model */
/* What the operand of a command may be; NULL: not listed. */
const char *operand_values(CommandId command);
/* What the argument of an option may be, parted by ' ' or '|'; NULL: not listed. */
const char *option_values(const OptionRow *row);
/* The next word of such a list: its length, 0 at the end; *next is where to go on. "..." and forms with "(..)" are left
   out. */
int list_word(const char *list, const char **word, const char **next);
bool list_is_open(const char *list); /* ends with "..." */

/* The folders of a -I, parted by ':', behind those of earlier ones; NULL ends the list, which lives as long as the
   process. -1, or an exit code after a message. */
int options_folders(CommandId command, const char *value, const char *const **folders);

/* help.c */
void help_brief(FILE *out);
void help_all(FILE *out);
void help_command_options(CommandId command, FILE *out);
void help_model_command(int command, FILE *out);
void help_indented(FILE *out, int at, int left, const char *text); /* wrapped; `at` columns of the line are written */
/* manual.c: rnnc.1 */
void manual_write(FILE *out);
/* completion.c: "bash", "zsh", "fish"; false: none of these */
bool completion_write(const char *shell, FILE *out);

#endif

/* options.c: a command's arguments by the tables commands.def and options.def.
   Needs: getopt_long; nearest for suggestions. Knows no command: what an option does is its taker's. */
#include "options.h"
#include "diag.h"
#include <getopt.h>
#include <string.h>

const CommandRow command_row[COMMANDS] = {
#define COMMAND(name, group, operands, help) {#name, operands, help, GROUP_##group},
#include "commands.def"
#undef COMMAND
};

const char *const group_title[GROUPS] = {
#define GROUP(id, title) title,
#include "commands.def"
#undef GROUP
};

/* Values that other tables list */
static const char target_names[] =
#define TARGET(name, triple, cpu, features, abi, system, help) name " "
#include "compiler/codegen/targets.def"
#undef TARGET
    "...";
static const char lint_names[] = "all no-all pedantic no-pedantic error no-error "
#define LINT(number, name, flag, group, title) flag " no-" flag " "
#include "lints.def"
#undef LINT
                                 "...";
static const char code_names[] =
#define CODE(number, name, title) #number " "
#include "codes.def"
#undef CODE
#define LINT(number, name, flag, group, title) #number " "
#include "lints.def"
#undef LINT
    "";
#define TARGET_NAMES target_names
#define LINT_NAMES lint_names

#define ON(command) | 1ull << COMMAND_##command
#define EVERY | (OPTION_BRIEF - 1)
#define BRIEF | OPTION_BRIEF
const OptionRow option_row[OPTS] = {
#define OPTION(id, name, letter, argument, values, commands, help) {name, argument, values, help, 0 commands, letter},
#include "options.def"
#undef OPTION
};
#undef ON
#undef EVERY
#undef BRIEF

_Static_assert(COMMANDS < 63, "a bit of OptionRow.commands for each command");

enum { FIRST_LONG = 256 }; /* getopt's value of option i is FIRST_LONG + i */

static bool takes(CommandId command, int option) { return option_row[option].commands >> command & 1; }

OptionList command_options(CommandId command) { return (OptionList){option_row, OPTS, 1ull << command}; }

/* -- lists -- */

const char *operand_values(CommandId command)
{
  const char *operands = command_row[command].operands;
  return strchr(operands, '|') ? operands : !strcmp(operands, "[CODE]") ? code_names : NULL;
}

const char *option_values(const OptionRow *row)
{
  if (row->values) return row->values;
  return row->argument && strchr(row->argument, '|') ? row->argument : NULL;
}

int list_word(const char *list, const char **word, const char **next)
{
  for (;;) {
    *word = list += strspn(list, " |");
    size_t n = strcspn(list, " |");
    *next = list + n;
    bool form = n && (list[n - 1] == ')' || !strcmp(list, "..."));
    if (!form) return (int)n;
    list = *next;
  }
}

bool list_is_open(const char *list)
{
  size_t n = strlen(list);
  return n >= 3 && !strcmp(list + n - 3, "...");
}

/* -- mistakes -- */

int usage(CommandId command, const char *what, const char *name, const char *near)
{
  fprintf(stderr, "rnnc: %s%s%s%s", what, name ? " '" : "", name ? name : "", name ? "'" : "");
  if (near) fprintf(stderr, ": did you mean '%s'?", near);
  bool whole = command == COMMAND_compile || command >= COMMANDS;
  fprintf(stderr, "\nTry 'rnnc%s%s --help'.\n", whole ? "" : " ", whole ? "" : command_row[command].name);
  return EXIT_USAGE;
}

int command_named(const char *name)
{
  for (int i = 0; i < COMMANDS; i++)
    if (!strcmp(name, command_row[i].name)) return i;
  return -1;
}

const char *command_near(const char *name)
{
  const char *names[COMMANDS + 64];
  int n = 0;
  for (int i = 0; i < COMMANDS; i++) names[n++] = command_row[i].name;
  for (int i = 0; i < model_commands && i < 64; i++) names[n++] = model_command_row[i].name;
  return nearest(name, names, n);
}

static int unknown_option(CommandId command, const char *given)
{
  const char *names[OPTS];
  int n = 0;
  for (int i = 0; i < OPTS; i++)
    if (takes(command, i)) names[n++] = option_row[i].name;
  char word[64], text[80];
  const char *start = given + strspn(given, "-");
  snprintf(word, sizeof word, "%.*s", (int)strcspn(start, "="), start);
  const char *near = nearest(word, names, n);
  if (near) snprintf(text, sizeof text, "--%s", near);
  for (int i = 0; i < OPTS && !near; i++)
    if (!strcmp(option_row[i].name, word)) return usage(command, "not an option of this command:", given, NULL);
  return usage(command, "no option", given, near ? text : NULL);
}

/* Where the table lists what the value may be, it has to be one of these. */
static int check_word(CommandId command, const OptionRow *row, const char *value)
{
  const char *words[64], *word, *next = row->values;
  char text[512], all[512] = "", near_text[128];
  int n = 0;
  size_t at = 0, used = 0;
  for (int bytes; (bytes = list_word(next, &word, &next)) && n < 64; n++) {
    if ((int)strlen(value) == bytes && !strncmp(value, word, (size_t)bytes)) return -1;
    words[n] = text + at;
    at += (size_t)snprintf(text + at, sizeof text - at, "%.*s", bytes, word) + 1;
    bool last = !next[strspn(next, " ")];
    used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", n == 0 ? "" : last ? " or " : ", ", words[n]);
  }
  const char *near = nearest(value, words, n);
  if (near) snprintf(near_text, sizeof near_text, "%s", near);
  char what[640];
  snprintf(what, sizeof what, "--%s is %s, not", row->name, all);
  return usage(command, what, value, near ? near_text : NULL);
}

/* "a=FILE,b": each word before ',' or '='. */
static int check_list(CommandId command, OptionId id, const char *value)
{
  for (;; value++) {
    char word[64];
    size_t n = strcspn(value, ",=");
    snprintf(word, sizeof word, "%.*s", (int)n, value);
    int code = check_word(command, &option_row[id], word);
    if (code >= 0) return code;
    value += n;
    value += strcspn(value, ",");
    if (!*value) return -1;
  }
}

int options_check(CommandId command, OptionId id, const char *value)
{
  const OptionRow *row = &option_row[id];
  if (!value || !row->values || list_is_open(row->values)) return -1; /* other lists are checked by their taker */
  return strstr(row->argument, ",..") ? check_list(command, id, value) : check_word(command, row, value);
}

int options_folders(CommandId command, const char *value, const char *const **folders)
{
  static const char *list[64];
  int n = 0, capacity = sizeof list / sizeof *list;
  while (list[n]) n++;
  for (size_t bytes; *value; value += bytes + (value[bytes] == ':')) {
    bytes = strcspn(value, ":");
    if (!bytes) continue;
    if (n + 1 == capacity) return usage(command, "too many folders: -I", value, NULL);
    list[n++] = strndup(value, bytes);
  }
  *folders = list;
  return -1;
}

/* -- reading -- */

/* Only this command's options, so that all others are mistakes */
static void getopt_tables(CommandId command, struct option *longs, char *letters)
{
  *letters++ = ':';
  for (int i = 0; i < OPTS; i++) {
    const OptionRow *o = &option_row[i];
    if (!takes(command, i)) continue;
    int has = !o->argument ? no_argument : *o->argument == '[' ? optional_argument : required_argument;
    *longs++ = (struct option){o->name, has, NULL, FIRST_LONG + i};
    if (!o->letter || o->letter == '-') continue;
    *letters++ = o->letter;
    if (has == required_argument || (has == optional_argument && o->values)) *letters++ = ':';
    if (has == optional_argument && o->values) *letters++ = ':';
  }
  *letters = 0;
  *longs = (struct option){0};
}

/* -MD -> --MD, for getopt */
static void one_dash(CommandId command, int argc, char **argv)
{
  static char *const twice[OPTS] = {
#define OPTION(id, name, letter, argument, values, commands, help) "--" name,
#include "options.def"
#undef OPTION
  };
  for (int k = 1; k < argc && strcmp(argv[k], "--"); k++)
    for (int i = 0; i < OPTS; i++)
      if (option_row[i].letter == '-' && takes(command, i) && !strcmp(argv[k], twice[i] + 1)) argv[k] = twice[i];
}

static int give_help(CommandId command, const char *said, const char *value)
{
  if (value) help_all(stdout);
  else if (command == COMMAND_compile && strcmp(said, "compile")) help_brief(stdout);
  else help_command_options(command, stdout);
  return EXIT_OK;
}

int options_read(CommandId command, int argc, char **argv, OptionTaker *take, void *job)
{
  struct option longs[OPTS + 1];
  char letters[3 * OPTS + 2];
  getopt_tables(command, longs, letters);
  one_dash(command, argc, argv);
  opterr = 0;
  optind = 0; /* from the start, also where it was used before */
  for (;;) {
    int c = getopt_long(argc, argv, letters, longs, NULL);
    if (c == -1) return -1;
    if (c == '?' && optopt >= FIRST_LONG) return usage(command, "this option takes no value:", argv[optind - 1], NULL);
    if (c == '?') return unknown_option(command, optopt ? (char[]){'-', (char)optopt, 0} : argv[optind - 1]);
    if (c == ':') return usage(command, "a value is missing after", argv[optind - 1], NULL);
    int id = c - FIRST_LONG;
    for (int i = 0; c < FIRST_LONG && i < OPTS; i++)
      if (option_row[i].letter == c && takes(command, i)) id = i;
    int code = options_check(command, (OptionId)id, optarg);
    if (code < 0)
      code = id == OPT_HELP ? give_help(command, argv[0], optarg) : take ? take(job, (OptionId)id, optarg) : -1;
    if (code >= 0) return code;
  }
}

const char *options_operand(CommandId command, int argc, char **argv)
{
  const char *wants = command_row[command].operands;
  char what[160];
  if (optind == argc) {
    snprintf(what, sizeof what, "%s is missing", strstr(wants, "model.rnn") ? "the model" : wants);
    usage(command, what, NULL, NULL);
    return NULL;
  }
  if (optind + 1 < argc) {
    snprintf(what, sizeof what, "one %s at a time; what is", strstr(wants, "model.rnn") ? "model" : wants);
    usage(command, what, argv[optind + 1], NULL);
    return NULL;
  }
  return argv[optind];
}

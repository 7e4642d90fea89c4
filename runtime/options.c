/* options.c: the command line by the table of options.def. */
#include "job.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name, *help;
} commands[] = {
#define COMMAND(name, help) {#name, help},
#include "options.def"
#undef COMMAND
};

static const struct {
  const char *name, *argument, *setting, *help;
  unsigned commands;
  char letter;
  bool host;
} options[] = {
#define ON(command) | 1u << COMMAND_##command
#define OPTION(id, name, letter, argument, setting, commands, help)                                                    \
  {name, argument, setting, help, 0 commands, letter, false},
#define HOST_OPTION(id, name, letter, argument, help) {name, argument, NULL, help, ~0u, letter, true},
#include "options.def"
#undef OPTION
#undef HOST_OPTION
#undef ON
};

enum { FIRST_LONG = 256 }; /* getopt's value of option i */

const char *rnn_command_name(CommandId command) { return commands[command].name; }

static bool is_for(const Job *job, int option)
{
  return (options[option].commands & 1u << job->command) && (!options[option].host || job->host);
}

/* -- help -- */

static void help_commands(const Job *job, FILE *out)
{
  fprintf(out, "usage: %s COMMAND [OPTIONS]\n\n", job->name);
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
  fprintf(out, "\n%s COMMAND --help lists a command's options.\n", job->name);
}

static void help_settings(FILE *out)
{
  fputs("\nSettings (--set NAME=VALUE; the train block of the model gives their values)\n", out);
  for (int i = 0; i < SETTINGS; i++) {
    const SettingRow *row = &rnn_setting_row[i];
    fprintf(out, "  %-16s %s%s%s%s\n", row->name, row->help, *row->otherwise ? " [" : "", row->otherwise,
            *row->otherwise ? "]" : "");
  }
}

static void help(const Job *job, FILE *out)
{
  fprintf(out, "usage: %s %s [OPTIONS]\n%s\n\nOptions\n", job->name, commands[job->command].name,
          commands[job->command].help);
  for (int i = 0; i < OPTIONS; i++) {
    char left[64];
    if (!is_for(job, i)) continue;
    snprintf(left, sizeof left, "%c%c%c --%s%s%s", options[i].letter ? '-' : ' ',
             options[i].letter ? options[i].letter : ' ', options[i].letter ? ',' : ' ', options[i].name,
             options[i].argument ? "=" : "", options[i].argument ? options[i].argument : "");
    fprintf(out, "  %-28s %s\n", left, options[i].help);
  }
  if (options[OPTION_SET].commands & 1u << job->command) help_settings(out);
}

/* -- mistakes -- */

static int complain(const Job *job, const char *what, const char *given, const char *near)
{
  fprintf(stderr, "%s: %s '%s'", job->name, what, given);
  if (near) fprintf(stderr, "; did you mean '%s'?", near);
  fprintf(stderr, "\nTry '%s%s%s --help'.\n", job->name, job->command < COMMANDS ? " " : "",
          job->command < COMMANDS ? commands[job->command].name : "");
  return RNN_ERROR_USAGE;
}

static int unknown_command(const Job *job, const char *given)
{
  const char *names[COMMANDS];
  for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
  return complain(job, "unknown command", given, rnn_near(given, names, COMMANDS));
}

static int unknown_option(const Job *job, const char *given)
{
  const char *names[OPTIONS];
  char word[64], near_text[80];
  size_t n = 0;
  for (int i = 0; i < OPTIONS; i++)
    if (is_for(job, i)) names[n++] = options[i].name;
  snprintf(word, sizeof word, "%.*s", (int)strcspn(given + strspn(given, "-"), "="), given + strspn(given, "-"));
  for (int i = 0; i < SETTINGS && (options[OPTION_SET].commands & 1u << job->command); i++)
    if (!strcmp(rnn_setting_row[i].name, word)) {
      snprintf(near_text, sizeof near_text, "--set %s=...", word);
      return complain(job, "unknown option", given, near_text);
    }
  const char *near = rnn_near(word, names, n);
  if (near) snprintf(near_text, sizeof near_text, "--%s", near);
  for (int i = 0; !near && i < OPTIONS; i++)
    if (!strcmp(options[i].name, word)) return complain(job, "not an option of this command:", given, NULL);
  return complain(job, "unknown option", given, near ? near_text : NULL);
}

/* -- reading -- */

static bool add_assignment(Job *job, const char *name, const char *value)
{
  size_t bytes = strlen(value) + (name ? strlen(name) + 1 : 0) + 1;
  char *text = malloc(bytes);
  const char **set = text ? realloc(job->set, (size_t)(job->sets + 2) * sizeof *set) : NULL;
  if (!set) {
    free(text);
    return false;
  }
  if (name) snprintf(text, bytes, "%s=%s", name, value);
  else memcpy(text, value, bytes);
  job->set = set;
  job->set[job->sets++] = text;
  job->set[job->sets] = NULL;
  return true;
}

void rnn_options_free(Job *job)
{
  for (int i = 0; i < job->sets; i++) free((char *)job->set[i]);
  free(job->set);
  free(job->include);
  job->include = NULL;
  job->set = NULL;
  job->sets = 0;
}

/* Tables for getopt: only this command's options, so that all others are mistakes */
static void getopt_tables(const Job *job, struct option *longs, char *letters)
{
  *letters++ = '+'; /* stop at the first word that is no option: it is a mistake */
  *letters++ = ':';
  for (int i = 0; i < OPTIONS; i++) {
    if (!is_for(job, i)) continue;
    *longs++ =
        (struct option){options[i].name, options[i].argument ? required_argument : no_argument, NULL, FIRST_LONG + i};
    if (!options[i].letter) continue;
    *letters++ = options[i].letter;
    if (options[i].argument) *letters++ = ':';
  }
  *letters = 0;
  *longs = (struct option){0};
}

static bool add_folder(Job *job, const char *folder)
{
  size_t bytes = strlen(folder) + (job->include ? strlen(job->include) : 0) + 2;
  char *all = malloc(bytes);
  if (!all) return false;
  snprintf(all, bytes, "%s%s%s", job->include ? job->include : "", job->include ? ":" : "", folder);
  free(job->include);
  job->value[OPTION_INCLUDE] = job->include = all;
  return true;
}

/* Each setting of a JSON file as if it were said by --set: of the object, or of its "settings". An exit code. */
static int add_file(Job *job, const char *path)
{
  json_error_t why;
  json_t *file = json_load_file(path, 0, &why), *value;
  json_t *all = json_is_object(json_object_get(file, "settings")) ? json_object_get(file, "settings") : file;
  const char *name;
  int code = json_is_object(all) ? RNN_OK : RNN_ERROR_IO;
  if (!file && why.line < 0) fprintf(stderr, "%s: --config: %s\n", job->name, why.text);
  else if (!file) fprintf(stderr, "%s: --config: %s:%d:%d: %s\n", job->name, path, why.line, why.column, why.text);
  else if (code) fprintf(stderr, "%s: --config: %s: an object is wanted: {\"batch\": 64}\n", job->name, path);
  json_object_foreach(all, name, value)
  {
    char *text = json_is_string(value) ? strdup(json_string_value(value))
                                       : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    bool scalar = !json_is_object(value) && !json_is_array(value) && !json_is_null(value);
    if (!scalar) {
      fprintf(stderr, "%s: --config: %s: setting %s: a number, true, false or a text is wanted\n", job->name, path,
              name);
      code = RNN_ERROR_USAGE;
    } else if (!code && *text && !add_assignment(job, name, text)) code = RNN_ERROR_IO;
    free(text);
  }
  json_decref(file);
  return code;
}

static int take(Job *job, int i, const char *argument)
{
  job->value[i] = argument ? argument : "";
  if (i == OPTION_HELP) {
    help(job, stdout);
    return fflush(stdout) ? RNN_ERROR_IO : RNN_OK;
  }
  if (i == OPTION_CONFIG) {
    int code = add_file(job, argument);
    return code ? code : -1;
  }
  bool ok = i == OPTION_INCLUDE ? add_folder(job, argument)
            : i == OPTION_SET   ? add_assignment(job, NULL, argument)
                                : !options[i].setting || add_assignment(job, options[i].setting, argument);
  if (ok) return -1;
  fprintf(stderr, "%s: out of memory\n", job->name);
  return RNN_ERROR_IO;
}

static int read_options(Job *job, int argc, char **argv)
{
  struct option longs[OPTIONS + 1];
  char letters[3 * OPTIONS + 3];
  getopt_tables(job, longs, letters);
  optind = 1;
  opterr = 0;
  for (;;) {
    int at = optind < argc ? optind : argc - 1, c = getopt_long(argc, argv, letters, longs, NULL);
    if (c == -1) break;
    if (c == ':') return complain(job, "a value is missing behind", argv[optind - 1], NULL);
    int option = c >= FIRST_LONG ? c - FIRST_LONG : -1;
    for (int i = 0; c < FIRST_LONG && i < OPTIONS; i++)
      if (options[i].letter == c && is_for(job, i)) option = i;
    if (c == '?' || option < 0) return unknown_option(job, argv[at]);
    int code = take(job, option, optarg);
    if (code >= 0) return code;
  }
  return optind < argc ? complain(job, "no option:", argv[optind], NULL) : -1;
}

int rnn_options_read(Job *job, int argc, char **argv)
{
  job->command = COMMANDS;
  if (argc < 2) {
    help_commands(job, stderr);
    return RNN_ERROR_USAGE;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    help_commands(job, stdout);
    return fflush(stdout) ? RNN_ERROR_IO : RNN_OK;
  }
  for (int i = 0; i < COMMANDS; i++)
    if (!strcmp(argv[1], commands[i].name)) job->command = i;
  if (job->command == COMMANDS)
    return argv[1][0] == '-' ? complain(job, "a command is wanted before", argv[1], NULL)
                             : unknown_command(job, argv[1]);
  return read_options(job, argc - 1, argv + 1);
}

/* complete.c: what may stand where an entry ends: commands, files behind those that take one, names.
   Needs: the session and the tables of names. Leaves alone: the terminal. */
#define _GNU_SOURCE
#include "command.h"
#include "edit.h"
#include "lang_table.h"
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const words[] = {
    "model", "cell",   "def",   "import",  "size",  "axis", "input", "target", "output", "param",
    "noise", "metric", "train", "reverse", "reset", "clip", "plot",  "loss",   "stack",
};
static const char *const functions[] = {
#define BUILTIN(name, fewest, most, build, operator, values, help) #name,
#include "builtins.def"
#undef BUILTIN
};
static const char *const distributions[] = {
#define DISTRIBUTION(id, name, drawn, values, arguments) name,
#include "distributions.def"
#undef DISTRIBUTION
};
static const char *const settings[] = {
#define SETTING(name, form, otherwise, help) #name "=",
#include "settings.def"
#undef SETTING
};
static const char *const prompt_settings[] = {
#define FIELD(name, otherwise, least, most, help) #name,
#include "prompt_settings.def"
#undef FIELD
    "precision",
};
static const char *const stages[] = {"ast", "equations", "adjoint", "schedule", "llvm", "asm", "json"};

static void offer(Strings *out, const char *word, const char *typed, size_t n)
{
  if (!strncmp(word, typed, n)) strings_add(out, word);
}

static void offer_all(Strings *out, const char *const *list, size_t count, const char *typed, size_t n)
{
  for (size_t i = 0; i < count; i++) offer(out, list[i], typed, n);
}
#define OFFER(list) offer_all(out, list, sizeof list / sizeof *list, typed, n)

static void offer_files(Strings *out, const char *typed)
{
  const char *slash = strrchr(typed, '/');
  char *folder = slash ? strndup(typed, (size_t)(slash - typed) + 1) : strdup("");
  size_t n = strlen(slash ? slash + 1 : typed);
  DIR *d = opendir(*folder ? folder : ".");
  for (struct dirent *e; d && (e = readdir(d));) {
    if (strncmp(e->d_name, slash ? slash + 1 : typed, n) || (e->d_name[0] == '.' && !n)) continue;
    Text path = {0};
    struct stat st;
    text_printf(&path, "%s%s", folder, e->d_name);
    if (!stat(path.at, &st) && S_ISDIR(st.st_mode)) text_puts(&path, "/");
    strings_add(out, path.at);
    text_free(&path);
  }
  if (d) closedir(d);
  free(folder);
}

static void offer_defs(Strings *out, const char *text, const char *typed, size_t n)
{
  for (const char *c = text; (c = strstr(c, "def ")); c += 4) {
    if (c != text && c[-1] != '\n') continue;
    char *name = strndup(c + 4, strcspn(c + 4, "("));
    offer(out, name, typed, n);
    free(name);
  }
}

static void offer_names(const Session *s, Strings *out, const char *typed, size_t n)
{
  Arena *a = arena_new();
  System *system = session_system(s, a, diag_new(a), NULL);
  for (int i = 0; system && i < system->vars.n; i++) offer(out, system->vars.at[i]->name, typed, n);
  for (int i = 0; i < s->entries; i++)
    for (int k = 0; k < s->entry[i]->items; k++) offer(out, s->entry[i]->item[k].name, typed, n ? n : 1);
  arena_free(a);
  for (const LangFile *l = lang_table; l->name; l++) {
    offer(out, l->name, typed, n);
    offer_defs(out, l->text, typed, n);
  }
  for (int i = 0; i < OP_COUNT; i++)
    if (op_info[i].class == CLASS_EW && isalpha((unsigned char)op_info[i].name[0]))
      offer(out, op_info[i].name, typed, n);
  OFFER(functions);
  OFFER(distributions);
  OFFER(words);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static const char *word_start(const char *text, const char *more)
{
  const char *c = text + strlen(text);
  while (c > text && (isalnum((unsigned char)c[-1]) || strchr(more, c[-1]))) c--;
  return c;
}

static void complete_command(const Session *s, const char *line, Strings *out, size_t *start)
{
  const char *end = line + strcspn(line, " \t");
  if (!*end) {
    for (int i = 0; i < prompt_commands; i++)
      if (!strncmp(prompt_command[i].name, line + 1, strlen(line + 1))) {
        Text name = {0};
        text_printf(&name, ":%s ", prompt_command[i].name);
        strings_add(out, name.at);
        text_free(&name);
      }
    *start = 0;
    return;
  }
  const PromptCommand *c = command_find(line + 1, (size_t)(end - line - 1));
  const char *name = c ? c->name : "", *typed = word_start(line, "_.");
  size_t n = strlen(typed);
  if (!strcmp(name, "load") || !strcmp(name, "save") || !strcmp(name, "data")) {
    typed = end + strspn(end, " \t");
    offer_files(out, typed);
  } else if (!strcmp(name, "emit") && !strchr(end + strspn(end, " "), ' ')) OFFER(stages);
  else if (!strcmp(name, "train")) OFFER(settings);
  else if (!strcmp(name, "set")) OFFER(prompt_settings);
  else if (!strcmp(name, "help")) {
    for (int i = 0; i < prompt_commands; i++) offer(out, prompt_command[i].name, typed, n);
  } else offer_names(s, out, typed, n);
  *start = (size_t)(typed - line);
}

void complete(const Session *s, const char *text, Strings *out, size_t *typed)
{
  const char *line = strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
  line += strspn(line, " \t");
  size_t start;
  const char *quote = strrchr(line, '"');
  if (*line == ':') complete_command(s, line, out, &start);
  else if (!strncmp(line, "import ", 7) && quote) {
    start = (size_t)(quote + 1 - line);
    offer_files(out, line + start);
  } else {
    start = (size_t)(word_start(line, "_.") - line);
    if (line[start]) offer_names(s, out, line + start, strlen(line + start));
  }
  *typed = strlen(line) - start;
  if (out->n) qsort(out->at, (size_t)out->n, sizeof *out->at, by_name);
}

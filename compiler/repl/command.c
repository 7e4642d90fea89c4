/* command.c: which command, and those that need no model.
   Needs: prompt_commands.def. Leaves alone: what the others do. */
#include "command.h"
#include "statement.h"
#include <stdlib.h>
#include <string.h>

const PromptCommand prompt_command[] = {
#define PROMPT(name, operands, help) {#name, operands, help, prompt_##name},
#include "prompt_commands.def"
#undef PROMPT
};
const int prompt_commands = sizeof prompt_command / sizeof *prompt_command;

const PromptCommand *command_find(const char *word, size_t n)
{
  const PromptCommand *found = NULL;
  for (int i = 0; i < prompt_commands; i++) {
    const PromptCommand *c = &prompt_command[i];
    if (strncmp(c->name, word, n)) continue;
    if (strlen(c->name) == n) return c;
    if (found) return NULL;
    found = c;
  }
  return n ? found : NULL;
}

static int unknown(Session *s, const char *word, size_t n)
{
  Text several = {0};
  const char *names[64];
  char typed[64];
  snprintf(typed, sizeof typed, "%.*s", (int)n, word);
  for (int i = 0; i < prompt_commands; i++) {
    names[i] = prompt_command[i].name;
    if (n && !strncmp(names[i], word, n)) text_printf(&several, "%s:%s", several.n ? ", " : "", names[i]);
  }
  const char *near = nearest(typed, names, prompt_commands);
  if (several.n) world_fail(&s->world, 0, "':%s' may be %s", typed, several.at);
  else if (near) world_fail(&s->world, 0, "there is no command ':%s': did you mean ':%s'?", typed, near);
  else world_fail(&s->world, 0, "there is no command ':%s'; :help lists them", typed);
  text_free(&several);
  return EXIT_USAGE;
}

int command_usage(Session *s, const char *name)
{
  const PromptCommand *c = command_find(name, strlen(name));
  return world_fail(&s->world, EXIT_USAGE, "it is written :%s %s", c->name, c->operands);
}

int command_run(Session *s, const char *entry, const char *text)
{
  const char *word = text + 1;
  size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_?");
  const PromptCommand *c = command_find(n == 1 && *word == '?' ? "help" : word, n == 1 && *word == '?' ? 4 : n);
  if (!c) return unknown(s, word, n);
  char *rest = strdup(word + n + strspn(word + n, " \t"));
  if (!rest) abort();
  for (size_t k = strlen(rest); k && strchr(" \t\r\n", rest[k - 1]);) rest[--k] = 0;
  int code = !*c->operands && *rest ? world_fail(&s->world, EXIT_USAGE, ":%s takes nothing, not '%s'", c->name, rest)
                                    : c->run(s, entry, rest);
  free(rest);
  return code;
}

/* ---- help ---- */

static void print_command(FILE *out, const PromptCommand *c)
{
  enum { LEFT = 24, WIDE = 78 };
  char left[64];
  snprintf(left, sizeof left, "  :%s %s", c->name, c->operands);
  int at = fprintf(out, "%-*s", LEFT - 1, left);
  if (at >= LEFT) at = fprintf(out, "\n%*s", LEFT - 1, "") - 1;
  for (const char *word = c->help; *word;) {
    int n = (int)strcspn(word, " ");
    if (at + 1 + n > WIDE) at = fprintf(out, "\n%*s", LEFT - 1, "") - 1;
    at += fprintf(out, " %.*s", n, word);
    word += n + (word[n] == ' ');
  }
  fputc('\n', out);
}

int prompt_help(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  FILE *out = s->world.out;
  if (*rest == ':') rest++;
  const PromptCommand *c = *rest ? command_find(rest, strlen(rest)) : NULL;
  if (*rest && !c) return unknown(s, rest, strlen(rest));
  if (c) {
    print_command(out, c);
    return 0;
  }
  fputs("  x[t] = 0.5 * x[t-1] + 1    statements of the language: definitions\n"
        "  x[1..20]                   the value of an expression, at these places\n"
        "  plot x[1..100], y[t]       a plot; plot y[1..100] over x[t]; .. > file.svg\n"
        "  u = [1, 2, 3]              an input with its values over time\n\n",
        out);
  for (int i = 0; i < prompt_commands; i++) print_command(out, &prompt_command[i]);
  fputs("\nThe beginning of a command will do. Tab completes, arrows and Ctrl-R recall,\nCtrl-C stops or clears.\n",
        out);
  return 0;
}

int prompt_quit(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  (void)rest;
  s->quit = true;
  return 0;
}

int prompt_history(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  for (int i = 0; i < s->history.n; i++)
    if (strstr(s->history.at[i], rest)) fprintf(s->world.out, "%s\n", s->history.at[i]);
  return 0;
}

int prompt_reset(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  (void)rest;
  session_reset(s);
  return 0;
}

/* ---- settings ---- */

typedef struct Setter {
  const char *name, *help;
  size_t at;
  long least, most;
} Setter;

static const Setter setters[] = {
#define FIELD(name, otherwise, least, most, help) {#name, help, offsetof(PromptSettings, name), least, most},
#include "prompt_settings.def"
#undef FIELD
};
enum { SETTERS = sizeof setters / sizeof *setters };

static long *field(Session *s, const Setter *f) { return (long *)((char *)&s->world.set + f->at); }

static int set_precision(Session *s, const char *value)
{
  bool f64 = !strcmp(value, "f64");
  if (!f64 && strcmp(value, "f32"))
    return world_fail(&s->world, EXIT_USAGE, "precision is f64 or f32, not '%s'", value);
  s->world.set.f64_precision = f64;
  session_changed(s);
  return 0;
}

static int set_number(Session *s, const Setter *f, const char *value)
{
  char *end;
  long x = strtol(value, &end, 10);
  if (!*value || *end || x < f->least || x > f->most)
    return world_fail(&s->world, EXIT_USAGE, "%s is a whole number from %ld to %ld, not '%s'", f->name, f->least,
                      f->most, value);
  *field(s, f) = x;
  return 0;
}

int prompt_set(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  const char *names[SETTERS + 1];
  if (!*rest) {
    for (int i = 0; i < SETTERS; i++)
      fprintf(s->world.out, "  %-10s %-8ld %s\n", setters[i].name, *field(s, &setters[i]), setters[i].help);
    fprintf(s->world.out, "  %-10s %-8s %s\n", "precision", s->world.set.f64_precision ? "f64" : "f32",
            "of values: f64 or f32");
    return 0;
  }
  size_t n = strcspn(rest, " \t=");
  char name[64];
  snprintf(name, sizeof name, "%.*s", (int)n, rest);
  const char *value = rest + n + strspn(rest + n, " \t=");
  if (!strcmp(name, "precision")) return set_precision(s, value);
  for (int i = 0; i < SETTERS; i++) {
    if (!strcmp(name, setters[i].name)) return set_number(s, &setters[i], value);
    names[i] = setters[i].name;
  }
  names[SETTERS] = "precision";
  const char *near = nearest(name, names, SETTERS + 1);
  if (near) return world_fail(&s->world, EXIT_USAGE, "there is no setting '%s': did you mean '%s'?", name, near);
  return world_fail(&s->world, EXIT_USAGE,
                    "there is no setting '%s' of the prompt; those of training go with :train, or in a train block",
                    name);
}

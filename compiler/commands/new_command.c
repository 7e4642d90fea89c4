/* new_command.c: rnnc new: a folder with a model, a maker of data and the commands that go with them, from templates/.
 */
#include "driver.h"
#include "lang_table.h"
#include "options.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int take(void *job, OptionId id, const char *value)
{
  if (id == OPT_TEMPLATE) *(const char **)job = value;
  return -1;
}

/* A word of the language is no name: the parser says. */
static bool is_keyword(const char *name)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  const char *text = arena_printf(a, "model %s {\n  y = 1\n}\n", name);
  parse(a, d, source_from_text(a, "new", text, strlen(text)));
  bool keyword = diag_errors(d) > 0;
  arena_free(a);
  return keyword;
}

/* The model is called after the folder: "my/pulse-2" -> "pulse_2", "3d" -> "m_3d". */
static char *model_name(const char *path)
{
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  const char *start = path + n;
  while (start > path && start[-1] != '/') start--;
  char *name = malloc(n + 3);
  if (!name) abort();
  char *to = name + 2;
  for (; start < path + n; start++) *to++ = isalnum((unsigned char)*start) ? *start : '_';
  *to = 0;
  if (isalpha((unsigned char)name[2]) && !is_keyword(name + 2)) memmove(name, name + 2, strlen(name + 2) + 1);
  else memcpy(name, "m_", 2);
  return name;
}

/* text with the name in place of @NAME@ */
static void fill(Text *out, const char *text, const char *name)
{
  static const char mark[] = "@NAME@";
  for (const char *at; (at = strstr(text, mark)); text = at + strlen(mark)) {
    text_write(out, text, (size_t)(at - text));
    text_puts(out, name);
  }
  text_puts(out, text);
}

static int write_file(const char *folder, const char *file, const char *name, const char *text)
{
  Text path = {0}, body = {0};
  if (!strcmp(file, "model.rnn")) text_printf(&path, "%s/%s.rnn", folder, name);
  else text_printf(&path, "%s/%s", folder, file);
  fill(&body, text, name);
  int code = driver_write(path.at, body.at, body.n);
  if (!code) printf("  %s\n", path.at);
  text_free(&path);
  text_free(&body);
  return code;
}

/* The commands of the page: its lines that begin with four blanks */
static void print_commands(const char *folder, const char *page, const char *name)
{
  Text text = {0};
  fill(&text, page, name);
  printf("\nNext:\n  cd %s\n", folder);
  char *rest = NULL;
  for (char *line = strtok_r(text.at, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
    if (!strncmp(line, "    ", 4)) printf("  %s\n", line + 4);
  text_free(&text);
}

static int write_folder(const char *folder, const char *template, const char *name)
{
  size_t n = strlen(template);
  const char *page = "";
  int code = EXIT_OK;
  puts("written");
  for (const LangFile *f = template_table; f->name && !code; f++) {
    if (strncmp(f->name, template, n) || f->name[n] != '/') continue;
    if (!strcmp(f->name + n + 1, "README.md")) page = f->text;
    code = write_file(folder, f->name + n + 1, name, f->text);
  }
  if (!code) print_commands(folder, page, name);
  return code;
}

int new_command(int argc, char **argv)
{
  const char *template = "forecast";
  int code = options_read(COMMAND_new, argc, argv, take, &template);
  if (code >= 0) return code;
  const char *folder = options_operand(COMMAND_new, argc, argv);
  if (!folder) return EXIT_USAGE;
  if (!*folder) return usage(COMMAND_new, "the name is empty", NULL, NULL);
  if (mkdir(folder, 0777)) {
    fprintf(stderr, "rnnc: can't make the folder '%s': %s\n", folder, strerror(errno));
    return EXIT_ENVIRONMENT;
  }
  char *name = model_name(folder);
  code = write_folder(folder, template, name);
  free(name);
  return code;
}

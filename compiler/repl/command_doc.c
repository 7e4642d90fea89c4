/* command_doc.c: :doc: what a name is, from the comments of lang/, the table of functions, the settings, the commands.
   Needs: the texts that rnnc holds. Leaves alone: values. */
#include "command.h"
#include "lang_table.h"
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name, *help;
} functions[] = {
#define BUILTIN(name, fewest, most, build, operator, values, help) {#name, help},
#include "builtins.def"
#undef BUILTIN
};

static const struct {
  const char *name, *otherwise, *help;
} settings[] = {
#define SETTING(name, form, otherwise, help) {#name, otherwise, help},
#include "settings.def"
#undef SETTING
};

#define COUNT(table) (sizeof table / sizeof *table)

/* The comment at the head of a text of lang/, and the line that defines the cell, with its inputs and outputs. */
static bool doc_cell(FILE *out, const char *name)
{
  const LangFile *l = lang_table;
  while (l->name && strcmp(l->name, name)) l++;
  if (!l->name) return false;
  const char *line = l->text;
  for (; *line == '#'; line = strchr(line, '\n') + 1) {
    const char *from = line + 1 + (line[1] == ' ');
    fprintf(out, "%.*s\n", (int)(strchr(line, '\n') - from), from);
  }
  while (*line) {
    const char *end = strchr(line, '\n');
    int n = end ? (int)(end - line) : (int)strlen(line);
    bool head = !strncmp(line, "cell ", 5), port = !strncmp(line, "  input ", 8) || !strncmp(line, "  output ", 9);
    if (head) fputc('\n', out);
    if (head || port) fprintf(out, "%.*s\n", n, line);
    line = end ? end + 1 : line + n;
  }
  return true;
}

/* The line of a def, in any text of lang/. */
static bool doc_def(FILE *out, const char *name)
{
  size_t n = strlen(name);
  bool any = false;
  for (const LangFile *l = lang_table; l->name; l++)
    for (const char *c = l->text; (c = strstr(c, "def ")); c += 4) {
      if ((c != l->text && c[-1] != '\n') || strncmp(c + 4, name, n) || c[4 + n] != '(') continue;
      fprintf(out, "%.*s\n", (int)strcspn(c, "\n"), c);
      any = true;
    }
  return any;
}

static bool doc_operator(FILE *out, const char *name)
{
  for (int i = 0; i < OP_COUNT; i++) {
    if (strcmp(op_info[i].name, name) || op_info[i].class != CLASS_EW || !isalpha((unsigned char)*name)) continue;
    fprintf(out, "%s(a%s%s): elementwise\n", name, op_info[i].nin > 1 ? ", b" : "", op_info[i].nin > 2 ? ", c" : "");
    return true;
  }
  return false;
}

/* What the session says of it. */
static bool doc_own(Session *s, const char *name)
{
  bool any = false;
  for (int i = 0; i < s->entries; i++) {
    Entry *e = s->entry[i];
    Arena *a = arena_new();
    Ast *file = parse(a, diag_new(a), source_from_text(a, e->source, e->text, strlen(e->text)));
    for (int k = 0; k < e->items; k++) {
      const Item *item = &e->item[k];
      if (!item->alive || strcmp(item->name, name) || item->kind == AST_MODEL ||
          (item->scope && strcmp(item->scope, s->world.scope)))
        continue;
      const Ast *node = tree_item(e, item, file);
      int from = node->span.from;
      while (item->decl >= 0 && from > 0 && e->shown[from - 1] != '\n' && e->shown[from - 1] != ';') from--;
      from += (int)strspn(e->shown + from, " ");
      fprintf(s->world.out, "%.*s\n", node->span.to - from, e->shown + from);
      any = true;
    }
    arena_free(a);
  }
  return any;
}

int explain_command(int argc, char **argv); /* of rnnc explain */

static int explain_work(void *code)
{
  optind = 1;
  return explain_command(2, (char *[]){"explain", code, NULL});
}

int prompt_explain(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  if (!*rest || *rest == '-') return command_usage(s, "explain");
  return child_run(&s->world, explain_work, (char *)rest);
}

static void add_names(const Session *s, Strings *names)
{
  for (const LangFile *l = lang_table; l->name; l++) strings_add(names, l->name);
  for (size_t i = 0; i < COUNT(functions); i++) strings_add(names, functions[i].name);
  for (size_t i = 0; i < COUNT(settings); i++) strings_add(names, settings[i].name);
  for (int i = 0; i < OP_COUNT; i++)
    if (op_info[i].class == CLASS_EW && isalpha((unsigned char)op_info[i].name[0])) strings_add(names, op_info[i].name);
  for (int i = 0; i < s->entries; i++)
    for (int k = 0; k < s->entry[i]->items; k++)
      if (*s->entry[i]->item[k].name) strings_add(names, s->entry[i]->item[k].name);
}

int prompt_doc(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  FILE *out = s->world.out;
  if (!*rest) return command_usage(s, "doc");
  if (*rest == ':') return prompt_help(s, entry, rest);
  bool any = doc_own(s, rest);
  for (size_t i = 0; i < COUNT(functions); i++)
    if (!strcmp(functions[i].name, rest)) fprintf(out, "%s\n", functions[i].help), any = true;
  any = any || doc_operator(out, rest);
  bool lang = doc_cell(out, rest);
  any |= lang;
  if (!lang) any |= doc_def(out, rest);
  for (size_t i = 0; i < COUNT(settings); i++)
    if (!strcmp(settings[i].name, rest)) {
      fprintf(out, "setting %s: %s", rest, settings[i].help);
      if (*settings[i].otherwise) fprintf(out, "; default %s", settings[i].otherwise);
      fputc('\n', out);
      any = true;
    }
  if (any) return 0;
  Strings names = {0};
  add_names(s, &names);
  const char *near = nearest(rest, (const char *const *)names.at, names.n);
  if (near) world_fail(&s->world, 0, "nothing is known of '%s': did you mean '%s'?", rest, near);
  else world_fail(&s->world, 0, "nothing is known of '%s'", rest);
  strings_free(&names);
  return EXIT_USAGE;
}

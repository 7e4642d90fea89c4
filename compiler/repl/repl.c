/* repl.c: rnnc without arguments, rnnc repl: entries from a terminal, from -e, from a script on standard input.
   Needs: entry.c for what an entry does, edit.c for the terminal. Leaves alone: both. */
#include "entry.h"
#include "color.h"
#include "edit.h"
#include "options.h"
#include "statement.h"
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Wish {
  Strings eval;
  bool json;
  ColorChoice color;
} Wish;

static int take(void *context, OptionId id, const char *value)
{
  Wish *w = context;
  if (id == OPT_EVAL) strings_push(&w->eval, value);
  else if (id == OPT_JSON) w->json = true;
  else if (id == OPT_COLOR) w->color = color_choice(value);
  return -1;
}

static int run_one(Session *s, const Wish *w, const char *entry)
{
  if (!w->json) return entry_run(s, entry);
  entry_run_json(s, entry, stdout);
  return 0; /* an editor goes on */
}

static void show_prompt(const Session *s, const char *text)
{
  if (!s->world.interactive) return;
  fputs(text, stdout);
  fflush(stdout);
}

/* Line by line: an entry is as many lines as its last statement needs. Of a terminal that cannot move its cursor too.
 */
static int run_lines(Session *s, const Wish *w, FILE *in)
{
  Text entry = {0};
  char *line = NULL;
  size_t room = 0;
  int code = 0;
  show_prompt(s, "rnnc> ");
  while (!code && !s->quit && getline(&line, &room, in) > 0) {
    text_puts(&entry, line);
    if (statement_open(entry.at)) {
      show_prompt(s, "    > ");
      continue;
    }
    while (entry.n && entry.at[entry.n - 1] == '\n') entry.at[--entry.n] = 0;
    if (entry.n) code = run_one(s, w, entry.at);
    if (s->world.interactive) code = 0; /* an error leaves the session as it was */
    entry.n = 0;
    if (!s->quit) show_prompt(s, "rnnc> ");
  }
  if (!code && entry.n && !s->quit) code = run_one(s, w, entry.at);
  free(line);
  text_free(&entry);
  return code;
}

/* From a terminal: an error leaves the session as it was. */
static int run_terminal(Session *s, Editor *editor)
{
  while (!s->quit) {
    const char *entry = edit_entry(editor);
    if (!entry) break;
    if (!entry[strspn(entry, " \t\n")]) continue;
    strings_add(&s->history, entry);
    entry_run(s, entry);
    fflush(stdout);
    child_interrupted();
  }
  return 0;
}

static int run_input(Session *s, const Wish *w)
{
  bool terminal = isatty(0) && isatty(1) && !w->json;
  Editor *editor = terminal ? edit_open(s) : NULL;
  s->world.interactive = terminal;
  if (terminal) printf("rnnc %s: equations and expressions; :help lists commands, Ctrl-D leaves\n", RNNC_VERSION);
  if (!editor) return run_lines(s, w, stdin);
  int code = run_terminal(s, editor);
  edit_close(editor);
  return code;
}

int repl_command(int argc, char **argv)
{
  Wish w = {0};
  int code = options_read(COMMAND_repl, argc, argv, take, &w);
  if (code >= 0) return code;
  if (optind < argc) return usage(COMMAND_repl, "the prompt takes no", argv[optind], NULL);
  Session *s = session_new();
  s->world.colour = color_wanted(w.color, stderr);
  child_signals();
  code = 0;
  if (w.eval.n)
    for (int i = 0; i < w.eval.n && !code && !s->quit; i++) code = run_one(s, &w, w.eval.at[i]);
  else code = run_input(s, &w);
  session_free(s);
  strings_free(&w.eval);
  return code;
}

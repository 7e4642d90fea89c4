/* help.c: what --help prints, by the tables commands.def, options.def and exit_codes.def. */
#include "options.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEFT 26 /* columns of names before what they mean */

/* columns of a line: the terminal's, within reason; 80 elsewhere */
static int width_of(FILE *out)
{
  struct winsize size;
  if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size)) return 80;
  return size.ws_col < 60 ? 60 : size.ws_col > 120 ? 120 : size.ws_col;
}

void help_indented(FILE *out, int at, int left, const char *text)
{
  int width = width_of(out);
  bool first = true;
  if (at >= left) {
    fputc('\n', out);
    at = 0;
  }
  for (size_t n; *text; text += n + strspn(text + n, " ")) {
    n = strcspn(text, " ");
    if (!first && at + 1 + (int)n > width) {
      fputc('\n', out);
      at = 0;
    }
    int blanks = at < left ? left - at : 1;
    fprintf(out, "%*s%.*s", blanks, "", (int)n, text);
    at += blanks + (int)n;
    first = false;
  }
  fputc('\n', out);
}

static void print_option(const OptionRow *o, FILE *out)
{
  char argument[64] = "";
  if (o->argument && *o->argument == '[')
    snprintf(argument, sizeof argument, "[=%.*s]", (int)strlen(o->argument) - 2, o->argument + 1);
  else if (o->argument) snprintf(argument, sizeof argument, "=%s", o->argument);
  int at = o->letter == '-' ? fprintf(out, "  -%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "")
                            : fprintf(out, "  %s%c%s --%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
                                      o->letter ? "," : " ", o->name, argument);
  help_indented(out, at, LEFT, o->help);
}

static void print_options(OptionList list, uint64_t also, FILE *out)
{
  for (int i = 0; i < list.rows; i++)
    if (list.row[i].commands & list.command && (!also || list.row[i].commands & also)) print_option(&list.row[i], out);
}

void help_brief(FILE *out)
{
  fputs("rnnc compiles recurrent models from their equations.\n\n"
        "  rnnc model.rnn -o model         an executable: model train|predict|info|...\n"
        "  rnnc run model.rnn train        the same commands at once, compiled in memory\n"
        "  rnnc -c model.rnn -o model.o    an object, and model.h, for C programs\n"
        "  rnnc --emit=adjoint model.rnn   a stage of the compiler, to look at\n",
        out);
  for (int g = 0; g < GROUPS; g++) {
    fprintf(out, "\n%s\n", group_title[g]);
    for (int i = 0; i < COMMANDS; i++)
      if (command_row[i].group == g)
        help_indented(out, fprintf(out, "  %s", command_row[i].name), 14, command_row[i].help);
  }
  fputs("\nOptions\n", out);
  print_options(command_options(COMMAND_compile), OPTION_BRIEF, out);
  fputs("\nrnnc COMMAND --help lists a command's options, rnnc --help=all everything.\n", out);
}

void help_command_options(CommandId command, FILE *out)
{
  const CommandRow *c = &command_row[command];
  fprintf(out, "usage: rnnc %s [OPTIONS]%s%s\n", c->name, *c->operands ? " " : "", c->operands);
  help_indented(out, 0, 0, c->help);
  fputs("\nOptions\n", out);
  print_options(command_options(command), 0, out);
  if (command != COMMAND_run && command != COMMAND_bench) return;
  fputs("\nCommands of a model; rnnc help COMMAND lists the options of one\n", out);
  for (int i = 0; i < model_commands; i++)
    help_indented(out, fprintf(out, "  %s", model_command_row[i].name), 14, model_command_row[i].help);
}

void help_model_command(int command, FILE *out)
{
  fprintf(out, "usage: rnnc run model.rnn %s [OPTIONS]\n", model_command_row[command].name);
  help_indented(out, 0, 0, model_command_row[command].help);
  fputs("\nOptions\n", out);
  print_options(model_command_options(command), 0, out);
}

void help_all(FILE *out)
{
  help_brief(out);
  for (int i = 0; i < COMMANDS; i++) {
    fputs("\n---- ", out);
    help_command_options((CommandId)i, out);
  }
  for (int i = 0; i < model_commands; i++) {
    fputs("\n---- ", out);
    help_model_command(i, out);
  }
  fputs("\n---- Exit codes\n", out);
#define EXIT(name, number, meaning) fprintf(out, "  %-4d %s\n", number, meaning);
#include "exit_codes.def"
#undef EXIT
}

/* help.c: what --help prints, by the tables commands.def, options.def and exit_codes.def. */
#include "options.h"
#include <string.h>

#define LEFT 28 /* columns of names before what they mean */

static void print_option(const OptionRow *o, FILE *out)
{
  char left[64], argument[40] = "";
  if (o->argument && *o->argument == '[')
    snprintf(argument, sizeof argument, "[=%.*s]", (int)strlen(o->argument) - 2, o->argument + 1);
  else if (o->argument) snprintf(argument, sizeof argument, "=%s", o->argument);
  snprintf(left, sizeof left, "%s%c%s --%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
           o->letter ? "," : " ", o->name, argument);
  fprintf(out, "  %-*s %s\n", LEFT, left, o->help);
}

static void print_options(CommandId command, uint64_t also, FILE *out)
{
  for (int i = 0; i < OPTS; i++)
    if (option_row[i].commands >> command & 1 && (!also || option_row[i].commands & also))
      print_option(&option_row[i], out);
}

static void print_commands(FILE *out)
{
  for (int g = 0; g < GROUPS; g++) {
    fprintf(out, "\n%s\n", group_title[g]);
    for (int i = 0; i < COMMANDS; i++)
      if (command_row[i].group == g) fprintf(out, "  %-*s %s\n", LEFT - 16, command_row[i].name, command_row[i].help);
  }
}

void help_brief(FILE *out)
{
  fputs("rnnc compiles recurrent models from their equations.\n\n"
        "  rnnc model.rnn -o model                an executable: model train|evaluate|predict|sample|info|...\n"
        "  rnnc run model.rnn train               the same commands at once, compiled in memory\n"
        "  rnnc -c model.rnn -o model.o           an object, and model.h, for C programs\n"
        "  rnnc --emit=adjoint model.rnn          a stage of the compiler, to look at\n",
        out);
  print_commands(out);
  fputs("\nOptions\n", out);
  print_options(COMMAND_compile, OPTION_BRIEF, out);
  fputs("\nrnnc COMMAND --help lists a command's options, rnnc --help=all everything, with exit codes.\n", out);
}

void help_command_options(CommandId command, FILE *out)
{
  const CommandRow *c = &command_row[command];
  fprintf(out, "usage: rnnc %s [OPTIONS]%s%s\n%s\n\nOptions\n", c->name, *c->operands ? " " : "", c->operands, c->help);
  print_options(command, 0, out);
  if (command == COMMAND_run)
    fputs("\nrnnc run model.rnn --help lists a model's commands, rnnc run model.rnn COMMAND --help a command's "
          "options.\n",
          out);
}

void help_all(FILE *out)
{
  help_brief(out);
  for (int i = 0; i < COMMANDS; i++) {
    fputc('\n', out);
    help_command_options((CommandId)i, out);
  }
  fputs("\nExit codes\n", out);
#define EXIT(name, number, meaning) fprintf(out, "  %-4d %s\n", number, meaning);
#include "exit_codes.def"
#undef EXIT
}

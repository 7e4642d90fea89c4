/* manual.c: the page rnnc(1) in man's macros, by the tables of commands, options, settings and exit codes. */
#include "options.h"
#include <string.h>

static const struct {
  const char *name, *meaning;
} environment[] = {
    {"CC", "the C compiler that links executables; default cc"},
    {"RNNC_LIBDIR", "the folder of librnn.a; default: near rnnc"},
    {"NO_COLOR", "not empty: no colour"},
    {"CLICOLOR_FORCE", "neither empty nor 0: colour, also where no terminal is"},
    {"TERM", "dumb: no colour, no live line"},
    {"CI", "set: training prints plain lines, no live line"},
};

static const struct {
  const char *command, *meaning;
} examples[] = {
    {"rnnc check speakers.rnn", "only the errors"},
    {"rnnc run speakers.rnn train --epochs 30", "trains; writes speakers.safetensors"},
    {"rnnc run speakers.rnn predict > guesses.csv", "what the trained model says of the data"},
    {"rnnc speakers.rnn -o speakers && ./speakers info", "an executable with the same commands"},
    {"rnnc -c --inference speakers.rnn -o speakers.o", "the streaming step for a C program, with speakers.h"},
};

/* Text in which nothing is a request or an escape. Behind the start of a line only where `start` says so. */
static void plain(FILE *out, const char *text, bool start)
{
  for (; *text; text++) {
    if (start && (*text == '.' || *text == '\'')) fputs("\\&", out);
    start = false;
    if (*text == '\\') fputs("\\e", out);
    else if (*text == '-') fputs("\\-", out);
    else fputc(*text, out);
  }
}

/* A line of text, cut at blanks; behind a macro it stays whole. */
static void line(FILE *out, const char *macro, const char *text)
{
  if (macro) fprintf(out, "%s ", macro);
  for (int at = 0; *text;) {
    int n = (int)strcspn(text, " ");
    char word[400];
    snprintf(word, sizeof word, "%.*s", n, text);
    bool cut = !macro && at > 0 && at + 1 + n > 70;
    if (at > 0) fputc(cut ? '\n' : ' ', out);
    plain(out, word, !macro && (at == 0 || cut));
    at = cut ? n : at + 1 + n;
    text += n + strspn(text + n, " ");
  }
  fputc('\n', out);
}

static void heading(FILE *out, const char *macro, const char *text)
{
  fprintf(out, "%s \"", macro);
  plain(out, text, false);
  fputs("\"\n", out);
}

static void item(FILE *out, const char *name, const char *meaning)
{
  fputs(".TP\n", out);
  line(out, ".B", name);
  line(out, NULL, meaning);
}

static void option(FILE *out, const OptionRow *o)
{
  fputs(".TP\n", out);
  fputs("\\fB", out);
  if (o->letter && o->letter != '-') fprintf(out, "\\-%c\\fR, \\fB", o->letter);
  plain(out, o->letter == '-' ? "-" : "--", false);
  plain(out, o->name, false);
  fputs("\\fR", out);
  if (o->argument) {
    bool optional = *o->argument == '[';
    fputs(optional ? "[=\\fI" : o->letter == '-' ? " \\fI" : "=\\fI", out);
    for (const char *c = o->argument + optional; *c && *c != ']'; c++) plain(out, (char[]){*c, 0}, false);
    fputs(optional ? "\\fR]" : "\\fR", out);
  }
  fputc('\n', out);
  line(out, NULL, o->help);
}

static void options(FILE *out, OptionList list)
{
  for (int i = 0; i < list.rows; i++)
    if (list.row[i].commands & list.command) option(out, &list.row[i]);
}

static void command(FILE *out, const char *before, const char *name, const char *operands, const char *help,
                    OptionList list)
{
  char text[160];
  snprintf(text, sizeof text, "%s%s%s%s", before, name, *operands ? " " : "", operands);
  heading(out, ".SS", text);
  line(out, NULL, help);
  options(out, list);
}

void manual_write(FILE *out)
{
  fprintf(out, ".TH RNNC 1 %s \"rnnc %s\" \"User commands\"\n", RNNC_DATE, RNNC_VERSION);
  fputs(".SH NAME\nrnnc \\- compiles recurrent models from their equations\n"
        ".SH SYNOPSIS\n.B rnnc\n[\\fIOPTIONS\\fR] \\fImodel.rnn\\fR\n.br\n"
        ".B rnnc run\n\\fImodel.rnn\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.br\n"
        ".B rnnc\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n"
        ".SH DESCRIPTION\nA model is a text of equations over time.\n.B rnnc\nchecks it, derives its gradients,\n"
        "and makes an executable that trains and runs it,\nan object for C programs, or runs it at once.\n"
        "The name\n.B \\-\nreads the model from standard input.\n"
        "Data go to standard output, all else to standard error.\n"
        ".SH EXAMPLES\n",
        out);
  for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) item(out, examples[i].command, examples[i].meaning);
  fputs(".SH COMMANDS\n", out);
  for (int i = 0; i < COMMANDS; i++) {
    const CommandRow *c = &command_row[i];
    command(out, "rnnc ", c->name, c->operands, c->help, command_options((CommandId)i));
  }
  fputs(".SH COMMANDS OF A MODEL\nAn executable has the same ones, without the options\n"
        ".BR \\-\\-precision ,\n.BR \\-\\-optimize ,\n.BR \\-\\-model ,\n.B \\-\\-color\nand\n.BR \\-\\-interpret .\n",
        out);
  for (int i = 0; i < model_commands; i++)
    command(out, "rnnc run model.rnn ", model_command_row[i].name, "", model_command_row[i].help,
            model_command_options(i));
  fputs(".SH SETTINGS\nOf a model's train block, or by\n.B \\-\\-set\n\\fINAME\\fR=\\fIVALUE\\fR.\n", out);
  for (const TrainSetting *s = train_setting; s->name; s++) {
    char text[400];
    snprintf(text, sizeof text, "%s%s%s", s->help, *s->otherwise ? ". Default " : "", s->otherwise);
    item(out, s->name, text);
  }
  fputs(".SH EXIT STATUS\n", out);
#define EXIT(name, number, meaning) item(out, #number, meaning);
#include "exit_codes.def"
#undef EXIT
  fputs(".SH ENVIRONMENT\n", out);
  for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
    item(out, environment[i].name, environment[i].meaning);
}

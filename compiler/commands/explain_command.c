/* explain_command.c: rnnc explain: the section of docs/diagnostics.md about a code, or the list of all codes. */
#include "diag.h"
#include "lang_table.h"
#include "options.h"
#include <getopt.h>
#include <string.h>

static void list(void)
{
  for (int c = 0; c < DIAG_CODES; c++) {
    const char *flag = lint_flag((DiagCode)c);
    printf("%s  %s%s%s%s\n", diag_number((DiagCode)c), diag_title((DiagCode)c), flag ? " (-W" : "", flag ? flag : "",
           flag ? ")" : "");
  }
}

/* A fence of the page becomes a heading and four columns of indentation. */
static void print_section(const char *at)
{
  bool code = false;
  while (*at && strncmp(at, "\n## ", 4)) {
    at++; /* the line end before */
    int n = (int)strcspn(at, "\n");
    if (!strncmp(at, "```", 3)) {
      code = !code && n > 3;
      if (code) puts(strncmp(at + 3, "rnn-mended", 10) ? "Wrong:\n" : "Mended:\n");
      else puts("");
    } else if (!*at) break;
    else if (n || code) printf("%s%.*s\n", code ? "    " : "", n, at);
    else if (strncmp(at, "\n## ", 4) && at[1]) puts("");
    at += n;
  }
}

int explain_command(int argc, char **argv)
{
  int code = options_read(COMMAND_explain, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  if (optind == argc) return list(), EXIT_OK;
  const char *name = options_operand(COMMAND_explain, argc, argv);
  if (!name) return EXIT_USAGE;
  DiagCode c;
  const char *word = strncmp(name, "-W", 2) ? name : name + 2;
  if (!diag_named(word, &c))
    return usage(COMMAND_explain, "there is no code", name,
                 *word == 'E' || *word == 'e' ? NULL : diag_style_near(word));
  char heading[16];
  snprintf(heading, sizeof heading, "\n## %s: ", diag_number(c));
  const char *section = strstr(page_table[0].text, heading);
  printf("%s: %s\n", diag_number(c), diag_title(c));
  if (section) print_section(section + 1 + strcspn(section + 1, "\n"));
  return EXIT_OK;
}

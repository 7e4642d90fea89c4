/* diag_code.c: the tables of diagnostics: codes.def and lints.def.  Needs: nothing. */
#include "diag_entry.h"
#include <string.h>

typedef enum Group { USUAL, ALL, PEDANTIC, NO_LINT } Group;

static const struct {
  const char *number, *title, *flag;
  Group group;
} row[] = {
#define CODE(number, name, title) {#number, title, NULL, NO_LINT},
#include "codes.def"
#undef CODE
#define LINT(number, name, flag, group, title) {#number, title, flag, group},
#include "lints.def"
#undef LINT
};

const char *diag_number(DiagCode c) { return row[c].number; }
const char *diag_title(DiagCode c) { return row[c].title; }
const char *lint_flag(DiagCode c) { return row[c].flag; }
bool lint_usual(DiagCode c) { return row[c].group == USUAL; }

const char *level_name(Level l)
{
  static const char *const name[] = {"error", "warning", "note"};
  return name[l];
}

bool lint_choose(bool enabled[DIAG_CODES], const char *flag)
{
  bool on = strncmp(flag, "no-", 3) != 0, found = false;
  if (!on) flag += 3;
  for (int c = 0; c < DIAG_CODES; c++) {
    if (row[c].group == NO_LINT) continue;
    bool meant = !strcmp(flag, row[c].flag) || !strcmp(flag, row[c].number) || !strcmp(flag, "pedantic") ||
                 (!strcmp(flag, "all") && row[c].group != PEDANTIC);
    if (meant) enabled[c] = on;
    found = found || meant;
  }
  return found;
}

/* diag_code.c: the tables of diagnostics: codes.def and lints.def.  Needs: nothing. */
#include "diag_entry.h"
#include <string.h>
#include <strings.h>

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
const char *level_name(Level l)
{
  static const char *const name[] = {"error", "warning", "note"};
  return name[l];
}

bool diag_named(const char *name, DiagCode *c)
{
  for (int i = 0; i < DIAG_CODES; i++) {
    *c = (DiagCode)i;
    if (!strcasecmp(name, row[i].number) || (row[i].flag && !strcasecmp(name, row[i].flag))) return true;
  }
  return false;
}

/* how diagnostics are told */

DiagStyle diag_style(void)
{
  DiagStyle s = {.form = DIAG_HUMAN};
  for (int c = 0; c < DIAG_CODES; c++) s.lint[c] = row[c].group == USUAL;
  return s;
}

bool diag_style_form(DiagStyle *s, const char *name)
{
  static const char *const names[] = {"human", "short", "json"};
  for (int i = 0; i < 3; i++)
    if (!strcmp(name, names[i])) return s->form = (DiagForm)i, true;
  return false;
}

bool diag_style_warn(DiagStyle *s, const char *word)
{
  bool on = strncmp(word, "no-", 3) != 0, found = false;
  if (!on) word += 3;
  if (!strcmp(word, "error")) return s->warnings_are_errors = on, true;
  for (int c = 0; c < DIAG_CODES; c++) {
    if (!row[c].flag) continue;
    bool meant = !strcmp(word, row[c].flag) || !strcmp(word, row[c].number) || !strcmp(word, "pedantic") ||
                 (!strcmp(word, "all") && row[c].group != PEDANTIC);
    if (meant) s->lint[c] = on;
    found = found || meant;
  }
  return found;
}

const char *diag_style_near(const char *word)
{
  const char *names[DIAG_CODES + 3] = {"all", "pedantic", "error"};
  int n = 3;
  for (int c = 0; c < DIAG_CODES; c++)
    if (row[c].flag) names[n++] = row[c].flag;
  return nearest(strncmp(word, "no-", 3) ? word : word + 3, names, n);
}

/* driver_open.c: the file read, checked and lowered; its programs' equations, adjoint and schedule; stages as text.
   Needs: every stage up to the plan, no LLVM. */
#define XXH_INLINE_ALL
#include "driver.h"
#include "lang_table.h"
#include "lint.h"
#include "output.h"
#include "simplify.h"
#include "stack.h"
#include "teacher_forcing.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static Diag *new_diag(const Driver *d)
{
  Diag *made = diag_new(d->arena);
  diag_use(made, d->o.style);
  return made;
}

int driver_said(Driver *d, int code)
{
  diag_print(d->diag, stderr, color_wanted(d->o.color, stderr));
  return code;
}

int driver_fail(const char *what, char *error, int code)
{
  fprintf(stderr, "rnnc: %s%s\n", what, error ? error : "");
  free(error);
  return code;
}

static void hash_system(Driver *d, System *s)
{
  Text t = {0};
  system_print(&t, s);
  snprintf(d->hash, sizeof d->hash, "%016llx", (unsigned long long)XXH3_64bits(t.at ? t.at : "", t.n));
  text_free(&t);
}

/* The setting teacher_forcing says how the train program is compiled. */
static int read_forcing(Driver *d, const System *s)
{
  TeacherForcing forcing;
  RnnError error = {0};
  Span at = {0};
  const char *text = d->o.forcing;
  for (int i = 0; i < s->settings.n && !d->o.forcing; i++) {
    if (strcmp(s->settings.at[i].name, "teacher_forcing")) continue;
    text = s->settings.at[i].value;
    at = s->settings.at[i].span;
  }
  if (!text) return 0;
  if (!rnn_forcing_read(&forcing, text, 1, 1, &error)) {
    if (!at.source) return driver_fail(error.message, NULL, EXIT_USAGE);
    diag(d->diag, E_SETTING_VALUE, at, "%s", error.message);
    return EXIT_DIAGNOSTICS;
  }
  d->forcing.sample = forcing.sample;
  for (int i = 0; i < FORCED_MODES; i++)
    if (!strcmp(rnn_forcing_mode(&forcing), forced_name[i])) d->forcing.mode = (ForcingMode)i;
  return 0;
}

static int check_tree(Driver *d)
{
  d->lower.read = &d->read;
  System *s = lower(d->arena, d->diag, d->file, &d->lower);
  d->lower.read = NULL; /* later ones read the same */
  if (!s || diag_errors(d->diag)) return EXIT_DIAGNOSTICS;
  lint(d->arena, d->diag, d->file, &d->lower);
  if (diag_errors(d->diag)) return EXIT_DIAGNOSTICS; /* warnings that are to be errors */
  hash_system(d, s);
  int code = read_forcing(d, s);
  if (code) return code;
  simplify(s);
  stack_products(s);
  d->param_count = param_layout(s);
  d->lowered = s;
  return 0;
}

int driver_open(Driver *d, const DriverOptions *o)
{
  *d = (Driver){.o = *o, .arena = arena_new()};
  d->diag = new_diag(d);
  d->lower = (LowerOptions){.lang = lang_table, .model = o->model, .include = o->include};
  Source *source = source_from_file(d->diag, d->arena, o->path, (Span){0});
  if (!source) return driver_said(d, EXIT_ENVIRONMENT);
  d->file = parse(d->arena, d->diag, source);
  int code = diag_errors(d->diag) ? EXIT_DIAGNOSTICS : check_tree(d);
  driver_said(d, code); /* errors, or warnings, once */
  d->diag = new_diag(d);
  return code;
}

int driver_open_tree(Driver *d, const DriverOptions *o, Arena *arena, Ast *file)
{
  *d = (Driver){.o = *o, .arena = arena, .file = file};
  d->diag = new_diag(d);
  d->lower = (LowerOptions){.lang = lang_table, .model = o->model, .include = o->include};
  return check_tree(d);
}

bool driver_has_setting(const Driver *d, const char *name, const char *value)
{
  for (int i = 0; i < d->lowered->settings.n; i++) {
    const Setting *s = &d->lowered->settings.at[i];
    if (!strcmp(s->name, name) && !strcmp(s->value, value)) return true;
  }
  return false;
}

void driver_close(Driver *d)
{
  if (d->close_code) d->close_code(d);
  text_free(&d->json);
  if (d->arena) arena_free(d->arena);
  *d = (Driver){0};
}

Compiled *driver_program(Driver *d, ProgramKind kind, Stage stage, bool windows)
{
  Diag *quiet = new_diag(d); /* warnings were printed when the file was opened */
  ProgramRequest r = {.kind = kind,
                      .wrt = kind == PROGRAM_TRAIN ? d->o.wrt : NULL,
                      .show = kind == PROGRAM_STEP ? NULL : d->o.show,
                      .only_shown = d->o.only_shown && kind == PROGRAM_FORWARD,
                      .windows = windows,
                      .forcing = d->forcing};
  Compiled *c = program_make(d->arena, quiet, d->file, &d->lower, &r, stage);
  if (kind == PROGRAM_FREE && !c && !d->o.free) return NULL;
  if (diag_errors(quiet)) {
    diag_print(quiet, stderr, color_wanted(d->o.color, stderr));
    exit(EXIT_DIAGNOSTICS);
  }
  return c;
}

const char *driver_prefix(const Driver *d) { return d->o.prefix ? d->o.prefix : d->lowered->name; }

bool driver_is_c_name(const char *name)
{
  for (const char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') return false;
  return *name && !isdigit((unsigned char)*name);
}

int driver_write(const char *path, const char *data, size_t n)
{
  char *error = NULL;
  return output_write(path, data, n, &error) ? 0 : driver_fail("", error, EXIT_ENVIRONMENT);
}

bool driver_stage_needs_code(const char *stage)
{
  return !strcmp(stage, "llvm") || !strcmp(stage, "asm") || !strcmp(stage, "json");
}

int driver_text(Driver *d, const char *stage, ProgramKind kind, const char *out)
{
  Text t = {0};
  int code = 0;
  if (!strcmp(stage, "ast")) ast_dump(&t, d->file);
  else {
    Stage s = stage[0] == 'e' ? STAGE_EQUATIONS : stage[0] == 'a' ? STAGE_ADJOINT : STAGE_PLAN;
    if (s == STAGE_ADJOINT) kind = PROGRAM_TRAIN;
    d->o.free |= kind == PROGRAM_FREE;
    Compiled *c = driver_program(d, kind, s, false);
    if (!c && kind == PROGRAM_TRAIN && s != STAGE_ADJOINT) c = driver_program(d, PROGRAM_FORWARD, s, false);
    if (!c && kind == PROGRAM_FREE)
      code = driver_fail("none of the model's distributions reads what is drawn: it has no program 'free'", NULL,
                         EXIT_DIAGNOSTICS);
    else if (!c)
      code = driver_fail("this model has no loss and no '~': there is nothing to train", NULL, EXIT_DIAGNOSTICS);
    else if (c->refused)
      code = driver_fail(arena_printf(d->arena, "no streaming step: %s", c->refused), NULL, EXIT_DIAGNOSTICS);
    else if (s == STAGE_PLAN) plan_print(&t, c->plan);
    else system_print(&t, c->system);
  }
  if (!code) code = driver_write(out ? out : "-", t.at ? t.at : "", t.n);
  text_free(&t);
  return code;
}

/* settings.c: the train block: names and forms checked against runtime/settings.def, values made text for the runtime.
   Needs: sizes. Leaves alone: what the settings mean. */
#include "body.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum Form { FORM_NUMBER, FORM_COUNT, FORM_FLAG, FORM_TEXT, FORM_CALL } Form;

static const struct SettingRow {
  const char *name;
  Form form;
  const char *initial, *help;
} row[] = {
#define SETTING(name, form, default_value, help) {#name, FORM_##form, default_value, help},
#include "../../runtime/settings.def"
#undef SETTING
};
enum { ROWS = sizeof row / sizeof *row };

const char *setting_text(const Flat *f, const char *name)
{
  for (int i = 0; i < f->settings.n; i++)
    if (!strcmp(f->settings.at[i].name, name)) return f->settings.at[i].value;
  for (int i = 0; i < ROWS; i++)
    if (!strcmp(row[i].name, name)) return row[i].initial;
  return "";
}

static const char *const form_text[] = {"a number", "a whole number, 0 or more", "true or false", "a text in quotes",
                                        "a name with arguments, such as adam(rate = 0.001)"};

/* other systems' names */
static const char *alias(const char *name)
{
  static const char *const table[][2] = {{"lr", "optimizer = adam(rate = 0.001)"},
                                         {"learning_rate", "optimizer = adam(rate = 0.001)"},
                                         {"rate", "optimizer = adam(rate = 0.001)"},
                                         {"batch_size", "batch"},
                                         {"bptt", "unroll"},
                                         {"truncate", "unroll"},
                                         {"gradient_clip", "clip = norm(1.0)"},
                                         {"grad_clip", "clip = norm(1.0)"},
                                         {"scheduler", "schedule"},
                                         {"optimiser", "optimizer"},
                                         {"early_stopping", "patience"},
                                         {"stateful", "carry"},
                                         {"validation", "validate"},
                                         {"scheduled_sampling", "teacher_forcing = linear(1, 0)"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i][0], name) == 0) return table[i][1];
  return NULL;
}

static const struct SettingRow *find_row(Body *b, const Ast *setting)
{
  const char *names[ROWS];
  for (int i = 0; i < ROWS; i++) {
    names[i] = row[i].name;
    if (strcmp(row[i].name, setting->name) == 0) return &row[i];
  }
  Diag *d = b->s->diag;
  Span at = {setting->span.source, setting->span.from, setting->span.from + (int)strlen(setting->name)};
  const char *near = alias(setting->name);
  if (!near) near = nearest(setting->name, names, ROWS);
  diag(d, E_NO_SETTING, at, "there is no setting '%s'", setting->name);
  if (near) {
    diag_suggest(d, at, near);
    return NULL;
  }
  const char *list = names[0];
  for (int i = 1; i < ROWS; i++) list = arena_printf(b->s->arena, "%s, %s", list, names[i]);
  diag_note(d, (Span){0}, "there are %s", list);
  return NULL;
}

static void put_number(Text *out, double v)
{
  char text[40];
  for (int digits = 6; digits <= 17; digits++) { /* as few as give the number back */
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (strtod(text, NULL) == v) break;
  }
  text_puts(out, text);
}

static bool is_value_name(Elab *x, const char *name)
{
  Entry *e = find_name(x, name).entry;
  return e && e->kind == ENTRY_SIZE;
}

static bool put_value(Elab *x, Text *out, const Ast *e);

static bool put_call(Elab *x, Text *out, const Ast *e)
{
  text_printf(out, "%s(", e->kid[0]->name);
  bool good = true;
  for (int i = 1; i < e->nkid; i++) {
    const Ast *a = e->kid[i];
    if (i > 1) text_puts(out, ", ");
    if (a->kind == AST_ARG) text_printf(out, "%s = ", a->name);
    good &= put_value(x, out, a->kind == AST_ARG ? a->kid[0] : a);
  }
  text_puts(out, ")");
  return good;
}

static bool put_value(Elab *x, Text *out, const Ast *e)
{
  if (e->kind == AST_STRING) return text_json(out, e->name), true;
  if (e->kind == AST_NAME && !is_value_name(x, e->name)) return text_puts(out, e->name), true;
  bool arithmetic = e->kind == AST_CALL && e->kid[0]->kind == AST_NAME && is_builtin(e->kid[0]->name);
  if (e->kind == AST_CALL && e->kid[0]->kind == AST_NAME && !arithmetic) return put_call(x, out, e);
  Value v = value_of(x, e, false);
  if (v.kind == VALUE_NONE) return false;
  if (v.kind != VALUE_NUMBER) {
    diag(x->body->s->diag, E_SETTING_VALUE, e->span, "a setting needs a number that is known here");
    return false;
  }
  put_number(out, v.num);
  if (e->kind == AST_NUMBER && e->name) text_printf(out, " %s", e->name);
  return true;
}

static bool fits(Elab *x, Form form, const Ast *e)
{
  bool flag = e->kind == AST_NAME && (strcmp(e->name, "true") == 0 || strcmp(e->name, "false") == 0);
  bool word = e->kind == AST_NAME && !is_value_name(x, e->name);
  bool call = e->kind == AST_CALL && e->kid[0]->kind == AST_NAME && !is_builtin(e->kid[0]->name);
  bool number = !word && !call && e->kind != AST_STRING;
  switch (form) {
  case FORM_FLAG: return flag;
  case FORM_TEXT: return e->kind == AST_STRING;
  case FORM_CALL: return !flag && e->kind != AST_STRING;
  case FORM_COUNT:
  case FORM_NUMBER: return number && !(e->kind == AST_NUMBER && e->name);
  }
  return false;
}

static bool is_count(Elab *x, const Ast *e)
{
  Value v = value_of(x, e, true);
  return v.kind == VALUE_NONE || (v.kind == VALUE_NUMBER && v.num >= 0 && v.num == floor(v.num));
}

enum { STATISTICS_MOST = 100000 };

/* Of statistics: it is the number of rows of what is kept. */
static bool is_in_range(Elab *x, const struct SettingRow *r, const Ast *e)
{
  if (strcmp(r->name, "statistics") != 0) return true;
  Value v = value_of(x, e, true);
  if (v.kind != VALUE_NUMBER || (v.num >= 1 && v.num <= STATISTICS_MOST)) return true;
  Diag *d = x->body->s->diag;
  diag(d, E_SETTING_VALUE, e->span, "statistics is 1 to %d, this is %.15g", STATISTICS_MOST, v.num);
  diag_note(d, (Span){0}, "statistics: %s", r->help);
  return false;
}

static void elaborate_setting(Body *b, const Ast *setting)
{
  Flat *f = b->s->flat;
  Elab x = {.body = b};
  const Ast *value = setting->kid[0];
  const struct SettingRow *r = find_row(b, setting);
  if (!r) return;
  for (int i = 0; i < f->settings.n; i++) {
    if (strcmp(f->settings.at[i].name, setting->name) != 0) continue;
    diag(f->diag, E_GIVEN_TWICE, setting->span, "setting '%s' is given twice", setting->name);
    diag_note(f->diag, f->settings.at[i].span, "the first time here");
    return;
  }
  if (!fits(&x, r->form, value) || (r->form == FORM_COUNT && !is_count(&x, value))) {
    diag(f->diag, E_SETTING_VALUE, value->span, "%s is %s", r->name, form_text[r->form]);
    diag_note(f->diag, (Span){0}, "%s: %s", r->name, r->help);
    return;
  }
  if (!is_in_range(&x, r, value)) return;
  Text text = {0};
  if (put_value(&x, &text, value))
    vec_push(f->arena, &f->settings, ((Setting){setting->name, arena_copy(f->arena, text.at, text.n), setting->span}));
  text_free(&text);
}

void elaborate_settings(Body *b)
{
  for (int i = 0; b->train && i < b->train->nkid; i++)
    if (b->train->kid[i]->kind == AST_SETTING) elaborate_setting(b, b->train->kid[i]);
}

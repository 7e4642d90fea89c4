/* settings.c: see settings.h. */
#include <stdlib.h>
#include <string.h>
#include "settings.h"

const SettingRow rnn_setting_row[SETTINGS] = {
#define SETTING(name, form, otherwise, help) {#name, otherwise, help, FORM_##form},
#include "settings.def"
#undef SETTING
};

static int setting_named(const char *name, RnnError *error)
{
  const char *names[SETTINGS];
  if (strncmp(name, "train.", 6) == 0) name += 6;
  for (int i = 0; i < SETTINGS; i++) {
    names[i] = rnn_setting_row[i].name;
    if (strcmp(names[i], name) == 0) return i;
  }
  const char *near = rnn_near(name, names, SETTINGS);
  rnn_fail(error, RNN_ERROR_USAGE,
           near ? "no setting named '%s'; did you mean '%s'?" : "no setting named '%s'; train --help lists them", name,
           near);
  return -1;
}

/* A text of the form that the row asks for. */
static bool fits_form(const SettingRow *row, const char *text, RnnError *error)
{
  if (row->form == FORM_TEXT || !*text) return true;
  RnnCall *call = rnn_call_parse(text, error);
  bool ok = call != NULL, flag;
  int64_t count;
  double number;
  bool plain = call && !*call->name && call->arguments == 1;
  if (ok && row->form == FORM_COUNT)
    ok = plain ? rnn_call_count(call, "value", 0, &count, error)
               : rnn_fail(error, RNN_ERROR_USAGE, "'%s' is not a whole number of at least 0", text);
  if (ok && row->form == FORM_NUMBER)
    ok = plain ? rnn_call_number(call, "value", 0, &number, error)
               : rnn_fail(error, RNN_ERROR_USAGE, "'%s' is not a number", text);
  if (ok && row->form == FORM_FLAG) {
    flag = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    ok = flag || rnn_fail(error, RNN_ERROR_USAGE, "'%s' is neither true nor false", text);
  }
  rnn_call_free(call);
  return ok;
}

static bool is_number(const char *text)
{
  char *end;
  strtod(text, &end);
  return end != text && !*end;
}

/* A path that stands bare where a source is wanted, in quotes; else a copy. A TEXT loses its quotes. */
static char *normal_text(SettingId id, const char *value)
{
  bool source = id == SETTING_data || id == SETTING_validate || id == SETTING_test;
  size_t n = strlen(value);
  if (rnn_setting_row[id].form == FORM_TEXT && n >= 2 && value[0] == '"' && value[n - 1] == '"')
    return strndup(value + 1, n - 2);
  if (!source || !n || value[0] == '"' || is_number(value) || (value[n - 1] == ')' && strchr(value, '(')))
    return strdup(value);
  char *text = malloc(2 * n + 3), *to = text;
  if (!text) return NULL;
  *to++ = '"';
  for (; *value; value++) {
    if (*value == '"' || *value == '\\') *to++ = '\\';
    *to++ = *value;
  }
  strcpy(to, "\"");
  return text;
}

bool rnn_settings_set(Settings *s, const char *name, const char *value, SettingOrigin origin, RnnError *error)
{
  int id = setting_named(name, error);
  if (id < 0) return false;
  char *text = normal_text(id, value);
  if (!text) return rnn_fail_memory(error, strlen(value));
  if (!fits_form(&rnn_setting_row[id], text, error)) {
    free(text);
    rnn_fail_within(error, "setting %s", rnn_setting_row[id].name);
    if (error) error->code = RNN_ERROR_USAGE;
    return false;
  }
  if (id == SETTING_statistics && origin == FROM_CALLER && strcmp(text, s->text[id]) != 0) {
    rnn_fail(error, RNN_ERROR_USAGE, "setting statistics: the model was compiled for %s; write it in the train block",
             s->text[id]);
    free(text);
    return false;
  }
  free(s->text[id]);
  s->text[id] = text;
  s->origin[id] = origin;
  return true;
}

bool rnn_settings_assign(Settings *s, const char *assignment, SettingOrigin origin, RnnError *error)
{
  const char *equals = strchr(assignment, '=');
  if (!equals)
    return rnn_fail(error, RNN_ERROR_USAGE, "'%s' sets nothing: write NAME=VALUE, for example batch=64", assignment);
  size_t n = (size_t)(equals - assignment);
  while (n && assignment[n - 1] == ' ') n--;
  const char *value = equals + 1 + strspn(equals + 1, " ");
  char *name = strndup(assignment, n);
  if (!name) return rnn_fail_memory(error, n);
  bool ok = rnn_settings_set(s, name, value, origin, error);
  free(name);
  return ok;
}

bool rnn_settings_new(Settings *s, const ModelDescription *m, RnnError *error)
{
  memset(s, 0, sizeof *s);
  for (int i = 0; i < SETTINGS; i++)
    if (!rnn_settings_set(s, rnn_setting_row[i].name, rnn_setting_row[i].otherwise, FROM_DEFAULT, error)) return false;
  for (int i = 0; i < m->settings; i++)
    if (!rnn_settings_set(s, m->setting[i].name, m->setting[i].value, FROM_MODEL, error))
      return rnn_fail_within(error, "train block of %s", m->name);
  return true;
}

void rnn_settings_free(Settings *s)
{
  for (int i = 0; i < SETTINGS; i++) free(s->text[i]);
  memset(s, 0, sizeof *s);
}

int64_t rnn_setting_count(const Settings *s, SettingId id)
{
  int64_t n = 0;
  RnnCall *call = rnn_call_parse(s->text[id], NULL);
  if (call) rnn_call_count(call, "value", 0, &n, NULL);
  rnn_call_free(call);
  return n;
}

bool rnn_setting_flag(const Settings *s, SettingId id) { return strcmp(s->text[id], "true") == 0; }
const char *rnn_setting_text(const Settings *s, SettingId id) { return s->text[id]; }

bool rnn_setting_part(const Settings *s, SettingId id, double *share, RnnCall **source, RnnError *error)
{
  *share = 0;
  *source = rnn_call_parse(s->text[id], error);
  if (!*source) return rnn_fail_within(error, "setting %s", rnn_setting_row[id].name);
  bool is_share = !*(*source)->name && (*source)->arguments == 1 && (*source)->argument[0].kind == RNN_NUMBER;
  if (!is_share) return true;
  *share = (*source)->argument[0].number;
  rnn_call_free(*source);
  *source = NULL;
  if (*share >= 0 && *share < 1) return true;
  return rnn_fail(error, RNN_ERROR_USAGE, "setting %s: a share lies in [0, 1), %g does not", rnn_setting_row[id].name,
                  *share);
}

json_t *rnn_settings_json(const Settings *s)
{
  json_t *all = json_object();
  for (int i = 0; all && i < SETTINGS; i++) json_object_set_new(all, rnn_setting_row[i].name, json_string(s->text[i]));
  return all;
}

static const char *const origin_name[] = {
    [FROM_DEFAULT] = "default", [FROM_MODEL] = "model", [FROM_CHECKPOINT] = "checkpoint", [FROM_CALLER] = "caller"};

json_t *rnn_settings_origins(const Settings *s)
{
  json_t *all = json_object();
  for (int i = 0; all && i < SETTINGS; i++)
    json_object_set_new(all, rnn_setting_row[i].name, json_string(origin_name[s->origin[i]]));
  return all;
}

void rnn_settings_print(const Settings *s, FILE *out)
{
  fputs("train {\n", out);
  for (int i = 0; i < SETTINGS; i++) {
    const SettingRow *row = &rnn_setting_row[i];
    bool text = row->form == FORM_TEXT, unset = !*s->text[i];
    int n = fprintf(out, "  %s%s = ", unset ? "# " : "", row->name);
    for (const char *c = text ? "\"" : ""; *c; c++) n += fprintf(out, "%c", *c);
    for (const char *c = s->text[i]; *c; c++) n += fprintf(out, "%s%c", text && strchr("\"\\", *c) ? "\\" : "", *c);
    if (text) n += fprintf(out, "\"");
    fprintf(out, "%*s# %s\n", n < 46 ? 46 - n : 1, "", unset ? "not set" : origin_name[s->origin[i]]);
  }
  fputs("}\n", out);
}

bool rnn_settings_restore(Settings *s, const char *json, RnnError *error)
{
  json_t *all = json_loads(json, 0, NULL), *value;
  const char *name;
  bool ok = json_is_object(all) || rnn_fail(error, RNN_ERROR_DATA, "its settings are damaged");
  json_object_foreach(all, name, value)
  {
    int id = ok ? setting_named(name, NULL) : -1;
    if (id < 0 || s->origin[id] == FROM_CALLER || !json_is_string(value)) continue;
    if (strcmp(s->text[id], json_string_value(value)) == 0)
      continue; /* the model says the same: its folder holds for it */
    ok = rnn_settings_set(s, name, json_string_value(value), FROM_CHECKPOINT, error);
  }
  json_decref(all);
  return ok;
}

/* settings.h: the settings of settings.def: the defaults, over them the model's train block, over that a checkpoint's,
   over that what the caller or the command line says. Kept as texts; a text is checked against its form when it is set.
 */
#ifndef RNN_SETTINGS_H
#define RNN_SETTINGS_H
#include "model.h"
#include "source_spec.h"
#include <stdio.h>

typedef enum SettingId {
#define SETTING(name, form, otherwise, help) SETTING_##name,
#include "settings.def"
#undef SETTING
  SETTINGS
} SettingId;

typedef enum SettingForm { FORM_NUMBER, FORM_COUNT, FORM_FLAG, FORM_TEXT, FORM_CALL } SettingForm;

typedef struct SettingRow {
  const char *name, *otherwise, *help;
  SettingForm form;
} SettingRow;
extern const SettingRow rnn_setting_row[SETTINGS];

typedef enum SettingOrigin { FROM_DEFAULT, FROM_MODEL, FROM_CHECKPOINT, FROM_CALLER } SettingOrigin;

typedef struct Settings {
  char *text[SETTINGS]; /* owned */
  SettingOrigin origin[SETTINGS];
} Settings;

bool rnn_settings_new(Settings *settings, const ModelDescription *model,
                      RnnError *error); /* defaults and train block */
void rnn_settings_free(Settings *settings);
/* "batch" or "train.batch". A file may stand bare where a call is wanted: corpus.txt becomes "corpus.txt". */
bool rnn_settings_set(Settings *settings, const char *name, const char *value, SettingOrigin origin, RnnError *error);
bool rnn_settings_assign(Settings *settings, const char *assignment, SettingOrigin origin,
                         RnnError *error); /* "batch=64" */

int64_t rnn_setting_count(const Settings *settings, SettingId id);
bool rnn_setting_flag(const Settings *settings, SettingId id);
const char *rnn_setting_text(const Settings *settings, SettingId id); /* CALL, TEXT: as set, TEXT without quotes */
/* A share of the data, or a source: exactly one of them is set; *source is the caller's to free, NULL for a share. */
bool rnn_setting_part(const Settings *settings, SettingId id, double *share, RnnCall **source, RnnError *error);

json_t *rnn_settings_json(const Settings *settings);          /* all by name; new reference, NULL: memory */
json_t *rnn_settings_origins(const Settings *settings);       /* by name: default, model, checkpoint, caller */
void rnn_settings_print(const Settings *settings, FILE *out); /* as a train block */
/* Takes over those of a checkpoint's text that were not set by the caller. */
bool rnn_settings_restore(Settings *settings, const char *json, RnnError *error);

#endif

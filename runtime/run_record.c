/* run_record.c: see run_record.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "aside.h"
#include "blas.h"
#include "run_record.h"

/* "2026-01-31T12:00:00Z" */
static json_t *now_json(void)
{
  char text[32];
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return json_string(text);
}

/* What the machine calls its processor; null where it says nothing */
static json_t *processor_json(void)
{
  char line[512];
  json_t *name = NULL;
  FILE *f = fopen("/proc/cpuinfo", "r");
  while (f && !name && fgets(line, sizeof line, f)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) || !colon) continue;
    line[strcspn(line, "\n")] = 0;
    name = json_string(colon + 1 + strspn(colon + 1, " "));
  }
  if (f) fclose(f);
  return name ? name : json_null();
}

static json_t *text_or_null(const char *text) { return text ? json_string(text) : json_null(); }

static json_t *record_json(const Trainer *t)
{
  const ModelDescription *m = t->handle->model;
  json_t *all =
      json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "version", RNN_VERSION, "model", m->name, "source", m->source, "hash",
                m->hash, "precision", m->real64 ? "f64" : "f32", "threads", rnn_pool_threads(t->handle->pool));
  json_object_set_new(all, "started", now_json());
  json_object_set_new(all, "step", json_integer(t->at.step));
  json_object_set_new(all, "resumed", text_or_null(t->wish->resume));
  json_object_set_new(all, "weights", text_or_null(t->wish->weights));
  json_object_set_new(all, "out", text_or_null(t->wish->out));
  json_object_set_new(all, "checkpoint", text_or_null(t->checkpoint));
  json_object_set_new(all, "processor", processor_json());
  json_object_set_new(all, "blas", json_string(rnn_blas_description()));
  json_object_set_new(all, "settings", rnn_settings_json(&t->settings));
  json_object_set_new(all, "from", rnn_settings_origins(&t->settings));
  return all;
}

bool rnn_run_record(const Trainer *t, RnnError *error)
{
  const char *log = rnn_setting_text(&t->settings, SETTING_log), *end = strrchr(log, '.');
  if (!*log) return true;
  char path[4200];
  int stem = end && !strchr(end, '/') && end > log ? (int)(end - log) : (int)strlen(log);
  snprintf(path, sizeof path, "%.*s.run.json", stem, log);
  json_t *all = record_json(t);
  char *text = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
  json_decref(all);
  if (!text) return rnn_fail_memory(error, 4096);
  RnnAside *aside = rnn_aside_begin(path, error);
  size_t n = strlen(text);
  text[n] = '\n'; /* over the terminating zero */
  bool ok = aside != NULL;
  if (aside && !rnn_aside_write(aside, text, n + 1, error)) {
    rnn_aside_cancel(aside);
    ok = false;
  } else if (aside) ok = rnn_aside_commit(aside, error);
  free(text);
  return ok || rnn_fail_within(error, "record of the run");
}

/* metrics.c: see metrics.h. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include "clock.h"
#include "metrics.h"

struct Metrics {
  int file;
  char *path;
  double start;
  bool failed;
};

bool rnn_metrics_open(Metrics **metrics, const char *path, bool append, RnnError *error)
{
  *metrics = NULL;
  if (!*path) return true;
  Metrics *m = calloc(1, sizeof *m);
  char *name = strdup(path);
  if (!m || !name) {
    free(m);
    free(name);
    return rnn_fail_memory(error, sizeof *m);
  }
  *m = (Metrics){.path = name, .start = rnn_seconds()};
  m->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC), 0666);
  if (m->file < 0) {
    rnn_fail_errno(error, "log %s", path);
    rnn_metrics_close(m);
    return false;
  }
  *metrics = m;
  return true;
}

void rnn_metrics_write(Metrics *m, const char *event, json_t *object)
{
  json_t *line = m ? json_pack("{s:s, s:f}", "event", event, "seconds", rnn_seconds() - m->start) : NULL;
  if (line) json_object_update(line, object);
  char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(line);
  json_decref(object);
  if (!text) return;
  size_t n = strlen(text);
  text[n] = '\n'; /* one write a line: over the terminating zero, whose place is not needed */
  if (write(m->file, text, n + 1) != (ssize_t)(n + 1) && !m->failed) {
    m->failed = true;
    fprintf(stderr, "warning: log %s: %s\n", m->path, strerror(errno));
  }
  free(text);
}

void rnn_metrics_close(Metrics *m)
{
  if (!m) return;
  if (m->file >= 0) close(m->file);
  free(m->path);
  free(m);
}

json_t *rnn_metrics_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

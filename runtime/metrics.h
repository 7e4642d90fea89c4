/* metrics.h: what happens while training as JSON lines: one object an event, whole or not at all, appended. */
#ifndef RNN_METRICS_H
#define RNN_METRICS_H
#include <jansson.h>
#include "error.h"

typedef struct Metrics Metrics;
/* An empty path: NULL, and nothing is written. append false starts the file anew. */
bool rnn_metrics_open(Metrics **metrics, const char *path, bool append, RnnError *error);
/* Adds "event" and "seconds" since it was opened; takes the object over. A failed write is reported once, on stderr:
 * training goes on. */
void rnn_metrics_write(Metrics *metrics, const char *event, json_t *object);
void rnn_metrics_close(Metrics *metrics);
json_t *rnn_metrics_number(double value); /* JSON has no NaN: null */

#endif

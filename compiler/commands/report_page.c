/* report_page.c: a training as one HTML page that needs nothing else. Well-formed as XML, too; no scripts. */
#include "report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

void html_bytes(Text *t, const char *s, size_t n)
{
  for (size_t i = 0; i < n;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &c);
    bool shown = k > 0 && (c >= 32 || c == '\n' || c == '\t') && c != 0x7f && (c & 0xfffe) != 0xfffe;
    if (!shown) text_puts(t, "\xef\xbf\xbd");
    else if (c == '&') text_puts(t, "&amp;");
    else if (c == '<') text_puts(t, "&lt;");
    else if (c == '>') text_puts(t, "&gt;");
    else if (c == '"') text_puts(t, "&quot;");
    else text_write(t, s + i, (size_t)k);
    i += k > 0 ? (size_t)k : 1;
  }
}

void html_text(Text *t, const char *s) { html_bytes(t, s, strlen(s)); }

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;color:#222;background:#fff;max-width:800px;margin:2em auto;padding:0 "
    "1em}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\n"
    "table{border-collapse:collapse}td,th{padding:.15em 1em .15em 0;text-align:left;vertical-align:top}\n"
    "th{font-weight:600}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}\n"
    "tr{border-bottom:1px solid #e4e4e4}svg{display:block;width:100%;margin:1em 0}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f5f5;padding:1em;margin:.5em 0}\n"
    "td{overflow-wrap:anywhere}.tick{font-size:12px;fill:#444}.label{font-size:12.5px;fill:#222}\n"
    ".title{font-size:14px;font-weight:600;fill:#222}.grid{stroke:#e8e8e8}.axis{stroke:#777;fill:none}\n"
    ".curve{fill:none;stroke-width:1.6;stroke-linejoin:round}.note{color:#555}\n";

static void row(Text *t, const char *name, const char *value)
{
  text_puts(t, "<tr><th>");
  html_text(t, name);
  text_puts(t, "</th><td>");
  html_text(t, value);
  text_puts(t, "</td></tr>\n");
}

static void row_number(Text *t, const char *name, double value, const char *unit)
{
  char text[64];
  snprintf(text, sizeof text, "%.6g%s", value, unit);
  row(t, name, text);
}

/* a field of the record or of the log's start, as text */
static void row_json(Text *t, const char *name, const json_t *value)
{
  if (!value || json_is_null(value)) return;
  if (json_is_string(value)) {
    if (*json_string_value(value)) row(t, name, json_string_value(value));
    return;
  }
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  if (text) row(t, name, text);
  free(text);
}

static void summary(Text *t, const Run *r)
{
  const char *outcome = json_string_value(json_object_get(r->end, "outcome"));
  text_puts(t, "<table>\n");
  row(t, "outcome", outcome ? outcome : "the log has no end: it was interrupted, or goes on");
  row_json(t, "message", json_object_get(r->end, "message"));
  row_number(t, "updates", (double)r->updates, "");
  if (r->epochs) row_number(t, "epochs", (double)r->epochs, "");
  row_number(t, "time", r->seconds, " s");
  if (r->loss.at.n) row_number(t, "last training loss", r->loss.at.at[r->loss.at.n - 1].y, "");
  if (!isnan(r->best)) {
    char text[96];
    snprintf(text, sizeof text, "%.6g, at update %lld", r->best, (long long)r->best_update);
    row(t, "best validation loss", text);
  }
  if (r->norm.at.n) {
    char text[96];
    snprintf(text, sizeof text, "%lld of %d in this log", (long long)r->clipped, r->norm.at.n + r->norm.missing);
    row(t, "clipped updates", text);
  }
  if (r->loss.missing) row_number(t, "losses that are not finite", r->loss.missing, "");
  if (r->cut) row(t, "log", "its last line is cut off, and left out");
  text_puts(t, "</table>\n");
}

static void plot_all(Text *t, const char *title, const char *y_label, const Curves *all)
{
  for (int i = 0; i < all->n; i++) {
    Text name = {0};
    text_printf(&name, "%s %s", title, all->at[i]->name);
    plot_curves(t, name.at, "update", y_label, (const Curve *const[]){all->at[i]}, 1);
    text_free(&name);
  }
}

static void curves(Text *t, const Run *r)
{
  text_puts(t, "<h2>Curves</h2>\n");
  plot_curves(t, "Loss", "update", "loss", (const Curve *const[]){&r->loss, &r->smooth, &r->validation, &r->free}, 4);
  plot_all(t, "Metric", "value, of the validation part", &r->metrics);
  if (r->terms.n > 1) plot_all(t, "Term of the loss", "nats, of the validation part", &r->terms);
  plot_curves(t, "Gradient norm", "update", "norm", (const Curve *const[]){&r->norm, &r->clipped_norm}, 2);
  if (isnan(r->clip) && r->clipped)
    text_puts(t, "<p class=\"note\">The norm after clipping is known for clip = norm(..) alone.</p>\n");
  if (r->clipped)
    plot_curves(t, "Clipping", "update", "% of the epoch's updates", (const Curve *const[]){&r->share}, 1);
  plot_curves(t, "Learning rate", "update", "rate", (const Curve *const[]){&r->rate}, 1);
  plot_curves(t, "Time", "update", "seconds", (const Curve *const[]){&r->time}, 1);
}

static void settings(Text *t, const Run *r)
{
  const json_t *all = json_object_get(r->record ? r->record : r->start, "settings");
  const json_t *from = json_object_get(r->record, "from");
  const char *name;
  json_t *value;
  text_puts(t, "<h2>Settings</h2>\n<table>\n<tr><th>setting</th><th>value</th><th>from</th></tr>\n");
  json_object_foreach((json_t *)all, name, value)
  {
    const char *origin = json_string_value(json_object_get(from, name)), *text = json_string_value(value);
    text_puts(t, "<tr><td>");
    html_text(t, name);
    text_puts(t, "</td><td>");
    html_text(t, text ? text : "");
    text_puts(t, "</td><td>");
    html_text(t, origin ? origin : "");
    text_puts(t, "</td></tr>\n");
  }
  text_puts(t, "</table>\n<h2>Run</h2>\n<table>\n");
  json_object_foreach(r->record ? r->record : r->start, name, value)
  {
    if (!json_is_object(value) && strcmp(name, "event") && strcmp(name, "seconds")) row_json(t, name, value);
  }
  row(t, "log", r->path);
  text_puts(t, "</table>\n");
}

/* ---- beside the log ---- */

static void cell(Text *t, double v) { text_printf(t, "<td class=\"number\">%.4g</td>", v); }

static void parameter(Text *t, const RnnTensor *a, double *values)
{
  char shape[128];
  double sum = 0, square = 0, least = INFINITY, most = -INFINITY;
  int64_t odd = 0;
  rnn_tensor_to_f64(a, 0, a->count, values);
  for (int64_t i = 0; i < a->count; i++) {
    if (!isfinite(values[i])) odd++;
    sum += values[i];
    square += values[i] * values[i];
    least = fmin(least, values[i]);
    most = fmax(most, values[i]);
  }
  double n = (double)a->count, mean = sum / n, variance = square / n - mean * mean;
  text_puts(t, "<tr><td>");
  html_text(t, a->name);
  text_printf(t, "</td><td>%s</td><td class=\"number\">%lld</td>",
              rnn_shape_text(a->rank, a->shape, shape, sizeof shape), (long long)a->count);
  if (odd) text_printf(t, "<td colspan=\"5\">%lld not finite</td>", (long long)odd);
  else {
    cell(t, mean);
    cell(t, sqrt(fmax(variance, 0)));
    cell(t, least);
    cell(t, most);
    cell(t, sqrt(square));
  }
  text_puts(t, "</tr>\n");
}

static bool is_parameter(const RnnTensor *a)
{
  return a->count && rnn_dtype_is_real(a->dtype) && strncmp(a->name, "optim.", 6) && strncmp(a->name, "best.", 5) &&
         strncmp(a->name, "carry.", 6);
}

static void parameters(Text *t, const Extras *x)
{
  text_puts(t, "<h2>Parameters</h2>\n<p class=\"note\">");
  html_text(t, x->weights_name);
  text_puts(
      t,
      "</p>\n<table>\n<tr><th>parameter</th><th>shape</th><th class=\"number\">count</th><th class=\"number\">mean</th>"
      "<th class=\"number\">deviation</th><th class=\"number\">least</th><th class=\"number\">most</th>"
      "<th class=\"number\">norm</th></tr>\n");
  for (int64_t i = 0; i < x->weights->tensors; i++) {
    const RnnTensor *a = &x->weights->tensor[i];
    if (!is_parameter(a)) continue;
    double *values = malloc((size_t)a->count * sizeof *values);
    if (!values) abort();
    parameter(t, a, values);
    free(values);
  }
  text_puts(t, "</table>\n");
}

/* [N, T] and [N, T, k]: of the first sequences the first components */
static void prediction(Text *t, const Run *r, const Extras *x, const RnnTensor *a)
{
  enum { SEQUENCES = 3, COMPONENTS = 4 };
  const RnnTensor *lengths = rnn_tensor_find(x->predictions, "lengths");
  int64_t T = a->shape[1], k = a->count > 0 ? a->count / (a->shape[0] * T) : 0;
  for (int64_t s = 0; s < a->shape[0] && s < SEQUENCES && k; s++) {
    Curve curve[COMPONENTS] = {0};
    const Curve *shown[COMPONENTS];
    int n = 0;
    double steps = (double)T;
    if (lengths && s < lengths->count) rnn_tensor_to_f64(lengths, s, 1, &steps);
    for (; n < k && n < COMPONENTS; n++) {
      shown[n] = &curve[n];
      curve[n].name = k == 1 ? a->name : arena_printf(r->arena, "%s, component %d", a->name, n + 1);
      for (int64_t i = 0; i < T && i < (int64_t)steps; i++) {
        double v;
        rnn_tensor_to_f64(a, (s * T + i) * k + n, 1, &v);
        if (!isfinite(v)) curve[n].missing++;
        else vec_push(r->arena, &curve[n].at, ((Point){(double)i + 1, v, 0, curve[n].missing}));
      }
    }
    plot_curves(t, arena_printf(r->arena, "%s of sequence %d", a->name, (int)s + 1), "step", "value", shown, n);
  }
}

static void predictions(Text *t, const Run *r, const Extras *x)
{
  text_puts(t, "<h2>Predictions</h2>\n<p class=\"note\">");
  html_text(t, x->predictions_name);
  text_puts(t, "</p>\n");
  for (int64_t i = 0; i < x->predictions->tensors; i++) {
    const RnnTensor *a = &x->predictions->tensor[i];
    if (a->rank >= 2 && strncmp(a->name, "lengths", 7)) prediction(t, r, x, a);
  }
}

static void samples(Text *t, const Extras *x)
{
  text_puts(t, "<h2>Samples</h2>\n<p class=\"note\">");
  html_text(t, x->samples_name);
  text_puts(t, "</p>\n<pre>");
  html_bytes(t, x->samples, x->samples_size);
  text_puts(t, "</pre>\n");
}

void page_write(Text *t, const Run *r, const Extras *x)
{
  const char *model = json_string_value(json_object_get(r->start, "model"));
  text_puts(
      t,
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>");
  html_text(t, model ? model : "model");
  text_printf(t, ": a training</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Training of ", style);
  html_text(t, model ? model : "model");
  text_puts(t, "</h1>\n");
  summary(t, r);
  curves(t, r);
  if (x->predictions) predictions(t, r, x);
  if (x->samples) samples(t, x);
  settings(t, r);
  if (x->weights) parameters(t, x);
  text_puts(t, "</body>\n</html>\n");
}

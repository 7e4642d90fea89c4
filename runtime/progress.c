/* progress.c: see progress.h. Writes carriage returns and escapes to a terminal only. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "clock.h"
#include "progress.h"

static bool is_set(const char *name)
{
  const char *value = getenv(name);
  return value && *value;
}

static bool is_live_terminal(FILE *to)
{
  const char *term = getenv("TERM");
  return isatty(fileno(to)) && term && strcmp(term, "dumb") != 0 && !is_set("CI") && !is_set("NO_COLOR");
}

void rnn_progress_begin(Progress *p, RnnProgressKind kind, FILE *to, int64_t step)
{
  if (!to) to = stderr;
  if (kind == RNN_PROGRESS_AUTO) kind = is_live_terminal(to) ? RNN_PROGRESS_LINE : RNN_PROGRESS_PLAIN;
  double now = rnn_seconds();
  *p = (Progress){.to = to,
                  .kind = kind,
                  .start = now,
                  .shown = now,
                  .counted = now,
                  .first_step = step,
                  .counted_step = step,
                  .last_step = step,
                  .smooth = NAN};
}

static void duration_text(double seconds, char *text, size_t size)
{
  long s = (long)(seconds + 0.5);
  if (s < 60) snprintf(text, size, "%lds", s);
  else if (s < 3600) snprintf(text, size, "%ldm%02lds", s / 60, s % 60);
  else snprintf(text, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
}

static void line_text(const Progress *p, const ProgressView *v, char *text, size_t size)
{
  const RnnTrainState *s = v->state;
  int n = snprintf(text, size, "epoch %lld  step %lld", (long long)s->epoch + 1, (long long)s->step);
  if (v->steps) n += snprintf(text + n, size - (size_t)n, "/%lld", (long long)v->steps);
  n += snprintf(text + n, size - (size_t)n, "  loss %.5g", p->smooth);
  if (!isnan(s->validation)) n += snprintf(text + n, size - (size_t)n, "  validation %.5g", s->validation);
  n += snprintf(text + n, size - (size_t)n, "  norm %.3g  rate %.3g", s->norm, s->rate);
  if (!isnan(v->clipped)) n += snprintf(text + n, size - (size_t)n, "  clipped %.0f%%", 100 * v->clipped);
  if (p->rate > 0) {
    n += snprintf(text + n, size - (size_t)n, "  %.*f steps/s", p->rate < 10 ? 1 : 0, p->rate);
    if (v->steps > s->step) {
      char left[32];
      duration_text((double)(v->steps - s->step) / p->rate, left, sizeof left);
      snprintf(text + n, size - (size_t)n, "  left %s", left);
    }
  }
}

static void clear_line(Progress *p)
{
  if (p->live) fprintf(p->to, "\r%*s\r", p->width, "");
  p->live = false;
}

static int columns_of(FILE *to)
{
  struct winsize size;
  return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

void rnn_progress_step(Progress *p, const ProgressView *v)
{
  double loss = v->state->loss, now = rnn_seconds();
  p->last_step = v->state->step;
  p->smooth = isnan(p->smooth)
                  ? loss
                  : p->smooth + (loss - p->smooth) * fmax(0.02, 1.0 / (double)(v->state->step - p->first_step));
  if (p->kind == RNN_PROGRESS_NONE || now - p->shown < (p->kind == RNN_PROGRESS_LINE ? 0.1 : 10)) return;
  double fresh = (double)(v->state->step - p->counted_step) / (now - p->counted);
  p->rate = p->rate > 0 && p->kind == RNN_PROGRESS_LINE ? 0.8 * p->rate + 0.2 * fresh : fresh;
  p->counted = p->shown = now;
  p->counted_step = v->state->step;

  char text[512];
  line_text(p, v, text, sizeof text);
  if (p->kind == RNN_PROGRESS_PLAIN) fprintf(p->to, "%s\n", text);
  else {
    int room = columns_of(p->to), length = (int)strlen(text) < room ? (int)strlen(text) : room;
    fprintf(p->to, "\r%-*.*s", p->width > length ? (p->width < room ? p->width : room) : length, length, text);
    p->width = length;
    p->live = true;
  }
  fflush(p->to);
}

void rnn_progress_say(Progress *p, const char *format, ...)
{
  if (p->kind == RNN_PROGRESS_NONE) return;
  va_list arguments;
  clear_line(p);
  va_start(arguments, format);
  vfprintf(p->to, format, arguments);
  va_end(arguments);
  fputc('\n', p->to);
  fflush(p->to);
  p->said = p->counted = rnn_seconds(); /* what was done meanwhile is no training */
  if (p->kind == RNN_PROGRESS_PLAIN) p->shown = p->said;
  p->counted_step = p->last_step;
}

void rnn_progress_end(Progress *p)
{
  clear_line(p);
  if (p->to) fflush(p->to);
}

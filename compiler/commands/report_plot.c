/* report_plot.c: curves as a chart in SVG, with round ticks. Where all values are positive and far apart the axis of
   values is logarithmic. Of more points than the chart has columns, the least and the largest of each column stay. */
#include "report.h"
#include <math.h>
#include <string.h>

enum { WIDTH = 760, HEIGHT = 270, LEFT = 76, RIGHT = 16, TOP = 44, BOTTOM = 46, COLUMNS = 600 };
static const char *const color[] = {"#9db8d9", "#1f5fa8", "#d1495b", "#3a8f5c", "#8a5cb8", "#c9822b"};
enum { COLORS = sizeof color / sizeof *color };

typedef struct Scale {
  double from, to, step;
  bool logarithmic; /* from, to, step are of the exponent */
} Scale;

/* the round number, 1, 2 or 5 times a power of 10, not below x */
static double round_step(double x)
{
  double power = pow(10, floor(log10(x)));
  double m = x / power;
  return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static Scale scale_of(double least, double most, int ticks, bool logarithmic)
{
  if (logarithmic) least = log10(least), most = log10(most);
  if (!(most > least)) { /* all alike */
    double half = fabs(least) > 0 ? fabs(least) * 0.1 : 1;
    least -= half;
    most += half;
  }
  Scale s = {.logarithmic = logarithmic, .step = round_step((most - least) / ticks)};
  if (logarithmic && s.step < 1) s.step = 1;
  s.from = floor(least / s.step + 1e-9) * s.step;
  s.to = ceil(most / s.step - 1e-9) * s.step;
  return s;
}

static double share_of(const Scale *s, double v)
{
  return ((s->logarithmic ? log10(v) : v) - s->from) / (s->to - s->from);
}
static double place_x(const Scale *s, double x) { return LEFT + share_of(s, x) * (WIDTH - LEFT - RIGHT); }
static double place_y(const Scale *s, double y) { return HEIGHT - BOTTOM - share_of(s, y) * (HEIGHT - TOP - BOTTOM); }

static void tick_text(Text *t, const Scale *s, double at)
{
  double v = s->logarithmic ? pow(10, at) : fabs(at) < s->step * 1e-6 ? 0 : at;
  text_printf(t, "%.6g", v);
}

static void grid(Text *t, const Scale *x, const Scale *y)
{
  for (int i = 0; y->from + i * y->step <= y->to + y->step * 1e-6; i++) {
    double at = y->from + i * y->step,
           p = HEIGHT - BOTTOM - (at - y->from) / (y->to - y->from) * (HEIGHT - TOP - BOTTOM);
    text_printf(t, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, p, WIDTH - RIGHT, p);
    text_printf(t, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6, p + 4);
    tick_text(t, y, at);
    text_puts(t, "</text>\n");
  }
  for (int i = 0; x->from + i * x->step <= x->to + x->step * 1e-6; i++) {
    double at = x->from + i * x->step, p = LEFT + (at - x->from) / (x->to - x->from) * (WIDTH - LEFT - RIGHT);
    text_printf(t, "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", p, HEIGHT - BOTTOM, p,
                HEIGHT - BOTTOM + 4);
    text_printf(t, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", p, HEIGHT - BOTTOM + 18);
    tick_text(t, x, at);
    text_puts(t, "</text>\n");
  }
  text_printf(t, "<path class=\"axis\" d=\"M%d %d V%d H%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
}

static void put_point(Text *t, const Scale *x, const Scale *y, const Point *p, bool first)
{
  text_printf(t, "%s%.1f %.1f", first ? "M" : "L", place_x(x, p->x), place_y(y, p->y));
}

static void line(Text *t, const Scale *x, const Scale *y, const Curve *c, const char *stroke)
{
  int n = c->at.n, group = (n + COLUMNS - 1) / COLUMNS;
  const Point *before = NULL;
  text_printf(t, "<path class=\"curve\" stroke=\"%s\" d=\"", stroke);
  for (int i = 0; i < n; i += group) {
    int low = i, high = i;
    for (int k = i; k < i + group && k < n; k++) {
      if (c->at.at[k].y < c->at.at[low].y) low = k;
      if (c->at.at[k].y > c->at.at[high].y) high = k;
    }
    int first = low < high ? low : high, last = low < high ? high : low;
    for (int k = first;; k = last) {
      const Point *p = &c->at.at[k];
      put_point(t, x, y, p, !before || p->training != before->training || p->gap != before->gap);
      before = p;
      if (k == last) break;
    }
  }
  text_puts(t, "\"/>\n");
  for (int i = 0; i < n && n <= 60; i++) /* few enough to be told apart */
    text_printf(t, "<circle r=\"2.5\" cx=\"%.1f\" cy=\"%.1f\" fill=\"%s\"/>", place_x(x, c->at.at[i].x),
                place_y(y, c->at.at[i].y), stroke);
}

/* A curve alone is not pale. */
static const char *color_of(int i, int n) { return color[(n == 1 ? 1 : i) % COLORS]; }

static void legend(Text *t, const Curve *const *curve, int n)
{
  int at = LEFT;
  for (int i = 0; i < n; i++) {
    if (!curve[i]->at.n) continue;
    text_printf(t, "<line x1=\"%d\" y1=\"32\" x2=\"%d\" y2=\"32\" stroke=\"%s\" stroke-width=\"3\"/>", at, at + 18,
                color_of(i, n));
    text_printf(t, "<text class=\"tick\" x=\"%d\" y=\"36\">", at + 23);
    html_text(t, curve[i]->name);
    if (curve[i]->missing) text_printf(t, " (%d not finite)", curve[i]->missing);
    text_puts(t, "</text>\n");
    at += 45 + 7 * (int)strlen(curve[i]->name) + (curve[i]->missing ? 100 : 0);
  }
}

void plot_curves(Text *t, const char *title, const char *x_label, const char *y_label, const Curve *const *curve, int n)
{
  double left = INFINITY, right = -INFINITY, least = INFINITY, most = -INFINITY;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < curve[i]->at.n; k++) {
      const Point *p = &curve[i]->at.at[k];
      left = fmin(left, p->x), right = fmax(right, p->x);
      least = fmin(least, p->y), most = fmax(most, p->y);
    }
  if (!(left <= right)) return;
  bool logarithmic = least > 0 && most / least > 100;
  Scale x = scale_of(left, right, 8, false), y = scale_of(least, most, 5, logarithmic);
  text_printf(t, "<svg viewBox=\"0 0 %d %d\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">\n<title>", WIDTH,
              HEIGHT);
  html_text(t, title);
  text_printf(t, "</title>\n<text class=\"title\" x=\"%d\" y=\"18\">", LEFT);
  html_text(t, title);
  text_puts(t, "</text>\n");
  legend(t, curve, n);
  grid(t, &x, &y);
  for (int i = 0; i < n; i++)
    if (curve[i]->at.n) line(t, &x, &y, curve[i], color_of(i, n));
  text_printf(t, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2,
              HEIGHT - 8);
  html_text(t, x_label);
  text_printf(
      t, "</text>\n<text class=\"label\" x=\"14\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 14 %d)\">",
      (TOP + HEIGHT - BOTTOM) / 2, (TOP + HEIGHT - BOTTOM) / 2);
  html_text(t, y_label);
  if (logarithmic) text_puts(t, ", logarithmic");
  text_puts(t, "</text>\n</svg>\n");
}

/* plot.c: lines in the terminal, of braille dots, two by four a character; the same as SVG.
   Needs: a Value over an axis, or a vector. Leaves alone: everything else. */
#include "value.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 15, LABEL = 10 };

typedef struct Curves {
  const Value *v;
  int64_t n, lines; /* points of a line; lines */
  bool over;        /* the abscissa is the component behind the lines' */
  double left, right;
  double low, high; /* of all finite values */
  const char *axis;
} Curves;

/* The i-th point of a line. */
static double point(const Curves *c, int64_t line, int64_t i)
{
  return c->v->at[i * (c->v->time || c->v->second ? value_elements(c->v) : 1) + line];
}

/* 0 at the left, 1 at the right; NaN: it has no place */
static double abscissa(const Curves *c, int64_t i)
{
  if (!c->over) return c->n > 1 ? (double)i / (double)(c->n - 1) : 0.5;
  double x = point(c, c->lines, i);
  return isfinite(x) ? (x - c->left) / (c->right - c->left) : NAN;
}

static void widen(double *low, double *high)
{
  if (*low != *high) return;
  double room = *low == 0 ? 1 : fabs(*low) / 2;
  *low -= room;
  *high += room;
}

static bool take_abscissa(Curves *c, const char **why)
{
  int64_t width = value_elements(c->v);
  if (!c->v->time || c->v->rank != 1 || width > PLOT_LINES + 1)
    return *why = "points over another value are of numbers at each t: plot y[1..100] over x[1..100]", false;
  c->lines = width - 1;
  c->over = true;
  c->axis = "";
  c->left = INFINITY;
  c->right = -INFINITY;
  for (int64_t i = 0; i < c->n; i++) {
    double x = point(c, c->lines, i);
    if (isfinite(x)) c->left = fmin(c->left, x), c->right = fmax(c->right, x);
  }
  if (c->left > c->right) return *why = "there is nothing to plot: no value is finite", false;
  widen(&c->left, &c->right);
  return true;
}

static bool curves(const Value *v, bool over, Curves *c, const char **why)
{
  *c = (Curves){.v = v, .low = INFINITY, .high = -INFINITY, .left = 1, .lines = 1};
  if (v->time && v->second) return *why = "a value over two axes cannot be plotted: fix one of them", false;
  if (v->time || v->second) {
    c->n = v->time ? v->to - v->from + 1 : v->S;
    c->left = v->time ? (double)v->from : 1;
    c->axis = v->time ? v->axis[0] : v->axis[1];
    c->lines = value_elements(v) < PLOT_LINES ? value_elements(v) : PLOT_LINES;
  } else if (v->rank == 1) {
    c->n = v->extent[0];
    c->axis = "component";
  } else return *why = "a plot is of values over time, or of a vector: plot h[1..100]", false;
  c->right = c->left + (double)(c->n - 1);
  if (over && !take_abscissa(c, why)) return false;
  for (int64_t l = 0; l < c->lines; l++)
    for (int64_t i = 0; i < c->n; i++) {
      double y = point(c, l, i);
      if (isfinite(y)) c->low = fmin(c->low, y), c->high = fmax(c->high, y);
    }
  if (c->low > c->high) return *why = "there is nothing to plot: no value is finite", false;
  widen(&c->low, &c->high);
  return true;
}

/* ---- the terminal ---- */

typedef struct Canvas {
  int columns;
  unsigned char *dots, *line; /* [ROWS][columns]; which line set a character first, from 1 */
} Canvas;

static void dot(Canvas *c, int x, int y, int line)
{
  static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  if (x < 0 || y < 0 || x >= 2 * c->columns || y >= 4 * ROWS) return;
  int at = y / 4 * c->columns + x / 2;
  c->dots[at] |= bit[y % 4][x % 2];
  if (!c->line[at]) c->line[at] = (unsigned char)(line + 1);
}

static void draw(Canvas *canvas, const Curves *c, int64_t line)
{
  int wide = 2 * canvas->columns, high = 4 * ROWS, px = 0, py = 0;
  bool joined = false, dense = c->over || c->n > 2 * wide; /* then lines between points would fill the plot */
  for (int64_t i = 0; i < c->n; i++) {
    double y = point(c, line, i), at = abscissa(c, i);
    if (!isfinite(y) || isnan(at)) {
      joined = false;
      continue;
    }
    int x = (int)lround(at * (wide - 1));
    int row = (int)lround((c->high - y) / (c->high - c->low) * (high - 1));
    int steps = joined && !dense ? abs(x - px) > abs(row - py) ? abs(x - px) : abs(row - py) : 0;
    for (int k = 1; k < steps; k++) dot(canvas, px + (x - px) * k / steps, py + (row - py) * k / steps, (int)line);
    dot(canvas, x, row, (int)line);
    px = x, py = row, joined = true;
  }
}

static void put_braille(FILE *out, unsigned char dots)
{
  fprintf(out, "%c%c%c", 0xe2, 0xa0 | dots >> 6, 0x80 | (dots & 0x3f));
}

static void print_label(FILE *out, const Curves *c, int row)
{
  char text[32] = "";
  double step = (c->high - c->low) / (ROWS - 1);
  if (row == 0 || row == ROWS - 1 || row == ROWS / 2) snprintf(text, sizeof text, "%.4g", c->high - step * row);
  fprintf(out, "%*s %s", LABEL, text, *text ? "\u2524" : "\u2502");
}

bool plot_terminal(FILE *out, const Value *v, bool over, const char *title, const Look *look, const char **why)
{
  static const int colour[PLOT_LINES] = {34, 31, 32, 35, 36, 33, 94, 91};
  Curves c;
  if (!curves(v, over, &c, why)) return false;
  Canvas canvas = {.columns = look->width - LABEL - 4};
  if (canvas.columns < 10) canvas.columns = 10;
  canvas.dots = calloc((size_t)canvas.columns * ROWS, 2);
  if (!canvas.dots) abort();
  canvas.line = canvas.dots + canvas.columns * ROWS;
  for (int64_t l = 0; l < c.lines; l++) draw(&canvas, &c, l);
  fprintf(out, "%*s  %s\n", LABEL, "", title);
  for (int row = 0; row < ROWS; row++) {
    print_label(out, &c, row);
    int last = canvas.columns - 1;
    while (last >= 0 && !canvas.dots[row * canvas.columns + last]) last--;
    for (int k = 0; k <= last; k++) {
      int at = row * canvas.columns + k;
      if (look->colour && canvas.line[at]) fprintf(out, "\033[%dm", colour[canvas.line[at] - 1]);
      if (canvas.dots[at]) put_braille(out, canvas.dots[at]);
      else fputc(' ', out);
      if (look->colour && canvas.line[at]) fputs("\033[0m", out);
    }
    fputc('\n', out);
  }
  char left[32], right[32];
  int n = snprintf(left, sizeof left, "%.5g", c.left);
  int m = snprintf(right, sizeof right, "%.5g", c.right);
  fprintf(out, "%*s \u2514", LABEL, "");
  for (int k = 0; k < canvas.columns; k++) fputs("\u2500", out);
  fprintf(out, "\n%*s  %s%*s%*s\n", LABEL, "", left, (canvas.columns - n + (int)strlen(c.axis)) / 2, c.axis,
          canvas.columns - n - (canvas.columns - n + (int)strlen(c.axis)) / 2 > m
              ? canvas.columns - n - (canvas.columns - n + (int)strlen(c.axis)) / 2
              : m + 1,
          right);
  if (value_elements(v) > PLOT_LINES && v->rank && !over)
    fprintf(out, "%*s  the first %d of %lld components\n", LABEL, "", PLOT_LINES, (long long)value_elements(v));
  free(canvas.dots);
  return true;
}

/* ---- SVG ---- */

enum { WIDE = 720, HIGH = 400, MARGIN = 60, TOP = 40 };

static double svg_x(const Curves *c, int64_t i) { return MARGIN + abscissa(c, i) * (WIDE - MARGIN - 20); }

static double svg_y(const Curves *c, double y) { return TOP + (c->high - y) / (c->high - c->low) * (HIGH - TOP - 40); }

static void svg_text(FILE *out, const char *text)
{
  for (; *text; text++) {
    if (*text == '<') fputs("&lt;", out);
    else if (*text == '>') fputs("&gt;", out);
    else if (*text == '&') fputs("&amp;", out);
    else if (*text == '"') fputs("&quot;", out);
    else fputc(*text, out);
  }
}

static void svg_axes(FILE *out, const Curves *c)
{
  for (int k = 0; k <= 4; k++) {
    double y = c->low + (c->high - c->low) * k / 4, at = svg_y(c, y);
    double x = c->left + (c->right - c->left) * k / 4;
    fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", MARGIN, at, WIDE - 20, at);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n", MARGIN - 6, at + 4, y);
    fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.5g</text>\n",
            MARGIN + (WIDE - MARGIN - 20) * k / 4.0, HIGH - 22, x);
  }
  fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (WIDE + MARGIN) / 2, HIGH - 5);
  svg_text(out, c->axis);
  fputs("</text>\n", out);
}

bool plot_svg(FILE *out, const Value *v, bool over, const char *title, const char **why)
{
  static const char *const colour[PLOT_LINES] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd",
                                                 "#17becf", "#ff7f0e", "#8c564b", "#7f7f7f"};
  Curves c;
  if (!curves(v, over, &c, why)) return false;
  fprintf(out,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
          WIDE, HIGH, WIDE, HIGH);
  fprintf(out, "<text x=\"%d\" y=\"22\" font-size=\"14\">", MARGIN);
  svg_text(out, title);
  fputs("</text>\n", out);
  svg_axes(out, &c);
  for (int64_t l = 0; l < c.lines; l++) {
    bool open = false;
    for (int64_t i = 0; i < c.n; i++) {
      double y = point(&c, l, i);
      if (over) {
        if (isfinite(y) && !isnan(abscissa(&c, i)))
          fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"1.5\" fill=\"%s\"/>\n", svg_x(&c, i), svg_y(&c, y),
                  colour[l]);
        continue;
      }
      if (!isfinite(y)) {
        if (open) fputs("\"/>\n", out);
        open = false;
        continue;
      }
      if (!open) fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", colour[l]);
      fprintf(out, "%s%.2f,%.2f", open ? " " : "", svg_x(&c, i), svg_y(&c, y));
      open = true;
    }
    if (open) fputs("\"/>\n", out);
  }
  fputs("</svg>\n", out);
  return true;
}

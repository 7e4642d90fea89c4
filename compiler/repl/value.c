/* value.c: values as text: their shape, the middle of long ones left out, and then least, largest and what is no
   number. Needs: a Value. Leaves alone: where it came from. */
#include "value.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t value_elements(const Value *v)
{
  int64_t n = 1;
  for (int i = 0; i < v->rank; i++) n *= v->extent[i];
  return n;
}

static int64_t places(const Value *v) { return (v->to - v->from + 1) * v->S; }

void value_type(const Value *v, char *text, size_t size)
{
  if (v->classes) snprintf(text, size, "token[%lld]", (long long)v->classes);
  else if (v->rank == 0) snprintf(text, size, "real");
  else if (v->rank == 1) snprintf(text, size, "real[%lld]", (long long)v->extent[0]);
  else snprintf(text, size, "real[%lld,%lld]", (long long)v->extent[0], (long long)v->extent[1]);
}

static void number_text(double x, int digits, char *text, size_t size)
{
  if (isnan(x)) snprintf(text, size, "nan");
  else snprintf(text, size, "%.*g", digits, x == 0 ? 0.0 : x);
}

/* A table of numbers: `n` rows of `m` numbers, a label before each row. */
typedef struct Table {
  const double *at;
  int64_t n, m;
  int64_t first;  /* label of the first row; labels where `second` is 0 count on, else in pairs */
  int64_t second; /* places of the second axis */
  int64_t block;  /* rows of one place: a matrix at each t; else 1 */
  bool labels;
} Table;

static int label_text(const Table *t, int64_t row, char *text, size_t size)
{
  if (!t->labels || row % t->block) return snprintf(text, size, "%s", "");
  int64_t place = row / t->block;
  if (t->second > 1)
    return snprintf(text, size, "%lld,%lld:", (long long)(t->first + place / t->second),
                    (long long)(1 + place % t->second));
  return snprintf(text, size, "%lld:", (long long)(t->first + place));
}

static bool shown(int64_t i, int64_t n, int64_t most)
{
  return n <= most || i < most / 2 || i >= n - (most - most / 2);
}

/* Widths are those of what is shown; true: something was left out. */
static bool print_table(FILE *out, const Table *t, const Look *look)
{
  int label = 0, cell = 1;
  char text[64];
  int64_t most = look->rows, columns = t->m;
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t i = 0; i < t->n; i++) {
      if (!shown(i, t->n, most)) continue;
      int n = label_text(t, i, text, sizeof text);
      label = n > label ? n : label;
      for (int64_t k = 0; k < t->m; k++) {
        if (!shown(k, t->m, columns)) continue;
        number_text(t->at[i * t->m + k], look->digits, text, sizeof text);
        cell = (int)strlen(text) > cell ? (int)strlen(text) : cell;
      }
    }
    int64_t fit = (look->width - label - 3) / (cell + 2);
    if (fit < 2) fit = 2;
    if (pass || t->m <= fit) break;
    columns = fit - 1 > 1 ? fit - 1 : 1;
  }
  bool cut = columns < t->m || t->n > most;
  for (int64_t i = 0; i < t->n; i++) {
    if (!shown(i, t->n, most)) {
      if (shown(i - 1, t->n, most)) fprintf(out, "  %*s\n", label, "..");
      continue;
    }
    label_text(t, i, text, sizeof text);
    fprintf(out, "  %*s", label, text);
    for (int64_t k = 0; k < t->m; k++) {
      if (!shown(k, t->m, columns)) {
        if (shown(k - 1, t->m, columns)) fputs("  ..", out);
        continue;
      }
      number_text(t->at[i * t->m + k], look->digits, text, sizeof text);
      fprintf(out, "%s%*s", k || label ? "  " : "", cell, text);
    }
    fputc('\n', out);
  }
  return cut;
}

/* Numbers in rows, as many as fit: of a vector, of a series of numbers. Labels are the place of a row's first. */
static bool print_list(FILE *out, const double *at, int64_t n, int64_t first, bool labels, const Look *look)
{
  char text[64];
  int cell = 1, label = 0;
  bool all = true;
  for (int pass = 0;; pass++) {
    int64_t most = INT64_MAX;
    int64_t fit = (look->width - label - 2) / (cell + 2);
    if (fit < 1) fit = 1;
    int64_t rows = (n + fit - 1) / fit;
    if (rows > look->rows) most = look->rows * fit, all = false;
    if (pass == 2) {
      for (int64_t i = 0; i < n; i += fit) {
        int64_t row = i / fit;
        if (most < INT64_MAX && !shown(row, rows, look->rows)) {
          if (shown(row - 1, rows, look->rows)) fprintf(out, "  %*s\n", label, "..");
          continue;
        }
        fprintf(out, "  ");
        if (labels) fprintf(out, "%*lld:", label - 1, (long long)(first + i));
        for (int64_t k = i; k < n && k < i + fit; k++) {
          number_text(at[k], look->digits, text, sizeof text);
          fprintf(out, "%s%*s", k > i || labels ? "  " : "", cell, text);
        }
        fputc('\n', out);
      }
      return !all;
    }
    all = true;
    if (labels) label = snprintf(text, sizeof text, "%lld:", (long long)(first + n - 1));
    for (int64_t i = 0; i < n; i++) {
      if (n > 100000 && !shown(i, n, 50000)) continue;
      number_text(at[i], look->digits, text, sizeof text);
      cell = (int)strlen(text) > cell ? (int)strlen(text) : cell;
    }
  }
}

static void print_figures(FILE *out, const Value *v, const Look *look, bool cut)
{
  int64_t n = places(v) * value_elements(v), nans = 0, infinite = 0;
  double least = INFINITY, most = -INFINITY;
  char low[64], high[64];
  for (int64_t i = 0; i < n; i++) {
    if (isnan(v->at[i])) nans++;
    else if (isinf(v->at[i])) infinite++;
    else least = fmin(least, v->at[i]), most = fmax(most, v->at[i]);
  }
  if (!cut && !nans && !infinite) return;
  if (n == 1) return;
  number_text(least, look->digits, low, sizeof low);
  number_text(most, look->digits, high, sizeof high);
  fprintf(out, "  %lld values", (long long)n);
  if (nans + infinite < n) fprintf(out, ", least %s, largest %s", low, high);
  if (nans) fprintf(out, ", %lld nan", (long long)nans);
  if (infinite) fprintf(out, ", %lld infinite", (long long)infinite);
  fputc('\n', out);
}

void value_print(FILE *out, const Value *v, const Look *look)
{
  char type[64], text[64];
  int64_t width = value_elements(v), n = places(v);
  value_type(v, type, sizeof type);
  fputs(type, out);
  if (v->time && v->from == v->to) fprintf(out, " at %s = %lld", v->axis[0], (long long)v->from);
  else if (v->time) fprintf(out, " at %s = %lld..%lld", v->axis[0], (long long)v->from, (long long)v->to);
  if (v->second) fprintf(out, "%s %s = 1..%lld", v->time ? "," : " at", v->axis[1], (long long)v->S);
  if (n * width == 1) {
    number_text(v->at[0], look->digits, text, sizeof text);
    fprintf(out, " = %s\n", text);
    return;
  }
  fputs(" =\n", out);
  bool cut;
  if (v->rank == 2) {
    Table t = {v->at, n * v->extent[0], v->extent[1], v->from, v->S, v->extent[0], v->time || v->second};
    cut = print_table(out, &t, look);
  } else if (n == 1) cut = print_list(out, v->at, width, 1, false, look);
  else if (width == 1 && !v->second) cut = print_list(out, v->at, n, v->from, true, look);
  else {
    Table t = {v->at, n, width, v->from, v->S, 1, true};
    if (width == 1) t = (Table){v->at, n / v->S, v->S, v->from, 1, 1, v->time};
    cut = print_table(out, &t, look);
  }
  print_figures(out, v, look, cut);
}

static void json_list(FILE *out, const double **at, const int64_t *extent, int rank)
{
  if (rank == 0) {
    double x = *(*at)++;
    if (isfinite(x)) fprintf(out, "%.17g", x);
    else fputs("null", out);
    return;
  }
  fputc('[', out);
  for (int64_t i = 0; i < *extent; i++) {
    if (i) fputs(", ", out);
    json_list(out, at, extent + 1, rank - 1);
  }
  fputc(']', out);
}

void value_json(FILE *out, const Value *v)
{
  char type[64];
  int64_t extent[4];
  int rank = 0;
  const double *at = v->at;
  value_type(v, type, sizeof type);
  fprintf(out, "\"type\": \"%s\"", type);
  if (v->time) {
    fprintf(out, ", \"from\": %lld, \"to\": %lld", (long long)v->from, (long long)v->to);
    extent[rank++] = v->to - v->from + 1;
  }
  if (v->second) extent[rank++] = v->S;
  for (int i = 0; i < v->rank; i++) extent[rank++] = v->extent[i];
  fputs(", \"value\": ", out);
  json_list(out, &at, extent, rank);
}

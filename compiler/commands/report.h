/* report.h: what the parts of rnnc report share: a training's log read (report_read.c), curves as SVG (report_plot.c),
   the page (report_page.c). */
#ifndef RNNC_REPORT_H
#define RNNC_REPORT_H
#include "driver.h"
#include "tensors.h"
#include <jansson.h>

typedef struct Point {
  double x, y;
  int training, gap; /* no line between points where either differs */
} Point;
typedef struct Curve {
  const char *name;
  Vec(Point) at;
  int missing; /* values that were not finite */
} Curve;
typedef Vec(Curve *) Curves;

/* A log of train (docs/commands.md, Log), and the record beside it. x is the update. */
typedef struct Run {
  Arena *arena;
  const char *path, *record_path; /* NULL: no record */
  json_t *start, *end, *record;   /* the first start, the last end; NULL: none */
  int trainings;                  /* trainings so far: one, and one for each --resume */
  int64_t updates, epochs, clipped;
  double seconds, best; /* best: of the validation losses; NAN */
  int64_t best_update;
  bool cut; /* the last line is not whole */
  Curve loss, smooth, validation, free, norm, clipped_norm, share, rate, time;
  Curves metrics, terms;
  double clip; /* setting clip = norm(..): its bound; NAN: another way, none */
} Run;

/* A log, its folder, or a checkpoint of it. False after a message. The texts live in the arena, the JSON until
   run_free. */
bool run_read(Run *run, Arena *arena, const char *path);
void run_free(Run *run);

/* One chart: title, axes with ticks, the curves that have points. */
void plot_curves(Text *t, const char *title, const char *x_label, const char *y_label, const Curve *const *curve,
                 int n);

/* What goes into the page beside the log; NULL: nothing. */
typedef struct Extras {
  const char *samples; /* text */
  size_t samples_size;
  const char *samples_name, *weights_name, *predictions_name;
  const RnnTensorFile *weights, *predictions;
} Extras;
void page_write(Text *t, const Run *run, const Extras *extras);

/* Text as HTML: escaped; what is no UTF-8 or a control character becomes U+FFFD. */
void html_text(Text *t, const char *s);
void html_bytes(Text *t, const char *s, size_t n);

#endif

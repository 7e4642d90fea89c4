/* live_rows.c: matrix products over the rows of the live sequences, so that their cost follows the sum of the lengths.

   Over an axis of `places`, row r of place t stands at (t * B * each + r) * stride, and the first live[t] * each are
   alive. While all B sequences are, the rows of all places are one block of memory: one product. Behind that, rows are
   gathered from neighbouring places into scratch until BLOCK of them make a product worth its call: of 16 rows OpenBLAS
   reaches 60 to 80 % of its speed, of BLOCK gathered ones 90 to 95 %, and of more at a time no more.

   What is computed together depends on the lengths and sizes alone, so that the number of threads does not show. */
#include <stdlib.h>
#include <string.h>
#include "blas.h"
#include "calls.h"

enum { BLOCK = 128, PIECES = 32 };

typedef struct Rows {
  const int64_t *live;
  int64_t places, full; /* of which so many have all sequences */
  int64_t B, each;
  int64_t dense, ragged; /* live rows of the full places, of the others */
} Rows;

static Rows rows_of(const RnnFrame *f, int64_t axis, int64_t each)
{
  const int64_t *len = axis ? f->len2 : f->len;
  Rows r = {
      .live = axis ? f->live2 : f->live, .places = axis ? f->S : f->T, .full = len[f->B - 1], .B = f->B, .each = each};
  r.dense = r.full * r.B * each;
  for (int64_t b = 0; b < r.B; b++) r.ragged += (len[b] - r.full) * each;
  return r;
}

static int64_t rows_at(const Rows *r, int64_t place) { return r->live[place] * r->each; }

/* Places from `from` on whose rows are `most` at most, or one place. Sets their number of rows. */
static int64_t block_end(const Rows *r, int64_t from, int64_t behind, int64_t most, int64_t *rows)
{
  int64_t to = from + 1;
  *rows = rows_at(r, from);
  while (to < behind && *rows + rows_at(r, to) <= most) *rows += rows_at(r, to++);
  return to;
}

typedef struct LiveProduct {
  Rows rows;
  bool real64, accumulate;
  int64_t m, n, k; /* of a gradient m and n; of rows n and k */
  RnnMatrix a, b, c;
  RnnCut cut;                /* of the full places; of a gradient */
  int64_t begin[PIECES + 1]; /* the first place of each piece */
} LiveProduct;

static RnnMatrix at_place(const LiveProduct *p, RnnMatrix a, int64_t place, int64_t column)
{
  return rnn_matrix_from((RnnMatrix){a.at, a.stride, false}, p->real64, place * p->rows.B * p->rows.each, column);
}

typedef enum Direction { GATHER, SCATTER } Direction;

/* The first `columns` of the live rows of places [from, to), one below the other in `block` */
static void move_rows(const LiveProduct *p, Direction way, int64_t from, int64_t to, RnnMatrix a, int64_t columns,
                      char *block)
{
  size_t element = p->real64 ? sizeof(double) : sizeof(float), stride = (size_t)a.stride * element,
         bytes = (size_t)columns * element;
  for (int64_t t = from; t < to; t++) {
    char *row = at_place(p, a, t, 0).at;
    for (int64_t i = rows_at(&p->rows, t); i > 0; i--, row += stride, block += bytes)
      if (way == GATHER) memcpy(block, row, bytes);
      else memcpy(row, block, bytes);
  }
}

static char *scratch(const LiveProduct *p, int64_t columns)
{
  return malloc((size_t)columns * BLOCK * (p->real64 ? sizeof(double) : sizeof(float)));
}

/* -- y[rows, n] = x[rows, k] op(w) ----------------------------------------------------------------------------------
 */

/* Without scratch each place is a product by itself. */
static void product_places(const LiveProduct *p, int64_t from, int64_t behind)
{
  char *block = scratch(p, p->k + p->n);
  RnnMatrix x = {block, p->k, false}, y = rnn_matrix_from(x, p->real64, BLOCK, 0);
  y.stride = p->n;
  for (int64_t to, rows; from < behind; from = to) {
    to = block_end(&p->rows, from, behind, block ? BLOCK : 0, &rows);
    if (to == from + 1) {
      rnn_blas_multiply(p->real64, rows, p->n, p->k, at_place(p, p->a, from, 0), p->b, at_place(p, p->c, from, 0),
                        false);
      continue;
    }
    move_rows(p, GATHER, from, to, p->a, p->k, x.at);
    rnn_blas_multiply(p->real64, rows, p->n, p->k, x, p->b, y, false);
    move_rows(p, SCATTER, from, to, p->c, p->n, y.at);
  }
  free(block);
}

/* First the parts of the full places, then the pieces of the others. */
static void product_parts(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const LiveProduct *p = arg;
  for (int64_t i = from; i < to; i++) {
    if (i >= p->cut.parts) {
      product_places(p, p->begin[i - p->cut.parts], p->begin[i - p->cut.parts + 1]);
      continue;
    }
    RnnPart t = rnn_blas_part(&p->cut, i);
    rnn_blas_multiply(p->real64, t.rows, t.columns, p->k, rnn_matrix_from(p->a, p->real64, t.row, 0),
                      rnn_matrix_from(p->b, p->real64, 0, t.column), rnn_matrix_from(p->c, p->real64, t.row, t.column),
                      false);
  }
}

/* Cuts the places behind the full ones into pieces of like work; returns how many. */
static int64_t cut_places(LiveProduct *p)
{
  const Rows *r = &p->rows;
  int64_t pieces = 0, share = 2 * r->ragged / PIECES > BLOCK ? 2 * r->ragged / PIECES : BLOCK, rows;
  for (int64_t from = r->full; from < r->places; from = p->begin[pieces]) {
    p->begin[pieces++] = from;
    p->begin[pieces] = pieces == PIECES ? r->places : block_end(r, from, r->places, share, &rows);
  }
  return pieces;
}

static void product(void *frame, bool real64, int64_t axis, int64_t each, int64_t n, int64_t k, RnnMatrix x,
                    RnnMatrix w, RnnMatrix y)
{
  LiveProduct p = {.rows = rows_of(frame, axis, each), .real64 = real64, .n = n, .k = k, .a = x, .b = w, .c = y};
  p.cut = rnn_blas_cut(p.rows.dense, n, k);
  rnn_parallel(frame, (void *)product_parts, &p, p.cut.parts + cut_places(&p), 1);
}

/* -- c[m, n] += a' b, added up over the rows ------------------------------------------------------------------------
 */

static void gradient_places(const LiveProduct *p, const RnnPart *t)
{
  RnnMatrix to = rnn_matrix_from(p->c, p->real64, t->row, t->column);
  char *block = scratch(p, t->rows + t->columns);
  RnnMatrix a = {block, t->rows, true}, b = rnn_matrix_from(a, p->real64, 0, BLOCK);
  b.stride = t->columns;
  b.turned = false;
  for (int64_t from = p->rows.full, behind, rows; from < p->rows.places; from = behind) {
    behind = block_end(&p->rows, from, p->rows.places, block ? BLOCK : 0, &rows);
    RnnMatrix a_from = at_place(p, p->a, from, t->row), b_from = at_place(p, p->b, from, t->column);
    if (behind == from + 1) {
      a_from.turned = true;
      rnn_blas_multiply(p->real64, t->rows, t->columns, rows, a_from, b_from, to, true);
      continue;
    }
    move_rows(p, GATHER, from, behind, at_place(p, p->a, 0, t->row), t->rows, a.at);
    move_rows(p, GATHER, from, behind, at_place(p, p->b, 0, t->column), t->columns, b.at);
    rnn_blas_multiply(p->real64, t->rows, t->columns, rows, a, b, to, true);
  }
  free(block);
}

static void gradient_parts(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const LiveProduct *p = arg;
  for (int64_t i = from; i < to; i++) {
    RnnPart t = rnn_blas_part(&p->cut, i);
    rnn_blas_multiply(p->real64, t.rows, t.columns, p->rows.dense, rnn_matrix_from(p->a, p->real64, t.row, 0),
                      rnn_matrix_from(p->b, p->real64, 0, t.column), rnn_matrix_from(p->c, p->real64, t.row, t.column),
                      p->accumulate);
    if (p->rows.ragged > 0) gradient_places(p, &t);
  }
}

static void gradient(void *frame, bool real64, int64_t axis, int64_t each, int64_t m, int64_t n, RnnMatrix a,
                     RnnMatrix b, RnnMatrix c, bool accumulate)
{
  LiveProduct p = {.rows = rows_of(frame, axis, each),
                   .real64 = real64,
                   .accumulate = accumulate,
                   .m = m,
                   .n = n,
                   .a = a,
                   .b = b,
                   .c = c};
  p.cut = rnn_blas_cut(m, n, p.rows.dense + p.rows.ragged);
  rnn_parallel(frame, (void *)gradient_parts, &p, p.cut.parts, 1);
}

/* -- calls of generated code ----------------------------------------------------------------------------------------
 */

#define LIVE(suffix, real64)                                                                                           \
  void rnn_live_product_##suffix(void *frame, int64_t axis, int64_t each, int64_t tw, int64_t n, int64_t k, void *x,   \
                                 int64_t ldx, void *w, int64_t ldw, void *y, int64_t ldy)                              \
  {                                                                                                                    \
    product(frame, real64, axis, each, n, k, (RnnMatrix){x, ldx, false}, (RnnMatrix){w, ldw, tw},                      \
            (RnnMatrix){y, ldy, false});                                                                               \
  }                                                                                                                    \
  void rnn_live_gradient_##suffix(void *frame, int64_t axis, int64_t each, int64_t m, int64_t n, void *a, int64_t lda, \
                                  void *b, int64_t ldb, void *c, int64_t ldc, int64_t accumulate)                      \
  {                                                                                                                    \
    gradient(frame, real64, axis, each, m, n, (RnnMatrix){a, lda, true}, (RnnMatrix){b, ldb, false},                   \
             (RnnMatrix){c, ldc, false}, accumulate);                                                                  \
  }

LIVE(f32, false)
LIVE(f64, true)

/* blas.c: matrix products by OpenBLAS on one thread, large ones cut into parts that our pool runs.

   The only file that includes cblas.h. The cut depends on m, n and k alone and never divides k, so that a product has
   the same bits at any number of threads. Rows are cut first: that costs one thread 2 to 4 % of the product's speed
   (measured on 3200x1024x256 and 1024x256x3200 transposed), cutting columns 5 to 15 %, except where there are few rows.
 */
#include <cblas.h>
#include <string.h>
#include "blas.h"
#include "calls.h"

void rnn_blas_one_thread(void) { openblas_set_num_threads(1); }
const char *rnn_blas_description(void) { return openblas_get_config(); }

typedef struct Product {
  int64_t ta, tb, m, n, k, lda, ldb, ldc, accumulate;
  const void *a, *b;
  void *c;
  int64_t rows, columns; /* of one part */
  int64_t across;        /* parts side by side */
} Product;

/* [from row, to row) by [from column, to column) of c */
typedef struct Part {
  int64_t row, column, rows, columns;
} Part;

static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

/* The size of each of `parts` parts, rounded up to the kernels' tile */
static int64_t part_size(int64_t extent, int64_t parts, int64_t tile)
{
  int64_t size = (extent + parts - 1) / parts;
  return at_most((size + tile - 1) / tile * tile, extent);
}

/* Sets rows, columns, across; returns the number of parts. Four parts once there is work enough for threads to gain,
   more where each part stays large. */
static int64_t cut(Product *p)
{
  double flops = 2.0 * (double)p->m * (double)p->n * (double)p->k;
  int64_t most =
      at_least((int64_t)(flops / 4e6 < 4 ? flops / 4e6 : 4), (int64_t)(flops / 64e6 < 16 ? flops / 64e6 : 16));
  most = at_least(most, 1);
  int64_t down = at_least(at_most(p->m / 256, most), 1);
  int64_t across = at_least(at_most(p->n / 128, at_most(most, 4) / down), 1);
  p->rows = part_size(p->m, down, 8);
  p->columns = part_size(p->n, across, 32);
  p->across = (p->n + p->columns - 1) / p->columns;
  return (p->m + p->rows - 1) / p->rows * p->across;
}

static Part part_at(const Product *p, int64_t i)
{
  int64_t row = i / p->across * p->rows, column = i % p->across * p->columns;
  return (Part){row, column, at_most(p->rows, p->m - row), at_most(p->columns, p->n - column)};
}

/* The body of rnn_parallel and the entry, for one element type. */
#define GEMM(suffix, type, gemm)                                                                                       \
  static void parts_##suffix(const RnnFrame *frame, void *arg, int64_t from, int64_t to)                               \
  {                                                                                                                    \
    (void)frame;                                                                                                       \
    const Product *p = arg;                                                                                            \
    const type *a = p->a, *b = p->b;                                                                                   \
    type *c = p->c;                                                                                                    \
    for (int64_t i = from; i < to; i++) {                                                                              \
      Part t = part_at(p, i);                                                                                          \
      gemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, (blasint)t.rows,       \
           (blasint)t.columns, (blasint)p->k, 1, p->ta ? a + t.row : a + t.row * p->lda, (blasint)p->lda,              \
           p->tb ? b + t.column * p->ldb : b + t.column, (blasint)p->ldb, p->accumulate ? 1 : 0,                       \
           c + t.row * p->ldc + t.column, (blasint)p->ldc);                                                            \
    }                                                                                                                  \
  }                                                                                                                    \
  void rnn_gemm_##suffix(void *frame, int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k, void *a, int64_t lda,   \
                         void *b, int64_t ldb, void *c, int64_t ldc, int64_t accumulate)                               \
  {                                                                                                                    \
    if (m <= 0 || n <= 0) return;                                                                                      \
    if (k <= 0) { /* an empty sum; BLAS would refuse the leading dimensions */                                         \
      for (int64_t i = 0; i < m && !accumulate; i++) memset((type *)c + i * ldc, 0, (size_t)n * sizeof(type));         \
      return;                                                                                                          \
    }                                                                                                                  \
    Product p = {ta, tb, m, n, k, lda, ldb, ldc, accumulate, a, b, c, m, n, 1};                                        \
    int64_t parts = cut(&p);                                                                                           \
    if (parts == 1) parts_##suffix(frame, &p, 0, 1);                                                                   \
    else rnn_parallel(frame, (void *)parts_##suffix, &p, parts, 1);                                                    \
  }

GEMM(f32, float, cblas_sgemm)
GEMM(f64, double, cblas_dgemm)

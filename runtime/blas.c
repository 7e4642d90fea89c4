/* blas.c: matrix products by OpenBLAS on one thread, large ones cut into parts that our pool runs.

   The only file that includes cblas.h. Rows are cut first: that costs one thread 2 to 4 % of the product's speed
   (measured on 3200x1024x256 and 1024x256x3200 transposed), cutting columns 5 to 15 %, except where there are few rows.
 */
#include <cblas.h>
#include <string.h>
#include "blas.h"
#include "calls.h"

void rnn_blas_one_thread(void) { openblas_set_num_threads(1); }
const char *rnn_blas_description(void) { return openblas_get_config(); }

/* -- on the calling thread ------------------------------------------------------------------------------------------
 */

void rnn_blas_multiply(bool real64, int64_t m, int64_t n, int64_t k, RnnMatrix a, RnnMatrix b, RnnMatrix c,
                       bool accumulate)
{
  CBLAS_TRANSPOSE ta = a.turned ? CblasTrans : CblasNoTrans, tb = b.turned ? CblasTrans : CblasNoTrans;
  blasint rows = (blasint)m, columns = (blasint)n, inner = (blasint)k, lda = (blasint)a.stride, ldb = (blasint)b.stride,
          ldc = (blasint)c.stride;
  if (real64)
    cblas_dgemm(CblasRowMajor, ta, tb, rows, columns, inner, 1, (double *)a.at, lda, (double *)b.at, ldb, accumulate,
                (double *)c.at, ldc);
  else
    cblas_sgemm(CblasRowMajor, ta, tb, rows, columns, inner, 1, (float *)a.at, lda, (float *)b.at, ldb, accumulate,
                (float *)c.at, ldc);
}

/* -- parts ----------------------------------------------------------------------------------------------------------
 */

static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

/* The size of each of `parts` parts, rounded up to the kernels' tile */
static int64_t part_size(int64_t extent, int64_t parts, int64_t tile)
{
  int64_t size = (extent + parts - 1) / parts;
  return at_most((size + tile - 1) / tile * tile, extent);
}

/* Four parts once there is work enough for threads to gain, more where each part stays large. */
RnnCut rnn_blas_cut(int64_t m, int64_t n, int64_t k)
{
  double flops = 2.0 * (double)m * (double)n * (double)k;
  int64_t most =
      at_least((int64_t)(flops / 4e6 < 4 ? flops / 4e6 : 4), (int64_t)(flops / 64e6 < 16 ? flops / 64e6 : 16));
  most = at_least(most, 1);
  int64_t down = at_least(at_most(m / 256, most), 1);
  int64_t across = at_least(at_most(n / 128, at_most(most, 4) / down), 1);
  RnnCut cut = {.m = m, .n = n, .rows = part_size(m, down, 8), .columns = part_size(n, across, 32)};
  cut.across = (n + cut.columns - 1) / cut.columns;
  cut.parts = (m + cut.rows - 1) / cut.rows * cut.across;
  return cut;
}

RnnPart rnn_blas_part(const RnnCut *cut, int64_t i)
{
  int64_t row = i / cut->across * cut->rows, column = i % cut->across * cut->columns;
  return (RnnPart){row, column, at_most(cut->rows, cut->m - row), at_most(cut->columns, cut->n - column)};
}

RnnMatrix rnn_matrix_from(RnnMatrix a, bool real64, int64_t row, int64_t column)
{
  int64_t skip = a.turned ? column * a.stride + row : row * a.stride + column;
  return (RnnMatrix){a.at + skip * (real64 ? 8 : 4), a.stride, a.turned};
}

/* -- calls of generated code ----------------------------------------------------------------------------------------
 */

typedef struct Product {
  bool real64, accumulate;
  int64_t k;
  RnnMatrix a, b, c;
  RnnCut cut;
} Product;

static void parts(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const Product *p = arg;
  for (int64_t i = from; i < to; i++) {
    RnnPart t = rnn_blas_part(&p->cut, i);
    rnn_blas_multiply(p->real64, t.rows, t.columns, p->k, rnn_matrix_from(p->a, p->real64, t.row, 0),
                      rnn_matrix_from(p->b, p->real64, 0, t.column), rnn_matrix_from(p->c, p->real64, t.row, t.column),
                      p->accumulate);
  }
}

static void multiply(void *frame, bool real64, int64_t m, int64_t n, int64_t k, RnnMatrix a, RnnMatrix b, RnnMatrix c,
                     bool accumulate)
{
  size_t element = real64 ? sizeof(double) : sizeof(float);
  if (m <= 0 || n <= 0) return;
  if (k <= 0) { /* an empty sum; BLAS would refuse the leading dimensions */
    for (int64_t i = 0; i < m && !accumulate; i++) memset(rnn_matrix_from(c, real64, i, 0).at, 0, (size_t)n * element);
    return;
  }
  Product p = {real64, accumulate, k, a, b, c, rnn_blas_cut(m, n, k)};
  rnn_parallel(frame, (void *)parts, &p, p.cut.parts, 1);
}

#define GEMM(suffix, real64)                                                                                           \
  void rnn_gemm_##suffix(void *frame, int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k, void *a, int64_t lda,   \
                         void *b, int64_t ldb, void *c, int64_t ldc, int64_t accumulate)                               \
  {                                                                                                                    \
    multiply(frame, real64, m, n, k, (RnnMatrix){a, lda, ta}, (RnnMatrix){b, ldb, tb}, (RnnMatrix){c, ldc, false},     \
             accumulate);                                                                                              \
  }

GEMM(f32, false)
GEMM(f64, true)

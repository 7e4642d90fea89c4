/* machine_tests.c: the pool and the matrix products. */
#include "runtime_train_test.h"
#include "blas.h"
#include "calls.h"
#include "pool.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct Marks {
  atomic_int hit[1000];
  int64_t grain;
} Marks;

static void mark(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  Marks *m = arg;
  assert_true(to > from && to - from <= m->grain && from % m->grain == 0);
  for (int64_t i = from; i < to; i++) atomic_fetch_add(&m->hit[i], 1);
}

static void every_part_once(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 4; threads++) {
    RnnPool *pool = rnn_pool_new(threads);
    RnnFrame frame = {.pool = pool};
    assert_int_equal(rnn_pool_threads(pool), threads);
    for (int64_t n = 0; n <= 1000; n += 37)
      for (int64_t grain = 1; grain <= 64; grain *= 4) {
        Marks m = {.grain = grain};
        rnn_parallel(&frame, (void *)mark, &m, n, grain);
        for (int64_t i = 0; i < 1000; i++) assert_int_equal(atomic_load(&m.hit[i]), i < n);
      }
    rnn_pool_free(pool);
  }
}

static void count_parts(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  assert_true(from % 8 == 0);
  atomic_fetch_add((atomic_int *)arg, 1000000 + (int)(to - from));
}

/* grain < 0: one part a thread, cut at multiples of it */
static void parts_by_threads(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    RnnPool *pool = rnn_pool_new(threads);
    RnnFrame frame = {.pool = pool};
    atomic_int sum = 0;
    rnn_parallel(&frame, (void *)count_parts, &sum, 1000, -8);
    assert_int_equal(atomic_load(&sum) / 1000000, threads);
    assert_int_equal(atomic_load(&sum) % 1000000, 1000);
    rnn_pool_free(pool);
  }
}

static void add_one(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  atomic_fetch_add((atomic_int *)arg, (int)(to - from));
}

static void nest(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)from;
  (void)to;
  rnn_parallel((void *)frame, (void *)add_one, arg, 10, 3);
}

static void nested_calls_run_inline(void **state)
{
  (void)state;
  RnnPool *pool = rnn_pool_new(3);
  RnnFrame frame = {.pool = pool};
  atomic_int sum = 0;
  for (int i = 0; i < 200; i++) rnn_parallel(&frame, (void *)nest, &sum, 8, 1);
  assert_int_equal(atomic_load(&sum), 200 * 80);
  rnn_pool_free(pool);
}

static void *many_calls(void *arg)
{
  RnnFrame frame = {.pool = arg};
  atomic_int sum = 0;
  for (int i = 0; i < 2000; i++) rnn_parallel(&frame, (void *)add_one, &sum, 100, 9);
  return (void *)(intptr_t)atomic_load(&sum);
}

static void two_callers_share_a_pool(void **state)
{
  (void)state;
  RnnPool *pool = rnn_pool_new(3);
  pthread_t thread[3];
  void *sum;
  for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&thread[i], NULL, many_calls, pool), 0);
  for (int i = 0; i < 3; i++) {
    pthread_join(thread[i], &sum);
    assert_int_equal((intptr_t)sum, 200000);
  }
  rnn_pool_free(pool);
}

static double cell(int64_t i) { return (double)((i * 7919) % 211 - 105) / 64; }

static double product_cell(const double *a, int ta, int64_t lda, const double *b, int tb, int64_t ldb, int64_t i,
                           int64_t j, int64_t K)
{
  double sum = 0;
  for (int64_t k = 0; k < K; k++)
    sum += (ta ? a[k * lda + i] : a[i * lda + k]) * (tb ? b[j * ldb + k] : b[k * ldb + j]);
  return sum;
}

/* against plain loops in f64; f32 against f64; and the same bits at 1, 2 and 3 threads */
static void check_product(int ta, int tb, int64_t M, int64_t N, int64_t K, int accumulate)
{
  int64_t lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2, an = (ta ? K : M) * lda + 1,
          bn = (tb ? N : K) * ldb + 1, cn = M * ldc;
  double *a = malloc((size_t)an * 8), *b = malloc((size_t)bn * 8), *c = malloc((size_t)cn * 8),
         *first = malloc((size_t)cn * 8);
  float *fa = malloc((size_t)an * 4), *fb = malloc((size_t)bn * 4), *fc = malloc((size_t)cn * 4),
        *ffirst = malloc((size_t)cn * 4);
  assert_true(a && b && c && first && fa && fb && fc && ffirst);
  for (int64_t i = 0; i < an; i++) fa[i] = (float)(a[i] = cell(i));
  for (int64_t i = 0; i < bn; i++) fb[i] = (float)(b[i] = cell(i + 5));
  for (int threads = 1; threads <= 3; threads++) {
    RnnPool *pool = rnn_pool_new(threads);
    RnnFrame frame = {.pool = pool};
    for (int64_t i = 0; i < cn; i++) fc[i] = (float)(c[i] = 1);
    rnn_gemm_f64(&frame, ta, tb, M, N, K, a, lda, b, ldb, c, ldc, accumulate);
    rnn_gemm_f32(&frame, ta, tb, M, N, K, fa, lda, fb, ldb, fc, ldc, accumulate);
    if (threads == 1) {
      memcpy(first, c, (size_t)cn * 8);
      memcpy(ffirst, fc, (size_t)cn * 4);
    }
    assert_memory_equal(first, c, (size_t)cn * 8);
    assert_memory_equal(ffirst, fc, (size_t)cn * 4);
    rnn_pool_free(pool);
  }
  int64_t step = M * N > 5000 ? 97 : 1; /* of the large ones a sample */
  for (int64_t i = 0; i < M * N; i += step) {
    double want = product_cell(a, ta, lda, b, tb, ldb, i / N, i % N, K) + accumulate;
    assert_near(c[i / N * ldc + i % N], want, 1e-10 * (double)(K + 1));
    assert_near((double)fc[i / N * ldc + i % N], want, 2e-6 * (double)(K + 1));
  }
  for (int64_t i = 0; i < M; i++)
    assert_true(c[i * ldc + N] == 1 && c[i * ldc + N + 1] == 1); /* nothing beside the result */
  free(a), free(b), free(c), free(first), free(fa), free(fb), free(fc), free(ffirst);
}

static void products(void **state)
{
  (void)state;
  static const int64_t size[][3] = {{1, 1, 1},      {3, 5, 2},       {7, 1, 9},  {32, 1024, 64},
                                    {700, 300, 60}, {130, 400, 300}, {16, 12, 0}};
  rnn_blas_one_thread();
  for (size_t i = 0; i < COUNT(size); i++)
    for (int way = 0; way < 8; way++)
      check_product(way & 1, way >> 1 & 1, size[i][0], size[i][1], size[i][2], way >> 2);
}

/* -- products over live rows: B sequences, lengths from `shortest` to T, `each` rows at a place -- */

typedef struct LiveCase {
  int64_t B, T, shortest, each, m, n;
} LiveCase;

static void live_frame(RnnFrame *f, const LiveCase *c, int axis)
{
  int64_t *len = calloc((size_t)c->B, 8), *live = calloc((size_t)c->T + 1, 8);
  assert_true(len && live);
  for (int64_t b = 0; b < c->B; b++) {
    len[b] = c->T - (c->T - c->shortest) * b / (c->B > 1 ? c->B - 1 : 1);
    for (int64_t t = 0; t < len[b]; t++) live[t]++;
  }
  *f = axis ? (RnnFrame){.T = 1, .S = c->T, .B = c->B, .len2 = len, .live2 = live}
            : (RnnFrame){.T = c->T, .B = c->B, .len = len, .live = live};
}

static bool row_lives(const LiveCase *c, const int64_t *live, int64_t row)
{
  return row % (c->B * c->each) < live[row / (c->B * c->each)] * c->each;
}

/* Cells are such that every sum is exact: each result is what plain loops give, at 1, 2 and 3 threads. Dead rows are
   NaN, which nobody may read, and 7 in the result, where nobody may write. */
static void check_live(const LiveCase *c, int axis, int turned, int accumulate)
{
  RnnFrame f;
  live_frame(&f, c, axis);
  const int64_t *live = axis ? f.live2 : f.live, rows = c->T * c->B * c->each, m = c->m, n = c->n, ldx = m + 3,
                ldy = n + 1;
  float *x = malloc((size_t)(rows * ldx) * 4), *y = malloc((size_t)(rows * ldy) * 4), *w = malloc((size_t)(m * n) * 4),
        *g = malloc((size_t)(m * n) * 4);
  double *x64 = malloc((size_t)(rows * ldx) * 8), *y64 = malloc((size_t)(rows * ldy) * 8),
         *w64 = malloc((size_t)(m * n) * 8), *g64 = malloc((size_t)(m * n) * 8);
  assert_true(x && y && w && g && x64 && y64 && w64 && g64);
  for (int64_t i = 0; i < m * n; i++) w[i] = (float)(w64[i] = cell(i));
  for (int64_t i = 0; i < rows * ldx; i++) x[i] = (float)(x64[i] = row_lives(c, live, i / ldx) ? cell(i) : NAN);
  for (int threads = 1; threads <= 3; threads++) {
    f.pool = rnn_pool_new(threads);
    for (int64_t i = 0; i < rows * ldy; i++) y[i] = (float)(y64[i] = 7);
    rnn_live_product_f32(&f, axis, c->each, turned, n, m, x, ldx, w, turned ? m : n, y, ldy);
    rnn_live_product_f64(&f, axis, c->each, turned, n, m, x64, ldx, w64, turned ? m : n, y64, ldy);
    for (int64_t r = 0; r < rows; r++)
      for (int64_t j = 0; j < ldy; j++) {
        double sum = 0;
        for (int64_t k = 0; k < m; k++) sum += x64[r * ldx + k] * w64[turned ? j * m + k : k * n + j];
        if (!row_lives(c, live, r) || j >= n) sum = 7;
        assert_true(y64[r * ldy + j] == sum && (double)y[r * ldy + j] == sum);
      }
    for (int64_t i = 0; i < m * n; i++) g[i] = (float)(g64[i] = 3);
    for (int64_t i = 0; i < rows * ldy; i++) y[i] = (float)(y64[i] = row_lives(c, live, i / ldy) ? cell(i + 9) : NAN);
    rnn_live_gradient_f32(&f, axis, c->each, m, n, x, ldx, y, ldy, g, n, accumulate);
    rnn_live_gradient_f64(&f, axis, c->each, m, n, x64, ldx, y64, ldy, g64, n, accumulate);
    for (int64_t i = 0; i < m * n; i++) {
      double sum = accumulate ? 3 : 0;
      for (int64_t r = 0; r < rows; r++)
        if (row_lives(c, live, r)) sum += x64[r * ldx + i / n] * y64[r * ldy + i % n];
      assert_true(g64[i] == sum && (double)g[i] == sum);
    }
    rnn_pool_free(f.pool);
  }
  free(x), free(y), free(w), free(g), free(x64), free(y64), free(w64), free(g64);
  free((void *)(axis ? f.len2 : f.len)), free((void *)live);
}

static void products_over_live_rows(void **state)
{
  (void)state;
  static const LiveCase list[] = {{1, 1, 1, 1, 1, 1},   {1, 9, 9, 1, 5, 3},   {3, 7, 1, 1, 4, 6},
                                  {8, 20, 20, 1, 9, 8}, {8, 50, 13, 1, 3, 7}, {40, 40, 1, 1, 5, 4},
                                  {5, 12, 2, 3, 6, 2},  {300, 4, 1, 1, 3, 5}, {4, 30, 1, 1, 520, 7}};
  rnn_blas_one_thread();
  for (size_t i = 0; i < COUNT(list); i++)
    for (int way = 0; way < 8; way++) check_live(&list[i], way & 1, way >> 1 & 1, way >> 2);
}

const struct CMUnitTest machine_tests[] = {cmocka_unit_test(every_part_once),
                                           cmocka_unit_test(parts_by_threads),
                                           cmocka_unit_test(nested_calls_run_inline),
                                           cmocka_unit_test(two_callers_share_a_pool),
                                           cmocka_unit_test(products),
                                           cmocka_unit_test(products_over_live_rows)};
const size_t machine_test_count = COUNT(machine_tests);

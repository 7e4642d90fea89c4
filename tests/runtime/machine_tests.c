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

typedef struct Shares {
  int64_t weight[100];
  atomic_int hit[100], parts, most; /* the heaviest part's weight */
} Shares;

static void take_share(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  Shares *s = arg;
  int sum = 0;
  assert_true(from % 4 == 0 && (to % 4 == 0 || to == 100));
  for (int64_t i = from; i < to; i++) {
    atomic_fetch_add(&s->hit[i], 1);
    sum += (int)s->weight[i];
  }
  atomic_fetch_add(&s->parts, 1);
  for (int most = atomic_load(&s->most); sum > most && !atomic_compare_exchange_weak(&s->most, &most, sum);) {
  }
}

/* one part a thread, cut where the weights are alike */
static void parts_by_weight(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 4; threads++)
    for (int kind = 0; kind < 3; kind++) {
      RnnPool *pool = rnn_pool_new(threads);
      RnnFrame frame = {.pool = pool};
      Shares s = {.most = 0};
      int all = 0, unit = 0;
      for (int i = 0; i < 100; i++) {
        s.weight[i] = kind == 0 ? 7 : kind == 1 ? 100 - i : i == 0 ? 1000 : 1;
        all += (int)s.weight[i];
        if (i < 4) unit += (int)s.weight[i];
      }
      rnn_parallel_weighed(&frame, (void *)take_share, &s, 100, 4, s.weight);
      for (int i = 0; i < 100; i++) assert_int_equal(atomic_load(&s.hit[i]), 1);
      assert_in_range(atomic_load(&s.parts), 1, threads);
      assert_true(atomic_load(&s.most) <= all / threads + unit);
      rnn_pool_free(pool);
    }
}

typedef struct Half { /* how a scan was cut */
  atomic_int units, sequences, hit[40];
} Half;
static Half half;

static void take_half(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  atomic_fetch_add(arg ? &half.units : &half.sequences, 1);
  for (int64_t i = from; i < to; i++) atomic_fetch_add(&half.hit[i], 1);
}

/* by sequences where each thread gets 4, else by units, if there are several */
static void scans_by_units(void **state)
{
  (void)state;
  int64_t length[40];
  for (int i = 0; i < 40; i++) length[i] = 5;
  for (int threads = 1; threads <= 3; threads++)
    for (int n = 1; n <= 20; n++)
      for (int units = 1; units <= 7; units += 3) {
        RnnPool *pool = rnn_pool_new(threads);
        RnnFrame frame = {.pool = pool};
        memset(&half, 0, sizeof half);
        rnn_parallel_scan(&frame, (void *)take_half, n, 4, length, units);
        bool cut = threads > 1 && n < 4 * threads && units > 1;
        assert_true(cut ? !atomic_load(&half.sequences) : !atomic_load(&half.units));
        for (int i = 0; i < (cut ? units : n); i++) assert_int_equal(atomic_load(&half.hit[i]), 1);
        rnn_pool_free(pool);
      }
}

typedef struct Stages {
  int64_t counter[5 * 8];
  int value[5][301];
} Stages;

/* each goes on from what the stage before has left at each place */
static void run_stage(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  Stages *s = arg;
  for (int64_t stage = from; stage < to; stage++)
    for (int64_t place = 1; place <= 300; place++) {
      if (stage > 0) rnn_await(&s->counter[8 * (stage - 1)], place);
      s->value[stage][place] = stage > 0 ? s->value[stage - 1][place] + 1 : 1;
      rnn_reached(&s->counter[8 * stage], place);
    }
}

static void stages_wait(void **state)
{
  (void)state;
  for (int threads = 1; threads <= 4; threads++)
    for (int turn = 0; turn < 20; turn++) {
      RnnPool *pool = rnn_pool_new(threads);
      RnnFrame frame = {.pool = pool};
      Stages s = {.counter = {0}};
      rnn_parallel(&frame, (void *)run_stage, &s, 5, 1);
      for (int place = 1; place <= 300; place++) assert_int_equal(s.value[4][place], 5);
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

const struct CMUnitTest machine_tests[] = {
    cmocka_unit_test(every_part_once),          cmocka_unit_test(parts_by_threads),
    cmocka_unit_test(scans_by_units),           cmocka_unit_test(stages_wait),
    cmocka_unit_test(parts_by_weight),          cmocka_unit_test(nested_calls_run_inline),
    cmocka_unit_test(two_callers_share_a_pool), cmocka_unit_test(products)};
const size_t machine_test_count = COUNT(machine_tests);

/* learn.c: gradients and updates of three models on memory of the program's own, from its own arrays: the same bits as
   by lists of tensors, nothing asked of malloc, windows that carry the state, and what is refused. Prints `N passed, M
   failed`. Needs lagged.o, wide.o, grid.o of `rnnc -c`; -DCOUNTED counts requests for memory. */
#define _GNU_SOURCE
#include <rnn.h>
#include "grid.h"
#include "lagged.h"
#include "wide.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests for memory, of every thread, also from inside libraries ---- */

#ifdef COUNTED
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static atomic_long requests;
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t n) { return (void)requests++, __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return (void)requests++, __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return (void)requests++, __libc_realloc(p, n); }
void *memalign(size_t align, size_t n) { return (void)requests++, __libc_memalign(align, n); }
void *aligned_alloc(size_t align, size_t n) { return (void)requests++, __libc_memalign(align, n); }
int posix_memalign(void **p, size_t align, size_t n)
{
  return (void)requests++, (*p = __libc_memalign(align, n)) ? 0 : 12;
}
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
  return (void)requests++, (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
}
#else
static long requests;
#endif

/* ---- checks ---- */

static int passed, failures;
static RnnError error;

#define CHECK(ok) check((ok), #ok, __LINE__)
static bool check(bool ok, const char *what, int line)
{
  if (ok) passed++;
  else failures++, printf("FAIL line %d: %s (%s)\n", line, what, error.message);
  return ok;
}

#define REFUSED(ok, word) refused((ok), #ok, word, __LINE__)
static void refused(bool ok, const char *what, const char *word, int line)
{
  check(!ok && strstr(error.message, word), what, line);
  error = (RnnError){0};
}

static uint32_t seed = 1;
static double noise(void) { return (double)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 24) - 0.5; }

static void fill(float *a, int64_t n)
{
  for (int64_t i = 0; i < n; i++) a[i] = (float)noise();
}

static void fill_tokens(int32_t *a, int64_t n, int classes)
{
  for (int64_t i = 0; i < n; i++) a[i] = (int32_t)((noise() + 0.5) * classes);
}

/* Two handles with the same weights, gradients and update: by arrays on given memory, by lists of tensors */
static bool same_blocks(RnnHandle *a, RnnHandle *b)
{
  size_t bytes = (size_t)rnn_block(a) * sizeof(float);
  return !memcmp(rnn_weights(a), rnn_weights(b), bytes) && !memcmp(rnn_gradients(a), rnn_gradients(b), bytes);
}

static void borrow(RnnTensorFile *file, const char *name, RnnDtype type, const void *data, int rank, int64_t n,
                   int64_t t, int64_t u, int64_t v)
{
  const int64_t shape[] = {n, t, u, v};
  CHECK(rnn_tensor_borrow(file, name, type, rank, shape, data, &error) != NULL);
}

/* ---- one axis, lengths that differ ---- */

enum { N = 50, T = 12 };
static float x[N * T * 3], y[N * T * 2];
static int64_t lengths[N];
static char memory[LAGGED_WORKSPACE_BYTES(N, T)];

static void test_lagged(void)
{
  int64_t needs = lagged_workspace_bytes(N, T, NULL, &error);
  CHECK(needs > 0 && needs <= (int64_t)sizeof memory && (double)sizeof memory < 1.1 * (double)needs);
  for (int64_t n = 1; n < 2000; n *= 7)
    for (int64_t t = 1; t < 2000; t *= 5)
      CHECK(lagged_workspace_bytes(n, t, NULL, &error) <= LAGGED_WORKSPACE_BYTES(n, t));
  CHECK(lagged_workspace_bytes(N, T, "sgd(rate = 0.1)", &error) < needs);
  REFUSED(lagged_open_in(memory + 1, needs - 1, N, T, 2, NULL, NULL, &error), "needs");
  REFUSED(lagged_open_in(NULL, needs, N, T, 2, NULL, NULL, &error), "needs");
  REFUSED(lagged_open_in(memory, needs, N, 0, 2, NULL, NULL, &error), "0 steps");
  REFUSED(lagged_open_in(memory, needs, N, T, 2, "adm()", NULL, &error), "adam");
  REFUSED(lagged_workspace_bytes(INT64_MAX / 4, 9, NULL, &error) >= 0, "do not fit");

  fill(x, N * T * 3);
  fill(y, N * T * 2);
  for (int n = 0; n < N; n++) lengths[n] = 1 + (n * 7) % T;
  for (int i = 0; i < 9; i++) y[i * 5] = NAN;

  RnnTensorFile data = {0};
  borrow(&data, "x", RNN_F32, x, 3, N, T, 3, 0);
  borrow(&data, "y", RNN_F32, y, 3, N, T, 2, 0);
  borrow(&data, "lengths", RNN_I64, lengths, 1, N, 0, 0, 0);
  struct lagged_batch batch = {.sequences = N, .steps = T, .lengths = lengths, .in_x = x, .in_y = y};
  RnnHandle *in = lagged_open_in(memory + 1, needs, N, T, 2, NULL, NULL, &error), *other = lagged_open(1, &error);
  if (!CHECK(in && other)) return;
  CHECK(rnn_initialise(in, 3, &error) && rnn_initialise(other, 3, &error));
  CHECK((char *)rnn_weights(in) >= memory && (char *)rnn_weights(in) < memory + sizeof memory);
  RnnUpdater *updater = rnn_updater_new(other, NULL, NULL, &error);
  long before = requests;
  double a = 0, b = 0, norm_a, norm_b;
  for (int i = 0; i < 5; i++) CHECK(lagged_gradient(in, &batch, &a, &error) && lagged_update(in, -1, &norm_a, &error));
  CHECK(requests == before);
  for (int i = 0; i < 5; i++)
    CHECK(rnn_gradient(other, &data, &b, NULL, &error) && rnn_update(updater, -1, &norm_b, &error));
  CHECK(a == b && norm_a == norm_b && same_blocks(in, other));

  /* files, and a whole training, whose batches the workspace has room for */
  CHECK(rnn_save(in, "in.safetensors", &error) && rnn_initialise(in, 4, &error) && !same_blocks(in, other));
  CHECK(rnn_load(in, "in.safetensors", &error) && same_blocks(in, other));
  CHECK((char *)rnn_weights(in) >= memory && (char *)rnn_weights(in) < memory + sizeof memory);
  const char *const fits[] = {"batch=10", "epochs=2", "save=in.ckpt.safetensors", NULL}, *const large[] = {
                                                                                             "batch=10", "epochs=2",
                                                                                             "optimizer=adm()", NULL};
  RnnTrained trained;
  CHECK(rnn_train(in, &(RnnTraining){.set = fits, .data = &data}, &trained, &error));
  REFUSED(rnn_train(in, &(RnnTraining){.set = large, .data = &data}, &trained, &error), "adam");
  CHECK(rnn_load(in, "in.safetensors", &error));

  /* a handle of rnn_open learns from arrays too */
  RnnHandle *plain = lagged_open(2, &error);
  CHECK(plain && rnn_initialise(plain, 3, &error));
  for (int i = 0; i < 5; i++)
    CHECK(lagged_gradient(plain, &batch, &b, &error) && lagged_update(plain, -1, NULL, &error));
  CHECK(a == b && same_blocks(plain, other));
  batch.sequences = 2; /* and a smaller batch stands in the same memory */
  CHECK(lagged_gradient(in, &batch, &a, &error) && lagged_gradient(plain, &batch, &b, &error) && a == b);

  /* what is refused leaves weights and gradients as they were */
  batch.sequences = N + 1;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "was made for 50 of 12");
  batch.sequences = N;
  batch.steps = T + 1;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "was made for 50 of 12");
  batch.steps = T;
  lengths[4] = T + 1;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "lengths[4] is 13; expected 1 to 12");
  lengths[4] = 0;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "lengths[4] is 0");
  batch.lengths = NULL;
  batch.in_x = NULL;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "no array for the input 'x'");
  batch.in_x = x;
  batch.carry = true;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "no gradient before");
  batch.carry = false;
  batch.before = 1;
  REFUSED(lagged_gradient(in, &batch, &a, &error), "before is 1");
  batch.before = 0;
  CHECK(same_blocks(plain, in));
  x[0] = INFINITY;
  CHECK(lagged_gradient(in, &batch, &a, &error));
  float first = *(float *)rnn_weights(in);
  REFUSED(lagged_update(in, -1, NULL, &error), "not finite");
  CHECK(*(float *)rnn_weights(in) == first);
  x[0] = 0;

  rnn_updater_free(updater);
  rnn_close(plain);
  rnn_close(in);
  rnn_close(other);
  rnn_tensor_file_free(&data);
}

/* Three windows of four steps, the state carried from each to the next: together the loss of all twelve. */
static void test_carry(void)
{
  enum { M = 5, W = 4 };
  static float wx[M * (1 + W) * 3], wy[M * (1 + W) * 2];
  static char small[LAGGED_WORKSPACE_BYTES(M, W + 1)];
  RnnHandle *whole = lagged_open(1, &error), *in = lagged_open_in(small, sizeof small, M, W + 1, 1, NULL, NULL, &error);
  if (!CHECK(whole && in && rnn_initialise(whole, 5, &error) && rnn_initialise(in, 5, &error))) return;
  fill(x, M * T * 3);
  fill(y, M * T * 2);
  struct lagged_batch all = {.sequences = M, .steps = T, .in_x = x, .in_y = y};
  double loss, sum = 0, one;
  CHECK(lagged_gradient(whole, &all, &loss, &error));
  for (int w = 0; w < T / W; w++) {
    int before = w > 0, steps = before + W, from = w * W - before;
    for (int n = 0; n < M; n++) {
      memcpy(wx + n * steps * 3, x + (n * T + from) * 3, (size_t)steps * 3 * sizeof(float));
      memcpy(wy + n * steps * 2, y + (n * T + from) * 2, (size_t)steps * 2 * sizeof(float));
    }
    struct lagged_batch window = {.sequences = M, .steps = W, .carry = w > 0, .before = before, .in_x = wx, .in_y = wy};
    CHECK(lagged_gradient(in, &window, &one, &error));
    sum += one;
  }
  CHECK(fabs(sum / (T / W) - loss) < 1e-6 * fabs(loss));
  struct lagged_batch fewer = {.sequences = 1, .steps = W, .carry = true, .in_x = wx, .in_y = wy};
  REFUSED(lagged_gradient(in, &fewer, &one, &error), "cannot go on from a gradient of 5 sequences");

  /* another run in the same buffers leaves nothing to go on from */
  RnnTensorFile data = {0};
  borrow(&data, "x", RNN_F32, x, 3, M, W, 3, 0);
  borrow(&data, "y", RNN_F32, y, 3, M, W, 2, 0);
  fewer.carry = false;
  CHECK(lagged_gradient(in, &fewer, &one, &error) && rnn_gradient(in, &data, &one, NULL, &error));
  fewer.carry = true;
  REFUSED(lagged_gradient(in, &fewer, &one, &error), "no gradient before");
  rnn_tensor_file_free(&data);
  rnn_close(whole);
  rnn_close(in);
}

/* ---- tokens, noise, products by the library, the step after the last ---- */

static void test_wide(void)
{
  enum { M = 8, W = 10 };
  static int32_t symbol[M * (W + 1)];
  int64_t bytes = WIDE_WORKSPACE_BYTES(M, W + 1);
  void *room = malloc((size_t)bytes);
  RnnHandle *in = wide_open_in(room, bytes, M, W + 1, 2, NULL, NULL, &error);
  if (!CHECK(in && rnn_initialise(in, 1, &error))) return;
  fill_tokens(symbol, M * (W + 1), 40);
  struct wide_batch batch = {.sequences = M, .steps = W, .behind = 1, .in_x = symbol};
  double first, loss = 0, again;
  CHECK(wide_gradient(in, &batch, &first, &error) &&
        wide_update(in, 0, NULL, &error)); /* OpenBLAS asks once a process */
  long before = requests;
  bool ok = true;
  for (int i = 0; ok && i < 30; i++)
    ok = wide_gradient(in, &batch, &loss, &error) && wide_update(in, 0.3, NULL, &error);
  CHECK(ok && requests == before && loss < 0.9 * first);
#ifdef COUNTED
  printf("  memory asked for in 30 gradients and updates: %ld times\n", requests - before);
#endif
  CHECK(wide_gradient(in, &batch, &loss, &error) && wide_gradient(in, &batch, &again, &error) &&
        again != loss); /* noise */

  /* the last symbol's step counts where it stands behind */
  RnnHandle *one = wide_open(1, &error), *two = wide_open(2, &error);
  CHECK(one && two && rnn_initialise(one, 1, &error) && rnn_initialise(two, 1, &error));
  CHECK(wide_gradient(one, &batch, &loss, &error) && loss == first);
  batch.behind = 0;
  CHECK(wide_gradient(two, &batch, &loss, &error) && loss != first);
  symbol[7] = 40;
  REFUSED(wide_gradient(in, &batch, &loss, &error), "x of sequence 0, step 7 is 40; expected 0 to 39");
  symbol[7] = -1;
  REFUSED(wide_gradient(in, &batch, &loss, &error), "x of sequence 0, step 7 is -1");
  rnn_close(one);
  rnn_close(two);
  rnn_close(in);
  free(room);
}

/* ---- two axes ---- */

static void test_grid(void)
{
  enum { M = 4, P = 3, Q = 6 }; /* sequences, steps along t, along s */
  static float a[M * Q * 2], z[M * P * Q];
  static int32_t k[M * P];
  static int64_t along_t[] = {3, 1, 2, 3}, along_s[] = {6, 2, 5, 1};
  static char room[GRID_WORKSPACE_BYTES(M, P, Q)];
  RnnHandle *in = grid_open_in(room, sizeof room, M, P, Q, 1, NULL, NULL, &error), *other = grid_open(1, &error);
  if (!CHECK(in && other && rnn_initialise(in, 2, &error) && rnn_initialise(other, 2, &error))) return;
  fill(a, M * Q * 2);
  fill(z, M * P * Q);
  fill_tokens(k, M * P, 5);
  RnnTensorFile data = {0};
  borrow(&data, "a", RNN_F32, a, 3, M, Q, 2, 0);
  borrow(&data, "k", RNN_I32, k, 2, M, P, 0, 0);
  borrow(&data, "z", RNN_F32, z, 3, M, P, Q, 0);
  borrow(&data, "lengths", RNN_I64, along_t, 1, M, 0, 0, 0);
  borrow(&data, "lengths_s", RNN_I64, along_s, 1, M, 0, 0, 0);
  struct grid_batch batch = {.sequences = M,
                             .steps = P,
                             .steps2 = Q,
                             .lengths = along_t,
                             .lengths2 = along_s,
                             .in_a = a,
                             .in_k = k,
                             .in_z = z};
  double one = 0, two = 0;
  long before = requests;
  CHECK(grid_gradient(in, &batch, &one, &error) && grid_update(in, -1, NULL, &error) && requests == before);
  RnnUpdater *updater = rnn_updater_new(other, NULL, NULL, &error);
  CHECK(rnn_gradient(other, &data, &two, NULL, &error) && rnn_update(updater, -1, NULL, &error));
  CHECK(one == two && same_blocks(in, other));
  batch.in_z = NULL;
  CHECK(grid_gradient(in, &batch, &one, &error) && one == 0);
  batch.steps2 = 0;
  REFUSED(grid_gradient(in, &batch, &one, &error), "0 steps along s");
  batch.steps2 = Q + 1;
  REFUSED(grid_gradient(in, &batch, &one, &error), "along the second axis");
  rnn_updater_free(updater);
  rnn_close(in);
  rnn_close(other);
  rnn_tensor_file_free(&data);
}

int main(void)
{
  test_lagged();
  test_carry();
  test_wide();
  test_grid();
  printf("%d passed, %d failed\n", passed, failures);
  return failures > 0;
}

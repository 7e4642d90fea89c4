/* product_test.c: the emitted product against the plain loop that it must equal bit for bit, whatever the sizes, the
   rows, the vector width, and however rows are split. The last line is `N passed, M failed`. */
#include "jit.h"
#include "product.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failures;

static void check(bool ok, const char *what, const char *detail)
{
  if (ok) passed++;
  else failures++, printf("FAIL %s: %s\n", what, detail);
}

typedef void Pack(const void *w, void *packed);
typedef void Multiply(const void *x, const void *packed, void *y, int64_t rows);

typedef struct Case {
  int64_t n, k, x_stride, y_stride;
  int64_t rows_known;
  bool wide, accumulate, transposed;
} Case;

static const Case cases[] = {
    {64, 32, 32, 64, 0, false, false, false},     {64, 32, 40, 70, 0, false, true, true},
    {1, 1, 1, 1, 0, false, false, false},         {3, 5, 5, 3, 0, false, true, false},
    {17, 7, 7, 17, 0, false, false, true},        {33, 9, 10, 35, 0, false, true, true},
    {31, 64, 64, 31, 0, false, false, false},     {100, 13, 13, 100, 0, false, true, false},
    {1024, 24, 24, 1024, 0, false, false, false}, {47, 3, 3, 47, 1, false, false, false},
    {130, 12, 12, 130, 1, false, true, true},     {256, 8, 8, 256, 5, false, false, false},
    {72, 10, 10, 72, 11, false, false, false},    {64, 32, 32, 64, 0, true, false, false},
    {37, 11, 12, 40, 0, true, true, true},        {5, 2, 2, 5, 0, true, false, true},
    {200, 6, 6, 200, 1, true, true, false},       {160, 1, 1, 160, 0, true, false, false},
};
enum { CASES = sizeof cases / sizeof *cases, MOST_ROWS = 37 };

static double at(const void *a, bool wide, int64_t i) { return wide ? ((const double *)a)[i] : ((const float *)a)[i]; }

static void put(void *a, bool wide, int64_t i, double v)
{
  if (wide) ((double *)a)[i] = v;
  else ((float *)a)[i] = (float)v;
}

static void *random_block(int64_t n, bool wide)
{
  void *a = aligned_alloc(64, (size_t)((n * 8 + 64) / 64 * 64));
  for (int64_t i = 0; i < n; i++) put(a, wide, i, (double)rand() / RAND_MAX - 0.5);
  return a;
}

/* What every element must be: one chain over k. */
static void plain(const Case *c, const void *x, const void *w, void *y, int64_t rows, bool fused)
{
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < c->n; j++) {
      double wide = c->accumulate ? at(y, c->wide, r * c->y_stride + j) : 0;
      float narrow = (float)wide;
      for (int64_t k = 0; k < c->k; k++) {
        double a = at(x, c->wide, r * c->x_stride + k), b = at(w, c->wide, c->transposed ? k * c->n + j : j * c->k + k);
        volatile double product = a * b;
        volatile float narrow_product = (float)a * (float)b;
        wide = fused ? fma(a, b, wide) : product + wide;
        narrow = fused ? fmaf((float)a, (float)b, narrow) : narrow_product + narrow;
      }
      put(y, c->wide, r * c->y_stride + j, c->wide ? wide : narrow);
    }
}

static LLVMTypeRef real_of(LLVMContextRef c, bool wide)
{
  return wide ? LLVMDoubleTypeInContext(c) : LLVMFloatTypeInContext(c);
}

static void public_name(LLVMValueRef fn) { LLVMSetLinkage(fn, LLVMExternalLinkage); }

static bool add_case(Target *t, LLVMModuleRef m, int i, int64_t *packed)
{
  const Case *c = &cases[i];
  Product p = {c->n,         c->k, c->rows_known, c->x_stride, c->y_stride, real_of(LLVMGetModuleContext(m), c->wide),
               c->accumulate};
  Tile tile = product_tile(t, &p);
  *packed = product_packed_count(t, &p, &tile);
  char name[32];
  snprintf(name, sizeof name, "pack%d", i);
  public_name(product_pack(t, m, name, &p, &tile, c->transposed ? 1 : c->k, c->transposed ? c->n : 1));
  snprintf(name, sizeof name, "multiply%d", i);
  public_name(product_multiply(t, m, name, &p, &tile));
  return *packed >= c->n * c->k;
}

static void run_case(Jit *jit, const Target *t, int i, int64_t packed_count)
{
  const Case *c = &cases[i];
  char name[32], label[160], *error = NULL;
  snprintf(name, sizeof name, "pack%d", i);
  Pack *pack = (Pack *)(uintptr_t)jit_symbol(jit, name, &error);
  snprintf(name, sizeof name, "multiply%d", i);
  Multiply *multiply = (Multiply *)(uintptr_t)jit_symbol(jit, name, &error);
  snprintf(label, sizeof label, "%s %d bits: n %ld k %ld %s%s%s", t->cpu, t->vector_bits, (long)c->n, (long)c->k,
           c->wide ? "f64" : "f32", c->accumulate ? " accumulate" : "", c->transposed ? " transposed" : "");
  void *x = random_block(MOST_ROWS * c->x_stride, c->wide), *w = random_block(c->n * c->k, c->wide);
  void *packed = random_block(packed_count + 1, c->wide);
  put(packed, c->wide, packed_count, 77); /* a guard */
  pack(w, packed);
  check(at(packed, c->wide, packed_count) == 77, label, "packing writes behind its end");
  int64_t count = MOST_ROWS * c->y_stride;
  size_t bytes = (size_t)count * (c->wide ? 8 : 4), size = c->wide ? 8 : 4;
  void *start = random_block(count, c->wide), *want = malloc(bytes), *got = malloc(bytes);
  int64_t from = c->rows_known ? c->rows_known : 0, to = c->rows_known ? c->rows_known : MOST_ROWS;
  bool same = true, split = true;
  for (int64_t rows = from; rows <= to; rows++) {
    memcpy(want, start, bytes);
    memcpy(got, start, bytes);
    plain(c, x, w, want, rows, t->has_fma);
    multiply(x, packed, got, rows);
    same = same && !memcmp(want, got, bytes); /* also what lies between and behind the rows */
    if (c->rows_known) continue;
    memcpy(got, start, bytes);
    int64_t cut = rows * 2 / 5;
    multiply(x, packed, got, cut);
    multiply((char *)x + (size_t)(cut * c->x_stride) * size, packed, (char *)got + (size_t)(cut * c->y_stride) * size,
             rows - cut);
    split = split && !memcmp(want, got, bytes);
  }
  check(same, label, "differs from the plain loop");
  check(split, label, "depends on how rows are split");
  free(x);
  free(w);
  free(packed);
  free(start);
  free(want);
  free(got);
}

static void run_target(Target *t)
{
  char *error = NULL;
  Jit *jit = jit_new(t, NULL, 0, &error);
  LLVMContextRef c = LLVMContextCreate();
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext("product", c);
  target_prepare_module(t, m);
  int64_t packed[CASES];
  for (int i = 0; i < CASES; i++) check(add_case(t, m, i, &packed[i]), "packed count", "too small");
  bool ok = target_optimize(t, m, &error) && jit_add(jit, m, &error);
  check(ok, "compile", error ? error : "");
  LLVMDisposeModule(m);
  LLVMContextDispose(c);
  if (ok)
    for (int i = 0; i < CASES; i++) run_case(jit, t, i, packed[i]);
  jit_free(jit);
}

int main(void)
{
  static const char *const cpus[] = {"native", "x86-64-v3", "x86-64-v2", "x86-64"};
  for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
    char *error = NULL;
    Target *host = target_host(2, &error);
    bool skip = !host || (i > 0 && strncmp(host->triple, "x86_64", 6)) || (i == 1 && host->vector_bits < 256);
    Target *t = skip ? NULL : target_named(NULL, cpus[i], NULL, 2, &error);
    if (t) run_target(t);
    else if (!skip) check(false, cpus[i], error);
    free(error);
    target_free(t);
    target_free(host);
  }
  printf("%d passed, %d failed\n", passed, failures);
  return failures ? 1 : 0;
}

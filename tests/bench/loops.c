/* loops.c: one streaming step as plain loops, the sizes known to the compiler. A peer of bench.py.

   gcc -O3 -march=native -ffast-math -mprefer-vector-width=512 -DGRU|-DLSTM -DI=64 -DH=128 [-DCOLUMNS] loops.c -lm
   loops WEIGHTS DATA T

   WEIGHTS: float32, the gates' rows one below another, of x and h side by side: lstm i f g o [4 H, I + H], b [4 H];
   gru r z and the two halves of n [4 H, I + H] (the x half has zeros for h and the other way round), b [4 H].
   With COLUMNS the matrix is transposed, [I + H, 4 H]: sums of columns in place of rows' products.
   DATA: x [T, I]. What it says is in child.py; a step is one call, with the state carried. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 4 * H, K = I + H };
static _Alignas(64) float weights[(size_t)ROWS * K], bias[ROWS], state[2][H];

static inline float sigmoid(float a) { return 1 / (1 + expf(-a)); }

/* z = b + W x + U h. Of gru, the halves of n, rows from 2 H and from 3 H on, see x or h alone. */
#ifdef GRU
enum { BOTH = 2 * H, OF_X = 3 * H };
#else
enum { BOTH = 4 * H, OF_X = 4 * H };
#endif

#ifdef COLUMNS
static void products(const float *restrict x, const float *restrict h, float *restrict z)
{
  const float *w = weights;
  for (int r = 0; r < ROWS; r++) z[r] = bias[r];
  for (int k = 0; k < I; k++, w += ROWS)
    for (int r = 0; r < OF_X; r++) z[r] += w[r] * x[k];
  for (int k = 0; k < H; k++, w += ROWS) {
    for (int r = 0; r < BOTH; r++) z[r] += w[r] * h[k];
    for (int r = OF_X; r < ROWS; r++) z[r] += w[r] * h[k];
  }
}
#else
static inline float dot(const float *restrict w, const float *restrict a, int count)
{
  float sum = 0;
  for (int k = 0; k < count; k++) sum += w[k] * a[k];
  return sum;
}

static void products(const float *restrict x, const float *restrict h, float *restrict z)
{
  const float *w = weights;
  int r = 0;
  for (; r < BOTH; r++, w += K) z[r] = bias[r] + dot(w, x, I) + dot(w + I, h, H);
  for (; r < OF_X; r++, w += K) z[r] = bias[r] + dot(w, x, I);
  for (; r < ROWS; r++, w += K) z[r] = bias[r] + dot(w + I, h, H);
}
#endif

__attribute__((noinline)) static void step(const float *restrict x)
{
  _Alignas(64) float z[ROWS];
  float *restrict h = state[0], *restrict c = state[1];
  products(x, h, z);
#ifdef GRU
  (void)c;
  for (int k = 0; k < H; k++) {
    float r = sigmoid(z[k]), u = sigmoid(z[H + k]), n = tanhf(z[2 * H + k] + r * z[3 * H + k]);
    h[k] = (1 - u) * n + u * h[k];
  }
#else
  for (int k = 0; k < H; k++) {
    c[k] = sigmoid(z[H + k]) * c[k] + sigmoid(z[k]) * tanhf(z[2 * H + k]);
    h[k] = sigmoid(z[3 * H + k]) * tanhf(c[k]);
  }
#endif
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void serve(const float *x, int T)
{
  enum { MOST = 1 << 20 };
  static double times[MOST];
  for (double seconds; scanf("%lf", &seconds) == 1;) {
    int runs = 0;
    double end = now() + seconds;
    while (runs < MOST && (runs < 3 || now() < end)) {
      double start = now();
      for (int t = 0; t < T; t++) step(x + t * I);
      times[runs++] = (now() - start) / T;
    }
    qsort(times, (size_t)runs, sizeof times[0], by_size);
    printf("{\"median_s\": %.9g, \"runs\": %d}\n", times[runs / 2], runs);
    fflush(stdout);
  }
}

static void read_floats(FILE *file, float *a, size_t count)
{
  if (file && fread(a, sizeof *a, count, file) == count) return;
  fprintf(stderr, "loops: a file is missing or too short\n");
  exit(1);
}

int main(int argc, char **argv)
{
  if (argc != 4) return 2;
  int T = atoi(argv[3]);
  float *x = malloc((size_t)T * I * sizeof *x);
  FILE *file = fopen(argv[1], "rb");
  read_floats(file, weights, (size_t)ROWS * K);
  read_floats(file, bias, ROWS);
  fclose(file);
  file = fopen(argv[2], "rb");
  read_floats(file, x, (size_t)T * I);
  fclose(file);
  printf("{\"check\": [");
  for (int t = 0; t < T; t++) {
    double sum = 0;
    step(x + t * I);
    for (int k = 0; k < H; k++) sum += fabsf(state[0][k]);
    if (t < 2 || t == T - 1) printf("%s%.9g", t ? ", " : "", sum / H);
  }
  printf("]}\n");
  fflush(stdout);
  serve(x, T);
  free(x);
}

/* many.c: how long steps of many sequences take together, against as many single steps, interleaved: least times of
   many rounds. -DMODEL='"lstm.h"' -DN=name -DI=inputs -DH=outputs. Prints n, microseconds each way, their ratio, and
   whether the outputs were the same. */
#define _POSIX_C_SOURCE 200809L
#include MODEL
#include <stdio.h>
#include <string.h>
#include <time.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define NAME(what) JOIN(N, what)

enum { MOST = 16, ROUNDS = 400 };
static _Alignas(64) NAME(_real) w[COUNT], x[MOST][I], one[MOST][H], all[MOST][H];
static struct NAME(_state) a[MOST], b[MOST];

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

int main(void)
{
  static const int sizes[] = {1, 2, 3, 4, 8, 16};
  for (int i = 0; i < COUNT; i++) w[i] = (float)(i % 1013 * 7919 % 1013 - 506) / 5000;
  for (int i = 0; i < MOST * I; i++) x[i / I][i % I] = (float)(i * 31 % 97 - 48) / 50;
  for (int k = 0; k < 6; k++) {
    int n = sizes[k], repeat = 200 / n, same = 1;
    double least[2] = {1e30, 1e30};
    for (int i = 0; i < n; i++) NAME(_init)(&a[i]), NAME(_init)(&b[i]);
    for (int r = 0; r < ROUNDS; r++) {
      double t0 = now();
      for (int j = 0; j < repeat; j++)
        for (int i = 0; i < n; i++) NAME(_step)(w, &a[i], x[i], one[i]);
      double t1 = now();
      for (int j = 0; j < repeat; j++) NAME(_step_many)(w, b, (size_t)n, x[0], all[0]);
      double t2 = now();
      if (t1 - t0 < least[0]) least[0] = t1 - t0;
      if (t2 - t1 < least[1]) least[1] = t2 - t1;
      same &= !memcmp(one, all, sizeof one[0] * (size_t)n);
    }
    printf("%2d %8.2f %8.2f  %.2f %s\n", n, least[0] / repeat, least[1] / repeat, least[0] / least[1],
           same ? "" : "DIFFERENT");
  }
  return 0;
}

/* bench.h: a small system built by a test, filled with random numbers, and its adjoint compared with central
 * differences. */
#ifndef TESTS_GRAD_BENCH_H
#define TESTS_GRAD_BENCH_H
#include "interpret.h"
#include "system.h"

enum { BENCH_B = 3, BENCH_T = 4 };

/* How an argument varies: x[t], a parameter, one value a sequence, x[t-1] with a learned boundary */
typedef enum Vary { VARY_T, VARY_NOT, VARY_B, VARY_LAG, VARY_COUNT } Vary;

typedef struct Given {
  Var *v;
  double lo, hi;
} Given;

typedef struct Bench {
  Arena *arena;
  System *s;
  Vec(Given) given;
  uint64_t random;
  const char *what; /* for messages */
} Bench;

Bench *bench_new(const char *what, uint64_t seed);
void bench_free(Bench *b);

/* A new argument; its values, and those of its neighbours, are at least 0.01 apart and away from 0, so that no
   difference straddles a kink. */
Expr *bench_real(Bench *b, Shape shape, double lo, double hi, Vary vary);
Expr *bench_token(Bench *b, Dim symbols, Vary vary); /* some are -1: none */
Var *bench_given(Bench *b, VarKind kind, Shape shape, int dom, double lo, double hi);
Var *bench_computed(Bench *b, Shape shape, int dom, Expr *rhs);

/* Loss = the sum of y's elements, weighted at random; then adjoint() by every real argument, verify, and compare. Once
   more after simplify(). Returns the number of failures, which it prints. */
int bench_check(Bench *b, Expr *y);
#endif

/* kernel.h: which code multiplies for an equation outside scans. Inside them it is always our tiled kernel.

   Ours packs the weights, or nothing for a gradient, and wins by a tenth to a quarter as long as what all rows share
   stays in a cache; the library also blocks for memory. Figures in docs/performance.md. */
#ifndef RNNC_KERNEL_H
#define RNNC_KERNEL_H
#include "text.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Kernel {
  bool library;
  int64_t shared; /* elements of the weights, or of the gradient */
  bool narrow;    /* a gradient without a full vector on either side */
} Kernel;

Kernel kernel_of_product(int64_t n, int64_t k);  /* W[n, k] times all rows */
Kernel kernel_of_gradient(int64_t m, int64_t n); /* the sum over rows of outer products [m], [n] */
void kernel_print(Text *out, const Kernel *k);   /* the choice and its reason */
#endif

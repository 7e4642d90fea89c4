/* product.h: y[rows, n] (+)= x[rows, k] W', with k, n and strides constant: the product inside a scan, as vector code
   of our own.

   W is packed once (product_pack), then used for many steps. Each element of y is one chain of multiply-adds over k =
   0, 1, .. from 0 (or from y): its bits do not depend on how many rows there are, on where its row stands, or on how
   rows and columns are split among calls or threads. They do depend on Target.has_fma.

   Packed: panels of `columns` columns one after the other, each [k][columns]; the last panel may be narrower, and its
   width is rounded up to what vectors can load (zeros there). Memory: 64-byte aligned is best, element alignment will
   do. */
#ifndef RNNC_PRODUCT_H
#define RNNC_PRODUCT_H
#include "target.h"
#include <stdint.h>

typedef struct Product {
  int64_t n, k;
  int64_t rows;               /* where it is known: then only code for that many is made; 0: any number, also 0 */
  int64_t x_stride, y_stride; /* elements from one row to the next */
  LLVMTypeRef real;           /* float or double */
  bool accumulate;
} Product;

/* The shape of the register tile: rows times vectors accumulators. */
typedef struct Tile {
  int rows, vectors; /* a panel is `vectors` vectors wide */
  int unroll;        /* steps of k in one turn of the loop */
} Tile;

/* What is best on the target for these sizes; packing and multiplying must agree on it. */
Tile product_tile(const Target *t, const Product *p);

/* Elements of the packed W, and where column j's panel begins: parts of y that threads compute apart begin at such
 * columns. */
int64_t product_packed_count(const Target *t, const Product *p, const Tile *tile);
int64_t product_panel_columns(const Target *t, const Product *p, const Tile *tile);

/* Both functions are made where the module has none of that name: a name shared says that all arguments are equal.

   Defines internal void NAME(ptr w, ptr packed). W[j, i] (n x k) is at w[j * w_row + i * w_column]: row-major [n, k] is
   w_row = k, w_column = 1; stored transposed [k, n] it is w_row = 1, w_column = n. */
LLVMValueRef product_pack(const Target *t, LLVMModuleRef module, const char *name, const Product *p, const Tile *tile,
                          int64_t w_row, int64_t w_column);

/* Defines internal void NAME(ptr x, ptr packed, ptr y, i64 rows). x and y may not overlap. */
LLVMValueRef product_multiply(const Target *t, LLVMModuleRef module, const char *name, const Product *p,
                              const Tile *tile);
#endif

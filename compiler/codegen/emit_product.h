/* emit_product.h: W @ v[t] by our own kernel, W packed once a run: inside a scan for the live sequences of one place,
   or for blocks of rows. */
#ifndef RNNC_EMIT_PRODUCT_H
#define RNNC_EMIT_PRODUCT_H
#include "emit.h"

/* Makes the functions and the buffers of packed weights. Before any body is built. */
void emit_prepare_products(Emit *e);
/* packs the weights of the step's products, unless they stand packed: in the driver, before it */
void emit_packing(Emit *e, const Step *step);
/* v's product for `count` rows from `row` on */
void emit_product(Emit *e, const Var *v, const Row *row, LLVMValueRef count);
/* .. and from `behind` rows behind `row` on, where they lie together */
void emit_product_at(Emit *e, const Var *v, const Row *row, LLVMValueRef behind, LLVMValueRef count);
#endif

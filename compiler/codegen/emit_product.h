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

/* ---- over all rows: while every sequence is alive its rows are one block of memory; after that, those of a place */
/* do the places of the second axis lie without gaps, v's and its operand's? */
bool emit_is_one_block(const Emit *e, const Var *v);
void emit_product_library(Emit *e, const Step *s); /* by the library, from the driver */
/* By our kernel: bodies over parts of the block (or of sequences, where rows lie together in these alone) and of the
   places behind it (NULL: there are none), and what the driver does with them. */
LLVMValueRef emit_product_body(Emit *e, const Step *s, const char *name);
LLVMValueRef emit_product_late_body(Emit *e, const Step *s, const char *name);
void emit_product_calls(Emit *e, const Step *s, LLVMValueRef body, LLVMValueRef late);
#endif

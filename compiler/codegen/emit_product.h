/* emit_product.h: products inside a scan: W @ v[t-1] for the live sequences, W packed once a run. */
#ifndef RNNC_EMIT_PRODUCT_H
#define RNNC_EMIT_PRODUCT_H
#include "emit.h"

/* Makes the functions and the buffers of packed weights for all scans' products. Before any body is built. */
void emit_prepare_products(Emit *e);
/* packs the weights of one scan's products: in the driver, before the scan */
void emit_packing(Emit *e, const Step *step);
/* v's product for `count` rows from `row` on */
void emit_scan_product(Emit *e, const Var *v, const Row *row, LLVMValueRef count);
#endif

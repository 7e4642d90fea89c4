/* emit_product.h: products inside a scan: W @ v[t-1] for the live sequences, W packed once a run. */
#ifndef RNNC_EMIT_PRODUCT_H
#define RNNC_EMIT_PRODUCT_H
#include "emit.h"

/* v's product for rows row->b .. rows at time row->t */
void emit_scan_product(Emit *e, const Var *v, const Row *row, LLVMValueRef rows);
/* packs the weights of all scans' products: in the driver, before the first step */
void emit_packing(Emit *e);
#endif

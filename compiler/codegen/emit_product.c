/* emit_product.c: products inside a scan, through the library. */
#include "emit_product.h"

void emit_packing(Emit *e) { (void)e; }

void emit_scan_product(Emit *e, const Var *v, const Row *row, LLVMValueRef rows)
{
  const Expr *w = v->rhs->in[0], *x = v->rhs->in[1];
  const Expr *read = x->op == OP_SLICE ? x->in[0] : x;
  LLVMValueRef count = LLVMBuildNSWSub(e->b, rows, row->b, "");
  LLVMValueRef from = emit_place(e, x, row);
  LLVMValueRef weights = emit_place(e, w, row);
  LLVMValueRef to = emit_row_address(e, v, READ_REL, 0, row);
  emit_gemm(e, 0, !v->rhs->attr[0], count, emit_i64(e, emit_width(v)), emit_i64(e, shape_count(x->shape)), from, emit_stride(e, read->var),
            weights, w->shape.dim[1], to, emit_stride(e, v), false);
}

/* inline_math.h: transcendental functions as inline IR: no call, no table in memory, no undefined symbol in the object.

   Each function appends instructions at the builder's position and returns the result. Operands are a scalar or a fixed
   vector of float or double, all of one type. No instruction carries a fast-math flag: NaN in gives NaN out, infinities
   saturate. The result depends on the value alone, not on the lane or the vector's width; it does depend on has_fma.

   Error bounds, checked by tests/codegen/math_test.c, stand in inline_math.def. Derivative rules that use the result
   hold at saturation: |tanh| <= 1, 0 <= sigmoid <= 1, and both are exactly their limits far out. */
#ifndef RNNC_INLINE_MATH_H
#define RNNC_INLINE_MATH_H
#include "system.h"
#include <llvm-c/Core.h>
#include <stdbool.h>

/* Filled once a function by the caller (math_ctx), read only after. `b` must be the builder in use. */
typedef struct MathCtx {
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef b;
  bool has_fma;              /* llvm.fma is one instruction; else a * b + c is rounded twice */
  bool no_root32, no_root64; /* llvm.sqrt would be a call */
  bool has_round; /* llvm.floor and llvm.roundeven are instructions; else adding and subtracting 1.5 * 2^52 does it */
} MathCtx;

LLVMValueRef math_exp(MathCtx *m, LLVMValueRef a); /* denormal results are 0 */
LLVMValueRef math_expm1(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_log(MathCtx *m, LLVMValueRef a); /* log(0) = -inf, log(< 0) = NaN */
LLVMValueRef math_log1p(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_tanh(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_sigmoid(MathCtx *m, LLVMValueRef a);  /* 1 / (1 + exp(-a)) */
LLVMValueRef math_softplus(MathCtx *m, LLVMValueRef a); /* log(1 + exp(a)) */
LLVMValueRef math_erf(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_lgamma(MathCtx *m, LLVMValueRef a);  /* log of the gamma function; NaN below 0 */
LLVMValueRef math_digamma(MathCtx *m, LLVMValueRef a); /* its derivative; -inf at 0, NaN below */
/* Good to the stated bound for |a| <= 1e5; beyond, the phase drifts (f64: from 1e6) but the value stays within [-1, 1];
   NaN for infinities. */
LLVMValueRef math_sin(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_cos(MathCtx *m, LLVMValueRef a);
/* As C's pow, signed zeros apart: a < 0 with a whole b is +-|a|^b, else NaN; pow(a, 0) = pow(1, b) = 1. f32 works in
   double inside: on a machine without double, libgcc's functions are called for it. */
LLVMValueRef math_pow(MathCtx *m, LLVMValueRef a, LLVMValueRef b);

/* Not transcendental, but calls where the target lacks the instruction, so they are here. */
LLVMValueRef math_floor(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_sqrt(MathCtx *m, LLVMValueRef a); /* correctly rounded */
LLVMValueRef math_abs(MathCtx *m, LLVMValueRef a);
LLVMValueRef math_fma(MathCtx *m, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c); /* a * b + c, fused where has_fma */

/* The function of an elementwise operator by inline_math.def, in[0..); NULL when the operator is no row there. */
LLVMValueRef math_op(MathCtx *m, Op op, const LLVMValueRef *in);
#endif

/* math_build.h: short names for the instructions that inline_math.c and math_*.c are made of. Private to them.

   Everything works on a scalar or a vector of float or double; constants take the type of `like`. `bits` is the value's
   integer type. Selects are written so that a NaN operand falls through: clamp(NaN) is NaN. */
#ifndef RNNC_MATH_BUILD_H
#define RNNC_MATH_BUILD_H
#include "inline_math.h"
#include <stdint.h>

typedef LLVMValueRef V;

/* How a float or a double is laid out, and the numbers that follow from it. */
typedef struct Format {
  int mantissa; /* explicit bits */
  int64_t one;  /* bits of 1.0 */
  double magic; /* 1.5 * 2^mantissa: adding it rounds to a whole number, which then stands in the low bits */
  int64_t magic_bits;
  double least;      /* least normal number */
  double exp_top;    /* largest argument whose exp is finite */
  double exp_bottom; /* below it exp is denormal or 0 */
} Format;

const Format *math_format(V like);

V math_k(V like, double value);   /* constant of the same type */
V math_ki(V like, int64_t value); /* constant of the integer type of the same width */
V math_unary(MathCtx *m, const char *intrinsic, V a);
V math_poly(MathCtx *m, V x, const double *c, int n); /* c[0] + c[1] x + ..., Horner */
LLVMTypeRef math_bits_type(V like);
LLVMTypeRef math_as_element(V like,
                            LLVMTypeRef element); /* element, or a vector of as many of it as `like` has lanes */

/* exp's reduction: a + tail = n ln2 + r, |r| <= ln2 / 2; *shifted = n << mantissa as integers, to be added to a float's
 * bits. */
V math_exp_reduce(MathCtx *m, V a, V tail /* NULL: 0 */, V *shifted);
V math_expm1_poly(MathCtx *m, V r);            /* exp(r) - 1 on the reduced range */
V math_exp_unchecked(MathCtx *m, V a, V tail); /* exp(a + tail) for exp_bottom <= a <= exp_top; elsewhere anything */

static inline V add(MathCtx *m, V a, V b) { return LLVMBuildFAdd(m->b, a, b, ""); }
static inline V sub(MathCtx *m, V a, V b) { return LLVMBuildFSub(m->b, a, b, ""); }
static inline V mul(MathCtx *m, V a, V b) { return LLVMBuildFMul(m->b, a, b, ""); }
static inline V fdiv(MathCtx *m, V a, V b) { return LLVMBuildFDiv(m->b, a, b, ""); }
static inline V neg(MathCtx *m, V a) { return LLVMBuildFNeg(m->b, a, ""); }
static inline V fma3(MathCtx *m, V a, V b, V c) { return math_fma(m, a, b, c); }
static inline V is(MathCtx *m, LLVMRealPredicate p, V a, V b) { return LLVMBuildFCmp(m->b, p, a, b, ""); }
static inline V pick(MathCtx *m, V condition, V yes, V no) { return LLVMBuildSelect(m->b, condition, yes, no, ""); }
static inline V to_bits(MathCtx *m, V a) { return LLVMBuildBitCast(m->b, a, math_bits_type(a), ""); }
static inline V from_bits(MathCtx *m, V bits, V like) { return LLVMBuildBitCast(m->b, bits, LLVMTypeOf(like), ""); }
static inline V iadd(MathCtx *m, V a, V b) { return LLVMBuildAdd(m->b, a, b, ""); }
static inline V at_least(MathCtx *m, V a, double low)
{
  V k = math_k(a, low);
  return pick(m, is(m, LLVMRealOGT, k, a), k, a);
}
static inline V at_most(MathCtx *m, V a, double high)
{
  V k = math_k(a, high);
  return pick(m, is(m, LLVMRealOLT, k, a), k, a);
}
V math_copysign(MathCtx *m, V size, V sign);
V math_whole_root(MathCtx *m, V a); /* sqrt of a scalar, in whole numbers */
#endif

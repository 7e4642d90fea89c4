/* math_root.c: the square root where the machine has none: bit by bit, in whole numbers, correctly rounded.
   Needs: scalars (a machine without a root has no vectors of reals). Leaves: one internal function a type. */
#include "math_build.h"

/* Whole numbers of the operand's width, and stack slots of them. */
typedef struct Slot {
  LLVMBuilderRef b;
  LLVMTypeRef type;
} Slot;

static V number(Slot s, int64_t v) { return LLVMConstInt(s.type, (unsigned long long)v, 1); }
static V now(Slot s, V slot) { return LLVMBuildLoad2(s.b, s.type, slot, ""); }

/* Digits of the root of a mantissa m in [2^k, 2^(k+2)), k even: for r = 2^(mantissa+1) .. 1, the digit r is 1 where
   2 root + r is no more than what is left of m. */
static V digits(MathCtx *m, Slot s, V fn, V mantissa, int bits)
{
  LLVMBuilderRef b = m->b;
  V rest = LLVMBuildAlloca(b, s.type, "rest"), twice = LLVMBuildAlloca(b, s.type, "twice"),
    root = LLVMBuildAlloca(b, s.type, "root"), digit = LLVMBuildAlloca(b, s.type, "digit");
  LLVMBuildStore(b, LLVMBuildShl(b, mantissa, number(s, 1), ""), rest);
  LLVMBuildStore(b, number(s, 0), twice);
  LLVMBuildStore(b, number(s, 0), root);
  LLVMBuildStore(b, number(s, (int64_t)1 << (bits + 1)), digit);
  LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(m->context, fn, "digit"),
                    done = LLVMAppendBasicBlockInContext(m->context, fn, "done");
  LLVMBuildBr(b, loop);

  LLVMPositionBuilderAtEnd(b, loop);
  V d = now(s, digit), r = now(s, rest), t = LLVMBuildAdd(b, now(s, twice), d, "");
  V fits = LLVMBuildICmp(b, LLVMIntULE, t, r, "");
  V less = LLVMBuildSelect(b, fits, LLVMBuildSub(b, r, t, ""), r, "");
  LLVMBuildStore(b, LLVMBuildShl(b, less, number(s, 1), ""), rest);
  V more = LLVMBuildSelect(b, fits, d, number(s, 0), "");
  LLVMBuildStore(b, LLVMBuildAdd(b, now(s, root), more, ""), root);
  LLVMBuildStore(b, LLVMBuildAdd(b, now(s, twice), LLVMBuildShl(b, more, number(s, 1), ""), ""), twice);
  V next = LLVMBuildLShr(b, d, number(s, 1), "");
  LLVMBuildStore(b, next, digit);
  LLVMBuildCondBr(b, LLVMBuildIsNotNull(b, next, ""), loop, done);

  LLVMPositionBuilderAtEnd(b, done);
  return now(s, root);
}

/* NAME(a): a positive normal number has the root's exponent and digits; a denormal one is brought into range first;
   0, inf and NaN are their own roots, and what is negative has none. */
static void define(MathCtx *m, V fn)
{
  V a = LLVMGetParam(fn, 0);
  const Format *f = math_format(a);
  Slot s = {m->b, math_bits_type(a)};
  LLVMPositionBuilderAtEnd(m->b, LLVMAppendBasicBlockInContext(m->context, fn, "entry"));
  int even = (f->mantissa + 2) / 2 * 2; /* what a denormal is raised by */
  V small = is(m, LLVMRealOLT, a, math_k(a, f->least));
  V raised = pick(m, small, mul(m, a, math_k(a, (double)((int64_t)1 << even))), a), bits = to_bits(m, raised);
  V field = LLVMBuildLShr(m->b, bits, number(s, f->mantissa), "");
  V bias = number(s, f->one >> f->mantissa);
  V exponent = LLVMBuildSub(m->b, field, bias, ""), odd = LLVMBuildAnd(m->b, exponent, number(s, 1), "");
  int64_t hidden = (int64_t)1 << f->mantissa;
  V mantissa = LLVMBuildOr(m->b, LLVMBuildAnd(m->b, bits, number(s, hidden - 1), ""), number(s, hidden), "");
  V root = digits(m, s, fn, LLVMBuildShl(m->b, mantissa, odd, ""), f->mantissa);
  /* one digit more than there is room for: it is the half, which is rounded up: a root never lies half way */
  root = LLVMBuildLShr(m->b, LLVMBuildAdd(m->b, root, number(s, 1), ""), number(s, 1), "");
  V half = LLVMBuildAShr(m->b, exponent, number(s, 1), "");
  half = LLVMBuildSub(m->b, half, pick(m, small, number(s, even / 2), number(s, 0)), "");
  half = LLVMBuildShl(m->b, iadd(m, half, LLVMBuildSub(m->b, bias, number(s, 1), "")), number(s, f->mantissa), "");
  V y = from_bits(m, iadd(m, root, half), a);
  double infinity = 1.0 / 0.0;
  V itself = LLVMBuildOr(m->b, is(m, LLVMRealUEQ, a, math_k(a, 0)), is(m, LLVMRealUEQ, a, math_k(a, infinity)), "");
  y = pick(m, itself, a, y);
  y = pick(m, is(m, LLVMRealOLT, a, math_k(a, 0)), math_k(a, __builtin_nan("")), y);
  LLVMBuildRet(m->b, y);
}

V math_whole_root(MathCtx *m, V a)
{
  LLVMTypeRef type = LLVMTypeOf(a), fn_type = LLVMFunctionType(type, &type, 1, 0);
  const char *name = math_format(a)->mantissa > 23 ? "rnnc.sqrt.f64" : "rnnc.sqrt.f32";
  V fn = LLVMGetNamedFunction(m->module, name);
  if (!fn) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(m->b);
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2(m->b);
    LLVMSetCurrentDebugLocation2(m->b, NULL);
    fn = LLVMAddFunction(m->module, name, fn_type);
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    define(m, fn);
    LLVMPositionBuilderAtEnd(m->b, here);
    LLVMSetCurrentDebugLocation2(m->b, place);
  }
  return LLVMBuildCall2(m->b, fn_type, fn, &a, 1, "");
}

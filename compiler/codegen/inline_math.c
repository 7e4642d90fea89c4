/* inline_math.c: the exponential family, erf, and the tools that the other math files share.
   Needs: a builder in a function. Leaves: nothing but appended instructions.

   Each function is a reduction to a small range, a minimax polynomial or rational function there (coefficients by the
   Remez algorithm in 160 bits, rounded one after the other), and a reconstruction. `Horner` everywhere: throughput
   counts, not latency. */
#include "math_build.h"
#include <string.h>

static const Format formats[2] = {
    {23, 0x3f800000, 0x1.8p23, 0x4b400000, 0x1p-126, 88.72283172607421875, -87.33654022216796875},
    {52, 0x3ff0000000000000, 0x1.8p52, 0x4338000000000000, 0x1p-1022, 0x1.62e42fefa39efp9, -708.396418532264},
};

/* ---- tools ---- */

static LLVMTypeRef element_of(LLVMTypeRef t)
{
  return LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMGetElementType(t) : t;
}

static bool is_double(V a) { return LLVMGetTypeKind(element_of(LLVMTypeOf(a))) == LLVMDoubleTypeKind; }

const Format *math_format(V like) { return &formats[is_double(like)]; }

LLVMTypeRef math_as_element(V like, LLVMTypeRef element)
{
  LLVMTypeRef t = LLVMTypeOf(like);
  return LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMVectorType(element, LLVMGetVectorSize(t)) : element;
}

LLVMTypeRef math_bits_type(V like)
{
  LLVMContextRef c = LLVMGetTypeContext(LLVMTypeOf(like));
  return math_as_element(like, is_double(like) ? LLVMInt64TypeInContext(c) : LLVMInt32TypeInContext(c));
}

/* The widest vector that anyone emits has 16 lanes on x86; 64 leaves room. */
static V splat(LLVMTypeRef type, V one)
{
  if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) return one;
  unsigned n = LLVMGetVectorSize(type);
  V lane[64];
  if (n > 64) return NULL;
  for (unsigned i = 0; i < n; i++) lane[i] = one;
  return LLVMConstVector(lane, n);
}

V math_k(V like, double value)
{
  LLVMTypeRef t = LLVMTypeOf(like);
  return splat(t, LLVMConstReal(element_of(t), value));
}

V math_ki(V like, int64_t value)
{
  LLVMTypeRef t = math_bits_type(like);
  return splat(t, LLVMConstInt(element_of(t), (unsigned long long)value, true));
}

static V intrinsic(MathCtx *m, const char *name, V *arg, unsigned n)
{
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMTypeRef t = LLVMTypeOf(arg[0]);
  V f = LLVMGetIntrinsicDeclaration(m->module, id, &t, 1);
  return LLVMBuildCall2(m->b, LLVMGlobalGetValueType(f), f, arg, n, "");
}

V math_unary(MathCtx *m, const char *name, V a) { return intrinsic(m, name, &a, 1); }
V math_abs(MathCtx *m, V a) { return math_unary(m, "llvm.fabs", a); }
V math_sqrt(MathCtx *m, V a)
{
  bool none = is_double(a) ? m->no_root64 : m->no_root32;
  return none && LLVMGetTypeKind(LLVMTypeOf(a)) != LLVMVectorTypeKind ? math_whole_root(m, a)
                                                                      : math_unary(m, "llvm.sqrt", a);
}
V math_copysign(MathCtx *m, V size, V sign) { return intrinsic(m, "llvm.copysign", (V[]){size, sign}, 2); }

V math_fma(MathCtx *m, V a, V b, V c)
{
  if (!m->has_fma) return add(m, mul(m, a, b), c);
  return intrinsic(m, "llvm.fma", (V[]){a, b, c}, 3);
}

V math_floor(MathCtx *m, V a)
{
  if (m->has_round) return math_unary(m, "llvm.floor", a);
  /* round to the nearest whole number below 2^mantissa by adding and subtracting that power; one too high where it
   * rounded up */
  V power = math_k(a, math_format(a)->magic / 1.5), size = math_abs(m, a);
  V near = sub(m, add(m, size, power), power);
  near = math_copysign(m, near, a);
  V down = sub(m, near, math_k(a, 1));
  V whole = pick(m, is(m, LLVMRealOGT, near, a), down, near);
  return pick(m, is(m, LLVMRealOLT, size, power), whole, a);
}

V math_poly(MathCtx *m, V x, const double *c, int n)
{
  V y = math_k(x, c[n - 1]);
  for (int i = n - 2; i >= 0; i--) y = fma3(m, y, x, math_k(x, c[i]));
  return y;
}
#define POLY(m, x, c) math_poly((m), (x), (c), (int)(sizeof(c) / sizeof *(c)))

/* ---- exp and its kin ---- */

V math_exp_reduce(MathCtx *m, V a, V tail, V *shifted)
{
  const Format *f = math_format(a);
  /* ln2 in two parts, the first short enough that n times it is exact without a fused multiply-add */
  double high = is_double(a) ? 0x1.62e42feep-1 : 0x1.63p-1,
         low = is_double(a) ? 0x1.a39ef35793c76p-33 : -0x1.bd0106p-13;
  V t = fma3(m, a, math_k(a, 0x1.71547652b82fep0), math_k(a, f->magic));
  V n = sub(m, t, math_k(a, f->magic));
  V r = fma3(m, n, math_k(a, -high), a);
  V low_part = math_k(a, -low);
  r = tail ? add(m, r, fma3(m, n, low_part, tail)) : fma3(m, n, low_part, r);
  V bits = to_bits(m, t);
  *shifted = LLVMBuildShl(m->b, bits, math_ki(a, f->mantissa), "");
  return r;
}

/* exp(r) = 1 + r + r^2 Q(r), relative to exp: 2^-28 */
static const double exp_f32[] = {1, 1, 0x1.fffffcp-2, 0x1.555488p-3, 0x1.555842p-5, 0x1.1240dep-7, 0x1.6ae80ap-10};
/* the same Q relative to exp(r) - 1: 2^-31, 2^-68 */
static const double expm1_f32[] = {0x1p-1, 0x1.555554p-3, 0x1.5554eap-5, 0x1.1113a2p-7, 0x1.6d4be2p-10, 0x1.9c8d8ep-13};
static const double expm1_f64[] = {0x1.0000000000000p-1,  0x1.5555555555555p-3,  0x1.555555555555ap-5,
                                   0x1.11111111113bap-7,  0x1.6c16c16c13fadp-10, 0x1.a01a019e72dbcp-13,
                                   0x1.a01a01b305735p-16, 0x1.71de416285e8fp-19, 0x1.27e4bfd6b3615p-22,
                                   0x1.ae493c5de5a88p-26, 0x1.1f9eea403dab3p-29, 0x1.87ef5dea86bbcp-33};

V math_expm1_poly(MathCtx *m, V r)
{
  V q = is_double(r) ? POLY(m, r, expm1_f64) : POLY(m, r, expm1_f32);
  V square = mul(m, r, r);
  return fma3(m, square, q, r);
}

static V exp_poly(MathCtx *m, V r)
{
  return is_double(r) ? add(m, math_expm1_poly(m, r), math_k(r, 1)) : POLY(m, r, exp_f32);
}

V math_exp_unchecked(MathCtx *m, V a, V tail)
{
  V shifted;
  V r = math_exp_reduce(m, a, tail, &shifted);
  V bits = to_bits(m, exp_poly(m, r));
  return from_bits(m, iadd(m, bits, shifted), a);
}

V math_exp(MathCtx *m, V a)
{
  const Format *f = math_format(a);
  V y = math_exp_unchecked(m, a, NULL);
  V above = add(m, a, math_k(a, __builtin_inf())); /* inf, and NaN for NaN */
  y = pick(m, is(m, LLVMRealOLE, a, math_k(a, f->exp_top)), y, above);
  return pick(m, is(m, LLVMRealOLT, a, math_k(a, f->exp_bottom)), math_k(a, 0), y);
}

/* (exp(a) - 1) / 2 = 2^n / 2 (exp(r) - 1) + (2^n / 2 - 1/2): halved, so that 2^1024 does not overflow; the second term
 * is exact */
static V half_expm1(MathCtx *m, V a)
{
  const Format *f = math_format(a);
  V shifted;
  V r = math_exp_reduce(m, a, NULL, &shifted);
  V q = math_expm1_poly(m, r);
  V scale = from_bits(m, iadd(m, shifted, math_ki(a, f->one - (1LL << f->mantissa))), a);
  return fma3(m, scale, q, sub(m, scale, math_k(a, 0.5)));
}

V math_expm1(MathCtx *m, V a)
{
  V low = at_least(m, a, is_double(a) ? -50 : -30); /* -1 to the last bit */
  V y = half_expm1(m, at_most(m, low, is_double(a) ? 709.9 : 89));
  return add(m, y, y); /* overflows to inf by itself */
}

/* tanh(x) = e / (e + 2), e = exp(2x) - 1. A rational function of x^2 is as quick but twice as far off where it nears 1.
 */
V math_tanh(MathCtx *m, V a)
{
  V size = math_abs(m, a);
  V twice = add(m, size, size);
  V h = half_expm1(m, at_most(m, twice, is_double(a) ? 50 : 30)); /* there exp swallows the 2: exactly 1 */
  return math_copysign(m, fdiv(m, h, add(m, h, math_k(a, 1))), a);
}

V math_sigmoid(MathCtx *m, V a)
{
  const Format *f = math_format(a);
  V minus = neg(m, at_most(m, a, is_double(a) ? 40 : 20)); /* 1 + exp(-40) is 1 */
  V shifted;
  V r = math_exp_reduce(m, minus, NULL, &shifted);
  V p = exp_poly(m, r);
  V scale = from_bits(m, iadd(m, shifted, math_ki(a, f->one)), a);
  V one = math_k(a, 1);
  V y = fdiv(m, one, fma3(m, p, scale, one)); /* NaN passes through p */
  return pick(m, is(m, LLVMRealOLT, a, math_k(a, f->exp_bottom)), math_k(a, 0), y);
}

/* log(1 + e) = 2 atanh(s), s = e / (2 + e) <= 1/3: 2s + s^3 R(s^2), to 2^-33, 2^-69 */
static const double atanh_f32[] = {0x1.555558p-1, 0x1.9996d8p-2, 0x1.250514p-2, 0x1.b72ad8p-3, 0x1.f090aap-3};
static const double atanh_f64[] = {0x1.5555555555555p-1, 0x1.9999999999affp-2, 0x1.2492492482028p-2,
                                   0x1.c71c71d2f631ap-3, 0x1.745d14c220caep-3, 0x1.3b140785992cdp-3,
                                   0x1.11096efb352fep-3, 0x1.e2ca57f51dca0p-4, 0x1.a5e1a52c6cbb4p-4,
                                   0x1.c3fae3cfb177ap-4, 0x1.a0991315b82e0p-6, 0x1.ada4139ed81d8p-3};

V math_softplus(MathCtx *m, V a)
{
  V e = math_exp(m, neg(m, math_abs(m, a)));
  V s = fdiv(m, e, add(m, e, math_k(a, 2)));
  V z = mul(m, s, s);
  V r = is_double(a) ? POLY(m, z, atanh_f64) : POLY(m, z, atanh_f32);
  V log = fma3(m, mul(m, s, z), r, add(m, s, s));
  return add(m, at_least(m, a, 0), log);
}

/* ---- erf ---- */

/* Near 0: x P(x^2); beyond: 1 - exp(G(|x|)), G = log(erfc) as far as it matters for erf. To 2^-30 and 2^-29, 2^-62 and
 * 2^-62 */
static const double erf_small_f32[] = {0x1.20dd76p0,  -0x1.812870p-2,  0x1.ce68bap-4, -0x1.bc46b8p-6,
                                       0x1.7813b0p-8, -0x1.5dba84p-10, 0x1.1e0302p-12};
static const double erfc_log_f32[] = {-0x1.9a6b6cp-13, -0x1.20af58p0,  -0x1.463cc8p-1, -0x1.a9b3fap-4,
                                      0x1.6c2a10p-6,   -0x1.8ee09ep-9, 0x1.9ae7a2p-13};
static const double erf_small_f64[] = {0x1.20dd750429b6dp+0,   -0x1.812746b037999p-2,  0x1.ce2f21a03f30bp-4,
                                       -0x1.b82ce311837b0p-6,  0x1.565bcce78a665p-8,   -0x1.c02dad2822785p-11,
                                       0x1.f9a262ebc9658p-14,  -0x1.f4c3e09dbadf0p-17, 0x1.b92f648a53560p-20,
                                       -0x1.596d7684a2284p-23, 0x1.bbca15e673757p-27,  -0x1.06ba3235d5463p-31,
                                       -0x1.b40c46c929469p-35};
static const double erfc_log_f64[] = {
    -0x1.3ebd2bb3b283dp-26, -0x1.20dd726198d37p+0,  -0x1.45f3180b10781p-1,  -0x1.a4f4689e3e13fp-4,
    0x1.3970610c11f68p-6,   0x1.9f7170387cefdp-13,  -0x1.b5ca026f8aca9p-10, 0x1.1f36f78493e3dp-11,
    0x1.a92694486f3e1p-16,  -0x1.d8e784d3adeeap-14, 0x1.138cfd9eaa4cfp-14,  -0x1.9d612d7951bb1p-16,
    0x1.ceb5c9e94ea72p-18,  -0x1.91d39417df479p-20, 0x1.101271b9f3f8bp-22,  -0x1.1b37ae992c4e0p-25,
    0x1.b6daa72b83113p-29,  -0x1.dd2bd4141ad3fp-33, 0x1.44ea3020f809cp-37,  -0x1.a0e96d78a0c13p-43};

V math_erf(MathCtx *m, V a)
{
  bool wide = is_double(a);
  V size = math_abs(m, a), one = math_k(a, 1);
  V z = mul(m, a, a);
  V small = mul(m, a, wide ? POLY(m, z, erf_small_f64) : POLY(m, z, erf_small_f32));
  V far = at_most(m, size, wide ? 6 : 4); /* beyond, erfc is below half an ulp of 1 */
  V log = wide ? POLY(m, far, erfc_log_f64) : POLY(m, far, erfc_log_f32);
  V large = math_copysign(m, sub(m, one, math_exp_unchecked(m, log, NULL)), a);
  return pick(m, is(m, LLVMRealOGT, size, math_k(a, wide ? 1 : 0.9375)), large, small); /* NaN takes `small` */
}

/* ---- dispatch ---- */

V math_op(MathCtx *m, Op op, const V *in)
{
  switch (op) {
#define MATH1(op, function, ulp32, ulp64)                                                                              \
  case OP_##op: return function(m, in[0]);
#define MATH2(op, function, ulp32, ulp64)                                                                              \
  case OP_##op: return function(m, in[0], in[1]);
#include "inline_math.def"
#undef MATH1
#undef MATH2
  default: return NULL;
  }
}

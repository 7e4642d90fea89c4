/* math_gamma.c: the logarithm of the gamma function and its derivative, for a >= 0.
   Needs: as inline_math.c. Leaves: as inline_math.c.

   Below 8 a is led to z in [1, 2) by gamma(a) = (a - 1) gamma(a - 1), or from below 1 by gamma(a) = gamma(a + 1) / a,
   all exactly, since what is kept is z - 1. There the function is its zero times a polynomial in z - 3/2 (interpolated
   at Chebyshev's points in 200 bits), so that the error is relative to the value near the zeros 1, 2 and 1.4616 too.
   From 8 on it is Stirling's series. */
#include "math_build.h"

/* log gamma(z) / ((z - 1) (z - 2)), to 2^-30, 2^-61 */
static const double lgamma_f32[] = {0x1.eeb95cp-2,  -0x1.2aed06p-3,  0x1.01af64p-4, -0x1.0079a6p-5,
                                    0x1.1332e2p-6,  -0x1.353552p-7,  0x1.655f82p-8, -0x1.988c90p-9,
                                    0x1.e89b34p-10, -0x1.8fa284p-10, 0x1.ea2c9ap-11};
static const double lgamma_f64[] = {
    0x1.eeb95b094c191p-2,  -0x1.2aed059bd608ap-3,  0x1.01af62a2929e8p-4,  -0x1.007aa83cee106p-5,
    0x1.1334235278e97p-6,  -0x1.34dbda14a534ep-7,  0x1.64f066526297dp-8,  -0x1.a5035229e81b4p-9,
    0x1.f814b7a8ea944p-10, -0x1.313e8bbbf0a5cp-10, 0x1.750aeafce189cp-11, -0x1.cb449093f4d2bp-12,
    0x1.1c73d7bb3879ap-12, -0x1.624418c291d11p-13, 0x1.bb1b2f70eda70p-14, -0x1.153682ea04d6ap-14,
    0x1.5d42c628edbecp-15, -0x1.caf7091c01f9bp-16, 0x1.22f60ff768e29p-16, -0x1.0f1aa0b730e2ep-17,
    0x1.5841c8f950e54p-18, -0x1.0b7547cbef874p-17, 0x1.5690ac55f96fcp-18};
/* digamma(z) / (z - 1.4616), to 2^-30, 2^-61 */
static const double digamma_f32[] = {0x1.e6f0ccp-1, -0x1.b1cb62p-2, 0x1.eca1a0p-3, -0x1.2feefap-3,
                                     0x1.850a9cp-4, -0x1.fb3912p-5, 0x1.4f0004p-5, -0x1.bb6bbap-6,
                                     0x1.152398p-6, -0x1.708afcp-7, 0x1.6fc2a8p-7, -0x1.ea009cp-8};
static const double digamma_f64[] = {
    0x1.e6f0cbb873616p-1,  -0x1.b1cb63005ee96p-2,  0x1.eca189b8e6f7bp-3,  -0x1.2feeeb98a7e14p-3,
    0x1.8512e59037f3fp-4,  -0x1.fb4420299c39ep-5,  0x1.4de9aa17fed5cp-5,  -0x1.b9f8b14eb372ep-6,
    0x1.256471573c163p-6,  -0x1.8635595c28480p-7,  0x1.03c0b29031197p-7,  -0x1.5a07ffdcf1525p-8,
    0x1.cd1f2dbc0dbedp-9,  -0x1.335166d938f39p-9,  0x1.99e14548a2d9bp-10, -0x1.1138fd323dc0cp-10,
    0x1.69be71d89ad40p-11, -0x1.e24e3f4fdc1dcp-12, 0x1.56ae8897d5d3dp-12, -0x1.c8e71b670fd14p-13,
    0x1.80c273fb322c5p-14, -0x1.0081238b97022p-14, 0x1.0080971c5617fp-13, -0x1.5600aebc07538p-14};
/* the zero of digamma less 1, in two parts: f32, f64 */
static const double zero_high[] = {0x1.d8b618p-2, 0x1.d8b618d5af8fep-2},
                    zero_low[] = {0x1.ab5f2p-27, -0x1.1e563779a1f5bp-56};
/* Stirling: in 1 / a^2, lgamma's over a */
static const double lgamma_far[] = {1. / 12,   -1. / 360,      1. / 1260, -1. / 1680,
                                    1. / 1188, -691. / 360360, 1. / 156,  -3617. / 122400};
static const double digamma_far[] = {0,         -1. / 12,     1. / 120, -1. / 252,    1. / 240,
                                     -1. / 132, 691. / 32760, -1. / 12, 3617. / 8160, -43867. / 14364};
enum { FROM = 8 }; /* where Stirling begins */

static bool wide(V a) { return math_format(a)->mantissa == 52; }
static V poly(MathCtx *m, V x, const double *f32, int n32, const double *f64, int n64)
{
  return wide(x) ? math_poly(m, x, f64, n64) : math_poly(m, x, f32, n32);
}
#define POLY(m, x, name) poly(m, x, name##_f32, (int)(sizeof name##_f32 / 8), name##_f64, (int)(sizeof name##_f64 / 8))

/* z - 1 in [0, 1) for a < 8: a itself below 1 */
static V first_part(MathCtx *m, V a, V below_one) { return pick(m, below_one, a, sub(m, a, math_k(a, 1))); }

V math_lgamma(MathCtx *m, V a)
{
  V one = math_k(a, 1), below_one = is(m, LLVMRealOLT, a, one), far = is(m, LLVMRealOGE, a, math_k(a, FROM));
  V z = first_part(m, a, below_one), product = pick(m, below_one, a, one);
  for (int i = 0; i < FROM - 2; i++) {
    V more = is(m, LLVMRealOGE, z, one);
    product = pick(m, more, mul(m, product, z), product);
    z = pick(m, more, sub(m, z, one), z);
  }
  V log = math_log(m, pick(m, far, a, product));
  V zeros = mul(m, z, sub(m, z, one));
  V near = fma3(m, zeros, POLY(m, sub(m, z, math_k(a, 0.5)), lgamma), pick(m, below_one, neg(m, log), log));

  V inverse = fdiv(m, one, a);
  V series = math_poly(m, mul(m, inverse, inverse), lgamma_far, wide(a) ? 8 : 3);
  V rest = fma3(m, inverse, series, math_k(a, 0.41893853320467274178)); /* log(2 pi) / 2 - 1 / 2 */
  return pick(m, far, fma3(m, sub(m, a, math_k(a, 0.5)), sub(m, log, one), rest), near);
}

V math_digamma(MathCtx *m, V a)
{
  V one = math_k(a, 1), zero = math_k(a, 0);
  V below_one = is(m, LLVMRealOLT, a, one), far = is(m, LLVMRealOGE, a, math_k(a, FROM));
  V z = first_part(m, a, below_one);
  V above = pick(m, below_one, math_k(a, -1), zero), under = pick(m, below_one, a, one); /* the sum of 1 / z so far */
  for (int i = 0; i < FROM - 2; i++) {
    V more = is(m, LLVMRealOGE, z, one);
    above = pick(m, more, fma3(m, above, z, under), above);
    under = pick(m, more, mul(m, under, z), under);
    z = pick(m, more, sub(m, z, one), z);
  }
  V from_zero = sub(m, sub(m, z, math_k(a, zero_high[wide(a)])), math_k(a, zero_low[wide(a)]));
  V near = fma3(m, from_zero, POLY(m, sub(m, z, math_k(a, 0.5)), digamma), fdiv(m, above, under));

  V inverse = fdiv(m, one, a);
  V series = math_poly(m, mul(m, inverse, inverse), digamma_far, wide(a) ? 10 : 4);
  V y = pick(m, far, add(m, math_log(m, a), fma3(m, inverse, math_k(a, -0.5), series)), near);
  V outside = pick(m, is(m, LLVMRealOEQ, a, zero), math_k(a, -__builtin_inf()), math_k(a, __builtin_nan("")));
  return pick(m, is(m, LLVMRealUGT, a, zero), y, outside);
}

/* math_log.c: log, log1p and pow.
   Needs: as inline_math.c. Leaves: as inline_math.c.

   a = 2^e m with m in [sqrt(1/2), sqrt(2)); with f = m - 1 and s = f / (2 + f), log(1 + f) = 2s + s^3 R(s^2), arranged
   as in FreeBSD's e_log.c so that the rounding of s costs nothing: f - (f^2/2 - s (f^2/2 + s^2 R)). */
#include "math_build.h"

/* to 2^-37, 2^-66 */
static const double log_f32[] = {0x1.555554p-1, 0x1.999c26p-2, 0x1.23d3eep-2, 0x1.f135cap-3};
static const double log_f64[] = {0x1.5555555555555p-1, 0x1.9999999999d14p-2, 0x1.24924924391fcp-2,
                                 0x1.c71c724bf4583p-3, 0x1.745ce195e8978p-3, 0x1.3b202e14ee225p-3,
                                 0x1.0f665be12c6f7p-3, 0x1.0f168fceaac4bp-3};

static bool wide(V a) { return math_format(a)->mantissa == 52; }

static V log_poly(MathCtx *m, V z) { return wide(z) ? math_poly(m, z, log_f64, 8) : math_poly(m, z, log_f32, 4); }

typedef struct Split {
  V e, f; /* a = 2^e (1 + f), both as floats */
} Split;

/* For a > 0 and finite; others give anything. denormal: a may be below the least normal number. */
static Split split(MathCtx *m, V a, bool denormal)
{
  const Format *f = math_format(a);
  int64_t one_exponent = 1LL << f->mantissa, bias = f->mantissa == 52 ? 1024 : 128;
  double up = f->mantissa == 52 ? 54 : 25;
  V tiny = NULL;
  if (denormal) {
    tiny = is(m, LLVMRealOLT, a, math_k(a, f->least));
    a = pick(m, tiny, mul(m, a, math_k(a, f->mantissa == 52 ? 0x1p54 : 0x1p25)), a);
  }
  /* subtracting sqrt(1/2)'s bits carries into the exponent exactly where m >= sqrt(1/2); the bias keeps it positive, so
     that a logical shift will do (AVX2 has no arithmetic one for 64 bits, and no conversion of 64-bit integers either)
   */
  int64_t root = f->mantissa == 52 ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  V bits = to_bits(m, a);
  V biased = iadd(m, bits, math_ki(a, bias * one_exponent - root));
  V e_bits = LLVMBuildLShr(m->b, biased, math_ki(a, f->mantissa), "");
  V e = sub(m, from_bits(m, iadd(m, e_bits, math_ki(a, f->magic_bits)), a), math_k(a, f->magic + (double)bias));
  if (denormal) e = pick(m, tiny, sub(m, e, math_k(a, up)), e);
  V exponent = LLVMBuildAnd(m->b, biased, math_ki(a, ~(one_exponent - 1)), "");
  V mantissa = iadd(m, LLVMBuildSub(m->b, bits, exponent, ""), math_ki(a, bias * one_exponent));
  V whole = from_bits(m, mantissa, a);
  return (Split){e, sub(m, whole, math_k(a, 1))};
}

static double ln2_high(V a) { return wide(a) ? 0x1.62e42feep-1 : 0x1.63p-1; } /* e times it is exact */
static double ln2_low(V a) { return wide(a) ? 0x1.a39ef35793c76p-33 : -0x1.bd0106p-13; }

/* log(u (1 + c / u)) for tiny c/u, given as `correction` (NULL: 0), with every special case of log(u) */
static V log_of(MathCtx *m, V u, V correction, bool denormal)
{
  Split p = split(m, u, denormal);
  V s = fdiv(m, p.f, add(m, p.f, math_k(u, 2)));
  V z = mul(m, s, s);
  V r = mul(m, z, log_poly(m, z));
  V half_square = mul(m, mul(m, p.f, math_k(u, 0.5)), p.f);
  V low = mul(m, p.e, math_k(u, ln2_low(u)));
  if (correction) low = add(m, low, correction);
  V inner = fma3(m, s, add(m, half_square, r), low);
  V y = sub(m, mul(m, p.e, math_k(u, ln2_high(u))), sub(m, sub(m, half_square, inner), p.f));

  V zero = math_k(u, 0), inf = math_k(u, __builtin_inf());
  V outside = pick(m, is(m, LLVMRealOEQ, u, zero), neg(m, inf), math_k(u, __builtin_nan("")));
  y = pick(m, is(m, LLVMRealOLT, u, inf), y, u); /* inf and NaN */
  return pick(m, is(m, LLVMRealUGT, u, zero), y, outside);
}

V math_log(MathCtx *m, V a) { return log_of(m, a, NULL, true); }

/* 1 + a is rounded; what was lost, over 1 + a, is the derivative's share of the error */
V math_log1p(MathCtx *m, V a)
{
  V one = math_k(a, 1);
  V u = add(m, a, one);
  V lost = sub(m, a, sub(m, u, one));
  return log_of(m, u, fdiv(m, lost, u), false);
}

/* ---- pow ---- */

/* a b = product + error exactly; without a fused multiply-add by Dekker's splitting */
static V product(MathCtx *m, V a, V b, V *error)
{
  V p = mul(m, a, b);
  if (m->has_fma) {
    *error = fma3(m, a, b, neg(m, p));
    return p;
  }
  V part[2][2], x[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    V wide_part = mul(m, x[i], math_k(a, 0x1p27 + 1));
    part[i][0] = sub(m, wide_part, sub(m, wide_part, x[i]));
    part[i][1] = sub(m, x[i], part[i][0]);
  }
  V e = sub(m, mul(m, part[0][0], part[1][0]), p);
  e = add(m, e, mul(m, part[0][0], part[1][1]));
  e = add(m, e, mul(m, part[0][1], part[1][0]));
  *error = add(m, e, mul(m, part[0][1], part[1][1]));
  return p;
}

/* s^3 R(s^2) = the result + low, for s + s_low: R's first term, 2/3, to twice the digits, since it is up to a hundredth
   of the logarithm, which pow multiplies by 700 */
static V cubic_in_two(MathCtx *m, V s, V s_low, V *low)
{
  V square_error, cube_error, error;
  V z = product(m, s, s, &square_error);
  V z_low = fma3(m, add(m, s, s), s_low, square_error);
  V cube = product(m, s, z, &cube_error);
  V cube_low = add(m, cube_error, fma3(m, s, z_low, mul(m, s_low, z)));
  V c = product(m, cube, math_k(s, log_f64[0]), &error);
  V rest = mul(m, mul(m, cube, z), math_poly(m, z, log_f64 + 1, 7));
  rest = fma3(m, cube, math_k(s, 0x1.5555555555555p-55), rest); /* 2/3 is not log_f64[0] */
  *low = add(m, error, fma3(m, cube_low, math_k(s, log_f64[0]), rest));
  return c;
}

/* log(a) = high + low to about 2^-63 relative, for finite a > 0 in double */
static V log_in_two(MathCtx *m, V a, V *low)
{
  Split p = split(m, a, true);
  V two = math_k(a, 2);
  V d = add(m, p.f, two), d_low = add(m, sub(m, two, d), p.f);
  V s = fdiv(m, p.f, d), error;
  V back = product(m, s, d, &error); /* what the division left over gives s's tail */
  V rest = sub(m, sub(m, sub(m, p.f, back), error), mul(m, s, d_low));
  V s_low = fdiv(m, rest, d), cubic_low;
  V cubic = cubic_in_two(m, s, s_low, &cubic_low);

  V e_high = mul(m, p.e, math_k(a, ln2_high(a))), twice = add(m, s, s);
  V most = add(m, e_high, twice), most_low = add(m, sub(m, e_high, most), twice);
  V sum = add(m, most, cubic), sum_low = add(m, sub(m, most, sum), cubic);
  V small = fma3(m, p.e, math_k(a, ln2_low(a)), add(m, add(m, s_low, s_low), cubic_low));
  V tail = add(m, add(m, most_low, sum_low), small);
  V high = add(m, sum, tail);
  *low = add(m, sub(m, sum, high), tail);
  return high;
}

/* exp(b log size) in double, size >= 0; size 0 and infinity through log's own special cases */
static V power_of_size(MathCtx *m, V size, V b)
{
  V low, error;
  V zero = math_k(size, 0), inf = math_k(size, __builtin_inf());
  V high = log_in_two(m, size, &low);
  V ordinary = LLVMBuildAnd(m->b, is(m, LLVMRealOGT, size, zero), is(m, LLVMRealOLT, size, inf), "");
  V special = pick(m, is(m, LLVMRealOEQ, size, zero), neg(m, inf), size); /* log: -inf, inf, NaN */
  high = pick(m, ordinary, high, special);
  V p = product(m, b, high, &error);
  V tail = fma3(m, b, low, error);
  V between = is(m, LLVMRealOLE, math_abs(m, p), math_k(p, 800));
  tail = pick(m, between, tail, zero); /* far out it may be NaN */

  const Format *f = math_format(size);
  V y = math_exp_unchecked(m, p, tail);
  y = pick(m, is(m, LLVMRealOLE, p, math_k(p, f->exp_top)), y, add(m, p, inf));
  return pick(m, is(m, LLVMRealOLT, p, math_k(p, f->exp_bottom)), zero, y);
}

V math_pow(MathCtx *m, V a, V b)
{
  V one = math_k(a, 1), zero = math_k(a, 0), size = math_abs(m, a), y;
  if (wide(a)) {
    y = power_of_size(m, size, b);
  } else {
    /* double's log and exp leave 2^-44 of error: no second word needed */
    LLVMTypeRef up = math_as_element(a, LLVMDoubleTypeInContext(m->context));
    V log = math_log(m, LLVMBuildFPExt(m->b, size, up, ""));
    V e = math_exp(m, mul(m, log, LLVMBuildFPExt(m->b, b, up, "")));
    y = LLVMBuildFPTrunc(m->b, e, LLVMTypeOf(a), "");
  }
  y = pick(m, is(m, LLVMRealOEQ, size, one), one, y); /* also (-1)^inf */

  /* below zero: a whole b gives the sign, any other NaN. A large b is even, and is its own floor. */
  V half = mul(m, b, math_k(a, 0.5));
  V odd = is(m, LLVMRealUNE, math_floor(m, half), half), whole = is(m, LLVMRealOEQ, math_floor(m, b), b);
  V signed_y = pick(m, LLVMBuildAnd(m->b, odd, whole, ""), neg(m, y), y);
  V real = LLVMBuildOr(m->b, whole, is(m, LLVMRealOEQ, size, math_k(a, __builtin_inf())), "");
  V below = pick(m, real, signed_y, math_k(a, __builtin_nan("")));
  y = pick(m, is(m, LLVMRealOLT, a, zero), below, y);
  V trivial = LLVMBuildOr(m->b, is(m, LLVMRealOEQ, b, zero), is(m, LLVMRealOEQ, a, one), "");
  return pick(m, trivial, one, y);
}

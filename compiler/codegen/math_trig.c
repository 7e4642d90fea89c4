/* math_trig.c: sin and cos.
   Needs: as inline_math.c. Leaves: as inline_math.c.

   a = n pi/2 + r (Cody and Waite): pi/2 in parts that are subtracted one after the other. With a fused multiply-add
   each part is a full mantissa; without, the parts are so short that n times them is exact while n < 2^16 (f32), 2^20
   (f64). */
#include "math_build.h"

static const double half_pi_f32[2][5] = {
    {0x1.92p0, 0x1.fap-12, 0x1.54p-20, 0x1.1p-30, 0x1.68c234p-39},
    {0x1.921fb6p0, -0x1.777a5cp-25, -0x1.ee59dap-50, 0, 0},
};
static const double half_pi_f64[2][5] = {
    {0x1.921fb544p0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104, 0},
    {0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110, 0, 0},
};

/* sin(r) = r + r^3 S(r^2), cos(r) = 1 - r^2/2 + r^4 C(r^2) on |r| <= 0.795 (n may be off by a little in f32):
   2^-37 and 2^-32, 2^-68 and 2^-64 */
static const double sin_f32[] = {-0x1.555556p-3, 0x1.111172p-7, -0x1.a05686p-13, 0x1.7b4a6ep-19};
static const double cos_f32[] = {0x1.55554ap-5, -0x1.6c0c0ep-10, 0x1.99db8ep-16};
static const double sin_f64[] = {-0x1.5555555555555p-3, 0x1.1111111111069p-7,   -0x1.a01a019ffe523p-13,
                                 0x1.71de3a33a5824p-19, -0x1.ae642c51b5cd4p-26, 0x1.6109bd782cc0cp-33,
                                 -0x1.9ffd779519c8fp-41};
static const double cos_f64[] = {0x1.555555555554bp-5,   -0x1.6c16c16c1500dp-10, 0x1.a01a019c8dd20p-16,
                                 -0x1.27e4f7f0505cap-22, 0x1.1ee9dacbc5397p-29,  -0x1.8fa5ecaa46714p-37};

/* sin(a + quarter pi/2): quarter 0 is sin, 1 is cos */
static V sine(MathCtx *m, V a, int quarter)
{
  const Format *f = math_format(a);
  bool wide = f->mantissa == 52;
  V t = fma3(m, a, math_k(a, 0x1.45f306dc9c883p-1), math_k(a, f->magic));
  V n = sub(m, t, math_k(a, f->magic));
  const double *part = wide ? half_pi_f64[m->has_fma] : half_pi_f32[m->has_fma];
  V r = a;
  for (int i = 0; i < 5 && part[i] != 0; i++) r = fma3(m, n, math_k(a, -part[i]), r);
  /* where n is too large for all this, at least the value is a sine's; infinities must still become NaN: a - a is */
  r = at_most(m, at_least(m, r, -0.795), 0.795);
  r = add(m, r, sub(m, a, a));

  V z = mul(m, r, r);
  V s = wide ? math_poly(m, z, sin_f64, 7) : math_poly(m, z, sin_f32, 4);
  s = fma3(m, mul(m, r, z), s, r);
  V c = wide ? math_poly(m, z, cos_f64, 6) : math_poly(m, z, cos_f32, 3);
  c = fma3(m, mul(m, z, z), c, fma3(m, z, math_k(a, -0.5), math_k(a, 1)));

  V turn = iadd(m, to_bits(m, t), math_ki(a, quarter));
  V zero = math_ki(a, 0);
  V use_cos = LLVMBuildICmp(m->b, LLVMIntNE, LLVMBuildAnd(m->b, turn, math_ki(a, 1), ""), zero, "");
  V minus = LLVMBuildICmp(m->b, LLVMIntNE, LLVMBuildAnd(m->b, turn, math_ki(a, 2), ""), zero, "");
  V y = pick(m, use_cos, c, s);
  return pick(m, minus, neg(m, y), y);
}

V math_sin(MathCtx *m, V a) { return sine(m, a, 0); }
V math_cos(MathCtx *m, V a) { return sine(m, a, 1); }

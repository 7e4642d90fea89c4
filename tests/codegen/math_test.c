/* math_test.c: inline_math.h against libm: the largest error in ulp of each function, asserted against inline_math.def.

   Every function is compiled for f32 and f64, with and without fused multiply-add, and run over specials, magnitudes of
   both signs, the dense neighbourhood of 0 and 1, and random bit patterns. Widths 1, 4 and 8 must give the bits of
   width 16. With the argument "all", f32 runs over every one of its 2^32 values. The last line is `N passed, M failed`.
 */
#include "inline_math.h"
#include "jit.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failures;

static void check(bool ok, const char *what, const char *detail)
{
  if (ok) {
    passed++;
    return;
  }
  failures++;
  printf("FAIL %s: %s\n", what, detail);
}

/* ---- references ---- */

static long double ref_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double ref_softplus(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }
/* psi(x) by its recurrence and Stirling's series; by Taylor's series where it is nearly 0 */
static long double ref_digamma(long double x)
{
  static const long double taylor[] = {
      0.9676722454476211704274448L,   -0.4427631689835921060928653L, 0.2584997609556510106244014L,
      -0.1639427054424065275042513L,  0.1078240506912623657571829L,  -0.07219956125645471092612178L,
      0.04880428816414310722509253L,  -0.0331611264748473592922584L, 0.02259764823221810465962483L,
      -0.01542476590494895913880032L, 0.01053879161661217538812405L, -0.007204534386356868240970474L,
      0.004926781395729853446354266L};
  static const long double far[] = {1.L / 12,  -1.L / 120,     1.L / 252, -1.L / 240,
                                    1.L / 132, -691.L / 32760, 1.L / 12,  -3617.L / 8160};
  /* its zero in two doubles: the first difference is exact */
  long double from_zero = x - (1 + 0x1.d8b618d5af8fep-2L) + 0x1.1e563779a1f5bp-56L, sum = 0, tail = 0;
  if (x == 0) return -INFINITY;
  if (!(x > 0)) return NAN;
  if (fabsl(from_zero) < 0.03L) {
    for (int k = 12; k >= 0; k--) sum = from_zero * (taylor[k] + sum);
    return sum;
  }
  for (; x < 20; x++) sum -= 1 / x;
  for (int k = 7; k >= 0; k--) tail = (far[k] + tail) / (x * x);
  return logl(x) - 0.5L / x - tail + sum;
}
static long double ref_lgamma(long double x)
{
  int sign;
  return x >= 0 ? lgammal_r(x, &sign) : NAN;
}
static double ref_sigmoid_d(double x) { return 1 / (1 + exp(-x)); }
static double ref_softplus_d(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

typedef struct Function {
  const char *name;
  Op op;
  int operands;
  double ulp[2]; /* f32, f64 */
} Function;

static const Function functions[] = {
#define MATH1(op, function, ulp32, ulp64) {#op, OP_##op, 1, {ulp32, ulp64}},
#define MATH2(op, function, ulp32, ulp64) {#op, OP_##op, 2, {ulp32, ulp64}},
#include "inline_math.def"
#undef MATH1
#undef MATH2
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* f32 is checked against double, f64 against 80-bit long double */
static double exact_d(Op op, double x, double y)
{
  switch (op) {
  case OP_EXP: return exp(x);
  case OP_LOG: return log(x);
  case OP_SQRT: return sqrt(x);
  case OP_TANH: return tanh(x);
  case OP_SIGMOID: return ref_sigmoid_d(x);
  case OP_SOFTPLUS: return ref_softplus_d(x);
  case OP_ERF: return erf(x);
  case OP_EXPM1: return expm1(x);
  case OP_LOG1P: return log1p(x);
  case OP_SIN: return sin(x);
  case OP_COS: return cos(x);
  case OP_LGAMMA: return (double)ref_lgamma(x);
  case OP_DIGAMMA: return (double)ref_digamma(x);
  case OP_FLOOR: return floor(x);
  case OP_POW: return pow(x, y);
  default: abort();
  }
}

static long double exact_l(Op op, long double x, long double y)
{
  switch (op) {
  case OP_EXP: return expl(x);
  case OP_LOG: return logl(x);
  case OP_SQRT: return sqrtl(x);
  case OP_TANH: return tanhl(x);
  case OP_SIGMOID: return ref_sigmoid(x);
  case OP_SOFTPLUS: return ref_softplus(x);
  case OP_ERF: return erfl(x);
  case OP_EXPM1: return expm1l(x);
  case OP_LOG1P: return log1pl(x);
  case OP_SIN: return sinl(x);
  case OP_COS: return cosl(x);
  case OP_LGAMMA: return ref_lgamma(x);
  case OP_DIGAMMA: return ref_digamma(x);
  case OP_FLOOR: return floorl(x);
  case OP_POW: return powl(x, y);
  default: abort();
  }
}

/* |got - want| in units of got's format; 0 for agreeing specials and for a denormal that became 0; a large number for a
 * wrong special */
static double error_in_ulp(long double got, long double want, int mantissa, int least_exponent, long double top)
{
  if (isnan(want)) return isnan(got) ? 0 : 1e9;
  if (isnan(got)) return 1e9;
  if (fabsl(want) > top) return isinf(got) && (got > 0) == (want > 0) ? 0 : fabsl(got) >= top ? 1 : 1e9;
  if (isinf(got)) return 1e9;
  long double least = ldexpl(1, least_exponent) * (1 + 0x1p-20L); /* a little more: rounding may fall on either side */
  if (fabsl(want) < least) return fabsl(got) <= least ? 0 : 1e9;
  return (double)(fabsl(got - want) / ldexpl(1, ilogbl(want) - mantissa));
}

/* ---- code ---- */

typedef void Loop(const void *x, const void *y, void *out, int64_t n);

/* void name(x, y, out, n): out[i] = op(x[i], y[i]) in vectors of `width`; n is a multiple of it */
static void emit_loop(Target *t, LLVMModuleRef module, const char *name, Op op, bool wide, int width, bool fma)
{
  LLVMContextRef c = LLVMGetModuleContext(module);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMTypeRef ptr = LLVMPointerTypeInContext(c, 0), i64 = LLVMInt64TypeInContext(c);
  LLVMTypeRef real = wide ? LLVMDoubleTypeInContext(c) : LLVMFloatTypeInContext(c);
  LLVMTypeRef vector = width > 1 ? LLVMVectorType(real, (unsigned)width) : real;
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(c), (LLVMTypeRef[]){ptr, ptr, ptr, i64}, 4, false);
  LLVMValueRef f = LLVMAddFunction(module, name, type);
  target_prepare_function(t, f);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(c, f, "entry"),
                    loop = LLVMAppendBasicBlockInContext(c, f, "loop"),
                    done = LLVMAppendBasicBlockInContext(c, f, "done");
  LLVMPositionBuilderAtEnd(b, entry);
  LLVMBuildBr(b, loop);
  LLVMPositionBuilderAtEnd(b, loop);
  LLVMValueRef i = LLVMBuildPhi(b, i64, "i");
  LLVMValueRef at[3];
  for (unsigned k = 0; k < 3; k++) at[k] = LLVMBuildGEP2(b, real, LLVMGetParam(f, k), &i, 1, "");
  LLVMValueRef in[2];
  for (int k = 0; k < 2; k++) {
    in[k] = LLVMBuildLoad2(b, vector, at[k], "");
    LLVMSetAlignment(in[k], wide ? 8 : 4);
  }
  /* scalars as a machine without a root computes them: the bits are to be those of vectors */
  MathCtx m = {
      .context = c, .module = module, .b = b, .has_fma = fma, .has_round = fma, .no_root32 = !fma, .no_root64 = !fma};
  LLVMValueRef y = math_op(&m, op, in);
  LLVMValueRef store = LLVMBuildStore(b, y, at[2]);
  LLVMSetAlignment(store, wide ? 8 : 4);
  LLVMValueRef next = LLVMBuildAdd(b, i, LLVMConstInt(i64, (unsigned)width, false), "");
  LLVMValueRef more = LLVMBuildICmp(b, LLVMIntSLT, next, LLVMGetParam(f, 3), "");
  LLVMBuildCondBr(b, more, loop, done);
  LLVMAddIncoming(i, (LLVMValueRef[]){LLVMConstInt(i64, 0, false), next}, (LLVMBasicBlockRef[]){entry, loop}, 2);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
}

/* ---- arguments ---- */

static uint64_t random_state = 88172645463325252u;
static uint64_t random_bits(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}
static double random_unit(void) { return (double)(random_bits() >> 11) * 0x1p-53; }

static double random_argument(bool wide)
{
  double u = random_unit(), sign = random_bits() & 1 ? -1 : 1;
  switch (random_bits() % 8) {
  case 0: return sign * u * 100;
  case 1: return sign * u * 10;
  case 2: return sign * u;
  case 3: return 1 + sign * u * 0.3;
  case 4: return sign * exp2(-60 + 60 * u);
  case 5: return sign * exp2(17 * u);
  case 6: return sign * u * 750;
  default: {
    uint64_t bits = random_bits();
    if (wide) {
      double d;
      memcpy(&d, &bits, 8);
      return d;
    }
    uint32_t low = (uint32_t)bits;
    float s;
    memcpy(&s, &low, 4);
    return s;
  }
  }
}

static const double specials[] = {0.0,
                                  -0.0,
                                  INFINITY,
                                  -INFINITY,
                                  NAN,
                                  1,
                                  -1,
                                  0.5,
                                  -0.5,
                                  2,
                                  -2,
                                  3,
                                  -3,
                                  20,
                                  -20,
                                  100,
                                  -100,
                                  1000,
                                  -1000,
                                  88.72283,
                                  88.722839,
                                  88.8,
                                  89,
                                  -87.3,
                                  -87.4,
                                  -103,
                                  -104,
                                  709.78,
                                  709.79,
                                  710,
                                  -708.3,
                                  -708.4,
                                  -745,
                                  -746,
                                  1e-45,
                                  1e-40,
                                  1.17549435e-38,
                                  1e-310,
                                  2.2250738585072014e-308,
                                  3.4e38,
                                  -3.4e38,
                                  1.7e308,
                                  -1.7e308,
                                  1e300,
                                  9.0,
                                  9.011,
                                  8.99,
                                  3.92,
                                  3.93,
                                  -3.92,
                                  5.9,
                                  6,
                                  6.1,
                                  2.5,
                                  -2.5,
                                  1e10,
                                  -1e10,
                                  4503599627370496.5,
                                  9007199254740993.0,
                                  16777217,
                                  8388608.5,
                                  1.5707963267948966,
                                  3.141592653589793,
                                  102943.7,
                                  1e5,
                                  12345.678};
enum { SPECIALS = sizeof specials / sizeof *specials, COUNT = 1 << 18 };

/* powers of a whole exponent, of a near-1 base, of anything: what the operator is used for */
static void pow_arguments(double *x, double *y, bool wide)
{
  double limit = wide ? 700 : 87;
  *x = random_argument(wide);
  switch (random_bits() % 4) {
  case 0: *y = (double)(int64_t)(random_unit() * 20 - 10); break;
  case 1: *y = random_unit() * 4 - 2; break;
  case 2: *y = *x > 0 && *x != 1 ? (random_unit() * 2 - 1) * limit / fabs(log(*x)) : 0.5; break;
  default: *y = random_argument(wide);
  }
}

static void fill(void *x, void *y, bool wide, int operands)
{
  for (int64_t i = 0; i < COUNT; i++) {
    double a = random_argument(wide), b = 0;
    if (operands == 2) pow_arguments(&a, &b, wide);
    if (operands == 1 && i < SPECIALS) a = specials[i];
    if (operands == 2 && i < SPECIALS * SPECIALS) a = specials[i % SPECIALS], b = specials[i / SPECIALS];
    if (wide) ((double *)x)[i] = a, ((double *)y)[i] = b;
    else ((float *)x)[i] = (float)a, ((float *)y)[i] = (float)b;
  }
}

/* of the gamma functions: above 0, half of them near the zeros and where the argument is led down */
static void gamma_arguments(void *x, bool wide)
{
  for (int64_t i = SPECIALS; i < COUNT; i++) {
    double u = random_unit();
    double a = i % 4 == 0 ? 1.3 + 0.3 * u : i % 4 == 1 ? 1.9 + 0.3 * u : i % 4 == 2 ? 9 * u : exp2(60 * u - 30);
    if (wide) ((double *)x)[i] = a;
    else ((float *)x)[i] = (float)a;
  }
}

/* ---- one function, one type ---- */

typedef struct Worst {
  double ulp, x, y, got;
} Worst;

static double one_error(const Function *f, bool wide, double x, double y, double got)
{
  if ((f->op == OP_SIN || f->op == OP_COS) && fabs(x) > 1e5)
    return isinf(x) || isnan(x) ? (isnan(got) ? 0 : 1e9) : fabs(got) <= 1 ? 0 : 1e9;
  if (!wide) return error_in_ulp(got, exact_d(f->op, x, y), 23, -126, 0x1.fffffep127L);
  return error_in_ulp(got, exact_l(f->op, x, y), 52, -1022, 0x1.fffffffffffffp1023L);
}

static void compare(const Function *f, bool wide, const void *x, const void *y, const void *out, int64_t n,
                    Worst *worst)
{
  for (int64_t i = 0; i < n; i++) {
    double a = wide ? ((const double *)x)[i] : ((const float *)x)[i],
           b = wide ? ((const double *)y)[i] : ((const float *)y)[i];
    double got = wide ? ((const double *)out)[i] : ((const float *)out)[i];
    double e = one_error(f, wide, a, b, got);
    if (e > worst->ulp) *worst = (Worst){e, a, b, got};
  }
}

static bool same_bits(const void *a, const void *b, bool wide)
{
  for (int64_t i = 0; i < COUNT; i++) {
    double p = wide ? ((const double *)a)[i] : ((const float *)a)[i],
           q = wide ? ((const double *)b)[i] : ((const float *)b)[i];
    if (!(isnan(p) && isnan(q)) && (p != q || signbit(p) != signbit(q))) return false;
  }
  return true;
}

/* Limits that derivative rules rely on. */
static void check_limits(const Function *f, bool wide, const void *x, const void *out, const char *label)
{
  bool ok = true;
  for (int64_t i = 0; i < COUNT; i++) {
    double a = wide ? ((const double *)x)[i] : ((const float *)x)[i],
           y = wide ? ((const double *)out)[i] : ((const float *)out)[i];
    if (isnan(a)) continue;
    if (f->op == OP_TANH || f->op == OP_ERF) ok = ok && fabs(y) <= 1 && (fabs(a) < 20 || fabs(y) == 1);
    if (f->op == OP_SIGMOID) ok = ok && y >= 0 && y <= 1 && (a < 50 || y == 1);
    if (f->op == OP_EXP || f->op == OP_SOFTPLUS) ok = ok && y >= 0;
  }
  check(ok, label, "leaves its limits");
}

static void *symbol(Jit *jit, const char *name)
{
  char *error = NULL;
  void *p = jit_symbol(jit, name, &error);
  if (!p) {
    printf("FAIL %s\n", error);
    exit(1);
  }
  return p;
}

static const int widths[4] = {16, 8, 4, 1};

static void loop_name(char *name, size_t n, int function, bool wide, int width, bool fma)
{
  snprintf(name, n, "f%d_%d_%d_%d", function, wide, width, fma);
}

static void run_function(Jit *jit, int function, bool wide, bool fma, bool all)
{
  const Function *f = &functions[function];
  size_t size = COUNT * (wide ? 8u : 4u);
  void *x = malloc(size), *y = malloc(size), *out = malloc(size), *other = malloc(size);
  char name[64], label[96];
  snprintf(label, sizeof label, "%-8s %s %s", f->name, wide ? "f64" : "f32", fma ? "fma   " : "no fma");
  fill(x, y, wide, f->operands);
  if (f->op == OP_LGAMMA || f->op == OP_DIGAMMA) gamma_arguments(x, wide);
  loop_name(name, sizeof name, function, wide, 16, fma);
  Loop *loop = (Loop *)(uintptr_t)symbol(jit, name);
  loop(x, y, out, COUNT);
  Worst worst = {0};
  compare(f, wide, x, y, out, COUNT, &worst);
  check_limits(f, wide, x, out, label);
  for (int w = 1; w < 4; w++) {
    loop_name(name, sizeof name, function, wide, widths[w], fma);
    Loop *narrow = (Loop *)(uintptr_t)symbol(jit, name);
    narrow(x, y, other, COUNT);
    check(same_bits(out, other, wide), label, "another vector width gives other bits");
  }
  if (all && !wide && f->operands == 1)
    for (uint64_t from = 0; from < 1ull << 32; from += COUNT) {
      for (uint64_t i = 0; i < COUNT; i++) ((uint32_t *)x)[i] = (uint32_t)(from + i);
      loop(x, y, out, COUNT);
      compare(f, wide, x, y, out, COUNT, &worst);
      check_limits(f, wide, x, out, label);
    }
  char detail[160];
  snprintf(detail, sizeof detail, "%.3f ulp at %.9g, %.9g: got %.17g", worst.ulp, worst.x, worst.y, worst.got);
  printf("%s  %s\n", label, detail);
  check(worst.ulp <= f->ulp[wide], label, detail);
  free(x);
  free(y);
  free(out);
  free(other);
}

int main(int argc, char **argv)
{
  bool all = argc > 1 && !strcmp(argv[1], "all");
  char *error = NULL;
  Target *t = target_host(2, &error);
  Jit *jit = t ? jit_new(t, NULL, 0, &error) : NULL;
  if (!jit) {
    printf("FAIL %s\n", error);
    return 1;
  }
  LLVMContextRef c = LLVMContextCreate();
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext("math", c);
  target_prepare_module(t, module);
  int fma_kinds = t->has_fma && t->has_round ? 2 : 1;
  for (int f = 0; f < FUNCTIONS; f++)
    for (int wide = 0; wide < 2; wide++)
      for (int fma = 0; fma < fma_kinds; fma++)
        for (int w = 0; w < 4; w++) {
          char name[64];
          loop_name(name, sizeof name, f, wide, widths[w], fma);
          emit_loop(t, module, name, functions[f].op, wide, widths[w], fma);
        }
  bool ok = target_optimize(t, module, &error) && jit_add(jit, module, &error);
  LLVMDisposeModule(module);
  LLVMContextDispose(c);
  if (!ok) {
    printf("FAIL %s\n", error);
    return 1;
  }
  for (int f = 0; f < FUNCTIONS; f++)
    if (!all || argc < 3 || !strcmp(argv[2], functions[f].name))
      for (int wide = 0; wide < 2; wide++)
        for (int fma = fma_kinds - 1; fma >= 0; fma--) run_function(jit, f, wide, fma, all);
  jit_free(jit);
  target_free(t);
  printf("%d passed, %d failed\n", passed, failures);
  return failures ? 1 : 0;
}

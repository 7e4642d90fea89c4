/* services_test.c: target, jit, object and linker: code in this process, in objects for other machines, in an
   executable, and what is said when something is wrong. The last line is `N passed, M failed`. Needs cc for the linking
   part. */
#include "inline_math.h"
#include "jit.h"
#include "linker.h"
#include "object.h"
#include "output.h"
#include "target.h"
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int passed, failures;

#define CHECK(ok) check((ok), #ok, __LINE__)
static bool check(bool ok, const char *what, int line)
{
  if (ok) passed++;
  else failures++, printf("FAIL line %d: %s\n", line, what);
  return ok;
}

/* *error must hold a sentence with `part`; frees it. */
static bool says(char **error, const char *part)
{
  bool ok = *error && strstr(*error, part);
  if (!ok) printf("  expected '%s' in: %s\n", part, *error ? *error : "(nothing)");
  free(*error);
  *error = NULL;
  return ok;
}

/* ---- a small module: double NAME(double x) { return CALLEE(x) + 1; } ---- */

typedef struct Made {
  LLVMContextRef context;
  LLVMModuleRef module;
} Made;

static LLVMTypeRef unary_type(LLVMContextRef c)
{
  LLVMTypeRef real = LLVMDoubleTypeInContext(c);
  return LLVMFunctionType(real, &real, 1, false);
}

static Made make_calling(Target *t, const char *name, const char *callee)
{
  LLVMContextRef c = LLVMContextCreate();
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext(name, c);
  target_prepare_module(t, m);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMValueRef called = LLVMAddFunction(m, callee, unary_type(c)), f = LLVMAddFunction(m, name, unary_type(c));
  target_prepare_function(t, f);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c, f, "entry"));
  LLVMValueRef x = LLVMGetParam(f, 0);
  LLVMValueRef y = LLVMBuildCall2(b, unary_type(c), called, &x, 1, "");
  LLVMBuildRet(b, LLVMBuildFAdd(b, y, LLVMConstReal(LLVMDoubleTypeInContext(c), 1), ""));
  LLVMDisposeBuilder(b);
  return (Made){c, m};
}

/* void NAME(float *x): x = op(x) for every function of inline_math.def, f32 and f64, on the target's vectors */
static Made make_math(Target *t)
{
  LLVMContextRef c = LLVMContextCreate();
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext("all_math", c);
  target_prepare_module(t, m);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMTypeRef ptr = LLVMPointerTypeInContext(c, 0), type = LLVMFunctionType(LLVMVoidTypeInContext(c), &ptr, 1, false);
  for (int wide = 0; wide < 2; wide++) {
    LLVMValueRef f = LLVMAddFunction(m, wide ? "math_f64" : "math_f32", type);
    target_prepare_function(t, f);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c, f, "entry"));
    LLVMTypeRef real = wide ? LLVMDoubleTypeInContext(c) : LLVMFloatTypeInContext(c);
    int lanes = target_lanes(t, real);
    LLVMTypeRef vector = lanes > 1 ? LLVMVectorType(real, (unsigned)lanes) : real;
    MathCtx math = {.context = c, .module = m, .b = b, .has_fma = t->has_fma, .has_round = t->has_round};
    LLVMValueRef x = LLVMBuildLoad2(b, vector, LLVMGetParam(f, 0), "");
    for (Op op = 0; op < OP_COUNT; op++) {
      if (op == OP_SQRT) continue; /* an instruction or, on soft float, honestly a call */
      LLVMValueRef y = math_op(&math, op, (LLVMValueRef[]){x, x});
      if (y) x = y;
    }
    LLVMBuildStore(b, x, LLVMGetParam(f, 0));
    LLVMBuildRetVoid(b);
  }
  LLVMDisposeBuilder(b);
  return (Made){c, m};
}

static void made_free(Made m)
{
  LLVMDisposeModule(m.module);
  LLVMContextDispose(m.context);
}

/* ---- JIT ---- */

static double times_three(double x) { return 3 * x; }

static void test_jit(void)
{
  char *error = NULL;
  for (int level = 0; level <= 3; level++) {
    Target *t = target_host(level, &error);
    if (!CHECK(t != NULL)) return;
    JitCall calls[] = {{"rnn_test_times_three", (void *)(uintptr_t)times_three}};
    Jit *jit = jit_new(t, calls, 1, &error);
    if (!CHECK(jit != NULL)) return;
    Made a = make_calling(t, "first", "rnn_test_times_three"), b = make_calling(t, "second", "first");
    CHECK(target_optimize(t, a.module, &error) && jit_add(jit, a.module, &error));
    CHECK(target_optimize(t, b.module, &error) && jit_add(jit, b.module, &error));
    made_free(a);
    made_free(b);
    double (*f)(double) = (double (*)(double))(uintptr_t)jit_symbol(jit, "second", &error);
    CHECK(f && f(2) == 8);
    CHECK(!jit_symbol(jit, "third", &error) && says(&error, "third"));
    Made lost = make_calling(t, "lost", "rnn_no_such_call");
    CHECK(jit_add(jit, lost.module, &error));
    made_free(lost);
    CHECK(!jit_symbol(jit, "lost", &error) && says(&error, "rnn_no_such_call"));
    Made again = make_calling(t, "first", "rnn_test_times_three");
    CHECK(!jit_add(jit, again.module, &error) && says(&error, "first"));
    made_free(again);
    f = (double (*)(double))(uintptr_t)jit_symbol(jit, "first", &error);
    CHECK(f && f(5) == 16);
    jit_free(jit);
    target_free(t);
  }
}

/* ---- targets ---- */

static void test_host(void)
{
  char *error = NULL;
  Target *host = target_host(2, &error), *native = target_named(NULL, "native", NULL, 2, &error);
  CHECK(host && native && !strcmp(host->cpu, native->cpu));
  /* the probe agrees with what the host's feature string says */
  Target *probed = target_named(host->triple, host->cpu, host->features, 2, &error);
  CHECK(probed && probed->vector_bits == host->vector_bits && probed->has_fma == host->has_fma &&
        probed->has_round == host->has_round);
  target_free(host);
  target_free(native);
  target_free(probed);
}

static void test_cross(void)
{
  static const struct {
    const char *name, *cpu;
    int vector_bits;
    bool fma, round;
    const char *undefined; /* all that its math may need */
  } cases[] = {
      {"x86_64", NULL, 128, false, false, ""},
      {"x86-64-v2", NULL, 128, false, true, ""},
      {"x86-64-v3", NULL, 256, true, true, ""},
      {"x86-64-v4", NULL, 512, true, true, ""},
      {"x86_64-linux-gnu", "haswell", 256, true, true, ""},
      {"aarch64-linux-gnu", NULL, 128, true, true, ""},
      {"riscv64-linux-gnu", NULL, 0, true, true, ""},
      {"wasm32", NULL, 128, false, true, NULL},
      {"cortex-m4f", NULL, 0, true, false, NULL}, /* double is soft there */
      {"thumbv7em-none-eabihf", NULL, 0, true, false, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *error = NULL;
    Target *t = target_named(cases[i].name, cases[i].cpu, NULL, 2, &error);
    if (!t) {
      printf("skipped %s: %s\n", cases[i].name, error);
      free(error);
      continue;
    }
    bool right = t->vector_bits == cases[i].vector_bits && t->has_fma == cases[i].fma && t->has_round == cases[i].round;
    if (!right)
      printf("  %s: vector_bits %d fma %d round %d\n", cases[i].name, t->vector_bits, t->has_fma, t->has_round);
    CHECK(right);
    Made m = make_math(t);
    Bytes object = {0}, undefined = {0}, assembly = {0}, ir = {0};
    CHECK(target_optimize(t, m.module, &error));
    CHECK(object_emit(t, m.module, OBJECT_CODE, &object, &error) && object.n > 500);
    CHECK(object_emit(t, m.module, OBJECT_IR, &ir, &error) && strstr(ir.at, "define"));
    made_free(m);
    m = make_math(t);
    CHECK(target_optimize(t, m.module, &error) && object_emit(t, m.module, OBJECT_ASSEMBLY, &assembly, &error) &&
          strstr(assembly.at, "math_f32"));
    made_free(m);
    CHECK(object_undefined(&object, &undefined, &error));
    if (cases[i].undefined && !CHECK(!strcmp(undefined.at, cases[i].undefined)))
      printf("  %s needs: %s\n", cases[i].name, undefined.at);
    bytes_free(&object);
    bytes_free(&undefined);
    bytes_free(&assembly);
    bytes_free(&ir);
    target_free(t);
  }
  char *error = NULL;
  CHECK(!target_named("vax-dec-vms", NULL, NULL, 2, &error) && says(&error, "vax"));
  CHECK(!target_named("aarch64", "native", NULL, 2, &error) && says(&error, "native"));
  CHECK(!target_named("x86_64", "no-such-cpu", NULL, 2, &error) && says(&error, "no-such-cpu"));
  CHECK(!target_named(NULL, NULL, "+no-such-feature", 2, &error) && says(&error, "no-such-feature"));
}

static void count_target(const char *name, const char *description, void *arg)
{
  (void)description;
  *(int *)arg += !strcmp(name, "aarch64") || !strcmp(name, "x86_64") || !strcmp(name, "wasm32");
}

/* ---- objects, files, executables ---- */

static char folder[] = "/tmp/rnnc-services-XXXXXX";

static const char *in_folder(const char *name)
{
  static char path[32][256];
  static int next;
  char *p = path[next++ % 32];
  snprintf(p, sizeof path[0], "%s/%s", folder, name);
  return p;
}

static void write_text(const char *path, const char *text)
{
  FILE *f = fopen(path, "w");
  fputs(text, f);
  fclose(f);
}

static void test_object(void)
{
  char *error = NULL;
  Target *t = target_host(2, &error);
  Made m = make_calling(t, "rnn_answer", "rnn_test_outside");
  Bytes object, undefined;
  CHECK(target_optimize(t, m.module, &error) && object_emit(t, m.module, OBJECT_CODE, &object, &error));
  made_free(m);
  CHECK(object_undefined(&object, &undefined, &error) && !strcmp(undefined.at, "rnn_test_outside\n"));
  const char *path = in_folder("answer.o");
  CHECK(output_write(path, object.at, object.n, &error));
  struct stat st;
  CHECK(!stat(path, &st) && (size_t)st.st_size == object.n && (st.st_mode & 0777) == (0666 & ~umask(022)));
  CHECK(output_write(path, object.at, object.n, &error)); /* over the old one */
  CHECK(!output_write(in_folder("no/such/folder.o"), "x", 1, &error) && says(&error, "No such file"));
  CHECK(output_write("/dev/null", "x", 1, &error));
  CHECK(!output_write("/dev/full", "x", 1, &error) && says(&error, "No space"));

  /* "librnn": here one function and main */
  write_text(in_folder("main.c"),
             "#include <stdio.h>\ndouble rnn_answer(double);\ndouble rnn_test_outside(double x) { return 2 * x; }\n"
             "int main(void) { printf(\"%g\\n\", rnn_answer(20.5)); return 0; }\n");
  char command[1024];
  snprintf(command, sizeof command, "${CC:-cc} -c -o %s/main.o %s/main.c && ar rcs %s/librnn.a %s/main.o", folder,
           folder, folder, folder);
  CHECK(system(command) == 0);
  setenv("RNNC_LIBDIR", folder, 1);
  char *runtime = link_runtime(&error);
  CHECK(runtime && !strcmp(runtime, in_folder("librnn.a")));
  const char *libs[] = {"-lm", NULL};
  LinkJob job = {path, in_folder("answer"), runtime, libs, false};
  if (!CHECK(link_program(&job, &error))) printf("  %s\n", error);
  snprintf(command, sizeof command, "test \"$(%s)\" = 42", job.output);
  CHECK(system(command) == 0);

  /* what goes wrong */
  const char *bad_libs[] = {"-lno-such-library", NULL};
  LinkJob bad = {path, in_folder("bad"), runtime, bad_libs, false};
  CHECK(!link_program(&bad, &error) && says(&error, "no-such-library"));
  CHECK(access(bad.output, F_OK) != 0);
  char *cc = getenv("CC") ? strdup(getenv("CC")) : NULL;
  setenv("CC", "/no/such/compiler", 1);
  CHECK(!link_program(&job, &error) && says(&error, "install gcc"));
  FILE *printed = fopen(in_folder("printed"), "w+");
  link_print(printed, &job);
  rewind(printed);
  CHECK(fgets(command, sizeof command, printed) && !strncmp(command, "'/no/such/compiler' '-o'", 24));
  fclose(printed);
  if (cc) setenv("CC", cc, 1);
  else unsetenv("CC");
  free(cc);
  setenv("RNNC_LIBDIR", "/no/such/folder", 1);
  char *none = link_runtime(&error);
  CHECK(none || says(&error, "/no/such/folder/librnn.a"));
  free(none);
  unsetenv("RNNC_LIBDIR");
  free(runtime);
  bytes_free(&object);
  bytes_free(&undefined);
  target_free(t);
}

static void test_broken_module(void)
{
  char *error = NULL;
  Target *t = target_host(2, &error);
  Made m = make_calling(t, "f", "g");
  LLVMBuilderRef b = LLVMCreateBuilderInContext(m.context);
  LLVMValueRef f = LLVMGetNamedFunction(m.module, "f");
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(m.context, f, "no_end"));
  LLVMDisposeBuilder(b);
  CHECK(!target_optimize(t, m.module, &error) && says(&error, "not well-formed"));
  made_free(m);
  target_free(t);
}

int main(void)
{
  if (!mkdtemp(folder)) return 1;
  test_host();
  test_jit();
  test_cross();
  int listed = 0;
  target_list(count_target, &listed);
  CHECK(listed >= 3);
  test_object();
  test_broken_module();
  char command[256];
  snprintf(command, sizeof command, "rm -r %s", folder);
  CHECK(system(command) == 0);
  printf("%d passed, %d failed\n", passed, failures);
  return failures ? 1 : 0;
}

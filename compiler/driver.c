/* driver.c: a checked file to IR, object, executable or running code.
   Needs: every stage of the compiler, and the runtime for code that runs here. */
#include "driver.h"
#include "calls.h"
#include "levels.h"
#include "linker.h"
#include "object.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_target(const Driver *d)
{
  fprintf(stderr, "rnnc %s (LLVM %s)\ntarget: %s, %s, -O%d\n", RNNC_VERSION, RNNC_LLVM, d->target->triple,
          d->target->cpu, d->target->level);
}

static void close_code(Driver *d)
{
  jit_free(d->jit);
  for (int k = 0; k < PROGRAM_KINDS; k++)
    if (d->later.module[k]) LLVMDisposeModule(d->later.module[k]);
  if (d->module) LLVMDisposeModule(d->module);
  if (d->context) LLVMContextDispose(d->context);
  if (d->target) target_free(d->target);
}

static int unoptimised(Driver *d, unsigned programs)
{
  char *error = NULL;
  d->close_code = close_code;
  if (!d->target)
    d->target = d->o.triple || d->o.cpu ? target_named(d->o.triple, d->o.cpu, d->o.features, d->o.level, &error)
                                        : target_host(d->o.level, &error);
  if (!d->target) return driver_fail("", error, EXIT_USAGE);
  if (d->o.verbose) say_target(d);
  Compiled *made[PROGRAM_KINDS], *step = NULL;
  int n = 0;
  for (int k = 0; k < PROGRAM_STEP; k++) {
    if (!(programs & (1u << k))) continue;
    Compiled *c = driver_program(d, (ProgramKind)k, STAGE_PLAN, true);
    if (c) made[n++] = c;
  }
  if (programs & (1u << PROGRAM_STEP)) d->step = step = driver_program(d, PROGRAM_STEP, STAGE_PLAN, true);
  if (!d->context) d->context = LLVMContextCreate();
  ModuleRequest r = {.prefix = driver_prefix(d),
                     .source = d->o.path,
                     .hash = d->hash,
                     .f64_precision = d->o.f64_precision,
                     .debug = d->o.debug,
                     .lowered = d->lowered,
                     .param_count = d->param_count,
                     .programs = made,
                     .n = n,
                     .step = step,
                     .many = d->many,
                     .later = &d->later};
  d->module = module_make(d->arena, d->target, d->context, &r, &d->json);
  return 0;
}

int driver_module(Driver *d, unsigned programs)
{
  int code = unoptimised(d, programs);
  if (code) return code;
  char *error = NULL;
  if (target_optimize(d->target, d->module, &error)) return 0;
  return driver_fail("internal error: ", error, EXIT_INTERNAL);
}

/* The streaming step for each level of --targets, lowest first, in one module. */
int driver_levels(Driver *d)
{
  const char *names[LEVELS];
  char *error = NULL;
  LLVMModuleRef module[LEVELS];
  int n = levels_read(d->o.targets, names, &error);
  if (!n) return driver_fail("", error, EXIT_USAGE);
  Target *least = NULL;
  d->o.targets = names[0]; /* in order, as the header has them */
  for (int i = 1; i < n; i++) d->o.targets = arena_printf(d->arena, "%s,%s", d->o.targets, names[i]);
  for (int i = 0; i < n; i++) {
    d->o.triple = names[i];
    d->target = NULL;
    text_free(&d->json);
    d->json = (Text){0};
    int code = driver_module(d, 1u << PROGRAM_STEP);
    module[i] = d->module;
    if (i == 0) least = d->target;
    else if (d->target) target_free(d->target);
    d->target = least;
    d->module = module[0];
    if (!code && !d->step->refused) continue;
    for (int k = 1; k <= i; k++) LLVMDisposeModule(module[k]);
    return code;
  }
  return levels_join(module, least, names, n, driver_prefix(d), &error) ? 0 : driver_fail("", error, EXIT_INTERNAL);
}

/* The code of a program that runs for the first time. */
static void *compile_late(void *context, int kind)
{
  Driver *d = context;
  LLVMModuleRef module = d->later.module[kind];
  const char *name = module_entry(d->arena, d->lowered->name, (ProgramKind)kind);
  char *error = NULL;
  void *code = target_optimize(d->target, module, &error) && jit_add(d->jit, module, &error)
                   ? jit_symbol(d->jit, name, &error)
                   : NULL;
  if (!code) exit(driver_fail("internal error: ", error, EXIT_INTERNAL));
  return code;
}

int driver_jit(Driver *d, unsigned programs, unsigned later, const RnnModel **model)
{
#define ARGS(...)
#define CALL(name, returns, args) {#name, (void *)name},
  static const JitCall calls[] = {
#include "calls.def"
  };
#undef CALL
  d->later = (ModuleLater){.programs = later, .code = compile_late, .context = d};
  int code = driver_module(d, programs);
  if (code) return code;
  char *error = NULL;
  d->jit = jit_new(d->target, calls, sizeof calls / sizeof *calls, &error);
  bool shown = !d->o.debug || (d->jit && jit_show(d->jit, &error));
  if (!d->jit || !shown || !jit_add(d->jit, d->module, &error))
    return driver_fail("internal error: ", error, EXIT_INTERNAL);
  *model = jit_symbol(d->jit, arena_printf(d->arena, "%s_model", d->lowered->name), &error);
  return *model ? 0 : driver_fail("internal error: ", error, EXIT_INTERNAL);
}

/* The model's code as text: llvm, asm, json. */
static int emit_code(Driver *d, const char *stage, const char *out)
{
  int code = d->module ? 0 : driver_module(d, (1u << PROGRAM_KINDS) - 1); /* another stage may have made it */
  if (code) return code;
  if (stage[0] == 'j') return driver_write(out, d->json.at, d->json.n);
  char *error = NULL;
  Bytes b = {0};
  if (!object_emit(d->target, d->module, stage[0] == 'l' ? OBJECT_IR : OBJECT_ASSEMBLY, &b, &error))
    return driver_fail("internal error: ", error, EXIT_INTERNAL);
  code = driver_write(out, b.at, b.n);
  bytes_free(&b);
  return code;
}

int driver_emit(Driver *d, const char *stage, ProgramKind kind, const char *out)
{
  return driver_stage_needs_code(stage) ? emit_code(d, stage, out ? out : "-") : driver_text(d, stage, kind, out);
}

/* main() of an executable: the commands of the runtime over this model */
static int add_main(Driver *d)
{
  LLVMTypeRef i32 = LLVMInt32TypeInContext(d->context), ptr = LLVMPointerTypeInContext(d->context, 0);
  LLVMTypeRef main_args[] = {i32, ptr}, call_args[] = {i32, ptr, ptr, ptr};
  LLVMTypeRef call_type = LLVMFunctionType(i32, call_args, 4, 0);
  LLVMValueRef run = LLVMAddFunction(d->module, "rnn_main", call_type);
  LLVMValueRef fn = LLVMAddFunction(d->module, "main", LLVMFunctionType(i32, main_args, 2, 0));
  target_prepare_function(d->target, fn);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(d->context);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(d->context, fn, "entry"));
  LLVMValueRef model = LLVMGetNamedGlobal(d->module, arena_printf(d->arena, "%s_model", d->lowered->name));
  LLVMValueRef args[] = {LLVMGetParam(fn, 0), LLVMGetParam(fn, 1), model, LLVMConstNull(ptr)};
  LLVMBuildRet(b, LLVMBuildCall2(b, call_type, run, args, 4, ""));
  LLVMDisposeBuilder(b);
  return 0;
}

int driver_executable(Driver *d, const char *out)
{
  char *error = NULL;
  int code = unoptimised(d, (1u << PROGRAM_KINDS) - 1);
  if (code) return code;
  add_main(d);
  if (!target_optimize(d->target, d->module, &error)) return driver_fail("internal error: ", error, EXIT_INTERNAL);
  Bytes b = {0};
  if (!object_emit(d->target, d->module, OBJECT_CODE, &b, &error))
    return driver_fail("internal error: ", error, EXIT_INTERNAL);
  char *object = arena_printf(d->arena, "%s.tmp-%ld.o", out, (long)getpid()), *runtime = link_runtime(&error);
  if (!runtime) {
    bytes_free(&b);
    return driver_fail("", error, EXIT_ENVIRONMENT);
  }
  LinkJob job = {
      .object = object, .output = out, .runtime = runtime, .libs = link_libs, .debug = d->o.debug != DEBUG_NONE};
  if (d->o.verbose || d->o.dry_run) link_print(d->o.dry_run ? stdout : stderr, &job);
  if (!d->o.dry_run) code = driver_write(object, b.at, b.n);
  bytes_free(&b);
  if (!code && !d->o.dry_run && !link_program(&job, &error)) code = driver_fail("", error, EXIT_ENVIRONMENT);
  unlink(object);
  free(runtime);
  return code;
}

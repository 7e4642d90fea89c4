/* driver.c: source to IR, object, executable or running code.
   Needs: every stage of the compiler, and the runtime for code that runs here. */
#define XXH_INLINE_ALL
#include "driver.h"
#include "calls.h"
#include "teacher_forcing.h"
#include "header.h"
#include "lang_table.h"
#include "lint.h"
#include "linker.h"
#include "object.h"
#include "simplify.h"
#include "stack.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static Diag *new_diag(const Driver *d)
{
  Diag *made = diag_new(d->arena);
  diag_use(made, d->o.style);
  return made;
}

static int finish(Driver *d, int code)
{
  diag_print(d->diag, stderr, isatty(2) && !getenv("NO_COLOR"));
  return code;
}

/* Says what went wrong outside the source; frees error. */
static int fail(const char *what, char *error, int code)
{
  fprintf(stderr, "rnnc: %s%s\n", what, error ? error : "");
  free(error);
  return code;
}

static void hash_system(Driver *d, System *s)
{
  Text t = {0};
  system_print(&t, s);
  snprintf(d->hash, sizeof d->hash, "%016llx", (unsigned long long)XXH3_64bits(t.at ? t.at : "", t.n));
  text_free(&t);
}

/* The setting teacher_forcing says how the train program is compiled. */
static int read_forcing(Driver *d, const System *s)
{
  TeacherForcing forcing;
  RnnError error = {0};
  Span at = {0};
  const char *text = d->o.forcing;
  for (int i = 0; i < s->settings.n && !d->o.forcing; i++) {
    if (strcmp(s->settings.at[i].name, "teacher_forcing")) continue;
    text = s->settings.at[i].value;
    at = s->settings.at[i].span;
  }
  if (!text) return 0;
  if (!rnn_forcing_read(&forcing, text, 1, 1, &error)) {
    if (!at.source) return fail(error.message, NULL, EXIT_USAGE);
    diag(d->diag, E_SETTING_VALUE, at, "%s", error.message);
    return finish(d, EXIT_DIAGNOSTICS);
  }
  d->forcing.sample = forcing.sample;
  for (int i = 0; i < FORCED_MODES; i++)
    if (!strcmp(rnn_forcing_mode(&forcing), forced_name[i])) d->forcing.mode = (ForcingMode)i;
  return 0;
}

int driver_open(Driver *d, const DriverOptions *o)
{
  *d = (Driver){.o = *o, .arena = arena_new()};
  d->diag = new_diag(d);
  d->lower = (LowerOptions){.lang = lang_table, .model = o->model};
  Source *source = source_from_file(d->diag, d->arena, o->path, (Span){0});
  if (!source) return finish(d, EXIT_ENVIRONMENT);
  d->file = parse(d->arena, d->diag, source);
  if (diag_errors(d->diag)) return finish(d, EXIT_DIAGNOSTICS);
  System *s = lower(d->arena, d->diag, d->file, &d->lower);
  if (!s || diag_errors(d->diag)) return finish(d, EXIT_DIAGNOSTICS);
  lint(d->arena, d->diag, d->file, &d->lower);
  if (diag_errors(d->diag)) return finish(d, EXIT_DIAGNOSTICS); /* warnings that are to be errors */
  hash_system(d, s);
  int code = read_forcing(d, s);
  if (code) return code;
  simplify(s);
  stack_products(s);
  d->param_count = param_layout(s);
  d->lowered = s;
  finish(d, 0); /* warnings, once */
  d->diag = new_diag(d);
  return 0;
}

bool driver_has_setting(const Driver *d, const char *name, const char *value)
{
  for (int i = 0; i < d->lowered->settings.n; i++) {
    const Setting *s = &d->lowered->settings.at[i];
    if (!strcmp(s->name, name) && !strcmp(s->value, value)) return true;
  }
  return false;
}

void driver_close(Driver *d)
{
  jit_free(d->jit);
  for (int k = 0; k < PROGRAM_KINDS; k++)
    if (d->later.module[k]) LLVMDisposeModule(d->later.module[k]);
  if (d->module) LLVMDisposeModule(d->module);
  if (d->context) LLVMContextDispose(d->context);
  if (d->target) target_free(d->target);
  text_free(&d->json);
  if (d->arena) arena_free(d->arena);
  *d = (Driver){0};
}

static Compiled *make(Driver *d, ProgramKind kind, Stage stage, bool windows)
{
  Diag *quiet = new_diag(d); /* warnings were printed when the file was opened */
  ProgramRequest r = {.kind = kind,
                      .wrt = kind == PROGRAM_TRAIN ? d->o.wrt : NULL,
                      .show = kind == PROGRAM_STEP ? NULL : d->o.show,
                      .windows = windows,
                      .forcing = d->forcing};
  Compiled *c = program_make(d->arena, quiet, d->file, &d->lower, &r, stage);
  if (kind == PROGRAM_FREE && !c && !d->o.free) return NULL;
  if (diag_errors(quiet)) {
    diag_print(quiet, stderr, isatty(2) && !getenv("NO_COLOR"));
    exit(EXIT_DIAGNOSTICS);
  }
  return c;
}

static int unoptimised(Driver *d, unsigned programs)
{
  char *error = NULL;
  if (!d->target)
    d->target = d->o.triple || d->o.cpu ? target_named(d->o.triple, d->o.cpu, d->o.features, d->o.level, &error)
                                        : target_host(d->o.level, &error);
  if (!d->target) return fail("", error, EXIT_USAGE);
  Compiled *made[PROGRAM_KINDS], *step = NULL;
  int n = 0;
  for (int k = 0; k < PROGRAM_STEP; k++) {
    if (!(programs & (1u << k))) continue;
    Compiled *c = make(d, (ProgramKind)k, STAGE_PLAN, true);
    if (c) made[n++] = c;
  }
  if (programs & (1u << PROGRAM_STEP)) d->step = step = make(d, PROGRAM_STEP, STAGE_PLAN, true);
  if (!d->context) d->context = LLVMContextCreate();
  ModuleRequest r = {.prefix = d->lowered->name,
                     .source = d->o.path,
                     .hash = d->hash,
                     .f64_precision = d->o.f64_precision,
                     .lowered = d->lowered,
                     .param_count = d->param_count,
                     .programs = made,
                     .n = n,
                     .step = step,
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
  return fail("internal error: ", error, EXIT_INTERNAL);
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
  if (!code) exit(fail("internal error: ", error, EXIT_INTERNAL));
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
  if (!d->jit || !jit_add(d->jit, d->module, &error)) return fail("internal error: ", error, EXIT_INTERNAL);
  *model = jit_symbol(d->jit, arena_printf(d->arena, "%s_model", d->lowered->name), &error);
  return *model ? 0 : fail("internal error: ", error, EXIT_INTERNAL);
}

static int write_out(const char *path, const char *data, size_t n)
{
  char *error = NULL;
  return object_write(path, data, n, &error) ? 0 : fail("", error, EXIT_ENVIRONMENT);
}

int driver_emit(Driver *d, const char *stage, ProgramKind kind, const char *out)
{
  Text t = {0};
  int code = 0;
  if (!strcmp(stage, "ast")) ast_dump(&t, d->file);
  else if (!strcmp(stage, "equations") || !strcmp(stage, "adjoint") || !strcmp(stage, "schedule")) {
    Stage s = stage[0] == 'e' ? STAGE_EQUATIONS : stage[0] == 'a' ? STAGE_ADJOINT : STAGE_PLAN;
    if (s == STAGE_ADJOINT) kind = PROGRAM_TRAIN;
    d->o.free |= kind == PROGRAM_FREE;
    Compiled *c = make(d, kind, s, false);
    if (!c && kind == PROGRAM_TRAIN && s != STAGE_ADJOINT) c = make(d, PROGRAM_FORWARD, s, false);
    if (!c && kind == PROGRAM_FREE)
      code = fail("none of the model's distributions reads what is drawn: it has no program 'free'", NULL,
                  EXIT_DIAGNOSTICS);
    else if (!c) code = fail("this model has no loss and no '~': there is nothing to train", NULL, EXIT_DIAGNOSTICS);
    else if (c->refused)
      code = fail(arena_printf(d->arena, "no streaming step: %s", c->refused), NULL, EXIT_DIAGNOSTICS);
    else if (s == STAGE_PLAN) plan_print(&t, c->plan);
    else system_print(&t, c->system);
  } else if (!strcmp(stage, "llvm") || !strcmp(stage, "asm") || !strcmp(stage, "json")) {
    code = driver_module(d, (1u << PROGRAM_KINDS) - 1);
    char *error = NULL;
    Bytes b = {0};
    if (!code && stage[0] == 'j') text_puts(&t, d->json.at);
    else if (!code && !object_emit(d->target, d->module, stage[0] == 'l' ? OBJECT_IR : OBJECT_ASSEMBLY, &b, &error))
      code = fail("internal error: ", error, EXIT_INTERNAL);
    if (b.at) text_write(&t, b.at, b.n);
    bytes_free(&b);
  } else
    code = fail(
        arena_printf(d->arena, "--emit=%s is no stage: ast, equations, adjoint, schedule, llvm, asm or json", stage),
        NULL, EXIT_USAGE);
  if (!code) code = write_out(out ? out : "-", t.at ? t.at : "", t.n);
  text_free(&t);
  return code;
}

/* dir/model.o -> dir/model.h */
static const char *header_path(Driver *d, const char *object)
{
  const char *end = strrchr(object, '.');
  bool ending = end && !strchr(end, '/') && end > object && end[-1] != '/';
  return arena_printf(d->arena, "%.*s.h", (int)(ending ? end - object : (long)strlen(object)), object);
}

/* The object and, beside it, its header; both are made before the first is written. */
int driver_object(Driver *d, const char *out)
{
  const char *path = header_path(d, out), *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  if (!strcmp(path, out))
    return fail(arena_printf(d->arena, "%s: the header gets this name: name the object MODEL.o", out), NULL,
                EXIT_USAGE);
  unsigned all = (1u << PROGRAM_KINDS) - 1; /* rnn.h has no word for `free` but by that setting */
  if (!driver_has_setting(d, "gap", "true")) all &= ~(1u << PROGRAM_FREE);
  int code = driver_module(d, d->o.inference ? 1u << PROGRAM_STEP : all);
  if (code) return code;
  if (d->o.inference && d->step->refused)
    return fail(arena_printf(d->arena, "%s: no streaming step: %s", d->o.path, d->step->refused), NULL,
                EXIT_DIAGNOSTICS);
  char *error = NULL;
  Bytes b = {0};
  Text header = {0};
  if (!header_make(&header, d->json.at, &(HeaderOptions){.file_name = name}, &error) ||
      !object_emit(d->target, d->module, OBJECT_CODE, &b, &error))
    code = fail("", error, EXIT_INTERNAL);
  if (!code) code = write_out(out, b.at, b.n);
  if (!code && strcmp(out, "-")) code = write_out(path, header.at, header.n);
  bytes_free(&b);
  text_free(&header);
  return code;
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
  static const char *const libs[] = {"-lopenblas", "-ljansson", "-lzip", "-lcsv",
                                     "-lutf8proc", "-lpthread", "-lm",   NULL};
  char *error = NULL;
  int code = unoptimised(d, (1u << PROGRAM_KINDS) - 1);
  if (code) return code;
  add_main(d);
  if (!target_optimize(d->target, d->module, &error)) return fail("internal error: ", error, EXIT_INTERNAL);
  Bytes b = {0};
  if (!object_emit(d->target, d->module, OBJECT_CODE, &b, &error))
    return fail("internal error: ", error, EXIT_INTERNAL);
  char *object = arena_printf(d->arena, "%s.tmp-%ld.o", out, (long)getpid()), *runtime = link_runtime(&error);
  if (!runtime) {
    bytes_free(&b);
    return fail("", error, EXIT_ENVIRONMENT);
  }
  code = write_out(object, b.at, b.n);
  bytes_free(&b);
  if (!code && !link_program(&(LinkJob){.object = object, .output = out, .runtime = runtime, .libs = libs}, &error))
    code = fail("", error, EXIT_ENVIRONMENT);
  unlink(object);
  free(runtime);
  return code;
}

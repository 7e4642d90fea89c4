/* module.c: programs, step and description put together as the constant PREFIX_model (rnn_program.h). That constant and
   the step are all that other objects see. Programs that are compiled later stand in modules of their own. */
#include "module.h"
#include "describe.h"
#include "emit_stream.h"
#include "header.h"
#include "rnn_program.h"
#include <string.h>

_Static_assert((int)PHASE_ALL == RNN_PHASE_ALL && (int)PHASE_ENCODE == RNN_PHASE_ENCODE &&
                   (int)PHASE_STEPS == RNN_PHASE_STEPS && (int)PHASE_BEFORE == RNN_PHASE_BEFORE &&
                   (int)PHASE_AFTER == RNN_PHASE_AFTER,
               "plan.h and rnn_program.h count the phases alike");

static LLVMValueRef text_constant(LLVMModuleRef m, const char *name, const char *text)
{
  LLVMContextRef c = LLVMGetModuleContext(m);
  LLVMValueRef bytes = LLVMConstStringInContext(c, text, (unsigned)strlen(text), 0);
  LLVMValueRef g = LLVMAddGlobal(m, LLVMTypeOf(bytes), name);
  LLVMSetInitializer(g, bytes);
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  LLVMSetUnnamedAddress(g, LLVMGlobalUnnamedAddr);
  return g;
}

static LLVMValueRef program_table(Arena *a, LLVMModuleRef m, const ModuleRequest *r, LLVMValueRef *run)
{
  LLVMContextRef c = LLVMGetModuleContext(m);
  LLVMTypeRef ptr = LLVMPointerTypeInContext(c, 0), row[] = {ptr, ptr};
  LLVMTypeRef type = LLVMStructTypeInContext(c, row, 2, 0);
  LLVMValueRef *rows = ARENA_ARRAY(a, LLVMValueRef, r->n + 1);
  for (int i = 0; i < r->n; i++) {
    const char *name = program_name[r->programs[i]->kind];
    rows[i] = LLVMConstStructInContext(c, (LLVMValueRef[]){text_constant(m, "program.name", name), run[i]}, 2, 0);
  }
  LLVMValueRef g = LLVMAddGlobal(m, LLVMArrayType2(type, (unsigned)r->n), "programs");
  LLVMSetInitializer(g, LLVMConstArray2(type, rows, (unsigned)r->n));
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  return g;
}

const char *module_entry(Arena *a, const char *prefix, ProgramKind kind)
{
  return kind == PROGRAM_STEP ? arena_printf(a, "%s" HEADER_STEP_ENTRY, prefix)
                              : arena_printf(a, "%s_%s", prefix, program_name[kind]);
}

static LLVMModuleRef new_module(Target *target, LLVMContextRef context, const ModuleRequest *r)
{
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext(r->source, context);
  target_prepare_module(target, m);
  LLVMSetSourceFileName(m, r->source, strlen(r->source));
  return m;
}

static LLVMValueRef address(LLVMContextRef c, const void *at)
{
  return LLVMConstIntToPtr(LLVMConstInt(LLVMInt64TypeInContext(c), (uintptr_t)at, 0), LLVMPointerTypeInContext(c, 0));
}

/* static void *code; NAME(..) { if (!code) code = later->code(later->context, kind); code(..); } */
static LLVMValueRef first_call(const Target *target, LLVMModuleRef m, const ModuleLater *later, LLVMValueRef fn,
                               int kind)
{
  LLVMContextRef c = LLVMGetModuleContext(m);
  LLVMTypeRef type = LLVMGlobalGetValueType(fn), ptr = LLVMPointerTypeInContext(c, 0), i32 = LLVMInt32TypeInContext(c);
  LLVMValueRef code = LLVMAddGlobal(m, ptr, "code"), call = LLVMAddFunction(m, "first", type);
  LLVMSetInitializer(code, LLVMConstNull(ptr));
  LLVMSetLinkage(code, LLVMInternalLinkage);
  LLVMSetLinkage(call, LLVMInternalLinkage);
  target_prepare_function(target, call);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(c, call, "entry"),
                    missing = LLVMAppendBasicBlockInContext(c, call, "missing"),
                    there = LLVMAppendBasicBlockInContext(c, call, "there");
  LLVMPositionBuilderAtEnd(b, entry);
  LLVMValueRef known = LLVMBuildLoad2(b, ptr, code, "known");
  LLVMBuildCondBr(b, LLVMBuildIsNull(b, known, ""), missing, there);

  LLVMPositionBuilderAtEnd(b, missing);
  LLVMTypeRef ask = LLVMFunctionType(ptr, (LLVMTypeRef[]){ptr, i32}, 2, 0);
  LLVMValueRef arg[] = {address(c, later->context), LLVMConstInt(i32, (unsigned)kind, 0)};
  LLVMValueRef made = LLVMBuildCall2(b, ask, address(c, (const void *)later->code), arg, 2, "made");
  LLVMBuildStore(b, made, code);
  LLVMBuildBr(b, there);

  LLVMPositionBuilderAtEnd(b, there);
  LLVMValueRef to = LLVMBuildPhi(b, ptr, "to"), given[8];
  LLVMAddIncoming(to, (LLVMValueRef[]){known, made}, (LLVMBasicBlockRef[]){entry, missing}, 2);
  LLVMGetParams(call, given);
  LLVMSetTailCall(LLVMBuildCall2(b, type, to, given, LLVMCountParams(call), ""), 1);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  return call;
}

/* Without vectors one sequence after the other is as fast: the header does that. */
static bool has_many(const Target *target, const ModuleRequest *r) { return r->many && target->vector_bits; }

static const char *many_entry(Arena *a, const Target *target, const ModuleRequest *r)
{
  return has_many(target, r) ? arena_printf(a, "%s" HEADER_MANY_ENTRY, r->prefix) : NULL;
}

/* One program: into m, or into a module of its own. What the model's table points to. */
static LLVMValueRef make_program(Arena *a, Target *target, LLVMModuleRef m, const ModuleRequest *r, struct Debug *debug,
                                 const Compiled *p, int64_t *step_bytes)
{
  ModuleLater *later = r->later && r->later->programs & 1u << p->kind ? r->later : NULL;
  LLVMModuleRef into = later ? later->module[p->kind] = new_module(target, LLVMGetModuleContext(m), r) : m;
  bool step = p->kind == PROGRAM_STEP;
  const char *name = module_entry(a, r->prefix, p->kind);
  Emit e;
  emit_init(&e, a, target, into, p->plan, step ? arena_printf(a, "%s_step_frame", r->prefix) : name, r->f64_precision,
            step);
  e.debug = later ? debug_new(a, into, target, r->source, r->debug) : debug;
  LLVMValueRef fn = step ? emit_stream(&e, r->lowered, name, many_entry(a, target, r), step_bytes) : emit_program(&e);
  emit_dispose(&e);
  if (later) debug_end(e.debug);
  if (later) return first_call(target, m, later, fn, (int)p->kind);
  if (!step) LLVMSetLinkage(fn, LLVMInternalLinkage); /* reached through the table alone */
  return fn;
}

LLVMModuleRef module_make(Arena *a, Target *target, LLVMContextRef context, const ModuleRequest *r, Text *json)
{
  LLVMModuleRef m = new_module(target, context, r);
  LLVMValueRef *run = ARENA_ARRAY(a, LLVMValueRef, r->n + 1), step = NULL;
  int64_t step_bytes = 0;
  struct Debug *debug = debug_new(a, m, target, r->source, r->debug);
  for (int i = 0; i < r->n; i++) run[i] = make_program(a, target, m, r, debug, r->programs[i], NULL);
  if (r->step && !r->step->refused) step = make_program(a, target, m, r, debug, r->step, &step_bytes);
  debug_end(debug);
  Description d = {r->source, r->hash, r->f64_precision, r->programs, r->n, r->step, step_bytes, has_many(target, r)};
  describe_model(json, r->lowered, r->param_count, &d);

  LLVMTypeRef i32 = LLVMInt32TypeInContext(context), ptr = LLVMPointerTypeInContext(context, 0);
  LLVMTypeRef fields[] = {i32, i32, ptr, ptr, ptr};
  LLVMTypeRef type = LLVMStructTypeInContext(context, fields, 5, 0);
  LLVMValueRef value[] = {LLVMConstInt(i32, RNN_ABI, 0), LLVMConstInt(i32, (unsigned)r->n, 0),
                          text_constant(m, "description", json->at), program_table(a, m, r, run),
                          step ? step : LLVMConstNull(ptr)};
  LLVMValueRef model = LLVMAddGlobal(m, type, arena_printf(a, "%s_model", r->prefix));
  LLVMSetInitializer(model, LLVMConstStructInContext(context, value, 5, 0));
  LLVMSetGlobalConstant(model, 1);
  return m;
}

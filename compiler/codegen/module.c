/* module.c: programs, step and description put together as the constant PREFIX_model (rnn_program.h). That constant and
   the step are all that other objects see. */
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

LLVMModuleRef module_make(Arena *a, Target *target, LLVMContextRef context, const ModuleRequest *r, Text *json)
{
  LLVMModuleRef m = LLVMModuleCreateWithNameInContext(r->source, context);
  target_prepare_module(target, m);
  LLVMSetSourceFileName(m, r->source, strlen(r->source));
  LLVMValueRef *run = ARENA_ARRAY(a, LLVMValueRef, r->n + 1), step = NULL;
  for (int i = 0; i < r->n; i++) {
    Emit e;
    const char *name = arena_printf(a, "%s_%s", r->prefix, program_name[r->programs[i]->kind]);
    emit_init(&e, a, target, m, r->programs[i]->plan, name, r->f64_precision, false);
    run[i] = emit_program(&e);
    LLVMSetLinkage(run[i], LLVMInternalLinkage); /* reached through the table alone */
    emit_dispose(&e);
  }
  int64_t step_bytes = 0;
  if (r->step && !r->step->refused) {
    Emit e;
    emit_init(&e, a, target, m, r->step->plan, arena_printf(a, "%s_step_frame", r->prefix), r->f64_precision, true);
    step = emit_stream(&e, r->lowered, arena_printf(a, "%s" HEADER_STEP_ENTRY, r->prefix), &step_bytes);
    emit_dispose(&e);
  }
  Description d = {r->source, r->hash, r->f64_precision, r->programs, r->n, r->step, step_bytes};
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

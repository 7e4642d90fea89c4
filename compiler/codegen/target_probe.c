/* target_probe.c: what a CPU can do, asked of LLVM itself where the feature string does not say: probe functions are
   compiled to assembly, which is searched for calls of fmaf, floorf or sqrtf, and for the registers that a wide
   addition uses. The C API has no other way. Needs: a Target with its machine. Leaves: what the probe did not find out.
 */
#include "target.h"
#include "text.h"
#include <string.h>

/* f(a, b, c) = fma(a, b, c), then floor, on `lanes` floats */
static void probe_function(LLVMModuleRef module, LLVMBuilderRef b, const Target *t, const char *name, const char *id,
                           LLVMTypeRef real, int lanes)
{
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMTypeRef type = lanes > 1 ? LLVMVectorType(real, (unsigned)lanes) : real;
  LLVMTypeRef ptr = LLVMPointerTypeInContext(context, 0);
  LLVMValueRef fn = LLVMAddFunction(module, name, LLVMFunctionType(LLVMVoidTypeInContext(context), &ptr, 1, false));
  target_prepare_function(t, fn);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, fn, "entry"));
  LLVMValueRef x = LLVMBuildLoad2(b, type, LLVMGetParam(fn, 0), "");
  unsigned n = strcmp(id, "llvm.fma") ? 1 : 3;
  LLVMValueRef arg[3] = {x, x, x};
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(module, LLVMLookupIntrinsicID(id, strlen(id)), &type, 1);
  LLVMValueRef y = LLVMBuildCall2(b, LLVMGlobalGetValueType(f), f, arg, n, "");
  LLVMBuildStore(b, LLVMBuildFAdd(b, y, x, ""), LLVMGetParam(fn, 0));
  LLVMBuildRetVoid(b);
}

/* The name as a word of the assembly's. */
static bool calls(const char *assembly, const char *name)
{
  size_t n = strlen(name);
  for (const char *at = assembly; (at = strstr(at, name)); at += n)
    if (at > assembly && strchr(" \t", at[-1]) && strchr("\n \t@", at[n])) return true;
  return false;
}

void target_probe(Target *t)
{
  LLVMContextRef context = LLVMContextCreate();
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext("probe", context);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
  target_prepare_module(t, module);
  t->vector_bits = 512; /* as attributes; what is found replaces it */
  LLVMTypeRef f32 = LLVMFloatTypeInContext(context), f64 = LLVMDoubleTypeInContext(context);
  probe_function(module, b, t, "probe_fma", "llvm.fma", f32, 1);
  probe_function(module, b, t, "probe_fma64", "llvm.fma", f64, 1);
  probe_function(module, b, t, "probe_floor", "llvm.floor", f32, 1);
  probe_function(module, b, t, "probe_root32", "llvm.sqrt", f32, 1);
  probe_function(module, b, t, "probe_root64", "llvm.sqrt", f64, 1);
  probe_function(module, b, t, "probe_wide", "llvm.fabs", f32, 16);
  t->vector_bits = 0;
  LLVMMemoryBufferRef text = NULL;
  char *error = NULL;
  if (!LLVMTargetMachineEmitToMemoryBuffer(t->machine, module, LLVMAssemblyFile, &error, &text)) {
    Text s = {0};
    text_write(&s, LLVMGetBufferStart(text), LLVMGetBufferSize(text));
    t->has_fma = !strstr(s.at, "fmaf");
    t->has_round = !strstr(s.at, "floorf");
    t->no_fma64 = calls(s.at, "fma");
    t->no_root32 = strstr(s.at, "sqrtf");
    t->no_root64 = calls(s.at, "sqrt");
    bool x86 = !strncmp(t->triple, "x86_64", 6) || !strncmp(t->triple, "i", 1);
    if (x86) t->vector_bits = strstr(s.at, "%zmm") ? 512 : strstr(s.at, "%ymm") ? 256 : strstr(s.at, "%xmm") ? 128 : 0;
    /* NEON and simd128 by their arrangement suffixes */
    else if (strstr(s.at, ".4s") || strstr(s.at, "f32x4") || strstr(s.at, "vadd.f32\tq")) t->vector_bits = 128;
    text_free(&s);
    LLVMDisposeMemoryBuffer(text);
  }
  if (error) LLVMDisposeMessage(error);
  LLVMDisposeBuilder(b);
  LLVMDisposeModule(module);
  LLVMContextDispose(context);
}

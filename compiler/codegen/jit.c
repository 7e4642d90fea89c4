/* jit.c: LLJIT with absolute symbols and objects of our own making.
   Needs: a Target of this machine. Leaves: the modules it is given. */
#define _GNU_SOURCE /* dladdr */
#include "jit.h"
#include "object.h"
#include "text.h"
#include <dlfcn.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/LLJITUtils.h>
#include <llvm-c/Orc.h>
#include <stdlib.h>

struct Jit {
  Target *target;
  LLVMOrcLLJITRef lljit;
  Text said; /* what ORC reported since the last call: the cause, where the error itself is only "failed to materialize"
              */
};

/* Consumes the error. */
static bool failed(Jit *jit, LLVMErrorRef e, const char *doing, char **error)
{
  if (!e) return false;
  char *why = LLVMGetErrorMessage(e);
  Text t = {0};
  text_printf(&t, "the JIT can't %s: %s%s%s", doing, why, jit->said.n ? ": " : "", jit->said.n ? jit->said.at : "");
  text_free(&jit->said);
  *error = t.at;
  LLVMDisposeErrorMessage(why);
  return true;
}

static LLVMErrorRef define_calls(LLVMOrcLLJITRef lljit, const JitCall *calls, size_t n)
{
  LLVMOrcCSymbolMapPair *pair = calloc(n, sizeof *pair);
  if (!pair) abort();
  for (size_t i = 0; i < n; i++) {
    pair[i].Name = LLVMOrcLLJITMangleAndIntern(lljit, calls[i].name);
    pair[i].Sym.Address = (LLVMOrcJITTargetAddress)(uintptr_t)calls[i].address;
    pair[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
  }
  LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pair, n); /* takes the names over */
  free(pair);
  LLVMErrorRef e = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(lljit), unit);
  if (e) LLVMOrcDisposeMaterializationUnit(unit);
  return e;
}

/* Would go to stderr otherwise. */
static void keep_report(void *context, LLVMErrorRef e)
{
  Jit *jit = context;
  char *text = LLVMGetErrorMessage(e);
  text_printf(&jit->said, "%s%s", jit->said.n ? "; " : "", text);
  LLVMDisposeErrorMessage(text);
}

Jit *jit_new(Target *target, const JitCall *calls, size_t n, char **error)
{
  Jit *jit = calloc(1, sizeof *jit);
  if (!jit) abort();
  jit->target = target;
  if (failed(jit, LLVMOrcCreateLLJIT(&jit->lljit, NULL), "start", error)) {
    free(jit);
    return NULL;
  }
  LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(jit->lljit), keep_report, jit);
  if (n > 0 && failed(jit, define_calls(jit->lljit, calls, n), "define the runtime's functions", error)) {
    jit_free(jit);
    return NULL;
  }
  return jit;
}

/* clang's UBSan reads the 8 bytes before a function that is called by pointer: they must exist, also at the start of a
 * page. */
static void give_readable_prefix(LLVMModuleRef module)
{
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  LLVMTypeRef i64 = LLVMInt64TypeInContext(LLVMGetModuleContext(module));
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
    if (!LLVMIsDeclaration(f) && !LLVMHasPrefixData(f)) LLVMSetPrefixData(f, LLVMConstNull(i64));
#endif
#endif
  (void)module;
}

/* LLVM looks for the function that registers code by name in the process; rnnc has loaded it for itself alone. */
static void see_llvm(void)
{
  Dl_info self;
  if (dladdr((void *)LLVMOrcCreateLLJIT, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

bool jit_show(Jit *jit, char **error)
{
  see_llvm();
  return !failed(jit, LLVMOrcLLJITEnableDebugSupport(jit->lljit), "tell debuggers of its code", error);
}

bool jit_add(Jit *jit, LLVMModuleRef module, char **error)
{
  give_readable_prefix(module);
  Bytes object;
  if (!object_emit(jit->target, module, OBJECT_CODE, &object, error)) return false;
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(object.at, object.n, "jit");
  bytes_free(&object);
  LLVMOrcJITDylibRef main_dylib = LLVMOrcLLJITGetMainJITDylib(jit->lljit);
  return !failed(jit, LLVMOrcLLJITAddObjectFile(jit->lljit, main_dylib, buffer), "add a module", error);
}

void *jit_symbol(Jit *jit, const char *name, char **error)
{
  LLVMOrcExecutorAddress address = 0;
  if (failed(jit, LLVMOrcLLJITLookup(jit->lljit, &address, name), "find a symbol", error)) return NULL;
  return (void *)(uintptr_t)address;
}

void jit_free(Jit *jit)
{
  if (!jit) return;
  char *ignored = NULL;
  if (jit->lljit) failed(jit, LLVMOrcDisposeLLJIT(jit->lljit), "stop", &ignored);
  free(ignored);
  text_free(&jit->said);
  free(jit);
}

/* jit.c: LLJIT with absolute symbols and objects of our own making.
   Needs: a Target of this machine. Leaves: the modules it is given. */
#include "jit.h"
#include "object.h"
#include "text.h"
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <stdlib.h>

struct Jit {
  Target *target;
  LLVMOrcLLJITRef lljit;
};

/* Consumes the error. */
static bool failed(LLVMErrorRef e, const char *doing, char **error)
{
  if (!e) return false;
  char *why = LLVMGetErrorMessage(e);
  Text t = {0};
  text_printf(&t, "the JIT can't %s: %s", doing, why);
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

/* Errors that a lookup meets while it links would also go to stderr; the caller gets them, once. */
static void be_quiet(void *context, LLVMErrorRef e)
{
  (void)context;
  LLVMConsumeError(e);
}

Jit *jit_new(Target *target, const JitCall *calls, size_t n, char **error)
{
  Jit *jit = calloc(1, sizeof *jit);
  if (!jit) abort();
  jit->target = target;
  if (failed(LLVMOrcCreateLLJIT(&jit->lljit, NULL), "start", error)) {
    free(jit);
    return NULL;
  }
  LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(jit->lljit), be_quiet, NULL);
  if (n > 0 && failed(define_calls(jit->lljit, calls, n), "define the runtime's functions", error)) {
    jit_free(jit);
    return NULL;
  }
  return jit;
}

bool jit_add(Jit *jit, LLVMModuleRef module, char **error)
{
  Bytes object;
  if (!object_emit(jit->target, module, OBJECT_CODE, &object, error)) return false;
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(object.at, object.n, "jit");
  bytes_free(&object);
  LLVMOrcJITDylibRef main_dylib = LLVMOrcLLJITGetMainJITDylib(jit->lljit);
  return !failed(LLVMOrcLLJITAddObjectFile(jit->lljit, main_dylib, buffer), "add a module", error);
}

void *jit_symbol(Jit *jit, const char *name, char **error)
{
  LLVMOrcExecutorAddress address = 0;
  if (failed(LLVMOrcLLJITLookup(jit->lljit, &address, name), "find a symbol", error)) return NULL;
  return (void *)(uintptr_t)address;
}

void jit_free(Jit *jit)
{
  if (!jit) return;
  char *ignored = NULL;
  if (jit->lljit) failed(LLVMOrcDisposeLLJIT(jit->lljit), "stop", &ignored);
  free(ignored);
  free(jit);
}

/* object.c: emission to memory, and a look at what came out.
   Needs: an optimised module with the target's triple. Leaves: the module (the back end may annotate it). */
#include "object.h"
#include "text.h"
#include <llvm-c/Object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_free(Bytes *b)
{
  free(b->at);
  *b = (Bytes){0};
}

static char *sentence(const char *what, const char *detail)
{
  Text t = {0};
  text_printf(&t, what, detail);
  return t.at;
}

static void bytes_take(Bytes *b, const char *data, size_t n)
{
  b->at = malloc(n + 1);
  if (!b->at) abort();
  memcpy(b->at, data, n);
  b->at[n] = 0;
  b->n = n;
}

/* ---- emission ---- */

/* LLVM's reader of what LLVM wrote. A back end that prints a complaint and goes on is caught here at the latest. */
static LLVMBinaryRef open_object(const Bytes *b, LLVMMemoryBufferRef *buffer, char **error)
{
  *buffer = LLVMCreateMemoryBufferWithMemoryRange(b->at, b->n, "object", false);
  char *message = NULL;
  LLVMBinaryRef binary = LLVMCreateBinary(*buffer, NULL, &message);
  if (!binary) {
    *error = sentence("the object that was made can't be read: %s", message ? message : "unknown format");
    if (message) LLVMDisposeMessage(message);
    LLVMDisposeMemoryBuffer(*buffer);
  }
  return binary;
}

bool object_emit(Target *target, LLVMModuleRef module, ObjectKind kind, Bytes *out, char **error)
{
  *out = (Bytes){0};
  if (kind == OBJECT_IR) {
    char *text = LLVMPrintModuleToString(module);
    bytes_take(out, text, strlen(text));
    LLVMDisposeMessage(text);
    return true;
  }
  LLVMMemoryBufferRef made = NULL;
  char *message = NULL;
  LLVMCodeGenFileType type = kind == OBJECT_CODE ? LLVMObjectFile : LLVMAssemblyFile;
  if (LLVMTargetMachineEmitToMemoryBuffer(target->machine, module, type, &message, &made)) {
    *error = sentence("LLVM can't emit code: %s", message);
    LLVMDisposeMessage(message);
    return false;
  }
  bytes_take(out, LLVMGetBufferStart(made), LLVMGetBufferSize(made));
  LLVMDisposeMemoryBuffer(made);
  if (kind != OBJECT_CODE) return true;
  LLVMMemoryBufferRef buffer;
  LLVMBinaryRef binary = open_object(out, &buffer, error);
  if (!binary) {
    bytes_free(out);
    return false;
  }
  LLVMDisposeBinary(binary);
  LLVMDisposeMemoryBuffer(buffer);
  return true;
}

/* ---- the stack: a back end warns of a frame that is larger than the function's attribute allows, here of any ---- */

typedef struct Frames {
  StackUse *use;
  int n;
  LLVMDiagnosticHandler handler; /* the one before, */
  void *context;                 /* and its own */
} Frames;

/* "PLACE: stack frame size (1234) exceeds limit (0) in function 'name'": true where it is that */
static bool is_frame(const Frames *f, const char *text)
{
  long long bytes = 0;
  const char *at = strstr(text, "stack frame size (");
  if (!at || sscanf(at, "stack frame size (%lld) exceeds limit", &bytes) != 1) return false;
  for (int i = 0; i < f->n; i++) {
    Text quoted = {0};
    text_printf(&quoted, "'%s'", f->use[i].function);
    if (strstr(text, quoted.at)) f->use[i].bytes = bytes;
    text_free(&quoted);
  }
  return true;
}

static void on_diagnostic(LLVMDiagnosticInfoRef info, void *context)
{
  const Frames *f = context;
  char *text = LLVMGetDiagInfoDescription(info);
  LLVMDiagnosticSeverity severity = LLVMGetDiagInfoSeverity(info);
  if (!is_frame(f, text) && severity != LLVMDSRemark && severity != LLVMDSNote) {
    if (f->handler) f->handler(info, f->context);
    else fprintf(stderr, "rnnc: LLVM: %s\n", text);
  }
  LLVMDisposeMessage(text);
}

/* What no frame counts: the return address, what aligning the frame may lose, and what x86-64 leaves below it. */
static int64_t beside_frame(const Target *target)
{
  enum { RETURN = 16, ALIGN = 64, RED_ZONE = 128 };
  return RETURN + ALIGN + (strncmp(target->triple, "x86_64", 6) ? 0 : RED_ZONE);
}

bool object_emit_measured(Target *target, LLVMModuleRef module, Bytes *out, StackUse *use, int n, char **error)
{
  static const char limit[] = "warn-stack-size";
  LLVMContextRef c = LLVMGetModuleContext(module);
  Frames frames = {use, n, LLVMContextGetDiagnosticHandler(c), LLVMContextGetDiagnosticContext(c)};
  LLVMContextSetDiagnosticHandler(c, on_diagnostic, &frames);
  for (int i = 0; i < n; i++) {
    LLVMValueRef fn = LLVMGetNamedFunction(module, use[i].function);
    if (fn)
      LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                              LLVMCreateStringAttribute(c, limit, sizeof limit - 1, "0", 1));
    use[i].bytes = 0;
  }
  bool ok = object_emit(target, module, OBJECT_CODE, out, error);
  for (int i = 0; i < n; i++)
    if (LLVMGetNamedFunction(module, use[i].function)) use[i].bytes += beside_frame(target);
  LLVMContextSetDiagnosticHandler(c, frames.handler, frames.context);
  return ok;
}

void object_add_constant(LLVMModuleRef module, const char *name, const void *data, size_t bytes)
{
  LLVMValueRef all = LLVMConstStringInContext2(LLVMGetModuleContext(module), data, bytes, true);
  LLVMValueRef constant = LLVMAddGlobal(module, LLVMTypeOf(all), name);
  LLVMSetInitializer(constant, all);
  LLVMSetGlobalConstant(constant, 1);
  LLVMSetAlignment(constant, 64);
}

/* ---- undefined symbols: those that stand in no section. So does the source's name, which comes first in ELF ---- */

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

bool object_undefined(const Bytes *object, Bytes *out, char **error)
{
  *out = (Bytes){0};
  LLVMMemoryBufferRef buffer;
  LLVMBinaryRef binary = open_object(object, &buffer, error);
  if (!binary) return false;
  char **name = NULL;
  size_t n = 0;
  LLVMSymbolIteratorRef s = LLVMObjectFileCopySymbolIterator(binary);
  LLVMSectionIteratorRef section = LLVMObjectFileCopySectionIterator(binary);
  bool elf = object->n > 4 && !memcmp(object->at, "\177ELF", 4);
  if (elf && s && !LLVMObjectFileIsSymbolIteratorAtEnd(binary, s)) LLVMMoveToNextSymbol(s);
  for (; s && !LLVMObjectFileIsSymbolIteratorAtEnd(binary, s); LLVMMoveToNextSymbol(s)) {
    const char *text = LLVMGetSymbolName(s);
    if (!text || !*text) continue;
    LLVMMoveToContainingSection(section, s);
    if (!LLVMObjectFileIsSectionIteratorAtEnd(binary, section)) continue;
    name = realloc(name, (n + 1) * sizeof *name);
    if (!name || !(name[n] = strdup(text))) abort();
    n++;
  }
  if (section) LLVMDisposeSectionIterator(section);
  if (s) LLVMDisposeSymbolIterator(s);
  LLVMDisposeBinary(binary);
  LLVMDisposeMemoryBuffer(buffer);
  if (n) qsort(name, n, sizeof *name, by_text);
  Text all = {0};
  text_puts(&all, "");
  for (size_t i = 0; i < n; i++) {
    text_printf(&all, "%s\n", name[i]);
    free(name[i]);
  }
  free(name);
  bytes_take(out, all.at ? all.at : "", all.n);
  text_free(&all);
  return true;
}

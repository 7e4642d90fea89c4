/* object.c: emission to memory, and a look at what came out.
   Needs: an optimised module with the target's triple. Leaves: the module (the back end may annotate it). */
#include "object.h"
#include "text.h"
#include <llvm-c/Object.h>
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

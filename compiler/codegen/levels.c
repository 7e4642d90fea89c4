/* levels.c: clones of the streaming step for levels of x86-64, in one object. Needs: optimised modules that are equal
   but for the machine. Leaves: the state's layout, but for its second number.

   That number is 1 + the index of the level that the state's steps run on; anything else, as in a state that was just
   begun, makes the step ask the CPU once and write it there. So nothing is global or written outside the state, a copy
   of a state is a state, and no content of it leads to code that the CPU does not have, but for one that was written
   on another machine: NAME_moved of the header forgets the number. */
#include "levels.h"
#include "header.h"
#include "text.h"
#include <llvm-c/Linker.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static const char *const level_name[LEVELS] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};

static int rank_of(const char *name, size_t n)
{
  for (int i = 0; i < LEVELS; i++)
    if (strlen(level_name[i]) == n && !strncmp(name, level_name[i], n)) return i;
  return -1;
}

int levels_read(const char *list, const char *names[LEVELS], char **error)
{
  bool wanted[LEVELS] = {false};
  for (const char *word = list;; word++) {
    size_t n = strcspn(word, ",");
    int rank = rank_of(word, n);
    if (rank < 0) {
      Text t = {0};
      text_printf(&t, "--targets is a list of x86-64, x86-64-v2, x86-64-v3 and x86-64-v4, parted by commas: not '%.*s'",
                  (int)n, word);
      *error = t.at;
      return 0;
    }
    wanted[rank] = true;
    word += n;
    if (!*word) break;
  }
  int n = 0;
  for (int i = 0; i < LEVELS; i++)
    if (wanted[i]) names[n++] = level_name[i];
  return n;
}

/* ---- what the CPU has ---- */

typedef struct Ask {
  LLVMContextRef c;
  LLVMBuilderRef b;
  LLVMTypeRef i32, i1;
} Ask;

enum { EAX, EBX, ECX, EDX };

static LLVMValueRef word(const Ask *a, uint32_t v) { return LLVMConstInt(a->i32, v, 0); }

static LLVMValueRef run_asm(const Ask *a, const char *text, const char *constraints, int results, LLVMValueRef *arg,
                            int n)
{
  LLVMTypeRef types[] = {a->i32, a->i32, a->i32, a->i32};
  LLVMTypeRef made = LLVMStructTypeInContext(a->c, types, (unsigned)results, 0);
  LLVMTypeRef type = LLVMFunctionType(made, types, (unsigned)n, 0);
  LLVMValueRef code =
      LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints), 1, 0, LLVMInlineAsmDialectATT, 0);
  return LLVMBuildCall2(a->b, type, code, arg, (unsigned)n, "");
}

static LLVMValueRef cpuid(const Ask *a, uint32_t leaf, unsigned what)
{
  LLVMValueRef arg[] = {word(a, leaf), word(a, 0)};
  LLVMValueRef all = run_asm(a, "cpuid", "={ax},={bx},={cx},={dx},{ax},{cx}", 4, arg, 2);
  return LLVMBuildExtractValue(a->b, all, what, "");
}

/* A leaf that the CPU does not have says nothing. */
static LLVMValueRef leaf(const Ask *a, LLVMValueRef last, uint32_t number, unsigned what)
{
  LLVMValueRef said = cpuid(a, number, what);
  LLVMValueRef has = LLVMBuildICmp(a->b, LLVMIntUGE, last, word(a, number), "");
  return LLVMBuildSelect(a->b, has, said, word(a, 0), "");
}

static LLVMValueRef all_of(const Ask *a, LLVMValueRef bits, uint32_t wanted)
{
  return LLVMBuildICmp(a->b, LLVMIntEQ, LLVMBuildAnd(a->b, bits, word(a, wanted), ""), word(a, wanted), "");
}

#define BIT(n) (1u << (n))
enum {
  V2 = BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23), /* leaf 1: sse3 ssse3 cx16 sse4.1 sse4.2 popcnt */
  V2_MORE = BIT(0),                                             /* leaf 80000001: lahf */
  V3 = BIT(12) | BIT(22) | BIT(27) | BIT(28) | BIT(29),         /* leaf 1: fma movbe osxsave avx f16c */
  V3_MORE = BIT(5),                                             /* leaf 80000001: lzcnt */
  V3_WIDE = BIT(3) | BIT(5) | BIT(8),                           /* leaf 7: bmi1 avx2 bmi2 */
  V4_WIDE = BIT(16) | BIT(17) | BIT(28) | BIT(30),              /* leaf 7: avx512 f dq cd bw, and */
  OSXSAVE = BIT(27),
  YMM_KEPT = 0x06, /* by the operating system */
  ZMM_KEPT = 0xe6
};
static const uint32_t V4_VL = 1u << 31;

/* int32_t NAME(void): the highest of the levels that this CPU has; -1: none of them */
static LLVMValueRef level_function(LLVMModuleRef m, const Target *least, const char *name, const char *const *names,
                                   int n)
{
  LLVMContextRef c = LLVMGetModuleContext(m);
  Ask a = {c, LLVMCreateBuilderInContext(c), LLVMInt32TypeInContext(c), LLVMInt1TypeInContext(c)};
  LLVMValueRef fn = LLVMAddFunction(m, name, LLVMFunctionType(a.i32, NULL, 0, 0));
  target_prepare_function(least, fn);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(c, fn, "entry"),
                    saved = LLVMAppendBasicBlockInContext(c, fn, "saved"),
                    known = LLVMAppendBasicBlockInContext(c, fn, "known");
  LLVMPositionBuilderAtEnd(a.b, entry);
  enum { MORE = 0x80000000u };
  LLVMValueRef last = cpuid(&a, 0, EAX), last_more = cpuid(&a, MORE, EAX);
  LLVMValueRef first = leaf(&a, last, 1, ECX), wide = leaf(&a, last, 7, EBX), more = leaf(&a, last_more, MORE + 1, ECX);
  LLVMBuildCondBr(a.b, all_of(&a, first, OSXSAVE), saved, known);

  LLVMPositionBuilderAtEnd(a.b, saved);
  LLVMValueRef zero = word(&a, 0), said = run_asm(&a, "xgetbv", "={ax},={dx},{cx}", 2, &zero, 1);
  said = LLVMBuildExtractValue(a.b, said, 0, "");
  LLVMBuildBr(a.b, known);

  LLVMPositionBuilderAtEnd(a.b, known);
  LLVMValueRef kept = LLVMBuildPhi(a.b, a.i32, "kept"), has[LEVELS] = {LLVMConstInt(a.i1, 1, 0)};
  LLVMAddIncoming(kept, (LLVMValueRef[]){zero, said}, (LLVMBasicBlockRef[]){entry, saved}, 2);
  LLVMValueRef needs[LEVELS][4] = {
      {NULL},
      {all_of(&a, first, V2), all_of(&a, more, V2_MORE)},
      {all_of(&a, first, V3), all_of(&a, more, V3_MORE), all_of(&a, wide, V3_WIDE), all_of(&a, kept, YMM_KEPT)},
      {all_of(&a, wide, V4_WIDE | V4_VL), all_of(&a, kept, ZMM_KEPT)}};
  for (int i = 1; i < LEVELS; i++) {
    has[i] = has[i - 1];
    for (int k = 0; k < 4 && needs[i][k]; k++) has[i] = LLVMBuildAnd(a.b, has[i], needs[i][k], "");
  }
  LLVMValueRef level = LLVMConstInt(a.i32, (unsigned long long)-1, 1);
  for (int i = 0; i < n; i++)
    level = LLVMBuildSelect(a.b, has[rank_of(names[i], strlen(names[i]))], word(&a, (uint32_t)i), level, "");
  LLVMBuildRet(a.b, level);
  LLVMDisposeBuilder(a.b);
  return fn;
}

/* ---- the choice ---- */

enum { STATE_PARAM = 1, MARK_AT = 1 }; /* of both entries; doubles into the state */

/* NAME(params, state, ...): to the clone that the state names. */
static void fill_entry(LLVMModuleRef m, LLVMValueRef fn, LLVMValueRef *clone, int n, LLVMValueRef level)
{
  LLVMContextRef c = LLVMGetModuleContext(m);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(c);
  LLVMTypeRef f64 = LLVMDoubleTypeInContext(c), i32 = LLVMInt32TypeInContext(c), type = LLVMGlobalGetValueType(fn);
  LLVMValueRef arg[8], at, index = LLVMConstInt(i32, MARK_AT, 0);
  unsigned args = LLVMCountParams(fn);
  LLVMGetParams(fn, arg);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(c, fn, "entry"), to[LEVELS],
                    ask = LLVMAppendBasicBlockInContext(c, fn, "ask");
  LLVMPositionBuilderAtEnd(b, entry);
  at = LLVMBuildInBoundsGEP2(b, f64, arg[STATE_PARAM], &index, 1, "");
  LLVMValueRef mark = LLVMBuildLoad2(b, f64, at, "mark");
  LLVMSetAlignment(mark, 8);
  for (int i = 0; i < n; i++) {
    to[i] = LLVMAppendBasicBlockInContext(c, fn, "clone");
    LLVMBasicBlockRef other = i + 1 < n ? LLVMAppendBasicBlockInContext(c, fn, "other") : ask;
    LLVMBuildCondBr(b, LLVMBuildFCmp(b, LLVMRealOEQ, mark, LLVMConstReal(f64, i + 1), ""), to[i], other);
    LLVMPositionBuilderAtEnd(b, other);
  }
  LLVMValueRef found = LLVMBuildCall2(b, LLVMGlobalGetValueType(level), level, NULL, 0, "found");
  LLVMValueRef none = LLVMBuildICmp(b, LLVMIntSLT, found, LLVMConstInt(i32, 0, 0), "");
  found = LLVMBuildSelect(b, none, LLVMConstInt(i32, 0, 0), found, "");
  LLVMValueRef one = LLVMConstInt(i32, 1, 0);
  LLVMValueRef store = LLVMBuildStore(b, LLVMBuildSIToFP(b, LLVMBuildAdd(b, found, one, ""), f64, ""), at);
  LLVMSetAlignment(store, 8);
  LLVMValueRef choice = LLVMBuildSwitch(b, found, to[0], (unsigned)n);
  for (int i = 1; i < n; i++) LLVMAddCase(choice, LLVMConstInt(i32, (unsigned)i, 0), to[i]);
  for (int i = 0; i < n; i++) {
    LLVMPositionBuilderAtEnd(b, to[i]);
    LLVMValueRef call = LLVMBuildCall2(b, type, clone[i], arg, args, "");
    LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
    LLVMBuildRetVoid(b);
  }
  LLVMDisposeBuilder(b);
}

/* ---- joining ---- */

/* Constants of this object's description, of which one is enough. */
static void drop_description(LLVMModuleRef m, const char *model)
{
  LLVMValueRef g = LLVMGetNamedGlobal(m, model);
  if (g) LLVMDeleteGlobal(g);
  for (bool again = true; again;) {
    again = false;
    for (LLVMValueRef next, at = LLVMGetFirstGlobal(m); at; at = next) {
      next = LLVMGetNextGlobal(at);
      LLVMLinkage linkage = LLVMGetLinkage(at);
      if (LLVMGetFirstUse(at) || (linkage != LLVMPrivateLinkage && linkage != LLVMInternalLinkage)) continue;
      LLVMDeleteGlobal(at);
      again = true;
    }
  }
}

/* NAME becomes NAME.LEVEL, also where it is internal: of no other clone. */
static void rename_functions(LLVMModuleRef m, const char *level)
{
  for (LLVMValueRef fn = LLVMGetFirstFunction(m); fn; fn = LLVMGetNextFunction(fn)) {
    if (LLVMIsDeclaration(fn)) continue;
    size_t length;
    Text name = {0};
    text_printf(&name, "%s.%s", LLVMGetValueName2(fn, &length), level);
    LLVMSetValueName2(fn, name.at, name.n);
    text_free(&name);
  }
}

static void join_entry(LLVMModuleRef m, const char *name, const char *const *names, int n, LLVMValueRef level,
                       const Target *least)
{
  LLVMValueRef clone[LEVELS];
  Text text = {0};
  for (int i = 0; i < n; i++) {
    text_free(&text);
    text = (Text){0};
    text_printf(&text, "%s.%s", name, names[i]);
    clone[i] = LLVMGetNamedFunction(m, text.at);
    if (clone[i]) LLVMSetLinkage(clone[i], LLVMInternalLinkage);
  }
  text_free(&text);
  if (!clone[0]) return; /* a model whose object has no such entry */
  LLVMValueRef fn = LLVMAddFunction(m, name, LLVMGlobalGetValueType(clone[0]));
  target_prepare_function(least, fn);
  LLVMReplaceAllUsesWith(clone[0], fn); /* in the model's constant */
  fill_entry(m, fn, clone, n, level);
}

bool levels_join(LLVMModuleRef *module, const Target *least, const char *const *names, int n, const char *prefix,
                 char **error)
{
  Text name = {0};
  text_printf(&name, "%s_model", prefix);
  for (int i = 0; i < n; i++) {
    rename_functions(module[i], names[i]);
    if (i == 0) continue;
    drop_description(module[i], name.at);
    if (LLVMLinkModules2(module[0], module[i])) {
      *error = strdup("internal error: the levels' modules can't be joined");
      return false;
    }
  }
  text_free(&name);
  Text entry[3] = {{0}};
  static const char *const suffix[] = {"_level", HEADER_STEP_ENTRY, HEADER_MANY_ENTRY};
  for (int i = 0; i < 3; i++) text_printf(&entry[i], "%s%s", prefix, suffix[i]);
  LLVMValueRef level = level_function(module[0], least, entry[0].at, names, n);
  for (int i = 1; i < 3; i++) join_entry(module[0], entry[i].at, names, n, level, least);
  for (int i = 0; i < 3; i++) text_free(&entry[i]);
  return true;
}

/* target.c: target machines, function attributes, the pass pipelines.
   Needs: libLLVM. Leaves: the modules it is given, but for target_optimize and target_prepare_*. */
#include "target.h"
#include "diag.h"
#include "text.h"
#include <errno.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Support.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- names ---- */

typedef struct Alias {
  const char *name, *triple, *cpu, *features, *abi;
  bool hosted;
  const char *help;
} Alias;

static const Alias aliases[] = {
#define SYSTEM true
#define BARE false
#define TARGET(name, triple, cpu, features, abi, system, help) {name, triple, cpu, features, abi, system, help},
#include "targets.def"
#undef TARGET
#undef BARE
#undef SYSTEM
};

static const Alias *alias_of(const char *name)
{
  for (const Alias *a = aliases; a < aliases + sizeof aliases / sizeof *aliases; a++)
    if (!strcmp(name, a->name)) return a;
  for (const Alias *a = aliases; a < aliases + sizeof aliases / sizeof *aliases; a++)
    if (!strncmp(name, a->name, strlen(a->name)) && name[strlen(a->name)] == '-') return a;
  return NULL;
}

static char *copy(const char *s)
{
  char *c = strdup(s ? s : "");
  if (!c) abort();
  return c;
}

static char *sentence(const char *what, const char *detail)
{
  Text t = {0};
  text_printf(&t, what, detail);
  return t.at;
}

static char *no_target(const char *name)
{
  enum { N = sizeof aliases / sizeof *aliases };
  const char *names[N];
  for (int i = 0; i < N; i++) names[i] = aliases[i].name;
  const char *near = nearest(name, names, N);
  Text t = {0};
  text_printf(&t, "this LLVM has no target '%s'", name);
  if (near) text_printf(&t, ": did you mean '%s'?", near);
  else text_puts(&t, "; `rnnc targets` lists those it has");
  return t.at;
}

static void start_llvm(void)
{
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargets();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllAsmPrinters();
  LLVMInitializeAllAsmParsers();
}

static void start_llvm_once(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_llvm);
}

/* Strength reduction of loops takes a third of the back end's time and changes no figure on x86-64, whose instructions
   add a base and a scaled index themselves. There is no switch but LLVM's own, one for the whole process: the first
   machine says how it stands. */
static void reduce_strength(void) {}

static void leave_loops(void) { LLVMParseCommandLineOptions(2, (const char *const[]){"rnnc", "-disable-lsr"}, NULL); }

static void set_switches(const char *triple)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, strncmp(triple, "x86_64", 6) ? reduce_strength : leave_loops);
}

/* ---- what the CPU can do ---- */

static bool says(const char *features, const char *feature)
{
  const char *at = features;
  size_t n = strlen(feature);
  while ((at = strstr(at, feature))) {
    if ((at == features || at[-1] == ',') && (at[n] == 0 || at[n] == ',')) return true;
    at += n;
  }
  return false;
}

/* ---- making one ---- */

/* Relocations and code model: position-independent where there is an operating system. A bare machine and wasm link
   statically (with PIC, wasm would want __memory_base). The JIT too is served by the small model: JITLink places code
   within reach of itself. */
static Target *target_make(const char *triple, const char *cpu, const char *features, const char *abi, bool hosted,
                           int level, char **error)
{
  LLVMTargetRef family;
  char *message = NULL;
  if (LLVMGetTargetFromTriple(triple, &family, &message)) {
    *error = no_target(triple);
    LLVMDisposeMessage(message);
    return NULL;
  }
  set_switches(triple);
  Target *t = calloc(1, sizeof *t);
  if (!t) abort();
  t->triple = copy(triple), t->cpu = copy(cpu), t->features = copy(features);
  t->level = level < 0 ? 0 : level > 3 ? 3 : level;
  t->hosted = hosted;
  LLVMTargetMachineOptionsRef o = LLVMCreateTargetMachineOptions();
  LLVMTargetMachineOptionsSetCPU(o, t->cpu);
  LLVMTargetMachineOptionsSetFeatures(o, t->features);
  if (*abi) LLVMTargetMachineOptionsSetABI(o, abi);
  LLVMTargetMachineOptionsSetCodeGenOptLevel(o, t->level == 0   ? LLVMCodeGenLevelNone
                                                : t->level == 1 ? LLVMCodeGenLevelLess
                                                                : LLVMCodeGenLevelDefault);
  LLVMTargetMachineOptionsSetRelocMode(o, hosted ? LLVMRelocPIC : LLVMRelocStatic);
  LLVMTargetMachineOptionsSetCodeModel(o, hosted ? LLVMCodeModelSmall : LLVMCodeModelDefault);
  t->machine = LLVMCreateTargetMachineWithOptions(family, t->triple, o);
  LLVMDisposeTargetMachineOptions(o);
  if (!t->machine) {
    *error = sentence("LLVM can't make code for '%s' with this CPU and these features", triple);
    target_free(t);
    return NULL;
  }
  t->layout = LLVMCreateTargetDataLayout(t->machine);
  return t;
}

static void count_registers(Target *t)
{
  bool x86 = !strncmp(t->triple, "x86_64", 6);
  t->vector_registers = t->vector_bits == 512                                                    ? 32
                        : x86 || !strncmp(t->triple, "wasm", 4) || !strncmp(t->triple, "arm", 3) ? 16
                                                                                                 : 32;
}

Target *target_host(int level, char **error)
{
  start_llvm_once();
  char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
  Target *t = target_make(triple, cpu, features, "", true, level, error);
  if (t && !strncmp(triple, "x86_64", 6)) { /* the features say all: no probe */
    t->has_fma = says(features, "+fma");
    t->has_round = says(features, "+sse4.1");
    t->vector_bits = says(features, "+avx512f") ? 512 : says(features, "+avx") ? 256 : 128;
  } else if (t) {
    target_probe(t);
  }
  if (t) count_registers(t);
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return t;
}

/* LLVM prints to stderr when it does not know a CPU or a feature and goes on, or aborts later when it has made
   something of them that can't work; the C API has no list of names. So a child process tries, and its first words are
   the reason. True when it has none. */
static bool names_are_known(const char *triple, const char *cpu, const char *features, const char *abi, bool hosted,
                            char **error)
{
  int pipe_fd[2];
  if (pipe(pipe_fd)) return true;
  pid_t child = fork();
  if (child < 0) return close(pipe_fd[0]), close(pipe_fd[1]), true;
  if (child == 0) {
    dup2(pipe_fd[1], STDERR_FILENO);
    close(pipe_fd[0]);
    char *ignored = NULL;
    Target *t = target_make(triple, cpu, features, abi, hosted, 2, &ignored);
    if (t) target_probe(t);
    _exit(0);
  }
  close(pipe_fd[1]);
  char said[256];
  ssize_t n, have = 0;
  while ((n = read(pipe_fd[0], said + have, sizeof said - 1 - (size_t)have)) > 0 || (n < 0 && errno == EINTR))
    have += n > 0 ? n : 0;
  close(pipe_fd[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (have == 0 && WIFEXITED(status)) return true;
  said[have] = 0;
  said[strcspn(said, "\n")] = 0;
  if (!*said) strcpy(said, "nothing, and crashes");
  Text t = {0};
  text_printf(&t, "no code can be made for target '%s', CPU '%s', features '%s': LLVM says: %s", triple, cpu, features,
              said);
  *error = t.at;
  return false;
}

Target *target_named(const char *name, const char *cpu, const char *features, int level, char **error)
{
  if (cpu && !strcmp(cpu, "native")) {
    if (name) {
      *error =
          sentence("the CPU 'native' is this machine's: it can't be asked for together with the target '%s'", name);
      return NULL;
    }
    return target_host(level, error);
  }
  if (!name && !cpu && !features) return target_host(level, error);
  start_llvm_once();
  const Alias *alias = name ? alias_of(name) : NULL;
  char *given = name ? copy(alias && !strcmp(name, alias->name) ? alias->triple : name) : LLVMGetDefaultTargetTriple();
  char *triple = LLVMNormalizeTargetTriple(given);
  if (!alias) alias = alias_of(triple);
  Text all = {0};
  text_puts(&all, alias && !cpu ? alias->features : "");
  if (features && *features) text_printf(&all, "%s%s", all.n ? "," : "", features);
  bool hosted =
      alias ? alias->hosted || strstr(triple, "linux") : !strstr(triple, "none") && !strstr(triple, "unknown-unknown");
  const char *abi = alias ? alias->abi : "", *chosen = cpu ? cpu : alias ? alias->cpu : "generic";
  bool ask = cpu || (features && *features);
  Target *t = NULL;
  if (!ask || names_are_known(triple, chosen, all.at, abi, hosted, error))
    t = target_make(triple, chosen, all.at, abi, hosted, level, error);
  if (t) target_probe(t), count_registers(t);
  text_free(&all);
  LLVMDisposeMessage(triple);
  if (name) free(given);
  else LLVMDisposeMessage(given);
  return t;
}

void target_free(Target *t)
{
  if (!t) return;
  if (t->layout) LLVMDisposeTargetData(t->layout);
  if (t->machine) LLVMDisposeTargetMachine(t->machine);
  free(t->triple);
  free(t->cpu);
  free(t->features);
  free(t);
}

int target_lanes(const Target *t, LLVMTypeRef element)
{
  unsigned bits = (unsigned)LLVMSizeOfTypeInBits(t->layout, element);
  return t->vector_bits <= (int)bits ? 1 : t->vector_bits / (int)bits;
}

void target_list(void (*each)(const char *name, const char *description, void *arg), void *arg)
{
  start_llvm_once();
  for (const Alias *a = aliases; a < aliases + sizeof aliases / sizeof *aliases; a++) {
    LLVMTargetRef family;
    char *message = NULL;
    char about[160];
    snprintf(about, sizeof about, "%s: %s", a->triple, a->help);
    if (LLVMGetTargetFromTriple(a->triple, &family, &message)) LLVMDisposeMessage(message);
    else each(a->name, about, arg);
  }
  for (LLVMTargetRef f = LLVMGetFirstTarget(); f; f = LLVMGetNextTarget(f))
    if (LLVMTargetHasAsmBackend(f)) each(LLVMGetTargetName(f), LLVMGetTargetDescription(f), arg);
}

/* ---- modules and functions ---- */

void target_prepare_module(const Target *t, LLVMModuleRef module)
{
  LLVMSetTarget(module, t->triple);
  LLVMSetModuleDataLayout(module, t->layout);
}

static void set_string(LLVMContextRef context, LLVMValueRef fn, const char *key, const char *value)
{
  if (!*value) return;
  LLVMAddAttributeAtIndex(
      fn, LLVMAttributeFunctionIndex,
      LLVMCreateStringAttribute(context, key, (unsigned)strlen(key), value, (unsigned)strlen(value)));
}

static void set_flag(LLVMContextRef context, LLVMValueRef fn, const char *name)
{
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(context, kind, 0));
}

void target_prepare_function(const Target *t, LLVMValueRef fn)
{
  LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(fn));
  set_string(context, fn, "target-cpu", t->cpu);
  set_string(context, fn, "target-features", t->features);
  if (t->vector_bits == 512) {
    set_string(context, fn, "prefer-vector-width", "512");
    set_string(context, fn, "min-legal-vector-width", "512");
  }
  /* no unwind tables, and no loop recognised as memset: an inference object calls nothing */
  set_flag(context, fn, "nounwind");
  LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, LLVMCreateStringAttribute(context, "no-builtins", 11, "", 0));
}

/* Our code comes out of the emitters already vectorised, unrolled and without allocas to speak of, so that the
   vectorisers, unrolling and most of the inliner's rounds of `default<O2>` find nothing to do but take most of the
   time. What is worth it: folding address arithmetic and repeated loads, moving what does not vary out of loops.
   Figures stand in docs/performance.md. */
static const char *const pipelines[4] = {
    "always-inline",
    "always-inline,function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>)",
    "always-inline,function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop-simplify,lcssa,"
    "loop-mssa(licm),gvn,"
    "instcombine<no-verify-fixpoint>,"
    "simplifycfg,dce)",
    "default<O3>",
};

bool target_optimize(Target *t, LLVMModuleRef module, char **error)
{
  char *message = NULL;
  if (LLVMVerifyModule(module, LLVMReturnStatusAction, &message)) {
    *error = sentence("internal error: the generated module is not well-formed: %s", message);
    LLVMDisposeMessage(message);
    return false;
  }
  LLVMDisposeMessage(message);
  LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
  LLVMErrorRef failed = LLVMRunPasses(module, pipelines[t->level], t->machine, o);
  LLVMDisposePassBuilderOptions(o);
  if (!failed) return true;
  char *why = LLVMGetErrorMessage(failed);
  *error = sentence("internal error: LLVM's passes: %s", why);
  LLVMDisposeErrorMessage(why);
  return false;
}

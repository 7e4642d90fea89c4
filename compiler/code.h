/* code.h: what needs LLVM or the runtime, as a table of functions. It stands in a module of its own that rnnc loads
   when it is needed, so that all else starts at once. */
#ifndef RNNC_CODE_H
#define RNNC_CODE_H
#include "commands.h"
#include "driver.h"
#include "options.h"

typedef struct Code {
  const char *version; /* RNNC_VERSION: table and rnnc are of one build */
  int (*emit)(Driver *d, const char *stage, ProgramKind kind, const char *out);
  int (*object)(Driver *d, const char *out);
  int (*executable)(Driver *d, const char *out);
  int (*jit)(Driver *d, unsigned programs, unsigned later, const RnnModel **model);
  int (*run)(int argc, char **argv, const RnnModel *model, const RnnHost *host); /* rnn_main */
  char *(*checkpoint_setting)(const char *path, const char *name);
  void (*about)(FILE *out); /* what the code generator and the runtime are made of, on this machine */
  int (*command[COMMANDS])(int argc, char **argv); /* those of CODE_COMMAND in commands.def */
} Code;

extern const Code rnnc_code; /* in the module */
/* NULL after a message: the module is not where it should be, or another version's. */
const Code *code_load(void);
#endif

/* driver.h: source to IR, object, executable or running code: the pipeline on one screen. */
#ifndef RNNC_DRIVER_H
#define RNNC_DRIVER_H
#include "color.h"
#include "exit_codes.h"
#include "jit.h"
#include "module.h"
#include "rnn_program.h"

/* Where the weights of an object's step are. */
typedef enum Weights { WEIGHTS_EXTERN, WEIGHTS_EMBED, WEIGHTS_BLOB } Weights;

typedef struct DriverOptions {
  const char *path;  /* the .rnn file; "-" reads standard input */
  const char *model; /* which of the file's models; NULL: the last */
  ColorChoice color;
  bool f64_precision;
  int level; /* -O0 .. -O3 */
  DebugLevel debug;
  const char *triple, *cpu, *features;
  const char *targets; /* levels of x86-64 for one object (levels.h); NULL: one machine */
  const char *const *wrt, *const *show;
  bool only_shown;            /* a forward program computes `show` alone, no outputs */
  const char *forcing;        /* the setting teacher_forcing, where the command line has it; NULL: the train block's */
  bool free;                  /* the program `free` is wanted: where the model has none it is a mistake */
  const char *const *include; /* folders of imports, beside the importing file's; NULL at the end; may be NULL */
  bool verbose;               /* says what the target is, and how the linker is called */
  bool dry_run;               /* prints how the linker would be called, and writes nothing */
  bool inference;             /* an object holds the streaming step alone, and needs no library */
  Weights weights;
  const char *weights_file; /* to embed, or to write as a blob; NULL: none */
  const char *prefix;       /* of an object's names; NULL: the model's name */
  const DiagStyle *style;   /* of diagnostics; NULL: for people */
} DriverOptions;

typedef struct Driver {
  DriverOptions o;
  Arena *arena;
  Diag *diag;
  Ast *file;
  const System *lowered; /* with parameters laid out */
  int64_t param_count;
  char hash[17];
  LowerOptions lower;
  FileNames read;       /* files that it was made of: the source, imports */
  Forcing forcing;      /* of the train program */
  const Compiled *step; /* once compiled */
  bool many;            /* with the step also that of many sequences */
  Target *target;
  LLVMContextRef context;
  LLVMModuleRef module;
  ModuleLater later; /* of a model in this process: what was not compiled at once */
  Jit *jit;
  Text json;
  void (*close_code)(struct Driver *d); /* frees what driver.c made; NULL: nothing was */
} Driver;

/* driver_open.c. Reads and checks the file. Each of these returns 0 or an exit code, everything said on stderr. */
int driver_open(Driver *d, const DriverOptions *o);
/* The same of a tree that was made elsewhere, in `arena`, which driver_close frees. Diagnostics are left in d->diag. */
int driver_open_tree(Driver *d, const DriverOptions *o, Arena *arena, Ast *file);
void driver_close(Driver *d);
bool driver_has_setting(const Driver *d, const char *name, const char *value); /* in the train block */
/* Writes a stage that needs no code: ast, equations, adjoint, schedule. */
int driver_text(Driver *d, const char *stage, ProgramKind kind, const char *out);
bool driver_stage_needs_code(const char *stage);
/* One program; NULL where the model has none of the kind. Mistakes end the process. */
Compiled *driver_program(Driver *d, ProgramKind kind, Stage stage, bool windows);
int driver_said(Driver *d, int code);                           /* prints the diagnostics; returns code */
int driver_fail(const char *what, char *error, int code);       /* what went wrong outside the source; frees error */
int driver_write(const char *path, const char *data, size_t n); /* aside and renamed; "-": standard output */

/* driver.c. Compiles the programs whose bit (1 << ProgramKind) is in `programs`, as far as the model has them, into
   d->module, optimised. */
int driver_module(Driver *d, unsigned programs);
int driver_levels(Driver *d); /* the step for each of o.targets; refused as by driver_module */
/* The model in this process, valid until driver_close: all of `programs`, of which those in `later` are compiled when
 * they first run. d stays where it is. */
int driver_jit(Driver *d, unsigned programs, unsigned later, const RnnModel **model);
/* Writes any stage as text. */
int driver_emit(Driver *d, const char *stage, ProgramKind kind, const char *out);
int driver_object(Driver *d,
                  const char *out);          /* and the header beside it, and the blob where there are weights for it */
int driver_blob(Driver *d, const char *out); /* the weights alone */
bool driver_is_c_name(const char *name);
const char *driver_prefix(const Driver *d); /* what an object's names begin with */
int driver_executable(Driver *d, const char *out);

/* What driver.c and driver_object.c share. */
int driver_fail(const char *what, char *error, int code); /* says what went wrong outside the source; frees error */
int driver_write(const char *path, const char *data, size_t n);
#endif

/* sema.h: what the meaning of a program is checked with, and what comes of it. */
#ifndef RNNC_SEMA_H
#define RNNC_SEMA_H
#include "flat.h"

typedef struct LangFile { /* a text of lang/, embedded in the compiler */
  const char *name;       /* "lstm" */
  const char *text;
} LangFile;

typedef Vec(const char *) FileNames;

typedef struct LowerOptions {
  const LangFile *lang;       /* ends with a NULL name */
  const char *const *include; /* folders where imports are looked for; NULL at the end; may be NULL */
  FileNames *read;            /* every file that is read goes here, lang/ aside; may be NULL */
  const char *model;          /* the model to take; NULL: the last of the file */
  bool kept;                  /* lower: mean[batch](..) is what training kept of it; false: the batch's own */
} LowerOptions;

/* The flat system of a model of the file, all shapes and initialisers known; NULL after diagnostics. */
Flat *check(Arena *a, Diag *d, const Ast *file, const LowerOptions *o);
const char *setting_text(const Flat *f, const char *name); /* the train block's, else the default */

/* Every cycle must run in one direction of time. Reports each that does not; causality.c. */
bool causality_check(System *s);
#endif

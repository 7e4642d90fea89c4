/* lower.h: from the AST to the equation system: names, instances, shapes, domains and causality are checked on the way.
 */
#ifndef RNNC_LOWER_H
#define RNNC_LOWER_H
#include "sema.h"

/* The system of a model of the file; NULL after diagnostics. A file without `model` is a model itself, named after the
   file. Imports are searched in the folder of the file that names them, then in lang/. */
System *lower(Arena *a, Diag *d, const Ast *file, const LowerOptions *o);
#endif

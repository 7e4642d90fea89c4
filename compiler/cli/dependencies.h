/* dependencies.h: a rule for make. */
#ifndef RNNC_DEPENDENCIES_H
#define RNNC_DEPENDENCIES_H
#include "text.h"
#include <stdbool.h>

/* "TARGET ..: FILE ..", long lines cut; with phony an empty rule for each file but the first. Names are written as
   given, quoted for make. */
void dependencies_write(Text *out, const char *const *targets, int ntargets, const char *const *files, int nfiles,
                        bool phony);
#endif

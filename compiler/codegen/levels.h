/* levels.h: one object for several levels of x86-64: a clone of the streaming step for each, and what chooses one. */
#ifndef RNNC_LEVELS_H
#define RNNC_LEVELS_H
#include "target.h"

enum { LEVELS = 4 }; /* x86-64, x86-64-v2, -v3, -v4 */

/* Reads "x86-64-v2,x86-64-v4": names of the levels, in ascending order, each once. How many; 0 and a sentence in *error
   (free it with free). */
int levels_read(const char *list, const char *names[LEVELS], char **error);

/* The optimised modules of one inference object for each of the levels, joined into module[0]; the others are used up.
   Then PREFIX_step_entry and PREFIX_many_entry choose, and PREFIX_level tells the choice. False and a sentence in
   *error: our mistake. */
bool levels_join(LLVMModuleRef *module, const Target *least, const char *const *names, int n, const char *prefix,
                 char **error);
#endif

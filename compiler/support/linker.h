/* linker.h: an executable from an object, by the system's C compiler. Needs no LLVM. */
#ifndef RNNC_LINKER_H
#define RNNC_LINKER_H
#include <stdbool.h>
#include <stdio.h>

typedef struct LinkJob {
  const char *object;      /* path */
  const char *output;      /* path; written aside and renamed */
  const char *runtime;     /* librnn.a, from link_runtime */
  const char *const *libs; /* link_libs; NULL-terminated */
  bool debug;              /* pass -g */
} LinkJob;

extern const char *const link_libs[]; /* what librnn.a needs: "-lopenblas", ...; NULL at the end */

/* $CC (words split at blanks) or cc. False and a sentence in *error: no compiler ("install gcc, or use -c"), or what it
 * said. */
bool link_program(const LinkJob *job, char **error);
/* The command that link_program would run, shell-quoted: -### */
void link_print(FILE *out, const LinkJob *job);

/* Where librnn.a is: $RNNC_LIBDIR, else seen from the running rnnc: beside it (build tree), where it is installed, ../lib.
   NULL and a sentence that lists the places. The caller frees the path. */
char *link_runtime(char **error);
/* The same of rnn.h: include, ../include. The folder without a '/' at its end. */
char *link_include(char **error);
#endif

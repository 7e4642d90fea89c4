/* dependencies.c: see dependencies.h. */
#include "dependencies.h"
#include <string.h>

static void name(Text *out, const char *text)
{
  for (; *text; text++) {
    if (strchr(" #:%", *text)) text_puts(out, "\\");
    if (*text == '$') text_puts(out, "$");
    text_write(out, text, 1);
  }
}

void dependencies_write(Text *out, const char *const *targets, int ntargets, const char *const *files, int nfiles,
                        bool phony)
{
  for (int i = 0; i < ntargets; i++) {
    if (i > 0) text_puts(out, " ");
    name(out, targets[i]);
  }
  text_puts(out, ":");
  for (int i = 0; i < nfiles; i++) {
    text_puts(out, i > 0 ? " \\\n  " : " ");
    name(out, files[i]);
  }
  text_puts(out, "\n");
  for (int i = 1; i < nfiles && phony; i++) {
    name(out, files[i]);
    text_puts(out, ":\n");
  }
}

/* color.c: see color.h. */
#include "color.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ColorChoice color_choice(const char *word)
{
  return !strcmp(word, "always") ? COLOR_ALWAYS : !strcmp(word, "never") ? COLOR_NEVER : COLOR_AUTO;
}

bool color_wanted(ColorChoice choice, FILE *stream)
{
  if (choice != COLOR_AUTO) return choice == COLOR_ALWAYS;
  const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");
  if (no && *no) return false;
  if (force && *force && strcmp(force, "0")) return true;
  return (!term || strcmp(term, "dumb")) && isatty(fileno(stream));
}

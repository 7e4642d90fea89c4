/* world.c: messages of the prompt. */
#include "world.h"
#include <stdarg.h>
#include <string.h>

static void say(const World *w, const char *level, const char *format, va_list args)
{
  static const struct {
    const char *level, *code;
  } colours[] = {{"error", "1;31"}, {"note", "1;36"}, {"warning", "1;35"}};
  const char *code = NULL;
  for (int i = 0; i < 3; i++)
    if (w->colour && !strcmp(level, colours[i].level)) code = colours[i].code;
  if (code) fprintf(w->err, "\033[%sm%s:\033[0m ", code, level);
  else fprintf(w->err, "%s: ", level);
  vfprintf(w->err, format, args);
  fputc('\n', w->err);
}

void world_say(const World *w, const char *level, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  say(w, level, format, args);
  va_end(args);
}

int world_fail(const World *w, int code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  say(w, "error", format, args);
  va_end(args);
  return code;
}

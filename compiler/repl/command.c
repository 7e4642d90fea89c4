#include "entry.h"
int command_run(Session *s, const char *name, const char *text)
{
  (void)name;
  if (text[1] == 'q') s->quit = true;
  return 0;
}

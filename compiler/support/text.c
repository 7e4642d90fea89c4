/* text.c: a text buffer that grows.
   Needs: malloc. Leaves: the text NUL-terminated after every write. */
#include "text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* room for n more bytes and the NUL */
static char *text_room(Text *t, size_t n)
{
  size_t need = t->n + n + 1;
  if (need > t->cap) {
    size_t cap = t->cap ? t->cap : 256;
    while (cap < need) cap *= 2;
    char *at = realloc(t->at, cap);
    if (!at) {
      fputs("rnnc: out of memory\n", stderr);
      exit(70);
    }
    t->at = at;
    t->cap = cap;
  }
  return t->at + t->n;
}

void text_write(Text *t, const char *s, size_t n)
{
  char *to = text_room(t, n);
  if (n) memcpy(to, s, n);
  to[n] = 0;
  t->n += n;
}

void text_puts(Text *t, const char *s) { text_write(t, s, strlen(s)); }

void text_printf(Text *t, const char *format, ...)
{
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *to = text_room(t, n < 0 ? 0 : (size_t)n);
  *to = 0;
  if (n > 0) {
    vsnprintf(to, (size_t)n + 1, format, again);
    t->n += (size_t)n;
  }
  va_end(again);
}

void text_json(Text *t, const char *s)
{
  text_puts(t, "\"");
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') text_printf(t, "\\%c", c);
    else if (c == '\n') text_puts(t, "\\n");
    else if (c == '\t') text_puts(t, "\\t");
    else if (c < 0x20 || c == 0x7f) text_printf(t, "\\u%04x", c);
    else text_write(t, s, 1);
  }
  text_puts(t, "\"");
}

void text_free(Text *t)
{
  free(t->at);
  *t = (Text){0};
}

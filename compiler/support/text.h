/* text.h: a text buffer that grows; what printers write into. Owned by the caller, freed by text_free. */
#ifndef RNNC_TEXT_H
#define RNNC_TEXT_H
#include <stddef.h>

typedef struct Text {
  char *at; /* NUL-terminated, never NULL after the first write */
  size_t n, cap;
} Text;

void text_printf(Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_puts(Text *t, const char *s);
void text_write(Text *t, const char *s, size_t n);
void text_json(Text *t, const char *s); /* s as a quoted JSON string */
void text_free(Text *t);
#endif

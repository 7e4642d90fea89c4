/* numbers.h: numbers in texts, always with '.', whatever the program's locale. For the readers of runtime/. */
#ifndef RNN_NUMBERS_H
#define RNN_NUMBERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A finite decimal number at the start of the text, correctly rounded; *end becomes the place behind it. False where
   there is none (blanks, "inf", "nan" and hexadecimal are none) or it is out of range. */
bool rnn_number_parse(const char *text, const char **end, double *number);
/* The whole text is a decimal whole number in range. */
bool rnn_whole_parse(const char *text, int64_t *number);
/* The shortest text that reads back as the same number; returns text. */
enum { RNN_NUMBER_TEXT = 32 };
char *rnn_number_text(double number, char text[RNN_NUMBER_TEXT]);

#endif

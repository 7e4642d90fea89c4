/* color.h: whether a stream gets colour. */
#ifndef RNNC_COLOR_H
#define RNNC_COLOR_H
#include <stdbool.h>
#include <stdio.h>

typedef enum ColorChoice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } ColorChoice;

ColorChoice color_choice(const char *word); /* auto, always, never */
/* The choice first; of AUTO: NO_COLOR, if it is not empty; CLICOLOR_FORCE, if it is neither empty nor 0; TERM=dumb;
   then whether the stream is a terminal. */
bool color_wanted(ColorChoice choice, FILE *stream);
#endif

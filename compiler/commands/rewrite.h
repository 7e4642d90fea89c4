/* rewrite.h: a source of the user's with another text. */
#ifndef RNNC_REWRITE_H
#define RNNC_REWRITE_H
#include "text.h"

/* Written aside and renamed; permissions stay, and a link keeps pointing where it does. An exit code, after a message.
 */
int rewrite(const char *path, const Text *text);
#endif

/* edit.h: an entry from a terminal: several lines edited as one, pasted as one, recalled as one. */
#ifndef RNNC_EDIT_H
#define RNNC_EDIT_H
#include "session.h"

typedef struct Editor Editor;
Editor *edit_open(Session *s); /* reads the history; NULL: the terminal cannot be edited on */
void edit_close(Editor *e);    /* writes the history */
/* The entry, without a newline at its end, valid until the next call; "" where Ctrl-C cleared it; NULL at the end of
   input. */
const char *edit_entry(Editor *e);

/* complete.c: what may stand where `text` ends: whole words, of which the last `*typed` bytes are there already. */
void complete(const Session *s, const char *text, Strings *out, size_t *typed);
#endif

/* diag.h: source files, spans, and the only code that prints errors.
   A diagnostic is a place, a sentence, and notes that point elsewhere. Report, return NULL or false, carry on; callers
   pass the NULL up without a second message. `assert` is for our mistakes, diag for the user's. */
#ifndef RNNC_DIAG_H
#define RNNC_DIAG_H
#include "arena.h"
#include <stdbool.h>
#include <stdio.h>

typedef struct Source Source; /* one file's text, split into lines; lives in the arena */

/* [from, to) are byte offsets into the source. A zero Span (source NULL) means "no place". */
typedef struct Span {
  const Source *source;
  int from, to;
} Span;

typedef struct Diag Diag; /* collects the diagnostics of one compilation */

Diag *diag_new(Arena *a);
Source *source_from_text(Arena *a, const char *name, const char *text, size_t n);
/* Parsed as `text`, shown as `shown`, which has the same length and characters as wide. */
Source *source_shown_as(Arena *a, const char *name, const char *text, const char *shown, size_t n);
Source *source_from_file(Diag *d, Arena *a, const char *path, Span from); /* NULL after a diagnostic; "-" reads stdin */
const char *source_name(const Source *s);
const char *source_text(const Source *s, size_t *n);
int span_line(Span s);   /* 1-based; 0 for no place */
int span_column(Span s); /* 1-based, in characters */
Span span_join(Span a, Span b);

/* The sentence is lower case and without a final stop. */
void diag(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An error that more text could mend, as at the prompt: a size that nothing determines yet, a variable that is not there
 * yet. */
void diag_missing(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *diag_first(const Diag *d); /* the sentence of the first error that was not printed; NULL: none */
bool diag_only_missing(const Diag *d); /* there were errors, and no others */
void diag_warn(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diag_note(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4))); /* joins the last one;
   without a place, or at the same one, it is printed without the source line */
int diag_errors(const Diag *d);                   /* reported so far, printed or not */
void diag_print(Diag *d, FILE *out, bool colour); /* in order of source and place; then forgets them */
/* true as soon as there are more than this many errors: stages may stop early */
#define DIAG_LIMIT 50

/* The near name: Damerau-Levenshtein distance <= max(1, len/3); NULL when nothing is near. */
const char *nearest(const char *name, const char *const *candidates, int n);
#endif

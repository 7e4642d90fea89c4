/* diag.h: source files, spans, and the only code that prints errors.
   A diagnostic is a place, a sentence, and notes that point elsewhere. Report, return NULL or false, carry on; callers
   pass the NULL up without a second message. `assert` is for our mistakes, diag for the user's. */
#ifndef RNNC_DIAG_H
#define RNNC_DIAG_H
#include "arena.h"
#include "text.h"
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

/* its first n bytes, its last */
static inline Span span_first(Span s, size_t n) { return (Span){s.source, s.from, s.from + (int)n}; }
static inline Span span_last(Span s, size_t n) { return (Span){s.source, s.to - (int)n, s.to}; }

/* What kinds there are: the rows of codes.def (E_name) and of lints.def (W_name). */
typedef enum DiagCode {
#define CODE(number, name, title) E_##name,
#include "codes.def"
#undef CODE
#define LINT(number, name, flag, group, title) W_##name,
#include "lints.def"
#undef LINT
  DIAG_CODES
} DiagCode;
const char *diag_number(DiagCode c); /* "E0203" */
const char *diag_title(DiagCode c);
const char *lint_flag(DiagCode c);              /* the name behind -W; NULL for an error */
bool diag_named(const char *name, DiagCode *c); /* a number, or a lint's flag; case does not count */

/* How diagnostics are told, and which lints are on. */
typedef enum DiagForm { DIAG_HUMAN, DIAG_SHORT, DIAG_JSON } DiagForm;
typedef struct DiagStyle {
  DiagForm form;
  bool lint[DIAG_CODES];
  bool warnings_are_errors;
} DiagStyle;
DiagStyle diag_style(void);                           /* for people, the usual lints on */
bool diag_style_form(DiagStyle *s, const char *name); /* human, short, json; false: none of these */
bool diag_style_warn(DiagStyle *s, const char *word); /* what stands behind -W: all, error, NAME, no-NAME; likewise */
const char *diag_style_near(const char *word);        /* what was meant behind -W */
void diag_use(Diag *d, const DiagStyle *s);           /* NULL: diag_style() */

/* The sentence is lower case and without a final stop. */
void diag(Diag *d, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An error that more text could mend, as at the prompt: a size that nothing determines yet, a variable that is not
 * there yet. */
void diag_missing(Diag *d, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
const char *diag_first(const Diag *d); /* the sentence of the first error that was not printed; NULL: none */
bool diag_only_missing(const Diag *d); /* there were errors, and no others */
/* nothing where the lint is off; an error where warnings are to be errors */
void diag_warn(Diag *d, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_note(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4))); /* joins the last one;
   without a place, or at the same one, it is printed without the source line */
void diag_fix(Diag *d, Span at, const char *text);     /* the last one goes away where `text` stands at that place */
void diag_suggest(Diag *d, Span at, const char *text); /* the same, and the note "did you mean 'text'?" */
int diag_errors(const Diag *d);                        /* reported so far, printed or not */
bool diag_lint_on(const Diag *d, DiagCode c);          /* worth looking for? */
void diag_print(Diag *d, FILE *out, bool colour); /* in order of source and place, in its form; then forgets them */
/* s with the fixes of what is not printed yet, as far as they do not overlap. How many; 0 leaves out alone */
int diag_carry_out(Diag *d, const Source *s, Text *out);
/* true as soon as there are more than this many errors: stages may stop early */
#define DIAG_LIMIT 50

/* The near name: Damerau-Levenshtein distance <= max(1, len/3); NULL when nothing is near. */
const char *nearest(const char *name, const char *const *candidates, int n);
#endif

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
Source *source_from_file(Diag *d, Arena *a, const char *path, Span from); /* NULL after a diagnostic; "-" reads stdin */
const char *source_name(const Source *s);
const char *source_text(const Source *s, size_t *n);
int span_line(Span s);   /* 1-based; 0 for no place */
int span_column(Span s); /* 1-based, in characters */
Span span_join(Span a, Span b);

static inline Span span_first(Span s, size_t n)
{
  return (Span){s.source, s.from, s.from + (int)n};
} /* its first n bytes */
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
const char *lint_flag(DiagCode c); /* the name behind -W; NULL for an error */
bool lint_choose(bool enabled[DIAG_CODES],
                 const char *flag); /* all, pedantic, NAME, no-..; false: there is none of this name */

/* The sentence is lower case and without a final stop. */
void diag(Diag *d, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* nothing where the lint is off; an error where warnings are to be errors */
void diag_warn(Diag *d, DiagCode code, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_note(Diag *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4))); /* joins the last one;
   without a place, or at the same one, it is printed without the source line */
void diag_fix(Diag *d, Span at, const char *text);     /* the last one goes away where `text` stands at that place */
void diag_suggest(Diag *d, Span at, const char *text); /* the same, and the note "did you mean 'text'?" */
int diag_errors(const Diag *d);                        /* reported so far, printed or not */
void diag_lints(Diag *d, const bool enabled[DIAG_CODES], bool are_errors);
bool diag_lint_on(const Diag *d, DiagCode c);     /* worth looking for? */
void diag_print(Diag *d, FILE *out, bool colour); /* in order of source and place; then forgets them */
void diag_print_short(Diag *d, FILE *out);        /* a line each, without excerpts and notes */
void diag_print_json(Diag *d, FILE *out);         /* an object a line: docs/commands.md */
/* s with the fixes of what is not printed yet carried out, as far as they do not overlap; how many, 0 leaves out alone
 */
int diag_carry_out(Diag *d, const Source *s, Text *out);
/* true as soon as there are more than this many errors: stages may stop early */
#define DIAG_LIMIT 50

/* The near name: Damerau-Levenshtein distance <= max(1, len/3); NULL when nothing is near. */
const char *nearest(const char *name, const char *const *candidates, int n);
#endif

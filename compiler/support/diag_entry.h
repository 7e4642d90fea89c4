/* diag_entry.h: what diag.c collects and diag_print.c, diag_json.c and diag_fix.c read; nothing of it is seen outside
 * support/. */
#ifndef RNNC_DIAG_ENTRY_H
#define RNNC_DIAG_ENTRY_H
#include "diag.h"
#include "text.h"
#include <stdint.h>

struct Source {
  const char *name, *text;
  const char *shown; /* in excerpts: the text, but for source_shown_as */
  int n, lines;
  int *line; /* the offset at which each line starts */
};

typedef enum Level { ERROR, WARNING, NOTE } Level;

typedef struct Fix {
  Span at; /* no source: there is none */
  const char *text;
} Fix;

typedef struct Entry Entry;
struct Entry {
  Level level;
  DiagCode code;
  Span at;
  const char *sentence;
  Fix fix;
  int source, order; /* when its source was first named; when it was reported */
  bool said_before;
  Vec(Entry *) notes;
};

struct Diag {
  Arena *arena;
  Vec(Entry *) entries;
  Vec(const Source *) sources;
  Entry *last; /* the one that notes join; NULL while past the limit */
  int errors;  /* reported so far; printing does not change it */
  int missing; /* of these, by diag_missing */
  int kept;    /* errors among the entries */
  bool cut;    /* some were not kept */
  DiagStyle style;
};

/* diag.c */
int line_of(const Source *s, int offset); /* from 0 */
int line_end(const Source *s, int line);  /* one past its last byte; its line end is no part of it */
int char_at(const Source *s, int offset, int end, int32_t *c); /* its bytes; *c is -1 where they are no UTF-8 */

/* diag_print.c, diag_json.c: what is left once the entries stand in order */
void print_text(const Diag *d, FILE *out, bool colour, bool brief);
void print_json(const Diag *d, FILE *out);
/* names and sentences may quote the source: what must not reach a terminal is replaced */
void clean_text(Text *out, const char *s);

/* diag_code.c */
const char *level_name(Level l);

static inline bool same_place(Span a, Span b) { return a.source == b.source && a.from == b.from && a.to == b.to; }
#endif

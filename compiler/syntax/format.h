/* format.h: what format.c, format_lines.c and format_align.c share. */
#ifndef RNNC_FORMAT_H
#define RNNC_FORMAT_H
#include "front.h"

typedef struct Word { /* a token, or a comment */
  int kind;           /* 0: a comment */
  Span at;
  bool starts;    /* a statement */
  bool breaks;    /* a line starts with it */
  bool blank;     /* a blank line stands before it */
  int depth;      /* of braces around it */
  bool setting;   /* the name of a setting */
  bool tight;     /* an operator inside a plain index: t-1 */
  bool semicolon; /* a ';' stands before it, and goes on the line */
  int brackets;   /* open around it, of ( and [ */
} Word;
typedef Vec(Word) Words;

typedef struct Line {
  int first, n;    /* words, the comment apart */
  int comment;     /* the word behind them, -1 for none */
  int column;      /* of the comment in the source, in characters from 0 */
  bool beside;     /* a comment that stands alone, but belongs under the one on the line before */
  int pad_keyword; /* blanks put behind the first word, */
  int pad_sign;    /* and before the '=' or '~' */
  int sign;        /* the word that is it, -1: none that could be aligned */
  bool sign_apart; /* in the source more than one blank stands before it */
  bool typed;      /* a type stands on the line: it makes no column with those without */
  Text code;
} Line;
typedef Vec(Line) Lines;

typedef struct Format {
  Arena *arena;
  const Source *source;
  const char *text;
  Words words;
  Lines lines;
} Format;

/* format_words.c: tokens and comments, and where lines break */
void format_words(Format *f, const WrittenList *tokens);
bool blank_between(const Format *f, int left, int right); /* of neighbours on a line */
/* format_lines.c */
void format_lines(Format *f);
/* format_align.c: needs lines; sets the blanks that make columns */
void align_signs(Format *f);
void align_keywords(Format *f);
void align_comments(const Format *f, int *column); /* of each line's comment; needs Line.code */

/* characters, not bytes */
int text_width(const char *s, int n);
#endif

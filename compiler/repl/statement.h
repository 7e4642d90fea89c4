/* statement.h: an entry cut into statements, and what each is. */
#ifndef RNNC_STATEMENT_H
#define RNNC_STATEMENT_H
#include "ast.h"
#include "world.h"

typedef enum StatementKind {
  STATEMENT_EMPTY,
  STATEMENT_COMMAND, /* :type h */
  STATEMENT_ARRAY,   /* x = [1, 2, 3] */
  STATEMENT_PLOT,    /* plot h[1..100] > h.svg */
  STATEMENT_CODE     /* of the language, or an expression alone, which may hold places a..b */
} StatementKind;

/* [from, to) of the entry */
typedef struct Statement {
  StatementKind kind;
  size_t from, to;
  bool open; /* the entry ends where more of it is needed */
} Statement;

/* The statement that starts at `at`; it ends before the line end or ';' that ends it. */
Statement statement_next(const char *entry, size_t at);
bool statement_open(const char *entry); /* does the entry's last statement need more? */

/* The statement's text as the parser takes it, in the columns of the entry: what stands before it blank, `plot` and
   `> file` blank, a..b in brackets as `axis`. The caller frees text, shown and asked->file. NULL with *why where a
   range is wrong. */
char *statement_text(const char *entry, const Statement *st, const char *axis, Asked *asked, const char **why);
char *statement_shown(const char *entry, const Statement *st); /* of the same length */
#endif

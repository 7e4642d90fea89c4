/* query.h: expressions of the prompt: compiled with the model at hand, evaluated in a process of their own. */
#ifndef RNNC_QUERY_H
#define RNNC_QUERY_H
#include "session.h"
#include "statement.h"

typedef struct Query {
  const char *name, *text, *shown; /* as in Defining; the text is one expression */
  const char *title;               /* what was asked for, as typed */
  Asked asked;
  QueryWish wish;
} Query;

int query_run(Session *s, const Query *q); /* 0, or an exit code after messages */
/* The time index of the model at hand; "t" where there is none. The caller frees. */
char *query_axis(const Session *s);

#endif

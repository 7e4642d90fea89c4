/* body.h: what body.c shares with the other halves of declaring a body. */
#ifndef RNNC_BODY_H
#define RNNC_BODY_H
#include "scope.h"

const char *body_path(const Body *b, const char *name);
void body_declare_later(Body *b);                 /* boundaries, once the applications are there */
void size_value(Body *b, Entry *e);               /* evaluates a size, so that mistakes in it are seen */
bool near_value(Elab *x, const char *name);       /* is it near a name that has a meaning here? */
int values_before_sizes(const char *builtin);     /* so many arguments are values, the rest sizes; -1: all are values */
Node *time_node(Elab *x, int axis, const Ast *e); /* an axis of the body */
Node *length_node(Elab *x, int axis, const Ast *e);
#endif

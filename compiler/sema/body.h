/* body.h: what body.c shares with the other halves of declaring a body. */
#ifndef RNNC_BODY_H
#define RNNC_BODY_H
#include "scope.h"

const char *body_path(const Body *b, const char *name);
void body_declare_later(Body *b);              /* boundaries, once the applications are there */
bool near_value(Elab *x, const char *name);    /* is it near a name that has a meaning here? */
bool takes_sizes(const char *builtin);         /* all arguments but the first are sizes */
#endif

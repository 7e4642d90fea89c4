/* misfit.h: how shape errors are said. */
#ifndef RNNC_MISFIT_H
#define RNNC_MISFIT_H
#include "scope.h"

/* n does not fit: $1, $2 in why are its inputs; notes show where their shapes come from. n is bad from then on. */
void misfit(Flat *f, DiagCode code, Node *n, const char *why, const char *hint);
/* where the shape of what n reads comes from, as a note */
void note_origin(Flat *f, const Node *n);
void note_var_origin(Flat *f, FlatVar *v);
void note_context(const Node *n);
void poison_body(Flat *f, Body *b);
bool in_bad_body(const Body *b);
#endif

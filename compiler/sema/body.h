/* body.h: what body.c shares with the other halves of declaring a body. */
#ifndef RNNC_BODY_H
#define RNNC_BODY_H
#include "scope.h"

/* Types, which may use sizes and other variables: set when all are known. */
typedef struct PendingType {
  FlatVar *var;
  Input *input;
  const Ast *type;
} PendingType;
typedef Vec(PendingType) PendingTypes;

/* declare.c */
bool index_of(Body *b, const Ast *decl, Indices *ix); /* x, x[t], a[t, s]: false after a diagnostic */
FlatVar *bind_param(Body *b, const Ast *decl, const char *name, Span span);
FlatVar *indexed_var(Body *b, VarKind kind, const char *path, Indices ix, Span span);
void declare_one(Body *b, Role role, const Ast *decl, PendingTypes *types);
void set_type(Body *b, FlatVar *v, const Ast *type);
void set_input_type(Body *b, Input *in, const Ast *type);
/* target.c */
void declare_equation(Body *b, const Ast *ast);
/* implicit.c */
void find_implicit(Body *b, const Ast *e); /* bare names where a value is read */

const char *body_path(const Body *b, const char *name);
void body_declare_later(Body *b);                 /* boundaries, once the applications are there */
void size_value(Body *b, Entry *e);               /* evaluates a size, so that mistakes in it are seen */
bool near_value(Elab *x, const char *name);       /* is it near a name that has a meaning here? */
int values_before_sizes(const char *builtin);     /* so many arguments are values, the rest sizes; -1: all are values */
Node *time_node(Elab *x, int axis, const Ast *e); /* an axis of the body */
Node *length_node(Elab *x, int axis, const Ast *e);
#endif

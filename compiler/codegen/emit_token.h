/* emit_token.h: products of weights with a token: a column of a matrix whose rows lie one after the other. */
#ifndef RNNC_EMIT_TOKEN_H
#define RNNC_EMIT_TOKEN_H
#include "emit.h"

/* Finds the weights that are worth a turned copy, and makes room for them. Before any body is built. */
void emit_prepare_tokens(Emit *e);
bool emit_has_turning(const Emit *e, const Step *step); /* is it the first step that needs one of them? */
void emit_turning(Emit *e, const Step *step);           /* makes those copies: in the driver, before the step */
/* The copy [V, m] of weights [m, V]: column v is row v there. NULL: there is none. */
LLVMValueRef emit_turned(Emit *e, const Expr *weights);

/* The body of a parameter's gradient over parts of m: sum over rows of outer(g[m], token[V]). */
typedef struct TokenSum {
  const Var *v; /* the gradient, [m, V] */
  const Expr *vector, *token;
  int over;
} TokenSum;
/* Room for the sums, turned; -1: not worth it. */
int emit_token_room(const Emit *e, const Var *gradient);
/* Adds from .. to of m. */
void emit_token_sum(Emit *e, const TokenSum *s, int room, LLVMValueRef from, LLVMValueRef to);
#endif

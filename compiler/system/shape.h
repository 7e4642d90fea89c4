/* shape.h: shapes whose sizes may still be unknown, and unification over them.
   A Dim >= 0 is a size; a negative one is a variable of a ShapeCtx. Once lowering is done every Dim in a System is a
   size. */
#ifndef RNNC_SHAPE_H
#define RNNC_SHAPE_H
#include "diag.h"
#include <stdint.h>

typedef int32_t Dim;

/* rank 0: a number; 1: a column vector; 2: a matrix. A token of V symbols has rank 1, dim[0] = V: it is a one-hot
 * vector. */
typedef struct Shape {
  int rank; /* -1: not known yet (only during inference) */
  bool token;
  Dim dim[2];
} Shape;

static inline Shape shape_scalar(void) { return (Shape){0}; }
static inline Shape shape_vector(Dim n) { return (Shape){.rank = 1, .dim = {n, 0}}; }
static inline Shape shape_matrix(Dim m, Dim n) { return (Shape){.rank = 2, .dim = {m, n}}; }
static inline Shape shape_token(Dim v) { return (Shape){.rank = 1, .token = true, .dim = {v, 0}}; }
int64_t shape_count(Shape s); /* elements; all sizes known */
bool shape_same(Shape a, Shape b);

typedef struct ShapeCtx ShapeCtx; /* variables, their solutions, sums still to be solved; lives in the arena */
ShapeCtx *shape_ctx_new(Arena *a);
Dim dim_new(ShapeCtx *c, Span why);
Dim dim_find(ShapeCtx *c, Dim d);                  /* the size, or the representative variable */
bool dim_unify(ShapeCtx *c, Dim a, Dim b);         /* false when two sizes differ */
Dim dim_sum(ShapeCtx *c, const Dim *parts, int n); /* a Dim that equals the sum, solved when all but one are known */
bool shape_solve(ShapeCtx *c);                     /* sums to a fixed point; false on contradiction */
/* The next sum that did not come out: where it was made, and a sentence; false when there is no more. */
bool shape_conflict(ShapeCtx *c, Span *at, const char **why);
/* Where d's size was determined: the place that shape_here() named when d got it; no place for a declared size. */
void shape_here(ShapeCtx *c, Span here);
Span dim_why(ShapeCtx *c, Dim d);
const char *shape_text(ShapeCtx *c, Arena *a, Shape s); /* "real[3,4]", "token[9]", "real", "real[?]" */

/* The sentence of op_shape with name[0] for $1, name[1] for $2, ... */
const char *why_with_names(Arena *a, const char *why, const char *const *name, int n);

/* The shape of op applied to in[0..n): one rule a row of ops.def, the only place that knows them. Ranks must be known.
   attr: as in ops.def. Returns false and a sentence in *why (in the arena; $1, $2 stand for the inputs) when they do
   not fit. In an attr a length (of slice, pad, broadcast, reshape) may be an unknown Dim. c may be NULL when all sizes
   are known. */
bool op_shape(ShapeCtx *c, Arena *a, int op, const Shape *in, int n, const int *attr, Shape *out, const char **why);
#endif

/* infer.h: the steps of shape inference that infer.c and product.c share. */
#ifndef RNNC_INFER_H
#define RNNC_INFER_H
#include "misfit.h"

typedef struct Infer {
  Flat *f;
  bool changed;
} Infer;

/* n's surroundings have this shape: parameters of unknown rank below n take it; dims: its sizes too */
void expect(Infer *in, Node *n, Shape shape, bool dims);
void expect_rank(Infer *in, Node *n, int rank);
/* the shape of a value when it is used as it is: a row is a matrix of one row */
Shape used_shape(const Node *n);
void give_shape(Infer *in, Node *n, Shape shape);
void visit_product(Infer *in, Node *n);
#endif

/* product.c: what a @ b is, by the ranks of its sides: a matrix product, a dot product, an outer product, or a row.
   Needs: ranks. Leaves alone: all other operators (infer.c). */
#include "infer.h"

static void settle(Infer *in, Node *n, Shape shape, ProductForm form)
{
  n->form = form;
  n->settled = true;
  give_shape(in, n, shape);
}

static const char *count(Flat *f, Dim d)
{
  d = dim_find(f->sizes, d);
  return d >= 0 ? arena_printf(f->arena, "%d", (int)d) : "?";
}

/* a' @ b */
static void dot_product(Infer *in, Node *n)
{
  Flat *f = in->f;
  Dim a = n->in[0]->shape.dim[0], b = n->in[1]->shape.dim[0];
  if (dim_unify(f->sizes, a, b)) settle(in, n, shape_scalar(), FORM_DOT);
  else
    misfit(f, E_PRODUCT, n,
           arena_printf(f->arena, "lengths differ: $1 has %s components, $2 has %s", count(f, a), count(f, b)), NULL);
}

/* a' @ M: (M' @ a)' */
static void row_product(Infer *in, Node *n, bool tb)
{
  Flat *f = in->f;
  Shape a = n->in[0]->shape, m = n->in[1]->shape;
  if (!dim_unify(f->sizes, a.dim[0], m.dim[tb])) {
    misfit(f, E_PRODUCT, n,
           arena_printf(f->arena, "inner sizes differ: $1 has %s columns, $2 has %s rows", count(f, a.dim[0]),
                        count(f, m.dim[tb])),
           NULL);
    return;
  }
  n->row = true;
  settle(in, n, shape_vector(m.dim[!tb]), FORM_ROW);
}

static void matrix_product(Infer *in, Node *n)
{
  Flat *f = in->f;
  Shape side[2] = {used_shape(n->in[0]), used_shape(n->in[1])}, out;
  const char *why;
  if (op_shape(f->sizes, f->arena, OP_MATMUL, side, 2, n->attr, &out, &why)) settle(in, n, out, FORM_MATMUL);
  else misfit(f, E_PRODUCT, n, why, NULL);
}

void visit_product(Infer *in, Node *n)
{
  Node *a = n->in[0], *b = n->in[1];
  bool ta = n->attr[0] ^ a->row, tb = n->attr[1] ^ b->row;
  if (a->shape.rank < 0 && !ta) expect_rank(in, a, 2);
  if (a->shape.rank < 0 || b->shape.rank < 0) return;
  shape_here(in->f->sizes, n->span);
  if (a->shape.rank == 0 || b->shape.rank == 0) {
    misfit(in->f, E_PRODUCT, n,
           a->shape.rank == 0 ? "$1 is a number: @ is a matrix product" : "$2 is a number: @ is a matrix product",
           "a product with a number is written $1 * $2");
  } else if (a->shape.rank == 1 && b->shape.rank == 1) {
    if (ta && !tb) dot_product(in, n);
    else if (!ta && tb) settle(in, n, shape_matrix(a->shape.dim[0], b->shape.dim[0]), FORM_OUTER);
    else
      misfit(in->f, E_PRODUCT, n, "both sides of @ are vectors",
             "a number is dot($1, $2), a matrix outer($1, $2), a vector $1 * $2");
  } else if (a->shape.rank == 1) {
    if (ta) row_product(in, n, tb);
    else misfit(in->f, E_PRODUCT, n, "a vector stands left of a matrix: $1", "write $2' @ $1");
  } else {
    matrix_product(in, n);
  }
}

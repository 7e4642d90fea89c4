/* flops.c: see flops.h. Needs: shapes. Leaves the system as it is. */
#include "flops.h"
#include "walk.h"

static int64_t flops_of(const Expr *e)
{
  int64_t size = shape_count(e->shape), in = e->nin ? shape_count(e->in[0]->shape) : 0;
  switch (e->op) {
  case OP_MATMUL: {
    const Expr *b = e->in[1];
    if (b->shape.token) return 0;
    return 2 * size * b->shape.dim[e->attr[1] ? b->shape.rank - 1 : 0];
  }
  case OP_OUTER: return e->in[0]->shape.token || e->in[1]->shape.token ? 0 : size;
  case OP_SUM:
  case OP_MAXC:
  case OP_ARGMAX:
  case OP_CUMSUM: return in;
  case OP_LOGSUMEXP:
  case OP_SOFTMAX: return 4 * in; /* the largest, a difference, exp, a sum or a quotient */
  default: return op_is_ew(e) ? size : 0;
  }
}

int64_t flops_of_row(const System *s)
{
  int64_t all = 0;
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes((System *)s, s->vars.at[i]->rhs);
    for (int k = 0; k < nodes.n; k++) all += flops_of(nodes.at[k]);
  }
  return all;
}

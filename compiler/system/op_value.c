/* op_value.c: what each operator computes, on arrays of doubles: the interpreter's half of the operator table.
   Needs: shapes that op_shape has accepted. Leaves: time, batch and reads to interpret.c. Written to be read, not to be
   fast: sums run in index order. */
#include "interpret.h"
#include "special.h"
#include <assert.h>
#include <math.h>
#include <string.h>

int64_t value_width(Shape s) { return s.token ? 1 : shape_count(s); }

/* ---- elementwise: the value column of ops.def ---- */

static double elementwise(Op op, double a, double b, double c)
{
  (void)b, (void)c;
  switch (op) {
#define EW(id, name, nin, value, da, db, dc, cost)                                                                     \
  case OP_##id: return value;
#define ST(id, name, nin, nattr, what)
#define LEAF(id, name, what)
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
  default: assert(!"an elementwise operator"); return NAN;
  }
}

static void value_elementwise(const Expr *e, const double *const *in, double *out)
{
  double x[3] = {0};
  int64_t n = shape_count(e->shape);
  for (int64_t i = 0; i < n; i++) {
    for (int k = 0; k < e->nin; k++) x[k] = in[k][e->in[k]->shape.rank == 0 ? 0 : i];
    out[i] = elementwise(e->op, x[0], x[1], x[2]);
  }
}

/* ---- products ---- */

/* An operand of a product seen as a matrix: a vector is one column, a token the column with a 1 in its row. */
typedef struct Table {
  const double *at;
  int64_t rows, columns;
  bool token, transposed;
} Table;

static Table table(const Expr *e, const double *at, bool transposed)
{
  int64_t m = e->shape.rank > 0 ? e->shape.dim[0] : 1, n = e->shape.rank > 1 ? e->shape.dim[1] : 1;
  return (Table){at, transposed ? n : m, transposed ? m : n, e->shape.token, transposed};
}

static double cell(const Table *t, int64_t i, int64_t j)
{
  if (t->token) return (t->transposed ? j : i) == (int64_t)t->at[0];
  return t->transposed ? t->at[j * t->rows + i] : t->at[i * t->columns + j];
}

static void value_matmul(const Expr *e, const double *const *in, double *out)
{
  Table a = table(e->in[0], in[0], e->attr[0]), b = table(e->in[1], in[1], e->attr[1]);
  for (int64_t i = 0; i < a.rows; i++)
    for (int64_t j = 0; j < b.columns; j++) {
      double sum = 0;
      if (b.token) { /* only one term is not 0 */
        int64_t k = (int64_t)b.at[0];
        sum = k >= 0 ? cell(&a, i, k) : 0;
      } else {
        for (int64_t k = 0; k < a.columns; k++) sum += cell(&a, i, k) * cell(&b, k, j);
      }
      out[i * b.columns + j] = sum;
    }
}

static void value_outer(const Expr *e, const double *const *in, double *out)
{
  Table a = table(e->in[0], in[0], false), b = table(e->in[1], in[1], false);
  for (int64_t i = 0; i < a.rows; i++)
    for (int64_t j = 0; j < b.rows; j++) out[i * b.rows + j] = cell(&a, i, 0) * cell(&b, j, 0);
}

static void value_transpose(const Expr *e, const double *const *in, double *out)
{
  Table a = table(e->in[0], in[0], true);
  for (int64_t i = 0; i < a.rows; i++)
    for (int64_t j = 0; j < a.columns; j++) out[i * a.columns + j] = cell(&a, i, j);
}

/* ---- over components ---- */

static double largest(const double *a, int64_t n)
{
  double m = a[0];
  for (int64_t i = 1; i < n; i++)
    if (a[i] > m || isnan(a[i])) m = a[i];
  return m;
}

static double log_sum_exp(const double *a, int64_t n)
{
  double m = largest(a, n), sum = 0;
  if (isinf(m)) return m;
  for (int64_t i = 0; i < n; i++) sum += exp(a[i] - m);
  return m + log(sum);
}

static double sum_of(const double *a, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i];
  return sum;
}

static void value_cumsum(const double *a, int64_t n, bool from_end, double *out)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t at = from_end ? n - 1 - i : i;
    out[at] = sum += a[at];
  }
}

static double place_of_largest(const double *a, int64_t n)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (a[i] > a[best]) best = i;
  return (double)best;
}

static void value_softmax(const double *a, int64_t n, double *out)
{
  double total = log_sum_exp(a, n);
  for (int64_t i = 0; i < n; i++) out[i] = exp(a[i] - total);
}

/* ---- moving components ---- */

static void value_concat(const Expr *e, const double *const *in, double *out)
{
  for (int k = 0; k < e->nin; k++) {
    int64_t n = value_width(e->in[k]->shape);
    memcpy(out, in[k], sizeof(double) * (size_t)n);
    out += n;
  }
}

static void value_diag(const Expr *e, const double *a, double *out)
{
  int64_t n = e->shape.dim[0];
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) out[i * n + j] = i == j ? a[i] : 0;
}

void op_value(const Expr *e, const double *const *in, double *out)
{
  if (op_info[e->op].class == CLASS_EW) {
    value_elementwise(e, in, out);
    return;
  }
  const double *a = e->nin ? in[0] : NULL;
  int64_t n = value_width(e->shape), na = e->nin ? value_width(e->in[0]->shape) : 0;
  int64_t row = e->shape.rank == 2 ? e->shape.dim[1] : 1; /* slice and pad move whole rows of a matrix */
  switch (e->op) {
  case OP_STOP:
  case OP_RESHAPE:
  case OP_REVERSED: memcpy(out, a, sizeof(double) * (size_t)n); return;
  case OP_MATMUL: value_matmul(e, in, out); return;
  case OP_OUTER: value_outer(e, in, out); return;
  case OP_TRANSPOSE: value_transpose(e, in, out); return;
  case OP_SUM: out[0] = sum_of(a, na); return;
  case OP_MAXC: out[0] = largest(a, na); return;
  case OP_LOGSUMEXP: out[0] = log_sum_exp(a, na); return;
  case OP_SOFTMAX: value_softmax(a, na, out); return;
  case OP_ARGMAX: out[0] = place_of_largest(a, na); return;
  case OP_CUMSUM: value_cumsum(a, na, e->attr[0], out); return;
  case OP_CONCAT: value_concat(e, in, out); return;
  case OP_SLICE: memcpy(out, a + e->attr[0] * row, sizeof(double) * (size_t)n); return;
  case OP_PAD:
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    memcpy(out + e->attr[0] * row, a, sizeof(double) * (size_t)na);
    return;
  case OP_BCAST:
    for (int64_t i = 0; i < n; i++) out[i] = a[0];
    return;
  case OP_IOTA:
    for (int64_t i = 0; i < n; i++) out[i] = (double)i;
    return;
  case OP_DIAG: value_diag(e, a, out); return;
  case OP_DIAGOF:
    for (int64_t i = 0; i < n; i++) out[i] = a[i * n + i];
    return;
  case OP_ONEHOT:
    for (int64_t i = 0; i < n; i++) out[i] = i == (int64_t)a[0];
    return;
  case OP_INDEX: out[0] = a[0]; return;
  case OP_TOKEN: out[0] = a[0] >= 0 && a[0] < e->attr[0] ? floor(a[0]) : -1; return;
  case OP_PICK: out[0] = in[1][0] >= 0 ? a[(int64_t)in[1][0]] : 0; return;
  default: assert(!"an operator that needs no place"); return;
  }
}

/* lint_gate.c: gates that start where their gradient is next to nothing.
   Needs: a system as lowered. Leaves: it unchanged.

   Each value is taken for a random one, with a mean and a variance over its components: a parameter's follow from its
   initialiser and shape, a real input's are taken as 0 and 1, a product's from its length. States start at zero and go
   through their equations a few times. What cannot be told so (NaN) makes all that it enters untold, and of that
   nothing is said. */
#include "interpret.h"
#include "lint.h"
#include <math.h>

typedef struct Guess {
  double mean, var;
} Guess;

static const Guess untold = {NAN, NAN};

enum { ROUNDS = 6 };     /* through the equations: steps of a state */
#define SIGMOID_FLAT 5.0 /* beyond it the slope is below 1/150, */
#define TANH_FLAT 2.65   /* and here below 1/50 */
#define MANY 0.5         /* of the units beyond: the gate is saturated */

static Guess initial(const Var *v)
{
  double rows = v->shape.rank > 0 ? v->shape.dim[0] : 1, columns = v->shape.rank > 1 ? v->shape.dim[1] : 1;
  double a = v->init.a, b = v->init.b;
  switch (v->init.kind) {
  case INIT_DEFAULT:
  case INIT_ZEROS: return (Guess){0, 0};
  case INIT_ONES: return (Guess){1, 0};
  case INIT_CONSTANT: return (Guess){a, 0};
  case INIT_UNIFORM: return (Guess){(a + b) / 2, (b - a) * (b - a) / 12};
  case INIT_NORMAL: return (Guess){a, b * b};
  case INIT_GLOROT: return (Guess){0, 2 / (rows + columns)};
  case INIT_HE: return (Guess){0, 2 / columns};
  case INIT_ORTHOGONAL: return (Guess){0, 1 / fmax(rows, columns)};
  case INIT_IDENTITY: return (Guess){a / columns, a * a / columns}; /* a row has one a: what a product makes of it */
  }
  return untold;
}

static Guess given(const Var *v)
{
  if (v->shape.token) { /* as the one-hot vector that it stands for */
    double p = 1.0 / v->shape.dim[0];
    return (Guess){p, p * (1 - p)};
  }
  if (v->kind == VAR_PARAM) return v->fixed ? untold : initial(v);
  if (v->kind != VAR_NOISE) return (Guess){0, 1};
  double a = v->noise_arg[0], b = v->noise_arg[1];
  if (v->noise == DIST_BERNOULLI) return (Guess){a, a * (1 - a)};
  return v->noise == DIST_NORMAL ? (Guess){a, b * b} : (Guess){(a + b) / 2, (b - a) * (b - a) / 12};
}

static Guess times(Guess a, Guess b)
{
  return (Guess){a.mean * b.mean, a.var * b.var + a.var * b.mean * b.mean + b.var * a.mean * a.mean};
}

static Guess matrix_product(const Expr *e, Guess a, Guess b)
{
  const Shape *left = &e->in[0]->shape;
  if (e->in[1]->shape.token) return a; /* a column */
  double n = left->rank == 1 ? left->dim[0] : left->dim[!e->attr[0]];
  Guess one = times(a, b);
  return (Guess){n * one.mean, n * one.var};
}

/* of a smooth squashing function: what its value is at the mean, and a variance that its slope and bounds allow */
static Guess squashed(double at, double slope, double bound, double var)
{
  return (Guess){at, fmin(var * slope * slope, bound)};
}

static Guess exact(const Expr *e, const Guess *in)
{
  double value[3], out = 0;
  const double *at[3] = {&value[0], &value[1], &value[2]};
  for (int i = 0; i < e->nin; i++) {
    if (in[i].var != 0) return untold;
    value[i] = in[i].mean;
  }
  Expr number = *e, *one[3], inputs[3];
  number.shape = shape_scalar();
  number.in = one;
  for (int i = 0; i < e->nin; i++) {
    inputs[i] = *e->in[i];
    inputs[i].shape = shape_scalar();
    one[i] = &inputs[i];
  }
  op_value(&number, at, &out);
  return (Guess){out, 0};
}

static Guess mixed(const Guess *in, int n)
{
  Guess g = {0, 0};
  for (int i = 0; i < n; i++) g.mean += in[i].mean / n;
  for (int i = 0; i < n; i++) g.var += (in[i].var + (in[i].mean - g.mean) * (in[i].mean - g.mean)) / n;
  return g;
}

static Guess guess_of(const Expr *e, const Guess *in, const Guess *var)
{
  Guess a = e->nin > 0 ? in[0] : untold, b = e->nin > 1 ? in[1] : untold;
  switch (e->op) {
  case OP_CONST: return (Guess){e->value, 0};
  case OP_READ: return var[e->var->id];
  case OP_ADD: return (Guess){a.mean + b.mean, a.var + b.var};
  case OP_SUB: return (Guess){a.mean - b.mean, a.var + b.var};
  case OP_NEG: return (Guess){-a.mean, a.var};
  case OP_MUL:
    if (e->in[0] == e->in[1]) return (Guess){a.var + a.mean * a.mean, 2 * a.var * a.var + 4 * a.var * a.mean * a.mean};
    return times(a, b);
  case OP_DIV: return b.var == 0 && b.mean != 0 ? (Guess){a.mean / b.mean, a.var / (b.mean * b.mean)} : untold;
  case OP_TANH: {
    double at = tanh(a.mean);
    return squashed(at, 1 - at * at, 1, a.var);
  }
  case OP_SIGMOID: {
    double at = 1 / (1 + exp(-a.mean));
    return squashed(at, at * (1 - at), 0.25, a.var);
  }
  case OP_RELU: return (Guess){a.mean > 0 ? a.mean : sqrt(a.var) * 0.4, a.mean > 0 ? a.var : a.var * 0.34};
  case OP_WHERE: return mixed(in + 1, 2);
  case OP_MATMUL: return matrix_product(e, a, b);
  case OP_OUTER: return times(a, b);
  case OP_SUM: {
    double n = (double)shape_count(e->in[0]->shape);
    return (Guess){n * a.mean, n * a.var};
  }
  case OP_CONCAT: return mixed(in, e->nin);
  case OP_SLICE:
  case OP_RESHAPE:
  case OP_BCAST:
  case OP_TRANSPOSE:
  case OP_STOP:
  case OP_REVERSED:
  case OP_ONEHOT:
  case OP_AT: return a;
  default: return op_is_ew(e) ? exact(e, in) : untold;
  }
}

/* the part of values with this mean and deviation that are beyond +-flat */
static double part_beyond(Guess g, double flat)
{
  double deviation = sqrt(g.var);
  if (deviation == 0) return fabs(g.mean) > flat;
  return 0.5 * erfc((flat - g.mean) / (deviation * M_SQRT2)) + 0.5 * erfc((flat + g.mean) / (deviation * M_SQRT2));
}

static void look(const System *s, Diag *d, const Var *v, const Expr *e, Guess g)
{
  bool sigmoid = e->op == OP_SIGMOID;
  if ((!sigmoid && e->op != OP_TANH) || isnan(g.mean) || part_beyond(g, sigmoid ? SIGMOID_FLAT : TANH_FLAT) < MANY)
    return;
  diag_warn(
      d, W_SATURATED_GATE, e->span.source ? e->span : lint_place(s, v),
      "this %s of '%s' starts saturated: with inputs of deviation 1 it is taken of values around %.2g, deviation %.2g",
      sigmoid ? "sigmoid" : "tanh", v->name, g.mean, sqrt(g.var));
  diag_note(d, (Span){0},
            "by the initialisers of its parameters, and the sizes of its products; beyond +-%.3g its gradient is next "
            "to nothing",
            sigmoid ? SIGMOID_FLAT : TANH_FLAT);
}

static Guess walk(const LintNodes *n, Diag *d, const Var *v, Guess *var, Guess *memo)
{
  const ExprList *nodes = &n->of[v->id];
  for (int i = 0; i < nodes->n; i++) {
    Expr *e = nodes->at[i];
    Guess small[4], *in = e->nin <= 4 ? small : ARENA_ARRAY(n->s->arena, Guess, e->nin);
    for (int k = 0; k < e->nin; k++) in[k] = memo[e->in[k]->id];
    memo[e->id] = guess_of(e, in, var);
    if (d && e->nin) look(n->s, d, v, e, in[0]);
  }
  return memo[v->rhs->id];
}

void lint_gates(LintNodes *n, Diag *d)
{
  System *s = n->s;
  if (!diag_lint_on(d, W_SATURATED_GATE)) return;
  Guess *var = ARENA_ARRAY(s->arena, Guess, s->vars.n + 1), *memo = ARENA_ARRAY(s->arena, Guess, s->next_id + 1);
  for (int i = 0; i < s->vars.n; i++)
    if (!s->vars.at[i]->rhs) var[i] = given(s->vars.at[i]);
  for (int round = 0; round <= ROUNDS; round++)
    for (int i = 0; i < s->vars.n; i++) {
      const Var *v = s->vars.at[i];
      if (v->rhs) var[i] = walk(n, round == ROUNDS ? d : NULL, v, var, memo);
    }
}

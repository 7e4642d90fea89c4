/* split.c: sum(a g / q + s d) -> sum(a g) / q + s sum(d), where a number such as s is made of another sum over the same
   components: a loop that adds up a g and d need not wait for that sum, so that both are added up in one. It is what
   the backward pass of layer normalisation asks for. Needs: a simplified system. Leaves: all other sums; rounding may
   differ in the last bits.

   A sum of values less their mean is zero: sum(x - sum(x) / n) -> 0. */
#include "split.h"
#include "walk.h"

enum { MOST_TERMS = 4 };

/* a tree: rest * up / down[0] / down[1] .., all but the rest numbers; NULL: 1 */
typedef struct Term {
  Expr *rest, *up;
  Vec(Expr *) down;
  bool negative;
} Term;

typedef struct Terms {
  Term at[MOST_TERMS];
  int n;
  bool fits;
} Terms;

static const Expr *right_side(const Expr *e)
{
  return e->op == OP_READ && e->var->rhs && read_is_now(e) && e->var->rhs->dom == e->dom ? e->var->rhs : e;
}

static Expr *times(System *s, Expr *a, Expr *b) { return a && b ? ex2(s, OP_MUL, a, b) : a ? a : b; }

/* a b, a / x: numbers are taken out of what is a vector */
static void factors(System *s, Expr *e, Term *t)
{
  if (e->shape.rank == 0) t->up = times(s, t->up, e);
  else if (e->op == OP_MUL) {
    factors(s, e->in[0], t);
    factors(s, e->in[1], t);
  } else if (e->op == OP_DIV && e->in[1]->shape.rank == 0) {
    factors(s, e->in[0], t);
    vec_push(s->arena, &t->down, e->in[1]);
  } else t->rest = times(s, t->rest, e);
}

static void find_terms(System *s, Expr *e, bool negative, Terms *t)
{
  bool sum = e->op == OP_ADD || e->op == OP_SUB;
  if (e->op == OP_NEG) {
    find_terms(s, e->in[0], !negative, t);
    return;
  }
  for (int k = 0; sum && k < 2; k++) sum &= e->in[k]->shape.rank > 0 && e->in[k]->op != OP_BCAST;
  if (sum) {
    find_terms(s, e->in[0], negative, t);
    find_terms(s, e->in[1], negative != (e->op == OP_SUB), t);
    return;
  }
  t->fits &= t->n < MOST_TERMS;
  if (!t->fits) return;
  Term *term = &t->at[t->n++];
  *term = (Term){.negative = negative};
  factors(s, e, term);
}

/* Does the number, or a number in the tree, come from a sum over components at the same place? */
static bool waits(const Expr *e, int depth)
{
  if (depth > 24) return false;
  if (e->op == OP_SUM) return true;
  if (e->shape.rank > 0 && e->op == OP_READ) return false;
  const Expr *made = right_side(e);
  if (made != e) return waits(made, depth + 1);
  if (!op_is_ew(e) && e->op != OP_BCAST) return false;
  for (int i = 0; i < e->nin; i++)
    if (waits(e->in[i], depth + 1)) return true;
  return false;
}

/* x - sum(x) / n */
static bool is_centred(const Expr *e)
{
  e = right_side(e);
  if (e->op != OP_SUB || e->in[1]->op != OP_DIV || e->in[1]->in[1]->op != OP_CONST) return false;
  const Expr *sum = right_side(e->in[1]->in[0]);
  return sum->op == OP_SUM && sum->in[0] == e->in[0] && e->in[1]->in[1]->value == (double)shape_count(e->shape);
}

static Expr *total(System *s, const Term *t)
{
  if (is_centred(t->rest)) return ex_const(s, 0);
  Expr *e = ex1(s, OP_SUM, t->rest);
  if (t->up) e = ex2(s, OP_MUL, t->up, e);
  for (int i = 0; i < t->down.n; i++) /* the inverse does not wait for the sum */
    e = ex2(s, OP_MUL, ex2(s, OP_DIV, ex_const(s, 1), t->down.at[i]), e);
  return e;
}

static Expr *split(System *s, Expr *e, void *arg)
{
  (void)arg;
  if (e->op != OP_SUM || e->in[0]->shape.rank == 0) return e;
  Terms t = {.fits = true};
  find_terms(s, (Expr *)right_side(e->in[0]), false, &t);
  bool any = false;
  for (int i = 0; i < t.n && t.fits; i++) {
    any |= t.at[i].up && waits(t.at[i].up, 0);
    for (int k = 0; k < t.at[i].down.n; k++) any |= waits(t.at[i].down.at[k], 0);
    t.fits &= t.at[i].rest != NULL && !waits(t.at[i].rest, 0);
  }
  if (!t.fits || !any) return e;
  Expr *sum = NULL;
  for (int i = 0; i < t.n; i++) {
    Expr *one = total(s, &t.at[i]);
    if (sum) sum = ex2(s, t.at[i].negative ? OP_SUB : OP_ADD, sum, one);
    else sum = t.at[i].negative ? ex1(s, OP_NEG, one) : one;
  }
  return sum;
}

void split_sums(System *s) { walk_rewrite_all(s, split, NULL); }

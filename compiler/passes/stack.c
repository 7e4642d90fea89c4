/* stack.c: products that share an operand become one product with stacked parameters.
   Needs: a simplified system without adjoints. Leaves: every other equation. */
#include "stack.h"
#include "walk.h"
#include <string.h>

/* The products with one right operand. */
typedef struct Shared {
  Expr *operand;
  Vec(Expr *) products; /* a parameter each, in order */
  bool ordered;         /* with respect to another group */
} Shared;

typedef struct Stacks {
  Vec(Shared) groups;
} Stacks;

static bool is_param_product(const Expr *e)
{
  return e->op == OP_MATMUL && e->attr[0] == 0 && e->in[0]->op == OP_READ && e->in[0]->var->kind == VAR_PARAM &&
         e->in[0]->shape.rank == 2 && e->in[1]->shape.rank == 1;
}

static Var *param_of(const Expr *product) { return product->in[0]->var; }

static void note_product(System *s, Stacks *k, Expr *e)
{
  for (int i = 0; i < k->groups.n; i++) {
    Shared *g = &k->groups.at[i];
    if (g->operand != e->in[1]) continue;
    int at = 0;
    while (at < g->products.n && param_of(g->products.at[at])->id < param_of(e)->id) at++;
    if (at < g->products.n && g->products.at[at] == e) return;
    vec_push(s->arena, &g->products, e);
    memmove(&g->products.at[at + 1], &g->products.at[at], sizeof(Expr *) * (size_t)(g->products.n - 1 - at));
    g->products.at[at] = e;
    return;
  }
  Shared g = {.operand = e->in[1]};
  vec_push(s->arena, &g.products, e);
  vec_push(s->arena, &k->groups, g);
}

/* ---- order within a stack ----

   Where products are added up and nothing else is done with them, their adjoints are one vector. So the rows of two
   stacks that are added to each other stand last in the one and first in the other: the adjoints of both then lie in
   one row, with what they have in common once, in the middle (plan.c). Of a GRU: n, r, z of the inputs, r, z, n of
   h[t-1]. */

/* By expression id: its only user if that adds, else NULL. */
static Expr **find_adders(System *s)
{
  Expr **adder = ARENA_ARRAY(s->arena, Expr *, s->next_id);
  int *users = ARENA_ARRAY(s->arena, int, s->next_id);
  bool *seen = ARENA_ARRAY(s->arena, bool, s->next_id);
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    users[s->vars.at[i]->rhs->id]++;
    ExprList nodes = walk_nodes(s, s->vars.at[i]->rhs);
    for (int n = 0; n < nodes.n; n++) {
      Expr *e = nodes.at[n];
      for (int k = 0; k < e->nin && !seen[e->id]; k++) {
        users[e->in[k]->id]++;
        adder[e->in[k]->id] = e->op == OP_ADD && shape_same(e->shape, e->in[k]->shape) ? e : NULL;
      }
      seen[e->id] = true;
    }
  }
  for (int i = 0; i < s->next_id; i++)
    if (users[i] != 1) adder[i] = NULL;
  return adder;
}

static const Expr *sum_of(Expr *const *adder, const Expr *e)
{
  while (adder[e->id]) e = adder[e->id];
  return e;
}

/* The product of g that is added to e; NULL: none */
static Expr *added_to(Expr *const *adder, const Shared *g, const Expr *e)
{
  for (int i = 0; i < g->products.n; i++)
    if (sum_of(adder, g->products.at[i]) == sum_of(adder, e)) return g->products.at[i];
  return NULL;
}

/* Two groups whose products are added to each other in part. */
static void pair(System *s, Expr *const *adder, Shared *a, Shared *b)
{
  Shared first = {.operand = a->operand, .ordered = true}, then = {.operand = b->operand, .ordered = true};
  int in_a = 0, in_b = 0;
  for (int i = 0; i < a->products.n; i++) in_a += added_to(adder, b, a->products.at[i]) != NULL;
  for (int i = 0; i < b->products.n; i++) in_b += added_to(adder, a, b->products.at[i]) != NULL;
  if (a->ordered || b->ordered || in_a == 0 || in_a != in_b) return;
  if (in_a == a->products.n && in_b == b->products.n) return; /* all of both: as they are */
  for (int turn = 0; turn < 2; turn++)
    for (int i = 0; i < a->products.n; i++)
      if ((added_to(adder, b, a->products.at[i]) != NULL) == turn)
        vec_push(s->arena, &first.products, a->products.at[i]);
  for (int i = 0; i < first.products.n; i++) {
    Expr *e = added_to(adder, b, first.products.at[i]);
    if (e) vec_push(s->arena, &then.products, e);
  }
  for (int i = 0; i < b->products.n; i++)
    if (!added_to(adder, a, b->products.at[i])) vec_push(s->arena, &then.products, b->products.at[i]);
  *a = first;
  *b = then;
}

/* All parameters free: they get a stack of their own. A second group over the same parameters (a shared instance) finds
 * it made. */
static void make_stack(System *s, const Shared *g)
{
  if (g->products.n < 2) return;
  int rows = 0;
  for (int i = 0; i < g->products.n; i++) {
    if (param_of(g->products.at[i])->stacked) return;
    rows += param_of(g->products.at[i])->shape.dim[0];
  }
  Var *first = param_of(g->products.at[0]);
  const char *name = first->name;
  for (int i = 1; i < g->products.n; i++) { /* h.Wi, h.Wf, .. -> h.Wi_Wf_.. */
    const Var *p = param_of(g->products.at[i]);
    const char *dot = strrchr(p->name, '.');
    name = arena_printf(s->arena, "%s_%s", name, dot ? dot + 1 : p->name);
  }
  Var *stack = system_var(s, VAR_STACKED, name, shape_matrix(rows, first->shape.dim[1]), DOM_MODEL, first->span);
  for (int i = 0, row = 0; i < g->products.n; i++) {
    Var *p = param_of(g->products.at[i]);
    p->stacked = stack;
    p->stacked_row = row;
    row += p->shape.dim[0];
    vec_push(s->arena, &stack->member, p);
  }
}

/* Are the group's parameters all of the stack's? */
static bool is_whole(const Shared *g, const Var *stack)
{
  for (int i = 0; i < g->products.n; i++)
    if (param_of(g->products.at[i])->stacked != stack) return false;
  return g->products.n == stack->member.n;
}

/* W @ v -> rows of S @ v, if all of S's members are multiplied by v: otherwise rows would be computed for nobody */
static Expr *use_stack(System *s, Expr *e, void *arg)
{
  Stacks *k = arg;
  if (!is_param_product(e) || !e->in[0]->var->stacked) return e;
  Var *p = e->in[0]->var, *stack = p->stacked;
  for (int i = 0; i < k->groups.n; i++) {
    if (k->groups.at[i].operand != e->in[1] || !is_whole(&k->groups.at[i], stack)) continue;
    Expr *product = ex_op(s, OP_MATMUL, (Expr *[]){ex_var(s, stack), e->in[1]}, 2, (int[3]){0});
    return ex_op(s, OP_SLICE, &product, 1, (int[3]){p->stacked_row, p->shape.dim[0], 0});
  }
  return e;
}

void stack_products(System *s)
{
  Stacks k = {0};
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes(s, s->vars.at[i]->rhs);
    for (int n = 0; n < nodes.n; n++)
      if (is_param_product(nodes.at[n])) note_product(s, &k, nodes.at[n]);
  }
  Expr **adder = find_adders(s);
  for (int i = 0; i < k.groups.n; i++)
    for (int j = i + 1; j < k.groups.n; j++) pair(s, adder, &k.groups.at[i], &k.groups.at[j]);
  for (int i = 0; i < k.groups.n; i++) make_stack(s, &k.groups.at[i]);
  walk_rewrite_all(s, use_stack, &k);
}

static int64_t lay_out(System *s, bool fixed, int64_t at)
{
  for (int i = 0; i < s->vars.n; i++) {
    Var *v = s->vars.at[i], *stack = v->stacked;
    if (v->kind != VAR_PARAM || v->fixed != fixed || (stack && stack->member.at[0] != v)) continue;
    if (stack) stack->offset = at;
    for (int k = 0; k < (stack ? stack->member.n : 1); k++) {
      Var *p = stack ? stack->member.at[k] : v;
      p->offset = at;
      at += shape_count(p->shape);
    }
    at = (at + 15) / 16 * 16;
  }
  return at;
}

int64_t param_layout(System *s) { return lay_out(s, true, lay_out(s, false, 0)); }

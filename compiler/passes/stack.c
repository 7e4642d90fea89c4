/* stack.c: products that share an operand become one product with stacked parameters.
   Needs: a simplified system without adjoints. Leaves: every other equation. */
#include "stack.h"
#include "walk.h"
#include <string.h>

/* The products with one right operand. */
typedef struct Shared {
  Expr *operand;
  Vec(Var *) params;
} Shared;

typedef struct Stacks {
  Vec(Shared) groups;
} Stacks;

static bool is_param_product(const Expr *e)
{
  return e->op == OP_MATMUL && e->attr[0] == 0 && e->in[0]->op == OP_READ && e->in[0]->var->kind == VAR_PARAM &&
         e->in[0]->shape.rank == 2 && e->in[1]->shape.rank == 1;
}

static void note_product(System *s, Stacks *k, Expr *e)
{
  Var *p = e->in[0]->var;
  for (int i = 0; i < k->groups.n; i++) {
    Shared *g = &k->groups.at[i];
    if (g->operand != e->in[1]) continue;
    int at = 0;
    while (at < g->params.n && g->params.at[at]->id < p->id) at++;
    if (at < g->params.n && g->params.at[at] == p) return;
    vec_push(s->arena, &g->params, p);
    memmove(&g->params.at[at + 1], &g->params.at[at], sizeof(Var *) * (size_t)(g->params.n - 1 - at));
    g->params.at[at] = p;
    return;
  }
  Shared g = {.operand = e->in[1]};
  vec_push(s->arena, &g.params, p);
  vec_push(s->arena, &k->groups, g);
}

/* All parameters free: they get a stack of their own. A second group over the same parameters (a shared instance) finds
 * it made. */
static void make_stack(System *s, Shared *g)
{
  if (g->params.n < 2) return;
  int rows = 0;
  for (int i = 0; i < g->params.n; i++) {
    if (g->params.at[i]->stacked) return;
    rows += g->params.at[i]->shape.dim[0];
  }
  Var *first = g->params.at[0];
  const char *name = first->name;
  for (int i = 1; i < g->params.n; i++) { /* h.Wi, h.Wf, .. -> h.Wi_Wf_.. */
    const char *dot = strrchr(g->params.at[i]->name, '.');
    name = arena_printf(s->arena, "%s_%s", name, dot ? dot + 1 : g->params.at[i]->name);
  }
  Var *stack = system_var(s, VAR_STACKED, name, shape_matrix(rows, first->shape.dim[1]), DOM_MODEL, first->span);
  for (int i = 0, row = 0; i < g->params.n; i++) {
    Var *p = g->params.at[i];
    p->stacked = stack;
    p->stacked_row = row;
    row += p->shape.dim[0];
    vec_push(s->arena, &stack->member, p);
  }
}

/* W @ v -> rows of S @ v, if all of S's members are multiplied by v: otherwise rows would be computed for nobody */
static Expr *use_stack(System *s, Expr *e, void *arg)
{
  Stacks *k = arg;
  if (!is_param_product(e) || !e->in[0]->var->stacked) return e;
  Var *p = e->in[0]->var, *stack = p->stacked;
  for (int i = 0; i < k->groups.n; i++) {
    Shared *g = &k->groups.at[i];
    if (g->operand != e->in[1] || g->params.n != stack->member.n) continue;
    if (memcmp(g->params.at, stack->member.at, sizeof(Var *) * (size_t)g->params.n) != 0) continue;
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

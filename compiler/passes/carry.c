/* carry.c: reads before the window's start take what the window before left.
   Needs: a system without adjoints. Adds VAR_CARRY variables and boundary entries. */
#include "carry.h"
#include "walk.h"

static bool is_start(const Boundary *b, int offset)
{
  return b->axis == AXIS_T && b->kind == FROM_START && b->offset == offset;
}

/* What varies over t but not over the sequences belongs to a batch: nothing of it is carried. */
static void carry_place(System *s, Var *v, int offset, bool zeroed)
{
  Var *old = boundary_at(v, AXIS_T, FROM_START, offset);
  if ((v->kind != VAR_COMPUTED && !old) || !(v->dom & DOM_B)) return;
  int dom = v->dom & ~DOM_T;
  Var *carry = system_var(s, VAR_CARRY, arena_printf(s->arena, "%s.carry%d", v->name, -offset), v->shape, dom, v->span);
  carry->carry_of = v;
  carry->carry_offset = offset;
  if (v->shape.token && old) { /* no expression chooses between tokens: the fill does */
    for (int i = 0; i < v->bound.n; i++)
      if (is_start(&v->bound.at[i], offset)) v->bound.at[i].carried = carry;
    return;
  }
  if (!old && zeroed && !v->shape.token) {
    vec_push(s->arena, &v->bound, ((Boundary){.axis = AXIS_T, .kind = FROM_START, .offset = offset, .var = carry}));
    return;
  }
  Expr *before = old ? ex_var(s, old) : ex_const(s, v->shape.token ? -1 : 0), *carried = ex_var(s, carry);
  if (v->shape.token) carried = ex1(s, OP_INDEX, carried);
  Var *start =
      system_var(s, VAR_COMPUTED, arena_printf(s->arena, "%s.start%d", v->name, -offset), v->shape, dom, v->span);
  start->between = true;
  start->rhs = ex3(s, OP_WHERE, ex_leaf(s, OP_FRESH, AXIS_T), before, carried);
  if (v->shape.token) start->rhs = ex_op(s, OP_TOKEN, &start->rhs, 1, (int[3]){v->shape.dim[0]});
  for (int i = 0; i < v->bound.n; i++)
    if (is_start(&v->bound.at[i], offset)) {
      v->bound.at[i].var = start;
      return;
    }
  vec_push(s->arena, &v->bound, ((Boundary){.axis = AXIS_T, .kind = FROM_START, .offset = offset, .var = start}));
}

void carry_states(System *s, bool zeroed)
{
  int n = s->vars.n;
  int *lags = ARENA_ARRAY(s->arena, int, n);
  for (int i = 0; i < n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes(s, s->vars.at[i]->rhs);
    for (int k = 0; k < nodes.n; k++) {
      Expr *e = nodes.at[k];
      if (e->op == OP_READ && e->attr[0] == READ_REL && -e->attr[1] > lags[e->var->id]) lags[e->var->id] = -e->attr[1];
    }
  }
  for (int i = 0; i < n; i++)
    for (int k = 0; k < lags[i]; k++) carry_place(s, s->vars.at[i], -k, zeroed);
}

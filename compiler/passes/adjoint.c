/* adjoint.c: the reverse walk over equations.
   Needs: shapes known, every variable's right side set. Leaves: existing variables untouched; only adds variables.
   Knows no operator: rules come from op_adjoint.c. Naming: the adjoint of x is x_adj; what reads of x[t-2] send back is
   x_lag2_adj, of x[t+1] x_lead1_adj.

   Within one equation of variable v, the adjoint of a node is kept per element of the node's own domain: where a node
   varies over less than its user (a parameter in h[t]'s equation), what arrives is summed over t, over the batch, at
   once. */
#include "adjoint.h"
#include "walk.h"
#include <assert.h>
#include <string.h>

/* What the reads of one variable at one place sent back so far. */
typedef struct Arrivals {
  Var *var;
  ReadKind kind;
  int offset;
  Expr *sum;
} Arrivals;

typedef struct Reverse {
  System *s;
  int nvars;    /* of the system before any adjoint was added */
  bool *active; /* by var id: depends on something in wrt */
  bool *queued; /* by var id */
  Var **adj;    /* by var id */
  Vec(Var *) queue;
  Vec(Arrivals) arrivals;
} Reverse;

static Expr *plus(System *s, Expr *a, Expr *b) { return a ? ex2(s, OP_ADD, a, b) : b; }

/* c, a value in space `from`, summed over what `to` lacks */
static Expr *summed(System *s, Expr *c, int from, int to)
{
  if ((from & ~to) & DOM_T) c = ex1(s, OP_TSUM, c);
  if ((from & ~to) & DOM_B) c = ex1(s, OP_BSUM, c);
  return c;
}

/* The space in which e's inputs live: e's own domain and what its reduction runs over. */
static int inner_domain(const Expr *e)
{
  if (e->op == OP_TSUM || e->op == OP_TMAX) return e->dom | DOM_T;
  if (e->op == OP_BSUM) return e->dom | DOM_B;
  return e->dom;
}

static void enqueue(Reverse *r, Var *v)
{
  if (!r->active[v->id] || r->queued[v->id]) return;
  r->queued[v->id] = true;
  Var *adj = system_var(r->s, VAR_COMPUTED, arena_printf(r->s->arena, "%s_adj", v->name), v->shape, v->dom, v->span);
  adj->adj_of = v;
  r->adj[v->id] = adj;
  vec_push(r->s->arena, &r->queue, v);
}

static void arrive(Reverse *r, Var *v, ReadKind kind, int offset, Expr *c)
{
  enqueue(r, v);
  for (int i = 0; i < v->bound.n; i++) enqueue(r, v->bound.at[i].var);
  for (int i = 0; i < r->arrivals.n; i++) {
    Arrivals *a = &r->arrivals.at[i];
    if (a->var == v && a->kind == kind && a->offset == offset) {
      a->sum = plus(r->s, a->sum, c);
      return;
    }
  }
  vec_push(r->s->arena, &r->arrivals, ((Arrivals){v, kind, offset, c}));
}

/* The variables that depend on wrt, through right sides and boundaries, to a fixed point. */
static void find_active(Reverse *r, Var *const *wrt, int n)
{
  for (int i = 0; i < n; i++) r->active[wrt[i]->id] = true;
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < r->nvars; i++) {
      Var *v = r->s->vars.at[i];
      if (r->active[i]) continue;
      bool on = false;
      for (int k = 0; k < v->bound.n; k++) on |= r->active[v->bound.at[k].var->id];
      for (int k = 0; k < v->member.n; k++) on |= r->active[v->member.at[k]->id];
      if (v->rhs) {
        ExprList nodes = walk_nodes(r->s, v->rhs);
        for (int k = 0; k < nodes.n && !on; k++) on = nodes.at[k]->var && r->active[nodes.at[k]->var->id];
      }
      r->active[i] = on;
      again |= on;
    }
  }
}

/* Walks v's equation backward. */
static void reverse_equation(Reverse *r, Var *v)
{
  System *s = r->s;
  Expr *root = v->rhs;
  ExprList nodes = walk_nodes(s, root);
  int top = s->next_id;
  bool *active = ARENA_ARRAY(s->arena, bool, top);
  Expr **adj = ARENA_ARRAY(s->arena, Expr *, top);
  for (int i = 0; i < nodes.n; i++) {
    Expr *e = nodes.at[i];
    active[e->id] = e->var && r->active[e->var->id];
    for (int k = 0; k < e->nin; k++) active[e->id] |= active[e->in[k]->id];
  }
  if (!active[root->id]) return;
  adj[root->id] = summed(s, ex_var(s, r->adj[v->id]), v->dom, root->dom);
  for (int i = nodes.n - 1; i >= 0; i--) {
    Expr *e = nodes.at[i], *g = adj[e->id];
    if (!g || !active[e->id]) continue;
    if (e->op == OP_READ) {
      arrive(r, e->var, e->attr[0], e->attr[1], g);
      continue;
    }
    Expr *y = e == root && e->dom == v->dom ? ex_var(s, v) : e;
    Expr **to = ARENA_ARRAY(s->arena, Expr *, e->nin + 1);
    op_adjoint(s, e, y, g, to);
    for (int k = 0; k < e->nin; k++) {
      Expr *in = e->in[k];
      if (!to[k] || !active[in->id]) continue;
      Expr *c = to[k];
      if (in->shape.rank == 0 && c->shape.rank > 0) c = ex1(s, OP_SUM, c); /* a number that was broadcast */
      else if (op_is_ew(e) && in->shape.rank > 0 && c->shape.rank == 0)    /* a rule that made a number of a constant */
        c = ex_op(s, OP_BCAST, &c, 1, (int[3]){in->shape.rank, in->shape.dim[0], in->shape.dim[1]});
      assert(shape_same(c->shape, in->shape));
      adj[in->id] = plus(s, adj[in->id], summed(s, c, inner_domain(e), in->dom));
    }
  }
}

static void send(Reverse *r, Var *v, Expr *c)
{
  Var *adj = r->adj[v->id];
  if (adj) adj->rhs = plus(r->s, adj->rhs, c);
}

/* where(T + offset == place, c, 0): an absolute read that a short sequence turns into a boundary */
static Expr *when_length(System *s, int offset, int place, Expr *c)
{
  Expr *at = ex2(s, OP_ADD, ex_leaf(s, OP_LENGTH), ex_const(s, offset));
  return ex3(s, OP_WHERE, ex2(s, OP_EQ, at, ex_const(s, place)), c, ex_const(s, 0));
}

static Expr *clipped(System *s, Expr *c, double size)
{
  return ex2(s, OP_MIN, ex2(s, OP_MAX, c, ex_const(s, -size)), ex_const(s, size));
}

/* Turns what arrived at v[place] into terms of v_adj[t] and of its boundaries' adjoints. */
static void deliver(Reverse *r, const Arrivals *a)
{
  System *s = r->s;
  Var *v = a->var;
  int k = a->offset;
  if (a->kind == READ_PLAIN || (a->kind == READ_REL && k == 0)) {
    send(r, v, a->sum);
    return;
  }
  if ((a->kind == FROM_START && k <= 0) || (a->kind == FROM_END && k > 0)) { /* the boundary itself */
    Var *b = boundary_at(v, a->kind, k);
    if (b) send(r, b, summed(s, a->sum, DOM_SEQ, b->dom));
    return;
  }
  bool rel = a->kind == READ_REL;
  const char *what = rel ? (k < 0 ? "lag" : "lead") : (a->kind == FROM_START ? "start" : "end");
  const char *name = arena_printf(s->arena, "%s_%s%d_adj", v->name, what, rel && k < 0 ? -k : k < 0 ? -k : k);
  Var *sent = system_var(s, VAR_COMPUTED, name, v->shape, rel ? v->dom : v->dom & ~DOM_T, v->span);
  sent->rhs = rel && v->message > 0 ? clipped(s, a->sum, v->message) : a->sum;
  if (rel) {
    send(r, v, ex_read(s, sent, READ_REL, -k));
    for (int i = 0; i < v->bound.n; i++) {
      Boundary *b = &v->bound.at[i];
      if (k < 0 && b->kind == FROM_START && b->offset - k >= 1)
        send(r, b->var, summed(s, ex_read(s, sent, FROM_START, b->offset - k), sent->dom & ~DOM_T, b->var->dom));
      if (k > 0 && b->kind == FROM_END && b->offset - k <= 0)
        send(r, b->var, summed(s, ex_read(s, sent, FROM_END, b->offset - k), sent->dom & ~DOM_T, b->var->dom));
    }
    return;
  }
  Expr *c = ex_var(s, sent);
  send(r, v, ex_op(s, OP_AT, &c, 1, (int[3]){a->kind, k, 0}));
  for (int i = 0; i < v->bound.n; i++) {
    Boundary *b = &v->bound.at[i];
    if (a->kind == FROM_START && b->kind == FROM_END)
      send(r, b->var, summed(s, when_length(s, b->offset, k, c), DOM_SEQ, b->var->dom));
    if (a->kind == FROM_END && b->kind == FROM_START)
      send(r, b->var, summed(s, when_length(s, k, b->offset, c), DOM_SEQ, b->var->dom));
  }
}

/* A stack's gradient belongs, row by row, to its members. */
static void share_stacks(Reverse *r)
{
  System *s = r->s;
  for (int i = 0; i < r->nvars; i++) {
    Var *v = s->vars.at[i];
    if (v->kind != VAR_STACKED || !r->adj[i]) continue;
    Expr *g = ex_var(s, r->adj[i]);
    for (int k = 0; k < v->member.n; k++) {
      Var *m = v->member.at[k];
      send(r, m, ex_op(s, OP_SLICE, &g, 1, (int[3]){m->stacked_row, m->shape.dim[0], 0}));
    }
  }
}

static Expr *zero(System *s, Shape shape)
{
  Expr *z = ex_const(s, 0);
  return shape.rank == 0 ? z : ex_op(s, OP_BCAST, &z, 1, (int[3]){shape.rank, shape.dim[0], shape.dim[1]});
}

void adjoint(System *s, Var *loss, Var *const *wrt, int n)
{
  Reverse r = {.s = s, .nvars = s->vars.n};
  r.active = ARENA_ARRAY(s->arena, bool, r.nvars);
  r.queued = ARENA_ARRAY(s->arena, bool, r.nvars);
  r.adj = ARENA_ARRAY(s->arena, Var *, r.nvars);
  assert(loss->dom == DOM_MODEL && loss->shape.rank == 0);
  find_active(&r, wrt, n);
  enqueue(&r, loss);
  if (r.adj[loss->id]) r.adj[loss->id]->rhs = ex_const(s, 1);
  for (int i = 0; i < n; i++) enqueue(&r, wrt[i]);
  for (int i = 0; i < r.queue.n; i++) {
    Var *v = r.queue.at[i];
    for (int k = 0; k < v->member.n; k++) enqueue(&r, v->member.at[k]);
    if (v->rhs) reverse_equation(&r, v);
  }
  for (int i = 0; i < r.arrivals.n; i++) deliver(&r, &r.arrivals.at[i]);
  share_stacks(&r);
  for (int i = 0; i < r.queue.n; i++) {
    Var *adj = r.adj[r.queue.at[i]->id];
    if (!adj->rhs) adj->rhs = zero(s, adj->shape);
  }
}

Var *adjoint_of(const System *s, const Var *v)
{
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->adj_of == v) return s->vars.at[i];
  return NULL;
}

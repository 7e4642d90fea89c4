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
  Place at[AXES];
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
  for (Axis a = AXES; a-- > 0;)
    if ((from & ~to) & axis_bit(a)) c = ex_sum(s, a, c);
  if ((from & ~to) & DOM_B) c = ex1(s, OP_BSUM, c);
  return c;
}

/* The space in which e's inputs live: e's own domain and what its reduction runs over. */
static int inner_domain(const Expr *e)
{
  if (e->op == OP_TSUM || e->op == OP_TMAX) return e->dom | axis_bit(e->attr[0]);
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

static bool same_place(Place a, Place b) { return a.kind == b.kind && a.k == b.k; }

static void arrive(Reverse *r, const Expr *read, Expr *c)
{
  Var *v = read->var;
  Place t = read_place(read, AXIS_T), u = read_place(read, AXIS_S);
  enqueue(r, v);
  for (int i = 0; i < v->bound.n; i++) enqueue(r, v->bound.at[i].var);
  for (int i = 0; i < r->arrivals.n; i++) {
    Arrivals *a = &r->arrivals.at[i];
    if (a->var == v && same_place(a->at[AXIS_T], t) && same_place(a->at[AXIS_S], u)) {
      a->sum = plus(r->s, a->sum, c);
      return;
    }
  }
  vec_push(r->s->arena, &r->arrivals, ((Arrivals){v, {t, u}, c}));
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
      arrive(r, e, g);
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
        c = ex_broadcast(s, c, in->shape);
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

/* ---- what arrived, to where it belongs ---- */

static bool is_boundary(Place p) { return (p.kind == FROM_START && p.k <= 0) || (p.kind == FROM_END && p.k > 0); }
static bool is_elsewhere(Place p) { return p.kind >= FROM_START || (p.kind == READ_REL && p.k != 0); }
static bool is_absolute(Place p) { return p.kind >= FROM_START; }

/* x_lag2_adj: what reads of x[t-2] send back; x_end0_adj: of x[T]; the second axis by its name: x_lag1_s_lead1_adj */
static const char *sent_name(System *s, const Arrivals *a)
{
  const char *name = a->var->name;
  for (Axis x = 0; x < AXES; x++) {
    Place p = a->at[x];
    if (!is_elsewhere(p)) continue;
    const char *what = is_absolute(p) ? (p.kind == FROM_START ? "start" : "end") : p.k < 0 ? "lag" : "lead";
    name = arena_printf(s->arena, "%s_%s%s%s%d", name, x == AXIS_S ? s->axis[x] : "", x == AXIS_S ? "_" : "", what,
                        p.k < 0 ? -p.k : p.k);
  }
  return arena_printf(s->arena, "%s_adj", name);
}

/* a read of `sent`, whose own place p on each axis is where `at` says that it was read: v[t-2] sent to v's t from t+2
 */
static Expr *read_back(System *s, Var *sent, const Place at[AXES])
{
  Place p[AXES];
  for (Axis x = 0; x < AXES; x++) {
    p[x] = place_now(sent, x);
    if (p[x].kind == READ_REL && at[x].kind == READ_REL) p[x].k = -at[x].k;
  }
  return ex_read(s, sent, p[AXIS_T], p[AXIS_S]);
}

/* where(T + offset == place, c, 0): an absolute read that a short sequence turns into a boundary */
static Expr *when_length(System *s, Axis axis, int offset, int place, Expr *c)
{
  Expr *at = ex2(s, OP_ADD, ex_leaf(s, OP_LENGTH, axis), ex_const(s, offset));
  return ex3(s, OP_WHERE, ex2(s, OP_EQ, at, ex_const(s, place)), c, ex_const(s, 0));
}

static Expr *clipped(System *s, Expr *c, double size)
{
  return ex2(s, OP_MIN, ex2(s, OP_MAX, c, ex_const(s, -size)), ex_const(s, size));
}

/* What of `sent` (read at `at`) fell on boundary b of its variable; NULL: nothing */
static Expr *on_boundary(System *s, Var *sent, const Place at[AXES], const Boundary *b)
{
  Place p = at[b->axis];
  Expr *c = read_back(s, sent, at);
  if (p.kind == READ_REL) { /* from the one place whose read went there */
    bool before = p.k < 0 && b->kind == FROM_START && b->offset - p.k >= 1;
    bool behind = p.k > 0 && b->kind == FROM_END && b->offset - p.k <= 0;
    if (!before && !behind) return NULL;
    Place from[AXES] = {read_place(c, AXIS_T), read_place(c, AXIS_S)};
    from[b->axis] = (Place){b->kind, b->offset - p.k};
    return ex_read(s, sent, from[AXIS_T], from[AXIS_S]);
  }
  if (p.kind == FROM_START && b->kind == FROM_END) return when_length(s, b->axis, b->offset, p.k, c);
  if (p.kind == FROM_END && b->kind == FROM_START) return when_length(s, b->axis, p.k, b->offset, c);
  return NULL;
}

/* The boundary's own place was read: its variable's adjoint takes it, at the place on the other axis. */
static void deliver_to_boundary(Reverse *r, const Arrivals *a, Axis axis)
{
  System *s = r->s;
  Var *b = boundary_at(a->var, axis, a->at[axis].kind, a->at[axis].k);
  Axis other = axis == AXIS_T ? AXIS_S : AXIS_T;
  if (!b) return;
  if (!is_elsewhere(a->at[other])) {
    send(r, b, summed(s, a->sum, a->var->dom & ~axis_bit(axis), b->dom));
    return;
  }
  if (is_boundary(a->at[other])) return; /* outside along both axes: zero */
  Var *sent = system_var(s, VAR_COMPUTED, sent_name(s, a), b->shape,
                         (a->var->dom & ~axis_bit(axis)) & ~(is_absolute(a->at[other]) ? axis_bit(other) : 0), b->span);
  sent->rhs = a->sum;
  Expr *c = read_back(s, sent, a->at);
  if (is_absolute(a->at[other])) c = ex_op(s, OP_AT, &c, 1, (int[3]){a->at[other].kind, a->at[other].k, other});
  send(r, b, summed(s, c, sent->dom | axis_bit(other), b->dom));
}

/* Turns what arrived at v[place] into terms of v_adj[t] and of its boundaries' adjoints. */
static void deliver(Reverse *r, const Arrivals *a)
{
  System *s = r->s;
  Var *v = a->var;
  if (!is_elsewhere(a->at[AXIS_T]) && !is_elsewhere(a->at[AXIS_S])) {
    send(r, v, a->sum);
    return;
  }
  for (Axis x = 0; x < AXES; x++)
    if (is_boundary(a->at[x])) {
      deliver_to_boundary(r, a, x);
      return;
    }
  int absolute = 0;
  for (Axis x = 0; x < AXES; x++)
    if (is_absolute(a->at[x])) absolute |= axis_bit(x);
  Var *sent = system_var(s, VAR_COMPUTED, sent_name(s, a), v->shape, v->dom & ~absolute, v->span);
  sent->rhs = v->message > 0 && !absolute ? clipped(s, a->sum, v->message) : a->sum;
  Expr *c = read_back(s, sent, a->at);
  for (Axis x = 0; x < AXES; x++)
    if (is_absolute(a->at[x])) c = ex_op(s, OP_AT, &c, 1, (int[3]){a->at[x].kind, a->at[x].k, x});
  send(r, v, c);
  for (int i = 0; i < v->bound.n; i++) {
    Boundary *b = &v->bound.at[i];
    Axis other = b->axis == AXIS_T ? AXIS_S : AXIS_T;
    Expr *part = on_boundary(s, sent, a->at, b);
    if (!part) continue;
    if (is_absolute(a->at[other])) part = ex_op(s, OP_AT, &part, 1, (int[3]){a->at[other].kind, a->at[other].k, other});
    send(r, b->var, summed(s, part, v->dom & ~axis_bit(b->axis), b->var->dom));
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
    if (!adj->rhs) adj->rhs = ex_broadcast(s, ex_const(s, 0), adj->shape);
  }
}

Var *adjoint_of(const System *s, const Var *v)
{
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->adj_of == v) return s->vars.at[i];
  return NULL;
}

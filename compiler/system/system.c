/* system.c: variables and hash-consed expressions.
   Needs: op_shape. Leaves alone: simplification (passes/simplify.c), printing. */
#include "system.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const OpInfo op_info[OP_COUNT] = {
#define EW(id, name, nin, value, da, db, dc, cost) {#id, name, CLASS_EW, nin, 0, cost},
#define ST(id, name, nin, nattr, what) {#id, name, CLASS_ST, nin, nattr, 1},
#define LEAF(id, name, what) {#id, name, CLASS_LEAF, 0, 0, 0},
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
};

/* Open addressing; grows in the arena. */
struct ExprTable {
  Expr **slot;
  unsigned cap, n;
};

System *system_new(Arena *a, Diag *d, const char *name)
{
  System *s = ARENA_NEW(a, System);
  s->arena = a;
  s->diag = d;
  s->name = intern(a, name);
  s->axis[AXIS_T] = "t";
  s->table = ARENA_NEW(a, struct ExprTable);
  s->table->cap = 1024;
  s->table->slot = ARENA_ARRAY(a, Expr *, s->table->cap);
  return s;
}

Var *system_find(const System *s, const char *name)
{
  for (int i = 0; i < s->vars.n; i++)
    if (strcmp(s->vars.at[i]->name, name) == 0) return s->vars.at[i];
  return NULL;
}

Var *system_var(System *s, VarKind kind, const char *name, Shape shape, int dom, Span span)
{
  Var *v = ARENA_NEW(s->arena, Var);
  const char *taken = name;
  for (int k = 2; system_find(s, taken); k++) taken = arena_printf(s->arena, "%s.%d", name, k);
  v->name = intern(s->arena, taken);
  v->id = s->vars.n;
  v->kind = kind;
  v->shape = shape;
  v->dom = dom;
  v->span = span;
  vec_push(s->arena, &s->vars, v);
  return v;
}

Var *boundary_at(const Var *v, Axis axis, ReadKind kind, int offset)
{
  for (int i = 0; i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    if (b->axis == axis && b->kind == kind && b->offset == offset) return b->var;
  }
  return NULL;
}

bool read_is_now(const Expr *read)
{
  for (Axis a = 0; a < AXES; a++) {
    Place p = read_place(read, a);
    if (p.kind >= FROM_START || (p.kind == READ_REL && p.k != 0)) return false;
  }
  return true;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
  h ^= x + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
  return h * 0xff51afd7ed558ccdu;
}

static uint64_t bits_of(double d)
{
  uint64_t u;
  memcpy(&u, &d, sizeof u);
  return u;
}

static uint64_t expr_hash(const Expr *e)
{
  uint64_t h = mix(e->op, (uint64_t)e->nin);
  for (int i = 0; i < e->nin; i++) h = mix(h, (uint64_t)e->in[i]->id);
  for (int i = 0; i < 4; i++) h = mix(h, (uint64_t)(int64_t)e->attr[i]);
  h = mix(h, bits_of(e->value));
  return mix(h, (uint64_t)(uintptr_t)e->var) >> 7; /* not its id: prune renumbers */
}

static bool expr_same(const Expr *a, const Expr *b)
{
  if (a->op != b->op || a->nin != b->nin || a->var != b->var) return false;
  if (bits_of(a->value) != bits_of(b->value) || memcmp(a->attr, b->attr, sizeof a->attr) != 0) return false;
  for (int i = 0; i < a->nin; i++)
    if (a->in[i] != b->in[i]) return false;
  return true;
}

static void table_put(struct ExprTable *t, Expr *e)
{
  unsigned i = (unsigned)expr_hash(e) & (t->cap - 1);
  while (t->slot[i]) i = (i + 1) & (t->cap - 1);
  t->slot[i] = e;
}

/* The expression equal to *probe that exists already, or a copy of it that does from now on. */
static Expr *cons(System *s, const Expr *probe)
{
  struct ExprTable *t = s->table;
  unsigned i = (unsigned)expr_hash(probe) & (t->cap - 1);
  for (; t->slot[i]; i = (i + 1) & (t->cap - 1))
    if (expr_same(t->slot[i], probe)) return t->slot[i];
  Expr *e = ARENA_NEW(s->arena, Expr);
  *e = *probe;
  e->id = s->next_id++;
  if (e->nin) {
    e->in = ARENA_ARRAY(s->arena, Expr *, e->nin);
    memcpy(e->in, probe->in, sizeof(Expr *) * (size_t)e->nin);
  }
  t->slot[i] = e;
  if (++t->n * 2 > t->cap) {
    Expr **old = t->slot;
    unsigned n = t->cap;
    t->cap *= 2;
    t->slot = ARENA_ARRAY(s->arena, Expr *, t->cap);
    for (unsigned k = 0; k < n; k++)
      if (old[k]) table_put(t, old[k]);
  }
  return e;
}

Expr *ex_const(System *s, double value)
{
  return cons(s, &(Expr){.op = OP_CONST, .value = value == 0 ? 0.0 : value, .dom = DOM_MODEL});
}

Expr *ex_leaf(System *s, Op op, Axis axis)
{
  int dom = 0;
  bool along = true;
  switch (op) {
  case OP_TIME: dom = axis_bit(axis) | DOM_B; break; /* counted from where each sequence's window starts */
  case OP_LIVE: dom = axis_bit(axis); break;
  case OP_LENGTH: dom = DOM_SEQ; break;
  case OP_BEHIND:
  case OP_FRESH: dom = DOM_SEQ, along = false; break;
  case OP_BATCH: along = false; break;
  default: assert(!"a leaf");
  }
  return cons(s, &(Expr){.op = op, .attr = {along ? (int)axis : 0}, .dom = dom});
}

Expr *ex_read(System *s, Var *v, Place t, Place u)
{
  int dom = v->dom;
  for (Axis a = 0; a < AXES; a++) {
    ReadKind kind = a == AXIS_T ? t.kind : u.kind;
    assert((kind == READ_PLAIN) == !(v->dom & axis_bit(a)));
    if (kind >= FROM_START) dom &= ~axis_bit(a);
  }
  if (t.kind == READ_PLAIN) t.k = 0;
  if (u.kind == READ_PLAIN) u.k = 0;
  return cons(
      s, &(Expr){.op = OP_READ, .var = v, .attr = {(int)t.kind, t.k, (int)u.kind, u.k}, .shape = v->shape, .dom = dom});
}

Expr *ex_read_along(System *s, Var *v, Axis axis, ReadKind kind, int k)
{
  Place t = place_now(v, AXIS_T), u = place_now(v, AXIS_S);
  *(axis == AXIS_T ? &t : &u) = (Place){kind, k};
  return ex_read(s, v, t, u);
}

Expr *ex_var(System *s, Var *v) { return ex_read(s, v, place_now(v, AXIS_T), place_now(v, AXIS_S)); }

Expr *ex_broadcast(System *s, Expr *number, Shape shape)
{
  if (shape.rank == 0) return number;
  return ex_op(s, OP_BCAST, &number, 1, (int[3]){shape.rank, shape.dim[0], shape.dim[1]});
}

Expr *ex_sum(System *s, Axis axis, Expr *a) { return ex_op(s, OP_TSUM, &a, 1, (int[1]){axis}); }

/* What a reduction removes, AT adds; the union of the inputs' domains otherwise. */
static int op_domain(Op op, Expr *const *in, int nin, const int *attr)
{
  int dom = 0;
  for (int i = 0; i < nin; i++) dom |= in[i]->dom;
  if (op == OP_TSUM || op == OP_TMAX) dom = (dom & ~axis_bit(attr[0])) | DOM_B; /* lengths vary over the batch */
  if (op == OP_BSUM) dom &= ~DOM_B;
  if (op == OP_AT) dom |= axis_bit(attr[2]) | DOM_B;
  if (op == OP_OBSERVED) dom |= DOM_B;
  return dom;
}

Expr *ex_op(System *s, Op op, Expr *const *in, int nin, const int *attr)
{
  assert(op_info[op].class != CLASS_LEAF && (op_info[op].nin < 0 || op_info[op].nin == nin));
  Expr probe = {
      .op = op,
      .nin = nin,
      .in = (Expr **)in,
  };
  for (int i = 0; i < op_info[op].nattr; i++) probe.attr[i] = attr[i];
  probe.dom = op_domain(op, in, nin, probe.attr);
  Shape small[8] = {0}, *shape = nin <= 8 ? small : ARENA_ARRAY(s->arena, Shape, nin);
  for (int i = 0; i < nin; i++) shape[i] = in[i]->shape;
  const char *why = "";
  if (!op_shape(NULL, s->arena, op, shape, nin, probe.attr, &probe.shape, &why)) {
    fprintf(stderr, "rnnc: internal error: shapes do not fit '%s': %s\n", op_info[op].name, why);
    for (int i = 0; i < nin; i++) fprintf(stderr, "  input %d: %s\n", i, shape_text(NULL, s->arena, shape[i]));
    abort();
  }
  for (int i = 0; i < nin && !probe.span.source; i++) probe.span = in[i]->span;
  return cons(s, &probe);
}

Expr *ex1(System *s, Op op, Expr *a) { return ex_op(s, op, (Expr *[]){a}, 1, (int[3]){0}); }
Expr *ex2(System *s, Op op, Expr *a, Expr *b) { return ex_op(s, op, (Expr *[]){a, b}, 2, (int[3]){0}); }
Expr *ex3(System *s, Op op, Expr *a, Expr *b, Expr *c) { return ex_op(s, op, (Expr *[]){a, b, c}, 3, (int[3]){0}); }

void ex_span(Expr *e, Span span)
{
  if (!e->span.source) e->span = span;
}

bool ex_is_const(const Expr *e, double value) { return e->op == OP_CONST && e->value == value; }

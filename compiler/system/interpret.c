/* interpret.c: the value of any variable at any place, by demand.
   Needs: a system that system_verify accepts. Leaves: what an operator computes to op_value.c; the order of evaluation
   to nobody: it follows from what is asked for. Independent of every pass, so that passes can be tested against it.

   A cell is one place of a variable: (variable, sequence, t). A cell is computed once the cells that its right side
   reads are there; which are missing is kept on a stack of our own, since a chain over thousands of steps would
   overflow C's. */
#include "interpret.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EMPTY, STARTED, DONE }; /* of a cell */
enum { EACH_T = 1, EACH_B = 2 };

/* A read in a right side, and the reductions around it: they read it at each t, each sequence. */
typedef struct Need {
  const Expr *read;
  int over;
} Need;

typedef Vec(Need) Needs;

typedef struct Store {
  const Var *v;
  int64_t width, steps, batch; /* steps: of one sequence; beyond T for an input that holds more */
  double *at;                  /* NULL: neither set nor asked for yet */
  unsigned char *state;        /* of each cell of a computed variable */
  Needs need;
  bool needs_known;
} Store;

/* Values of expressions at one place. A reduction evaluates its input at other places: it takes the next frame. */
typedef struct Frame {
  double **value;  /* by expression id; memory is kept */
  unsigned *stamp; /* the value is of this evaluation where it equals `now` */
  const double **ptr;
  unsigned now;
} Frame;

typedef struct Cell {
  Store *store;
  int64_t b, t;
} Cell;

struct Interp {
  const System *s;
  Arena *arena;
  int64_t B, T;
  int64_t *len, *ahead;
  int64_t longest; /* a sequence of length T, where what varies over t alone is computed */
  double *fresh;
  Store *store; /* by variable id */
  int ids;
  Vec(Frame) frame;
  Vec(Cell) stack;
};

static void give_up(const char *what, const Var *v, int64_t b, int64_t t)
{
  fprintf(stderr, "rnnc: internal error: interpreter: %s: %s (sequence %lld, t = %lld)\n", v->name, what, (long long)b,
          (long long)t);
  abort();
}

int64_t interpret_width(const Var *v) { return value_width(v->shape); }

Interp *interpret_new(const System *s, int64_t B, int64_t T, const int64_t *len, const int64_t *ahead,
                      const double *fresh)
{
  Arena *a = arena_new();
  Interp *it = ARENA_NEW(a, Interp);
  it->s = s;
  it->arena = a;
  it->B = B;
  it->T = T;
  it->len = ARENA_ARRAY(a, int64_t, B);
  it->ahead = ARENA_ARRAY(a, int64_t, B);
  it->fresh = ARENA_ARRAY(a, double, B);
  for (int64_t b = 0; b < B; b++) {
    it->len[b] = len ? len[b] : T;
    it->ahead[b] = ahead ? ahead[b] : 0;
    it->fresh[b] = fresh ? fresh[b] : 1;
    assert(it->len[b] >= 1 && it->len[b] <= T && it->ahead[b] >= 0);
    if (it->len[b] > it->len[it->longest]) it->longest = b;
  }
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->id >= it->ids) it->ids = s->vars.at[i]->id + 1;
  it->store = ARENA_ARRAY(a, Store, it->ids + 1);
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    Store *st = &it->store[v->id];
    st->v = v;
    st->width = interpret_width(v);
    st->steps = v->dom & DOM_T ? T : 1;
    st->batch = v->dom & DOM_B ? B : 1;
  }
  return it;
}

void interpret_free(Interp *it)
{
  if (it) arena_free(it->arena);
}

static Store *store_of(Interp *it, const Var *v)
{
  assert(v->id < it->ids && it->store[v->id].v == v);
  return &it->store[v->id];
}

void interpret_set(Interp *it, const Var *v, const double *data, int64_t steps)
{
  Store *st = store_of(it, v);
  assert(!v->rhs && v->kind != VAR_STACKED);
  int64_t want = v->dom & DOM_T ? steps : 1;
  if (!st->at || st->steps != want) {
    st->steps = want;
    st->at = ARENA_ARRAY(it->arena, double, (st->batch * want * st->width));
  }
  memcpy(st->at, data, sizeof(double) * (size_t)(st->batch * want * st->width));
}

void interpret_forget(Interp *it)
{
  for (int i = 0; i < it->ids; i++)
    if (it->store[i].state) memset(it->store[i].state, EMPTY, (size_t)(it->store[i].batch * it->store[i].steps));
}

/* ---- places ---- */

/* Where a read made at (b, t) goes: to a place of its variable, to a boundary's variable, or to zero. */
typedef struct Origin {
  const Var *v; /* NULL: zero */
  int64_t b, t;
} Origin;

static bool given(const Var *v) { return v->kind == VAR_INPUT || v->kind == VAR_TARGET; }

static Origin place_of(const Interp *it, const Expr *read, int64_t b, int64_t t)
{
  const Var *v = read->var;
  int k = read->attr[1];
  int64_t len = it->len[b], at = 0;
  switch ((ReadKind)read->attr[0]) {
  case READ_PLAIN: return (Origin){v, b, 0};
  case READ_REL: at = t + k; break;
  case FROM_START: at = k; break;
  case FROM_END: at = len + k; break;
  }
  if (at >= 1 && at <= len) return (Origin){v, b, at};
  if (at > len && given(v) && at <= len + it->ahead[b]) return (Origin){v, b, at};
  const Var *bound =
      at < 1 ? boundary_at(v, AXIS_T, FROM_START, (int)at) : boundary_at(v, AXIS_T, FROM_END, (int)(at - len));
  return (Origin){bound, b, 0};
}

static int64_t cell_index(const Store *st, int64_t b, int64_t t)
{
  return (st->v->dom & DOM_B ? b : 0) * st->steps + (st->v->dom & DOM_T ? t - 1 : 0);
}

/* ---- what a right side reads ---- */

typedef struct Collect {
  Interp *it;
  Store *st;
  unsigned char *seen; /* by expression id: bit `over` */
} Collect;

static void collect_needs(Collect *c, const Expr *e, int over)
{
  if (c->seen[e->id] & 1 << over) return;
  c->seen[e->id] |= (unsigned char)(1 << over);
  if (e->op == OP_READ) {
    Need need = {e, over};
    vec_push(c->it->arena, &c->st->need, need);
    return;
  }
  if (e->op == OP_OBSERVED) return; /* asks where the data is, not what */
  if (e->op == OP_TSUM || e->op == OP_TMAX) over |= EACH_T;
  if (e->op == OP_BSUM) over |= EACH_B;
  for (int i = 0; i < e->nin; i++) collect_needs(c, e->in[i], over);
}

static void need_cell(Interp *it, const Var *v, int64_t b, int64_t t)
{
  Store *st = store_of(it, v);
  if (!v->rhs && v->kind != VAR_STACKED) {
    if (!st->at) give_up("read, but it was given no data", v, b, t);
    return;
  }
  if (!st->at) {
    st->at = ARENA_ARRAY(it->arena, double, (st->batch * st->steps * st->width));
    st->state = ARENA_ARRAY(it->arena, unsigned char, (st->batch * st->steps));
  }
  int state = st->state[cell_index(st, b, t)];
  if (state == STARTED) give_up("its value needs itself", v, b, t);
  if (state == DONE) return;
  Cell cell = {st, v->dom & DOM_B ? b : it->longest, t};
  vec_push(it->arena, &it->stack, cell);
}

static void need_read(Interp *it, const Need *n, int64_t b, int64_t t)
{
  int64_t b0 = n->over & EACH_B ? 0 : b, b1 = n->over & EACH_B ? it->B - 1 : b;
  for (b = b0; b <= b1; b++) {
    int64_t t0 = n->over & EACH_T ? 1 : t, t1 = n->over & EACH_T ? it->len[b] : t;
    if (n->read->attr[0] == READ_REL && t1 > it->len[b]) continue; /* only the sequences that are that long */
    for (int64_t at = t0; at <= t1; at++) {
      Origin p = place_of(it, n->read, b, at);
      if (p.v) need_cell(it, p.v, p.b, p.t);
    }
  }
}

/* Puts the cells that this one reads and that are not there yet on the stack. */
static void need_inputs(Interp *it, Cell c)
{
  const Var *v = c.store->v;
  for (int i = 0; i < v->member.n; i++) need_cell(it, v->member.at[i], c.b, c.t);
  if (v->rhs && !c.store->needs_known) {
    Collect collect = {it, c.store, ARENA_ARRAY(it->arena, unsigned char, it->s->next_id)};
    collect_needs(&collect, v->rhs, 0);
    c.store->needs_known = true;
  }
  for (int i = 0; i < c.store->need.n; i++) need_read(it, &c.store->need.at[i], c.b, c.t);
}

/* ---- evaluation ---- */

static const double *value_at(Interp *it, const Expr *e, int depth, int64_t b, int64_t t);

static Frame *frame_at(Interp *it, int depth)
{
  while (it->frame.n <= depth) {
    int n = it->s->next_id;
    Frame f = {ARENA_ARRAY(it->arena, double *, n), ARENA_ARRAY(it->arena, unsigned, n),
               ARENA_ARRAY(it->arena, const double *, n), 0};
    vec_push(it->arena, &it->frame, f);
  }
  return &it->frame.at[depth];
}

/* The value of e at (b, t), where every cell that it reads is there; forgets what the frame held. */
static const double *evaluate(Interp *it, const Expr *e, int depth, int64_t b, int64_t t)
{
  frame_at(it, depth)->now++;
  return value_at(it, e, depth, b, t);
}

static const double *read_value(Interp *it, const Expr *e, double *zero, int64_t b, int64_t t)
{
  Origin p = place_of(it, e, b, t);
  if (p.v) {
    const Store *st = store_of(it, p.v);
    assert(!st->state || st->state[cell_index(st, p.b, p.t)] == DONE);
    return st->at + cell_index(st, p.b, p.t) * st->width;
  }
  for (int64_t i = 0; i < value_width(e->shape); i++) zero[i] = e->shape.token ? -1 : 0;
  return zero;
}

/* 1 where the data has the element that is read */
static double observed(const Interp *it, const Expr *read, int64_t b, int64_t t)
{
  Origin p = place_of(it, read, b, t);
  if (p.v != read->var) return 0;
  const Store *st = &it->store[p.v->id];
  if (!st->at) give_up("observed, but it was given no data", p.v, b, t);
  return !read->shape.token || st->at[cell_index(st, p.b, p.t)] >= 0;
}

static void over_time(Interp *it, const Expr *e, int depth, int64_t b, double *out)
{
  int64_t n = value_width(e->shape);
  for (int64_t t = 1; t <= it->len[b]; t++) {
    const double *x = evaluate(it, e->in[0], depth + 1, b, t);
    for (int64_t i = 0; i < n; i++) {
      if (t == 1) out[i] = x[i];
      else if (e->op == OP_TSUM) out[i] += x[i];
      else if (x[i] > out[i] || isnan(x[i])) out[i] = x[i];
    }
  }
}

static void over_batch(Interp *it, const Expr *e, int depth, int64_t t, double *out)
{
  int64_t n = value_width(e->shape);
  for (int64_t i = 0; i < n; i++) out[i] = 0;
  for (int64_t b = 0; b < it->B; b++) {
    if (e->in[0]->dom & DOM_T && t > it->len[b]) continue;
    const double *x = evaluate(it, e->in[0], depth + 1, b, t);
    for (int64_t i = 0; i < n; i++) out[i] += x[i];
  }
}

static void at_place(Interp *it, const Expr *e, const double *x, int64_t b, int64_t t, double *out)
{
  int64_t place = e->attr[0] == FROM_END ? it->len[b] + e->attr[1] : e->attr[1];
  for (int64_t i = 0; i < value_width(e->shape); i++) out[i] = t == place ? x[i] : 0;
}

static int64_t live_at(const Interp *it, int64_t t)
{
  int64_t n = 0;
  for (int64_t b = 0; b < it->B; b++) n += it->len[b] >= t;
  return n;
}

static const double *compute(Interp *it, const Expr *e, int depth, int64_t b, int64_t t, double *out)
{
  switch (e->op) {
  case OP_READ: return read_value(it, e, out, b, t);
  case OP_CONST: out[0] = e->value; return out;
  case OP_TIME: out[0] = (double)t; return out;
  case OP_LENGTH: out[0] = (double)it->len[b]; return out;
  case OP_BATCH: out[0] = (double)it->B; return out;
  case OP_LIVE: out[0] = (double)live_at(it, t); return out;
  case OP_FRESH: out[0] = it->fresh[b]; return out;
  case OP_TSUM:
  case OP_TMAX: over_time(it, e, depth, b, out); return out;
  case OP_BSUM: over_batch(it, e, depth, t, out); return out;
  case OP_OBSERVED: out[0] = observed(it, e->in[0], b, t); return out;
  case OP_AT: at_place(it, e, value_at(it, e->in[0], depth, b, t), b, t, out); return out;
  default: break;
  }
  const double *few[8], **in = e->nin <= 8 ? few : ARENA_ARRAY(it->arena, const double *, e->nin);
  for (int i = 0; i < e->nin; i++) in[i] = value_at(it, e->in[i], depth, b, t);
  op_value(e, in, out);
  return out;
}

static const double *value_at(Interp *it, const Expr *e, int depth, int64_t b, int64_t t)
{
  Frame *f = frame_at(it, depth);
  if (f->stamp[e->id] == f->now) return f->ptr[e->id];
  if (!f->value[e->id]) f->value[e->id] = ARENA_ARRAY(it->arena, double, value_width(e->shape));
  const double *value = compute(it, e, depth, b, t, f->value[e->id]);
  f = frame_at(it, depth); /* a deeper frame may have moved it */
  f->stamp[e->id] = f->now;
  f->ptr[e->id] = value;
  return value;
}

static void compute_cell(Interp *it, Cell c)
{
  Store *st = c.store;
  double *out = st->at + cell_index(st, c.b, c.t) * st->width;
  if (st->v->rhs) {
    memcpy(out, evaluate(it, st->v->rhs, 0, c.b, c.t), sizeof(double) * (size_t)st->width);
    return;
  }
  for (int i = 0; i < st->v->member.n; i++) {
    const Store *m = store_of(it, st->v->member.at[i]);
    memcpy(out, m->at + cell_index(m, c.b, c.t) * m->width, sizeof(double) * (size_t)m->width);
    out += m->width;
  }
}

const double *interpret_value(Interp *it, const Var *v, int64_t b, int64_t t)
{
  Store *st = store_of(it, v);
  assert(!(v->dom & DOM_T) || (t >= 1 && t <= it->T));
  assert(!(v->dom & DOM_B) || (b >= 0 && b < it->B));
  it->stack.n = 0;
  need_cell(it, v, b, t);
  while (it->stack.n) {
    Cell c = it->stack.at[it->stack.n - 1];
    int64_t cell = cell_index(c.store, c.b, c.t);
    if (c.store->state[cell] == DONE) { /* asked for twice */
      it->stack.n--;
      continue;
    }
    int depth = it->stack.n;
    c.store->state[cell] = STARTED;
    need_inputs(it, c);
    if (it->stack.n > depth) continue;
    compute_cell(it, c);
    c.store->state[cell] = DONE;
    it->stack.n--;
  }
  return st->at + cell_index(st, b, t) * st->width;
}

void interpret_all(Interp *it, const Var *v, double *out)
{
  Store *st = store_of(it, v);
  int64_t steps = v->dom & DOM_T ? it->T : 1;
  for (int64_t b = 0; b < st->batch; b++)
    for (int64_t t = 1; t <= steps; t++) {
      double *to = out + (b * steps + t - 1) * st->width;
      bool inside = !(v->dom & DOM_T) || !(v->dom & DOM_B) || t <= it->len[b];
      if (inside) memcpy(to, interpret_value(it, v, b, t), sizeof(double) * (size_t)st->width);
      else
        for (int64_t i = 0; i < st->width; i++) to[i] = v->shape.token ? -1 : 0;
    }
}

/* interpret.c: the value of any variable at any place, by demand.
   Needs: a system that system_verify accepts. Leaves: what an operator computes to op_value.c; the order of evaluation
   to nobody: it follows from what is asked for. Independent of every pass, so that passes can be tested against it.

   A cell is one place of a variable: (variable, sequence, place on each axis). A cell is computed once the cells that
   its right side reads are there; which are missing is kept on a stack of our own, since a chain over thousands of
   steps would overflow C's. */
#include "interpret.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EMPTY, STARTED, DONE }; /* of a cell */

/* A read in a right side, and the reductions around it: they read it at each place of an axis, each sequence. */
typedef struct Need {
  const Expr *read;
  int over; /* DOM_T, DOM_S, DOM_B */
} Need;

typedef Vec(Need) Needs;

typedef struct Store {
  const Var *v;
  int64_t width, batch;
  int64_t steps[AXES];  /* of one sequence; beyond T for an input that holds more */
  double *at;           /* NULL: neither set nor asked for yet */
  unsigned char *state; /* of each cell of a computed variable */
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

/* Where an equation is looked at: the sequence, and 1.. on each axis. What does not vary over the batch is looked at in
   sequence B, which is as long as the longest. */
typedef struct Point {
  int64_t b, at[AXES];
} Point;

typedef struct Cell {
  Store *store;
  Point p;
} Cell;

struct Interp {
  const System *s;
  Arena *arena;
  int64_t B, size[AXES];
  int64_t *len[AXES], *ahead;
  double *fresh;
  Store *store; /* by variable id */
  int ids;
  Vec(Frame) frame;
  Vec(Cell) stack;
};

static void give_up(const char *what, const Var *v, Point p)
{
  fprintf(stderr, "rnnc: internal error: interpreter: %s: %s (sequence %lld, t = %lld, s = %lld)\n", v->name, what,
          (long long)p.b, (long long)p.at[AXIS_T], (long long)p.at[AXIS_S]);
  abort();
}

int64_t interpret_width(const Var *v) { return value_width(v->shape); }

static void set_lengths(Interp *it, Axis a, int64_t size, const int64_t *len)
{
  it->size[a] = size;
  it->len[a] = ARENA_ARRAY(it->arena, int64_t, it->B + 1);
  for (int64_t b = 0; b < it->B; b++) {
    it->len[a][b] = len ? len[b] : size;
    assert(it->len[a][b] >= 1 && it->len[a][b] <= size);
    if (it->len[a][b] > it->len[a][it->B]) it->len[a][it->B] = it->len[a][b];
  }
}

Interp *interpret_new(const System *s, int64_t B, int64_t T, const int64_t *len, int64_t S, const int64_t *len2,
                      const int64_t *ahead, const double *fresh)
{
  Arena *a = arena_new();
  Interp *it = ARENA_NEW(a, Interp);
  it->s = s;
  it->arena = a;
  it->B = B;
  set_lengths(it, AXIS_T, T, len);
  set_lengths(it, AXIS_S, S ? S : 1, len2);
  it->ahead = ARENA_ARRAY(a, int64_t, B + 1);
  it->fresh = ARENA_ARRAY(a, double, B + 1);
  for (int64_t b = 0; b < B; b++) {
    it->ahead[b] = ahead ? ahead[b] : 0;
    it->fresh[b] = fresh ? fresh[b] : 1;
    assert(it->ahead[b] >= 0);
  }
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->id >= it->ids) it->ids = s->vars.at[i]->id + 1;
  it->store = ARENA_ARRAY(a, Store, it->ids + 1);
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    Store *st = &it->store[v->id];
    st->v = v;
    st->width = interpret_width(v);
    for (Axis k = 0; k < AXES; k++) st->steps[k] = v->dom & axis_bit(k) ? it->size[k] : 1;
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

static int64_t cells(const Store *st) { return st->batch * st->steps[AXIS_T] * st->steps[AXIS_S]; }

void interpret_set(Interp *it, const Var *v, const double *data, int64_t steps)
{
  Store *st = store_of(it, v);
  assert(!v->rhs && v->kind != VAR_STACKED);
  int64_t want = v->dom & DOM_T ? steps : 1;
  if (!st->at || st->steps[AXIS_T] != want) {
    st->steps[AXIS_T] = want;
    st->at = ARENA_ARRAY(it->arena, double, (cells(st) * st->width));
  }
  memcpy(st->at, data, sizeof(double) * (size_t)(cells(st) * st->width));
}

void interpret_forget(Interp *it)
{
  for (int i = 0; i < it->ids; i++)
    if (it->store[i].state) memset(it->store[i].state, EMPTY, (size_t)cells(&it->store[i]));
}

/* ---- places ---- */

/* Where a read goes: to a place of its variable, to a boundary's variable, or to zero. */
typedef struct Origin {
  const Var *v; /* NULL: zero */
  Point p;
} Origin;

static bool given(const Var *v) { return v->kind == VAR_INPUT || v->kind == VAR_TARGET; }

static Origin place_of(const Interp *it, const Expr *read, Point p)
{
  const Var *v = read->var, *from = v;
  for (Axis a = 0; a < AXES; a++) {
    Place place = read_place(read, a);
    int64_t len = it->len[a][p.b], at = place.k;
    if (place.kind == READ_PLAIN) continue;
    if (place.kind == READ_REL) at += p.at[a];
    if (place.kind == FROM_END) at += len;
    p.at[a] = at;
    if (at >= 1 && at <= len) continue;
    if (a == AXIS_T && at > len && given(v) && at <= len + it->ahead[p.b]) continue;
    if (from != v) return (Origin){NULL, p}; /* outside along both */
    from = at < 1 ? boundary_at(v, a, FROM_START, (int)at) : boundary_at(v, a, FROM_END, (int)(at - len));
    if (!from) return (Origin){NULL, p};
  }
  return (Origin){from, p};
}

static int64_t cell_index(const Store *st, Point p)
{
  int64_t at = st->v->dom & DOM_B ? p.b : 0;
  for (Axis a = 0; a < AXES; a++) at = at * st->steps[a] + (st->v->dom & axis_bit(a) ? p.at[a] - 1 : 0);
  return at;
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
  if (e->op == OP_TSUM || e->op == OP_TMAX) over |= axis_bit((Axis)e->attr[0]);
  if (e->op == OP_BSUM) over |= DOM_B;
  for (int i = 0; i < e->nin; i++) collect_needs(c, e->in[i], over);
}

static void need_cell(Interp *it, const Var *v, Point p)
{
  Store *st = store_of(it, v);
  if (!v->rhs && v->kind != VAR_STACKED) {
    if (!st->at) give_up("read, but it was given no data", v, p);
    return;
  }
  if (!st->at) {
    st->at = ARENA_ARRAY(it->arena, double, (cells(st) * st->width));
    st->state = ARENA_ARRAY(it->arena, unsigned char, cells(st));
  }
  int state = st->state[cell_index(st, p)];
  if (state == STARTED) give_up("its value needs itself", v, p);
  if (state == DONE) return;
  if (!(v->dom & DOM_B)) p.b = it->B;
  Cell cell = {st, p};
  vec_push(it->arena, &it->stack, cell);
}

static void need_read(Interp *it, const Need *n, Point at)
{
  int64_t b0 = n->over & DOM_B ? 0 : at.b, b1 = n->over & DOM_B ? it->B - 1 : at.b;
  for (int64_t b = b0; b <= b1; b++) {
    int64_t from[AXES], to[AXES];
    bool reaches = true; /* only the sequences that are that long */
    for (Axis a = 0; a < AXES; a++) {
      bool each = n->over & axis_bit(a);
      from[a] = each ? 1 : at.at[a];
      to[a] = each ? it->len[a][b] : at.at[a];
      reaches &= read_place(n->read, a).kind != READ_REL || to[a] <= it->len[a][b];
    }
    Point p = {b, {0}};
    for (p.at[AXIS_T] = from[AXIS_T]; reaches && p.at[AXIS_T] <= to[AXIS_T]; p.at[AXIS_T]++)
      for (p.at[AXIS_S] = from[AXIS_S]; p.at[AXIS_S] <= to[AXIS_S]; p.at[AXIS_S]++) {
        Origin o = place_of(it, n->read, p);
        if (o.v) need_cell(it, o.v, o.p);
      }
  }
}

/* Puts the cells that this one reads and that are not there yet on the stack. */
static void need_inputs(Interp *it, Cell c)
{
  const Var *v = c.store->v;
  for (int i = 0; i < v->member.n; i++) need_cell(it, v->member.at[i], c.p);
  if (v->rhs && !c.store->needs_known) {
    Collect collect = {it, c.store, ARENA_ARRAY(it->arena, unsigned char, it->s->next_id)};
    collect_needs(&collect, v->rhs, 0);
    c.store->needs_known = true;
  }
  for (int i = 0; i < c.store->need.n; i++) need_read(it, &c.store->need.at[i], c.p);
}

/* ---- evaluation ---- */

static const double *value_at(Interp *it, const Expr *e, int depth, Point p);

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

/* The value of e at p, where every cell that it reads is there; forgets what the frame held. */
static const double *evaluate(Interp *it, const Expr *e, int depth, Point p)
{
  frame_at(it, depth)->now++;
  return value_at(it, e, depth, p);
}

static const double *read_value(Interp *it, const Expr *e, double *zero, Point p)
{
  Origin o = place_of(it, e, p);
  if (o.v) {
    const Store *st = store_of(it, o.v);
    assert(!st->state || st->state[cell_index(st, o.p)] == DONE);
    return st->at + cell_index(st, o.p) * st->width;
  }
  for (int64_t i = 0; i < value_width(e->shape); i++) zero[i] = e->shape.token ? -1 : 0;
  return zero;
}

/* 1 where the data has the element that is read */
static double observed(const Interp *it, const Expr *read, Point p)
{
  Origin o = place_of(it, read, p);
  if (o.v != read->var) return 0;
  const Store *st = &it->store[o.v->id];
  if (!st->at) give_up("observed, but it was given no data", o.v, o.p);
  return !read->shape.token || st->at[cell_index(st, o.p)] >= 0;
}

static void over_axis(Interp *it, const Expr *e, int depth, Point p, double *out)
{
  Axis a = (Axis)e->attr[0];
  int64_t n = value_width(e->shape);
  for (p.at[a] = 1; p.at[a] <= it->len[a][p.b]; p.at[a]++) {
    const double *x = evaluate(it, e->in[0], depth + 1, p);
    for (int64_t i = 0; i < n; i++) {
      if (p.at[a] == 1) out[i] = x[i];
      else if (e->op == OP_TSUM) out[i] += x[i];
      else if (x[i] > out[i] || isnan(x[i])) out[i] = x[i];
    }
  }
}

/* does sequence p.b reach this place of the axes that e varies over? */
static bool reaches(const Interp *it, int dom, Point p)
{
  for (Axis a = 0; a < AXES; a++)
    if (dom & axis_bit(a) && p.at[a] > it->len[a][p.b]) return false;
  return true;
}

static void over_batch(Interp *it, const Expr *e, int depth, Point p, double *out)
{
  int64_t n = value_width(e->shape);
  for (int64_t i = 0; i < n; i++) out[i] = 0;
  for (p.b = 0; p.b < it->B; p.b++) {
    if (!reaches(it, e->in[0]->dom, p)) continue;
    const double *x = evaluate(it, e->in[0], depth + 1, p);
    for (int64_t i = 0; i < n; i++) out[i] += x[i];
  }
}

static void at_place(Interp *it, const Expr *e, const double *x, Point p, double *out)
{
  Axis a = (Axis)e->attr[2];
  int64_t place = e->attr[0] == FROM_END ? it->len[a][p.b] + e->attr[1] : e->attr[1];
  for (int64_t i = 0; i < value_width(e->shape); i++) out[i] = p.at[a] == place ? x[i] : 0;
}

static int64_t live_at(const Interp *it, Axis a, int64_t place)
{
  int64_t n = 0;
  for (int64_t b = 0; b < it->B; b++) n += it->len[a][b] >= place;
  return n;
}

static const double *compute(Interp *it, const Expr *e, int depth, Point p, double *out)
{
  switch (e->op) {
  case OP_READ: return read_value(it, e, out, p);
  case OP_CONST: out[0] = e->value; return out;
  case OP_TIME: out[0] = (double)p.at[e->attr[0]]; return out;
  case OP_LENGTH: out[0] = (double)it->len[e->attr[0]][p.b]; return out;
  case OP_BATCH: out[0] = (double)it->B; return out;
  case OP_LIVE: out[0] = (double)live_at(it, (Axis)e->attr[0], p.at[e->attr[0]]); return out;
  case OP_BEHIND: out[0] = 0; return out;
  case OP_FRESH: out[0] = it->fresh[p.b]; return out;
  case OP_TSUM:
  case OP_TMAX: over_axis(it, e, depth, p, out); return out;
  case OP_BSUM: over_batch(it, e, depth, p, out); return out;
  case OP_OBSERVED: out[0] = observed(it, e->in[0], p); return out;
  case OP_AT: at_place(it, e, value_at(it, e->in[0], depth, p), p, out); return out;
  default: break;
  }
  const double *few[8], **in = e->nin <= 8 ? few : ARENA_ARRAY(it->arena, const double *, e->nin);
  for (int i = 0; i < e->nin; i++) in[i] = value_at(it, e->in[i], depth, p);
  op_value(e, in, out);
  return out;
}

static const double *value_at(Interp *it, const Expr *e, int depth, Point p)
{
  Frame *f = frame_at(it, depth);
  if (f->stamp[e->id] == f->now) return f->ptr[e->id];
  if (!f->value[e->id]) f->value[e->id] = ARENA_ARRAY(it->arena, double, value_width(e->shape));
  const double *value = compute(it, e, depth, p, f->value[e->id]);
  f = frame_at(it, depth); /* a deeper frame may have moved it */
  f->stamp[e->id] = f->now;
  f->ptr[e->id] = value;
  return value;
}

static void compute_cell(Interp *it, Cell c)
{
  Store *st = c.store;
  double *out = st->at + cell_index(st, c.p) * st->width;
  if (st->v->rhs) {
    memcpy(out, evaluate(it, st->v->rhs, 0, c.p), sizeof(double) * (size_t)st->width);
    return;
  }
  for (int i = 0; i < st->v->member.n; i++) {
    const Store *m = store_of(it, st->v->member.at[i]);
    memcpy(out, m->at + cell_index(m, c.p) * m->width, sizeof(double) * (size_t)m->width);
    out += m->width;
  }
}

const double *interpret_value(Interp *it, const Var *v, int64_t b, int64_t t, int64_t s)
{
  Store *st = store_of(it, v);
  Point p = {b, {t, s}};
  for (Axis a = 0; a < AXES; a++) assert(!(v->dom & axis_bit(a)) || (p.at[a] >= 1 && p.at[a] <= it->size[a]));
  assert(!(v->dom & DOM_B) || (b >= 0 && b < it->B));
  it->stack.n = 0;
  need_cell(it, v, p);
  while (it->stack.n) {
    Cell c = it->stack.at[it->stack.n - 1];
    int64_t cell = cell_index(c.store, c.p);
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
  return st->at + cell_index(st, p) * st->width;
}

void interpret_all(Interp *it, const Var *v, double *out)
{
  Store *st = store_of(it, v);
  int64_t steps[AXES];
  for (Axis a = 0; a < AXES; a++) steps[a] = v->dom & axis_bit(a) ? it->size[a] : 1;
  for (int64_t b = 0; b < st->batch; b++)
    for (int64_t t = 1; t <= steps[AXIS_T]; t++)
      for (int64_t s = 1; s <= steps[AXIS_S]; s++, out += st->width) {
        Point p = {v->dom & DOM_B ? b : it->B, {t, s}};
        bool inside = reaches(it, v->dom, p);
        if (inside) memcpy(out, interpret_value(it, v, b, t, s), sizeof(double) * (size_t)st->width);
        else
          for (int64_t i = 0; i < st->width; i++) out[i] = v->shape.token ? -1 : 0;
      }
}

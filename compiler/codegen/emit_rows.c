/* emit_rows.c: the equations of one row: loops over components, reductions over them, and the structured operators that
   stay within a row. Needs: the group's loops from the plan. A value that its own loop alone reads never reaches
   memory. */
#include "emit_debug.h"
#include "emit_token.h"
#include "name.h"
#include "schedule.h"
#include "units.h"
#include "walk.h"
#include <assert.h>
#include <stdlib.h>

/* ---- loops over components ---- */

enum { CHAINS = 4 }; /* sums that run side by side hide the latency of an addition */

typedef struct Components {
  int cols, rows;
  int turn; /* vectors in one turn of the loop */
  EmitPiece *piece;
  void *arg;
  LLVMValueRef i;
} Components;

static void full_piece(Emit *e, LLVMValueRef j, void *arg)
{
  Components *c = arg;
  for (int k = 0; k < c->turn; k++) {
    e->piece_began = ++e->clock;
    c->piece(e, &(At){c->i, emit_add(e, j, emit_i64(e, k * e->lanes)), e->lanes, k}, c->arg);
  }
}

static void full_piece_down(Emit *e, LLVMValueRef i, void *arg)
{
  const Components *c = arg;
  full_piece(e, emit_mul(e, i, emit_i64(e, c->turn * e->lanes)), arg);
}

/* what is left of a row behind its full vectors */
static void narrow_pieces(Emit *e, const Row *row, void *arg)
{
  (void)row;
  const Components *c = arg;
  int full = c->cols / e->lanes * e->lanes;
  for (int lanes = e->lanes / 2, j = full; lanes >= 1; lanes /= 2) {
    if (!((c->cols - full) & lanes)) continue;
    e->piece_began = ++e->clock;
    c->piece(e, &(At){c->i, emit_i64(e, j), lanes, 0}, c->arg);
    j += lanes;
  }
}

/* Which of `count` parts the cut's units end at: parts are like units where there are as many. */
static LLVMValueRef cut_at(Emit *e, LLVMValueRef unit, int count)
{
  if (count == e->cut.units) return unit;
  return LLVMBuildSDiv(e->b, emit_mul(e, unit, emit_i64(e, count)), emit_i64(e, e->cut.units), "");
}

static void row_of_components(Emit *e, LLVMValueRef i, void *arg)
{
  Components *c = arg;
  c->i = i;
  int full = c->cols / e->lanes * e->lanes, turn = c->turn * e->lanes;
  if (full == turn) full_piece(e, emit_i64(e, 0), c);
  else if (full && e->downward) emit_for_down(e, "col", emit_i64(e, full / turn), full_piece_down, c);
  else if (full) emit_for(e, "col", emit_i64(e, 0), emit_i64(e, full), turn, full_piece, c);
  narrow_pieces(e, NULL, c);
}

/* the components of a cut: a vector's, or rows of a matrix */
static void cut_components(Emit *e, const Loop *l, EmitPiece *piece, void *arg)
{
  Components c = {.rows = l->rows, .cols = l->cols, .turn = 1, .piece = piece, .arg = arg, .i = emit_i64(e, 0)};
  int64_t each = l->rows > 1 ? units_rows(l) : UNIT;
  LLVMValueRef from = emit_mul(e, cut_at(e, e->cut.from, units_of(l)), emit_i64(e, each));
  LLVMValueRef to = emit_mul(e, cut_at(e, e->cut.to, units_of(l)), emit_i64(e, each));
  if (l->rows > 1) emit_for(e, "row", from, emit_least(e, to, emit_i64(e, l->rows)), 1, row_of_components, &c);
  else {
    LLVMValueRef full = emit_i64(e, l->cols / e->lanes * e->lanes);
    emit_for(e, "col", from, emit_least(e, to, full), e->lanes, full_piece, &c);
    LLVMValueRef last = LLVMBuildICmp(e->b, LLVMIntSGT, to, full, "last");
    if (l->cols % e->lanes) emit_when(e, last, narrow_pieces, NULL, &c);
  }
  e->piece_began = ++e->clock;
}

/* turn: it divides the full vectors of a row */
static void components_by(Emit *e, int rows, int cols, int turn, EmitPiece *piece, void *arg)
{
  Components c = {.rows = rows, .cols = cols, .turn = turn, .piece = piece, .arg = arg};
  if (rows == 1) row_of_components(e, emit_i64(e, 0), &c);
  else emit_for(e, "row", emit_i64(e, 0), emit_i64(e, rows), 1, row_of_components, &c);
  e->piece_began = ++e->clock; /* what the loop computed is in memory now */
}

void emit_components(Emit *e, int rows, int cols, EmitPiece *piece, void *arg)
{
  components_by(e, rows, cols, 1, piece, arg);
}

/* How many vectors a turn of a loop with sums takes. */
static int chains(const Emit *e, int cols)
{
  int vectors = cols / e->lanes, n = CHAINS;
  while (n > 1 && (vectors == 0 || vectors % n)) n /= 2;
  return n;
}

static void shape_of(Shape s, int *rows, int *cols)
{
  *rows = s.rank == 2 ? s.dim[0] : 1;
  *cols = s.rank == 2 ? s.dim[1] : s.rank == 1 ? s.dim[0] : 1;
}

static LLVMValueRef at_index(Emit *e, const At *at, int cols)
{
  return emit_add(e, emit_mul(e, at->i, emit_i64(e, cols)), at->j);
}

/* ---- sums and maxima over components ---- */

static LLVMValueRef combine(Emit *e, Op op, LLVMValueRef a, LLVMValueRef b)
{
  if (op == OP_ADD) return LLVMBuildFAdd(e->b, a, b, "");
  LLVMValueRef greater = LLVMBuildFCmp(e->b, LLVMRealOGT, a, b, "");
  /* a NaN on either side stays */
  LLVMValueRef nan = LLVMBuildFCmp(e->b, LLVMRealUNO, a, a, "");
  return LLVMBuildSelect(e->b, LLVMBuildOr(e->b, greater, nan, ""), a, b, "");
}

LLVMValueRef emit_across(Emit *e, Op op, LLVMValueRef v, int lanes)
{
  for (int half = lanes / 2; half >= 1; half /= 2) {
    LLVMValueRef low[64], high[64];
    for (int i = 0; i < half; i++) {
      low[i] = LLVMConstInt(e->i32, (unsigned)i, 0);
      high[i] = LLVMConstInt(e->i32, (unsigned)(i + half), 0);
    }
    LLVMValueRef none = LLVMGetPoison(LLVMTypeOf(v));
    if (half == 1) {
      LLVMValueRef a = LLVMBuildExtractElement(e->b, v, low[0], "");
      LLVMValueRef b = LLVMBuildExtractElement(e->b, v, high[0], "");
      return combine(e, op, a, b);
    }
    LLVMValueRef a = LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(low, (unsigned)half), "");
    LLVMValueRef b = LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(high, (unsigned)half), "");
    v = combine(e, op, a, b);
  }
  return v;
}

/* What a loop has added up so far: vectors side by side, and what is left over. Stack slots. */
typedef struct Partial {
  Op op;
  int chains; /* 0: no vectors */
  LLVMValueRef wide[CHAINS], narrow;
} Partial;

static Partial partial_begin(Emit *e, Op op, int cols, int chains)
{
  Partial p = {.op = op, .chains = e->lanes > 1 && cols >= e->lanes ? chains : 0};
  LLVMValueRef start = op == OP_ADD ? emit_real(e, 0) : LLVMConstReal(e->real, -1.0 / 0.0);
  p.narrow = emit_stack(e, e->real, 1, "partial");
  LLVMBuildStore(e->b, start, p.narrow);
  for (int k = 0; k < p.chains; k++) {
    p.wide[k] = emit_stack(e, emit_vector(e, e->real, e->lanes), 1, "partials");
    LLVMBuildStore(e->b, emit_splat(e, start, e->lanes), p.wide[k]);
  }
  return p;
}

static void partial_add(Emit *e, const Partial *p, LLVMValueRef v, const At *at)
{
  bool wide = p->chains && at->lanes == e->lanes;
  LLVMValueRef slot = wide ? p->wide[at->chain] : p->narrow;
  if (!wide && at->lanes > 1) v = emit_across(e, p->op, v, at->lanes);
  LLVMValueRef so_far = LLVMBuildLoad2(e->b, LLVMTypeOf(v), slot, "");
  LLVMBuildStore(e->b, combine(e, p->op, so_far, v), slot);
}

/* a fixed order, whatever the row */
static LLVMValueRef partial_total(Emit *e, const Partial *p)
{
  LLVMValueRef total = LLVMBuildLoad2(e->b, e->real, p->narrow, "");
  if (!p->chains) return total;
  LLVMValueRef v[CHAINS];
  for (int k = 0; k < p->chains; k++) v[k] = LLVMBuildLoad2(e->b, emit_vector(e, e->real, e->lanes), p->wide[k], "");
  for (int half = p->chains / 2; half >= 1; half /= 2)
    for (int k = 0; k < half; k++) v[k] = combine(e, p->op, v[k], v[k + half]);
  return combine(e, p->op, emit_across(e, p->op, v[0], e->lanes), total);
}

/* ---- elementwise loops ---- */

typedef struct Elements {
  const Loop *loop;
  const Row *row;
  Partial *partial; /* by variable of the loop: of those that are sums */
} Elements;

static void element_piece(Emit *e, const At *at, void *arg)
{
  Elements *x = arg;
  emit_loop_products(e, x->loop, x->row, at);
  for (int k = 0; k < x->loop->vars.n; k++) {
    Var *v = x->loop->vars.at[k];
    emit_debug_of(e, v);
    if (is_reduction(v)) {
      partial_add(e, &x->partial[k], emit_tree(e, v->rhs->in[0], x->row, at), at);
      continue;
    }
    LLVMValueRef value = emit_tree(e, v->rhs, x->row, at);
    e->value[v->id] = value;
    e->value_time[v->id] = ++e->clock;
    if (emit_store_of(v) == STORE_NONE) continue;
    LLVMValueRef base = emit_row_address(e, v, NULL, x->row);
    emit_store(e, value, emit_element(e, base, at_index(e, at, x->loop->cols)));
  }
}

static void end_sum(Emit *e, const Var *v, const Partial *p, const Row *row)
{
  emit_debug_of(e, v);
  LLVMValueRef total = partial_total(e, p);
  e->value[v->id] = total;
  e->value_time[v->id] = ++e->clock;
  if (emit_store_of(v) != STORE_NONE) emit_store(e, total, emit_row_address(e, v, NULL, row));
}

/* A loop with much else in it needs no more chains: each of its sums waits for nothing. */
enum { SHORT_LOOP = 6 };

static void elementwise_loop(Emit *e, const Loop *loop, const Row *row)
{
  int n = loop->vars.n, turn = 1;
  Elements x = {loop, row, ARENA_ARRAY(e->arena, Partial, n + 1)};
  e->loop_began = ++e->clock;
  for (int k = 0; k < n; k++) {
    const Var *v = loop->vars.at[k];
    emit_debug_of(e, v);
    bool sum = is_reduction(v);
    if (sum && n <= SHORT_LOOP) turn = chains(e, loop->cols);
    if (loop->rows * loop->cols > 1 || sum) emit_numbers(e, sum ? v->rhs->in[0] : v->rhs, row);
  }
  for (int k = 0; k < n; k++)
    if (is_reduction(loop->vars.at[k])) x.partial[k] = partial_begin(e, OP_ADD, loop->cols, turn);
  int64_t weights = 0;
  for (int k = 0; k < loop->products.n; k++) weights += shape_count(loop->products.at[k]->rhs->in[0]->shape);
  if (weights) emit_alternately(e, row, weights, loop->cols, element_piece, &x);
  else if (e->cut.units && loop->vars.at[0]->shape.rank) cut_components(e, loop, element_piece, &x);
  else components_by(e, loop->rows, loop->cols, turn, element_piece, &x);
  for (int k = 0; k < n; k++)
    if (is_reduction(loop->vars.at[k])) end_sum(e, loop->vars.at[k], &x.partial[k], row);
}

/* ---- reductions that go over components by themselves ---- */

typedef struct Reduce {
  const Expr *x;
  const Row *row;
  LLVMValueRef shift;   /* where set, exp(value - shift) is reduced, */
  LLVMValueRef written; /* each of them written there too */
  Partial partial;
} Reduce;

static void reduce_piece(Emit *e, const At *at, void *arg)
{
  Reduce *r = arg;
  LLVMValueRef v = emit_tree(e, r->x, r->row, at);
  if (r->shift) {
    LLVMValueRef less = LLVMBuildFSub(e->b, v, emit_splat(e, r->shift, at->lanes), "");
    v = math_exp(&e->math, less);
  }
  if (r->written) emit_store(e, v, emit_element(e, r->written, at->j));
  partial_add(e, &r->partial, v, at);
}

/* The sum or maximum over x's components. */
static LLVMValueRef reduce(Emit *e, Op op, const Expr *x, const Row *row, LLVMValueRef shift, LLVMValueRef written)
{
  int rows, cols;
  shape_of(x->shape, &rows, &cols);
  int turn = shift ? 1 : chains(e, cols);
  Reduce r = {.x = x, .row = row, .shift = shift, .written = written};
  e->loop_began = ++e->clock;
  emit_numbers(e, x, row);
  r.partial = partial_begin(e, op, cols, turn);
  components_by(e, rows, cols, turn, reduce_piece, &r);
  return partial_total(e, &r.partial);
}

static LLVMValueRef finite_or_zero(Emit *e, LLVMValueRef m)
{
  LLVMValueRef low = LLVMBuildFCmp(e->b, LLVMRealOEQ, m, LLVMConstReal(e->real, -1.0 / 0.0), "");
  return LLVMBuildSelect(e->b, low, emit_real(e, 0), m, "");
}

static LLVMValueRef logsumexp(Emit *e, const Expr *x, const Row *row)
{
  LLVMValueRef shift = finite_or_zero(e, reduce(e, OP_MAX, x, row, NULL, NULL));
  LLVMValueRef sum = reduce(e, OP_ADD, x, row, shift, NULL);
  return LLVMBuildFAdd(e->b, shift, math_log(&e->math, sum), "");
}

/* ---- the structured operators of a row ---- */

typedef struct Rowwise {
  const Expr *x; /* the operation */
  const Row *row;
  LLVMValueRef to;    /* where the result goes */
  LLVMValueRef a, b;  /* operands' addresses */
  LLVMValueRef extra; /* the operation's own */
  LLVMValueRef i;
  int m, n, k;
} Rowwise;

static void scale_piece(Emit *e, const At *at, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef place = emit_element(e, w->to, at->j);
  LLVMValueRef v = emit_load(e, place, at->lanes);
  emit_store(e, LLVMBuildFDiv(e->b, v, emit_splat(e, w->extra, at->lanes), ""), place);
}

static void softmax(Emit *e, Rowwise *w)
{
  const Expr *a = w->x->in[0];
  LLVMValueRef shift = finite_or_zero(e, reduce(e, OP_MAX, a, w->row, NULL, NULL));
  w->extra = reduce(e, OP_ADD, a, w->row, shift, w->to);
  emit_components(e, 1, a->shape.dim[0], scale_piece, w);
}

/* keeps the first largest */
static void argmax_step(Emit *e, LLVMValueRef j, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef v = emit_load(e, emit_element(e, w->a, j), 1);
  LLVMValueRef best = LLVMBuildLoad2(e->b, e->real, w->b, "");
  LLVMValueRef best_at = LLVMBuildLoad2(e->b, e->i32, w->extra, "");
  LLVMValueRef better = LLVMBuildFCmp(e->b, LLVMRealOGT, v, best, "");
  LLVMBuildStore(e->b, LLVMBuildSelect(e->b, better, v, best, ""), w->b);
  LLVMValueRef here = LLVMBuildTrunc(e->b, j, e->i32, ""); /* a narrow machine makes a real of it without a call */
  LLVMBuildStore(e->b, LLVMBuildSelect(e->b, better, here, best_at, ""), w->extra);
}

static LLVMValueRef argmax(Emit *e, Rowwise *w)
{
  w->a = emit_place(e, w->x->in[0], w->row);
  w->b = emit_stack(e, e->real, 1, "best");
  w->extra = emit_stack(e, e->i32, 1, "best.at");
  LLVMBuildStore(e->b, LLVMConstReal(e->real, -1.0 / 0.0), w->b);
  LLVMBuildStore(e->b, LLVMConstInt(e->i32, 0, 0), w->extra);
  emit_for(e, "j", emit_i64(e, 0), emit_i64(e, w->x->in[0]->shape.dim[0]), 1, argmax_step, w);
  return LLVMBuildSIToFP(e->b, LLVMBuildLoad2(e->b, e->i32, w->extra, ""), e->real, "");
}

static void copy_piece(Emit *e, const At *at, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef v =
      w->a ? emit_load(e, emit_element(e, w->a, at->j), at->lanes) : emit_splat(e, emit_real(e, 0), at->lanes);
  emit_store(e, v, emit_element(e, w->to, at->j));
}

/* n reals from `from` (NULL: zeros) */
static void copy(Emit *e, LLVMValueRef to, LLVMValueRef from, int64_t n)
{
  if (n > 0) emit_components(e, 1, (int)n, copy_piece, &(Rowwise){.to = to, .a = from});
}

typedef struct Part {
  const Expr *x;
  const Row *row;
  LLVMValueRef to;
} Part;

static void part_piece(Emit *e, const At *at, void *arg)
{
  Part *p = arg;
  emit_store(e, emit_tree(e, p->x, p->row, at), emit_element(e, p->to, at->j));
}

static void concat(Emit *e, const Var *v, Rowwise *w)
{
  int col = 0, start, at;
  const Var *root = plan_root_at(v, &start);
  for (int i = 0; i < w->x->nin; i++) {
    const Expr *part = w->x->in[i];
    int n = (int)shape_count(part->shape);
    bool in_place = part->op == OP_READ && read_is_now(part) && part->var != root &&
                    plan_root_at(part->var, &at) == root && at == start + col;
    if (!in_place) {
      e->loop_began = ++e->clock;
      emit_components(e, 1, n, part_piece, &(Part){part, w->row, emit_element(e, w->to, emit_i64(e, col))});
    }
    col += n;
  }
}

/* rows of a matrix count as its elements: a slice or pad of rows is contiguous */
static void pad(Emit *e, Rowwise *w)
{
  const Expr *a = w->x->in[0];
  int64_t unit = a->shape.rank == 2 ? a->shape.dim[1] : 1, n = shape_count(a->shape), before = w->x->attr[0] * unit;
  copy(e, w->to, NULL, before);
  copy(e, emit_element(e, w->to, emit_i64(e, before)), emit_place(e, a, w->row), n);
  copy(e, emit_element(e, w->to, emit_i64(e, before + n)), NULL, shape_count(w->x->shape) - before - n);
}

/* to[j, i] = a[i, j] for one j of w->n */
static void transpose_element(Emit *e, LLVMValueRef j, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef v = emit_load(e, emit_element(e, w->a, emit_add(e, emit_mul(e, w->i, emit_i64(e, w->n)), j)), 1);
  emit_store(e, v, emit_element(e, w->to, emit_add(e, emit_mul(e, j, emit_i64(e, w->m)), w->i)));
}

static void transpose_row(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  w->i = i;
  emit_for(e, "j", emit_i64(e, 0), emit_i64(e, w->n), 1, transpose_element, w);
}

static void iota_element(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef number = LLVMBuildTrunc(e->b, i, e->i32, "");
  emit_store(e, LLVMBuildSIToFP(e->b, number, e->real, ""), emit_element(e, w->to, i));
}

/* element i of a vector to or from the diagonal */
static void diagonal_element(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef on = emit_mul(e, i, emit_i64(e, w->n + 1));
  LLVMValueRef v = emit_load(e, emit_element(e, w->a, w->x->op == OP_DIAG ? i : on), 1);
  emit_store(e, v, emit_element(e, w->to, w->x->op == OP_DIAG ? on : i));
}

/* ---- products within a row ---- */

/* to[j ..] = a[j .., :] . b */
static void matvec_piece(Emit *e, const At *at, void *arg)
{
  Rowwise *w = arg;
  DotTerm term = {emit_element(e, w->a, emit_mul(e, at->j, emit_i64(e, w->k))), w->k, {w->b}};
  emit_store(e, emit_dots(e, &term, 1, at->lanes), emit_element(e, w->to, at->j));
}

/* One output row i, columns at: the sum over k of a[i, k] b[k, at], in k's order. */
typedef struct Tile {
  Rowwise *w;
  const At *at;
  LLVMValueRef sum;   /* stack slot */
  int64_t a_row, a_k; /* steps of a along i and k */
} Tile;

static void tile_step(Emit *e, LLVMValueRef k, void *arg)
{
  Tile *t = arg;
  Rowwise *w = t->w;
  LLVMValueRef ai = emit_add(e, emit_mul(e, w->i, emit_i64(e, t->a_row)), emit_mul(e, k, emit_i64(e, t->a_k)));
  LLVMValueRef a = emit_load(e, emit_element(e, w->a, ai), 1);
  LLVMValueRef b;
  if (w->x->attr[1]) { /* b is given as [n, k]: its columns are strided, one lane at a time */
    LLVMValueRef bi = emit_add(e, emit_mul(e, t->at->j, emit_i64(e, w->k)), k);
    b = emit_load(e, emit_element(e, w->b, bi), 1);
  } else {
    LLVMValueRef bi = emit_add(e, emit_mul(e, k, emit_i64(e, w->n)), t->at->j);
    b = emit_load(e, emit_element(e, w->b, bi), t->at->lanes);
  }
  LLVMValueRef sum = LLVMBuildLoad2(e->b, LLVMTypeOf(b), t->sum, "");
  LLVMBuildStore(e->b, math_fma(&e->math, emit_splat(e, a, t->at->lanes), b, sum), t->sum);
}

static void product_piece(Emit *e, const At *at, void *arg)
{
  Rowwise *w = arg;
  Tile t = {.w = w, .at = at, .a_row = w->x->attr[0] ? 1 : w->k, .a_k = w->x->attr[0] ? w->m : 1};
  LLVMTypeRef type = emit_vector(e, e->real, at->lanes);
  t.sum = emit_stack(e, type, 1, "sum");
  LLVMBuildStore(e->b, LLVMConstNull(type), t.sum);
  emit_for(e, "k", emit_i64(e, 0), emit_i64(e, w->k), 1, tile_step, &t);
  LLVMValueRef to = emit_element(e, w->to, emit_add(e, emit_mul(e, w->i, emit_i64(e, w->n)), at->j));
  emit_store(e, LLVMBuildLoad2(e->b, type, t.sum, ""), to);
}

static void scalar_column(Emit *e, LLVMValueRef j, void *arg)
{
  e->piece_began = ++e->clock;
  product_piece(e, &(At){emit_i64(e, 0), j, 1, 0}, arg);
}

static void product_row(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  w->i = i;
  if (w->x->attr[1]) emit_for(e, "j", emit_i64(e, 0), emit_i64(e, w->n), 1, scalar_column, w);
  else emit_components(e, 1, w->n, product_piece, w);
}

/* to[i] = a[i, token]: column `extra` of a matrix with w->n columns */
static void column_element(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef index = emit_add(e, emit_mul(e, i, emit_i64(e, w->n)), w->extra);
  emit_store(e, emit_load(e, emit_element(e, w->a, index), 1), emit_element(e, w->to, i));
}

/* Where there is no symbol (a negative token) the result is zero. */
static void gather(Emit *e, Rowwise *w)
{
  LLVMBasicBlockRef some = emit_block(e, "token"), none = emit_block(e, "no.token"), done = emit_block(e, "gathered");
  w->extra = emit_token(e, w->x->in[1], w->row);
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSGE, w->extra, emit_i64(e, 0), ""), some, none);

  LLVMPositionBuilderAtEnd(e->b, some);
  LLVMValueRef turned = w->x->attr[0] ? w->a : emit_turned(e, w->x->in[0]);
  if (turned) copy(e, w->to, emit_element(e, turned, emit_mul(e, w->extra, emit_i64(e, w->m))), w->m);
  else emit_for(e, "i", emit_i64(e, 0), emit_i64(e, w->m), 1, column_element, w);
  LLVMBuildBr(e->b, done);

  LLVMPositionBuilderAtEnd(e->b, none);
  copy(e, w->to, NULL, w->m);
  LLVMBuildBr(e->b, done);

  LLVMPositionBuilderAtEnd(e->b, done);
}

static void matmul(Emit *e, Rowwise *w)
{
  const Expr *a = w->x->in[0], *b = w->x->in[1];
  bool ta = w->x->attr[0];
  w->a = emit_place(e, a, w->row);
  w->m = a->shape.rank == 1 ? 1 : a->shape.dim[ta ? 1 : 0];
  w->k = a->shape.rank == 1 ? a->shape.dim[0] : a->shape.dim[ta ? 0 : 1];
  w->n = b->shape.token ? b->shape.dim[0] : b->shape.rank == 1 ? 1 : b->shape.dim[w->x->attr[1] ? 0 : 1];
  if (b->shape.token) {
    gather(e, w);
    return;
  }
  w->b = emit_place(e, b, w->row);
  if (b->shape.rank == 1 && !ta) {
    emit_alternately(e, w->row, (int64_t)w->m * w->k, w->m, matvec_piece, w);
    return;
  }
  if (b->shape.rank == 1) { /* a' b: b as the row of a product with a, so that a is read along its rows */
    Expr turned = *w->x;
    turned.attr[0] = turned.attr[1] = 0;
    Rowwise t = {.x = &turned, .row = w->row, .to = w->to, .a = w->b, .b = w->a, .m = 1, .n = w->m, .k = w->k};
    product_row(e, emit_i64(e, 0), &t);
    return;
  }
  emit_for(e, "i", emit_i64(e, 0), emit_i64(e, w->m), 1, product_row, w);
}

/* outer with a token on one side: a matrix with one column or row set */
static void outer_element(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  bool columns = w->x->in[1]->shape.token;
  LLVMValueRef index = columns ? emit_add(e, emit_mul(e, i, emit_i64(e, w->n)), w->extra)
                               : emit_add(e, emit_mul(e, w->extra, emit_i64(e, w->n)), i);
  emit_store(e, emit_load(e, emit_element(e, w->a, i), 1), emit_element(e, w->to, index));
}

static void outer_token(Emit *e, Rowwise *w)
{
  const Expr *a = w->x->in[0], *b = w->x->in[1];
  const Expr *token = b->shape.token ? b : a, *vector = b->shape.token ? a : b;
  w->n = b->shape.dim[0];
  copy(e, w->to, NULL, shape_count(w->x->shape));
  w->a = emit_place(e, vector, w->row);
  w->extra = emit_token(e, token, w->row);
  LLVMBasicBlockRef some = emit_block(e, "token"), done = emit_block(e, "outer.done");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSGE, w->extra, emit_i64(e, 0), ""), some, done);
  LLVMPositionBuilderAtEnd(e->b, some);
  emit_for(e, "i", emit_i64(e, 0), emit_i64(e, vector->shape.dim[0]), 1, outer_element, w);
  LLVMBuildBr(e->b, done);
  LLVMPositionBuilderAtEnd(e->b, done);
}

static LLVMValueRef pick(Emit *e, Rowwise *w)
{
  LLVMValueRef id = emit_token(e, w->x->in[1], w->row);
  LLVMValueRef some = LLVMBuildICmp(e->b, LLVMIntSGE, id, emit_i64(e, 0), "");
  LLVMValueRef safe = LLVMBuildSelect(e->b, some, id, emit_i64(e, 0), "");
  LLVMValueRef v = emit_load(e, emit_element(e, emit_place(e, w->x->in[0], w->row), safe), 1);
  return LLVMBuildSelect(e->b, some, v, emit_real(e, 0), "");
}

/* to[i] = the sum so far + a[i] */
static void cumsum_element(Emit *e, LLVMValueRef i, void *arg)
{
  Rowwise *w = arg;
  LLVMValueRef so_far = LLVMBuildLoad2(e->b, e->real, w->extra, "");
  LLVMValueRef sum = LLVMBuildFAdd(e->b, so_far, emit_load(e, emit_element(e, w->a, i), 1), "");
  emit_store(e, sum, emit_element(e, w->to, i));
  LLVMBuildStore(e->b, sum, w->extra);
}

static void cumsum(Emit *e, Rowwise *w)
{
  int64_t n = w->x->shape.dim[0];
  w->a = emit_place(e, w->x->in[0], w->row);
  w->extra = emit_stack(e, e->real, 1, "sum");
  LLVMBuildStore(e->b, emit_real(e, 0), w->extra);
  if (w->x->attr[0]) emit_for_down(e, "i", emit_i64(e, n), cumsum_element, w);
  else emit_for(e, "i", emit_i64(e, 0), emit_i64(e, n), 1, cumsum_element, w);
}

/* the class that the number names, or -1 */
static void token(Emit *e, Rowwise *w)
{
  e->loop_began = ++e->clock;
  LLVMValueRef a = emit_number(e, w->x->in[0], w->row);
  LLVMValueRef low = LLVMBuildFCmp(e->b, LLVMRealOGE, a, emit_real(e, 0), "");
  LLVMValueRef high = LLVMBuildFCmp(e->b, LLVMRealOLT, a, emit_real(e, w->x->attr[0]), "");
  LLVMValueRef is_class = LLVMBuildAnd(e->b, low, high, "");
  LLVMValueRef safe = LLVMBuildSelect(e->b, is_class, a, emit_real(e, -1), "");
  LLVMBuildStore(e->b, LLVMBuildFPToSI(e->b, safe, e->i32, "token"), w->to);
}

/* A structured equation: its number, or NULL where the result was written to memory. */
static LLVMValueRef structured(Emit *e, const Var *v, Rowwise *w)
{
  const Expr *x = w->x;
  switch (x->op) {
  case OP_MAXC: return reduce(e, OP_MAX, x->in[0], w->row, NULL, NULL);
  case OP_LOGSUMEXP: return logsumexp(e, x->in[0], w->row);
  case OP_ARGMAX: return argmax(e, w);
  case OP_PICK: return pick(e, w);
  case OP_SOFTMAX: softmax(e, w); return NULL;
  case OP_CUMSUM: cumsum(e, w); return NULL;
  case OP_CONCAT: concat(e, v, w); return NULL;
  case OP_READ: /* a token, from another variable or place */
    LLVMBuildStore(e->b, LLVMBuildTrunc(e->b, emit_token(e, x, w->row), e->i32, ""), w->to);
    return NULL;
  case OP_RESHAPE: copy(e, w->to, emit_place(e, x->in[0], w->row), shape_count(x->shape)); return NULL;
  case OP_TOKEN: token(e, w); return NULL;
  case OP_SLICE: copy(e, w->to, emit_place(e, x, w->row), shape_count(x->shape)); return NULL;
  case OP_PAD: pad(e, w); return NULL;
  case OP_MATMUL: matmul(e, w); return NULL;
  case OP_OUTER: outer_token(e, w); return NULL;
  case OP_TRANSPOSE:
    w->a = emit_place(e, x->in[0], w->row);
    if (x->in[0]->shape.rank == 1) {
      copy(e, w->to, w->a, shape_count(x->shape));
      return NULL;
    }
    w->m = x->in[0]->shape.dim[0];
    w->n = x->in[0]->shape.dim[1];
    emit_for(e, "i", emit_i64(e, 0), emit_i64(e, w->m), 1, transpose_row, w);
    return NULL;
  case OP_IOTA: emit_for(e, "i", emit_i64(e, 0), emit_i64(e, x->shape.dim[0]), 1, iota_element, w); return NULL;
  case OP_DIAG:
  case OP_DIAGOF:
    w->a = emit_place(e, x->in[0], w->row);
    w->n = x->in[0]->shape.dim[0];
    if (x->op == OP_DIAG) copy(e, w->to, NULL, shape_count(x->shape));
    emit_for(e, "i", emit_i64(e, 0), emit_i64(e, w->n), 1, diagonal_element, w);
    return NULL;
  default: fprintf(stderr, "rnnc: internal error: %s = %s(..) has no code\n", v->name, op_info[x->op].name); abort();
  }
}

void emit_structured(Emit *e, const Var *v, const Row *row)
{
  Rowwise w = {.x = v->rhs, .row = row};
  emit_debug_of(e, v);
  bool stored = emit_store_of(v) != STORE_NONE;
  if (stored) w.to = emit_row_address(e, v, NULL, row);
  LLVMValueRef number = structured(e, v, &w);
  if (!number) return;
  e->value[v->id] = number;
  e->value_time[v->id] = ++e->clock;
  if (stored) emit_store(e, number, w.to);
}

void emit_group(Emit *e, const Group *g, const Row *row)
{
  e->row_began = ++e->clock;
  emit_debug_group(e, g, row);
  for (int i = 0; i < g->loops.n; i++) {
    const Loop *l = &g->loops.at[i];
    if (l->elementwise) elementwise_loop(e, l, row);
    else emit_structured(e, l->vars.at[0], row);
  }
}

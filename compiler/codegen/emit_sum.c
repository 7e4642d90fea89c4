/* emit_sum.c: reductions over axes and over the batch. Each result is added up in one order, by rows and t alone, so
   that the number of threads does not show in its bits: parallel parts own columns, never rows. */
#include "emit_outer.h"
#include "emit_token.h"
#include "kernel.h"
#include "name.h"
#include "schedule.h"
#include "walk.h"
#include <assert.h>

enum {
  JOINED = 8,       /* sums that share a pass over the rows */
  COLUMN_GRAIN = 8, /* vectors of columns that one part has at least */
  MOST_ROOM = 4096, /* elements on the stack */
};

typedef struct Sum {
  Var *v;
  const Expr *x; /* what is summed */
  int over;      /* axes, DOM_B, both */
  bool most;     /* the maximum instead */
  bool add;      /* into what is there: a gradient */
  int number;    /* of the step, for names */
} Sum;

static const char *body_name(Emit *e, const Sum *s, const char *what)
{
  return arena_printf(e->arena, "%s.%d.%s.%s", e->prefix, s->number, s->v->name, what);
}

/* Where a result without domain starts */
static LLVMValueRef target(Emit *e, const Sum *s)
{
  Row first = emit_first_row(e);
  return emit_row_address(e, s->v, NULL, &first);
}

static void walk_rows(Emit *e, const Sum *s, EmitRow *each, void *arg) { emit_all(e, s->over, each, arg); }

/* ---- a number: sum[batch](sum[t](tree)) ---- */

typedef struct Number {
  const Sum *s;
  LLVMValueRef slot;
} Number;

static void add_number(Emit *e, const Row *row, void *arg)
{
  Number *n = arg;
  e->row_began = e->loop_began = ++e->clock;
  LLVMValueRef v = emit_number(e, n->s->x, row);
  LLVMValueRef so_far = LLVMBuildLoad2(e->b, e->f64, n->slot, "");
  LLVMBuildStore(e->b, LLVMBuildFAdd(e->b, so_far, LLVMBuildFPCast(e->b, v, e->f64, ""), ""), n->slot);
}

/* Counts and losses add up in double: a long text has more steps than a float can count. */
static void number_body(Emit *e, const Sum *s)
{
  Number n = {s, emit_stack(e, e->f64, 1, "sum")};
  LLVMBuildStore(e->b, LLVMConstReal(e->f64, 0), n.slot);
  walk_rows(e, s, add_number, &n);
  LLVMValueRef v = LLVMBuildFPCast(e->b, LLVMBuildLoad2(e->b, e->f64, n.slot, ""), e->real, "");
  LLVMValueRef to = target(e, s);
  if (s->add) v = LLVMBuildFAdd(e->b, emit_load(e, to, 1), v, "");
  emit_store(e, v, to);
}

/* ---- columns: sum[batch](sum[t](tree)) of vectors, each part some of the columns ---- */

typedef enum Turn { START, ROW, END } Turn;

typedef struct Columns {
  const Sum *sum; /* so many of one width, over the same rows */
  int sums;
  int first[JOINED];         /* the first sum of the same terms */
  LLVMValueRef room[JOINED]; /* of a sum that others equal: added up here, for all of them; else NULL */
  bool rooms;
  LLVMValueRef from, to, rest; /* the part's full vectors; is what is left of the columns this part's too? */
  Turn turn;
  const Row *row;
} Columns;

/* Sums of the same terms, such as the gradients of biases that are added to each other, are added up once. */
static void find_equal(Emit *e, Columns *c)
{
  int64_t n = shape_count(c->sum->v->shape);
  for (int k = 0; k < c->sums; k++) {
    c->first[k] = 0;
    while (c->sum[c->first[k]].x != c->sum[k].x) c->first[k]++;
    if (n > MOST_ROOM) c->first[k] = k;
    int first = c->first[k];
    if (first == k || c->room[first]) continue;
    c->room[first] = emit_stack(e, e->real, n, "equal");
    c->rooms = true;
  }
}

static LLVMValueRef term_at(Emit *e, const Sum *s, const Row *row, LLVMValueRef j, int lanes)
{
  bool flat = s->x->shape.rank == 2; /* a matrix counts as its elements: it is a place */
  if (flat) return emit_load(e, emit_element(e, emit_place(e, s->x, row), j), lanes);
  return emit_tree(e, s->x, row, &(At){emit_i64(e, 0), j, lanes, 0});
}

static void add_to(Emit *e, LLVMValueRef v, LLVMValueRef to, int lanes)
{
  emit_store(e, LLVMBuildFAdd(e->b, emit_load(e, to, lanes), v, ""), to);
}

/* target += tree at some columns, in memory: rows are read as they lie, and the targets stay in the nearest cache. */
static void add_piece(Emit *e, const Columns *c, LLVMValueRef j, int lanes)
{
  e->piece_began = ++e->clock;
  for (int k = 0; k < c->sums; k++) {
    const Sum *s = &c->sum[k];
    LLVMValueRef to = emit_element(e, target(e, s), j), room = c->room[c->first[k]];
    if (room) room = emit_element(e, room, j);
    if (c->turn == START) {
      if (!s->add) emit_store(e, emit_splat(e, emit_real(e, 0), lanes), to);
      if (room && c->first[k] == k) emit_store(e, emit_splat(e, emit_real(e, 0), lanes), room);
    } else if (c->turn == ROW && c->first[k] == k) add_to(e, term_at(e, s, c->row, j, lanes), room ? room : to, lanes);
    else if (c->turn == END && room) add_to(e, emit_load(e, room, lanes), to, lanes);
  }
}

static void add_vector(Emit *e, LLVMValueRef i, void *arg)
{
  add_piece(e, arg, emit_mul(e, i, emit_i64(e, e->lanes)), e->lanes);
}

static void add_rest(Emit *e, const Row *row, void *arg)
{
  (void)row;
  const Columns *c = arg;
  int n = (int)shape_count(c->sum->v->shape);
  for (int lanes = e->lanes / 2, at = n / e->lanes * e->lanes; lanes >= 1; lanes /= 2)
    if ((n - at) & lanes) {
      add_piece(e, c, emit_i64(e, at), lanes);
      at += lanes;
    }
}

static void all_columns(Emit *e, Columns *c, Turn turn, const Row *row)
{
  c->turn = turn;
  c->row = row;
  e->row_began = e->loop_began = ++e->clock;
  for (int k = 0; row && k < c->sums; k++)
    if (c->sum[k].x->shape.rank == 1) emit_numbers(e, c->sum[k].x, row);
  emit_for(e, "column", c->from, c->to, 1, add_vector, c);
  if (shape_count(c->sum->v->shape) % e->lanes) emit_when(e, c->rest, add_rest, row, c);
}

static void add_columns(Emit *e, const Row *row, void *arg) { all_columns(e, arg, ROW, row); }

/* Parts are vectors of columns; what is left of them is the last part's. */
static LLVMValueRef columns_body(Emit *e, const Sum *sum, int sums, int64_t *parts)
{
  int64_t n = shape_count(sum->v->shape), full = n / e->lanes;
  *parts = full + (n % e->lanes > 0);
  LLVMValueRef fn = emit_begin(e, body_name(e, sum, "columns"), true, true);
  LLVMValueRef to = LLVMGetParam(fn, 3), last = emit_i64(e, full);
  Columns c = {.sum = sum, .sums = sums, .from = LLVMGetParam(fn, 2)};
  c.rest = LLVMBuildICmp(e->b, LLVMIntSGT, to, last, "");
  c.to = LLVMBuildSelect(e->b, c.rest, last, to, "");
  find_equal(e, &c);
  if (c.rooms || !sum->add) all_columns(e, &c, START, NULL);
  walk_rows(e, sum, add_columns, &c);
  if (c.rooms) all_columns(e, &c, END, NULL);
  emit_end(e);
  return fn;
}

/* ---- a token's gradient: sum[batch](sum[t](outer(g, token))), each part some of g's elements ---- */

typedef struct Scatter {
  const Sum *s;
  const Expr *vector, *token;
  bool columns;  /* the token names a column */
  int64_t width; /* of the matrix */
  LLVMValueRef from, to, id, at, source;
} Scatter;

static void scatter_element(Emit *e, LLVMValueRef i, void *arg)
{
  Scatter *c = arg;
  LLVMValueRef index = c->columns ? emit_add(e, emit_mul(e, i, emit_i64(e, c->width)), c->id)
                                  : emit_add(e, emit_mul(e, c->id, emit_i64(e, c->width)), i);
  LLVMValueRef place = emit_element(e, c->at, index);
  LLVMValueRef g = emit_load(e, emit_element(e, c->source, i), 1);
  LLVMValueRef so_far = emit_load(e, place, 1);
  emit_store(e, LLVMBuildFAdd(e->b, so_far, g, ""), place);
}

static void scatter_symbol(Emit *e, const Row *row, void *arg)
{
  Scatter *c = arg;
  c->source = emit_place(e, c->vector, row);
  emit_for(e, "i", c->from, c->to, 1, scatter_element, c);
}

static void scatter_row(Emit *e, const Row *row, void *arg)
{
  Scatter *c = arg;
  c->id = emit_token(e, c->token, row);
  emit_when(e, LLVMBuildICmp(e->b, LLVMIntSGE, c->id, emit_i64(e, 0), ""), scatter_symbol, row, c);
}

static LLVMValueRef scatter_body(Emit *e, const Sum *s)
{
  const Expr *a = s->x->in[0], *b = s->x->in[1];
  Scatter c = {.s = s, .columns = b->shape.token, .width = s->v->shape.dim[1]};
  c.token = c.columns ? b : a;
  c.vector = c.columns ? a : b;
  LLVMValueRef fn = emit_begin(e, body_name(e, s, "scatter"), true, true);
  c.from = LLVMGetParam(fn, 2);
  c.to = LLVMGetParam(fn, 3);
  int room = c.columns && s->add ? emit_token_room(e, s->v) : -1;
  if (room >= 0) {
    emit_token_sum(e, &(TokenSum){s->v, c.vector, c.token, s->over}, room, c.from, c.to);
    emit_end(e);
    return fn;
  }
  c.at = target(e, s);
  walk_rows(e, s, scatter_row, &c);
  emit_end(e);
  return fn;
}

/* ---- per row of the result: sum[t](tree), max[t](tree), sum[batch](tree) at each t ---- */

typedef struct Along {
  const Sum *s;
  LLVMValueRef to;
  const Row *row; /* NULL: the start */
} Along;

static void along_piece(Emit *e, const At *at, void *arg)
{
  Along *a = arg;
  int cols = a->s->v->shape.rank == 2 ? a->s->v->shape.dim[1] : 0;
  LLVMValueRef place = emit_element(e, a->to, emit_add(e, emit_mul(e, at->i, emit_i64(e, cols)), at->j));
  LLVMValueRef v;
  if (!a->row) v = emit_splat(e, a->s->most ? LLVMConstReal(e->real, -1.0 / 0.0) : emit_real(e, 0), at->lanes);
  else {
    v = emit_tree(e, a->s->x, a->row, at);
    LLVMValueRef so_far = emit_load(e, place, at->lanes);
    if (a->s->most) {
      LLVMValueRef more = LLVMBuildFCmp(e->b, LLVMRealOGT, v, so_far, "");
      LLVMValueRef nan = LLVMBuildFCmp(e->b, LLVMRealUNO, v, v, "");
      v = LLVMBuildSelect(e->b, LLVMBuildOr(e->b, more, nan, ""), v, so_far, "");
    } else v = LLVMBuildFAdd(e->b, so_far, v, "");
  }
  emit_store(e, v, place);
}

static void along_components(Emit *e, const Row *row, void *arg)
{
  Along *a = arg;
  Shape s = a->s->v->shape;
  a->row = row;
  e->row_began = e->loop_began = ++e->clock;
  if (row && s.rank) emit_numbers(e, a->s->x, row);
  emit_components(e, s.rank == 2 ? s.dim[0] : 1, s.rank == 2 ? s.dim[1] : s.rank == 1 ? s.dim[0] : 1, along_piece, a);
}

static void along_row(Emit *e, const Row *row, void *arg)
{
  const Sum *s = arg;
  Along a = {.s = s, .to = emit_row_address(e, s->v, NULL, row)};
  along_components(e, NULL, &a);
  emit_along(e, s->over, s->v->dom, row, along_components, &a);
}

static LLVMValueRef along_body(Emit *e, const Sum *s)
{
  LLVMValueRef fn = emit_begin(e, body_name(e, s, "along"), true, true);
  emit_nest(e, s->v->dom, &(Nest){.from = LLVMGetParam(fn, 2), .to = LLVMGetParam(fn, 3)}, along_row, (void *)s);
  emit_end(e);
  return fn;
}

/* ---- gradient terms without a reduction ---- */

typedef struct Term {
  const Sum *s;
  LLVMValueRef to;
  Row row;
} Term;

static void term_piece(Emit *e, const At *at, void *arg)
{
  Term *t = arg;
  int cols = t->s->v->shape.rank == 2 ? t->s->v->shape.dim[1] : 0;
  LLVMValueRef place = emit_element(e, t->to, emit_add(e, emit_mul(e, at->i, emit_i64(e, cols)), at->j));
  LLVMValueRef v = emit_tree(e, t->s->x, &t->row, at);
  emit_store(e, LLVMBuildFAdd(e->b, emit_load(e, place, at->lanes), v, ""), place);
}

static void term_body(Emit *e, const Sum *s)
{
  Shape shape = s->v->shape;
  Term t = {s, target(e, s), emit_first_row(e)};
  e->row_began = e->loop_began = ++e->clock;
  if (shape.rank) emit_numbers(e, s->x, &t.row);
  emit_components(e, shape.rank == 2 ? shape.dim[0] : 1,
                  shape.rank == 2   ? shape.dim[1]
                  : shape.rank == 1 ? shape.dim[0]
                                    : 1,
                  term_piece, &t);
}

/* ---- which one ---- */

static void call_later(Emit *e, SumCalls *calls, SumCall c) { vec_push(e->arena, calls, c); }

static SumCall outer_call(Emit *e, const Sum *s)
{
  const Expr *a = s->x->in[0], *b = s->x->in[1], *ra = place_source(a), *rb = place_source(b);
  bool together = emit_is_block(e, ra->var) && emit_is_block(e, rb->var) && read_place(ra, AXIS_S).k == 0 &&
                  read_place(rb, AXIS_S).k == 0;
  Outer o = {.c = s->v,
             .a = a,
             .b = b,
             .m = a->shape.dim[0],
             .n = b->shape.dim[0],
             .a_stride = emit_stride(e, ra->var),
             .b_stride = emit_stride(e, rb->var),
             .rows = emit_all_rows(s->over, together)};
  if (kernel_of_gradient(o.m, o.n).library) return (SumCall){.v = s->v, .outer = s->x, .rows = o.rows, .add = s->add};
  return (SumCall){.v = s->v,
                   .body = emit_outer_body(e, &o, body_name(e, s, "outer")),
                   .parts = o.m,
                   .grain = -OUTER_GRAIN,
                   .clear = !s->add};
}

static SumCall columns_call(Emit *e, const Sum *sum, int sums)
{
  SumCall c = {.grain = -COLUMN_GRAIN};
  c.body = columns_body(e, sum, sums, &c.parts);
  return c;
}

static void one_sum(Emit *e, Sum *s, SumCalls *calls)
{
  const Expr *x = s->x;
  if (s->over && s->v->dom != DOM_MODEL) {
    call_later(e, calls, (SumCall){.body = along_body(e, s), .v = s->v});
  } else if (s->over == 0 || s->v->shape.rank == 0) { /* a number, or a term without reduction */
    LLVMValueRef fn = emit_begin(e, body_name(e, s, "number"), false, true);
    if (s->over) number_body(e, s);
    else term_body(e, s);
    emit_end(e);
    call_later(e, calls, (SumCall){.once = fn});
  } else if (x->op == OP_OUTER && (x->in[0]->shape.token || x->in[1]->shape.token)) {
    const Expr *vector = x->in[1]->shape.token ? x->in[0] : x->in[1];
    call_later(e, calls, (SumCall){.body = scatter_body(e, s), .parts = shape_count(vector->shape), .grain = 16});
  } else if (x->op == OP_OUTER) {
    call_later(e, calls, outer_call(e, s));
  } else {
    call_later(e, calls, columns_call(e, s, 1));
  }
}

/* What a right side sums: the tree below its reductions, and what these go over. A result with a domain has one. */
static Sum sum_of(Var *v, const Expr *x, bool block, int number)
{
  Sum s = {.v = v, .x = x, .add = block, .number = number};
  if (x->op == OP_BSUM) {
    s.over = DOM_B;
    s.x = x->in[0];
    for (; v->dom == DOM_MODEL && s.x->op == OP_TSUM; s.x = s.x->in[0]) s.over |= axis_bit(s.x->attr[0]);
  } else if (x->op == OP_TSUM || x->op == OP_TMAX) {
    s.over = axis_bit(x->attr[0]);
    s.most = x->op == OP_TMAX;
    s.x = x->in[0];
  }
  return s;
}

static void sum_terms(Emit *e, Var *v, const Expr *x, Terms which, int number, SumCalls *calls)
{
  bool block = emit_store_of(v) == STORE_GRAD;
  if (block && x->op == OP_ADD && shape_same(x->in[0]->shape, x->in[1]->shape)) {
    sum_terms(e, v, x->in[0], which, number, calls);
    sum_terms(e, v, x->in[1], which, number, calls);
    return;
  }
  if (block && x->op == OP_SLICE && x->in[0]->op == OP_READ && x->in[0]->var->adj_of == v->adj_of->stacked)
    return; /* there already */
  if (block && (ex_is_const(x, 0) || (x->op == OP_BCAST && ex_is_const(x->in[0], 0)))) return;
  Sum s = sum_of(v, x, block, number + 100 * calls->n);
  if (which != TERMS_ALL && (which == TERMS_ALONG) != !!(s.over & DOM_T)) return;
  one_sum(e, &s, calls);
}

void emit_inner_sum(Emit *e, Var *v, const Nest *nest)
{
  Sum s = sum_of(v, v->rhs, false, 0);
  emit_nest(e, v->dom, nest, along_row, &s);
}

/* A step that is one sum of vectors into the gradient block */
static bool is_columns(const Step *step, Sum *s, int number)
{
  if (step->kind != STEP_SUM || emit_store_of(step->var) != STORE_GRAD || step->var->rhs->op != OP_BSUM) return false;
  *s = sum_of(step->var, step->var->rhs, true, number);
  return s->x->shape.rank == 1 && s->x->op != OP_OUTER && (s->over & DOM_AXES);
}

/* Sums that follow each other, of one width and over the same rows, are one pass: what they share is read once. */
static int join(const Step *step, int steps, Sum *sum, int number)
{
  int n = 0;
  while (n < steps && n < JOINED && is_columns(&step[n], &sum[n], number) && step[n].phases == step->phases &&
         sum[n].over == sum->over && shape_same(sum[n].v->shape, sum->v->shape))
    n++;
  return n;
}

int emit_sum_bodies(Emit *e, const Step *step, int steps, int number, SumCalls *calls)
{
  Sum sum[JOINED];
  int joined = join(step, steps, sum, number);
  if (joined > 1) call_later(e, calls, columns_call(e, sum, joined));
  else sum_terms(e, step->var, step->var->rhs, step->terms, number, calls);
  return joined > 1 ? joined : 1;
}

/* rows of a b' from `first` on, added up: one product, a's columns by b's */
static void outer_rows(Emit *e, const SumCall *c, const Row *first, LLVMValueRef rows, bool add)
{
  const Expr *a = c->outer->in[0], *b = c->outer->in[1];
  LLVMValueRef pa = emit_place(e, a, first);
  LLVMValueRef pb = emit_place(e, b, first);
  LLVMValueRef to = emit_row_address(e, c->v, NULL, first);
  int64_t m = a->shape.dim[0], n = b->shape.dim[0];
  emit_gemm(e, 1, 0, emit_i64(e, m), emit_i64(e, n), rows, pa, emit_stride(e, place_source(a)->var), pb,
            emit_stride(e, place_source(b)->var), to, n, add);
}

static void outer_of_sequence(Emit *e, const Row *row, void *arg)
{
  outer_rows(e, arg, row, emit_field(e, FRAME_S), true);
}

/* Rows are added up where they lie, padding included, which is zero. */
static void call_outer(Emit *e, const SumCall *c)
{
  Row first = emit_first_row(e);
  if (c->rows.by_sequence) {
    if (!c->add) outer_rows(e, c, &first, emit_i64(e, 0), false); /* no row: zero */
    emit_all(e, c->rows.dom & ~DOM_S, outer_of_sequence, (void *)c);
    return;
  }
  LLVMValueRef rows = c->rows.dom & DOM_B ? emit_field(e, FRAME_B) : emit_i64(e, 1);
  for (Axis x = 0; x < AXES; x++)
    if (c->rows.dom & axis_bit(x)) rows = emit_mul(e, rows, emit_longest(e, x));
  outer_rows(e, c, &first, rows, c->add);
}

void emit_sum_calls(Emit *e, const SumCalls *calls)
{
  for (int i = 0; i < calls->n; i++) {
    const SumCall *c = &calls->at[i];
    if (c->outer) call_outer(e, c);
    else if (c->once) {
      LLVMTypeRef type = LLVMFunctionType(e->void_, &e->ptr, 1, 0);
      LLVMBuildCall2(e->b, type, c->once, &e->frame, 1, "");
    } else if (c->clear) {
      Row first = emit_first_row(e);
      LLVMValueRef bytes = emit_i64(e, shape_count(c->v->shape) * (e->f64_precision ? 8 : 4));
      LLVMBuildMemSet(e->b, emit_row_address(e, c->v, NULL, &first), LLVMConstInt(LLVMInt8TypeInContext(e->c), 0, 0),
                      bytes, 4);
      emit_parallel(e, c->body, emit_i64(e, c->parts), c->grain);
    } else if (c->parts) emit_parallel(e, c->body, emit_i64(e, c->parts), c->grain);
    else emit_parallel_domain(e, c->body, c->v->dom, 1);
  }
}

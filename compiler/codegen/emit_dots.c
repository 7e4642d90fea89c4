/* emit_dots.c: neighbouring rows of a matrix times one vector, the matrix as it lies in memory, row by row.

   A vector of partial sums for each row, so that the loop over columns has as many independent chains as there are
   rows; then the sums across lanes of all rows together, each round halving the number of vectors: for 16 rows of 16
   lanes 15 additions instead of 64. Several products with as many rows are one sum: U @ h[t-1] goes on where W @ x[t]
   ended. The result depends on the row's elements and the vector alone. */
#include "emit_debug.h"
#include "name.h"

enum {
  LANES = 64,
  CHAINS = 8,     /* what two multiply-adders of four steps each can have under way */
  FEW_CHAINS = 4, /* on a machine without vectors, where small code counts */
  STRAIGHT = 4    /* turns: so few are written out */
};

typedef LLVMValueRef Value;

/* ---- sums across lanes ---- */

/* Segments of `size` lanes, one after the other, are partial sums of one row each; a pair of vectors becomes one of
   twice as many segments of half the size. Within 16 bytes the halves stay in their place, which costs one instruction
   less; so the rows come out in another order than they went in. Here that is found out with numbers for rows. */
static void join_rows(int size, bool stay, int lanes, const int *a, const int *b, int *out)
{
  int n = lanes / size;
  for (int i = 0; i < n; i++) {
    out[stay ? 2 * i : i] = a[i];
    out[stay ? 2 * i + 1 : n + i] = b[i];
  }
}

/* lane numbers of the low (or high) half of each segment of two vectors */
static Value halves(Emit *e, int size, bool stay, int lanes, bool high)
{
  Value lane[LANES];
  int n = lanes / size, half = size / 2;
  for (int which = 0; which < 2; which++)
    for (int i = 0; i < n; i++)
      for (int k = 0; k < half; k++) {
        int to = stay ? i * size + which * half + k : which * lanes / 2 + i * half + k;
        lane[to] = LLVMConstInt(e->i32, (unsigned)(which * lanes + i * size + (high ? half : 0) + k), 0);
      }
  return LLVMConstVector(lane, (unsigned)lanes);
}

static bool stays(const Emit *e, int size) { return size * (e->f64_precision ? 8 : 4) <= 16; }

/* Which row has to stand at which place for the sums to come out in order. */
static void find_order(const Emit *e, int rows, int lanes, int *order)
{
  int at[LANES][LANES];
  for (int i = 0; i < rows; i++) at[i][0] = i;
  int size = lanes;
  for (int n = rows; n > 1; n /= 2, size /= 2)
    for (int i = 0; i < n / 2; i++) {
      int joined[LANES];
      join_rows(size, stays(e, size), lanes, at[i], at[i + n / 2], joined);
      for (int k = 0; k < 2 * lanes / size; k++) at[i][k] = joined[k];
    }
  for (int k = 0; k < rows; k++) order[at[0][k]] = k;
}

/* n vectors (a power of two) with segments of *size lanes as one; what stood at place i stands in segment i of those
   that came out */
static Value join(Emit *e, Value *v, int n, int lanes, int *size)
{
  for (; n > 1; n /= 2, *size /= 2)
    for (int i = 0; i < n / 2; i++) {
      bool stay = stays(e, *size);
      Value low = LLVMBuildShuffleVector(e->b, v[i], v[i + n / 2], halves(e, *size, stay, lanes, false), "");
      Value high = LLVMBuildShuffleVector(e->b, v[i], v[i + n / 2], halves(e, *size, stay, lanes, true), "");
      v[i] = LLVMBuildFAdd(e->b, low, high, "");
    }
  return v[0];
}

/* fewer rows than lanes: segments of `size` lanes, each to its sum */
static Value fold(Emit *e, Value v, int lanes, int size)
{
  for (; size > 1; size /= 2) {
    int left = lanes / 2;
    Value low[LANES], high[LANES], none = LLVMGetPoison(LLVMTypeOf(v));
    for (int i = 0; i < left; i++) {
      int at = i / (size / 2) * size + i % (size / 2);
      low[i] = LLVMConstInt(e->i32, (unsigned)at, 0);
      high[i] = LLVMConstInt(e->i32, (unsigned)(at + size / 2), 0);
    }
    Value a = LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(low, (unsigned)left), "");
    Value b = LLVMBuildShuffleVector(e->b, v, none, LLVMConstVector(high, (unsigned)left), "");
    v = LLVMBuildFAdd(e->b, a, b, "");
    lanes = left;
  }
  return v;
}

/* ---- sums along rows ---- */

/* Some of the rows of a piece, times the vectors of as many sequences. */
typedef struct Dots {
  int all;          /* rows of the piece, */
  int rows, first;  /* those here: at places first, first + all / rows, .. of the order in which they are joined */
  int chains, many; /* chains: of each row; many: sequences */
  Value sum[LANES]; /* [chain][sequence][row] */
  int order[LANES];
} Dots;

static int row_at(const Dots *d, int r) { return d->order[d->first + r * (d->all / d->rows)]; }

/* A vector with `lanes` numbers, and zeros behind them. */
static Value widened(Emit *e, Value v, int lanes)
{
  Value wide[LANES];
  for (int i = 0; i < e->lanes; i++) wide[i] = LLVMConstInt(e->i32, (unsigned)(i < lanes ? i : lanes), 0);
  return LLVMBuildShuffleVector(e->b, v, LLVMConstNull(LLVMTypeOf(v)), LLVMConstVector(wide, (unsigned)e->lanes), "");
}

static Value add_product(Emit *e, Value a, Value b, Value sum, int lanes)
{
  if (lanes == e->lanes || lanes > 1) return math_fma(&e->math, a, b, sum);
  Value first = LLVMConstInt(e->i32, 0, 0), so_far = LLVMBuildExtractElement(e->b, sum, first, "");
  return LLVMBuildInsertElement(e->b, sum, math_fma(&e->math, a, b, so_far), first, "");
}

/* sum[row] += a[row, k ..] * x[k ..], `lanes` columns; a narrow piece counts as a full vector with zeros behind it */
static void columns(Emit *e, Dots *d, const DotTerm *t, Value k, int lanes, int chain)
{
  bool narrow = lanes > 1 && lanes < e->lanes;
  Value x[DOT_SEQUENCES];
  for (int s = 0; s < d->many; s++) {
    x[s] = emit_load(e, emit_element(e, t->vector[s], k), lanes);
    if (narrow) x[s] = widened(e, x[s], lanes);
  }
  for (int r = 0; r < d->rows; r++) {
    Value row = emit_element(e, t->matrix, emit_i64(e, row_at(d, r) * t->k));
    Value a = emit_load(e, emit_element(e, row, k), lanes);
    if (narrow) a = widened(e, a, lanes);
    for (int s = 0; s < d->many; s++) {
      Value *sum = &d->sum[(chain * d->many + s) * d->rows + r];
      *sum = add_product(e, a, x[s], *sum, lanes);
    }
  }
}

/* Turns of one vector a chain, then vectors, then what is narrower. */
static void along_rows(Emit *e, Dots *d, const DotTerm *t)
{
  int64_t turn = (int64_t)e->lanes * d->chains, turns = t->k / turn;
  int sums = d->rows * d->many * d->chains;
  if (turns > (e->lanes > 1 ? STRAIGHT : 1)) {
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), loop = emit_block(e, "k"), done = emit_block(e, "k.done");
    LLVMBuildBr(e->b, loop);
    LLVMPositionBuilderAtEnd(e->b, loop);
    Value k = LLVMBuildPhi(e->b, e->i64, "k"), phi[LANES];
    for (int i = 0; i < sums; i++) {
      phi[i] = LLVMBuildPhi(e->b, LLVMTypeOf(d->sum[i]), "sum");
      LLVMAddIncoming(phi[i], &d->sum[i], &before, 1);
      d->sum[i] = phi[i];
    }
    for (int c = 0; c < d->chains; c++) columns(e, d, t, emit_add(e, k, emit_i64(e, c * e->lanes)), e->lanes, c);
    Value next = LLVMBuildNSWAdd(e->b, k, emit_i64(e, turn), "k.next"), zero = emit_i64(e, 0);
    LLVMAddIncoming(k, (Value[]){zero, next}, (LLVMBasicBlockRef[]){before, loop}, 2);
    for (int i = 0; i < sums; i++) LLVMAddIncoming(phi[i], &d->sum[i], &loop, 1);
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, next, emit_i64(e, turns * turn), ""), loop, done);
    LLVMPositionBuilderAtEnd(e->b, done);
  } else turns = 0;
  int64_t at = turns * turn;
  for (int c = 0; at + e->lanes <= t->k; at += e->lanes, c = (c + 1) % d->chains)
    columns(e, d, t, emit_i64(e, at), e->lanes, c);
  for (int lanes = e->lanes / 2; lanes >= 1; lanes /= 2) {
    if (!((t->k - at) & lanes)) continue;
    columns(e, d, t, emit_i64(e, at), lanes, 0);
    at += lanes;
  }
}

/* LLVM moves what is used late to where it is used: the additions across lanes behind the loops of other dots, with all
   partial sums of these in between on the stack. A store that may not be moved keeps them here. */
static Value stay_here(Emit *e, Value v, int lanes)
{
  Value slot = emit_stack(e, LLVMTypeOf(v), 1, "dots");
  Value store = LLVMBuildStore(e->b, v, slot);
  LLVMSetVolatile(store, 1);
  Value again = LLVMBuildLoad2(e->b, emit_vector(e, e->real, lanes), slot, "");
  LLVMSetVolatile(again, 1);
  return again;
}

/* How many rows are summed at once: all of a piece for one sequence; for several as many as registers can hold. */
static int rows_at_once(const Emit *e, int rows, int many)
{
  enum { REGISTERS = 32 };
  int most = many == 1 ? rows : e->target->vector_registers >= REGISTERS ? 4 : 2;
  return rows < most ? rows : most;
}

void emit_dots_many(Emit *e, const DotTerm *term, int terms, int rows, int many, LLVMValueRef *out)
{
  int chains = e->lanes > 1 ? CHAINS : FEW_CHAINS;
  Dots d = {.all = rows, .rows = rows_at_once(e, rows, many), .many = many};
  d.chains = rows < chains ? chains / rows : 1;
  find_order(e, rows, e->lanes, d.order);
  int tiles = rows / d.rows, sums = d.rows * many;
  Value part[DOT_SEQUENCES][LANES];
  for (d.first = 0; d.first < tiles; d.first++) {
    for (int i = 0; i < sums * d.chains; i++) d.sum[i] = LLVMConstNull(emit_vector(e, e->real, e->lanes));
    for (int i = 0; i < terms; i++) along_rows(e, &d, &term[i]);
    for (int c = d.chains; c > 1; c /= 2)
      for (int i = 0; i < sums * c / 2; i++) d.sum[i] = LLVMBuildFAdd(e->b, d.sum[i], d.sum[i + sums * c / 2], "");
    for (int s = 0; s < many; s++) {
      int size = e->lanes;
      part[s][d.first] = join(e, &d.sum[s * d.rows], d.rows, e->lanes, &size);
      if (tiles > 1) part[s][d.first] = stay_here(e, part[s][d.first], e->lanes);
    }
  }
  for (int s = 0; s < many; s++) {
    int size = e->lanes / d.rows;
    Value v = join(e, part[s], tiles, e->lanes, &size);
    if (e->lanes == 1) out[s] = v;
    else if (rows == 1) out[s] = emit_across(e, OP_ADD, v, e->lanes);
    else out[s] = fold(e, v, e->lanes, size);
  }
}

LLVMValueRef emit_dots(Emit *e, const DotTerm *term, int terms, int rows)
{
  Value sum;
  emit_dots_many(e, term, terms, rows, 1, &sum);
  return e->lanes == 1 ? sum : stay_here(e, sum, rows);
}

/* ---- in a loop that has absorbed products ---- */

/* The product whose rows a leaf is; NULL: it is something else. */
static const Var *product_of(const Expr *x)
{
  const Expr *read = place_source(x);
  return read->op == OP_READ && plan_of(read->var)->absorbed ? read->var : NULL;
}

/* What a sum adds up: rows of products, and the rest. */
typedef struct Summands {
  const Expr *product[DOT_TERMS], *other[DOT_TERMS];
  int products, others;
} Summands;

static bool take_sum(const Expr *x, Summands *s)
{
  if (x->op == OP_ADD && x->shape.rank == 1) return take_sum(x->in[0], s) && take_sum(x->in[1], s);
  bool product = product_of(x);
  if ((product ? s->products : s->others) == DOT_TERMS) return false;
  if (product) s->product[s->products++] = x;
  else s->other[s->others++] = x;
  return true;
}

DotTerm emit_term(Emit *e, const Expr *product, const Expr *rows, const Row *row, const At *at)
{
  int64_t k = shape_count(product->in[1]->shape), first = rows->op == OP_SLICE ? rows->attr[0] : 0;
  LLVMValueRef row_at = emit_mul(e, emit_add(e, at->j, emit_i64(e, first)), emit_i64(e, k));
  return (DotTerm){.matrix = emit_element(e, emit_place(e, product->in[0], row), row_at), .k = k};
}

static DotTerm term_of(Emit *e, const Expr *x, const Row *row, const At *at)
{
  const Expr *product = product_of(x)->rhs;
  DotTerm term = emit_term(e, product, x, row, at);
  term.vector[0] = emit_place(e, product->in[1], row);
  return term;
}

static bool is_sum_of_products(const Expr *x, Summands *s)
{
  *s = (Summands){0};
  return x->shape.rank == 1 && take_sum(x, s) && s->products && (s->products > 1 || !s->others);
}

static bool is_known(const Emit *e, const Expr *x)
{
  return e->number_time[x->id] && e->number_time[x->id] >= e->piece_began;
}

/* The products of a sum, added up: what else it adds may be known only when its equation's turn comes. */
static LLVMValueRef products_of(Emit *e, const Expr *x, const Summands *s, const Row *row, const At *at)
{
  if (e->dots_time[x->id] && e->dots_time[x->id] >= e->piece_began) return e->dots[x->id];
  LLVMValueRef sum;
  if (e->sums) { /* made for many sequences at once; this one's row of them is where gradients would be */
    LLVMValueRef mine = emit_element(e, emit_field(e, FRAME_GRADS), emit_i64(e, e->sums[x->id]));
    sum = emit_load(e, emit_element(e, mine, at->j), at->lanes);
  } else {
    DotTerm term[DOT_TERMS];
    for (int i = 0; i < s->products; i++) term[i] = term_of(e, s->product[i], row, at);
    sum = emit_dots(e, term, s->products, at->lanes);
  }
  e->dots[x->id] = sum;
  e->dots_time[x->id] = ++e->clock;
  return sum;
}

LLVMValueRef emit_absorbed(Emit *e, const Expr *x, const Row *row, const At *at)
{
  Summands s;
  if (!e->stream || x->shape.rank != 1) return NULL;
  if (is_known(e, x)) return e->number[x->id];
  if (!is_sum_of_products(x, &s)) return NULL;
  LLVMValueRef sum = products_of(e, x, &s, row, at);
  for (int i = 0; i < s.others; i++) {
    LLVMValueRef other = emit_tree(e, s.other[i], row, at);
    sum = LLVMBuildFAdd(e->b, sum, other, "");
  }
  e->number[x->id] = sum;
  e->number_time[x->id] = ++e->clock;
  return sum;
}

static void find_sums(Emit *e, const Expr *x, Sums *sums)
{
  Summands s;
  if (is_sum_of_products(x, &s)) {
    for (int i = 0; i < sums->n; i++)
      if (sums->at[i] == x) return;
    vec_push(e->arena, sums, x);
  } else
    for (int i = 0; i < x->nin; i++) find_sums(e, x->in[i], sums);
}

Sums emit_sums_of(Emit *e, const Loop *loop)
{
  Sums sums = {0};
  for (int k = 0; loop->products.n && k < loop->vars.n; k++) find_sums(e, loop->vars.at[k]->rhs, &sums);
  return sums;
}

void emit_sum_terms(const Expr *sum, const Expr **product, int *n)
{
  Summands s;
  is_sum_of_products(sum, &s);
  for (*n = 0; *n < s.products; ++*n) product[*n] = s.product[*n];
}

void emit_loop_products(Emit *e, const Loop *loop, const Row *row, const At *at)
{
  Sums sums = emit_sums_of(e, loop);
  for (int i = 0; i < sums.n; i++) {
    const Expr *x = sums.at[e->downward ? sums.n - 1 - i : i];
    if (x->span.source) emit_debug_at(e, x->span);
    Summands s;
    is_sum_of_products(x, &s);
    products_of(e, x, &s, row, at);
  }
}

/* ---- up and down ---- */

typedef struct Ways {
  int cols;
  EmitPiece *piece;
  void *arg;
} Ways;

static void one_way(Emit *e, const Row *row, void *arg)
{
  (void)row;
  Ways *w = arg;
  emit_components(e, 1, w->cols, w->piece, w->arg);
}

/* What one step read last the next one finds in the caches nearest, if it begins there. */
void emit_alternately(Emit *e, const Row *row, int64_t weights, int cols, EmitPiece *piece, void *arg)
{
  enum { NEAR = 16 << 10 }; /* fewer bytes stay in the first cache in any order */
  Ways w = {cols, piece, arg};
  if (!e->stream || e->sums || e->lanes == 1 || cols < 2 * e->lanes || weights * (e->f64_precision ? 8 : 4) <= NEAR) {
    one_way(e, row, &w);
    return;
  }
  LLVMValueRef odd = LLVMBuildAnd(e->b, emit_steps_before(e, row), emit_i64(e, 1), "");
  LLVMBasicBlockRef up = emit_block(e, "up"), down = emit_block(e, "down"), done = emit_block(e, "done");
  LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntNE, odd, emit_i64(e, 0), ""), down, up);
  for (int way = 0; way < 2; way++) {
    LLVMPositionBuilderAtEnd(e->b, way ? down : up);
    e->downward = way;
    one_way(e, row, &w);
    LLVMBuildBr(e->b, done);
  }
  e->downward = false;
  LLVMPositionBuilderAtEnd(e->b, done);
}

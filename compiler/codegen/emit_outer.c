/* emit_outer.c: c[m, n] += a[rows, m]' b[rows, n], the gradient of a weight, as vector code of our own.
   Needs: where rows lie. Leaves c's other rows: parts own rows of c, so that its bits do not depend on the cut.

   for 256 of a's columns, whose rows of c then stay in the second cache:
     for each chunk of rows:
       for each panel of b's columns:                        the chunk's panel stays in the nearest cache
         for a tile of a's columns:                           accumulators = c
           for each row: broadcast a[row, i], times the panel's vectors at that row, into the accumulators
           c = accumulators */
#include "emit_outer.h"
#include "emit_debug.h"
#include "product.h"
#include <assert.h>

enum { OUTER_CHUNK = 128, OUTER_COLUMNS = 256, MOST_ROWS = 16, MOST_VECTORS = 16 };

/* Neighbouring columns of b as vectors: full ones, then the rest in powers of two. */
typedef struct Panel {
  int64_t at[MOST_VECTORS];
  int lanes[MOST_VECTORS];
  int n;
} Panel;

static Panel panel_of(Emit *e, int64_t columns)
{
  Panel p = {.n = 0};
  int64_t at = 0;
  for (int lanes = e->lanes; at < columns; lanes = lanes > 1 ? lanes / 2 : 1)
    for (; at + lanes <= columns; at += lanes) {
      assert(p.n < MOST_VECTORS);
      p.at[p.n] = at;
      p.lanes[p.n++] = lanes;
    }
  return p;
}

typedef struct Chunk {
  const Outer *o;
  int tile_rows;
  Panel panel;
  LLVMValueRef a, b, c, rows, columns; /* the function's: columns of a from `a` on */
  LLVMValueRef panel_at;               /* first column of the panel */
  int tile;                            /* columns of a in the tile being built */
  LLVMValueRef at_a, at_b;             /* its first */
  LLVMValueRef sum[MOST_ROWS][MOST_VECTORS];
} Chunk;

/* The next chunk's rows lie a page apart, which the hardware does not fetch ahead. */
static void fetch_ahead(Emit *e, const Chunk *k, LLVMValueRef a)
{
  LLVMTypeRef types[] = {e->ptr};
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(e->m, LLVMLookupIntrinsicID("llvm.prefetch", 13), types, 1);
  LLVMValueRef ahead = emit_element(e, a, emit_i64(e, OUTER_CHUNK * k->o->a_stride));
  LLVMValueRef read = LLVMConstInt(e->i32, 0, 0), near = LLVMConstInt(e->i32, 2, 0), data = LLVMConstInt(e->i32, 1, 0);
  LLVMBuildCall2(e->b, LLVMGlobalGetValueType(f), f, (LLVMValueRef[]){ahead, read, near, data}, 4, "");
}

static void tile_row(Emit *e, LLVMValueRef r, void *arg)
{
  Chunk *k = arg;
  LLVMValueRef a = emit_element(e, k->at_a, emit_mul(e, r, emit_i64(e, k->o->a_stride)));
  LLVMValueRef b = emit_element(e, k->at_b, emit_mul(e, r, emit_i64(e, k->o->b_stride)));
  fetch_ahead(e, k, a);
  LLVMValueRef column[MOST_VECTORS];
  for (int j = 0; j < k->panel.n; j++)
    column[j] = emit_load(e, emit_element(e, b, emit_i64(e, k->panel.at[j])), k->panel.lanes[j]);
  for (int i = 0; i < k->tile; i++) {
    LLVMValueRef one = emit_load(e, emit_element(e, a, emit_i64(e, i)), 1);
    for (int j = 0; j < k->panel.n; j++) {
      LLVMTypeRef type = emit_vector(e, e->real, k->panel.lanes[j]);
      LLVMValueRef so_far = LLVMBuildLoad2(e->b, type, k->sum[i][j], "");
      LLVMValueRef sum = math_fma(&e->math, emit_splat(e, one, k->panel.lanes[j]), column[j], so_far);
      LLVMBuildStore(e->b, sum, k->sum[i][j]);
    }
  }
}

static LLVMValueRef result_at(Emit *e, const Chunk *k, LLVMValueRef column, int i, int j)
{
  LLVMValueRef index = emit_mul(e, emit_add(e, column, emit_i64(e, i)), emit_i64(e, k->o->n));
  return emit_element(e, k->c, emit_add(e, emit_add(e, index, k->panel_at), emit_i64(e, k->panel.at[j])));
}

static void one_tile(Emit *e, LLVMValueRef column, void *arg)
{
  Chunk *k = arg;
  k->at_a = emit_element(e, k->a, column);
  k->at_b = emit_element(e, k->b, k->panel_at);
  for (int i = 0; i < k->tile; i++)
    for (int j = 0; j < k->panel.n; j++) {
      k->sum[i][j] = emit_stack(e, emit_vector(e, e->real, k->panel.lanes[j]), 1, "sum");
      LLVMBuildStore(e->b, emit_load(e, result_at(e, k, column, i, j), k->panel.lanes[j]), k->sum[i][j]);
    }
  emit_for(e, "r", emit_i64(e, 0), k->rows, 1, tile_row, k);
  for (int i = 0; i < k->tile; i++)
    for (int j = 0; j < k->panel.n; j++) {
      LLVMValueRef sum = LLVMBuildLoad2(e->b, emit_vector(e, e->real, k->panel.lanes[j]), k->sum[i][j], "");
      emit_store(e, sum, result_at(e, k, column, i, j));
    }
}

/* Tiles of the full size; what is left of m comes last and is known. */
static void one_panel(Emit *e, LLVMValueRef at, void *arg)
{
  Chunk *k = arg;
  k->panel_at = at;
  int left = (int)(k->o->m % k->tile_rows);
  LLVMValueRef full = k->columns;
  if (left) {
    LLVMValueRef rest = LLVMBuildAnd(e->b, full, emit_i64(e, k->tile_rows - 1), "");
    full = LLVMBuildNSWSub(e->b, full, rest, "full");
  }
  if (k->o->m >= k->tile_rows) {
    k->tile = k->tile_rows;
    emit_for(e, "i", emit_i64(e, 0), full, k->tile_rows, one_tile, k);
  }
  if (!left) return;
  k->tile = left;
  emit_for(e, "rest", full, k->columns, left, one_tile, k);
}

/* void NAME(a, b, c, rows, columns): equal shapes have one function. */
static LLVMValueRef chunk_function(Emit *e, const Outer *o, LLVMTypeRef *type)
{
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->ptr, e->i64, e->i64};
  *type = LLVMFunctionType(e->void_, args, 5, 0);
  const char *name =
      arena_printf(e->arena, "%s.outer.%lld.%lld.%lld.%lld%s", e->prefix, (long long)o->m, (long long)o->n,
                   (long long)o->a_stride, (long long)o->b_stride, emit_debug_suffix(e, o->c));
  LLVMValueRef fn = LLVMGetNamedFunction(e->m, name);
  if (fn) return fn;
  Tile tile = product_tile(e->target, &(Product){.real = e->real});
  int64_t wide = (int64_t)tile.vectors * e->lanes, full = o->n / wide * wide;
  fn = emit_begin_plain(e, name, *type);
  Chunk k = {.o = o,
             .tile_rows = tile.rows,
             .a = LLVMGetParam(fn, 0),
             .b = LLVMGetParam(fn, 1),
             .c = LLVMGetParam(fn, 2),
             .rows = LLVMGetParam(fn, 3),
             .columns = LLVMGetParam(fn, 4)};
  if (full) {
    k.panel = panel_of(e, wide);
    emit_for(e, "panel", emit_i64(e, 0), emit_i64(e, full), wide, one_panel, &k);
  }
  if (full < o->n) {
    k.panel = panel_of(e, o->n - full);
    one_panel(e, emit_i64(e, full), &k);
  }
  emit_end(e);
  return fn;
}

/* ---- which rows ---- */

typedef struct Part {
  const Outer *o;
  LLVMValueRef chunk;
  LLVMTypeRef type;
  LLVMValueRef to;            /* a's columns end here */
  LLVMValueRef from, columns; /* of a, in the block at hand */
  LLVMValueRef block;         /* rows that lie together from the first on */
} Part;

static void add_rows(Emit *e, const Part *p, const Row *first, LLVMValueRef behind, LLVMValueRef rows)
{
  const Outer *o = p->o;
  LLVMValueRef a = emit_element(e, emit_place(e, o->a, first), p->from);
  LLVMValueRef b = emit_place(e, o->b, first);
  Row none = emit_first_row(e);
  LLVMValueRef c = emit_row_address(e, o->c, NULL, &none);
  LLVMValueRef given[] = {emit_element(e, a, emit_mul(e, behind, emit_i64(e, o->a_stride))),
                          emit_element(e, b, emit_mul(e, behind, emit_i64(e, o->b_stride))),
                          emit_element(e, c, emit_mul(e, p->from, emit_i64(e, o->n))), rows, p->columns};
  LLVMBuildCall2(e->b, p->type, p->chunk, given, 5, "");
}

static void chunk_of_block(Emit *e, LLVMValueRef from, void *arg)
{
  const Part *p = arg;
  LLVMValueRef left = LLVMBuildNSWSub(e->b, p->block, from, "");
  Row first = emit_first_row(e);
  add_rows(e, p, &first, from, emit_least(e, left, emit_i64(e, OUTER_CHUNK)));
}

static void chunk_of_place(Emit *e, LLVMValueRef i, void *arg)
{
  const Part *p = arg;
  Row first = emit_first_row(e);
  first.at[p->o->rows.axis] = i;
  add_rows(e, p, &first, emit_i64(e, 0), emit_place_rows(e, &p->o->rows, i));
}

static void chunk_of_sequence(Emit *e, const Row *row, void *arg)
{
  add_rows(e, arg, row, emit_i64(e, 0), emit_field(e, FRAME_S));
}

static void columns_block(Emit *e, LLVMValueRef from, void *arg)
{
  Part *p = arg;
  const AllRows *rows = &p->o->rows;
  LLVMValueRef left = LLVMBuildNSWSub(e->b, p->to, from, "");
  p->from = from;
  p->columns = emit_least(e, left, emit_i64(e, OUTER_COLUMNS));
  if (rows->by_sequence) {
    emit_all(e, rows->dom & ~DOM_S, chunk_of_sequence, p);
    return;
  }
  p->block = emit_block_rows(e, rows);
  emit_for(e, "rows", emit_i64(e, 0), p->block, OUTER_CHUNK, chunk_of_block, p);
  if (rows->shrink)
    emit_for(e, "place", emit_full_places(e, rows->axis), emit_longest(e, rows->axis), 1, chunk_of_place, p);
}

LLVMValueRef emit_outer_body(Emit *e, const Outer *o, const char *name)
{
  Part p = {.o = o};
  p.chunk = chunk_function(e, o, &p.type);
  LLVMValueRef fn = emit_begin(e, name, true, true);
  p.to = LLVMGetParam(fn, 3);
  emit_for(e, "columns", LLVMGetParam(fn, 2), p.to, OUTER_COLUMNS, columns_block, &p);
  emit_end(e);
  return fn;
}

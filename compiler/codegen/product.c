/* product.c: a register-tiled matrix product as LLVM IR.
   Needs: a Target. Leaves: the module with one more internal function a call.

   for each panel (columns j .. j + width):                the panel stays in L1 or streams from L2
     for each full tile of rows:
       accumulators = 0 or y
       for k: for each row: broadcast x[row, k], times the panel's vectors at k, into the accumulators
       y = accumulators
   the rows that are left, by tiles of half as many, a quarter ..: the same over several panels at once */
#include "product.h"
#include <string.h>

typedef struct Code { /* what one function is built with */
  const Target *t;
  const Product *p;
  const Tile *tile;
  LLVMContextRef c;
  LLVMModuleRef m;
  LLVMBuilderRef b;
  LLVMTypeRef i64, ptr;
  LLVMValueRef fn, x, packed, y, rows;
  int lanes, bytes; /* of a vector; of an element */
} Code;

/* ---- how columns are cut into vectors ---- */

enum { MAX_VECTORS = 32, MAX_ROWS = 32 };

/* One panel: so many full vectors, then one narrower of `tail` lanes (0: none), of which only `last` columns are real.
 */
typedef struct Panel {
  int full, tail;
  int columns; /* real ones */
  int width;   /* with padding: elements of the packed panel at one k */
} Panel;

static int lanes_of(const Target *t, const Product *p) { return target_lanes(t, p->real); }

static Panel panel_of(int64_t columns, int lanes)
{
  Panel q = {(int)(columns / lanes), 0, (int)columns, 0};
  int left = (int)(columns % lanes);
  for (q.tail = left ? 1 : 0; q.tail < left;) q.tail *= 2;
  q.width = q.full * lanes + q.tail;
  return q;
}

static int vectors_of(const Panel *q) { return q->full + (q->tail > 0); }

int64_t product_panel_columns(const Target *t, const Product *p, const Tile *tile)
{
  return (int64_t)lanes_of(t, p) * tile->vectors;
}

int64_t product_packed_count(const Target *t, const Product *p, const Tile *tile)
{
  int64_t wide = product_panel_columns(t, p, tile), full = p->n / wide;
  return (full * wide + panel_of(p->n % wide, lanes_of(t, p)).width) * p->k;
}

/* rows * vectors accumulators, the panel's vectors and a broadcast must fit the registers, and 12 or more accumulators
   are needed to keep two multiply-adders busy. Figures in docs/performance.md. */
Tile product_tile(const Target *t, const Product *p)
{
  if (t->vector_registers >= 32 && lanes_of(t, p) > 1) return (Tile){8, 2, 1};
  if (t->vector_bits >= 256) return (Tile){4, 3, 1};
  return (Tile){4, 2, 1};
}

/* How many panels are computed together where there are only so many rows. */
static int panels_together(const Target *t, const Tile *tile, int rows)
{
  int wanted = (16 + rows * tile->vectors - 1) / (rows * tile->vectors);
  int loaded = rows > 1; /* else the panel's vectors are memory operands */
  int fit = (t->vector_registers - 1) / ((rows + loaded) * tile->vectors);
  int n = wanted < fit ? wanted : fit;
  return n > 4 ? 4 : n < 1 ? 1 : n;
}

/* ---- small builders ---- */

static LLVMValueRef number(Code *c, int64_t v) { return LLVMConstInt(c->i64, (unsigned long long)v, true); }

static LLVMBasicBlockRef block(Code *c, const char *name) { return LLVMAppendBasicBlockInContext(c->c, c->fn, name); }

static LLVMValueRef element(Code *c, LLVMValueRef base, LLVMValueRef index)
{
  return LLVMBuildInBoundsGEP2(c->b, c->p->real, base, &index, 1, "");
}

static LLVMTypeRef vector_type(const Code *c, int lanes)
{
  return lanes > 1 ? LLVMVectorType(c->p->real, (unsigned)lanes) : c->p->real;
}

static LLVMValueRef load(Code *c, LLVMValueRef base, int64_t index, int lanes)
{
  LLVMValueRef v = LLVMBuildLoad2(c->b, vector_type(c, lanes), element(c, base, number(c, index)), "");
  LLVMSetAlignment(v, (unsigned)c->bytes);
  return v;
}

static void store(Code *c, LLVMValueRef v, LLVMValueRef base, int64_t index)
{
  LLVMValueRef s = LLVMBuildStore(c->b, v, element(c, base, number(c, index)));
  LLVMSetAlignment(s, (unsigned)c->bytes);
}

static LLVMValueRef lane_numbers(Code *c, int from, int n)
{
  LLVMTypeRef i32 = LLVMInt32TypeInContext(c->c);
  LLVMValueRef lane[64];
  for (int i = 0; i < n; i++) lane[i] = LLVMConstInt(i32, (unsigned)from + (unsigned)i, false);
  return LLVMConstVector(lane, (unsigned)n);
}

static LLVMValueRef splat(Code *c, LLVMValueRef v, int lanes)
{
  if (lanes == 1) return v;
  LLVMTypeRef type = vector_type(c, lanes), i32 = LLVMInt32TypeInContext(c->c);
  LLVMValueRef one = LLVMBuildInsertElement(c->b, LLVMGetPoison(type), v, LLVMConstInt(i32, 0, false), "");
  return LLVMBuildShuffleVector(c->b, one, LLVMGetPoison(type), LLVMConstNull(LLVMVectorType(i32, (unsigned)lanes)),
                                "");
}

static LLVMValueRef multiply_add(Code *c, LLVMValueRef a, LLVMValueRef b, LLVMValueRef sum)
{
  if (!c->t->has_fma) return LLVMBuildFAdd(c->b, LLVMBuildFMul(c->b, a, b, ""), sum, "");
  LLVMTypeRef type = LLVMTypeOf(a);
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(c->m, LLVMLookupIntrinsicID("llvm.fma", 8), &type, 1);
  return LLVMBuildCall2(c->b, LLVMGlobalGetValueType(f), f, (LLVMValueRef[]){a, b, sum}, 3, "");
}

/* Only `columns` of a padded vector exist in y: the largest powers of two first. */
static void store_part(Code *c, LLVMValueRef v, int columns, LLVMValueRef base, int64_t index, int lanes)
{
  if (columns == lanes) {
    store(c, v, base, index);
    return;
  }
  for (int at = 0, w; at < columns; at += w) {
    for (w = lanes; w > columns - at;) w /= 2;
    LLVMValueRef part =
        w == 1 ? LLVMBuildExtractElement(c->b, v, LLVMConstInt(LLVMInt32TypeInContext(c->c), (unsigned)at, false), "")
               : LLVMBuildShuffleVector(c->b, v, LLVMGetPoison(LLVMTypeOf(v)), lane_numbers(c, at, w), "");
    store(c, part, base, index + at);
  }
}

static LLVMValueRef load_part(Code *c, int columns, LLVMValueRef base, int64_t index, int lanes)
{
  if (columns == lanes) return load(c, base, index, lanes);
  LLVMValueRef v = LLVMConstNull(vector_type(c, lanes));
  for (int i = 0; i < columns; i++) {
    LLVMValueRef one = load(c, base, index + i, 1);
    v = LLVMBuildInsertElement(c->b, v, one, LLVMConstInt(LLVMInt32TypeInContext(c->c), (unsigned)i, false), "");
  }
  return v;
}

/* ---- a counted loop: for (i = from; i + step <= to; i += step) body(i); returns i after it ---- */

typedef struct Loop {
  LLVMValueRef i;
  LLVMBasicBlockRef head, body, done;
  int64_t step;
} Loop;

static Loop loop_begin(Code *c, const char *name, LLVMValueRef from, LLVMValueRef to, int64_t step)
{
  Loop l = {.head = block(c, name), .body = block(c, "body"), .done = block(c, "done"), .step = step};
  LLVMBasicBlockRef before = LLVMGetInsertBlock(c->b);
  LLVMBuildBr(c->b, l.head);
  LLVMPositionBuilderAtEnd(c->b, l.head);
  l.i = LLVMBuildPhi(c->b, c->i64, "i");
  LLVMAddIncoming(l.i, &from, &before, 1);
  LLVMValueRef end = LLVMBuildNSWAdd(c->b, l.i, number(c, step), "");
  LLVMValueRef more = LLVMBuildICmp(c->b, LLVMIntSLE, end, to, "");
  LLVMBuildCondBr(c->b, more, l.body, l.done);
  LLVMPositionBuilderAtEnd(c->b, l.body);
  return l;
}

static void loop_end(Code *c, Loop *l)
{
  LLVMValueRef next = LLVMBuildNSWAdd(c->b, l->i, number(c, l->step), "");
  LLVMBasicBlockRef from = LLVMGetInsertBlock(c->b);
  LLVMAddIncoming(l->i, &next, &from, 1);
  LLVMBuildBr(c->b, l->head);
  LLVMPositionBuilderAtEnd(c->b, l->done);
}

/* ---- one tile ---- */

typedef struct Sums {
  LLVMValueRef at[MAX_ROWS][MAX_VECTORS];
} Sums;

/* `panels` neighbouring panels of the same form count as one of so many times the vectors */
typedef struct Block {
  int rows, panels;
  Panel panel;
} Block;

static int lanes_at(const Code *c, const Panel *q, int vector) { return vector < q->full ? c->lanes : q->tail; }

static int columns_at(const Code *c, const Panel *q, int vector)
{
  return vector < q->full ? c->lanes : q->columns - q->full * c->lanes;
}

/* sums[row][vector] += x[row, k + step] * panel[k + step][vector] */
static void tile_step(Code *c, const Block *k, LLVMValueRef x, LLVMValueRef w, int64_t step, Sums *sums)
{
  int v = vectors_of(&k->panel);
  LLVMValueRef column[MAX_VECTORS];
  for (int p = 0; p < k->panels; p++)
    for (int j = 0; j < v; j++)
      column[p * v + j] = load(c, w, p * (int64_t)k->panel.width * c->p->k + step * k->panel.width + j * c->lanes,
                               lanes_at(c, &k->panel, j));
  for (int r = 0; r < k->rows; r++) {
    LLVMValueRef one = load(c, x, r * c->p->x_stride + step, 1);
    for (int j = 0; j < v * k->panels; j++)
      sums->at[r][j] = multiply_add(c, splat(c, one, lanes_at(c, &k->panel, j % v)), column[j], sums->at[r][j]);
  }
}

static void tile_sums(Code *c, const Block *k, Sums *sums, LLVMValueRef (*make)(Code *, LLVMTypeRef, LLVMValueRef))
{
  int v = vectors_of(&k->panel);
  for (int r = 0; r < k->rows; r++)
    for (int j = 0; j < v * k->panels; j++)
      sums->at[r][j] = make(c, vector_type(c, lanes_at(c, &k->panel, j % v)), sums->at[r][j]);
}

static LLVMValueRef make_zero(Code *c, LLVMTypeRef type, LLVMValueRef old)
{
  (void)c, (void)old;
  return LLVMConstNull(type);
}

static LLVMValueRef make_phi(Code *c, LLVMTypeRef type, LLVMValueRef first)
{
  LLVMBasicBlockRef before = LLVMGetPreviousBasicBlock(LLVMGetInsertBlock(c->b)); /* k.loop follows its entry */
  LLVMValueRef phi = LLVMBuildPhi(c->b, type, "sum");
  LLVMAddIncoming(phi, &first, &before, 1);
  return phi;
}

/* The columns of vector j of the block, counted from the block's first. */
static int64_t column_of(const Code *c, const Block *k, int j)
{
  int v = vectors_of(&k->panel);
  return (int64_t)(j / v) * k->panel.columns + (int64_t)(j % v) * c->lanes;
}

/* The loop over k in turns of `unroll`, then the rest; k is constant, so both are known here. */
static void tile_loop(Code *c, const Block *k, LLVMValueRef x, LLVMValueRef w, Sums *sums)
{
  int64_t turns = c->p->k / c->tile->unroll, left = c->p->k % c->tile->unroll;
  if (turns > 0) {
    LLVMBasicBlockRef entry = block(c, "k.entry"), loop = block(c, "k.loop"), done = block(c, "k.done");
    LLVMBuildBr(c->b, entry);
    LLVMPositionBuilderAtEnd(c->b, entry);
    LLVMBuildBr(c->b, loop);
    LLVMPositionBuilderAtEnd(c->b, loop);
    LLVMValueRef turn = make_phi(c, c->i64, number(c, 0));
    tile_sums(c, k, sums, make_phi);
    Sums first = *sums;
    LLVMValueRef at = LLVMBuildNSWMul(c->b, turn, number(c, c->tile->unroll), "k");
    LLVMValueRef x_at = element(c, x, at),
                 w_at = element(c, w, LLVMBuildNSWMul(c->b, at, number(c, k->panel.width), ""));
    for (int s = 0; s < c->tile->unroll; s++) tile_step(c, k, x_at, w_at, s, sums);
    LLVMValueRef next = LLVMBuildNSWAdd(c->b, turn, number(c, 1), "");
    LLVMAddIncoming(turn, &next, &loop, 1);
    for (int r = 0; r < k->rows; r++)
      for (int j = 0; j < vectors_of(&k->panel) * k->panels; j++)
        LLVMAddIncoming(first.at[r][j], &sums->at[r][j], &loop, 1);
    LLVMValueRef more = LLVMBuildICmp(c->b, LLVMIntSLT, next, number(c, turns), "");
    LLVMBuildCondBr(c->b, more, loop, done);
    LLVMPositionBuilderAtEnd(c->b, done);
  }
  for (int64_t s = turns * c->tile->unroll; s < turns * c->tile->unroll + left; s++) tile_step(c, k, x, w, s, sums);
}

static void emit_tile(Code *c, const Block *k, LLVMValueRef x, LLVMValueRef w, LLVMValueRef y)
{
  int v = vectors_of(&k->panel);
  Sums sums;
  if (c->p->accumulate) {
    for (int r = 0; r < k->rows; r++)
      for (int j = 0; j < v * k->panels; j++)
        sums.at[r][j] = load_part(c, columns_at(c, &k->panel, j % v), y, r * c->p->y_stride + column_of(c, k, j),
                                  lanes_at(c, &k->panel, j % v));
  } else {
    tile_sums(c, k, &sums, make_zero);
  }
  tile_loop(c, k, x, w, &sums);
  for (int r = 0; r < k->rows; r++)
    for (int j = 0; j < v * k->panels; j++)
      store_part(c, sums.at[r][j], columns_at(c, &k->panel, j % v), y, r * c->p->y_stride + column_of(c, k, j),
                 lanes_at(c, &k->panel, j % v));
}

/* ---- all of y ---- */

/* Tiles of `rows` rows from *row on while they fit; *row becomes the first row not done. What is known of it is done
 * here. */
typedef struct Rows {
  LLVMValueRef at;
  int64_t left; /* where Product.rows is known: how many from `at` on */
} Rows;

static bool may_need(const Code *c, const Rows *row, int rows) { return c->p->rows == 0 || row->left >= rows; }

static Loop rows_begin(Code *c, Rows *row, int rows)
{
  Loop l = loop_begin(c, "rows", row->at, c->rows, rows);
  row->at = l.i;
  row->left = rows > 0 ? row->left % rows : 0;
  return l;
}

static LLVMValueRef row_address(Code *c, LLVMValueRef base, LLVMValueRef row, int64_t stride)
{
  return element(c, base, LLVMBuildNSWMul(c->b, row, number(c, stride), ""));
}

/* Full tiles: a panel stays in the cache for all of them. */
static void emit_panel(Code *c, const Panel *q, LLVMValueRef w, LLVMValueRef y)
{
  Loop l = loop_begin(c, "rows", number(c, 0), c->rows, c->tile->rows);
  Block k = {c->tile->rows, 1, *q};
  emit_tile(c, &k, row_address(c, c->x, l.i, c->p->x_stride), w, row_address(c, y, l.i, c->p->y_stride));
  loop_end(c, &l);
}

typedef struct Cut {  /* y's columns */
  int64_t wide, full; /* columns of a panel; full panels */
  Panel panel, last;  /* last.columns == 0: none */
} Cut;

static LLVMValueRef panel_weights(Code *c, const Cut *cut, LLVMValueRef panel)
{
  return row_address(c, c->packed, panel, cut->wide * c->p->k);
}

static void emit_many(Code *c, const Cut *cut)
{
  if (cut->full > 0) {
    Loop l = loop_begin(c, "panel", number(c, 0), number(c, cut->full), 1);
    emit_panel(c, &cut->panel, panel_weights(c, cut, l.i), row_address(c, c->y, l.i, cut->wide));
    loop_end(c, &l);
  }
  LLVMValueRef last = number(c, cut->full);
  if (cut->last.columns) emit_panel(c, &cut->last, panel_weights(c, cut, last), row_address(c, c->y, last, cut->wide));
}

/* Fewer rows than a tile has: each size runs over all panels, several of them together. */
static void emit_few(Code *c, const Cut *cut, Rows row)
{
  for (int rows = c->tile->rows / 2; rows >= 1; rows /= 2) {
    if (!may_need(c, &row, rows)) continue;
    int group = panels_together(c->t, c->tile, rows);
    int64_t grouped = cut->full / group * group;
    Loop l = rows_begin(c, &row, rows);
    LLVMValueRef x = row_address(c, c->x, l.i, c->p->x_stride), y = row_address(c, c->y, l.i, c->p->y_stride);
    if (grouped > 0) {
      Loop panels = loop_begin(c, "panels", number(c, 0), number(c, grouped), group);
      Block k = {rows, group, cut->panel};
      emit_tile(c, &k, x, panel_weights(c, cut, panels.i), row_address(c, y, panels.i, cut->wide));
      loop_end(c, &panels);
    }
    Block rest = {rows, (int)(cut->full - grouped), cut->panel}, narrow = {rows, 1, cut->last};
    LLVMValueRef first = number(c, grouped), last = number(c, cut->full);
    if (rest.panels > 0) emit_tile(c, &rest, x, panel_weights(c, cut, first), row_address(c, y, first, cut->wide));
    if (cut->last.columns) emit_tile(c, &narrow, x, panel_weights(c, cut, last), row_address(c, y, last, cut->wide));
    loop_end(c, &l);
  }
}

/* ---- functions ---- */

static Code code_begin(const Target *t, LLVMModuleRef module, const char *name, const Product *p, const Tile *tile,
                       unsigned arguments)
{
  Code c = {.t = t, .p = p, .tile = tile, .m = module, .c = LLVMGetModuleContext(module), .lanes = lanes_of(t, p)};
  c.bytes = LLVMGetTypeKind(p->real) == LLVMDoubleTypeKind ? 8 : 4;
  c.b = LLVMCreateBuilderInContext(c.c);
  c.i64 = LLVMInt64TypeInContext(c.c);
  c.ptr = LLVMPointerTypeInContext(c.c, 0);
  LLVMTypeRef types[] = {c.ptr, c.ptr, c.ptr, c.i64};
  c.fn = LLVMAddFunction(module, name, LLVMFunctionType(LLVMVoidTypeInContext(c.c), types, arguments, false));
  LLVMSetLinkage(c.fn, LLVMInternalLinkage);
  target_prepare_function(t, c.fn);
  unsigned alone = LLVMGetEnumAttributeKindForName("noalias", 7);
  for (unsigned i = 1; i <= arguments && i <= 3; i++)
    LLVMAddAttributeAtIndex(c.fn, i, LLVMCreateEnumAttribute(c.c, alone, 0));
  LLVMPositionBuilderAtEnd(c.b, block(&c, "entry"));
  return c;
}

static LLVMValueRef code_end(Code *c)
{
  LLVMBuildRetVoid(c->b);
  LLVMDisposeBuilder(c->b);
  return c->fn;
}

static Cut cut_of(const Code *c)
{
  int64_t wide = product_panel_columns(c->t, c->p, c->tile);
  return (Cut){wide, c->p->n / wide, panel_of(wide, c->lanes), panel_of(c->p->n % wide, c->lanes)};
}

LLVMValueRef product_multiply(const Target *t, LLVMModuleRef module, const char *name, const Product *p,
                              const Tile *tile)
{
  LLVMValueRef made = LLVMGetNamedFunction(module, name);
  if (made) return made;
  Code c = code_begin(t, module, name, p, tile, 4);
  c.x = LLVMGetParam(c.fn, 0), c.packed = LLVMGetParam(c.fn, 1), c.y = LLVMGetParam(c.fn, 2);
  c.rows = p->rows ? number(&c, p->rows) : LLVMGetParam(c.fn, 3);
  Cut cut = cut_of(&c);
  if (!p->rows || p->rows >= tile->rows) emit_many(&c, &cut);
  LLVMValueRef size = number(&c, tile->rows), left = LLVMBuildSRem(c.b, c.rows, size, "");
  emit_few(&c, &cut, (Rows){LLVMBuildNSWSub(c.b, c.rows, left, ""), p->rows % tile->rows});
  return code_end(&c);
}

/* side x side elements, w[j * w_row + k] to packed[k * width + j]: each of log2(side) rounds interleaves the two
   halves. A side of 4: few shuffles, of the kinds that every vector unit has. */
enum { SIDE = 4 };

static void pack_square(Code *c, LLVMValueRef w, LLVMValueRef packed, int64_t w_row, int width, int n)
{
  LLVMValueRef v[2][SIDE], half[2];
  LLVMTypeRef i32 = LLVMInt32TypeInContext(c->c);
  int now = 0;
  for (int i = 0; i < n; i++) v[0][i] = load(c, w, i * w_row, n);
  for (int h = 0; h < 2; h++) {
    LLVMValueRef lane[SIDE];
    for (int i = 0; i < n; i++) lane[i] = LLVMConstInt(i32, (unsigned)(h * n / 2 + i / 2 + i % 2 * n), false);
    half[h] = LLVMConstVector(lane, (unsigned)n);
  }
  for (int round = 1; round < n; round *= 2, now = !now)
    for (int i = 0; i < n; i++)
      v[!now][i] = LLVMBuildShuffleVector(c->b, v[now][i / 2], v[now][i / 2 + n / 2], half[i % 2], "");
  for (int k = 0; k < n; k++) store(c, v[now][k], packed, (int64_t)k * width);
}

/* Columns from .. to of one panel at one k, w at that k */
static void pack_columns(Code *c, const Panel *q, int from, LLVMValueRef w, LLVMValueRef packed, int64_t w_row)
{
  for (int j = from; j < q->columns; j++) store(c, load(c, w, j * w_row, 1), packed, j);
  for (int j = q->columns; j < q->width; j++) store(c, LLVMConstNull(c->p->real), packed, j);
}

/* Stored transposed, a panel's columns lie side by side: whole vectors. Row-major: squares as far as they go, the rest
 * one by one. */
static void pack_panel(Code *c, const Panel *q, LLVMValueRef w, LLVMValueRef to, int64_t w_row, int64_t w_column)
{
  bool squares = w_column == 1 && c->lanes > 1 && q->full > 0;
  int64_t blocks = squares ? c->p->k / c->lanes : 0;
  if (blocks > 0) {
    Loop l = loop_begin(c, "square", number(c, 0), number(c, blocks * c->lanes), c->lanes);
    LLVMValueRef from = element(c, w, l.i), packed = row_address(c, to, l.i, q->width);
    int side = c->lanes < SIDE ? c->lanes : SIDE;
    Loop columns = loop_begin(c, "columns", number(c, 0), number(c, (int64_t)q->full * c->lanes), side);
    from = row_address(c, from, columns.i, w_row);
    packed = element(c, packed, columns.i);
    for (int k = 0; k < c->lanes; k += side) /* rows of w by whole vectors: so each line of the cache is read once */
      pack_square(c, element(c, from, number(c, k)), element(c, packed, number(c, (int64_t)k * q->width)), w_row,
                  q->width, side);
    loop_end(c, &columns);
    loop_end(c, &l);
  }
  int done = q->full * c->lanes; /* columns that the squares took */
  for (int part = 0; part < 2; part++) {
    int64_t first = part ? blocks * c->lanes : 0, behind = part ? c->p->k : blocks * c->lanes;
    if (first == behind || (part == 0 && done == q->columns)) continue;
    Loop l = loop_begin(c, "k", number(c, first), number(c, behind), 1);
    LLVMValueRef from = row_address(c, w, l.i, w_column), packed = row_address(c, to, l.i, q->width);
    if (w_row == 1) {
      for (int j = 0; j < vectors_of(q); j++) {
        LLVMValueRef v = load_part(c, columns_at(c, q, j), from, (int64_t)j * c->lanes, lanes_at(c, q, j));
        store(c, v, packed, (int64_t)j * c->lanes);
      }
    } else {
      pack_columns(c, q, part ? 0 : done, from, packed, w_row);
    }
    loop_end(c, &l);
  }
}

LLVMValueRef product_pack(const Target *t, LLVMModuleRef module, const char *name, const Product *p, const Tile *tile,
                          int64_t w_row, int64_t w_column)
{
  LLVMValueRef made = LLVMGetNamedFunction(module, name);
  if (made) return made;
  Code c = code_begin(t, module, name, p, tile, 2);
  LLVMValueRef w = LLVMGetParam(c.fn, 0);
  c.packed = LLVMGetParam(c.fn, 1);
  Cut cut = cut_of(&c);
  if (cut.full > 0) {
    Loop l = loop_begin(&c, "panel", number(&c, 0), number(&c, cut.full), 1);
    pack_panel(&c, &cut.panel, row_address(&c, w, l.i, cut.wide * w_row), panel_weights(&c, &cut, l.i), w_row,
               w_column);
    loop_end(&c, &l);
  }
  LLVMValueRef last = number(&c, cut.full);
  if (cut.last.columns)
    pack_panel(&c, &cut.last, row_address(&c, w, last, cut.wide * w_row), panel_weights(&c, &cut, last), w_row,
               w_column);
  return code_end(&c);
}

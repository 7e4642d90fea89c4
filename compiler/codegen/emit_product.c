/* emit_product.c: products of a weight matrix with the rows of a variable, inside a scan or over all rows at once, by
   our own register-tiled kernel (product.c) over weights packed into a buffer of the frame. Its bits do not depend on
   which rows a thread has. */
#include "emit_product.h"
#include "emit_debug.h"
#include "emit_token.h"
#include "name.h"
#include "product.h"
#include <assert.h>

typedef struct Tiled {
  const Var *v;
  const Var *weights;
  bool turned; /* W' @ v */
  int buffer;  /* of the packed weights */
  LLVMValueRef pack, multiply;
} Tiled;

struct Products {
  Vec(Tiled) list;
};

static const Var *operand(const Var *v) { return place_source(v->rhs->in[1])->var; }

static Tiled *find(Emit *e, const Var *v)
{
  for (int i = 0; i < e->products->list.n; i++)
    if (e->products->list.at[i].v == v) return &e->products->list.at[i];
  assert(!"a product that was not prepared");
  return NULL;
}

static const char *kernel_name(Emit *e, const char *what, const Product *p)
{
  return arena_printf(e->arena, "%s.%s.%lldx%lld.x%lld.y%lld", what, e->real == e->f64 ? "f64" : "f32", (long long)p->n,
                      (long long)p->k, (long long)p->x_stride, (long long)p->y_stride);
}

static void prepare(Emit *e, const Var *v)
{
  const Expr *w = v->rhs->in[0], *x = v->rhs->in[1];
  Tiled s = {.v = v, .weights = w->var, .turned = v->rhs->attr[0], .buffer = -1};
  Product p = {.n = emit_width(v),
               .k = shape_count(x->shape),
               .x_stride = emit_stride(e, operand(v)),
               .y_stride = emit_stride(e, v),
               .real = e->real};
  Tile tile = product_tile(e->target, &p);
  for (int i = 0; i < e->products->list.n; i++) {
    Tiled *o = &e->products->list.at[i];
    if (o->weights == s.weights && o->turned == s.turned) s.buffer = o->buffer;
  }
  if (s.buffer < 0) {
    s.buffer = emit_add_buffer(e, product_packed_count(e->target, &p, &tile));
    Product size = {.n = p.n, .k = p.k, .real = p.real};
    const char *name = kernel_name(e, s.turned ? "pack.turned" : "pack", &size);
    s.pack = product_pack(e->target, e->m, name, &size, &tile, s.turned ? 1 : p.k, s.turned ? p.n : 1);
  }
  const char *name = arena_printf(e->arena, "%s%s", kernel_name(e, "multiply", &p), emit_debug_suffix(e, v));
  s.multiply = product_multiply(e->target, e->m, name, &p, &tile);
  emit_debug_whole(e, s.multiply, v);
  vec_push(e->arena, &e->products->list, s);
}

static void prepare_step(Emit *e, const Step *step)
{
  if (step->kind == STEP_PRODUCT && !step->library) prepare(e, step->var);
  for (int i = 0; i < step->items.n; i++) prepare_step(e, &step->items.at[i]);
}

void emit_prepare_products(Emit *e)
{
  e->products = ARENA_NEW(e->arena, struct Products);
  for (int i = 0; !e->stream && i < e->plan->steps.n; i++) prepare_step(e, &e->plan->steps.at[i]);
}

static void pack(Emit *e, const Var *v)
{
  Tiled *s = find(e, v);
  if (!s->pack) return;
  LLVMTypeRef args[] = {e->ptr, e->ptr};
  Row first = emit_first_row(e);
  LLVMValueRef weights = emit_place(e, v->rhs->in[0], &first);
  LLVMValueRef given[] = {weights, emit_buffer(e, s->buffer)};
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, args, 2, 0), s->pack, given, 2, "");
}

static bool has_packing(Emit *e, const Step *step)
{
  bool any = step->kind == STEP_PRODUCT && !step->library && find(e, step->var)->pack;
  for (int i = 0; i < step->items.n; i++) any |= has_packing(e, &step->items.at[i]);
  return any;
}

static void pack_step(Emit *e, const Step *step)
{
  if (step->kind == STEP_PRODUCT && !step->library) pack(e, step->var);
  for (int i = 0; i < step->items.n; i++) pack_step(e, &step->items.at[i]);
}

static void pack_row(Emit *e, const Row *row, void *arg)
{
  (void)row;
  pack_step(e, arg);
  emit_turning(e, arg);
}

void emit_packing(Emit *e, const Step *step)
{
  if (!has_packing(e, step) && !emit_has_turning(e, step)) return;
  LLVMValueRef stale = LLVMBuildICmp(e->b, LLVMIntEQ, emit_field(e, FRAME_PACKED), emit_i64(e, 0), "stale");
  emit_when(e, stale, pack_row, NULL, (void *)step);
}

/* from `behind` rows behind `row` on, where they lie together */
static void product_at(Emit *e, const Var *v, const Row *row, LLVMValueRef behind, LLVMValueRef count)
{
  Tiled *s = find(e, v);
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->ptr, e->i64};
  LLVMValueRef from = emit_place(e, v->rhs->in[1], row);
  LLVMValueRef to = emit_row_address(e, v, NULL, row);
  from = emit_element(e, from, emit_mul(e, behind, emit_i64(e, emit_stride(e, operand(v)))));
  to = emit_element(e, to, emit_mul(e, behind, emit_i64(e, emit_stride(e, v))));
  LLVMValueRef given[] = {from, emit_buffer(e, s->buffer), to, count};
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, args, 4, 0), s->multiply, given, 4, "");
}

void emit_product(Emit *e, const Var *v, const Row *row, LLVMValueRef count)
{
  product_at(e, v, row, emit_i64(e, 0), count);
}

/* ---- over all rows ---- */

bool emit_is_one_block(const Emit *e, const Var *v)
{
  const Expr *read = place_source(v->rhs->in[1]);
  return emit_is_block(e, v) && emit_is_block(e, read->var) && read_place(read, AXIS_S).k == 0;
}

/* `rows` rows of v from `first` on, by the library */
static void library_rows(Emit *e, const Var *v, const Row *first, LLVMValueRef rows)
{
  const Expr *w = v->rhs->in[0], *x = v->rhs->in[1];
  LLVMValueRef from = emit_place(e, x, first);
  LLVMValueRef weights = emit_place(e, w, first);
  LLVMValueRef to = emit_row_address(e, v, NULL, first);
  bool turned = v->rhs->attr[0];
  emit_gemm(e, 0, !turned, rows, emit_i64(e, emit_width(v)), emit_i64(e, shape_count(x->shape)), from,
            emit_stride(e, operand(v)), weights, w->shape.dim[1], to, emit_stride(e, v), false);
}

/* A product over all rows. */
typedef struct AllProduct {
  const Step *step;
  AllRows rows;
} AllProduct;

static AllProduct product_of(const Emit *e, const Step *s)
{
  return (AllProduct){s, emit_all_rows(s->var->dom, emit_is_one_block(e, s->var))};
}

static void some_rows(Emit *e, const AllProduct *p, const Row *first, LLVMValueRef rows)
{
  if (p->step->library) library_rows(e, p->step->var, first, rows);
  else emit_product(e, p->step->var, first, rows);
}

static void rows_of_sequence(Emit *e, const Row *row, void *arg) { some_rows(e, arg, row, emit_field(e, FRAME_S)); }

static void rows_of_place(Emit *e, LLVMValueRef i, void *arg)
{
  const AllProduct *p = arg;
  Row first = emit_first_row(e);
  first.at[p->rows.axis] = i;
  some_rows(e, p, &first, emit_place_rows(e, &p->rows, i));
}

void emit_product_library(Emit *e, const Step *s)
{
  AllProduct p = product_of(e, s);
  Row first = emit_first_row(e);
  if (p.rows.by_sequence) {
    emit_all(e, s->var->dom & ~DOM_S, rows_of_sequence, &p);
    return;
  }
  library_rows(e, s->var, &first, emit_block_rows(e, &p.rows));
  if (!p.rows.shrink) return;
  const char *axis = e->plan->system->axis[p.rows.axis];
  emit_for(e, axis, emit_full_places(e, p.rows.axis), emit_longest(e, p.rows.axis), 1, rows_of_place, &p);
}

enum { ROW_BLOCK = 64 }; /* rows whose operand stays in the nearest caches while the weights pass by */

static void block_of_rows(Emit *e, LLVMValueRef from, void *arg)
{
  const AllProduct *p = arg;
  LLVMValueRef to = LLVMGetParam(e->fn, 3), left = LLVMBuildNSWSub(e->b, to, from, "");
  Row first = emit_first_row(e);
  product_at(e, p->step->var, &first, from, emit_least(e, left, emit_i64(e, ROW_BLOCK)));
}

LLVMValueRef emit_product_body(Emit *e, const Step *s, const char *name)
{
  AllProduct p = product_of(e, s);
  LLVMValueRef fn = emit_begin(e, name, true, true);
  LLVMValueRef from = LLVMGetParam(fn, 2), to = LLVMGetParam(fn, 3);
  if (p.rows.by_sequence) emit_nest(e, s->var->dom & ~DOM_S, &(Nest){.from = from, .to = to}, rows_of_sequence, &p);
  else emit_for(e, "rows", from, to, ROW_BLOCK, block_of_rows, &p);
  emit_end(e);
  return fn;
}

LLVMValueRef emit_product_late_body(Emit *e, const Step *s, const char *name)
{
  AllProduct p = product_of(e, s);
  if (!p.rows.shrink) return NULL;
  LLVMValueRef fn = emit_begin(e, name, true, true);
  LLVMValueRef full = emit_full_places(e, p.rows.axis);
  LLVMValueRef from = LLVMBuildNSWAdd(e->b, LLVMGetParam(fn, 2), full, "");
  LLVMValueRef to = LLVMBuildNSWAdd(e->b, LLVMGetParam(fn, 3), full, "");
  emit_for(e, e->plan->system->axis[p.rows.axis], from, to, 1, rows_of_place, &p);
  emit_end(e);
  return fn;
}

void emit_product_calls(Emit *e, const Step *s, LLVMValueRef fn, LLVMValueRef late)
{
  AllProduct p = product_of(e, s);
  if (p.rows.by_sequence) emit_parallel_domain(e, fn, s->var->dom & ~DOM_S, 1);
  else emit_parallel(e, fn, emit_block_rows(e, &p.rows), -ROW_BLOCK);
  if (!late) return;
  LLVMValueRef full = emit_full_places(e, p.rows.axis);
  LLVMValueRef live = emit_field(e, p.rows.axis == AXIS_T ? FRAME_LIVE : FRAME_LIVE2);
  LLVMValueRef late_live = LLVMBuildInBoundsGEP2(e->b, e->i64, live, &full, 1, "");
  emit_parallel_weighed(e, late, LLVMBuildNSWSub(e->b, emit_longest(e, p.rows.axis), full, ""), 1, late_live);
}

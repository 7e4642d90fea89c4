/* emit_step.c: the plan's steps as functions over parts, and the driver that calls them in order.
   Needs: the plan. A streaming step (e->stream) has one row, T = 1: it calls its bodies directly and no runtime. */
#include "emit.h"
#include "emit_product.h"
#include "schedule.h"
#include <assert.h>
#include <string.h>

/* ---- calls into the runtime: prototypes from calls.def ---- */

#define PTR 'p'
#define I64 'i'
#define F64 'd'
#define VOID 'v'
#define ARGS(...) {__VA_ARGS__, 0}
#define CALL(name, returns, ...) {#name, returns, __VA_ARGS__},
static const struct {
  const char *name;
  char returns;
  char args[16];
} runtime_calls[] = {
#include "calls.def"
};
#undef CALL

LLVMValueRef emit_call(Emit *e, const char *name, LLVMValueRef *args, int n)
{
  for (unsigned i = 0; i < sizeof runtime_calls / sizeof *runtime_calls; i++) {
    if (strcmp(runtime_calls[i].name, name) != 0) continue;
    LLVMTypeRef type[16];
    int count = (int)strlen(runtime_calls[i].args);
    assert(count == n);
    for (int k = 0; k < count; k++)
      type[k] = runtime_calls[i].args[k] == PTR ? e->ptr : runtime_calls[i].args[k] == I64 ? e->i64 : e->f64;
    LLVMTypeRef fn_type = LLVMFunctionType(e->void_, type, (unsigned)count, 0);
    LLVMValueRef fn = LLVMGetNamedFunction(e->m, name);
    if (!fn) fn = LLVMAddFunction(e->m, name, fn_type);
    return LLVMBuildCall2(e->b, fn_type, fn, args, (unsigned)n, "");
  }
  assert(!"a runtime call that calls.def does not list");
  return NULL;
}

void emit_parallel(Emit *e, LLVMValueRef body, LLVMValueRef n, int64_t grain)
{
  LLVMValueRef none = LLVMConstNull(e->ptr);
  if (e->stream) {
    LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->i64};
    LLVMTypeRef type = LLVMFunctionType(e->void_, args, 4, 0);
    LLVMBuildCall2(e->b, type, body, (LLVMValueRef[]){e->frame, none, emit_i64(e, 0), n}, 4, "");
    return;
  }
  emit_call(e, "rnn_parallel", (LLVMValueRef[]){e->frame, body, none, n, emit_i64(e, grain)}, 5);
}

void emit_gemm(Emit *e, int ta, int tb, LLVMValueRef m, LLVMValueRef n, LLVMValueRef k, LLVMValueRef a, int64_t lda,
               LLVMValueRef b, int64_t ldb, LLVMValueRef c, int64_t ldc, bool accumulate)
{
  emit_call(e, e->f64_precision ? "rnn_gemm_f64" : "rnn_gemm_f32",
            (LLVMValueRef[]){e->frame, emit_i64(e, ta), emit_i64(e, tb), m, n, k, a, emit_i64(e, lda), b,
                             emit_i64(e, ldb), c, emit_i64(e, ldc), emit_i64(e, accumulate)},
            13);
}

static const char *step_name(Emit *e, int number, const char *what)
{
  return arena_printf(e->arena, "%s.%d.%s", e->prefix, number, what);
}

/* ---- boundaries ---- */

static void fill_sequence(Emit *e, LLVMValueRef b, void *arg)
{
  const Step *s = arg;
  Row row = {DOM_SEQ, emit_i64(e, 0), b};
  LLVMValueRef to = emit_row_address(e, s->var, s->bound->kind, s->bound->offset, &row);
  LLVMValueRef from = emit_row_address(e, s->bound->var, READ_PLAIN, 0, &row);
  if (s->bound->carried) {
    LLVMValueRef carried = emit_row_address(e, s->bound->carried, READ_PLAIN, 0, &row);
    LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, e->f64, emit_field(e, FRAME_FRESH), &b, 1, "");
    LLVMValueRef fresh =
        LLVMBuildFCmp(e->b, LLVMRealUNE, LLVMBuildLoad2(e->b, e->f64, at, ""), LLVMConstReal(e->f64, 0), "");
    from = LLVMBuildSelect(e->b, fresh, from, carried, "");
  }
  int64_t bytes = emit_width(s->var) * (s->var->shape.token ? 4 : e->f64_precision ? 8 : 4);
  LLVMBuildMemCpy(e->b, to, 4, from, 4, emit_i64(e, bytes));
}

static LLVMValueRef fill_body(Emit *e, const Step *s, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, arena_printf(e->arena, "fill.%s", s->var->name)), true, true);
  emit_for(e, "b", LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), 1, fill_sequence, (void *)s);
  emit_end(e);
  return fn;
}

/* ---- rows ---- */

typedef struct Rows {
  const Group *group;
  int dom;
  LLVMValueRef t;
} Rows;

static void rows_sequence(Emit *e, LLVMValueRef b, void *arg)
{
  Rows *r = arg;
  emit_group(e, r->group, &(Row){r->dom, r->t, b});
}

static void rows_time(Emit *e, LLVMValueRef t, void *arg)
{
  Rows *r = arg;
  r->t = t;
  emit_for(e, "b", emit_i64(e, 0), emit_item_i64(e, emit_field(e, FRAME_LIVE), t), 1, rows_sequence, r);
}

static LLVMValueRef rows_body(Emit *e, const Step *s, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "rows"), true, true);
  Rows r = {&s->group, s->dom, emit_i64(e, 0)};
  LLVMValueRef from = LLVMGetParam(fn, 2), to = LLVMGetParam(fn, 3);
  if (s->dom == DOM_TIME) emit_for(e, "t", from, to, 1, rows_time, &r);
  else if (s->dom == DOM_SEQ) emit_for(e, "b", from, to, 1, rows_sequence, &r);
  else rows_sequence(e, emit_i64(e, 0), &r);
  emit_end(e);
  return fn;
}

/* ---- scans ---- */

typedef struct Scan {
  const Step *step;
  LLVMValueRef from, to, t, rows;
  const Group *group;
} Scan;

static void scan_row(Emit *e, LLVMValueRef b, void *arg)
{
  Scan *s = arg;
  emit_group(e, s->group, &(Row){DOM_TIME, s->t, b});
}

static void scan_time(Emit *e, LLVMValueRef t, void *arg)
{
  Scan *s = arg;
  s->t = t;
  LLVMValueRef live = emit_item_i64(e, emit_field(e, FRAME_LIVE), t);
  LLVMValueRef fewer = LLVMBuildICmp(e->b, LLVMIntSLT, live, s->to, "");
  s->rows = LLVMBuildSelect(e->b, fewer, live, s->to, "rows");
  for (int i = 0; i < s->step->items.n; i++) {
    const Item *item = &s->step->items.at[i];
    if (item->product && e->stream) emit_structured(e, item->product, &(Row){DOM_TIME, t, s->from});
    else if (item->product) emit_scan_product(e, item->product, &(Row){DOM_TIME, t, s->from}, s->rows);
    else {
      s->group = &item->group;
      emit_for(e, "b", s->from, s->rows, 1, scan_row, s);
    }
  }
}

static LLVMValueRef scan_body(Emit *e, const Step *step, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "scan"), true, true);
  Scan s = {.step = step, .from = LLVMGetParam(fn, 2), .to = LLVMGetParam(fn, 3)};
  if (step->direction > 0) emit_for(e, "t", emit_i64(e, 0), emit_field(e, FRAME_T), 1, scan_time, &s);
  else emit_for_down(e, "t", emit_field(e, FRAME_T), scan_time, &s);
  emit_end(e);
  return fn;
}

/* ---- products over all rows ---- */

static LLVMValueRef row_product_body(Emit *e, const Step *s, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "product"), true, true);
  emit_structured(e, s->var, &(Row){s->dom, emit_i64(e, 0), emit_i64(e, 0)});
  emit_end(e);
  return fn;
}

typedef struct Product {
  const Var *v;
  LLVMValueRef full;
} Product;

/* `rows` rows of v from (t, 0) on */
static void product_rows(Emit *e, const Var *v, LLVMValueRef t, LLVMValueRef rows)
{
  const Expr *w = v->rhs->in[0], *x = v->rhs->in[1];
  const Expr *read = x->op == OP_SLICE ? x->in[0] : x;
  Row row = {v->dom, t, emit_i64(e, 0)};
  LLVMValueRef from = emit_place(e, x, &row);
  LLVMValueRef weights = emit_place(e, w, &row);
  LLVMValueRef to = emit_row_address(e, v, READ_REL, 0, &row);
  bool turned = v->rhs->attr[0];
  emit_gemm(e, 0, !turned, rows, emit_i64(e, emit_width(v)), emit_i64(e, shape_count(x->shape)), from,
            emit_stride(e, read->var), weights, w->shape.dim[1], to, emit_stride(e, v), false);
}

static void product_time(Emit *e, LLVMValueRef t, void *arg)
{
  Product *p = arg;
  product_rows(e, p->v, t, emit_item_i64(e, emit_field(e, FRAME_LIVE), t));
}

/* While every sequence is alive its rows are one block of memory; after that, a product a step. */
static void call_product(Emit *e, const Var *v, LLVMValueRef full)
{
  if (!(v->dom & DOM_T)) {
    product_rows(e, v, emit_i64(e, 0), emit_field(e, FRAME_B));
    return;
  }
  product_rows(e, v, emit_i64(e, 0), emit_mul(e, full, emit_field(e, FRAME_B)));
  emit_for(e, "t", full, emit_field(e, FRAME_T), 1, product_time, &(Product){v, full});
}

/* How many steps have the whole batch: live[] falls, the shortest sequence is the last. */
static LLVMValueRef full_steps(Emit *e)
{
  LLVMValueRef last = LLVMBuildNSWSub(e->b, emit_field(e, FRAME_B), emit_i64(e, 1), "");
  return emit_item_i64(e, emit_field(e, FRAME_LEN), last);
}

/* ---- the driver ---- */

typedef struct Body {
  LLVMValueRef fn;
  SumCalls sums;
} Body;

LLVMValueRef emit_program(Emit *e)
{
  const Plan *p = e->plan;
  Body *body = ARENA_ARRAY(e->arena, Body, p->steps.n + 1);
  emit_prepare_products(e);
  for (int i = 0; i < p->steps.n; i++) {
    const Step *s = &p->steps.at[i];
    switch (s->kind) {
    case STEP_FILL: body[i].fn = fill_body(e, s, i); break;
    case STEP_ROWS: body[i].fn = rows_body(e, s, i); break;
    case STEP_SCAN: body[i].fn = scan_body(e, s, i); break;
    case STEP_PRODUCT:
      if (e->stream) body[i].fn = row_product_body(e, s, i);
      break;
    case STEP_SUM: body[i].sums = emit_sum_bodies(e, s, i); break;
    }
  }
  LLVMValueRef fn = emit_begin(e, e->prefix, false, e->stream);
  LLVMValueRef full = e->stream ? NULL : full_steps(e);
  for (int i = 0; i < p->steps.n; i++) {
    const Step *s = &p->steps.at[i];
    switch (s->kind) {
    case STEP_FILL: emit_parallel(e, body[i].fn, emit_field(e, FRAME_B), 64); break;
    case STEP_ROWS:
      if (s->dom == DOM_MODEL) {
        LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->i64};
        LLVMValueRef given[] = {e->frame, LLVMConstNull(e->ptr), emit_i64(e, 0), emit_i64(e, 1)};
        LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, args, 4, 0), body[i].fn, given, 4, "");
      } else
        emit_parallel(e, body[i].fn, emit_field(e, s->dom == DOM_TIME ? FRAME_T : FRAME_B),
                      s->dom == DOM_TIME ? -1 : -8);
      break;
    case STEP_SCAN:
      if (!e->stream) emit_packing(e, s);
      emit_parallel(e, body[i].fn, emit_field(e, FRAME_B), -4);
      break;
    case STEP_PRODUCT:
      if (e->stream) emit_parallel(e, body[i].fn, emit_i64(e, 1), 1);
      else call_product(e, s->var, full);
      break;
    case STEP_SUM: emit_sum_calls(e, &body[i].sums); break;
    }
  }
  emit_end(e);
  return fn;
}

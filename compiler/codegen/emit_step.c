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
  if (e->stream) emit_whole(e, body, n);
  else emit_call(e, "rnn_parallel", (LLVMValueRef[]){e->frame, body, none, n, emit_i64(e, grain)}, 5);
}

void emit_whole(Emit *e, LLVMValueRef body, LLVMValueRef n)
{
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->i64};
  LLVMValueRef given[] = {e->frame, LLVMConstNull(e->ptr), emit_i64(e, 0), n};
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, args, 4, 0), body, given, 4, "");
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

static void fill_row(Emit *e, const Row *row, void *arg)
{
  const Step *s = arg;
  Place at[AXES] = {place_now(s->var, AXIS_T), place_now(s->var, AXIS_S)};
  at[s->bound->axis] = (Place){s->bound->kind, s->bound->offset};
  LLVMValueRef to = emit_row_address(e, s->var, at, row);
  LLVMValueRef from = emit_row_address(e, s->bound->var, NULL, row);
  if (s->bound->carried) {
    LLVMValueRef carried = emit_row_address(e, s->bound->carried, NULL, row), b = row->b[AXIS_T];
    LLVMValueRef at_b = LLVMBuildInBoundsGEP2(e->b, e->f64, emit_field(e, FRAME_FRESH), &b, 1, "");
    LLVMValueRef fresh =
        LLVMBuildFCmp(e->b, LLVMRealUNE, LLVMBuildLoad2(e->b, e->f64, at_b, ""), LLVMConstReal(e->f64, 0), "");
    from = LLVMBuildSelect(e->b, fresh, from, carried, "");
  }
  int64_t bytes = emit_width(s->var) * (s->var->shape.token ? 4 : e->f64_precision ? 8 : 4);
  LLVMBuildMemCpy(e->b, to, 4, from, 4, emit_i64(e, bytes));
}

/* ---- rows ---- */

static void group_row(Emit *e, const Row *row, void *arg) { emit_group(e, arg, row); }

/* FILL, ROWS: parts of the domain's first axis, or of the sequences */
static LLVMValueRef rows_body(Emit *e, const Step *s, int number)
{
  const char *what = s->kind == STEP_FILL ? arena_printf(e->arena, "fill.%s", s->var->name) : "rows";
  LLVMValueRef fn = emit_begin(e, step_name(e, number, what), true, true);
  Nest part = {.from = LLVMGetParam(fn, 2), .to = LLVMGetParam(fn, 3)};
  if (s->kind == STEP_FILL) emit_nest(e, s->dom, &part, fill_row, (void *)s);
  else emit_nest(e, s->dom, &part, group_row, (void *)&s->group);
  emit_end(e);
  return fn;
}

/* ---- scans ---- */

typedef struct Scan {
  const Step *step;
  Nest nest; /* of what runs inside */
} Scan;

static void structured_row(Emit *e, const Row *row, void *arg) { emit_structured(e, arg, row); }

/* One place of the product's other axis, or one sequence with all of it */
static void product_row(Emit *e, const Row *row, void *arg) { emit_scan_product(e, arg, row, emit_i64(e, 1)); }

static bool is_one_block(const Emit *e, const Var *v)
{
  const Expr *x = v->rhs->in[1], *read = x->op == OP_SLICE ? x->in[0] : x;
  return emit_is_block(e, v) && emit_is_block(e, read->var) && read_place(read, AXIS_S).k == 0;
}

/* Rows of one place of the scan lie together, so that the kernel can take all its sequences at once; where they do not,
   it takes them one by one. */
static void scan_product(Emit *e, Var *v, const Nest *n)
{
  if (e->stream) {
    emit_nest(e, v->dom, n, structured_row, v);
    return;
  }
  int left = v->dom & DOM_AXES & ~n->fixed;
  bool together =
      n->fixed == axis_bit(n->order) && (v->dom & DOM_B) && (!left || (n->order == AXIS_T && is_one_block(e, v)));
  if (!together) {
    emit_nest(e, v->dom, n, product_row, v);
    return;
  }
  Row first = emit_row(e, n->order, n->from);
  first.at[n->order] = n->at[n->order];
  LLVMValueRef rows = LLVMBuildNSWSub(e->b, n->to, n->from, "");
  emit_scan_product(e, v, &first, left ? emit_mul(e, rows, emit_field(e, FRAME_S)) : rows);
}

static void scan_place(Emit *e, LLVMValueRef i, void *arg);

static void inner_scan(Emit *e, const Step *step, const Nest *outer)
{
  Scan s = {.step = step, .nest = *outer};
  s.nest.fixed |= axis_bit(step->axis);
  if (!outer->fixed) s.nest.order = step->axis;
  const char *name = e->plan->system->axis[step->axis];
  if (step->direction > 0) emit_for(e, name, emit_i64(e, 0), emit_longest(e, step->axis), 1, scan_place, &s);
  else emit_for_down(e, name, emit_longest(e, step->axis), scan_place, &s);
}

static void scan_place(Emit *e, LLVMValueRef i, void *arg)
{
  Scan *s = arg;
  Nest n = s->nest;
  n.at[s->step->axis] = i;
  if (n.order == s->step->axis && (s->step->dom & DOM_B)) {
    LLVMValueRef live = emit_live(e, n.order, i);
    LLVMValueRef fewer = LLVMBuildICmp(e->b, LLVMIntSLT, live, n.to, "");
    n.to = LLVMBuildSelect(e->b, fewer, live, n.to, "rows");
  }
  for (int k = 0; k < s->step->items.n; k++) {
    const Step *item = &s->step->items.at[k];
    switch (item->kind) {
    case STEP_FILL: emit_nest(e, item->dom, &n, fill_row, (void *)item); break;
    case STEP_ROWS: emit_nest(e, item->dom, &n, group_row, (void *)&item->group); break;
    case STEP_SCAN: inner_scan(e, item, &n); break;
    case STEP_PRODUCT: scan_product(e, item->var, &n); break;
    case STEP_SUM: emit_inner_sum(e, item->var, &n); break;
    }
  }
}

static LLVMValueRef scan_body(Emit *e, const Step *step, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "scan"), true, true);
  inner_scan(e, step, &(Nest){.from = LLVMGetParam(fn, 2), .to = LLVMGetParam(fn, 3)});
  emit_end(e);
  return fn;
}

/* ---- products over all rows ---- */

static LLVMValueRef row_product_body(Emit *e, const Step *s, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "product"), true, true);
  Row first = emit_first_row(e);
  emit_structured(e, s->var, &first);
  emit_end(e);
  return fn;
}

/* `rows` rows of v from `first` on */
static void product_rows(Emit *e, const Var *v, const Row *first, LLVMValueRef rows)
{
  const Expr *w = v->rhs->in[0], *x = v->rhs->in[1];
  const Expr *read = x->op == OP_SLICE ? x->in[0] : x;
  LLVMValueRef from = emit_place(e, x, first);
  LLVMValueRef weights = emit_place(e, w, first);
  LLVMValueRef to = emit_row_address(e, v, NULL, first);
  bool turned = v->rhs->attr[0];
  emit_gemm(e, 0, !turned, rows, emit_i64(e, emit_width(v)), emit_i64(e, shape_count(x->shape)), from,
            emit_stride(e, read->var), weights, w->shape.dim[1], to, emit_stride(e, v), false);
}

/* the rows of one (t, b) of a product over both axes */
static void product_of_sequence(Emit *e, const Row *row, void *arg)
{
  product_rows(e, arg, row, emit_field(e, FRAME_S));
}

static void product_place(Emit *e, LLVMValueRef i, void *arg)
{
  Var *v = arg;
  Axis axis = first_axis(v->dom);
  Row first = emit_first_row(e);
  first.at[axis] = i;
  LLVMValueRef rows = emit_live(e, axis, i);
  product_rows(e, v, &first, (v->dom & DOM_AXES) == DOM_AXES ? emit_mul(e, rows, emit_field(e, FRAME_S)) : rows);
}

/* How many places have the whole batch: live[] falls, the shortest sequence is the last. */
static LLVMValueRef full_places(Emit *e, Axis axis)
{
  LLVMValueRef last = LLVMBuildNSWSub(e->b, emit_field(e, FRAME_B), emit_i64(e, 1), "");
  LLVMValueRef n = emit_item_i64(e, emit_field(e, axis == AXIS_T ? FRAME_LEN : FRAME_LEN2), last);
  if (axis != AXIS_T || !e->plan->windows) return n;
  LLVMValueRef none = emit_i64(e, 0), most = emit_longest(e, axis);
  n = LLVMBuildNSWSub(e->b, n, emit_origin(e, axis), "");
  n = LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, n, none, ""), none, n, "");
  return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, most, n, ""), most, n, "");
}

/* While every sequence is alive its rows are one block of memory; after that, a product a place. */
static void call_product(Emit *e, Var *v)
{
  bool both = (v->dom & DOM_AXES) == DOM_AXES;
  Row first = emit_first_row(e);
  Axis axis = first_axis(v->dom);
  if (both && !is_one_block(e, v)) {
    emit_all(e, v->dom & ~DOM_S, product_of_sequence, v);
    return;
  }
  LLVMValueRef rows = emit_parts(e, v->dom);
  if ((v->dom & DOM_AXES) && (v->dom & DOM_B)) rows = emit_mul(e, full_places(e, axis), emit_field(e, FRAME_B));
  if (both) rows = emit_mul(e, rows, emit_field(e, FRAME_S));
  product_rows(e, v, &first, rows);
  if ((v->dom & DOM_AXES) && (v->dom & DOM_B))
    emit_for(e, e->plan->system->axis[axis], full_places(e, axis), emit_longest(e, axis), 1, product_place, v);
}

/* ---- the driver ---- */

typedef struct Body {
  LLVMValueRef fn;
  SumCalls sums;
} Body;

static void make_body(Emit *e, const Step *s, int number, Body *body)
{
  switch (s->kind) {
  case STEP_FILL:
  case STEP_ROWS: body->fn = rows_body(e, s, number); break;
  case STEP_SCAN: body->fn = scan_body(e, s, number); break;
  case STEP_PRODUCT:
    if (e->stream) body->fn = row_product_body(e, s, number);
    break;
  case STEP_SUM: body->sums = emit_sum_bodies(e, s, number); break;
  }
}

static void call_step(Emit *e, const Step *s, const Body *body)
{
  switch (s->kind) {
  case STEP_FILL: emit_parallel(e, body->fn, emit_parts(e, s->dom), 64); break;
  case STEP_ROWS:
    if (s->dom & (DOM_AXES | DOM_B)) emit_parallel(e, body->fn, emit_parts(e, s->dom), s->dom & DOM_AXES ? -1 : -8);
    else emit_whole(e, body->fn, emit_i64(e, 1));
    break;
  case STEP_SCAN:
    if (!e->stream && !e->plan->phases) emit_packing(e, s);
    if (s->whole || !(s->dom & DOM_B)) emit_whole(e, body->fn, emit_field(e, FRAME_B));
    else emit_parallel(e, body->fn, emit_field(e, FRAME_B), -4);
    break;
  case STEP_PRODUCT:
    if (e->stream) emit_parallel(e, body->fn, emit_i64(e, 1), 1);
    else call_product(e, s->var);
    break;
  case STEP_SUM: emit_sum_calls(e, &body->sums); break;
  }
}

typedef struct Run { /* of steps, those of one phase */
  const Body *body;
  int from, to;
  Phase phase;
} Run;

/* Weights are packed in the first phase of decoding, since they stay the same in all that follow it. */
static void run_phase(Emit *e, const Row *row, void *arg)
{
  (void)row;
  const Run *f = arg;
  for (int i = f->from; i < f->to; i++) {
    const Step *s = &e->plan->steps.at[i];
    if (f->phase == PHASE_ENCODE && s->kind == STEP_SCAN) emit_packing(e, s);
    if (s->phases & phase_bit(f->phase)) call_step(e, s, &f->body[i]);
  }
}

static void call_phase(Emit *e, const Body *body, Phase phase)
{
  LLVMValueRef other = emit_i64(e, phase == PHASE_ENCODE ? PHASE_STEPS : PHASE_ENCODE);
  LLVMValueRef asked = LLVMBuildICmp(e->b, LLVMIntNE, emit_field(e, FRAME_PHASE), other, "");
  emit_when(e, asked, run_phase, NULL, &(Run){body, 0, e->plan->steps.n, phase});
}

/* The bit of the frame's phase among `phases`: does what runs in these run now? */
static LLVMValueRef is_asked(Emit *e, unsigned phases)
{
  LLVMValueRef bits = LLVMBuildLShr(e->b, emit_i64(e, phases), emit_field(e, FRAME_PHASE), "");
  return LLVMBuildTrunc(e->b, bits, e->i1, "");
}

/* Steps that follow each other and run in the same phases stand behind one question. */
static void call_windowed(Emit *e, const Body *body)
{
  const Plan *p = e->plan;
  for (int i = 0, to; i < p->steps.n; i = to) {
    unsigned phases = p->steps.at[i].phases;
    for (to = i + 1; to < p->steps.n && p->steps.at[to].phases == phases;) to++;
    emit_when(e, is_asked(e, phases), run_phase, NULL, &(Run){body, i, to, PHASE_ALL});
  }
}

LLVMValueRef emit_program(Emit *e)
{
  const Plan *p = e->plan;
  Body *body = ARENA_ARRAY(e->arena, Body, p->steps.n + 1);
  emit_prepare_products(e);
  for (int i = 0; i < p->steps.n; i++) make_body(e, &p->steps.at[i], i, &body[i]);
  LLVMValueRef fn = emit_begin(e, e->prefix, false, e->stream);
  if (p->phases) {
    call_phase(e, body, PHASE_ENCODE);
    call_phase(e, body, PHASE_STEPS);
  } else if (p->windows) call_windowed(e, body);
  else
    for (int i = 0; i < p->steps.n; i++) call_step(e, &p->steps.at[i], &body[i]);
  emit_end(e);
  return fn;
}

/* emit_step.c: the plan's steps as functions over parts, and the driver that calls them in order.
   Needs: the plan. A streaming step (e->stream) has one row, T = 1: it calls its bodies directly and no runtime. */
#include "abreast.h"
#include "emit_debug.h"
#include "emit_product.h"
#include "emit_token.h"
#include "emit_wave.h"
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

void emit_parallel_weighed(Emit *e, LLVMValueRef body, LLVMValueRef n, int64_t unit, LLVMValueRef weights)
{
  LLVMValueRef none = LLVMConstNull(e->ptr);
  if (e->stream) emit_whole(e, body, n);
  else emit_call(e, "rnn_parallel_weighed", (LLVMValueRef[]){e->frame, body, none, n, emit_i64(e, unit), weights}, 6);
}

void emit_parallel_domain(Emit *e, LLVMValueRef body, int dom, int64_t unit)
{
  bool shrink = (dom & DOM_AXES) && (dom & DOM_B);
  LLVMValueRef n = emit_parts(e, dom);
  if (shrink) emit_parallel_weighed(e, body, n, 1, emit_field(e, first_axis(dom) == AXIS_T ? FRAME_LIVE : FRAME_LIVE2));
  else emit_parallel(e, body, n, dom & DOM_AXES ? -1 : -unit);
}

void emit_part(Emit *e, LLVMValueRef body, LLVMValueRef arg, LLVMValueRef from, LLVMValueRef to)
{
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->i64};
  LLVMValueRef given[] = {e->frame, arg, from, to};
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, args, 4, 0), body, given, 4, "");
}

void emit_whole(Emit *e, LLVMValueRef body, LLVMValueRef n)
{
  emit_part(e, body, LLVMConstNull(e->ptr), emit_i64(e, 0), n);
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
    LLVMValueRef carried = emit_row_address(e, s->bound->carried, NULL, row);
    from = LLVMBuildSelect(e->b, emit_is_fresh(e, row), from, carried, "");
  }
  emit_debug_at(e, (Span){0});
  LLVMBuildMemCpy(e->b, to, 4, from, 4, emit_i64(e, emit_row_bytes(e, s->var)));
}

/* ---- rows ---- */

static void group_row(Emit *e, const Row *row, void *arg) { emit_group(e, arg, row); }

/* the rows that the function being built is called for */
static Nest part(Emit *e)
{
  if (e->stream) return (Nest){.from = emit_i64(e, 0), .to = emit_i64(e, 1)};
  return (Nest){.from = LLVMGetParam(e->fn, 2), .to = LLVMGetParam(e->fn, 3)};
}

/* FILL, ROWS: parts of the domain's first axis, or of the sequences */
static LLVMValueRef rows_body(Emit *e, const Step *s, int number)
{
  const char *what = s->kind == STEP_FILL ? arena_printf(e->arena, "fill.%s", s->var->name) : "rows";
  LLVMValueRef fn = emit_begin(e, step_name(e, number, what), true, true);
  Nest mine = part(e);
  if (s->kind == STEP_FILL) emit_nest(e, s->dom, &mine, fill_row, (void *)s);
  else emit_nest(e, s->dom, &mine, group_row, (void *)&s->group);
  emit_end(e);
  return fn;
}

/* ---- scans ---- */

typedef struct Scan {
  const Step *step;
  Nest nest;            /* of what runs inside */
  int block;            /* of sequences, 0: all of them at once */
  const Places *places; /* NULL: all */
} Scan;

static void structured_row(Emit *e, const Row *row, void *arg) { emit_structured(e, arg, row); }

/* One place of the product's other axis, or one sequence with all of it */
static void product_row(Emit *e, const Row *row, void *arg) { emit_product(e, arg, row, emit_i64(e, 1)); }

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
      n->fixed == axis_bit(n->order) && (v->dom & DOM_B) && (!left || (n->order == AXIS_T && emit_is_one_block(e, v)));
  if (!together) {
    emit_nest(e, v->dom, n, product_row, v);
    return;
  }
  Row first = emit_row(e, n->order, n->from);
  first.at[n->order] = n->at[n->order];
  LLVMValueRef rows = LLVMBuildNSWSub(e->b, n->to, n->from, "");
  emit_product(e, v, &first, left ? emit_mul(e, rows, emit_field(e, FRAME_S)) : rows);
}

/* How many sequences go through all of a place's items together, so that what one hands to the next is still in the
   nearest cache; 0: all. The weights pass by once a block, so they must be small enough for the second cache. */
static int block_of(const Emit *e, const Step *step)
{
  enum { BLOCK = 16, WEIGHTS = 256 << 10 }; /* sequences; elements */
  int64_t weights = 0;
  if (e->stream || step->whole || !(step->dom & DOM_B)) return 0;
  for (int k = 0; k < step->items.n; k++) {
    const Step *item = &step->items.at[k];
    bool by_sequence = (item->dom & DOM_B) && (item->dom & DOM_AXES) == axis_bit(step->axis);
    if ((item->kind != STEP_ROWS && item->kind != STEP_PRODUCT) || !by_sequence) return 0;
    if (item->kind == STEP_PRODUCT) weights += shape_count(item->var->rhs->in[0]->shape);
  }
  return weights > 0 && weights <= WEIGHTS ? BLOCK : 0;
}

static void scan_place(Emit *e, LLVMValueRef i, void *arg);

static void scan_place_behind(Emit *e, LLVMValueRef i, void *arg)
{
  const Scan *s = arg;
  scan_place(e, emit_add(e, s->places->from, i), arg);
}

static void inner_scan(Emit *e, const Step *step, const Nest *outer, const Places *places)
{
  Scan s = {.step = step, .nest = *outer, .block = outer->fixed ? 0 : block_of(e, step), .places = places};
  s.nest.fixed |= axis_bit(step->axis);
  if (!outer->fixed) s.nest.order = step->axis;
  const char *name = e->plan->system->axis[step->axis];
  if (places && step->direction > 0) emit_for(e, name, places->from, places->to, 1, scan_place, &s);
  else if (places) emit_for_down(e, name, LLVMBuildNSWSub(e->b, places->to, places->from, ""), scan_place_behind, &s);
  else if (step->direction > 0) emit_for(e, name, emit_i64(e, 0), emit_longest(e, step->axis), 1, scan_place, &s);
  else emit_for_down(e, name, emit_longest(e, step->axis), scan_place, &s);
}

static void scan_items(Emit *e, const Step *step, const Nest *n)
{
  for (int k = 0; k < step->items.n; k++) {
    const Step *item = &step->items.at[k];
    switch (item->kind) {
    case STEP_FILL:
      if (!emit_is_in_place(e, item->var, item->bound)) emit_nest(e, item->dom, n, fill_row, (void *)item);
      break;
    case STEP_ROWS: emit_nest(e, item->dom, n, group_row, (void *)&item->group); break;
    case STEP_SCAN: inner_scan(e, item, n, NULL); break;
    case STEP_PRODUCT:
      emit_debug_of(e, item->var);
      scan_product(e, item->var, n);
      break;
    case STEP_SUM:
      emit_debug_of(e, item->var);
      emit_inner_sum(e, item->var, n);
      break;
    }
  }
}

static void scan_block(Emit *e, LLVMValueRef from, void *arg)
{
  const Scan *s = arg;
  Nest n = s->nest;
  n.from = from;
  n.to = emit_least(e, n.to, emit_add(e, from, emit_i64(e, s->block)));
  scan_items(e, s->step, &n);
}

static void scan_place(Emit *e, LLVMValueRef i, void *arg)
{
  Scan *s = arg;
  Nest n = s->nest;
  n.at[s->step->axis] = i;
  if (n.order == s->step->axis && (s->step->dom & DOM_B)) {
    n.to = emit_least(e, emit_live(e, n.order, i), n.to);
  }
  if (!s->block) {
    scan_items(e, s->step, &n);
    return;
  }
  Scan inner = {.step = s->step, .nest = n, .block = s->block};
  emit_for(e, "block", n.from, n.to, s->block, scan_block, &inner);
}

/* The part is one of all sequences' components (calls.def: rnn_parallel_scan), or some sequences with all of theirs. */
static void cut_by_units(Emit *e, const Step *step, Nest *mine)
{
  LLVMValueRef sequences = LLVMBuildIsNull(e->b, LLVMGetParam(e->fn, 1), "sequences");
  LLVMValueRef zero = emit_i64(e, 0), all = emit_i64(e, step->units);
  e->cut.units = step->units;
  e->cut.from = LLVMBuildSelect(e->b, sequences, zero, mine->from, "unit");
  e->cut.to = LLVMBuildSelect(e->b, sequences, all, mine->to, "units");
  mine->from = LLVMBuildSelect(e->b, sequences, mine->from, zero, "from");
  mine->to = LLVMBuildSelect(e->b, sequences, mine->to, emit_field(e, FRAME_B), "to");
}

static LLVMValueRef scan_body(Emit *e, const Step *step, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "scan"), true, true);
  Nest mine = part(e);
  Places places;
  if (step->units > 1 && !e->stream) cut_by_units(e, step, &mine);
  if (step->staged) places = emit_given_places(e);
  inner_scan(e, step, &mine, step->staged ? &places : NULL);
  e->cut.units = 0;
  emit_end(e);
  return fn;
}

/* ---- one product of a streaming step ---- */

static LLVMValueRef row_product_body(Emit *e, const Step *s, int number)
{
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "product"), true, true);
  Row first = emit_first_row(e);
  emit_debug_equation(e, s->var, &first);
  emit_structured(e, s->var, &first);
  emit_end(e);
  return fn;
}

/* ---- the driver ---- */

typedef struct Body {
  LLVMValueRef fn, late; /* late: of a product, the places where not all sequences live */
  LLVMValueRef abreast;  /* of the first of `scans` that may run side by side: those from .. to, each as a whole */
  int scans;
  LLVMValueRef wave; /* of the first of a wave */
  SumCalls sums;
} Body;

/* of the step at s, with `left` steps from it on; returns how many it was, of which the first calls for all */
static int make_body(Emit *e, const Step *s, int left, int number, Body *body)
{
  emit_debug_step(e, s);
  switch (s->kind) {
  case STEP_FILL:
  case STEP_ROWS: body->fn = rows_body(e, s, number); break;
  case STEP_SCAN: body->fn = scan_body(e, s, number); break;
  case STEP_PRODUCT:
    if (e->stream) body->fn = row_product_body(e, s, number);
    else if (!s->library) {
      body->fn = emit_product_body(e, s, step_name(e, number, "product"));
      body->late = emit_product_late_body(e, s, step_name(e, number, "product.late"));
    }
    break;
  case STEP_SUM: return emit_sum_bodies(e, s, left, number, &body->sums);
  }
  return 1;
}

static void call_scan(Emit *e, const Step *s, LLVMValueRef fn)
{
  enum { SEQUENCES = 4 }; /* together in one part */
  LLVMValueRef n = emit_field(e, FRAME_B), length = emit_field(e, s->axis == AXIS_T ? FRAME_LEN : FRAME_LEN2);
  LLVMValueRef unit = emit_i64(e, SEQUENCES), units = emit_i64(e, s->units);
  if (s->units <= 1 || e->stream) emit_parallel_weighed(e, fn, n, SEQUENCES, length);
  else emit_call(e, "rnn_parallel_scan", (LLVMValueRef[]){e->frame, fn, n, unit, length, units}, 6);
}

static void call_step(Emit *e, const Step *s, const Body *body)
{
  if (!e->stream && !e->plan->phases) emit_packing(e, s);
  switch (s->kind) {
  case STEP_FILL:
    if (!emit_is_in_place(e, s->var, s->bound)) emit_parallel(e, body->fn, emit_parts(e, s->dom), 64);
    break;
  case STEP_ROWS:
    if (s->dom & (DOM_AXES | DOM_B)) emit_parallel_domain(e, body->fn, s->dom, 8);
    else emit_whole(e, body->fn, emit_i64(e, 1));
    break;
  case STEP_SCAN:
    if (s->whole || !(s->dom & DOM_B)) emit_whole(e, body->fn, emit_field(e, FRAME_B));
    else call_scan(e, s, body->fn);
    break;
  case STEP_PRODUCT:
    if (e->stream) emit_parallel(e, body->fn, emit_i64(e, 1), 1);
    else if (s->library) emit_product_library(e, s);
    else emit_product_calls(e, s, body->fn, body->late);
    break;
  case STEP_SUM: emit_sum_calls(e, &body->sums); break;
  }
}

/* ---- scans side by side: where there are too few sequences for threads to share one ---- */

enum { FEW_SEQUENCES = 8 };

typedef struct Abreast {
  const Step *steps;
  const Body *body; /* of the first */
  int n;
} Abreast;

static void whole_scan(Emit *e, const Row *row, void *arg)
{
  (void)row;
  emit_whole(e, arg, emit_field(e, FRAME_B));
}

static void scan_number(Emit *e, LLVMValueRef number, void *arg)
{
  const Abreast *a = arg;
  for (int i = 0; i < a->n; i++)
    emit_when(e, LLVMBuildICmp(e->b, LLVMIntEQ, number, emit_i64(e, i), ""), whole_scan, NULL, a->body[i].fn);
}

static void abreast_body(Emit *e, const Uses *use, int first, Body *body)
{
  if (e->plan->steps.at[first].staged) return;
  int n = e->stream || e->plan->phases ? 0 : scans_abreast(e->plan, use, first);
  if (n < 2) return;
  body->scans = n;
  body->abreast = emit_begin(e, step_name(e, first, "abreast"), true, true);
  emit_for(e, "scan", LLVMGetParam(body->abreast, 2), LLVMGetParam(body->abreast, 3), 1, scan_number,
           &(Abreast){.body = body, .n = n});
  emit_end(e);
}

static void at_once(Emit *e, const Row *row, void *arg)
{
  const Abreast *a = arg;
  (void)row;
  for (int i = 0; i < a->n; i++) emit_packing(e, &a->steps[i]);
  emit_parallel(e, a->body->abreast, emit_i64(e, a->n), 1);
}

static void in_turn(Emit *e, const Row *row, void *arg)
{
  const Abreast *a = arg;
  (void)row;
  for (int i = 0; i < a->n; i++) call_step(e, &a->steps[i], &a->body[i]);
}

static void call_abreast(Emit *e, const Step *steps, const Body *body)
{
  Abreast a = {steps, body, body->scans};
  LLVMValueRef few = LLVMBuildICmp(e->b, LLVMIntSLT, emit_field(e, FRAME_B), emit_i64(e, FEW_SEQUENCES), "few");
  emit_when(e, few, at_once, NULL, &a);
  emit_when(e, LLVMBuildNot(e->b, few, "many"), in_turn, NULL, &a);
}

/* ---- a wave: where layers are stacked ---- */

static void wave_body(Emit *e, int first, Body *body)
{
  const Step *steps = &e->plan->steps.at[first];
  WaveStep *wave = ARENA_ARRAY(e->arena, WaveStep, steps->wave + 1);
  for (int i = 0; i < steps->wave; i++) wave[i] = (WaveStep){&steps[i], body[i].fn, body[i].late};
  if (steps->wave) body->wave = emit_wave_body(e, step_name(e, first, "wave"), wave, steps->wave);
}

static void in_stages(Emit *e, const Row *row, void *arg)
{
  const Abreast *a = arg;
  (void)row;
  int stages = 0;
  for (int i = 0; i < a->n; i++) {
    emit_packing(e, &a->steps[i]);
    stages += a->steps[i].kind == STEP_SCAN;
  }
  emit_wave_call(e, a->body->wave, stages);
}

static void call_wave(Emit *e, const Step *steps, const Body *body)
{
  Abreast a = {steps, body, steps->wave};
  LLVMValueRef few = LLVMBuildICmp(e->b, LLVMIntSLT, emit_field(e, FRAME_B), emit_i64(e, FEW_SEQUENCES), "few");
  LLVMValueRef wave = LLVMBuildAnd(e->b, few, emit_wave_pays(e), "wave");
  emit_when(e, wave, in_stages, NULL, &a);
  emit_when(e, LLVMBuildNot(e->b, wave, "in.turn"), in_turn, NULL, &a);
}

/* ---- all steps ---- */

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
  for (int i = f->from, n; i < f->to; i += n) {
    const Step *s = &e->plan->steps.at[i];
    const Body *body = &f->body[i];
    bool abreast = body->scans && body->scans <= f->to - i;
    n = abreast ? body->scans : body->wave ? s->wave : 1;
    if (f->phase == PHASE_ENCODE) emit_packing(e, s);
    if (!(s->phases & phase_bit(f->phase))) continue;
    if (abreast) call_abreast(e, s, body);
    else if (body->wave) call_wave(e, s, body);
    else call_step(e, s, body);
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

/* Steps that follow each other and run in the same phases stand behind one question. Where all run and scans may run
   side by side, which is in other phases seldom in the same, they are called by themselves. */
static void call_windowed(Emit *e, const Body *body)
{
  const Plan *p = e->plan;
  unsigned apart = 0;
  for (int i = 0; i < p->steps.n; i++)
    if (body[i].scans) apart = phase_bit(PHASE_ALL);
  if (apart) emit_when(e, is_asked(e, apart), run_phase, NULL, &(Run){body, 0, p->steps.n, PHASE_ALL});
  for (int i = 0, to; i < p->steps.n; i = to) {
    unsigned phases = p->steps.at[i].phases;
    for (to = i + 1; to < p->steps.n && p->steps.at[to].phases == phases;) to++;
    emit_when(e, is_asked(e, phases & ~apart), run_phase, NULL, &(Run){body, i, to, PHASE_ALL});
  }
}

LLVMValueRef emit_program(Emit *e)
{
  const Plan *p = e->plan;
  Body *body = ARENA_ARRAY(e->arena, Body, p->steps.n + 1);
  emit_prepare_products(e);
  emit_prepare_tokens(e);
  for (int i = 0; i < p->steps.n;) i += make_body(e, &p->steps.at[i], p->steps.n - i, i, &body[i]);
  const Uses *use = plan_uses(p);
  for (int i = 0; i < p->steps.n; i += body[i].scans ? body[i].scans : 1) abreast_body(e, use, i, &body[i]);
  for (int i = 0; i < p->steps.n; i++) wave_body(e, i, &body[i]);
  emit_debug_step(e, NULL);
  LLVMValueRef fn = emit_begin(e, e->prefix, false, e->stream);
  if (p->phases) {
    call_phase(e, body, PHASE_ENCODE);
    call_phase(e, body, PHASE_STEPS);
  } else if (p->windows) call_windowed(e, body);
  else run_phase(e, NULL, &(Run){body, 0, p->steps.n, PHASE_ALL});
  emit_end(e);
  return fn;
}

LLVMValueRef emit_step_alone(Emit *e, const Step *step, int number)
{
  Body body = {0};
  make_body(e, step, 1, number, &body);
  LLVMValueRef fn = emit_begin(e, step_name(e, number, "alone"), false, true);
  call_step(e, step, &body);
  emit_end(e);
  return fn;
}

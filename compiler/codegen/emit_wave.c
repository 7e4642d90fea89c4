/* emit_wave.c: a stage's function goes through the chunks of t in the scans' direction: it waits until the stage before
   has passed a chunk, runs its own steps on it and says so in a counter. Needs: the functions of the steps, which go
   over any range of places, weights packed. Leaves: what is computed, which is the same for any chunks. */
#include "emit_wave.h"
#include "wave.h"

enum {
  CHUNKS = 32, /* the last stage waits for as many of them as there are stages before it */
  LEAST = 16,  /* places: rows enough for a product */
  APART = 8    /* int64_t from one counter to the next: a line of the cache each */
};

typedef struct Wave {
  const WaveStep *steps;
  int n;
  int stages, begin[WAVE_STAGES + 1]; /* the first step of each */
  int stage;                          /* that is being built */
  LLVMValueRef length, chunks;
} Wave;

static LLVMValueRef greatest(Emit *e, LLVMValueRef a, LLVMValueRef b)
{
  return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSGT, a, b, ""), a, b, "");
}

/* int64_t[2] on the stack: what the argument of a staged scan's function points to */
static LLVMValueRef stored_places(Emit *e, Places p)
{
  LLVMValueRef slot = emit_stack(e, e->i64, 2, "places"), one = emit_i64(e, 1);
  LLVMBuildStore(e->b, p.from, slot);
  LLVMBuildStore(e->b, p.to, LLVMBuildInBoundsGEP2(e->b, e->i64, slot, &one, 1, ""));
  return slot;
}

Places emit_given_places(Emit *e)
{
  LLVMValueRef given = LLVMGetParam(e->fn, 1), all = LLVMBuildIsNull(e->b, given, "all.places");
  LLVMValueRef slot = stored_places(e, (Places){emit_i64(e, 0), emit_longest(e, AXIS_T)});
  LLVMValueRef at = LLVMBuildSelect(e->b, all, slot, given, "places");
  LLVMValueRef from = emit_item_i64(e, at, emit_i64(e, 0));
  return (Places){from, emit_item_i64(e, at, emit_i64(e, 1))};
}

/* ---- a step on some places ---- */

/* rows of the block, and behind it places counted from its end (emit_product.h) */
static void run_product(Emit *e, const WaveStep *s, Places p)
{
  LLVMValueRef full = emit_full_places(e, AXIS_T), B = emit_field(e, FRAME_B), none = LLVMConstNull(e->ptr);
  LLVMValueRef from = emit_mul(e, emit_least(e, p.from, full), B), to = emit_mul(e, emit_least(e, p.to, full), B);
  emit_part(e, s->fn, none, from, to);
  if (!s->late) return;
  from = LLVMBuildNSWSub(e->b, greatest(e, p.from, full), full, "");
  to = LLVMBuildNSWSub(e->b, greatest(e, p.to, full), full, "");
  emit_part(e, s->late, none, from, to);
}

static void run_scan(Emit *e, const WaveStep *s, Places p)
{
  LLVMValueRef places = stored_places(e, p);
  emit_part(e, s->fn, places, emit_i64(e, 0), emit_field(e, FRAME_B));
}

static void run_step(Emit *e, const WaveStep *s, Places p)
{
  if (s->step->kind == STEP_PRODUCT) run_product(e, s, p);
  else if (s->step->kind == STEP_SCAN) run_scan(e, s, p);
  else emit_part(e, s->fn, LLVMConstNull(e->ptr), p.from, p.to);
}

/* ---- a stage ---- */

static LLVMValueRef counter(Emit *e, int stage)
{
  LLVMValueRef at = emit_i64(e, stage * APART);
  return LLVMBuildInBoundsGEP2(e->b, e->i64, LLVMGetParam(e->fn, 1), &at, 1, "");
}

static void run_chunk(Emit *e, LLVMValueRef passed, void *arg)
{
  const Wave *w = arg;
  LLVMValueRef next = emit_add(e, passed, emit_i64(e, 1)), chunk = passed;
  if (w->stage > 0) emit_call(e, "rnn_await", (LLVMValueRef[]){counter(e, w->stage - 1), next}, 2);
  if (w->steps[w->n - 1].step->direction < 0) chunk = LLVMBuildNSWSub(e->b, w->chunks, next, "");
  LLVMValueRef from = emit_mul(e, chunk, w->length);
  Places p = {from, emit_least(e, emit_add(e, from, w->length), emit_longest(e, AXIS_T))};
  for (int i = w->begin[w->stage]; i < w->begin[w->stage + 1]; i++) run_step(e, &w->steps[i], p);
  emit_call(e, "rnn_reached", (LLVMValueRef[]){counter(e, w->stage), next}, 2);
}

static void run_stage(Emit *e, const Row *row, void *arg)
{
  const Wave *w = arg;
  (void)row;
  emit_for(e, "chunk", emit_i64(e, 0), w->chunks, 1, run_chunk, arg);
}

static void stage_number(Emit *e, LLVMValueRef number, void *arg)
{
  Wave *w = arg;
  for (w->stage = 0; w->stage < w->stages; w->stage++)
    emit_when(e, LLVMBuildICmp(e->b, LLVMIntEQ, number, emit_i64(e, w->stage), ""), run_stage, NULL, w);
}

static LLVMValueRef round_up_quotient(Emit *e, LLVMValueRef n, LLVMValueRef by)
{
  LLVMValueRef more = LLVMBuildNSWSub(e->b, by, emit_i64(e, 1), "");
  return LLVMBuildSDiv(e->b, emit_add(e, n, more), by, "");
}

LLVMValueRef emit_wave_body(Emit *e, const char *name, const WaveStep *steps, int n)
{
  Wave w = {.steps = steps, .n = n};
  for (int i = 0; i < n; i++)
    if (steps[i].step->kind == STEP_SCAN) w.begin[++w.stages] = i + 1;
  LLVMValueRef fn = emit_begin(e, name, true, true);
  LLVMValueRef T = emit_longest(e, AXIS_T);
  w.length = greatest(e, round_up_quotient(e, T, emit_i64(e, CHUNKS)), emit_i64(e, LEAST));
  w.chunks = round_up_quotient(e, T, w.length);
  emit_for(e, "stage", LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), 1, stage_number, &w);
  emit_end(e);
  return fn;
}

/* ---- in the driver ---- */

LLVMValueRef emit_wave_pays(Emit *e)
{
  LLVMValueRef threads = LLVMBuildIsNotNull(e->b, emit_field(e, FRAME_POOL), "threads");
  LLVMValueRef chunks = LLVMBuildICmp(e->b, LLVMIntSGE, emit_longest(e, AXIS_T), emit_i64(e, 4 * LEAST), "chunks");
  return LLVMBuildAnd(e->b, threads, chunks, "");
}

void emit_wave_call(Emit *e, LLVMValueRef body, int stages)
{
  LLVMValueRef counters = emit_stack(e, e->i64, WAVE_STAGES * APART, "counters");
  LLVMBuildMemSet(e->b, counters, LLVMConstNull(LLVMInt8TypeInContext(e->c)), emit_i64(e, 8 * WAVE_STAGES * APART), 64);
  emit_call(e, "rnn_parallel", (LLVMValueRef[]){e->frame, body, counters, emit_i64(e, stages), emit_i64(e, 1)}, 5);
}

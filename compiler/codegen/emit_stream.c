/* emit_stream.c: the step's frame, built on the stack around memory that the caller owns.

   state: a double that is 0 before the first step | what is carried | earlier inputs | room for intermediate values. Copying it is a
   snapshot. in[] and out[] are in the order of the JSON's step.
   Needs: a plan with T = 1 and B = 1 in mind (emit_program with e->stream). */
#include "emit_stream.h"
#include "describe.h"
#include <assert.h>

typedef struct Room { /* where a buffer starts in the state, or which port it is */
  int64_t at; /* bytes; -1: the caller's own array */
  int port;
  const Var *var; /* of an input or a carry */
} Room;

typedef struct Stream {
  const Compiled *c;
  Room *room; /* by buffer */
  int64_t bytes;
} Stream;

static int64_t element_bytes(const Emit *e, const Buffer *b) { return b->is_int ? 4 : e->f64_precision ? 8 : 4; }

static int64_t buffer_bytes(const Emit *e, const Buffer *b)
{
  return (int64_t)b->width * (b->time ? b->lo + 1 + b->hi : 1) * element_bytes(e, b);
}

static void lay_out(Emit *e, Stream *s)
{
  const Plan *p = e->plan;
  s->room = ARENA_ARRAY(e->arena, Room, p->buffers.n + 1);
  s->bytes = 64;
  for (int i = 0; i < p->buffers.n; i++) s->room[i].port = -1;
  int port = 0;
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *v = p->system->vars.at[i];
    int buffer = plan_of(v)->buffer;
    bool input = v->kind == VAR_INPUT || v->kind == VAR_TARGET;
    bool read = input && (step_reads_now(p->system, v) || step_feeds_back(p->system, v));
    if (buffer < 0 || !(read || v->kind == VAR_CARRY)) continue;
    s->room[buffer].var = v;
    if (read) s->room[buffer].port = port++;
  }
  for (int i = 0; i < p->buffers.n; i++) {
    Room *r = &s->room[i];
    const Buffer *b = &p->buffers.at[i];
    r->at = -1;
    if (r->port >= 0 && b->lo == 0 && b->hi == 0) continue;
    r->at = s->bytes;
    s->bytes += (buffer_bytes(e, b) + 63) / 64 * 64;
  }
}

static LLVMValueRef bytes_at(Emit *e, LLVMValueRef base, int64_t at)
{
  LLVMValueRef index = emit_i64(e, at);
  return LLVMBuildInBoundsGEP2(e->b, LLVMInt8TypeInContext(e->c), base, &index, 1, "");
}

static LLVMValueRef pointer_at(Emit *e, LLVMValueRef table, int i)
{
  LLVMValueRef index = emit_i64(e, i);
  LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, e->ptr, table, &index, 1, "");
  return LLVMBuildLoad2(e->b, e->ptr, at, "");
}

static void set(Emit *e, LLVMValueRef table, LLVMTypeRef type, int i, LLVMValueRef v)
{
  LLVMValueRef index = emit_i64(e, i);
  LLVMBuildStore(e->b, v, LLVMBuildInBoundsGEP2(e->b, type, table, &index, 1, ""));
}

/* An input read at earlier t: its history stands in its buffer's halo, between steps too; the newest element comes in now. A
   feedback's newest is the element before this step's. */
static void take_input(Emit *e, const Stream *s, int i, LLVMValueRef state, LLVMValueRef in, LLVMValueRef first)
{
  const Buffer *b = &e->plan->buffers.at[i];
  const Room *r = &s->room[i];
  int64_t row = b->width * element_bytes(e, b);
  LLVMValueRef base = bytes_at(e, state, r->at);
  if (b->is_int) { /* before the first step there is no symbol: -1 */
    for (int k = 0; k < b->lo; k++) {
      LLVMValueRef at = bytes_at(e, base, k * row);
      LLVMValueRef old = LLVMBuildLoad2(e->b, e->i32, at, "");
      LLVMBuildStore(e->b, LLVMBuildSelect(e->b, first, LLVMConstInt(e->i32, (unsigned)-1, 1), old, ""), at);
    }
  }
  int slot = step_feeds_back(e->plan->system, r->var) ? b->lo - 1 : b->lo;
  LLVMBuildMemCpy(e->b, bytes_at(e, base, slot * row), 4, pointer_at(e, in, r->port), 4, emit_i64(e, row));
}

static void age_input(Emit *e, const Stream *s, int i, LLVMValueRef state)
{
  const Buffer *b = &e->plan->buffers.at[i];
  int64_t row = b->width * element_bytes(e, b);
  LLVMValueRef base = bytes_at(e, state, s->room[i].at);
  LLVMBuildMemMove(e->b, base, 4, bytes_at(e, base, row), 4, emit_i64(e, b->lo * row));
}

/* The next step's places 0, -1, .. */
static void carry_over(Emit *e, const Var *v)
{
  Row row = {DOM_TIME, emit_i64(e, 0), emit_i64(e, 0)};
  LLVMValueRef from = emit_row_address(e, v->carry_of, READ_REL, v->carry_offset, &row);
  LLVMValueRef to = emit_row_address(e, v, READ_PLAIN, 0, &row);
  LLVMBuildMemCpy(e->b, to, 4, from, 4, emit_i64(e, emit_width(v) * (e->f64_precision ? 8 : 4)));
}

LLVMValueRef emit_stream(Emit *e, const Compiled *c, const char *name, int64_t *bytes)
{
  Stream s = {.c = c};
  lay_out(e, &s);
  *bytes = s.bytes;
  LLVMValueRef run = emit_program(e);

  LLVMTypeRef args[] = {e->ptr, e->ptr, e->ptr, e->ptr};
  LLVMValueRef fn = LLVMAddFunction(e->m, name, LLVMFunctionType(e->void_, args, 4, 0));
  target_prepare_function(e->target, fn);
  LLVMValueRef params = LLVMGetParam(fn, 0), state = LLVMGetParam(fn, 1), in = LLVMGetParam(fn, 2), out = LLVMGetParam(fn, 3);
  e->fn = fn;
  LLVMBasicBlockRef entry = emit_block(e, "entry"), body = emit_block(e, "body");
  LLVMPositionBuilderAtEnd(e->b, entry);
  e->entry_end = LLVMBuildBr(e->b, body);
  LLVMPositionBuilderAtEnd(e->b, body);
  LLVMValueRef frame = emit_stack(e, e->ptr, 10, "frame"), table = emit_stack(e, e->ptr, e->plan->buffers.n + 1, "buf");
  LLVMValueRef ones = emit_stack(e, e->i64, 4, "one"), fresh = emit_stack(e, e->f64, 1, "fresh");
  LLVMValueRef begun = LLVMBuildLoad2(e->b, e->f64, state, "begun");
  LLVMValueRef first = LLVMBuildFCmp(e->b, LLVMRealOEQ, begun, LLVMConstReal(e->f64, 0), "first");
  LLVMBuildStore(e->b, LLVMBuildSelect(e->b, first, LLVMConstReal(e->f64, 1), LLVMConstReal(e->f64, 0), ""), fresh);
  LLVMBuildStore(e->b, LLVMConstReal(e->f64, 1), state);
  set(e, ones, e->i64, 0, emit_i64(e, 1)); /* live = len = {1, 0}, ahead = {0} */
  set(e, ones, e->i64, 1, emit_i64(e, 0));
  LLVMValueRef one = ones, none = bytes_at(e, ones, 8);
  LLVMValueRef fields[] = {NULL, NULL, one, one, none, fresh, table, params, LLVMConstNull(e->ptr), LLVMConstNull(e->ptr)};
  set(e, frame, e->i64, FRAME_T, emit_i64(e, 1));
  set(e, frame, e->i64, FRAME_B, emit_i64(e, 1));
  for (int i = FRAME_LIVE; i < 10; i++) set(e, frame, e->ptr, i, fields[i]);
  for (int i = 0; i < e->plan->buffers.n; i++) {
    LLVMValueRef at = s.room[i].at < 0 ? pointer_at(e, in, s.room[i].port) : bytes_at(e, state, s.room[i].at);
    set(e, table, e->ptr, i, at);
    if (s.room[i].port >= 0 && s.room[i].at >= 0) take_input(e, &s, i, state, in, first);
  }
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, &e->ptr, 1, 0), run, &frame, 1, "");

  e->frame = frame; /* addresses below are seen from this function */
  for (int i = 0; i < 16; i++) e->field[i] = NULL;
  for (int i = 0; i < e->plan->buffers.n; i++) e->buffer[i] = s.room[i].at < 0 ? NULL : bytes_at(e, state, s.room[i].at);
  e->field[FRAME_B] = emit_i64(e, 1);
  e->field[FRAME_T] = emit_i64(e, 1);
  e->field[FRAME_LEN] = one;
  int port = 0;
  for (int i = 0; i < e->plan->system->vars.n; i++) {
    const Var *v = e->plan->system->vars.at[i];
    if (!v->output) continue;
    LLVMValueRef from = emit_row_address(e, v, READ_REL, 0, &(Row){v->dom, emit_i64(e, 0), emit_i64(e, 0)});
    LLVMBuildMemCpy(e->b, pointer_at(e, out, port++), 4, from, 4, emit_i64(e, emit_width(v) * (e->f64_precision ? 8 : 4)));
  }
  for (int i = 0; i < e->plan->system->vars.n; i++)
    if (e->plan->system->vars.at[i]->kind == VAR_CARRY) carry_over(e, e->plan->system->vars.at[i]);
  for (int i = 0; i < e->plan->buffers.n; i++)
    if (s.room[i].port >= 0 && s.room[i].at >= 0 && e->plan->buffers.at[i].time) age_input(e, &s, i, state);
  LLVMBuildRetVoid(e->b);
  return fn;
}

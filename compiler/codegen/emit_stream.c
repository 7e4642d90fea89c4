/* emit_stream.c: the streaming step: the frame of a program with one sequence and T = 1, built on the stack around
   memory that the caller owns.

   state: 64 bytes | what is carried | earlier inputs | room for intermediate values. The first eight bytes count the
   steps done, the next eight are levels.c's, then those behind the end. Copying it is a snapshot. in[] and out[] are in
   the order of the JSON's step. Nothing is called, not even memcpy: copies are loops. Needs: a plan for T = 1 and B = 1
   (emit_program with e->stream). */
#include "emit_stream_private.h"
#include "describe.h"
#include "emit_debug.h"
#include <string.h>

enum { STATE_HEAD = 64, STATE_UNIT = 64 };

static int64_t element_bytes(const Emit *e, const Buffer *b) { return b->is_int ? 4 : e->f64_precision ? 8 : 4; }
static int buffer_rows(const Buffer *b) { return b->axis[AXIS_T] ? b->lo[AXIS_T] + 1 + b->hi[AXIS_T] : 1; }

/* ---- layout ---- */

/* What must be there at the next step, before what need not. */
static int kept(const Emit *e, const Room *r, int buffer)
{
  for (int i = 0; i < e->plan->system->vars.n; i++) {
    const Var *v = e->plan->system->vars.at[i];
    if (v->kind == VAR_CARRY && plan_of(v)->buffer == buffer) return 1;
  }
  return r->port >= 0;
}

/* What is carried to a place before the first of v's rows stays there, without a room of its own: found before the
   rooms are laid out, placed behind that. */
static void carried_rooms(Emit *e, Stream *s, bool place)
{
  for (int i = 0; i < e->plan->system->vars.n; i++) {
    const Var *v = e->plan->system->vars.at[i];
    for (int k = 0; k < v->bound.n; k++) {
      const Boundary *b = &v->bound.at[k];
      if (!emit_is_in_place(e, v, b)) continue;
      Room *r = &s->room[plan_of(b->var)->buffer];
      r->within = true;
      if (!place) continue;
      int col, root = plan_of(plan_root_at(v, &col))->buffer;
      const Buffer *rows = &e->plan->buffers.at[root];
      int64_t at = (rows->axis[AXIS_T] ? (int64_t)rows->width * (rows->lo[AXIS_T] + b->offset - 1) : 0) + col;
      r->at = s->room[root].at + at * element_bytes(e, rows);
    }
  }
}

static void lay_out(Emit *e, Stream *s, const System *whole)
{
  const Plan *p = e->plan;
  s->room = ARENA_ARRAY(e->arena, Room, p->buffers.n + 1);
  s->bytes = STATE_HEAD;
  for (int i = 0; i < p->buffers.n; i++) s->room[i] = (Room){.at = -1, .port = -1};
  int port = 0;
  for (int i = 0; i < p->system->vars.n; i++) {
    const Var *v = p->system->vars.at[i];
    StepUse use = step_use(whole, p->system, v);
    if (use == STEP_UNUSED) continue;
    Room *r = &s->room[plan_of(v)->buffer];
    r->port = port++;
    r->feedback = use == STEP_FEEDBACK;
  }
  carried_rooms(e, s, false);
  for (int keep = 1; keep >= 0; keep--)
    for (int i = 0; i < p->buffers.n; i++) {
      Room *r = &s->room[i];
      const Buffer *b = &p->buffers.at[i];
      bool callers_own = r->port >= 0 && buffer_rows(b) == 1;
      if (callers_own || r->within || kept(e, r, i) != keep) continue;
      int64_t bytes = b->width * buffer_rows(b) * element_bytes(e, b);
      r->at = s->bytes;
      s->bytes += (bytes + STATE_UNIT - 1) / STATE_UNIT * STATE_UNIT;
    }
  carried_rooms(e, s, true);
}

/* ---- memory ---- */

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

/* The array of a port: of many sequences, this one's part of it. */
static LLVMValueRef port_at(Emit *e, const Stream *s, LLVMValueRef table, int port, int64_t bytes)
{
  LLVMValueRef at = pointer_at(e, table, port);
  if (!s->index) return at;
  LLVMValueRef offset = emit_mul(e, s->index, emit_i64(e, bytes));
  return LLVMBuildInBoundsGEP2(e->b, LLVMInt8TypeInContext(e->c), at, &offset, 1, "");
}

static void set(Emit *e, LLVMValueRef table, LLVMTypeRef type, int i, LLVMValueRef v)
{
  LLVMValueRef index = emit_i64(e, i);
  LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, type, table, &index, 1, "");
  LLVMBuildStore(e->b, v, at);
}

typedef struct Copy {
  LLVMValueRef to, from;
  LLVMValueRef absent; /* i1: store what stands for no element; NULL: never */
  int lanes;           /* of copy_block */
} Copy;

static void copy_reals(Emit *e, const At *at, void *arg)
{
  Copy *c = arg;
  LLVMValueRef v = emit_load(e, emit_element(e, c->from, at->j), at->lanes);
  if (c->absent) v = LLVMBuildSelect(e->b, c->absent, LLVMConstNull(LLVMTypeOf(v)), v, "");
  emit_store(e, v, emit_element(e, c->to, at->j));
}

static void copy_int(Emit *e, LLVMValueRef i, void *arg)
{
  Copy *c = arg;
  LLVMValueRef from = LLVMBuildInBoundsGEP2(e->b, e->i32, c->from, &i, 1, "");
  LLVMValueRef v = LLVMBuildLoad2(e->b, e->i32, from, "");
  if (c->absent) v = LLVMBuildSelect(e->b, c->absent, LLVMConstInt(e->i32, (unsigned)-1, 1), v, "");
  LLVMValueRef to = LLVMBuildInBoundsGEP2(e->b, e->i32, c->to, &i, 1, "");
  LLVMBuildStore(e->b, v, to);
}

/* n elements in ascending order: `to` may lie below `from` in the same array */
static void copy(Emit *e, bool is_int, int64_t n, Copy c)
{
  if (is_int) emit_for(e, "i", emit_i64(e, 0), emit_i64(e, n), 1, copy_int, &c);
  else if (n > 0) emit_components(e, 1, (int)n, copy_reals, &c);
}

static void copy_variable(Emit *e, const Var *v, LLVMValueRef to, LLVMValueRef from)
{
  copy(e, v->shape.token, emit_width(v), (Copy){.to = to, .from = from});
}

static LLVMValueRef address(Emit *e, const Var *v, int offset)
{
  Place at[AXES] = {place_now(v, AXIS_T)};
  at[AXIS_T].k = offset;
  Row row = emit_first_row(e);
  return emit_row_address(e, v, at, &row);
}

/* ---- inputs with a history ---- */

/* An input read at earlier t: its history stands in its buffer's halo, between steps too; the newest element comes in
   now. A feedback's newest is the element before this step's, of which there is none at the first step. */
static void take_input(Emit *e, const Stream *s, int i)
{
  const Buffer *b = &e->plan->buffers.at[i];
  const Room *r = &s->room[i];
  int64_t row = b->width * element_bytes(e, b);
  LLVMValueRef base = bytes_at(e, s->state, r->at);
  if (b->is_int && b->lo[AXIS_T]) /* before the first step there is no symbol: -1 */
    copy(e, true, (int64_t)b->lo[AXIS_T] * b->width, (Copy){.to = base, .from = base, .absent = s->first});
  LLVMValueRef from = port_at(e, s, s->in, r->port, row),
               to = bytes_at(e, base, (r->feedback ? b->lo[AXIS_T] - 1 : b->lo[AXIS_T]) * row);
  copy(e, b->is_int, b->width, (Copy){.to = to, .from = from, .absent = r->feedback ? s->first : NULL});
}

static void age_input(Emit *e, const Stream *s, int i)
{
  const Buffer *b = &e->plan->buffers.at[i];
  LLVMValueRef base = bytes_at(e, s->state, s->room[i].at), next = bytes_at(e, base, b->width * element_bytes(e, b));
  copy(e, b->is_int, (int64_t)b->lo[AXIS_T] * b->width, (Copy){.to = base, .from = next});
}

/* The next step finds it where this one left it. */
static bool is_one_place(const Emit *e, const Var *carry)
{
  int col, buffer = plan_of(plan_root_at(carry->carry_of, &col))->buffer;
  if (buffer < 0 || e->plan->buffers.at[buffer].axis[AXIS_T]) return false;
  for (int i = 0; i < carry->carry_of->bound.n; i++)
    if (carry->carry_of->bound.at[i].var == carry &&
        emit_is_in_place(e, carry->carry_of, &carry->carry_of->bound.at[i]))
      return true;
  return false;
}

/* What this step's places 0, -1, .. become at the next one. Of a feedback they are known only then: when it has been
 * taken. */
static void carry_over(Emit *e, const Stream *s, bool feedback)
{
  for (int i = e->plan->system->vars.n - 1; i >= 0; i--) { /* the places furthest back, which come last, first */
    const Var *v = e->plan->system->vars.at[i];
    if (v->kind != VAR_CARRY || plan_of(v)->buffer < 0) continue;
    int buffer = plan_of(v->carry_of)->buffer;
    bool late = buffer >= 0 && s->room[buffer].feedback;
    if (late != feedback) continue;
    if (is_one_place(e, v)) continue;
    LLVMValueRef from = address(e, v->carry_of, v->carry_offset - late), to = address(e, v, 0);
    copy_variable(e, v, to, from);
  }
}

/* ---- the function ---- */

static void set_flag(Emit *e, LLVMValueRef fn, LLVMAttributeIndex where, const char *name)
{
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(fn, where, LLVMCreateEnumAttribute(e->c, kind, 0));
}

static void copy_block(Emit *e, LLVMValueRef i, void *arg)
{
  Copy *c = arg;
  LLVMTypeRef type = c->lanes > 1 ? LLVMVectorType(e->i32, (unsigned)c->lanes) : e->i32;
  LLVMValueRef from = LLVMBuildInBoundsGEP2(e->b, e->i32, c->from, &i, 1, "");
  LLVMValueRef v = LLVMBuildLoad2(e->b, type, from, "");
  LLVMSetAlignment(v, 4);
  LLVMValueRef to = LLVMBuildInBoundsGEP2(e->b, e->i32, c->to, &i, 1, "");
  LLVMValueRef store = LLVMBuildStore(e->b, v, to);
  LLVMSetAlignment(store, 4);
}

/* void NAME(to, from, bytes): memcpy for whole words */
static LLVMValueRef copy_function(Emit *e, const char *name)
{
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64};
  LLVMValueRef fn = e->fn = LLVMAddFunction(e->m, name, LLVMFunctionType(e->void_, args, 3, 0));
  LLVMSetLinkage(fn, LLVMInternalLinkage);
  target_prepare_function(e->target, fn);
  emit_debug_no_function(e);
  set_flag(e, fn, 1, "noalias");
  set_flag(e, fn, 2, "noalias");
  LLVMPositionBuilderAtEnd(e->b, emit_block(e, "entry"));
  int lanes = target_lanes(e->target, e->i32);
  LLVMValueRef words = LLVMBuildLShr(e->b, LLVMGetParam(fn, 2), emit_i64(e, 2), "words");
  LLVMValueRef full = LLVMBuildAnd(e->b, words, emit_i64(e, -lanes), "full");
  emit_for(e, "vector", emit_i64(e, 0), full, lanes, copy_block,
           &(Copy){.to = LLVMGetParam(fn, 0), .from = LLVMGetParam(fn, 1), .lanes = lanes});
  emit_for(e, "word", full, words, 1, copy_block,
           &(Copy){.to = LLVMGetParam(fn, 0), .from = LLVMGetParam(fn, 1), .lanes = 1});
  LLVMBuildRetVoid(e->b);
  return fn;
}

static bool is_memcpy(LLVMValueRef call)
{
  if (!LLVMIsACallInst(call)) return false;
  LLVMValueRef callee = LLVMGetCalledValue(call);
  return LLVMIsAFunction(callee) &&
         LLVMGetIntrinsicID(callee) == LLVMLookupIntrinsicID("llvm.memcpy", strlen("llvm.memcpy"));
}

/* A back end makes a call of a large llvm.memcpy: ours is called in its place. */
static void replace_memcpy(Emit *e, LLVMValueRef fn, LLVMValueRef ours)
{
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef next, i = LLVMGetFirstInstruction(b); i; i = next) {
      next = LLVMGetNextInstruction(i);
      if (!is_memcpy(i)) continue;
      LLVMPositionBuilderBefore(e->b, i);
      LLVMValueRef args[] = {LLVMGetOperand(i, 0), LLVMGetOperand(i, 1), LLVMGetOperand(i, 2)};
      LLVMBuildCall2(e->b, LLVMGlobalGetValueType(ours), ours, args, 3, "");
      LLVMInstructionEraseFromParent(i);
    }
}

/* The program's functions have one caller each: inside it T = B = 1 are constants and the frame needs no memory. */
void stream_inline(Emit *e, LLVMValueRef before)
{
  LLVMValueRef first = before ? LLVMGetNextFunction(before) : LLVMGetFirstFunction(e->m);
  LLVMValueRef copy = copy_function(e, arena_printf(e->arena, "%s.copy", e->prefix));
  for (LLVMValueRef fn = first; fn; fn = LLVMGetNextFunction(fn)) {
    if (!LLVMCountBasicBlocks(fn)) continue;
    if (fn != copy) replace_memcpy(e, fn, copy);
    set_flag(e, fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "alwaysinline");
  }
}

/* fresh[0] is 1 at the first step, fresh[1] how many were done before, fresh[2] how many of these, and this one, had no
   inputs any more: an i64 both, a machine without doubles counts too. A step is counted once, as it begins; sets
   s->first. */
static LLVMValueRef fresh_of(Emit *e, Stream *s, bool begins)
{
  LLVMValueRef fresh = emit_stack(e, e->f64, 3, "fresh"), zero = LLVMConstReal(e->f64, 0),
               one = LLVMConstReal(e->f64, 1);
  LLVMValueRef done = LLVMBuildLoad2(e->b, e->i64, s->state, "done");
  LLVMSetAlignment(done, 8);
  if (!begins) done = LLVMBuildSub(e->b, done, emit_i64(e, 1), "before");
  s->first = LLVMBuildICmp(e->b, LLVMIntEQ, done, emit_i64(e, 0), "first");
  set(e, fresh, e->f64, 0, LLVMBuildSelect(e->b, s->first, one, zero, ""));
  set(e, fresh, e->i64, 1, done);
  LLVMValueRef behind = LLVMBuildLoad2(e->b, e->i64, bytes_at(e, s->state, 16), "behind");
  LLVMSetAlignment(behind, 8);
  set(e, fresh, e->i64, 2, behind);
  if (begins) LLVMBuildStore(e->b, LLVMBuildAdd(e->b, done, emit_i64(e, 1), ""), s->state);
  return fresh;
}

LLVMValueRef stream_frame(Emit *e, Stream *s, LLVMValueRef params, LLVMValueRef sums, bool begins)
{
  enum { FIELDS = FRAME_START + 1 };
  LLVMValueRef frame = emit_stack(e, e->i64, FIELDS, "frame");
  LLVMValueRef table = emit_stack(e, e->ptr, e->plan->buffers.n + 1, "buf");
  LLVMValueRef counts = emit_stack(e, e->i64, 2, "counts"); /* live = len = {1, 0}, ahead = {0} */
  LLVMValueRef one = emit_i64(e, 1);
  set(e, counts, e->i64, 0, one);
  set(e, counts, e->i64, 1, emit_i64(e, 0));
  LLVMValueRef field[FIELDS] = {
      [FRAME_T] = one,         [FRAME_B] = one,      [FRAME_LIVE] = counts,
      [FRAME_LEN] = counts,    [FRAME_BUF] = table,  [FRAME_AHEAD] = bytes_at(e, counts, 8),
      [FRAME_PARAMS] = params, [FRAME_GRADS] = sums, /* the others: NULL */
  };
  field[FRAME_FRESH] = fresh_of(e, s, begins);
  for (int i = 0; i < FIELDS; i++) /* eight bytes a field, on any machine: emit.c */
    set(e, frame, e->i64, i, field[i] ? field[i] : LLVMConstNull(e->ptr));
  for (int i = 0; i < e->plan->buffers.n; i++) {
    const Room *r = &s->room[i];
    const Buffer *b = &e->plan->buffers.at[i];
    e->buffer[i] =
        r->at < 0 ? port_at(e, s, s->in, r->port, b->width * element_bytes(e, b)) : bytes_at(e, s->state, r->at);
    set(e, table, e->ptr, i, e->buffer[i]);
  }
  e->frame = frame; /* addresses in this function */
  memset(e->field, 0, sizeof e->field);
  e->field[FRAME_B] = e->field[FRAME_T] = one;
  e->field[FRAME_LEN] = counts;
  e->field[FRAME_PARAMS] = params;
  return frame;
}

void stream_take(Emit *e, const Stream *s)
{
  for (int i = 0; i < e->plan->buffers.n; i++)
    if (s->room[i].port >= 0 && s->room[i].at >= 0) take_input(e, s, i);
  carry_over(e, s, true);
}

void stream_give(Emit *e, const Stream *s)
{
  int port = 0;
  for (int i = 0; i < e->plan->system->vars.n; i++) {
    const Var *v = e->plan->system->vars.at[i];
    if (!v->output) continue;
    LLVMValueRef to = port_at(e, s, s->out, port++, emit_row_bytes(e, v));
    copy_variable(e, v, to, address(e, v, 0));
  }
  carry_over(e, s, false);
  for (int i = 0; i < e->plan->buffers.n; i++)
    if (s->room[i].port >= 0 && s->room[i].at >= 0) age_input(e, s, i);
}

LLVMValueRef stream_begin(Emit *e, const char *name, LLVMTypeRef *args, int n)
{
  LLVMValueRef fn = e->fn = LLVMAddFunction(e->m, name, LLVMFunctionType(e->void_, args, (unsigned)n, 0));
  target_prepare_function(e->target, fn);
  emit_debug_function(e);
  set_flag(e, fn, 1, "noalias"); /* params, state */
  set_flag(e, fn, 2, "noalias");
  LLVMBasicBlockRef entry = emit_block(e, "entry"), body = emit_block(e, "body");
  LLVMPositionBuilderAtEnd(e->b, entry);
  e->entry_end = LLVMBuildBr(e->b, body);
  LLVMPositionBuilderAtEnd(e->b, body);
  return fn;
}

LLVMValueRef emit_stream(Emit *e, const System *whole, const char *name, const char *many, int64_t *bytes)
{
  Stream s = {0};
  lay_out(e, &s, whole);
  *bytes = s.bytes;
  LLVMValueRef before = LLVMGetLastFunction(e->m);
  LLVMValueRef run = emit_program(e);
  stream_inline(e, before);

  LLVMTypeRef args[] = {e->ptr, e->ptr, e->ptr, e->ptr};
  LLVMValueRef fn = stream_begin(e, name, args, 4), params = LLVMGetParam(fn, 0);
  s.state = LLVMGetParam(fn, 1);
  s.in = LLVMGetParam(fn, 2);
  s.out = LLVMGetParam(fn, 3);
  LLVMValueRef frame = stream_frame(e, &s, params, NULL, true);
  stream_take(e, &s);
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, &e->ptr, 1, 0), run, &frame, 1, "");
  stream_give(e, &s);
  LLVMBuildRetVoid(e->b);
  if (many) emit_many(e, &s, many);
  return fn;
}

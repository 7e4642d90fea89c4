/* emit.c: functions, loops, addresses. Knows the frame's layout (rnn_program.h) and where the plan put each variable.
 */
#include "emit.h"
#include "emit_debug.h"
#include "name.h"
#include <assert.h>
#include <string.h>

void emit_init(Emit *e, Arena *a, Target *target, LLVMModuleRef m, const Plan *plan, const char *prefix,
               bool f64_precision, bool stream)
{
  *e = (Emit){.arena = a,
              .target = target,
              .m = m,
              .plan = plan,
              .prefix = prefix,
              .f64_precision = f64_precision,
              .stream = stream};
  e->c = LLVMGetModuleContext(m);
  e->b = LLVMCreateBuilderInContext(e->c);
  e->i1 = LLVMInt1TypeInContext(e->c);
  e->i32 = LLVMInt32TypeInContext(e->c);
  e->i64 = LLVMInt64TypeInContext(e->c);
  e->f64 = LLVMDoubleTypeInContext(e->c);
  e->real = f64_precision ? e->f64 : LLVMFloatTypeInContext(e->c);
  e->ptr = LLVMPointerTypeInContext(e->c, 0);
  e->void_ = LLVMVoidTypeInContext(e->c);
  e->lanes = target_lanes(target, e->real);
  e->math = (MathCtx){.context = e->c,
                      .module = m,
                      .b = e->b,
                      .has_fma = target->has_fma && !(f64_precision && target->no_fma64),
                      .has_round = target->has_round,
                      .no_root32 = target->no_root32,
                      .no_root64 = target->no_root64};
  int vars = plan->system->vars.n, exprs = plan->system->next_id;
  e->buffer = ARENA_ARRAY(a, LLVMValueRef, plan->buffers.n + 1);
  e->row_memory = ARENA_ARRAY(a, LLVMValueRef, vars);
  e->value = ARENA_ARRAY(a, LLVMValueRef, vars);
  e->value_time = ARENA_ARRAY(a, int, vars);
  e->dots = ARENA_ARRAY(a, LLVMValueRef, exprs);
  e->dots_time = ARENA_ARRAY(a, int, exprs);
  e->number = ARENA_ARRAY(a, LLVMValueRef, exprs);
  e->number_time = ARENA_ARRAY(a, int, exprs);
}

void emit_dispose(Emit *e) { LLVMDisposeBuilder(e->b); }

LLVMValueRef emit_i64(Emit *e, int64_t v) { return LLVMConstInt(e->i64, (unsigned long long)v, 1); }
LLVMValueRef emit_real(Emit *e, double v) { return LLVMConstReal(e->real, v); }
LLVMTypeRef emit_vector(Emit *e, LLVMTypeRef element, int lanes)
{
  (void)e;
  return lanes > 1 ? LLVMVectorType(element, (unsigned)lanes) : element;
}

LLVMValueRef emit_splat(Emit *e, LLVMValueRef v, int lanes)
{
  if (lanes <= 1) return v;
  if (LLVMIsConstant(v)) {
    LLVMValueRef all[64];
    for (int i = 0; i < lanes; i++) all[i] = v;
    return LLVMConstVector(all, (unsigned)lanes);
  }
  LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(v), (unsigned)lanes);
  LLVMValueRef one = LLVMBuildInsertElement(e->b, LLVMGetPoison(type), v, LLVMConstInt(e->i32, 0, 0), "");
  return LLVMBuildShuffleVector(e->b, one, LLVMGetPoison(type), LLVMConstNull(LLVMVectorType(e->i32, (unsigned)lanes)),
                                "");
}

static bool is_zero_i64(LLVMValueRef v) { return LLVMIsAConstantInt(v) && LLVMConstIntGetSExtValue(v) == 0; }

LLVMValueRef emit_add(Emit *e, LLVMValueRef a, LLVMValueRef b)
{
  if (is_zero_i64(a)) return b;
  if (is_zero_i64(b)) return a;
  return LLVMBuildNSWAdd(e->b, a, b, "");
}

LLVMValueRef emit_mul(Emit *e, LLVMValueRef a, LLVMValueRef b)
{
  if (is_zero_i64(a) || is_zero_i64(b)) return emit_i64(e, 0);
  return LLVMBuildNSWMul(e->b, a, b, "");
}

LLVMValueRef emit_least(Emit *e, LLVMValueRef a, LLVMValueRef b)
{
  return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, a, b, ""), a, b, "");
}

LLVMBasicBlockRef emit_block(Emit *e, const char *name) { return LLVMAppendBasicBlockInContext(e->c, e->fn, name); }

/* ---- the function being built ---- */

static void begin_body(Emit *e, const char *name, LLVMTypeRef type)
{
  e->fn = LLVMAddFunction(e->m, name, type);
  target_prepare_function(e->target, e->fn);
  LLVMBasicBlockRef entry = emit_block(e, "entry"), body = emit_block(e, "body");
  LLVMPositionBuilderAtEnd(e->b, entry);
  emit_debug_function(e);
  e->entry_end = LLVMBuildBr(e->b, body);
  LLVMPositionBuilderAtEnd(e->b, body);
}

LLVMValueRef emit_begin(Emit *e, const char *name, bool range, bool internal)
{
  LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->i64};
  begin_body(e, name, LLVMFunctionType(e->void_, args, range ? 4 : 1, 0));
  if (internal) LLVMSetLinkage(e->fn, LLVMInternalLinkage);
  e->frame = LLVMGetParam(e->fn, 0);
  memset(e->field, 0, sizeof e->field);
  memset(e->buffer, 0, sizeof *e->buffer * (size_t)(e->plan->buffers.n + 1));
  memset(e->row_memory, 0, sizeof *e->row_memory * (size_t)e->plan->system->vars.n);
  e->row_began = e->loop_began = e->piece_began = ++e->clock;
  return e->fn;
}

LLVMValueRef emit_begin_plain(Emit *e, const char *name, LLVMTypeRef type)
{
  begin_body(e, name, type);
  LLVMSetLinkage(e->fn, LLVMInternalLinkage);
  return e->fn;
}

void emit_end(Emit *e) { LLVMBuildRetVoid(e->b); }

/* Runs `make` with the builder before the entry block's end. */
#define IN_ENTRY(e, result, make)                                                                                      \
  do {                                                                                                                 \
    LLVMBasicBlockRef here = LLVMGetInsertBlock((e)->b);                                                               \
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2((e)->b); /* positioning changes it */                         \
    LLVMPositionBuilderBefore((e)->b, (e)->entry_end);                                                                 \
    (result) = (make);                                                                                                 \
    LLVMPositionBuilderAtEnd((e)->b, here);                                                                            \
    LLVMSetCurrentDebugLocation2((e)->b, place);                                                                       \
  } while (0)

LLVMValueRef emit_stack(Emit *e, LLVMTypeRef type, int64_t count, const char *name)
{
  LLVMValueRef slot;
  IN_ENTRY(e, slot, LLVMBuildArrayAlloca(e->b, type, emit_i64(e, count), name));
  LLVMSetAlignment(slot, 64);
  return slot;
}

static LLVMValueRef load_field(Emit *e, Field f)
{
  static const char *const names[] = {"T",      "B",     "live",  "len",    "ahead", "fresh", "buf",
                                      "params", "grads", "pool",  "start",  "S",     "live2", "len2",
                                      "row2",   "col2",  "phase", "origin", "packed"};
  bool number = f == FRAME_T || f == FRAME_B || f == FRAME_S || f == FRAME_PHASE || f >= FRAME_ORIGIN;
  LLVMValueRef index = emit_i64(e, f); /* every field is 8 bytes: int64_t or a pointer */
  LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, e->i64, e->frame, &index, 1, "");
  return LLVMBuildLoad2(e->b, number ? e->i64 : e->ptr, at, names[f]);
}

LLVMValueRef emit_field(Emit *e, Field f)
{
  if (e->stream && (f == FRAME_T || f == FRAME_B)) return emit_i64(e, 1);
  if (!e->field[f]) IN_ENTRY(e, e->field[f], load_field(e, f));
  return e->field[f];
}

static LLVMValueRef load_buffer(Emit *e, LLVMValueRef table, int n)
{
  LLVMValueRef index = emit_i64(e, n);
  LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, e->ptr, table, &index, 1, "");
  return LLVMBuildLoad2(e->b, e->ptr, at, "");
}

int emit_add_buffer(Emit *e, int64_t count)
{
  Plan *p = (Plan *)e->plan;
  vec_push(e->arena, &p->buffers, ((Buffer){.width = (int)count}));
  e->buffer = ARENA_ARRAY(e->arena, LLVMValueRef, p->buffers.n + 1);
  return p->buffers.n - 1;
}

LLVMValueRef emit_buffer(Emit *e, int n)
{
  if (!e->buffer[n]) {
    LLVMValueRef table = emit_field(e, FRAME_BUF);
    IN_ENTRY(e, e->buffer[n], load_buffer(e, table, n));
  }
  return e->buffer[n];
}

LLVMValueRef emit_item_i64(Emit *e, LLVMValueRef array, LLVMValueRef index)
{
  LLVMValueRef at = LLVMBuildInBoundsGEP2(e->b, e->i64, array, &index, 1, "");
  return LLVMBuildLoad2(e->b, e->i64, at, "");
}

/* ---- loops ---- */

static bool runs_once(LLVMValueRef from, LLVMValueRef to, int64_t step)
{
  if (!LLVMIsAConstantInt(from) || !LLVMIsAConstantInt(to)) return false;
  int64_t n = LLVMConstIntGetSExtValue(to) - LLVMConstIntGetSExtValue(from);
  return n > 0 && n <= step;
}

void emit_for(Emit *e, const char *name, LLVMValueRef from, LLVMValueRef to, int64_t step, EmitBody *body, void *arg)
{
  if (runs_once(from, to, step)) {
    body(e, from, arg);
    return;
  }
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), loop = emit_block(e, name), done = emit_block(e, "done");
  LLVMValueRef any = LLVMBuildICmp(e->b, LLVMIntSLT, from, to, "");
  LLVMBuildCondBr(e->b, any, loop, done);

  LLVMPositionBuilderAtEnd(e->b, loop);
  LLVMValueRef i = LLVMBuildPhi(e->b, e->i64, name);
  body(e, i, arg);
  LLVMValueRef next = LLVMBuildNSWAdd(e->b, i, emit_i64(e, step), "next");
  LLVMValueRef more = LLVMBuildICmp(e->b, LLVMIntSLT, next, to, "more");
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b); /* the body may have added blocks */
  LLVMBuildCondBr(e->b, more, loop, done);
  LLVMAddIncoming(i, (LLVMValueRef[]){from, next}, (LLVMBasicBlockRef[]){before, last}, 2);

  LLVMPositionBuilderAtEnd(e->b, done);
}

void emit_for_down(Emit *e, const char *name, LLVMValueRef count, EmitBody *body, void *arg)
{
  if (runs_once(emit_i64(e, 0), count, 1)) {
    body(e, emit_i64(e, 0), arg);
    return;
  }
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), loop = emit_block(e, name), done = emit_block(e, "done");
  LLVMValueRef any = LLVMBuildICmp(e->b, LLVMIntSGT, count, emit_i64(e, 0), "");
  LLVMBuildCondBr(e->b, any, loop, done);

  LLVMPositionBuilderAtEnd(e->b, loop);
  LLVMValueRef left = LLVMBuildPhi(e->b, e->i64, "left");
  LLVMValueRef i = LLVMBuildNSWSub(e->b, left, emit_i64(e, 1), name);
  body(e, i, arg);
  LLVMValueRef more = LLVMBuildICmp(e->b, LLVMIntSGT, i, emit_i64(e, 0), "more");
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b);
  LLVMBuildCondBr(e->b, more, loop, done);
  LLVMAddIncoming(left, (LLVMValueRef[]){count, i}, (LLVMBasicBlockRef[]){before, last}, 2);

  LLVMPositionBuilderAtEnd(e->b, done);
}

/* ---- addresses ---- */

/* the double as bits: a machine may have none */
LLVMValueRef emit_is_fresh(Emit *e, const Row *row)
{
  LLVMValueRef fresh = emit_item_i64(e, emit_field(e, FRAME_FRESH), row->b[AXIS_T]);
  return LLVMBuildIsNotNull(e->b, fresh, "fresh");
}

Store emit_store_of(const Var *v)
{
  int col;
  return plan_of(plan_root_at(v, &col))->store;
}

bool emit_is_in_place(const Emit *e, const Var *v, const Boundary *b)
{
  return e->stream && v->kind == VAR_COMPUTED && b->var->kind == VAR_CARRY && b->var->carry_of == v &&
         b->kind == FROM_START && b->offset == b->var->carry_offset;
}

int emit_width(const Var *v) { return v->shape.token ? 1 : (int)shape_count(v->shape); }

int64_t emit_row_bytes(const Emit *e, const Var *v)
{
  return emit_width(v) * (v->shape.token ? 4 : e->f64_precision ? 8 : 4);
}

int64_t emit_stride(const Emit *e, const Var *v)
{
  int col;
  const VarPlan *p = plan_of(plan_root_at(v, &col));
  return p->buffer >= 0 ? e->plan->buffers.at[p->buffer].width : emit_width(v);
}

LLVMValueRef emit_longest(Emit *e, Axis axis) { return emit_field(e, axis == AXIS_T ? FRAME_T : FRAME_S); }

LLVMValueRef emit_origin(Emit *e, Axis axis)
{
  return axis == AXIS_T && e->plan->windows ? emit_field(e, FRAME_ORIGIN) : emit_i64(e, 0);
}

LLVMValueRef emit_live(Emit *e, Axis axis, LLVMValueRef place)
{
  if (e->stream) return emit_i64(e, 1);
  return emit_item_i64(e, emit_field(e, axis == AXIS_T ? FRAME_LIVE : FRAME_LIVE2), place);
}

LLVMValueRef emit_length(Emit *e, Axis axis, const Row *row)
{
  if (e->stream) return emit_i64(e, 1);
  return emit_item_i64(e, emit_field(e, axis == AXIS_T ? FRAME_LEN : FRAME_LEN2), row->b[axis]);
}

Row emit_row(Emit *e, Axis order, LLVMValueRef b)
{
  LLVMValueRef zero = emit_i64(e, 0);
  Row row = {{zero, zero}, {b, b}};
  if (!e->plan->system->axis[AXIS_S]) return row;
  row.b[order == AXIS_T ? AXIS_S : AXIS_T] =
      emit_item_i64(e, emit_field(e, order == AXIS_T ? FRAME_ROW2 : FRAME_COL2), b);
  return row;
}

Row emit_first_row(Emit *e)
{
  LLVMValueRef zero = emit_i64(e, 0);
  return (Row){{zero, zero}, {zero, zero}};
}

static LLVMValueRef emit_less(Emit *e, LLVMValueRef a, LLVMValueRef b)
{
  return is_zero_i64(b) ? a : LLVMBuildNSWSub(e->b, a, b, "");
}

/* the index on an axis (from 0) of a read, from the row's */
static LLVMValueRef place_on_axis(Emit *e, const Var *v, Axis axis, Place p, const Row *row)
{
  switch (p.kind) {
  case READ_PLAIN:
  case READ_REL: return emit_add(e, row->at[axis], emit_i64(e, p.k));
  case FROM_START: return emit_less(e, emit_i64(e, p.k - 1), emit_origin(e, axis));
  case FROM_END: {
    LLVMValueRef length = v->dom & DOM_B ? emit_length(e, axis, row) : emit_longest(e, axis);
    return emit_less(e, emit_add(e, length, emit_i64(e, p.k - 1)), emit_origin(e, axis));
  }
  }
  return NULL;
}

/* Elements before row (places, b) of a buffer: rnn_program.h has the layouts. */
static LLVMValueRef row_index(Emit *e, const Var *v, const Buffer *buf, const Place at[AXES], const Row *row)
{
  LLVMValueRef slot[AXES], index = emit_i64(e, 0);
  for (Axis a = 0; a < AXES; a++) {
    Place p = at ? at[a] : (Place){READ_REL, 0};
    if (buf->axis[a]) slot[a] = emit_add(e, place_on_axis(e, v, a, p, row), emit_i64(e, buf->lo[a]));
  }
  bool first = buf->axis[AXIS_T], second = buf->axis[AXIS_S];
  if (first || second) index = slot[first ? AXIS_T : AXIS_S];
  if (buf->batch) {
    index = emit_mul(e, index, emit_field(e, FRAME_B));
    /* the variable's order, also where the buffer has only the batch left of its domain */
    index = emit_add(e, index, row->b[(v->dom & DOM_AXES) == DOM_S ? AXIS_S : AXIS_T]);
  }
  if (!first || !second) return index;
  LLVMValueRef places = emit_add(e, emit_field(e, FRAME_S), emit_i64(e, buf->lo[AXIS_S] + buf->hi[AXIS_S]));
  return emit_add(e, emit_mul(e, index, places), slot[AXIS_S]);
}

bool emit_is_block(const Emit *e, const Var *v)
{
  int col;
  const VarPlan *p = plan_of(plan_root_at(v, &col));
  const Buffer *b = p->buffer >= 0 ? &e->plan->buffers.at[p->buffer] : NULL;
  return !b || !b->axis[AXIS_T] || !b->axis[AXIS_S] || (b->lo[AXIS_S] == 0 && b->hi[AXIS_S] == 0);
}

LLVMValueRef emit_row_address(Emit *e, const Var *v, const Place at[AXES], const Row *row)
{
  int col;
  const Var *root = plan_root_at(v, &col);
  const VarPlan *p = plan_of(root);
  LLVMTypeRef element = v->shape.token ? e->i32 : e->real;
  LLVMValueRef base = NULL, index = NULL;
  switch (p->store) {
  case STORE_PARAM:
  case STORE_GRAD:
    base = emit_field(e, p->store == STORE_PARAM ? FRAME_PARAMS : FRAME_GRADS);
    index = emit_i64(e, p->offset);
    break;
  case STORE_ROW:
    if (!e->row_memory[root->id]) e->row_memory[root->id] = emit_stack(e, e->real, emit_width(root), root->name);
    base = e->row_memory[root->id];
    index = emit_i64(e, col);
    break;
  case STORE_NONE: assert(!"a value in registers has no address"); break;
  case STORE_BATCH:
  case STORE_BUFFER: {
    const Buffer *buf = &e->plan->buffers.at[p->buffer];
    base = emit_buffer(e, p->buffer);
    index = emit_mul(e, row_index(e, v, buf, at, row), emit_i64(e, buf->width));
    index = emit_add(e, index, emit_i64(e, col));
    break;
  }
  }
  return is_zero_i64(index) ? base : LLVMBuildInBoundsGEP2(e->b, element, base, &index, 1, "");
}

LLVMValueRef emit_element(Emit *e, LLVMValueRef base, LLVMValueRef index)
{
  return is_zero_i64(index) ? base : LLVMBuildInBoundsGEP2(e->b, e->real, base, &index, 1, "");
}

LLVMValueRef emit_place(Emit *e, const Expr *place, const Row *row)
{
  const Expr *read = place_source(place);
  Place place_of[AXES] = {read_place(read, AXIS_T), read_place(read, AXIS_S)};
  LLVMValueRef at = emit_row_address(e, read->var, place_of, row);
  if (place->op != OP_SLICE) return at;
  int64_t unit = place->shape.rank == 2 ? place->shape.dim[1] : 1;
  return emit_element(e, at, emit_i64(e, place->attr[0] * unit));
}

LLVMValueRef emit_load(Emit *e, LLVMValueRef address, int lanes)
{
  LLVMValueRef v = LLVMBuildLoad2(e->b, emit_vector(e, e->real, lanes), address, "");
  LLVMSetAlignment(v, e->f64_precision ? 8 : 4);
  return v;
}

void emit_store(Emit *e, LLVMValueRef value, LLVMValueRef address)
{
  LLVMValueRef s = LLVMBuildStore(e->b, value, address);
  LLVMSetAlignment(s, e->f64_precision ? 8 : 4);
}

LLVMValueRef emit_token(Emit *e, const Expr *read, const Row *row)
{
  LLVMValueRef at = emit_place(e, read, row);
  LLVMValueRef id = LLVMBuildLoad2(e->b, e->i32, at, "token");
  return LLVMBuildSExt(e->b, id, e->i64, "");
}

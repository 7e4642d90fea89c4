/* emit_tree.c: the value of an elementwise tree at some components of one row. Operators by a switch over the table's
   rows; transcendental ones by math.h. Numbers inside a tree over vectors are computed before the loop (emit_numbers)
   and spread over the lanes. */
#include "emit.h"
#include "name.h"
#include "walk.h"
#include <assert.h>

/* a * b + c may become one rounding; nothing else is relaxed */
static LLVMValueRef contract(LLVMValueRef v)
{
  if (LLVMIsAInstruction(v) && LLVMCanValueUseFastMathFlags(v)) LLVMSetFastMathFlags(v, LLVMFastMathAllowContract);
  return v;
}

static LLVMValueRef as_real(Emit *e, LLVMValueRef truth, int lanes)
{
  return LLVMBuildSelect(e->b, truth, emit_splat(e, emit_real(e, 1), lanes), emit_splat(e, emit_real(e, 0), lanes), "");
}

static LLVMRealPredicate predicate(Op op)
{
  switch (op) {
  case OP_LT: return LLVMRealOLT;
  case OP_LE: return LLVMRealOLE;
  case OP_GT: return LLVMRealOGT;
  case OP_GE: return LLVMRealOGE;
  case OP_EQ: return LLVMRealOEQ;
  case OP_NE: return LLVMRealUNE;
  default: return LLVMRealPredicateFalse;
  }
}

/* x != 0, as bits: a comparison is used as it is */
static LLVMValueRef truth(Emit *e, const Expr *x, const Row *row, const At *at)
{
  if (x->shape.rank == 0 && at->lanes > 1) {
    LLVMValueRef one = emit_number(e, x, row);
    LLVMValueRef bit = LLVMBuildFCmp(e->b, LLVMRealUNE, one, emit_real(e, 0), "");
    return emit_splat(e, bit, at->lanes);
  }
  if (predicate(x->op) != LLVMRealPredicateFalse) {
    LLVMValueRef a = emit_tree(e, x->in[0], row, at);
    LLVMValueRef b = emit_tree(e, x->in[1], row, at);
    return LLVMBuildFCmp(e->b, predicate(x->op), a, b, "");
  }
  if (x->op == OP_AND || x->op == OP_OR) {
    LLVMValueRef a = truth(e, x->in[0], row, at);
    LLVMValueRef b = truth(e, x->in[1], row, at);
    return x->op == OP_AND ? LLVMBuildAnd(e->b, a, b, "") : LLVMBuildOr(e->b, a, b, "");
  }
  if (x->op == OP_IS_NUMBER) {
    LLVMValueRef a = emit_tree(e, x->in[0], row, at);
    return LLVMBuildFCmp(e->b, LLVMRealORD, a, a, "");
  }
  if (x->op == OP_NOT) return LLVMBuildNot(e->b, truth(e, x->in[0], row, at), "");
  LLVMValueRef v = emit_tree(e, x, row, at);
  return LLVMBuildFCmp(e->b, LLVMRealUNE, v, emit_splat(e, emit_real(e, 0), at->lanes), "");
}

/* the same for all components */
static bool is_number(const Expr *x) { return x->shape.rank == 0 || (x->op == OP_BCAST && x->in[0]->shape.rank == 0); }

static LLVMValueRef emit_operator(Emit *e, const Expr *x, const Row *row, const At *at)
{
  int lanes = at->lanes;
  if (predicate(x->op) != LLVMRealPredicateFalse || x->op == OP_AND || x->op == OP_OR || x->op == OP_NOT ||
      x->op == OP_IS_NUMBER)
    return as_real(e, truth(e, x, row, at), lanes);
  if (x->op == OP_WHERE) {
    LLVMValueRef bit = truth(e, x->in[0], row, at);
    LLVMValueRef yes = emit_tree(e, x->in[1], row, at);
    LLVMValueRef no = emit_tree(e, x->in[2], row, at);
    return LLVMBuildSelect(e->b, bit, yes, no, "");
  }
  if (x->op == OP_DIV && lanes > 1 && is_number(x->in[1])) { /* one division before the loop, for all components */
    LLVMValueRef a = emit_tree(e, x->in[0], row, at);
    const Expr *number = x->in[1]->op == OP_BCAST ? x->in[1]->in[0] : x->in[1];
    LLVMValueRef inverse = LLVMBuildFDiv(e->b, emit_real(e, 1), emit_number(e, number, row), "");
    return contract(LLVMBuildFMul(e->b, a, emit_splat(e, inverse, lanes), ""));
  }
  LLVMValueRef in[3] = {0};
  for (int i = 0; i < x->nin; i++) in[i] = emit_tree(e, x->in[i], row, at);
  LLVMValueRef zero = emit_splat(e, emit_real(e, 0), lanes);
  switch (x->op) {
  case OP_ADD: return contract(LLVMBuildFAdd(e->b, in[0], in[1], ""));
  case OP_SUB: return contract(LLVMBuildFSub(e->b, in[0], in[1], ""));
  case OP_MUL: return contract(LLVMBuildFMul(e->b, in[0], in[1], ""));
  case OP_DIV: return LLVMBuildFDiv(e->b, in[0], in[1], "");
  case OP_NEG: return LLVMBuildFNeg(e->b, in[0], "");
  case OP_ABS: return math_abs(&e->math, in[0]);
  case OP_MIN: return LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOLT, in[0], in[1], ""), in[0], in[1], "");
  case OP_MAX: return LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOGT, in[0], in[1], ""), in[0], in[1], "");
  case OP_RELU: return LLVMBuildSelect(e->b, LLVMBuildFCmp(e->b, LLVMRealOGT, in[0], zero, ""), in[0], zero, "");
  case OP_SIGN: {
    LLVMValueRef up = as_real(e, LLVMBuildFCmp(e->b, LLVMRealOGT, in[0], zero, ""), lanes);
    LLVMValueRef down = as_real(e, LLVMBuildFCmp(e->b, LLVMRealOLT, in[0], zero, ""), lanes);
    return LLVMBuildFSub(e->b, up, down, "");
  }
  default: {
    LLVMValueRef v = math_op(&e->math, x->op, in);
    assert(v);
    return v;
  }
  }
}

/* is the place on the axis inside what the data holds? */
static LLVMValueRef is_held(Emit *e, Axis axis, Place p, const Row *row)
{
  LLVMValueRef len = emit_length(e, axis, row), end = len;
  if (axis == AXIS_T) end = emit_add(e, len, emit_item_i64(e, emit_field(e, FRAME_AHEAD), row->b[AXIS_T]));
  LLVMValueRef here = emit_add(e, row->at[axis], emit_origin(e, axis));
  LLVMValueRef at = p.kind == READ_REL     ? emit_add(e, here, emit_i64(e, p.k))
                    : p.kind == FROM_START ? emit_i64(e, p.k - 1)
                                           : emit_add(e, len, emit_i64(e, p.k - 1));
  LLVMValueRef after = LLVMBuildICmp(e->b, LLVMIntSGE, at, emit_i64(e, 0), "");
  LLVMValueRef before = LLVMBuildICmp(e->b, LLVMIntSLT, at, end, "");
  return LLVMBuildAnd(e->b, after, before, "");
}

static LLVMValueRef emit_observed(Emit *e, const Expr *read, const Row *row)
{
  if (read->shape.token) {
    LLVMValueRef id = emit_token(e, read, row);
    return LLVMBuildICmp(e->b, LLVMIntSGE, id, emit_i64(e, 0), "");
  }
  LLVMValueRef held = LLVMConstInt(e->i1, 1, 0);
  for (Axis a = 0; a < AXES; a++) {
    Place p = read_place(read, a);
    if (p.kind != READ_PLAIN) held = LLVMBuildAnd(e->b, held, is_held(e, a, p, row), "");
  }
  return held;
}

static LLVMValueRef is_at(Emit *e, const Expr *x, const Row *row)
{
  Axis axis = x->attr[2];
  LLVMValueRef place = emit_i64(e, x->attr[1] - 1);
  if (x->attr[0] == FROM_END) place = emit_add(e, emit_length(e, axis, row), place);
  return LLVMBuildICmp(e->b, LLVMIntEQ, emit_add(e, row->at[axis], emit_origin(e, axis)), place, "");
}

/* An i64 that is no larger than an i32 for certain: narrow machines call no function. */
static LLVMValueRef small_real(Emit *e, LLVMValueRef n)
{
  return LLVMBuildSIToFP(e->b, LLVMBuildTrunc(e->b, n, e->i32, ""), e->real, "");
}

/* n >= 0. On a 32-bit machine by halves. */
static LLVMValueRef count_real(Emit *e, LLVMValueRef n)
{
  if (LLVMPointerSize(e->target->layout) > 4) return LLVMBuildSIToFP(e->b, n, e->real, "");
  LLVMValueRef high = small_real(e, LLVMBuildLShr(e->b, n, emit_i64(e, 32), ""));
  LLVMValueRef low = LLVMBuildUIToFP(e->b, LLVMBuildTrunc(e->b, n, e->i32, ""), e->real, "");
  high = LLVMBuildFMul(e->b, high, emit_real(e, 4294967296.0), "");
  return LLVMBuildFAdd(e->b, high, low, "");
}

/* fresh[i] of a streaming step: emit_stream.c */
static LLVMValueRef stream_count(Emit *e, int i)
{
  return emit_item_i64(e, emit_field(e, FRAME_FRESH), emit_i64(e, i));
}

LLVMValueRef emit_steps_before(Emit *e, const Row *row)
{
  if (!e->stream)
    return emit_add(e, emit_item_i64(e, emit_field(e, FRAME_START), row->b[AXIS_T]), emit_origin(e, AXIS_T));
  return stream_count(e, 1);
}

/* A leaf of rank 0. */
static LLVMValueRef number_leaf(Emit *e, const Expr *x, const Row *row)
{
  switch (x->op) {
  case OP_CONST: return emit_real(e, x->value);
  case OP_TIME: {
    LLVMValueRef number = emit_add(e, row->at[x->attr[0]], emit_i64(e, 1));
    return count_real(e, x->attr[0] == AXIS_T ? emit_add(e, number, emit_steps_before(e, row)) : number);
  }
  case OP_LENGTH: return count_real(e, emit_length(e, x->attr[0], row));
  case OP_LIVE: return count_real(e, emit_live(e, x->attr[0], row->at[x->attr[0]]));
  case OP_BATCH: return count_real(e, emit_field(e, FRAME_B));
  case OP_BEHIND: return e->stream ? small_real(e, stream_count(e, 2)) : emit_real(e, 0);
  case OP_FRESH: return as_real(e, emit_is_fresh(e, row), 1);
  case OP_INDEX: return small_real(e, emit_token(e, x->in[0], row));
  case OP_OBSERVED: return as_real(e, emit_observed(e, x->in[0], row), 1);
  case OP_AT: {
    LLVMValueRef v = emit_number(e, x->in[0], row);
    return LLVMBuildSelect(e->b, is_at(e, x, row), v, emit_real(e, 0), "");
  }
  default: assert(is_place(x)); return emit_load(e, emit_place(e, x, row), 1);
  }
}

static bool in_registers(Emit *e, const Expr *x)
{
  if (x->op != OP_READ || !read_is_now(x) || !x->var->rhs) return false;
  int made = e->value_time[x->var->id];
  return made && made >= (x->shape.rank == 0 ? e->row_began : e->piece_began);
}

LLVMValueRef emit_number(Emit *e, const Expr *x, const Row *row)
{
  assert(x->shape.rank == 0);
  if (in_registers(e, x)) return e->value[x->var->id];
  if (e->number_time[x->id] >= e->loop_began && e->number_time[x->id]) return e->number[x->id];
  if (x->op == OP_BCAST) return emit_number(e, x->in[0], row);
  At one = {emit_i64(e, 0), emit_i64(e, 0), 1, 0};
  return op_is_ew(x) ? emit_operator(e, x, row, &one) : number_leaf(e, x, row);
}

void emit_numbers(Emit *e, const Expr *x, const Row *row)
{
  if (x->shape.rank == 0) {
    if (x->op == OP_CONST || in_registers(e, x) || (e->number_time[x->id] && e->number_time[x->id] >= e->loop_began))
      return;
    LLVMValueRef v = emit_number(e, x, row);
    e->number[x->id] = v;
    e->number_time[x->id] = ++e->clock;
    return;
  }
  if (op_is_ew(x) || x->op == OP_BCAST)
    for (int i = 0; i < x->nin; i++) emit_numbers(e, x->in[i], row);
}

/* lane numbers j, j+1, .. */
static LLVMValueRef lane_numbers(Emit *e, const At *at)
{
  LLVMValueRef lane[64];
  for (int i = 0; i < at->lanes; i++) lane[i] = emit_i64(e, i);
  if (at->lanes == 1) return at->j;
  return LLVMBuildAdd(e->b, emit_splat(e, at->j, at->lanes), LLVMConstVector(lane, (unsigned)at->lanes), "");
}

static LLVMValueRef shaped_leaf(Emit *e, const Expr *x, const Row *row, const At *at)
{
  switch (x->op) {
  case OP_ONEHOT: {
    LLVMValueRef id = emit_splat(e, emit_token(e, x->in[0], row), at->lanes);
    return as_real(e, LLVMBuildICmp(e->b, LLVMIntEQ, id, lane_numbers(e, at), ""), at->lanes);
  }
  case OP_AT: {
    LLVMValueRef v = emit_tree(e, x->in[0], row, at);
    LLVMValueRef here = emit_splat(e, is_at(e, x, row), at->lanes);
    return LLVMBuildSelect(e->b, here, v, emit_splat(e, emit_real(e, 0), at->lanes), "");
  }
  case OP_OUTER: {
    LLVMValueRef a = emit_load(e, emit_element(e, emit_place(e, x->in[0], row), at->i), 1);
    LLVMValueRef b = emit_load(e, emit_element(e, emit_place(e, x->in[1], row), at->j), at->lanes);
    return contract(LLVMBuildFMul(e->b, emit_splat(e, a, at->lanes), b, ""));
  }
  default: {
    assert(is_place(x));
    LLVMValueRef index = at->j;
    if (x->shape.rank == 2) index = emit_add(e, emit_mul(e, at->i, emit_i64(e, x->shape.dim[1])), index);
    return emit_load(e, emit_element(e, emit_place(e, x, row), index), at->lanes);
  }
  }
}

LLVMValueRef emit_tree(Emit *e, const Expr *x, const Row *row, const At *at)
{
  if (x->shape.rank == 0) return emit_splat(e, emit_number(e, x, row), at->lanes);
  if (in_registers(e, x)) return e->value[x->var->id];
  LLVMValueRef sum = emit_absorbed(e, x, row, at);
  if (sum) return sum;
  if (x->op == OP_BCAST) return emit_splat(e, emit_number(e, x->in[0], row), at->lanes);
  return op_is_ew(x) ? emit_operator(e, x, row, at) : shaped_leaf(e, x, row, at);
}

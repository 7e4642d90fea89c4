/* emit_nest.c: the loops around a row: over the places of the axes and the sequences of the batch. Needs: the frame's
   lengths. A sequence's rows end with it: at a place of an axis the live sequences are the first in that axis's order.
*/
#include "emit.h"

typedef struct Loops {
  int dom;
  const Nest *outer;
  LLVMValueRef at[AXES]; /* of the axes fixed, and those that loops around this one go over */
  int known;             /* which those are */
  Row row;
  Axis axis; /* that the loop being built goes over */
  EmitRow *each;
  void *arg;
} Loops;

static bool remains(const Loops *l, Axis a) { return l->dom & axis_bit(a) & ~l->known; }

void emit_when(Emit *e, LLVMValueRef condition, EmitRow *body, const Row *row, void *arg)
{
  LLVMBasicBlockRef then = emit_block(e, "live"), done = emit_block(e, "done");
  LLVMBuildCondBr(e->b, condition, then, done);
  LLVMPositionBuilderAtEnd(e->b, then);
  body(e, row, arg);
  LLVMBuildBr(e->b, done);
  LLVMPositionBuilderAtEnd(e->b, done);
}

/* ---- rows of a sequence ---- */

static void place_of_sequence(Emit *e, LLVMValueRef i, void *arg)
{
  Loops *l = arg;
  Row row = l->row;
  row.at[l->axis] = i;
  l->each(e, &row, l->arg);
}

/* what is left of the domain, for one sequence; at most one axis */
static void rest_of_sequence(Emit *e, const Row *row, void *arg)
{
  Loops *l = arg;
  l->row = *row;
  for (Axis a = 0; a < AXES; a++)
    if (remains(l, a)) {
      Axis around = l->axis;
      l->axis = a;
      emit_for(e, e->plan->system->axis[a], emit_i64(e, 0), emit_length(e, a, row), 1, place_of_sequence, l);
      l->axis = around;
      return;
    }
  l->each(e, row, l->arg);
}

static Row row_here(Emit *e, const Loops *l, Axis order, LLVMValueRef b)
{
  Row row = emit_row(e, order, b);
  for (Axis a = 0; a < AXES; a++)
    if (l->known & axis_bit(a)) row.at[a] = l->at[a];
  return row;
}

static void each_sequence(Emit *e, LLVMValueRef b, void *arg)
{
  Loops *l = arg;
  Row row = row_here(e, l, l->outer->fixed ? l->outer->order : l->axis, b);
  /* of two scans one inside the other, the inner goes as far as the longest sequence */
  Axis inner = l->outer->order == AXIS_T ? AXIS_S : AXIS_T;
  if (!(l->outer->fixed & axis_bit(inner)) || !(l->dom & axis_bit(inner))) {
    rest_of_sequence(e, &row, l);
    return;
  }
  LLVMValueRef lives = LLVMBuildICmp(e->b, LLVMIntSLT, row.at[inner], emit_length(e, inner, &row), "lives");
  emit_when(e, lives, rest_of_sequence, &row, l);
}

/* ---- places of the domain's first axis ---- */

static void each_place(Emit *e, LLVMValueRef i, void *arg)
{
  Loops *l = arg;
  l->at[l->axis] = i;
  l->known |= axis_bit(l->axis);
  emit_for(e, "b", emit_i64(e, 0), emit_live(e, l->axis, i), 1, each_sequence, l);
  l->known &= ~axis_bit(l->axis);
}

/* without the batch: every place up to the longest sequence's end */
static void each_common_place(Emit *e, LLVMValueRef i, void *arg)
{
  Loops *l = arg;
  Axis here = l->axis;
  l->row.at[here] = i;
  l->known |= axis_bit(here);
  if (here == AXIS_T && remains(l, AXIS_S)) {
    l->axis = AXIS_S;
    emit_for(e, "place", emit_i64(e, 0), emit_longest(e, AXIS_S), 1, each_common_place, l);
    l->axis = here;
  } else l->each(e, &l->row, l->arg);
  l->known &= ~axis_bit(here);
}

static void without_batch(Emit *e, Loops *l)
{
  l->row = emit_first_row(e);
  for (Axis a = 0; a < AXES; a++)
    if (l->known & axis_bit(a)) l->row.at[a] = l->at[a];
  Axis a = remains(l, AXIS_T) ? AXIS_T : AXIS_S;
  if (!remains(l, a)) {
    l->each(e, &l->row, l->arg);
    return;
  }
  l->axis = a;
  bool parts = !l->outer->fixed;
  emit_for(e, "place", parts ? l->outer->from : emit_i64(e, 0), parts ? l->outer->to : emit_longest(e, a), 1,
           each_common_place, l);
}

void emit_nest(Emit *e, int dom, const Nest *outer, EmitRow *each, void *arg)
{
  Loops l = {.dom = dom, .outer = outer, .known = outer->fixed, .each = each, .arg = arg};
  for (Axis a = 0; a < AXES; a++) l.at[a] = outer->at[a];
  if (!(dom & DOM_B)) {
    without_batch(e, &l);
    return;
  }
  l.axis = first_axis(dom);
  if (outer->fixed || !(dom & DOM_AXES)) emit_for(e, "b", outer->from, outer->to, 1, each_sequence, &l);
  else emit_for(e, e->plan->system->axis[l.axis], outer->from, outer->to, 1, each_place, &l);
}

LLVMValueRef emit_parts(Emit *e, int dom)
{
  if (dom & DOM_AXES) return emit_longest(e, first_axis(dom));
  return dom & DOM_B ? emit_field(e, FRAME_B) : emit_i64(e, 1);
}

void emit_all(Emit *e, int dom, EmitRow *each, void *arg)
{
  emit_nest(e, dom, &(Nest){.from = emit_i64(e, 0), .to = emit_parts(e, dom)}, each, arg);
}

/* ---- all rows as blocks of memory ---- */

AllRows emit_all_rows(int dom, bool together)
{
  AllRows a = {.dom = dom, .axis = first_axis(dom), .both = (dom & DOM_AXES) == DOM_AXES};
  a.by_sequence = a.both && !together;
  a.shrink = (dom & DOM_AXES) && (dom & DOM_B) && !a.by_sequence;
  return a;
}

/* live[] falls, so the shortest sequence is the last */
LLVMValueRef emit_full_places(Emit *e, Axis axis)
{
  LLVMValueRef last = LLVMBuildNSWSub(e->b, emit_field(e, FRAME_B), emit_i64(e, 1), "");
  LLVMValueRef n = emit_item_i64(e, emit_field(e, axis == AXIS_T ? FRAME_LEN : FRAME_LEN2), last);
  if (axis != AXIS_T || !e->plan->windows) return n;
  LLVMValueRef none = emit_i64(e, 0), most = emit_longest(e, axis);
  n = LLVMBuildNSWSub(e->b, n, emit_origin(e, axis), "");
  n = LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, n, none, ""), none, n, "");
  return emit_least(e, most, n);
}

LLVMValueRef emit_block_rows(Emit *e, const AllRows *a)
{
  LLVMValueRef rows = emit_parts(e, a->dom);
  if (a->shrink) rows = emit_mul(e, emit_full_places(e, a->axis), emit_field(e, FRAME_B));
  return a->both ? emit_mul(e, rows, emit_field(e, FRAME_S)) : rows;
}

LLVMValueRef emit_place_rows(Emit *e, const AllRows *a, LLVMValueRef at)
{
  LLVMValueRef rows = emit_live(e, a->axis, at);
  return a->both ? emit_mul(e, rows, emit_field(e, FRAME_S)) : rows;
}

/* ---- along an axis, or over the batch, from a row ---- */

static void along_sequence(Emit *e, LLVMValueRef b, void *arg)
{
  Loops *l = arg;
  Row row = row_here(e, l, l->axis, b);
  if ((l->known & DOM_AXES) != DOM_AXES) {
    rest_of_sequence(e, &row, l);
    return;
  }
  LLVMValueRef lives = LLVMBuildICmp(e->b, LLVMIntSLT, row.at[AXIS_S], emit_length(e, AXIS_S, &row), "lives");
  emit_when(e, lives, rest_of_sequence, &row, l);
}

void emit_along(Emit *e, int over, int dom, const Row *row, EmitRow *each, void *arg)
{
  Loops l = {.dom = dom | over, .known = dom & DOM_AXES, .row = *row, .each = each, .arg = arg};
  for (Axis a = 0; a < AXES; a++) l.at[a] = row->at[a];
  if (!(over & DOM_B)) {
    rest_of_sequence(e, row, &l);
    return;
  }
  l.axis = first_axis(dom);
  LLVMValueRef n = dom & DOM_AXES ? emit_live(e, l.axis, row->at[l.axis]) : emit_field(e, FRAME_B);
  emit_for(e, "b", emit_i64(e, 0), n, 1, along_sequence, &l);
}

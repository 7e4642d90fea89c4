/* emit_token.c: `W @ x[t]` of a token is a column of W, its gradient is added to one: both are a row apart in memory,
   element by element. So small weights are copied once a run, turned, and gradients are added up turned and put in
   place at the end. Needs: parameters that lie as [m, V]. Leaves: large vocabularies, of which a batch meets few. */
#include "emit_token.h"

enum { COPIED = 64 << 10, SUMMED = 1 << 20 }; /* elements that cost less to turn than to stride through */

typedef struct Turned {
  const Var *weights;
  const Step *first; /* of the plan, that needs the copy; NULL: these are sums */
  int buffer;
} Turned;

struct Tokens {
  Vec(Turned) list;
};

static bool is_parameter(const Var *v) { return v->kind == VAR_PARAM || v->kind == VAR_STACKED; }

static void note(Emit *e, const Var *weights, const Step *first)
{
  int64_t count = shape_count(weights->shape);
  if (count > (first ? COPIED : SUMMED)) return;
  for (int i = 0; i < e->tokens->list.n; i++) {
    const Turned *t = &e->tokens->list.at[i];
    if (t->weights == weights && !t->first == !first) return;
  }
  vec_push(e->arena, &e->tokens->list, ((Turned){weights, first, emit_add_buffer(e, count)}));
}

static void find_columns(Emit *e, const Step *step, const Step *top)
{
  for (int i = 0; i < step->items.n; i++) find_columns(e, &step->items.at[i], top);
  for (int l = 0; l < step->group.loops.n; l++)
    for (int k = 0; k < step->group.loops.at[l].vars.n; k++) {
      const Expr *x = step->group.loops.at[l].vars.at[k]->rhs;
      if (x->op != OP_MATMUL || x->attr[0] || !x->in[1]->shape.token || x->in[0]->op != OP_READ) continue;
      if (is_parameter(x->in[0]->var) && x->in[0]->shape.rank == 2) note(e, x->in[0]->var, top);
    }
}

static void find_sums(Emit *e, const Step *step)
{
  if (step->kind != STEP_SUM || emit_store_of(step->var) != STORE_GRAD) return;
  const Expr *x = step->var->rhs;
  while (x->op == OP_BSUM || x->op == OP_TSUM) x = x->in[0];
  if (x->op == OP_OUTER && x->in[1]->shape.token) note(e, step->var, NULL);
}

void emit_prepare_tokens(Emit *e)
{
  e->tokens = ARENA_NEW(e->arena, struct Tokens);
  for (int i = 0; !e->stream && i < e->plan->steps.n; i++) {
    find_columns(e, &e->plan->steps.at[i], &e->plan->steps.at[i]);
    find_sums(e, &e->plan->steps.at[i]);
  }
}

bool emit_has_turning(const Emit *e, const Step *step)
{
  for (int i = 0; i < e->tokens->list.n; i++)
    if (e->tokens->list.at[i].first == step) return true;
  return false;
}

/* ---- the copy ---- */

typedef struct Turning {
  LLVMValueRef from, to, v;
  int64_t m, tokens;
} Turning;

static void turn_element(Emit *e, LLVMValueRef i, void *arg)
{
  Turning *t = arg;
  LLVMValueRef w = emit_load(e, emit_element(e, t->from, emit_add(e, emit_mul(e, i, emit_i64(e, t->tokens)), t->v)), 1);
  emit_store(e, w, emit_element(e, t->to, emit_add(e, emit_mul(e, t->v, emit_i64(e, t->m)), i)));
}

static void turn_token(Emit *e, LLVMValueRef v, void *arg)
{
  Turning *t = arg;
  t->v = v;
  emit_for(e, "i", emit_i64(e, 0), emit_i64(e, t->m), 1, turn_element, t);
}

void emit_turning(Emit *e, const Step *step)
{
  Row none = emit_first_row(e);
  for (int i = 0; i < e->tokens->list.n; i++) {
    const Turned *t = &e->tokens->list.at[i];
    if (t->first != step) continue;
    Turning turn = {emit_row_address(e, t->weights, NULL, &none), emit_buffer(e, t->buffer), NULL,
                    t->weights->shape.dim[0], t->weights->shape.dim[1]};
    emit_for(e, "token", emit_i64(e, 0), emit_i64(e, turn.tokens), 1, turn_token, &turn);
  }
}

LLVMValueRef emit_turned(Emit *e, const Expr *weights)
{
  for (int i = 0; weights->op == OP_READ && e->tokens && i < e->tokens->list.n; i++) {
    const Turned *t = &e->tokens->list.at[i];
    if (t->first && t->weights == weights->var) return emit_buffer(e, t->buffer);
  }
  return NULL;
}

/* ---- gradients ---- */

int emit_token_room(const Emit *e, const Var *gradient)
{
  for (int i = 0; i < e->tokens->list.n; i++)
    if (!e->tokens->list.at[i].first && e->tokens->list.at[i].weights == gradient) return e->tokens->list.at[i].buffer;
  return -1;
}

typedef struct Adding {
  const TokenSum *s;
  LLVMValueRef sums, source, from, to, id, at, i;
  int64_t m, tokens;
} Adding;

static void clear_element(Emit *e, LLVMValueRef i, void *arg)
{
  Adding *a = arg;
  emit_store(e, emit_real(e, 0), emit_element(e, a->at, i));
}

static LLVMValueRef row_of(Emit *e, const Adding *a, LLVMValueRef token)
{
  return emit_element(e, a->sums, emit_mul(e, token, emit_i64(e, a->m)));
}

static void clear_token(Emit *e, LLVMValueRef v, void *arg)
{
  Adding *a = arg;
  a->at = row_of(e, a, v);
  emit_for(e, "i", a->from, a->to, 1, clear_element, a);
}

static void add_vector(Emit *e, LLVMValueRef i, void *arg)
{
  Adding *a = arg;
  int lanes = a->m % e->lanes ? 1 : e->lanes; /* parts begin and end at multiples of it */
  LLVMValueRef to = emit_element(e, a->at, i);
  LLVMValueRef g = emit_load(e, emit_element(e, a->source, i), lanes);
  emit_store(e, LLVMBuildFAdd(e->b, emit_load(e, to, lanes), g, ""), to);
}

static void add_symbol(Emit *e, const Row *row, void *arg)
{
  Adding *a = arg;
  a->source = emit_place(e, a->s->vector, row);
  a->at = row_of(e, a, a->id);
  emit_for(e, "i", a->from, a->to, a->m % e->lanes ? 1 : e->lanes, add_vector, a);
}

static void add_row(Emit *e, const Row *row, void *arg)
{
  Adding *a = arg;
  a->id = emit_token(e, a->s->token, row);
  emit_when(e, LLVMBuildICmp(e->b, LLVMIntSGE, a->id, emit_i64(e, 0), ""), add_symbol, row, a);
}

static void place_token(Emit *e, LLVMValueRef v, void *arg)
{
  Adding *a = arg;
  LLVMValueRef to = emit_element(e, a->at, v);
  LLVMValueRef sum = emit_load(e, emit_element(e, row_of(e, a, v), a->i), 1);
  emit_store(e, LLVMBuildFAdd(e->b, emit_load(e, to, 1), sum, ""), to);
}

static void place_row(Emit *e, LLVMValueRef i, void *arg)
{
  Adding *a = arg;
  Row none = emit_first_row(e);
  a->i = i;
  a->at = emit_element(e, emit_row_address(e, a->s->v, NULL, &none), emit_mul(e, i, emit_i64(e, a->tokens)));
  emit_for(e, "token", emit_i64(e, 0), emit_i64(e, a->tokens), 1, place_token, a);
}

void emit_token_sum(Emit *e, const TokenSum *s, int room, LLVMValueRef from, LLVMValueRef to)
{
  Adding a = {.s = s, .sums = emit_buffer(e, room), .from = from, .to = to};
  a.m = s->v->shape.dim[0], a.tokens = s->v->shape.dim[1];
  emit_for(e, "token", emit_i64(e, 0), emit_i64(e, a.tokens), 1, clear_token, &a);
  emit_all(e, s->over, add_row, &a);
  emit_for(e, "i", from, to, 1, place_row, &a);
}

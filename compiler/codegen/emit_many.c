/* emit_many.c: one streaming step of many sequences, each with its own state: the weights are read once for all.

   The plan is that of one sequence. What it does between two products runs for one sequence after the other; a product
   with parameters runs for all, a few rows of weights at a time, and leaves its sums in rows on the stack, where the
   loops that have absorbed it find them. An element is added up in the same order as in a step of one sequence: the
   same bits. Needs: emit_stream.c's state; a machine with vectors. */
#include "emit_stream_private.h"
#include "name.h"
#include <string.h>

enum { CHUNK = 16, FEWEST = 4, SCRATCH = 64 << 10 }; /* sequences at once; bytes of sums */

/* A product for all sequences: rows `first` .. of each term, added up. */
typedef struct Product {
  const Expr *term[DOT_TERMS]; /* a product, or rows of one; NULL: the variable's own */
  int terms, cols;
  const Var *v;                        /* a product that no loop has absorbed */
  int64_t place;                       /* of the sums in a sequence's row of them, in elements */
  LLVMValueRef vectors[DOT_TERMS], to; /* tables: an address a sequence */
} Product;

typedef struct Unit { /* what runs before the next one begins */
  Vec(Product) products;
  LLVMValueRef body; /* void(frame), of one sequence; NULL: the products are all */
} Unit;

typedef struct Many {
  Stream s;
  Vec(Unit) units;
  int64_t row; /* of sums: elements a sequence */
  int chunk;
  LLVMValueRef params, states, sums; /* sums: [chunk][row] */
  LLVMValueRef from, n;              /* the chunk's first sequence, and how many they are */
  Unit *unit;
  Product *product;
} Many;

/* ---- which products ---- */

static const Var *product_of(const Expr *term) { return place_source(term)->var; }

static bool is_of_parameters(const Expr *product)
{
  const Expr *read = place_source(product->in[0]);
  return read->op == OP_READ && emit_store_of(read->var) == STORE_PARAM;
}

/* All sums of a group's loops, or none of them. */
static bool find_products(Emit *e, const Group *g, Unit *unit, int64_t *sums)
{
  int64_t place = 0;
  for (int i = 0; i < g->loops.n; i++) {
    Sums found = emit_sums_of(e, &g->loops.at[i]);
    for (int k = 0; k < found.n; k++) {
      Product p = {.cols = (int)shape_count(found.at[k]->shape), .place = place};
      emit_sum_terms(found.at[k], p.term, &p.terms);
      for (int j = 0; j < p.terms; j++)
        if (!is_of_parameters(product_of(p.term[j])->rhs)) return false;
      sums[found.at[k]->id] = place;
      place += p.cols;
      vec_push(e->arena, &unit->products, p);
    }
  }
  return place > 0;
}

static bool is_plain_product(const Var *v)
{
  const Expr *x = v->rhs;
  return x->op == OP_MATMUL && !x->attr[0] && x->in[0]->shape.rank == 2 && x->in[1]->shape.rank == 1 &&
         !x->in[1]->shape.token && is_of_parameters(x);
}

static void add_unit(Emit *e, Many *m, const Step *step, const Step *item)
{
  Unit unit = {0};
  int64_t *sums = ARENA_ARRAY(e->arena, int64_t, e->plan->system->next_id);
  if (item->kind == STEP_PRODUCT && is_plain_product(item->var)) {
    Product p = {.term = {item->var->rhs}, .terms = 1, .cols = (int)shape_count(item->var->shape), .v = item->var};
    vec_push(e->arena, &unit.products, p);
  } else {
    bool some = item->kind == STEP_ROWS && find_products(e, &item->group, &unit, sums);
    if (!some) unit.products.n = 0;
    e->sums = some ? sums : NULL;
    unit.body = emit_step_alone(e, step, m->units.n);
    e->sums = NULL;
  }
  for (int i = 0; i < unit.products.n; i++) {
    const Product *p = &unit.products.at[i];
    if (!p->v && p->place + p->cols > m->row) m->row = p->place + p->cols;
  }
  vec_push(e->arena, &m->units, unit);
}

/* A scan of one place is its items in their order. */
static void add_units(Emit *e, Many *m)
{
  for (int i = 0; i < e->plan->steps.n; i++) {
    const Step *step = &e->plan->steps.at[i];
    if (step->kind != STEP_SCAN) add_unit(e, m, step, step);
    for (int k = 0; step->kind == STEP_SCAN && k < step->items.n; k++) {
      Step *alone = ARENA_NEW(e->arena, Step);
      *alone = *step;
      alone->items.at = &step->items.at[k];
      alone->items.n = 1;
      add_unit(e, m, alone, &step->items.at[k]);
    }
  }
}

/* ---- a product for all sequences of a chunk ---- */

static LLVMValueRef entry_of(Emit *e, LLVMValueRef table, LLVMValueRef i)
{
  return LLVMBuildInBoundsGEP2(e->b, e->ptr, table, &i, 1, "");
}

static const Expr *matmul_of(const Product *p, int term) { return p->v ? p->v->rhs : product_of(p->term[term])->rhs; }

static LLVMValueRef sums_of(Emit *e, const Many *m, LLVMValueRef sequence)
{
  return emit_element(e, m->sums, emit_mul(e, sequence, emit_i64(e, m->row)));
}

/* The sequence's frame, as it stands between two units. */
static LLVMValueRef frame_of(Emit *e, Many *m, LLVMValueRef sequence, bool begins)
{
  m->s.index = emit_add(e, m->from, sequence);
  LLVMValueRef at = emit_mul(e, m->s.index, emit_i64(e, m->s.bytes));
  m->s.state = LLVMBuildInBoundsGEP2(e->b, LLVMInt8TypeInContext(e->c), m->states, &at, 1, "state");
  LLVMValueRef sums = m->row ? sums_of(e, m, sequence) : NULL;
  return stream_frame(e, &m->s, m->params, sums, begins);
}

/* Where a product's vectors are, and where its sums go. */
static void note_addresses(Emit *e, LLVMValueRef sequence, void *arg)
{
  Many *m = arg;
  frame_of(e, m, sequence, false);
  Row row = emit_first_row(e);
  for (int i = 0; i < m->unit->products.n; i++) {
    Product *p = &m->unit->products.at[i];
    for (int k = 0; k < p->terms; k++)
      LLVMBuildStore(e->b, emit_place(e, matmul_of(p, k)->in[1], &row), entry_of(e, p->vectors[k], sequence));
    LLVMValueRef to =
        p->v ? emit_row_address(e, p->v, NULL, &row) : emit_element(e, sums_of(e, m, sequence), emit_i64(e, p->place));
    LLVMBuildStore(e->b, to, entry_of(e, p->to, sequence));
  }
}

typedef struct Tile {
  Many *m;
  const At *at;
  int sequences;
} Tile;

/* Rows at->j .. of the product, for that many sequences from `first` on. */
static void tile(Emit *e, LLVMValueRef first, void *arg)
{
  const Tile *t = arg;
  const Product *p = t->m->product;
  LLVMValueRef at[DOT_SEQUENCES], out[DOT_SEQUENCES];
  for (int s = 0; s < t->sequences; s++) at[s] = emit_add(e, first, emit_i64(e, s));
  DotTerm term[DOT_TERMS];
  Row row = emit_first_row(e);
  for (int k = 0; k < p->terms; k++) {
    term[k] = emit_term(e, matmul_of(p, k), p->term[k], &row, t->at);
    for (int s = 0; s < t->sequences; s++)
      term[k].vector[s] = LLVMBuildLoad2(e->b, e->ptr, entry_of(e, p->vectors[k], at[s]), "");
  }
  emit_dots_many(e, term, p->terms, t->at->lanes, t->sequences, out);
  for (int s = 0; s < t->sequences; s++) {
    LLVMValueRef to = LLVMBuildLoad2(e->b, e->ptr, entry_of(e, p->to, at[s]), "");
    emit_store(e, out[s], emit_element(e, to, t->at->j));
  }
}

/* By fours, then the two and the one that may be left. */
static void piece(Emit *e, const At *at, void *arg)
{
  Many *m = arg;
  LLVMValueRef from = emit_i64(e, 0);
  for (int size = DOT_SEQUENCES; size >= 1; size /= 2) {
    LLVMValueRef to = LLVMBuildAnd(e->b, m->n, emit_i64(e, -size), "");
    emit_for(e, "tile", from, to, size, tile, &(Tile){m, at, size});
    from = to;
  }
}

/* ---- units ---- */

static void call_body(Emit *e, LLVMValueRef sequence, void *arg)
{
  Many *m = arg;
  LLVMValueRef frame = frame_of(e, m, sequence, false);
  LLVMBuildCall2(e->b, LLVMFunctionType(e->void_, &e->ptr, 1, 0), m->unit->body, &frame, 1, "");
}

static void run_unit(Emit *e, Many *m, Unit *unit)
{
  m->unit = unit;
  for (int i = 0; i < unit->products.n; i++) {
    Product *p = &unit->products.at[i];
    for (int k = 0; k < p->terms; k++) p->vectors[k] = emit_stack(e, e->ptr, m->chunk, "vectors");
    p->to = emit_stack(e, e->ptr, m->chunk, "to");
  }
  if (unit->products.n) emit_for(e, "sequence", emit_i64(e, 0), m->n, 1, note_addresses, m);
  memset(e->field, 0, sizeof e->field); /* of the last sequence's frame */
  e->field[FRAME_PARAMS] = m->params;
  for (int i = 0; i < unit->products.n; i++) {
    m->product = &unit->products.at[i];
    emit_components(e, 1, m->product->cols, piece, m);
  }
  if (unit->body) emit_for(e, "sequence", emit_i64(e, 0), m->n, 1, call_body, m);
}

static void begin_sequence(Emit *e, LLVMValueRef sequence, void *arg)
{
  Many *m = arg;
  frame_of(e, m, sequence, true);
  stream_take(e, &m->s);
}

static void end_sequence(Emit *e, LLVMValueRef sequence, void *arg)
{
  Many *m = arg;
  frame_of(e, m, sequence, false);
  stream_give(e, &m->s);
}

static void chunk(Emit *e, LLVMValueRef from, void *arg)
{
  Many *m = arg;
  LLVMValueRef left = LLVMBuildNSWSub(e->b, LLVMGetParam(e->fn, 2), from, "left");
  m->from = from;
  m->n = emit_least(e, left, emit_i64(e, m->chunk));
  emit_for(e, "sequence", emit_i64(e, 0), m->n, 1, begin_sequence, m);
  for (int i = 0; i < m->units.n; i++) run_unit(e, m, &m->units.at[i]);
  emit_for(e, "sequence", emit_i64(e, 0), m->n, 1, end_sequence, m);
}

/* ELF: a program that does not call it can be linked without it. */
static bool has_sections(const Target *t)
{
  return !strstr(t->triple, "wasm") && !strstr(t->triple, "apple") && !strstr(t->triple, "windows");
}

void emit_many(Emit *e, const Stream *one, const char *name)
{
  Many m = {.s = *one};
  const char *prefix = e->prefix;
  e->prefix = arena_printf(e->arena, "%s_many", prefix);
  LLVMValueRef before = LLVMGetLastFunction(e->m);
  add_units(e, &m);
  stream_inline(e, before);
  int64_t bytes = m.row * (e->f64_precision ? 8 : 4), fit = bytes ? SCRATCH / bytes / FEWEST * FEWEST : CHUNK;
  m.chunk = fit > CHUNK ? CHUNK : fit < FEWEST ? FEWEST : (int)fit;

  LLVMTypeRef args[] = {e->ptr, e->ptr, e->i64, e->ptr, e->ptr};
  LLVMValueRef fn = stream_begin(e, name, args, 5);
  if (has_sections(e->target)) LLVMSetSection(fn, arena_printf(e->arena, ".text.%s", name)); /* to be left out */
  m.params = LLVMGetParam(fn, 0);
  m.states = LLVMGetParam(fn, 1);
  m.s.in = LLVMGetParam(fn, 3);
  m.s.out = LLVMGetParam(fn, 4);
  if (m.row) m.sums = emit_stack(e, e->real, m.row * m.chunk, "sums");
  emit_for(e, "chunk", emit_i64(e, 0), LLVMGetParam(fn, 2), m.chunk, chunk, &m);
  LLVMBuildRetVoid(e->b);
  e->prefix = prefix;
}

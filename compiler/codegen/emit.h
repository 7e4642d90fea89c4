/* emit.h: what the emitters share: the function being built, where variables are, and small builders.

   Every LLVMBuild* with a side effect is a statement of its own: C does not fix the order in which arguments are
   evaluated. */
#ifndef RNNC_EMIT_H
#define RNNC_EMIT_H
#include "inline_math.h"
#include "plan.h"
#include "target.h"

/* The row being computed: its place on each axis (from 0), and which sequence it is in the order of each axis, as far
   as it varies over them. */
typedef struct Row {
  LLVMValueRef at[AXES], b[AXES];
} Row;

/* Which component of the loop's shape: row i, columns j .. j + lanes - 1. */
typedef struct At {
  LLVMValueRef i, j;
  int lanes;
  int chain; /* which of the vectors of one turn of the loop: sums that need not wait for each other */
} At;

/* frame fields, in the order of RnnFrame */
typedef enum Field {
  FRAME_T,
  FRAME_B,
  FRAME_LIVE,
  FRAME_LEN,
  FRAME_AHEAD,
  FRAME_FRESH,
  FRAME_BUF,
  FRAME_PARAMS,
  FRAME_GRADS,
  FRAME_POOL,
  FRAME_START,
  FRAME_S,
  FRAME_LIVE2,
  FRAME_LEN2,
  FRAME_ROW2,
  FRAME_COL2,
  FRAME_PHASE,
  FRAME_ORIGIN,
  FRAME_PACKED,
  FRAME_FIELDS
} Field;

/* A part of all components: units (units.h) from .. to of so many; 0: all of them. */
typedef struct Cut {
  int units;
  LLVMValueRef from, to;
} Cut;

typedef struct Emit {
  LLVMContextRef c;
  LLVMModuleRef m;
  LLVMBuilderRef b;
  Target *target;
  MathCtx math;
  LLVMTypeRef real, i1, i32, i64, f64, ptr, void_;
  int lanes; /* of a vector of reals */
  bool f64_precision;
  bool stream;         /* a streaming step: one row, no calls into the runtime */
  const int64_t *sums; /* in a step of many sequences, by expression id: where a loop's sum of products stands in the
                          row of such sums; NULL: the loop computes it */
  const Plan *plan;
  struct Debug *debug; /* emit_debug.h; NULL: no debug info */
  const char *prefix;  /* of the functions' names */
  Arena *arena;

  /* the function being built */
  LLVMValueRef fn, frame;
  LLVMValueRef entry_end;           /* the entry block's branch: loads and stack slots go before it */
  LLVMValueRef field[FRAME_FIELDS]; /* frame's fields, loaded at need */
  LLVMValueRef *buffer;             /* by buffer: its address, loaded at need */
  LLVMValueRef *row_memory;         /* by variable id: of STORE_ROW */
  LLVMValueRef *value;              /* by variable id: its value at the loop's place */
  int *value_time; /* by variable id: when (by `clock`) value[] was made. A number is valid since the row began, .. */
  LLVMValueRef *dots;   /* by expression id: the products of a sum, which a piece of the loop begins with; .. */
  int *dots_time;       /* .. when they were made */
  LLVMValueRef *number; /* by expression id: a number computed before the loop */
  int *number_time;     /* .. this one since the loop began, a component's value only in its piece of the loop */
  bool downward;        /* loops over components begin at the end */
  Cut cut;              /* what elementwise loops go over */
  int clock, row_began, loop_began, piece_began;

  struct Products *products; /* emit_product.c's */
  struct Tokens *tokens;     /* emit_token.c's */
} Emit;

/* ---- emit.c ---- */
LLVMValueRef emit_i64(Emit *e, int64_t v);
LLVMValueRef emit_real(Emit *e, double v);
LLVMTypeRef emit_vector(Emit *e, LLVMTypeRef element, int lanes); /* the element itself for one lane */
LLVMValueRef emit_splat(Emit *e, LLVMValueRef v, int lanes);
LLVMValueRef emit_add(Emit *e, LLVMValueRef a, LLVMValueRef b); /* i64; folds zero */
LLVMValueRef emit_mul(Emit *e, LLVMValueRef a, LLVMValueRef b);
LLVMValueRef emit_field(Emit *e, Field f);
LLVMValueRef emit_item_i64(Emit *e, LLVMValueRef array, LLVMValueRef index); /* int64_t array[index] */
LLVMValueRef emit_least(Emit *e, LLVMValueRef a, LLVMValueRef b);            /* i64 */
LLVMBasicBlockRef emit_block(Emit *e, const char *name);
/* Starts void name(frame, arg, from, to), or void name(frame) without range; leaves the builder in its body. */
LLVMValueRef emit_begin(Emit *e, const char *name, bool range, bool internal);
/* NAME of any type, internal, not one of the frame's */
LLVMValueRef emit_begin_plain(Emit *e, const char *name, LLVMTypeRef type);
void emit_end(Emit *e);
LLVMValueRef emit_stack(Emit *e, LLVMTypeRef type, int64_t count, const char *name);

/* body(i) for i = from, from + step, .. while i < to */
typedef void EmitBody(Emit *e, LLVMValueRef i, void *arg);
void emit_for(Emit *e, const char *name, LLVMValueRef from, LLVMValueRef to, int64_t step, EmitBody *body, void *arg);
void emit_for_down(Emit *e, const char *name, LLVMValueRef count, EmitBody *body, void *arg); /* i = count-1 .. 0 */

/* Sequence b of the order of an axis, at the first place of each axis. */
Row emit_row(Emit *e, Axis order, LLVMValueRef b);
Row emit_first_row(Emit *e);                         /* sequence 0 at the first place of each axis */
LLVMValueRef emit_longest(Emit *e, Axis axis);       /* T */
LLVMValueRef emit_is_fresh(Emit *e, const Row *row); /* i1: the frame begins its sequence */
LLVMValueRef emit_origin(Emit *e, Axis axis); /* places before the frame's first one: `len`, t and [k] count them */
LLVMValueRef emit_live(Emit *e, Axis axis, LLVMValueRef place); /* how many sequences reach it */
LLVMValueRef emit_length(Emit *e, Axis axis, const Row *row);   /* of the row's sequence */
/* The address of the first element of v's row; `at`: places as in a read, NULL: the row's own */
LLVMValueRef emit_row_address(Emit *e, const Var *v, const Place at[AXES], const Row *row);
bool emit_is_block(const Emit *e, const Var *v); /* its rows at one place of the first axis, and on, lie without gaps */
LLVMValueRef emit_place(Emit *e, const Expr *place, const Row *row); /* of a read or a slice of one */
int emit_add_buffer(Emit *e, int64_t count);   /* of reals, before any body: what the plan knows nothing of */
LLVMValueRef emit_buffer(Emit *e, int buffer); /* its address */
LLVMValueRef emit_element(Emit *e, LLVMValueRef base, LLVMValueRef index); /* &base[index], reals */
LLVMValueRef emit_load(Emit *e, LLVMValueRef address, int lanes);
void emit_store(Emit *e, LLVMValueRef value, LLVMValueRef address);
LLVMValueRef emit_token(Emit *e, const Expr *read, const Row *row); /* i64: its number, negative for none */
int64_t emit_stride(const Emit *e, const Var *v);                   /* elements from one row to the next */
Store emit_store_of(const Var *v);
int emit_width(const Var *v);
int64_t emit_row_bytes(const Emit *e, const Var *v); /* of so many elements */
/* In a streaming step: what is carried into this boundary stays at the boundary's own place. */
bool emit_is_in_place(const Emit *e, const Var *v, const Boundary *b);
/* ---- emit_nest.c: the loops around a row ---- */
/* Which rows: sequences from .. to in the order of an axis, at the places that scans around have fixed; where nothing
   is fixed, from .. to are places of the domain's first axis, if it has one. */
typedef struct Nest {
  int fixed;
  Axis order;
  LLVMValueRef at[AXES];
  LLVMValueRef from, to;
} Nest;
typedef void EmitRow(Emit *e, const Row *row, void *arg);
/* each(row) for every live row of `dom` */
void emit_nest(Emit *e, int dom, const Nest *outer, EmitRow *each, void *arg);
void emit_all(Emit *e, int dom, EmitRow *each, void *arg); /* with nothing fixed, all of it */
LLVMValueRef emit_parts(Emit *e, int dom);                 /* how many parts the loops can be cut into */
/* All rows of a domain as blocks of memory. While every sequence is alive they are one block; after that, the rows of
   each place are one. */
typedef struct AllRows {
  int dom;
  Axis axis;        /* the first */
  bool both;        /* both axes */
  bool by_sequence; /* of both axes, and rows lie together only within a sequence's second axis */
  bool shrink;      /* there may be places where not all sequences live */
} AllRows;
AllRows emit_all_rows(int dom, bool together);           /* together: the places of the second axis lie without gaps */
LLVMValueRef emit_full_places(Emit *e, Axis axis);       /* how many have the whole batch */
LLVMValueRef emit_block_rows(Emit *e, const AllRows *a); /* of the one block */
LLVMValueRef emit_place_rows(Emit *e, const AllRows *a, LLVMValueRef at); /* of the block of one place */
/* each(row) for the places that `over` (axes, or the batch) adds to row's domain `dom`, in order */
void emit_along(Emit *e, int over, int dom, const Row *row, EmitRow *each, void *arg);
void emit_when(Emit *e, LLVMValueRef condition, EmitRow *body, const Row *row, void *arg);

/* ---- emit_tree.c: elementwise trees ---- */
LLVMValueRef emit_tree(Emit *e, const Expr *x, const Row *row, const At *at);
void emit_numbers(Emit *e, const Expr *x, const Row *row);        /* the numbers below a tree, before its loop */
LLVMValueRef emit_number(Emit *e, const Expr *x, const Row *row); /* a tree of rank 0 */
/* i64: how many steps of its sequence lie before the window, or before this streaming step */
LLVMValueRef emit_steps_before(Emit *e, const Row *row);

/* ---- emit_dots.c: a matrix, row by row, times a vector ---- */
enum { DOT_SEQUENCES = 4, DOT_TERMS = 8 };
typedef struct DotTerm {
  LLVMValueRef matrix;                /* the address of its first row */
  int64_t k;                          /* columns */
  LLVMValueRef vector[DOT_SEQUENCES]; /* the addresses of the vectors: one, or one a sequence */
} DotTerm;
/* The sum of all terms for `rows` rows (a power of two, at most e->lanes), as one vector. */
LLVMValueRef emit_dots(Emit *e, const DotTerm *term, int terms, int rows);
/* The same for several sequences, a vector each, bit for bit what emit_dots gives for each. */
void emit_dots_many(Emit *e, const DotTerm *term, int terms, int rows, int many, LLVMValueRef *out);
/* The rows of a product's matrix from at->j on, `rows` being the product or rows of it; the vectors are not set. */
DotTerm emit_term(Emit *e, const Expr *product, const Expr *rows, const Row *row, const At *at);
/* The sums of products that a loop has absorbed; the products of such a sum, or rows of them: at most DOT_TERMS. */
typedef Vec(const Expr *) Sums;
Sums emit_sums_of(Emit *e, const Loop *loop);
void emit_sum_terms(const Expr *sum, const Expr **product, int *n);
/* A sum in a loop that has absorbed products, or such a product itself; NULL where x is neither. */
LLVMValueRef emit_absorbed(Emit *e, const Expr *x, const Row *row, const At *at);
/* All products of an elementwise loop, before its equations. */
void emit_loop_products(Emit *e, const Loop *loop, const Row *row, const At *at);

/* ---- emit_rows.c: equations of one row ---- */
void emit_group(Emit *e, const Group *g, const Row *row);
void emit_structured(Emit *e, const Var *v, const Row *row); /* one structured equation */
/* piece(at) over all components of rows x cols, in vectors and what is left over */
typedef void EmitPiece(Emit *e, const At *at, void *arg);
void emit_components(Emit *e, int rows, int cols, EmitPiece *piece, void *arg);
/* emit_dots.c: the same for one row of components that read so many weights, up and down in turn from step to step */
void emit_alternately(Emit *e, const Row *row, int64_t weights, int cols, EmitPiece *piece, void *arg);
LLVMValueRef emit_across(Emit *e, Op op, LLVMValueRef vector, int lanes); /* OP_ADD, OP_MAX over the lanes */

/* ---- emit_sum.c: reductions over t and the batch ---- */
/* What the driver does for one term of a sum: call `body` over parts (0: the result's own), or `once`, or one product
 * of outer's factors by the library. */
typedef struct SumCall {
  LLVMValueRef body, once;
  int64_t parts, grain;
  Var *v;
  const Expr *outer;
  AllRows rows;
  bool add, clear; /* add to what is there; the body adds, and what is there must be cleared first */
} SumCall;
typedef Vec(SumCall) SumCalls;
/* The bodies of a SUM and of those behind it that share its pass: how many steps it was. */
int emit_sum_bodies(Emit *e, const Step *step, int steps, int number, SumCalls *calls);
void emit_sum_calls(Emit *e, const SumCalls *calls);
void emit_inner_sum(Emit *e, Var *v, const Nest *nest); /* inside a scan */

/* ---- emit_step.c ---- */
/* void PREFIX(frame): all steps of the plan in order. */
LLVMValueRef emit_program(Emit *e);
LLVMValueRef emit_call(Emit *e, const char *name, LLVMValueRef *args, int n); /* a row of calls.def */
void emit_parallel(Emit *e, LLVMValueRef body, LLVMValueRef n, int64_t grain);
/* one part a thread, each a multiple of `unit`, with the same share of the weights: int64_t, one for each of n */
void emit_parallel_weighed(Emit *e, LLVMValueRef body, LLVMValueRef n, int64_t unit, LLVMValueRef weights);
/* parts of the domain as emit_parts counts them: of its first axis with like numbers of live rows, or of the sequences
   in multiples of `unit` */
void emit_parallel_domain(Emit *e, LLVMValueRef body, int dom, int64_t unit);
void emit_whole(Emit *e, LLVMValueRef body, LLVMValueRef n); /* all parts as one, on this thread */
/* The body called here, for parts from .. to. */
void emit_part(Emit *e, LLVMValueRef body, LLVMValueRef arg, LLVMValueRef from, LLVMValueRef to);
void emit_gemm(Emit *e, int ta, int tb, LLVMValueRef m, LLVMValueRef n, LLVMValueRef k, LLVMValueRef a, int64_t lda,
               LLVMValueRef b, int64_t ldb, LLVMValueRef c, int64_t ldc, bool accumulate);

/* void NAME(frame): one step of a streaming step's plan by itself. */
LLVMValueRef emit_step_alone(Emit *e, const Step *step, int number);

/* A fresh Emit for one plan in module m. */
void emit_init(Emit *e, Arena *a, Target *target, LLVMModuleRef m, const Plan *plan, const char *prefix,
               bool f64_precision, bool stream);
void emit_dispose(Emit *e);
#endif

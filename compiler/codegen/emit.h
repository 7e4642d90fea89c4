/* emit.h: what the emitters share: the function being built, where variables are, and small builders.

   Every LLVMBuild* with a side effect is a statement of its own: C does not fix the order in which arguments are
   evaluated. */
#ifndef RNNC_EMIT_H
#define RNNC_EMIT_H
#include "inline_math.h"
#include "plan.h"
#include "target.h"

/* The row being computed: sequence b at time t (from 0), as far as `dom` has them. */
typedef struct Row {
  int dom;
  LLVMValueRef t, b;
} Row;

/* Which component of the loop's shape: row i, columns j .. j + lanes - 1. */
typedef struct At {
  LLVMValueRef i, j;
  int lanes;
} At;

typedef struct Emit {
  LLVMContextRef c;
  LLVMModuleRef m;
  LLVMBuilderRef b;
  Target *target;
  MathCtx math;
  LLVMTypeRef real, i1, i32, i64, f64, ptr, void_;
  int lanes; /* of a vector of reals */
  bool f64_precision;
  bool stream; /* a streaming step: one row, no calls into the runtime */
  const Plan *plan;
  const char *prefix; /* of the functions' names */
  Arena *arena;

  /* the function being built */
  LLVMValueRef fn, frame;
  LLVMValueRef entry_end;   /* the entry block's branch: loads and stack slots go before it */
  LLVMValueRef field[16];   /* frame's fields, loaded at need */
  LLVMValueRef *buffer;     /* by buffer: its address, loaded at need */
  LLVMValueRef *row_memory; /* by variable id: of STORE_ROW */
  LLVMValueRef *value;      /* by variable id: its value at the loop's place */
  int *value_time; /* by variable id: when (by `clock`) value[] was made. A number is valid since the row began, .. */
  LLVMValueRef *number; /* by expression id: a number computed before the loop */
  int *number_time;     /* .. this one since the loop began, a component's value only in its piece of the loop */
  int clock, row_began, loop_began, piece_began;

  struct ScanProducts *products; /* emit_product.c's */
} Emit;

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
  FRAME_START
} Field;

/* ---- emit.c ---- */
LLVMValueRef emit_i64(Emit *e, int64_t v);
LLVMValueRef emit_real(Emit *e, double v);
LLVMTypeRef emit_vector(Emit *e, LLVMTypeRef element, int lanes); /* the element itself for one lane */
LLVMValueRef emit_splat(Emit *e, LLVMValueRef v, int lanes);
LLVMValueRef emit_add(Emit *e, LLVMValueRef a, LLVMValueRef b); /* i64; folds zero */
LLVMValueRef emit_mul(Emit *e, LLVMValueRef a, LLVMValueRef b);
LLVMValueRef emit_field(Emit *e, Field f);
LLVMValueRef emit_item_i64(Emit *e, LLVMValueRef array, LLVMValueRef index); /* int64_t array[index] */
LLVMBasicBlockRef emit_block(Emit *e, const char *name);
/* Starts void name(frame, arg, from, to), or void name(frame) without range; leaves the builder in its body. */
LLVMValueRef emit_begin(Emit *e, const char *name, bool range, bool internal);
void emit_end(Emit *e);
LLVMValueRef emit_stack(Emit *e, LLVMTypeRef type, int64_t count, const char *name);

/* body(i) for i = from, from + step, .. while i < to */
typedef void EmitBody(Emit *e, LLVMValueRef i, void *arg);
void emit_for(Emit *e, const char *name, LLVMValueRef from, LLVMValueRef to, int64_t step, EmitBody *body, void *arg);
void emit_for_down(Emit *e, const char *name, LLVMValueRef count, EmitBody *body, void *arg); /* i = count-1 .. 0 */

/* The address of the first element of v's row at t + offset (kind as in a read; READ_REL 0 to write) */
LLVMValueRef emit_row_address(Emit *e, const Var *v, ReadKind kind, int offset, const Row *row);
LLVMValueRef emit_place(Emit *e, const Expr *place, const Row *row);       /* of a read or a slice of one */
LLVMValueRef emit_buffer(Emit *e, int buffer);                             /* its address */
LLVMValueRef emit_element(Emit *e, LLVMValueRef base, LLVMValueRef index); /* &base[index], reals */
LLVMValueRef emit_load(Emit *e, LLVMValueRef address, int lanes);
void emit_store(Emit *e, LLVMValueRef value, LLVMValueRef address);
LLVMValueRef emit_token(Emit *e, const Expr *read, const Row *row); /* i64: its number, negative for none */
int64_t emit_stride(const Emit *e, const Var *v);                   /* elements from one row to the next */
Store emit_store_of(const Var *v);
int emit_width(const Var *v);

/* ---- emit_tree.c: elementwise trees ---- */
LLVMValueRef emit_tree(Emit *e, const Expr *x, const Row *row, const At *at);
void emit_numbers(Emit *e, const Expr *x, const Row *row);        /* the numbers below a tree, before its loop */
LLVMValueRef emit_number(Emit *e, const Expr *x, const Row *row); /* a tree of rank 0 */

/* ---- emit_rows.c: equations of one row ---- */
void emit_group(Emit *e, const Group *g, const Row *row);
void emit_structured(Emit *e, const Var *v, const Row *row); /* one structured equation */
/* piece(at) over all components of rows x cols, in vectors and what is left over */
typedef void EmitPiece(Emit *e, const At *at, void *arg);
void emit_components(Emit *e, int rows, int cols, EmitPiece *piece, void *arg);
LLVMValueRef emit_across(Emit *e, Op op, LLVMValueRef vector, int lanes); /* OP_ADD, OP_MAX over the lanes */

/* ---- emit_sum.c: reductions over t and the batch ---- */
/* What the driver does for one term of a sum: call `body` over parts (0: one a sequence), or `once`, or one product of
 * outer's factors. */
typedef struct SumCall {
  LLVMValueRef body, once;
  int64_t parts, grain;
  Var *v;
  const Expr *outer;
  int over;
  bool add;
} SumCall;
typedef Vec(SumCall) SumCalls;
SumCalls emit_sum_bodies(Emit *e, const Step *step, int number);
void emit_sum_calls(Emit *e, const SumCalls *calls);

/* ---- emit_step.c ---- */
/* void PREFIX(frame): all steps of the plan in order. */
LLVMValueRef emit_program(Emit *e);
LLVMValueRef emit_call(Emit *e, const char *name, LLVMValueRef *args, int n); /* a row of calls.def */
void emit_parallel(Emit *e, LLVMValueRef body, LLVMValueRef n, int64_t grain);
void emit_gemm(Emit *e, int ta, int tb, LLVMValueRef m, LLVMValueRef n, LLVMValueRef k, LLVMValueRef a, int64_t lda,
               LLVMValueRef b, int64_t ldb, LLVMValueRef c, int64_t ldc, bool accumulate);

/* A fresh Emit for one plan in module m. */
void emit_init(Emit *e, Arena *a, Target *target, LLVMModuleRef m, const Plan *plan, const char *prefix,
               bool f64_precision, bool stream);
void emit_dispose(Emit *e);
#endif

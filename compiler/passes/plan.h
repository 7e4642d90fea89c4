/* plan.h: in which order equations run, in which loops, and where each variable lives. What the code generator reads.

   A Plan is a list of steps. Within one, rows (sequences at a time t) are independent unless it says otherwise, so that
   a step may be cut into parts by rows, or by t where nothing is carried along t, with the same bits for any cut. */
#ifndef RNNC_PLAN_H
#define RNNC_PLAN_H
#include "system.h"

/* Elementwise equations of one shape that run in one loop over components, or one structured equation alone. */
typedef struct Loop {
  bool elementwise;
  int rows, cols; /* of the shape: a vector is 1 x n, a number 1 x 1 */
  Vec(Var *) vars;
} Loop;

/* Equations of one row each: loops in order, for one sequence at one t. */
typedef struct Group {
  int id;
  Vec(Loop) loops;
} Group;

/* Inside a scan, at each t: a product over the live sequences, or a group for each of them. */
typedef struct Item {
  Var *product; /* NULL: group */
  Group group;
} Item;

typedef enum StepKind {
  STEP_FILL,    /* a boundary's value into the places beside 1..T */
  STEP_ROWS,    /* a group for every row of `dom` */
  STEP_SCAN,    /* items for t = 1..T or T..1 */
  STEP_PRODUCT, /* W @ v[t] for all rows at once */
  STEP_SUM, /* a reduction over t, the batch or both; for a parameter's adjoint, terms added into the gradient block */
} StepKind;

typedef struct Step {
  StepKind kind;
  int dom;
  int direction; /* of a scan: +1, -1 */
  int scan;      /* number of the scan */
  Var *var;      /* of FILL, PRODUCT, SUM */
  Boundary *bound;
  Group group;
  Vec(Item) items;
  const char *why; /* of a scan: the cycle that makes it one */
} Step;

typedef enum Store {
  STORE_NONE,   /* a value in registers of its loop, or a number of its group */
  STORE_ROW,    /* a row on the stack, while its group runs */
  STORE_BATCH,  /* a row a sequence, while its scan is at one t */
  STORE_BUFFER, /* a buffer of the frame */
  STORE_PARAM,  /* the parameter block, at `offset` */
  STORE_GRAD,   /* the gradient block, at `offset` */
} Store;

typedef struct VarPlan {
  Store store;
  int buffer;            /* of BATCH, BUFFER */
  int col;               /* first element in the buffer's rows */
  int64_t offset;        /* of PARAM, GRAD: Var.offset of the parameter */
  int step, group, loop; /* where it is computed */
  int scan;              /* inside which scan; -1 none */
  Var *in;               /* lives in columns of that variable (a concat) */
} VarPlan;

typedef struct Buffer {
  bool time, batch, is_int;
  int lo, hi;
  int width;
} Buffer;

typedef struct Plan {
  System *system;
  Vec(Step) steps;
  Vec(Buffer) buffers;
  Var **keep;
  int nkeep;
  int scans;
} Plan;

static inline VarPlan *plan_of(const Var *v) { return v->plan; }

/* keep[0..nkeep): variables that must have a buffer of their own at the end. The system is pruned and in named form
 * (name.h). */
Plan *plan_make(System *s, Var *const *keep, int nkeep);
void plan_print(Text *out, const Plan *p); /* --emit=schedule */
bool reads_off_row(const Expr *read);      /* at another t than its equation's */
#endif

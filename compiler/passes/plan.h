/* plan.h: in which order equations run, in which loops, and where each variable lives. What the code generator reads.

   A Plan is a list of steps. Within one, rows (sequences at a time t) are independent unless it says otherwise, so that
   a step may be cut into parts by rows, or by t where nothing is carried along t, with the same bits for any cut. A
   scan holds steps of its own, which run at each of its places for what is left of their domains; a grid is a scan
   along one axis inside a scan along the other. */
#ifndef RNNC_PLAN_H
#define RNNC_PLAN_H
#include "system.h"

/* Elementwise equations of one shape that run in one loop over components, or one structured equation alone. */
typedef struct Loop {
  bool elementwise;
  int rows, cols; /* of the shape: a vector is 1 x n, a number 1 x 1 */
  Vec(Var *) vars;
  Vec(Var *) products; /* that it computes as it reads them (absorb.h) */
} Loop;

/* Equations of one row each: loops in order, for one sequence at one t. */
typedef struct Group {
  int id;
  Vec(Loop) loops;
} Group;

typedef enum StepKind {
  STEP_FILL,    /* a boundary's value into the places beside 1..T of its axis */
  STEP_ROWS,    /* a group for every row of `dom` */
  STEP_SCAN,    /* items for t = 1..T or T..1 of its axis */
  STEP_PRODUCT, /* W @ v[t] for all rows at once */
  STEP_SUM, /* a reduction over axes, the batch or both; for a parameter's adjoint, terms added into the gradient block
             */
} StepKind;

typedef struct Step Step;
struct Step {
  StepKind kind;
  int dom;
  Axis axis;     /* of a scan */
  int direction; /* of a scan: +1, -1 */
  bool whole;    /* of a scan: sums over the batch inside it make its sequences need each other */
  bool once;     /* needs nothing that varies along the first axis, or is carried along it */
  Var *var;      /* of FILL, PRODUCT, SUM */
  Boundary *bound;
  Group group;
  Vec(Step) items; /* of a scan: what runs at each t, for the rest of its domain */
  const char *why; /* of a scan: the cycle that makes it one */
};

typedef enum Store {
  STORE_NONE,   /* a value in registers of its loop, or a number of its group */
  STORE_ROW,    /* a row on the stack, while its group runs */
  STORE_BATCH,  /* a row a sequence (or one), while its scan is at one place */
  STORE_BUFFER, /* a buffer of the frame */
  STORE_PARAM,  /* the parameter block, at `offset` */
  STORE_GRAD,   /* the gradient block, at `offset` */
} Store;

typedef struct VarPlan {
  Store store;
  int buffer;      /* of BATCH, BUFFER */
  int col;         /* first element in the buffer's rows */
  int64_t offset;  /* of PARAM, GRAD: Var.offset of the parameter */
  int group, loop; /* where it is computed */
  int scan;        /* inside which scan; -1 none */
  int fixed;       /* axes of the scans around it */
  bool placed;
  bool absorbed; /* a product that its reader's loop computes: no memory */
  Var *in;       /* lives in columns of that variable (a concat) */
} VarPlan;

/* Which of the axes and the batch its rows vary over; lo and hi: places beside 1..T that it has on each axis. */
typedef struct Buffer {
  bool axis[AXES], batch, is_int;
  int lo[AXES], hi[AXES];
  int width;
} Buffer;

typedef struct Plan {
  System *system;
  Vec(Step) steps;
  Vec(Buffer) buffers;
  Var **keep;
  int nkeep;
  int scans;
  bool phases; /* its steps with and without `once` can be run apart */
} Plan;

static inline VarPlan *plan_of(const Var *v) { return v->plan; }

/* keep[0..nkeep): variables that must have a buffer of their own at the end. The system is pruned and in named form
 * (name.h). one_row: it will run for one sequence at one t. */
Plan *plan_make(System *s, Var *const *keep, int nkeep, bool one_row);
void plan_phases(Plan *p); /* tells which steps need run only once, so that the code can run them apart */
void plan_print(Text *out, const Plan *p); /* --emit=schedule */
#endif

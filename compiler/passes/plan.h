/* plan.h: in which order equations run, in which loops, and where each variable lives. What the code generator reads.

   A Plan is a list of steps. Within one, rows (sequences at a time t) are independent unless it says otherwise, so that
   a step may be cut into parts by rows, or by t where nothing is carried along t, with the same bits for any cut. A
   scan holds steps of its own, which run at each of its places for what is left of their domains; a grid is a scan
   along one axis inside a scan along the other. */
#ifndef RNNC_PLAN_H
#define RNNC_PLAN_H
#include "system.h"

/* Elementwise equations of one shape, and sums over its components, that run in one loop over them; or one structured
   equation alone. */
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

/* When a step runs: the numbers of RnnPhase (rnn_program.h). ALL runs every step, in the plan's order. */
typedef enum Phase {
  PHASE_ALL,
  PHASE_ENCODE, /* of decoding: once, before its first place */
  PHASE_STEPS,  /* at each place */
  PHASE_BEFORE, /* window by window (window.c): over all t, before the first window */
  PHASE_FIRST,  /* on each window, forward */
  PHASE_BETWEEN,
  PHASE_AGAIN, /* on each window but the last, backward: some of FIRST's */
  PHASE_BACK,  /* on each window, backward, behind AGAIN */
  PHASE_AFTER,
} Phase;

/* Which terms of a parameter's adjoint a SUM adds */
typedef enum Terms { TERMS_ALL, TERMS_ALONG, TERMS_REST } Terms; /* ALONG: those summed over the first axis */
bool term_has(const Expr *term, Terms which);

typedef struct Step Step;
struct Step {
  StepKind kind;
  int dom;
  Axis axis;     /* of a scan */
  int direction; /* of a scan: +1, -1 */
  bool whole;    /* of a scan: sums over the batch inside it make its sequences need each other */
  int units;     /* of a scan: parts that its components can be cut into (units.h); 0: none */
  int wave;      /* steps from here on that may run as stages, a chunk of places behind each other (wave.h); 0: none */
  bool staged;   /* one of these */
  unsigned phases; /* a bit a Phase in which it runs */
  bool library;    /* of PRODUCT outside scans: by the library rather than our own kernel (kernel.h) */
  Var *var;        /* of FILL, PRODUCT, SUM */
  Terms terms;     /* of SUM */
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
  int width;       /* of its buffer's rows, where another concat goes on behind it; 0: its own */
  int64_t offset;  /* of PARAM, GRAD: Var.offset of the parameter */
  int group, loop; /* where it is computed */
  int scan;        /* inside which scan; -1 none */
  int fixed;       /* axes of the scans around it */
  bool placed;
  bool lost;     /* its memory is another variable's by the program's end */
  bool absorbed; /* a product that its reader's loop computes: no memory */
  Var *in;       /* lives in columns of that variable (a concat) */
} VarPlan;

/* Which of the axes and the batch its rows vary over; lo and hi: places beside 1..T that it has on each axis. */
typedef struct Buffer {
  bool axis[AXES], batch, is_int;
  bool window; /* holds a window of the first axis where the program runs window by window, else all of it */
  bool rolls;  /* a row a sequence that goes on from each place of its scan to the next: zero when the program starts */
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
  bool one_row; /* a streaming step: one sequence at one t */
  bool phases;  /* the steps that run once can be run apart from those at each place */
  bool windows; /* it can run window by window */
} Plan;

static inline VarPlan *plan_of(const Var *v) { return v->plan; }
static inline Var *plan_root(Var *v) /* whose memory v's is part of */
{
  while (plan_of(v)->in) v = plan_of(v)->in;
  return v;
}
static inline const Var *plan_root_at(const Var *v, int *col) /* the same, and its first column there */
{
  for (*col = 0; plan_of(v)->in; v = plan_of(v)->in) *col += plan_of(v)->col;
  return v;
}
Loop *plan_loop(const Plan *p, const VarPlan *place); /* in which a variable is computed; NULL: in none */
static inline unsigned phase_bit(Phase p) { return 1u << p; }

/* What a step computes and reads, boundaries' values included. */
typedef struct Access {
  Var *var;
  Place at; /* on the first axis */
} Access;
typedef struct Uses {
  Vec(Var *) made;
  Vec(Access) read;
} Uses;
Uses *plan_uses(const Plan *p); /* one a step of the plan */

/* keep[0..nkeep): variables that must have a buffer of their own at the end. The system is pruned and in named form
 * (name.h). one_row: it will run for one sequence at one t. */
Plan *plan_make(System *s, Var *const *keep, int nkeep, bool one_row);
void plan_phases(Plan *p); /* tells which steps need run only once, so that the code can run them apart */
void plan_print(Text *out, const Plan *p); /* --emit=schedule */
#endif

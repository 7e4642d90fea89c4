/* system.h: the equation system, the one central data structure. Front end, autodiff, schedule and code generator all
   speak it.

   A System is a set of variables; a computed variable has one right side, an expression. Expressions are hash-consed:
   equal expressions are the same pointer, so a DAG. Everything lives in the compilation's arena.

   Domains. A variable varies over any of: the time axis (DOM_T), a second axis (DOM_S), the sequences of the batch
   (DOM_B):
     DOM_MODEL  parameters and what depends on them alone      DOM_SEQ   one value a sequence: `who`, h[T]
     DOM_TIME   h[t]: a value at each t of each sequence       DOM_T     one at each t for all: mean[batch](h[t])
     DOM_S | DOM_B  g[s]                                       DOM_TIME | DOM_S  a[t, s]
   An expression's domain is the union of its leaves', less what a reduction removes. A right side's domain must be
   within its variable's. The batch is never written.

   Axes. Each sequence has a length of its own on each axis; the first is the one that windows and streaming are about,
   and `t` where the model names none. What varies along an axis but not over the batch reaches to the longest
   sequence's end.

   Boundaries. A read that falls outside 1..T of an axis takes the variable of the boundary entry at that place, zero
   where there is none, and where it is outside along both. A boundary entry's variable is an ordinary variable without
   that axis (`h[0]` is h's entry {AXIS_T, FROM_START, 0}). */
#ifndef RNNC_SYSTEM_H
#define RNNC_SYSTEM_H
#include "shape.h"
#include "text.h"

typedef enum Op {
#define EW(id, name, nin, value, da, db, dc, cost) OP_##id,
#define ST(id, name, nin, nattr, what) OP_##id,
#define LEAF(id, name, what) OP_##id,
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
  OP_COUNT
} Op;

typedef enum OpClass { CLASS_EW, CLASS_ST, CLASS_LEAF } OpClass;
typedef struct OpInfo {
  const char *id, *name;
  OpClass class;
  int nin, nattr;
  int cost; /* elementwise: 1 dear */
} OpInfo;
extern const OpInfo op_info[OP_COUNT];

typedef enum Axis { AXIS_T, AXIS_S, AXES } Axis;
enum {
  DOM_MODEL = 0,
  DOM_T = 1,
  DOM_B = 2,
  DOM_S = 4,
  DOM_SEQ = DOM_B,
  DOM_TIME = DOM_T | DOM_B,
  DOM_AXES = DOM_T | DOM_S
};
static inline int axis_bit(Axis a) { return a == AXIS_T ? DOM_T : DOM_S; }
static inline Axis first_axis(int dom) { return dom & DOM_T || !(dom & DOM_S) ? AXIS_T : AXIS_S; } /* of its axes */

/* How a read names its place on an axis: v (which lacks the axis), v[t+k], v[k] (k >= 1, or <= 0 for a boundary),
   v[T+k]. */
typedef enum ReadKind { READ_PLAIN, READ_REL, FROM_START, FROM_END } ReadKind;
typedef struct Place {
  ReadKind kind;
  int k;
} Place;

typedef struct Expr Expr;
typedef struct Var Var;

struct Expr {
  Op op;
  int id; /* order of creation: inputs have smaller ids */
  int nin;
  Expr **in;
  int attr[4];  /* of READ: kind and k on the first axis, on the second; of what runs along an axis: attr[0] the axis */
  double value; /* of CONST */
  Var *var;     /* of READ */
  Shape shape;
  int dom;
  Span span; /* where it was first written; no part of its identity */
};

typedef enum VarKind {
  VAR_INPUT,    /* given: `input`; also observed when drawn by ~ */
  VAR_TARGET,   /* given while training and evaluating: `target` */
  VAR_PARAM,    /* `param` */
  VAR_NOISE,    /* filled by the runtime from (seed, step, sequence, t) */
  VAR_COMPUTED, /* has a right side */
  VAR_STACKED,  /* members' rows one below the other, sharing their memory: made by the pass that merges products */
  VAR_CARRY,    /* what a window carries into the next one: filled by the caller, made by passes/carry.c */
} VarKind;

typedef struct Boundary {
  Axis axis;
  ReadKind kind; /* FROM_START, offset <= 0; FROM_END, offset >= 1 */
  int offset;
  Var *var;     /* same shape as the owner, without the axis */
  Var *carried; /* of a token: where `fresh` is 0 this one instead; NULL: none */
} Boundary;

typedef enum InitKind {
  INIT_DEFAULT,
  INIT_ZEROS,
  INIT_ONES,
  INIT_CONSTANT,
  INIT_UNIFORM,
  INIT_NORMAL,
  INIT_GLOROT,
  INIT_HE,
  INIT_ORTHOGONAL,
  INIT_IDENTITY
} InitKind;
typedef struct Init {
  InitKind kind;
  double a, b; /* constant(a); uniform(a, b); normal(mean a, deviation b); identity(a = scale) */
} Init;

typedef enum DistKind { DIST_BERNOULLI, DIST_NORMAL, DIST_UNIFORM } DistKind; /* what noise is drawn from */

struct Var {
  const char *name; /* path, unique: "h.Wi" */
  int id;
  VarKind kind;
  Shape shape;
  int dom;
  Expr *rhs;
  Vec(Boundary) bound;
  Span span;
  Init init;         /* of a param: resolved from the default rules by lowering */
  Vec(Var *) member; /* of VAR_STACKED, in order */
  Var *stacked;      /* of a param: the stack it is part of, or NULL */
  int stacked_row;   /* its first row there */
  bool fixed;        /* a param that is not learned: */
  Var *kept, *seen;  /* of a batch statistic: such params, its running mean and of how many updates, row by row */
  int64_t offset;    /* of a param or stack: its first element in the flat block (param_layout) */
  DistKind noise;    /* of VAR_NOISE: bernoulli(p0), normal(p0, p1), uniform(p0, p1), constants */
  double noise_arg[2];
  bool noise_shared; /* one draw a batch (model) rather than a sequence */
  bool noise_forced; /* teacher forcing: the runtime sets its probability before each update */
  bool output;       /* declared `output`, or handed out by default */
  Var *adj_of;       /* this is the adjoint of that variable */
  Var *carry_of;     /* of VAR_CARRY: holds that variable's value ... */
  int carry_offset;  /* ... at this place of the window before: 0 its last element, -1 the one before */
  bool between;      /* what a window starts from: of the one before, or anew; no equation of the source */
  double message;    /* what its reads at [t-k], [t+k] send back is clipped to within +-message; 0: it is not */
  void *plan;        /* the planner's own */
};

/* One ~ on an observed variable: for reports, for drawing samples and for the loss. The equations of its likelihood are
   ordinary variables: `nll` is the sum over the sequence and batch, `count` the elements observed (both DOM_MODEL):
   loss += nll / count. */
#define DRAW_PARAMS 6
typedef struct Draw {
  Var *var;                /* drawn */
  int offset;              /* of x[t+k] ~ ...; 0 without index */
  const char *dist;        /* its name in runtime/distributions.def */
  Var *param[DRAW_PARAMS]; /* computed variables with the distribution's arguments, NULL behind the last */
  Var *nll, *count;
  Span span;
} Draw;

typedef struct Metric {
  const char *name;
  Var *sum, *count; /* DOM_MODEL: the metric is sum / count over everything evaluated */
  Span span;
} Metric;

/* A setting of the train block, checked by the front end against train.def's names: value as text of a small form the
   runtime parses: a number, "string", name, or name(arg, key=arg). */
typedef struct Setting {
  const char *name, *value;
  Span span;
} Setting;

typedef struct System {
  Arena *arena;
  Diag *diag;
  const char *name;       /* the model's */
  const char *axis[AXES]; /* their names, "t"; NULL: the model has no second one */
  Vec(Var *) vars;        /* in order of declaration: parameters' order in files follows it */
  Vec(Draw) draws;
  Vec(Metric) metrics;
  Vec(Setting) settings;
  Var *explicit_loss; /* mean of `loss = e` over the sequences, DOM_MODEL number; NULL without one */
  Var *loss;          /* DOM_MODEL number: explicit_loss plus every draw's nll / count; NULL when the model has none */
  struct ExprTable *table;
  int next_id;
} System;

System *system_new(Arena *a, Diag *d, const char *name);
Var *system_var(System *s, VarKind kind, const char *name, Shape shape, int dom,
                Span span); /* a taken name gets a suffix .2, .3 .. */
Var *system_find(const System *s, const char *name);

/* Builders. They fold nothing (simplify does), check shapes with op_shape and abort on a mismatch: callers have
 * checked. */
Expr *ex_const(System *s, double value);
Expr *ex_leaf(System *s, Op op, Axis axis); /* the axis: of t, T, live */
Expr *ex_read(System *s, Var *v, Place t,
              Place u); /* places on the first and second axis; READ_PLAIN where v lacks it */
Expr *ex_read_along(System *s, Var *v, Axis axis, ReadKind kind, int k);  /* at its own place on the other axis */
Expr *ex_var(System *s, Var *v);                                          /* v[t], v[t, s], or v without index */
Expr *ex_broadcast(System *s, Expr *number, Shape shape);                 /* the number itself where the shape is one */
Expr *ex_sum(System *s, Axis axis, Expr *a);                              /* over 1..T of the axis */
Expr *ex_op(System *s, Op op, Expr *const *in, int nin, const int *attr); /* attr may be NULL */
Expr *ex1(System *s, Op op, Expr *a);
Expr *ex2(System *s, Op op, Expr *a, Expr *b);
Expr *ex3(System *s, Op op, Expr *a, Expr *b, Expr *c);
void ex_span(Expr *e, Span span); /* sets the place if e has none */
bool ex_is_const(const Expr *e, double value);
Var *boundary_at(const Var *v, Axis axis, ReadKind kind, int offset); /* NULL: zero */
static inline Place read_place(const Expr *read, Axis a)
{
  return (Place){(ReadKind)read->attr[2 * a], read->attr[2 * a + 1]};
}
static inline Place place_now(const Var *v, Axis a) { return (Place){v->dom & axis_bit(a) ? READ_REL : READ_PLAIN, 0}; }
bool read_is_now(const Expr *read); /* at its equation's own place on every axis */

/* The language's own syntax. */
void system_print(Text *out, const System *s);
void expr_print(Text *out, const System *s, const Expr *e);
void init_print(Text *out, Init init); /* glorot, constant(1) */
/* Invariants: every read's index fits its domain, shapes and domains agree, inputs precede. Aborts naming `after`, the
 * pass. */
void system_verify(const System *s, const char *after);
#endif

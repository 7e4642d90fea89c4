/* flat.h: the flat system: cells expanded, names resolved, shapes still being inferred. It stands between the AST and
   System; passes/lower.c turns it into one when nothing is unknown any more.

   Nodes are made once and in order, inputs first: who walks them goes over Flat.nodes, forward or backward, without
   recursion. */
#ifndef RNNC_FLAT_H
#define RNNC_FLAT_H
#include "ast.h"
#include "system.h"

typedef struct Node Node;
typedef struct FlatVar FlatVar;
typedef struct Flat Flat;
struct Use; /* scope.h: one application of a cell */
struct Body;

typedef enum ConstKind {
  CONST_VALUE, /* Node.value */
  CONST_ZERO,  /* zero of the shape of Node.like: what a read outside 1..T gives without a boundary equation */
  CONST_DIM,   /* Node.dim, as a number */
  CONST_COUNT  /* how many components Node.of has */
} ConstKind;

typedef enum ProductForm { /* what a @ b is, once ranks are known */
                           FORM_MATMUL,
                           FORM_DOT,   /* a' @ b of vectors */
                           FORM_OUTER, /* a @ b' of vectors */
                           FORM_ROW    /* a' @ M: the vector M' @ a lying down */
} ProductForm;

struct Node {
  Op op;
  int id;
  int nin;
  Node **in;
  int attr[4]; /* as in ops.def; a length may be an unknown Dim. READ: ReadKind, k on each axis */
  ConstKind constant;
  double value;
  Dim dim;
  Node *of;      /* of CONST_COUNT */
  FlatVar *like; /* of CONST_ZERO */
  FlatVar *var;  /* of READ */
  Shape shape;   /* rank -1 while unknown */
  bool row;      /* a vector lying down: x'. shape is the vector's */
  int axes;      /* what it has a value at each place of: DOM_T, DOM_S */
  bool settled;  /* its shape rule has been applied */
  bool expected; /* its surroundings' shape has been handed down to it */
  ProductForm form;
  bool bad;                                        /* reported; nothing more is said about what depends on it */
  int depth;                                       /* of the expression */
  enum { NOT_FOLDED, FOLDED, NO_CONSTANT } folded; /* node_value's: FOLDED has its value in `value` */
  Span span;                                       /* where errors about it are reported */
  Span text;                                       /* what it was written as: differs from span inside a def */
  const Ast *def;                                  /* the def it stands in, or NULL */
  struct Body *body;
  Expr *expr; /* once lowered */
};

typedef struct FlatInit {
  InitKind kind;
  Node *arg[2];
  Span span;
} FlatInit;

typedef struct FlatBound {
  Axis axis;
  ReadKind kind;
  int offset;
  FlatVar *var;
} FlatBound;

typedef struct Part { /* an application inside an equation's right side, reached by path */
  const char *name;
  struct Use *use;
} Part;

struct FlatVar {
  const char *name; /* path */
  VarKind kind;
  int axes;       /* what it has a value at each place of: DOM_T, DOM_S */
  Axis first;     /* of both: whose index stands first */
  bool for_all;   /* has axes, but one value for all sequences */
  Shape shape;    /* rank -1 while unknown; the sizes are there from the start */
  FlatVar *owner; /* whose shape it has: of a boundary, or of a distribution's argument */
  bool typed;     /* declared with a type */
  bool implicit;  /* a parameter that was never declared */
  bool output, used, bad, hoisted, dead;
  bool delayed;       /* a plain function of a value at another time; a parameter that multiplies one (initial.c) */
  bool figure;        /* made for a draw, the loss or a metric */
  bool statistic;     /* mean[batch](..) that evaluation takes from what training kept */
  bool agreed;        /* its shape fits its equation's */
  Span drawn;         /* by ~: its target */
  const char *scalar; /* what must be a number: "the loss" */
  int reads;
  Span span; /* its declaration, or its equation */
  Span type_span;
  Node *rhs;
  Span defined; /* the equation's target; no place: none yet */
  Vec(FlatBound) bound;
  struct Body *body;  /* where it is written */
  struct Use *inside; /* the application that computes it: paths go into it */
  Vec(Part) parts;
  FlatInit init;
  DistKind noise;
  Node *noise_arg[2];
  bool shared; /* `noise model`: one draw for the model */
  int dom;
  Var *var; /* once lowered */
};

/* A row of runtime/distributions.def. */
typedef enum Drawn { DRAWN_CLASS, DRAWN_EACH, DRAWN_NUMBER, DRAWN_PAIR } Drawn;
typedef enum ArgumentForm { ARGUMENT_LIKE, ARGUMENT_OWN, ARGUMENT_CUTS } ArgumentForm;
typedef struct Argument {
  const char *name;
  ArgumentForm form;
} Argument;
typedef struct Distribution {
  const char *name;
  Drawn drawn;
  Argument argument[DRAW_PARAMS]; /* no name behind the last */
} Distribution;

typedef struct FlatDraw {
  FlatVar *var;
  int offset;
  const Distribution *dist;
  FlatVar *param[DRAW_PARAMS], *nll, *count;
  Span span;
} FlatDraw;

typedef struct FlatMetric {
  const char *name;
  FlatVar *value;
  Span span;
} FlatMetric;

/* `reset target when ..`, `clip message target ..` */
typedef struct FlatEdge {
  FlatVar *target;
  struct Use *use; /* the application that computes it: all its variables are meant; NULL: none */
  FlatVar *when;   /* of reset: its condition at each t */
  double clip;     /* of clip message */
  Span span;
} FlatEdge;

/* The shape of node must be that of declared (a cell's input with its type). */
typedef struct FlatType {
  Shape declared;
  Node *node;
  Span type_span;
  const char *name;
  struct Body *body; /* the cell's */
  bool agreed;
} FlatType;

struct Flat {
  Arena *arena;
  Diag *diag;
  ShapeCtx *sizes;
  const char *name;
  const char *axis[AXES]; /* the model's names of them; NULL: none */
  Vec(FlatVar *) vars;
  Vec(Node *) nodes;
  Vec(FlatDraw) draws;
  Vec(FlatMetric) metrics;
  Vec(FlatType) types;
  Vec(FlatEdge) edges;
  Vec(Setting) settings;
  FlatVar *loss;   /* `loss = e`, a number */
  bool full;       /* too large: reported */
  bool bad_bodies; /* some use of a cell has an error in its shapes */
};

/* edge.c: is v one of the variables that the statement means? does v run backward? */
bool edge_holds(const FlatEdge *e, const FlatVar *v);
bool edge_turned(const FlatVar *v);

#define FLAT_VARS 100000 /* the largest system */
#define FLAT_NODES 300000
#define FLAT_DEPTH 4000 /* of an expression, defs inlined: later stages recurse */

Flat *flat_new(Arena *a, Diag *d, const char *name);
FlatVar *flat_var(Flat *f, VarKind kind, const char *name, int axes, Span span);
Shape *flat_shape(FlatVar *v); /* where v's shape is kept */

/* Node builders. span and text are set by the caller's frame (expression.c: Elab). */
Node *node_new(Flat *f, Op op, int nin, Span span);
Node *node_op(Flat *f, Op op, Node *const *in, int nin, Span span);
Node *node1(Flat *f, Op op, Node *a, Span span);
Node *node2(Flat *f, Op op, Node *a, Node *b, Span span);
Node *node_const(Flat *f, double value, Span span);
Node *node_dim(Flat *f, Dim d, Span span);
Node *node_leaf(Flat *f, Op op, Axis axis, Span span);                 /* t, T, live */
Node *node_along(Flat *f, Op op, Axis axis, Node *a, Span span);       /* a reduction over the axis */
Node *node_read(Flat *f, FlatVar *v, const Place at[AXES], Span span); /* inside 1..T, or its boundary, or zero */
Node *node_now(Flat *f, FlatVar *v, Span span);                        /* v[t], v[t, s], or v */
bool node_is_now(const Node *read);                                    /* on every axis */
FlatVar *flat_bound(const FlatVar *v, Axis axis, ReadKind kind, int offset);
bool is_outside(Place p); /* of 1..T, whatever T is */
/* "[t, 0]": where v is read at these places, as System prints it */
const char *flat_places(Flat *f, const Place at[AXES]);
/* All nodes below one, each once: for (node = walk_from(w, root); node; node = walk_next(w)). */
typedef struct Walk {
  Flat *f;
  int *seen, round; /* by node: the round that saw it last */
  Vec(Node *) todo;
} Walk;
Walk *walk_new(Flat *f);
Node *walk_from(Walk *w, Node *root);
Node *walk_next(Walk *w);
/* a constant's value, folded over elementwise operators; false when it is none */
bool node_value(Flat *f, Node *n, double *value);
/* the node's source text when it is short and on one line; NULL otherwise */
const char *node_text(Flat *f, const Node *n);
#endif

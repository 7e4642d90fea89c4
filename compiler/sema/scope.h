/* scope.h: what names mean: files, bodies (one use of a cell, or the model), cells with their sizes bound,
 * applications. */
#ifndef RNNC_SCOPE_H
#define RNNC_SCOPE_H
#include "flat.h"
#include "sema.h"
#include "map.h"

typedef struct Unit Unit;
typedef struct Body Body;
typedef struct Cell Cell;
typedef struct Use Use;

/* ---- files ---- */

struct Unit { /* one file */
  const char *path;
  const Ast *file;
  Map cells, defs, sizes; /* name -> Ast; sizes -> Entry */
  Vec(Unit *) imports;
  bool embedded; /* from lang/ */
};

typedef struct Sema {
  Arena *arena;
  Diag *diag;
  const LowerOptions *options;
  Flat *flat;
  Vec(Unit *) units;
  Unit *prelude;
  Map paths; /* instance paths taken */
  int bodies;
} Sema;

/* ---- values: what formals and sizes hold ---- */

typedef enum ValueKind { VALUE_NONE, VALUE_NUMBER, VALUE_DIM, VALUE_CELL } ValueKind;
typedef struct Value {
  ValueKind kind; /* NONE: reported */
  double num;
  Dim dim; /* a size that is not known yet: dim(x) */
  Cell *cell;
  Span span;
} Value;

/* Parameters by where they are named: of one application, or of an instance that several applications share. */
typedef struct Params Params;
struct Params {
  const char *path; /* "" for the model */
  Map vars;         /* name -> FlatVar */
  Vec(struct ParamsChild {
    const Ast *site;
    int layer;
    const char *name;
    Params *params;
  }) children;
};

struct Cell { /* gru(64), stack(2, lstm(H)), stack(lstm(64), gru(32)), or an instance of one */
  const char *name;
  const Ast *ast; /* NULL for a stack */
  Unit *unit;
  Value *formal;
  Cell *inner; /* of a stack: its first layer's */
  Cell **each; /* by layer, where they differ; NULL: all are inner */
  int layers;
  bool reversed;
  Params *shared; /* of a named instance */
  Body *made_in;  /* whose text names it: the chain that shows recursion */
  Span span;
};

/* ---- names inside a body ---- */

/* Axes by their place in the body's own list, in the order in which a variable's brackets name them. */
typedef struct Indices {
  int n, axis[AXES];
} Indices;

typedef struct Input { /* of a cell: what its name stands for in this use */
  const char *name;
  Indices index;
  bool typed;
  Shape shape;
  Span span, type_span;
  FlatVar *var; /* the argument is this variable, */
  Node *node;   /* or this value, at [t] only */
} Input;

typedef enum EntryKind { ENTRY_VAR, ENTRY_INPUT, ENTRY_SIZE, ENTRY_VALUE, ENTRY_INSTANCE } EntryKind;
typedef struct Entry {
  EntryKind kind;
  const char *name;
  Span span;
  FlatVar *var;
  Indices index; /* of VAR, where it is declared or defined */
  Input *input;
  const Ast *size; /* of SIZE, evaluated when first asked for */
  Unit *unit;      /* of a SIZE of a file */
  Value value;
  enum { TO_DO, DOING, DONE } state;
} Entry;

typedef struct Equation {
  FlatVar *target;
  const Ast *ast;
} Equation;

typedef struct PendingInit {
  FlatVar *var;
  const Ast *ast;
} PendingInit;

struct Body {
  Sema *s;
  const Ast *ast; /* CELL or MODEL, or the FILE that is a model itself */
  const Ast *const *statement;
  int statements;
  Unit *unit;
  Cell *cell;  /* NULL: the model */
  Body *outer; /* whose text applies it */
  Span use;    /* there */
  const char *path;
  Params *params;
  int bind[AXES]; /* of each axis of its text: the system's, DOM_T or DOM_S; 0: used without */
  int lift;       /* axes that its text does not name: it holds at each place of them */
  int reversed;   /* axes that run the other way in its text */
  bool declares_params;
  bool bad;                              /* its shapes do not fit: reported */
  bool broken;                           /* a statement of it did not parse: names may be missing */
  const char *axis[AXES], *length[AXES]; /* "t", "T"; the last one is the primary */
  int axes;                              /* how many */
  Map names;                             /* name -> Entry */
  Vec(Entry *) entries;
  Vec(Input *) inputs;
  FlatVar *result;         /* of a cell: its first output, */
  Entry *result_entry;     /* its name inside, */
  Span result_defined;     /* the equation there, */
  struct Use *result_use;  /* and the application that this is */
  Vec(Equation) equations; /* right sides to elaborate */
  Vec(const Ast *) later;  /* boundaries to declare */
  Vec(PendingInit) inits;
  Vec(const Ast *) draws, metrics, edges;
  const Ast *loss, *train;
  Map uses; /* CALL -> Use */
};

struct Use { /* an application */
  const Ast *site;
  Cell *cell;
  Body *body;        /* of a cell, */
  Vec(Use *) layers; /* or of a stack */
  FlatVar *result;
  bool bound, bad;
};

/* ---- one expression being elaborated ---- */

typedef struct Frame Frame; /* a def being inlined */
struct Frame {
  const Ast *def;
  Unit *unit;
  Node **arg;
  Span call;
  Frame *caller;
  bool quiet; /* a likelihood: its nodes count as written where it is called */
};

typedef struct Elab {
  Body *body;
  FlatVar *owner;    /* whose equation it is, NULL for draws and the like */
  const char *label; /* for what gets a name of its own */
  Frame *frame;
  int depth;
} Elab;

/* unit.c */
Unit *unit_load(Sema *s, const Ast *file, const char *path, bool embedded);
Unit *unit_prelude(Sema *s);
Unit *unit_distributions(Sema *s); /* lang/distributions.rnn; NULL when the texts of lang/ are not at hand */
Unit *unit_of_cell(Sema *s, Unit *u, const char *name, const Ast **cell); /* searches imports and lang/ */
Unit *unit_of_def(Sema *s, Unit *u, const char *name, const Ast **def);
Entry *unit_size(Unit *u, const char *name);

/* spelling.c */
typedef Vec(const char *) Names;
/* an error at a place of an expression, a hint or NULL, and notes that say which def and which uses of cells it stands
 * in */
void complain(Elab *x, DiagCode code, Span at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void suggest_argument(Diag *d, const Ast *arg, const char *const *names,
                      int n);                                     /* of `name = ..`: a near one, if any */
void suggest_formal(Diag *d, const Ast *arg, const Ast *formals); /* likewise */
void say_undefined(Elab *x, Span at, const char *what, const char *name, const Names *known);
void names_of_functions(Elab *x, Names *out);
void names_of_values(Elab *x, Names *out);
const char *other_spelling(const char *name); /* what another framework's name is here; NULL */

/* value.c */
typedef struct Found {
  bool formal; /* of the def being inlined: arg is its argument, NULL when that is wrong */
  Node *arg;
  Entry *entry;
} Found;
Found find_name(Elab *x, const char *name); /* neither: not defined */
Value value_of(Elab *x, const Ast *e, bool whole);
bool size_of(Elab *x, const Ast *e, Dim *size);                 /* a size >= 1, or unknown; false after a diagnostic */
bool whole_of(Elab *x, const Ast *e, const char *what, int *n); /* a whole number, known */
bool type_of(Elab *x, const Ast *type, Shape *shape);           /* likewise */

/* body.c: declares what a body names */
Entry *body_entry(const Body *b, const char *name);
Entry *body_add(Body *b, EntryKind kind, const char *name, Span span);
Body *body_new(Sema *s, Unit *u, const Ast *ast, const char *path);
void body_declare(Body *b);
void note_uses(const Body *b);
bool is_loss(const Body *b, const Ast *target);

static inline const char *axis_name(const Body *b) { return b->axis[b->axes - 1]; }
static inline const char *length_name(const Body *b) { return b->length[b->axes - 1]; }
int axis_named(const Body *b, const char *name);   /* its place in the body's list; -1 */
int length_named(const Body *b, const char *name); /* likewise of the axis with this length */

/* index.c */
bool indices_of(Elab *x, const Ast *const *index, int n, Indices *out); /* of a left side or a declaration: bare */
Indices indices_seen(const Body *b, const FlatVar *v);                  /* of a variable reached by path */
const char *indices_text(const Body *b, Indices ix);                    /* "[t, s]", "" without */
int axes_bound(const Body *b, Indices ix);                              /* the system's axes that they stand for */
bool same_indices(Indices a, Indices b);
bool place_of(Elab *x, const Ast *index, Place *p, int *axis); /* in the body's own orientation; axis -1: not named */
/* what stands in e's brackets, behind the name of something with these indices, as places on the system's axes */
bool places_of(Elab *x, const Ast *e, const char *name, Indices ix, Place at[AXES]);

/* bind.c: which axes of the system a cell runs along where it is applied */
typedef struct Binding {
  int bind[AXES], lift;
} Binding;
/* spread: axes over which a value without an index is the same. say: report what is wrong; false then */
bool bind_axes(Elab *x, const Ast *call, const Ast *cell, int spread, bool say, Binding *out);
int output_axes(const Ast *cell, const Binding *b);
int axes_of(Elab *x, const Ast *e);     /* those that the text's value has, without the body's lift */
const Ast *needs_time(const Ast *cell); /* what in it needs time: a read at another t, a reduction; NULL */
int cell_axes(const Ast *cell, const char *name[AXES]);
const Ast *applied_cell(const Ast *call, const Ast **axis); /* gru(8)[s](..): the cell, and [s]'s s or NULL */

/* cell.c */
typedef enum CallKind { CALL_FUNCTION, CALL_AXIS, CALL_CELL, CALL_APPLY } CallKind;
CallKind call_kind(Elab *x, const Ast *call);
const char *why_no_value(const char *name); /* why a word of the language cannot be read; NULL: it may be a variable */
bool is_cell_value(Elab *x, const Ast *e);
Cell *cell_value(Elab *x, const Ast *e);
const char *signature(Arena *a, const Ast *definition);
Params *params_child(Sema *s, Params *parent, const Ast *site, int layer, const char *name);

/* use.c */
void declare_uses(Body *b);
Node *apply(Elab *x, const Ast *call);
Use *use_at(const Body *b, const Ast *site);

/* path.c */
FlatVar *path_var(Elab *x, const Ast *e); /* NAME or FIELD to a variable; NULL after a diagnostic */

/* expression.c */
Node *expression(Elab *x, const Ast *e); /* NULL after a diagnostic */
Node *numeric(Elab *x, Node *n);         /* a token as a one-hot vector */
Node *read_at(Elab *x, FlatVar *v, const Place at[AXES], const Ast *e);
Node *hoist(Elab *x, const char *suffix, Node *rhs); /* a variable of its own for rhs, read */
FlatVar *hoist_var(Elab *x, const char *suffix, Node *rhs);
Span here(const Elab *x, Span own); /* the place to report: the call, inside a def */
Node *made(Elab *x, Node *n, const Ast *e);
/* the body of a def of lang/distributions.rnn, its arguments in place; what it says is reported at `call` */
Node *likelihood_of(Elab *x, const Ast *def, Node **arg, Span call);

/* builtin.c */
Node *call_builtin(Elab *x, const Ast *call, const char *name, bool *found);
Node *call_axis(Elab *x, const Ast *call);
bool is_builtin(const char *name);
const char *builtin_name(int i); /* NULL behind the last */

/* statement.c */
void body_elaborate(Body *b);
void set_right_side(FlatVar *v, Node *rhs);
bool refuse_time(Elab *x, const char *name, int axes, Node *n); /* true after a diagnostic: n has other axes too */
/* distribution.c */
extern const Distribution distributions[]; /* no name behind the last */
const Distribution *distribution_named(const char *name);
int distribution_arguments(const Distribution *d);
const char *distribution_form(Arena *a, const Distribution *d); /* "normal(mean, deviation)" */
/* draw.c */
void elaborate_noise(Body *b);
void elaborate_draws(Body *b);
void elaborate_loss(Body *b);
void elaborate_metrics(Body *b);
/* edge.c */
void elaborate_edges(Body *b);
/* settings.c */
void elaborate_settings(Body *b);

/* infer.c, initial.c: over the whole */
bool infer_shapes(Flat *f);
void refuse_undetermined(Flat *f);
void set_initialiser(Body *b, FlatVar *v, const Ast *e);
bool choose_initialisers(Flat *f);
#endif

/* import.h: what the parts of rnnc import share. Tensors of the file become Layers (import_layers.c), parameters of the
   model Groups (import_groups.c); import_match.c finds which layer goes to which group, import_fit.c says of a pair how
   each parameter is made of tensors, or why it cannot be; import_write.c prints and carries out. */
#ifndef RNNC_IMPORT_H
#define RNNC_IMPORT_H
#include "driver.h"
#include "tensors.h"

typedef enum Framework { FROM_AUTO, FROM_PYTORCH, FROM_KERAS } Framework;
extern const char *const framework_name[]; /* "PyTorch" */

typedef enum LayerKind {
  KIND_LSTM,
  KIND_LSTM_PROJECTED,
  KIND_GRU,        /* the reset gate behind the product */
  KIND_GRU_BEFORE, /* before the product */
  KIND_GRU_UNSAID, /* the file does not say which */
  KIND_RNN,        /* nor, whether of tanh or relu */
  KIND_FLAT        /* what it is, its tensors' names and shapes say */
} LayerKind;

typedef Vec(const RnnTensor *) Tensors;

/* A layer of PyTorch or Keras. What a recurrent one lacks is NULL. */
typedef struct Layer {
  const char *name;   /* "encoder.lstm.l0", "lstm"; "." at the top */
  const char *module; /* of PyTorch's recurrent ones: "encoder.lstm"; else the name */
  int number;         /* of PyTorch's in its module; -1: none */
  LayerKind kind;
  bool backward;
  int64_t units, outputs, inputs;
  const RnnTensor *input, *recurrent, *bias, *bias2, *projection; /* bias2: PyTorch's recurrent one */
  Tensors tensors;                                                /* all */
  struct CellUse *group;                                          /* where it goes */
} Layer;

/* Row of import_cells.def, or NULL's. */
typedef struct CellRow {
  const char *cell;
  LayerKind kind;
  const char *gates[3]; /* by Framework */
  const char *own_bias, *zeros;
} CellRow;
typedef struct LayerRow {
  const char *cell, *parameter;
  const char *tensor[3]; /* by Framework */
  bool needed;
} LayerRow;
extern const CellRow recurrent_row[];
extern const int recurrent_rows;
extern const LayerRow flat_row[];
extern const int flat_rows;

/* The parameters of one application of a cell. */
typedef struct CellUse {
  const char *path;                /* "h.0" */
  const char *cell;                /* "lstm"; NULL: a cell of the source's own, of these parameters: */
  const char *likely;              /* the cell of lang/ that has the same names; NULL: none */
  bool forward, backward;          /* reads of its own that go back, forth */
  Vec(struct Parameter *) members; /* in order of declaration */
  Layer *layer;
} CellUse;

/* A part of a tensor: what stands from row `from` on, of its transpose where that is asked for; of a vector from that
   element on. */
typedef struct Piece {
  const RnnTensor *tensor;
  bool transposed;
  int64_t from;
} Piece;

typedef struct Parameter {
  const Var *var;
  const char *leaf; /* behind the path of its group */
  CellUse *group;   /* NULL: of no cell */
  bool done;        /* mapped; then its sum of: */
  Piece piece[2];
  int pieces;      /* 0: zeros */
  const char *why; /* of zeros */
} Parameter;

typedef struct MapRule {
  const char *ours, *theirs;
  bool transposed;
  bool used;
} MapRule;

typedef struct Import {
  Arena *arena;
  const char *state, *model; /* the files' names */
  Framework from;
  RnnTensorFile file;
  Vec(Layer *) layers;
  Tensors loose; /* of no layer */
  Vec(CellUse *) groups;
  Vec(Parameter *) parameters;
  Vec(MapRule) maps;
  Vec(const char *) ignore;
  Vec(const RnnTensor *) used; /* by --map */
} Import;

/* Each returns 0 or an exit code after messages. */
int import_layers(Import *m);            /* needs: file, ignore, from */
int import_groups(Import *m, System *s); /* needs nothing */
int import_match(Import *m);             /* all parameters done, or a message */
int import_values(Import *m, RnnTensorFile *out);

/* How the layer's tensors fill the group's parameters, which are not changed: plan[i] of member i, in `plan`, which has
   room for them. False, and why in *why. `asked`: --map says so. */
bool import_fit(const Import *m, const CellUse *g, const Layer *l, bool asked, Parameter *plan, const char **why);
/* A parameter of one whole tensor. */
bool import_fit_whole(const Import *m, Parameter *p, const RnnTensor *t, bool transposed, const char **why);
const char *layer_text(const Import *m, const Layer *l);    /* "lstm.l0 (LSTM, 4 units of 3 inputs)" */
const char *layer_leaf(const Layer *l, const RnnTensor *t); /* the tensor's name behind the layer's */
const char *group_text(const Import *m, const CellUse *g);
const char *shape_of(const Import *m, const RnnTensor *t); /* "[3, 4]" */
bool import_lists(const char *list, const char *word);     /* of words parted by blanks */
void import_print(const Import *m);
/* Path a is b, or inside of it; "." has all inside. */
bool path_within(const char *a, const char *b);

#endif

/* import_fit.c: how the tensors of a layer make the parameters of a group: the rows of import_cells.def carried out.
   Needs: layers and groups. Changes neither. */
#include "import.h"
#include <string.h>

const CellRow recurrent_row[] = {
#define RECURRENT(cell, kind, torch, keras, own_bias, zeros)                                                           \
  {#cell, KIND_##kind, {NULL, torch, keras}, own_bias, zeros},
#include "import_cells.def"
#undef RECURRENT
};
const int recurrent_rows = sizeof recurrent_row / sizeof *recurrent_row;
const LayerRow flat_row[] = {
#define LAYER(cell, parameter, torch, keras, needed) {#cell, #parameter, {NULL, torch, keras}, needed},
#include "import_cells.def"
#undef LAYER
};
const int flat_rows = sizeof flat_row / sizeof *flat_row;

typedef struct Fit {
  const Import *m;
  const CellUse *g;
  const Layer *l;
  const char **why;
} Fit;

static bool cannot(Fit *f, const char *why)
{
  *f->why = why;
  return false;
}

static const char *var_shape(const Import *m, const Var *v)
{
  int64_t shape[2] = {v->shape.dim[0], v->shape.dim[1]};
  char text[64];
  return arena_printf(m->arena, "%s", rnn_shape_text(v->shape.rank, shape, text, sizeof text));
}

/* Rows and columns of a tensor as a matrix of the parameter's kind; a vector is one column. */
static void extents(const RnnTensor *t, bool transposed, int64_t *rows, int64_t *columns)
{
  int64_t a = t->rank ? t->shape[0] : 1, b = t->rank > 1 ? t->shape[1] : 1;
  *rows = transposed ? b : a;
  *columns = transposed ? a : b;
}

/* The parameter is `gates` times as high in the tensor, which has exactly these columns. */
static bool has_extents(Fit *f, const Parameter *p, const RnnTensor *t, bool transposed, int gates)
{
  int64_t rows, columns, m = p->var->shape.rank ? p->var->shape.dim[0] : 1,
                         n = p->var->shape.rank > 1 ? p->var->shape.dim[1] : 1;
  extents(t, transposed, &rows, &columns);
  if (rows == m * gates && columns == n && (t->rank == p->var->shape.rank || gates > 1)) return true;
  return cannot(f, arena_printf(f->m->arena, "%s is %s%s, %s of the model is %s%s", t->name, shape_of(f->m, t),
                                transposed ? ", taken transposed" : "", p->var->name, var_shape(f->m, p->var),
                                gates > 1 ? arena_printf(f->m->arena, " for each of %d gates", gates) : ""));
}

static void add_piece(Parameter *p, const RnnTensor *t, bool transposed, int64_t from)
{
  p->piece[p->pieces++] = (Piece){t, transposed, from};
}

static bool zeros(Parameter *p, const char *why)
{
  p->why = why;
  return true;
}

/* ---- recurrent layers ---- */

bool import_lists(const char *list, const char *word)
{
  size_t n = strlen(word);
  for (const char *at = list; (at = strstr(at, word)); at += n)
    if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' ')) return true;
  return false;
}

/* The gate's part of the biases: which = 0 the input's, 1 the recurrent one, 2 both. */
static bool fit_bias(Fit *f, Parameter *p, int64_t at, int gates, int which)
{
  const Layer *l = f->l;
  if (!l->bias) return zeros(p, "the layer has no bias");
  bool two_rows = l->bias->rank == 2; /* Keras's [2, rows] */
  int64_t units = l->units, rows = units * gates;
  if (p->var->shape.rank != 1 || p->var->shape.dim[0] != units)
    return cannot(f, arena_printf(f->m->arena, "%s is for %lld units, %s of the model is %s", l->bias->name,
                                  (long long)units, p->var->name, var_shape(f->m, p->var)));
  if (which != 1) add_piece(p, l->bias, false, at * units);
  if (which == 0) return true;
  if (two_rows) add_piece(p, l->bias, false, rows + at * units);
  else if (l->bias2) add_piece(p, l->bias2, false, at * units);
  else if (which == 1) return zeros(p, "the layer has one bias");
  return true;
}

static bool fit_recurrent(Fit *f, const CellRow *r, Parameter *plan)
{
  const char *gates = r->gates[f->m->from];
  bool keras = f->m->from == FROM_KERAS, one = !strcmp(gates, "-");
  int count = (int)strlen(gates);
  for (int i = 0; i < f->g->members.n; i++) {
    Parameter *p = &plan[i];
    const char *leaf = p->leaf;
    if (import_lists(r->zeros, leaf)) {
      p->why = "the layer has nothing of this kind";
      continue;
    }
    if (!strcmp(leaf, "V")) {
      if (!has_extents(f, p, f->l->projection, false, 1)) return false;
      add_piece(p, f->l->projection, false, 0);
      continue;
    }
    int64_t at = one ? 0 : strchr(gates, leaf[1]) - gates;
    if (leaf[0] == 'W' || leaf[0] == 'U') {
      const RnnTensor *t = leaf[0] == 'W' ? f->l->input : f->l->recurrent;
      if (!has_extents(f, p, t, keras, count)) return false;
      add_piece(p, t, keras, at * f->l->units);
    } else {
      int which = leaf[0] == 'c' ? 1 : !one && strchr(r->own_bias, leaf[1]) ? 0 : 2;
      if (!fit_bias(f, p, at, count, which)) return false;
    }
  }
  return true;
}

static const char *const gru_why[] = {
    [KIND_GRU] = "gru's reset gate acts behind the product with the state (PyTorch; Keras's reset_after=True, two rows "
                 "of bias)",
    [KIND_GRU_BEFORE] =
        "gru_v1's reset gate acts before the product with the state (Keras's reset_after=False, one row "
        "of bias; PyTorch has no such layer)",
};

static bool is_gru(LayerKind k) { return k == KIND_GRU || k == KIND_GRU_BEFORE || k == KIND_GRU_UNSAID; }

static bool fit_kind(Fit *f, const CellRow *r, bool asked)
{
  if (f->l->kind == KIND_GRU_UNSAID && is_gru(r->kind)) {
    if (asked) return true;
    return cannot(f, arena_printf(f->m->arena,
                                  "a layer without biases does not say whether its reset gate acts behind the product "
                                  "(reset_after=True: gru) or before it (gru_v1): say --map '%s=%s' if it is as %s",
                                  f->g->path, f->l->name, r->cell));
  }
  if (r->kind == f->l->kind && r->gates[f->m->from]) return true;
  if (is_gru(r->kind) && is_gru(f->l->kind)) return cannot(f, gru_why[r->kind]);
  return cannot(f, "another kind of layer");
}

/* ---- others ---- */

/* a row's name, without the ' behind it; Keras's with or without :0 */
static bool has_name(const Layer *l, const RnnTensor *t, const char *name)
{
  const char *leaf = layer_leaf(l, t);
  size_t n = strcspn(name, "'");
  return !strncmp(leaf, name, n) && (!leaf[n] || leaf[n] == ':');
}

static bool fit_flat(Fit *f, const char *cell, Parameter *plan)
{
  const Tensors *all = &f->l->tensors;
  for (int i = 0; i < f->g->members.n; i++) {
    Parameter *p = &plan[i];
    for (const LayerRow *row = flat_row; row < flat_row + flat_rows; row++) {
      if (strcmp(row->cell, cell) || strcmp(row->parameter, p->leaf)) continue;
      const char *name = row->tensor[f->m->from];
      const RnnTensor *t = NULL;
      for (int k = 0; k < all->n && !t; k++)
        if (has_name(f->l, all->at[k], name)) t = all->at[k];
      bool transposed = strchr(name, '\'');
      if (!t && row->needed) return cannot(f, "another kind of layer");
      if (!t) {
        p->why = "the layer has no bias";
        continue;
      }
      if (!has_extents(f, p, t, transposed, 1)) return false;
      add_piece(p, t, transposed, 0);
    }
  }
  return true;
}

static bool direction_fits(Fit *f)
{
  const CellUse *g = f->g;
  if (g->forward && g->backward) return cannot(f, "this cell runs both ways");
  if (g->backward == f->l->backward) return true;
  return cannot(f, f->l->backward ? "the layer runs backward, the cell forward"
                                  : "the layer runs forward, the cell backward (reverse)");
}

/* Nothing of the layer may be left. */
static bool all_used(Fit *f, const char *cell, const Parameter *plan)
{
  for (int k = 0; k < f->l->tensors.n; k++) {
    const RnnTensor *t = f->l->tensors.at[k];
    bool used = false;
    for (int i = 0; i < f->g->members.n; i++)
      for (int p = 0; p < plan[i].pieces; p++) used |= plan[i].piece[p].tensor == t;
    if (!used) return cannot(f, arena_printf(f->m->arena, "%s has no place for %s", cell, t->name));
  }
  return true;
}

bool import_fit(const Import *m, const CellUse *g, const Layer *l, bool asked, Parameter *plan, const char **why)
{
  Fit f = {m, g, l, why};
  const char *cell = g->cell ? g->cell : g->likely;
  if (!g->cell && !asked)
    return cannot(&f, arena_printf(m->arena,
                                   "what a cell of your own computes is not known: say --map '%s=%s' if it is "
                                   "as %s of lang/",
                                   g->path, l->name, cell));
  for (int i = 0; i < g->members.n; i++)
    plan[i] = (Parameter){.var = g->members.at[i]->var, .leaf = g->members.at[i]->leaf};
  for (const CellRow *r = recurrent_row; r < recurrent_row + recurrent_rows; r++)
    if (!strcmp(r->cell, cell))
      return fit_kind(&f, r, asked) && direction_fits(&f) && fit_recurrent(&f, r, plan) && all_used(&f, cell, plan);
  if (l->kind != KIND_FLAT) return cannot(&f, "another kind of layer");
  return fit_flat(&f, cell, plan) && all_used(&f, cell, plan);
}

bool import_fit_whole(const Import *m, Parameter *p, const RnnTensor *t, bool transposed, const char **why)
{
  Fit f = {m, NULL, NULL, why};
  if (transposed && t->rank != 2) return cannot(&f, arena_printf(m->arena, "%s is no matrix", t->name));
  if (!has_extents(&f, p, t, transposed, 1)) return false;
  p->pieces = 0;
  add_piece(p, t, transposed, 0);
  return true;
}

/* initial.c: what parameters begin with: the initialisers that are written, and the default rules for those that are
   not. Needs: shapes (for the defaults). Leaves alone: the numbers, which the runtime draws. */
#include "body.h"
#include <string.h>

static const struct Initialiser {
  const char *name;
  InitKind kind;
  int low, high; /* arguments */
} initialiser[] = {
    {"zeros", INIT_ZEROS, 0, 0},
    {"ones", INIT_ONES, 0, 0},
    {"constant", INIT_CONSTANT, 1, 1},
    {"uniform", INIT_UNIFORM, 2, 2},
    {"normal", INIT_NORMAL, 2, 2},
    {"glorot", INIT_GLOROT, 0, 0},
    {"he", INIT_HE, 0, 0},
    {"orthogonal", INIT_ORTHOGONAL, 0, 0},
    {"identity", INIT_IDENTITY, 0, 1},
};
enum { INITIALISERS = sizeof initialiser / sizeof *initialiser };

static const char list[] =
    "zeros, ones, constant(c), uniform(a, b), normal(mean, deviation), glorot, he, orthogonal, identity(scale)";

static void say_unknown(Body *b, const Ast *e, const char *name)
{
  Diag *d = b->s->diag;
  const char *names[INITIALISERS];
  for (int i = 0; i < INITIALISERS; i++) names[i] = initialiser[i].name;
  const char *near = nearest(name, names, INITIALISERS);
  if (strstr(name, "xavier")) near = "glorot";
  if (strstr(name, "kaiming")) near = "he";
  if (strcmp(name, "eye") == 0) near = "identity";
  diag(d, E_NO_INITIALISER, e->span, "there is no initialiser '%s'", name);
  if (near) diag_suggest(d, span_first(e->span, strlen(name)), near);
  else diag_note(d, (Span){0}, "there are %s", list);
  note_uses(b);
}

static Node *init_argument(Body *b, const Ast *e)
{
  Elab x = {.body = b, .label = "initialiser"};
  Node *n = expression(&x, e->kind == AST_ARG ? e->kid[0] : e);
  return n ? numeric(&x, n) : NULL;
}

/* param W = e */
void set_initialiser(Body *b, FlatVar *v, const Ast *e)
{
  const Ast *name = e->kind == AST_CALL ? e->kid[0] : e;
  v->init.span = e->span;
  bool known_name =
      name->kind == AST_NAME && (find_name(&(Elab){.body = b}, name->name).entry || strcmp(name->name, "pi") == 0);
  for (int i = 0; name->kind == AST_NAME && i < INITIALISERS && (e->kind == AST_CALL || !known_name); i++) {
    const struct Initialiser *in = &initialiser[i];
    if (strcmp(in->name, name->name) != 0) continue;
    int n = e->kind == AST_CALL ? e->nkid - 1 : 0;
    if (n < in->low || n > in->high) {
      diag(b->s->diag, E_ARGUMENTS, e->span, "%s takes %d argument%s, %d given", in->name, in->high,
           in->high == 1 ? "" : "s", n);
      diag_note(b->s->diag, (Span){0}, "there are %s", list);
      note_uses(b);
      v->bad = true;
      return;
    }
    v->init.kind = in->kind;
    for (int k = 0; k < n; k++)
      if (!(v->init.arg[k] = init_argument(b, e->kid[k + 1]))) v->bad = true;
    return;
  }
  bool function = e->kind == AST_CALL && name->kind == AST_NAME && is_builtin(name->name);
  if (name->kind == AST_NAME && !known_name && !function) {
    say_unknown(b, name, name->name);
    v->bad = true;
    return;
  }
  v->init.kind = INIT_CONSTANT;
  v->init.arg[0] = init_argument(b, e);
  if (!v->init.arg[0]) v->bad = true;
}

/* ---- the default rules ---- */

/* A state reads itself at another time. */
static bool is_state(Walk *w, const FlatVar *v)
{
  for (Node *n = walk_from(w, v->rhs); n; n = walk_next(w))
    if (n->op == OP_READ && n->var == v) return true;
  return false;
}

#define PLAIN_DEPTH 4 /* variables that are followed */

/* of v[t-1], a[t+2, s] */
static bool is_shifted(const Node *read)
{
  for (Axis a = 0; a < AXES; a++)
    if (read->attr[2 * a] == READ_REL && read->attr[2 * a + 1] != 0) return true;
  return false;
}

/* By node: does it read anything at another time, itself or through variables that are plain functions, such as r[t] *
   h[t-1]? A state's present value, and a product, are values of their own. */
static bool *find_delayed(Flat *f)
{
  bool *node = ARENA_ARRAY(f->arena, bool, f->nodes.n + 1);
  Walk *w = walk_new(f);
  for (int round = 0; round < PLAIN_DEPTH; round++) {
    for (int i = 0; i < f->nodes.n; i++) {
      const Node *n = f->nodes.at[i];
      if (n->op == OP_READ) node[i] = n->axes && (is_shifted(n) || n->var->delayed);
      for (int k = 0; k < n->nin && n->op != OP_MATMUL; k++) node[i] |= node[n->in[k]->id];
    }
    for (int i = 0; i < f->vars.n; i++) {
      FlatVar *v = f->vars.at[i];
      if (v->rhs && !v->dead && !v->delayed && node[v->rhs->id]) v->delayed = !is_state(w, v);
    }
  }
  return node;
}

static bool check_arguments(Flat *f, FlatVar *v)
{
  for (int i = 0; i < 2; i++) {
    double value;
    if (!v->init.arg[i] || node_value(f, v->init.arg[i], &value)) continue;
    diag(f->diag, E_NOT_KNOWN, v->init.span, "the initial value of '%s' must be known while compiling", v->name);
    diag_note(f->diag, (Span){0}, "there are %s", list);
    return false;
  }
  bool matrix = v->shape.rank == 2, wants = v->init.kind == INIT_ORTHOGONAL || v->init.kind == INIT_IDENTITY;
  if (matrix || !wants) return true;
  diag(f->diag, E_MATRIX_ONLY, v->init.span, "%s is for matrices, '%s' is %s",
       v->init.kind == INIT_IDENTITY ? "identity" : "orthogonal", v->name, shape_text(f->sizes, f->arena, v->shape));
  return false;
}

bool choose_initialisers(Flat *f)
{
  bool good = true, *delayed = find_delayed(f);
  for (int i = 0; i < f->nodes.n; i++) {
    const Node *n = f->nodes.at[i];
    if (n->op == OP_MATMUL && n->in[0]->op == OP_READ && delayed[n->in[1]->id]) n->in[0]->var->delayed = true;
  }
  for (int i = 0; i < f->vars.n; i++) {
    FlatVar *v = f->vars.at[i];
    if (v->kind != VAR_PARAM || v->bad) continue;
    if (v->init.kind != INIT_DEFAULT) good &= check_arguments(f, v);
    else if (v->shape.rank < 2) v->init.kind = INIT_ZEROS;
    else v->init.kind = v->delayed ? INIT_ORTHOGONAL : INIT_GLOROT;
  }
  return good;
}

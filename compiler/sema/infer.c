/* infer.c: shapes by unification over the flat system, ranks by iterating to a fixed point.
   Needs: all right sides. Leaves alone: initialisers, domains.

   What is known flows up through operators by op_shape; what an equation or an elementwise neighbour knows is handed
   down to parameters of unknown rank. When nothing moves any more, an unknown right factor is a vector; then what is
   still unknown is a number. */
#include "infer.h"
#include <string.h>

/* ---- small steps ---- */

Shape used_shape(const Node *n) { return n->row ? shape_matrix(1, n->shape.dim[0]) : n->shape; }

/* n has this shape: sizes that were promised before must agree */
void give_shape(Infer *in, Node *n, Shape shape)
{
  if (n->shape.rank < 0) {
    n->shape = shape;
    in->changed = true;
    return;
  }
  for (int i = 0; i < shape.rank && i < n->shape.rank; i++)
    if (!dim_unify(in->f->sizes, n->shape.dim[i], shape.dim[i])) {
      misfit(in->f, E_SHAPE, n,
             arena_printf(in->f->arena, "this is %s, but %s is needed", shape_text(in->f->sizes, in->f->arena, shape),
                          shape_text(in->f->sizes, in->f->arena, n->shape)),
             NULL);
      return;
    }
}

static void set_rank(Infer *in, FlatVar *v, int rank)
{
  Shape *s = flat_shape(v);
  if (s->rank >= 0) return;
  s->rank = rank;
  in->changed = true;
}

static bool is_elementwise(Op op) { return op_info[op].class == CLASS_EW; }

static void expect_below(Infer *in, Node *n, Shape shape, bool dims);

void expect(Infer *in, Node *n, Shape shape, bool dims)
{
  if (n->bad || n->expected || n->shape.rank >= 0) return;
  n->expected = true;
  expect_below(in, n, shape, dims);
}

static void expect_below(Infer *in, Node *n, Shape shape, bool dims)
{
  switch (n->op) {
  case OP_READ:
    if (n->var->kind == VAR_COMPUTED) {
      n->expected = false; /* its own equation decides; it may be asked again */
      return;
    }
    if (flat_shape(n->var)->rank >= 0) return;
    set_rank(in, n->var, shape.rank);
    shape_here(in->f->sizes, n->span);
    for (int i = 0; i < shape.rank && dims; i++) dim_unify(in->f->sizes, flat_shape(n->var)->dim[i], shape.dim[i]);
    return;
  case OP_STOP:
  case OP_REVERSED:
  case OP_TSUM:
  case OP_TMAX:
  case OP_BSUM: expect(in, n->in[0], shape, dims); return;
  case OP_MATMUL:
    if (shape.rank > 0 && !n->attr[1]) expect_rank(in, n->in[1], shape.rank);
    return;
  default:
    if (is_elementwise(n->op))
      for (int i = 0; i < n->nin; i++) expect(in, n->in[i], shape, dims);
  }
}

void expect_rank(Infer *in, Node *n, int rank) { expect(in, n, (Shape){.rank = rank}, false); }

/* ---- operators ---- */

static const char *hint_for(const Node *n)
{
  bool matrix = false, vector = false;
  for (int i = 0; i < n->nin; i++) {
    matrix |= n->in[i]->shape.rank == 2;
    vector |= n->in[i]->shape.rank == 1;
  }
  if (n->op == OP_MUL && matrix && vector)
    return n->in[0]->shape.rank == 2 ? "the matrix product is written $1 @ $2"
                                     : "the matrix product is written $2 @ $1";
  for (int i = 0; i < n->nin && is_elementwise(n->op); i++) {
    const Node *a = n->in[i];
    if (a->op == OP_READ && a->var->kind == VAR_PARAM && !a->var->typed && a->shape.rank > 0)
      return "a parameter without a type takes the shape of what it stands beside; a number is declared with : real";
  }
  return NULL;
}

static void apply_rule(Infer *in, Node *n)
{
  Flat *f = in->f;
  Shape small[8], *shape = n->nin <= 8 ? small : ARENA_ARRAY(f->arena, Shape, n->nin), out;
  const char *why;
  for (int i = 0; i < n->nin; i++) shape[i] = used_shape(n->in[i]);
  shape_here(f->sizes, n->span);
  n->settled = n->op != OP_RESHAPE; /* which may give a size once another is known */
  if (op_shape(f->sizes, f->arena, n->op, shape, n->nin, n->attr, &out, &why)) give_shape(in, n, out);
  else misfit(f, E_SHAPE, n, why, hint_for(n));
}

/* Ranks that an operator's result has whatever its inputs are; the sizes come later. */
static void promise_rank(Infer *in, Node *n)
{
  int rank;
  if (n->shape.rank >= 0) return;
  switch (n->op) {
  case OP_SUM:
  case OP_MAXC:
  case OP_LOGSUMEXP:
  case OP_ARGMAX:
  case OP_INDEX:
  case OP_OBSERVED:
  case OP_PICK: rank = 0; break;
  case OP_CONCAT:
  case OP_SOFTMAX:
  case OP_CUMSUM:
  case OP_ONEHOT: rank = 1; break;
  case OP_OUTER:
  case OP_DIAG: rank = 2; break;
  case OP_RESHAPE: give_shape(in, n, (Shape){.rank = n->attr[0], .dim = {n->attr[1], n->attr[2]}}); return;
  case OP_TOKEN:
    n->shape = shape_token(n->attr[0]);
    in->changed = true;
    return;
  default: return;
  }
  n->shape = (Shape){.rank = rank};
  for (int i = 0; i < rank; i++) n->shape.dim[i] = dim_new(in->f->sizes, n->span);
  in->changed = true;
}

static bool takes_vectors(Op op)
{
  return op == OP_SOFTMAX || op == OP_CUMSUM || op == OP_LOGSUMEXP || op == OP_ARGMAX || op == OP_DIAG ||
         op == OP_OUTER || op == OP_PICK;
}

static bool all_known(const Node *n)
{
  for (int i = 0; i < n->nin; i++)
    if (n->in[i]->shape.rank < 0) return false;
  return true;
}

static void visit_elementwise(Infer *in, Node *n)
{
  const Node *lead = NULL;
  for (int i = 0; i < n->nin && !lead; i++)
    if (n->in[i]->shape.rank > 0) lead = n->in[i];
  if (lead) {
    Shape s = used_shape(lead);
    for (int i = 0; i < n->nin; i++) expect(in, n->in[i], s, true);
    if (n->shape.rank < 0) n->shape = s, in->changed = true;
  }
  if (all_known(n)) apply_rule(in, n);
}

/* x' of a vector lies down; M' is turned */
static void visit_transpose(Infer *in, Node *n)
{
  Node *a = n->in[0];
  if (a->shape.rank < 0) return;
  if (a->shape.rank == 0) {
    misfit(in->f, E_SHAPE, n, "$1 is a number: only a matrix or a vector has a transpose", NULL);
    return;
  }
  n->settled = true;
  n->row = a->shape.rank == 1 && !a->row;
  give_shape(in, n, a->shape.rank == 1 ? a->shape : shape_matrix(a->shape.dim[1], a->shape.dim[0]));
}

static void visit_leaf(Infer *in, Node *n)
{
  FlatVar *v = n->op == OP_READ ? n->var : n->constant == CONST_ZERO ? n->like : NULL;
  if (n->op == OP_CONST && n->constant == CONST_COUNT) n->bad = n->of->bad;
  if (!v) return;
  if (v->bad || (v->owner && v->owner->bad)) {
    n->bad = in->changed = true;
    return;
  }
  Shape s = *flat_shape(v);
  if (n->shape.rank >= 0 || s.rank < 0) return;
  if (n->op == OP_CONST) s.token = false;
  n->shape = s;
  in->changed = true;
}

static void visit(Infer *in, Node *n)
{
  if (n->bad || n->settled) return;
  if (in->f->bad_bodies && in_bad_body(n->body)) {
    n->bad = in->changed = true;
    return;
  }
  for (int i = 0; i < n->nin; i++)
    if (n->in[i]->bad) {
      n->bad = in->changed = true;
      return;
    }
  if (n->nin == 0) {
    visit_leaf(in, n);
    return;
  }
  promise_rank(in, n);
  for (int i = 0; i < n->nin && takes_vectors(n->op); i++) expect_rank(in, n->in[i], 1);
  if (n->op == OP_MATMUL) visit_product(in, n);
  else if (n->op == OP_TRANSPOSE) visit_transpose(in, n);
  else if (is_elementwise(n->op)) visit_elementwise(in, n);
  else if (all_known(n)) apply_rule(in, n);
  if (n->bad) in->changed = true;
}

/* ---- equations ---- */

static void equation_misfit(Infer *in, FlatVar *v, const Node *n)
{
  Flat *f = in->f;
  diag(f->diag, E_EQUATION_SHAPE, n->span, "%s is %s, but this is %s", v->name,
       shape_text(f->sizes, f->arena, *flat_shape(v)), shape_text(f->sizes, f->arena, used_shape(n)));
  note_var_origin(f, v);
  note_origin(f, n);
  note_context(n);
  v->bad = in->changed = true;
  poison_body(f, n->body);
}

static void visit_equation(Infer *in, FlatVar *v)
{
  Node *n = v->rhs;
  if (v->owner && v->owner->bad && !v->bad) v->bad = in->changed = true;
  if (v->bad || v->agreed || v->dead || !n) return;
  if (n->bad) {
    v->bad = in->changed = true;
    return;
  }
  Shape *s = flat_shape(v), given = used_shape(n);
  if (given.rank < 0) {
    if (s->rank >= 0) expect(in, n, *s, true);
    return;
  }
  if (given.rank == 0 && s->rank < 0 && v->owner) return; /* a number fits any shape: it decides nothing */
  if (s->rank < 0) set_rank(in, v, given.rank);
  if (given.rank != s->rank) {
    if (given.rank == 0) v->agreed = true;
    else equation_misfit(in, v, n);
    return;
  }
  shape_here(in->f->sizes, n->span);
  bool same = given.token == s->token || !v->owner;
  for (int i = 0; i < given.rank && same; i++) same = dim_unify(in->f->sizes, s->dim[i], given.dim[i]);
  v->agreed = true;
  if (!same) equation_misfit(in, v, n);
}

static void visit_type(Infer *in, FlatType *t)
{
  Flat *f = in->f;
  Node *n = t->node;
  if (n->nin == 0) visit(in, n); /* before what the cell makes of it: this is the place to report */
  if (t->agreed || n->bad) return;
  Shape given = used_shape(n);
  if (given.rank < 0) {
    if (t->declared.rank >= 0) expect(in, n, t->declared, true);
    return;
  }
  t->agreed = true;
  bool same = t->declared.rank < 0 || t->declared.rank == given.rank;
  shape_here(f->sizes, n->span);
  for (int i = 0; i < given.rank && same; i++) same = dim_unify(f->sizes, t->declared.dim[i], given.dim[i]);
  if (same) return;
  diag(f->diag, E_INPUT_SHAPE, n->span, "input '%s' is %s, but this is %s", t->name,
       shape_text(f->sizes, f->arena, t->declared), shape_text(f->sizes, f->arena, given));
  if (t->type_span.source) diag_note(f->diag, t->type_span, "%s is declared here", t->name);
  note_origin(f, n);
  note_context(n);
  n->bad = in->changed = true;
  poison_body(f, t->body);
}

static void fixed_point(Infer *in)
{
  Flat *f = in->f;
  do {
    in->changed = false;
    for (int i = 0; i < f->types.n; i++) visit_type(in, &f->types.at[i]);
    for (int i = 0; i < f->nodes.n; i++) visit(in, f->nodes.at[i]);
    for (int i = 0; i < f->vars.n; i++) visit_equation(in, f->vars.at[i]);
  } while (in->changed);
}

/* ---- when nothing moves any more ---- */

/* the variables of unknown rank below n, through elementwise operators */
static void force(Infer *in, Node *n, int rank)
{
  if (n->bad || n->shape.rank >= 0) return;
  if (n->op == OP_READ) set_rank(in, n->var, rank);
  else if (n->op == OP_CONST && n->constant == CONST_ZERO) set_rank(in, n->like, rank);
  else if (is_elementwise(n->op) || n->op == OP_STOP || n->op == OP_REVERSED || n->op == OP_TSUM || n->op == OP_TMAX ||
           n->op == OP_BSUM) {
    for (int i = 0; i < n->nin && !in->changed; i++) force(in, n->in[i], rank);
  }
}

/* what stands right of @, or is reduced as a vector, is a vector */
static bool default_vectors(Infer *in)
{
  Flat *f = in->f;
  in->changed = false;
  for (int i = 0; i < f->nodes.n && !in->changed; i++) {
    Node *n = f->nodes.at[i];
    if (n->bad || n->settled) continue;
    if (n->op == OP_MATMUL) force(in, n->in[1], 1);
    else if (takes_vectors(n->op) || n->op == OP_SLICE || n->op == OP_RESHAPE) force(in, n->in[0], 1);
  }
  for (int i = 0; i < f->nodes.n && !in->changed; i++) {
    Node *n = f->nodes.at[i];
    if (!n->bad && !n->settled && n->op == OP_MATMUL)
      force(in, n->in[0], n->attr[0] && n->in[1]->shape.rank == 1 ? 1 : 2);
  }
  return in->changed;
}

/* computed variables before the rest: a parameter may still take a shape from one */
static bool default_numbers(Infer *in)
{
  Flat *f = in->f;
  in->changed = false;
  for (int computed = 1; computed >= 0 && !in->changed; computed--)
    for (int i = 0; i < f->vars.n; i++) {
      FlatVar *v = f->vars.at[i];
      if (!v->bad && !v->dead && (v->kind == VAR_COMPUTED) == computed) set_rank(in, v, 0);
    }
  return in->changed;
}

/* ---- the end ---- */

static void refuse_conflicts(Flat *f)
{
  Span at;
  const char *why;
  while (shape_conflict(f->sizes, &at, &why)) diag(f->diag, E_SIZE_CONFLICT, at, "%s", why);
}

static const char *partial_type(Flat *f, Shape s)
{
  const char *text = "real[";
  for (int i = 0; i < s.rank; i++) {
    Dim d = dim_find(f->sizes, s.dim[i]);
    text = arena_printf(f->arena, "%s%s%s", text, i ? ", " : "",
                        d >= 0 ? arena_printf(f->arena, "%d", (int)d)
                        : i    ? "n"
                               : "m");
  }
  return arena_printf(f->arena, "%s]", text);
}

static void say_undetermined(Flat *f, FlatVar *v, int i)
{
  const char *what = v->shape.rank == 1 ? "the size" : i == 0 ? "the number of rows" : "the number of columns";
  diag_missing(f->diag, E_UNDETERMINED, v->span, "nothing determines %s of '%s'", what, v->name);
  static const char *const role[] = {
      [VAR_INPUT] = "input ", [VAR_TARGET] = "target ", [VAR_PARAM] = "param ", [VAR_NOISE] = "noise "};
  Place at[AXES] = {0};
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a)) at[a] = (Place){READ_REL, 0};
  const char *index = flat_places(f, at);
  const char *name = strrchr(v->name, '.') ? strrchr(v->name, '.') + 1 : v->name;
  if (v->kind != VAR_COMPUTED)
    diag_note(f->diag, (Span){0}, "declare it with its size: %s%s%s : %s", role[v->kind], name, index,
              partial_type(f, v->shape));
  else
    diag_note(f->diag, (Span){0}, "declare it with its size: output %s%s : %s", name, index, partial_type(f, v->shape));
  for (int k = 0; k < f->vars.n && v->kind != VAR_COMPUTED; k++) {
    const FlatVar *h = f->vars.at[k];
    if (h->kind != VAR_COMPUTED || h->bad || h->dead || h->owner || h->shape.rank < 1) continue;
    if (dim_find(f->sizes, h->shape.dim[0]) != dim_find(f->sizes, v->shape.dim[i])) continue;
    diag_note(f->diag, h->span, "it is the size of %s too", h->name);
    break;
  }
  if (v->body) note_uses(v->body);
}

/* one message for each size that is unknown, at the parameter that has it, else the input, else the equation */
void refuse_undetermined(Flat *f)
{
  Vec(Dim) said = {0};
  static const VarKind order[] = {VAR_PARAM, VAR_INPUT, VAR_TARGET, VAR_NOISE, VAR_COMPUTED};
  for (int k = 0; k < 5; k++)
    for (int i = 0; i < f->vars.n; i++) {
      FlatVar *v = f->vars.at[i];
      if (v->kind != order[k] || v->bad || v->dead || v->owner) continue;
      for (int d = 0; d < v->shape.rank; d++) {
        Dim root = dim_find(f->sizes, v->shape.dim[d]);
        bool again = root >= 0 || (v->kind == VAR_PARAM && !v->used);
        for (int s = 0; s < said.n; s++) again |= said.at[s] == root;
        if (again) continue;
        say_undetermined(f, v, d);
        vec_push(f->arena, &said, root);
      }
    }
}

/* rules that depend on sizes, once more: slices beyond the end, sums that grew too large */
static void check_sizes(Flat *f)
{
  for (int i = 0; i < f->nodes.n; i++) {
    Node *n = f->nodes.at[i];
    if (n->bad || (n->op != OP_SLICE && n->op != OP_CONCAT)) continue;
    Infer in = {.f = f};
    apply_rule(&in, n);
  }
}

static void check_numbers(Flat *f)
{
  for (int i = 0; i < f->vars.n; i++) {
    FlatVar *v = f->vars.at[i];
    if (!v->scalar || v->bad || v->dead || flat_shape(v)->rank == 0) continue;
    diag(f->diag, E_SCALAR, v->span, "%s must be a number, this is %s", v->scalar,
         shape_text(f->sizes, f->arena, *flat_shape(v)));
    diag_note(f->diag, (Span){0}, "sum(...) or mean(...) makes a number of it");
    v->bad = true;
  }
}

bool infer_shapes(Flat *f)
{
  Infer in = {.f = f};
  int before = diag_errors(f->diag);
  do fixed_point(&in);
  while (shape_solve(f->sizes) && (default_vectors(&in) || default_numbers(&in)));
  fixed_point(&in);
  refuse_conflicts(f);
  check_sizes(f);
  check_numbers(f);
  return diag_errors(f->diag) == before;
}

/* flat.c: builders of the flat system.
   Needs: the operator table. Leaves alone: shapes (infer.c) and names (body.c). */
#include "flat.h"
#include "special.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

Flat *flat_new(Arena *a, Diag *d, const char *name)
{
  Flat *f = ARENA_NEW(a, Flat);
  f->arena = a;
  f->diag = d;
  f->sizes = shape_ctx_new(a);
  f->name = name;
  return f;
}

static void grown(Flat *f, Span span, const char *what)
{
  if (!f->full) diag(f->diag, E_TOO_LARGE, span, "%s", what);
  f->full = true;
}

FlatVar *flat_var(Flat *f, VarKind kind, const char *name, int axes, Span span)
{
  if (f->vars.n >= FLAT_VARS) grown(f, span, "the model is too large: more than 100000 variables");
  FlatVar *v = ARENA_NEW(f->arena, FlatVar);
  v->name = name;
  v->kind = kind;
  v->axes = axes;
  v->span = span;
  v->shape = (Shape){.rank = -1, .dim = {dim_new(f->sizes, (Span){0}), dim_new(f->sizes, (Span){0})}};
  vec_push(f->arena, &f->vars, v);
  return v;
}

Shape *flat_shape(FlatVar *v)
{
  while (v->owner) v = v->owner;
  return &v->shape;
}

Node *node_new(Flat *f, Op op, int nin, Span span)
{
  if (f->nodes.n >= FLAT_NODES) grown(f, span, "the model is too large: more than 300000 operations");
  Node *n = ARENA_NEW(f->arena, Node);
  n->op = op;
  n->id = f->nodes.n;
  n->nin = nin;
  if (nin) n->in = ARENA_ARRAY(f->arena, Node *, nin);
  n->shape.rank = -1;
  n->span = n->text = span;
  vec_push(f->arena, &f->nodes, n);
  return n;
}

Node *node_op(Flat *f, Op op, Node *const *in, int nin, Span span)
{
  Node *n = node_new(f, op, nin, span);
  for (int i = 0; i < nin; i++) {
    n->in[i] = in[i];
    n->axes |= in[i]->axes;
    n->bad |= in[i]->bad;
    if (in[i]->depth >= n->depth) n->depth = in[i]->depth + 1;
  }
  if (n->depth > FLAT_DEPTH) grown(f, span, "this is nested too deeply once its defs are written out");
  if (nin) n->body = in[0]->body, n->def = in[0]->def;
  return n;
}

Node *node1(Flat *f, Op op, Node *a, Span span) { return node_op(f, op, &a, 1, span); }

Node *node2(Flat *f, Op op, Node *a, Node *b, Span span) { return node_op(f, op, (Node *[]){a, b}, 2, span); }

static Node *number(Flat *f, Span span)
{
  Node *n = node_new(f, OP_CONST, 0, span);
  n->shape = shape_scalar();
  return n;
}

Node *node_const(Flat *f, double value, Span span)
{
  Node *n = number(f, span);
  n->value = value;
  return n;
}

Node *node_dim(Flat *f, Dim d, Span span)
{
  Node *n = number(f, span);
  n->constant = CONST_DIM;
  n->dim = d;
  return n;
}

Node *node_leaf(Flat *f, Op op, Axis axis, Span span)
{
  Node *n = number(f, span);
  n->op = op;
  n->attr[0] = op == OP_BATCH ? 0 : (int)axis;
  n->axes = op == OP_TIME || op == OP_LIVE ? axis_bit(axis) : 0;
  return n;
}

Node *node_along(Flat *f, Op op, Axis axis, Node *a, Span span)
{
  Node *n = node1(f, op, a, span);
  n->attr[0] = axis;
  n->axes &= ~axis_bit(axis);
  return n;
}

bool is_outside(Place p) { return (p.kind == FROM_START && p.k <= 0) || (p.kind == FROM_END && p.k >= 1); }

static Node *zero_of(Flat *f, FlatVar *v, Span span)
{
  Node *n = node_new(f, OP_CONST, 0, span);
  n->constant = CONST_ZERO;
  n->like = v;
  n->bad = v->bad;
  return n;
}

Node *node_read(Flat *f, FlatVar *v, const Place at[AXES], Span span)
{
  Place p[AXES];
  memcpy(p, at, sizeof p);
  FlatVar *from = v;
  for (Axis a = 0; a < AXES; a++) {
    if (!is_outside(p[a])) continue;
    from = from == v ? flat_bound(v, a, p[a].kind, p[a].k) : NULL; /* outside along both: zero */
    if (!from) return zero_of(f, v, span);
    p[a] = (Place){READ_PLAIN, 0};
  }
  Node *n = node_new(f, OP_READ, 0, span);
  n->var = from;
  for (Axis a = 0; a < AXES; a++) {
    n->attr[2 * a] = p[a].kind;
    n->attr[2 * a + 1] = p[a].k;
    if (p[a].kind == READ_REL) n->axes |= axis_bit(a);
  }
  n->shape.token = flat_shape(from)->token;
  n->bad = from->bad;
  from->used = true;
  from->reads++;
  return n;
}

Node *node_now(Flat *f, FlatVar *v, Span span)
{
  Place at[AXES] = {0};
  for (Axis a = 0; a < AXES; a++)
    if (v->axes & axis_bit(a)) at[a] = (Place){READ_REL, 0};
  return node_read(f, v, at, span);
}

bool node_is_now(const Node *read)
{
  for (Axis a = 0; a < AXES; a++)
    if (read->attr[2 * a] >= FROM_START || (read->attr[2 * a] == READ_REL && read->attr[2 * a + 1] != 0)) return false;
  return true;
}

FlatVar *flat_bound(const FlatVar *v, Axis axis, ReadKind kind, int offset)
{
  for (int i = 0; i < v->bound.n; i++)
    if (v->bound.at[i].axis == axis && v->bound.at[i].kind == kind && v->bound.at[i].offset == offset)
      return v->bound.at[i].var;
  return NULL;
}

const char *flat_places(Flat *f, const Place at[AXES])
{
  const char *text = "[", *comma = "";
  for (Axis a = 0; a < AXES; a++) {
    if (at[a].kind == READ_PLAIN) continue;
    const char *name = f->axis[a] ? f->axis[a] : a == AXIS_T ? "t" : "s";
    const char *base = at[a].kind == READ_REL   ? name
                       : at[a].kind == FROM_END ? (char[]){(char)toupper((unsigned char)name[0]), 0}
                                                : "";
    bool bare = at[a].kind != FROM_START && at[a].k == 0;
    const char *offset = bare ? "" : arena_printf(f->arena, at[a].kind == FROM_START ? "%d" : "%+d", at[a].k);
    text = arena_printf(f->arena, "%s%s%s%s", text, comma, base, offset);
    comma = ", ";
  }
  return comma[0] ? arena_printf(f->arena, "%s]", text) : "";
}

Walk *walk_new(Flat *f)
{
  Walk *w = ARENA_NEW(f->arena, Walk);
  w->f = f;
  w->seen = ARENA_ARRAY(f->arena, int, f->nodes.n + 1);
  return w;
}

static void walk_to(Walk *w, Node *n)
{
  if (w->seen[n->id] == w->round) return;
  w->seen[n->id] = w->round;
  vec_push(w->f->arena, &w->todo, n);
}

Node *walk_from(Walk *w, Node *root)
{
  w->round++;
  w->todo.n = 0;
  walk_to(w, root);
  return walk_next(w);
}

Node *walk_next(Walk *w)
{
  if (!w->todo.n) return NULL;
  Node *n = w->todo.at[--w->todo.n];
  for (int i = n->nin - 1; i >= 0; i--) walk_to(w, n->in[i]);
  return n;
}

static bool fold(Op op, double a, double b, double c, double *y)
{
  (void)b, (void)c;
  switch (op) {
#define EW(id, name, nin, value, da, db, dc, cost)                                                                     \
  case OP_##id: *y = value; return true;
#define ST(id, name, nin, nattr, what)
#define LEAF(id, name, what)
#include "ops.def"
#undef EW
#undef ST
#undef LEAF
  default: return false;
  }
}

static bool constant_value(Flat *f, const Node *n, double *value)
{
  if (n->constant == CONST_VALUE) return *value = n->value, true;
  if (n->constant != CONST_DIM) return false;
  Dim d = dim_find(f->sizes, n->dim);
  return *value = d, d >= 0;
}

bool node_value(Flat *f, Node *n, double *value)
{
  if (n->op == OP_CONST) return constant_value(f, n, value);
  if (n->folded == NOT_FOLDED) {
    double in[3] = {0};
    bool all = n->nin >= 1 && n->nin <= 3;
    for (int i = 0; i < n->nin && all; i++) all = node_value(f, n->in[i], &in[i]);
    n->folded = all && fold(n->op, in[0], in[1], in[2], &n->value) ? FOLDED : NO_CONSTANT;
  }
  *value = n->value;
  return n->folded == FOLDED;
}

#define TEXT_SHOWN 40

const char *node_text(Flat *f, const Node *n)
{
  if (!n->text.source) return NULL;
  size_t size;
  const char *text = source_text(n->text.source, &size);
  int from = n->text.from, to = n->text.to;
  if (from < 0 || to <= from || (size_t)to > size || to - from > TEXT_SHOWN) return NULL;
  for (int i = from; i < to; i++)
    if ((unsigned char)text[i] < ' ') return NULL;
  return arena_copy(f->arena, text + from, (size_t)(to - from));
}

/* misfit.c: how shape errors are said: with the operands' own text, and notes at the places that their shapes come
   from. Needs: the shapes so far. Leaves alone: inference. */
#include "misfit.h"
#include <string.h>

void note_context(const Node *n)
{
  if (!n->body) return;
  if (n->def && n->text.source) diag_note(n->body->s->diag, n->text, "in %s", n->def->name);
  note_uses(n->body);
}

static const char *operand_name(Flat *f, const Node *n, int i)
{
  const Node *in = n->in[i];
  const char *text = node_text(f, in);
  if (in->op == OP_ONEHOT && !text) text = node_text(f, in->in[0]);
  bool flag = n->op == OP_MATMUL && n->attr[i];
  if (text && flag) return arena_printf(f->arena, strpbrk(text, " ") ? "(%s)'" : "%s'", text);
  if (text) return text;
  if (n->nin == 2) return i == 0 ? "the left side" : "the right side";
  if (n->nin == 1) return "this";
  return arena_printf(f->arena, "argument %d", i + 1);
}

/* The read that gives n its shape, as far as one can be named. */
static const Node *shape_source(const Node *n)
{
  while (n->op != OP_READ && n->nin > 0) {
    const Node *next = n->in[0];
    for (int i = 0; i < n->nin && n->op != OP_MATMUL; i++)
      if (n->in[i]->shape.rank > 0) {
        next = n->in[i];
        break;
      }
    n = next;
  }
  return n->op == OP_READ ? n : NULL;
}

static bool same_source(const Node *a, const Node *b)
{
  a = shape_source(a);
  b = shape_source(b);
  return a && b && a->var == b->var;
}

/* What else does not fit in this use of a cell has the same cause. */
void poison_body(Flat *f, struct Body *b)
{
  if (!b || !b->cell) return;
  b->bad = f->bad_bodies = true;
  if (b->result) b->result->bad = true;
}

bool in_bad_body(const Body *b)
{
  for (; b; b = b->outer)
    if (b->bad) return true;
  return false;
}

void note_var_origin(Flat *f, FlatVar *v)
{
  while (v->owner) v = v->owner;
  const char *shape = shape_text(f->sizes, f->arena, v->shape);
  if (v->shape.rank < 0) return;
  if (v->typed) {
    diag_note(f->diag, v->type_span, "%s is declared %s here", v->name, shape);
    return;
  }
  for (int i = 0; i < v->shape.rank; i++) {
    Span why = dim_why(f->sizes, v->shape.dim[i]);
    if (!why.source) continue;
    diag_note(f->diag, why, "%s is %s because of this", v->name, shape);
    return;
  }
  if (v->span.source) diag_note(f->diag, v->span, "%s is %s", v->name, shape);
}

void note_origin(Flat *f, const Node *n)
{
  const Node *read = shape_source(n);
  if (read) note_var_origin(f, read->var);
}

void misfit(Flat *f, DiagCode code, Node *n, const char *why, const char *hint)
{
  const char **name = ARENA_ARRAY(f->arena, const char *, n->nin + 1);
  for (int i = 0; i < n->nin; i++) name[i] = operand_name(f, n, i);
  diag(f->diag, code, n->span, "%s", why_with_names(f->arena, why, name, n->nin));
  if (hint) diag_note(f->diag, (Span){0}, "%s", why_with_names(f->arena, hint, name, n->nin));
  for (int i = 0; i < n->nin && i < 3; i++) {
    bool again = false;
    for (int k = 0; k < i; k++) again |= same_source(n->in[k], n->in[i]);
    if (!again) note_origin(f, n->in[i]);
  }
  note_context(n);
  n->bad = true;
  poison_body(f, n->body);
}

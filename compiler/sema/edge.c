/* edge.c: what is said of the reads that lead from one step to another: reset v when e, clip message v c.
   Needs: all applications declared. Leaves alone: the reads; lower.c changes them once all are known. */
#include "body.h"

/* the axis along which v's state goes on: the first, where it has both */
static int along(const FlatVar *v) { return axis_bit(first_axis(v->axes)); }

/* The variable, and the application that computes it; NULL after a diagnostic. */
static FlatVar *edge_target(Body *b, const Ast *st, FlatEdge *edge)
{
  Diag *d = b->s->diag;
  Elab x = {.body = b};
  FlatVar *v = path_var(&x, st->kid[0]);
  if (!v || v->bad) return NULL;
  const char *what = st->kind == AST_RESET ? "reset" : "clip message";
  if (v->kind != VAR_COMPUTED) {
    diag(d, E_EDGE, st->kid[0]->span,
         "%s takes a variable that is computed, or an application of a cell: '%s' is neither", what, v->name);
    diag_note(d, v->span, "declared here");
    note_uses(b);
    return NULL;
  }
  if (!v->axes) {
    diag(d, E_EDGE, st->kid[0]->span, "%s has no time index: nothing of it passes from step to step", v->name);
    note_uses(b);
    return NULL;
  }
  edge->target = v;
  edge->use = v->inside;
  if (edge->use && edge->use->body == b) edge->use = b->result_use; /* the cell's own output, named within */
  return v;
}

static void elaborate_reset(Body *b, const Ast *st)
{
  Flat *f = b->s->flat;
  FlatEdge edge = {.span = st->span};
  FlatVar *v = edge_target(b, st, &edge);
  Elab x = {.body = b, .label = v ? v->name : ""};
  Node *n = expression(&x, st->kid[1]);
  if (!v || !n) return;
  if ((n->axes & ~v->axes) || !(n->axes & along(v))) {
    const char *t = f->axis[first_axis(v->axes)];
    diag(f->diag, E_EDGE, st->kid[1]->span, "the condition of a reset has a value at each %s, such as boundary[%s]", t,
         t);
    note_uses(b);
    return;
  }
  edge.when = hoist_var(&x, "reset", numeric(&x, n));
  edge.when->scalar = "the condition of a reset";
  edge.when->hoisted = false;
  edge.when->figure = edge.when->used = true;
  vec_push(f->arena, &f->edges, edge);
}

static void elaborate_clip(Body *b, const Ast *st)
{
  Flat *f = b->s->flat;
  FlatEdge edge = {.span = st->span};
  Elab x = {.body = b};
  if (!edge_target(b, st, &edge)) return;
  Value size = value_of(&x, st->kid[1], false);
  if (size.kind == VALUE_NONE) return;
  if (size.kind != VALUE_NUMBER || !(size.num > 0)) {
    diag(f->diag, E_EDGE, st->kid[1]->span,
         "a message is clipped into -c to c, with a number c > 0 that is known here");
    note_uses(b);
    return;
  }
  edge.clip = size.num;
  vec_push(f->arena, &f->edges, edge);
}

void elaborate_edges(Body *b)
{
  for (int i = 0; i < b->edges.n; i++) {
    const Ast *st = b->edges.at[i];
    if (st->kind == AST_RESET) elaborate_reset(b, st);
    else elaborate_clip(b, st);
  }
}

/* ---- what an application holds ---- */

static bool use_holds(const Use *u, const FlatVar *v)
{
  if (!u) return false;
  if (v == u->result) return true;
  for (int i = 0; i < u->layers.n; i++)
    if (use_holds(u->layers.at[i], v)) return true;
  for (const Body *b = v->body; b && u->body; b = b->outer)
    if (b == u->body) return true;
  return false;
}

bool edge_holds(const FlatEdge *e, const FlatVar *v)
{
  if (v == e->when || v->kind != VAR_COMPUTED || !v->axes) return false;
  if (v == e->target || use_holds(e->use, v)) return true;
  for (int i = 0; i < e->target->parts.n; i++)
    if (use_holds(e->target->parts.at[i].use, v)) return true;
  return false;
}

bool edge_turned(const FlatVar *v) { return v->body && (v->body->reversed & along(v)); }

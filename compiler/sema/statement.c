/* statement.c: the equations of a body, one after the other.
   Needs: everything declared, inputs bound. Leaves alone: draws, the loss and metrics (draw.c). */
#include "body.h"
#include <string.h>

/* A reduction that is the whole right side needs no variable of its own, unless it is kept under its name. */
void set_right_side(FlatVar *v, Node *rhs)
{
  FlatVar *h = rhs->op == OP_READ ? rhs->var : NULL;
  bool same =
      h && h->hoisted && h->reads == 1 && h->axes == v->axes && !h->for_all && !h->statistic && node_is_now(rhs);
  if (same) h->dead = true;
  v->rhs = same ? h->rhs : rhs;
}

/* a read that varies over one of the axes, somewhere below n */
static const Node *read_over(Flat *f, Node *n, int axes)
{
  Walk *w = walk_new(f);
  for (const Node *m = walk_from(w, n); m; m = walk_next(w))
    if (m->axes & axes && m->nin == 0) return m;
  return n;
}

bool refuse_time(Elab *x, const char *name, int axes, Node *n)
{
  int more = n->axes & ~axes;
  if (!more) return false;
  const Body *b = x->body;
  Flat *f = b->s->flat;
  const Node *read = read_over(f, n, more);
  int axis = b->axes - 1;
  if (b->axes == 2 && more & b->bind[0]) axis = 0;
  const char *t = b->axis[axis], *T = b->length[axis], *text = node_text(f, read);
  if (b->axes == 2) {
    diag(f->diag, E_TIME_LEFT_OVER, read->span, "%s has no index %s, but reads %s: reduce over %s or give it the index",
         name, t, text ? text : "a value that has one", t);
    note_uses(b);
    return true;
  }
  diag(f->diag, E_TIME_LEFT_OVER, read->span,
       "%s has no time index, but reads %s: write %s, sum[%s](...) or mean[%s](...)", name,
       text ? text : "a value that has one",
       read->op == OP_READ ? arena_printf(f->arena, "%s[%s]", read->var->name, T) : T, t, t);
  note_uses(x->body);
  return true;
}

static Node *right_side(Elab *x, const Equation *eq)
{
  const Ast *value = eq->ast->kid[1];
  Node *n = expression(x, value);
  FlatVar *v = eq->target;
  Diag *d = x->body->s->diag;
  if (!n) return NULL;
  bool token = v->owner && flat_shape(v)->token;
  if (token && !n->shape.token) {
    diag(d, E_TOKEN, value->span, "%s is a token, so its boundary is one too: an input or target of the type token",
         v->owner->name);
    diag_note(d, v->owner->span, "declared here");
    note_uses(x->body);
    return NULL;
  }
  if (refuse_time(x, v->name, v->axes, n)) return NULL;
  return token ? n : numeric(x, n);
}

static void elaborate_equation(Body *b, const Equation *eq)
{
  FlatVar *v = eq->target;
  const Ast *value = eq->ast->kid[1], *call = value->kind == AST_REVERSE ? value->kid[0] : value;
  Elab x = {.body = b, .owner = v, .label = v->owner ? v->owner->name : v->name};
  Use *u = call->kind == AST_CALL ? use_at(b, call) : NULL;
  if (u && (u->result == v || (u->bad && call_kind(&x, call) == CALL_APPLY))) {
    if (!apply(&x, call)) v->bad = true;
    return;
  }
  Node *n = right_side(&x, eq);
  if (n) set_right_side(v, n);
  else v->bad = true;
}

static void require_noise(Body *b)
{
  for (int i = 0; i < b->entries.n; i++) {
    const Entry *e = b->entries.at[i];
    if (e->kind != ENTRY_VAR || e->var->kind != VAR_NOISE || e->var->drawn.source || e->var->bad) continue;
    diag(b->s->diag, E_NO_NOISE, e->span, "noise '%s' has no distribution", e->name);
    diag_note(b->s->diag, (Span){0},
              e->index.n ? "for instance %s[%s] ~ normal(0, 1)" : "for instance %s ~ normal(0, 1)", e->name,
              axis_name(b));
    note_uses(b);
    e->var->bad = true;
  }
}

void body_elaborate(Body *b)
{
  Sema *s = b->s;
  for (int i = 0; i < b->inits.n; i++) set_initialiser(b, b->inits.at[i].var, b->inits.at[i].ast);
  elaborate_noise(b);
  for (int i = 0; i < b->equations.n && !s->flat->full; i++) elaborate_equation(b, &b->equations.at[i]);
  elaborate_edges(b);
  require_noise(b);
}

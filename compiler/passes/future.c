/* future.c: see future.h. Needs: a system whose results are known. Leaves it as it is. */
#include "future.h"
#include "walk.h"
#include <string.h>

typedef struct Search {
  System *s;
  const Var **queue;
  const Var **from; /* by id: the variable whose equation reads it; itself at a result; NULL: not seen yet */
  int n;
} Search;

static void reach(Search *x, const Var *v, const Var *from)
{
  if (x->from[v->id]) return;
  x->from[v->id] = from;
  x->queue[x->n++] = v;
}

static bool is_elsewhere(Place p) { return p.kind == FROM_START || p.kind == FROM_END; }

/* v is computed from `from` */
static bool depends(System *s, bool *seen, const Var *v, const Var *from)
{
  if (v == from) return true;
  if (seen[v->id]) return false;
  seen[v->id] = true;
  ExprList nodes = {0};
  if (v->rhs) nodes = walk_nodes(s, v->rhs);
  for (int i = 0; i < nodes.n; i++)
    if (nodes.at[i]->op == OP_READ && depends(s, seen, nodes.at[i]->var, from)) return true;
  return false;
}

/* A few places ahead can be waited for, unless the wait never ends. */
static int weight_ahead(System *s, const Var *reader, const Expr *e)
{
  return depends(s, ARENA_ARRAY(s->arena, bool, s->vars.n + 1), e->var, reader) ? 2 : 1;
}

/* How plainly a node says that its equation cannot be streamed; 0: it does not. */
static int weight(System *s, const Var *v, const Expr *e)
{
  switch (e->op) {
  case OP_TSUM:
  case OP_TMAX:
  case OP_BSUM: return 3;
  case OP_READ: {
    Place t = read_place(e, AXIS_T), second = read_place(e, AXIS_S);
    if (is_elsewhere(t) || second.kind != READ_PLAIN) return 2;
    return t.kind == READ_REL && t.k > 0 ? weight_ahead(s, v, e) : 0;
  }
  case OP_LENGTH:
  case OP_AT: return 1;
  case OP_TIME: return e->attr[0] == AXIS_S;
  default: return 0;
  }
}

static void put_need(Text *t, const System *s, const Expr *e)
{
  const char *axis = s->axis[e->op == OP_TSUM || e->op == OP_TMAX ? e->attr[0] : AXIS_T];
  text_puts(t, " needs ");
  switch (e->op) {
  case OP_TSUM: text_printf(t, "the whole sequence: sum[%s]", axis); break;
  case OP_TMAX: text_printf(t, "the whole sequence: max[%s]", axis); break;
  case OP_BSUM: text_puts(t, "all sequences: sum[batch]"); break;
  case OP_READ:
    expr_print(t, s, e);
    if (read_place(e, AXIS_S).kind == READ_REL) text_printf(t, ", over %s", s->axis[AXIS_S]);
    break;
  default: text_puts(t, "the whole sequence: "); expr_print(t, s, e);
  }
}

/* What v's equation needs and a step has not got; NULL: nothing. What it reads is put into the queue. */
static const Expr *look(Search *x, const Var *v)
{
  const Expr *need = NULL;
  for (int i = 0; i < v->bound.n; i++) reach(x, v->bound.at[i].var, v);
  if (!v->rhs) return NULL;
  ExprList nodes = walk_nodes(x->s, v->rhs);
  for (int i = 0; i < nodes.n; i++) {
    const Expr *e = nodes.at[i];
    if (e->op == OP_READ) reach(x, e->var, v);
    if (weight(x->s, v, e) > (need ? weight(x->s, v, need) : 0)) need = e;
  }
  return need;
}

/* m.sum of `m = mean[t](..)`: made of the same equation */
static bool is_part(const Var *v, const Var *of)
{
  size_t n = strlen(of->name);
  return v != of && strncmp(v->name, of->name, n) == 0 && v->name[n] == '.' &&
         span_line(v->span) == span_line(of->span);
}

static void put_chain(Text *t, const Search *x, const Var *v)
{
  const Var *from = x->from[v->id];
  if (from != v) put_chain(t, x, from);
  if (is_part(v, from)) return;
  text_printf(t, "%s%s (line %d)", from != v ? " <- " : "", v->name, span_line(v->span));
}

const char *future_reason(System *s, Var *const *result, int n)
{
  Search x = {.s = s};
  x.queue = ARENA_ARRAY(s->arena, const Var *, s->vars.n + 1);
  x.from = ARENA_ARRAY(s->arena, const Var *, s->vars.n + 1);
  for (int i = 0; i < n; i++) reach(&x, result[i], result[i]);
  const Expr *need = NULL;
  const Var *where = NULL;
  for (int i = 0, most = 0; i < x.n && most < 2; i++) { /* T alone says less than a reduction behind it */
    const Expr *e = look(&x, x.queue[i]);
    int said = e ? weight(s, x.queue[i], e) : 0;
    if (said > most) need = e, where = x.queue[i], most = said;
  }
  for (int i = 0; i < x.n && !need && !where; i++)
    if (x.queue[i]->dom & DOM_S) where = x.queue[i];
  if (!where) return NULL;
  Text t = {0};
  put_chain(&t, &x, where);
  if (need) put_need(&t, s, need);
  else text_printf(&t, " varies over %s, and a step is one of %s alone", s->axis[AXIS_S], s->axis[AXIS_T]);
  const char *why = arena_copy(s->arena, t.at, t.n);
  text_free(&t);
  return why;
}

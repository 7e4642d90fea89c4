/* print.c: the equation system in the language's own syntax, at any stage of the pipeline.
   Needs: shapes known. Leaves the system alone. What has no surface syntax prints as a call by its name in ops.def.

   An expression is first written with marks where a line may be broken; lay_out then breaks what is too long at the
   marks that bind most loosely. A right side that repeats itself so much that it would not be read is printed with its
   shared parts as equations of their own. */
#include "system.h"
#include "text.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_WIDTH = 100, COMMENT_COLUMN = 64 };
enum { READABLE = 150, WORTH_A_NAME = 6 }; /* nodes of a right side printed whole; nodes of a shared part */
enum { MARK = 1 };                         /* in a draft: MARK, then how tightly the operator before it binds */

/* How tightly an operator binds; a whole operand of a call binds LOOSEST. */
enum { LOOSEST, BY_OR, BY_AND, BY_NOT, BY_COMPARISON, BY_SUM, BY_PRODUCT, BY_SIGN, BY_POWER, BY_POSTFIX, WHOLE };

typedef struct Printer {
  const System *s;
  Text draft;
  int depth;           /* of brackets */
  const char **shared; /* by expression id: the name of the equation that holds it; NULL: print it in place */
  int budget;          /* nodes still to be printed before "..." */
} Printer;

static void put_expr(Printer *p, const Expr *e, int least);

static void put_mark(Printer *p, int binds)
{
  int strength = p->depth * (WHOLE + 1) + binds + 2;
  char mark[] = {MARK, (char)(strength < 120 ? strength : 120)};
  text_write(&p->draft, mark, 2);
}

/* ---- leaves ---- */

static void put_number(Text *out, double value)
{
  char s[40];
  if (fabs(value) < 1e6 && value == floor(value)) {
    text_printf(out, "%.0f", value);
    return;
  }
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(s, sizeof s, "%.*g", digits, value);
    if (strtod(s, NULL) == value) break;
  }
  text_puts(out, s);
}

/* the length's name is the axis's, with a capital */
static void put_length(Text *out, const char *axis)
{
  text_printf(out, "%c%s", toupper((unsigned char)axis[0]), axis + 1);
}

/* t+k, k, T+k */
static void put_place(Text *out, const char *axis, Place p)
{
  if (p.kind == READ_REL) text_puts(out, axis);
  if (p.kind == FROM_END) put_length(out, axis);
  if (p.kind == FROM_START) text_printf(out, "%d", p.k);
  else if (p.k) text_printf(out, "%+d", p.k);
}

static void put_places(Text *out, const System *s, Place t, Place u)
{
  if (t.kind == READ_PLAIN && u.kind == READ_PLAIN) return;
  text_puts(out, "[");
  if (t.kind != READ_PLAIN) put_place(out, s->axis[AXIS_T], t);
  if (t.kind != READ_PLAIN && u.kind != READ_PLAIN) text_puts(out, ", ");
  if (u.kind != READ_PLAIN) put_place(out, s->axis[AXIS_S], u);
  text_puts(out, "]");
}

/* what stands in brackets behind the name of something that varies over `dom` */
static void put_indices(Text *out, const System *s, int dom)
{
  put_places(out, s, (Place){dom & DOM_T ? READ_REL : READ_PLAIN, 0}, (Place){dom & DOM_S ? READ_REL : READ_PLAIN, 0});
}

/* The front end names a boundary's variable by its place, `a[0, s]`: that says its own index. */
static bool says_place(const char *name) { return name[0] && name[strlen(name) - 1] == ']'; }

static void put_variable(Text *out, const System *s, const Var *v)
{
  text_puts(out, v->name);
  if (!says_place(v->name)) put_indices(out, s, v->dom);
}

/* ---- expressions ---- */

static int binds(const Expr *e)
{
  switch (e->op) {
  case OP_OR: return BY_OR;
  case OP_AND: return BY_AND;
  case OP_NOT: return BY_NOT;
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE:
  case OP_EQ:
  case OP_NE: return BY_COMPARISON;
  case OP_ADD:
  case OP_SUB: return BY_SUM;
  case OP_MUL:
  case OP_DIV:
  case OP_MATMUL: return BY_PRODUCT;
  case OP_NEG: return BY_SIGN;
  case OP_POW: return BY_POWER;
  case OP_TRANSPOSE: return BY_POSTFIX;
  case OP_CONST: return e->value < 0 || (e->value == 0 && signbit(e->value)) ? BY_SIGN : WHOLE;
  default: return WHOLE;
  }
}

static void put_bracketed(Printer *p, const Expr *e)
{
  text_puts(&p->draft, "(");
  p->depth++;
  put_expr(p, e, LOOSEST);
  p->depth--;
  text_puts(&p->draft, ")");
}

/* W @ x and a * b bind alike: where they meet, brackets say what is meant. */
static bool products_meet(const Expr *outer, const Expr *inner)
{
  return binds(outer) == BY_PRODUCT && binds(inner) == BY_PRODUCT &&
         (outer->op == OP_MATMUL) != (inner->op == OP_MATMUL);
}

static void put_operand(Printer *p, const Expr *outer, const Expr *e, int least, bool transposed)
{
  if (!p->shared || !p->shared[e->id])
    if (products_meet(outer, e)) least = WHOLE;
  put_expr(p, e, transposed ? BY_POSTFIX : least);
  if (transposed) text_puts(&p->draft, "'");
}

static void put_binary(Printer *p, const Expr *e)
{
  int b = binds(e);
  bool loose = b == BY_COMPARISON || b == BY_POWER; /* these don't chain */
  int right = b == BY_PRODUCT || b == BY_SUM ? BY_POWER : b + 1;
  if (b == BY_SUM && e->in[1]->op != OP_NEG && e->in[1]->op != OP_CONST) right = BY_PRODUCT;
  bool product = e->op == OP_MATMUL;
  put_operand(p, e, e->in[0], loose ? b + 1 : b, product && e->attr[0]);
  text_printf(&p->draft, " %s ", op_info[e->op].name);
  put_mark(p, b);
  put_operand(p, e, e->in[1], right, product && e->attr[1]);
}

static void put_call(Printer *p, const Expr *e)
{
  const char *name = op_info[e->op].name;
  if (e->op == OP_TSUM || e->op == OP_TMAX)
    text_printf(&p->draft, "%s[%s](", e->op == OP_TSUM ? "sum" : "max", p->s->axis[e->attr[0]]);
  else text_printf(&p->draft, "%s(", name);
  p->depth++;
  if (e->op == OP_AT) {
    const char *axis = p->s->axis[e->attr[2]];
    text_printf(&p->draft, "%s == ", axis);
    put_place(&p->draft, axis, (Place){(ReadKind)e->attr[0], e->attr[1]});
    text_puts(&p->draft, ", ");
    put_mark(p, LOOSEST);
  }
  for (int i = 0; i < e->nin; i++) {
    if (i) {
      text_puts(&p->draft, ", ");
      put_mark(p, LOOSEST);
    }
    put_expr(p, e->in[i], LOOSEST);
  }
  if (e->op == OP_SLICE || e->op == OP_PAD) text_printf(&p->draft, ", %d, %d", e->attr[0], e->attr[1]);
  if (e->op == OP_TOKEN) text_printf(&p->draft, ", %d", e->attr[0]);
  if (e->op == OP_IOTA) text_printf(&p->draft, "%d", e->attr[0]);
  if (e->op == OP_BCAST || e->op == OP_RESHAPE)
    for (int i = 0; i < e->attr[0]; i++) text_printf(&p->draft, ", %d", e->attr[1 + i]);
  p->depth--;
  text_puts(&p->draft, ")");
}

/* e, in brackets where it binds less tightly than `least` */
static void put_expr(Printer *p, const Expr *e, int least)
{
  if (p->shared && p->shared[e->id]) {
    text_puts(&p->draft, p->shared[e->id]);
    put_indices(&p->draft, p->s, e->dom);
    return;
  }
  if (p->budget-- <= 0) {
    text_puts(&p->draft, "...");
    return;
  }
  int b = binds(e);
  if (b < least) {
    p->budget++;
    put_bracketed(p, e);
    return;
  }
  switch (e->op) {
  case OP_CONST: put_number(&p->draft, e->value); return;
  case OP_READ:
    text_puts(&p->draft, e->var->name);
    if (!says_place(e->var->name) || !read_is_now(e))
      put_places(&p->draft, p->s, read_place(e, AXIS_T), read_place(e, AXIS_S));
    return;
  case OP_TIME: text_puts(&p->draft, p->s->axis[e->attr[0]]); return;
  case OP_LENGTH: put_length(&p->draft, p->s->axis[e->attr[0]]); return;
  case OP_LIVE: text_printf(&p->draft, "live[%s]", p->s->axis[e->attr[0]]); return;
  case OP_BATCH:
  case OP_BEHIND:
  case OP_FRESH: text_puts(&p->draft, op_info[e->op].name); return;
  case OP_NEG:
    text_puts(&p->draft, "-");
    put_expr(p, e->in[0], BY_POWER);
    return;
  case OP_NOT:
    text_puts(&p->draft, "not ");
    put_expr(p, e->in[0], BY_NOT + 1);
    return;
  case OP_TRANSPOSE:
    put_expr(p, e->in[0], BY_POSTFIX);
    text_puts(&p->draft, "'");
    return;
  default:
    if (b == WHOLE) put_call(p, e);
    else put_binary(p, e);
  }
}

/* ---- lines ---- */

/* Where in text[0..n), a draft, the line that has `room` characters left ends: behind the loosest mark that leaves it
   reasonably full; n when all of it fits or nothing can be broken. */
static size_t line_end(const char *text, size_t n, int room)
{
  size_t best = 0;
  int best_column = 0, loosest = 0, column = 0;
  for (size_t i = 0; i < n; i++) {
    if (text[i] != MARK) {
      column++;
      if (column > room && text[i] != ' ' && best) return best;
      continue;
    }
    int strength = text[++i];
    if (!best || strength <= loosest || best_column < room / 3) {
      best = i + 1;
      best_column = column;
      loosest = strength;
    }
    if (column > room + 1) return best;
  }
  return n;
}

/* Writes the draft at column `column`; returns the column where its last line ends. */
static int lay_out(Text *out, const char *text, size_t n, int column, int indent)
{
  while (n) {
    size_t end = line_end(text, n, LINE_WIDTH - column);
    size_t from = out->n;
    for (size_t i = 0; i < end; i++) {
      if (text[i] == MARK) i++;
      else text_write(out, text + i, 1);
    }
    column += (int)(out->n - from);
    text += end;
    n -= end;
    if (!n) return column;
    while (out->at[out->n - 1] == ' ') out->at[--out->n] = 0;
    text_printf(out, "\n%*s", indent, "");
    column = indent;
  }
  return column;
}

void expr_print(Text *out, const System *s, const Expr *e)
{
  Printer p = {.s = s, .budget = 4 * READABLE};
  put_expr(&p, e, LOOSEST);
  for (size_t i = 0; i < p.draft.n; i++) {
    if (p.draft.at[i] == MARK) i++;
    else text_write(out, p.draft.at + i, 1);
  }
  text_free(&p.draft);
}

static int column_of(const Text *out)
{
  size_t i = out->n;
  while (i > 0 && out->at[i - 1] != '\n') i--;
  return (int)(out->n - i);
}

static void put_comment(Text *out, const char *comment)
{
  int column = column_of(out);
  text_printf(out, "%*s# %s\n", column < COMMENT_COLUMN ? COMMENT_COLUMN - column : 2, "", comment);
}

static const char *shape_comment(const System *s, Shape shape, int dom)
{
  const char *once = dom & DOM_B ? (dom & DOM_AXES ? "" : ", one a sequence") : ", one for all";
  return arena_printf(s->arena, "%s%s", shape_text(NULL, s->arena, shape), once);
}

/* ---- equations ---- */

/* Nodes that e prints as, counted up to `limit`. */
static int printed_size(const Expr *e, int limit)
{
  int n = 1;
  for (int i = 0; i < e->nin && n < limit; i++) n += printed_size(e->in[i], limit - n);
  return n;
}

/* Counts for every node below e how many times it is used; users[id] > 0 marks what was visited. */
static void count_uses(const Expr *e, int *users)
{
  if (users[e->id]++) return;
  for (int i = 0; i < e->nin; i++) count_uses(e->in[i], users);
}

static void put_equation(Text *out, Printer *p, const char *target, int dom, const Expr *e)
{
  text_printf(out, "  %s", target);
  if (!says_place(target)) put_indices(out, p->s, dom);
  text_puts(out, " = ");
  p->draft.n = 0;
  put_expr(p, e, LOOSEST);
  lay_out(out, p->draft.at, p->draft.n, column_of(out), 6);
}

typedef struct Sharing {
  const System *s;
  const Var *v;
  Text *out;
  Printer *p;
  const int *users;
  bool *seen;
  int count;
} Sharing;

/* Prints the shared parts of e as equations of their own, inner ones first. */
static void put_shared(Sharing *sh, const Expr *e, bool top)
{
  if (sh->seen[e->id]) return;
  sh->seen[e->id] = true;
  for (int i = 0; i < e->nin; i++) put_shared(sh, e->in[i], false);
  if (top || sh->users[e->id] < 2 || printed_size(e, WORTH_A_NAME) < WORTH_A_NAME) return;
  const char *name = arena_printf(sh->s->arena, "%s.part%d", sh->v->name, ++sh->count);
  sh->p->budget = 1 << 30;
  put_equation(sh->out, sh->p, name, e->dom, e);
  put_comment(sh->out, shape_comment(sh->s, e->shape, e->dom));
  sh->p->shared[e->id] = name;
}

static void put_right_side(Text *out, const System *s, const Var *v)
{
  Printer p = {.s = s, .budget = 1 << 30};
  if (printed_size(v->rhs, READABLE + 1) > READABLE) {
    p.shared = ARENA_ARRAY(s->arena, const char *, s->next_id);
    int *users = ARENA_ARRAY(s->arena, int, s->next_id);
    count_uses(v->rhs, users);
    Sharing sh = {.s = s, .v = v, .out = out, .p = &p, .users = users, .seen = ARENA_ARRAY(s->arena, bool, s->next_id)};
    put_shared(&sh, v->rhs, true);
  }
  put_equation(out, &p, v->name, v->dom, v->rhs);
  put_comment(out, shape_comment(s, v->shape, v->dom));
  text_free(&p.draft);
}

/* Where the boundary's variable says its place, its own equation has said it already. */
static void put_boundaries(Text *out, const System *s, const Var *v)
{
  for (int i = 0; i < v->bound.n; i++) {
    const Boundary *b = &v->bound.at[i];
    Text place = {0};
    Place at[AXES] = {place_now(v, AXIS_T), place_now(v, AXIS_S)};
    at[b->axis] = (Place){b->kind, b->offset};
    text_puts(&place, v->name);
    put_places(&place, s, at[AXIS_T], at[AXIS_S]);
    if (strcmp(place.at, b->var->name) != 0) {
      text_printf(out, "  %s = %s", place.at, b->var->name);
      put_comment(out, shape_comment(s, v->shape, b->var->dom));
    }
    text_free(&place);
  }
}

/* ---- declarations ---- */

void init_print(Text *out, Init init)
{
  static const char *const name[] = {"default", "zeros",  "ones", "constant",   "uniform",
                                     "normal",  "glorot", "he",   "orthogonal", "identity"};
  text_puts(out, name[init.kind]);
  bool two = init.kind == INIT_UNIFORM || init.kind == INIT_NORMAL;
  if (!two && init.kind != INIT_CONSTANT && init.kind != INIT_IDENTITY) return;
  text_puts(out, "(");
  put_number(out, init.a);
  if (two) {
    text_puts(out, ", ");
    put_number(out, init.b);
  }
  text_puts(out, ")");
}

static void put_noise(Text *out, const Var *v)
{
  static const char *const name[] = {
      [DIST_BERNOULLI] = "bernoulli", [DIST_NORMAL] = "normal", [DIST_UNIFORM] = "uniform"};
  text_printf(out, " ~ %s(", name[v->noise]);
  put_number(out, v->noise_arg[0]);
  if (v->noise != DIST_BERNOULLI) {
    text_puts(out, ", ");
    put_number(out, v->noise_arg[1]);
  }
  text_puts(out, ")");
}

static void put_declaration(Text *out, const System *s, const Var *v)
{
  static const char *const role[] = {[VAR_INPUT] = "input", [VAR_TARGET] = "target",   [VAR_PARAM] = "param",
                                     [VAR_NOISE] = "noise", [VAR_COMPUTED] = "output", [VAR_STACKED] = "stacked"};
  text_printf(out, "  %s ", role[v->kind]);
  if (v->kind == VAR_NOISE && v->noise_shared) text_puts(out, "model ");
  put_variable(out, s, v);
  text_printf(out, " : %s", shape_text(NULL, s->arena, v->shape));
  if (v->kind == VAR_PARAM && v->init.kind != INIT_DEFAULT) {
    text_puts(out, " = ");
    init_print(out, v->init);
  }
  if (v->kind == VAR_NOISE) put_noise(out, v);
  for (int i = 0; i < v->member.n; i++) text_printf(out, "%s%s", i ? ", " : " = ", v->member.at[i]->name);
  if (v->output && v->kind != VAR_COMPUTED) put_comment(out, "output");
  else if (v->kind == VAR_NOISE && v->noise_forced) put_comment(out, "by teacher_forcing");
  else text_puts(out, "\n");
}

static void put_draw(Text *out, const System *s, const Draw *d)
{
  text_printf(out, "  %s", d->var->name);
  Place t = place_now(d->var, AXIS_T), u = place_now(d->var, AXIS_S);
  (t.kind == READ_PLAIN ? &u : &t)->k = d->offset;
  put_places(out, s, t, u);
  text_printf(out, " ~ %s(", d->dist);
  for (int i = 0; i < DRAW_PARAMS && d->param[i]; i++) {
    if (i) text_puts(out, ", ");
    put_variable(out, s, d->param[i]);
  }
  text_puts(out, ")");
  if (d->nll && d->count) put_comment(out, arena_printf(s->arena, "loss: %s / %s", d->nll->name, d->count->name));
  else text_puts(out, "\n");
}

static void put_settings(Text *out, const System *s)
{
  if (!s->settings.n) return;
  text_puts(out, "\n  train {\n");
  for (int i = 0; i < s->settings.n; i++)
    text_printf(out, "    %s = %s\n", s->settings.at[i].name, s->settings.at[i].value);
  text_puts(out, "  }\n");
}

/* what is not the one axis t */
static void put_axes(Text *out, const System *s)
{
  if (s->axis[AXIS_S]) text_printf(out, "  axis %s, %s\n", s->axis[AXIS_S], s->axis[AXIS_T]);
  else if (strcmp(s->axis[AXIS_T], "t") != 0) text_printf(out, "  axis %s\n", s->axis[AXIS_T]);
}

void system_print(Text *out, const System *s)
{
  text_printf(out, "model %s {\n", s->name);
  put_axes(out, s);
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind != VAR_COMPUTED || v->output) put_declaration(out, s, v);
  }
  text_puts(out, "\n");
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->rhs) put_right_side(out, s, v);
    put_boundaries(out, s, v);
  }
  for (int i = 0; i < s->draws.n; i++) put_draw(out, s, &s->draws.at[i]);
  for (int i = 0; i < s->metrics.n; i++) {
    const Metric *m = &s->metrics.at[i];
    text_printf(out, "  metric %s = %s / %s\n", m->name, m->sum->name, m->count->name);
  }
  if (s->loss && strcmp(s->loss->name, "loss") != 0) text_printf(out, "  loss = %s\n", s->loss->name);
  put_settings(out, s);
  text_puts(out, "}\n");
}

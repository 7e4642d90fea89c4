/* body.c: a body, one use of a cell or the model: its names, axes and sizes, and the order in which what it says is
   declared. Needs: its formals bound. Leaves alone: declarations (declare.c), left sides (target.c), right sides
   (statement.c) and the applications in them (use.c). */
#include "body.h"
#include <ctype.h>
#include <string.h>

Entry *body_entry(const Body *b, const char *name) { return map_get(&b->names, name); }

Entry *body_add(Body *b, EntryKind kind, const char *name, Span span)
{
  Sema *s = b->s;
  Entry *first = body_entry(b, name);
  if (axis_named(b, name) >= 0 || length_named(b, name) >= 0) {
    diag(s->diag, E_RESERVED, span, "'%s' is %s and cannot be declared", name,
         axis_named(b, name) >= 0 ? "the time index" : "the length of the sequence");
    note_uses(b);
    return NULL;
  }
  if (first) {
    diag(s->diag, E_DECLARED_TWICE, span, "'%s' is declared twice", name);
    diag_note(s->diag, first->span, "the first time here");
    note_uses(b);
    return NULL;
  }
  Entry *e = ARENA_NEW(s->arena, Entry);
  e->kind = kind;
  e->name = name;
  e->span = span;
  map_put(s->arena, &b->names, name, e);
  vec_push(s->arena, &b->entries, e);
  return e;
}

void note_uses(const Body *b)
{
  for (int shown = 0; b && b->cell && shown < 3; b = b->outer, shown++)
    diag_note(b->s->diag, b->use, "in this use of %s", b->cell->name);
}

const char *body_path(const Body *b, const char *name)
{
  return b->path[0] ? arena_printf(b->s->arena, "%s.%s", b->path, name) : name;
}

bool is_loss(const Body *b, const Ast *target)
{
  return !b->cell && target->kind == AST_NAME && strcmp(target->name, "loss") == 0;
}

Body *body_new(Sema *s, Unit *u, const Ast *ast, const char *path)
{
  Body *b = ARENA_NEW(s->arena, Body);
  int skip = ast->kind == AST_CELL ? 1 : 0;
  b->s = s;
  b->unit = u;
  b->ast = ast;
  b->statement = (const Ast *const *)ast->kid + skip;
  b->statements = ast->nkid - skip;
  b->path = path;
  b->axis[0] = intern(s->arena, "t");
  b->length[0] = intern(s->arena, "T");
  b->axes = 1;
  b->bind[0] = DOM_T;
  return b;
}

/* ---- the axis ---- */

/* `axis s, t`: the last one is the model's primary; a cell's are bound by its arguments (bind.c) */
static void declare_axis(Body *b, const Ast *axis)
{
  Diag *d = b->s->diag;
  if (axis->nkid > AXES) {
    diag(d, E_AXES, axis->kid[AXES]->span, "there are two axes at most");
    note_uses(b);
    return;
  }
  for (int i = 0; i < axis->nkid; i++) {
    const char *name = axis->kid[i]->name;
    if (strlen(name) != 1 || !islower((unsigned char)name[0])) {
      diag(d, E_AXES, axis->span, "an axis is one small letter, whose capital is its length: axis t");
      return;
    }
    if (i && name == axis->kid[0]->name) {
      diag(d, E_AXES, axis->kid[i]->span, "the axis %s stands here twice", name);
      return;
    }
  }
  b->axes = axis->nkid;
  for (int i = 0; i < b->axes; i++) {
    const char *name = axis->kid[i]->name;
    b->axis[i] = name;
    b->length[i] = intern(b->s->arena, (char[]){(char)toupper((unsigned char)name[0]), 0});
    if (!b->cell) b->bind[i] = i == b->axes - 1 ? DOM_T : DOM_S;
  }
}

/* a second statement would rename what the first one named */
static void declare_axes(Body *b)
{
  const Ast *first = NULL;
  for (int i = 0; i < b->statements; i++) {
    const Ast *st = b->statement[i];
    if (st->kind != AST_AXIS) continue;
    if (!first) declare_axis(b, first = st);
    else {
      diag(b->s->diag, E_AXES, st->span, "the axes are declared in one statement, such as axis s, t");
      diag_note(b->s->diag, first->span, "the first is here");
    }
  }
  for (int i = 0; i < b->axes && !b->cell; i++) b->s->flat->axis[b->bind[i] == DOM_T ? AXIS_T : AXIS_S] = b->axis[i];
}

/* ---- the whole ---- */

static void declare_formals(Body *b)
{
  if (!b->cell) return;
  const Ast *formals = b->ast->kid[0];
  for (int i = 0; i < formals->nkid; i++) {
    Entry *e = body_add(b, ENTRY_VALUE, formals->kid[i]->name, formals->kid[i]->span);
    if (e) e->value = b->cell->formal[i];
  }
}

static void declare_statement(Body *b, const Ast *st, PendingTypes *types)
{
  Sema *s = b->s;
  switch (st->kind) {
  case AST_DECLARE:
    for (int k = 0; k < st->nkid; k++)
      if (st->kid[k]->kind == AST_DECL) declare_one(b, st->role, st->kid[k], types);
    break;
  case AST_DRAW: vec_push(s->arena, &b->draws, st); break;
  case AST_METRIC:
    if (b->cell) diag(s->diag, E_MISPLACED, st->span, "a metric belongs in the model, not in a cell"), note_uses(b);
    else vec_push(s->arena, &b->metrics, st);
    break;
  case AST_RESET:
  case AST_CLIP: vec_push(s->arena, &b->edges, st); break;
  case AST_TRAIN:
    if (b->cell)
      diag(s->diag, E_MISPLACED, st->span, "a train block belongs in the model, not in a cell"), note_uses(b);
    else if (b->train)
      diag(s->diag, E_DEFINED_TWICE, st->span, "a model has one train block"),
          diag_note(s->diag, b->train->span, "the first is here");
    else b->train = st;
    break;
  case AST_ERROR: b->broken = true; break;
  default: break;
  }
}

static void require_equations(Body *b)
{
  for (int i = 0; i < b->entries.n; i++) {
    const Entry *e = b->entries.at[i];
    if (e->kind != ENTRY_VAR || e->var->kind != VAR_COMPUTED) continue;
    bool defined = e == b->result_entry ? b->result_defined.source != NULL : e->var->defined.source != NULL;
    if (defined || e->var->bad) continue;
    if (!b->broken) {
      diag(b->s->diag, E_NO_EQUATION, e->span, "output '%s' has no equation", e->name);
      note_uses(b);
    }
    e->var->bad = true;
  }
}

void body_declare(Body *b)
{
  Sema *s = b->s;
  PendingTypes types = {0};
  declare_axes(b);
  declare_formals(b);
  for (int i = 0; i < b->statements; i++) {
    const Ast *st = b->statement[i];
    if (st->kind != AST_SIZE) continue;
    Entry *e = body_add(b, ENTRY_SIZE, st->name, st->span);
    if (e) e->size = st;
  }
  for (int i = 0; i < b->statements; i++) declare_statement(b, b->statement[i], &types);
  for (int i = 0; i < b->statements; i++)
    if (b->statement[i]->kind == AST_EQUATION) declare_equation(b, b->statement[i]);
  for (int i = 0; i < b->entries.n; i++)
    if (b->entries.at[i]->kind == ENTRY_SIZE) size_value(b, b->entries.at[i]);
  require_equations(b);
  if (b->cell && !b->result_entry) {
    diag(s->diag, E_NO_OUTPUT, b->ast->span, "cell '%s' has no output", b->cell->name);
    note_uses(b);
  }
  for (int i = 0; i < b->statements && !b->broken; i++) {
    const Ast *st = b->statement[i];
    if (st->kind == AST_EQUATION) {
      Elab x = {.body = b};
      if (!(st->kid[0]->kind == AST_NAME && is_cell_value(&x, st->kid[1]))) find_implicit(b, st->kid[1]);
    } else if (st->kind == AST_DRAW) {
      for (int k = 1; k < st->kid[1]->nkid; k++) find_implicit(b, st->kid[1]->kid[k]);
    } else if (st->kind == AST_METRIC) {
      find_implicit(b, st->kid[0]);
    } else if (st->kind == AST_RESET) {
      find_implicit(b, st->kid[1]);
    }
  }
  for (int i = 0; i < types.n; i++) {
    if (types.at[i].var) set_type(b, types.at[i].var, types.at[i].type);
    else set_input_type(b, types.at[i].input, types.at[i].type);
  }
}

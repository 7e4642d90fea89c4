/* ast.c: one builder for every grammar action, and parse() itself.
   Needs: kids built before their parents. Leaves: no tree deeper than DEPTH_LIMIT, so that every walk may recurse.
   What the grammar lets pass and the language does not is reported here, where the whole of it is at hand. */
#include "front.h"
#include <string.h>

typedef struct Built { /* a node with what only its builders look at */
  Ast ast;
  int depth;
} Built;

/* lists */

AstList *list_new(Front *fe) { return ARENA_NEW(fe->arena, AstList); }

AstList *list_of(Front *fe, Ast *a) { return list_add(fe, list_new(fe), a); }

AstList *list_add(Front *fe, AstList *l, Ast *a)
{
  vec_push(fe->arena, l, a);
  return l;
}

AstList *list_join(Front *fe, AstList *l, const AstList *more)
{
  for (int i = 0; i < more->n; i++) vec_push(fe->arena, l, more->at[i]);
  return l;
}

/* nodes */

static Ast *node(Front *fe, AstKind kind, const char *name, Span at, int nkid, Ast *const *kid)
{
  Built *b = ARENA_NEW(fe->arena, Built);
  b->ast = (Ast){.kind = kind, .name = name, .span = at, .nkid = nkid};
  b->ast.kid = ARENA_ARRAY(fe->arena, Ast *, nkid);
  for (int i = 0; i < nkid; i++) {
    b->ast.kid[i] = kid[i];
    if (kid[i] && ((const Built *)kid[i])->depth > b->depth) b->depth = ((const Built *)kid[i])->depth;
  }
  if (++b->depth <= DEPTH_LIMIT) return &b->ast;
  if (!fe->too_deep) diag(fe->diag, E_DEEP, at, "this is nested more than %d levels deep", DEPTH_LIMIT);
  fe->too_deep = true;
  return node(fe, AST_NUMBER, NULL, at, 0, NULL);
}

static Ast *node1(Front *fe, AstKind kind, const char *name, Span at, Ast *a)
{
  return node(fe, kind, name, at, 1, &a);
}

static Ast *node2(Front *fe, AstKind kind, const char *name, Span at, Ast *a, Ast *b)
{
  return node(fe, kind, name, at, 2, (Ast *[]){a, b});
}

static Ast *node_list(Front *fe, AstKind kind, const char *name, Span at, const AstList *l)
{
  return node(fe, kind, name, at, l->n, l->at);
}

/* first, then the list */
static Ast *node_first(Front *fe, AstKind kind, const char *name, Span at, Ast *first, const AstList *l)
{
  return node_list(fe, kind, name, at, list_join(fe, list_of(fe, first), l));
}

/* the file and its items */

Ast *ast_file(Front *fe)
{
  size_t n;
  source_text(fe->source, &n);
  return node_list(fe, AST_FILE, NULL, (Span){fe->source, 0, (int)n}, fe->file);
}

Ast *ast_import(Front *fe, Ast *what, Span at) { return node1(fe, AST_IMPORT, what->name, at, what); }

Ast *ast_model(Front *fe, const char *name, const AstList *body, Span at)
{
  return node_list(fe, AST_MODEL, name, at, body);
}

static Ast *formals_node(Front *fe, const AstList *formals, Span at)
{
  if (formals->n) at = span_join(formals->at[0]->span, formals->at[formals->n - 1]->span);
  return node_list(fe, AST_FORMALS, NULL, at, formals);
}

Ast *ast_cell(Front *fe, const char *name, const AstList *formals, const AstList *body, Span at)
{
  return node_first(fe, AST_CELL, name, at, formals_node(fe, formals, at), body);
}

Ast *ast_def(Front *fe, const char *name, const AstList *formals, Ast *value, Span at)
{
  return node2(fe, AST_DEF, name, at, formals_node(fe, formals, at), value);
}

Ast *ast_formal(Front *fe, const char *name, Ast *value, Span at) { return node1(fe, AST_FORMAL, name, at, value); }

Ast *ast_error(Front *fe, Span at) { return node(fe, AST_ERROR, NULL, at, 0, NULL); }

/* The header did not parse; its body is read all the same. */
void ast_header(Front *fe) { fe->recovering = false; }

Ast *ast_misplaced(Front *fe, Ast *a)
{
  if (a->kind == AST_ERROR) return a;
  Span head = a->span;
  if (a->name) head.to = head.from + (int)strlen(ast_kind_name(a->kind));
  diag(fe->diag, E_NESTED, head, "'%s' belongs at the top level of the file, outside all braces",
       ast_kind_name(a->kind));
  return ast_error(fe, a->span);
}

/* statements */

Ast *ast_size(Front *fe, const char *name, Ast *value, Span at) { return node1(fe, AST_SIZE, name, at, value); }

Ast *ast_axis(Front *fe, const AstList *names, Span at) { return node_list(fe, AST_AXIS, NULL, at, names); }

enum { DECL_INDICES, DECL_TYPE, DECL_VALUE, DECL_DRAW, DECL_KIDS = DECL_DRAW };

/* The draw waits behind the kids until ast_declare makes a statement of it. */
Ast *ast_decl(Front *fe, const char *name, Ast *indices, Ast *type, Ast *value, Ast *draw, Span at)
{
  Ast *a = node(fe, AST_DECL, name, at, DECL_DRAW + 1, (Ast *[]){indices, type, value, draw});
  if (a->kind == AST_DECL) a->nkid = DECL_KIDS;
  return a;
}

/* what is written once after several names holds for all of them */
static void decls_share(const AstList *decls, int slot)
{
  for (int i = decls->n - 2; i >= 0; i--)
    if (!decls->at[i]->kid[slot]) decls->at[i]->kid[slot] = decls->at[i + 1]->kid[slot];
}

static void check_initialiser(Front *fe, Role role, const Ast *decl)
{
  const Ast *value = decl->kid[DECL_VALUE];
  if (role == ROLE_PARAM || !value) return;
  diag(fe->diag, E_INITIAL_VALUE, value->span, "only a param has an initial value");
  diag_note(fe->diag, (Span){0},
            role == ROLE_OUTPUT        ? "an output gets its value from an equation on a line of its own"
            : role == ROLE_NOISE       ? "noise gets its value from a distribution: noise m[t] ~ bernoulli(0.8)"
            : role == ROLE_NOISE_MODEL ? "noise gets its value from a distribution: noise model m ~ bernoulli(0.8)"
                                       : "its values come from the data");
}

AstList *ast_declare(Front *fe, Role role, const AstList *decls, Span at)
{
  Ast *declare = node_list(fe, AST_DECLARE, NULL, at, decls);
  AstList *out = list_of(fe, declare);
  declare->role = role;
  for (int i = 0; i < decls->n; i++)
    if (decls->at[i]->kind != AST_DECL) return out; /* too deep, reported */
  for (int slot = DECL_TYPE; slot <= DECL_DRAW; slot++) decls_share(decls, slot);
  for (int i = 0; i < decls->n; i++) {
    Ast *d = decls->at[i], *indices = d->kid[DECL_INDICES], *draw = d->kid[DECL_DRAW];
    check_initialiser(fe, role, d);
    if (!draw) continue;
    Span name_at = {d->span.source, d->span.from, d->span.from + (int)strlen(d->name)};
    Ast *target = ast_name(fe, d->name, name_at);
    AstList index = {0};
    if (indices) {
      list_join(fe, &index, &(AstList){.at = indices->kid, .n = indices->nkid});
      target = ast_index(fe, target, &index, span_join(name_at, indices->span));
    }
    list_add(fe, out, ast_draw(fe, target, draw, NULL, span_join(target->span, draw->span)));
  }
  return out;
}

Ast *ast_indices(Front *fe, const AstList *l, Span at) { return node_list(fe, AST_INDICES, NULL, at, l); }

Ast *ast_type(Front *fe, const char *name, const AstList *sizes, Span at)
{
  static const char *const types[] = {"real", "token"};
  bool real = !strcmp(name, "real"), token = !strcmp(name, "token");
  Span word = {at.source, at.from, at.from + (int)strlen(name)};
  if (!real && !token) {
    const char *near = nearest(name, types, 2);
    if (!strncmp(name, "float", 5) || !strcmp(name, "double") || !strcmp(name, "f32") || !strcmp(name, "f64"))
      near = "real"; /* as others call it */
    diag(fe->diag, E_TYPE, word, "there is no type '%s': the types are real and token", name);
    if (near) diag_suggest(fe->diag, word, near);
  } else if (token && sizes->n != 1) {
    diag(fe->diag, E_TYPE, at, "a token type has one size, the number of its values: token[256]");
  }
  return node_list(fe, AST_TYPE, name, at, sizes);
}

static bool is_path(const Ast *a)
{
  while (a->kind == AST_FIELD) a = a->kid[0];
  return a->kind == AST_NAME;
}

/* h, h[t], d.c[0] */
static bool check_target(Front *fe, const Ast *target, const char *op)
{
  if (is_path(target) || (target->kind == AST_INDEX && is_path(target->kid[0]))) return true;
  if (fe->too_deep) return false;
  diag(fe->diag, E_LEFT_SIDE, target->span, "a variable stands left of '%s', such as h[t]", op);
  if (target->kind == AST_CALL && is_path(target->kid[0]))
    diag_note(fe->diag, (Span){0}, "an index is written in square brackets, a function as def f(x) = expression");
  return false;
}

Ast *ast_equation(Front *fe, Ast *target, Ast *value, Span at)
{
  if (!check_target(fe, target, "=")) return ast_error(fe, at);
  return node2(fe, AST_EQUATION, NULL, at, target, value);
}

Ast *ast_draw(Front *fe, Ast *target, Ast *distribution, Ast *mask, Span at)
{
  if (!check_target(fe, target, "~")) return ast_error(fe, at);
  if (distribution->kind != AST_CALL) {
    if (!fe->too_deep)
      diag(fe->diag, E_RIGHT_SIDE, distribution->span,
           "a distribution with its arguments stands right of '~', such as normal(0, 1)");
    return ast_error(fe, at);
  }
  return node(fe, AST_DRAW, NULL, at, mask ? 3 : 2, (Ast *[]){target, distribution, mask});
}

/* the place of the operator between two operands */
static Span operator_between(const Ast *left, const Ast *right, const char *op)
{
  const char *text = source_text(left->span.source, NULL);
  for (int i = left->span.to; i < right->span.from; i++)
    if (!strncmp(text + i, op, strlen(op))) return (Span){left->span.source, i, i + (int)strlen(op)};
  return (Span){0};
}

Ast *ast_lone(Front *fe, Ast *a, Span at)
{
  if (diag_errors(fe->diag) > fe->errors_before) return ast_error(fe, at); /* may not be what was written */
  if (fe->entry) return node1(fe, AST_LONE, NULL, at, a);
  if (a->kind == AST_BINARY && !strcmp(a->name, "==")) {
    diag(fe->diag, E_LONE, at, "this comparison stands alone");
    diag_note(fe->diag, (Span){0}, "did you mean '=' instead of '=='?");
    diag_fix(fe->diag, operator_between(a->kid[0], a->kid[1], "=="), "=");
  } else {
    diag(fe->diag, E_LONE, at, "this expression stands alone");
    diag_note(fe->diag, (Span){0}, "an equation is written: name[t] = expression");
  }
  return ast_error(fe, at);
}

Ast *ast_metric(Front *fe, const char *name, Ast *value, Span at) { return node1(fe, AST_METRIC, name, at, value); }

/* reset target when value, clip message target value: the word in it is no keyword, so that variables may have its name
 */
Ast *ast_edge(Front *fe, AstKind kind, Ast *target, const char *word, Span word_at, Ast *value, Span at)
{
  bool reset = kind == AST_RESET;
  if (strcmp(word, reset ? "when" : "message")) {
    diag(fe->diag, E_EDGE_FORM, word_at, "'%s' is expected here, not '%s'", reset ? "when" : "message", word);
    diag_note(fe->diag, (Span){0}, "for instance: %s", reset ? "reset h when boundary[t]" : "clip message h 5.0");
    return ast_error(fe, at);
  }
  return node2(fe, kind, NULL, at, target, value);
}

Ast *ast_train(Front *fe, const AstList *settings, Span at) { return node_list(fe, AST_TRAIN, NULL, at, settings); }

Ast *ast_setting(Front *fe, const char *name, Ast *value, Span at) { return node1(fe, AST_SETTING, name, at, value); }

/* expressions */

Ast *ast_number(Front *fe, double num, const char *unit, Span at)
{
  Ast *a = node(fe, AST_NUMBER, unit, at, 0, NULL);
  a->num = num;
  return a;
}

/* 10 epochs; any other word after a number is a mistake that has nothing to do with units */
Ast *ast_measure(Front *fe, double num, const char *unit, Span at)
{
  static const char *const units[] = {"epochs", "steps"};
  for (int i = 0; i < 2; i++)
    if (!strcmp(unit, units[i])) return ast_number(fe, num, unit, at);
  const char *near = nearest(unit, units, 2);
  diag(fe->diag, E_UNIT, at, "expected an operator, ',' or ')' between the number and '%s'", unit);
  if (near) {
    diag_note(fe->diag, (Span){0}, "did you mean the unit '%s'?", near);
    diag_fix(fe->diag, span_last(at, strlen(unit)), near);
  }
  return ast_number(fe, num, NULL, at);
}

Ast *ast_string(Front *fe, const char *text, Span at) { return node(fe, AST_STRING, text, at, 0, NULL); }

Ast *ast_name(Front *fe, const char *name, Span at) { return node(fe, AST_NAME, name, at, 0, NULL); }

Ast *ast_field(Front *fe, Ast *of, const char *name, Span at) { return node1(fe, AST_FIELD, name, at, of); }

Ast *ast_index(Front *fe, Ast *base, const AstList *l, Span at) { return node_first(fe, AST_INDEX, NULL, at, base, l); }

Ast *ast_call(Front *fe, Ast *callee, const AstList *args, Span at)
{
  if (callee->kind == AST_NUMBER && !fe->too_deep) {
    diag(fe->diag, E_NOT_CALLABLE, at, "a number cannot be called");
    diag_note(fe->diag, (Span){0}, "a product is written '*'");
  }
  return node_first(fe, AST_CALL, NULL, at, callee, args);
}

Ast *ast_arg(Front *fe, const char *name, Ast *value, Span at) { return node1(fe, AST_ARG, name, at, value); }

Ast *ast_reverse(Front *fe, Ast *of, Span at)
{
  if (of->kind != AST_CALL && !fe->too_deep)
    diag(fe->diag, E_REVERSE, of->span, "a call stands after 'reverse', such as reverse gru(64)(x[t])");
  return node1(fe, AST_REVERSE, NULL, at, of);
}

Ast *ast_unary(Front *fe, const char *op, Ast *of, Span at)
{
  return node1(fe, AST_UNARY, intern(fe->arena, op), at, of);
}

Ast *ast_binary(Front *fe, const char *op, Ast *left, Ast *right, Span at)
{
  return node2(fe, AST_BINARY, intern(fe->arena, op), at, left, right);
}

Ast *ast_transpose(Front *fe, Ast *of, Span at) { return node1(fe, AST_TRANSPOSE, NULL, at, of); }

/* the whole */

Ast *parse(Arena *a, Diag *d, const Source *source)
{
  Front fe = {.arena = a, .diag = d, .source = source, .file = ARENA_NEW(a, AstList)};
  front_run(&fe);
  return ast_file(&fe);
}

Ast *parse_entry(Arena *a, Diag *d, const Source *source)
{
  Front fe = {.arena = a, .diag = d, .source = source, .file = ARENA_NEW(a, AstList), .entry = true};
  front_run(&fe);
  return ast_file(&fe);
}

ParseState parse_state(const char *text)
{
  Arena *a = arena_new();
  Front fe = {.arena = a,
              .diag = diag_new(a),
              .source = source_from_text(a, "prompt", text, strlen(text)),
              .file = ARENA_NEW(a, AstList),
              .entry = true};
  front_run(&fe);
  ParseState state = fe.wants_more ? PARSE_INCOMPLETE : diag_errors(fe.diag) ? PARSE_ERROR : PARSE_COMPLETE;
  arena_free(a);
  return state;
}

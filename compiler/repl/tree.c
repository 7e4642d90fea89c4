/* tree.c: definitions to the tree of a file, and a file's tree to definitions.
   Needs: texts that parsed once. Leaves alone: what they mean, which the checker says of the whole. */
#include "session.h"
#include <stdlib.h>
#include <string.h>

Ast *tree_node(Arena *a, AstKind kind, const char *name, Span at, Ast *const *kid, int n)
{
  Ast *node = ARENA_NEW(a, Ast);
  *node = (Ast){.kind = kind, .name = name, .span = at, .nkid = n, .kid = ARENA_ARRAY(a, Ast *, n)};
  for (int i = 0; i < n; i++) node->kid[i] = kid[i];
  return node;
}

char *tree_path(const Ast *e)
{
  if (e->kind == AST_INDEX) e = e->kid[0];
  if (e->kind == AST_NAME) return strdup(e->name);
  if (e->kind != AST_FIELD) return NULL;
  char *owner = tree_path(e->kid[0]), *path = owner ? malloc(strlen(owner) + strlen(e->name) + 2) : NULL;
  if (path) sprintf(path, "%s.%s", owner, e->name);
  free(owner);
  return path;
}

void tree_reads(Strings *reads, const Ast *e)
{
  if (!e) return;
  if (e->kind == AST_NAME) strings_add(reads, e->name);
  for (int i = 0; i < e->nkid; i++) tree_reads(reads, e->kid[i]);
}

/* Of a cell or a def: what it calls; its other names are its own. */
static void add_calls(Strings *reads, const Ast *e)
{
  if (!e) return;
  if (e->kind == AST_CALL) tree_reads(reads, e->kid[0]);
  for (int i = 0; i < e->nkid; i++) add_calls(reads, e->kid[i]);
}

/* ---- what a text defines ---- */

/* h[t], h, but not h[0] */
static bool is_whole(const Ast *target)
{
  for (int i = 1; target->kind == AST_INDEX && i < target->nkid; i++)
    if (target->kid[i]->kind != AST_NAME || !strcmp(target->kid[i]->name, "T")) return false;
  return true;
}

static void set_key(Item *i, const char *what, const char *index)
{
  i->key = malloc(strlen(what) + strlen(i->name) + strlen(index) + 2);
  if (!i->key) abort();
  sprintf(i->key, "%s %s%s", what, i->name, index);
}

static char *own_name(const char *name)
{
  char *made = strdup(name ? name : "");
  if (!made) abort();
  return made;
}

static char *path_name(const Ast *target)
{
  char *path = tree_path(target);
  return path ? path : own_name("");
}

static void describe(Item *i, const Ast *st)
{
  Text t = {0};
  i->kind = st->kind;
  i->role = st->role;
  switch (st->kind) {
  case AST_EQUATION:
    i->name = path_name(st->kid[0]);
    i->main = is_whole(st->kid[0]);
    i->indexed = i->main && st->kid[0]->kind == AST_INDEX;
    if (!i->main) ast_format(&t, st->kid[0]);
    set_key(i, "=", t.at ? t.at : "");
    tree_reads(&i->reads, st->kid[1]);
    break;
  case AST_DRAW:
    i->name = path_name(st->kid[0]);
    set_key(i, "~", "");
    tree_reads(&i->reads, st->kid[1]);
    break;
  case AST_RESET:
  case AST_CLIP:
    i->name = path_name(st->kid[0]);
    set_key(i, ast_kind_name(st->kind), "");
    tree_reads(&i->reads, st->kid[1]);
    break;
  case AST_SIZE: i->main = true; /* fall through */
  default:
    i->name = own_name(st->name);
    set_key(i, ast_kind_name(st->kind), "");
    if (st->kind == AST_CELL || st->kind == AST_DEF) add_calls(&i->reads, st);
    else tree_reads(&i->reads, st);
  }
  text_free(&t);
}

static Item *add(Entry *e, int kid, int sub, int decl, const char *scope)
{
  if (e->items == e->cap) e->item = realloc(e->item, sizeof *e->item * (size_t)(e->cap = e->cap ? 2 * e->cap : 4));
  if (!e->item) abort();
  Item *i = &e->item[e->items++];
  *i = (Item){.kid = kid, .sub = sub, .decl = decl, .scope = scope ? own_name(scope) : NULL, .alive = true};
  return i;
}

static void add_statement(Entry *e, const Ast *st, int kid, int sub, const char *scope)
{
  if (st->kind != AST_DECLARE) {
    describe(add(e, kid, sub, -1, scope), st);
    return;
  }
  for (int d = 0; d < st->nkid; d++) {
    Item *i = add(e, kid, sub, d, scope);
    i->kind = st->kind;
    i->role = st->role;
    i->name = own_name(st->kid[d]->name);
    i->main = st->role != ROLE_OUTPUT;
    i->indexed = st->kid[d]->kid[0] != NULL;
    set_key(i, i->main ? "declare" : "output", "");
    tree_reads(&i->reads, st->kid[d]);
  }
}

static bool of_the_file(AstKind kind)
{
  return kind == AST_CELL || kind == AST_DEF || kind == AST_IMPORT || kind == AST_SIZE;
}

void tree_items(Entry *e, Ast *file, const char *scope)
{
  bool own = false; /* statements of a file without a model */
  for (int k = 0; k < file->nkid; k++) own |= file->kid[k]->kind == AST_MODEL;
  if (e->file && !own) scope = OWN_SCOPE;
  for (int k = 0; k < file->nkid; k++) {
    const Ast *st = file->kid[k];
    if (st->kind != AST_MODEL) {
      add_statement(e, st, k, -1, of_the_file(st->kind) ? NULL : scope);
      continue;
    }
    Item *model = add(e, k, -1, -1, st->name);
    model->kind = AST_MODEL;
    model->name = own_name(st->name);
    set_key(model, "model", "");
    for (int i = 0; i < st->nkid; i++) add_statement(e, st->kid[i], k, i, st->name);
  }
}

/* ---- the tree of what is alive ---- */

Ast *tree_item(const Entry *e, const Item *i, Ast *file)
{
  (void)e;
  Ast *st = file->kid[i->kid];
  if (i->sub >= 0) st = st->kid[i->sub];
  return i->decl >= 0 ? st->kid[i->decl] : st;
}

/* An import is looked for beside the file that it stands in. */
static Ast *placed_import(Arena *a, const Entry *e, Ast *import)
{
  const char *slash = e->file ? strrchr(e->source, '/') : NULL;
  if (!slash || import->name[0] == '/' || import->kid[0]->kind != AST_STRING) return import;
  Ast *moved = ARENA_NEW(a, Ast);
  *moved = *import;
  moved->name = intern(a, arena_printf(a, "%.*s/%s", (int)(slash - e->source), e->source, import->name));
  return moved;
}

typedef Vec(Ast *) Nodes;

static bool is_loss(const Item *i) { return i->kind == AST_EQUATION && !strcmp(i->name, "loss"); }

/* A draw that counts nowhere: the shapes that it implies stay. */
static Ast *draw_nowhere(Arena *a, Ast *draw)
{
  Ast *kid[] = {draw->kid[0], draw->kid[1], tree_node(a, AST_NUMBER, NULL, draw->span, NULL, 0)};
  return tree_node(a, AST_DRAW, draw->name, draw->span, kid, 3);
}

static void collect(Arena *a, Entry *e, Ast *file, const char *scope, const Extra *x, Nodes *out)
{
  for (int i = 0; i < e->items; i++) {
    const Item *item = &e->item[i];
    bool wanted = scope ? item->scope && !strcmp(item->scope, scope) : !item->scope;
    if (!item->alive || item->kind == AST_MODEL || !wanted || (x && x->loss && is_loss(item))) continue;
    if (x && x->loss == LOSS_DROPPED && item->kind == AST_DRAW) continue;
    if (x && x->only && *item->name && !strings_have(x->only, item->name)) continue;
    Ast *node = tree_item(e, item, file);
    if (item->kind == AST_DRAW && x && x->loss == LOSS_NOWHERE) node = draw_nowhere(a, node);
    if (item->kind == AST_IMPORT) node = placed_import(a, e, node);
    if (item->decl >= 0) {
      node = tree_node(a, AST_DECLARE, NULL, node->span, &node, 1);
      node->role = item->role;
    }
    vec_push(a, out, node);
  }
}

Ast *tree_build(const Session *s, Arena *a, Diag *d, const char *scope, const Extra *extra)
{
  Nodes all = {0}, body = {0};
  Ast **parsed = ARENA_ARRAY(a, Ast *, s->entries);
  for (int i = 0; i < s->entries; i++) {
    const Entry *e = s->entry[i];
    parsed[i] = parse(a, d, source_shown_as(a, e->source, e->text, e->shown, strlen(e->text)));
    collect(a, s->entry[i], parsed[i], NULL, NULL, &all);
    collect(a, s->entry[i], parsed[i], scope, extra, &body);
  }
  for (int i = 0; extra && i < extra->n; i++) vec_push(a, &body, extra->at[i]);
  Span nowhere = {source_from_text(a, OWN_SCOPE, "", 0), 0, 0};
  vec_push(a, &all, tree_node(a, AST_MODEL, intern(a, scope), nowhere, body.at, body.n));
  return tree_node(a, AST_FILE, NULL, nowhere, all.at, all.n);
}

/* ---- what depends on what ---- */

void tree_needs(const Session *s, const char *scope, Strings *names)
{
  for (int before = -1; before != names->n;) {
    before = names->n;
    for (int i = 0; i < s->entries; i++)
      for (int k = 0; k < s->entry[i]->items; k++) {
        const Item *item = &s->entry[i]->item[k];
        bool here = item->alive && item->kind != AST_MODEL && item->kind != AST_DRAW && *item->name && item->scope &&
                    !strcmp(item->scope, scope) && strings_have(names, item->name);
        for (int r = 0; here && r < item->reads.n; r++) strings_add(names, item->reads.at[r]);
      }
  }
}

void tree_dependents(const Session *s, const char *scope, const Strings *names, Strings *out)
{
  Strings known = {0};
  for (int i = 0; i < names->n; i++) strings_add(&known, names->at[i]);
  for (bool more = true; more;) {
    more = false;
    for (int i = 0; i < s->entries; i++)
      for (int k = 0; k < s->entry[i]->items; k++) {
        const Item *item = &s->entry[i]->item[k];
        if (!item->alive || !*item->name || (item->scope && strcmp(item->scope, scope)) || item->kind == AST_MODEL ||
            strings_have(&known, item->name))
          continue;
        bool reads = false;
        for (int m = 0; m < known.n && !reads; m++) reads = strings_have(&item->reads, known.at[m]);
        if (!reads) continue;
        strings_add(&known, item->name);
        strings_add(out, item->name);
        more = true;
      }
  }
  strings_free(&known);
}

/* import_groups.c: the model's parameters by the application of a cell that they belong to, from their paths, where
   they were declared, and which way the cell's recurrence runs. Needs: the lowered system. Knows no foreign layer. */
#include "import.h"
#include "lang_table.h"
#include "walk.h"
#include <string.h>

/* The cell of lang/ that a parameter was declared in; NULL: it was declared elsewhere. A file of the user's that is
   named alike is no cell of lang/. */
static const char *cell_of(const Var *v)
{
  if (!v->span.source) return NULL;
  size_t n;
  const char *name = source_name(v->span.source), *text = source_text(v->span.source, &n);
  for (const LangFile *f = lang_table; f->name; f++) {
    size_t k = strlen(f->name);
    if (!strncmp(name, "lang/", 5) && !strncmp(name + 5, f->name, k) && !strcmp(name + 5 + k, ".rnn"))
      return strlen(f->text) == n && !memcmp(f->text, text, n) ? f->name : NULL;
  }
  return NULL;
}

/* ---- the names that a row of import_cells.def asks for ---- */

static bool has_member(const CellUse *g, const char *leaf)
{
  for (int i = 0; i < g->members.n; i++)
    if (!strcmp(g->members.at[i]->leaf, leaf)) return true;
  return false;
}

static bool is_name_of(const CellRow *r, const char *leaf)
{
  const char *gates = r->gates[FROM_PYTORCH] ? r->gates[FROM_PYTORCH] : r->gates[FROM_KERAS];
  if (import_lists(r->zeros, leaf) || (r->kind == KIND_LSTM_PROJECTED && !strcmp(leaf, "V"))) return true;
  bool one = !strcmp(gates, "-");
  if (!strchr("WUbc", leaf[0]) || (one ? leaf[1] != 0 || leaf[0] == 'c' : !leaf[1] || leaf[2])) return false;
  return one || (strchr(gates, leaf[1]) && (leaf[0] != 'c' || strchr(r->own_bias, leaf[1])));
}

static int names_of(const CellRow *r)
{
  const char *gates = r->gates[FROM_PYTORCH] ? r->gates[FROM_PYTORCH] : r->gates[FROM_KERAS];
  int n = 3 * (int)strlen(gates) + (int)strlen(r->own_bias) + (r->kind == KIND_LSTM_PROJECTED);
  for (const char *c = r->zeros; *c; c++) n += c == r->zeros || c[-1] == ' ';
  return n;
}

/* The first cell of lang/ whose parameters are named as the group's. */
static const char *likely_cell(const CellUse *g)
{
  for (const CellRow *r = recurrent_row; r < recurrent_row + recurrent_rows; r++) {
    bool all = names_of(r) == g->members.n;
    for (int i = 0; i < g->members.n && all; i++) all = is_name_of(r, g->members.at[i]->leaf);
    if (all) return r->cell;
  }
  for (const LayerRow *f = flat_row, *end = flat_row + flat_rows, *next; f < end; f = next) {
    int n = 0, found = 0;
    for (next = f; next < end && !strcmp(next->cell, f->cell); next++) {
      n++;
      found += has_member(g, next->parameter);
    }
    if (n == found && n == g->members.n) return f->cell;
  }
  return NULL;
}

static bool is_known(const char *cell)
{
  for (int i = 0; i < recurrent_rows; i++)
    if (!strcmp(recurrent_row[i].cell, cell)) return true;
  for (int i = 0; i < flat_rows; i++)
    if (!strcmp(flat_row[i].cell, cell)) return true;
  return false;
}

/* ---- which way it runs ---- */

static bool of_group(const CellUse *g, const Var *v) { return path_within(v->name, g->path); }

static void directions(System *s, CellUse *g)
{
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (!v->rhs || !of_group(g, v)) continue;
    ExprList nodes = walk_nodes(s, v->rhs);
    for (int k = 0; k < nodes.n; k++) {
      const Expr *e = nodes.at[k];
      if (e->op != OP_READ || !of_group(g, e->var)) continue;
      for (int a = 0; a < AXES; a++) {
        Place p = read_place(e, (Axis)a);
        if (p.kind != READ_REL || p.k == 0) continue;
        if (p.k < 0) g->forward = true;
        else g->backward = true;
      }
    }
  }
}

const char *group_text(const Import *m, const CellUse *g)
{
  const char *way = g->backward && !g->forward ? "reverse " : "";
  if (g->cell) return arena_printf(m->arena, "%s (%s%s)", g->path, way, g->cell);
  if (g->likely)
    return arena_printf(m->arena, "%s (%sa cell of your own with parameters named as %s's)", g->path, way, g->likely);
  return arena_printf(m->arena, "%s (%sa cell of your own)", g->path, way);
}

static CellUse *group_named(Import *m, const char *path, const char *cell)
{
  for (int i = 0; i < m->groups.n; i++) {
    CellUse *g = m->groups.at[i];
    if (strcmp(g->path, path)) continue;
    if (g->cell && (!cell || strcmp(g->cell, cell))) g->cell = NULL; /* of more than one source */
    return g;
  }
  CellUse *g = ARENA_NEW(m->arena, CellUse);
  *g = (CellUse){.path = path, .cell = cell};
  vec_push(m->arena, &m->groups, g);
  return g;
}

int import_groups(Import *m, System *s)
{
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind != VAR_PARAM || v->fixed) continue;
    Parameter *p = ARENA_NEW(m->arena, Parameter);
    const char *dot = strrchr(v->name, '.');
    *p = (Parameter){.var = v, .leaf = dot ? dot + 1 : v->name};
    if (dot) {
      p->group = group_named(m, arena_copy(m->arena, v->name, (size_t)(dot - v->name)), cell_of(v));
      vec_push(m->arena, &p->group->members, p);
    }
    vec_push(m->arena, &m->parameters, p);
  }
  int n = 0;
  for (int i = 0; i < m->groups.n; i++) {
    CellUse *g = m->groups.at[i];
    g->likely = likely_cell(g);
    if (g->cell && !is_known(g->cell)) g->cell = g->likely = NULL;
    if (!g->likely) { /* parameters one by one */
      for (int k = 0; k < g->members.n; k++) g->members.at[k]->group = NULL;
      continue;
    }
    directions(s, g);
    m->groups.at[n++] = g;
  }
  m->groups.n = n;
  return 0;
}

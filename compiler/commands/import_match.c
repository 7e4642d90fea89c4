/* import_match.c: which layer of the file goes to which group of the model. Each has to have exactly one partner.
     first   what --map says, parameter by parameter
     then    whoever fits one partner only gets it, as long as there is such a one
     then    pairs of the same name; then the layers of one module of PyTorch, in order, to those of one stack
   What is still open fits in more than one way: nothing is chosen, the candidates are printed.
   Needs: layers and groups. Leaves alone: tensors' values. */
#include "import.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Match {
  Import *m;
  bool *fits;       /* [group * layers + layer]: may become a pair */
  const char **why; /* the same, where it does not fit */
} Match;

static int fail(const Import *m)
{
  fprintf(stderr, "rnnc: nothing was written: %s into %s\n", m->state, m->model);
  return EXIT_ENVIRONMENT;
}

/* ---- --map ---- */

static bool is_parameter(const Parameter *p, const char *name) { return !strcmp(p->var->name, name); }

static int no_such(const MapRule *r, const char *side, const char *in, const char *const *names, int n)
{
  const char *near = nearest(side, names, n);
  fprintf(stderr, "rnnc: --map '%s=%s%s': %s has no '%s'", r->ours, r->theirs, r->transposed ? "'" : "", in, side);
  if (near) fprintf(stderr, "; did you mean '%s'?", near);
  fputc('\n', stderr);
  return EXIT_USAGE;
}

static int no_ours(const Import *m, const MapRule *r)
{
  const char **names = ARENA_ARRAY(m->arena, const char *, m->groups.n + m->parameters.n + 1);
  int n = 0;
  for (int i = 0; i < m->groups.n; i++) names[n++] = m->groups.at[i]->path;
  for (int i = 0; i < m->parameters.n; i++) names[n++] = m->parameters.at[i]->var->name;
  return no_such(r, r->ours, m->model, names, n);
}

static int no_theirs(const Import *m, const MapRule *r)
{
  const char **names = ARENA_ARRAY(m->arena, const char *, m->layers.n + (int)m->file.tensors + 1);
  int n = 0;
  for (int i = 0; i < m->layers.n; i++) names[n++] = m->layers.at[i]->name;
  for (int64_t i = 0; i < m->file.tensors; i++) names[n++] = m->file.tensor[i].name;
  return no_such(r, r->theirs, m->state, names, n);
}

/* What a side of --map names: the one of that name; where there is none, all inside of it. */
static bool names_layer(const Import *m, const char *name, const Layer *l)
{
  for (int i = 0; i < m->layers.n; i++)
    if (!strcmp(m->layers.at[i]->name, name)) return !strcmp(l->name, name);
  return path_within(l->name, name) || path_within(l->module, name);
}

static bool names_group(const Import *m, const char *path, const CellUse *g)
{
  for (int i = 0; i < m->groups.n; i++)
    if (!strcmp(m->groups.at[i]->path, path)) return !strcmp(g->path, path);
  return path_within(g->path, path);
}

static bool any_layer(const Import *m, const char *name)
{
  for (int i = 0; i < m->layers.n; i++)
    if (names_layer(m, name, m->layers.at[i])) return true;
  return false;
}

static bool any_group(const Import *m, const char *path)
{
  for (int i = 0; i < m->groups.n; i++)
    if (names_group(m, path, m->groups.at[i])) return true;
  return false;
}

static bool is_used(const Import *m, const RnnTensor *t)
{
  for (int i = 0; i < m->used.n; i++)
    if (m->used.at[i] == t) return true;
  return false;
}

/* 'V=fc.weight': a parameter of a tensor. What else its group and its layer have must be given in the same way. */
static int map_tensor(Import *m, MapRule *r, Parameter *p)
{
  const RnnTensor *t = rnn_tensor_find(&m->file, r->theirs);
  const char *why;
  if (!t) return no_theirs(m, r);
  if (!import_fit_whole(m, p, t, r->transposed, &why)) {
    fprintf(stderr, "rnnc: --map '%s=%s%s': %s\n", r->ours, r->theirs, r->transposed ? "'" : "", why);
    return EXIT_ENVIRONMENT;
  }
  p->done = r->used = true;
  vec_push(m->arena, &m->used, t);
  return 0;
}

static int take_maps(Import *m)
{
  for (int i = 0; i < m->maps.n; i++) {
    MapRule *r = &m->maps.at[i];
    Parameter *p = NULL;
    for (int k = 0; k < m->parameters.n; k++)
      if (is_parameter(m->parameters.at[k], r->ours)) p = m->parameters.at[k];
    if (p) {
      int code = map_tensor(m, r, p);
      if (code) return code;
    } else if (!any_group(m, r->ours)) return no_ours(m, r);
    else if (r->transposed || !any_layer(m, r->theirs)) return no_theirs(m, r);
  }
  int n = 0; /* groups and layers that are given tensor by tensor are none any more */
  for (int i = 0; i < m->groups.n; i++) {
    CellUse *g = m->groups.at[i];
    bool split = false;
    for (int k = 0; k < g->members.n; k++) split |= g->members.at[k]->done;
    for (int k = 0; k < g->members.n && split; k++) g->members.at[k]->group = NULL;
    if (!split) m->groups.at[n++] = g;
  }
  m->groups.n = n;
  n = 0;
  for (int i = 0; i < m->layers.n; i++) {
    Layer *l = m->layers.at[i];
    bool split = false;
    for (int k = 0; k < l->tensors.n; k++) split |= is_used(m, l->tensors.at[k]);
    for (int k = 0; k < l->tensors.n && split; k++) vec_push(m->arena, &m->loose, l->tensors.at[k]);
    if (!split) m->layers.at[n++] = l;
  }
  m->layers.n = n;
  return 0;
}

/* Whether --map lets them be a pair; *asked: it wants them to be. */
static bool may_pair(const Import *m, const CellUse *g, const Layer *l, bool *asked)
{
  *asked = false;
  for (int i = 0; i < m->maps.n; i++) {
    const MapRule *r = &m->maps.at[i];
    if (r->used) continue;
    bool a = names_group(m, r->ours, g), b = names_layer(m, r->theirs, l);
    if (a != b) return false;
    *asked |= a;
  }
  return true;
}

/* ---- pairs ---- */

static bool *fit_of(Match *x, int g, int l) { return &x->fits[g * x->m->layers.n + l]; }

static void find_fits(Match *x)
{
  Import *m = x->m;
  x->fits = ARENA_ARRAY(m->arena, bool, m->groups.n * m->layers.n + 1);
  x->why = ARENA_ARRAY(m->arena, const char *, m->groups.n * m->layers.n + 1);
  for (int g = 0; g < m->groups.n; g++)
    for (int l = 0; l < m->layers.n; l++) {
      bool asked;
      const char **why = &x->why[g * m->layers.n + l];
      Parameter *plan = ARENA_ARRAY(m->arena, Parameter, m->groups.at[g]->members.n);
      if (!may_pair(m, m->groups.at[g], m->layers.at[l], &asked)) *why = "--map says otherwise";
      else *fit_of(x, g, l) = import_fit(m, m->groups.at[g], m->layers.at[l], asked, plan, why);
    }
}

static void pair(Match *x, int g, int l)
{
  x->m->groups.at[g]->layer = x->m->layers.at[l];
  x->m->layers.at[l]->group = x->m->groups.at[g];
  for (int k = 0; k < x->m->layers.n; k++) *fit_of(x, g, k) = k == l;
  for (int k = 0; k < x->m->groups.n; k++) *fit_of(x, k, l) = k == g;
}

static int candidates_of_group(Match *x, int g, int *last)
{
  int n = 0;
  for (int l = 0; l < x->m->layers.n; l++)
    if (*fit_of(x, g, l)) n++, *last = l;
  return n;
}

static int candidates_of_layer(Match *x, int l, int *last)
{
  int n = 0;
  for (int g = 0; g < x->m->groups.n; g++)
    if (*fit_of(x, g, l)) n++, *last = g;
  return n;
}

/* Two that both fit one partner only, the same one: neither has more right to it. */
static bool is_contested(Match *x, int g, int l, bool by_group)
{
  int n = by_group ? x->m->groups.n : x->m->layers.n, other;
  for (int k = 0; k < n; k++) {
    if (k == (by_group ? g : l)) continue;
    if (by_group ? *fit_of(x, k, l) && candidates_of_group(x, k, &other) == 1
                 : *fit_of(x, g, k) && candidates_of_layer(x, k, &other) == 1)
      return true;
  }
  return false;
}

static bool pair_forced(Match *x)
{
  bool any = false;
  int l, g;
  for (g = 0; g < x->m->groups.n; g++)
    if (!x->m->groups.at[g]->layer && candidates_of_group(x, g, &l) == 1 && !is_contested(x, g, l, true))
      pair(x, g, l), any = true;
  for (l = 0; l < x->m->layers.n; l++)
    if (!x->m->layers.at[l]->group && candidates_of_layer(x, l, &g) == 1 && !is_contested(x, g, l, false))
      pair(x, g, l), any = true;
  return any;
}

/* h and h; h.0 and h.l0 */
static bool same_name(const CellUse *g, const Layer *l)
{
  if (!strcmp(g->path, l->name)) return true;
  size_t n = strlen(l->module);
  if (l->number < 0 || strncmp(g->path, l->module, n) || g->path[n] != '.') return false;
  char number[16];
  snprintf(number, sizeof number, "%d", l->number);
  return !strcmp(g->path + n + 1, number);
}

static bool pair_named(Match *x)
{
  bool any = false;
  for (int g = 0; g < x->m->groups.n; g++)
    for (int l = 0; l < x->m->layers.n; l++)
      if (!x->m->groups.at[g]->layer && !x->m->layers.at[l]->group && *fit_of(x, g, l) &&
          same_name(x->m->groups.at[g], x->m->layers.at[l]))
        pair(x, g, l), any = true;
  return any;
}

/* "h.0.f" and "h.1.f": -1, by the one number in which they differ; 0: they differ otherwise */
static int stack_order(const char *a, const char *b)
{
  const char *start = a;
  while (*a && *a == *b) a++, b++;
  while (a > start && isdigit((unsigned char)a[-1])) a--, b--;
  size_t n = strspn(a, "0123456789"), k = strspn(b, "0123456789");
  if (!n || !k || a == start || a[-1] != '.' || strcmp(a + n, b + k)) return 0;
  return atoi(a) < atoi(b) ? -1 : 1;
}

/* The layers of l's module in its direction, and all groups that any of them fits, where these are as many and one
   stack: pairs, in order. */
static bool pair_stack(Match *x, int first)
{
  const Import *m = x->m;
  const Layer *of = m->layers.at[first];
  int *layers = ARENA_ARRAY(m->arena, int, m->layers.n), *groups = ARENA_ARRAY(m->arena, int, m->groups.n);
  int n = 0, k = 0;
  for (int l = 0; l < m->layers.n; l++) {
    const Layer *o = m->layers.at[l];
    if (o->group || o->number < 0 || o->backward != of->backward || strcmp(o->module, of->module)) continue;
    int at = n++;
    for (; at > 0 && m->layers.at[layers[at - 1]]->number > o->number; at--) layers[at] = layers[at - 1];
    layers[at] = l;
  }
  for (int g = 0; g < m->groups.n; g++) {
    bool any = false;
    for (int i = 0; i < n; i++) any |= *fit_of(x, g, layers[i]);
    if (!any || m->groups.at[g]->layer) continue;
    int at = k++;
    for (; at > 0; at--) {
      int order = stack_order(m->groups.at[groups[at - 1]]->path, m->groups.at[g]->path);
      if (!order) return false;
      if (order < 0) break;
      groups[at] = groups[at - 1];
    }
    groups[at] = g;
  }
  if (n < 2 || n != k) return false;
  for (int i = 0; i < n; i++) {
    if (!*fit_of(x, groups[i], layers[i])) return false;
    for (int l = 0; l < m->layers.n; l++) { /* a group that could also go elsewhere */
      bool own = false;
      for (int j = 0; j < n; j++) own |= layers[j] == l;
      if (!own && *fit_of(x, groups[i], l)) return false;
    }
  }
  for (int i = 0; i < n; i++) pair(x, groups[i], layers[i]);
  return true;
}

static bool pair_stacks(Match *x)
{
  for (int l = 0; l < x->m->layers.n; l++)
    if (!x->m->layers.at[l]->group && x->m->layers.at[l]->number >= 0 && pair_stack(x, l)) return true;
  return false;
}

/* ---- what is left ---- */

static void reasons_of_group(Match *x, int g)
{
  for (int l = 0; l < x->m->layers.n; l++) {
    const Layer *to = x->m->layers.at[l];
    const char *why = x->why[g * x->m->layers.n + l];
    if (!why && to->group) why = arena_printf(x->m->arena, "goes to %s", to->group->path);
    if (why && strcmp(why, "another kind of layer")) fprintf(stderr, "    not %s: %s\n", layer_text(x->m, to), why);
  }
}

static bool say_open(Match *x)
{
  const Import *m = x->m;
  bool bad = false, open = false;
  int none;
  for (int g = 0; g < m->groups.n; g++) {
    if (m->groups.at[g]->layer || candidates_of_group(x, g, &none)) continue;
    fprintf(stderr, "rnnc: %s has nothing for %s\n", m->state, group_text(m, m->groups.at[g]));
    reasons_of_group(x, g);
    bad = true;
  }
  for (int g = 0; g < m->groups.n; g++) {
    if (m->groups.at[g]->layer || !candidates_of_group(x, g, &none)) continue;
    fprintf(stderr, "rnnc: more than one assignment fits; for %s:\n", group_text(m, m->groups.at[g]));
    for (int l = 0; l < m->layers.n; l++)
      if (*fit_of(x, g, l)) fprintf(stderr, "    --map '%s=%s'\n", m->groups.at[g]->path, m->layers.at[l]->name);
    bad = open = true;
  }
  for (int l = 0; l < m->layers.n; l++) {
    if (m->layers.at[l]->group || candidates_of_layer(x, l, &none)) continue;
    fprintf(stderr, "rnnc: left over in %s: %s\n", m->state, layer_text(m, m->layers.at[l]));
    bad = true;
  }
  if (open) fprintf(stderr, "rnnc: say which by --map, one of the lines for each\n");
  return bad;
}

/* Tensors and parameters of no layer, no cell: of the same name and shape */
static bool take_loose(Import *m)
{
  bool bad = false;
  const char *why;
  for (int i = 0; i < m->loose.n; i++) {
    const RnnTensor *t = m->loose.at[i];
    if (is_used(m, t)) continue;
    for (int k = 0; k < m->parameters.n; k++) {
      Parameter *p = m->parameters.at[k];
      if (p->done || p->group || !is_parameter(p, t->name) || !import_fit_whole(m, p, t, false, &why)) continue;
      p->done = true;
      vec_push(m->arena, &m->used, t);
    }
    if (is_used(m, t)) continue;
    fprintf(stderr, "rnnc: left over in %s: %s %s\n", m->state, t->name, shape_of(m, t));
    bad = true;
  }
  for (int k = 0; k < m->parameters.n; k++) {
    const Parameter *p = m->parameters.at[k];
    if (p->done || p->group) continue;
    fprintf(stderr, "rnnc: %s has nothing for the parameter %s: say --map '%s=TENSOR'\n", m->state, p->var->name,
            p->var->name);
    bad = true;
  }
  return bad;
}

int import_match(Import *m)
{
  Match x = {.m = m};
  int code = take_maps(m);
  if (code) return code;
  find_fits(&x);
  while (pair_forced(&x) || pair_named(&x) || pair_stacks(&x)) continue;
  bool bad = say_open(&x);
  if (take_loose(m)) bad = true;
  if (bad) {
    fprintf(stderr, "rnnc: what the model does not need is left out by --ignore 'NAME*'; a tensor for one parameter is "
                    "named by --map 'h.W=NAME', with a ' behind NAME to transpose it\n");
    return fail(m);
  }
  for (int i = 0; i < m->groups.n; i++) {
    CellUse *g = m->groups.at[i];
    Parameter *plan = ARENA_ARRAY(m->arena, Parameter, g->members.n);
    const char *why;
    bool asked;
    may_pair(m, g, g->layer, &asked);
    if (!import_fit(m, g, g->layer, asked, plan, &why)) abort(); /* it did before */
    for (int k = 0; k < g->members.n; k++) {
      plan[k].group = g;
      plan[k].done = true;
      *g->members.at[k] = plan[k];
    }
  }
  return 0;
}

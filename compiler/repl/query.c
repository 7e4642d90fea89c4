/* query.c: an expression to an equation of the model at hand, and that to code.
   Needs: a text that holds one expression. Leaves alone: how values are shown (run.c, value.c). */
#include "query.h"
#include "clock.h"
#include <stdlib.h>
#include <string.h>

/* ---- the equation ---- */

typedef struct Axes {
  const char *name[AXES]; /* as the brackets have them: time first; NULL: none */
  int n;
} Axes;

static Axes axes_of_system(Arena *a, const System *base)
{
  Axes axes = {{intern(a, base && base->axis[0] ? base->axis[0] : "t")}, 1};
  if (base && base->axis[1]) axes.name[axes.n++] = intern(a, base->axis[1]);
  return axes;
}

/* Which axes does the expression vary over, by its text? Those that a reduction runs over do not count. */
static unsigned free_axes(const Ast *e, const Axes *axes)
{
  unsigned bits = 0, bound = 0;
  if (!e) return 0;
  for (int i = 0; i < axes->n; i++)
    if (e->kind == AST_NAME && e->name == axes->name[i]) return 1u << i;
  int from = 0;
  if (e->kind == AST_CALL && e->kid[0]->kind == AST_INDEX) {
    bound = free_axes(e->kid[0], axes);
    from = 1;
  }
  for (int i = from; i < e->nkid; i++) bits |= free_axes(e->kid[i], axes);
  return bits & ~bound;
}

static Ast *name_node(Arena *a, const char *name, Span at)
{
  return tree_node(a, AST_NAME, intern(a, name), at, NULL, 0);
}

static Ast *indexed(Arena *a, Ast *base, unsigned bits, const Axes *axes)
{
  Ast *kid[1 + AXES] = {base};
  int n = 1;
  for (int i = 0; i < axes->n; i++)
    if (bits >> i & 1) kid[n++] = name_node(a, axes->name[i], base->span);
  return n > 1 ? tree_node(a, AST_INDEX, NULL, base->span, kid, n) : base;
}

static unsigned var_axes(const Var *v) { return (v->dom & DOM_T ? 1u : 0) | (v->dom & DOM_S ? 2u : 0); }

/* h for h[t]; a token as its number */
static Ast *whole_series(Arena *a, Ast *e, const System *base, const Axes *axes)
{
  bool bare = e->kind == AST_NAME || e->kind == AST_FIELD;
  char *path = base && (bare || e->kind == AST_INDEX) ? tree_path(e) : NULL;
  const Var *v = path ? system_find(base, path) : NULL;
  free(path);
  if (!v) return e;
  if (bare) e = indexed(a, e, var_axes(v), axes);
  Ast *kid[] = {name_node(a, "index", e->span), e};
  return v->shape.token ? tree_node(a, AST_CALL, NULL, e->span, kid, 2) : e;
}

/* ---- the text ---- */

/* The end of an expression: a comma outside of all brackets, or the end of the text. */
static size_t part_end(const char *text, size_t at)
{
  int depth = 0;
  for (; text[at] && (text[at] != ',' || depth > 0); at++)
    depth += strchr("([{", text[at]) ? 1 : strchr(")]}", text[at]) ? -1 : 0;
  return at;
}

/* Where a plot says `over`, outside of all brackets; NULL: it does not. */
static char *find_over(const char *text)
{
  int depth = 0;
  for (const char *c = text; *c; c++) {
    depth += strchr("([{", *c) ? 1 : strchr(")]}", *c) ? -1 : 0;
    if (depth == 0 && !strncmp(c, " over ", 6)) return (char *)c + 1;
  }
  return NULL;
}

/* The expressions of the text, parted by commas, the last of a plot by `over`; NULL after messages. */
static Ast **parse_parts(Session *s, Arena *a, const Query *q, int *parts)
{
  Vec(Ast *) all = {0};
  size_t n = strlen(q->text);
  char *text = arena_copy(a, q->text, n), *over = q->wish == QUERY_PLOT ? find_over(text) : NULL;
  if (over) memcpy(over, ",   ", 4);
  for (size_t from = 0, to; from <= n; from = to + 1) {
    to = q->wish == QUERY_PLOT ? part_end(text, from) : n;
    char *part = arena_copy(a, text, to);
    for (size_t i = 0; i < from; i++)
      if (part[i] != '\n') part[i] = ' ';
    Diag *said = diag_new(a);
    Ast *file = parse_entry(a, said, source_shown_as(a, q->name, part, q->shown, to));
    bool good = !diag_errors(said) && file->nkid == 1 && file->kid[0]->kind == AST_LONE;
    if (!good && !diag_errors(said)) diag(said, E_SYNTAX, (Span){0}, "an expression is expected here");
    if (!good) {
      diag_print(said, s->world.err, s->world.colour);
      return NULL;
    }
    vec_push(a, &all, file->kid[0]->kid[0]);
  }
  *parts = all.n;
  return all.at;
}

/* ---- names that mean nothing ---- */

/* A bare name that nothing defines would be taken for a parameter: here it is a mistake. */
static bool refuse_unknown(Session *s, Arena *a, const System *base, const System *now, Span at)
{
  for (int i = 0; i < now->vars.n; i++) {
    const Var *v = now->vars.at[i];
    if (v->kind != VAR_PARAM || !strncmp(v->name, ANSWER ".", sizeof ANSWER) || (base && system_find(base, v->name)))
      continue;
    Diag *d = diag_new(a);
    const char **names = ARENA_ARRAY(a, const char *, base ? base->vars.n : 0);
    for (int k = 0; base && k < base->vars.n; k++) names[k] = base->vars.at[k]->name;
    const char *near = base ? nearest(v->name, names, base->vars.n) : NULL;
    diag(d, E_NO_VARIABLE, v->span.source ? v->span : at, "nothing is named '%s'", v->name);
    if (near) diag_suggest(d, at, near);
    diag_print(d, s->world.err, s->world.colour);
    return true;
  }
  return false;
}

/* The last place that an absolute read names: h[500] needs as many. */
static long last_place(const Ast *e)
{
  long last = 0;
  for (int i = 0; e && i < e->nkid; i++) {
    const Ast *kid = e->kid[i];
    long k = e->kind == AST_INDEX && i > 0 && kid && kid->kind == AST_NUMBER ? (long)kid->num : last_place(kid);
    if (k > last) last = k;
  }
  return last;
}

/* ---- to code ---- */

static const char *const shown[] = {ANSWER, NULL};

typedef struct Work {
  const World *world;
  Showing showing;
} Work;

static int work(void *context)
{
  Work *w = context;
  return run_query(w->world, &w->showing);
}

static int print_type(Session *s, const Query *q, const Driver *d)
{
  const Var *v = system_find(d->lowered, ANSWER);
  Arena *a = arena_new();
  const char *type = shape_text(shape_ctx_new(a), a, v->shape);
  const System *y = d->lowered;
  Text t = {0};
  text_printf(&t, "%s : %s", q->title, type);
  if (v->dom & DOM_T) text_printf(&t, ", at each %s", y->axis[0]);
  if (v->dom & DOM_S) text_printf(&t, "%s %s", v->dom & DOM_T ? " and" : ", at each", y->axis[1]);
  fprintf(s->world.out, "%s\n", t.at);
  if (s->world.results) {
    fputs("{\"kind\": \"type\", \"type\": ", s->world.results);
    text_free(&t);
    text_json(&t, type);
    fprintf(s->world.results, "%s}\n", t.at);
  }
  text_free(&t);
  arena_free(a);
  return 0;
}

/* The system of the model at hand. Where that is not complete yet, of what the expression needs; then `needs` holds its
   names. false after messages. */
static bool base_system(Session *s, Arena *a, const Ast *e, Strings *needs, System **base)
{
  *base = session_system(s, a, diag_new(a), NULL);
  if (*base || !session_has_statements(s)) return true;
  Diag *d = diag_new(a);
  strings_add(needs, ANSWER); /* never empty */
  tree_reads(needs, e);
  tree_needs(s, s->world.scope, needs);
  *base = session_system(s, a, d, &(Extra){.only = needs});
  if (!diag_errors(d)) return true;
  diag_print(d, s->world.err, s->world.colour);
  return false;
}

/* Opens d on the model with the expression as ANSWER, in an arena of its own. */
static int open_query(Session *s, const Query *q, Driver *d, long *last)
{
  Arena *a = arena_new();
  int parts = 0;
  Ast **part = parse_parts(s, a, q, &parts), *e = part ? part[0] : NULL;
  if (parts > 1) { /* several lines of a plot: one vector */
    Ast **kid = ARENA_ARRAY(a, Ast *, parts + 1);
    kid[0] = name_node(a, "concat", e->span);
    memcpy(kid + 1, part, sizeof *part * (size_t)parts);
    e = tree_node(a, AST_CALL, NULL, e->span, kid, parts + 1);
  }
  Extra extra = {0};
  Strings needs = {0};
  System *base;
  if (!e || !base_system(s, a, e, &needs, &base)) {
    strings_free(&needs);
    arena_free(a);
    return EXIT_DIAGNOSTICS;
  }
  if (needs.n) extra.only = &needs;
  Axes axes = axes_of_system(a, base);
  for (int i = 1; parts > 1 && i <= parts; i++) e->kid[i] = whole_series(a, e->kid[i], base, &axes);
  e = whole_series(a, e, base, &axes);
  *last = last_place(e);
  Ast *target = indexed(a, name_node(a, ANSWER, e->span), free_axes(e, &axes), &axes);
  Ast *equation = tree_node(a, AST_EQUATION, NULL, e->span, (Ast *[]){target, e}, 2);
  DriverOptions o = {
      .path = OWN_SCOPE, .f64_precision = s->world.set.f64_precision, .level = 2, .show = shown, .only_shown = true};
  extra.at = &equation;
  extra.n = 1;
  int code = driver_open_tree(d, &o, a, tree_build(s, a, diag_new(a), s->world.scope, &extra));
  strings_free(&needs);
  if (code) diag_print(d->diag, s->world.err, s->world.colour);
  else if (refuse_unknown(s, a, base, d->lowered, e->span)) code = EXIT_DIAGNOSTICS;
  if (code) driver_close(d);
  return code;
}

static int compile(Session *s, const Query *q, long *last)
{
  if (s->compiled && !strcmp(s->compiled_of, q->text)) return 0;
  session_changed(s);
  Driver *d = calloc(1, sizeof *d);
  if (!d) abort();
  double start = rnn_seconds();
  int code = open_query(s, q, d, last);
  if (code) {
    free(d);
    return code;
  }
  code = driver_jit(d, 1u << PROGRAM_FORWARD, 0, &s->world.model);
  s->world.compile_s = rnn_seconds() - start;
  s->compiled = d;
  s->compiled_of = strdup(q->text);
  s->compiled_last = *last;
  if (code) session_changed(s);
  return code;
}

int query_run(Session *s, const Query *q)
{
  long last = 0;
  if (q->wish == QUERY_TYPE) {
    Driver d;
    int code = open_query(s, q, &d, &last);
    if (code) return code;
    code = print_type(s, q, &d);
    driver_close(&d);
    return code;
  }
  int code = compile(s, q, &last);
  if (code) return code;
  if (child_interrupted()) { /* while it was compiled */
    fputs("stopped\n", s->world.err);
    return 130;
  }
  last = s->compiled_last;
  long length = s->world.set.T;
  if (last > length) length = last;
  if (q->asked.range && q->asked.to > length) length = q->asked.to;
  char *folder = session_folder(s);
  Work w = {&s->world, {q->title, q->asked, q->wish, length, folder, q->wish == QUERY_PLOT && find_over(q->text)}};
  code = child_run(&s->world, work, &w);
  free(folder);
  return code;
}

char *query_axis(const Session *s)
{
  Arena *a = arena_new();
  System *base = session_system(s, a, diag_new(a), NULL);
  char *axis = strdup(base && base->axis[0] ? base->axis[0] : "t");
  arena_free(a);
  return axis;
}

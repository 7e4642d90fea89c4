/* command_model.c: commands about the model at hand: its types, stages, derivatives, training.
   Needs: what is compiled here, is so in the process that runs it: a mistake there ends that alone. */
#include "command.h"
#include "adjoint.h"
#include "query.h"
#include "simplify.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- an expression behind a command ---- */

static int ask(Session *s, const char *entry, const char *rest, QueryWish wish, const char *command)
{
  if (!*rest) return command_usage(s, command);
  Statement st = {STATEMENT_CODE, 0, strlen(rest), false};
  Query q = {.name = entry, .shown = rest, .title = rest, .wish = wish};
  const char *why;
  char *axis = query_axis(s), *text = statement_text(rest, &st, axis, &q.asked, &why);
  q.text = text;
  int code = text ? query_run(s, &q) : world_fail(&s->world, EXIT_DIAGNOSTICS, "%s", why);
  free(axis);
  free(text);
  return code;
}

int prompt_type(Session *s, const char *entry, const char *rest) { return ask(s, entry, rest, QUERY_TYPE, "type"); }
int prompt_time(Session *s, const char *entry, const char *rest) { return ask(s, entry, rest, QUERY_TIME, "time"); }

/* ---- the model at hand, compiled elsewhere ---- */

typedef struct Model {
  Session *s;
  Driver d;
  World world;
  const char *const *wrt;
} Model;

/* false after messages */
static bool open_model(Model *m, Session *s, const Extra *extra, Arena *a)
{
  *m = (Model){.s = s, .world = s->world};
  Diag *d = diag_new(a);
  if (!extra && !session_has_statements(s)) {
    world_fail(&s->world, 0, "nothing is defined yet");
    arena_free(a);
    return false;
  }
  DriverOptions o = {.path = OWN_SCOPE, .f64_precision = s->world.set.f64_precision, .level = 2};
  if (driver_open_tree(&m->d, &o, a, tree_build(s, a, d, s->world.scope, extra)) == 0) return true;
  diag_print(m->d.diag, s->world.err, s->world.colour);
  driver_close(&m->d);
  return false;
}

static int compile_here(Model *m, unsigned programs, unsigned later)
{
  return driver_jit(&m->d, programs, later, &m->world.model);
}

/* ---- :emit ---- */

static const char *const stages[] = {"ast", "equations", "adjoint", "schedule", "llvm", "asm", "json"};

typedef struct Emitting {
  Model model;
  const char *stage, *out;
} Emitting;

static int emit_work(void *context)
{
  Emitting *e = context;
  return driver_emit(&e->model.d, e->stage, PROGRAM_TRAIN, e->out);
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.'; }

/* Does the line define the name, or what was made of it: h[t] =, h_adj[t] =, h_product.2[t] =, define void @.._h.2( */
static bool is_about(const char *line, const char *name)
{
  size_t n = strlen(name);
  const char *eq = strstr(line, " = "), *at = strncmp(line, "define", 6) ? line : strchr(line, '@');
  if (!at || (at == line && !eq && strncmp(line, "  ", 2))) return false;
  for (const char *c = at; (c = strstr(c, name)) && (at != line || !eq || c < eq); c += n) {
    bool start = c == line || (!is_word(c[-1]) && c[-1] != '\'') || (at != line && strchr("._", c[-1]));
    bool end = !is_word(c[n]) || c[n] == '.' || !strncmp(c + n, "_adj", 4) || !strncmp(c + n, "_lag", 4) ||
               !strncmp(c + n, "_product", 8);
    if (start && end) return true;
  }
  return false;
}

static int indent_of(const char *line) { return (int)strspn(line, " "); }

/* The lines about a name, each with those that belong to it: what stands deeper; of a function, up to its end. */
static bool print_about(FILE *out, char *text, const char *name)
{
  bool any = false, function = false, on = false;
  int depth = 0;
  for (char *line = text, *next; line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    if (!function && on && *line && indent_of(line) > depth + 3) {
      fprintf(out, "%s\n", line);
      continue;
    }
    if (function) {
      fprintf(out, "%s\n", line);
      function = *line != '}';
      continue;
    }
    on = is_about(line, name) && strncmp(line, "  param ", 8);
    if (!on) continue;
    any = true;
    depth = indent_of(line);
    function = !strncmp(line, "define", 6);
    fprintf(out, "%s\n", line);
  }
  return any;
}

int prompt_emit(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  size_t n = strcspn(rest, " \t");
  char stage[32], *name = strdup(rest + n + strspn(rest + n, " \t"));
  snprintf(stage, sizeof stage, "%.*s", (int)n, rest);
  int known = 0, code = EXIT_DIAGNOSTICS;
  for (int i = 0; i < 7; i++) known |= !strcmp(stage, stages[i]);
  if (!known) {
    const char *near = nearest(stage, stages, 7);
    free(name);
    if (near) return world_fail(&s->world, EXIT_USAGE, "there is no stage '%s': did you mean '%s'?", stage, near);
    return command_usage(s, "emit");
  }
  Emitting e = {.stage = stage};
  char *folder = scratch_make(s), *out = folder ? scratch_path(folder, "stage") : NULL, *text = NULL;
  if (folder && open_model(&e.model, s, NULL, arena_new())) {
    e.out = out;
    code = child_run(&s->world, emit_work, &e);
    text = code ? NULL : scratch_read(out);
    if (text && !*name) fputs(text, s->world.out);
    else if (text && !print_about(s->world.out, text, name))
      code = world_fail(&s->world, EXIT_DIAGNOSTICS, "nothing in this stage is named '%s'", name);
    driver_close(&e.model.d);
  }
  free(text);
  free(out);
  if (folder) scratch_remove(folder);
  free(name);
  return code;
}

/* ---- :grad ---- */

typedef struct Deriving {
  Model model;
  Showing showing;
  const char *by;
} Deriving;

static int derive_work(void *context)
{
  Deriving *g = context;
  int code = compile_here(&g->model, 1u << (g->by ? PROGRAM_TRAIN : PROGRAM_EVALUATE), 0);
  return code ? code : run_gradient(&g->model.world, &g->showing, g->by);
}

/* The equations of the derivative: those that are not there without it. */
static bool print_derivative(Deriving *g, bool input)
{
  Driver *d = &g->model.d;
  const World *w = &g->model.s->world;
  const char *wrt[] = {g->by, NULL};
  ProgramRequest r = {.kind = PROGRAM_TRAIN, .wrt = input ? wrt : NULL, .forcing = d->forcing};
  Diag *said = diag_new(d->arena);
  Compiled *c = program_make(d->arena, said, d->file, &d->lower, &r, STAGE_ADJOINT);
  Var *adjoint = NULL;
  for (int i = 0; c && i < c->system->vars.n; i++)
    if (c->system->vars.at[i]->adj_of && !strcmp(c->system->vars.at[i]->adj_of->name, g->by))
      adjoint = c->system->vars.at[i];
  if (!adjoint || diag_errors(said)) {
    if (!diag_errors(said))
      diag(said, E_CHOSEN_NAMES, (Span){0},
           c ? "there is no derivative by '%s'" : "the model has no loss: :grad E wrt %s", g->by);
    diag_print(said, w->err, w->colour);
    return false;
  }
  Text all = {0};
  c->system->draws.n = 0;
  prune(c->system, &adjoint, 1);
  system_print(&all, c->system);
  bool on = false;
  for (char *line = all.at, *next; line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    const char *eq = strstr(line, " = "), *adj = strstr(line, "_adj");
    if (indent_of(line) == 2) on = eq && adj && adj < eq && strncmp(line, "  param", 7);
    if (on && indent_of(line) >= 2) fprintf(w->out, "%s\n", line);
    if (indent_of(line) < 2) on = false;
  }
  text_free(&all);
  return true;
}

static int derive(Session *s, Deriving *g, const Extra *extra, Arena *a)
{
  if (!open_model(&g->model, s, extra, a)) return EXIT_DIAGNOSTICS;
  const Var *v = g->by ? system_find(g->model.d.lowered, g->by) : NULL;
  bool input = v && (v->kind == VAR_INPUT || v->kind == VAR_TARGET);
  const char *const wrt[] = {g->by, NULL};
  int code = 0;
  if (g->by && !v) code = world_fail(&s->world, EXIT_DIAGNOSTICS, "nothing is named '%s'", g->by);
  else if (g->by && v->kind != VAR_PARAM && !input)
    code =
        world_fail(&s->world, EXIT_DIAGNOSTICS, "'%s' is computed: a derivative is by a parameter or an input", g->by);
  if (!code && input) g->model.d.o.wrt = wrt;
  if (!code && g->by && !print_derivative(g, input)) code = EXIT_DIAGNOSTICS;
  char *folder = session_folder(s);
  g->showing = (Showing){.title = g->by ? g->by : "loss", .length = s->world.set.T, .folder = folder};
  if (!code) code = child_run(&s->world, derive_work, g);
  free(folder);
  driver_close(&g->model.d);
  return code;
}

int query_loss(Session *s)
{
  Deriving g = {0};
  return derive(s, &g, NULL, arena_new());
}

/* Without draws a parameter that nobody declared may lose what gave it its size: it is declared as it is. */
static void declare_parameters(const Session *s, Arena *a, Extra *x, Ast *loss)
{
  Vec(Ast *) all = {0};
  System *base = session_system(s, a, diag_new(a), NULL);
  vec_push(a, &all, loss);
  for (int i = 0; base && i < base->vars.n; i++) {
    const Var *v = base->vars.at[i];
    if (v->kind != VAR_PARAM || v->fixed || strchr(v->name, '.') || session_find(s, v->name, NULL)) continue;
    const char *text = arena_printf(a, "param %s : %s", v->name, shape_text(shape_ctx_new(a), a, v->shape));
    Ast *file = parse(a, diag_new(a), source_from_text(a, OWN_SCOPE, text, strlen(text)));
    vec_push(a, &all, file->kid[0]);
  }
  Diag *d = diag_new(a);
  *x = (Extra){.at = all.at, .n = all.n, .loss = LOSS_DROPPED};
  session_system(s, a, d, x);
  if (diag_errors(d)) *x = (Extra){.at = all.at, .n = 1, .loss = LOSS_NOWHERE};
}

int prompt_grad(Session *s, const char *entry, const char *rest)
{
  const char *by = NULL;
  for (const char *c = rest; (c = strstr(c, " wrt ")); c++) by = c;
  if (!by || by == rest) return command_usage(s, "grad");
  char *text = strndup(rest, (size_t)(by - rest)), *name = strdup(by + 5 + strspn(by + 5, " "));
  Deriving g = {.by = name};
  int code;
  if (!strcmp(text, "loss")) code = derive(s, &g, NULL, arena_new());
  else {
    Arena *a = arena_new();
    Diag *said = diag_new(a);
    Ast *file = parse_entry(a, said, source_from_text(a, entry, text, strlen(text)));
    bool good = !diag_errors(said) && file->nkid == 1 && file->kid[0]->kind == AST_LONE;
    Ast *e = good ? file->kid[0]->kid[0] : NULL;
    Ast *target = good ? tree_node(a, AST_NAME, intern(a, "loss"), e->span, NULL, 0) : NULL;
    Ast *loss = good ? tree_node(a, AST_EQUATION, NULL, e->span, (Ast *[]){target, e}, 2) : NULL;
    if (good) {
      Extra x;
      declare_parameters(s, a, &x, loss);
      code = derive(s, &g, &x, a);
    } else {
      diag_print(said, s->world.err, s->world.colour);
      arena_free(a);
      code = command_usage(s, "grad");
    }
  }
  free(text);
  free(name);
  return code;
}

/* ---- :train ---- */

typedef struct TrainWork {
  Model model;
  Training wish;
} TrainWork;

static int train_work(void *context)
{
  TrainWork *t = context;
  unsigned programs = 1u << PROGRAM_TRAIN | 1u << PROGRAM_EVALUATE;
  for (const char *const *set = t->wish.set; *set; set++)
    if (!strcmp(*set, "gap=true")) programs |= 1u << PROGRAM_FREE;
  if (driver_has_setting(&t->model.d, "gap", "true")) programs |= 1u << PROGRAM_FREE;
  int code = compile_here(&t->model, programs, programs);
  return code ? code : run_training(&t->model.world, &t->wish);
}

static int weights_work(void *context)
{
  TrainWork *t = context;
  int code = compile_here(&t->model, 0, 0);
  return code ? code : run_weights(&t->model.world, t->wish.out);
}

int weights_write(Session *s, const char *path)
{
  TrainWork t = {.wish = {.out = path}};
  if (!open_model(&t.model, s, NULL, arena_new())) return EXIT_DIAGNOSTICS;
  int code = child_run(&s->world, weights_work, &t);
  driver_close(&t.model.d);
  return code;
}

/* "epochs=3 optimizer=adam(rate = 1e-3)" into assignments; blanks within brackets and strings belong to a value */
static void split(const char *rest, Strings *out)
{
  while (*rest) {
    int depth = 0;
    bool quoted = false;
    const char *c = rest;
    for (; *c && (depth > 0 || quoted || !strchr(" \t,", *c)); c++) {
      if (*c == '"') quoted = !quoted;
      depth += *c == '(' ? 1 : *c == ')' ? -1 : 0;
    }
    char *word = strndup(rest, (size_t)(c - rest));
    strings_add(out, word);
    free(word);
    rest = c + strspn(c, " \t,");
  }
}

int prompt_train(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  Strings given = {0};
  TrainWork t = {0};
  split(rest, &given);
  for (int i = 0; i < given.n; i++)
    if (!strchr(given.at[i], '=')) {
      int code = world_fail(&s->world, EXIT_USAGE, "'%s': a setting is written NAME=VALUE, without blanks around '='",
                            given.at[i]);
      strings_free(&given);
      return code;
    }
  char *folder = session_folder(s), *scratch = scratch_make(s),
       *out = scratch ? scratch_path(scratch, "out.safetensors") : NULL;
  const char **set = calloc((size_t)given.n + 1, sizeof *set);
  if (!set) abort();
  for (int i = 0; i < given.n; i++) set[i] = given.at[i];
  t.wish = (Training){.set = set, .folder = folder, .scratch = scratch, .out = out};
  int code = EXIT_DIAGNOSTICS;
  if (scratch && open_model(&t.model, s, NULL, arena_new())) {
    code = child_run(&s->world, train_work, &t);
    char *made = scratch_read(out);
    if (made) weights_read(s, out);
    free(made);
    driver_close(&t.model.d);
  }
  free(set);
  free(out);
  free(folder);
  if (scratch) scratch_remove(scratch);
  strings_free(&given);
  return code;
}

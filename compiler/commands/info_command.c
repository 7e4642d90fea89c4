/* info_command.c: rnnc info: what a model takes, hands out and holds, and what a step of it costs, from its equations.
   No code is made: what depends on it, the memory of training, is told by `rnnc run model.rnn info`. */
#include "driver.h"
#include "flops.h"
#include "options.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct Job {
  DriverOptions o;
  bool json;
} Job;

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  switch (id) {
  case OPT_JSON: job->json = true; break;
  case OPT_MODEL: job->o.model = value; break;
  case OPT_PRECISION: job->o.f64_precision = !strcmp(value, "f64"); break;
  case OPT_COLOR: job->o.color = color_choice(value); break;
  case OPT_INCLUDE: return options_folders(COMMAND_info, value, &job->o.include);
  default: break;
  }
  return -1;
}

typedef struct Costs {
  const Compiled *forward, *step;
  int64_t flops;        /* of a step of a sequence */
  int64_t params, kept; /* elements */
  int64_t state;        /* elements that go from step to step */
  int real;             /* bytes */
} Costs;

static Costs costs_of(Driver *d)
{
  Costs c = {.real = d->o.f64_precision ? 8 : 4, .step = driver_program(d, PROGRAM_STEP, STAGE_PLAN, true)};
  /* planned products are counted once; the step's plan is the quicker one */
  c.forward = driver_program(d, PROGRAM_FORWARD, c.step->refused ? STAGE_PLAN : STAGE_EQUATIONS, true);
  c.flops = flops_of_row(c.step->refused ? c.forward->system : c.step->system);
  for (int i = 0; i < d->lowered->vars.n; i++) {
    const Var *v = d->lowered->vars.at[i];
    if (v->kind == VAR_PARAM) *(v->fixed ? &c.kept : &c.params) += shape_count(v->shape);
  }
  for (int i = 0; i < c.forward->system->vars.n; i++) {
    const Var *v = c.forward->system->vars.at[i];
    if (v->kind == VAR_CARRY) c.state += v->shape.token ? 1 : shape_count(v->shape);
  }
  return c;
}

static bool is_port(const Var *v) { return v->kind == VAR_INPUT || v->kind == VAR_TARGET; }

static bool is_drawn(const System *s, const Var *v)
{
  for (int i = 0; i < s->draws.n; i++)
    if (!strcmp(s->draws.at[i].var->name, v->name)) return true;
  return false;
}

/* Of a variable that is carried, the entry of its oldest value; its delay. Others are NULL's. */
static const Var *oldest_carry(const System *s, const Var *entry, int *delay)
{
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind == VAR_CARRY && v->carry_of == entry->carry_of && v->carry_offset < entry->carry_offset) return NULL;
  }
  *delay = 1 - entry->carry_offset;
  return entry;
}

/* ---- JSON; what run's info has too has the same name there ---- */

static json_t *shape_json(Shape s)
{
  json_t *all = json_array();
  for (int i = 0; i < s.rank; i++) json_array_append_new(all, json_integer(s.dim[i]));
  return all;
}

static json_t *port_json(const Var *v)
{
  return json_pack("{s:s, s:s, s:o, s:b, s:b, s:i}", "name", v->name, "type", v->shape.token ? "token" : "real",
                   "shape", shape_json(v->shape), "time", v->dom & DOM_T ? 1 : 0, "second", v->dom & DOM_S ? 1 : 0,
                   "line", span_line(v->span));
}

static json_t *init_json(Init init)
{
  Text t = {0};
  init_print(&t, init);
  json_t *text = json_string(t.at);
  text_free(&t);
  return text;
}

static void variables_json(json_t *all, const Driver *d, const Costs *c)
{
  const System *s = d->lowered;
  json_t *inputs = json_array(), *outputs = json_array(), *params = json_array(), *kept = json_array(),
         *states = json_array();
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    json_t *one = is_port(v) || v->output || v->kind == VAR_PARAM ? port_json(v) : NULL;
    if (v->output && is_port(v)) json_array_append(outputs, one);
    if (is_port(v)) {
      json_object_set_new(one, "role", json_string(v->kind == VAR_TARGET ? "target" : "input"));
      json_object_set_new(one, "drawn", json_boolean(is_drawn(s, v)));
      json_array_append_new(inputs, one);
    } else if (v->kind == VAR_PARAM) {
      json_object_set_new(one, "path", json_string(v->name));
      json_object_set_new(one, "count", json_integer(shape_count(v->shape)));
      json_object_set_new(one, "init", init_json(v->init));
      json_array_append_new(v->fixed ? kept : params, one);
    } else if (v->output) json_array_append_new(outputs, one);
  }
  for (int i = 0, delay; i < c->forward->system->vars.n; i++) {
    const Var *v = c->forward->system->vars.at[i];
    if (v->kind != VAR_CARRY || !oldest_carry(c->forward->system, v, &delay)) continue;
    json_array_append_new(
        states, json_pack("{s:s, s:o, s:i}", "name", v->carry_of->name, "shape", shape_json(v->shape), "delay", delay));
  }
  json_object_set_new(all, "inputs", inputs);
  json_object_set_new(all, "outputs", outputs);
  json_object_set_new(all, "states", states);
  json_object_set_new(all, "parameters", params);
  json_object_set_new(all, "kept", kept);
}

static json_t *draws_json(const System *s)
{
  json_t *all = json_array();
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    json_t *params = json_array();
    for (int k = 0; k < DRAW_PARAMS && d->param[k]; k++) json_array_append_new(params, json_string(d->param[k]->name));
    json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:o}", "name", d->var->name, "offset", d->offset, "dist",
                                         d->dist, "params", params));
  }
  return all;
}

static int print_json(const Driver *d, const Costs *c)
{
  const System *s = d->lowered;
  json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "name", s->name, "source", d->o.path, "hash", d->hash,
                          "precision", c->real == 8 ? "f64" : "f32", "axes", s->axis[AXIS_T]);
  if (s->axis[AXIS_S]) json_array_append_new(json_object_get(all, "axes"), json_string(s->axis[AXIS_S]));
  variables_json(all, d, c);
  json_object_set_new(all, "draws", draws_json(s));
  json_object_set_new(all, "counts",
                      json_pack("{s:I, s:I, s:I, s:I}", "elements", (json_int_t)c->params, "kept", (json_int_t)c->kept,
                                "weight_bytes", (json_int_t)(d->param_count * c->real), "carried_bytes",
                                (json_int_t)(c->state * c->real)));
  json_t *step = c->step->refused ? json_pack("{s:b, s:s}", "available", 0, "refused", c->step->refused)
                                  : json_pack("{s:b}", "available", 1);
  json_object_set_new(step, "flops", json_integer(c->flops));
  json_object_set_new(all, "step", step);
  json_t *settings = json_object();
  for (int i = 0; i < s->settings.n; i++)
    json_object_set_new(settings, s->settings.at[i].name, json_string(s->settings.at[i].value));
  json_object_set_new(all, "settings", settings);
  char *text = json_dumps(all, JSON_INDENT(1));
  json_decref(all);
  if (!text) abort();
  puts(text);
  free(text);
  return EXIT_OK;
}

/* ---- the table ---- */

static void row(const Driver *d, int width, const Var *v, int dom, const char *more)
{
  const System *s = d->lowered;
  char place[80] = "";
  const char *t = dom & DOM_T ? s->axis[AXIS_T] : NULL, *u = dom & DOM_S ? s->axis[AXIS_S] : NULL;
  if (t || u) snprintf(place, sizeof place, "[%s%s%s]", t ? t : "", t && u ? ", " : "", u ? u : "");
  printf("  %-*s  %-16s %-6s%s%s\n", width, v->kind == VAR_CARRY ? v->carry_of->name : v->name,
         shape_text(NULL, d->arena, v->shape), place, *more ? "  " : "", more);
}

static int width_of(const Driver *d)
{
  int width = 8;
  for (int i = 0; i < d->lowered->vars.n; i++) {
    const Var *v = d->lowered->vars.at[i];
    int n = (int)strlen(v->name);
    if ((is_port(v) || v->output || v->kind == VAR_PARAM) && n > width) width = n;
  }
  return width < 40 ? width : 40;
}

static void print_parameters(const Driver *d, const char *title, bool fixed, int64_t count, int width)
{
  if (!count) return;
  puts(title);
  for (int i = 0; i < d->lowered->vars.n; i++) {
    const Var *v = d->lowered->vars.at[i];
    if (v->kind != VAR_PARAM || v->fixed != fixed) continue;
    Text more = {0};
    text_printf(&more, "%lld", (long long)shape_count(v->shape));
    if (!fixed) {
      text_puts(&more, ", ");
      init_print(&more, v->init);
    }
    row(d, width, v, 0, more.at);
    text_free(&more);
  }
}

static void print_costs(const Driver *d, const Costs *c)
{
  printf("weights take %lld bytes", (long long)(d->param_count * c->real));
  printf(", what is carried from step to step %lld\n", (long long)(c->state * c->real));
  printf("a step of a sequence takes %lld operations\n", (long long)c->flops);
  if (c->step->refused) printf("no streaming step: %s\n", c->step->refused);
}

static int print_table(const Driver *d, const Costs *c)
{
  const System *s = d->lowered, *f = c->forward->system;
  int width = width_of(d), delay;
  printf("%s (%s), %s, %lld parameters\n", s->name, d->o.path, c->real == 8 ? "float64" : "float32",
         (long long)c->params);
  puts("inputs");
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    bool drawn = is_drawn(s, v);
    if (is_port(v))
      row(d, width, v, v->dom, v->kind == VAR_TARGET ? drawn ? "target, drawn" : "target" : drawn ? "drawn" : "");
  }
  puts("outputs");
  for (int i = 0; i < s->vars.n; i++)
    if (s->vars.at[i]->output) row(d, width, s->vars.at[i], s->vars.at[i]->dom, "");
  puts("states");
  for (int i = 0; i < f->vars.n; i++) {
    if (f->vars.at[i]->kind != VAR_CARRY || !oldest_carry(f, f->vars.at[i], &delay)) continue;
    char more[64];
    snprintf(more, sizeof more, "read up to %d step%s later", delay, delay == 1 ? "" : "s");
    row(d, width, f->vars.at[i], f->vars.at[i]->carry_of->dom, more);
  }
  print_parameters(d, "parameters", false, c->params, width);
  print_parameters(d, "kept", true, c->kept, width);
  print_costs(d, c);
  return EXIT_OK;
}

int info_command(int argc, char **argv)
{
  Job job = {.o.level = 2};
  int code = options_read(COMMAND_info, argc, argv, take, &job);
  if (code >= 0) return code;
  job.o.path = options_operand(COMMAND_info, argc, argv);
  if (!job.o.path) return EXIT_USAGE;
  Driver d;
  code = driver_open(&d, &job.o);
  if (!code) {
    Costs costs = costs_of(&d);
    code = job.json ? print_json(&d, &costs) : print_table(&d, &costs);
  }
  driver_close(&d);
  return code;
}

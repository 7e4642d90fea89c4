/* describe.c: the model's JSON. Needs: plans. Writes text only. */
#include "describe.h"
#include "flops.h"
#include "walk.h"
#include <string.h>

static const char *const init_name[] = {"zeros",  "zeros",  "ones", "constant",   "uniform",
                                        "normal", "glorot", "he",   "orthogonal", "identity"};
static const char *const noise_name[] = {
    [DIST_BERNOULLI] = "bernoulli", [DIST_NORMAL] = "normal", [DIST_UNIFORM] = "uniform"};
static const char *flag(bool b) { return b ? "true" : "false"; }

static void shape_json(Text *out, Shape s)
{
  text_puts(out, "[");
  for (int i = 0; i < s.rank; i++) text_printf(out, "%s%d", i ? ", " : "", s.dim[i]);
  text_puts(out, "]");
}

static void axes_json(Text *out, const Var *v)
{
  text_printf(out, "\"time\": %s, \"second\": %s", flag(v->dom & DOM_T), flag(v->dom & DOM_S));
}

static void number_json(Text *out, const char *key, double v) { text_printf(out, ", \"%s\": %.17g", key, v); }

static void name_json(Text *out, const char *key, const char *name)
{
  text_printf(out, "\"%s\": ", key);
  text_json(out, name);
}

/* Of a list of objects: the next one, with its first pair. */
static void open_item(Text *out, bool *any, const char *key, const char *name)
{
  text_puts(out, *any ? ", {" : "{");
  *any = true;
  name_json(out, key, name);
}

static void init_json(Text *out, const Init *i)
{
  text_printf(out, "\"init\": {\"kind\": \"%s\"", init_name[i->kind]);
  number_json(out, "a", i->a);
  number_json(out, "b", i->b);
  text_puts(out, "}");
}

static void params_json(Text *out, const System *s)
{
  text_puts(out, "\"params\": [");
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind != VAR_PARAM) continue;
    text_puts(out, any ? ",\n  {" : "\n  {");
    any = true;
    name_json(out, "name", v->name);
    text_puts(out, ", \"shape\": ");
    shape_json(out, v->shape);
    text_printf(out, ", \"offset\": %lld, \"line\": %d, ", (long long)v->offset, span_line(v->span));
    init_json(out, &v->init);
    text_printf(out, ", \"fixed\": %s}", flag(v->fixed));
  }
  text_puts(out, "],\n");
}

static bool is_input(const Var *v) { return v->kind == VAR_INPUT || v->kind == VAR_TARGET; }

static const Draw *draw_of(const System *s, const Var *v)
{
  for (int i = 0; i < s->draws.n; i++)
    if (strcmp(s->draws.at[i].var->name, v->name) == 0) return &s->draws.at[i];
  return NULL;
}

/* How far the whole system reads an input beyond 1..T. */
static void reach_of(const System *s, const Var *v, int *lags, int *leads)
{
  *lags = *leads = 0;
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes((System *)s, s->vars.at[i]->rhs);
    for (int k = 0; k < nodes.n; k++) {
      Expr *e = nodes.at[k];
      if (e->op != OP_READ || e->var != v) continue;
      Place p = read_place(e, first_axis(v->dom));
      if (p.kind != READ_REL) continue;
      if (-p.k > *lags) *lags = -p.k;
      if (p.k > *leads) *leads = p.k;
    }
  }
}

static void inputs_json(Text *out, const System *s)
{
  text_puts(out, "\"inputs\": [");
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (!is_input(v)) continue;
    int lags, leads;
    reach_of(s, v, &lags, &leads);
    text_puts(out, any ? ",\n  {" : "\n  {");
    any = true;
    name_json(out, "name", v->name);
    text_printf(out, ", \"role\": \"%s\", \"type\": \"%s\", \"shape\": ", v->kind == VAR_INPUT ? "input" : "target",
                v->shape.token ? "token" : "real");
    shape_json(out, v->shape);
    text_puts(out, ", ");
    axes_json(out, v);
    text_printf(out, ", \"line\": %d", span_line(v->span));
    const Draw *draw = draw_of(s, v);
    if (draw) text_printf(out, ", \"drawn\": %d", draw->offset);
    text_printf(out, ", \"lags\": %d, \"leads\": %d}", lags, leads);
  }
  text_puts(out, "],\n");
}

static void outputs_json(Text *out, const System *s)
{
  text_puts(out, "\"outputs\": [");
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (!v->output) continue;
    open_item(out, &any, "name", v->name);
    text_puts(out, ", \"shape\": ");
    shape_json(out, v->shape);
    text_puts(out, ", ");
    axes_json(out, v);
    text_puts(out, "}");
  }
  text_puts(out, "],\n\"draws\": [");
  for (int i = 0; i < s->draws.n; i++) {
    const Draw *d = &s->draws.at[i];
    text_puts(out, i ? ", {" : "{");
    name_json(out, "var", d->var->name);
    text_printf(out, ", \"offset\": %d, \"dist\": \"%s\", \"params\": [", d->offset, d->dist);
    for (int k = 0; k < DRAW_PARAMS && d->param[k]; k++) {
      if (k) text_puts(out, ", ");
      text_json(out, d->param[k]->name);
    }
    text_puts(out, "]}");
  }
  text_puts(out, "],\n\"settings\": {");
  for (int i = 0; i < s->settings.n; i++) {
    if (i) text_puts(out, ", ");
    text_json(out, s->settings.at[i].name);
    text_puts(out, ": ");
    text_json(out, s->settings.at[i].value);
  }
  text_puts(out, "},\n");
}

static bool has_buffer(const Var *v, const Var **root, int *col)
{
  bool lost = plan_of(v)->lost;
  *root = plan_root_at(v, col);
  return plan_of(*root)->store == STORE_BUFFER && !lost;
}

static void ratio_json(Text *out, bool *any, const char *name, const char *dist, const Var *sum, const Var *count)
{
  open_item(out, any, "name", name);
  if (dist) text_printf(out, ", \"dist\": \"%s\"", dist);
  text_puts(out, ", ");
  name_json(out, "sum", sum->name);
  text_puts(out, ", ");
  name_json(out, "count", count->name);
  text_puts(out, "}");
}

static void forcing_json(Text *out, const Compiled *c)
{
  text_puts(out, "],\n \"fed\": [");
  for (int i = 0; i < c->fed.n; i++) {
    if (i) text_puts(out, ", ");
    text_json(out, c->fed.at[i]->name);
  }
  text_printf(out, "], \"forced\": \"%s\", \"own\": \"%s\"", forced_name[c->forcing.mode],
              c->forcing.sample ? "sample" : "mode");
}

static void program_json(Text *out, const Compiled *c)
{
  const System *s = c->system;
  const Plan *p = c->plan;
  text_printf(out, "\"%s\": {\n \"buffers\": [", program_name[c->kind]);
  for (int i = 0; i < p->buffers.n; i++) {
    const Buffer *b = &p->buffers.at[i];
    text_printf(out, "%s\n  {\"time\": %s, \"second\": %s, \"batch\": %s, \"lo\": %d, \"hi\": %d, ", i ? "," : "",
                flag(b->axis[AXIS_T]), flag(b->axis[AXIS_S]), flag(b->batch), b->lo[AXIS_T], b->hi[AXIS_T]);
    text_printf(out, "\"lo2\": %d, \"hi2\": %d, \"width\": %d, \"int\": %s%s}", b->lo[AXIS_S], b->hi[AXIS_S], b->width,
                flag(b->is_int),
                b->window  ? ", \"window\": true"
                : b->rolls ? ", \"rolls\": true"
                           : "");
  }
  text_printf(out, "],\n \"windows\": %s,\n \"vars\": {", flag(p->windows));
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i], *root;
    int col;
    if (!has_buffer(v, &root, &col)) continue;
    text_puts(out, any ? ",\n  " : "\n  ");
    any = true;
    text_json(out, v->name);
    text_printf(out, ": {\"buf\": %d, \"col\": %d, \"shape\": ", plan_of(root)->buffer, col);
    shape_json(out, v->shape);
    text_printf(out, ", \"token\": %s, ", flag(v->shape.token));
    axes_json(out, v);
    text_printf(out, ", \"batch\": %s, \"line\": %d}", flag(v->dom & DOM_B), span_line(v->span));
  }
  text_puts(out, "},\n \"inputs\": [");
  any = false;
  for (int i = 0; i < s->vars.n; i++) {
    if (!is_input(s->vars.at[i]) || plan_of(s->vars.at[i])->buffer < 0) continue;
    if (any) text_puts(out, ", ");
    any = true;
    text_json(out, s->vars.at[i]->name);
  }
  text_puts(out, "],\n \"noise\": [");
  any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind != VAR_NOISE || plan_of(v)->buffer < 0) continue;
    open_item(out, &any, "var", v->name);
    text_printf(out, ", \"dist\": \"%s\"", noise_name[v->noise]);
    number_json(out, "a", v->noise_arg[0]);
    number_json(out, "b", v->noise_arg[1]);
    text_printf(out, ", \"shared\": %s, \"forced\": %s}", flag(v->noise_shared), flag(v->noise_forced));
  }
  forcing_json(out, c);
  text_puts(out, ",\n \"carry\": [");
  any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (v->kind != VAR_CARRY || plan_of(v)->buffer < 0) continue;
    open_item(out, &any, "var", v->carry_of->name);
    text_printf(out, ", \"offset\": %d, ", v->carry_offset);
    name_json(out, "from", v->carry_of->name);
    text_puts(out, ", ");
    name_json(out, "into", v->name);
    text_puts(out, "}");
  }
  text_puts(out, "],\n");
  bool loss = program_has_loss(c->kind);
  if (loss) {
    text_puts(out, " ");
    name_json(out, "loss", s->loss->name);
    text_puts(out, ",\n");
  }
  text_puts(out, " \"terms\": [");
  any = false;
  for (int i = 0; loss && i < s->draws.n; i++)
    ratio_json(out, &any, s->draws.at[i].var->name, s->draws.at[i].dist, s->draws.at[i].nll, s->draws.at[i].count);
  text_puts(out, "],\n \"statistics\": [");
  any = false;
  for (int i = 0; c->kind == PROGRAM_TRAIN && i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (!v->kept) continue;
    open_item(out, &any, "var", v->name);
    text_puts(out, ", ");
    name_json(out, "kept", v->kept->name);
    text_puts(out, ", ");
    name_json(out, "updates", v->seen->name);
    text_puts(out, "}");
  }
  text_puts(out, "],\n \"metrics\": [");
  any = false;
  for (int i = 0; i < s->metrics.n; i++)
    ratio_json(out, &any, s->metrics.at[i].name, NULL, s->metrics.at[i].sum, s->metrics.at[i].count);
  text_puts(out, "],\n \"wrt\": [");
  for (int i = 0; i < c->wrt.n; i++) {
    text_puts(out, i ? ", {" : "{");
    name_json(out, "name", c->wrt.at[i]->name);
    for (int k = 0; k < s->vars.n; k++)
      if (s->vars.at[k]->adj_of == c->wrt.at[i]) {
        text_puts(out, ", ");
        name_json(out, "var", s->vars.at[k]->name);
      }
    text_puts(out, "}");
  }
  text_puts(out, "]}");
}

static bool reads(const System *s, const Var *v, bool now)
{
  for (int i = 0; i < s->vars.n; i++) {
    if (!s->vars.at[i]->rhs) continue;
    ExprList nodes = walk_nodes((System *)s, s->vars.at[i]->rhs);
    for (int k = 0; k < nodes.n; k++) {
      const Expr *e = nodes.at[k];
      if (e->op != OP_READ || e->var != v) continue;
      if (read_is_now(e) == now) return true;
    }
  }
  return false;
}

StepUse step_use(const System *whole, const System *step, const Var *input)
{
  if (!is_input(input)) return STEP_UNUSED;
  if (reads(step, input, true)) return STEP_NOW;
  if (!reads(step, input, false)) return STEP_UNUSED;
  const Draw *draw = draw_of(whole, input);
  return input->kind == VAR_TARGET || (draw && draw->offset <= 0) ? STEP_FEEDBACK : STEP_NOW;
}

static void step_outputs_json(Text *out, const System *s)
{
  text_puts(out, "], \"outputs\": [");
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (!v->output) continue;
    open_item(out, &any, "name", v->name);
    text_printf(out, ", \"count\": %lld}", (long long)shape_count(v->shape));
  }
}

static void step_json(Text *out, const System *whole, const Description *d)
{
  text_puts(out, "\"step\": {");
  if (!d->step || d->step->refused) {
    name_json(out, "refused", d->step && d->step->refused ? d->step->refused : "it was not compiled");
    text_puts(out, "}");
    return;
  }
  const System *s = d->step->system;
  text_printf(out, "\"state_bytes\": %lld, \"flops\": %lld, \"latency\": %d, \"many\": %s, \"inputs\": [",
              (long long)d->step_bytes, (long long)flops_of_row(s), d->step->latency, flag(d->many));
  bool any = false;
  for (int i = 0; i < s->vars.n; i++) {
    const Var *v = s->vars.at[i];
    if (step_use(whole, s, v) == STEP_UNUSED) continue;
    open_item(out, &any, "name", v->name);
    text_printf(out, ", \"type\": \"%s\", \"count\": %lld}", v->shape.token ? "token" : "real",
                v->shape.token ? 1LL : (long long)shape_count(v->shape));
  }
  step_outputs_json(out, s);
  text_puts(out, "], \"feedback\": [");
  any = false;
  for (int i = 0; i < s->vars.n; i++) {
    if (step_use(whole, s, s->vars.at[i]) != STEP_FEEDBACK) continue;
    if (any) text_puts(out, ", ");
    any = true;
    text_json(out, s->vars.at[i]->name);
  }
  text_puts(out, "]}");
}

void describe_model(Text *out, const System *lowered, int64_t param_count, const Description *d)
{
  text_puts(out, "{");
  name_json(out, "name", lowered->name);
  text_printf(out, ", \"precision\": \"%s\", ", d->f64_precision ? "f64" : "f32");
  name_json(out, "source", d->source);
  text_puts(out, ", ");
  name_json(out, "hash", d->hash);
  text_printf(out, ", \"param_count\": %lld,\n\"axes\": [", (long long)param_count);
  text_json(out, lowered->axis[AXIS_T]);
  if (lowered->axis[AXIS_S]) {
    text_puts(out, ", ");
    text_json(out, lowered->axis[AXIS_S]);
  }
  text_puts(out, "],\n");
  params_json(out, lowered);
  inputs_json(out, lowered);
  outputs_json(out, lowered);
  text_puts(out, "\"programs\": {");
  for (int i = 0; i < d->n; i++) {
    if (i) text_puts(out, ",\n");
    program_json(out, d->programs[i]);
  }
  text_puts(out, "},\n");
  step_json(out, lowered, d);
  text_puts(out, "}\n");
}

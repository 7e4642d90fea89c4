/* model.c: the JSON of a compiled model into structs.

   Reading goes on after a mistake with zeros, and the first mistake is the message: so each field is one line. Whatever
   the text says, no index or size leaves its range: a description that was read can be trusted by all other files. */
#include <stdlib.h>
#include <string.h>
#include "draws.h"
#include "model.h"

typedef struct Reader {
  RnnError *error;
  bool failed;
} Reader;

static void wrong(Reader *r, const char *where, const char *what)
{
  if (!r->failed)
    rnn_fail(r->error, RNN_ERROR_DATA, "this model's description is damaged or of another version: %s: %s", where,
             what);
  r->failed = true;
}

static void *list_new(Reader *r, size_t count, size_t size)
{
  void *list = calloc(count ? count : 1, size);
  if (list) return list;
  if (!r->failed) rnn_fail_memory(r->error, count * size);
  r->failed = true;
  return NULL;
}

static const char *text_of(Reader *r, json_t *object, const char *key, const char *otherwise)
{
  json_t *v = json_object_get(object, key);
  if (!v && otherwise) return otherwise;
  if (!json_is_string(v)) wrong(r, key, "a text is missing");
  return json_is_string(v) ? json_string_value(v) : "";
}

static int64_t number_of(Reader *r, json_t *object, const char *key, int64_t otherwise, int64_t least, int64_t most)
{
  json_t *v = json_object_get(object, key);
  if (!v) return otherwise;
  int64_t n = json_is_integer(v) ? (int64_t)json_integer_value(v) : least - 1;
  if (json_is_integer(v) && n >= least && n <= most) return n;
  wrong(r, key, "not a whole number in its range");
  return otherwise;
}

static double real_of(json_t *object, const char *key)
{
  json_t *v = json_object_get(object, key);
  return json_is_number(v) ? json_number_value(v) : 0;
}

static bool flag_of(json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }

static const int64_t huge = (int64_t)1 << 40;

static ModelShape shape_of(Reader *r, json_t *object)
{
  ModelShape s = {.count = 1};
  json_t *shape = json_object_get(object, "shape"), *extent;
  size_t i;
  if (json_array_size(shape) > RNN_MAX_RANK) {
    wrong(r, "shape", "too many dimensions");
    return s;
  }
  json_array_foreach(shape, i, extent)
  {
    int64_t n = json_is_integer(extent) ? (int64_t)json_integer_value(extent) : 0;
    if (n < 1 || n > huge / s.count) {
      wrong(r, "shape", "a dimension out of range");
      return (ModelShape){.count = 1};
    }
    s.extent[s.rank++] = n;
    s.count *= n;
  }
  return s;
}

/* The list under a key of an object, and its size; an absent one is empty. */
static json_t *array_of(Reader *r, json_t *object, const char *key, int *count)
{
  json_t *v = json_object_get(object, key);
  if (v && !json_is_array(v)) wrong(r, key, "not a list");
  *count = (int)json_array_size(v);
  return v;
}

/* -- parameters, inputs, outputs, draws --------------------------------------------------------------------- */

static void read_params(Reader *r, ModelDescription *m)
{
  json_t *list = array_of(r, m->json, "params", &m->params);
  m->param = list_new(r, (size_t)m->params, sizeof *m->param);
  for (int i = 0; i < m->params && !r->failed; i++) {
    json_t *p = json_array_get(list, (size_t)i), *init = json_object_get(p, "init");
    ModelShape shape = shape_of(r, p);
    m->param[i] = (ModelParam){.name = text_of(r, p, "name", NULL),
                               .shape = shape,
                               .offset = number_of(r, p, "offset", 0, 0, m->count - shape.count),
                               .line = (int)number_of(r, p, "line", 0, 0, 1 << 30),
                               .init = text_of(r, init, "kind", "zeros"),
                               .a = real_of(init, "a"),
                               .b = real_of(init, "b"),
                               .fixed = json_is_true(json_object_get(p, "fixed"))};
    if (shape.count > m->count) wrong(r, m->param[i].name, "larger than the block of parameters");
  }
  m->trained = m->count;
  for (int i = 0; i < m->params && !r->failed; i++)
    if (m->param[i].fixed && m->param[i].offset < m->trained) m->trained = m->param[i].offset;
  for (int i = 0; i < m->params && !r->failed; i++)
    if (!m->param[i].fixed && m->param[i].offset >= m->trained && m->trained < m->count)
      wrong(r, m->param[i].name, "behind what is not learned");
}

static void read_axes(Reader *r, ModelDescription *m)
{
  int count;
  json_t *list = array_of(r, m->json, "axes", &count);
  const char *primary = json_string_value(json_array_get(list, 0)),
             *second = json_string_value(json_array_get(list, 1));
  if (list && (count < 1 || count > 2 || !primary || (count == 2 && !second))) wrong(r, "axes", "not one or two names");
  m->axes = (RnnAxes){list ? primary : "t", second};
}

static void read_inputs(Reader *r, ModelDescription *m)
{
  json_t *list = array_of(r, m->json, "inputs", &m->inputs);
  m->input = list_new(r, (size_t)m->inputs, sizeof *m->input);
  for (int i = 0; i < m->inputs && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    ModelShape shape = shape_of(r, v);
    bool token = strcmp(text_of(r, v, "type", NULL), "token") == 0;
    ModelInput *in = &m->input[i];
    *in = (ModelInput){.line = (int)number_of(r, v, "line", 0, 0, 1 << 30),
                       .drawn = json_object_get(v, "drawn") != NULL,
                       .drawn_offset = number_of(r, v, "drawn", 0, -1000000, 1000000),
                       .lags = number_of(r, v, "lags", 0, 0, huge),
                       .leads = number_of(r, v, "leads", 0, 0, huge)};
    in->spec = (RnnInputSpec){.name = text_of(r, v, "name", NULL),
                              .target = strcmp(text_of(r, v, "role", "input"), "target") == 0,
                              .token = token,
                              .time = flag_of(v, "time"),
                              .second = flag_of(v, "second"),
                              .classes = token ? shape.count : 0,
                              .rank = token ? 0 : shape.rank,
                              .width = token ? 1 : shape.count};
    if (!token) memcpy(in->spec.shape, shape.extent, sizeof in->spec.shape);
    if (in->spec.second && !m->axes.second) wrong(r, in->spec.name, "varies over a second axis, and there is none");
  }
}

static void read_outputs(Reader *r, ModelDescription *m)
{
  json_t *list = array_of(r, m->json, "outputs", &m->outputs);
  m->output = list_new(r, (size_t)m->outputs, sizeof *m->output);
  for (int i = 0; i < m->outputs && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    m->output[i] = (ModelOutput){text_of(r, v, "name", NULL), shape_of(r, v), flag_of(v, "time"), flag_of(v, "second")};
  }
}

static void read_draws(Reader *r, ModelDescription *m)
{
  json_t *list = array_of(r, m->json, "draws", &m->draws);
  m->draw = list_new(r, (size_t)m->draws, sizeof *m->draw);
  for (int i = 0; i < m->draws && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i), *params = json_object_get(v, "params");
    ModelDist dist = DIST_CATEGORICAL;
    if (!rnn_dist_named(text_of(r, v, "dist", ""), &dist)) wrong(r, "draws", "an unknown distribution");
    size_t wanted = (size_t)rnn_dist_arguments(dist);
    if (json_array_size(params) != wanted) wrong(r, "draws", "a distribution has another number of parameters");
    m->draw[i] = (ModelDraw){
        .var = text_of(r, v, "var", NULL), .offset = number_of(r, v, "offset", 0, -1000000, 1000000), .dist = dist};
    for (size_t k = 0; k < wanted && !r->failed; k++) {
      json_t *p = json_array_get(params, k);
      if (json_is_string(p)) m->draw[i].param[k] = json_string_value(p);
      else wrong(r, "draws", "a parameter is not a name");
    }
  }
}

static void read_settings(Reader *r, ModelDescription *m)
{
  json_t *all = json_object_get(m->json, "settings"), *value;
  const char *name;
  m->setting = list_new(r, json_object_size(all), sizeof *m->setting);
  if (r->failed) return;
  json_object_foreach(all, name, value)
  {
    if (!json_is_string(value)) wrong(r, name, "a setting is not a text");
    else m->setting[m->settings++] = (ModelSetting){name, json_string_value(value)};
  }
}

/* -- programs ----------------------------------------------------------------------------------------------- */

static void read_buffers(Reader *r, const ModelDescription *m, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "buffers", &p->buffers);
  p->buffer = list_new(r, (size_t)p->buffers, sizeof *p->buffer);
  for (int i = 0; i < p->buffers && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    p->buffer[i] = (ProgramBuffer){.time = flag_of(v, "time"),
                                   .second = flag_of(v, "second"),
                                   .batch = flag_of(v, "batch"),
                                   .integer = flag_of(v, "int"),
                                   .lo = number_of(r, v, "lo", 0, 0, 1 << 30),
                                   .hi = number_of(r, v, "hi", 0, 0, 1 << 30),
                                   .lo2 = number_of(r, v, "lo2", 0, 0, 1 << 30),
                                   .hi2 = number_of(r, v, "hi2", 0, 0, 1 << 30),
                                   .width = number_of(r, v, "width", 0, 0, huge)};
    p->buffer[i].rolls = flag_of(v, "rolls");
    p->buffer[i].window = flag_of(v, "window") && p->windows;
    if (p->buffer[i].window && (!p->buffer[i].time || p->buffer[i].second))
      wrong(r, "buffers", "a window of what does not run along the first axis alone");
    if (p->buffer[i].second && !m->axes.second) wrong(r, "buffers", "a second axis, and there is none");
  }
}

static void read_vars(Reader *r, Program *p, json_t *json)
{
  json_t *all = json_object_get(json, "vars"), *v;
  const char *name;
  p->var = list_new(r, json_object_size(all), sizeof *p->var);
  if (r->failed) return;
  json_object_foreach(all, name, v)
  {
    ProgramVar *var = &p->var[p->vars++];
    *var = (ProgramVar){.name = name,
                        .buffer = (int)number_of(r, v, "buf", 0, 0, p->buffers - 1),
                        .column = number_of(r, v, "col", 0, 0, huge),
                        .shape = shape_of(r, v),
                        .token = flag_of(v, "token"),
                        .time = flag_of(v, "time"),
                        .second = flag_of(v, "second"),
                        .batch = flag_of(v, "batch"),
                        .line = (int)number_of(r, v, "line", 0, 0, 1 << 30)};
    var->width = var->token ? 1 : var->shape.count;
    if (!p->buffers) wrong(r, name, "in a program without buffers");
    if (r->failed) return;
    const ProgramBuffer *b = &p->buffer[var->buffer];
    if (var->column + var->width > b->width) wrong(r, name, "reaches beyond its buffer's row");
    else if (var->time != b->time || var->second != b->second || var->batch != b->batch || var->token != b->integer)
      wrong(r, name, "and its buffer differ in kind");
  }
}

static int var_named(Reader *r, const Program *p, const char *name)
{
  int i = rnn_program_var(p, name);
  if (i < 0) wrong(r, name, "has no memory in its program");
  return i < 0 ? 0 : i;
}

static int input_named(Reader *r, const ModelDescription *m, const char *name)
{
  int i = rnn_model_input(m, name);
  if (i < 0) wrong(r, name, "is no input");
  return i < 0 ? 0 : i;
}

static void read_program_inputs(Reader *r, const ModelDescription *m, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "inputs", &p->inputs);
  p->input = list_new(r, (size_t)p->inputs, sizeof *p->input);
  for (int i = 0; i < p->inputs && !r->failed; i++) {
    const char *name = json_string_value(json_array_get(list, (size_t)i));
    if (!name) name = "";
    p->input[i] = (ProgramInput){input_named(r, m, name), var_named(r, p, name)};
    if (r->failed) return;
    const RnnInputSpec *spec = &m->input[p->input[i].input].spec;
    const ProgramVar *var = &p->var[p->input[i].var];
    if (spec->token != var->token || spec->width != var->width || spec->time != var->time ||
        spec->second != var->second)
      wrong(r, name, "differs from its input");
    else if (!var->batch) wrong(r, name, "an input without the batch");
    else if (p->buffer[var->buffer].hi > p->leads) p->leads = p->buffer[var->buffer].hi;
  }
}

static void read_noise(Reader *r, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "noise", &p->noises);
  p->noise = list_new(r, (size_t)p->noises, sizeof *p->noise);
  for (int i = 0; i < p->noises && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    p->noise[i] = (ProgramNoise){var_named(r, p, text_of(r, v, "var", NULL)),
                                 text_of(r, v, "dist", NULL),
                                 real_of(v, "a"),
                                 real_of(v, "b"),
                                 flag_of(v, "shared"),
                                 flag_of(v, "forced")};
    if (!r->failed && p->var[p->noise[i].var].token) wrong(r, "noise", "is not real");
  }
}

static void read_forcing(Reader *r, Program *p, json_t *json)
{
  json_t *list = json_object_get(json, "fed");
  p->feds = (int)json_array_size(list);
  p->fed = list_new(r, (size_t)p->feds, sizeof *p->fed);
  for (int i = 0; i < p->feds && !r->failed; i++) {
    p->fed[i] = json_string_value(json_array_get(list, (size_t)i));
    if (!p->fed[i]) wrong(r, "fed", "is not a list of names");
  }
  p->forced = text_of(r, json, "forced", "always");
  p->sample = strcmp(text_of(r, json, "own", "mode"), "sample") == 0;
}

static int by_offset(const void *a, const void *b)
{
  int64_t x = ((const ProgramCarry *)a)->offset, y = ((const ProgramCarry *)b)->offset;
  return (x > y) - (x < y);
}

static void read_carry(Reader *r, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "carry", &p->carries);
  p->carry = list_new(r, (size_t)p->carries, sizeof *p->carry);
  for (int i = 0; i < p->carries && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    ProgramCarry *c = &p->carry[i];
    *c = (ProgramCarry){text_of(r, v, "var", NULL), number_of(r, v, "offset", 0, -(1 << 30), 0),
                        var_named(r, p, text_of(r, v, "from", NULL)), var_named(r, p, text_of(r, v, "into", NULL))};
    if (r->failed) return;
    const ProgramVar *from = &p->var[c->from], *into = &p->var[c->into];
    if (!from->time || !from->batch || into->time || !into->batch || from->second != into->second ||
        from->width != into->width || from->token != into->token)
      wrong(r, c->var, "is carried between variables that do not fit");
  }
  if (!r->failed) qsort(p->carry, (size_t)p->carries, sizeof *p->carry, by_offset);
}

static ProgramRatio *read_ratios(Reader *r, const Program *p, json_t *json, const char *key, int *count)
{
  json_t *list = array_of(r, json, key, count);
  ProgramRatio *ratio = list_new(r, (size_t)*count, sizeof *ratio);
  for (int i = 0; i < *count && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    ratio[i] =
        (ProgramRatio){text_of(r, v, "name", NULL), json_string_value(json_object_get(v, "dist")),
                       var_named(r, p, text_of(r, v, "sum", NULL)), var_named(r, p, text_of(r, v, "count", NULL))};
  }
  return ratio;
}

static int param_named(Reader *r, const ModelDescription *m, const char *name)
{
  for (int i = 0; name && i < m->params; i++)
    if (!strcmp(m->param[i].name, name) && m->param[i].fixed) return i;
  wrong(r, name ? name : "statistics", "no parameter that holds a statistic");
  return 0;
}

static void read_statistics(Reader *r, const ModelDescription *m, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "statistics", &p->statistics);
  p->statistic = list_new(r, (size_t)p->statistics, sizeof *p->statistic);
  for (int i = 0; i < p->statistics && !r->failed; i++) {
    json_t *s = json_array_get(list, (size_t)i);
    p->statistic[i] = (ProgramStatistic){.var = var_named(r, p, text_of(r, s, "var", NULL)),
                                         .kept = param_named(r, m, text_of(r, s, "kept", NULL)),
                                         .updates = param_named(r, m, text_of(r, s, "updates", NULL))};
    if (r->failed) return;
    const ProgramVar *v = &p->var[p->statistic[i].var];
    const ModelParam *kept = &m->param[p->statistic[i].kept], *updates = &m->param[p->statistic[i].updates];
    bool indexed = v->time || v->second, both = v->time && v->second;
    if (v->batch || both || (!indexed && updates->shape.count != 1) ||
        kept->shape.count != updates->shape.count * v->width)
      wrong(r, v->name, "a statistic that does not fit what is kept of it");
  }
}

static void read_wrt(Reader *r, const ModelDescription *m, Program *p, json_t *json)
{
  json_t *list = array_of(r, json, "wrt", &p->wrts);
  p->wrt = list_new(r, (size_t)p->wrts, sizeof *p->wrt);
  for (int i = 0; i < p->wrts && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    p->wrt[i] =
        (ProgramWrt){input_named(r, m, text_of(r, v, "name", NULL)), var_named(r, p, text_of(r, v, "var", NULL))};
    if (r->failed) return;
    const RnnInputSpec *spec = &m->input[p->wrt[i].input].spec;
    const ProgramVar *var = &p->var[p->wrt[i].var];
    if (spec->token || var->token || spec->width != var->width || spec->time != var->time ||
        spec->second != var->second || !var->batch)
      wrong(r, spec->name, "and its gradient differ in kind");
  }
}

static void read_program(Reader *r, const ModelDescription *m, Program *p, json_t *json)
{
  p->windows = flag_of(json, "windows");
  read_buffers(r, m, p, json);
  if (!r->failed) read_vars(r, p, json);
  if (!r->failed) read_program_inputs(r, m, p, json);
  if (!r->failed) read_noise(r, p, json);
  if (!r->failed) read_forcing(r, p, json);
  if (!r->failed) read_carry(r, p, json);
  if (!r->failed) p->term = read_ratios(r, p, json, "terms", &p->terms);
  if (!r->failed) p->metric = read_ratios(r, p, json, "metrics", &p->metrics);
  if (!r->failed) read_wrt(r, m, p, json);
  if (!r->failed) read_statistics(r, m, p, json);
  const char *loss = json_string_value(json_object_get(json, "loss"));
  p->loss = loss && !r->failed ? var_named(r, p, loss) : -1;
  /* a number a batch: what reads them reads one real */
  for (int i = -1; i < p->terms + p->metrics && !r->failed; i++) {
    ProgramRatio one = i < 0          ? (ProgramRatio){"loss", NULL, p->loss, p->loss}
                       : i < p->terms ? p->term[i]
                                      : p->metric[i - p->terms];
    for (int k = 0; k < 2; k++) {
      int v = k ? one.count : one.sum;
      if (v >= 0 && (p->var[v].time || p->var[v].second || p->var[v].batch || p->var[v].token || p->var[v].width != 1))
        wrong(r, one.name, "is not one number a batch");
    }
  }
}

static void read_programs(Reader *r, ModelDescription *m, const RnnModel *model)
{
  json_t *all = json_object_get(m->json, "programs");
  m->program = list_new(r, model->programs, sizeof *m->program);
  for (uint32_t i = 0; i < model->programs && !r->failed; i++) {
    Program *p = &m->program[m->programs++];
    *p = (Program){.name = model->program[i].name, .run = model->program[i].run, .loss = -1};
    json_t *json = json_object_get(all, p->name);
    if (!json) wrong(r, p->name, "a program without its description");
    else read_program(r, m, p, json);
  }
}

static StepPort *read_ports(Reader *r, json_t *step, const char *key, int *count)
{
  json_t *list = array_of(r, step, key, count);
  StepPort *port = list_new(r, (size_t)*count, sizeof *port);
  for (int i = 0; i < *count && !r->failed; i++) {
    json_t *v = json_array_get(list, (size_t)i);
    port[i] = (StepPort){text_of(r, v, "name", NULL), strcmp(text_of(r, v, "type", "real"), "token") == 0,
                         number_of(r, v, "count", 1, 1, huge)};
  }
  return port;
}

static void read_step(Reader *r, ModelDescription *m, const RnnModel *model)
{
  json_t *step = json_object_get(m->json, "step"), *name;
  size_t i;
  ModelStep *s = &m->step;
  s->refused = json_string_value(json_object_get(step, "refused"));
  s->possible = !s->refused;
  if (!model->step || s->refused || !step) {
    if (!s->refused) s->refused = "the model was compiled without a streaming step";
    return;
  }
  s->run = model->step;
  s->latency = number_of(r, step, "latency", 0, 0, 1 << 20);
  if (s->latency) {
    s->possible = false;
    s->refused = "it looks ahead, so that its outputs come later than their inputs";
  }
  s->state_bytes = number_of(r, step, "state_bytes", 0, 0, huge);
  s->input = read_ports(r, step, "inputs", &s->inputs);
  if (!r->failed) s->output = read_ports(r, step, "outputs", &s->outputs);
  json_t *list = json_object_get(step, "feedback");
  s->feedback = list_new(r, json_array_size(list), sizeof *s->feedback);
  json_array_foreach(list, i, name)
  {
    if (!json_is_string(name)) wrong(r, "feedback", "not a name");
    else if (s->feedback) s->feedback[s->feedbacks++] = json_string_value(name);
  }
}

/* -- the whole ---------------------------------------------------------------------------------------------- */

ModelDescription *rnn_model_read(const RnnModel *model, RnnError *error)
{
  Reader r = {.error = error};
  if (model->abi != RNN_ABI) {
    rnn_fail(error, RNN_ERROR_DATA,
             "the model was compiled for version %u of the runtime, this is version %u: compile it again", model->abi,
             RNN_ABI);
    return NULL;
  }
  ModelDescription *m = calloc(1, sizeof *m);
  if (!m) {
    rnn_fail_memory(error, sizeof *m);
    return NULL;
  }
  json_error_t why;
  m->json = json_loads(model->json, JSON_REJECT_DUPLICATES, &why);
  if (!m->json) wrong(&r, "JSON", why.text);
  else if (!json_is_object(m->json)) wrong(&r, "JSON", "not an object");
  if (!r.failed) {
    m->name = text_of(&r, m->json, "name", NULL);
    m->source = text_of(&r, m->json, "source", "");
    m->hash = text_of(&r, m->json, "hash", "");
    m->real64 = strcmp(text_of(&r, m->json, "precision", NULL), "f64") == 0;
    m->count = number_of(&r, m->json, "param_count", 0, 0, huge);
    read_params(&r, m);
    read_axes(&r, m);
  }
  if (!r.failed) read_inputs(&r, m);
  if (!r.failed) read_outputs(&r, m);
  if (!r.failed) read_draws(&r, m);
  if (!r.failed) read_settings(&r, m);
  if (!r.failed) read_programs(&r, m, model);
  if (!r.failed) read_step(&r, m, model);
  if (!r.failed) return m;
  rnn_model_free(m);
  return NULL;
}

void rnn_model_free(ModelDescription *m)
{
  if (!m) return;
  for (int i = 0; i < m->programs; i++) {
    Program *p = &m->program[i];
    free(p->buffer);
    free(p->var);
    free(p->input);
    free(p->noise);
    free(p->fed);
    free(p->carry);
    free(p->term);
    free(p->metric);
    free(p->wrt);
    free(p->statistic);
  }
  free(m->program);
  free(m->param);
  free(m->input);
  free(m->output);
  free(m->draw);
  free(m->setting);
  free(m->step.input);
  free(m->step.output);
  free(m->step.feedback);
  json_decref(m->json);
  free(m);
}

const Program *rnn_model_program(const ModelDescription *m, const char *name)
{
  for (int i = 0; i < m->programs; i++)
    if (strcmp(m->program[i].name, name) == 0) return &m->program[i];
  return NULL;
}

int rnn_model_input(const ModelDescription *m, const char *name)
{
  for (int i = 0; i < m->inputs; i++)
    if (strcmp(m->input[i].spec.name, name) == 0) return i;
  return -1;
}

int rnn_program_var(const Program *p, const char *name)
{
  for (int i = 0; i < p->vars; i++)
    if (strcmp(p->var[i].name, name) == 0) return i;
  return -1;
}

int rnn_program_input(const Program *p, int input)
{
  for (int i = 0; i < p->inputs; i++)
    if (p->input[i].input == input) return i;
  return -1;
}

RnnInputSpec *rnn_model_specs(const ModelDescription *m)
{
  RnnInputSpec *specs = calloc((size_t)m->inputs + 1, sizeof *specs);
  for (int i = 0; specs && i < m->inputs; i++) specs[i] = m->input[i].spec;
  return specs;
}

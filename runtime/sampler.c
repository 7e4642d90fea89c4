/* sampler.c: see sampler.h. */
#include "sampler.h"
#include <stdlib.h>
#include <string.h>

static int64_t width_of(const Sampler *s, int input) { return s->handle->model->input[input].spec.width; }

/* Element of an input at a step, nothing outside */
static double value_at(const Sampler *s, int input, int64_t t, int64_t element)
{
  const RnnInputSpec *spec = &s->handle->model->input[input].spec;
  if (!spec->time) t = 0;
  else if (t < 0 || t >= s->steps) return spec->token ? -1 : 0;
  return s->value[input][t * spec->width + element];
}

static void put(const Sampler *s, bool token, void *to, int64_t i, double value)
{
  if (token) ((int32_t *)to)[i] = (int32_t)value;
  else if (s->handle->model->real64) ((double *)to)[i] = value;
  else ((float *)to)[i] = (float)value;
}

/* -- the streaming step ------------------------------------------------------------------------------------- */

static int port_named(const StepPort *port, int ports, const char *name)
{
  for (int i = 0; i < ports; i++)
    if (strcmp(port[i].name, name) == 0) return i;
  return -1;
}

/* Whether the step's outputs hold all that drawing needs */
static bool step_suffices(const ModelDescription *m)
{
  const ModelStep *step = &m->step;
  if (!step->run) return false;
  for (int i = 0; i < m->draws; i++)
    for (int k = 0; k < MODEL_DRAW_PARAMS && m->draw[i].param[k]; k++)
      if (port_named(step->output, step->outputs, m->draw[i].param[k]) < 0) return false;
  return true;
}

static bool is_feedback(const ModelStep *step, const char *name)
{
  for (int i = 0; i < step->feedbacks; i++)
    if (strcmp(step->feedback[i], name) == 0) return true;
  return false;
}

static bool open_step(Sampler *s, RnnError *error)
{
  const ModelStep *step = &s->handle->model->step;
  size_t room = ((size_t)step->state_bytes + 64) / 64 * 64;
  s->state = aligned_alloc(64, room);
  s->in = calloc((size_t)step->inputs + 1, sizeof *s->in);
  s->out = calloc((size_t)step->outputs + 1, sizeof *s->out);
  if (!s->state || !s->in || !s->out) return rnn_fail_memory(error, room);
  memset(s->state, 0, room);
  for (int i = 0; i < step->inputs; i++) {
    int input = rnn_model_input(s->handle->model, step->input[i].name);
    if (input < 0 || width_of(s, input) != step->input[i].count)
      return rnn_fail(error, RNN_ERROR_DATA, "the step's input '%s' is not the model's", step->input[i].name);
    s->needed[input] = true;
    if (!(s->in[i] = calloc((size_t)step->input[i].count, sizeof(double)))) return rnn_fail_memory(error, 8);
  }
  for (int i = 0; i < step->outputs; i++)
    if (!(s->out[i] = calloc((size_t)step->output[i].count, sizeof(double)))) return rnn_fail_memory(error, 8);
  return true;
}

static void run_step(Sampler *s, int64_t t)
{
  const ModelStep *step = &s->handle->model->step;
  for (int i = 0; i < step->inputs; i++) {
    const StepPort *port = &step->input[i];
    int input = rnn_model_input(s->handle->model, port->name);
    int64_t at =
        is_feedback(step, port->name) ? t - 1 : t; /* what is read from earlier steps alone comes one step late */
    for (int64_t k = 0; k < port->count; k++) put(s, port->token, s->in[i], k, value_at(s, input, at, k));
  }
  step->run(s->handle->weights, s->state, (const void *const *)s->in, s->out);
}

/* -- the program with T = 1 --------------------------------------------------------------------------------- */

static bool open_program(Sampler *s, RnnError *error)
{
  const ModelDescription *m = s->handle->model;
  if (m->axes.second)
    return rnn_fail(error, RNN_ERROR_USAGE, "a model with two time axes writes sequences by decode, not by sample");
  if (!m->step.possible)
    return rnn_fail(error, RNN_ERROR_USAGE, "the model can't run step by step: %s", m->step.refused);
  s->run = rnn_handle_run(s->handle, "forward", error);
  if (!s->run) return false;
  s->live[0] = s->len = 1;
  s->batch = (RnnBatch){.T = 1,
                        .B = 1,
                        .live = s->live,
                        .len = &s->len,
                        .ahead = &s->ahead,
                        .fresh = &s->fresh,
                        .sequence = &s->sequence,
                        .from = &s->from,
                        .order = &s->order};
  for (int i = 0; i < s->run->program->inputs; i++) s->needed[s->run->program->input[i].input] = true;
  return true;
}

static bool run_program(Sampler *s, int64_t t, RnnError *error)
{
  const Program *p = s->run->program;
  s->from = t;
  s->fresh = t == 0;
  if (!rnn_run_resize(s->run, &s->batch, error)) return false;
  for (int i = 0; i < p->inputs; i++) {
    const ProgramVar *var = &p->var[p->input[i].var];
    const ProgramBuffer *buffer = &p->buffer[var->buffer];
    for (int64_t k = var->time ? -buffer->lo : 0; k <= (var->time ? buffer->hi : 0); k++)
      for (int64_t e = 0; e < var->width; e++)
        put(s, var->token, rnn_run_row(s->run, var, k, 0, 0), e,
            k > 0 ? (var->token ? -1 : 0) : value_at(s, p->input[i].input, t + k, e));
  }
  rnn_run_again(s->run, s->handle->weights, t > 0);
  rnn_run_carry(s->run);
  return true;
}

/* -- either ------------------------------------------------------------------------------------------------- */

static bool open_values(Sampler *s, RnnError *error)
{
  const ModelDescription *m = s->handle->model;
  s->value = calloc((size_t)m->inputs + 1, sizeof *s->value);
  s->needed = calloc((size_t)m->inputs + 1, sizeof *s->needed);
  if (!s->value || !s->needed) return rnn_fail_memory(error, 64);
  for (int i = 0; i < m->inputs; i++) {
    int64_t n = (m->input[i].spec.time ? s->steps : 1) * width_of(s, i);
    s->value[i] = calloc((size_t)n + 1, sizeof *s->value[i]);
    if (!s->value[i]) return rnn_fail_memory(error, (size_t)n * sizeof *s->value[i]);
    for (int64_t k = 0; k < n && m->input[i].spec.token; k++) s->value[i][k] = -1;
  }
  return true;
}

bool rnn_sampler_open(Sampler *s, RnnHandle *h, int64_t steps, RnnError *error)
{
  *s = (Sampler){.handle = h, .steps = steps};
  bool ok = open_values(s, error) && (step_suffices(h->model) ? open_step(s, error) : open_program(s, error));
  if (!ok) rnn_sampler_close(s);
  return ok;
}

void rnn_sampler_close(Sampler *s)
{
  if (!s->handle) return;
  const ModelDescription *m = s->handle->model;
  for (int i = 0; s->value && i < m->inputs; i++) free(s->value[i]);
  for (int i = 0; s->in && i < m->step.inputs; i++) free(s->in[i]);
  for (int i = 0; s->out && i < m->step.outputs; i++) free(s->out[i]);
  free(s->value);
  free(s->needed);
  free(s->in);
  free(s->out);
  free(s->state);
  *s = (Sampler){0};
}

bool rnn_sampler_step(Sampler *s, int64_t t, RnnError *error)
{
  if (s->run) return run_program(s, t, error);
  run_step(s, t);
  return true;
}

int64_t rnn_sampler_param(const Sampler *s, const char *name, double *to, int64_t count)
{
  const ModelDescription *m = s->handle->model;
  if (s->run) {
    int v = rnn_program_var(s->run->program, name);
    if (v < 0) return 0;
    const ProgramVar *var = &s->run->program->var[v];
    for (int64_t i = 0; i < count && i < var->width; i++) to[i] = rnn_run_value(s->run, var, 0, 0, 0, i);
    return var->width;
  }
  int port = port_named(m->step.output, m->step.outputs, name);
  if (port < 0) return 0;
  for (int64_t i = 0; i < count && i < m->step.output[port].count; i++)
    to[i] = m->real64 ? ((const double *)s->out[port])[i] : ((const float *)s->out[port])[i];
  return m->step.output[port].count;
}

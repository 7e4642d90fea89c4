/* command_info.c: `info`: what the model takes, hands out and holds, as JSON or as a table. */
#include "draws.h"
#include "job.h"
#include "memory.h"
#include "update.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *shape_json(int rank, const int64_t *extent)
{
  json_t *shape = json_array();
  for (int i = 0; i < rank; i++) json_array_append_new(shape, json_integer(extent[i]));
  return shape;
}

/* Variables whose value goes from step to step, each once */
static bool is_state(const Program *p, int entry)
{
  for (int i = 0; i < entry; i++)
    if (p->carry[i].from == p->carry[entry].from) return false;
  return true;
}

static int64_t elements(const ModelDescription *m, bool fixed)
{
  int64_t n = 0;
  for (int i = 0; i < m->params; i++)
    if (m->param[i].fixed == fixed) n += m->param[i].shape.count;
  return n;
}

static int count(const ModelDescription *m, bool fixed)
{
  int n = 0;
  for (int i = 0; i < m->params; i++) n += m->param[i].fixed == fixed;
  return n;
}

static const Program *any_program(const ModelDescription *m)
{
  const Program *p = rnn_model_program(m, "forward");
  return p ? p : m->programs ? &m->program[0] : NULL;
}

/* -- memory ------------------------------------------------------------------------------------------------- */

typedef struct Needs { /* bytes, of B sequences of T steps */
  int64_t B, T;
  const Program *train, *evaluate; /* NULL: there is none */
  int64_t held;                    /* weights, gradients, the optimiser's state */
  int64_t values, evaluation;      /* what the programs compute */
  int64_t each;                    /* of one step of one sequence, in the buffers of training */
  int64_t apart;                   /* of that, in buffers that may hold a window */
  int64_t windows;                 /* in which training runs */
  int64_t least, most_windows;     /* the least that training can do with, and in how many windows */
  bool fits;
} Needs;

static int64_t of_each(const ModelDescription *m, const Program *p, bool apart)
{
  int64_t n = 0;
  for (int i = 0; i < p->buffers; i++)
    if (p->buffer[i].time && p->buffer[i].batch && (!apart || p->buffer[i].window))
      n += (int64_t)rnn_row_bytes(m, &p->buffer[i]);
  return n;
}

static bool find_needs(Job *job, Needs *n)
{
  RnnHandle *h = job->handle;
  const ModelDescription *m = h->model;
  const char *optimizer = rnn_setting_text(&job->settings, SETTING_optimizer);
  *n = (Needs){.B = rnn_setting_count(&job->settings, SETTING_batch),
               .train = rnn_model_program(m, "train"),
               .evaluate = rnn_model_program(m, "evaluate")};
  if (!rnn_job_count(job, OPTION_LENGTH, 100, 1, &n->T)) return false;
  if (n->B < 1) return rnn_fail(&job->error, RNN_ERROR_USAGE, "--batch: at least 1");
  Extent whole = {n->T, m->axes.second ? n->T : 0, n->B, n->T}, x = whole;
  if (!n->train) return true;
  RnnUpdater *updater = rnn_updater_new(h, optimizer, NULL, &job->error);
  rnn_updater_free(updater);
  if (!updater) return false;
  n->held = rnn_memory_held(h);
  n->each = of_each(m, n->train, false);
  n->apart = of_each(m, n->train, true);
  rnn_memory_fit(m, n->train, -1, &x, &n->least);
  n->most_windows = (n->T + x.window - 1) / x.window;
  n->least += n->held;
  x = whole;
  int64_t limit = h->memory > n->held ? h->memory - n->held : h->memory > 0 ? 1 : h->memory;
  n->fits = rnn_memory_fit(m, n->train, limit, &x, &n->values);
  n->windows = (n->T + x.window - 1) / x.window;
  x = whole;
  if (n->evaluate) rnn_memory_fit(m, n->evaluate, limit, &x, &n->evaluation);
  return true;
}

/* -- JSON --------------------------------------------------------------------------------------------------- */

static json_t *inputs_json(const ModelDescription *m)
{
  json_t *all = json_array();
  for (int i = 0; i < m->inputs; i++) {
    const RnnInputSpec *s = &m->input[i].spec;
    json_t *one = json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:b}", "name", s->name, "role",
                            s->target ? "target" : "input", "type", s->token ? "token" : "real", "shape",
                            s->token ? shape_json(1, &s->classes) : shape_json(s->rank, s->shape), "time", s->time,
                            "second", s->second, "drawn", m->input[i].drawn);
    json_array_append_new(all, one);
  }
  return all;
}

static json_t *outputs_json(const ModelDescription *m)
{
  json_t *all = json_array();
  for (int i = 0; i < m->outputs; i++) {
    const ModelOutput *o = &m->output[i];
    json_array_append_new(all,
                          json_pack("{s:s, s:o, s:b, s:b}", "name", o->name, "shape",
                                    shape_json(o->shape.rank, o->shape.extent), "time", o->time, "second", o->second));
  }
  return all;
}

static json_t *params_json(const ModelDescription *m, bool fixed)
{
  json_t *all = json_array();
  for (int i = 0; i < m->params; i++) {
    const ModelParam *p = &m->param[i];
    if (p->fixed != fixed) continue;
    json_t *one = json_pack("{s:s, s:s, s:o, s:I, s:s, s:i}", "name", p->name, "path", p->name, "shape",
                            shape_json(p->shape.rank, p->shape.extent), "count", (json_int_t)p->shape.count, "init",
                            p->init, "line", p->line);
    json_array_append_new(all, one);
  }
  return all;
}

static json_t *states_json(const Program *p)
{
  json_t *all = json_array();
  for (int i = 0; p && i < p->carries; i++) {
    const ProgramVar *from = &p->var[p->carry[i].from];
    int64_t delay = 1 - p->carry[i].offset; /* entries are sorted by age: the first of a variable is its oldest */
    if (is_state(p, i))
      json_array_append_new(all,
                            json_pack("{s:s, s:o, s:I}", "name", p->carry[i].var, "shape",
                                      shape_json(from->shape.rank, from->shape.extent), "delay", (json_int_t)delay));
  }
  return all;
}

static json_t *draws_json(const ModelDescription *m)
{
  json_t *all = json_array();
  for (int i = 0; i < m->draws; i++) {
    json_t *params = json_array();
    for (int k = 0; k < MODEL_DRAW_PARAMS && m->draw[i].param[k]; k++)
      json_array_append_new(params, json_string(m->draw[i].param[k]));
    json_array_append_new(all, json_pack("{s:s, s:I, s:s, s:o}", "name", m->draw[i].var, "offset",
                                         (json_int_t)m->draw[i].offset, "dist", rnn_dist_name(m->draw[i].dist),
                                         "params", params));
  }
  return all;
}

static json_t *memory_json(const Needs *n)
{
  json_t *all = json_pack("{s:I, s:I}", "batch", (json_int_t)n->B, "length", (json_int_t)n->T);
  if (n->train)
    json_object_set_new(all, "training",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "bytes",
                                  (json_int_t)(n->held + n->values), "held", (json_int_t)n->held, "each_step",
                                  (json_int_t)n->each, "each_step_by_windows", (json_int_t)n->apart, "windows",
                                  (json_int_t)n->windows, "least", (json_int_t)n->least, "least_windows",
                                  (json_int_t)n->most_windows, "fits", n->fits));
  if (n->evaluate) json_object_set_new(all, "evaluation", json_pack("{s:I}", "bytes", (json_int_t)n->evaluation));
  return all;
}

static int print_json(Job *job, const Needs *needs)
{
  const ModelDescription *m = job->handle->model;
  json_t *all = json_pack("{s:s, s:s, s:s, s:s}", "name", m->name, "source", m->source, "hash", m->hash, "precision",
                          m->real64 ? "f64" : "f32");
  json_t *axes = json_pack("[s]", m->axes.primary);
  if (m->axes.second) json_array_append_new(axes, json_string(m->axes.second));
  json_object_set_new(all, "axes", axes);
  json_object_set_new(all, "inputs", inputs_json(m));
  json_object_set_new(all, "outputs", outputs_json(m));
  json_object_set_new(all, "states", states_json(any_program(m)));
  json_object_set_new(all, "draws", draws_json(m));
  json_object_set_new(all, "parameters", params_json(m, false));
  json_object_set_new(all, "kept", params_json(m, true));
  json_object_set_new(all, "counts",
                      json_pack("{s:i, s:I, s:I, s:I, s:I}", "parameters", count(m, false), "elements",
                                (json_int_t)elements(m, false), "kept", (json_int_t)elements(m, true), "weight_bytes",
                                (json_int_t)rnn_block_bytes(job->handle), "state_bytes",
                                (json_int_t)m->step.state_bytes));
  json_t *step = m->step.run ? json_pack("{s:b, s:I}", "available", 1, "state_bytes", (json_int_t)m->step.state_bytes)
                             : json_pack("{s:b, s:s}", "available", 0, "refused", m->step.refused);
  json_object_set_new(all, "step", step);
  json_object_set_new(all, "memory", memory_json(needs));
  json_object_set_new(all, "settings", rnn_settings_json(&job->settings));
  char *text = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
  json_decref(all);
  if (!text) rnn_fail_memory(&job->error, 4096);
  else puts(text);
  free(text);
  return job->error.code;
}

/* -- the table ---------------------------------------------------------------------------------------------- */

static void row(const char *name, int width, const char *type, int rank, const int64_t *shape, const char *time,
                const char *more)
{
  char text[128];
  printf("  %-*s  %-8s %-14s %-5s%s%s\n", width, name, type, rnn_shape_text(rank, shape, text, sizeof text), time,
         *more ? " " : "", more);
}

static void widen(int *width, const char *name)
{
  if ((int)strlen(name) > *width) *width = (int)strlen(name);
}

static void print_params(const ModelDescription *m, const char *title, bool fixed, int width)
{
  char more[64];
  puts(title);
  for (int i = 0; i < m->params; i++) {
    if (m->param[i].fixed != fixed) continue;
    if (fixed) snprintf(more, sizeof more, "%lld", (long long)m->param[i].shape.count);
    else snprintf(more, sizeof more, "%lld, %s", (long long)m->param[i].shape.count, m->param[i].init);
    row(m->param[i].name, width, "real", m->param[i].shape.rank, m->param[i].shape.extent, "", more);
  }
}

static void print_memory(const Needs *n)
{
  char all[RNN_MEMORY_TEXT], held[RNN_MEMORY_TEXT], least[RNN_MEMORY_TEXT];
  int64_t bytes = n->held + n->values;
  if (!n->train) return;
  printf("memory, %lld sequence%s of %lld steps, without the data\n", (long long)n->B, n->B == 1 ? "" : "s",
         (long long)n->T);
  printf("  training    %s, %s of it weights, gradients and the optimiser's state", rnn_memory_text(bytes, all),
         rnn_memory_text(n->held, held));
  if (n->windows > 1) printf("; in %lld windows\n", (long long)n->windows);
  else
    printf("; for B sequences of T steps about %.3g + %.3g B T MB\n", (double)(bytes - n->each * n->B * n->T) / 1e6,
           (double)n->each / 1e6);
  if (!n->fits) puts("              more than the setting memory: it would refuse to run");
  if (n->most_windows > 1)
    printf("  at least    %s, in %lld windows: %.0f %% of the values of a step can be computed again\n",
           rnn_memory_text(n->least, least), (long long)n->most_windows, 100.0 * (double)n->apart / (double)n->each);
  if (n->evaluate) printf("  evaluation  %s\n", rnn_memory_text(n->evaluation, all));
}

static int print_table(const Job *job, const Needs *needs)
{
  const ModelDescription *m = job->handle->model;
  const Program *p = any_program(m);
  int width = 8;
  char more[64], axes[128];
  for (int i = 0; i < m->params; i++) widen(&width, m->param[i].name);
  for (int i = 0; i < m->inputs; i++) widen(&width, m->input[i].spec.name);
  for (int i = 0; p && i < p->carries; i++) widen(&width, p->carry[i].var);
  printf("%s (%s), %s, %lld parameters\n", m->name, m->source, m->real64 ? "float64" : "float32",
         (long long)elements(m, false));
  puts("inputs");
  for (int i = 0; i < m->inputs; i++) {
    const RnnInputSpec *s = &m->input[i].spec;
    snprintf(more, sizeof more, "%s%s", s->target ? "target" : "",
             m->input[i].drawn ? (s->target ? ", drawn" : "drawn") : "");
    row(s->name, width, s->token ? "token" : "real", s->token ? 1 : s->rank, s->token ? &s->classes : s->shape,
        rnn_axes_text(&m->axes, s->time, s->second, axes, sizeof axes), more);
  }
  puts("outputs");
  for (int i = 0; i < m->outputs; i++)
    row(m->output[i].name, width, "real", m->output[i].shape.rank, m->output[i].shape.extent,
        rnn_axes_text(&m->axes, m->output[i].time, m->output[i].second, axes, sizeof axes), "");
  puts("states");
  for (int i = 0; p && i < p->carries; i++) {
    const ProgramVar *from = &p->var[p->carry[i].from];
    if (!is_state(p, i)) continue;
    snprintf(more, sizeof more, "read up to %lld step%s later", (long long)(1 - p->carry[i].offset),
             p->carry[i].offset ? "s" : "");
    row(p->carry[i].var, width, "real", from->shape.rank, from->shape.extent,
        rnn_axes_text(&m->axes, true, from->second, axes, sizeof axes), more);
  }
  print_params(m, "parameters", false, width);
  if (count(m, true)) print_params(m, "kept", true, width);
  if (m->step.run) printf("a streaming step keeps %lld bytes of state\n", (long long)m->step.state_bytes);
  else printf("no streaming step: %s\n", m->step.refused);
  print_memory(needs);
  return RNN_OK;
}

int rnn_command_info(Job *job)
{
  Needs needs;
  if (!find_needs(job, &needs)) return job->error.code;
  return job->value[OPTION_JSON] ? print_json(job, &needs) : print_table(job, &needs);
}

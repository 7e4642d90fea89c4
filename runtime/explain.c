/* explain.c: see explain.h. Slow and obvious: it runs once, when all is lost. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "explain.h"

typedef struct Culprit {
  const ProgramVar *var;
  int64_t t, b;
  double value;
} Culprit;

static bool is_adjoint(const ProgramVar *var)
{
  size_t n = strlen(var->name);
  return n > 4 && strcmp(var->name + n - 4, "_adj") == 0;
}

static bool is_input(const Run *run, const ProgramVar *var)
{
  for (int i = 0; i < run->program->inputs; i++)
    if (&run->program->var[run->program->input[i].var] == var) return true;
  return false;
}

/* The first bad value of a variable at step t, over the sequences that are alive there */
static bool bad_at(const Run *run, const ProgramVar *var, int64_t t, Culprit *found)
{
  int64_t columns = !var->batch ? 1 : var->time ? run->frame.live[t] : run->frame.B;
  if (var->token) return false;
  for (int64_t b = 0; b < columns; b++)
    for (int64_t i = 0; i < var->width; i++) {
      double value = rnn_run_value(run, var, t, b, i);
      if (isfinite(value)) continue;
      *found = (Culprit){var, t, b, value};
      return true;
    }
  return false;
}

enum Sort { INPUTS, FORWARD, NO_TIME, ADJOINTS };

static bool belongs(const Run *run, const ProgramVar *var, enum Sort sort)
{
  bool input = is_input(run, var), adjoint = is_adjoint(var);
  switch (sort) {
  case INPUTS:
    return input &&
           !run->model->input[rnn_model_input(run->model, var->name)].spec.target; /* a target's NaN: not observed */
  case FORWARD: return !input && !adjoint && var->time;
  case NO_TIME: return !input && !adjoint && !var->time;
  default: return adjoint;
  }
}

static bool search(const Run *run, enum Sort sort, Culprit *found)
{
  for (int64_t i = 0; i < run->frame.T; i++) {
    int64_t t = sort == ADJOINTS ? run->frame.T - 1 - i : i;
    for (int v = 0; v < run->program->vars; v++) {
      const ProgramVar *var = &run->program->var[v];
      if (belongs(run, var, sort) && (var->time || i == 0) && bad_at(run, var, var->time ? t : 0, found)) return true;
    }
  }
  return false;
}

static const ModelParam *bad_param(const ModelDescription *m, const void *block)
{
  for (int i = 0; i < m->params; i++)
    for (int64_t k = 0; k < m->param[i].shape.count; k++) {
      int64_t at = m->param[i].offset + k;
      if (!isfinite(m->real64 ? ((const double *)block)[at] : ((const float *)block)[at])) return &m->param[i];
    }
  return NULL;
}

static void line_text(const ModelDescription *m, int line, char *text, size_t size)
{
  if (line > 0 && *m->source) snprintf(text, size, " (%s:%d)", m->source, line);
  else if (line > 0) snprintf(text, size, " (line %d)", line);
  else *text = 0;
}

static void describe(const Run *run, const Culprit *c, const char *what, char *text, size_t size)
{
  char line[256], place[96] = "";
  const RnnBatch *batch = run->batch;
  line_text(run->model, c->var->line, line, sizeof line);
  if (c->var->time && c->var->batch)
    snprintf(place, sizeof place, " at t = %lld of sequence %lld", (long long)(batch->from[c->b] + c->t + 1),
             (long long)batch->sequence[c->b] + 1);
  else if (c->var->time) snprintf(place, sizeof place, " at t = %lld", (long long)c->t + 1);
  else if (c->var->batch) snprintf(place, sizeof place, " of sequence %lld", (long long)batch->sequence[c->b] + 1);
  snprintf(text, size, "%s %s%s%s is %g", what, c->var->name, c->var->time ? "[t]" : "", line, c->value);
  size_t n = strlen(text);
  snprintf(text + n, size - n, "%s", place);
}

void rnn_explain(const RnnHandle *h, const Run *run, char *text, size_t size)
{
  Culprit c;
  char line[256];
  const ModelParam *p;
  if (search(run, INPUTS, &c)) describe(run, &c, "the data: the input", text, size);
  else if ((p = bad_param(h->model, h->weights))) {
    line_text(h->model, p->line, line, sizeof line);
    snprintf(text, size, "the parameter %s%s holds a value that is not finite since the update before", p->name, line);
  } else if (search(run, FORWARD, &c) || search(run, NO_TIME, &c))
    describe(run, &c, "the first equation with such a value:", text, size);
  else if (search(run, ADJOINTS, &c))
    describe(run, &c, "the forward pass is finite; going back, the first such value:", text, size);
  else if ((p = bad_param(h->model, h->grads))) {
    line_text(h->model, p->line, line, sizeof line);
    snprintf(text, size, "the forward pass is finite; the gradient of the parameter %s%s is not", p->name, line);
  } else snprintf(text, size, "no value that is kept is such a one: the sum of the gradients' squares overflows");
}

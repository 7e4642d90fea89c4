/* explain.c: see explain.h. Slow and obvious: it runs once, when all is lost. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "explain.h"
#include "windows.h"

typedef struct Culprit {
  const ProgramVar *var;
  int64_t t, s, b; /* b: in the primary order */
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

/* The first bad value of a variable at steps t, s, over the sequences that are alive there */
static bool bad_at(const Run *run, const ProgramVar *var, int64_t t, int64_t s, Culprit *found)
{
  int64_t columns = var->batch ? run->frame.B : 1;
  if (var->token || !rnn_windows_hold(run, var)) return false;
  for (int64_t b = 0; b < columns; b++) {
    if (t >= rnn_run_steps(run, var, b) || s >= rnn_run_steps2(run, var, b)) continue;
    for (int64_t i = 0; i < var->width; i++) {
      double value = rnn_run_value(run, var, t, s, b, i);
      if (isfinite(value)) continue;
      *found = (Culprit){var, t, s, b, value};
      return true;
    }
  }
  return false;
}

enum Sort { INPUTS, SECOND, FORWARD, NO_TIME, ADJOINTS };

static bool belongs(const Run *run, const ProgramVar *var, enum Sort sort)
{
  bool input = is_input(run, var), adjoint = is_adjoint(var);
  switch (sort) {
  case INPUTS:
    return input &&
           !run->model->input[rnn_model_input(run->model, var->name)].spec.target; /* a target's NaN: not observed */
  case SECOND: return !input && !adjoint && var->second && !var->time;
  case FORWARD: return !input && !adjoint && var->time;
  case NO_TIME: return !input && !adjoint && !var->time && !var->second;
  default: return adjoint;
  }
}

/* In order along one axis, the primary or the second; what varies over both is searched along the primary. */
static bool search_along(const Run *run, enum Sort sort, bool second, Culprit *found)
{
  int64_t steps = second ? run->frame.S : run->frame.T;
  for (int64_t i = 0; i < steps; i++) {
    int64_t at = sort == ADJOINTS ? steps - 1 - i : i;
    for (int v = 0; v < run->program->vars; v++) {
      const ProgramVar *var = &run->program->var[v];
      bool only_second = var->second && !var->time;
      if (!belongs(run, var, sort) || only_second != second || (!var->time && !var->second && i > 0)) continue;
      int64_t t = var->time ? at : 0, others = var->time && var->second ? run->frame.S : 1;
      for (int64_t s = 0; s < others; s++)
        if (bad_at(run, var, t, only_second ? at : s, found)) return true;
    }
  }
  return false;
}

/* Forward the encoder's axis comes first, going back last. */
static bool search(const Run *run, enum Sort sort, Culprit *found)
{
  bool first = sort != ADJOINTS;
  return search_along(run, sort, first, found) || search_along(run, sort, !first, found);
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
  char line[256], axes[128];
  const RnnBatch *batch = run->batch;
  const RnnAxes *names = &run->model->axes;
  line_text(run->model, c->var->line, line, sizeof line);
  rnn_axes_text(names, c->var->time, c->var->second, axes, sizeof axes);
  size_t n = (size_t)snprintf(text, size, "%s %s%s%s is %g", what, c->var->name, axes, line, c->value);
  if (c->var->time && n < size)
    n += (size_t)snprintf(text + n, size - n, " at %s = %lld", names->primary,
                          (long long)((c->var->batch ? batch->from[c->b] : 0) + c->t + 1));
  if (c->var->second && n < size)
    n += (size_t)snprintf(text + n, size - n, "%s %s = %lld", c->var->time ? "," : " at", names->second,
                          (long long)c->s + 1);
  if (c->var->batch && n < size)
    snprintf(text + n, size - n, " of sequence %lld", (long long)batch->sequence[c->b] + 1);
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
  } else if (search(run, SECOND, &c) || search(run, FORWARD, &c) || search(run, NO_TIME, &c))
    describe(run, &c, "the first equation with such a value:", text, size);
  else if (search(run, ADJOINTS, &c))
    describe(run, &c, "the forward pass is finite; going back, the first such value:", text, size);
  else if ((p = bad_param(h->model, h->grads))) {
    line_text(h->model, p->line, line, sizeof line);
    snprintf(text, size, "the forward pass is finite; the gradient of the parameter %s%s is not", p->name, line);
  } else snprintf(text, size, "no value that is kept is such a one: the sum of the gradients' squares overflows");
}

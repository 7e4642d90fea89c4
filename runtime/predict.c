/* predict.c: see predict.h. */
#include "predict.h"
#include "draws.h"
#include "numbers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first row of a sequence among a column's values, and how many it has. */
static int64_t row_of(const RnnDataset *d, const PredictColumn *c, int64_t n)
{
  return c->time && c->second ? d->start_both[n] : c->time ? d->start[n] : c->second ? d->start2[n] : n;
}
static int64_t steps_of(const RnnDataset *d, const PredictColumn *c, int64_t n) { return c->time ? d->length[n] : 1; }
static int64_t steps2_of(const RnnDataset *d, const PredictColumn *c, int64_t n)
{
  return c->second ? d->length2[n] : 1;
}

/* -- which columns ------------------------------------------------------------------------------------------ */

/* The number of a variable that has memory; -1 after an error */
static int needed_var(const Program *program, const char *name, RnnError *error)
{
  int v = rnn_program_var(program, name);
  if (v < 0)
    rnn_fail(error, RNN_ERROR_USAGE, "'%s' has no memory in the program \"forward\": declare it as an output", name);
  return v;
}

static bool add_column(Prediction *p, PredictColumn column, RnnError *error)
{
  if (column.time && p->data->length_unknown)
    return rnn_fail(error, RNN_ERROR_USAGE, "%s: nothing says how long '%s' is: decode finds its end", p->data->origin,
                    column.name);
  int64_t rows = row_of(p->data, &column, p->data->sequences);
  column.width = column.shape.count;
  column.value = calloc((size_t)(rows * column.width) + 1, sizeof *column.value);
  if (!column.value) return rnn_fail_memory(error, (size_t)(rows * column.width) * sizeof *column.value);
  p->column[p->columns++] = column;
  return true;
}

static bool add_output(Prediction *p, const Program *program, const char *name, RnnError *error)
{
  PredictColumn c = {.name = name, .var = {needed_var(program, name, error)}};
  if (c.var[0] < 0) return false;
  c.time = program->var[c.var[0]].time;
  c.second = program->var[c.var[0]].second;
  c.shape = program->var[c.var[0]].shape;
  return add_column(p, c, error);
}

/* What is drawn has the time index and the shape of its input. */
static bool add_draw(Prediction *p, const ModelDescription *m, const Program *program, const ModelDraw *d,
                     RnnError *error)
{
  int input = rnn_model_input(m, d->var);
  if (input < 0) return rnn_fail(error, RNN_ERROR_DATA, "'%s' is drawn, but is no input", d->var);
  const RnnInputSpec *spec = &m->input[input].spec;
  PredictColumn c = {.name = d->var,
                     .draw = d,
                     .classes = rnn_dist_is_class(d->dist),
                     .time = spec->time,
                     .second = spec->second,
                     .offset = d->offset,
                     .coded_as = d->var,
                     .shape = {.rank = spec->rank, .count = spec->width}};
  memcpy(c.shape.extent, spec->shape, sizeof spec->shape);
  for (int k = 0; k < MODEL_DRAW_PARAMS; k++) {
    c.var[k] = -1;
    if (!d->param[k] || !rnn_dist_mode_needs(d->dist, k)) continue;
    if ((c.var[k] = needed_var(program, d->param[k], error)) < 0) return false;
    if (program->var[c.var[k]].width > p->widest) p->widest = program->var[c.var[k]].width;
  }
  return add_column(p, c, error);
}

/* A model that declares outputs hands out no others: then what is drawn cannot be told without them. */
static bool hands_out_arguments(const ModelDescription *m, const Program *program)
{
  for (int i = 0; i < m->draws; i++)
    for (int k = 0; k < MODEL_DRAW_PARAMS && m->draw[i].param[k]; k++)
      if (rnn_dist_mode_needs(m->draw[i].dist, k) && rnn_program_var(program, m->draw[i].param[k]) < 0) return false;
  return true;
}

static bool choose_columns(Prediction *p, const ModelDescription *m, const Program *program, bool outputs,
                           RnnError *error)
{
  int most = m->outputs > m->draws ? m->outputs : m->draws;
  bool drawn = !outputs && m->draws && (!m->outputs || hands_out_arguments(m, program)), ok = true;
  p->column = calloc((size_t)most + 1, sizeof *p->column);
  if (!p->column) return rnn_fail_memory(error, (size_t)most * sizeof *p->column);
  if (!drawn && !m->outputs) return rnn_fail(error, RNN_ERROR_USAGE, "the model has no outputs");
  for (int i = 0; ok && i < (drawn ? m->draws : m->outputs); i++)
    ok = drawn ? add_draw(p, m, program, &m->draw[i], error) : add_output(p, program, m->output[i].name, error);
  p->argument = calloc((size_t)(MODEL_DRAW_PARAMS * p->widest) + 1, sizeof *p->argument);
  return ok && (p->argument || rnn_fail_memory(error, (size_t)p->widest * sizeof *p->argument));
}

/* -- running ------------------------------------------------------------------------------------------------ */

/* A row of the variable, in the room of argument k */
static DrawArgument read_row(Prediction *p, const Run *run, const ProgramVar *var, int k, int64_t t, int64_t s,
                             int64_t b)
{
  double *at = p->argument + k * p->widest;
  for (int64_t i = 0; i < var->width; i++)
    at[i] = rnn_run_value(run, var, var->time ? t : 0, var->second ? s : 0, b, i);
  return (DrawArgument){at, var->width};
}

static void gather_row(Prediction *p, const PredictColumn *c, const Run *run, int64_t t, int64_t s, int64_t b,
                       double *to)
{
  DrawArgument argument[MODEL_DRAW_PARAMS] = {{0}};
  for (int64_t i = 0; i < c->width; i++)
    to[i] = c->draw ? NAN : rnn_run_value(run, &run->program->var[c->var[0]], t, s, b, i);
  for (int k = 0; k < MODEL_DRAW_PARAMS && c->draw; k++)
    if (c->var[k] >= 0) argument[k] = read_row(p, run, &run->program->var[c->var[k]], k, t, s, b);
  if (c->draw) rnn_draw_likeliest(c->draw->dist, argument, c->width, to);
}

static void gather(Prediction *p, const Run *run, const RnnBatch *batch)
{
  for (int k = 0; k < p->columns; k++) {
    PredictColumn *c = &p->column[k];
    for (int64_t b = 0; b < batch->B; b++) {
      int64_t n = batch->sequence[b], S = steps2_of(p->data, c, n);
      int64_t first = row_of(p->data, c, n) + (c->time ? batch->from[b] : 0) * S;
      for (int64_t t = 0; t < (c->time ? batch->len[b] : 1); t++)
        for (int64_t s = 0; s < S; s++) gather_row(p, c, run, t, s, b, c->value + (first + t * S + s) * c->width);
    }
  }
}

bool rnn_predict(RnnHandle *h, const RnnDataset *data, RnnPlanSettings settings, bool outputs, Prediction *p,
                 RnnError *error)
{
  RnnBatch batch = {0};
  RnnPlan *plan = NULL;
  Run *run = rnn_handle_run(h, "forward", error);
  *p = (Prediction){.data = data, .coding = h->coding};
  bool ok = run && choose_columns(p, h->model, run->program, outputs, error);
  if (ok) {
    settings.leads = run->program->leads;
    ok = (plan = rnn_plan_new(data, &settings, error)) != NULL;
  }
  for (int64_t i = 0, n = ok ? rnn_plan_batches(plan, 0) : 0; ok && i < n; i++) {
    ok = rnn_plan_batch(plan, 0, i, &batch, error) && rnn_run_prepare(run, &batch, data, (NoiseKey){0}, error);
    if (!ok) break;
    rnn_run_again(run, h->weights, i > 0);
    gather(p, run, &batch);
    if (batch.carries_on) rnn_run_carry(run);
  }
  rnn_batch_free(&batch);
  rnn_plan_free(plan);
  return ok;
}

void rnn_prediction_free(Prediction *p)
{
  for (int i = 0; i < p->columns; i++) free(p->column[i].value);
  free(p->column);
  free(p->argument);
  *p = (Prediction){0};
}

/* -- writing ------------------------------------------------------------------------------------------------ */

static const RnnInputCoding *coding_of(const Prediction *p, const PredictColumn *c)
{
  return c->classes && p->coding ? rnn_coding_find(p->coding, c->coded_as) : NULL;
}

void rnn_csv_text(FILE *out, const char *text, size_t bytes)
{
  bool quotes = bytes == 0 || text[0] == ' ' || text[bytes - 1] == ' ';
  for (size_t i = 0; i < bytes; i++) quotes = quotes || strchr(",\"\r\n", text[i]) != NULL;
  if (quotes) fputc('"', out);
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] == '"') fputc('"', out);
    fputc(text[i], out);
  }
  if (quotes) fputc('"', out);
}

static void csv_value(const Prediction *p, const PredictColumn *c, int64_t row, FILE *out)
{
  const RnnInputCoding *coding = coding_of(p, c);
  const RnnVocabulary *v = coding ? coding->vocabulary : NULL;
  char text[RNN_NUMBER_TEXT];
  for (int64_t i = 0; i < c->width; i++) {
    double value = c->value[row * c->width + i];
    fputc(',', out);
    if (c->classes && v && value < (double)v->size)
      rnn_csv_text(out, v->entry[(int64_t)value], v->bytes[(int64_t)value]);
    else fputs(rnn_number_text(value + (c->classes && coding && !v ? (double)coding->base : 0), text), out);
  }
}

static void csv_header(const Prediction *p, bool by_step, FILE *out)
{
  fputs(by_step ? "sequence,step" : "sequence", out);
  for (int k = 0; k < p->columns; k++) {
    const PredictColumn *c = &p->column[k];
    for (int64_t i = 0; i < c->width; i++) {
      fprintf(out, ",%s", c->name);
      const RnnAxes *axes = &p->data->axes;
      if ((c->time || c->second) && c->offset)
        fprintf(out, "[%s%+lld]", c->second ? axes->second : axes->primary ? axes->primary : "t", (long long)c->offset);
      if (c->width > 1) fprintf(out, ".%lld", (long long)i + 1);
    }
  }
  fputc('\n', out);
}

bool rnn_prediction_csv(const Prediction *p, FILE *out)
{
  bool by_time = false, by_second = false;
  for (int k = 0; k < p->columns; k++) {
    by_time = by_time || p->column[k].time;
    by_second = by_second || p->column[k].second;
  }
  csv_header(p, by_time || by_second, out);
  for (int64_t n = 0; n < p->data->sequences; n++)
    for (int64_t t = 0; t < (by_time ? p->data->length[n] : by_second ? p->data->length2[n] : 1); t++) {
      fprintf(out, "%lld", (long long)n + 1);
      if (by_time || by_second) fprintf(out, ",%lld", (long long)t + 1);
      for (int k = 0; k < p->columns; k++) {
        const PredictColumn *c = &p->column[k];
        csv_value(p, c, row_of(p->data, c, n) + (c->time || c->second ? t : 0), out);
      }
      fputc('\n', out);
    }
  return !ferror(out);
}

bool rnn_prediction_fits_csv(const Prediction *p, RnnError *error)
{
  const PredictColumn *by_time = NULL, *by_second = NULL;
  for (int k = 0; k < p->columns; k++) {
    if (p->column[k].time) by_time = &p->column[k];
    if (p->column[k].second) by_second = &p->column[k];
  }
  return !by_time || !by_second ||
         rnn_fail(error, RNN_ERROR_USAGE, "'%s' and '%s' are of two axes, a table has one row a step: --out FILE.npz",
                  by_time->name, by_second->name);
}

static void put(RnnTensor *to, int64_t at, double value)
{
  if (to->dtype == RNN_I64) ((int64_t *)to->data)[at] = (int64_t)value;
  else if (to->dtype == RNN_F64) ((double *)to->data)[at] = value;
  else ((float *)to->data)[at] = (float)value;
}

static bool column_tensor(const Prediction *p, const PredictColumn *c, int64_t T, int64_t S, RnnTensorFile *file,
                          RnnError *error)
{
  int64_t shape[RNN_MAX_RANK], N = p->data->sequences;
  int rank = 0;
  if (!c->time) T = 1;
  if (!c->second) S = 1;
  if (c->shape.rank + 1 + c->time + c->second > RNN_MAX_RANK)
    return rnn_fail(error, RNN_ERROR_DATA, "%s has too many dimensions for a file", c->name);
  shape[rank++] = N;
  if (c->time) shape[rank++] = T;
  if (c->second) shape[rank++] = S;
  memcpy(shape + rank, c->shape.extent, (size_t)c->shape.rank * sizeof *shape);
  RnnDtype dtype = c->classes || (c->draw && c->draw->dist == DIST_BERNOULLI) ? RNN_I64
                   : p->data->real64                                          ? RNN_F64
                                                                              : RNN_F32;
  RnnTensor *to = rnn_tensor_add(file, c->name, dtype, rank + c->shape.rank, shape, error);
  if (!to) return false;
  for (int64_t n = 0; n < N; n++) {
    int64_t row = row_of(p->data, c, n);
    for (int64_t t = 0; t < steps_of(p->data, c, n); t++)
      for (int64_t s = 0; s < steps2_of(p->data, c, n); s++, row++)
        for (int64_t i = 0; i < c->width; i++)
          put(to, ((n * T + t) * S + s) * c->width + i, c->value[row * c->width + i]);
  }
  return true;
}

/* An array of lengths, and the longest of them. */
static bool lengths_tensor(const Prediction *p, const char *axis, const int64_t *length, int64_t *longest,
                           RnnTensorFile *file, RnnError *error)
{
  int64_t N = p->data->sequences;
  char name[256];
  snprintf(name, sizeof name, "lengths%s%s", axis ? "_" : "", axis ? axis : "");
  RnnTensor *lengths = rnn_tensor_add(file, name, RNN_I64, 1, &N, error);
  for (int64_t n = 0; lengths && n < N; n++) {
    ((int64_t *)lengths->data)[n] = length[n];
    if (length[n] > *longest) *longest = length[n];
  }
  return lengths != NULL;
}

bool rnn_prediction_tensors(const Prediction *p, RnnTensorFile *file, RnnError *error)
{
  const RnnDataset *d = p->data;
  int64_t T = 1, S = 1;
  if (!lengths_tensor(p, NULL, d->length, &T, file, error)) return false;
  if (d->length2 && !lengths_tensor(p, d->axes.second, d->length2, &S, file, error)) return false;
  for (int k = 0; k < p->columns; k++)
    if (!column_tensor(p, &p->column[k], T, S, file, error)) return false;
  return true;
}

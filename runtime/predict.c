/* predict.c: see predict.h. */
#include "predict.h"
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

static bool add_column(Prediction *p, const Program *program, const char *name, const char *var, PredictColumn column,
                       RnnError *error)
{
  column.name = name;
  column.var = rnn_program_var(program, var);
  if (column.var < 0)
    return rnn_fail(error, RNN_ERROR_USAGE, "'%s' has no memory in the program \"forward\": declare it as an output",
                    var);
  const ProgramVar *v = &program->var[column.var];
  column.time = v->time;
  column.second = v->second;
  if (v->time && p->data->length_unknown)
    return rnn_fail(error, RNN_ERROR_USAGE, "%s: nothing says how long '%s' is: decode finds its end", p->data->origin,
                    var);
  column.width = column.classes ? 1 : v->width;
  if (!column.classes) column.shape = v->shape;
  else column.shape = (ModelShape){.count = 1};
  int64_t rows = row_of(p->data, &column, p->data->sequences);
  column.value = calloc((size_t)(rows * column.width) + 1, sizeof *column.value);
  if (!column.value) return rnn_fail_memory(error, (size_t)(rows * column.width) * sizeof *column.value);
  p->column[p->columns++] = column;
  return true;
}

static bool choose_columns(Prediction *p, const ModelDescription *m, const Program *program, bool outputs,
                           RnnError *error)
{
  int most = m->outputs > m->draws ? m->outputs : m->draws;
  p->column = calloc((size_t)most + 1, sizeof *p->column);
  if (!p->column) return rnn_fail_memory(error, (size_t)most * sizeof *p->column);
  if (outputs || !m->draws) {
    for (int i = 0; i < m->outputs; i++)
      if (!add_column(p, program, m->output[i].name, m->output[i].name, (PredictColumn){0}, error)) return false;
    return m->outputs || rnn_fail(error, RNN_ERROR_USAGE, "the model has no outputs");
  }
  for (int i = 0; i < m->draws; i++) {
    const ModelDraw *d = &m->draw[i];
    PredictColumn column = {.classes = d->dist == DIST_CATEGORICAL,
                            .likely_bit = d->dist == DIST_BERNOULLI,
                            .offset = d->offset,
                            .coded_as = d->var};
    if (!add_column(p, program, d->var, d->param[0], column, error))
      return false; /* a normal's likeliest value is its mean */
  }
  return true;
}

/* -- running ------------------------------------------------------------------------------------------------ */

static double likeliest(const Run *run, const ProgramVar *var, int64_t t, int64_t s, int64_t b)
{
  int64_t best = 0;
  double most = -INFINITY;
  for (int64_t i = 0; i < var->width; i++) {
    double value = rnn_run_value(run, var, t, s, b, i);
    if (value > most) most = value, best = i;
  }
  return (double)best;
}

static void gather_row(const PredictColumn *c, const Run *run, int64_t t, int64_t s, int64_t b, double *to)
{
  const ProgramVar *var = &run->program->var[c->var];
  if (c->classes) *to = likeliest(run, var, t, s, b);
  else
    for (int64_t i = 0; i < c->width; i++)
      to[i] = c->likely_bit ? rnn_run_value(run, var, t, s, b, i) > 0 : rnn_run_value(run, var, t, s, b, i);
}

static void gather(Prediction *p, const Run *run, const RnnBatch *batch)
{
  for (int k = 0; k < p->columns; k++) {
    PredictColumn *c = &p->column[k];
    for (int64_t b = 0; b < batch->B; b++) {
      int64_t n = batch->sequence[b], S = steps2_of(p->data, c, n);
      int64_t first = row_of(p->data, c, n) + (c->time ? batch->from[b] : 0) * S;
      for (int64_t t = 0; t < (c->time ? batch->len[b] : 1); t++)
        for (int64_t s = 0; s < S; s++) gather_row(c, run, t, s, b, c->value + (first + t * S + s) * c->width);
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
    rnn_run_go(run, h->weights, NULL);
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
  RnnDtype dtype = c->classes || c->likely_bit ? RNN_I64 : p->data->real64 ? RNN_F64 : RNN_F32;
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

/* predict.c: see predict.h. */
#include "predict.h"
#include "numbers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
  column.width = column.classes ? 1 : v->width;
  if (!column.classes) column.shape = v->shape;
  else column.shape = (ModelShape){.count = 1};
  int64_t rows = column.time ? p->data->start[p->data->sequences] : p->data->sequences;
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

static double likeliest(const Run *run, const ProgramVar *var, int64_t t, int64_t b)
{
  int64_t best = 0;
  double most = -INFINITY;
  for (int64_t i = 0; i < var->width; i++) {
    double value = rnn_run_value(run, var, t, b, i);
    if (value > most) most = value, best = i;
  }
  return (double)best;
}

static void gather_row(const PredictColumn *c, const Run *run, int64_t t, int64_t b, double *to)
{
  const ProgramVar *var = &run->program->var[c->var];
  if (c->classes) *to = likeliest(run, var, t, b);
  else
    for (int64_t i = 0; i < c->width; i++)
      to[i] = c->likely_bit ? rnn_run_value(run, var, t, b, i) > 0 : rnn_run_value(run, var, t, b, i);
}

static void gather(Prediction *p, const Run *run, const RnnBatch *batch)
{
  for (int k = 0; k < p->columns; k++) {
    PredictColumn *c = &p->column[k];
    for (int64_t b = 0; b < batch->B; b++) {
      int64_t s = batch->sequence[b], first = c->time ? p->data->start[s] + batch->from[b] : s;
      for (int64_t t = 0; t < (c->time ? batch->len[b] : 1); t++)
        gather_row(c, run, t, b, c->value + (first + t) * c->width);
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

/* In quotes where a reader of CSV needs them */
static void csv_text(FILE *out, const char *text, size_t bytes)
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
    if (c->classes && v && value < (double)v->size) csv_text(out, v->entry[(int64_t)value], v->bytes[(int64_t)value]);
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
      if (c->time && c->offset) fprintf(out, "[t%+lld]", (long long)c->offset);
      if (c->width > 1) fprintf(out, ".%lld", (long long)i + 1);
    }
  }
  fputc('\n', out);
}

bool rnn_prediction_csv(const Prediction *p, FILE *out)
{
  bool by_step = false;
  for (int k = 0; k < p->columns; k++) by_step = by_step || p->column[k].time;
  csv_header(p, by_step, out);
  for (int64_t s = 0; s < p->data->sequences; s++)
    for (int64_t t = 0; t < (by_step ? p->data->length[s] : 1); t++) {
      fprintf(out, "%lld", (long long)s + 1);
      if (by_step) fprintf(out, ",%lld", (long long)t + 1);
      for (int k = 0; k < p->columns; k++)
        csv_value(p, &p->column[k], p->column[k].time ? p->data->start[s] + t : s, out);
      fputc('\n', out);
    }
  return !ferror(out);
}

static void put(RnnTensor *to, int64_t at, double value)
{
  if (to->dtype == RNN_I64) ((int64_t *)to->data)[at] = (int64_t)value;
  else if (to->dtype == RNN_F64) ((double *)to->data)[at] = value;
  else ((float *)to->data)[at] = (float)value;
}

static bool column_tensor(const Prediction *p, const PredictColumn *c, int64_t T, RnnTensorFile *file, RnnError *error)
{
  int64_t shape[RNN_MAX_RANK], N = p->data->sequences;
  int rank = 0;
  if (c->shape.rank + 1 + c->time > RNN_MAX_RANK)
    return rnn_fail(error, RNN_ERROR_DATA, "%s has too many dimensions for a file", c->name);
  shape[rank++] = N;
  if (c->time) shape[rank++] = T;
  memcpy(shape + rank, c->shape.extent, (size_t)c->shape.rank * sizeof *shape);
  RnnDtype dtype = c->classes || c->likely_bit ? RNN_I64 : p->data->real64 ? RNN_F64 : RNN_F32;
  RnnTensor *to = rnn_tensor_add(file, c->name, dtype, rank + c->shape.rank, shape, error);
  if (!to) return false;
  for (int64_t s = 0; s < N; s++)
    for (int64_t t = 0; t < (c->time ? p->data->length[s] : 1); t++)
      for (int64_t i = 0; i < c->width; i++)
        put(to, ((c->time ? s * T + t : s) * c->width) + i,
            c->value[(c->time ? p->data->start[s] + t : s) * c->width + i]);
  return true;
}

bool rnn_prediction_tensors(const Prediction *p, RnnTensorFile *file, RnnError *error)
{
  int64_t N = p->data->sequences, T = 1;
  RnnTensor *lengths = rnn_tensor_add(file, "lengths", RNN_I64, 1, &N, error);
  if (!lengths) return false;
  for (int64_t s = 0; s < N; s++) {
    ((int64_t *)lengths->data)[s] = p->data->length[s];
    if (p->data->length[s] > T) T = p->data->length[s];
  }
  for (int k = 0; k < p->columns; k++)
    if (!column_tensor(p, &p->column[k], T, file, error)) return false;
  return true;
}

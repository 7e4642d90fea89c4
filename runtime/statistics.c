/* statistics.c: see statistics.h. Knows where a parameter stands in the block, and no equation. */
#include "statistics.h"

enum { MEMORY = 10 }; /* updates */

typedef struct Kept {
  const Run *run;
  const ProgramVar *var;
  void *block;
  int64_t running, updates; /* where in it */
  int64_t rows, width;
} Kept;

static double get(const Kept *k, int64_t i)
{
  return k->run->model->real64 ? ((double *)k->block)[i] : ((float *)k->block)[i];
}

static void put(const Kept *k, int64_t i, double v)
{
  if (k->run->model->real64) ((double *)k->block)[i] = v;
  else ((float *)k->block)[i] = (float)v;
}

/* The batch's value at a place of its axis is of a row. */
static void keep_row(const Kept *k, int64_t row, int64_t place)
{
  double seen = get(k, k->updates + row), share = 1 / (seen + 1 < MEMORY ? seen + 1 : MEMORY);
  for (int64_t i = 0; i < k->width; i++) {
    int64_t at = k->running + row * k->width + i;
    double old = seen > 0 ? get(k, at) : 0;
    double now = rnn_run_value(k->run, k->var, k->var->time ? place : 0, k->var->second ? place : 0, 0, i);
    put(k, at, old + share * (now - old));
  }
  if (seen < MEMORY) put(k, k->updates + row, seen + 1);
}

/* The steps of its sequence before a column, as `t` counts them. */
static int64_t start_of(const RnnBatch *batch, int64_t b) { return batch ? batch->from[b] : 0; }

static bool is_first_of_start(const RnnBatch *batch, int64_t b)
{
  for (int64_t earlier = 0; earlier < b; earlier++)
    if (start_of(batch, earlier) == start_of(batch, b)) return false;
  return true;
}

/* Windows of one batch may stand at different steps of their sequences: the value at a place is of each of them.
   Columns stand longest first, so that the first of a start is the longest. */
static void keep_steps(const Kept *k)
{
  const RnnBatch *batch = k->run->batch;
  const RnnFrame *frame = &k->run->frame;
  for (int64_t b = 0; b < (batch ? frame->B : 1); b++) {
    if (!is_first_of_start(batch, b)) continue;
    int64_t start = start_of(batch, b), steps = batch ? frame->len[b] : frame->T;
    for (int64_t place = 0; place < steps && start + place < k->rows; place++) keep_row(k, start + place, place);
  }
}

/* Rows that no batch has reached yet hold the last that one did. */
static void fill_up(const Kept *k)
{
  int64_t last = 0;
  for (int64_t row = 0; row < k->rows; row++) {
    if (get(k, k->updates + row) > 0) last = row;
    for (int64_t i = 0; row > last && i < k->width; i++)
      put(k, k->running + row * k->width + i, get(k, k->running + last * k->width + i));
  }
}

void rnn_statistics_keep(const Run *run, void *weights)
{
  for (int i = 0; run->frame.B > 0 && i < run->program->statistics; i++) {
    const ProgramStatistic *s = &run->program->statistic[i];
    const ModelParam *running = &run->model->param[s->kept], *updates = &run->model->param[s->updates];
    const ProgramVar *var = &run->program->var[s->var];
    Kept k = {run, var, weights, running->offset, updates->offset, updates->shape.count, var->width};
    if (var->time) keep_steps(&k);
    else
      for (int64_t place = 0; place < (var->second ? run->frame.S : 1) && place < k.rows; place++)
        keep_row(&k, place, place);
    fill_up(&k);
  }
}

bool rnn_statistics_need(const RnnHandle *h, RnnError *error)
{
  const ModelDescription *m = h->model;
  bool any = m->trained == m->count;
  const char *name = NULL;
  for (int i = 0; !any && i < m->params; i++) {
    const ModelParam *p = &m->param[i];
    if (!p->fixed) continue;
    if (!name) name = p->name;
    for (int64_t k = p->offset; !any && k < p->offset + p->shape.count; k++)
      any = m->real64 ? ((const double *)h->weights)[k] != 0 : ((const float *)h->weights)[k] != 0;
  }
  return any || rnn_fail(error, RNN_ERROR_DATA,
                         "the weights hold no statistics of batches ('%s'), which training keeps: train first", name);
}

/* statistics.c: see statistics.h. Knows where a parameter stands in the block, and no equation. */
#include "statistics.h"
#include <string.h>

enum { MEMORY = 10 }; /* updates */

typedef struct Block {
  void *at;
  bool real64;
} Block;

static double get(Block b, int64_t i) { return b.real64 ? ((double *)b.at)[i] : ((float *)b.at)[i]; }

static void put(Block b, int64_t i, double v)
{
  if (b.real64) ((double *)b.at)[i] = v;
  else ((float *)b.at)[i] = (float)v;
}

static void keep(const Run *run, const ProgramStatistic *s, Block b)
{
  const ProgramVar *var = &run->program->var[s->var];
  const ModelParam *kept = &run->model->param[s->kept], *updates = &run->model->param[s->updates];
  int64_t rows = updates->shape.count, width = var->width;
  int64_t first = var->time ? run->batch->from[0] - run->batch->first[0] : 0; /* of a window */
  int64_t places = var->time ? run->frame.T : var->second ? run->frame.S : 1, last = 0;
  for (int64_t place = 0; place < places && first + place < rows; place++) {
    int64_t row = first + place;
    double seen = get(b, updates->offset + row), share = 1 / (seen + 1 < MEMORY ? seen + 1 : MEMORY);
    for (int64_t i = 0; i < width; i++) {
      double old = seen > 0 ? get(b, kept->offset + row * width + i) : 0;
      double now = rnn_run_value(run, var, var->time ? place : 0, var->second ? place : 0, 0, i);
      put(b, kept->offset + row * width + i, old + share * (now - old));
    }
    if (seen < MEMORY) put(b, updates->offset + row, seen + 1);
  }
  for (int64_t row = 0; row < rows; row++) {
    if (get(b, updates->offset + row) > 0) last = row;
    else
      for (int64_t i = 0; i < width; i++)
        put(b, kept->offset + row * width + i, get(b, kept->offset + last * width + i));
  }
}

void rnn_statistics_keep(const Run *run, void *weights)
{
  for (int i = 0; i < run->program->statistics; i++)
    keep(run, &run->program->statistic[i], (Block){weights, run->model->real64});
}

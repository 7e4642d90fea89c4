/* frame.c: see frame.h. Knows the layout of rnn_program.h, and no equation. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "frame.h"
#include "pool.h"
#include "rng.h"
#include "memory.h"
#include "windows.h"

static size_t element_bytes(const Run *run, const ProgramBuffer *b) { return (size_t)rnn_element_bytes(run->model, b); }
static size_t row_bytes(const Run *run, const ProgramBuffer *b) { return rnn_row_bytes(run->model, b); }

Run *rnn_run_new(const ModelDescription *model, const Program *program, RnnPool *pool, RnnError *error)
{
  Run *run = calloc(1, sizeof *run);
  if (run) {
    *run = (Run){.model = model, .program = program, .windows = 1};
    run->block = calloc((size_t)program->buffers + 1, sizeof *run->block);
    run->buffer = calloc((size_t)program->buffers + 1, sizeof *run->buffer);
    run->room = calloc((size_t)program->buffers + 1, sizeof *run->room);
    run->frame.pool = pool;
    run->frame.buf = run->buffer;
  }
  if (run && run->block && run->buffer && run->room) return run;
  rnn_run_free(run);
  rnn_fail_memory(error, sizeof *run);
  return NULL;
}

void rnn_run_free(Run *run)
{
  if (!run) return;
  for (int i = 0; run->block && !run->lent && i < run->program->buffers; i++) free(run->block[i]);
  free(run->block);
  free(run->buffer);
  free(run->room);
  rnn_windows_free(run);
  free(run);
}

/* -- memory ------------------------------------------------------------------------------------------------- */

void rnn_run_lend(Run *run, int i, void *memory, size_t bytes)
{
  run->lent = true;
  run->block[i] = run->buffer[i] = memory;
  run->room[i] = bytes;
}

static bool grow(Run *run, int i, size_t bytes, RnnError *error)
{
  if (bytes <= run->room[i] && run->block[i]) return true;
  if (run->lent) return rnn_fail(error, RNN_ERROR_USAGE, "more than the workspace was made for");
  run->packed = false;
  Block block = rnn_buffer_block(i, bytes);
  free(run->block[i]);
  run->room[i] = 0;
  if (posix_memalign(&run->block[i], block.align, block.size) != 0) {
    run->block[i] = NULL;
    return rnn_fail_memory(error, block.size);
  }
  if (block.align > 4096) madvise(run->block[i], block.size, MADV_HUGEPAGE); /* only a hint */
  memset(run->block[i], 0, block.size);
  run->room[i] = block.size - block.start;
  run->buffer[i] = (char *)run->block[i] + block.start;
  return true;
}

/* What batches of other sizes left may be too much together. */
static void shrink(Run *run, const Extent *x)
{
  int64_t all = 0;
  for (int i = 0; i < run->program->buffers; i++) {
    int64_t bytes = rnn_buffer_bytes(run->model, &run->program->buffer[i], x);
    all += bytes > (int64_t)run->room[i] ? bytes : (int64_t)run->room[i];
  }
  if (all <= (run->limit < 0 ? rnn_program_bytes(run->model, run->program, x) : run->limit)) return;
  for (int i = 0; i < run->program->buffers; i++) {
    free(run->block[i]);
    run->block[i] = NULL;
    run->room[i] = 0;
  }
}

/* One axis, slots of B rows: halos, and behind live[t] the rows of the shorter sequences. */
static void clear_slots(char *buffer, int empty, size_t row, int64_t B, int64_t lo, int64_t T, int64_t hi,
                        const int64_t *live)
{
  size_t slot = row * (size_t)B;
  memset(buffer, empty, (size_t)lo * slot);
  memset(buffer + (size_t)(lo + T) * slot, empty, (size_t)hi * slot);
  for (int64_t t = T - 1; live && t >= 0 && live[t] < B; t--)
    memset(buffer + (size_t)(lo + t) * slot + (size_t)live[t] * row, empty, (size_t)(B - live[t]) * row);
}

/* Halos, and the rows behind the end of the shorter sequences: zero, or no token. Nothing else: the program writes what
   it reads. */
static void clear_padding(Run *run, const ProgramBuffer *b, char *buffer)
{
  const RnnFrame *f = &run->frame;
  int64_t B = b->batch ? f->B : 1, line = b->lo2 + f->S + b->hi2; /* rows of one (t, b) over both axes */
  size_t row = row_bytes(run, b);
  int empty = b->integer ? 0xff : 0;
  if (!b->time && !b->second) return;
  if (!b->second) {
    clear_slots(buffer, empty, row, B, b->lo, f->T, b->hi, b->batch ? f->live : NULL);
    return;
  }
  if (!b->time) {
    clear_slots(buffer, empty, row, B, b->lo2, f->S, b->hi2, b->batch ? f->live2 : NULL);
    return;
  }
  clear_slots(buffer, empty, row * (size_t)line, B, b->lo, f->T, b->hi, b->batch ? f->live : NULL);
  for (int64_t t = 0; t < f->T; t++)
    for (int64_t i = 0; i < (b->batch ? f->live[t] : 1); i++) {
      char *at = buffer + (size_t)(((b->lo + t) * B + i) * line) * row;
      int64_t length = b->lo2 + (b->batch ? f->len2[f->row2[i]] : f->S);
      memset(at, empty, (size_t)b->lo2 * row);
      memset(at + (size_t)length * row, empty, (size_t)(line - length) * row);
    }
}

bool rnn_run_resize(Run *run, const RnnBatch *batch, RnnError *error)
{
  const Program *p = run->program;
  run->batch = batch;
  run->data = NULL;
  run->frame.T = batch->T;
  run->frame.B = batch->B;
  run->frame.live = batch->live;
  run->frame.len = batch->len;
  run->frame.ahead = batch->ahead;
  run->frame.fresh = batch->fresh;
  run->frame.start = batch->from;
  run->frame.S = batch->S;
  run->frame.live2 = batch->S ? batch->live2 : NULL;
  run->frame.len2 = batch->S ? batch->len2 : NULL;
  run->frame.row2 = batch->S ? batch->row2 : NULL;
  run->frame.col2 = batch->S ? batch->col2 : NULL;
  if (run->model->axes.second && !batch->S)
    return rnn_fail(error, RNN_ERROR_DATA, "the data have no lengths along %s", run->model->axes.second);
  if (!rnn_windows_choose(run, batch->T, batch->S, batch->B, error)) return false;
  Extent extent = {batch->T, batch->S, batch->B, run->window};
  if (run->limit && !run->lent) shrink(run, &extent);
  for (int i = 0; i < p->buffers; i++) {
    int64_t bytes = rnn_buffer_bytes(run->model, &p->buffer[i], &extent);
    if (bytes < 0)
      return rnn_fail(error, RNN_ERROR_IO, "%lld sequences of %lld steps do not fit in memory", (long long)batch->B,
                      (long long)batch->T);
    if (!grow(run, i, (size_t)bytes, error))
      return rnn_fail_within(error, "%lld sequences of %lld steps", (long long)batch->B, (long long)batch->T);
    if (run->windows == 1 || !p->buffer[i].window) clear_padding(run, &p->buffer[i], run->buffer[i]);
  }
  return rnn_windows_resize(run, error);
}

/* -- what the caller fills ---------------------------------------------------------------------------------- */

typedef struct NoiseJob {
  const Run *run;
  const ProgramNoise *noise;
  RnnDistribution dist;
  uint64_t seed, stream;
  double a;
} NoiseJob;

static void draw_row(const NoiseJob *job, const ProgramVar *var, int64_t t, int64_t s, int64_t b)
{
  const RnnBatch *batch = job->run->batch;
  uint64_t stream = var->batch ? rnn_stream(job->stream, (uint64_t)batch->sequence[b]) : job->stream;
  /* the step in the sequence, wherever the window starts, so that a draw does not depend on the batch around it */
  int64_t step = var->time ? (var->batch ? batch->from[b] + t : t) : 0, at = var->second ? s : step;
  if (var->time && var->second) stream = rnn_stream(stream, (uint64_t)step);
  void *row = rnn_run_row(job->run, var, t, s, b);
  if (job->run->model->real64)
    rnn_draw_f64(job->dist, job->a, job->noise->b, job->seed, stream, (uint64_t)(at * var->width), var->width, row);
  else rnn_draw_f32(job->dist, job->a, job->noise->b, job->seed, stream, (uint64_t)(at * var->width), var->width, row);
}

static void draw_steps(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  (void)frame;
  const NoiseJob *job = arg;
  const ProgramVar *var = &job->run->program->var[job->noise->var];
  for (int64_t t = from; t < to; t++) {
    int64_t columns = !var->batch ? 1 : var->time ? job->run->frame.live[t] : job->run->frame.B;
    for (int64_t b = 0; b < columns; b++)
      for (int64_t s = 0, S = rnn_run_steps2(job->run, var, b); s < S; s++) draw_row(job, var, t, s, b);
  }
}

static bool fill_noise(Run *run, NoiseKey key, RnnError *error)
{
  for (int i = 0; i < run->program->noises; i++) {
    const ProgramNoise *noise = &run->program->noise[i];
    const ProgramVar *var = &run->program->var[noise->var];
    NoiseJob job = {.run = run, .noise = noise, .seed = key.seed, .a = noise->forced ? key.forced : noise->a};
    if (!rnn_distribution_named(noise->dist, &job.dist))
      return rnn_fail(error, RNN_ERROR_DATA, "noise %s: no distribution '%s' in this version", var->name, noise->dist);
    job.stream = rnn_stream(rnn_stream(rnn_stream_named("noise"), rnn_stream_named(var->name)), key.step);
    rnn_pool_run(run->frame.pool, draw_steps, &job, var->time ? run->frame.T : 1, 4);
  }
  return true;
}

static RnnPlace place_of(const Run *run, const ProgramVar *var)
{
  const ProgramBuffer *b = &run->program->buffer[var->buffer];
  return (RnnPlace){.lo = b->lo,
                    .hi = b->hi,
                    .lo2 = b->lo2,
                    .hi2 = b->hi2,
                    .width = b->width,
                    .column = var->column,
                    .integer = b->integer,
                    .real64 = run->model->real64};
}

void rnn_run_fill(Run *run, const ProgramInput *in, int from)
{
  const ProgramVar *var = &run->program->var[in->var];
  RnnPlace place = place_of(run, var);
  rnn_batch_fill(run->batch, run->data, from, &place, run->buffer[var->buffer]);
}

static void zero_carried(Run *run, int entry, int64_t b);

bool rnn_run_prepare(Run *run, const RnnBatch *batch, const RnnDataset *data, NoiseKey noise, RnnError *error)
{
  if (!rnn_run_resize(run, batch, error)) return false;
  run->data = data;
  for (int i = 0; i < run->program->inputs; i++) {
    const ProgramInput *in = &run->program->input[i];
    const char *name = run->model->input[in->input].spec.name;
    int from = rnn_dataset_input(data, name);
    if (from < 0)
      return rnn_fail(error, RNN_ERROR_DATA, "%s: no values for the input '%s'",
                      data->origin ? data->origin : "the data", name);
    rnn_run_fill(run, in, from);
  }
  for (int i = 0; i < run->program->carries;
       i++) /* nothing is carried into a fresh column: no stale value, not even NaN */
    for (int64_t b = 0; b < batch->B; b++)
      if (batch->fresh[b] != 0) zero_carried(run, i, b);
  return fill_noise(run, noise, error);
}

/* What scans hand on from place to place starts as zero. */
static void clear_rolling(Run *run)
{
  for (int i = 0; i < run->program->buffers; i++) {
    const ProgramBuffer *b = &run->program->buffer[i];
    if (b->rolls) memset(run->buffer[i], 0, row_bytes(run, b) * (size_t)(b->batch ? run->frame.B : 1));
  }
}

static void go(Run *run, void *params, void *grads, bool packed)
{
  clear_rolling(run);
  run->frame.params = params;
  run->frame.grads = grads;
  run->frame.phase = RNN_PHASE_ALL;
  run->frame.packed = packed;
  if (run->windows > 1) rnn_windows_go(run);
  else run->program->run(&run->frame);
  run->packed = true;
}

void rnn_run_go(Run *run, void *params, void *grads) { go(run, params, grads, false); }
void rnn_run_again(Run *run, void *params, bool same) { go(run, params, NULL, same && run->packed); }

void rnn_run_phase(Run *run, void *params, RnnPhase phase)
{
  run->frame.params = params;
  run->frame.grads = NULL;
  run->frame.phase = phase;
  run->frame.packed = run->packed = false;
  run->program->run(&run->frame);
}

void rnn_run_next(Run *run)
{
  for (int i = 0; i < run->program->buffers; i++)
    if (run->program->buffer[i].time) clear_padding(run, &run->program->buffer[i], run->buffer[i]);
}

/* -- state over windows ------------------------------------------------------------------------------------- */

static void *carried_row(const Run *run, int entry, int64_t s, int64_t b)
{
  return rnn_run_row(run, &run->program->var[run->program->carry[entry].into], 0, s, b);
}

static void zero_carried(Run *run, int entry, int64_t b)
{
  const ProgramVar *into = &run->program->var[run->program->carry[entry].into];
  for (int64_t s = 0, S = rnn_run_steps2(run, into, b); s < S; s++)
    memset(carried_row(run, entry, s, b), 0, (size_t)rnn_run_carry_width(run, entry));
}

/* Where the value at a place before the window stands: what was carried in there, or, in a window that starts its
   sequence, the boundary that the program left in the halo. NULL: zero. */
static const void *before_window(const Run *run, const ProgramCarry *c, int64_t place, int64_t s, int64_t b)
{
  const Program *p = run->program;
  const ProgramVar *from = &p->var[c->from];
  if (run->frame.fresh[b] != 0)
    return p->buffer[from->buffer].lo >= 1 - place ? rnn_run_row(run, from, place - 1, s, b) : NULL;
  for (int i = 0; i < p->carries; i++)
    if (p->carry[i].from == c->from && p->carry[i].offset == place) return carried_row(run, i, s, b);
  return NULL;
}

void rnn_run_carry(Run *run)
{
  const Program *p = run->program;
  for (int i = 0; i < p->carries;
       i++) { /* oldest place first: a window shorter than the delay moves older values along */
    const ProgramCarry *c = &p->carry[i];
    const ProgramVar *from = &p->var[c->from];
    size_t bytes = (size_t)rnn_run_carry_width(run, i);
    for (int64_t b = 0; b < run->frame.B; b++) {
      int64_t place = run->frame.len[b] + c->offset; /* 1 is the window's first step */
      for (int64_t s = 0, S = rnn_run_steps2(run, from, b); s < S; s++) {
        const void *value = place < 1                     ? before_window(run, c, place, s, b)
                            : rnn_windows_hold(run, from) ? rnn_run_row(run, from, place - 1, s, b)
                                                          : rnn_windows_carried(run, i, b);
        if (value) memcpy(carried_row(run, i, s, b), value, bytes);
        else memset(carried_row(run, i, s, b), 0, bytes);
      }
    }
  }
}

bool rnn_run_reorder(Run *run, const int64_t *parent, RnnError *error)
{
  const Program *p = run->program;
  for (int i = 0; i < p->carries; i++) {
    const ProgramVar *into = &p->var[p->carry[i].into];
    size_t bytes = (size_t)rnn_run_carry_width(run, i), B = (size_t)run->frame.B;
    char *old = malloc(bytes * B + 1);
    if (!old) return rnn_fail_memory(error, bytes * B);
    for (int64_t s = 0; s < (into->second ? run->frame.S : 1); s++) { /* each s by itself: rows move within it alone */
      for (size_t b = 0; b < B; b++) memcpy(old + b * bytes, carried_row(run, i, s, (int64_t)b), bytes);
      for (size_t b = 0; b < B; b++) memcpy(carried_row(run, i, s, (int64_t)b), old + (size_t)parent[b] * bytes, bytes);
    }
    free(old);
  }
  return true;
}

int64_t rnn_run_carry_width(const Run *run, int entry)
{
  const ProgramVar *into = &run->program->var[run->program->carry[entry].into];
  return into->width * (int64_t)element_bytes(run, &run->program->buffer[into->buffer]);
}

void *rnn_run_carry_row(const Run *run, int entry, int64_t b) { return carried_row(run, entry, 0, b); }

/* -- reading ------------------------------------------------------------------------------------------------ */

void *rnn_run_row(const Run *run, const ProgramVar *var, int64_t t, int64_t s, int64_t b)
{
  const ProgramBuffer *buffer = &run->program->buffer[var->buffer];
  int64_t B = buffer->batch ? run->frame.B : 1, row;
  if (!buffer->batch) b = 0;
  if (!buffer->second) row = (buffer->time ? buffer->lo + t : 0) * B + b;
  else if (!buffer->time) row = (buffer->lo2 + s) * B + (buffer->batch ? run->frame.row2[b] : 0);
  else row = ((buffer->lo + t) * B + b) * (buffer->lo2 + run->frame.S + buffer->hi2) + buffer->lo2 + s;
  return (char *)run->buffer[var->buffer] + (size_t)(row * buffer->width + var->column) * element_bytes(run, buffer);
}

int64_t rnn_run_steps(const Run *run, const ProgramVar *var, int64_t b)
{
  return !var->time ? 1 : var->batch ? run->frame.len[b] : run->frame.T;
}

int64_t rnn_run_steps2(const Run *run, const ProgramVar *var, int64_t b)
{
  return !var->second ? 1 : var->batch ? run->frame.len2[run->frame.row2[b]] : run->frame.S;
}

double rnn_run_value(const Run *run, const ProgramVar *var, int64_t t, int64_t s, int64_t b, int64_t element)
{
  const void *row = rnn_run_row(run, var, t, s, b);
  return var->token           ? ((const int32_t *)row)[element]
         : run->model->real64 ? ((const double *)row)[element]
                              : ((const float *)row)[element];
}

double rnn_run_number(const Run *run, int var) { return rnn_run_value(run, &run->program->var[var], 0, 0, 0, 0); }

bool rnn_run_export(const Run *run, const ProgramVar *var, const char *name, RnnTensorFile *out, RnnError *error)
{
  int64_t T = var->time ? run->frame.T : 1, S = var->second ? run->frame.S : 1, B = run->frame.B, shape[RNN_MAX_RANK];
  int rank = 0, own = var->token ? 0 : var->shape.rank;
  if (own + var->batch + var->time + var->second > RNN_MAX_RANK)
    return rnn_fail(error, RNN_ERROR_DATA, "%s has too many dimensions for a file", name);
  if (var->batch) shape[rank++] = B;
  if (var->time) shape[rank++] = T;
  if (var->second) shape[rank++] = S;
  memcpy(shape + rank, var->shape.extent, (size_t)own * sizeof *shape);
  RnnTensor *to = rnn_tensor_add(out, name,
                                 var->token           ? RNN_I32
                                 : run->model->real64 ? RNN_F64
                                                      : RNN_F32,
                                 rank + own, shape, error);
  if (!to) return false;
  size_t bytes = (size_t)var->width * element_bytes(run, &run->program->buffer[var->buffer]);
  for (int64_t b = 0; b < (var->batch ? B : 1); b++) {
    int64_t steps = rnn_run_steps(run, var, b), steps2 = rnn_run_steps2(run, var, b);
    int64_t n = var->batch ? run->batch->order[b] : 0;
    for (int64_t t = 0; t < steps; t++)
      for (int64_t s = 0; s < steps2; s++)
        memcpy((char *)to->data + (size_t)((n * T + t) * S + s) * bytes, rnn_run_row(run, var, t, s, b), bytes);
  }
  return true;
}

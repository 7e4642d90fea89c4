/* frame.c: see frame.h. Knows the layout of rnn_program.h, and no equation. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "frame.h"
#include "pool.h"
#include "rng.h"

static size_t real_bytes(const Run *run) { return run->model->real64 ? sizeof(double) : sizeof(float); }
static size_t element_bytes(const Run *run, const ProgramBuffer *b)
{
  return b->integer ? sizeof(int32_t) : real_bytes(run);
}
/* Bytes of one row: the elements that belong to one (t, b) */
static size_t row_bytes(const Run *run, const ProgramBuffer *b) { return (size_t)b->width * element_bytes(run, b); }

Run *rnn_run_new(const ModelDescription *model, const Program *program, RnnPool *pool, RnnError *error)
{
  Run *run = calloc(1, sizeof *run);
  if (run) {
    *run = (Run){.model = model, .program = program};
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
  for (int i = 0; run->block && i < run->program->buffers; i++) free(run->block[i]);
  free(run->block);
  free(run->buffer);
  free(run->room);
  free(run);
}

/* -- memory ------------------------------------------------------------------------------------------------- */

/* Bytes of a buffer, or false where they do not fit in memory's address space */
static bool buffer_bytes(const Run *run, const ProgramBuffer *b, int64_t T, int64_t B, size_t *bytes)
{
  size_t n = row_bytes(run, b);
  return !__builtin_mul_overflow(n, (size_t)(b->time ? b->lo + T + b->hi : 1), &n) &&
         !__builtin_mul_overflow(n, (size_t)(b->batch ? B : 1), &n) && n < SIZE_MAX / 2 && (*bytes = n, true);
}

/* Blocks of equal alignment would compete for the same sets of a cache when a loop walks several of them: each starts
 * some lines further. */
static bool grow(Run *run, int i, size_t bytes, RnnError *error)
{
  enum { LINE = 64, PAGE = 4096, HUGE = 2 << 20 };
  size_t stagger = (size_t)i * 5 * LINE % PAGE;
  if (bytes <= run->room[i] && run->block[i]) return true;
  size_t align = bytes >= 2 * HUGE ? HUGE : LINE, size = (bytes + stagger + align) / align * align;
  free(run->block[i]);
  run->room[i] = 0;
  run->block[i] = aligned_alloc(align, size);
  if (!run->block[i]) return rnn_fail_memory(error, size);
  if (align == HUGE) madvise(run->block[i], size, MADV_HUGEPAGE); /* only a hint */
  memset(run->block[i], 0, size);
  run->room[i] = size - stagger;
  run->buffer[i] = (char *)run->block[i] + stagger;
  return true;
}

/* Halos, and the rows behind the end of the shorter sequences: zero, or no token. Nothing else: the program writes what
 * it reads. */
static void zero_padding(Run *run, const ProgramBuffer *b, char *buffer)
{
  int64_t T = run->frame.T, B = b->batch ? run->frame.B : 1;
  size_t row = row_bytes(run, b), slot = row * (size_t)B;
  int empty = b->integer ? 0xff : 0;
  if (!b->time) return;
  memset(buffer, empty, (size_t)b->lo * slot);
  memset(buffer + (size_t)(b->lo + T) * slot, empty, (size_t)b->hi * slot);
  if (!b->batch) return;
  for (int64_t t = T - 1; t >= 0 && run->frame.live[t] < B; t--)
    memset(buffer + (size_t)(b->lo + t) * slot + (size_t)run->frame.live[t] * row, empty,
           (size_t)(B - run->frame.live[t]) * row);
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
  for (int i = 0; i < p->buffers; i++) {
    size_t bytes;
    if (!buffer_bytes(run, &p->buffer[i], batch->T, batch->B, &bytes))
      return rnn_fail(error, RNN_ERROR_IO, "%lld sequences of %lld steps do not fit in memory", (long long)batch->B,
                      (long long)batch->T);
    if (!grow(run, i, bytes, error))
      return rnn_fail_within(error, "%lld sequences of %lld steps", (long long)batch->B, (long long)batch->T);
    zero_padding(run, &p->buffer[i], run->buffer[i]);
  }
  return true;
}

/* -- what the caller fills ---------------------------------------------------------------------------------- */

typedef struct NoiseJob {
  const Run *run;
  const ProgramNoise *noise;
  RnnDistribution dist;
  uint64_t seed, stream;
  double a;
} NoiseJob;

static void draw_row(const NoiseJob *job, const ProgramVar *var, int64_t t, int64_t b)
{
  const RnnBatch *batch = job->run->batch;
  uint64_t stream = var->batch ? rnn_stream(job->stream, (uint64_t)batch->sequence[b]) : job->stream;
  int64_t at =
      var->time ? (var->batch ? batch->from[b] + t : t) : 0; /* the step in the sequence, wherever the window starts */
  void *row = rnn_run_row(job->run, var, t, b);
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
    for (int64_t b = 0; b < columns; b++) draw_row(job, var, t, b);
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
                    .width = b->width,
                    .column = var->column,
                    .integer = b->integer,
                    .real64 = run->model->real64};
}

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
    RnnPlace place = place_of(run, &run->program->var[in->var]);
    rnn_batch_fill(batch, data, from, &place, run->buffer[run->program->var[in->var].buffer]);
  }
  for (int i = 0; i < run->program->carries;
       i++) /* nothing is carried into a fresh column: no stale value, not even NaN */
    for (int64_t b = 0; b < batch->B; b++)
      if (batch->fresh[b] != 0) memset(rnn_run_carry_row(run, i, b), 0, (size_t)rnn_run_carry_width(run, i));
  return fill_noise(run, noise, error);
}

void rnn_run_go(Run *run, void *params, void *grads)
{
  run->frame.params = params;
  run->frame.grads = grads;
  run->program->run(&run->frame);
}

/* -- state over windows ------------------------------------------------------------------------------------- */

/* Where the value at a place before the window stands: what was carried in there, or, in a window that starts its
   sequence, the boundary that the program left in the halo. NULL: zero. */
static const void *before_window(const Run *run, const ProgramCarry *c, int64_t place, int64_t b)
{
  const Program *p = run->program;
  if (run->frame.fresh[b] != 0)
    return p->buffer[p->var[c->from].buffer].lo >= 1 - place ? rnn_run_row(run, &p->var[c->from], place - 1, b) : NULL;
  for (int i = 0; i < p->carries; i++)
    if (p->carry[i].from == c->from && p->carry[i].offset == place)
      return rnn_run_row(run, &p->var[p->carry[i].into], 0, b);
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
      const void *value = place >= 1 ? rnn_run_row(run, from, place - 1, b) : before_window(run, c, place, b);
      if (value) memcpy(rnn_run_carry_row(run, i, b), value, bytes);
      else memset(rnn_run_carry_row(run, i, b), 0, bytes);
    }
  }
}

int64_t rnn_run_carry_width(const Run *run, int entry)
{
  const ProgramVar *into = &run->program->var[run->program->carry[entry].into];
  return into->width * (int64_t)element_bytes(run, &run->program->buffer[into->buffer]);
}

void *rnn_run_carry_row(const Run *run, int entry, int64_t b)
{
  return rnn_run_row(run, &run->program->var[run->program->carry[entry].into], 0, b);
}

/* -- reading ------------------------------------------------------------------------------------------------ */

void *rnn_run_row(const Run *run, const ProgramVar *var, int64_t t, int64_t b)
{
  const ProgramBuffer *buffer = &run->program->buffer[var->buffer];
  int64_t row = (buffer->time ? buffer->lo + t : 0) * (buffer->batch ? run->frame.B : 1) + (buffer->batch ? b : 0);
  return (char *)run->buffer[var->buffer] + (size_t)(row * buffer->width + var->column) * element_bytes(run, buffer);
}

double rnn_run_value(const Run *run, const ProgramVar *var, int64_t t, int64_t b, int64_t element)
{
  const void *row = rnn_run_row(run, var, t, b);
  return var->token           ? ((const int32_t *)row)[element]
         : run->model->real64 ? ((const double *)row)[element]
                              : ((const float *)row)[element];
}

double rnn_run_number(const Run *run, int var) { return rnn_run_value(run, &run->program->var[var], 0, 0, 0); }

bool rnn_run_export(const Run *run, const ProgramVar *var, const char *name, RnnTensorFile *out, RnnError *error)
{
  int64_t T = run->frame.T, B = run->frame.B, shape[RNN_MAX_RANK];
  int rank = 0, own = var->token ? 0 : var->shape.rank;
  if (own + var->batch + var->time > RNN_MAX_RANK)
    return rnn_fail(error, RNN_ERROR_DATA, "%s has too many dimensions for a file", name);
  if (var->batch) shape[rank++] = B;
  if (var->time) shape[rank++] = T;
  memcpy(shape + rank, var->shape.extent, (size_t)own * sizeof *shape);
  RnnTensor *to = rnn_tensor_add(out, name,
                                 var->token           ? RNN_I32
                                 : run->model->real64 ? RNN_F64
                                                      : RNN_F32,
                                 rank + own, shape, error);
  if (!to) return false;
  size_t bytes = (size_t)var->width * element_bytes(run, &run->program->buffer[var->buffer]);
  for (int64_t b = 0; b < (var->batch ? B : 1); b++) {
    int64_t steps = !var->time ? 1 : var->batch ? run->frame.len[b] : T, n = var->batch ? run->batch->order[b] : 0;
    for (int64_t t = 0; t < steps; t++)
      memcpy((char *)to->data + (size_t)(n * (var->time ? T : 1) + t) * bytes, rnn_run_row(run, var, t, b), bytes);
  }
  return true;
}

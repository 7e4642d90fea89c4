/* batch.c: one batch: which steps of which sequences, and the arrays that a program reads of them. Knows no plan
   (plan.c). */
#include "batch.h"
#include "batch_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- room ---------------------------------------------------------------------------------------------------------- */

void rnn_batch_free(RnnBatch *batch)
{
  free(batch->live);
  free(batch->len);
  free(batch->ahead);
  free(batch->fresh);
  free(batch->sequence);
  free(batch->from);
  free(batch->first);
  free(batch->order);
  *batch = (RnnBatch){0};
}

static bool grow(void **list, int64_t count, RnnError *error)
{
  void *more = realloc(*list, (size_t)count * 8);
  if (!more) return rnn_fail_memory(error, (size_t)count * 8);
  *list = more;
  return true;
}

static bool reserve(RnnBatch *batch, int64_t T, int64_t B, RnnError *error)
{
  if (T > batch->room_T) {
    if (T > INT64_MAX / 16 || !grow((void **)&batch->live, T + 1, error)) return rnn_fail_memory(error, SIZE_MAX);
    batch->room_T = T;
  }
  if (B <= batch->room_B) return true;
  void **lists[] = {(void **)&batch->len,  (void **)&batch->ahead, (void **)&batch->fresh, (void **)&batch->sequence,
                    (void **)&batch->from, (void **)&batch->first, (void **)&batch->order};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (!grow(lists[i], B, error)) return false;
  batch->room_B = B;
  return true;
}

/* -- windows ------------------------------------------------------------------------------------------------------- */

static int compare_streams(const void *a, const void *b)
{
  const RnnStream *x = a, *y = b;
  if (x->length != y->length) return x->length > y->length ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

void rnn_streams_sort(RnnStream *stream, int64_t count)
{
  qsort(stream, (size_t)count, sizeof *stream, compare_streams);
}

/* live[t]: the sequences longer than t; len is descending, so one walk from the back finds them all */
static void count_live(RnnBatch *batch)
{
  int64_t b = batch->B;
  for (int64_t t = 0; t <= batch->T; t++) {
    while (b > 0 && batch->len[b - 1] <= t) b--;
    batch->live[t] = b;
  }
}

bool rnn_batch_window(RnnBatch *batch, const RnnDataset *dataset, const RnnStream *stream, int64_t count, int64_t begin,
                      int64_t end, int64_t leads, RnnError *error)
{
  int64_t B = 0;
  while (B < count && stream[B].length > begin) B++;
  int64_t T = (stream[0].length < end ? stream[0].length : end) - begin;
  if (!reserve(batch, T, B, error)) return false;
  batch->T = T;
  batch->B = B;
  batch->carries_on = false;
  for (int64_t b = 0; b < B; b++) {
    const RnnStream *s = &stream[b];
    batch->len[b] = (s->length < end ? s->length : end) - begin;
    batch->sequence[b] = s->sequence;
    batch->first[b] = s->first;
    batch->from[b] = s->first + begin;
    batch->fresh[b] = begin == 0;
    batch->order[b] = s->order;
    int64_t left = dataset->length[s->sequence] - batch->from[b] - batch->len[b];
    batch->ahead[b] = left < leads ? left : leads;
  }
  count_live(batch);
  return true;
}

bool rnn_batch_whole(RnnBatch *batch, const RnnDataset *dataset, const int64_t *list, int64_t count, RnnError *error)
{
  if (count < 1) return rnn_fail(error, RNN_ERROR_DATA, "%s: a batch of no sequences", dataset->origin);
  RnnStream *stream = calloc((size_t)count, sizeof *stream);
  if (!stream) return rnn_fail_memory(error, (size_t)count * sizeof *stream);
  for (int64_t i = 0; i < count; i++)
    stream[i] = (RnnStream){.sequence = list[i], .length = dataset->length[list[i]], .order = i};
  rnn_streams_sort(stream, count);
  bool done = rnn_batch_window(batch, dataset, stream, count, 0, INT64_MAX, 0, error);
  free(stream);
  return done;
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

/* `count` elements from the dataset (NULL: what stands where nothing is observed, or where nothing is) */
static void put_token(int32_t *to, const int32_t *from, int64_t count)
{
  for (int64_t j = 0; j < count; j++) to[j] = from ? from[j] : -1;
}

static void put_real(const RnnPlace *place, void *buffer, int64_t at, const RnnDataset *dataset, int input,
                     int64_t from, int64_t count)
{
  const double *wide = dataset->real64 ? (const double *)dataset->values[input] + from : NULL;
  const float *narrow = dataset->real64 ? NULL : (const float *)dataset->values[input] + from;
  if (place->real64 == dataset->real64) {
    size_t size = place->real64 ? sizeof(double) : sizeof(float);
    memcpy((char *)buffer + (size_t)at * size, wide ? (const void *)wide : (const void *)narrow, (size_t)count * size);
  } else if (place->real64)
    for (int64_t j = 0; j < count; j++) ((double *)buffer)[at + j] = narrow[j];
  else
    for (int64_t j = 0; j < count; j++) ((float *)buffer)[at + j] = (float)wide[j];
}

static void put_same(const RnnPlace *place, void *buffer, int64_t at, double value, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    if (place->real64) ((double *)buffer)[at + j] = value;
    else ((float *)buffer)[at + j] = (float)value;
}

/* One value of an input to its place in a row of the buffer. */
static void put_value(const RnnDataset *dataset, int input, const RnnPlace *place, void *buffer, int64_t row,
                      int64_t from, bool real)
{
  const RnnInputSpec *spec = &dataset->input[input];
  int64_t at = row * place->width + place->column;
  bool absent = !dataset->values[input];
  if (spec->token)
    put_token((int32_t *)buffer + at, real && !absent ? (const int32_t *)dataset->values[input] + from : NULL,
              spec->width);
  else if (real && !absent) put_real(place, buffer, at, dataset, input, from, spec->width);
  else put_same(place, buffer, at, real ? NAN : 0, spec->width);
}

void rnn_batch_fill(const RnnBatch *batch, const RnnDataset *dataset, int input, const RnnPlace *place, void *buffer)
{
  const RnnInputSpec *spec = &dataset->input[input];
  for (int64_t b = 0; b < batch->B && !spec->time; b++)
    put_value(dataset, input, place, buffer, b, rnn_dataset_at(dataset, input, batch->sequence[b], 0), true);
  if (!spec->time) return;
  for (int64_t t = -place->lo; t < batch->T + place->hi; t++)
    for (int64_t b = 0; b < batch->B; b++) {
      /* real: the window, what follows it as far as `ahead` says, and what stands before it within its stream */
      int64_t step = batch->from[b] + t;
      bool real = t < batch->len[b] + batch->ahead[b] && step >= batch->first[b];
      int64_t from = real ? rnn_dataset_at(dataset, input, batch->sequence[b], step) : 0;
      put_value(dataset, input, place, buffer, (place->lo + t) * batch->B + b, from, real);
    }
}

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
  free(batch->live2);
  free(batch->len2);
  free(batch->row2);
  free(batch->col2);
  *batch = (RnnBatch){0};
}

static bool grow(void **list, int64_t count, RnnError *error)
{
  void *more = realloc(*list, (size_t)count * 8);
  if (!more) return rnn_fail_memory(error, (size_t)count * 8);
  *list = more;
  return true;
}

static bool reserve_live(int64_t **live, int64_t *room, int64_t T, RnnError *error)
{
  if (T < *room) return true; /* T + 1 of them */
  if (T > INT64_MAX / 16 || !grow((void **)live, T + 1, error)) return rnn_fail_memory(error, SIZE_MAX);
  *room = T + 1;
  return true;
}

static bool reserve(RnnBatch *batch, int64_t T, int64_t S, int64_t B, RnnError *error)
{
  if (!reserve_live(&batch->live, &batch->room_T, T, error) || !reserve_live(&batch->live2, &batch->room_S, S, error))
    return false;
  if (B <= batch->room_B) return true;
  void **lists[] = {(void **)&batch->len,  (void **)&batch->ahead, (void **)&batch->fresh, (void **)&batch->sequence,
                    (void **)&batch->from, (void **)&batch->first, (void **)&batch->order, (void **)&batch->len2,
                    (void **)&batch->row2, (void **)&batch->col2};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (!grow(lists[i], B, error)) return false;
  batch->room_B = B;
  return true;
}

/* -- windows ------------------------------------------------------------------------------------------------------- */

static bool stands_before(const RnnStream *x, const RnnStream *y)
{
  return x->length != y->length ? x->length > y->length : x->order < y->order;
}

/* Lets stream[i] sink in a heap whose top stands last. */
static void sink(RnnStream *stream, int64_t i, int64_t count)
{
  RnnStream moved = stream[i];
  for (int64_t child; (child = 2 * i + 1) < count; i = child) {
    if (child + 1 < count && stands_before(&stream[child], &stream[child + 1])) child++;
    if (!stands_before(&moved, &stream[child])) break;
    stream[i] = stream[child];
  }
  stream[i] = moved;
}

/* A heap sort: libc's asks for memory. No two streams are equal, since orders differ. */
void rnn_streams_sort(RnnStream *stream, int64_t count)
{
  int64_t sorted = 1;
  while (sorted < count && !stands_before(&stream[sorted], &stream[sorted - 1])) sorted++;
  if (sorted >= count) return;
  for (int64_t i = count / 2 - 1; i >= 0; i--) sink(stream, i, count);
  for (int64_t last = count - 1; last > 0; last--) {
    RnnStream top = stream[0];
    stream[0] = stream[last];
    stream[last] = top;
    sink(stream, 0, last);
  }
}

/* live[t]: the sequences longer than t; len is descending, so one walk from the back finds them all */
static void count_live(const int64_t *len, int64_t B, int64_t T, int64_t *live)
{
  int64_t b = B;
  for (int64_t t = 0; t <= T; t++) {
    while (b > 0 && len[b - 1] <= t) b--;
    live[t] = b;
  }
}

static int64_t longest_second(const RnnDataset *dataset, const RnnStream *stream, int64_t B)
{
  int64_t S = 0;
  for (int64_t b = 0; b < B && dataset->length2; b++)
    if (dataset->length2[stream[b].sequence] > S) S = dataset->length2[stream[b].sequence];
  return S;
}

/* The second axis' own order: a stable counting sort by length, longest first. */
static void order_second(RnnBatch *batch, const RnnDataset *dataset)
{
  for (int64_t s = 0; s <= batch->S; s++) batch->live2[s] = 0;
  for (int64_t b = 0; b < batch->B; b++) batch->live2[dataset->length2[batch->sequence[b]] - 1]++;
  for (int64_t s = batch->S; s > 0; s--) batch->live2[s - 1] += batch->live2[s]; /* now: sequences longer than s */
  for (int64_t b = batch->B - 1; b >= 0; b--) {
    int64_t length = dataset->length2[batch->sequence[b]], r = --batch->live2[length - 1];
    batch->row2[b] = r;
    batch->col2[r] = b;
    batch->len2[r] = length;
  }
  count_live(batch->len2, batch->B, batch->S, batch->live2);
}

bool rnn_batch_window(RnnBatch *batch, const RnnDataset *dataset, const RnnStream *stream, int64_t count, int64_t begin,
                      int64_t end, int64_t leads, RnnError *error)
{
  int64_t B = 0;
  while (B < count && stream[B].length > begin) B++;
  int64_t T = (stream[0].length < end ? stream[0].length : end) - begin, S = longest_second(dataset, stream, B);
  if (!reserve(batch, T, S, B, error)) return false;
  batch->T = T;
  batch->S = S;
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
  count_live(batch->len, B, T, batch->live);
  if (S) order_second(batch, dataset);
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

bool rnn_batch_stepwise(RnnBatch *batch, const RnnDataset *dataset, const int64_t *list, int64_t count, RnnError *error)
{
  RnnStream *stream = calloc((size_t)count, sizeof *stream);
  if (!stream) return rnn_fail_memory(error, (size_t)count * sizeof *stream);
  for (int64_t i = 0; i < count; i++) stream[i] = (RnnStream){.sequence = list[i], .length = 1, .order = i};
  bool done = rnn_batch_window(batch, dataset, stream, count, 0, 1, 0, error);
  free(stream);
  return done;
}

void rnn_batch_step(RnnBatch *batch, const RnnDataset *dataset, int64_t t, int64_t leads)
{
  for (int64_t b = 0; b < batch->B; b++) {
    int64_t left = dataset->length[batch->sequence[b]] - t - 1;
    batch->from[b] = t;
    batch->fresh[b] = t == 0;
    batch->ahead[b] = left > leads ? leads : left > 0 ? left : 0;
  }
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

/* The row of a buffer over some of the axes; b in the first order. */
static int64_t row_at(const RnnBatch *batch, const RnnInputSpec *spec, const RnnPlace *place, int64_t t, int64_t s,
                      int64_t b)
{
  if (!spec->second) return (spec->time ? (place->lo + t) * batch->B : 0) + b;
  if (!spec->time) return (place->lo2 + s) * batch->B + batch->row2[b];
  return ((place->lo + t) * batch->B + b) * (place->lo2 + batch->S + place->hi2) + place->lo2 + s;
}

void rnn_batch_fill(const RnnBatch *batch, const RnnDataset *dataset, int input, const RnnPlace *place, void *buffer)
{
  const RnnInputSpec *spec = &dataset->input[input];
  int64_t t0 = spec->time ? -place->lo : 0, t1 = spec->time ? batch->T + place->hi : 1;
  int64_t s0 = spec->second ? -place->lo2 : 0, s1 = spec->second ? batch->S + place->hi2 : 1;
  for (int64_t t = t0; t < t1; t++)
    for (int64_t b = 0; b < batch->B; b++) {
      /* real: the window, what follows it as far as `ahead` says, and what stands before it within its stream */
      int64_t n = batch->sequence[b], step = spec->time ? batch->from[b] + t : 0;
      bool real_t =
          !spec->time || (t < batch->len[b] + batch->ahead[b] && step >= batch->first[b] && step < dataset->length[n]);
      for (int64_t s = s0; s < s1; s++) {
        bool real = real_t && (!spec->second || (s >= 0 && s < dataset->length2[n]));
        int64_t from = real ? rnn_dataset_at(dataset, input, n, step, s) : 0;
        put_value(dataset, input, place, buffer, row_at(batch, spec, place, t, s, b), from, real);
      }
    }
}

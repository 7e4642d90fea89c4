/* trace.c: see trace.h. */
#include <stdlib.h>
#include <string.h>
#include "trace.h"

bool rnn_trace_begin(Trace *t, const char *path, RnnError *error)
{
  *t = (Trace){0};
  if (!path) return true;
  t->path = strdup(path);
  return t->path || rnn_fail_memory(error, strlen(path));
}

void rnn_trace_free(Trace *t)
{
  free(t->path);
  free(t->numbers);
  free(t->weights);
  *t = (Trace){0};
}

static bool grow(Trace *t, size_t block, RnnError *error)
{
  int64_t room = t->room ? 2 * t->room : 64;
  double *numbers = realloc(t->numbers, (size_t)room * 3 * sizeof *numbers);
  if (numbers) t->numbers = numbers;
  char *weights = numbers ? realloc(t->weights, (size_t)room * block + 1) : NULL;
  if (!weights) return rnn_fail_memory(error, (size_t)room * block);
  t->weights = weights;
  t->room = room;
  return true;
}

bool rnn_trace_step(Trace *t, const RnnHandle *h, double loss, double norm, double rate, RnnError *error)
{
  size_t block = rnn_block_bytes(h);
  if (!t->path) return true;
  if (t->steps == t->room && !grow(t, block, error)) return rnn_fail_within(error, "trace %s", t->path);
  memcpy(t->numbers + 3 * t->steps, (double[]){loss, norm, rate}, 3 * sizeof(double));
  memcpy(t->weights + (size_t)t->steps * block, h->weights, block);
  t->steps++;
  return true;
}

static bool add_numbers(const Trace *t, RnnTensorFile *file, RnnError *error)
{
  static const char *const names[] = {"loss", "norm", "rate"};
  for (int i = 0; i < 3; i++) {
    RnnTensor *to = rnn_tensor_add(file, names[i], RNN_F64, 1, &t->steps, error);
    if (!to) return false;
    for (int64_t s = 0; s < t->steps; s++) ((double *)to->data)[s] = t->numbers[3 * s + i];
  }
  return true;
}

static bool add_weights(const Trace *t, const RnnHandle *h, RnnTensorFile *file, RnnError *error)
{
  size_t element = h->model->real64 ? sizeof(double) : sizeof(float), block = rnn_block_bytes(h);
  for (int i = 0; i < h->model->params; i++) {
    const RnnParam *p = &h->param[i];
    int64_t shape[RNN_MAX_RANK] = {t->steps};
    if (p->rank == RNN_MAX_RANK)
      return rnn_fail(error, RNN_ERROR_DATA, "%s has too many dimensions for a trace", p->name);
    memcpy(shape + 1, p->shape, (size_t)p->rank * sizeof *shape);
    RnnTensor *to = rnn_tensor_add(file, p->name, h->model->real64 ? RNN_F64 : RNN_F32, p->rank + 1, shape, error);
    if (!to) return false;
    size_t bytes = (size_t)p->count * element;
    for (int64_t s = 0; s < t->steps; s++)
      memcpy((char *)to->data + (size_t)s * bytes, t->weights + (size_t)s * block + (size_t)p->offset * element, bytes);
  }
  return true;
}

bool rnn_trace_write(const Trace *t, const RnnHandle *h, RnnError *error)
{
  RnnTensorFile file = {0};
  bool ok = !t->path ||
            (add_numbers(t, &file, error) && add_weights(t, h, &file, error) && rnn_npz_write(t->path, &file, error));
  rnn_tensor_file_free(&file);
  return ok;
}

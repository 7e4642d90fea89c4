/* weights.c: parameters into and out of files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "handle.h"

enum { NAME = 1024 };

static bool full_name(char *text, const char *prefix, const char *name, RnnError *error)
{
  int n = snprintf(text, NAME, "%s%s", prefix, name);
  return n < NAME ? true : rnn_fail(error, RNN_ERROR_DATA, "the name '%s' is too long for a file", name);
}

bool rnn_weights_put(const RnnHandle *h, const void *block, const char *prefix, RnnTensorFile *file, RnnError *error)
{
  char name[NAME];
  size_t bytes = h->model->real64 ? sizeof(double) : sizeof(float);
  for (int i = 0; i < h->model->params; i++) {
    const RnnParam *p = &h->param[i];
    const char *from = (const char *)block + (size_t)p->offset * bytes;
    if (!full_name(name, prefix, p->name, error)) return false;
    if (!rnn_tensor_borrow(file, name, h->model->real64 ? RNN_F64 : RNN_F32, p->rank, p->shape, from, error))
      return false;
  }
  return true;
}

/* The tensor of a parameter, or NULL with a message that says which parameter does not fit and how. */
static const RnnTensor *tensor_of(const RnnParam *p, const char *name, const RnnTensorFile *file, const char *path,
                                  RnnError *error)
{
  char has[128], needs[128];
  const RnnTensor *t = rnn_tensor_need(file, path, name, error);
  if (!t) return NULL;
  if (!rnn_tensor_has_shape(t, p->rank, p->shape)) {
    rnn_fail(error, RNN_ERROR_DATA, "%s: '%s' is %s, the model needs %s", path, name,
             rnn_shape_text(t->rank, t->shape, has, sizeof has),
             rnn_shape_text(p->rank, p->shape, needs, sizeof needs));
    return NULL;
  }
  if (rnn_dtype_is_real(t->dtype)) return t;
  rnn_fail(error, RNN_ERROR_DATA, "%s: '%s' holds %s, a parameter is real", path, name, rnn_dtype_name(t->dtype));
  return NULL;
}

/* What training keeps of batch statistics, and a file from elsewhere need not have: it is zero then, as before
 * training. */
static bool may_lack(const RnnHandle *h, int i, const char *name, const RnnTensorFile *file)
{
  return h->model->param[i].fixed && !rnn_tensor_find(file, name);
}

bool rnn_weights_take(const RnnHandle *h, void *block, const char *prefix, const RnnTensorFile *file, const char *path,
                      RnnError *error)
{
  char name[NAME];
  for (int i = 0; i < h->model->params; i++) { /* first look at all: a file that does not fit changes nothing */
    if (!full_name(name, prefix, h->param[i].name, error)) return false;
    if (!may_lack(h, i, name, file) && !tensor_of(&h->param[i], name, file, path, error)) return false;
  }
  for (int i = 0; i < h->model->params; i++) {
    const RnnParam *p = &h->param[i];
    if (!full_name(name, prefix, p->name, error)) return false;
    size_t bytes = h->model->real64 ? sizeof(double) : sizeof(float);
    if (may_lack(h, i, name, file)) {
      memset((char *)block + (size_t)p->offset * bytes, 0, (size_t)p->count * bytes);
      continue;
    }
    const RnnTensor *t = tensor_of(p, name, file, path, error);
    if (!t) return false;
    if (h->model->real64) rnn_tensor_to_f64(t, 0, p->count, (double *)block + p->offset);
    else rnn_tensor_to_f32(t, 0, p->count, (float *)block + p->offset);
  }
  return true;
}

bool rnn_load(RnnHandle *h, const char *path, RnnError *error)
{
  RnnTensorFile file = {0};
  RnnError why = {0};
  if (!rnn_tensors_read(path, &file, error)) return false;
  RnnCoding *coding = rnn_coding_load(&file, path, &why);
  bool ok = why.code == RNN_OK || rnn_fail(error, why.code, "%s", why.message);
  ok = ok && rnn_weights_take(h, h->weights, "", &file, path, error);
  if (ok) rnn_set_coding(h, coding);
  else rnn_coding_free(coding);
  rnn_tensor_file_free(&file);
  return ok;
}

bool rnn_weights_save(const RnnHandle *h, const void *block, const char *path, RnnError *error)
{
  RnnTensorFile file = {0};
  bool ok = rnn_weights_put(h, block, "", &file, error) &&
            rnn_metadata_set(&file, "rnnc.model", h->model->name, error) &&
            rnn_metadata_set(&file, "rnnc.hash", h->model->hash, error) &&
            (!h->coding || rnn_coding_store(h->coding, &file, error)) && rnn_tensors_write(path, &file, error);
  rnn_tensor_file_free(&file);
  return ok;
}

bool rnn_save(RnnHandle *h, const char *path, RnnError *error) { return rnn_weights_save(h, h->weights, path, error); }

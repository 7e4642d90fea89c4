/* learn.c: gradients straight from the caller's arrays, and updates by the handle's own updater. Nothing is copied but
   into the program's buffers, and no memory is asked for where the room is there: workspace.c makes it once and for
   all. */
#include "learn.h"
#include "settings.h"
#include "teacher_forcing.h"
#include <stdlib.h>
#include <string.h>

Learning *rnn_learning(RnnHandle *h, RnnError *error)
{
  if (h->learning) return h->learning;
  Learning *l = calloc(1, sizeof *l);
  Settings own = {0};
  bool ok = l || rnn_fail_memory(error, sizeof *l);
  if (ok) {
    l->spec = rnn_model_specs(h->model);
    l->data = (RnnDataset){.input = l->spec, .inputs = h->model->inputs, .axes = h->model->axes};
    l->data.real64 = h->model->real64;
    l->data.origin = "the arrays";
    l->data.values = calloc((size_t)h->model->inputs + 1, sizeof *l->data.values);
    ok = (l->spec && l->data.values) || rnn_fail_memory(error, sizeof *l->spec);
  }
  ok = ok && rnn_settings_new(&own, h->model, error);
  if (ok) l->seed = (uint64_t)rnn_setting_count(&own, SETTING_seed);
  rnn_settings_free(&own);
  if (ok) return h->learning = l;
  rnn_learning_free(l);
  return NULL;
}

void rnn_learning_lists(Learning *l, void **list[LEARNING_LISTS + LEARNING_BATCH_LISTS])
{
  RnnDataset *d = &l->data;
  RnnBatch *b = &l->batch;
  void **all[] = {(void **)&d->length,     (void **)&d->start, (void **)&d->length2, (void **)&d->start2,
                  (void **)&d->start_both, (void **)&b->len,   (void **)&b->ahead,   (void **)&b->fresh,
                  (void **)&b->sequence,   (void **)&b->from,  (void **)&b->first,   (void **)&b->order,
                  (void **)&b->len2,       (void **)&b->row2,  (void **)&b->col2};
  memcpy(list, all, sizeof all);
}

void rnn_learning_free(Learning *l)
{
  if (!l) return;
  void **list[LEARNING_LISTS + LEARNING_BATCH_LISTS];
  rnn_learning_lists(l, list);
  if (!l->lent) {
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) free(*list[i]);
    free(l->batch.live);
    free(l->batch.live2);
    free(l->stream);
  }
  rnn_updater_free(l->updater);
  free(l->data.values);
  free(l->spec);
  free(l);
}

/* -- room for a batch -----------------------------------------------------------------------------------------------
 */

static bool grow(void **list, int64_t count, size_t size, RnnError *error)
{
  size_t bytes;
  void *more = __builtin_mul_overflow((size_t)count, size, &bytes) ? NULL : realloc(*list, bytes);
  if (!more) return rnn_fail_memory(error, SIZE_MAX);
  *list = more;
  return true;
}

static bool reserve(Learning *l, const RnnArrays *a, RnnError *error)
{
  int64_t N = a->sequences, T = a->before + a->steps + a->behind, S = a->steps2;
  if (N <= l->N && T <= l->T && S <= l->S) return true;
  if (l->lent)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "a batch of %lld sequences of %lld steps%s: the workspace was made for %lld of %lld", (long long)N,
                    (long long)T, S > l->S ? ", and more along the second axis" : "", (long long)l->N, (long long)l->T);
  if (N < l->N) N = l->N;
  if (T < l->T) T = l->T;
  if (S < l->S) S = l->S;
  void **list[LEARNING_LISTS + LEARNING_BATCH_LISTS];
  rnn_learning_lists(l, list);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (!grow(list[i], N + 1, 8, error)) return false;
  if (!grow((void **)&l->stream, N, sizeof *l->stream, error) || !grow((void **)&l->batch.live, T + 1, 8, error) ||
      !grow((void **)&l->batch.live2, S + 1, 8, error))
    return false;
  l->N = l->batch.room_B = N;
  l->T = T;
  l->S = S;
  l->batch.room_T = T + 1;
  l->batch.room_S = S + 1;
  return true;
}

/* -- what the caller gave -------------------------------------------------------------------------------------------
 */

static bool check_lengths(const char *name, const int64_t *lengths, int64_t N, int64_t most, RnnError *error)
{
  for (int64_t n = 0; lengths && n < N; n++)
    if (lengths[n] < 1 || lengths[n] > most)
      return rnn_fail(error, RNN_ERROR_DATA, "%s[%lld] is %lld; expected 1 to %lld", name, (long long)n,
                      (long long)lengths[n], (long long)most);
  return true;
}

static bool check_sizes(const RnnHandle *h, const Run *run, const RnnArrays *a, RnnError *error)
{
  const Learning *l = h->learning;
  int64_t carried = run->batch == &l->batch ? l->carried : 0; /* else something else ran in these buffers */
  const int64_t most = (int64_t)1 << 40;
  const char *second = h->model->axes.second;
  if (a->sequences < 1 || a->steps < 1 || a->sequences > most || a->steps > most)
    return rnn_fail(error, RNN_ERROR_USAGE, "a batch of %lld sequences of %lld steps", (long long)a->sequences,
                    (long long)a->steps);
  if (second ? a->steps2 < 1 || a->steps2 > most : a->steps2 != 0)
    return second ? rnn_fail(error, RNN_ERROR_USAGE, "a batch of %lld steps along %s", (long long)a->steps2, second)
                  : rnn_fail(error, RNN_ERROR_USAGE, "steps2 is %lld, but %s has one axis", (long long)a->steps2,
                             h->model->name);
  if (a->before < 0 || a->before > most || (a->before && !a->carry))
    return rnn_fail(error, RNN_ERROR_USAGE, "before is %lld: steps in front of the first go with carry",
                    (long long)a->before);
  if (a->behind < 0 || a->behind > most || (a->behind && (second || a->lengths)))
    return rnn_fail(error, RNN_ERROR_USAGE, "behind is %lld: only where all sequences have one length, along one axis",
                    (long long)a->behind);
  if (a->carry && (second || a->lengths))
    return rnn_fail(error, RNN_ERROR_USAGE, "carry: only where all sequences have one length, along one axis");
  if (a->carry && carried != a->sequences)
    return carried ? rnn_fail(error, RNN_ERROR_USAGE,
                              "carry: %lld sequences cannot go on from a gradient of %lld sequences",
                              (long long)a->sequences, (long long)carried)
                   : rnn_fail(error, RNN_ERROR_USAGE,
                              "carry: there is no gradient before, of sequences of one length, to go on from");
  return true;
}

static bool check_all_lengths(const RnnArrays *a, RnnError *error)
{
  return check_lengths("lengths", a->lengths, a->sequences, a->steps, error) &&
         check_lengths("lengths2", a->steps2 ? a->lengths2 : NULL, a->sequences, a->steps2, error);
}

/* The sequences as they lie: each begins so many steps after the one before as the arrays hold of it. */
static void point_at(Learning *l, const RnnArrays *a)
{
  RnnDataset *d = &l->data;
  int64_t T = a->before + a->steps + a->behind, S = a->steps2;
  d->sequences = a->sequences;
  d->pitch2 = S;
  for (int64_t n = 0; n < a->sequences; n++) {
    int64_t length = a->before + (a->lengths ? a->lengths[n] : a->steps), length2 = a->lengths2 ? a->lengths2[n] : S;
    d->length[n] = length + a->behind;
    d->length2[n] = length2;
    d->start[n] = n * T;
    d->start2[n] = n * S;
    d->start_both[n] = n * T * S;
    l->stream[n] = (RnnStream){.sequence = n, .length = length, .order = n};
  }
  for (int i = 0; i < d->inputs; i++) d->values[i] = (void *)(uintptr_t)a->values[i]; /* only read */
}

/* A token out of range would be read, and written, out of range. */
static bool check_tokens(const RnnDataset *d, int input, RnnError *error)
{
  const RnnInputSpec *spec = &d->input[input];
  const int32_t *values = d->values[input];
  int32_t least = spec->target ? -1 : 0;
  for (int64_t n = 0; n < d->sequences; n++)
    for (int64_t t = 0; t < (spec->time ? d->length[n] : 1); t++)
      for (int64_t s = 0; s < (spec->second ? d->length2[n] : 1); s++) {
        int32_t id = values[rnn_dataset_at(d, input, n, t, s)];
        if (id < least || id >= spec->classes)
          return rnn_fail(error, RNN_ERROR_DATA,
                          "%s of sequence %lld, step %lld is %d; expected 0 to %lld%s, since '%s' is token[%lld]",
                          spec->name, (long long)n, (long long)(spec->time ? t : s), id, (long long)spec->classes - 1,
                          spec->target ? ", or -1 where unobserved" : "", spec->name, (long long)spec->classes);
      }
  return true;
}

static bool check_values(const RnnDataset *d, RnnError *error)
{
  for (int i = 0; i < d->inputs; i++) {
    if (!d->values[i] && !d->input[i].target)
      return rnn_fail(error, RNN_ERROR_DATA, "there is no array for the input '%s'", d->input[i].name);
    if (d->values[i] && d->input[i].token && !check_tokens(d, i, error)) return false;
  }
  return true;
}

/* -- gradient and update --------------------------------------------------------------------------------------------
 */

bool rnn_gradient_arrays(RnnHandle *h, const RnnArrays *a, double *loss, RnnError *error)
{
  Learning *l = rnn_learning(h, error);
  Run *run = l ? rnn_handle_run(h, "train", error) : NULL;
  if (!run || !check_sizes(h, run, a, error) || !reserve(l, a, error) || !check_all_lengths(a, error)) return false;
  if (a->carry) rnn_run_carry(run); /* of the last batch, whose lists are written over now */
  l->carried = 0;
  point_at(l, a);
  rnn_streams_sort(l->stream, a->sequences);
  const double forced = rnn_forcing_first(h->model);
  if (!check_values(&l->data, error) ||
      !rnn_batch_window(&l->batch, &l->data, l->stream, a->sequences, a->before, INT64_MAX, run->program->leads, error))
    return false;
  for (int64_t b = 0; b < l->batch.B; b++) l->batch.fresh[b] = !a->carry;
  if (!rnn_run_prepare(run, &l->batch, &l->data, (NoiseKey){l->seed, (uint64_t)l->gradients, forced}, error))
    return false;
  memset(h->grads, 0, rnn_block_bytes(h));
  rnn_run_go(run, h->weights, h->grads);
  run->data = NULL; /* the arrays are the caller's again */
  l->gradients++;
  if (!a->lengths && !h->model->axes.second) l->carried = a->sequences;
  if (loss) *loss = run->program->loss >= 0 ? rnn_run_number(run, run->program->loss) : 0;
  return true;
}

bool rnn_update_own(RnnHandle *h, double rate, double *norm, RnnError *error)
{
  Learning *l = rnn_learning(h, error);
  if (l && !l->updater) l->updater = rnn_updater_new(h, NULL, NULL, error);
  return l && l->updater && rnn_update(l->updater, rate, norm, error);
}

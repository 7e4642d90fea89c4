/* data_npz.c: arrays by the inputs' names as sequences. Needs tensors.h. */
#include "data_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Arrays {
  const RnnTensorFile *file;
  const char *origin;
  const RnnInputSpec *input;
  int inputs;
  bool targets_optional;
  const RnnTensor **array; /* [inputs]; NULL: absent */
  int64_t N, T;
  const char *N_from, *T_from; /* the names of the arrays that said so */
  int64_t *lengths;            /* [N] */
  RnnError *error;
} Arrays;

/* The array's sizes are those of [N, T, shape...] or [N, shape...], sizes of 1 at the end more or less. */
static bool fits(const RnnInputSpec *spec, const RnnTensor *array)
{
  int lead = spec->time ? 2 : 1, rank = array->rank, wanted = spec->rank;
  if (rank < lead) return false;
  rank -= lead;
  while (rank > 0 && array->shape[lead + rank - 1] == 1) rank--;
  while (wanted > 0 && spec->shape[wanted - 1] == 1) wanted--;
  if (rank != wanted) return false;
  for (int i = 0; i < rank; i++)
    if (array->shape[lead + i] != spec->shape[i]) return false;
  return true;
}

static bool check_shape(Arrays *a, const RnnInputSpec *spec, const RnnTensor *array)
{
  char found[256], shape[256], what[256];
  if (fits(spec, array)) return true;
  rnn_shape_text(spec->rank, spec->shape, shape, sizeof shape);
  return rnn_fail(a->error, RNN_ERROR_DATA, "%s: array '%s' is %s; expected [N%s%s%s, since %s", a->origin, spec->name,
                  rnn_shape_text(array->rank, array->shape, found, sizeof found), spec->time ? ", T" : "",
                  spec->rank ? ", " : "]", spec->rank ? shape + 1 : "", rnn_input_text(spec, what, sizeof what));
}

/* every array must say the same */
static bool agree(Arrays *a, int64_t *size, const char **from, const char *what, int64_t found, const char *name)
{
  if (*from && *size != found)
    return rnn_fail(a->error, RNN_ERROR_DATA, "%s: '%s' has %lld %s, '%s' has %lld", a->origin, *from, (long long)*size,
                    what, name, (long long)found);
  *size = found;
  if (!*from) *from = name;
  return found > 0 || rnn_fail(a->error, RNN_ERROR_DATA, "%s: '%s' has no %s", a->origin, name, what);
}

static bool find_arrays(Arrays *a)
{
  for (int i = 0; i < a->inputs; i++) {
    const RnnInputSpec *spec = &a->input[i];
    const RnnTensor *array = rnn_tensor_find(a->file, spec->name);
    if (!array && spec->target && a->targets_optional) continue;
    if (!array) return rnn_tensor_need(a->file, a->origin, spec->name, a->error) != NULL;
    if (spec->token && rnn_dtype_is_real(array->dtype))
      return rnn_fail(a->error, RNN_ERROR_DATA,
                      "%s: array '%s' is %s; expected whole numbers, since '%s' is token[%lld]", a->origin, spec->name,
                      rnn_dtype_name(array->dtype), spec->name, (long long)spec->classes);
    if (!check_shape(a, spec, array)) return false;
    if (!agree(a, &a->N, &a->N_from, "sequences", array->shape[0], spec->name)) return false;
    if (spec->time && !agree(a, &a->T, &a->T_from, "steps", array->shape[1], spec->name)) return false;
    a->array[i] = array;
  }
  return true;
}

static bool is_input(const Arrays *a, const char *name)
{
  for (int i = 0; i < a->inputs; i++)
    if (strcmp(a->input[i].name, name) == 0) return true;
  return false;
}

/* Lengths as given, or all T. Without any array that has steps, the lengths alone say how many. */
static bool find_lengths(Arrays *a)
{
  const RnnTensor *given = is_input(a, "lengths") ? NULL : rnn_tensor_find(a->file, "lengths");
  char text[256];
  if (given && (given->rank != 1 || rnn_dtype_is_real(given->dtype)))
    return rnn_fail(a->error, RNN_ERROR_DATA, "%s: array 'lengths' is %s %s; expected whole numbers [N]", a->origin,
                    rnn_dtype_name(given->dtype), rnn_shape_text(given->rank, given->shape, text, sizeof text));
  if (given && !agree(a, &a->N, &a->N_from, "sequences", given->shape[0], "lengths")) return false;
  if (!a->N_from)
    return rnn_fail(a->error, RNN_ERROR_DATA,
                    "%s: nothing says how many sequences there are; add an array 'lengths' [N]", a->origin);
  if (!(a->lengths = calloc((size_t)a->N, sizeof *a->lengths)))
    return rnn_fail_memory(a->error, (size_t)a->N * sizeof *a->lengths);
  int64_t limit = a->T_from ? a->T : INT64_MAX / 2;
  for (int64_t s = 0; s < a->N; s++) {
    a->lengths[s] = a->T_from ? a->T : 1;
    bool whole = !given || rnn_tensor_to_i64(given, s, 1, &a->lengths[s]);
    if (!whole || a->lengths[s] < 1 || a->lengths[s] > limit)
      return rnn_fail(a->error, RNN_ERROR_DATA, "%s: lengths[%lld] is %lld; expected 1 to %lld, the steps of '%s'",
                      a->origin, (long long)s, (long long)a->lengths[s], (long long)limit, a->T_from ? a->T_from : "");
  }
  return true;
}

static bool copy_tokens(Arrays *a, RnnDataset *dataset, int input, int64_t sequence, int64_t rows)
{
  const RnnInputSpec *spec = &a->input[input];
  int32_t *to = (int32_t *)dataset->values[input] + rnn_dataset_at(dataset, input, sequence, 0);
  int64_t from = sequence * (spec->time ? a->T : 1), id;
  for (int64_t t = 0; t < rows; t++) {
    bool whole = rnn_tensor_to_i64(a->array[input], from + t, 1, &id);
    if (!whole || id < (spec->target ? -1 : 0) || id >= spec->classes) {
      char place[64];
      snprintf(place, sizeof place, spec->time ? "[%lld, %lld]" : "[%lld]", (long long)sequence, (long long)t);
      return rnn_fail(a->error, RNN_ERROR_DATA, "%s: %s%s is %lld; expected 0 to %lld%s, since '%s' is token[%lld]",
                      a->origin, spec->name, place, whole ? (long long)id : (long long)INT64_MAX,
                      (long long)spec->classes - 1, spec->target ? ", or -1 where unobserved" : "", spec->name,
                      (long long)spec->classes);
    }
    to[t] = (int32_t)id;
  }
  return true;
}

static void copy_reals(Arrays *a, RnnDataset *dataset, int input, int64_t sequence, int64_t rows)
{
  const RnnInputSpec *spec = &a->input[input];
  int64_t to = rnn_dataset_at(dataset, input, sequence, 0), from = sequence * (spec->time ? a->T : 1) * spec->width;
  if (dataset->real64)
    rnn_tensor_to_f64(a->array[input], from, rows * spec->width, (double *)dataset->values[input] + to);
  else rnn_tensor_to_f32(a->array[input], from, rows * spec->width, (float *)dataset->values[input] + to);
}

/* [N, T, ...] with padding -> sequences one behind the other without; what padding holds is never looked at */
static bool copy_values(Arrays *a, RnnDataset *dataset)
{
  for (int i = 0; i < a->inputs; i++)
    for (int64_t s = 0; s < a->N && a->array[i]; s++) {
      int64_t rows = a->input[i].time ? a->lengths[s] : 1;
      if (!a->input[i].token) copy_reals(a, dataset, i, s, rows);
      else if (!copy_tokens(a, dataset, i, s, rows)) return false;
    }
  return true;
}

static RnnDataset *from_arrays(Arrays *a, bool real64, uint64_t max_bytes)
{
  bool *present = calloc((size_t)a->inputs + 1, sizeof *present);
  a->array = calloc((size_t)a->inputs + 1, sizeof *a->array);
  RnnDataset *dataset = NULL;
  if (!present || !a->array) rnn_fail_memory(a->error, (size_t)a->inputs * sizeof *a->array);
  else if (find_arrays(a) && find_lengths(a)) {
    for (int i = 0; i < a->inputs; i++) present[i] = a->array[i] != NULL;
    dataset = rnn_dataset_new(a->input, a->inputs, a->N, a->lengths, real64, present, a->origin, max_bytes, a->error);
    if (dataset && !copy_values(a, dataset)) {
      rnn_dataset_free(dataset);
      dataset = NULL;
    }
  }
  free(present);
  free(a->array);
  free(a->lengths);
  return dataset;
}

RnnDataset *rnn_dataset_from_tensors(const RnnTensorFile *file, const char *origin, const RnnInputSpec *inputs,
                                     int count, bool real64, bool targets_optional, RnnError *error)
{
  Arrays a = {.file = file,
              .origin = origin,
              .input = inputs,
              .inputs = count,
              .targets_optional = targets_optional,
              .error = error};
  return from_arrays(&a, real64, 0);
}

bool rnn_read_npz(RnnReading *r)
{
  static const char *const names[] = {"file", NULL};
  RnnTensorFile file;
  if (!rnn_call_check(r->source, names, 1, r->error) || !rnn_npz_read(r->path, &file, r->error)) return false;
  Arrays a = {.file = &file,
              .origin = r->path,
              .input = r->input,
              .inputs = r->inputs,
              .targets_optional = r->options->targets_optional,
              .error = r->error};
  r->whole = from_arrays(&a, r->options->real64, r->options->max_bytes);
  rnn_tensor_file_free(&file);
  return r->whole != NULL;
}

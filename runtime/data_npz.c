/* data_npz.c: arrays by the inputs' names as sequences. Needs tensors.h. */
#include "data_private.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Arrays {
  const RnnTensorFile *file;
  const char *origin;
  const RnnInputSpec *input;
  int inputs;
  const RnnDataOptions *options;
  const RnnTensor **array; /* [inputs]; NULL: absent */
  int64_t N;
  const char *N_from; /* the name of the array that said so */
  struct Axis {
    const char *name;
    int64_t T;
    const char *from; /* as N_from; NULL: no array has the axis */
    bool given;       /* an array of lengths is there */
    int64_t *lengths; /* [N] */
  } axis[2];          /* primary, second */
  RnnError *error;
} Arrays;

static bool varies(const RnnInputSpec *spec, int axis) { return axis ? spec->second : spec->time; }

/* The array's sizes are those of [N, T, shape...] or [N, shape...], sizes of 1 at the end more or less. */
static bool fits(const RnnInputSpec *spec, const RnnTensor *array)
{
  int lead = 1 + spec->time + spec->second, rank = array->rank, wanted = spec->rank;
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
  char found[256], shape[256], what[256], axes[256];
  if (fits(spec, array)) return true;
  rnn_shape_text(spec->rank, spec->shape, shape, sizeof shape);
  /* the length along an axis t is called T */
  snprintf(axes, sizeof axes, "%s%s%s%s", spec->time ? ", " : "", spec->time ? a->axis[0].name : "",
           spec->second ? ", " : "", spec->second ? a->axis[1].name : "");
  for (char *c = axes; *c; c++) *c = (char)toupper((unsigned char)*c);
  return rnn_fail(a->error, RNN_ERROR_DATA, "%s: array '%s' is %s; expected [N%s%s%s, since %s", a->origin, spec->name,
                  rnn_shape_text(array->rank, array->shape, found, sizeof found), axes, spec->rank ? ", " : "]",
                  spec->rank ? shape + 1 : "", rnn_input_text(spec, what, sizeof what));
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
    if (!array && spec->target && a->options->targets_optional) continue;
    if (!array) return rnn_tensor_need(a->file, a->origin, spec->name, a->error) != NULL;
    if (spec->token && rnn_dtype_is_real(array->dtype))
      return rnn_fail(a->error, RNN_ERROR_DATA,
                      "%s: array '%s' is %s; expected whole numbers, since '%s' is token[%lld]", a->origin, spec->name,
                      rnn_dtype_name(array->dtype), spec->name, (long long)spec->classes);
    if (!check_shape(a, spec, array)) return false;
    if (!agree(a, &a->N, &a->N_from, "sequences", array->shape[0], spec->name)) return false;
    for (int k = 0, d = 1; k < 2; k++)
      if (varies(spec, k) && !agree(a, &a->axis[k].T, &a->axis[k].from, "steps", array->shape[d++], spec->name))
        return false;
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

/* The array of an axis' lengths, lengths_NAME or of the primary one also `lengths`, where there is one; its name. */
static const RnnTensor *lengths_of(const Arrays *a, int axis, const char **name)
{
  const RnnTensor *given = axis || is_input(a, "lengths") ? NULL : rnn_tensor_find(a->file, "lengths");
  char named[256];
  *name = "lengths";
  if (given) return given;
  snprintf(named, sizeof named, "lengths_%s", a->axis[axis].name);
  given = is_input(a, named) ? NULL : rnn_tensor_find(a->file, named);
  if (given) *name = given->name;
  return given;
}

static bool check_lengths(Arrays *a, const RnnTensor *given, const char *name)
{
  char text[256];
  if (!given) return true;
  if (given->rank != 1 || rnn_dtype_is_real(given->dtype))
    return rnn_fail(a->error, RNN_ERROR_DATA, "%s: array '%s' is %s %s; expected whole numbers [N]", a->origin, name,
                    rnn_dtype_name(given->dtype), rnn_shape_text(given->rank, given->shape, text, sizeof text));
  return agree(a, &a->N, &a->N_from, "sequences", given->shape[0], name);
}

/* Lengths as given, or all T. Without any array that has steps, the lengths alone say how many. */
static bool fill_lengths(Arrays *a, struct Axis *axis, const RnnTensor *given, const char *name)
{
  axis->given = given != NULL;
  if (!(axis->lengths = calloc((size_t)a->N, sizeof *axis->lengths)))
    return rnn_fail_memory(a->error, (size_t)a->N * sizeof *axis->lengths);
  int64_t limit = axis->from ? axis->T : INT64_MAX / 2;
  for (int64_t s = 0; s < a->N; s++) {
    axis->lengths[s] = axis->from ? axis->T : 1;
    bool whole = !given || rnn_tensor_to_i64(given, s, 1, &axis->lengths[s]);
    if (!whole || axis->lengths[s] < 1 || axis->lengths[s] > limit)
      return rnn_fail(a->error, RNN_ERROR_DATA, "%s: %s[%lld] is %lld; expected 1 to %lld, the steps of '%s'",
                      a->origin, name, (long long)s, (long long)axis->lengths[s], (long long)limit,
                      axis->from ? axis->from : "");
  }
  return true;
}

static bool find_lengths(Arrays *a)
{
  const RnnTensor *given[2] = {0};
  const char *name[2];
  int axes = a->axis[1].name ? 2 : 1;
  for (int k = 0; k < axes; k++) {
    given[k] = lengths_of(a, k, &name[k]);
    if (!check_lengths(a, given[k], name[k])) return false;
  }
  if (!a->N_from)
    return rnn_fail(a->error, RNN_ERROR_DATA,
                    "%s: nothing says how many sequences there are; add an array 'lengths' [N]", a->origin);
  for (int k = 0; k < axes; k++)
    if (!fill_lengths(a, &a->axis[k], given[k], name[k])) return false;
  return true;
}

/* The element where a row of values begins in an input's array: those of step t, along s where it has both axes. */
static int64_t array_at(const Arrays *a, int input, int64_t sequence, int64_t t)
{
  const RnnInputSpec *spec = &a->input[input];
  int64_t outer = spec->time ? a->axis[0].T : 1, inner = spec->second ? a->axis[1].T : 1;
  return (sequence * outer + t) * inner * spec->width;
}

static bool copy_tokens(Arrays *a, RnnDataset *dataset, int input, int64_t sequence, int64_t t, int64_t rows)
{
  const RnnInputSpec *spec = &a->input[input];
  int32_t *to = (int32_t *)dataset->values[input] + rnn_dataset_at(dataset, input, sequence, t, 0);
  int64_t from = array_at(a, input, sequence, t), id;
  for (int64_t i = 0; i < rows; i++) {
    bool whole = rnn_tensor_to_i64(a->array[input], from + i, 1, &id);
    if (!whole || id < (spec->target ? -1 : 0) || id >= spec->classes) {
      char place[64] = "";
      int axes = spec->time + spec->second;
      snprintf(place, sizeof place,
               axes == 2   ? "[%lld, %lld, %lld]"
               : axes == 1 ? "[%lld, %lld]"
                           : "[%lld]",
               (long long)sequence, (long long)(axes == 2 ? t : i), (long long)i);
      return rnn_fail(a->error, RNN_ERROR_DATA, "%s: %s%s is %lld; expected 0 to %lld%s, since '%s' is token[%lld]",
                      a->origin, spec->name, place, whole ? (long long)id : (long long)INT64_MAX,
                      (long long)spec->classes - 1, spec->target ? ", or -1 where unobserved" : "", spec->name,
                      (long long)spec->classes);
    }
    to[i] = (int32_t)id;
  }
  return true;
}

static void copy_reals(Arrays *a, RnnDataset *dataset, int input, int64_t sequence, int64_t t, int64_t rows)
{
  const RnnInputSpec *spec = &a->input[input];
  int64_t to = rnn_dataset_at(dataset, input, sequence, t, 0), from = array_at(a, input, sequence, t);
  if (dataset->real64)
    rnn_tensor_to_f64(a->array[input], from, rows * spec->width, (double *)dataset->values[input] + to);
  else rnn_tensor_to_f32(a->array[input], from, rows * spec->width, (float *)dataset->values[input] + to);
}

/* [N, T, ...] with padding -> sequences one behind the other without; what padding holds is never looked at */
static bool copy_values(Arrays *a, RnnDataset *dataset)
{
  for (int i = 0; i < a->inputs; i++)
    for (int64_t n = 0; n < a->N && a->array[i]; n++) {
      bool both = a->input[i].time && a->input[i].second;
      int64_t rows = both ? a->axis[1].lengths[n] : rnn_dataset_rows(dataset, i, n);
      for (int64_t t = 0; t < (both ? a->axis[0].lengths[n] : 1); t++)
        if (!a->input[i].token) copy_reals(a, dataset, i, n, t, rows);
        else if (!copy_tokens(a, dataset, i, n, t, rows)) return false;
    }
  return true;
}

static RnnDataset *from_arrays(Arrays *a)
{
  const RnnAxes *axes = &a->options->axes;
  a->axis[0].name = axes->primary ? axes->primary : "t";
  a->axis[1].name = axes->second;
  bool *present = calloc((size_t)a->inputs + 1, sizeof *present);
  a->array = calloc((size_t)a->inputs + 1, sizeof *a->array);
  RnnDataset *dataset = NULL;
  if (!present || !a->array) rnn_fail_memory(a->error, (size_t)a->inputs * sizeof *a->array);
  else if (find_arrays(a) && find_lengths(a)) {
    for (int i = 0; i < a->inputs; i++) present[i] = a->array[i] != NULL;
    dataset = rnn_dataset_new(a->input, a->inputs, a->N, a->axis[0].lengths, a->axis[1].lengths, present, a->origin,
                              a->options, a->error);
    if (dataset) dataset->length_unknown = !a->axis[0].from && !a->axis[0].given;
    if (dataset && !copy_values(a, dataset)) {
      rnn_dataset_free(dataset);
      dataset = NULL;
    }
  }
  free(present);
  free(a->array);
  for (int k = 0; k < 2; k++) free(a->axis[k].lengths);
  return dataset;
}

RnnDataset *rnn_dataset_from_tensors(const RnnTensorFile *file, const char *origin, const RnnInputSpec *inputs,
                                     int count, const RnnDataOptions *options, RnnError *error)
{
  Arrays a = {.file = file, .origin = origin, .input = inputs, .inputs = count, .options = options, .error = error};
  return from_arrays(&a);
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
              .options = r->options,
              .error = r->error};
  r->whole = from_arrays(&a);
  rnn_tensor_file_free(&file);
  return r->whole != NULL;
}

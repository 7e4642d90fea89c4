/* dataset.c: sequences in memory, their parts, and the one door to all readers. Knows no format: readers are rows of a
   table. */
#include "data_private.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- sequences in memory ------------------------------------------------------------------------------------------- */

size_t rnn_dataset_element(const RnnDataset *dataset, int input)
{
  if (dataset->input[input].token) return sizeof(int32_t);
  return dataset->real64 ? sizeof(double) : sizeof(float);
}

int64_t rnn_dataset_at(const RnnDataset *d, int input, int64_t sequence, int64_t t, int64_t s)
{
  const RnnInputSpec *spec = &d->input[input];
  int64_t row = spec->time && spec->second
                    ? d->start_both[sequence] + t * (d->pitch2 ? d->pitch2 : d->length2[sequence]) + s
                : spec->time   ? d->start[sequence] + t
                : spec->second ? d->start2[sequence] + s
                               : sequence;
  return row * spec->width;
}

int64_t rnn_dataset_rows(const RnnDataset *d, int input, int64_t sequence)
{
  const RnnInputSpec *spec = &d->input[input];
  return (spec->time ? d->length[sequence] : 1) * (spec->second ? d->length2[sequence] : 1);
}

/* of all sequences */
static int64_t rows_of(const RnnDataset *d, int input)
{
  return rnn_dataset_at(d, input, d->sequences, 0, 0) / d->input[input].width;
}

void rnn_dataset_set_real(RnnDataset *dataset, int input, int64_t at, double value)
{
  if (dataset->real64) ((double *)dataset->values[input])[at] = value;
  else ((float *)dataset->values[input])[at] = (float)value;
}

void rnn_dataset_free(RnnDataset *dataset)
{
  if (!dataset) return;
  for (int i = 0; dataset->values && i < dataset->inputs; i++) free(dataset->values[i]);
  free(dataset->values);
  free((void *)dataset->input);
  free(dataset->length);
  free(dataset->start);
  free(dataset->length2);
  free(dataset->start2);
  free(dataset->start_both);
  free(dataset->origin);
  free(dataset);
}

int rnn_dataset_input(const RnnDataset *dataset, const char *name)
{
  for (int i = 0; i < dataset->inputs; i++)
    if (strcmp(dataset->input[i].name, name) == 0) return i;
  return -1;
}

static bool add_values(RnnDataset *dataset, const bool *present, uint64_t max_bytes, RnnError *error)
{
  uint64_t total = 0;
  for (int i = 0; i < dataset->inputs; i++) {
    const RnnInputSpec *spec = &dataset->input[i];
    uint64_t bytes, rows = (uint64_t)rows_of(dataset, i);
    if (present && !present[i]) continue;
    if (__builtin_mul_overflow(rows, (uint64_t)spec->width * rnn_dataset_element(dataset, i), &bytes) ||
        __builtin_add_overflow(total, bytes, &total) || (max_bytes && total > max_bytes))
      return rnn_fail(error, RNN_ERROR_DATA, "%s: needs more than %llu bytes of memory, the limit", dataset->origin,
                      (unsigned long long)(max_bytes ? max_bytes : UINT64_MAX));
    if (!(dataset->values[i] = calloc(1, bytes ? bytes : 1))) return rnn_fail_memory(error, bytes);
  }
  return true;
}

static bool fill_dataset(RnnDataset *dataset, const RnnInputSpec *inputs, const int64_t *lengths, const char *origin,
                         RnnError *error)
{
  size_t count = (size_t)dataset->inputs, sequences = (size_t)dataset->sequences;
  RnnInputSpec *copy = calloc(count + 1, sizeof *copy);
  dataset->input = copy;
  dataset->length = calloc(sequences + 1, sizeof *dataset->length);
  dataset->start = calloc(sequences + 1, sizeof *dataset->start);
  dataset->values = calloc(count + 1, sizeof *dataset->values);
  dataset->origin = strdup(origin);
  if (!copy || !dataset->length || !dataset->start || !dataset->values || !dataset->origin)
    return rnn_fail_memory(error, sequences * sizeof *dataset->length);
  if (count) memcpy(copy, inputs, count * sizeof *copy);
  for (size_t s = 0; s < sequences; s++) {
    dataset->length[s] = lengths[s];
    if (__builtin_add_overflow(dataset->start[s], lengths[s], &dataset->start[s + 1]))
      return rnn_fail(error, RNN_ERROR_DATA, "%s: the lengths add up to too much", origin);
  }
  return true;
}

static bool fill_second(RnnDataset *d, const int64_t *lengths2, RnnError *error)
{
  size_t sequences = (size_t)d->sequences;
  d->length2 = calloc(sequences + 1, sizeof *d->length2);
  d->start2 = calloc(sequences + 1, sizeof *d->start2);
  d->start_both = calloc(sequences + 1, sizeof *d->start_both);
  if (!d->length2 || !d->start2 || !d->start_both) return rnn_fail_memory(error, sequences * sizeof *d->length2);
  for (size_t n = 0; n < sequences; n++) {
    int64_t both;
    d->length2[n] = lengths2[n];
    if (__builtin_mul_overflow(lengths2[n], d->length[n], &both) ||
        __builtin_add_overflow(d->start2[n], lengths2[n], &d->start2[n + 1]) ||
        __builtin_add_overflow(d->start_both[n], both, &d->start_both[n + 1]))
      return rnn_fail(error, RNN_ERROR_DATA, "%s: the lengths add up to too much", d->origin);
  }
  return true;
}

RnnDataset *rnn_dataset_new(const RnnInputSpec *inputs, int count, int64_t sequences, const int64_t *lengths,
                            const int64_t *lengths2, const bool *present, const char *origin,
                            const RnnDataOptions *options, RnnError *error)
{
  RnnDataset *dataset = calloc(1, sizeof *dataset);
  if (!dataset) return rnn_fail_memory(error, sizeof *dataset), NULL;
  dataset->inputs = count;
  dataset->sequences = sequences;
  dataset->real64 = options->real64;
  dataset->axes = options->axes;
  if (fill_dataset(dataset, inputs, lengths, origin, error) &&
      (!dataset->axes.second || fill_second(dataset, lengths2, error)) &&
      add_values(dataset, present, options->max_bytes, error))
    return dataset;
  rnn_dataset_free(dataset);
  return NULL;
}

char *rnn_axes_text(const RnnAxes *axes, bool time, bool second, char *text, size_t size)
{
  const char *primary = axes->primary ? axes->primary : "t";
  if (time && second) snprintf(text, size, "[%s, %s]", primary, axes->second);
  else if (time || second) snprintf(text, size, "[%s]", time ? primary : axes->second);
  else *text = 0;
  return text;
}

char *rnn_input_text(const RnnInputSpec *input, char *text, size_t size)
{
  char shape[128];
  const char *step = input->time || input->second ? " at each step" : "";
  if (input->token) snprintf(text, size, "'%s' is token[%lld]%s", input->name, (long long)input->classes, step);
  else if (input->rank == 0) snprintf(text, size, "'%s' is a real number%s", input->name, step);
  else
    snprintf(text, size, "'%s' is real%s%s", input->name,
             rnn_shape_text(input->rank, input->shape, shape, sizeof shape), step);
  return text;
}

/* -- parts --------------------------------------------------------------------------------------------------------- */

/* Steps from .. from + length - 1 of a sequence. */
typedef struct Piece {
  int64_t sequence, from, length;
} Piece;

static RnnDataset *take(const RnnDataset *whole, const Piece *piece, int64_t pieces, RnnError *error)
{
  int64_t *lengths = calloc((size_t)pieces + 1, sizeof *lengths),
          *lengths2 = calloc((size_t)pieces + 1, sizeof *lengths);
  bool *present = calloc((size_t)whole->inputs + 1, sizeof *present);
  RnnDataset *part = NULL;
  if (lengths && lengths2 && present) {
    RnnDataOptions options = {.real64 = whole->real64, .axes = whole->axes};
    for (int64_t i = 0; i < pieces; i++) lengths[i] = piece[i].length;
    for (int64_t i = 0; i < pieces && whole->length2; i++) lengths2[i] = whole->length2[piece[i].sequence];
    for (int i = 0; i < whole->inputs; i++) present[i] = whole->values[i] != NULL;
    part = rnn_dataset_new(whole->input, whole->inputs, pieces, lengths, lengths2, present, whole->origin, &options,
                           error);
    if (part) part->length_unknown = whole->length_unknown;
  } else rnn_fail_memory(error, (size_t)pieces * sizeof *lengths);
  for (int i = 0; part && i < whole->inputs; i++) {
    size_t element = rnn_dataset_element(whole, i);
    for (int64_t s = 0; s < pieces && present[i]; s++) {
      size_t to = (size_t)rnn_dataset_at(part, i, s, 0, 0) * element;
      size_t from = (size_t)rnn_dataset_at(whole, i, piece[s].sequence, piece[s].from, 0) * element;
      size_t elements = (size_t)(rnn_dataset_rows(part, i, s) * whole->input[i].width);
      memcpy((char *)part->values[i] + to, (char *)whole->values[i] + from, elements * element);
    }
  }
  free(lengths);
  free(lengths2);
  free(present);
  return part;
}

/* How many of n things a share is: at least one. */
static bool share_of(int64_t n, double share, const char *what, const char *origin, int64_t *count, RnnError *error)
{
  *count = 0;
  if (!(share >= 0 && share < 1)) return rnn_fail(error, RNN_ERROR_USAGE, "%s must be a share from 0 to below 1", what);
  if (share == 0) return true;
  *count = (int64_t)floor((double)n * share + 1e-9);
  if (*count >= 1) return true;
  return rnn_fail(error, RNN_ERROR_DATA, "%s: %s = %g of %lld would be nothing", origin, what, share, (long long)n);
}

/* One sequence is cut in time, where that is the only axis; several are dealt out whole. */
static bool cut_by_share(const RnnDataset *whole, const RnnDataOptions *options, RnnDataset *part[RNN_PARTS],
                         RnnError *error)
{
  bool in_time = whole->sequences == 1 && !whole->length2;
  int64_t n = in_time ? whole->length[0] : whole->sequences, size[RNN_PARTS], from = 0;
  if (!share_of(n, options->validate, "validate", whole->origin, &size[RNN_PART_VALIDATE], error)) return false;
  if (!share_of(n, options->test, "test", whole->origin, &size[RNN_PART_TEST], error)) return false;
  size[RNN_PART_TRAIN] = n - size[RNN_PART_VALIDATE] - size[RNN_PART_TEST];
  if (size[RNN_PART_TRAIN] < 1)
    return rnn_fail(error, RNN_ERROR_DATA, "%s: validate and test leave nothing of %lld %s to train on", whole->origin,
                    (long long)n, in_time ? "steps" : "sequences");
  for (int p = 0; p < RNN_PARTS; from += size[p++]) {
    if (size[p] == 0) continue;
    Piece *piece = calloc(in_time ? 1 : (size_t)size[p], sizeof *piece);
    if (!piece) return rnn_fail_memory(error, (size_t)size[p] * sizeof *piece);
    piece[0] = (Piece){0, from, size[p]};
    for (int64_t s = 0; s < size[p] && !in_time; s++) piece[s] = (Piece){from + s, 0, whole->length[from + s]};
    part[p] = take(whole, piece, in_time ? 1 : size[p], error);
    free(piece);
    if (!part[p]) return false;
  }
  return true;
}

static bool cut_by_part(const RnnDataset *whole, const uint8_t *of, RnnDataset *part[RNN_PARTS], RnnError *error)
{
  Piece *piece = calloc((size_t)whole->sequences, sizeof *piece);
  bool done = piece != NULL || rnn_fail_memory(error, (size_t)whole->sequences * sizeof *piece);
  for (int p = 0; done && p < RNN_PARTS; p++) {
    int64_t pieces = 0;
    for (int64_t s = 0; s < whole->sequences; s++)
      if (of[s] == p) piece[pieces++] = (Piece){s, 0, whole->length[s]};
    if (pieces) done = (part[p] = take(whole, piece, pieces, error)) != NULL;
  }
  free(piece);
  return done;
}

/* A share of what the split column left for training, where it names no such part itself. */
static bool add_shares(RnnDataset *part[RNN_PARTS], const RnnDataOptions *options, RnnError *error)
{
  static const char *const names[] = {[RNN_PART_VALIDATE] = "validate", [RNN_PART_TEST] = "test"};
  const double share[] = {[RNN_PART_VALIDATE] = options->validate, [RNN_PART_TEST] = options->test};
  for (int p = RNN_PART_VALIDATE; p < RNN_PARTS; p++)
    if (share[p] != 0 && part[p])
      return rnn_fail(error, RNN_ERROR_USAGE, "%s = %g, but the split column of %s says already which rows these are",
                      names[p], share[p], part[p]->origin);
  if (!part[RNN_PART_TRAIN] || (options->validate == 0 && options->test == 0)) return true;
  RnnDataset *rest[RNN_PARTS] = {0};
  bool done = cut_by_share(part[RNN_PART_TRAIN], options, rest, error);
  rnn_dataset_free(part[RNN_PART_TRAIN]);
  part[RNN_PART_TRAIN] = rest[RNN_PART_TRAIN];
  for (int p = RNN_PART_VALIDATE; p < RNN_PARTS; p++)
    if (rest[p]) part[p] = rest[p];
  return done;
}

static bool cut(RnnReading *r, RnnDataset *part[RNN_PARTS])
{
  if (r->part) return cut_by_part(r->whole, r->part, part, r->error) && add_shares(part, r->options, r->error);
  if (r->options->validate != 0 || r->options->test != 0) return cut_by_share(r->whole, r->options, part, r->error);
  part[RNN_PART_TRAIN] = r->whole;
  r->whole = NULL;
  return true;
}

/* -- normalisation ------------------------------------------------------------------------------------------------- */

static double real_at(const RnnDataset *dataset, int input, int64_t at)
{
  return dataset->real64 ? ((double *)dataset->values[input])[at] : ((float *)dataset->values[input])[at];
}

/* Two passes: the mean, then the deviation from it. A component that never changes keeps the deviation 1. What is not
   observed (NaN) has no part. */
static bool fit(const RnnDataset *train, int input, RnnInputCoding *coding, RnnError *error)
{
  int64_t width = train->input[input].width, rows = rows_of(train, input);
  coding->mean = calloc((size_t)width + 1, sizeof(double));
  coding->deviation = calloc((size_t)width + 1, sizeof(double));
  if (!coding->mean || !coding->deviation) return rnn_fail_memory(error, (size_t)width * sizeof(double));
  coding->width = width;
  for (int64_t j = 0; j < width; j++) {
    double sum = 0, squares = 0;
    int64_t seen = 0;
    for (int64_t i = 0; i < rows; i++) {
      double value = real_at(train, input, i * width + j);
      if (isnan(value)) continue;
      sum += value;
      seen++;
    }
    double mean = seen ? sum / (double)seen : 0;
    for (int64_t i = 0; i < rows; i++) {
      double away = real_at(train, input, i * width + j) - mean;
      if (!isnan(away)) squares += away * away;
    }
    double deviation = seen ? sqrt(squares / (double)seen) : 1;
    if (!isfinite(mean) || !isfinite(deviation))
      return rnn_fail(error, RNN_ERROR_DATA, "%s: the numbers of '%s' are too large to be normalised", train->origin,
                      train->input[input].name);
    coding->mean[j] = mean;
    coding->deviation[j] = deviation > 0 ? deviation : 1;
  }
  return true;
}

static void normalize(RnnDataset *dataset, int input, const RnnInputCoding *coding)
{
  if (!dataset || !dataset->values[input]) return;
  for (int64_t i = 0, n = rows_of(dataset, input); i < n; i++)
    for (int64_t j = 0; j < coding->width; j++) {
      int64_t at = i * coding->width + j;
      rnn_dataset_set_real(dataset, input, at, (real_at(dataset, input, at) - coding->mean[j]) / coding->deviation[j]);
    }
}

/* With a coding of earlier weights its numbers are used, whether the source asks for it or not: the weights expect
   them. */
static bool normalize_all(RnnReading *r, RnnDataset *part[RNN_PARTS])
{
  for (int i = 0; i < r->inputs; i++) {
    if (r->fit && r->normalize && r->normalize[i]) {
      RnnInputCoding *coding = rnn_coding_add(r->coding, r->input[i].name, r->error);
      if (!coding || !fit(part[RNN_PART_TRAIN], i, coding, r->error)) return false;
    }
    const RnnInputCoding *coding = rnn_coding_find(r->coding, r->input[i].name);
    for (int p = 0; coding && coding->width && p < RNN_PARTS; p++) normalize(part[p], i, coding);
  }
  return true;
}

/* -- the door ------------------------------------------------------------------------------------------------------ */

static const struct Reader {
  const char *name;
  bool (*read)(RnnReading *reading);
  const char *endings[3];
} readers[] = {
    {"text", rnn_read_text, {0}}, /* first: files of other endings are texts */
    {"csv", rnn_read_csv, {".csv", ".tsv"}},
    {"npz", rnn_read_npz, {".npz"}},
};
enum { READERS = sizeof readers / sizeof *readers };

static const struct Reader *reader_of_path(const char *path)
{
  size_t n = strlen(path);
  for (int i = 0; i < READERS; i++)
    for (int j = 0; readers[i].endings[j]; j++) {
      size_t m = strlen(readers[i].endings[j]);
      if (n > m && strcmp(path + n - m, readers[i].endings[j]) == 0) return &readers[i];
    }
  return &readers[0];
}

static const struct Reader *reader_of(const RnnCall *source, const char **path, RnnError *error)
{
  const char *names[READERS + 1] = {0};
  const struct Reader *reader = NULL;
  *path = NULL;
  if (!rnn_call_text(source, "file", 0, path, error)) return NULL;
  if (!*source->name && *path) return reader_of_path(*path);
  for (int i = 0; i < READERS; i++) names[i] = readers[i].name;
  int which = rnn_call_which(source, "data source", names, error);
  if (which >= 0) reader = &readers[which];
  if (reader && !*path)
    return rnn_fail(error, RNN_ERROR_USAGE, "%s needs a file: %s(\"file\")", reader->name, reader->name), NULL;
  return reader;
}

RnnCall *rnn_data_source(const char *option, const RnnCall *setting, RnnError *error)
{
  const char *path;
  for (int i = 0; i < READERS; i++) {
    size_t n = strlen(readers[i].name);
    if (strncmp(option, readers[i].name, n) == 0 && option[n + strspn(option + n, " ")] == '(')
      return rnn_call_parse(option, error);
  }
  const struct Reader *had = setting ? reader_of(setting, &path, NULL) : NULL, *wanted = reader_of_path(option);
  /* a text may have any ending, so a setting of text(...) serves whatever is no .csv or .npz */
  char *text = had == wanted ? rnn_call_print(setting) : strdup("\"\"");
  RnnCall *call = text ? rnn_call_parse(text, error) : NULL;
  if (!text) rnn_fail_memory(error, 0);
  free(text);
  for (int i = 0; call && i < call->arguments; i++) {
    RnnArgument *argument = &call->argument[i];
    if (argument != rnn_call_argument(call, "file", 0)) continue;
    free(argument->text);
    if ((argument->text = strdup(option))) return call;
    rnn_fail_memory(error, strlen(option));
  }
  rnn_call_free(call);
  return NULL;
}

static bool check_coding(const RnnReading *r)
{
  for (int i = 0; i < r->inputs; i++) {
    const RnnInputSpec *spec = &r->input[i];
    const RnnInputCoding *coding = rnn_coding_find(r->coding, spec->name);
    char text[256];
    if (!coding) continue;
    /* bytes that stand for themselves have 256 entries, whatever the input's classes beyond */
    if (coding->vocabulary && (!spec->token || coding->vocabulary->size > spec->classes))
      return rnn_fail(r->error, RNN_ERROR_DATA, "%s, but the weights were trained with a vocabulary of %lld",
                      rnn_input_text(spec, text, sizeof text), (long long)coding->vocabulary->size);
    if (coding->width && (spec->token || coding->width != spec->width))
      return rnn_fail(r->error, RNN_ERROR_DATA, "%s, but the weights were trained with %lld normalised numbers",
                      rnn_input_text(spec, text, sizeof text), (long long)coding->width);
  }
  return true;
}

static char *path_in(const char *folder, const char *path, RnnError *error)
{
  size_t size = strlen(path) + (folder ? strlen(folder) : 0) + 2;
  char *whole = malloc(size);
  if (!whole) return rnn_fail_memory(error, size), NULL;
  snprintf(whole, size, "%s%s%s", folder && *path != '/' ? folder : "", folder && *folder && *path != '/' ? "/" : "",
           path);
  return whole;
}

static bool read_and_cut(RnnReading *r, const struct Reader *reader, RnnDataset *part[RNN_PARTS])
{
  if (!check_coding(r) || !reader->read(r) || !cut(r, part)) return false;
  if (!part[RNN_PART_TRAIN] && r->fit)
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: its split column leaves nothing to train on", r->path);
  return normalize_all(r, part);
}

bool rnn_data_open(const RnnCall *source, const RnnInputSpec *inputs, int count, const RnnDataOptions *options,
                   RnnData *data, RnnError *error)
{
  RnnDataset *part[RNN_PARTS] = {0};
  const char *path;
  *data = (RnnData){0};
  const struct Reader *reader = reader_of(source, &path, error);
  char *file = reader ? path_in(options->folder, path, error) : NULL;
  if (!file) return false;
  RnnReading r = {.source = source, .path = file, .input = inputs, .inputs = count, .options = options, .error = error};
  r.fit = !options->coding;
  r.coding = options->coding ? rnn_coding_copy(options->coding, error) : calloc(1, sizeof *r.coding);
  if (!r.coding && r.fit) rnn_fail_memory(error, sizeof *r.coding);
  bool done = r.coding && read_and_cut(&r, reader, part);
  rnn_dataset_free(r.whole);
  free(r.part);
  free(r.normalize);
  free(file);
  *data = (RnnData){part[RNN_PART_TRAIN], part[RNN_PART_VALIDATE], part[RNN_PART_TEST], r.coding};
  if (!done) rnn_data_free(data);
  return done;
}

void rnn_data_free(RnnData *data)
{
  rnn_dataset_free(data->train);
  rnn_dataset_free(data->validate);
  rnn_dataset_free(data->test);
  rnn_coding_free(data->coding);
  *data = (RnnData){0};
}

/* -- made up ------------------------------------------------------------------------------------------------------- */

RnnDataset *rnn_dataset_random(const RnnInputSpec *inputs, int count, int64_t N, int64_t shortest, int64_t T,
                               const RnnDataOptions *options, uint64_t seed, RnnError *error)
{
  int64_t *lengths = calloc((size_t)N + 1, sizeof *lengths);
  if (!lengths) return rnn_fail_memory(error, (size_t)N * sizeof *lengths), NULL;
  for (int64_t s = 0; s < N; s++) lengths[s] = T - (T - shortest) * s / (N > 1 ? N - 1 : 1);
  RnnDataset *dataset = rnn_dataset_new(inputs, count, N, lengths, lengths, NULL, "random data", options, error);
  free(lengths);
  for (int i = 0; dataset && i < count; i++) {
    int64_t elements = rows_of(dataset, i) * inputs[i].width;
    uint64_t stream = rnn_stream(rnn_stream_named("data"), rnn_stream_named(inputs[i].name));
    if (inputs[i].token)
      for (int64_t j = 0; j < elements; j++)
        ((int32_t *)dataset->values[i])[j] = (int32_t)rnn_below(seed, stream, (uint64_t)j, (uint64_t)inputs[i].classes);
    else if (options->real64) rnn_draw_f64(RNN_NORMAL, 0, 1, seed, stream, 0, elements, dataset->values[i]);
    else rnn_draw_f32(RNN_NORMAL, 0, 1, seed, stream, 0, elements, dataset->values[i]);
  }
  return dataset;
}

/* decode.c: see decode.h. In order: what can be decoded; the loop over steps; which symbols follow; hypotheses that are
   done; error rates. */
#include "decode.h"
#include "numbers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- what can be decoded ------------------------------------------------------------------------------------------ */

const ModelDraw *rnn_decode_draw(const RnnHandle *h, RnnError *error)
{
  const ModelDescription *m = h->model;
  const ModelDraw *found = NULL;
  for (int i = 0; i < m->draws; i++) {
    int input = rnn_model_input(m, m->draw[i].var);
    if (input < 0 || !m->input[input].spec.time) continue; /* one a sequence is drawn by predict */
    if (found)
      return rnn_fail(error, RNN_ERROR_USAGE, "the model draws both %s and %s at each step: decode writes one variable",
                      found->var, m->draw[i].var),
             NULL;
    found = &m->draw[i];
    if (found->dist != DIST_CATEGORICAL || m->input[input].spec.second)
      return rnn_fail(error, RNN_ERROR_USAGE,
                      "%s is not drawn from categorical(..) at each step of one axis, which is what decode writes",
                      found->var),
             NULL;
    if (found->offset)
      return rnn_fail(error, RNN_ERROR_USAGE, "the model draws %s[%s%+lld]: decode writes %s[%s], sample the others",
                      found->var, m->axes.primary, (long long)found->offset, found->var, m->axes.primary),
             NULL;
  }
  if (!found) rnn_fail(error, RNN_ERROR_USAGE, "the model draws nothing at each step: there is nothing to decode");
  return found;
}

static const RnnInputCoding *coding_of(const RnnHandle *h, const char *var)
{
  return h->coding ? rnn_coding_find(h->coding, var) : NULL;
}

bool rnn_decode_end(const RnnHandle *h, const Settings *settings, const char *var, int32_t *end, RnnError *error)
{
  const char *label = rnn_setting_text(settings, SETTING_end);
  const RnnInputCoding *coding = coding_of(h, var);
  const RnnVocabulary *vocabulary = coding ? coding->vocabulary : NULL;
  int64_t id = -1, classes = h->model->input[rnn_model_input(h->model, var)].spec.classes;
  bool known = vocabulary ? (id = rnn_vocabulary_id(vocabulary, label, strlen(label))) >= 0
                          : rnn_whole_parse(label, &id) && (id -= coding ? coding->base : 0) >= 0 && id < classes;
  *end = known ? (int32_t)id : -1;
  if (known || !*label || settings->origin[SETTING_end] == FROM_DEFAULT) return true;
  if (vocabulary) return rnn_fail(error, RNN_ERROR_USAGE, "end: '%s' is not in the vocabulary of %s", label, var);
  return rnn_fail(error, RNN_ERROR_USAGE, "end: '%s' is no class of %s, which has numbers and no labels", label, var);
}

bool rnn_decode_penalty(const char *text, DecodeWish *wish, RnnError *error)
{
  static const char *const names[] = {"none", "wu", "mean", NULL}, *const arguments[] = {"alpha", NULL};
  static const char *const no_arguments[] = {NULL};
  RnnCall *call = rnn_call_parse(text, error);
  int which = call ? rnn_call_which(call, "length penalty", names, error) : -1;
  bool ok = which >= 0 && rnn_call_check(call, which == PENALTY_WU ? arguments : no_arguments, 1, error);
  wish->penalty = which < 0 ? PENALTY_NONE : (LengthPenalty)which;
  wish->alpha = 0.6;
  ok = ok && (which != PENALTY_WU || rnn_call_number(call, "alpha", 0, &wish->alpha, error));
  if (ok && !(wish->alpha >= 0 && wish->alpha <= 100)) ok = rnn_fail(error, RNN_ERROR_USAGE, "alpha is 0 to 100");
  rnn_call_free(call);
  return ok;
}

/* -- the state of a search ---------------------------------------------------------------------------------------- */

/* A hypothesis one symbol longer. */
typedef struct Candidate {
  double log_probability;
  int64_t row;
  int32_t symbol;
} Candidate;

typedef struct Search {
  RnnHandle *handle;
  const DecodeWish *wish;
  Decoding *out;
  Run *run;
  bool parts;              /* the program "decode", run in parts */
  const ProgramInput *fed; /* where earlier symbols are read; NULL: nowhere */
  const ProgramVar *logits;
  int64_t symbols; /* that can be written: a vocabulary may have fewer than the token has classes */
  RnnBatch batch;
  int64_t *order; /* [sequences of the data]: by length along the second axis, so that those side by side are alike */
  /* [B], one a row: row k * width + i is hypothesis i of the batch's sequence k */
  int64_t *sequence, *limit; /* in the data; its most symbols */
  double *log_probability;   /* -inf: no hypothesis stands here */
  /* what followed: row b at step t wrote symbol[t * B + b], having stood in row parent[t * B + b] before */
  int32_t *symbol;
  int64_t *parent, room; /* room: steps */
  double *row;           /* [classes]: the logits at hand */
  Candidate *candidate;  /* [width] */
} Search;

static bool choose_program(Search *s, RnnError *error)
{
  const ModelDescription *m = s->handle->model;
  s->parts = rnn_model_program(m, "decode") != NULL;
  if (!s->parts && m->axes.second)
    return rnn_fail(error, RNN_ERROR_USAGE, "the model %s was compiled without the program \"decode\"", m->name);
  if (!s->parts && !m->step.possible)
    return rnn_fail(error, RNN_ERROR_USAGE, "the model can't run step by step: %s", m->step.refused);
  s->run = rnn_handle_run(s->handle, s->parts ? "decode" : "forward", error);
  if (!s->run) return false;
  const Program *p = s->run->program;
  int logits = rnn_program_var(p, s->out->draw->param[0]), input = rnn_model_input(m, s->out->draw->var);
  s->logits = logits < 0 ? NULL : &p->var[logits];
  if (!s->logits || !s->logits->time || s->logits->second || !s->logits->batch)
    return rnn_fail(error, RNN_ERROR_USAGE, "'%s' is not handed out at each step: declare it as an output",
                    s->out->draw->param[0]);
  int fed = rnn_program_input(p, input);
  s->fed = fed < 0 ? NULL : &p->input[fed];
  const RnnInputCoding *coding = coding_of(s->handle, s->out->draw->var);
  s->symbols = s->logits->width;
  if (coding && coding->vocabulary && coding->vocabulary->size < s->symbols) s->symbols = coding->vocabulary->size;
  return true;
}

/* What the data say of t is a limit only where the model reads other values there. */
static int64_t most_symbols(const Search *s, int64_t n)
{
  const Program *p = s->run->program;
  const RnnDataset *d = s->out->data;
  int64_t most = s->wish->length ? s->wish->length : d->length2 ? 2 * d->length2[n] + 10 : 100;
  bool given = false;
  for (int i = 0; i < p->inputs; i++) {
    int from = rnn_dataset_input(d, p->var[p->input[i].var].name);
    given = given || (&p->input[i] != s->fed && p->var[p->input[i].var].time && from >= 0 && d->values[from]);
  }
  return given && (!s->wish->length || d->length[n] < most) ? d->length[n] : most;
}

static bool room_for_step(Search *s, int64_t t, RnnError *error)
{
  if (t < s->room) return true;
  size_t room = (size_t)(t < 16 ? 16 : 2 * t), rows = room * (size_t)s->batch.B;
  int32_t *symbol = rows < SIZE_MAX / 16 ? realloc(s->symbol, rows * sizeof *symbol) : NULL;
  if (symbol) s->symbol = symbol;
  int64_t *parent = symbol ? realloc(s->parent, rows * sizeof *parent) : NULL;
  if (!parent) return rnn_fail_memory(error, rows * sizeof *parent);
  s->parent = parent;
  s->room = (int64_t)room;
  return true;
}

/* -- hypotheses that are done ------------------------------------------------------------------------------------- */

static double score_of(const DecodeWish *w, double log_probability, int64_t length)
{
  if (w->penalty == PENALTY_WU) return log_probability / pow((5 + (double)length) / 6, w->alpha);
  return w->penalty == PENALTY_MEAN ? log_probability / (double)length : log_probability;
}

/* Whether a hypothesis of that score would be kept. */
static bool is_wanted(const Search *s, int64_t n, double score)
{
  const Decoding *d = s->out;
  return d->count[n] < d->best || score > d->hypothesis[n * d->best + d->best - 1].score;
}

/* The symbols that led to row b before step t, and one more where it is none that ends. */
static bool finish(Search *s, int64_t b, int64_t t, int32_t last, bool ended, double log_probability, RnnError *error)
{
  Decoding *d = s->out;
  int64_t n = s->sequence[b], length = t + !ended;
  Hypothesis made = {.length = length,
                     .ended = ended,
                     .log_probability = log_probability,
                     .score = score_of(s->wish, log_probability, t + 1)};
  if (!is_wanted(s, n, made.score)) return true;
  if (!(made.symbol = malloc(((size_t)length + 1) * sizeof *made.symbol)))
    return rnn_fail_memory(error, (size_t)length * sizeof *made.symbol);
  made.symbol[length] = -1;
  if (!ended) made.symbol[t] = last;
  for (int64_t i = t - 1, row = b; i >= 0; i--) {
    made.symbol[i] = s->symbol[i * s->batch.B + row];
    row = s->parent[i * s->batch.B + row];
  }
  Hypothesis *list = d->hypothesis + n * d->best;
  int64_t at = d->count[n];
  if (at < d->best) d->count[n]++;
  else free(list[--at].symbol);
  for (; at > 0 && list[at - 1].score < made.score; at--) list[at] = list[at - 1];
  list[at] = made;
  return true;
}

/* -- which symbols follow ----------------------------------------------------------------------------------------- */

/* The row's logits; false where one is NaN or inf, or none is above -inf. */
static bool read_logits(Search *s, int64_t b, int64_t t, double *most, double *log_sum, RnnError *error)
{
  double sum = 0;
  bool finite = true;
  *most = -INFINITY;
  for (int64_t i = 0; i < s->logits->width; i++) { /* of all classes, since they share the probability */
    s->row[i] = rnn_run_value(s->run, s->logits, 0, 0, b, i);
    finite = finite && s->row[i] < INFINITY; /* not NaN either */
    if (s->row[i] > *most) *most = s->row[i];
  }
  if (!finite || *most == -INFINITY)
    return rnn_fail(error, RNN_ERROR_DATA, "sequence %lld, step %lld: the logits '%s' are not finite",
                    (long long)s->sequence[b] + 1, (long long)t + 1, s->logits->name);
  for (int64_t i = 0; i < s->logits->width; i++) sum += exp(s->row[i] - *most);
  *log_sum = log(sum);
  return true;
}

static bool nothing_follows(const Search *s, int64_t b, int64_t t, RnnError *error)
{
  return rnn_fail(error, RNN_ERROR_DATA, "sequence %lld, step %lld: no symbol of the vocabulary has a probability",
                  (long long)s->sequence[b] + 1, (long long)t + 1);
}

/* One symbol for a row, which stays where it is. */
static bool follow_one(Search *s, int64_t b, int64_t t, RnnError *error)
{
  const DecodeWish *w = s->wish;
  RnnDrawing likeliest = {.temperature = 0};
  double most, log_sum;
  s->parent[t * s->batch.B + b] = b;
  s->symbol[t * s->batch.B + b] = -1;
  if (s->log_probability[b] == -INFINITY) return true;
  if (!read_logits(s, b, t, &most, &log_sum, error)) return false;
  uint64_t stream = rnn_stream(rnn_stream_named("decode"), (uint64_t)s->sequence[b]);
  double u = rnn_uniform(w->seed, rnn_stream(stream, (uint64_t)(b % w->width)), (uint64_t)t);
  int64_t id = rnn_categorical(s->row, s->symbols, w->method == DECODE_DRAW ? &w->drawing : &likeliest, u);
  if (id < 0) return nothing_follows(s, b, t, error);
  double log_probability = s->log_probability[b] + (s->row[id] - most) - log_sum;
  bool ended = id == w->end;
  if (!ended && t + 1 < s->limit[b]) {
    s->symbol[t * s->batch.B + b] = (int32_t)id;
    s->log_probability[b] = log_probability;
    return true;
  }
  s->log_probability[b] = -INFINITY;
  return finish(s, b, t, (int32_t)id, ended, log_probability, error);
}

/* The best continuations of a sequence's rows, the likeliest first; of equal ones the first stays. Returns how many. */
static int64_t best_candidates(Search *s, int64_t first, int64_t t, RnnError *error)
{
  int64_t count = 0, width = s->wish->width, live = 0;
  for (int64_t b = first; b < first + width; b++) {
    double most, log_sum;
    if (s->log_probability[b] == -INFINITY) continue;
    live++;
    if (!read_logits(s, b, t, &most, &log_sum, error)) return -1;
    for (int64_t i = 0; i < s->symbols; i++) {
      Candidate one = {s->log_probability[b] + (s->row[i] - most) - log_sum, b, (int32_t)i};
      if (!(one.log_probability > -INFINITY)) continue;
      if (count == width && one.log_probability <= s->candidate[width - 1].log_probability) continue;
      int64_t at = count < width ? count++ : width - 1;
      for (; at > 0 && s->candidate[at - 1].log_probability < one.log_probability; at--)
        s->candidate[at] = s->candidate[at - 1];
      s->candidate[at] = one;
    }
  }
  if (live && !count) return nothing_follows(s, first, t, error), -1;
  return count;
}

/* The rows of a sequence become its best continuations; those that end leave the beam. It is over when nothing that is
   left could still be among the best: log probabilities only fall, and the penalty is largest for the longest. */
static bool follow_beam(Search *s, int64_t first, int64_t t, RnnError *error)
{
  int64_t width = s->wish->width, B = s->batch.B, next = first, n = s->sequence[first], limit = s->limit[first];
  int64_t count = best_candidates(s, first, t, error);
  if (count < 0) return false;
  for (int64_t b = first; b < first + width; b++) {
    s->parent[t * B + b] = b;
    s->symbol[t * B + b] = -1;
    s->log_probability[b] = -INFINITY;
  }
  for (int64_t i = 0; i < count; i++) {
    const Candidate *c = &s->candidate[i];
    bool ended = c->symbol == s->wish->end;
    if (ended || t + 1 >= limit) {
      if (!finish(s, c->row, t, c->symbol, ended, c->log_probability, error)) return false;
      continue;
    }
    s->parent[t * B + next] = c->row;
    s->symbol[t * B + next] = c->symbol;
    s->log_probability[next++] = c->log_probability;
  }
  if (next > first && !is_wanted(s, n, score_of(s->wish, s->log_probability[first], limit)))
    for (int64_t b = first; b < next; b++) s->log_probability[b] = -INFINITY;
  return true;
}

static bool follow(Search *s, int64_t t, bool *going, RnnError *error)
{
  int64_t each = s->wish->method == DECODE_BEAM ? s->wish->width : 1;
  for (int64_t b = 0; b < s->batch.B; b += each)
    if (!(each > 1 || s->wish->method == DECODE_BEAM ? follow_beam(s, b, t, error) : follow_one(s, b, t, error)))
      return false;
  *going = false;
  for (int64_t b = 0; b < s->batch.B; b++) *going = *going || s->log_probability[b] > -INFINITY;
  return true;
}

/* -- the loop over steps ------------------------------------------------------------------------------------------ */

/* The symbol that row b wrote `back` >= 1 steps before step t; -1: none */
static int32_t written(const Search *s, int64_t b, int64_t t, int64_t back)
{
  if (back > t) return -1;
  int64_t i = t - 1;
  for (; back > 1; back--) b = s->parent[i-- * s->batch.B + b];
  return s->symbol[i * s->batch.B + b];
}

static void feed(Search *s, int64_t t)
{
  const ProgramVar *var = &s->run->program->var[s->fed->var];
  const ProgramBuffer *buffer = &s->run->program->buffer[var->buffer];
  for (int64_t k = -buffer->lo; k <= buffer->hi; k++)
    for (int64_t b = 0; b < s->batch.B; b++)
      *(int32_t *)rnn_run_row(s->run, var, k, 0, b) = k < 0 ? written(s, b, t, -k) : -1;
}

static void run_step(Search *s, int64_t t)
{
  const Program *p = s->run->program;
  const RnnDataset *d = s->out->data;
  rnn_batch_step(&s->batch, d, t, p->leads);
  if (t) rnn_run_next(s->run);
  for (int i = 0; i < p->inputs; i++)
    if (&p->input[i] != s->fed && p->var[p->input[i].var].time)
      rnn_run_fill(s->run, &p->input[i], rnn_dataset_input(d, p->var[p->input[i].var].name));
  if (s->fed) feed(s, t);
  if (s->parts && t == 0) rnn_run_phase(s->run, s->handle->weights, RNN_PHASE_ENCODE);
  rnn_run_phase(s->run, s->handle->weights, s->parts ? RNN_PHASE_STEPS : RNN_PHASE_ALL);
  rnn_run_carry(s->run);
}

static bool run_steps(Search *s, RnnError *error)
{
  bool going = true;
  if (!rnn_run_prepare(s->run, &s->batch, s->out->data, (NoiseKey){0}, error)) return false;
  for (int64_t t = 0; going; t++) {
    if (!room_for_step(s, t, error)) return false;
    run_step(s, t);
    if (!follow(s, t, &going, error)) return false;
    if (going && s->wish->method == DECODE_BEAM && !rnn_run_reorder(s->run, s->parent + t * s->batch.B, error))
      return false;
  }
  return true;
}

/* Sequences from .. from + count - 1 of the order, in `width` rows each. A beam begins with one hypothesis. */
static bool begin(Search *s, int64_t from, int64_t count, RnnError *error)
{
  int64_t width = s->wish->width, B = count * width;
  for (int64_t b = 0; b < B; b++) {
    s->sequence[b] = s->order[from + b / width];
    s->limit[b] = most_symbols(s, s->sequence[b]);
    s->log_probability[b] = s->wish->method == DECODE_BEAM && b % width ? -INFINITY : 0;
  }
  s->room = 0;
  return rnn_batch_stepwise(&s->batch, s->out->data, s->sequence, B, error);
}

typedef struct Length {
  int64_t length, sequence;
} Length;

static int by_length(const void *a, const void *b)
{
  const Length *x = a, *y = b;
  if (x->length != y->length) return x->length > y->length ? -1 : 1;
  return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static bool order_sequences(Search *s, RnnError *error)
{
  const RnnDataset *d = s->out->data;
  Length *all = calloc((size_t)d->sequences + 1, sizeof *all);
  s->order = calloc((size_t)d->sequences + 1, sizeof *s->order);
  bool ok = (all && s->order) || rnn_fail_memory(error, (size_t)d->sequences * sizeof *all);
  for (int64_t n = 0; ok && n < d->sequences; n++) all[n] = (Length){d->length2 ? d->length2[n] : 0, n};
  if (ok) qsort(all, (size_t)d->sequences, sizeof *all, by_length);
  for (int64_t n = 0; ok && n < d->sequences; n++) s->order[n] = all[n].sequence;
  free(all);
  return ok;
}

static bool open_search(Search *s, RnnError *error)
{
  int64_t N = s->out->data->sequences, side = s->wish->batch < N ? s->wish->batch : N, rows, hypotheses;
  if (__builtin_mul_overflow(side, s->wish->width, &rows) || rows > INT64_MAX / 64 ||
      __builtin_mul_overflow(N, s->wish->best, &hypotheses) || hypotheses > INT64_MAX / 64)
    return rnn_fail(error, RNN_ERROR_USAGE, "%lld hypotheses of %lld sequences side by side are too many",
                    (long long)s->wish->width, (long long)side);
  s->out->count = calloc((size_t)N + 1, sizeof *s->out->count);
  s->out->hypothesis = calloc((size_t)hypotheses + 1, sizeof *s->out->hypothesis);
  s->sequence = calloc((size_t)rows + 1, sizeof *s->sequence);
  s->limit = calloc((size_t)rows + 1, sizeof *s->limit);
  s->log_probability = calloc((size_t)rows + 1, sizeof *s->log_probability);
  s->row = calloc((size_t)s->logits->width + 1, sizeof *s->row);
  s->candidate = calloc((size_t)s->wish->width + 1, sizeof *s->candidate);
  bool ok =
      s->out->count && s->out->hypothesis && s->sequence && s->limit && s->log_probability && s->row && s->candidate;
  return ok ? order_sequences(s, error) : rnn_fail_memory(error, (size_t)rows * 64);
}

static void close_search(Search *s)
{
  rnn_batch_free(&s->batch);
  free(s->order);
  free(s->sequence);
  free(s->limit);
  free(s->log_probability);
  free(s->symbol);
  free(s->parent);
  free(s->row);
  free(s->candidate);
}

bool rnn_decode(RnnHandle *h, const RnnDataset *data, const DecodeWish *wish, Decoding *d, RnnError *error)
{
  Search s = {.handle = h, .wish = wish, .out = d};
  *d = (Decoding){.data = data, .best = wish->best};
  if (wish->width < 1 || wish->best < 1 || wish->best > wish->width || wish->batch < 1 ||
      (wish->method == DECODE_LIKELIEST && wish->width != 1))
    return rnn_fail(error, RNN_ERROR_USAGE, "decode: %lld of %lld hypotheses can't be handed out",
                    (long long)wish->best, (long long)wish->width);
  bool ok = (d->draw = rnn_decode_draw(h, error)) && choose_program(&s, error) && open_search(&s, error);
  for (int64_t from = 0, N = data->sequences; ok && from < N; from += wish->batch)
    ok = begin(&s, from, N - from < wish->batch ? N - from : wish->batch, error) && run_steps(&s, error);
  close_search(&s);
  return ok;
}

void rnn_decoding_free(Decoding *d)
{
  for (int64_t i = 0; d->hypothesis && i < d->data->sequences * d->best; i++) free(d->hypothesis[i].symbol);
  free(d->hypothesis);
  free(d->count);
  *d = (Decoding){0};
}

/* -- error rates -------------------------------------------------------------------------------------------------- */

int64_t rnn_edits(const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
  int64_t *row = malloc(((size_t)m + 1) * sizeof *row); /* row[j]: from a's first i to b's first j */
  if (!row) return -1;
  for (int64_t j = 0; j <= m; j++) row[j] = j;
  for (int64_t i = 0; i < n; i++) {
    int64_t corner = row[0]++;
    for (int64_t j = 0; j < m; j++) {
      int64_t least = corner + (a[i] != b[j]);
      if (row[j] + 1 < least) least = row[j] + 1;
      if (row[j + 1] + 1 < least) least = row[j + 1] + 1;
      corner = row[j + 1];
      row[j + 1] = least;
    }
  }
  int64_t edits = row[m];
  free(row);
  return edits;
}

int32_t *rnn_decode_reference(const Decoding *d, int64_t n, int32_t end, int64_t *length)
{
  int input = rnn_dataset_input(d->data, d->draw->var);
  int64_t steps = d->data->length[n];
  int32_t *symbol = malloc(((size_t)steps + 1) * sizeof *symbol);
  *length = 0;
  if (!symbol || input < 0 || !d->data->values[input]) return symbol;
  const int32_t *value = (const int32_t *)d->data->values[input] + d->data->start[n];
  for (int64_t t = 0; t < steps && (end < 0 || value[t] != end); t++)
    if (value[t] >= 0) symbol[(*length)++] = value[t];
  return symbol;
}

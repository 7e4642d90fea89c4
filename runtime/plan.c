/* plan.c: cuts a dataset into batches (batch.h says how). Everything about an epoch follows from the settings and its
   number: the plan keeps the layout of the epoch that was asked for last. */
#include "batch_private.h"
#include "rng.h"
#include <stdlib.h>
#include <string.h>

struct RnnPlan {
  const RnnDataset *dataset;
  RnnPlanSettings settings;
  RnnStream *item; /* in the dataset's order */
  int64_t items;
  bool cut; /* the items are parts of sequences, made to run side by side */
  /* the layout of an epoch: items in its order, `batch` after `batch` of them a group, each group sorted */
  int64_t epoch; /* -1: none yet */
  RnnStream *laid;
  int64_t groups;
  int64_t *position; /* [groups + 1]: number of a group's first batch */
};

static bool carries(const RnnPlan *plan) { return plan->settings.carry && plan->settings.unroll > 0; }

/* -- items --------------------------------------------------------------------------------------------------------- */

static bool make_room(RnnPlan *plan, int64_t items, RnnError *error)
{
  plan->groups = (items + plan->settings.batch - 1) / plan->settings.batch;
  plan->item = calloc((size_t)items, sizeof *plan->item);
  plan->laid = calloc((size_t)items, sizeof *plan->laid);
  plan->position = calloc((size_t)plan->groups + 1, sizeof *plan->position);
  return (plan->item && plan->laid && plan->position) || rnn_fail_memory(error, (size_t)items * 2 * sizeof *plan->item);
}

/* Each sequence as a whole, or where `length` is set in windows of that length. */
static bool make_windows(RnnPlan *plan, int64_t length, RnnError *error)
{
  const RnnDataset *d = plan->dataset;
  int64_t items = 0;
  for (int64_t s = 0; s < d->sequences; s++) items += length ? (d->length[s] - 1) / length + 1 : 1;
  if (!make_room(plan, items, error)) return false;
  for (int64_t s = 0; s < d->sequences; s++)
    for (int64_t first = 0; first < d->length[s];) {
      int64_t left = d->length[s] - first, steps = length && length < left ? length : left;
      plan->item[plan->items++] = (RnnStream){.sequence = s, .first = first, .length = steps};
      first += steps;
    }
  return true;
}

/* How many streams each of a few sequences gets: one more, again and again, to the one whose streams are longest. */
static void share_out(const RnnDataset *d, int64_t streams, int64_t *share)
{
  for (int64_t s = 0; s < d->sequences; s++) share[s] = 1;
  for (int64_t given = d->sequences; given < streams; given++) {
    int64_t longest = 0;
    for (int64_t s = 1; s < d->sequences; s++) /* length / share, compared without division */
      if ((__int128)d->length[s] * share[longest] > (__int128)d->length[longest] * share[s]) longest = s;
    if (d->length[longest] <= share[longest]) return; /* streams of one step each already */
    share[longest]++;
  }
}

static bool cut_streams(RnnPlan *plan, RnnError *error)
{
  const RnnDataset *d = plan->dataset;
  int64_t *share = calloc((size_t)d->sequences, sizeof *share);
  bool done = share && make_room(plan, plan->settings.batch, error);
  if (!share) rnn_fail_memory(error, (size_t)d->sequences * sizeof *share);
  if (done) {
    share_out(d, plan->settings.batch, share);
    for (int64_t s = 0; s < d->sequences; s++)
      for (int64_t k = 0, first = 0; k < share[s]; k++) {
        int64_t steps = d->length[s] / share[s] + (k < d->length[s] % share[s]);
        plan->item[plan->items++] = (RnnStream){.sequence = s, .first = first, .length = steps};
        first += steps;
      }
    plan->cut = true;
    plan->groups = 1;
  }
  free(share);
  return done;
}

static bool make_items(RnnPlan *plan, RnnError *error)
{
  if (carries(plan) && plan->dataset->sequences < plan->settings.batch) return cut_streams(plan, error);
  return make_windows(plan, carries(plan) ? 0 : plan->settings.unroll, error);
}

RnnPlan *rnn_plan_new(const RnnDataset *dataset, const RnnPlanSettings *settings, RnnError *error)
{
  if (settings->batch < 1) return rnn_fail(error, RNN_ERROR_USAGE, "batch must be 1 or more"), NULL;
  if (settings->unroll < 0) return rnn_fail(error, RNN_ERROR_USAGE, "unroll must be 0 or more"), NULL;
  if (settings->carry && settings->unroll == 0)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "carry = true needs unroll = STEPS: whole sequences have no state to carry over"),
           NULL;
  if (dataset->length2 && settings->unroll > 0)
    return rnn_fail(error, RNN_ERROR_USAGE,
                    "unroll = %lld cuts sequences into windows, but a model with two time axes runs them whole: set "
                    "unroll = 0",
                    (long long)settings->unroll),
           NULL;
  if (dataset->sequences < 1) return rnn_fail(error, RNN_ERROR_DATA, "%s: no sequences", dataset->origin), NULL;
  RnnPlan *plan = calloc(1, sizeof *plan);
  if (!plan) return rnn_fail_memory(error, sizeof *plan), NULL;
  plan->dataset = dataset;
  plan->settings = *settings;
  plan->epoch = -1;
  plan->settings.bucket &= settings->unroll == 0;
  if (plan->settings.batch > dataset->start[dataset->sequences])
    plan->settings.batch = dataset->start[dataset->sequences];
  if (make_items(plan, error)) return plan;
  rnn_plan_free(plan);
  return NULL;
}

void rnn_plan_free(RnnPlan *plan)
{
  if (!plan) return;
  free(plan->item);
  free(plan->laid);
  free(plan->position);
  free(plan);
}

/* -- the layout of an epoch ---------------------------------------------------------------------------------------- */

static RnnStream *group_of(const RnnPlan *plan, int64_t group, int64_t *count)
{
  int64_t from = group * plan->settings.batch, left = plan->items - from;
  *count = left < plan->settings.batch ? left : plan->settings.batch;
  return plan->laid + from;
}

/* The windows of a group whose streams are sorted. Where streams were cut, some have one step more than the others: it
   goes into the last full window, since an update on that step alone would be mostly noise. */
static int64_t windows_of(const RnnPlan *plan, const RnnStream *stream, int64_t count)
{
  if (!carries(plan)) return 1;
  int64_t longest = stream[0].length, unroll = plan->settings.unroll, windows = (longest - 1) / unroll + 1;
  bool single_step = longest % unroll == 1 && windows > 1 && stream[count - 1].length < longest;
  return windows - (plan->cut && single_step);
}

/* Draws the order of runs of `size` items anew; n runs. As rnn_permutation, in place. */
static void shuffle(RnnPlan *plan, const char *name, int64_t epoch, int64_t n, int64_t size)
{
  uint64_t stream = rnn_stream(rnn_stream_named(name), (uint64_t)epoch);
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j = (int64_t)rnn_below(plan->settings.seed, stream, (uint64_t)i, (uint64_t)i + 1);
    for (int64_t k = 0; k < size; k++) {
      RnnStream kept = plan->laid[i * size + k];
      plan->laid[i * size + k] = plan->laid[j * size + k];
      plan->laid[j * size + k] = kept;
    }
  }
}

/* By length along the primary axis; sequences of one length by that along the second. */
static void bucket(RnnPlan *plan, int64_t epoch)
{
  int64_t size = RNN_BUCKET * plan->settings.batch, n = plan->items;
  const int64_t *second = plan->dataset->length2;
  for (int64_t i = 0; i < n; i++) plan->laid[i].order = (second ? second[plan->laid[i].sequence] * n : 0) + i;
  for (int64_t from = 0; from < n; from += size) rnn_streams_sort(plan->laid + from, n - from < size ? n - from : size);
  if (plan->settings.shuffle) shuffle(plan, "bucket", epoch, n / plan->settings.batch, plan->settings.batch);
}

static void lay_out(RnnPlan *plan, int64_t epoch)
{
  int64_t n = plan->items, count;
  if (plan->epoch == epoch) return;
  memcpy(plan->laid, plan->item, (size_t)n * sizeof *plan->laid);
  if (plan->settings.shuffle && !plan->cut) shuffle(plan, "order", epoch, n, 1);
  if (plan->settings.bucket) bucket(plan, epoch);
  for (int64_t i = 0; i < n; i++) plan->laid[i].order = i % plan->settings.batch;
  for (int64_t g = 0; g < plan->groups; g++) {
    RnnStream *group = group_of(plan, g, &count);
    rnn_streams_sort(group, count);
    plan->position[g + 1] = plan->position[g] + windows_of(plan, group, count);
  }
  plan->epoch = epoch;
}

int64_t rnn_plan_batches(RnnPlan *plan, int64_t epoch)
{
  lay_out(plan, epoch);
  return plan->position[plan->groups];
}

/* the last group whose first batch is at or before the position */
static int64_t group_at(const RnnPlan *plan, int64_t position)
{
  int64_t low = 0, high = plan->groups - 1;
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    if (plan->position[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

bool rnn_plan_batch(RnnPlan *plan, int64_t epoch, int64_t position, RnnBatch *batch, RnnError *error)
{
  int64_t count;
  lay_out(plan, epoch);
  if (position < 0 || position >= plan->position[plan->groups])
    return rnn_fail(error, RNN_ERROR_DATA,
                    "%s: epoch %lld has %lld batches, number %lld was asked for (other data, or other settings?)",
                    plan->dataset->origin, (long long)epoch, (long long)plan->position[plan->groups],
                    (long long)position);
  int64_t group = group_at(plan, position), window = position - plan->position[group];
  bool last = position + 1 == plan->position[group + 1];
  const RnnStream *stream = group_of(plan, group, &count);
  int64_t begin = carries(plan) ? window * plan->settings.unroll : 0;
  int64_t end = last ? stream[0].length : begin + plan->settings.unroll;
  if (!rnn_batch_window(batch, plan->dataset, stream, count, begin, end, plan->settings.leads, error)) return false;
  batch->carries_on = !last;
  return true;
}

int64_t rnn_plan_longest(const RnnPlan *plan)
{
  int64_t longest = 0, unroll = plan->settings.unroll;
  for (int64_t i = 0; i < plan->items; i++)
    if (plan->item[i].length > longest) longest = plan->item[i].length;
  if (!carries(plan)) return longest;
  return longest > unroll ? unroll + (plan->cut && longest % unroll == 1) : longest;
}

int64_t rnn_plan_widest(const RnnPlan *plan)
{
  return plan->items < plan->settings.batch ? plan->items : plan->settings.batch;
}
int64_t rnn_plan_steps(const RnnPlan *plan) { return plan->dataset->start[plan->dataset->sequences]; }

/* -- as text ------------------------------------------------------------------------------------------------------- */

enum { SHOWN_ROWS = 4, SHOWN_STEPS = 24 };

static void describe_cut(FILE *out, RnnPlan *plan)
{
  const RnnDataset *d = plan->dataset;
  const RnnPlanSettings *s = &plan->settings;
  int64_t shortest = plan->item[0].length, longest = shortest;
  for (int64_t i = 1; i < plan->items; i++) {
    if (plan->item[i].length < shortest) shortest = plan->item[i].length;
    if (plan->item[i].length > longest) longest = plan->item[i].length;
  }
  fprintf(out, "%s: %lld sequence%s, %lld steps in all", d->origin, (long long)d->sequences,
          d->sequences == 1 ? "" : "s", (long long)rnn_plan_steps(plan));
  if (d->length2) fprintf(out, ", %lld along %s", (long long)d->start2[d->sequences], d->axes.second);
  fputc('\n', out);
  if (plan->cut)
    fprintf(out,
            "cut into %lld streams of %lld to %lld steps that run side by side; windows of %lld steps, the state "
            "carried from each to the next\n",
            (long long)plan->items, (long long)shortest, (long long)longest, (long long)s->unroll);
  else if (carries(plan))
    fprintf(out,
            "%lld sequences of %lld to %lld steps at a time, side by side; windows of %lld steps, the state carried "
            "from each to the next\n",
            (long long)rnn_plan_widest(plan), (long long)shortest, (long long)longest, (long long)s->unroll);
  else if (s->unroll)
    fprintf(out, "cut into %lld windows of %lld to %lld steps, each starting fresh, %lld a batch\n",
            (long long)plan->items, (long long)shortest, (long long)longest, (long long)rnn_plan_widest(plan));
  else
    fprintf(out, "whole sequences of %lld to %lld steps, %lld a batch\n", (long long)shortest, (long long)longest,
            (long long)rnn_plan_widest(plan));
  fprintf(out, "%lld batches in epoch 1, %s\n", (long long)rnn_plan_batches(plan, 0),
          s->shuffle && !plan->cut ? "in an order drawn anew each epoch" : "in the order of the file");
  if (s->bucket) fprintf(out, "of each %d batches the sequences are dealt out by length\n", RNN_BUCKET);
}

static void describe_reals(FILE *out, const RnnDataset *d, int input, int64_t at, int64_t values)
{
  int64_t shown = values < 6 ? values : 6;
  for (int64_t i = 0; i < shown; i++)
    fprintf(out, "%s%.4g", i ? " " : "",
            d->real64 ? ((double *)d->values[input])[at + i] : ((float *)d->values[input])[at + i]);
  if (shown < values) fprintf(out, " ...");
}

/* control characters would break the line */
static void print_entry(FILE *out, const char *text, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\n') fputs("\\n", out);
    else if (c < 32 || c == 127) fprintf(out, "\\x%02x", c);
    else fputc(c, out);
  }
}

static void describe_tokens(FILE *out, const RnnDataset *d, int input, int64_t at, int64_t steps,
                            const RnnVocabulary *vocabulary)
{
  int64_t shown = steps < SHOWN_STEPS ? steps : SHOWN_STEPS;
  bool spaced = !vocabulary || vocabulary->unit == RNN_UNIT_LABEL;
  for (int64_t i = 0; i < shown; i++) {
    int32_t id = ((int32_t *)d->values[input])[at + i];
    if (i && spaced) fputc(' ', out);
    if (id < 0) fputc('-', out);
    else if (vocabulary && id < vocabulary->size) print_entry(out, vocabulary->entry[id], vocabulary->bytes[id]);
    else fprintf(out, "%d", id);
  }
  if (shown < steps) fputs(" ...", out);
}

static void describe_row(FILE *out, const RnnDataset *d, const RnnBatch *batch, int64_t b, const RnnCoding *coding)
{
  int64_t from = batch->from[b];
  char axes[128];
  fprintf(out, "  b = %lld: sequence %lld, steps %lld to %lld", (long long)b, (long long)batch->sequence[b] + 1,
          (long long)from + 1, (long long)(from + batch->len[b]));
  if (batch->S) fprintf(out, ", %lld along %s", (long long)d->length2[batch->sequence[b]], d->axes.second);
  if (batch->ahead[b]) fprintf(out, ", %lld more seen", (long long)batch->ahead[b]);
  fprintf(out, ", %s\n", batch->fresh[b] != 0 ? "starts fresh" : "state carried in");
  for (int i = 0; i < d->inputs; i++) {
    const RnnInputSpec *spec = &d->input[i];
    const RnnInputCoding *known = rnn_coding_find(coding, spec->name);
    int64_t at = rnn_dataset_at(d, i, batch->sequence[b], from, 0),
            steps = (spec->time ? batch->len[b] : 1) * (spec->second ? d->length2[batch->sequence[b]] : 1);
    fprintf(out, "    %s%s = ", spec->name, rnn_axes_text(&d->axes, spec->time, spec->second, axes, sizeof axes));
    if (!d->values[i]) fputs("not in the data", out);
    else if (spec->token) describe_tokens(out, d, i, at, steps, known ? known->vocabulary : NULL);
    else describe_reals(out, d, i, at, steps * spec->width);
    fputc('\n', out);
  }
}

void rnn_batch_describe(FILE *out, RnnPlan *plan, const RnnCoding *coding)
{
  RnnBatch batch = {0};
  describe_cut(out, plan);
  int64_t batches = rnn_plan_batches(plan, 0);
  for (int64_t position = 0; position < batches && position < 2; position++) {
    if (!rnn_plan_batch(plan, 0, position, &batch, NULL)) break;
    fprintf(out, "batch %lld: T = %lld, B = %lld", (long long)position + 1, (long long)batch.T, (long long)batch.B);
    if (batch.S) fprintf(out, ", S = %lld", (long long)batch.S);
    fputc('\n', out);
    for (int64_t b = 0; b < batch.B && b < SHOWN_ROWS; b++) describe_row(out, plan->dataset, &batch, b, coding);
    if (batch.B > SHOWN_ROWS) fprintf(out, "  ... %lld more\n", (long long)(batch.B - SHOWN_ROWS));
  }
  rnn_batch_free(&batch);
}

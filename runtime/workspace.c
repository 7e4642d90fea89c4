/* workspace.c: a handle on memory of the caller's. One function counts it and gives it out, so that what was told is
   what is taken. */
#include "workspace.h"
#include "learn.h"
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

/* Memory that is given out piece by piece. Without memory it only counts; `bound` counts what there may be at most,
   without rounding, so that the sum is one of products of sizes. */
typedef struct Plot {
  char *at;
  int64_t used; /* INT64_MAX: more than can be counted */
  bool bound;
} Plot;

static void *take(Plot *p, int64_t bytes, int64_t skip)
{
  int64_t to = p->bound ? LINE - 1 + skip : (LINE - p->used % LINE) % LINE + skip;
  if (bytes < 0 || p->used == INT64_MAX || __builtin_add_overflow(p->used, to, &p->used)) p->used = INT64_MAX;
  char *here = p->at ? p->at + p->used : NULL;
  if (p->used != INT64_MAX && __builtin_add_overflow(p->used, bytes, &p->used)) p->used = INT64_MAX;
  return here;
}

static int64_t lists(int64_t count, int64_t size)
{
  int64_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? -1 : bytes;
}

/* Everything that a gradient and an update of batches up to `x` need, for h where one is given. */
static void lay_out(Plot *p, const ModelDescription *m, const Program *train, int states, const Extent *x, RnnHandle *h)
{
  int64_t block = m->count * (m->real64 ? (int64_t)sizeof(double) : (int64_t)sizeof(float)) + LINE;
  Learning none = {0}, *l = h ? h->learning : &none;
  void *weights = take(p, block, 0), *grads = take(p, block, 0);
  if (h) h->weights = weights, h->grads = grads;
  for (int i = 0; i < states; i++) {
    void *state = take(p, block, 0);
    if (h) rnn_optimiser_lend(l->updater->optimiser, i, state);
  }
  for (int i = 0; i < train->buffers; i++) {
    int64_t bytes = rnn_buffer_bytes(m, &train->buffer[i], x);
    if (bytes >= 0) bytes += LINE;
    void *buffer = take(p, bytes, (int64_t)rnn_buffer_block(i, 0).start);
    if (h) rnn_run_lend(h->run[train - m->program], i, buffer, (size_t)bytes);
  }
  void **list[LEARNING_LISTS + LEARNING_BATCH_LISTS];
  rnn_learning_lists(l, list);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) *list[i] = take(p, lists(x->B + 1, 8), 0);
  l->batch.live = take(p, lists(x->T + 1, 8), 0);
  l->batch.live2 = take(p, lists(x->S + 1, 8), 0);
  l->stream = take(p, lists(x->B, sizeof *l->stream), 0);
  take(p, 0, 0); /* the memory itself may begin anywhere in a line */
  if (p->used != INT64_MAX) p->used += LINE;
}

/* -- counting -------------------------------------------------------------------------------------------------------
 */

static bool extent_of(const ModelDescription *m, const RnnWorkspace *w, Extent *x, RnnError *error)
{
  *x = (Extent){.T = w->steps, .S = w->steps2, .B = w->sequences, .window = w->steps};
  if (w->sequences < 1 || w->steps < 1 || (m->axes.second ? w->steps2 < 1 : w->steps2 != 0))
    return rnn_fail(error, RNN_ERROR_USAGE, "a workspace for %lld sequences of %lld steps%s%s", (long long)w->sequences,
                    (long long)w->steps,
                    m->axes.second ? ", and none along "
                    : w->steps2    ? " with a second axis"
                                   : "",
                    m->axes.second ? m->axes.second : "");
  return true;
}

/* What is told of a handle that has its updater */
static int64_t count(const RnnHandle *h, const Program *train, const Extent *x, RnnError *error)
{
  Plot p = {0};
  lay_out(&p, h->model, train, rnn_optimiser_states(h->learning->updater->optimiser), x, NULL);
  if (p.used < INT64_MAX) return p.used;
  rnn_fail(error, RNN_ERROR_USAGE, "%lld sequences of %lld steps do not fit in memory", (long long)x->B,
           (long long)x->T);
  return -1;
}

/* A handle with its settings read, but without memory */
static RnnHandle *open_for(const RnnModel *model, const RnnWorkspace *w, const Program **train, Extent *x,
                           RnnError *error)
{
  RnnHandle *h = rnn_open_empty(model, error);
  Learning *l = h ? rnn_learning(h, error) : NULL;
  if (h) h->lent = true;
  Run *run = l && extent_of(h->model, w, x, error) ? rnn_handle_run(h, "train", error) : NULL;
  if (run) {
    l->lent = true;
    *train = run->program;
    l->updater = rnn_updater_read(h, w->optimizer, w->clip, error);
    if (l->updater) return h;
  }
  rnn_close(h);
  return NULL;
}

int64_t rnn_workspace_bytes(const RnnModel *model, const RnnWorkspace *w, RnnError *error)
{
  Extent x;
  const Program *train;
  RnnHandle *h = open_for(model, w, &train, &x, error);
  int64_t bytes = h ? count(h, train, &x, error) : -1;
  rnn_close(h);
  return bytes;
}

bool rnn_workspace_terms(const char *json, int64_t terms[RNN_WORKSPACE_TERMS], RnnError *error)
{
  const RnnProgram program = {"train", NULL};
  const RnnModel model = {.abi = RNN_ABI, .programs = 1, .json = json, .program = &program};
  RnnHandle *h = rnn_open_empty(&model, error);
  Learning *l = h ? rnn_learning(h, error) : NULL;
  bool ok = l && (l->updater = rnn_updater_read(h, NULL, NULL, error));
  for (int i = 0; ok && i < RNN_WORKSPACE_TERMS; i++) {
    Extent x = {.B = i & 1, .T = i >> 1 & 1, .S = i >> 2 & 1, .window = i >> 1 & 1};
    Plot p = {.bound = true};
    lay_out(&p, h->model, h->model->program, rnn_optimiser_states(l->updater->optimiser), &x, NULL);
    terms[i] = p.used;
    for (int part = 0; part < i; part++)
      if ((part & i) == part) terms[i] -= terms[part]; /* what the smaller products are already */
  }
  rnn_close(h);
  return ok;
}

/* -- opening --------------------------------------------------------------------------------------------------------
 */

RnnHandle *rnn_open_in(const RnnModel *model, void *memory, int64_t bytes, const RnnWorkspace *w, RnnError *error)
{
  Extent x;
  const Program *train;
  RnnHandle *h = open_for(model, w, &train, &x, error);
  int64_t needs = h ? count(h, train, &x, error) : -1;
  if (needs >= 0 && memory && bytes >= needs) {
    Learning *l = h->learning;
    Plot p = {.at = (char *)(((uintptr_t)memory + LINE - 1) / LINE * LINE)};
    lay_out(&p, h->model, train, rnn_optimiser_states(l->updater->optimiser), &x, h);
    memset(p.at, 0, (size_t)(p.used - LINE));
    l->N = l->batch.room_B = x.B;
    l->T = x.T;
    l->S = x.S;
    l->batch.room_T = x.T + 1;
    l->batch.room_S = x.S + 1;
    h->pool = rnn_pool_new(w->threads);
    h->run[train - h->model->program]->frame.pool = h->pool;
    return h;
  }
  if (needs >= 0)
    rnn_fail(error, RNN_ERROR_USAGE, "a workspace of %lld bytes: %s needs %lld for %lld sequences of %lld steps",
             (long long)(memory ? bytes : 0), h->model->name, (long long)needs, (long long)x.B, (long long)x.T);
  rnn_close(h);
  return NULL;
}

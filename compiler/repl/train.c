/* train.c: in a process of its own: the model at hand trained, from the weights of the session, which come back in a
   file.
   Needs: the runtime's training. Leaves alone: the folder of the user, where the settings do not say otherwise. */
#include "prompt_data.h"
#include "signals.h"
#include "text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int after_step(void *context, const RnnTrainState *state)
{
  (void)context;
  (void)state;
  return rnn_signals_stop() ? 1 : 0;
}

static RnnHandle *open_weights(const World *w, RnnError *error)
{
  RnnHandle *h = rnn_open(w->model, (int)w->set.threads, error);
  if (h && prompt_weights(w, h, error)) return h;
  rnn_close(h);
  return NULL;
}

int run_weights(const World *w, const char *out)
{
  RnnError error = {0};
  RnnHandle *h = open_weights(w, &error);
  bool ok = h && rnn_save(h, out, &error);
  if (!ok) world_fail(w, 0, "%s", error.message);
  rnn_close(h);
  return ok ? 0 : (int)error.code;
}

static bool is_given(const Training *t, const RnnHandle *h, const char *name)
{
  size_t n = strlen(name);
  for (const char *const *set = t->set; *set; set++)
    if (!strncmp(*set, name, n) && (*set)[n] == '=') return true;
  for (int i = 0; i < h->model->settings; i++)
    if (!strcmp(h->model->setting[i].name, name)) return true;
  return false;
}

/* The settings, and what the prompt adds: its data, its seed, a checkpoint that is not left behind. The caller frees
   the list, not its texts. */
static const char **settings_of(const World *w, const Training *t, const RnnHandle *h, Text *checkpoint, Text *data,
                                Text *seed)
{
  int n = 0;
  while (t->set[n]) n++;
  const char **set = calloc((size_t)n + 4, sizeof *set);
  if (!set) abort();
  memcpy(set, t->set, (size_t)n * sizeof *set);
  if (!is_given(t, h, "save")) {
    text_printf(checkpoint, "save=%s/checkpoint.safetensors", t->scratch);
    set[n++] = checkpoint->at;
  }
  if (w->data) {
    text_printf(data, "data=%s", w->data);
    set[n++] = data->at;
  }
  if (!is_given(t, h, "seed")) {
    text_printf(seed, "seed=%ld", w->set.seed);
    set[n++] = seed->at;
  }
  return set;
}

/* Arrays of the session are one sequence in memory. */
static bool arrays_of(const World *w, const RnnHandle *h, RnnTensorFile *list, RnnError *error)
{
  for (int i = 0; i < h->model->inputs; i++) {
    const RnnTensor *t = rnn_tensor_find(&w->arrays, h->model->input[i].spec.name);
    if (t && !rnn_tensor_borrow(list, t->name, t->dtype, t->rank, t->shape, t->data, error)) return false;
  }
  if (list->tensors || w->data || h->model->inputs) return true;
  int64_t one = 1;
  RnnTensor *lengths = rnn_tensor_add(list, "lengths", RNN_I64, 1, &one, error);
  if (lengths) *(int64_t *)lengths->data = w->set.T;
  return lengths != NULL;
}

/* Without the place of a checkpoint that is gone by now. */
static void say_failure(const World *w, RnnError *error)
{
  char *saved = strstr(error->message, "\n  the weights before this step");
  if (saved) *saved = 0;
  world_fail(w, 0, "%s", error->message);
}

static void say_end(const World *w, const RnnTrained *t)
{
  const char *why = t->outcome == RNN_STOPPED ? "stopped, what was learned is kept: "
                    : t->outcome == RNN_EARLY ? "stopped early: "
                                              : "";
  fprintf(w->err, "%sstep %lld", why, (long long)t->last.step);
  if (isfinite(t->last.loss)) fprintf(w->err, ", training loss %.5g", t->last.loss);
  if (isfinite(t->best)) fprintf(w->err, ", best validation loss %.5g at step %lld", t->best, (long long)t->best_step);
  fputc('\n', w->err);
  if (w->results) {
    fprintf(w->results, "{\"kind\": \"training\", \"outcome\": \"%s\", \"step\": %lld",
            t->outcome == RNN_STOPPED ? "stopped"
            : t->outcome == RNN_EARLY ? "early"
                                      : "finished",
            (long long)t->last.step);
    if (isfinite(t->last.loss)) fprintf(w->results, ", \"loss\": %.9g", t->last.loss);
    if (isfinite(t->best))
      fprintf(w->results, ", \"best\": %.9g, \"best_step\": %lld", t->best, (long long)t->best_step);
    fputs("}\n", w->results);
  }
}

int run_training(const World *w, const Training *t)
{
  RnnError error = {0};
  RnnTensorFile arrays = {0};
  Text start = {0}, checkpoint = {0}, data = {0}, seed = {0};
  const char **set = NULL;
  RnnTrained trained = {.best = NAN};
  text_printf(&start, "%s/start.safetensors", t->scratch);
  RnnHandle *h = open_weights(w, &error);
  bool ok = h && rnn_save(h, start.at, &error) && arrays_of(w, h, &arrays, &error);
  if (ok) {
    set = settings_of(w, t, h, &checkpoint, &data, &seed);
    RnnTraining wish = {.set = set,
                        .data = arrays.tensors ? &arrays : NULL,
                        .folder = t->folder,
                        .weights = start.at,
                        .progress = w->interactive || w->results ? RNN_PROGRESS_AUTO : RNN_PROGRESS_PLAIN,
                        .progress_to = w->err,
                        .after_step = after_step};
    rnn_signals_catch();
    ok = rnn_train(h, &wish, &trained, &error);
    rnn_signals_release();
  }
  if (!ok) say_failure(w, &error);
  else say_end(w, &trained);
  if (ok && !rnn_save(h, t->out, &error)) ok = false, world_fail(w, 0, "%s", error.message);
  rnn_close(h);
  rnn_tensor_file_free(&arrays);
  text_free(&start);
  text_free(&checkpoint);
  text_free(&data);
  text_free(&seed);
  free(set);
  return ok ? 0 : (int)error.code;
}

/* command_train.c: `train`: rnn_train with signals, and the command that goes on. */
#include "job.h"
#include "trainer.h"
#include "signals.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int after_step(void *context, const RnnTrainState *state)
{
  (void)context;
  (void)state;
  return rnn_signals_stop() ? 1 : rnn_signals_checkpoint() ? 2 : 0;
}

static bool is_plain_word(const char *text)
{
  return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%")] == 0;
}

/* As a shell takes it for one word */
static void print_word(FILE *to, const char *text)
{
  fputc(' ', to);
  if (is_plain_word(text)) {
    fputs(text, to);
    return;
  }
  fputc('\'', to);
  for (; *text; text++) fputs(*text == '\'' ? "'\\''" : (char[]){*text, 0}, to);
  fputc('\'', to);
}

/* Settings are in the checkpoint; what is no setting has to be said again. */
static void print_resume(const Job *job, const char *checkpoint)
{
  fprintf(stderr, "stopped; to go on:\n  %s train --resume", job->name);
  print_word(stderr, checkpoint);
  if (job->value[OPTION_OUT]) {
    fputs(" --out", stderr);
    print_word(stderr, job->value[OPTION_OUT]);
  }
  if (job->value[OPTION_PRECISION]) {
    fputs(" --precision", stderr);
    print_word(stderr, job->value[OPTION_PRECISION]);
  }
  fputc('\n', stderr);
}

static int explain_batching(Job *job)
{
  Parts parts;
  if (!rnn_job_data(job, &parts, false, false)) return job->error.code;
  Run *run = rnn_handle_run(job->handle, "train", &job->error);
  RnnPlanSettings settings = rnn_training_plan(&job->settings, run ? run->program->leads : 0);
  RnnPlan *plan = run ? rnn_plan_new(parts.train, &settings, &job->error) : NULL;
  if (plan) rnn_batch_describe(stdout, plan, job->handle->coding);
  rnn_plan_free(plan);
  rnn_parts_close(&parts);
  return job->error.code;
}

/* The settings that training would have */
static int print_config(Job *job)
{
  const char *resume = job->value[OPTION_RESUME];
  char *text = resume ? rnn_checkpoint_settings(resume, &job->error) : NULL;
  if (text && !rnn_settings_restore(&job->settings, text, &job->error)) rnn_fail_within(&job->error, "%s", resume);
  free(text);
  if (job->error.code != RNN_OK) return job->error.code;
  if (!job->value[OPTION_JSON]) {
    rnn_settings_print(&job->settings, stdout);
    return RNN_OK;
  }
  json_t *all = json_pack("{s:o, s:o}", "settings", rnn_settings_json(&job->settings), "from",
                          rnn_settings_origins(&job->settings));
  char *json = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
  json_decref(all);
  if (!json) rnn_fail_memory(&job->error, 4096);
  else puts(json);
  free(json);
  return job->error.code;
}

static void print_end(const RnnTrained *t, const char *out)
{
  if (t->outcome == RNN_EARLY)
    fprintf(stderr, "stopped early: no better validation loss since step %lld\n", (long long)t->best_step);
  if (isnan(t->best)) fprintf(stderr, "step %lld: weights written to %s\n", (long long)t->last.step, out);
  else
    fprintf(stderr, "step %lld: the best weights (validation loss %.5g at step %lld) are in %s\n",
            (long long)t->last.step, t->best, (long long)t->best_step, out);
}

static bool progress_kind(Job *job, RnnProgressKind *kind)
{
  static const char *const words[] = {"auto", "line", "plain", "none"};
  static const RnnProgressKind kinds[] = {RNN_PROGRESS_AUTO, RNN_PROGRESS_LINE, RNN_PROGRESS_PLAIN, RNN_PROGRESS_NONE};
  int word = rnn_job_word(job, OPTION_PROGRESS, words, 4);
  if (word < 0) return false;
  *kind = job->value[OPTION_QUIET] ? RNN_PROGRESS_NONE : kinds[word];
  return true;
}

int rnn_command_train(Job *job)
{
  char out[4096];
  RnnTraining training = {.set = job->set,
                          .folder = job->host ? job->host->folder : NULL,
                          .weights = job->value[OPTION_WEIGHTS],
                          .resume = job->value[OPTION_RESUME],
                          .out = out,
                          .trace = job->value[OPTION_TRACE],
                          .after_step = after_step};
  RnnTrained trained;
  if (job->value[OPTION_PRINT_CONFIG]) return print_config(job);
  if (job->value[OPTION_EXPLAIN]) return explain_batching(job);
  if (!progress_kind(job, &training.progress) || !rnn_job_path(job, out, sizeof out, ".safetensors"))
    return job->error.code;
  rnn_signals_catch();
  bool ok = rnn_train(job->handle, &training, &trained, &job->error);
  int stopped = rnn_signals_stop();
  rnn_signals_release();
  if (!ok) return job->error.code;
  if (trained.outcome == RNN_STOPPED) {
    print_resume(job, trained.checkpoint);
    return 128 + stopped;
  }
  if (training.progress != RNN_PROGRESS_NONE) print_end(&trained, out);
  return RNN_OK;
}

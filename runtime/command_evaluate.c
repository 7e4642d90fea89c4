/* command_evaluate.c: `evaluate`: loss and metrics over a part of the data. */
#include "evaluate.h"
#include "job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PART_DEFAULT, PART_TRAIN, PART_VALIDATE, PART_TEST, PART_ALL };

/* The part, or NULL where the data have none of that name */
static const RnnDataset *choose(const Parts *p, int part, const char **name)
{
  if (part == PART_DEFAULT) part = p->test ? PART_TEST : p->validate ? PART_VALIDATE : PART_ALL;
  *name = part == PART_TEST ? "test" : part == PART_VALIDATE ? "validate" : part == PART_TRAIN ? "train" : "all";
  return part == PART_TEST ? p->test : part == PART_VALIDATE ? p->validate : p->train;
}

static void print_json(const Scores *s, const RnnDataset *data, const char *part)
{
  json_t *all = rnn_scores_json(s);
  json_object_set_new(all, "part", json_string(part));
  json_object_set_new(all, "sequences", json_integer(data->sequences));
  json_object_set_new(all, "steps", json_integer(s->steps));
  char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
  if (text) puts(text);
  free(text);
  json_decref(all);
}

static void print_text(const Scores *s, const char *part)
{
  printf("part %s: %lld steps\nloss %.6f\n", part, (long long)s->steps, s->loss);
  for (int i = 0; i < s->terms + s->metrics; i++) {
    double mean = rnn_score_mean(&s->score[i]);
    printf("%s %.6f", s->score[i].name, mean);
    if (i < s->terms) printf(" nats, %.4f bits, mean of %.0f", mean / M_LN2, s->score[i].count);
    putchar('\n');
  }
}

int rnn_command_evaluate(Job *job)
{
  static const char *const words[] = {"default", "train", "validate", "test", "all"};
  Parts parts;
  Scores scores = {0};
  int part = rnn_job_word(job, OPTION_PART, words, 5);
  if (part < 0 || !rnn_job_weights(job)) return job->error.code;
  bool all = part == PART_ALL || (part == PART_DEFAULT && job->value[OPTION_DATA]);
  if (!rnn_job_data(job, &parts, all, false)) return job->error.code;
  const char *name;
  const RnnDataset *data = choose(&parts, part, &name);
  if (!data)
    rnn_fail(&job->error, RNN_ERROR_USAGE, "--part=%s: the settings hold out no such part; --set %s=0.1 would", name,
             name);
  else if (rnn_evaluate(job->handle, job->value[OPTION_FREE] ? "free" : "evaluate", data,
                        rnn_evaluation_plan(&job->settings, data, true), NULL, &scores, &job->error)) {
    if (job->value[OPTION_JSON]) print_json(&scores, data, name);
    else print_text(&scores, name);
  }
  rnn_scores_free(&scores);
  rnn_parts_close(&parts);
  return job->error.code;
}

/* command_evaluate.c: `evaluate`: loss and metrics over a part of the data. */
#include "evaluate.h"
#include "job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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
  Parts parts;
  Scores scores = {0};
  const char *name;
  if (!rnn_job_kept_weights(job)) return job->error.code;
  const RnnDataset *data = rnn_job_part(job, &parts, false, &name);
  if (!data) return job->error.code;
  if (rnn_evaluate(job->handle, job->value[OPTION_FREE] ? "free" : "evaluate", data,
                   rnn_evaluation_plan(&job->settings, data, true), NULL, &scores, &job->error)) {
    if (job->value[OPTION_JSON]) print_json(&scores, data, name);
    else print_text(&scores, name);
  }
  rnn_scores_free(&scores);
  rnn_parts_close(&parts);
  return job->error.code;
}

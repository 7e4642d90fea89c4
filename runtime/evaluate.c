/* evaluate.c: the loop over batches, and the sums it keeps. A mean over the whole part is the sum over all batches by
   the count over all batches, so that it does not depend on how they were cut. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evaluate.h"
#include "draws.h"

RnnPlanSettings rnn_evaluation_plan(const Settings *s, const RnnDataset *data, bool whole)
{
  RnnPlanSettings plan = {.batch = rnn_setting_count(s, SETTING_batch),
                          .unroll = rnn_setting_count(s, SETTING_unroll),
                          .carry = rnn_setting_flag(s, SETTING_carry)};
  if (plan.batch < 1) plan.batch = 1;
  if (whole && plan.carry && plan.batch > data->sequences) plan.batch = data->sequences;
  return plan;
}

static bool scores_new(Scores *s, const Program *p, RnnError *error)
{
  *s = (Scores){.terms = p->terms, .metrics = p->metrics};
  s->score = calloc((size_t)(p->terms + p->metrics) + 1, sizeof *s->score);
  if (!s->score) return rnn_fail_memory(error, sizeof *s->score);
  for (int i = 0; i < p->terms + p->metrics; i++) {
    const ProgramRatio *r = i < p->terms ? &p->term[i] : &p->metric[i - p->terms];
    s->score[i] = (Score){.name = r->name, .dist = r->dist};
  }
  return true;
}

void rnn_scores_free(Scores *s)
{
  free(s->score);
  s->score = NULL;
}

double rnn_score_mean(const Score *s) { return s->count > 0 ? s->sum / s->count : NAN; }

static void scores_add(Scores *s, const Run *run)
{
  const Program *p = run->program;
  double loss = p->loss >= 0 ? rnn_run_number(run, p->loss) : 0;
  for (int i = 0; i < p->terms + p->metrics; i++) {
    const ProgramRatio *r = i < p->terms ? &p->term[i] : &p->metric[i - p->terms];
    double sum = rnn_run_number(run, r->sum), count = rnn_run_number(run, r->count);
    s->score[i].sum += sum;
    s->score[i].count += count;
    if (i < p->terms && count > 0)
      loss -= sum / count; /* what is left is the explicit loss, a mean over this batch's sequences */
  }
  s->rest += loss * (double)run->frame.B;
  s->sequences += (double)run->frame.B;
  for (int64_t b = 0; b < run->frame.B; b++) s->steps += run->frame.len[b];
}

static void scores_close(Scores *s, const Program *p, bool real64)
{
  double means = 0, rest = s->sequences > 0 ? s->rest / s->sequences : 0;
  for (int i = 0; i < s->terms; i++)
    if (s->score[i].count > 0) means += rnn_score_mean(&s->score[i]);
  /* terms alone leave only what rounding left */
  if (s->terms && fabs(rest) < (real64 ? 1e-12 : 1e-5) * (1 + fabs(means))) rest = 0;
  s->loss = p->loss < 0 ? NAN : means + rest;
}

bool rnn_evaluate(RnnHandle *h, const char *program, const RnnDataset *data, RnnPlanSettings settings,
                  const Asker *asker, Scores *scores, RnnError *error)
{
  RnnBatch batch = {0};
  Run *run = rnn_handle_run(h, program, error);
  *scores = (Scores){0};
  if (!run || !scores_new(scores, run->program, error)) return false;
  settings.leads = run->program->leads;
  RnnPlan *plan = rnn_plan_new(data, &settings, error);
  bool ok = plan != NULL;
  for (int64_t i = 0, n = ok ? rnn_plan_batches(plan, 0) : 0; ok && i < n; i++) {
    if (asker && asker->stop && asker->stop(asker->context)) ok = false;
    ok = ok && rnn_plan_batch(plan, 0, i, &batch, error) && rnn_run_prepare(run, &batch, data, (NoiseKey){0}, error);
    if (!ok) break;
    rnn_run_again(run, h->weights, i > 0);
    scores_add(scores, run);
    if (batch.carries_on) rnn_run_carry(run);
  }
  if (ok) scores_close(scores, run->program, h->model->real64);
  rnn_batch_free(&batch);
  rnn_plan_free(plan);
  return ok;
}

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *rnn_scores_json(const Scores *s)
{
  json_t *all = json_object(), *terms = json_object(), *metrics = json_object();
  ModelDist dist;
  for (int i = 0; i < s->terms + s->metrics; i++) {
    const Score *score = &s->score[i];
    double mean = rnn_score_mean(score);
    if (i >= s->terms) json_object_set_new(metrics, score->name, number(mean));
    else if (score->dist && rnn_dist_named(score->dist, &dist) && rnn_dist_has_bits(dist))
      json_object_set_new(terms, score->name,
                          json_pack("{s:o, s:o, s:o}", "nll", number(mean), "bits", number(mean / M_LN2), "count",
                                    number(score->count)));
    else
      json_object_set_new(terms, score->name,
                          json_pack("{s:o, s:o}", "nll", number(mean), "count", number(score->count)));
  }
  json_object_set_new(all, "loss", number(s->loss));
  json_object_set_new(all, "terms", terms);
  json_object_set_new(all, "metrics", metrics);
  return all;
}

void rnn_scores_text(const Scores *s, char *text, size_t size)
{
  size_t n = (size_t)snprintf(text, size, "loss %.5g", s->loss);
  for (int i = 0; i < s->terms + s->metrics && n < size; i++) {
    const Score *score = &s->score[i];
    double mean = rnn_score_mean(score);
    if (i >= s->terms) n += (size_t)snprintf(text + n, size - n, ", %s %.4g", score->name, mean);
    else if (score->dist && strcmp(score->dist, "categorical") == 0)
      n += (size_t)snprintf(text + n, size - n, ", %s %.4f bits", score->name, mean / M_LN2);
    else if (s->terms > 1) n += (size_t)snprintf(text + n, size - n, ", %s %.4f", score->name, mean);
  }
}

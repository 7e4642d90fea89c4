/* command_sample.c: `sample`: the model runs freely; what it draws is printed and read again. */
#include "decode.h"
#include "draws.h"
#include "job.h"
#include "numbers.h"
#include "rng.h"
#include "sampler.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sampling {
  Job *job;
  Sampler sampler;
  uint64_t seed;
  RnnDrawing drawing;
  int32_t end;                      /* of the text; -1: none */
  int64_t length, primed;           /* values to draw; values given before them */
  int64_t widest;                   /* the most elements that an argument of a draw has */
  const ModelDraw *text;            /* the one categorical draw, printed as text; NULL: rows of numbers */
  double *param[MODEL_DRAW_PARAMS]; /* of the draw at hand */
} Sampling;

static const ModelDescription *model_of(const Sampling *s) { return s->job->handle->model; }
static const ModelInput *drawn_input(const Sampling *s, const ModelDraw *d)
{
  return &model_of(s)->input[rnn_model_input(model_of(s), d->var)];
}
static bool is_drawn(const Sampling *s, const ModelDraw *d)
{
  int input = rnn_model_input(model_of(s), d->var);
  return input >= 0 && model_of(s)->input[input].spec.time; /* one a sequence is drawn by predict */
}

/* What can be drawn: a vocabulary may have fewer symbols than the token has classes. */
static int64_t symbols_of(const Sampling *s, const ModelDraw *d)
{
  const RnnInputCoding *c = s->job->handle->coding ? rnn_coding_find(s->job->handle->coding, d->var) : NULL;
  int64_t classes = drawn_input(s, d)->spec.classes;
  return c && c->vocabulary && c->vocabulary->size < classes ? c->vocabulary->size : classes;
}

/* -- drawing ------------------------------------------------------------------------------------------------ */

static bool draw_value(Sampling *s, const ModelDraw *d, int64_t t, RnnError *error)
{
  int input = rnn_model_input(model_of(s), d->var);
  const RnnInputSpec *spec = &model_of(s)->input[input].spec;
  double *to = s->sampler.value[input] + (t + d->offset) * spec->width;
  DrawArgument argument[MODEL_DRAW_PARAMS] = {{0}};
  DrawPlace place = {.seed = s->seed,
                     .stream = rnn_stream(rnn_stream_named("sample"), rnn_stream_named(d->var)),
                     .index = (uint64_t)t,
                     .how = s->drawing};
  for (int k = 0; k < MODEL_DRAW_PARAMS && d->param[k]; k++) {
    int64_t n = rnn_sampler_param(&s->sampler, d->param[k], s->param[k], s->widest);
    if (n < 1) return rnn_fail(error, RNN_ERROR_USAGE, "'%s' is not handed out: declare it as an output", d->param[k]);
    argument[k] = (DrawArgument){s->param[k], n};
  }
  if (d->dist == DIST_CATEGORICAL) argument[0].count = symbols_of(s, d);
  return rnn_draw_value(d->dist, argument, place, spec->width, to) ||
         rnn_fail(error, RNN_ERROR_DATA, "step %lld: the arguments of '%s ~ %s(%s, ..)' are not finite, or impossible",
                  (long long)t + 1, d->var, rnn_dist_name(d->dist), d->param[0]);
}

/* -- printing ----------------------------------------------------------------------------------------------- */

static bool print_symbol(const Sampling *s, int64_t t)
{
  const RnnInputCoding *c = s->job->handle->coding ? rnn_coding_find(s->job->handle->coding, s->text->var) : NULL;
  int64_t id = (int64_t)s->sampler.value[rnn_model_input(model_of(s), s->text->var)][t];
  if (id < 0) return true;
  return rnn_vocabulary_write(c ? c->vocabulary : NULL, id + (c && !c->vocabulary ? c->base : 0), stdout);
}

/* In the data's own units, where they were normalised */
static double cell_of(const RnnInputCoding *c, double value, int64_t i)
{
  return c && c->width > i ? value * c->deviation[i] + c->mean[i] : value;
}

static void print_row(const Sampling *s, int64_t t)
{
  char text[RNN_NUMBER_TEXT];
  printf("%lld", (long long)t + 1);
  for (int k = 0; k < model_of(s)->draws; k++) {
    const ModelDraw *d = &model_of(s)->draw[k];
    if (!is_drawn(s, d)) continue;
    const RnnInputSpec *spec = &drawn_input(s, d)->spec;
    const RnnInputCoding *c = s->job->handle->coding ? rnn_coding_find(s->job->handle->coding, d->var) : NULL;
    const double *row = s->sampler.value[rnn_model_input(model_of(s), d->var)] + t * spec->width;
    for (int64_t i = 0; i < spec->width; i++)
      printf(",%s", rnn_number_text((double)(float)cell_of(c, row[i], i), text));
  }
  putchar('\n');
}

static void print_header(const Sampling *s)
{
  fputs("step", stdout);
  for (int k = 0; k < model_of(s)->draws; k++) {
    const ModelDraw *d = &model_of(s)->draw[k];
    if (!is_drawn(s, d)) continue;
    int64_t width = drawn_input(s, d)->spec.width;
    for (int64_t i = 0; i < width; i++) {
      printf(",%s", d->var);
      if (width > 1) printf(".%lld", (long long)i + 1);
    }
  }
  putchar('\n');
}

static bool print_at(const Sampling *s, int64_t t)
{
  if (s->text) return print_symbol(s, t);
  print_row(s, t);
  return !ferror(stdout);
}

/* -- what the model is given -------------------------------------------------------------------------------- */

/* The prompt, or where a draw looks ahead, something to begin with: the end of a line, where there is such a symbol,
 * else one by chance. */
static bool prime(Sampling *s, const int32_t *ids, int64_t count)
{
  int input = rnn_model_input(model_of(s), s->text->var);
  const RnnInputCoding *c = s->job->handle->coding ? rnn_coding_find(s->job->handle->coding, s->text->var) : NULL;
  double *value = s->sampler.value[input];
  for (int64_t i = 0; i < count; i++) value[i] = ids[i];
  int64_t newline = c && c->vocabulary ? rnn_vocabulary_id(c->vocabulary, "\n", 1) : -1;
  for (int64_t i = count; i < s->primed; i++)
    value[i] = newline >= 0 ? (double)newline
                            : (double)rnn_below(s->seed, rnn_stream_named("sample.first"), (uint64_t)i,
                                                (uint64_t)symbols_of(s, s->text));
  return true;
}

/* Inputs that the model does not draw itself come from the first sequence of the data. */
static bool given(Sampling *s, const RnnDataset *data, int input, RnnError *error)
{
  const RnnInputSpec *spec = &model_of(s)->input[input].spec;
  if (!data)
    return rnn_fail(error, RNN_ERROR_USAGE, "the input '%s' is not drawn by the model: give its values by --data",
                    spec->name);
  int from = rnn_dataset_input(data, spec->name);
  if (from < 0 || !data->values[from])
    return rnn_fail(error, RNN_ERROR_DATA, "%s: no values for the input '%s'", data->origin, spec->name);
  int64_t n =
      (spec->time ? (data->length[0] < s->sampler.steps ? data->length[0] : s->sampler.steps) : 1) * spec->width;
  for (int64_t i = 0; i < n; i++)
    s->sampler.value[input][i] = spec->token    ? ((const int32_t *)data->values[from])[i]
                                 : data->real64 ? ((const double *)data->values[from])[i]
                                                : ((const float *)data->values[from])[i];
  return true;
}

static bool give_inputs(Sampling *s, const RnnDataset *data, RnnError *error)
{
  const ModelDescription *m = model_of(s);
  for (int i = 0; i < m->inputs; i++) {
    bool drawn = false;
    for (int k = 0; k < m->draws; k++)
      drawn = drawn || (is_drawn(s, &m->draw[k]) && !strcmp(m->draw[k].var, m->input[i].spec.name));
    if (s->sampler.needed[i] && !drawn && !given(s, data, i, error)) return false;
  }
  return true;
}

/* -- the loop ----------------------------------------------------------------------------------------------- */

/* An end that was drawn is not printed, and nothing behind it. */
static bool ends_at(const Sampling *s, int64_t t)
{
  return s->text && s->end >= 0 && t >= s->primed &&
         s->sampler.value[rnn_model_input(model_of(s), s->text->var)][t] == s->end;
}

static bool run(Sampling *s, int64_t steps, RnnError *error)
{
  const ModelDescription *m = model_of(s);
  int64_t printed = 0, last = s->primed + s->length;
  if (!s->text) print_header(s);
  bool ended = false;
  for (int64_t t = 0; t < steps && !ended; t++) {
    if (!rnn_sampler_step(&s->sampler, t, error)) return false;
    for (int k = 0; k < m->draws; k++) {
      int64_t at = t + m->draw[k].offset;
      bool known = s->text ? at < s->primed : at < m->draw[k].offset;
      if (is_drawn(s, &m->draw[k]) && at >= 0 && at < last && !known && !draw_value(s, &m->draw[k], t, error))
        return false;
    }
    int64_t ready = t + 1 + (s->text ? s->text->offset : 0); /* values before this one are drawn */
    for (; printed < ready && printed < last && !(ended = ends_at(s, printed)); printed++) {
      bool begun = !s->text || printed >= s->primed || s->job->value[OPTION_PRIME];
      if (begun && !print_at(s, printed)) return rnn_fail_errno(error, "standard output");
    }
  }
  if (s->text) putchar('\n');
  return true;
}

/* Which draws there are, and whether they are one text */
static bool look_at_draws(Sampling *s, int64_t *ahead, RnnError *error)
{
  int count = 0;
  *ahead = 0;
  for (int k = 0; k < model_of(s)->draws; k++) {
    const ModelDraw *d = &model_of(s)->draw[k];
    if (!is_drawn(s, d)) continue;
    if (d->offset < 0)
      return rnn_fail(error, RNN_ERROR_USAGE, "%s is drawn after later values were: it can't be sampled step by step",
                      d->var);
    if (d->offset > *ahead) *ahead = d->offset;
    s->text = rnn_dist_is_class(d->dist) ? d : NULL;
    count++;
  }
  if (count > 1) s->text = NULL;
  return count > 0 || rnn_fail(error, RNN_ERROR_USAGE,
                               "the model draws nothing at each step (no ~ on a variable with [t]): try predict");
}

static bool encode_prime(Sampling *s, int32_t **ids, int64_t *count, RnnError *error)
{
  const char *text = s->job->value[OPTION_PRIME];
  *ids = NULL;
  *count = 0;
  if (!text) return true;
  const RnnInputCoding *c =
      s->text && s->job->handle->coding ? rnn_coding_find(s->job->handle->coding, s->text->var) : NULL;
  if (!c || !c->vocabulary)
    return rnn_fail(error, RNN_ERROR_USAGE, "--prime: the weights have no vocabulary for what the model draws");
  return rnn_vocabulary_encode(c->vocabulary, text, strlen(text), ids, count, error) ||
         rnn_fail_within(error, "--prime");
}

/* The sampler is open: room for the arguments of any draw */
static bool room_for_arguments(Sampling *s, RnnError *error)
{
  s->widest = 1;
  for (int i = 0; i < model_of(s)->draws; i++)
    for (int k = 0; k < MODEL_DRAW_PARAMS && model_of(s)->draw[i].param[k]; k++) {
      int64_t n = rnn_sampler_param(&s->sampler, model_of(s)->draw[i].param[k], NULL, 0);
      if (n > s->widest) s->widest = n;
    }
  for (int k = 0; k < MODEL_DRAW_PARAMS; k++)
    if (!(s->param[k] = calloc((size_t)s->widest, sizeof(double))))
      return rnn_fail_memory(error, (size_t)s->widest * sizeof(double));
  return true;
}

static bool sample(Sampling *s, const RnnDataset *data, RnnError *error)
{
  int64_t ahead, count;
  int32_t *ids = NULL;
  s->end = -1;
  if (!look_at_draws(s, &ahead, error) || !encode_prime(s, &ids, &count, error)) return false;
  if (s->text && !rnn_decode_end(s->job->handle, &s->job->settings, s->text->var, &s->end, error)) {
    free(ids);
    return false;
  }
  s->primed = !s->text ? 0 : count > s->text->offset ? count : s->text->offset;
  int64_t steps = s->primed + s->length - (s->text ? s->text->offset : 0);
  bool ok = rnn_sampler_open(&s->sampler, s->job->handle, steps + ahead, error) && room_for_arguments(s, error);
  ok = ok && (!s->text || prime(s, ids, count)) && give_inputs(s, data, error) && run(s, steps, error);
  rnn_sampler_close(&s->sampler);
  for (int k = 0; k < MODEL_DRAW_PARAMS; k++) free(s->param[k]);
  free(ids);
  return ok;
}

int rnn_command_sample(Job *job)
{
  Sampling s = {.job = job, .seed = (uint64_t)rnn_setting_count(&job->settings, SETTING_seed)};
  Parts parts = {0};
  bool data = job->value[OPTION_DATA] != NULL;
  if (!rnn_job_drawing(job, &s.drawing)) return job->error.code;
  if (!rnn_job_kept_weights(job) || (data && !rnn_job_data(job, &parts, true, true))) return job->error.code;
  bool known = data && !parts.train->length_unknown;
  if (rnn_job_count(job, OPTION_LENGTH, known ? parts.train->length[0] : 500, 1, &s.length))
    sample(&s, parts.train, &job->error);
  rnn_parts_close(&parts);
  return job->error.code;
}

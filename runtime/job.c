/* job.c: what the commands share: the model, its weights, its data, and option values. */
#include "aside.h"
#include "job.h"
#include "memory.h"
#include "numbers.h"
#include "statistics.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool apply_settings(Job *job)
{
  for (int i = 0; i < job->sets; i++)
    if (!rnn_settings_assign(&job->settings, job->set[i], FROM_CALLER, &job->error)) return false;
  return true;
}

bool rnn_job_open(Job *job, const RnnModel *model)
{
  job->handle = rnn_open(model, 1, &job->error);
  if (!job->handle || !rnn_settings_new(&job->settings, job->handle->model, &job->error) || !apply_settings(job))
    return false;
  int64_t threads = rnn_setting_count(&job->settings, SETTING_threads);
  rnn_set_threads(job->handle, threads > 4096 ? 4096 : (int)threads);
  int64_t memory;
  if (!rnn_memory_read(rnn_setting_text(&job->settings, SETTING_memory), &memory, &job->error)) return false;
  rnn_set_memory(job->handle, memory);
  return true;
}

void rnn_job_close(Job *job)
{
  rnn_close(job->handle);
  rnn_settings_free(&job->settings);
  rnn_options_free(job);
}

bool rnn_job_weights(Job *job)
{
  char path[4096];
  if (job->value[OPTION_WEIGHTS]) return rnn_load(job->handle, job->value[OPTION_WEIGHTS], &job->error);
  if (job->handle->model->params == 0) return true; /* the logistic map */
  snprintf(path, sizeof path, "%s.safetensors", rnn_model_name(job->handle));
  if (access(path, F_OK) == 0) return rnn_load(job->handle, path, &job->error);
  return rnn_fail(&job->error, RNN_ERROR_IO,
                  "no weights: there is no %s here; train first, or name a file by --weights", path);
}

bool rnn_job_kept_weights(Job *job) { return rnn_job_weights(job) && rnn_statistics_need(job->handle, &job->error); }

bool rnn_job_data(Job *job, Parts *parts, bool uncut, bool targets_optional)
{
  PartsWish wish = {
      .folder = job->host ? job->host->folder : NULL, .uncut = uncut, .targets_optional = targets_optional};
  return rnn_parts_open(parts, job->handle, &job->settings, &wish, &job->error);
}

static bool wrong_value(Job *job, OptionId option, const char *name, const char *wanted)
{
  return rnn_fail(&job->error, RNN_ERROR_USAGE, "--%s: '%s' is not %s", name, job->value[option], wanted);
}

static const char *option_name(OptionId option)
{
  static const char *const names[] = {
#define OPTION(id, name, letter, argument, setting, commands, help) name,
#define HOST_OPTION(id, name, letter, argument, help) name,
#include "options.def"
#undef OPTION
#undef HOST_OPTION
  };
  return names[option];
}

bool rnn_job_count(Job *job, OptionId option, int64_t otherwise, int64_t least, int64_t *value)
{
  char wanted[64];
  *value = otherwise;
  if (!job->value[option]) return true;
  snprintf(wanted, sizeof wanted, "a whole number of at least %lld", (long long)least);
  return (rnn_whole_parse(job->value[option], value) && *value >= least) ||
         wrong_value(job, option, option_name(option), wanted);
}

bool rnn_job_number(Job *job, OptionId option, double otherwise, double least, double *value)
{
  char wanted[64];
  const char *end;
  *value = otherwise;
  if (!job->value[option]) return true;
  snprintf(wanted, sizeof wanted, "a number of at least %g", least);
  bool ok = rnn_number_parse(job->value[option], &end, value) && !*end && *value >= least;
  return ok || wrong_value(job, option, option_name(option), wanted);
}

bool rnn_job_path(Job *job, char *path, size_t size, const char *ending)
{
  const char *out = job->value[OPTION_OUT];
  int n = out ? snprintf(path, size, "%s", out) : snprintf(path, size, "%s%s", rnn_model_name(job->handle), ending);
  if (n == 0) return rnn_fail(&job->error, RNN_ERROR_USAGE, "--out: the name of a file is wanted");
  return (size_t)n < size || rnn_fail(&job->error, RNN_ERROR_USAGE, "--out: the name is too long");
}

bool rnn_job_drawing(Job *job, RnnDrawing *drawing)
{
  *drawing = (RnnDrawing){0};
  if (!rnn_job_number(job, OPTION_TEMPERATURE, 1, 0, &drawing->temperature) ||
      !rnn_job_count(job, OPTION_TOPK, 0, 0, &drawing->top_k) ||
      !rnn_job_number(job, OPTION_TOPP, 1, 0, &drawing->top_p))
    return false;
  return (drawing->top_p > 0 && drawing->top_p <= 1) ||
         wrong_value(job, OPTION_TOPP, option_name(OPTION_TOPP), "a share above 0 and at most 1");
}

enum { PART_DEFAULT, PART_TRAIN, PART_VALIDATE, PART_TEST, PART_ALL };

const RnnDataset *rnn_job_part(Job *job, Parts *p, bool targets_optional, const char **name)
{
  static const char *const words[] = {"default", "train", "validate", "test", "all"};
  int part = rnn_job_word(job, OPTION_PART, words, 5);
  bool all = part == PART_ALL || (part == PART_DEFAULT && job->value[OPTION_DATA]);
  if (part < 0 || !rnn_job_data(job, p, all, targets_optional)) return NULL;
  if (part == PART_DEFAULT) part = p->test ? PART_TEST : p->validate ? PART_VALIDATE : PART_ALL;
  *name = words[part];
  const RnnDataset *data = part == PART_TEST ? p->test : part == PART_VALIDATE ? p->validate : p->train;
  if (data) return data;
  rnn_fail(&job->error, RNN_ERROR_USAGE, "--part=%s: the settings hold out no such part; --set %s=0.1 would", *name,
           *name);
  rnn_parts_close(p);
  return NULL;
}

/* Through memory, so that the file is written aside and renamed like all others */
bool rnn_job_write(Job *job, bool (*print)(void *context, FILE *out), void *context)
{
  const char *path = job->value[OPTION_OUT];
  char *text = NULL;
  size_t bytes = 0;
  if (!path) return print(context, stdout) || rnn_fail_errno(&job->error, "standard output");
  FILE *memory = open_memstream(&text, &bytes);
  bool ok = memory && print(context, memory);
  if (memory) ok = fclose(memory) == 0 && ok;
  if (!ok) rnn_fail_memory(&job->error, bytes);
  RnnAside *aside = ok ? rnn_aside_begin(path, &job->error) : NULL;
  ok = aside != NULL;
  if (aside && !rnn_aside_write(aside, text, bytes, &job->error)) {
    rnn_aside_cancel(aside);
    ok = false;
  } else if (aside) ok = rnn_aside_commit(aside, &job->error);
  free(text);
  return ok;
}

const char **rnn_job_names(const char *list)
{
  size_t n = 1;
  list += strspn(list, ", ");
  for (const char *c = list; *c; c++) n += *c == ',' || *c == ' ';
  const char **names = calloc(n + 1, sizeof *names);
  char *text = strdup(list), *save = NULL;
  if (!names || !text) {
    free(names);
    free(text);
    return NULL;
  }
  n = 0;
  names[0] = text; /* even where there is no name: the caller frees it */
  for (char *word = strtok_r(text, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) names[n++] = word;
  return names;
}

int rnn_job_word(Job *job, OptionId option, const char *const *words, int count)
{
  const char *given = job->value[option];
  if (!given) return 0;
  for (int i = 0; i < count; i++)
    if (!strcmp(words[i], given)) return i;
  char all[256] = "";
  size_t n = 0;
  for (int i = 0; i < count; i++)
    n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
  const char *near = rnn_near(given, words, (size_t)count);
  if (near)
    rnn_fail(&job->error, RNN_ERROR_USAGE, "--%s: '%s' is not known; did you mean '%s'?", option_name(option), given,
             near);
  else rnn_fail(&job->error, RNN_ERROR_USAGE, "--%s: '%s' is not %s", option_name(option), given, all);
  return -1;
}

/* report_read.c: the log of a training as curves. Needs: the log's lines as docs/commands.md says; unknown events and
   fields are passed over. */
#include "report.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool bad(const char *path, const char *what)
{
  fprintf(stderr, "rnnc: %s: %s\n", path, what);
  return false;
}

/* ---- which file ---- */

static bool ends_with(const char *text, const char *end)
{
  size_t n = strlen(text), k = strlen(end);
  return n >= k && !strcmp(text + n - k, end);
}

/* the one log of a folder */
static const char *log_in(Arena *a, const char *folder)
{
  DIR *dir = opendir(folder);
  if (!dir) {
    bad(folder, strerror(errno));
    return NULL;
  }
  const char *found = NULL, *second = NULL;
  for (struct dirent *e; (e = readdir(dir));) {
    if (!ends_with(e->d_name, ".jsonl")) continue;
    const char *name = arena_printf(a, "%s/%s", folder, e->d_name);
    if (found) second = name;
    else found = name;
  }
  closedir(dir);
  if (!found) bad(folder, "has no .jsonl, the log that train --log FILE writes");
  if (second) fprintf(stderr, "rnnc: %s has more than one log: say %s or %s\n", folder, found, second);
  return second ? NULL : found;
}

/* the log that a checkpoint's settings name */
static const char *log_of_checkpoint(Arena *a, const char *path)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  if (!rnn_tensors_read(path, &file, &error)) {
    fprintf(stderr, "rnnc: %s\n", error.message);
    return NULL;
  }
  const char *text = rnn_metadata_get(&file, "rnnc.settings");
  json_t *settings = text ? json_loads(text, 0, NULL) : NULL;
  const char *log = json_string_value(json_object_get(settings, "log"));
  if (log && *log) log = arena_printf(a, "%s", log);
  else {
    bad(path, text ? "its training wrote no log (train --log FILE)" : "is no checkpoint, and no log");
    log = NULL;
  }
  json_decref(settings);
  rnn_tensor_file_free(&file);
  return log;
}

static const char *log_path(Arena *a, const char *path)
{
  struct stat s;
  if (stat(path, &s)) {
    bad(path, strerror(errno));
    return NULL;
  }
  if (S_ISDIR(s.st_mode)) return log_in(a, path);
  return ends_with(path, ".safetensors") ? log_of_checkpoint(a, path) : path;
}

/* ---- events ---- */

static double number(const json_t *event, const char *field)
{
  const json_t *value = json_object_get(event, field);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static void add(Run *r, Curve *c, double x, double y)
{
  if (isnan(x)) return;
  if (!(fabs(y) < 1e300)) c->missing++; /* nor can a chart show what is larger */
  else vec_push(r->arena, &c->at, ((Point){x, y, r->trainings, c->missing}));
}

static Curve *curve_named(Run *r, Curves *all, const char *name)
{
  for (int i = 0; i < all->n; i++)
    if (!strcmp(all->at[i]->name, name)) return all->at[i];
  Curve *c = ARENA_NEW(r->arena, Curve);
  c->name = arena_printf(r->arena, "%s", name);
  vec_push(r->arena, all, c);
  return c;
}

typedef struct Reading {
  Run *r;
  double before; /* seconds of the trainings before this one */
  double now;    /* of this one so far */
  int64_t epoch, of_epoch, clipped_of_epoch;
} Reading;

/* the bound of "norm(1)" */
static double clip_bound(const json_t *start)
{
  const char *clip = json_string_value(json_object_get(json_object_get(start, "settings"), "clip"));
  if (!clip || strncmp(clip, "norm(", 5)) return NAN;
  const char *equals = strchr(clip, '='); /* norm(max = 1) */
  char *end;
  double bound = strtod(equals ? equals + 1 : clip + 5, &end);
  return *end == ')' && bound > 0 ? bound : NAN;
}

static void end_epoch(Reading *g)
{
  if (g->of_epoch)
    add(g->r, &g->r->share, (double)g->r->updates, 100.0 * (double)g->clipped_of_epoch / (double)g->of_epoch);
  g->of_epoch = g->clipped_of_epoch = 0;
}

static void read_start(Reading *g, json_t *event)
{
  Run *r = g->r;
  end_epoch(g);
  if (!r->start) r->start = json_incref(event);
  r->trainings++;
  r->clip = clip_bound(event);
  g->before += g->now;
  g->now = 0;
}

static void read_step(Reading *g, const json_t *event)
{
  Run *r = g->r;
  double step = number(event, "step"), norm = number(event, "norm");
  bool clipped = json_is_true(json_object_get(event, "clipped"));
  int64_t epoch = (int64_t)json_integer_value(json_object_get(event, "epoch"));
  if (epoch != g->epoch) end_epoch(g);
  g->epoch = epoch;
  add(r, &r->loss, step, number(event, "loss"));
  add(r, &r->norm, step, norm);
  if (!isnan(r->clip)) add(r, &r->clipped_norm, step, clipped && norm > r->clip ? r->clip : norm);
  add(r, &r->rate, step, number(event, "rate"));
  add(r, &r->time, step, g->before + g->now);
  g->of_epoch++;
  g->clipped_of_epoch += clipped;
  r->clipped += clipped;
  if (step > (double)r->updates) r->updates = (int64_t)step;
}

static void read_validation(Reading *g, const json_t *event, bool validated)
{
  Run *r = g->r;
  double step = number(event, "step"), loss = number(event, "loss");
  int64_t epoch = (int64_t)json_integer_value(json_object_get(event, "epoch"));
  if (epoch > r->epochs) r->epochs = epoch;
  add(r, &r->smooth, step, number(event, "training_loss"));
  if (!validated) return;
  add(r, &r->validation, step, loss);
  if (isnan(r->best) || loss < r->best) r->best = loss, r->best_update = (int64_t)step;
  const char *name;
  json_t *value, *free = json_object_get(event, "free");
  if (free) add(r, &r->free, step, number(free, "loss"));
  json_object_foreach(json_object_get(event, "metrics"), name, value)
      add(r, curve_named(r, &r->metrics, name), step, json_is_number(value) ? json_number_value(value) : NAN);
  json_object_foreach(json_object_get(event, "terms"), name, value)
      add(r, curve_named(r, &r->terms, name), step, number(value, "nll"));
}

static void read_event(Reading *g, json_t *event)
{
  const char *kind = json_string_value(json_object_get(event, "event"));
  double seconds = number(event, "seconds");
  if (!kind) return;
  if (!strcmp(kind, "start")) read_start(g, event);
  if (seconds > g->now) g->now = seconds;
  if (!strcmp(kind, "step")) read_step(g, event);
  if (!strcmp(kind, "validation") || !strcmp(kind, "epoch")) read_validation(g, event, *kind == 'v');
  if (strcmp(kind, "end")) return;
  json_decref(g->r->end);
  g->r->end = json_incref(event);
}

static bool read_lines(Reading *g, FILE *f)
{
  Run *r = g->r;
  char *line = NULL;
  size_t room = 0;
  bool good = true;
  long number_of = 0;
  for (ssize_t n; good && (n = getline(&line, &room, f)) >= 0;) {
    json_error_t why;
    number_of++;
    json_t *event = json_loadb(line, (size_t)n, 0, &why);
    if (json_is_object(event)) read_event(g, event);
    else if (line[n - 1] != '\n') r->cut = true; /* the training was killed while it wrote */
    else {
      fprintf(stderr, "rnnc: %s:%ld: no JSON object%s%s\n", r->path, number_of, event ? "" : ": ",
              event ? "" : why.text);
      good = false;
    }
    json_decref(event);
  }
  free(line);
  if (good && ferror(f)) good = bad(r->path, strerror(errno));
  end_epoch(g);
  if (good && !r->start) good = bad(r->path, "has no event 'start': it is no log of train");
  r->seconds = g->before + g->now;
  return good;
}

/* metrics.jsonl: metrics.run.json, where there is one */
static void read_record(Run *r)
{
  const char *end = strrchr(r->path, '.');
  size_t n = end && !strchr(end, '/') ? (size_t)(end - r->path) : strlen(r->path);
  r->record_path = arena_printf(r->arena, "%.*s.run.json", (int)n, r->path);
  r->record = json_load_file(r->record_path, 0, NULL);
  if (!r->record) r->record_path = NULL;
}

bool run_read(Run *r, Arena *arena, const char *path)
{
  *r = (Run){.arena = arena, .best = NAN, .clip = NAN, .loss.name = "each update", .smooth.name = "training, smoothed"};
  r->validation.name = "validation";
  r->free.name = "validation, running freely";
  r->norm.name = "before clipping";
  r->clipped_norm.name = "after clipping";
  r->share.name = "clipped updates of an epoch";
  r->rate.name = "rate";
  r->time.name = "since the start";
  r->path = log_path(arena, path);
  if (!r->path) return false;
  FILE *f = fopen(r->path, "r");
  if (!f) return bad(r->path, strerror(errno));
  Reading g = {.r = r};
  bool good = read_lines(&g, f);
  fclose(f);
  if (good) read_record(r);
  if (good && r->cut) fprintf(stderr, "rnnc: warning: %s: the last line is cut off, and left out\n", r->path);
  return good;
}

void run_free(Run *r)
{
  json_decref(r->start);
  json_decref(r->end);
  json_decref(r->record);
}

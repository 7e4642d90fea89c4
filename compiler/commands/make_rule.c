/* make_rule.c: -MD: the files that a result was made from, as a rule for make. */
#include "compile_job.h"
#include "dependencies.h"
#include <string.h>

/* dir/model.o -> dir/model.d */
static const char *beside(Driver *d, const char *out, const char *suffix)
{
  const char *end = strrchr(out, '.');
  bool ending = end && !strchr(end, '/') && end > out && end[-1] != '/';
  return arena_printf(d->arena, "%.*s%s", (int)(ending ? end - out : (long)strlen(out)), out, suffix);
}

int make_rule_write(const MakeRule *rule, Driver *d, const char *out, bool object)
{
  const char *targets[MAKE_TARGETS + 2];
  int n = 0;
  for (int i = 0; i < rule->targets; i++) targets[n++] = rule->target[i];
  if (!n) targets[n++] = out && strcmp(out, "-") ? out : rule->file;
  if (!rule->targets && object && strcmp(out, "-")) targets[n++] = beside(d, out, ".h");
  FileNames files = {0};
  for (int i = 0; i < d->read.n; i++)
    if (*d->read.at[i] != '<') vec_push(d->arena, &files, d->read.at[i]); /* not <stdin> */
  if (d->o.weights_file) vec_push(d->arena, &files, d->o.weights_file);
  Text t = {0};
  dependencies_write(&t, targets, n, files.at, files.n, rule->phony);
  int code = driver_write(rule->file ? rule->file : beside(d, out, ".d"), t.at, t.n);
  text_free(&t);
  return code;
}

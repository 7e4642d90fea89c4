/* array.c: x = [..]: values of an input, which is declared with it where nothing has declared it.
   Needs: the session's model, for what is declared. Leaves alone: what reads x. */
#include "entry.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Numbers {
  double *at;
  int64_t n, cap;
  int rank;
  int64_t extent[4]; /* -1: not known yet */
  const char *why;   /* what is wrong, at `where` */
  const char *where;
} Numbers;

static const char *skip(const char *c)
{
  for (;; c++) {
    if (*c == '#')
      while (*c && *c != '\n') c++;
    if (!isspace((unsigned char)*c)) return c;
  }
}

static const char *wrong(Numbers *a, const char *c, const char *why)
{
  if (!a->why) a->why = why, a->where = c;
  return c;
}

static const char *read_number(Numbers *a, const char *c)
{
  char *end;
  bool plain = isdigit((unsigned char)*c) || strchr("+-.", *c) || !strncmp(c, "nan", 3) || !strncmp(c, "inf", 3);
  double x = plain && *c ? strtod(c, &end) : 0;
  if (!plain || !*c || end == c) return wrong(a, c, "a number is expected");
  if (a->n == a->cap) a->at = realloc(a->at, sizeof *a->at * (size_t)(a->cap = a->cap ? 2 * a->cap : 64));
  if (!a->at) abort();
  a->at[a->n++] = x;
  return end;
}

/* '[' of depth `depth` is at c */
static const char *read_list(Numbers *a, const char *c, int depth)
{
  int64_t n = 0;
  if (depth >= 3) return wrong(a, c, "lists are nested three deep at most: over time, rows, columns");
  if (a->rank <= depth) {
    if (a->n) return wrong(a, c, "a number is expected here, as before");
    a->rank = depth + 1;
    a->extent[depth] = -1;
  }
  c = skip(c + 1);
  while (*c && *c != ']' && !a->why) {
    if (*c == '[') c = read_list(a, c, depth + 1);
    else if (a->rank > depth + 1) return wrong(a, c, "a list is expected here, as before");
    else c = read_number(a, c);
    n++;
    c = skip(c);
    if (*c == ',') c = skip(c + 1);
    else if (*c != ']' && !a->why) return wrong(a, c, "',' or ']' is expected");
  }
  if (a->why) return c;
  if (!n) return wrong(a, c, "a list has to hold something");
  if (a->extent[depth] >= 0 && a->extent[depth] != n) return wrong(a, c, "the lists are not of one length");
  a->extent[depth] = n;
  return c + 1;
}

/* Does the array fit the declared variable? The shape of the tensor, [1, T, ..] or [1, ..]. */
static bool shape_for(const Var *v, const Numbers *a, int64_t *shape, int *rank)
{
  int wanted = v->shape.token ? 0 : v->shape.rank, time = v->dom & DOM_T ? 1 : 0;
  *rank = 0;
  shape[(*rank)++] = 1;
  if (v->dom & DOM_S || a->rank != wanted + time) return false;
  for (int i = 0; i < a->rank; i++) shape[(*rank)++] = a->extent[i];
  for (int i = 0; i < wanted; i++)
    if (a->extent[i + time] != v->shape.dim[i]) return false;
  return true;
}

static int misfit(Session *s, const Var *v, const Numbers *a)
{
  Arena *arena = arena_new();
  Text has = {0};
  for (int i = 0; i < a->rank; i++) text_printf(&has, "%s%lld", i ? " by " : "", (long long)a->extent[i]);
  world_fail(&s->world, 0, "'%s' is declared %s%s, this list is %s", v->name,
             shape_text(shape_ctx_new(arena), arena, v->shape), v->dom & DOM_T ? " at each place of time" : "", has.at);
  text_free(&has);
  arena_free(arena);
  return EXIT_DIAGNOSTICS;
}

static void drop_array(RnnTensorFile *list, const char *name)
{
  RnnTensorFile rest = {0};
  RnnError error = {0};
  for (int64_t i = 0; i < list->tensors; i++) {
    const RnnTensor *t = &list->tensor[i];
    if (!strcmp(t->name, name)) continue;
    RnnTensor *kept = rnn_tensor_add(&rest, t->name, t->dtype, t->rank, t->shape, &error);
    if (kept) memcpy(kept->data, t->data, (size_t)t->count * rnn_dtype_bytes(t->dtype));
  }
  rnn_tensor_file_free(list);
  *list = rest;
}

static int keep(Session *s, const char *name, const Numbers *a, bool token, int rank, const int64_t *shape)
{
  RnnError error = {0};
  drop_array(&s->world.arrays, name);
  RnnTensor *t = rnn_tensor_add(&s->world.arrays, name, token ? RNN_I64 : RNN_F64, rank, shape, &error);
  if (!t) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s", error.message);
  for (int64_t i = 0; i < a->n; i++) {
    if (token) ((int64_t *)t->data)[i] = (int64_t)a->at[i];
    else ((double *)t->data)[i] = a->at[i];
  }
  return 0;
}

/* A declaration by the array's own shape: over time. */
static int declare(Session *s, const char *entry, const char *name, const Numbers *a)
{
  Text text = {0};
  text_printf(&text, "input %s[t] : real", name);
  for (int i = 1; i < a->rank; i++) text_printf(&text, "%s%lld", i > 1 ? ", " : "[", (long long)a->extent[i]);
  if (a->rank > 1) text_puts(&text, "]");
  int code = session_define(s, &(Defining){.name = entry, .text = text.at, .array = true});
  text_free(&text);
  if (code) return code;
  int64_t shape[5] = {1};
  for (int i = 0; i < a->rank; i++) shape[1 + i] = a->extent[i];
  return keep(s, name, a, false, 1 + a->rank, shape);
}

static int give(Session *s, const char *entry, const char *name, const Numbers *a)
{
  Arena *arena = arena_new();
  Diag *d = diag_new(arena);
  Entry *from = NULL;
  const Item *item = session_find(s, name, &from);
  System *system = session_system(s, arena, d, NULL);
  const Var *v = system ? system_find(system, name) : NULL;
  bool declared =
      item && item->kind == AST_DECLARE && !from->array && (item->role == ROLE_INPUT || item->role == ROLE_TARGET);
  int code, rank;
  int64_t shape[5];
  if (!declared && from && from->array && v && v->dom & DOM_T && shape_for(v, a, shape, &rank))
    code = keep(s, name, a, false, rank, shape);
  else if (!declared) code = declare(s, entry, name, a);
  else if (!v)
    code = world_fail(&s->world, EXIT_DIAGNOSTICS, "the model is not complete yet: %s",
                      diag_first(d) ? diag_first(d) : "something is missing");
  else if (!shape_for(v, a, shape, &rank)) code = misfit(s, v, a);
  else code = keep(s, name, a, v->shape.token, rank, shape);
  arena_free(arena);
  return code;
}

int array_define(Session *s, const char *entry, const char *text)
{
  Numbers a = {0};
  size_t n = strcspn(text, " \t[=");
  char *name = strndup(text, n);
  const char *c = skip(strchr(text, '=') + 1);
  c = skip(read_list(&a, c, 0));
  int code;
  if (!a.why && *c) wrong(&a, c, "nothing is expected behind the list");
  if (a.why)
    code = world_fail(&s->world, EXIT_DIAGNOSTICS, "%s: %s, not '%.12s'", name, a.why, *a.where ? a.where : "the end");
  else code = give(s, entry, name, &a);
  free(a.at);
  free(name);
  return code;
}

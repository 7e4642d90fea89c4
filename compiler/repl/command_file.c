/* command_file.c: :load, :reload, :save, :data: what comes from files and goes into them.
   Needs: names with a known ending. Leaves alone: a file that could not be written whole (output.c, the runtime). */
#include "command.h"
#include "output.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_in(const char *path, const char *ending)
{
  size_t n = strlen(path), k = strlen(ending);
  return n >= k && !strcmp(path + n - k, ending);
}

/* ~/x and "a b" as a shell has them; the caller frees */
static char *path_of(const char *rest)
{
  size_t n = strlen(rest);
  const char *home = getenv("HOME");
  Text t = {0};
  if (n > 1 && *rest == '"' && rest[n - 1] == '"') text_write(&t, rest + 1, n - 2);
  else if (!strncmp(rest, "~/", 2) && home) text_printf(&t, "%s%s", home, rest + 1);
  else text_puts(&t, rest);
  return t.at;
}

/* ---- weights ---- */

static bool keep_weights(Session *s, const RnnTensorFile *file, RnnError *error)
{
  RnnTensorFile all = {0};
  char name[1024];
  bool ok = true;
  for (int64_t i = 0; i < file->tensors && ok; i++) {
    const RnnTensor *t = &file->tensor[i];
    if (!rnn_dtype_is_real(t->dtype)) continue;
    snprintf(name, sizeof name, "%s/%s", s->world.scope, t->name);
    RnnTensor *made = rnn_tensor_add(&all, name, RNN_F64, t->rank, t->shape, error);
    ok = made != NULL;
    if (ok) rnn_tensor_to_f64(t, 0, t->count, made->data);
  }
  for (int64_t i = 0; i < s->world.weights.tensors && ok; i++) {
    const RnnTensor *t = &s->world.weights.tensor[i];
    if (rnn_tensor_find(&all, t->name)) continue;
    RnnTensor *made = rnn_tensor_add(&all, t->name, t->dtype, t->rank, t->shape, error);
    ok = made != NULL;
    if (ok) memcpy(made->data, t->data, (size_t)t->count * rnn_dtype_bytes(t->dtype));
  }
  if (!ok) {
    rnn_tensor_file_free(&all);
    return false;
  }
  rnn_tensor_file_free(&s->world.weights);
  s->world.weights = all;
  return true;
}

int weights_read(Session *s, const char *path)
{
  RnnTensorFile file = {0};
  RnnError error = {0};
  bool ok = rnn_safetensors_read(path, &file, &error) && keep_weights(s, &file, &error);
  rnn_tensor_file_free(&file);
  return ok ? 0 : world_fail(&s->world, (int)error.code, "%s", error.message);
}

/* A file of another model would change nothing in silence: each parameter has to be there, in its shape. */
static int load_weights(Session *s, const char *path)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  System *system = session_system(s, a, d, NULL);
  RnnTensorFile file = {0};
  RnnError error = {0};
  int code = 0;
  if (!system) code = world_fail(&s->world, EXIT_DIAGNOSTICS, "weights are for a model: define it first");
  else if (!rnn_safetensors_read(path, &file, &error))
    code = world_fail(&s->world, (int)error.code, "%s", error.message);
  for (int i = 0; !code && i < system->vars.n; i++) {
    const Var *v = system->vars.at[i];
    int64_t shape[2] = {v->shape.dim[0], v->shape.dim[1]};
    if (v->kind != VAR_PARAM || v->fixed) continue;
    const RnnTensor *t = rnn_tensor_need(&file, path, v->name, &error);
    char has[64], needs[64];
    if (!t) code = world_fail(&s->world, EXIT_ENVIRONMENT, "%s", error.message);
    else if (!rnn_tensor_has_shape(t, v->shape.rank, shape))
      code = world_fail(&s->world, EXIT_ENVIRONMENT, "%s: '%s' is %s, the model needs %s", path, v->name,
                        rnn_shape_text(t->rank, t->shape, has, sizeof has),
                        rnn_shape_text(v->shape.rank, shape, needs, sizeof needs));
  }
  if (!code && !keep_weights(s, &file, &error)) code = world_fail(&s->world, (int)error.code, "%s", error.message);
  rnn_tensor_file_free(&file);
  arena_free(a);
  return code;
}

/* ---- definitions ---- */

static void say_model(Session *s, const char *path)
{
  Arena *a = arena_new();
  System *system = session_system(s, a, diag_new(a), NULL);
  long long elements = 0;
  int params = 0;
  Text inputs = {0};
  for (int i = 0; system && i < system->vars.n; i++) {
    const Var *v = system->vars.at[i];
    if (v->kind == VAR_PARAM) params++, elements += shape_count(v->shape);
    if (v->kind == VAR_INPUT || v->kind == VAR_TARGET)
      text_printf(&inputs, "%s%s", inputs.n ? ", " : "; inputs ", v->name);
  }
  if (system && s->world.interactive)
    fprintf(s->world.err, "%s, from %s: %d parameters with %lld elements%s\n", s->world.scope, path, params, elements,
            inputs.n ? inputs.at : "");
  else if (s->world.interactive) fprintf(s->world.err, "%s is loaded\n", path);
  text_free(&inputs);
  arena_free(a);
}

static int load_definitions(Session *s, const char *path)
{
  struct stat st;
  if (stat(path, &st) != 0) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode)) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s is a folder", path);
  char *text = scratch_read(path);
  if (!text) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
  int code = session_define(s, &(Defining){.name = path, .text = text, .file = true});
  free(text);
  if (code) return code;
  strings_add(&s->loaded, path);
  say_model(s, path);
  return 0;
}

static int set_data(Session *s, const char *source)
{
  char *own = strdup(source);
  if (!own) abort();
  free(s->world.data);
  s->world.data = own;
  return 0;
}

/* A plain file name is checked now, a source when it is read. */
static int load_data(Session *s, const char *path)
{
  if (strchr(path, '(')) return set_data(s, path);
  struct stat st;
  if (stat(path, &st) != 0) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode)) return world_fail(&s->world, EXIT_ENVIRONMENT, "%s is a folder", path);
  Text quoted = {0};
  text_json(&quoted, path);
  int code = set_data(s, quoted.at);
  text_free(&quoted);
  return code;
}

int prompt_load(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  if (!*rest) return command_usage(s, "load");
  char *path = path_of(rest);
  int code = ends_in(path, ".rnn")           ? load_definitions(s, path)
             : ends_in(path, ".safetensors") ? load_weights(s, path)
                                             : load_data(s, path);
  free(path);
  return code;
}

int prompt_data(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  if (*rest) {
    char *path = path_of(rest);
    int code = load_data(s, path);
    free(path);
    return code;
  }
  if (s->world.data) fprintf(s->world.out, "%s\n", s->world.data);
  for (int64_t i = 0; i < s->world.arrays.tensors; i++) {
    char shape[128];
    const RnnTensor *t = &s->world.arrays.tensor[i];
    fprintf(s->world.out, "%s = [..]    # %s\n", t->name,
            rnn_shape_text(t->rank - 1, t->shape + 1, shape, sizeof shape));
  }
  if (!s->world.data && !s->world.arrays.tensors) fputs("there are no data\n", s->world.out);
  return 0;
}

int prompt_reload(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  (void)rest;
  if (!s->loaded.n) return world_fail(&s->world, EXIT_USAGE, "no .rnn file was loaded yet: :load FILE");
  for (int i = 0; i < s->loaded.n; i++) {
    int code = load_definitions(s, s->loaded.at[i]);
    if (code) return code;
  }
  return 0;
}

/* ---- texts ---- */

static bool is_block(AstKind k) { return k == AST_CELL || k == AST_TRAIN; }

/* As it was typed, but for declarations, which may be parts of one. */
static void write_item(Text *out, Entry *e, const Item *i, Ast *file, int indent)
{
  const Ast *node = tree_item(e, i, file);
  if (i->kind == AST_DECLARE) {
    Ast one = *file->kid[i->kid];
    if (i->sub >= 0) one = *one.kid[i->sub];
    Ast *kid[] = {one.kid[i->decl]};
    one.kid = kid;
    one.nkid = 1;
    text_printf(out, "%*s", indent, "");
    ast_format(out, &one);
    return;
  }
  text_printf(out, "%*s", indent, "");
  if (i->kind == AST_DRAW || i->kind == AST_SIZE) ast_format(out, node); /* their spans are not all of it */
  else text_printf(out, "%.*s\n", node->span.to - node->span.from, e->shown + node->span.from);
  if (is_block(i->kind) && !indent) text_puts(out, "\n");
}

static void write_scope(const Session *s, Text *out, const char *scope, int indent)
{
  Arena *a = arena_new();
  for (int i = 0; i < s->entries; i++) {
    Entry *e = s->entry[i];
    Ast *file = parse(a, diag_new(a), source_from_text(a, e->source, e->text, strlen(e->text)));
    for (int k = 0; k < e->items; k++) {
      const Item *item = &e->item[k];
      bool here = scope ? item->scope && !strcmp(item->scope, scope) : !item->scope;
      if (item->alive && here && item->kind != AST_MODEL) write_item(out, e, item, file, indent);
    }
  }
  arena_free(a);
}

static void scopes_of(const Session *s, Strings *out)
{
  for (int i = 0; i < s->entries; i++)
    for (int k = 0; k < s->entry[i]->items; k++) {
      const Item *item = &s->entry[i]->item[k];
      if (item->alive && item->scope && strcmp(item->scope, s->world.scope)) strings_add(out, item->scope);
    }
  strings_add(out, s->world.scope); /* the last: rnnc compiles that one */
}

static void write_definitions(const Session *s, Text *out)
{
  Strings scopes = {0};
  scopes_of(s, &scopes);
  text_puts(out, "");
  write_scope(s, out, NULL, 0);
  bool alone = scopes.n == 1 && !strcmp(scopes.at[0], OWN_SCOPE);
  for (int i = 0; i < scopes.n; i++) {
    Text body = {0};
    write_scope(s, &body, scopes.at[i], alone ? 0 : 2);
    if (body.n && !alone) text_printf(out, "%smodel %s {\n%s}\n", out->n ? "\n" : "", scopes.at[i], body.at);
    else if (body.n) text_puts(out, body.at);
    text_free(&body);
  }
  strings_free(&scopes);
}

int prompt_list(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  (void)rest;
  Text all = {0};
  write_definitions(s, &all);
  fputs(all.at, s->world.out);
  text_free(&all);
  return 0;
}

int prompt_use(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  Strings scopes = {0};
  scopes_of(s, &scopes);
  int code = 0;
  if (!*rest)
    for (int i = 0; i < scopes.n; i++)
      fprintf(s->world.out, "%s%s\n", scopes.at[i], !strcmp(scopes.at[i], s->world.scope) ? " (at hand)" : "");
  else if (strings_have(&scopes, rest) || !strcmp(rest, OWN_SCOPE)) {
    snprintf(s->world.scope, sizeof s->world.scope, "%s", rest);
    session_changed(s);
  } else {
    const char *near = nearest(rest, (const char *const *)scopes.at, scopes.n);
    code = near ? world_fail(&s->world, EXIT_USAGE, "there is no model '%s': did you mean '%s'?", rest, near)
                : world_fail(&s->world, EXIT_USAGE, "there is no model '%s'", rest);
  }
  strings_free(&scopes);
  return code;
}

int prompt_save(Session *s, const char *entry, const char *rest)
{
  (void)entry;
  if (!*rest) return command_usage(s, "save");
  char *path = path_of(rest), *error = NULL;
  int code = 0;
  if (ends_in(path, ".safetensors")) code = weights_write(s, path);
  else if (ends_in(path, ".rnn")) {
    Text all = {0};
    write_definitions(s, &all);
    if (!output_write(path, all.at, all.n, &error)) code = world_fail(&s->world, EXIT_ENVIRONMENT, "%s", error);
    free(error);
    text_free(&all);
    if (!code && s->world.arrays.tensors) world_say(&s->world, "note", "values of x = [..] are not in the file");
  } else code = world_fail(&s->world, EXIT_USAGE, "%s: the name has to end in .rnn or .safetensors", path);
  if (!code && s->world.interactive) fprintf(s->world.err, "written to %s\n", path);
  free(path);
  return code;
}

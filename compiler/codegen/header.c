/* header.c: model.h for C programs.
   Needs: jansson. Leaves: everything. Knows of the model only what the JSON says. */
#include "header_private.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading the description ---- */

const char *header_text(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

long long header_number(const json_t *o, const char *key)
{
  return (long long)json_integer_value(json_object_get(o, key));
}

bool header_has(const json_t *o, const char *key) { return json_is_true(json_object_get(o, key)); }

bool header_is_token(const json_t *port) { return !strcmp(header_text(port, "type"), "token"); }

/* The entry of a named variable in one of the model's lists; NULL when it has none. */
static const json_t *entry_named(const json_t *list, const char *name)
{
  size_t i;
  const json_t *entry;
  json_array_foreach(list, i, entry) if (!strcmp(header_text(entry, "name"), name)) return entry;
  return NULL;
}

static bool listed(const json_t *list, const char *name)
{
  size_t i;
  const json_t *entry;
  json_array_foreach(list, i,
                     entry) if (json_string_value(entry) && !strcmp(json_string_value(entry), name)) return true;
  return false;
}

/* ---- names ---- */

/* C letters only; anything else is an underscore. The caller frees it. */
static char *c_name(const char *s, bool capitals)
{
  Text t = {0};
  if (!*s || isdigit((unsigned char)*s)) text_puts(&t, "m");
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    char d = c < 128 && isalnum(c) ? (char)(capitals ? toupper(c) : c) : '_';
    text_write(&t, &d, 1);
  }
  return t.at;
}

/* h.Wi and h_Wi would both be h_Wi: the second one gets _2. Its number among the list's earlier namesakes. */
void header_put_unique(Text *t, const json_t *list, size_t index)
{
  char *mine = c_name(header_text(json_array_get(list, index), "name"), false);
  int same = 1;
  for (size_t i = 0; i < index; i++) {
    char *other = c_name(header_text(json_array_get(list, i), "name"), false);
    same += !strcmp(mine, other);
    free(other);
  }
  text_puts(t, mine);
  if (same > 1) text_printf(t, "_%d", same);
  free(mine);
}

/* Text inside a comment must not end it. */
void header_put_safe(Text *t, const char *s)
{
  for (; *s; s++) {
    bool control = (unsigned char)*s < ' ';
    text_write(t, control ? " " : s, 1);
    if ((s[0] == '*' && s[1] == '/') || (s[0] == '/' && s[1] == '*')) text_puts(t, " ");
  }
}

static void put_domain(Text *t, const json_t *entry)
{
  bool first = header_has(entry, "time"), second = header_has(entry, "second");
  text_puts(t, first && second ? ", one for each step of both axes"
               : second        ? ", one a step of the second axis"
               : first         ? ", one a step"
                               : ", one a sequence");
}

void header_put_shape(Text *t, const json_t *entry, bool time)
{
  const json_t *shape = json_object_get(entry, "shape");
  if (header_is_token(entry)) {
    text_printf(t, "token[%lld]", (long long)json_integer_value(json_array_get(shape, 0)));
  } else {
    text_puts(t, "real");
    for (size_t i = 0; i < json_array_size(shape); i++)
      text_printf(t, "%s%lld%s", i ? ", " : "[", (long long)json_integer_value(json_array_get(shape, i)),
                  i + 1 == json_array_size(shape) ? "]" : "");
  }
  if (time) put_domain(t, entry);
}

/* ---- parts ---- */

static void put_sizes(Header *h)
{
  Text *t = h->out;
  long long params = header_number(h->model, "param_count");
  text_printf(t, "/* Sizes. A real is a %s here. */\n", h->real);
  text_printf(t, "typedef %s %s_real;\n", h->real, h->name);
  text_printf(t, "#define %s_PARAM_COUNT %lld /* reals in the block of parameters */\n", h->macro, params);
  text_printf(t, "#define %s_PARAM_BYTES %lld\n", h->macro, params * (strcmp(h->real, "float") ? 8 : 4));
  if (h->step) text_printf(t, "#define %s_STATE_BYTES %lld\n", h->macro, header_number(h->step, "state_bytes"));
  for (int k = 0; k < 2 && h->step; k++) {
    const json_t *ports = json_object_get(h->step, k ? "outputs" : "inputs");
    for (size_t i = 0; i < json_array_size(ports); i++) {
      const json_t *port = json_array_get(ports, i);
      text_printf(t, "#define %s_COUNT_%s_", h->macro, k ? "out" : "in");
      header_put_unique(t, ports, i);
      text_printf(t, " %lld\n", header_number(port, "count"));
    }
  }
  text_puts(t, "\n");
}

static void put_params(Header *h)
{
  Text *t = h->out;
  const json_t *params = json_object_get(h->model, "params");
  text_printf(
      t,
      "/* The block of parameters: an array of %s_PARAM_COUNT reals, aligned as one (on 64 bytes a step is faster by "
      "up\n"
      "   to a fifth); each parameter row by row from here on. Between them may be gaps, which are not read. librnn's\n"
      "   rnn_load and rnn_weights give such a block. */\n",
      h->macro);
  for (size_t i = 0; i < json_array_size(params); i++) {
    const json_t *p = json_array_get(params, i);
    text_printf(t, "#define %s_AT_", h->macro);
    header_put_unique(t, params, i);
    text_printf(t, " %lld /* ", header_number(p, "offset"));
    header_put_safe(t, header_text(p, "name"));
    text_puts(t, ": ");
    header_put_shape(t, p, false);
    text_puts(t, " */\n");
  }
  if (h->options->weights)
    text_printf(t, "/* The parameters that were compiled in. */\nextern const %s_real %s[%s_PARAM_COUNT];\n", h->name,
                h->options->weights, h->macro);
  text_puts(t, "\n");
}

/* "int32_t in_x" for a single token, "float in_u" for a number, "const float in_x[12]" for more */
static void put_input(Header *h, const json_t *ports, size_t i)
{
  Text *t = h->out;
  const json_t *port = json_array_get(ports, i);
  bool single = header_number(port, "count") == 1;
  if (header_is_token(port)) text_puts(t, "int32_t in_");
  else text_printf(t, single ? "%s_real in_" : "const %s_real in_", h->name);
  header_put_unique(t, ports, i);
  if (!header_is_token(port) && !single) text_printf(t, "[%lld]", header_number(port, "count"));
}

/* What each port of the step is, a line each. */
static void put_ports(Header *h, bool outputs)
{
  Text *t = h->out;
  const json_t *ports = json_object_get(h->step, outputs ? "outputs" : "inputs");
  const json_t *feedback = json_object_get(h->step, "feedback");
  for (size_t i = 0; i < json_array_size(ports); i++) {
    const char *name = header_text(json_array_get(ports, i), "name");
    const json_t *entry = entry_named(json_object_get(h->model, outputs ? "outputs" : "inputs"), name);
    text_printf(t, "     %s_", outputs ? "out" : "in");
    header_put_unique(t, ports, i);
    text_puts(t, "  ");
    header_put_safe(t, name);
    text_puts(t, ": ");
    if (entry) header_put_shape(t, entry, false);
    else text_printf(t, "%lld reals", header_number(json_array_get(ports, i), "count"));
    if (header_is_token(json_array_get(ports, i))) text_puts(t, ", its number from 0; -1 for none");
    if (!outputs && listed(feedback, name))
      text_puts(t, "; of the step before: what was drawn or observed there. Not looked at by the first step");
    text_puts(t, "\n");
  }
}

static void put_step(Header *h)
{
  Text *t = h->out;
  const char *n = h->name;
  long long words = (header_number(h->step, "state_bytes") + 7) / 8;
  text_printf(t,
              "/* All that a running model remembers. It is plain memory of the caller's: any number of them, copied "
              "for a snapshot,\n"
              "   written and read back as bytes. All zero is the state before the first step. */\n"
              "struct %s_state {\n  double words[%lld];\n};\n\n",
              n, words);
  text_printf(t,
              "/* The object's own entry; %s_step is the typed way in. */\n"
              "void %s" HEADER_STEP_ENTRY
              "(const void *params, void *state, const void *const *in, void *const *out);\n\n",
              n, n);
  text_printf(t,
              "/* Before the first step, and to begin a new sequence. */\n"
              "static inline void %s_reset(struct %s_state *state)\n{\n  size_t i;\n"
              "  for (i = 0; i < sizeof state->words / sizeof state->words[0]; i++) state->words[i] = 0;\n}\n\n",
              n, n);

  const json_t *ins = json_object_get(h->step, "inputs"), *outs = json_object_get(h->step, "outputs");
  size_t n_in = json_array_size(ins), n_out = json_array_size(outs);
  text_printf(t,
              "/* One step of one sequence. No allocation, no global, no lock; may run in several threads, each with "
              "its own state.\n"
              "     params  the block of parameters\n     state   read and updated; %s_reset first\n",
              n);
  put_ports(h, false);
  put_ports(h, true);
  text_printf(t,
              "   Arrays may not overlap. */\nstatic inline void %s_step(const %s_real *params, struct %s_state *state",
              n, n, n);
  for (size_t i = 0; i < n_in; i++) {
    text_puts(t, ", ");
    put_input(h, ins, i);
  }
  for (size_t i = 0; i < n_out; i++) {
    text_printf(t, ", %s_real out_", n);
    header_put_unique(t, outs, i);
    text_printf(t, "[%lld]", header_number(json_array_get(outs, i), "count"));
  }
  text_printf(t, ")\n{\n  const void *in[%zu];\n  void *out[%zu];\n", n_in ? n_in : 1, n_out ? n_out : 1);
  if (!n_in) text_puts(t, "  in[0] = 0;\n");
  if (!n_out) text_puts(t, "  out[0] = 0;\n");
  for (size_t i = 0; i < n_in; i++) {
    text_printf(t, "  in[%zu] = %sin_", i, header_number(json_array_get(ins, i), "count") == 1 ? "&" : "");
    header_put_unique(t, ins, i);
    text_puts(t, ";\n");
  }
  for (size_t i = 0; i < n_out; i++) {
    text_printf(t, "  out[%zu] = out_", i);
    header_put_unique(t, outs, i);
    text_puts(t, ";\n");
  }
  text_printf(t, "  %s" HEADER_STEP_ENTRY "(params, state->words, in, out);\n}\n\n", n);
}

/* A whole program; a test takes it out of the comment, compiles it with cc -std=c99 and runs it. */
static void put_example(Header *h)
{
  Text *t = h->out;
  const char *n = h->name;
  const json_t *ins = json_object_get(h->step, "inputs"), *outs = json_object_get(h->step, "outputs");
  text_puts(t, "   ---- example ----\n");
  text_printf(t, "   #include \"%s\"\n   #include <stdio.h>\n\n", h->options->file_name);
  if (!h->options->weights) text_printf(t, "   static %s_real params[%s_PARAM_COUNT];\n", n, h->macro);
  text_printf(t, "   static struct %s_state state;\n", n);
  for (int k = 0; k < 2; k++) {
    const json_t *ports = k ? outs : ins;
    for (size_t i = 0; i < json_array_size(ports); i++) {
      const json_t *port = json_array_get(ports, i);
      bool single = header_number(port, "count") == 1;
      if (header_is_token(port)) text_puts(t, "   static int32_t in_");
      else text_printf(t, "   static %s_real %s_", n, k ? "out" : "in");
      header_put_unique(t, ports, i);
      if (!header_is_token(port) && (k || !single)) text_printf(t, "[%lld]", header_number(port, "count"));
      text_puts(t, ";\n");
    }
  }
  text_puts(t, "\n   int main(int argc, char **argv)\n   {\n     int t;\n");
  if (h->options->weights) {
    text_puts(t, "     (void)argc, (void)argv;\n");
  } else {
    text_printf(t,
                "     FILE *file = argc > 1 ? fopen(argv[1], \"rb\") : NULL;\n"
                "     if (file && fread(params, sizeof params[0], %s_PARAM_COUNT, file) != %s_PARAM_COUNT) return 1;\n"
                "     if (file) fclose(file);\n",
                h->macro, h->macro);
  }
  text_printf(t, "     %s_reset(&state);\n     for (t = 0; t < 3; t++) {\n       %s_step(%s, &state", n, n,
              h->options->weights ? h->options->weights : "params");
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < json_array_size(k ? outs : ins); i++) {
      text_printf(t, ", %s_", k ? "out" : "in");
      header_put_unique(t, k ? outs : ins, i);
    }
  text_puts(t, ");\n");
  if (json_array_size(outs)) {
    text_puts(t, "       printf(\"%g\\n\", (double)out_");
    header_put_unique(t, outs, 0);
    text_puts(t, "[0]);\n");
  }
  const char *file = h->options->file_name, *end = strrchr(file, '.');
  text_printf(t, "     }\n     return 0;\n   }\n   ---- end: cc example.c %.*s.o%s ----\n",
              end ? (int)(end - file) : (int)strlen(file), file,
              json_object_size(json_object_get(h->model, "programs")) ? " -lrnn" : "");
}

static void put_head(Header *h)
{
  Text *t = h->out;
  text_printf(t, "/* %s: the model ", h->options->file_name);
  header_put_safe(t, header_text(h->model, "name"));
  text_puts(t, ", compiled by rnnc");
  if (*header_text(h->model, "source")) {
    text_puts(t, " from ");
    header_put_safe(t, header_text(h->model, "source"));
  }
  if (*header_text(h->model, "hash")) {
    text_puts(t, ", hash ");
    header_put_safe(t, header_text(h->model, "hash"));
  }
  text_puts(t,
            ".\n   Generated: change the source instead. C99 and C++, freestanding too. Free to use in any way.\n\n");
  if (h->step) {
    text_printf(t,
                "   %s: a program that runs three steps. Its argument is a file of %s_PARAM_COUNT\n"
                "   reals, the block of parameters; without, all of them are 0.\n\n",
                json_object_size(json_object_get(h->model, "programs"))
                    ? "Streaming; an object made with `rnnc -c --inference` needs nothing else, this one also librnn"
                    : "Streaming needs the object alone",
                h->macro);
    put_example(h);
  } else {
    const json_t *step = json_object_get(h->model, "step");
    text_puts(t, "   There is no streaming step: ");
    header_put_safe(t, *header_text(step, "refused") ? header_text(step, "refused") : "it was not compiled");
    text_puts(t, ".\n");
  }
  text_puts(t, "*/\n");
}

bool header_make(Text *out, const char *json, const HeaderOptions *options, char **error)
{
  json_error_t why;
  json_t *model = json_loads(json, JSON_REJECT_DUPLICATES, &why);
  const char *name = options->prefix ? options->prefix : header_text(model, "name");
  if (!model || !*name) {
    Text t = {0};
    text_printf(&t, "internal error: the model's description can't be read: %s", model ? "it has no name" : why.text);
    *error = t.at;
    json_decref(model);
    return false;
  }
  const json_t *step = json_object_get(model, "step");
  if (!json_object_get(step, "state_bytes")) step = NULL;
  Header h = {out,
              model,
              step,
              c_name(name, false),
              c_name(name, true),
              strcmp(header_text(model, "precision"), "f64") ? "float" : "double",
              options};
  put_head(&h);
  text_printf(out,
              "#ifndef %s_MODEL_H\n#define %s_MODEL_H\n#include <stddef.h>\n#include <stdint.h>\n"
              "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
              h.macro, h.macro);
  put_sizes(&h);
  put_params(&h);
  text_printf(out,
              "/* For librnn: rnn_open(&%s_model, ...). What it is stands in rnn_program.h. */\nstruct RnnModel;\n"
              "extern const struct RnnModel %s_model;\n\n",
              h.name, h.name);
  if (step) put_step(&h);
  text_puts(out, "#ifdef __cplusplus\n}\n#endif\n#endif\n\n");
  header_put_train(&h);
  free(h.name);
  free(h.macro);
  json_decref(model);
  return true;
}

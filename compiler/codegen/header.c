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

void header_put(Header *h, const char *text)
{
  for (; *text; text++) {
    if (*text == '@') text_puts(h->out, h->name);
    else if (*text == '$') text_puts(h->out, h->macro);
    else text_write(h->out, text, 1);
  }
}

void header_put_block_size(Header *h)
{
  header_put(h, header_number(h->model, "param_count") ? "$_PARAM_COUNT" : "1"); /* no array has no elements */
}

long long header_block_bytes(const Header *h)
{
  return header_number(h->model, "param_count") * (strcmp(h->real, "float") ? 8 : 4);
}

/* ---- parts ---- */

static void put_size(Header *h, const char *name, long long n, const char *what)
{
  text_printf(h->out, "#define %s_%s %lld", h->macro, name, n);
  if (what) text_printf(h->out, " /* %s */", what);
  text_puts(h->out, "\n");
}

/* The entry's frame, and what the typed function around it puts into its caller's: its tables, numbers that are given
   by value, and what is saved for the call. */
static long long stack_bytes(const Header *h, long long frame)
{
  enum { SAVED = 96 };
  size_t in = json_array_size(json_object_get(h->step, "inputs")),
         out = json_array_size(json_object_get(h->step, "outputs"));
  return (frame + 8 * (long long)(2 * in + out) + SAVED + 15) / 16 * 16;
}

static void put_step_sizes(Header *h)
{
  const HeaderOptions *o = h->options;
  put_size(h, "STATE_BYTES", header_number(h->step, "state_bytes"), NULL);
  if (o->stack_bytes) put_size(h, "STACK_BYTES", stack_bytes(h, o->stack_bytes), "that a step needs at most");
  if (o->many_stack_bytes)
    put_size(h, "MANY_STACK_BYTES", stack_bytes(h, o->many_stack_bytes), "that a step of many needs at most");
  put_size(h, "FLOPS_PER_STEP", header_number(h->step, "flops"), "additions, multiplications, functions");
  put_size(h, "LATENCY", header_number(h->step, "latency"), "steps from an input to its output");
  for (int k = 0; k < 2; k++) {
    const json_t *ports = json_object_get(h->step, k ? "outputs" : "inputs");
    for (size_t i = 0; i < json_array_size(ports); i++) {
      const json_t *port = json_array_get(ports, i);
      text_printf(h->out, "#define %s_COUNT_%s_", h->macro, k ? "out" : "in");
      header_put_unique(h->out, ports, i);
      text_printf(h->out, " %lld\n", header_number(port, "count"));
    }
  }
}

static void put_sizes(Header *h)
{
  text_printf(h->out, "/* Sizes. A real is a %s here. */\n", h->real);
  text_printf(h->out, "typedef %s %s_real;\n", h->real, h->name);
  put_size(h, "ABI_VERSION", HEADER_ABI, "of the object's entries, and what they take");
  put_size(h, "PARAM_COUNT", header_number(h->model, "param_count"), "reals in the block of parameters");
  put_size(h, "PARAM_BYTES", header_block_bytes(h), NULL);
  if (h->step) put_step_sizes(h);
  text_puts(h->out, "\n");
}

static void put_params(Header *h)
{
  Text *t = h->out;
  const json_t *params = json_object_get(h->model, "params");
  header_put(
      h,
      "/* The block of parameters: an array of $_PARAM_COUNT reals, aligned as one (on 64 bytes a step is faster by "
      "up\n"
      "   to a fifth); each parameter row by row from here on. Between them may be gaps, which are not read. librnn's\n"
      "   rnn_load and rnn_weights give such a block. */\n");
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
  if (h->options->weights) {
    text_printf(t,
                "/* The parameters that were compiled in: read-only memory of the object. */\nextern const %s_real %s[",
                h->name, h->options->weights);
    header_put_block_size(h);
    text_puts(t, "];\n");
  }
  text_puts(t, "\n");
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
    text_printf(t, "   %s.\n",
                json_object_size(json_object_get(h->model, "programs"))
                    ? "Streaming; an object made with `rnnc -c --inference` needs nothing else, this one also librnn"
                    : "Streaming needs the object alone");
    header_put(h, "   Order of calls: @_init; @_step or @_run, any number of times");
    if (header_number(h->step, "latency")) header_put(h, "; @_flush, $_LATENCY times");
    header_put(h, "; @_reset begins a new sequence.\n");
    header_put(h, h->options->blob ? "   Errors: @_bind says whose weights it was given; nothing else can fail.\n"
                                   : "   Errors: none of these can fail.\n");
    text_puts(t, "   A program that runs three steps");
    if (!h->options->weights)
      header_put(h, h->options->blob ? ". Its argument is a blob; without, all parameters are 0"
                                     : ". Its argument is a file of $_PARAM_COUNT reals, the block of parameters;\n"
                                       "   without, all of them are 0");
    text_puts(t, ".\n\n");
    header_put_example(h);
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
  if (step) header_put_step(&h);
  text_puts(out, "#ifdef __cplusplus\n}\n#endif\n#endif\n\n");
  header_put_train(&h);
  free(h.name);
  free(h.macro);
  json_decref(model);
  return true;
}

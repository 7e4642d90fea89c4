/* header_step.c: the part of model.h for inference: the state, one step, many, weights from a blob, and the example.
   Needs: a description with a step. Leaves: the rest of the header, which is header.c's. */
#include "blob.h"
#include "header_private.h"
#include <string.h>

typedef enum Form { FORM_STEP, FORM_RUN, FORM_MANY, FORM_FLUSH } Form; /* of a function's parameters */

static const json_t *ports_of(const Header *h, bool outputs)
{
  return json_object_get(h->step, outputs ? "outputs" : "inputs");
}

static size_t count_ports(const Header *h, bool outputs) { return json_array_size(ports_of(h, outputs)); }

static void put_port(Header *h, bool output, size_t i)
{
  text_puts(h->out, output ? "out_" : "in_");
  header_put_unique(h->out, ports_of(h, output), i);
}

static const char *block_of(const Header *h) { return h->options->weights ? h->options->weights : "params"; }

/* ---- what stands above a function ---- */

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

/* What each port of the step is, a line each. */
static void put_ports(Header *h, bool outputs)
{
  Text *t = h->out;
  const json_t *ports = ports_of(h, outputs), *feedback = json_object_get(h->step, "feedback");
  for (size_t i = 0; i < json_array_size(ports); i++) {
    const json_t *port = json_array_get(ports, i);
    const char *name = header_text(port, "name");
    const json_t *entry = entry_named(json_object_get(h->model, outputs ? "outputs" : "inputs"), name);
    text_puts(t, "     ");
    put_port(h, outputs, i);
    text_puts(t, "  ");
    header_put_safe(t, name);
    text_puts(t, ": ");
    if (entry) header_put_shape(t, entry, false);
    else text_printf(t, "%lld reals", header_number(port, "count"));
    if (header_is_token(port)) text_puts(t, ", its number from 0; -1 for none");
    if (!outputs && listed(feedback, name))
      text_puts(t, "; of the step before: what was drawn or observed there. Not looked at by the first step");
    text_puts(t, "\n");
  }
}

/* An input without [t] is given by every call, by one that flushes too. */
static bool is_given(const Header *h, Form form, bool output, size_t i)
{
  if (form != FORM_FLUSH || output) return true;
  const char *name = header_text(json_array_get(ports_of(h, output), i), "name");
  const json_t *entry = entry_named(json_object_get(h->model, "inputs"), name);
  return entry && !header_has(entry, "time");
}

/* ---- parameters and bodies ---- */

static void put_element(Header *h, bool output, size_t i)
{
  if (!output && header_is_token(json_array_get(ports_of(h, output), i))) text_puts(h->out, "int32_t ");
  else text_printf(h->out, "%s_real ", h->name);
}

static void put_parameter(Header *h, Form form, bool output, size_t i)
{
  Text *t = h->out;
  const json_t *port = json_array_get(ports_of(h, output), i);
  bool array = output || header_number(port, "count") != 1;
  text_puts(t, ", ");
  bool step = form == FORM_STEP || form == FORM_FLUSH;
  if (!output && (array || !step)) text_puts(t, "const ");
  put_element(h, output, i);
  if (!step) text_puts(t, "*");
  put_port(h, output, i);
  if (step && array) text_printf(t, "[%lld]", header_number(port, "count"));
  if (form != FORM_RUN) return;
  text_puts(t, ", size_t ");
  put_port(h, output, i);
  text_puts(t, "_stride");
}

static void put_function(Header *h, const char *what, Form form)
{
  static const char *const state[] = {"state", "state, size_t steps", "states, size_t n", "state"};
  text_printf(h->out, "static inline void %s_%s(", h->name, what);
  if (!h->options->weights) text_printf(h->out, "const %s_real *params, ", h->name);
  text_printf(h->out, "struct %s_state *%s", h->name, state[form]);
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < count_ports(h, k); i++)
      if (is_given(h, form, k, i)) put_parameter(h, form, k, i);
  text_puts(h->out, ")\n{\n");
}

/* in[] and out[], filled: with a loop over the steps around it in FORM_RUN */
static void put_tables(Header *h, Form form)
{
  Text *t = h->out;
  bool loop = form == FORM_RUN || (form == FORM_MANY && !header_has(h->step, "many"));
  const char *indent = loop ? "    " : "  ";
  for (int k = 0; k < 2; k++) {
    const char *table = k ? "out" : "in";
    if (!count_ports(h, k)) text_printf(t, "%s%s[0] = 0;\n", indent, table);
    for (size_t i = 0; i < count_ports(h, k); i++) {
      const json_t *port = json_array_get(ports_of(h, k), i);
      bool single = header_number(port, "count") == 1, flush = !is_given(h, form, k, i);
      text_printf(t, "%s%s[%zu] = ", indent, table, i);
      if (flush) text_puts(t, header_is_token(port) ? "&no_token" : "zero");
      else {
        if ((form == FORM_STEP || form == FORM_FLUSH) && !k && single) text_puts(t, "&");
        put_port(h, k, i);
      }
      if (form == FORM_RUN) {
        text_puts(t, " + t * ");
        put_port(h, k, i);
        text_puts(t, "_stride");
      } else if (loop) text_printf(t, " + i * %lld", header_number(port, "count"));
      text_puts(t, ";\n");
    }
  }
}

static void put_declared_tables(Header *h)
{
  size_t in = count_ports(h, false), out = count_ports(h, true);
  text_printf(h->out, "  const void *in[%zu];\n  void *out[%zu];\n", in ? in : 1, out ? out : 1);
}

static void put_call(Header *h, const char *indent)
{
  text_printf(h->out, "%s%s" HEADER_STEP_ENTRY "(%s, state->words, in, out);\n", indent, h->name, block_of(h));
}

/* ---- the functions ---- */

static void put_state(Header *h)
{
  text_printf(h->out,
              "/* All that a running model remembers. It is plain memory of the caller's: any number of them, copied "
              "for a snapshot,\n"
              "   written and read back as bytes. All zero is the state before the first step. */\n"
              "struct %s_state {\n  double words[%lld];\n};\n",
              h->name, (header_number(h->step, "state_bytes") + 7) / 8);
  header_put(h, "#if defined(__cplusplus) && __cplusplus >= 201103L\n"
                "static_assert(sizeof(struct @_state) == $_STATE_BYTES, \"a double has 8 bytes\");\n"
                "static_assert(sizeof(@_real) * $_PARAM_COUNT == $_PARAM_BYTES, \"the size of a real\");\n"
                "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L\n"
                "_Static_assert(sizeof(struct @_state) == $_STATE_BYTES, \"a double has 8 bytes\");\n"
                "_Static_assert(sizeof(@_real) * $_PARAM_COUNT == $_PARAM_BYTES, \"the size of a real\");\n"
                "#endif\n\n"
                "/* The object's own entry; @_step is the typed way in. */\n"
                "void @" HEADER_STEP_ENTRY
                "(const void *params, void *state, const void *const *in, void *const *out);\n\n"
                "/* Before the first step of a state, */\n"
                "static inline void @_init(struct @_state *state)\n{\n  size_t i;\n"
                "  for (i = 0; i < sizeof state->words / sizeof state->words[0]; i++) state->words[i] = 0;\n}\n\n"
                "/* and to begin a new sequence with it. */\n");
  if (!h->options->levels) {
    header_put(h, "static inline void @_reset(struct @_state *state) { @_init(state); }\n\n");
    return;
  }
  header_put(h, "static inline void @_reset(struct @_state *state)\n{\n  double level = state->words[1];\n"
                "  @_init(state);\n  state->words[1] = level;\n}\n\n");
  text_printf(h->out, "/* This object has code for: %s. The first step of a state asks the CPU and notes\n",
              h->options->levels);
  header_put(h,
             "   in the state which to run. @_level asks, too: the number in this list, ascending from 0; -1: the CPU\n"
             "   has none of them, and no step may run. */\n"
             "int32_t @_level(void);\n\n"
             "/* Once for a state that was written on another machine: its steps ask the CPU anew. */\n"
             "static inline void @_moved(struct @_state *state) { state->words[1] = 0; }\n\n");
}

static void put_step(Header *h)
{
  Text *t = h->out;
  text_puts(t, "/* One step of one sequence. It cannot fail. No allocation, no global, no lock; may run in several "
               "threads, each with its\n   own state.\n");
  if (!h->options->weights) text_puts(t, "     params  the block of parameters\n");
  header_put(h, "     state   read and updated; @_init first\n");
  put_ports(h, false);
  put_ports(h, true);
  if (header_number(h->step, "latency"))
    header_put(h, "   The outputs are those of the inputs $_LATENCY calls before. What the first $_LATENCY calls of a "
                  "sequence give belongs to\n   no input.\n");
  text_puts(t, "   Arrays may not overlap. */\n");
  put_function(h, "step", FORM_STEP);
  put_declared_tables(h);
  put_tables(h, FORM_STEP);
  put_call(h, "  ");
  text_puts(t, "}\n\n");
}

static void put_run(Header *h)
{
  header_put(h, "/* That many steps, one after the other. What a step takes and gives stands in arrays; a stride says "
                "how many elements\n   lie from one step's to the next one's. The state goes on from where it is, and "
                "can go on after. */\n");
  put_function(h, "run", FORM_RUN);
  put_declared_tables(h);
  text_puts(h->out, "  size_t t;\n  for (t = 0; t < steps; t++) {\n");
  put_tables(h, FORM_RUN);
  put_call(h, "    ");
  text_puts(h->out, "  }\n}\n\n");
}

/* A step without inputs: words[2] tells the object how many of them there were. */
static void put_flush(Header *h)
{
  if (!header_number(h->step, "latency")) return;
  long long most = 1;
  bool token = false, real = false;
  for (size_t i = 0; i < count_ports(h, false); i++) {
    const json_t *port = json_array_get(ports_of(h, false), i);
    if (is_given(h, FORM_FLUSH, false, i)) continue;
    if (header_is_token(port)) token = true;
    else real = true;
    if (header_number(port, "count") > most) most = header_number(port, "count");
  }
  header_put(h,
             "/* At the end of a sequence, $_LATENCY times: the outputs of its last $_LATENCY inputs, one call each. "
             "Then @_reset. */\n");
  put_function(h, "flush", FORM_FLUSH);
  put_declared_tables(h);
  if (real) text_printf(h->out, "  const %s_real zero[%lld] = {0};\n", h->name, most);
  if (token) text_puts(h->out, "  const int32_t no_token = -1;\n");
  text_puts(h->out, "  unsigned char *count = (unsigned char *)&state->words[2]; /* an int64_t */\n"
                    "  int64_t behind;\n  size_t i;\n");
  put_tables(h, FORM_FLUSH);
  text_puts(h->out, "  for (i = 0; i < sizeof behind; i++) ((unsigned char *)&behind)[i] = count[i];\n  behind++;\n"
                    "  for (i = 0; i < sizeof behind; i++) count[i] = ((unsigned char *)&behind)[i];\n");
  put_call(h, "  ");
  text_puts(h->out, "}\n\n");
}

static void put_many(Header *h)
{
  bool many = header_has(h->step, "many");
  header_put(
      h, "/* One step of each of n sequences. Sequence i has states[i] and, in each array, what @_step takes or gives "
         "at [i]: one\n   behind the other. The same bits as n calls of @_step.");
  header_put(h, many ? " The weights are read once for all of them. Takes up to\n   $_MANY_STACK_BYTES of stack, "
                       "whatever n. */\n"
                       "void @" HEADER_MANY_ENTRY
                       "(const void *params, void *states, int64_t n, const void *const *in, void *const *out);\n"
                     : " */\n");
  put_function(h, "step_many", FORM_MANY);
  put_declared_tables(h);
  if (many) {
    put_tables(h, FORM_MANY);
    text_printf(h->out, "  %s" HEADER_MANY_ENTRY "(%s, states, (int64_t)n, in, out);\n}\n\n", h->name, block_of(h));
    return;
  }
  text_puts(h->out, "  size_t i;\n  for (i = 0; i < n; i++) {\n");
  put_tables(h, FORM_MANY);
  text_printf(h->out, "    %s" HEADER_STEP_ENTRY "(%s, states[i].words, in, out);\n  }\n}\n\n", h->name, block_of(h));
}

/* ---- weights from a blob ---- */

static void put_bind(Header *h)
{
  if (!h->options->blob) return;
  unsigned char head[BLOB_HEAD];
  blob_head(head, h->model);
  header_put(h, "/* A blob is what `rnnc blob` writes: a head that says which model's weights these are, and the block "
                "of parameters. */\n");
  text_printf(h->out, "#define %s_BLOB_BYTES %lld\n", h->macro, BLOB_HEAD + header_block_bytes(h));
#define ERROR(id, what) text_printf(h->out, "#define %s_" #id " %d /* " what " */\n", h->macro, (int)BLOB_ERROR_##id);
#include "blob.def"
#undef ERROR
  header_put(h, "/* Finds the block of parameters in a blob, which is not copied: the memory stays in use. $_OK and "
                "*params; or why the blob\n   is none of this model's, *params as it was. */\n"
                "static inline int @_bind(const void *blob, size_t bytes, const @_real **params)\n{\n"
                "  static const unsigned char head[");
  text_printf(h->out, "%d] = {", BLOB_CHECKED);
  for (int i = 0; i < BLOB_CHECKED; i++) text_printf(h->out, "%s%d", i ? i % 20 ? ", " : ",\n    " : "\n    ", head[i]);
  text_puts(h->out, "};\n  const unsigned char *at = (const unsigned char *)blob;\n  size_t i;\n");
  header_put(h, "  if (!blob || bytes < sizeof head) return $_BLOB_SHORT;\n"
                "  for (i = 0; i < sizeof head; i++)\n    if (at[i] != head[i])\n");
  text_printf(h->out,
              "      return i < %d ? %s_BLOB_MAGIC : i < %d ? %s_BLOB_VERSION : i < %d ? %s_BLOB_PRECISION\n"
              "           : i < %d ? %s_BLOB_MODEL : %s_BLOB_SHAPES;\n",
              BLOB_VERSION_AT, h->macro, BLOB_REAL_AT, h->macro, BLOB_MODEL_AT, h->macro, BLOB_SHAPES_AT, h->macro,
              h->macro);
  header_put(h, "  if (bytes < $_BLOB_BYTES) return $_BLOB_SHORT;\n"
                "  if ((uintptr_t)blob % sizeof(@_real)) return $_BLOB_UNALIGNED;\n");
  text_printf(h->out, "  *params = (const %s_real *)(const void *)(at + %d);\n  return %s_OK;\n}\n\n", h->name,
              BLOB_HEAD, h->macro);
}

void header_put_step(Header *h)
{
  put_bind(h);
  put_state(h);
  put_step(h);
  put_run(h);
  put_flush(h);
  put_many(h);
}

/* ---- a whole program; a test takes it out of the comment, compiles it with cc -std=c99 and runs it ---- */

static void put_example_weights(Header *h)
{
  if (h->options->weights) {
    text_puts(h->out, "     (void)argc, (void)argv;\n");
    return;
  }
  text_puts(h->out, "     FILE *file = argc > 1 ? fopen(argv[1], \"rb\") : NULL;\n");
  if (h->options->blob)
    header_put(h, "     size_t bytes = file ? fread(blob, 1, sizeof blob, file) : 0;\n"
                  "     int refused = file ? @_bind(blob, bytes, &params) : $_OK;\n"
                  "     if (!file) params = zero;\n"
                  "     if (refused) return printf(\"not this model's weights: %d\\n\", refused), 1;\n");
  else
    header_put(h,
               "     if (file && fread(params, sizeof params[0], $_PARAM_COUNT, file) != $_PARAM_COUNT) return 1;\n");
  text_puts(h->out, "     if (file) fclose(file);\n");
}

void header_put_example(Header *h)
{
  Text *t = h->out;
  text_puts(t, "   ---- example ----\n");
  text_printf(t, "   #include \"%s\"\n   #include <stdio.h>\n\n", h->options->file_name);
  if (h->options->blob)
    header_put(h, "   static double blob[($_BLOB_BYTES + 7) / 8];\n   static const @_real *params;\n");
  if (!h->options->weights) {
    text_printf(t, "   static %s_real %s[", h->name, h->options->blob ? "zero" : "params");
    header_put_block_size(h);
    text_puts(t, "];\n");
  }
  text_printf(t, "   static struct %s_state state;\n", h->name);
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < count_ports(h, k); i++) {
      long long n = header_number(json_array_get(ports_of(h, k), i), "count");
      text_puts(t, "   static ");
      put_element(h, k, i);
      put_port(h, k, i);
      if (k || n != 1) text_printf(t, "[%lld]", n);
      text_puts(t, ";\n");
    }
  text_puts(t, "\n   int main(int argc, char **argv)\n   {\n     int t;\n");
  put_example_weights(h);
  text_printf(t, "     %s_init(&state);\n     for (t = 0; t < 3; t++) {\n       %s_step(%s&state", h->name, h->name,
              h->options->weights ? "" : "params, ");
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < count_ports(h, k); i++) {
      text_puts(t, ", ");
      put_port(h, k, i);
    }
  text_puts(t, ");\n");
  if (count_ports(h, true)) {
    text_puts(t, "       printf(\"%g\\n\", (double)");
    put_port(h, true, 0);
    text_puts(t, "[0]);\n");
  }
  const char *file = h->options->file_name, *end = strrchr(file, '.');
  text_printf(t, "     }\n     return 0;\n   }\n   ---- end: cc example.c %.*s.o%s ----\n",
              end ? (int)(end - file) : (int)strlen(file), file,
              json_object_size(json_object_get(h->model, "programs")) ? " -lrnn" : "");
}

/* header_train.c: the part of model.h that goes with librnn: whole sequences, loss, gradients.
   Needs: a description that was read. Leaves: the rest of the header, which is header.c's. */
#include "header_private.h"
#include <string.h>

/* "input x [N, T, 3]: real[3], one a step"; time: what stands for T */
static void put_array(Header *h, const json_t *e, const char *what, const char *time)
{
  Text *t = h->out;
  const char *role = header_text(e, "role");
  text_printf(t, "%s ", *role ? role : what);
  header_put_safe(t, header_text(e, "name"));
  text_printf(t, " [N%s%s%s", header_has(e, "time") ? ", " : "", header_has(e, "time") ? time : "",
              header_has(e, "second") ? ", S" : "");
  if (!header_is_token(e))
    for (size_t k = 0; k < json_array_size(json_object_get(e, "shape")); k++)
      text_printf(t, ", %lld", (long long)json_integer_value(json_array_get(json_object_get(e, "shape"), k)));
  text_puts(t, "]: ");
  header_put_shape(t, e, true);
}

/* The arrays that forward, loss and gradient take or give, a line each. */
static void put_arrays(Header *h, const char *list, const char *what)
{
  const json_t *entries = json_object_get(h->model, list);
  for (size_t i = 0; i < json_array_size(entries); i++) {
    text_puts(h->out, "     ");
    put_array(h, json_array_get(entries, i), what, "T");
    text_puts(h->out, "\n");
  }
}

/* One wrapper over librnn, where the object has the program that it runs. */
static void put_wrapper(Header *h, const char *program, const char *text)
{
  if (json_object_get(json_object_get(h->model, "programs"), program)) header_put(h, text);
}

static const char *second_axis(const Header *h)
{
  return json_string_value(json_array_get(json_object_get(h->model, "axes"), 1));
}

/* "int32_t" or "NAME_real" */
static void put_type(Header *h, const json_t *input)
{
  if (header_is_token(input)) text_puts(h->out, "int32_t");
  else text_printf(h->out, "%s_real", h->name);
}

/* What learning takes: a constant expression, so that the memory may be static. */
static void put_workspace(Header *h)
{
  static const char *const factor[] = {"sequences", "steps", "steps2"};
  Text *t = h->out;
  bool second = second_axis(h);
  const int64_t *terms = h->options->workspace;
  if (!terms) return;
  text_printf(
      t,
      "/* Bytes that suffice for %s_open_in with the model's own optimizer: of batches of so many sequences, steps%s\n"
      "   and what stands before and behind. %s_workspace_bytes tells to the byte, and for another optimizer. */\n"
      "#define %s_WORKSPACE_BYTES(sequences, steps%s) \\\n  (",
      h->name, second ? ", steps of the second axis," : "", h->name, h->macro, second ? ", steps2" : "");
  for (int i = 0; i < (second ? 8 : 4); i++) {
    if (i && !terms[i]) continue;
    if (i) text_puts(t, " + ");
    text_printf(t, "%lld", (long long)terms[i]);
    for (int k = 0; k < 3; k++)
      if (i >> k & 1) text_printf(t, " * (int64_t)(%s)", factor[k]);
  }
  text_puts(t, ")\n");
}

/* struct NAME_batch, and the calls that learn from one */
static void put_learning(Header *h)
{
  Text *t = h->out;
  const char *n = h->name, *second = second_axis(h);
  const json_t *inputs = json_object_get(h->model, "inputs");
  if (!json_object_get(json_object_get(h->model, "programs"), "train")) return;
  text_printf(t,
              "/* A batch of the program's own arrays, which are read where they lie. Start with = {0}. */\n"
              "struct %s_batch {\n"
              "  int64_t sequences, steps; /* N, T */\n",
              n);
  if (second) text_printf(t, "  int64_t steps2; /* S, along %s */\n", second);
  text_puts(t, "  const int64_t *lengths; /* [N]; NULL: T each */\n");
  if (second) text_puts(t, "  const int64_t *lengths2; /* [N]; NULL: S each */\n");
  else
    text_puts(t, "  bool carry;     /* goes on from where the last gradient's sequences ended */\n"
                 "  int64_t before; /* with carry: earlier steps in front of the T in each array */\n"
                 "  int64_t behind; /* later steps behind them, where lengths is NULL */\n");
  for (size_t i = 0; i < json_array_size(inputs); i++) {
    const json_t *input = json_array_get(inputs, i);
    text_puts(t, "  const ");
    put_type(h, input);
    text_puts(t, " *in_");
    header_put_unique(t, inputs, i);
    text_puts(t, "; /* ");
    put_array(h, input, "input", second ? "T" : "before + T + behind");
    if (!strcmp(header_text(input, "role"), "target")) text_puts(t, "; NULL: not observed");
    text_puts(t, " */\n");
  }
  text_printf(t,
              "};\n"
              "/* Bytes for %s_open_in; -1: failed. optimizer NULL: the model's own */\n"
              "static inline int64_t %s_workspace_bytes(int64_t sequences, int64_t steps%s, const char *optimizer,\n"
              "                                         RnnError *error)\n{\n"
              "  RnnWorkspace workspace = {sequences, steps, %s, 1, optimizer, 0};\n"
              "  return rnn_workspace_bytes(&%s_model, &workspace, error);\n}\n",
              n, n, second ? ", int64_t steps2" : "", second ? "steps2" : "0", n);
  text_printf(
      t,
      "/* A handle whose gradients and updates ask for no memory: all is in `memory`, as rnn_open_in says. optimizer "
      "and "
      "clip\n   NULL: the model's own */\n"
      "static inline RnnHandle *%s_open_in(void *memory, int64_t bytes, int64_t sequences, int64_t steps%s,\n"
      "                                   int threads, const char *optimizer, const char *clip, RnnError *error)\n{\n"
      "  RnnWorkspace workspace = {sequences, steps, %s, threads, optimizer, clip};\n"
      "  return rnn_open_in(&%s_model, memory, bytes, &workspace, error);\n}\n",
      n, second ? ", int64_t steps2" : "", second ? "steps2" : "0", n);
  text_printf(t,
              "/* The batch's loss, and its gradients into rnn_gradients(model). loss may be NULL */\n"
              "static inline bool %s_gradient(RnnHandle *model, const struct %s_batch *batch, double *loss, RnnError "
              "*error)\n{\n"
              "  const void *values[%zu];\n",
              n, n, json_array_size(inputs) ? json_array_size(inputs) : 1);
  for (size_t i = 0; i < json_array_size(inputs); i++) {
    text_printf(t, "  values[%zu] = batch->in_", i);
    header_put_unique(t, inputs, i);
    text_puts(t, ";\n");
  }
  text_printf(t,
              "  {\n    const RnnArrays arrays = {batch->sequences, batch->steps, %s, values};\n"
              "    return rnn_gradient_arrays(model, &arrays, loss, error);\n  }\n}\n",
              second ? "batch->steps2, batch->lengths, batch->lengths2, false, 0, 0"
                     : "0, batch->lengths, 0, batch->carry, batch->before, batch->behind");
  text_printf(t,
              "/* Changes rnn_weights(model) by them, at `rate` (negative: the optimizer's own). norm may be NULL */\n"
              "static inline bool %s_update(RnnHandle *model, double rate, double *norm, RnnError *error)\n{\n"
              "  return rnn_update_own(model, rate, norm, error);\n}\n",
              n);
}

void header_put_train(Header *h)
{
  Text *t = h->out;
  const char *n = h->name;
  bool whole = json_object_size(json_object_get(h->model, "programs")) > 0;
  text_printf(t, "/* %s: with librnn, whose rnn.h is then to be included before this header.\n",
              whole ? "Whole sequences, loss and gradients" : "Weights from files");
  if (whole) {
    text_printf(
        t,
        "   rnn.h says what a handle is, who frees what, and what may fail. Order of calls: %s_open, rnn_load or\n"
        "   rnn_initialise, any of these, rnn_close; rnn_weights is the block that %s_step takes.\n"
        "   N sequences of up to T steps; `lengths` [N] where they differ.\n",
        n, n);
    const char *second = second_axis(h);
    if (second) text_printf(t, "   The second axis has up to S steps, `lengths_%s` [N].\n", second);
    put_arrays(h, "inputs", "input");
    put_arrays(h, "outputs", "output");
  } else {
    text_printf(
        t,
        "   %s_open, rnn_load, then rnn_weights is the block that %s_step takes. This object was compiled with\n"
        "   --inference: it has the step alone; without that, it can run whole sequences and give gradients. */\n",
        n, n);
  }
  if (whole) text_puts(t, "*/\n");
  put_workspace(h);
  text_printf(t, "#if defined(RNN_H) && !defined(%s_WITH_RNN)\n#define %s_WITH_RNN\n", h->macro, h->macro);
  text_printf(t,
              "/* threads 0: as many as this process may use */\n"
              "static inline RnnHandle *%s_open(int threads, RnnError *error)\n"
              "{\n  return rnn_open(&%s_model, threads, error);\n}\n",
              n, n);
  put_wrapper(h, "forward",
              "/* adds every output to `out` */\n"
              "static inline bool @_forward(RnnHandle *model, const RnnTensorFile *data, RnnTensorFile *out, RnnError "
              "*error)\n"
              "{\n  return rnn_forward(model, data, NULL, out, error);\n}\n");
  put_wrapper(h, "evaluate",
              "static inline bool @_loss(RnnHandle *model, const RnnTensorFile *data, double *loss, RnnError *error)\n"
              "{\n  return rnn_loss(model, data, loss, error);\n}\n");
  put_learning(h);
  text_puts(t, "#endif\n");
}

/* header_train.c: the part of model.h that goes with librnn: whole sequences, loss, gradients.
   Needs: a description that was read. Leaves: the rest of the header, which is header.c's. */
#include "header_private.h"
#include <string.h>

/* The arrays that forward, loss and gradient take or give, a line each. */
static void put_arrays(Header *h, const char *list, const char *what)
{
  Text *t = h->out;
  const json_t *entries = json_object_get(h->model, list);
  for (size_t i = 0; i < json_array_size(entries); i++) {
    const json_t *e = json_array_get(entries, i);
    const char *role = header_text(e, "role");
    text_printf(t, "     %s ", *role ? role : what);
    header_put_safe(t, header_text(e, "name"));
    text_printf(t, " [N%s%s", header_has(e, "time") ? ", T" : "", header_has(e, "second") ? ", S" : "");
    if (!header_is_token(e))
      for (size_t k = 0; k < json_array_size(json_object_get(e, "shape")); k++)
        text_printf(t, ", %lld", (long long)json_integer_value(json_array_get(json_object_get(e, "shape"), k)));
    text_puts(t, "]: ");
    header_put_shape(t, e, true);
    text_puts(t, "\n");
  }
}

/* One wrapper over librnn, where the object has the program that it runs. */
static void put_wrapper(Header *h, const char *program, const char *text)
{
  if (!json_object_get(json_object_get(h->model, "programs"), program)) return;
  for (; *text; text++) {
    if (*text == '@') text_puts(h->out, h->name);
    else text_write(h->out, text, 1);
  }
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
    const char *second = json_string_value(json_array_get(json_object_get(h->model, "axes"), 1));
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
  text_printf(t, "%s#if defined(RNN_H) && !defined(%s_WITH_RNN)\n#define %s_WITH_RNN\n", whole ? "*/\n" : "", h->macro,
              h->macro);
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
  put_wrapper(h, "train",
              "/* into rnn_gradients(model), and, unless out is NULL, as tensors by name */\n"
              "static inline bool @_gradient(RnnHandle *model, const RnnTensorFile *data, double *loss, "
              "RnnTensorFile *out,\n"
              "                               RnnError *error)\n{\n  return rnn_gradient(model, data, loss, out, "
              "error);\n}\n");
  text_puts(t, "#endif\n");
}

/* import_layers.c: the tensors of a file as layers, by the names that PyTorch and Keras give them.
   Needs: the file read. Leaves alone: what a layer's tensors are used for. */
#include "import.h"
#include <fnmatch.h>
#include <string.h>

const char *const framework_name[] = {"neither", "PyTorch", "Keras"};

bool path_within(const char *a, const char *b)
{
  size_t n = strlen(b);
  return !strcmp(b, ".") || (!strncmp(a, b, n) && (!a[n] || strchr("./", a[n])));
}

const char *shape_of(const Import *m, const RnnTensor *t)
{
  char text[128];
  rnn_shape_text(t->rank, t->shape, text, sizeof text);
  return arena_printf(m->arena, "%s", text);
}

const char *layer_leaf(const Layer *l, const RnnTensor *t)
{
  return t->name + (strcmp(l->name, ".") ? strlen(l->name) + 1 : 0);
}

static const char *const kind_name[] = {[KIND_LSTM] = "LSTM",
                                        [KIND_LSTM_PROJECTED] = "LSTM with a projection",
                                        [KIND_GRU] = "GRU, reset after the product",
                                        [KIND_GRU_BEFORE] = "GRU, reset before the product",
                                        [KIND_GRU_UNSAID] = "GRU, without biases",
                                        [KIND_RNN] = "RNN, of tanh or relu"};

const char *layer_text(const Import *m, const Layer *l)
{
  Text t = {0};
  text_printf(&t, "%s (", l->name);
  if (l->kind != KIND_FLAT)
    text_printf(&t, "%s%s, %lld units of %lld inputs", l->backward ? "backward " : "", kind_name[l->kind],
                (long long)l->units, (long long)l->inputs);
  for (int i = 0; i < l->tensors.n && l->kind == KIND_FLAT; i++) {
    const RnnTensor *tensor = l->tensors.at[i];
    text_printf(&t, "%s%s %s", i ? ", " : "", layer_leaf(l, tensor), shape_of(m, tensor));
  }
  const char *text = arena_printf(m->arena, "%s)", t.at);
  text_free(&t);
  return text;
}

/* ---- names ---- */

static Layer *layer_named(Import *m, const char *name)
{
  for (int i = 0; i < m->layers.n; i++)
    if (!strcmp(m->layers.at[i]->name, name)) return m->layers.at[i];
  Layer *l = ARENA_NEW(m->arena, Layer);
  *l = (Layer){.name = name, .module = name, .number = -1, .kind = KIND_FLAT};
  vec_push(m->arena, &m->layers, l);
  return l;
}

/* "encoder.weight" at '.': "encoder", and "weight" in *leaf; "." where there is none */
static const char *split_name(const Import *m, const char *name, char at, const char **leaf)
{
  const char *end = strrchr(name, at);
  *leaf = end ? end + 1 : name;
  return end ? arena_copy(m->arena, name, (size_t)(end - name)) : ".";
}

/* PyTorch's names of a recurrent layer's tensors, with _l0, _l0_reverse, .. behind them but in a cell. */
static const struct {
  const char *name;
  size_t place;
} torch_leaf[] = {{"weight_ih", offsetof(Layer, input)},
                  {"weight_hh", offsetof(Layer, recurrent)},
                  {"bias_ih", offsetof(Layer, bias)},
                  {"bias_hh", offsetof(Layer, bias2)},
                  {"weight_hr", offsetof(Layer, projection)}};
static const struct {
  const char *name;
  size_t place;
} keras_leaf[] = {{"kernel", offsetof(Layer, input)},
                  {"recurrent_kernel", offsetof(Layer, recurrent)},
                  {"bias", offsetof(Layer, bias)}};

static void set_place(Layer *l, size_t place, const RnnTensor *t) { *(const RnnTensor **)((char *)l + place) = t; }

/* weight_hh_l1_reverse -> its row, number 1, backward; a cell's weight_hh: number -1. False: another name. */
static bool read_torch_leaf(const char *leaf, size_t *place, int *number, bool *backward)
{
  for (size_t i = 0; i < sizeof torch_leaf / sizeof *torch_leaf; i++) {
    size_t n = strlen(torch_leaf[i].name), digits;
    if (strncmp(leaf, torch_leaf[i].name, n)) continue;
    const char *rest = leaf + n;
    *place = torch_leaf[i].place;
    *number = -1;
    *backward = false;
    if (!*rest) return true;
    digits = strncmp(rest, "_l", 2) ? 0 : strspn(rest + 2, "0123456789");
    if (!digits || digits > 4) return false;
    *number = 0;
    for (const char *c = rest + 2; c < rest + 2 + digits; c++) *number = *number * 10 + (*c - '0');
    rest += 2 + digits;
    *backward = !strcmp(rest, "_reverse");
    return *backward || !*rest;
  }
  return false;
}

static void add_torch(Import *m, const RnnTensor *t)
{
  const char *leaf, *module = split_name(m, t->name, '.', &leaf);
  size_t place;
  int number;
  bool backward;
  if (read_torch_leaf(leaf, &place, &number, &backward)) {
    const char *name = module;
    if (number >= 0)
      name = arena_printf(m->arena, "%s%sl%d%s", strcmp(module, ".") ? module : "", strcmp(module, ".") ? "." : "",
                          number, backward ? "_reverse" : "");
    Layer *l = layer_named(m, name);
    l->module = module;
    l->number = number;
    l->backward = backward;
    set_place(l, place, t);
    vec_push(m->arena, &l->tensors, t);
    return;
  }
  vec_push(m->arena, &layer_named(m, module)->tensors, t);
}

static bool ends_with(const char *text, const char *end)
{
  size_t n = strlen(text), k = strlen(end);
  return n >= k && !strcmp(text + n - k, end);
}

/* PATH/lstm/lstm_cell/kernel; older ones have :0 behind it */
static void add_keras(Import *m, const RnnTensor *t)
{
  const char *colon = strrchr(t->name, ':'), *leaf;
  const char *whole = colon ? arena_copy(m->arena, t->name, (size_t)(colon - t->name)) : t->name;
  const char *path = split_name(m, whole, '/', &leaf), *last;
  const char *outer = split_name(m, path, '/', &last);
  Layer *l = layer_named(m, ends_with(last, "_cell") && strcmp(outer, ".") ? outer : path);
  for (size_t i = 0; i < sizeof keras_leaf / sizeof *keras_leaf; i++)
    if (!strcmp(leaf, keras_leaf[i].name)) set_place(l, keras_leaf[i].place, t);
  l->backward = strstr(path, "/backward_") || !strncmp(path, "backward_", 9);
  vec_push(m->arena, &l->tensors, t);
}

/* ---- what a recurrent layer is ---- */

static int bad_layer(const Import *m, const Layer *l, const char *format, const char *a, const char *b)
{
  fprintf(stderr, "rnnc: %s: layer %s ", m->state, l->name);
  fprintf(stderr, format, a, b);
  fputc('\n', stderr);
  return EXIT_ENVIRONMENT;
}

static int missing(const Import *m, const Layer *l, const char *what)
{
  return bad_layer(m, l, "has no %s, but other tensors of a recurrent layer%s", what, "");
}

/* its tensor has to have this shape */
static int check_shape(const Import *m, const Layer *l, const RnnTensor *t, int rank, int64_t a, int64_t b)
{
  int64_t shape[2] = {a, b};
  if (!t || rnn_tensor_has_shape(t, rank, shape)) return 0;
  char needs[128];
  rnn_shape_text(rank, shape, needs, sizeof needs);
  return bad_layer(m, l, "does not hold together: %s, where its other tensors need %s",
                   arena_printf(m->arena, "%s is %s", t->name, shape_of(m, t)), needs);
}

static bool kind_of_gates(Layer *l, int64_t rows)
{
  int64_t gates = l->units > 0 && rows % l->units == 0 ? rows / l->units : 0;
  l->kind = gates == 4 ? KIND_LSTM : gates == 3 ? KIND_GRU : KIND_RNN;
  return gates == 1 || gates == 3 || gates == 4;
}

static int torch_recurrent(const Import *m, Layer *l)
{
  if (!l->input) return missing(m, l, "weight_ih");
  if (!l->recurrent) return missing(m, l, "weight_hh");
  if (!l->bias != !l->bias2) return missing(m, l, l->bias ? "bias_hh" : "bias_ih");
  if (l->input->rank != 2 || l->recurrent->rank != 2 || (l->projection && l->projection->rank != 2))
    return bad_layer(m, l, "does not hold together: its weights are no matrices%s%s", "", "");
  int64_t rows = l->input->shape[0];
  l->inputs = l->input->shape[1];
  l->outputs = l->recurrent->shape[1];
  l->units = l->projection ? l->projection->shape[1] : l->outputs;
  if (!kind_of_gates(l, rows) || (l->projection && l->kind != KIND_LSTM))
    return bad_layer(m, l, "is no LSTM, GRU or RNN: weight_ih is %s, weight_hh %s", shape_of(m, l->input),
                     shape_of(m, l->recurrent));
  if (l->projection) l->kind = KIND_LSTM_PROJECTED;
  int code = check_shape(m, l, l->recurrent, 2, rows, l->outputs);
  if (!code) code = check_shape(m, l, l->bias, 1, rows, 0);
  if (!code) code = check_shape(m, l, l->bias2, 1, rows, 0);
  return code ? code : check_shape(m, l, l->projection, 2, l->outputs, l->units);
}

static int keras_recurrent(const Import *m, Layer *l)
{
  if (!l->input) return missing(m, l, "kernel");
  if (l->input->rank != 2 || l->recurrent->rank != 2)
    return bad_layer(m, l, "does not hold together: its kernels are no matrices%s%s", "", "");
  int64_t rows = l->recurrent->shape[1];
  l->inputs = l->input->shape[0];
  l->units = l->outputs = l->recurrent->shape[0];
  if (!kind_of_gates(l, rows))
    return bad_layer(m, l, "is no LSTM, GRU or SimpleRNN: kernel is %s, recurrent_kernel %s", shape_of(m, l->input),
                     shape_of(m, l->recurrent));
  bool two = l->bias && l->bias->rank == 2;
  if (l->kind == KIND_GRU) l->kind = two ? KIND_GRU : l->bias ? KIND_GRU_BEFORE : KIND_GRU_UNSAID;
  int code = check_shape(m, l, l->input, 2, l->inputs, rows);
  if (code) return code;
  return two && l->kind == KIND_GRU ? check_shape(m, l, l->bias, 2, 2, rows) : check_shape(m, l, l->bias, 1, rows, 0);
}

/* A flat layer of PyTorch has a weight; what has none are parameters of a module of one's own, loose tensors. */
static bool has_leaf(const Layer *l, const char *leaf)
{
  for (int i = 0; i < l->tensors.n; i++) {
    if (!strcmp(layer_leaf(l, l->tensors.at[i]), leaf)) return true;
  }
  return false;
}

/* Layers that are none lose their tensors to m->loose. */
static int classify(Import *m)
{
  int n = 0, code;
  for (int i = 0; i < m->layers.n; i++) {
    Layer *l = m->layers.at[i];
    bool torch = m->from == FROM_PYTORCH;
    if (torch ? l->input || l->recurrent || l->bias || l->bias2 || l->projection : l->recurrent != NULL) {
      if ((code = torch ? torch_recurrent(m, l) : keras_recurrent(m, l))) return code;
    } else if (torch && !has_leaf(l, "weight")) {
      for (int k = 0; k < l->tensors.n; k++) vec_push(m->arena, &m->loose, l->tensors.at[k]);
      continue;
    }
    m->layers.at[n++] = l;
  }
  m->layers.n = n;
  return 0;
}

/* ---- the file ---- */

static bool is_torch_name(const char *name)
{
  const char *dot = strrchr(name, '.'), *leaf = dot ? dot + 1 : name;
  size_t place;
  int number;
  bool backward;
  return read_torch_leaf(leaf, &place, &number, &backward) || !strcmp(leaf, "weight");
}

static bool is_keras_name(const char *name)
{
  static const char *const leaves[] = {"kernel", "recurrent_kernel", "embeddings", "gamma", "beta"};
  const char *slash = strrchr(name, '/'), *leaf = slash ? slash + 1 : name;
  size_t n = strcspn(leaf, ":");
  for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
    if (strlen(leaves[i]) == n && !strncmp(leaf, leaves[i], n)) return true;
  return false;
}

static int detect(Import *m)
{
  const char *torch = NULL, *keras = NULL;
  for (int64_t i = 0; i < m->file.tensors; i++) {
    if (is_torch_name(m->file.tensor[i].name)) torch = m->file.tensor[i].name;
    if (is_keras_name(m->file.tensor[i].name)) keras = m->file.tensor[i].name;
  }
  m->from = torch && !keras ? FROM_PYTORCH : keras && !torch ? FROM_KERAS : FROM_AUTO;
  if (m->from) return 0;
  if (torch)
    fprintf(stderr, "rnnc: %s has names of PyTorch ('%s') and of Keras ('%s'): say --from pytorch or --from keras\n",
            m->state, torch, keras);
  else
    fprintf(stderr,
            "rnnc: %s has no names of PyTorch (weight_ih_l0, weight) or Keras (kernel, recurrent_kernel): its first is "
            "'%s'; say --from pytorch or --from keras\n",
            m->state, m->file.tensors ? m->file.tensor[0].name : "");
  return EXIT_ENVIRONMENT;
}

static bool is_ignored(const Import *m, const char *name, bool *matched)
{
  bool any = false;
  for (int i = 0; i < m->ignore.n; i++)
    if (fnmatch(m->ignore.at[i], name, 0) == 0) any = matched[i] = true;
  return any;
}

int import_layers(Import *m)
{
  int code = m->from == FROM_AUTO ? detect(m) : 0;
  if (code) return code;
  bool *matched = ARENA_ARRAY(m->arena, bool, m->ignore.n + 1);
  for (int64_t i = 0; i < m->file.tensors; i++) {
    const RnnTensor *t = &m->file.tensor[i];
    if (is_ignored(m, t->name, matched)) continue;
    if (m->from == FROM_PYTORCH) add_torch(m, t);
    else add_keras(m, t);
  }
  for (int i = 0; i < m->ignore.n; i++)
    if (!matched[i]) {
      fprintf(stderr, "rnnc: --ignore '%s': %s has no tensor of that name\n", m->ignore.at[i], m->state);
      return EXIT_USAGE;
    }
  return classify(m);
}

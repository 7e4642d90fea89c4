/* import_write.c: the mapping as text, and the values that it makes.
   Needs: every parameter mapped. */
#include "import.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t rows_of(const Parameter *p) { return p->var->shape.rank ? p->var->shape.dim[0] : 1; }
static int64_t columns_of(const Parameter *p) { return p->var->shape.rank > 1 ? p->var->shape.dim[1] : 1; }

/* ---- text ---- */

/* which part of the tensor it is: "rows 5 to 8", "transposed, columns 5 to 8"; nothing of a whole one */
static void part_text(Text *how, const Parameter *p, const Piece *a)
{
  const RnnTensor *t = a->tensor;
  int64_t count = rows_of(p) * columns_of(p), from = a->from, row = 0;
  bool two_rows = t->rank == 2 && p->var->shape.rank == 1; /* Keras's biases of a gru */
  if (a->transposed) text_puts(how, t->count == count ? "transposed" : "transposed, ");
  if (t->count == count) return;
  if (two_rows) row = from / t->shape[1], from %= t->shape[1];
  text_printf(how, "%s %lld to %lld",
              t->rank == 1 || two_rows ? "elements"
              : a->transposed          ? "columns"
                                       : "rows",
              (long long)from + 1, (long long)(from + rows_of(p)));
  if (two_rows && p->pieces == 1) text_printf(how, " of row %lld", (long long)row + 1);
  if (two_rows && p->pieces == 2) text_puts(how, " of both rows");
}

static void print_parameter(const Import *m, const Parameter *p)
{
  Text from = {0}, how = {0};
  for (int i = 0; i < p->pieces; i++) {
    const RnnTensor *t = p->piece[i].tensor;
    if (i == 0 || t != p->piece[0].tensor) text_printf(&from, "%s%s %s", i ? " + " : "", t->name, shape_of(m, t));
  }
  if (p->pieces) part_text(&how, p, &p->piece[0]); /* of a sum the second is the same part */
  else text_puts(&how, p->why);
  if (p->pieces > 1) text_puts(&how, how.n ? ", summed" : "summed");
  int64_t shape[2] = {p->var->shape.dim[0], p->var->shape.dim[1]};
  char size[64];
  printf("  %s -> %s %s%s%s\n", p->pieces ? from.at : "0", p->var->name,
         rnn_shape_text(p->var->shape.rank, shape, size, sizeof size), how.n ? ": " : "", how.n ? how.at : "");
  text_free(&from);
  text_free(&how);
}

static void print_notes(const Import *m, const CellUse *g)
{
  const char *cell = g->cell ? g->cell : g->likely;
  if (!g->cell) printf("  note: a cell of your own; taken as %s because --map says so\n", cell);
  if (g->layer->kind == KIND_RNN && (!strcmp(cell, "elman") || !strcmp(cell, "irnn")))
    printf("  note: the file does not say whether the layer is of tanh or relu; %s is of %s\n", cell,
           !strcmp(cell, "elman") ? "tanh" : "relu");
  if (m->from == FROM_KERAS && strstr(cell, "_norm")) {
    const char *usual = strcmp(cell, "rms_norm") ? "1e-3" : "1e-6";
    printf("  note: the file does not say epsilon; Keras's usual one is %s, in a model %s(eps = %s)\n", usual, cell,
           usual);
  }
}

void import_print(const Import *m)
{
  printf("%s (%s) -> %s\n", m->state, framework_name[m->from], m->model);
  for (int i = 0; i < m->groups.n; i++) {
    const CellUse *g = m->groups.at[i];
    printf("%s -> %s\n", layer_text(m, g->layer), group_text(m, g));
    for (int k = 0; k < g->members.n; k++) print_parameter(m, g->members.at[k]);
    print_notes(m, g);
  }
  bool any = false;
  for (int i = 0; i < m->parameters.n; i++) {
    if (m->parameters.at[i]->group) continue;
    if (!any) printf("tensors -> parameters\n");
    any = true;
    print_parameter(m, m->parameters.at[i]);
  }
}

/* ---- values ---- */

static void add_values(const Parameter *p, const Piece *a, const double *values, double *out)
{
  int64_t rows = rows_of(p), columns = columns_of(p);
  int64_t height = a->transposed ? a->tensor->shape[1] : 0; /* of the transpose */
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      out[i * columns + j] += a->transposed ? values[j * height + a->from + i] : values[(a->from + i) * columns + j];
}

static bool check_tensor(const Import *m, const RnnTensor *t, const double *values)
{
  for (int64_t i = 0; i < t->count; i++) {
    if (isfinite(values[i])) continue;
    fprintf(stderr, "rnnc: %s: %s holds a value that is not finite (%g), at element %lld\n", m->state, t->name,
            values[i], (long long)i);
    return false;
  }
  return true;
}

static int no_memory(void)
{
  fputs("rnnc: out of memory\n", stderr);
  return EXIT_ENVIRONMENT;
}

static int make_parameter(const Import *m, const Parameter *p, RnnTensorFile *out)
{
  RnnError error = {0};
  int64_t shape[2] = {p->var->shape.dim[0], p->var->shape.dim[1]}, count = rows_of(p) * columns_of(p);
  RnnDtype dtype = RNN_F32;
  for (int i = 0; i < p->pieces; i++)
    if (p->piece[i].tensor->dtype == RNN_F64) dtype = RNN_F64;
  RnnTensor *made = rnn_tensor_add(out, p->var->name, dtype, p->var->shape.rank, shape, &error);
  if (!made) return driver_fail(error.message, NULL, EXIT_ENVIRONMENT);
  double *sum = calloc((size_t)count + 1, sizeof *sum);
  bool good = sum != NULL;
  for (int i = 0; i < p->pieces && good; i++) {
    const RnnTensor *t = p->piece[i].tensor;
    double *values = malloc(((size_t)t->count + 1) * sizeof *values);
    if (!values) {
      free(sum);
      return no_memory();
    }
    rnn_tensor_to_f64(t, 0, t->count, values);
    good = check_tensor(m, t, values);
    if (good) add_values(p, &p->piece[i], values, sum);
    free(values);
  }
  for (int64_t i = 0; i < count && good; i++) {
    if (dtype == RNN_F64) ((double *)made->data)[i] = sum[i];
    else ((float *)made->data)[i] = (float)sum[i];
  }
  free(sum);
  return good ? 0 : EXIT_ENVIRONMENT;
}

int import_values(Import *m, RnnTensorFile *out)
{
  for (int i = 0; i < m->parameters.n; i++) {
    const Parameter *p = m->parameters.at[i];
    for (int k = 0; k < p->pieces; k++) {
      const RnnTensor *t = p->piece[k].tensor;
      if (rnn_dtype_is_real(t->dtype)) continue;
      fprintf(stderr, "rnnc: %s: %s holds %s; %s takes floating-point numbers\n", m->state, t->name,
              rnn_dtype_name(t->dtype), p->var->name);
      return EXIT_ENVIRONMENT;
    }
    int code = make_parameter(m, p, out);
    if (code) return code;
  }
  return 0;
}

/* host.c WEIGHTS.safetensors DATA.npz: what runs where there is room: whole sequences, the loss, its gradient, and a
   little more training from C; then the streaming step with the same weights. Needs librnn and filter.o of `rnnc -c`.
 */
#include <rnn.h>
#include "filter.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int stop(RnnHandle *model, const RnnError *error)
{
  fprintf(stderr, "host: %s\n", error->message);
  rnn_close(model);
  return error->code;
}

/* The largest difference between a sequence's outputs from forward and those of the step, one reading after the other.
 */
static double step_against_forward(RnnHandle *model, const RnnTensor *x, const RnnTensor *m)
{
  const filter_real *weights = rnn_weights(model), *reading = x->data, *estimate = m->data;
  struct filter_state state;
  double worst = 0;
  filter_reset(&state);
  for (int64_t t = 0; t < x->shape[1]; t++) {
    filter_real out[1];
    filter_step(weights, &state, reading[t], out);
    worst = fmax(worst, fabs((double)(out[0] - estimate[t])));
  }
  return worst;
}

static double norm_of(const RnnTensor *gradient)
{
  double sum = 0, *value = malloc((size_t)gradient->count * sizeof *value);
  if (!value) return NAN;
  rnn_tensor_to_f64(gradient, 0, gradient->count, value);
  for (int64_t i = 0; i < gradient->count; i++) sum += value[i] * value[i];
  free(value);
  return sqrt(sum);
}

int main(int argc, char **argv)
{
  RnnError error = {0};
  RnnTensorFile data = {0}, outputs = {0}, gradients = {0};
  double loss, after;
  if (argc != 3) return fprintf(stderr, "usage: host WEIGHTS.safetensors DATA.npz\n"), 2;

  RnnHandle *model = filter_open(0, &error);
  if (!model || !rnn_load(model, argv[1], &error) || !rnn_npz_read(argv[2], &data, &error)) return stop(model, &error);

  /* forward over all sequences at once, and the step over the first of them */
  if (!filter_forward(model, &data, &outputs, &error)) return stop(model, &error);
  const RnnTensor *x = rnn_tensor_need(&data, argv[2], "x", &error),
                  *m = rnn_tensor_need(&outputs, "the outputs", "m", &error);
  if (!x || !m) return stop(model, &error);
  double worst = step_against_forward(model, x, m);
  printf("forward: %lld sequences of %lld readings; the step's estimates differ by %s\n", (long long)m->shape[0],
         (long long)m->shape[1], worst < 1e-5 ? "less than 1e-5" : "TOO MUCH");

  /* loss and gradient */
  if (!filter_loss(model, &data, &loss, &error) || !rnn_gradient(model, &data, &after, &gradients, &error))
    return stop(model, &error);
  printf("loss %.4f; norms of its gradients:", loss);
  for (int i = 0; i < rnn_params(model) && i < 3; i++) {
    const RnnTensor *g = rnn_tensor_find(&gradients, rnn_param(model, i)->name);
    printf(" %s %.4f", rnn_param(model, i)->name, g ? norm_of(g) : NAN);
  }
  printf(" ..\n");

  /* a little more training, on these sequences */
  RnnUpdater *updater = rnn_updater_new(model, "adam(rate = 1e-3)", "norm(1.0)", &error);
  if (!updater) return stop(model, &error);
  for (int i = 0; i < 20; i++)
    if (!rnn_gradient(model, &data, &after, NULL, &error) || !rnn_update(updater, -1, NULL, &error))
      return stop(model, &error);
  bool ok = filter_loss(model, &data, &after, &error);
  printf("after 20 updates from C: loss %.4f\n", after);

  rnn_updater_free(updater);
  rnn_tensor_file_free(&gradients);
  rnn_tensor_file_free(&outputs);
  rnn_tensor_file_free(&data);
  rnn_close(model);
  return ok && worst < 1e-5 && after < loss ? 0 : 1;
}

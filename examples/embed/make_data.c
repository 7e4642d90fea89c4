/* make_data.c: readings of many sensors as train.npz and test.npz: arrays x and y, [N, T, 1]. Needs librnn. */
#include "sensor.h"
#include <rnn.h>
#include <stdio.h>

static bool write_part(const char *path, int sequences, int steps, uint64_t seed, RnnError *error)
{
  RnnTensorFile file = {0};
  const int64_t shape[] = {sequences, steps, 1};
  RnnTensor *x = rnn_tensor_add(&file, "x", RNN_F32, 3, shape, error);
  float *reading = x ? x->data : NULL;
  RnnTensor *y = x ? rnn_tensor_add(&file, "y", RNN_F32, 3, shape, error) : NULL;
  float *clean = y ? y->data : NULL;
  for (int n = 0; clean && n < sequences; n++) {
    Sensor sensor;
    sensor_start(&sensor, seed + (uint64_t)n);
    for (int t = 0; t < steps; t++) reading[n * steps + t] = sensor_read(&sensor, t, &clean[n * steps + t]);
  }
  bool ok = clean && rnn_npz_write(path, &file, error);
  rnn_tensor_file_free(&file);
  return ok;
}

int main(void)
{
  RnnError error = {0};
  if (write_part("train.npz", 512, 100, 1, &error) && write_part("test.npz", 64, 100, 100001, &error)) return 0;
  fprintf(stderr, "make_data: %s\n", error.message);
  return error.code;
}

/* device.c: what runs on the device: one step a reading, the weights in the object's read-only memory, the state in a
   struct of its own. Needs filter.o of `rnnc -c --inference --weights=embed` alone: no library, no allocation, no file.
   (printf and the made-up sensor are for show.) */
#include "filter.h"
#include "sensor.h"
#include <stdio.h>

enum { STEPS = 300, LAG = 40 };

typedef struct Channel { /* any number of these run side by side */
  Sensor sensor;
  struct filter_state state;
} Channel;

int main(void)
{
  static Channel channel[2];
  struct filter_state saved;
  double raw = 0, smooth = 0, filtered = 0;
  float average[2] = {0, 0}, last[2] = {0, 0};
  int counted = 0;

  for (int c = 0; c < 2; c++) {
    sensor_start(&channel[c].sensor, 200001 + (uint64_t)c);
    filter_init(&channel[c].state);
  }
  printf("   t   reading   clean   filter\n");
  for (int t = 0; t < STEPS; t++)
    for (int c = 0; c < 2; c++) {
      float clean, reading = sensor_read(&channel[c].sensor, t, &clean), estimate[1];
      filter_step(&channel[c].state, reading, estimate);
      average[c] +=
          0.22f * (reading - average[c]); /* the usual remedy: an exponential average, at its best rate here */
      last[c] = reading;
      if (c == 0 && t % 50 == 0)
        printf("%4d  %8.3f %7.3f  %7.3f\n", t, (double)reading, (double)clean, (double)estimate[0]);
      if (t < LAG) continue;
      counted++;
      raw += (double)(reading - clean) * (double)(reading - clean);
      smooth += (double)(average[c] - clean) * (double)(average[c] - clean);
      filtered += (double)(estimate[0] - clean) * (double)(estimate[0] - clean);
    }
  printf("error (root mean square): reading %.3f, exponential average %.3f, filter %.3f\n", sqrt(raw / counted),
         sqrt(smooth / counted), sqrt(filtered / counted));

  /* a snapshot: what if the last reading came twice? Going back costs a copy. */
  float once[1], twice[1], again[1];
  saved = channel[0].state;
  filter_step(&channel[0].state, last[0], once);
  filter_step(&channel[0].state, last[0], twice);
  channel[0].state = saved;
  filter_step(&channel[0].state, last[0], again);
  printf("state: %d bytes; going back gives the same estimate: %s\n", (int)sizeof saved,
         once[0] == again[0] ? "yes" : "no");
  return once[0] == again[0] && once[0] != twice[0] && filtered < smooth && smooth < raw ? 0 : 1;
}

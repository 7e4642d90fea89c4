/* sensor.h: a made-up sensor: a slow signal of two waves, read with noise, and now and then with a spike. Needs
 * nothing. */
#ifndef SENSOR_H
#define SENSOR_H
#include <math.h>
#include <stdint.h>

typedef struct Sensor {
  uint64_t random;
  double rate[2], phase[2], size[2];
} Sensor;

/* uniform in [0, 1): Knuth's linear congruential generator, upper bits */
static inline double sensor_random(Sensor *s)
{
  s->random = s->random * 6364136223846793005u + 1442695040888963407u;
  return (double)(s->random >> 11) / 9007199254740992.0;
}

static inline void sensor_start(Sensor *s, uint64_t seed)
{
  s->random = seed * 2862933555777941757u + 3037000493u;
  for (int i = 0; i < 2; i++) {
    s->rate[i] = 0.03 + 0.12 * sensor_random(s);
    s->phase[i] = 6.2831853 * sensor_random(s);
    s->size[i] = 0.2 + 0.6 * sensor_random(s);
  }
}

/* The reading at time t; *clean is the value without noise. */
static inline float sensor_read(Sensor *s, int t, float *clean)
{
  double value = 0, noise = -2;
  for (int i = 0; i < 2; i++) value += s->size[i] * sin(s->rate[i] * t + s->phase[i]);
  for (int i = 0; i < 4; i++) noise += sensor_random(s); /* four uniforms: about normal, deviation 0.58 */
  double spike = sensor_random(s) < 0.03 ? 6 * (sensor_random(s) - 0.5) : 0;
  *clean = (float)value;
  return (float)(value + 0.5 * noise + spike);
}
#endif

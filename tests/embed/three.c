/* three.c: three models in one program: one with its weights inside, two of one source under different names. */
#include "inside.h"
#include "left.h"
#include "right.h"
#include <string.h>

int main(void)
{
  static struct inside_state i;
  static struct left_state l;
  static struct right_state r;
  left_real x[3] = {1, -2, 0.5f}, o[3][2], a[3][7];
  inside_init(&i);
  left_init(&l);
  right_init(&r);
  static left_real zero[LEFT_PARAM_COUNT];
  inside_step(&i, x, o[0], a[0]);
  left_step(inside_weights, &l, x, o[1], a[1]);
  right_step(zero, &r, x, o[2], a[2]);
  return memcmp(o[0], o[1], sizeof o[0]) || memcmp(&i, &l, sizeof i) || !memcmp(a[1], a[2], sizeof a[1]) ||
         (void *)left_step_entry == (void *)right_step_entry;
}

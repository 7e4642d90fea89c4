/* silent.c: a thousand steps between two getppid: nothing may stand between these in a trace of system calls. */
#define _GNU_SOURCE
#include "gates.h"
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
  static gates_real w[GATES_PARAM_COUNT], x[3], o[2], a[7];
  static struct gates_state s;
  gates_init(&s);
  syscall(SYS_getppid);
  for (int t = 0; t < 1000; t++) gates_step(w, &s, x, o, a);
  syscall(SYS_getppid);
  return 0;
}

/* stack.c: the stack that CALL takes, measured on painted memory, against the header's bound.
   -DMODEL='"gates.h"' -DREAL=gates_real -DSTATE='struct gates_state' -DPARAMS=GATES_PARAM_COUNT
   -DBOUND=GATES_STACK_BYTES -DCALL='gates_step(w, s, a, b, c)': w the parameters, s states, a b c arrays, i 1. Prints
   the three numbers. */
#define _GNU_SOURCE
#include MODEL
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

enum { SIZE = 1 << 20, PAINT = 0xA5 };
static unsigned char stack[SIZE];
static ucontext_t here, there;
static REAL w[PARAMS], a[1 << 14], b[1 << 14], c[1 << 14];
static STATE s[64];
static int32_t i = 1;

static void nothing(void) {}
static void job(void) { CALL; }

static long depth(void (*what)(void))
{
  memset(stack, PAINT, SIZE);
  getcontext(&there);
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = SIZE;
  there.uc_link = &here;
  makecontext(&there, what, 0);
  swapcontext(&here, &there);
  long untouched = 0;
  while (untouched < SIZE && stack[untouched] == PAINT) untouched++;
  return SIZE - untouched;
}

int main(void)
{
  for (int k = 0; k < PARAMS; k++) w[k] = (REAL)0.01 * (REAL)(k % 7);
  for (int k = 0; k < 1 << 14; k++) a[k] = 1;
  (void)b, (void)c, (void)i;
  long none = depth(nothing), used = depth(job) - none;
  printf("%ld of %ld bytes\n", used, (long)BOUND);
  return used > BOUND || 3 * used < BOUND; /* a bound, and no idle one */
}

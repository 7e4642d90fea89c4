/* machine.c: runs the models of program.h, which targets.py writes, and prints what they give.
   Needs: stdio; with -DBARE nothing but a Cortex-M and a debugger, or qemu, that answers semihosting. */
#include <stdint.h>

#ifdef BARE
enum { SYS_WRITE0 = 4, SYS_EXIT = 0x18, EXIT_OK = 0x20026 };

static void ask(int number, uintptr_t what)
{
  register int r0 __asm__("r0") = number;
  register uintptr_t r1 __asm__("r1") = what;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory", "cc");
}
static void say(const char *text) { ask(SYS_WRITE0, (uintptr_t)text); }
#else
#include <stdio.h>
static void say(const char *text) { fputs(text, stdout); }
#endif

static void numbers(const float *at, int n)
{
  for (int i = 0; i < n; i++) {
    union {
      float real;
      uint32_t bits;
    } word = {at[i]};
    char text[10];
    for (int k = 0; k < 8; k++) text[k] = "0123456789abcdef"[word.bits >> (28 - 4 * k) & 15];
    text[8] = '\n';
    text[9] = 0;
    say(text);
  }
}

#include "program.h"

#ifdef BARE
void start(void)
{
#ifdef __ARM_FP
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the FPU is off after a reset */
  __asm__ volatile("dsb\n\tisb");
#endif
  run_all();
  ask(SYS_EXIT, EXIT_OK);
  for (;;) continue;
}
static void fault(void)
{
  say("fault\n");
  ask(SYS_EXIT, 0);
  for (;;) continue;
}
extern char stack_top[];
__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top, (void *)start, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault};
#else
int main(void)
{
  run_all();
  return 0;
}
#endif

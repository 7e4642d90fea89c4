/* signals.c: see signals.h. */
#include "signals.h"
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal, checkpoint_wanted;
static struct sigaction before[3];
static const int caught[3] = {SIGINT, SIGTERM, SIGUSR1};

static void on_stop(int number)
{
  if (stop_signal) _exit(128 + number);
  stop_signal = number;
}

static void on_checkpoint(int number)
{
  (void)number;
  checkpoint_wanted = 1;
}

void rnn_signals_catch(void)
{
  stop_signal = checkpoint_wanted = 0;
  for (int i = 0; i < 3; i++) {
    struct sigaction action = {.sa_handler = caught[i] == SIGUSR1 ? on_checkpoint : on_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(caught[i], &action, &before[i]);
  }
}

void rnn_signals_release(void)
{
  for (int i = 0; i < 3; i++) sigaction(caught[i], &before[i], NULL);
}

int rnn_signals_stop(void) { return stop_signal; }

bool rnn_signals_checkpoint(void)
{
  if (!checkpoint_wanted) return false;
  checkpoint_wanted = 0;
  return true;
}

/* child.c: evaluations run in a process of their own: Ctrl-C, a crash or a lack of memory ends them and leaves the
   session as it was.
   Needs: a process without threads. Leaves alone: what the child does. */
#define _GNU_SOURCE
#include "world.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child, interrupted;

/* The child has a process group of its own, so that each Ctrl-C reaches it once. */
static void pass_on(int number)
{
  interrupted = 1;
  if (child > 0) kill((pid_t)child, number);
}

void child_signals(void)
{
  struct sigaction action = {.sa_handler = pass_on};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

bool child_interrupted(void)
{
  bool was = interrupted;
  interrupted = 0;
  return was;
}

static void become_child(void)
{
  pid_t parent = getppid();
  setpgid(0, 0);
  signal(SIGINT, SIG_DFL);
  signal(SIGTTOU, SIG_IGN);
#ifdef PR_SET_PDEATHSIG
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(70);
#endif
}

static int tell(const World *w, int status)
{
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  if (number == SIGPIPE) return 128 + number; /* nobody reads any more */
  if (number == SIGINT) fputs("stopped\n", w->err);
  else if (number == SIGKILL)
    world_fail(w, 0, "the evaluation was killed, perhaps for lack of memory; the session goes on");
  else world_fail(w, 0, "the evaluation ended with signal %d (%s); the session goes on", number, strsignal(number));
  return 128 + number;
}

int child_run(const World *w, int (*work)(void *context), void *context)
{
  fflush(NULL);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, &before);
  interrupted = 0;
  pid_t pid = fork();
  if (pid < 0) {
    sigprocmask(SIG_SETMASK, &before, NULL);
    return world_fail(w, 3, "no process for the evaluation: %s", strerror(errno));
  }
  if (pid == 0) {
    become_child();
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (w->out != stdout) dup2(fileno(w->out), 1);
    if (w->err != stderr) dup2(fileno(w->err), 2);
    int code = work(context);
    fflush(NULL);
    _exit(code);
  }
  child = pid;
  sigprocmask(SIG_SETMASK, &before, NULL);
  int status;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  child = 0;
  if (w->out != stdout) fseek(w->out, 0, SEEK_END);
  if (w->err != stderr) fseek(w->err, 0, SEEK_END);
  if (w->results) fseek(w->results, 0, SEEK_END);
  return tell(w, status);
}

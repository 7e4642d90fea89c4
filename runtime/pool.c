/* pool.c: a few threads that wait for jobs, spinning a moment before they sleep.

   The state of a job is one 64-bit ticket, (job number, parts not yet taken): a thread takes a part by counting it down
   with a compare-and-swap. The job's other fields change only while no part is left, so a thread that took a part has
   read the fields of that very job. A sleeping worker costs its job nothing: the caller takes the parts that nobody
   else does, and waits for parts, not for workers. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "pool.h"

enum { SPINS = 4000, THREADS_MAX = 256 };

struct RnnPool {
  int workers;
  pthread_t *thread;
  atomic_flag busy; /* a job runs: further calls run inline */
  _Atomic uint64_t ticket;
  _Atomic int64_t done; /* parts finished */
  _Atomic(const RnnFrame *) frame;
  _Atomic(RnnBody *) body;
  _Atomic(void *) arg;
  _Atomic int64_t n, grain;
  atomic_int sleeping;
  atomic_bool stop;
  pthread_mutex_t lock; /* for going to sleep only */
  pthread_cond_t wake, finished;
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static inline uint32_t parts_left(uint64_t ticket) { return (uint32_t)ticket; }

/* Takes and runs one part; false when none is left. */
static bool run_part(RnnPool *p)
{
  uint64_t ticket = atomic_load(&p->ticket);
  for (;;) {
    uint32_t left = parts_left(ticket);
    if (!left) return false;
    const RnnFrame *frame = atomic_load_explicit(&p->frame, memory_order_relaxed);
    RnnBody *body = atomic_load_explicit(&p->body, memory_order_relaxed);
    void *arg = atomic_load_explicit(&p->arg, memory_order_relaxed);
    int64_t n = atomic_load_explicit(&p->n, memory_order_relaxed);
    int64_t grain = atomic_load_explicit(&p->grain, memory_order_relaxed);
    if (!atomic_compare_exchange_weak(&p->ticket, &ticket, ticket - 1)) continue;
    int64_t parts = (n + grain - 1) / grain, from = (parts - left) * grain, to = from + grain < n ? from + grain : n;
    body(frame, arg, from, to);
    if (atomic_fetch_add(&p->done, 1) + 1 == parts) {
      pthread_mutex_lock(&p->lock);
      pthread_cond_signal(&p->finished);
      pthread_mutex_unlock(&p->lock);
    }
    return true;
  }
}

static void sleep_until_job(RnnPool *p)
{
  pthread_mutex_lock(&p->lock);
  atomic_fetch_add(&p->sleeping, 1);
  while (!parts_left(atomic_load(&p->ticket)) && !atomic_load(&p->stop)) pthread_cond_wait(&p->wake, &p->lock);
  atomic_fetch_sub(&p->sleeping, 1);
  pthread_mutex_unlock(&p->lock);
}

static void *worker(void *arg)
{
  RnnPool *p = arg;
  for (int idle = 0; !atomic_load_explicit(&p->stop, memory_order_relaxed);) {
    if (run_part(p)) idle = 0;
    else if (++idle < SPINS) relax();
    else {
      sleep_until_job(p);
      idle = 0;
    }
  }
  return NULL;
}

static void wait_for_parts(RnnPool *p, int64_t parts)
{
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&p->done, memory_order_acquire) == parts) return;
    relax();
  }
  pthread_mutex_lock(&p->lock);
  while (atomic_load(&p->done) != parts) pthread_cond_wait(&p->finished, &p->lock);
  pthread_mutex_unlock(&p->lock);
}

static void run_inline(const RnnFrame *frame, RnnBody *body, void *arg, int64_t n, int64_t grain)
{
  for (int64_t from = 0; from < n; from += grain) body(frame, arg, from, from + grain < n ? from + grain : n);
}

/* One part a thread, each a multiple of `unit`. */
static int64_t share(const RnnPool *p, int64_t n, int64_t unit)
{
  int64_t threads = rnn_pool_threads(p), each = (n + threads - 1) / threads;
  return (each + unit - 1) / unit * unit;
}

static void run_job(RnnPool *p, const RnnFrame *frame, RnnBody *body, void *arg, int64_t n, int64_t grain)
{
  if (n <= 0) return;
  if (grain < 0) grain = share(p, n, -grain);
  if (grain < 1) grain = 1;
  int64_t parts = (n + grain - 1) / grain;
  if (!p || parts == 1 || parts > UINT32_MAX || atomic_flag_test_and_set(&p->busy)) {
    run_inline(frame, body, arg, n, grain);
    return;
  }
  atomic_store_explicit(&p->frame, frame, memory_order_relaxed);
  atomic_store_explicit(&p->body, body, memory_order_relaxed);
  atomic_store_explicit(&p->arg, arg, memory_order_relaxed);
  atomic_store_explicit(&p->n, n, memory_order_relaxed);
  atomic_store_explicit(&p->grain, grain, memory_order_relaxed);
  atomic_store_explicit(&p->done, 0, memory_order_relaxed);
  uint64_t job = (atomic_load_explicit(&p->ticket, memory_order_relaxed) >> 32) + 1;
  atomic_store(&p->ticket, job << 32 | (uint64_t)parts);
  if (atomic_load(&p->sleeping)) {
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
  }
  while (run_part(p)) {
  }
  wait_for_parts(p, parts);
  atomic_flag_clear(&p->busy);
}

void rnn_parallel(void *frame, void *body, void *arg, int64_t n, int64_t grain)
{
  const RnnFrame *f = frame;
  run_job(f->pool, f, (RnnBody *)body, arg, n, grain);
}

typedef struct Weighed {
  RnnBody *body;
  void *arg;
  int64_t begin[THREADS_MAX + 1]; /* of each part */
} Weighed;

static void weighed_parts(const RnnFrame *frame, void *arg, int64_t from, int64_t to)
{
  const Weighed *w = arg;
  for (int64_t i = from; i < to; i++) w->body(frame, w->arg, w->begin[i], w->begin[i + 1]);
}

/* A part ends at the multiple of `unit` that is nearest to its share of all weights. */
static int64_t cut_weighed(Weighed *w, int64_t n, int64_t unit, const int64_t *weight, int64_t threads)
{
  int64_t all = 0, so_far = 0, parts = 0;
  for (int64_t i = 0; i < n; i++) all += weight[i];
  for (int64_t i = 0; i < n; i += unit) {
    int64_t next = 0;
    for (int64_t j = i; j < n && j < i + unit; j++) next += weight[j];
    if ((2 * so_far + next) * threads >= 2 * parts * all) w->begin[parts++] = i;
    so_far += next;
  }
  w->begin[parts] = n;
  return parts;
}

void rnn_parallel_weighed(void *frame, void *body, void *arg, int64_t n, int64_t unit, void *weight)
{
  const RnnFrame *f = frame;
  Weighed w = {.body = (RnnBody *)body, .arg = arg};
  if (n <= 0) return;
  if (!f->pool) w.body(f, arg, 0, n);
  else run_job(f->pool, f, weighed_parts, &w, cut_weighed(&w, n, unit, weight, rnn_pool_threads(f->pool)), 1);
}

void rnn_parallel_scan(void *frame, void *body, int64_t n, int64_t unit, void *weight, int64_t units)
{
  const RnnFrame *f = frame;
  bool few = f->pool && n < unit * rnn_pool_threads(f->pool);
  if (few && units > 1) run_job(f->pool, f, (RnnBody *)body, frame, units, -1);
  else rnn_parallel_weighed(frame, body, NULL, n, unit, weight);
}

void rnn_await(void *counter, int64_t place)
{
  for (int i = 0; __atomic_load_n((int64_t *)counter, __ATOMIC_ACQUIRE) < place; i++) {
    if (i < SPINS) relax();
    else sched_yield();
  }
}

void rnn_reached(void *counter, int64_t place) { __atomic_store_n((int64_t *)counter, place, __ATOMIC_RELEASE); }

void rnn_pool_run(RnnPool *pool, RnnBody *body, void *arg, int64_t n, int64_t grain)
{
  run_job(pool, NULL, body, arg, n, grain);
}

int rnn_machine_threads(void)
{
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
  long quota, period;
  if (f) {
    if (fscanf(f, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
      long limit = (quota + period - 1) / period;
      if (limit < n) n = (int)limit;
    }
    fclose(f);
  }
  return n < 1 ? 1 : n;
}

RnnPool *rnn_pool_new(int threads)
{
  if (threads <= 0) threads = rnn_machine_threads();
  if (threads > THREADS_MAX) threads = THREADS_MAX;
  if (threads == 1) return NULL;
  RnnPool *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->thread = calloc((size_t)threads - 1, sizeof *p->thread);
  atomic_flag_clear(&p->busy);
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->wake, NULL);
  pthread_cond_init(&p->finished, NULL);
  while (p->thread && p->workers < threads - 1 && pthread_create(&p->thread[p->workers], NULL, worker, p) == 0)
    p->workers++;
  if (p->workers) return p;
  rnn_pool_free(p);
  return NULL;
}

void rnn_pool_free(RnnPool *p)
{
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  atomic_store(&p->stop, true);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  for (int i = 0; i < p->workers; i++) pthread_join(p->thread[i], NULL);
  pthread_cond_destroy(&p->wake);
  pthread_cond_destroy(&p->finished);
  pthread_mutex_destroy(&p->lock);
  free(p->thread);
  free(p);
}

int rnn_pool_threads(const RnnPool *p) { return p ? p->workers + 1 : 1; }

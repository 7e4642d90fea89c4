/* pool.h: the thread pool that rnn_parallel (calls.def) runs on.

   A job is cut into parts by its size and grain alone; which thread takes which part is left to chance, so a body must
   write only what belongs to its part. The caller works too: a pool of n threads starts n - 1. A call from inside a
   body, or while another thread uses the pool, runs its parts in order on the calling thread. */
#ifndef RNN_POOL_H
#define RNN_POOL_H
#include "calls.h"

RnnPool *rnn_pool_new(
    int threads); /* 0: as many as this process may use. NULL where one thread is all there is, or none could start */
void rnn_pool_free(RnnPool *pool);
int rnn_pool_threads(const RnnPool *pool); /* 1 for NULL */
int rnn_machine_threads(void);             /* processors this process may use, cgroup limit included; at least 1 */

/* body over parts of [0, n), for callers in the runtime that have no frame */
void rnn_pool_run(RnnPool *pool, RnnBody *body, void *arg, int64_t n, int64_t grain);
#endif

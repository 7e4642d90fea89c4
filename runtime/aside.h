/* aside.h: a file is written beside its place, synced, and renamed, so that at any moment the old or the new one is
   there, whole.

     RnnAside *aside = rnn_aside_begin(path, &error);
     ... rnn_aside_write(aside, bytes, size, &error), any number of times; on failure rnn_aside_cancel(aside) ...
     rnn_aside_commit(aside, &error)            frees aside in any case

   The new bytes stand in PATH.tmp-PID in the same folder until then. Where PATH is a link, the file that it points to
   is replaced. Where PATH is no regular file (/dev/stdout, a pipe) it is written directly. */
#ifndef RNN_ASIDE_H
#define RNN_ASIDE_H
#include "error.h"

typedef struct RnnAside RnnAside;
RnnAside *rnn_aside_begin(const char *path, RnnError *error);
bool rnn_aside_write(RnnAside *aside, const void *bytes, size_t size, RnnError *error);
/* Syncs, renames, syncs the folder; on failure the temporary file is removed. */
bool rnn_aside_commit(RnnAside *aside, RnnError *error);
void rnn_aside_cancel(RnnAside *aside); /* removes the temporary file; NULL is allowed */

#endif

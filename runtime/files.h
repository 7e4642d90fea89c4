/* files.h: opens and reads users' files, with messages that name them. For the readers of runtime/. */
#ifndef RNN_FILES_H
#define RNN_FILES_H
#include <stdint.h>
#include "error.h"

/* A regular file for pread; its size into *size. Returns -1 after filling the error; the caller closes. */
int rnn_file_open(const char *path, uint64_t *size, RnnError *error);
/* Exactly `size` bytes from `offset`. */
bool rnn_file_read_at(int file, const char *path, uint64_t offset, void *to, size_t size, RnnError *error);
/* All of a file or a pipe, with a NUL behind the last byte; the caller frees. max_bytes 0: no limit. */
char *rnn_file_read_all(const char *path, uint64_t max_bytes, size_t *size, RnnError *error);

#endif

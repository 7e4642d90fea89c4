/* output.h: files that are never seen half-written. */
#ifndef RNNC_OUTPUT_H
#define RNNC_OUTPUT_H
#include <stdbool.h>
#include <stddef.h>

/* Writes beside `path`, syncs, and renames. "-" is standard output. The sentence in *error (free it with free) names
   the path and the reason. */
bool output_write(const char *path, const char *data, size_t n, char **error);
#endif

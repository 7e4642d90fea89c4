/* bind.c GOOD OTHER: gates_bind on a blob of this model, on one of another model, and on blobs that were spoilt. */
#include "gates.h"
#include <stdio.h>
#include <string.h>

static double room[1 << 12], spoilt[1 << 12];

static size_t read_file(const char *path, void *to)
{
  FILE *f = fopen(path, "rb");
  size_t n = f ? fread(to, 1, sizeof room, f) : 0;
  if (f) fclose(f);
  return n;
}

int main(int argc, char **argv)
{
  const gates_real *params = 0;
  int wrong = 0;
  if (argc != 3) return 99;
  size_t n = read_file(argv[1], room);
#define CHECK(ok) ((ok) ? 0 : (wrong++, printf("line %d\n", __LINE__)))
#define SPOIL(at, code)                                                                                                \
  (memcpy(spoilt, room, n), ((unsigned char *)spoilt)[at] ^= 1, CHECK(gates_bind(spoilt, n, &params) == code))
  SPOIL(0, GATES_BLOB_MAGIC);
  SPOIL(8, GATES_BLOB_VERSION);
  SPOIL(12, GATES_BLOB_PRECISION);
  SPOIL(16, GATES_BLOB_MODEL);
  SPOIL(24, GATES_BLOB_SHAPES);
  SPOIL(32, GATES_BLOB_SHAPES);
  CHECK(gates_bind(NULL, n, &params) == GATES_BLOB_SHORT);
  CHECK(gates_bind(room, 0, &params) == GATES_BLOB_SHORT);
  CHECK(gates_bind(room, 39, &params) == GATES_BLOB_SHORT);
  CHECK(gates_bind(room, n - 1, &params) == GATES_BLOB_SHORT);
  memcpy((unsigned char *)spoilt + 1, room, n);
  CHECK(gates_bind((unsigned char *)spoilt + 1, n, &params) == GATES_BLOB_UNALIGNED);
  CHECK(params == 0);
  CHECK(n == GATES_BLOB_BYTES && gates_bind(room, n, &params) == GATES_OK);
  CHECK((const char *)params == (const char *)room + 64); /* nothing was copied */
  size_t m = read_file(argv[2], spoilt);
  CHECK(gates_bind(spoilt, m, &params) == GATES_BLOB_MODEL);
  return wrong;
}

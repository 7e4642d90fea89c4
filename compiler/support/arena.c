/* arena.c: blocks that are filled from the front and freed together, and the interned strings that live in them.
   Needs: malloc. Leaves: what was handed out never moves. A growing array leaves its old storage behind. */
#include "arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

typedef struct Block {
  _Alignas(16) struct Block *next;
  size_t used, size;
  _Alignas(16) char data[];
} Block;

typedef struct Interned {
  const char *text; /* NULL: a free slot */
  size_t n;
  uint64_t hash;
} Interned;

struct Arena {
  Block *block; /* the one being filled, then the full ones */
  Interned *slot;
  size_t slots, interned; /* slots is a power of two, never full */
};

static void *must(void *p)
{
  if (p) return p;
  fputs("rnnc: out of memory\n", stderr);
  exit(70);
}

Arena *arena_new(void) { return must(calloc(1, sizeof(Arena))); }

void arena_free(Arena *a)
{
  if (!a) return;
  for (Block *b = a->block, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  free(a->slot);
  free(a);
}

static Block *block_new(size_t size)
{
  Block *b = must(calloc(1, sizeof(Block) + size));
  b->size = size;
  return b;
}

void *arena_alloc(Arena *a, size_t bytes)
{
  if (bytes > PTRDIFF_MAX / 2) must(NULL);
  bytes = (bytes + 15) & ~(size_t)15;
  if (bytes > BLOCK_BYTES / 4) { /* its own block, behind the one being filled */
    Block *b = block_new(bytes);
    b->used = bytes;
    b->next = a->block ? a->block->next : NULL;
    if (a->block) a->block->next = b;
    else a->block = b;
    return b->data;
  }
  if (!a->block || a->block->size - a->block->used < bytes) {
    Block *b = block_new(BLOCK_BYTES);
    b->next = a->block;
    a->block = b;
  }
  void *p = a->block->data + a->block->used;
  a->block->used += bytes;
  return p;
}

char *arena_copy(Arena *a, const char *s, size_t n)
{
  char *copy = arena_alloc(a, n + 1);
  if (n) memcpy(copy, s, n);
  return copy;
}

char *arena_printf(Arena *a, const char *format, ...)
{
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *s = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
  if (n > 0) vsnprintf(s, (size_t)n + 1, format, again);
  va_end(again);
  return s;
}

void *vec_grow_(Arena *a, void *at, int n, int *cap, size_t size)
{
  if (*cap > INT32_MAX / 2) must(NULL);
  *cap = *cap ? *cap * 2 : 4;
  void *grown = arena_alloc(a, (size_t)*cap * size);
  if (n) memcpy(grown, at, (size_t)n * size);
  return grown;
}

/* FNV-1a */
static uint64_t hash_bytes(const char *s, size_t n)
{
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 1099511628211u;
  return h;
}

/* the slot that holds the text, or the free one where it belongs */
static Interned *intern_find(const Arena *a, uint64_t hash, const char *s, size_t n)
{
  for (size_t i = hash & (a->slots - 1);; i = (i + 1) & (a->slots - 1)) {
    Interned *x = &a->slot[i];
    if (!x->text || (x->hash == hash && x->n == n && !memcmp(x->text, s, n))) return x;
  }
}

static void intern_grow(Arena *a)
{
  Interned *old = a->slot;
  size_t n = a->slots;
  a->slots = n ? n * 2 : 256;
  a->slot = must(calloc(a->slots, sizeof(Interned)));
  for (size_t i = 0; i < n; i++)
    if (old[i].text) *intern_find(a, old[i].hash, old[i].text, old[i].n) = old[i];
  free(old);
}

const char *intern_n(Arena *a, const char *s, size_t n)
{
  if (a->interned * 2 >= a->slots) intern_grow(a);
  uint64_t hash = hash_bytes(s, n);
  Interned *x = intern_find(a, hash, s, n);
  if (!x->text) {
    *x = (Interned){.text = arena_copy(a, s, n), .n = n, .hash = hash};
    a->interned++;
  }
  return x->text;
}

const char *intern(Arena *a, const char *s) { return intern_n(a, s, strlen(s)); }

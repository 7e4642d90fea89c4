/* map.c: open addressing, never more than half full. */
#include "map.h"
#include <stdint.h>

static int slot_of(const Map *m, const void *key)
{
  uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;
  int i = (int)(h >> 32) & (m->cap - 1);
  while (m->slot[i].key && m->slot[i].key != key) i = (i + 1) & (m->cap - 1);
  return i;
}

void *map_get(const Map *m, const void *key) { return m->cap ? m->slot[slot_of(m, key)].value : NULL; }

void map_put(Arena *a, Map *m, const void *key, void *value)
{
  if (m->n * 2 >= m->cap) {
    Map old = *m;
    m->cap = old.cap ? old.cap * 2 : 16;
    m->slot = ARENA_ARRAY(a, MapSlot, m->cap);
    for (int i = 0; i < old.cap; i++)
      if (old.slot[i].key) m->slot[slot_of(m, old.slot[i].key)] = old.slot[i];
  }
  MapSlot *s = &m->slot[slot_of(m, key)];
  if (!s->key) m->n++;
  *s = (MapSlot){key, value};
}

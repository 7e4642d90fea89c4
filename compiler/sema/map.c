/* map.c: open addressing over the items, never more than half full. */
#include "map.h"
#include <stdint.h>

static int slot_of(const Map *m, const void *key)
{
  uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;
  int i = (int)(h >> 32) & (m->slots - 1);
  while (m->slot[i] && m->item.at[m->slot[i] - 1].key != key) i = (i + 1) & (m->slots - 1);
  return i;
}

void *map_get(const Map *m, const void *key)
{
  int at = m->slots ? m->slot[slot_of(m, key)] : 0;
  return at ? m->item.at[at - 1].value : NULL;
}

static void widen(Arena *a, Map *m)
{
  m->slots = m->slots ? m->slots * 2 : 16;
  m->slot = ARENA_ARRAY(a, int, m->slots);
  for (int i = 0; i < m->item.n; i++) m->slot[slot_of(m, m->item.at[i].key)] = i + 1;
}

void map_put(Arena *a, Map *m, const void *key, void *value)
{
  if (m->item.n * 2 >= m->slots) widen(a, m);
  int i = slot_of(m, key);
  if (m->slot[i]) {
    m->item.at[m->slot[i] - 1].value = value;
    return;
  }
  vec_push(a, &m->item, ((MapItem){key, value}));
  m->slot[i] = m->item.n;
}

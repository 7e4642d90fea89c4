/* map.h: a map keyed by pointers: interned names, nodes of the AST. Lives in the arena. */
#ifndef RNNC_MAP_H
#define RNNC_MAP_H
#include "arena.h"

typedef struct MapSlot {
  const void *key;
  void *value;
} MapSlot;

typedef struct Map {
  MapSlot *slot;
  int cap, n;
} Map;

void *map_get(const Map *m, const void *key); /* NULL: not there */
void map_put(Arena *a, Map *m, const void *key, void *value);
#endif

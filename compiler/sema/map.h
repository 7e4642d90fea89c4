/* map.h: a map keyed by pointers: interned names, nodes of the AST. Keeps the order of insertion. Lives in the arena.
 */
#ifndef RNNC_MAP_H
#define RNNC_MAP_H
#include "arena.h"

typedef struct MapItem {
  const void *key;
  void *value;
} MapItem;

typedef struct Map {
  Vec(MapItem) item; /* in order of insertion: for who walks it */
  int *slot;         /* 1 + index of an item, 0: free */
  int slots;
} Map;

void *map_get(const Map *m, const void *key); /* NULL: not there */
void map_put(Arena *a, Map *m, const void *key, void *value);
#endif

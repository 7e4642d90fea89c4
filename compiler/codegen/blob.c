/* blob.c: the head of a blob. Needs: a model's description. */
#define XXH_INLINE_ALL
#include "blob.h"
#include "text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { VERSION = 1 };

static void put_number(unsigned char *at, uint64_t v, int bytes)
{
  for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(v >> 8 * i);
}

static uint64_t hash_parameters(const json_t *params)
{
  Text t = {0};
  size_t i;
  const json_t *p;
  json_array_foreach(params, i, p)
  {
    const char *name = json_string_value(json_object_get(p, "name"));
    text_printf(&t, "%s [", name ? name : "");
    size_t k;
    const json_t *dim;
    json_array_foreach(json_object_get(p, "shape"), k, dim)
        text_printf(&t, "%lld ", (long long)json_integer_value(dim));
    text_printf(&t, "] %lld\n", (long long)json_integer_value(json_object_get(p, "offset")));
  }
  uint64_t hash = XXH3_64bits(t.at ? t.at : "", t.n);
  text_free(&t);
  return hash;
}

void blob_head(unsigned char head[BLOB_HEAD], const json_t *model)
{
  const char *hash = json_string_value(json_object_get(model, "hash")),
             *precision = json_string_value(json_object_get(model, "precision"));
  memset(head, 0, BLOB_HEAD);
  memcpy(head, "rnncblob", 8);
  put_number(head + BLOB_VERSION_AT, VERSION, 4);
  put_number(head + BLOB_REAL_AT, precision && !strcmp(precision, "f64") ? 8 : 4, 4);
  put_number(head + BLOB_MODEL_AT, hash ? strtoull(hash, NULL, 16) : 0, 8);
  put_number(head + BLOB_SHAPES_AT, hash_parameters(json_object_get(model, "params")), 8);
  put_number(head + BLOB_COUNT_AT, (uint64_t)json_integer_value(json_object_get(model, "param_count")), 8);
}

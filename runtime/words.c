/* words.c: a set of distinct texts, by open addressing. Needs xxhash. */
#include "words.h"
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* the slot of a text: where it is, or the empty one where it would go */
static int64_t slot_of(const RnnWords *words, const char *text, size_t bytes)
{
  uint64_t mask = (uint64_t)words->slots - 1, at = XXH3_64bits(text, bytes) & mask;
  for (;; at = (at + 1) & mask) {
    int64_t number = words->slot[at] - 1;
    if (number < 0) return (int64_t)at;
    const struct RnnWord *word = &words->word[number];
    if (word->bytes == bytes && memcmp(word->text, text, bytes) == 0) return (int64_t)at;
  }
}

int64_t rnn_words_find(const RnnWords *words, const char *text, size_t bytes)
{
  return words->slots ? words->slot[slot_of(words, text, bytes)] - 1 : -1;
}

static bool grow(RnnWords *words)
{
  int64_t slots = words->slots ? 2 * words->slots : 64;
  struct RnnWord *word = realloc(words->word, (size_t)slots / 2 * sizeof *word);
  if (!word) return false;
  words->word = word;
  int64_t *slot = calloc((size_t)slots, sizeof *slot);
  if (!slot) return false;
  free(words->slot);
  words->slot = slot;
  words->slots = slots;
  for (int64_t i = 0; i < words->count; i++) slot[slot_of(words, word[i].text, word[i].bytes)] = i + 1;
  return true;
}

int64_t rnn_words_add(RnnWords *words, const char *text, size_t bytes)
{
  int64_t known = rnn_words_find(words, text, bytes);
  if (known >= 0) return known;
  if (2 * words->count >= words->slots && !grow(words)) return -1; /* at most half full */
  words->word[words->count] = (struct RnnWord){text, bytes};
  words->slot[slot_of(words, text, bytes)] = words->count + 1;
  return words->count++;
}

void rnn_words_free(RnnWords *words)
{
  free(words->word);
  free(words->slot);
  *words = (RnnWords){0};
}

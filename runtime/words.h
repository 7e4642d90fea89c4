/* words.h: a set of distinct texts, numbered in the order in which they came. For the readers of data. */
#ifndef RNN_WORDS_H
#define RNN_WORDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts are borrowed. Start with RnnWords words = {0}. */
typedef struct RnnWords {
  struct RnnWord {
    const char *text;
    size_t bytes;
  } *word;
  int64_t count;
  int64_t *slot; /* a hash table of numbers + 1, `slots` (a power of two) of them */
  int64_t slots;
} RnnWords;

int64_t rnn_words_add(RnnWords *words, const char *text, size_t bytes);        /* its number; -1: out of memory */
int64_t rnn_words_find(const RnnWords *words, const char *text, size_t bytes); /* its number; -1: not in the set */
void rnn_words_free(RnnWords *words);

#endif

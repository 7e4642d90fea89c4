/* csv_columns.h: which columns an input reads, and how. For data_csv.c. */
#ifndef RNN_CSV_COLUMNS_H
#define RNN_CSV_COLUMNS_H
#include "csv_table.h"
#include "data_private.h"

typedef enum RnnColumnsKind {
  RNN_COLUMNS_ABSENT,  /* an optional target that the file lacks */
  RNN_COLUMNS_VALUES,  /* a row is one step: `count` cells */
  RNN_COLUMNS_STEPS,   /* count / width steps of `width` cells each */
  RNN_COLUMNS_LETTERS, /* the characters of one cell */
  RNN_COLUMNS_WORDS,   /* the words of one cell */
} RnnColumnsKind;

typedef struct RnnColumns {
  RnnColumnsKind kind;
  int *column; /* owned */
  int count;
  int64_t base;    /* of token numbers */
  bool base_said;  /* base was stated: the numbers cannot be labels */
  const char *end; /* LETTERS, WORDS: a label behind the last one; NULL: none. Borrowed from the argument */
} RnnColumns;

/* From an argument of csv(...); NULL: by the input's name. */
bool rnn_columns_find(const RnnTable *table, const RnnInputSpec *input, const RnnArgument *argument, bool may_be_absent,
                      RnnColumns *columns, RnnError *error);

/* Walks over the symbols of a token input in one row: start with {0}; false at the end. */
typedef struct RnnSymbol {
  const char *text; /* within the table */
  size_t bytes;
  int column;
  int next; /* private */
  const char *left;
  bool ended;
} RnnSymbol;
bool rnn_columns_symbol(const RnnColumns *columns, const RnnTable *table, int64_t row, RnnSymbol *symbol);

#endif

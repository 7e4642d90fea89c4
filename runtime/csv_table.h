/* csv_table.h: a CSV file as a table of texts. For data_csv.c. */
#ifndef RNN_CSV_TABLE_H
#define RNN_CSV_TABLE_H
#include <stdint.h>
#include "error.h"

typedef struct RnnTable {
  const char *path; /* borrowed */
  int columns;
  int64_t rows;  /* without the first, which names the columns */
  char *text;    /* all cells, each with a NUL behind it */
  size_t *cell;  /* [(rows + 1) * columns]: where in text; the names first */
  int64_t *line; /* [rows + 1]: where a row begins in the file, from 1 */
} RnnTable;

/* Every row must have as many cells as the first, no two columns the same name. The path is borrowed. On failure *table
   is empty. */
bool rnn_table_read(const char *path, char delimiter, uint64_t max_bytes, RnnTable *table, RnnError *error);
void rnn_table_free(RnnTable *table);
const char *rnn_table_name(const RnnTable *table, int column);
const char *rnn_table_cell(const RnnTable *table, int64_t row, int column);
int rnn_table_find(const RnnTable *table, const char *name); /* a column, or -1 */
/* "FILE:LINE: column 'NAME': FORMAT"; column -1: without it. Returns false. */
bool rnn_table_wrong(const RnnTable *table, int64_t row, int column, RnnError *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif

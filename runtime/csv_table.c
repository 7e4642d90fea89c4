/* csv_table.c: a CSV file as a table of texts. Needs libcsv, which is fed line by line, so that a message can name the
   line. */
#include "csv_table.h"
#include "files.h"
#include "words.h"
#include <csv.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 1 << 20 };

typedef struct Filling {
  RnnTable *table;
  size_t text_size, text_room, cells, cell_room;
  int64_t rows, row_room; /* the first row included */
  int64_t cells_in_row, line, row_line;
  bool failed;
  RnnError *error;
} Filling;

static bool wrong_line(Filling *f, int64_t line, const char *what)
{
  f->failed = true;
  return rnn_fail(f->error, RNN_ERROR_DATA, "%s:%lld: %s", f->table->path, (long long)line, what);
}

/* room for `more` elements behind `used` */
static bool reserve(Filling *f, void **list, size_t *room, size_t used, size_t more, size_t size)
{
  if (used + more <= *room) return true;
  size_t wanted = (used + more) * 2 + 64;
  void *grown = realloc(*list, wanted * size);
  if (!grown) {
    f->failed = true;
    return rnn_fail_memory(f->error, wanted * size);
  }
  *list = grown;
  *room = wanted;
  return true;
}

static void on_cell(void *cell, size_t bytes, void *filling)
{
  Filling *f = filling;
  RnnTable *table = f->table;
  if (f->failed) return;
  if (f->cells_in_row == 0) f->row_line = f->line;
  if (f->rows > 0 && f->cells_in_row == table->columns) {
    wrong_line(f, f->line, "more cells than columns have names in the first line");
    return;
  }
  if (f->cells_in_row == MOST_COLUMNS) {
    wrong_line(f, f->line, "too many columns");
    return;
  }
  if (memchr(cell ? cell : "", 0, bytes)) {
    wrong_line(f, f->line, "holds a zero byte; expected text");
    return;
  }
  if (!reserve(f, (void **)&table->text, &f->text_room, f->text_size, bytes + 1, 1)) return;
  if (!reserve(f, (void **)&table->cell, &f->cell_room, f->cells, 1, sizeof *table->cell)) return;
  table->cell[f->cells++] = f->text_size;
  if (bytes) memcpy(table->text + f->text_size, cell, bytes);
  table->text[f->text_size + bytes] = 0;
  f->text_size += bytes + 1;
  f->cells_in_row++;
}

static void on_row(int end, void *filling)
{
  Filling *f = filling;
  size_t room = (size_t)f->row_room;
  (void)end;
  if (f->failed) return;
  if (f->rows == 0) f->table->columns = (int)f->cells_in_row;
  if (f->cells_in_row != f->table->columns) {
    char what[128];
    snprintf(what, sizeof what, "%lld cells; expected %d, as in the first line", (long long)f->cells_in_row,
             f->table->columns);
    wrong_line(f, f->row_line, what);
    return;
  }
  if (!reserve(f, (void **)&f->table->line, &room, (size_t)f->rows, 1, sizeof *f->table->line)) return;
  f->row_room = (int64_t)room;
  f->table->line[f->rows++] = f->row_line;
  f->cells_in_row = 0;
}

/* the place behind the line's end, whichever of \n, \r\n and \r it is */
static size_t line_end(const char *text, size_t at, size_t size)
{
  while (at < size && text[at] != '\n' && text[at] != '\r') at++;
  if (at + 1 < size && text[at] == '\r' && text[at + 1] == '\n') at++;
  return at < size ? at + 1 : size;
}

static bool parse(Filling *f, struct csv_parser *parser, const char *text, size_t size)
{
  size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
  for (f->line = 1; at < size && !f->failed; f->line++) {
    size_t end = line_end(text, at, size);
    if (csv_parse(parser, text + at, end - at, on_cell, on_row, f) != end - at && !f->failed)
      return wrong_line(f, f->line,
                        csv_error(parser) == CSV_EPARSE
                            ? "a quote where none may stand; a cell with quotes in it is written \"like \"\"this\"\"\""
                            : csv_strerror(csv_error(parser)));
    at = end;
  }
  if (!f->failed && csv_fini(parser, on_cell, on_row, f) != 0 && !f->failed)
    return wrong_line(f, f->line - 1, "the file ends within a cell whose quote is not closed");
  return !f->failed;
}

static bool check_names(Filling *f)
{
  RnnWords names = {0};
  bool done = true;
  if (f->rows < 2)
    return rnn_fail(f->error, RNN_ERROR_DATA, "%s: expected a line of column names and at least one row",
                    f->table->path);
  for (int i = 0; done && i < f->table->columns; i++) {
    const char *name = rnn_table_name(f->table, i);
    if (!*name) continue;
    if (rnn_words_find(&names, name, strlen(name)) >= 0) {
      char what[128];
      snprintf(what, sizeof what, "two columns are named '%.64s'", name);
      done = wrong_line(f, 1, what);
    } else if (rnn_words_add(&names, name, strlen(name)) < 0) done = rnn_fail_memory(f->error, strlen(name));
  }
  rnn_words_free(&names);
  f->table->rows = f->rows - 1;
  return done;
}

bool rnn_table_read(const char *path, char delimiter, uint64_t max_bytes, RnnTable *table, RnnError *error)
{
  struct csv_parser parser;
  size_t size;
  *table = (RnnTable){.path = path};
  char *text = rnn_file_read_all(path, max_bytes, &size, error);
  if (!text) return false;
  Filling f = {.table = table, .error = error};
  csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&parser, (unsigned char)delimiter);
  bool done = parse(&f, &parser, text, size) && check_names(&f);
  csv_free(&parser);
  free(text);
  if (!done) rnn_table_free(table);
  return done;
}

void rnn_table_free(RnnTable *table)
{
  free(table->text);
  free(table->cell);
  free(table->line);
  *table = (RnnTable){0};
}

const char *rnn_table_name(const RnnTable *table, int column) { return table->text + table->cell[column]; }

const char *rnn_table_cell(const RnnTable *table, int64_t row, int column)
{
  return table->text + table->cell[(row + 1) * table->columns + column];
}

int rnn_table_find(const RnnTable *table, const char *name)
{
  for (int i = 0; i < table->columns; i++)
    if (*name && strcmp(rnn_table_name(table, i), name) == 0) return i;
  return -1;
}

bool rnn_table_wrong(const RnnTable *table, int64_t row, int column, RnnError *error, const char *format, ...)
{
  char what[sizeof error->message], where[160] = "";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (column >= 0) snprintf(where, sizeof where, "column '%.128s': ", rnn_table_name(table, column));
  return rnn_fail(error, RNN_ERROR_DATA, "%s:%lld: %s%s", table->path, (long long)table->line[row + 1], where, what);
}

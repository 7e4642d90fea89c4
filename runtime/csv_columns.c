/* csv_columns.c: which columns an input reads: "c1..c12", "a,b", tokens("label", base = 1), letters("name"),
   words("text", end = "<end>"), steps("p0..p63", width = 8), or the columns of the input's name. Needs utf8proc. */
#include "csv_columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef struct Finding {
  const RnnTable *table;
  const RnnInputSpec *input;
  RnnColumns *columns;
  RnnError *error;
} Finding;

static bool add_column(Finding *f, int column)
{
  RnnColumns *columns = f->columns;
  int *more = realloc(columns->column, ((size_t)columns->count + 1) * sizeof *more);
  if (!more) return rnn_fail_memory(f->error, ((size_t)columns->count + 1) * sizeof *more);
  columns->column = more;
  more[columns->count++] = column;
  return true;
}

static bool no_column(Finding *f, const char *name, const char *also)
{
  const RnnTable *table = f->table;
  const char **names = calloc((size_t)table->columns + 1, sizeof *names), *near = NULL;
  for (int i = 0; names && i < table->columns; i++) names[i] = rnn_table_name(table, i);
  if (names) near = rnn_near(name, names, (size_t)table->columns);
  free(names);
  rnn_fail(f->error, RNN_ERROR_DATA,
           near ? "%s: no column is named '%s'%s; did you mean '%s'?" : "%s: no column is named '%s'%s", table->path,
           name, also, near);
  return false;
}

/* -- "c1..c12,d" --------------------------------------------------------------------------------------------------- */

static bool find_named(Finding *f, const char *name, size_t bytes, int *column)
{
  while (bytes > 0 && *name == ' ') name++, bytes--;
  while (bytes > 0 && name[bytes - 1] == ' ') bytes--;
  char *copy = strndup(name, bytes);
  if (!copy) return rnn_fail_memory(f->error, bytes);
  *column = rnn_table_find(f->table, copy);
  bool done = *column >= 0 || no_column(f, copy, "");
  free(copy);
  return done;
}

static const char *find_dots(const char *item, size_t bytes)
{
  for (size_t i = 0; i + 1 < bytes; i++)
    if (item[i] == '.' && item[i + 1] == '.') return item + i;
  return NULL;
}

static bool add_item(Finding *f, const char *item, size_t bytes)
{
  int from, to;
  const char *dots = find_dots(item, bytes);
  if (!dots) return find_named(f, item, bytes, &from) && add_column(f, from);
  if (!find_named(f, item, (size_t)(dots - item), &from) ||
      !find_named(f, dots + 2, (size_t)(item + bytes - dots - 2), &to))
    return false;
  if (to < from)
    return rnn_fail(f->error, RNN_ERROR_DATA, "%s: '%.*s': the second column stands before the first", f->table->path,
                    (int)bytes, item);
  for (int i = from; i <= to; i++)
    if (!add_column(f, i)) return false;
  return true;
}

static bool add_list(Finding *f, const char *list)
{
  int whole = rnn_table_find(f->table, list); /* a name may hold commas and dots itself */
  if (whole >= 0) return add_column(f, whole);
  for (;; list++) {
    size_t bytes = strcspn(list, ",");
    if (!add_item(f, list, bytes)) return false;
    list += bytes;
    if (!*list) return true;
  }
}

/* -- by the input's name ------------------------------------------------------------------------------------------- */

/* NAME1 .. NAMEn, NAME_1 .., NAME0 .., NAME_0 .. */
static bool add_numbered(Finding *f, bool *found)
{
  static const struct {
    const char *format;
    int first;
  } forms[] = {{"%s%lld", 1}, {"%s_%lld", 1}, {"%s%lld", 0}, {"%s_%lld", 0}};
  char name[256];
  for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
    f->columns->count = 0;
    for (int64_t i = 0; i < f->input->width; i++) {
      snprintf(name, sizeof name, forms[form].format, f->input->name, (long long)i + forms[form].first);
      int column = rnn_table_find(f->table, name);
      if (column < 0) break;
      if (!add_column(f, column)) return false;
    }
    if ((*found = f->columns->count == f->input->width)) return true;
  }
  return true;
}

static bool find_by_name(Finding *f, bool may_be_absent)
{
  const RnnInputSpec *input = f->input;
  int column = rnn_table_find(f->table, input->name);
  bool found = false;
  char also[160] = "";
  f->columns->kind = RNN_COLUMNS_VALUES;
  if (column >= 0 && input->width == 1) return add_column(f, column);
  if (!input->token && input->rank > 0 && !add_numbered(f, &found)) return false;
  if (found) return true;
  f->columns->count = 0;
  f->columns->kind = RNN_COLUMNS_ABSENT;
  if (may_be_absent) return true;
  if (input->width > 1)
    return rnn_fail(f->error, RNN_ERROR_DATA,
                    "%s: no columns are named '%s1' to '%s%lld' (or '%s_1' ..); say which with %s = \"first..last\"",
                    f->table->path, input->name, input->name, (long long)input->width, input->name, input->name);
  snprintf(also, sizeof also, "; say which with %s = \"column\"", input->name);
  return no_column(f, input->name, also);
}

/* -- kinds of reading ---------------------------------------------------------------------------------------------- */

static bool check_count(Finding *f)
{
  char what[256];
  RnnColumns *columns = f->columns;
  bool steps = columns->kind == RNN_COLUMNS_STEPS;
  rnn_input_text(f->input, what, sizeof what);
  if (steps && columns->count % f->input->width)
    return rnn_fail(f->error, RNN_ERROR_DATA, "%s: %s, and %d columns are not a multiple of that", f->table->path, what,
                    columns->count);
  if (!steps && columns->count != f->input->width)
    return rnn_fail(f->error, RNN_ERROR_DATA, "%s: %s, but %d columns are given; expected %lld", f->table->path, what,
                    columns->count, (long long)f->input->width);
  return true;
}

static bool check_kind(Finding *f, const char *name)
{
  const RnnInputSpec *input = f->input;
  char what[256];
  rnn_input_text(input, what, sizeof what);
  if (f->columns->kind >= RNN_COLUMNS_STEPS && !input->time && !input->second)
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: %s = %s(...) reads steps, but %s without a time index",
                    input->name, name, what);
  if (strcmp(name, "steps") != 0 && !input->token)
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: %s = %s(...) reads tokens, but %s", input->name, name, what);
  return true;
}

static bool find_by_call(Finding *f, const RnnCall *call)
{
  static const char *const names[] = {"tokens", "letters", "words", "steps", NULL};
  static const RnnColumnsKind kinds[] = {RNN_COLUMNS_VALUES, RNN_COLUMNS_LETTERS, RNN_COLUMNS_WORDS, RNN_COLUMNS_STEPS};
  static const char *const arguments[] = {"columns", "base", "width", "end", NULL};
  const char *list = NULL;
  int64_t width = f->input->width;
  double base = 0;
  int which = rnn_call_which(call, "reading of columns", names, f->error);
  if (which < 0 || !rnn_call_check(call, arguments, 1, f->error)) return false;
  f->columns->kind = kinds[which];
  if (!check_kind(f, names[which]) || !rnn_call_text(call, "columns", 0, &list, f->error) ||
      !rnn_call_number(call, "base", -1, &base, f->error) || !rnn_call_count(call, "width", -1, &width, f->error) ||
      !rnn_call_text(call, "end", -1, &f->columns->end, f->error))
    return false;
  if (f->columns->end && (f->columns->kind < RNN_COLUMNS_LETTERS || !*f->columns->end))
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: end is a label, and of letters(...) and words(...) alone");
  if (!list)
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: %s needs a column: %s(\"column\")", names[which], names[which]);
  if (width != f->input->width)
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: %s has %lld elements a step, width is %lld", f->input->name,
                    (long long)f->input->width, (long long)width);
  f->columns->base_said = rnn_call_argument(call, "base", -1) != NULL;
  if ((f->columns->base_said && which != 0) || !(base >= -0x1p31 && base <= 0x1p31) || base != (double)(int64_t)base)
    return rnn_fail(f->error, RNN_ERROR_USAGE, "csv: base is a whole number, and of tokens(...) alone");
  f->columns->base = (int64_t)base;
  return add_list(f, list) && check_count(f);
}

bool rnn_columns_find(const RnnTable *table, const RnnInputSpec *input, const RnnArgument *argument, bool may_be_absent,
                      RnnColumns *columns, RnnError *error)
{
  Finding f = {table, input, columns, error};
  *columns = (RnnColumns){.kind = RNN_COLUMNS_VALUES};
  if (!argument) return find_by_name(&f, may_be_absent);
  if (argument->kind == RNN_CALL) return find_by_call(&f, argument->call);
  if (argument->kind == RNN_TEXT) return add_list(&f, argument->text) && check_count(&f);
  return rnn_fail(error, RNN_ERROR_USAGE,
                  "csv: %s must be \"columns\", tokens(...), letters(...), words(...) or steps(...)", input->name);
}

/* -- symbols ------------------------------------------------------------------------------------------------------- */

static size_t letter(const char *text)
{
  utf8proc_int32_t point;
  size_t left = strnlen(text, 4);
  utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &point);
  return n > 0 ? (size_t)n
               : left >
                     0; /* a byte that is no UTF-8 is a symbol of its own; it can't be stored, and data_csv.c says so */
}

bool rnn_columns_symbol(const RnnColumns *columns, const RnnTable *table, int64_t row, RnnSymbol *symbol)
{
  if (columns->kind == RNN_COLUMNS_VALUES || columns->kind == RNN_COLUMNS_STEPS) {
    if (symbol->next == columns->count) return false;
    symbol->column = columns->column[symbol->next++];
    symbol->text = rnn_table_cell(table, row, symbol->column);
    symbol->bytes = strlen(symbol->text);
    return true;
  }
  symbol->column = columns->column[0];
  if (!symbol->left) symbol->left = rnn_table_cell(table, row, symbol->column);
  if (columns->kind == RNN_COLUMNS_WORDS) symbol->left += strspn(symbol->left, " \t\r\n");
  symbol->text = symbol->left;
  symbol->bytes = columns->kind == RNN_COLUMNS_WORDS ? strcspn(symbol->left, " \t\r\n") : letter(symbol->left);
  symbol->left += symbol->bytes;
  if (symbol->bytes > 0 || !columns->end || symbol->ended) return symbol->bytes > 0;
  symbol->text = columns->end;
  symbol->bytes = strlen(columns->end);
  return symbol->ended = true;
}

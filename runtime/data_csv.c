/* data_csv.c: rows of a CSV file as sequences. Needs csv_table.h (the cells) and csv_columns.h (which of them an input
   reads). In order: arguments, columns of each input, rows into sequences, parts, numbers for tokens, values. */
#include "csv_columns.h"
#include "csv_table.h"
#include "data_private.h"
#include "numbers.h"
#include "words.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef struct Csv {
  RnnReading *r;
  RnnTable table;
  RnnColumns *columns;       /* [inputs] */
  int sequence, sort, split; /* columns, or -1 */
  int64_t *row;              /* [rows]: the rows in the order of the sequences */
  int64_t sequences;
  int64_t *start; /* [sequences + 1]: where a sequence's rows begin in row[] */
  RnnWords *ids;  /* [inputs]: of tokens with a vocabulary */
} Csv;

/* -- arguments ----------------------------------------------------------------------------------------------------- */

static const char *const arguments[] = {"file",     "sequence", "sort",      "split",    "train",
                                        "validate", "test",     "normalize", "delimiter"};
enum { ARGUMENTS = sizeof arguments / sizeof *arguments };

static bool check_arguments(Csv *c)
{
  RnnReading *r = c->r;
  const char **names = calloc((size_t)r->inputs + ARGUMENTS + 1, sizeof *names);
  if (!names) return rnn_fail_memory(r->error, ((size_t)r->inputs + ARGUMENTS) * sizeof *names);
  for (int i = 0; i < ARGUMENTS; i++) names[i] = arguments[i];
  for (int i = 0; i < r->inputs; i++) names[ARGUMENTS + i] = r->input[i].name;
  bool done = rnn_call_check(r->source, names, 1, r->error);
  free(names);
  return done;
}

static bool find_delimiter(Csv *c, char *delimiter)
{
  RnnReading *r = c->r;
  size_t n = strlen(r->path);
  const char *given = n > 4 && strcmp(r->path + n - 4, ".tsv") == 0 ? "\t" : ",";
  if (!rnn_call_text(r->source, "delimiter", -1, &given, r->error)) return false;
  *delimiter = given[0];
  return (given[0] && !given[1] && !strchr("\"\r\n", given[0])) ||
         rnn_fail(r->error, RNN_ERROR_USAGE, "csv: delimiter must be one character");
}

/* The column that an argument names, -1 where it is not given. */
static bool named_column(Csv *c, const char *argument, int *column)
{
  const char *name = NULL;
  *column = -1;
  if (!rnn_call_text(c->r->source, argument, -1, &name, c->r->error)) return false;
  if (!name) return true;
  RnnInputSpec one = {.name = argument, .width = 1};
  RnnArgument wanted = {.kind = RNN_TEXT, .text = (char *)name};
  RnnColumns found;
  bool done = rnn_columns_find(&c->table, &one, &wanted, false, &found, c->r->error);
  if (done) *column = found.column[0];
  free(found.column);
  return done || rnn_fail_within(c->r->error, "csv: %s", argument);
}

/* normalize = true: the real inputs; = "x,y": these, targets too */
static bool find_normalized(Csv *c)
{
  RnnReading *r = c->r;
  const RnnArgument *given = rnn_call_argument(r->source, "normalize", -1);
  bool all = false;
  if (!given) return true;
  if (!(r->normalize = calloc((size_t)r->inputs + 1, sizeof *r->normalize)))
    return rnn_fail_memory(r->error, (size_t)r->inputs);
  if (given->kind != RNN_TEXT) {
    if (!rnn_call_flag(r->source, "normalize", -1, &all, r->error)) return false;
    for (int i = 0; i < r->inputs; i++) r->normalize[i] = all && !r->input[i].token && !r->input[i].target;
    return true;
  }
  for (const char *at = given->text; *at;) {
    at += strspn(at, ", ");
    size_t bytes = strcspn(at, ", ");
    int found = -1;
    for (int i = 0; i < r->inputs; i++)
      if (strlen(r->input[i].name) == bytes && memcmp(r->input[i].name, at, bytes) == 0) found = i;
    if (bytes && (found < 0 || r->input[found].token))
      return rnn_fail(r->error, RNN_ERROR_USAGE, "csv: normalize: the model has no real input '%.*s'", (int)bytes, at);
    if (bytes) r->normalize[found] = true;
    at += bytes;
  }
  return true;
}

static bool find_columns(Csv *c)
{
  RnnReading *r = c->r;
  for (int i = 0; i < r->inputs; i++) {
    char axes[128];
    if (r->input[i].time && r->input[i].second)
      return rnn_fail(r->error, RNN_ERROR_DATA, "%s: a table has no place for %s%s; npz has", r->path, r->input[i].name,
                      rnn_axes_text(&r->options->axes, true, true, axes, sizeof axes));
    bool reserved = false; /* such an input can only be bound by its own column's name */
    for (int j = 0; j < ARGUMENTS; j++) reserved |= strcmp(arguments[j], r->input[i].name) == 0;
    const RnnArgument *given = reserved ? NULL : rnn_call_argument(r->source, r->input[i].name, -1);
    bool optional = r->input[i].target && r->options->targets_optional;
    if (!rnn_columns_find(&c->table, &r->input[i], given, optional, &c->columns[i], r->error)) return false;
  }
  return named_column(c, "sequence", &c->sequence) && named_column(c, "sort", &c->sort) &&
         named_column(c, "split", &c->split);
}

/* -- rows into sequences ------------------------------------------------------------------------------------------- */

/* What a row is sorted by: its sequence, then the sort column's number or text, then its place. */
typedef struct Key {
  int64_t sequence, row;
  double number;
  const char *text; /* NULL: by number */
} Key;

static int compare_keys(const void *a, const void *b)
{
  const Key *x = a, *y = b;
  if (x->sequence != y->sequence) return x->sequence < y->sequence ? -1 : 1;
  int order = x->text ? strcmp(x->text, y->text) : x->number < y->number ? -1 : x->number > y->number;
  return order ? order : x->row < y->row ? -1 : x->row > y->row;
}

/* true where every cell of the column is a number */
static bool is_numeric(const RnnTable *table, int column)
{
  double number;
  const char *end;
  for (int64_t i = 0; i < table->rows; i++)
    if (!rnn_number_parse(rnn_table_cell(table, i, column), &end, &number) || *end) return false;
  return true;
}

/* Sequences numbered by their first row; their rows must stand together where nothing else says how to sort them. */
static bool number_sequences(Csv *c, Key *key)
{
  const RnnTable *table = &c->table;
  RnnWords names = {0};
  bool done = true;
  for (int64_t i = 0; done && i < table->rows; i++) {
    const char *name = rnn_table_cell(table, i, c->sequence);
    key[i].sequence = rnn_words_add(&names, name, strlen(name));
    if (key[i].sequence < 0) done = rnn_fail_memory(c->r->error, strlen(name));
    else if (c->sort < 0 && i > 0 && key[i].sequence < key[i - 1].sequence)
      done = rnn_table_wrong(
          table, i, c->sequence, c->r->error,
          "sequence '%.64s' goes on here, after others; put its rows together, or say sort = \"column\"", name);
  }
  rnn_words_free(&names);
  return done;
}

static void fill_sort_keys(Csv *c, Key *key)
{
  bool numeric = c->sort >= 0 && is_numeric(&c->table, c->sort);
  const char *end;
  for (int64_t i = 0; i < c->table.rows && c->sort >= 0; i++) {
    const char *cell = rnn_table_cell(&c->table, i, c->sort);
    if (numeric) rnn_number_parse(cell, &end, &key[i].number);
    else key[i].text = cell;
  }
}

/* Are the steps of every input within single rows? Then each row is a sequence. */
static bool rows_are_sequences(const Csv *c)
{
  for (int i = 0; i < c->r->inputs; i++)
    if ((c->r->input[i].time || c->r->input[i].second) && c->columns[i].kind == RNN_COLUMNS_VALUES) return false;
  return true;
}

static bool same_cell(const Csv *c, int64_t i, int64_t j, int column)
{
  return strcmp(rnn_table_cell(&c->table, i, column), rnn_table_cell(&c->table, j, column)) == 0;
}

static bool form_sequences(Csv *c)
{
  int64_t rows = c->table.rows;
  Key *key = calloc((size_t)rows, sizeof *key);
  c->row = calloc((size_t)rows, sizeof *c->row);
  c->start = calloc((size_t)rows + 1, sizeof *c->start);
  bool done = (key && c->row && c->start) || rnn_fail_memory(c->r->error, (size_t)rows * sizeof *key);
  bool single = c->sequence < 0 && rows_are_sequences(c);
  for (int64_t i = 0; done && i < rows; i++) key[i] = (Key){.row = i, .sequence = single ? i : 0};
  done = done && (c->sequence < 0 || number_sequences(c, key));
  if (done) {
    fill_sort_keys(c, key);
    qsort(key, (size_t)rows, sizeof *key, compare_keys);
  }
  for (int64_t i = 0; done && i < rows; i++) {
    c->row[i] = key[i].row;
    bool first = i == 0 || key[i].sequence != key[i - 1].sequence;
    /* one sequence that goes from the training into the test part is cut there */
    if (!first && c->sequence < 0 && c->split >= 0) first = !same_cell(c, key[i].row, key[i - 1].row, c->split);
    if (first) c->start[c->sequences++] = i;
  }
  if (done) c->start[c->sequences] = rows;
  free(key);
  return done;
}

/* -- parts --------------------------------------------------------------------------------------------------------- */

/* by default, the names in common use */
static const struct PartName {
  const char *argument, *names[6];
} parts[RNN_PARTS] = {
    [RNN_PART_TRAIN] = {"train", {"train", "training"}},
    [RNN_PART_VALIDATE] = {"validate", {"valid", "validate", "validation", "val", "dev"}},
    [RNN_PART_TEST] = {"test", {"test", "testing"}},
};

/* the part with that name, or -1; stated[p] replaces the default names of p */
static int part_named(const char *name, const char *const stated[RNN_PARTS])
{
  for (int p = 0; p < RNN_PARTS; p++) {
    if (stated[p] && strcmp(stated[p], name) == 0) return p;
    for (int i = 0; !stated[p] && parts[p].names[i]; i++)
      if (strcmp(parts[p].names[i], name) == 0) return p;
  }
  return -1;
}

static bool find_parts(Csv *c)
{
  RnnReading *r = c->r;
  const char *stated[RNN_PARTS] = {0}, *expected[RNN_PARTS];
  for (int p = 0; p < RNN_PARTS; p++) {
    if (!rnn_call_text(r->source, parts[p].argument, -1, &stated[p], r->error)) return false;
    if (stated[p] && c->split < 0)
      return rnn_fail(r->error, RNN_ERROR_USAGE, "csv: %s needs split = \"column\"", parts[p].argument);
    expected[p] = stated[p] ? stated[p] : parts[p].names[0];
  }
  if (c->split < 0) return true;
  if (!(r->part = calloc((size_t)c->sequences, 1))) return rnn_fail_memory(r->error, (size_t)c->sequences);
  for (int64_t s = 0; s < c->sequences; s++) {
    int64_t first = c->row[c->start[s]];
    const char *name = rnn_table_cell(&c->table, first, c->split), *near = rnn_near(name, expected, RNN_PARTS);
    int part = part_named(name, stated);
    if (part < 0)
      return rnn_table_wrong(&c->table, first, c->split, r->error,
                             "'%.64s' is no part; expected '%s', '%s' or '%s'%s%s%s", name, expected[0], expected[1],
                             expected[2], near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    r->part[s] = (uint8_t)part;
    for (int64_t i = c->start[s]; i < c->start[s + 1]; i++)
      if (!same_cell(c, first, c->row[i], c->split))
        return rnn_table_wrong(&c->table, c->row[i], c->split, r->error,
                               "a sequence belongs to one part; line %lld has '%.64s'",
                               (long long)c->table.line[first + 1], name);
  }
  return true;
}

/* -- numbers for tokens -------------------------------------------------------------------------------------------- */

/* a symbol's text with a NUL; numbers are short, so a longer one is none */
static const char *number_text(const RnnSymbol *symbol, char text[32])
{
  if (symbol->bytes > 31) return "";
  memcpy(text, symbol->text, symbol->bytes);
  text[symbol->bytes] = 0;
  return text;
}

/* What the symbols of an input are: all in the class range, all whole numbers, or texts; and the distinct ones. */
typedef struct Symbols {
  RnnWords distinct;
  bool in_range, whole;
  int64_t outside; /* a row with one outside the range */
  int outside_column;
} Symbols;

static bool survey(Csv *c, int input, Symbols *found)
{
  const RnnInputSpec *spec = &c->r->input[input];
  const RnnColumns *columns = &c->columns[input];
  char text[32];
  *found = (Symbols){.in_range = true, .whole = true, .outside = -1};
  for (int64_t row = 0; row < c->table.rows; row++) {
    RnnSymbol symbol = {0};
    while (rnn_columns_symbol(columns, &c->table, row, &symbol)) {
      int64_t number = 0;
      if (symbol.bytes == 0) continue;
      if (rnn_words_add(&found->distinct, symbol.text, symbol.bytes) < 0)
        return rnn_fail_memory(c->r->error, symbol.bytes);
      bool whole = rnn_whole_parse(number_text(&symbol, text), &number);
      if (whole && number >= columns->base && number - columns->base < spec->classes) continue;
      if (found->in_range) {
        found->outside = row;
        found->outside_column = symbol.column;
      }
      found->in_range = false;
      found->whole &= whole;
    }
  }
  return true;
}

static int compare_texts(const void *a, const void *b)
{
  const struct RnnWord *x = a, *y = b;
  int order = memcmp(x->text, y->text, x->bytes < y->bytes ? x->bytes : y->bytes);
  return order ? order : x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int compare_numbers(const void *a, const void *b)
{
  const struct RnnWord *x = a, *y = b;
  int64_t m = strtoll(x->text, NULL, 10), n = strtoll(y->text, NULL, 10);
  return m < n ? -1 : m > n ? 1 : compare_texts(a, b);
}

static bool is_utf8(const char *text, size_t bytes)
{
  utf8proc_int32_t point;
  for (size_t at = 0; at < bytes;) {
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(bytes - at), &point);
    if (n <= 0) return false;
    at += (size_t)n;
  }
  return true;
}

/* the sorted set of symbols becomes the vocabulary */
static bool make_vocabulary(Csv *c, int input, Symbols *found)
{
  RnnReading *r = c->r;
  const RnnInputSpec *spec = &r->input[input];
  RnnUnit unit = c->columns[input].kind == RNN_COLUMNS_LETTERS ? RNN_UNIT_CHAR : RNN_UNIT_LABEL;
  struct RnnWord *word = found->distinct.word;
  size_t count = (size_t)found->distinct.count;
  char what[256];
  if (found->distinct.count > spec->classes)
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: column '%s' has %lld different %s, but %s", r->path,
                    rnn_table_name(&c->table, c->columns[input].column[0]), (long long)count,
                    unit == RNN_UNIT_CHAR ? "characters" : "labels", rnn_input_text(spec, what, sizeof what));
  RnnInputCoding *coding = rnn_coding_add(r->coding, spec->name, r->error);
  if (!coding || !(coding->vocabulary = rnn_vocabulary_new(unit, (int64_t)count, r->error))) return false;
  if (count) qsort(word, count, sizeof *word, found->whole && unit == RNN_UNIT_LABEL ? compare_numbers : compare_texts);
  for (size_t i = 0; i < count; i++) {
    if (!is_utf8(word[i].text, word[i].bytes))
      return rnn_fail(r->error, RNN_ERROR_DATA, "%s: column '%s' holds bytes that are not UTF-8", r->path,
                      rnn_table_name(&c->table, c->columns[input].column[0]));
    if (!rnn_vocabulary_put(coding->vocabulary, word[i].text, word[i].bytes, r->error)) return false;
  }
  return true;
}

static bool fit_token(Csv *c, int input)
{
  RnnReading *r = c->r;
  const RnnColumns *columns = &c->columns[input];
  const RnnInputSpec *spec = &r->input[input];
  Symbols found;
  bool done = survey(c, input, &found), numbers = columns->kind != RNN_COLUMNS_LETTERS;
  if (done && found.in_range && numbers) {
    RnnInputCoding *coding = columns->base ? rnn_coding_add(r->coding, spec->name, r->error) : NULL;
    if (coding) coding->base = columns->base;
    done = !columns->base || coding;
  } else if (done && columns->base_said)
    done = rnn_table_wrong(&c->table, found.outside, found.outside_column, r->error,
                           "'%.64s' is outside %lld to %lld, since '%s' is token[%lld]",
                           rnn_table_cell(&c->table, found.outside, found.outside_column), (long long)columns->base,
                           (long long)(columns->base + spec->classes - 1), spec->name, (long long)spec->classes);
  else done = done && make_vocabulary(c, input, &found);
  rnn_words_free(&found.distinct);
  return done;
}

static bool fit_tokens(Csv *c)
{
  RnnReading *r = c->r;
  for (int i = 0; i < r->inputs; i++) {
    if (!r->input[i].token || c->columns[i].kind == RNN_COLUMNS_ABSENT) continue;
    if (r->fit && !fit_token(c, i)) return false;
    const RnnInputCoding *coding = rnn_coding_find(r->coding, r->input[i].name);
    if (coding && coding->vocabulary && !rnn_vocabulary_words(coding->vocabulary, &c->ids[i], r->error)) return false;
  }
  return true;
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static int64_t steps_in_row(const Csv *c, int input, int64_t row)
{
  const RnnColumns *columns = &c->columns[input];
  if (columns->kind == RNN_COLUMNS_VALUES) return 1;
  if (columns->kind == RNN_COLUMNS_STEPS) return columns->count / c->r->input[input].width;
  int64_t steps = 0;
  for (RnnSymbol symbol = {0}; rnn_columns_symbol(columns, &c->table, row, &symbol);) steps++;
  return steps;
}

/* The steps that a row adds to its sequence along an axis; all inputs that have it must say the same. */
static bool agree_on_steps(Csv *c, int64_t row, bool second, int64_t *steps)
{
  RnnReading *r = c->r;
  int said = -1;
  *steps = 1;
  for (int i = 0; i < r->inputs; i++) {
    bool varies = second ? r->input[i].second : r->input[i].time;
    if (!varies || c->columns[i].kind == RNN_COLUMNS_ABSENT) continue;
    int64_t n = steps_in_row(c, i, row);
    int column = c->columns[i].column[0];
    if (n == 0) return rnn_table_wrong(&c->table, row, column, r->error, "is empty; a sequence has at least one step");
    if (said >= 0 && n != *steps)
      return rnn_table_wrong(&c->table, row, column, r->error, "'%s' has %lld steps here, '%s' has %lld",
                             r->input[i].name, (long long)n, r->input[said].name, (long long)*steps);
    said = i;
    *steps = n;
  }
  return true;
}

static int64_t id_of(Csv *c, int input, int64_t row, const RnnSymbol *symbol)
{
  RnnReading *r = c->r;
  const RnnInputSpec *spec = &r->input[input];
  const RnnInputCoding *coding = rnn_coding_find(r->coding, spec->name);
  int64_t base = coding ? coding->base : 0, number;
  char text[32];
  if (symbol->bytes == 0) {
    if (spec->target) return -1;
    rnn_table_wrong(&c->table, row, symbol->column, r->error, "is empty, and '%s' is an input", spec->name);
    return -2;
  }
  if (coding && coding->vocabulary) {
    int64_t id = rnn_words_find(&c->ids[input], symbol->text, symbol->bytes);
    if (id >= 0) return id;
    rnn_table_wrong(&c->table, row, symbol->column, r->error, "'%.*s' is not in the vocabulary of '%s'",
                    symbol->bytes < 64 ? (int)symbol->bytes : 64, symbol->text, spec->name);
    return -2;
  }
  if (rnn_whole_parse(number_text(symbol, text), &number) && number >= base && number - base < spec->classes)
    return number - base;
  rnn_table_wrong(&c->table, row, symbol->column, r->error,
                  "'%.*s' is not a whole number from %lld to %lld, since '%s' is token[%lld]",
                  symbol->bytes < 64 ? (int)symbol->bytes : 64, symbol->text, (long long)base,
                  (long long)(base + spec->classes - 1), spec->name, (long long)spec->classes);
  return -2;
}

static bool put_tokens(Csv *c, int input, int64_t row, int64_t at)
{
  int32_t *out = (int32_t *)c->r->whole->values[input] + at;
  for (RnnSymbol symbol = {0}; rnn_columns_symbol(&c->columns[input], &c->table, row, &symbol);) {
    int64_t id = id_of(c, input, row, &symbol);
    if (id < -1) return false;
    *out++ = (int32_t)id;
  }
  return true;
}

static bool put_reals(Csv *c, int input, int64_t row, int64_t at)
{
  const RnnColumns *columns = &c->columns[input];
  for (int i = 0; i < columns->count; i++) {
    const char *cell = rnn_table_cell(&c->table, row, columns->column[i]), *end;
    double number;
    if (!*cell && c->r->input[input].target) {
      rnn_dataset_set_real(c->r->whole, input, at + i, NAN); /* not observed */
      continue;
    }
    if (!rnn_number_parse(cell, &end, &number) || *end)
      return rnn_table_wrong(&c->table, row, columns->column[i], c->r->error,
                             *cell ? "'%.64s' is not a number" : "%sis empty; expected a number", cell);
    if (!c->r->whole->real64 && !(number >= -FLT_MAX && number <= FLT_MAX))
      return rnn_table_wrong(&c->table, row, columns->column[i], c->r->error, "'%.64s' is too large for 32 bits", cell);
    rnn_dataset_set_real(c->r->whole, input, at + i, number);
  }
  return true;
}

static bool put_row(Csv *c, int input, int64_t row, int64_t at)
{
  return c->r->input[input].token ? put_tokens(c, input, row, at) : put_reals(c, input, row, at);
}

/* an input without a time index: the first row's value, which the others must repeat */
static bool put_constant(Csv *c, int input, int64_t sequence)
{
  int64_t first = c->row[c->start[sequence]];
  const RnnColumns *columns = &c->columns[input];
  for (int64_t i = c->start[sequence] + 1; i < c->start[sequence + 1]; i++)
    for (int j = 0; j < columns->count; j++)
      if (!same_cell(c, first, c->row[i], columns->column[j]))
        return rnn_table_wrong(&c->table, c->row[i], columns->column[j], c->r->error,
                               "'%.64s', but line %lld of the same sequence has '%.64s'; '%s' has no time index",
                               rnn_table_cell(&c->table, c->row[i], columns->column[j]),
                               (long long)c->table.line[first + 1],
                               rnn_table_cell(&c->table, first, columns->column[j]), c->r->input[input].name);
  return put_row(c, input, first, rnn_dataset_at(c->r->whole, input, sequence, 0, 0));
}

static bool put_sequence(Csv *c, int64_t sequence)
{
  RnnReading *r = c->r;
  for (int i = 0; i < r->inputs; i++) {
    if (c->columns[i].kind == RNN_COLUMNS_ABSENT) continue;
    if (!r->input[i].time && !r->input[i].second) {
      if (!put_constant(c, i, sequence)) return false;
      continue;
    }
    int64_t at = rnn_dataset_at(r->whole, i, sequence, 0, 0);
    for (int64_t j = c->start[sequence]; j < c->start[sequence + 1]; j++) {
      if (!put_row(c, i, c->row[j], at)) return false;
      at += steps_in_row(c, i, c->row[j]) * r->input[i].width;
    }
  }
  return true;
}

static bool count_steps(Csv *c, bool second, int64_t *lengths)
{
  int64_t steps;
  for (int64_t s = 0; s < c->sequences; s++)
    for (int64_t i = c->start[s]; i < c->start[s + 1]; i++) {
      if (!agree_on_steps(c, c->row[i], second, &steps)) return false;
      lengths[s] += steps;
    }
  return true;
}

/* Nothing has the primary axis, or what has it is not in the file, and rows are no steps. */
static bool length_unknown(const Csv *c)
{
  if (c->sequences != c->table.rows) return false;
  for (int i = 0; i < c->r->inputs; i++)
    if (c->r->input[i].time && c->columns[i].kind != RNN_COLUMNS_ABSENT) return false;
  return true;
}

static bool fill_values(Csv *c)
{
  RnnReading *r = c->r;
  bool two = r->options->axes.second != NULL;
  int64_t *lengths = calloc((size_t)c->sequences + 1, sizeof *lengths),
          *lengths2 = two ? calloc((size_t)c->sequences + 1, sizeof *lengths) : NULL;
  bool *present = calloc((size_t)r->inputs + 1, sizeof *present);
  bool done =
      (lengths && (lengths2 || !two) && present) || rnn_fail_memory(r->error, (size_t)c->sequences * sizeof *lengths);
  done = done && count_steps(c, false, lengths) && (!two || count_steps(c, true, lengths2));
  for (int i = 0; done && i < r->inputs; i++) present[i] = c->columns[i].kind != RNN_COLUMNS_ABSENT;
  if (done)
    r->whole =
        rnn_dataset_new(r->input, r->inputs, c->sequences, lengths, lengths2, present, r->path, r->options, r->error);
  if (r->whole) r->whole->length_unknown = length_unknown(c);
  free(lengths);
  free(lengths2);
  free(present);
  for (int64_t s = 0; r->whole && s < c->sequences; s++)
    if (!put_sequence(c, s)) return false;
  return r->whole != NULL;
}

/* -- all of it ----------------------------------------------------------------------------------------------------- */

bool rnn_read_csv(RnnReading *r)
{
  Csv c = {.r = r};
  char delimiter;
  if (!check_arguments(&c) || !find_delimiter(&c, &delimiter)) return false;
  if (!rnn_table_read(r->path, delimiter, r->options->max_bytes, &c.table, r->error)) return false;
  c.columns = calloc((size_t)r->inputs + 1, sizeof *c.columns);
  c.ids = calloc((size_t)r->inputs + 1, sizeof *c.ids);
  bool done = (c.columns && c.ids) || rnn_fail_memory(r->error, (size_t)r->inputs * sizeof *c.columns);
  done = done && find_columns(&c) && find_normalized(&c) && form_sequences(&c) && find_parts(&c) && fit_tokens(&c) &&
         fill_values(&c);
  for (int i = 0; i < r->inputs; i++) {
    if (c.columns) free(c.columns[i].column);
    if (c.ids) rnn_words_free(&c.ids[i]);
  }
  free(c.columns);
  free(c.ids);
  free(c.row);
  free(c.start);
  rnn_table_free(&c.table);
  return done;
}

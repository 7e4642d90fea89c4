/* data_text.c: a text as one sequence of bytes or code points. Needs utf8proc. */
#include "data_private.h"
#include "files.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { CODE_POINTS = 0x110000 };

typedef struct Text {
  RnnReading *r;
  const uint8_t *bytes;
  size_t size;
  RnnUnit unit;
  const RnnInputSpec *spec;
  int input;   /* its number */
  int32_t *id; /* [CODE_POINTS]: symbol -> id, or -1 */
} Text;

/* line and column of a byte, for a message */
static bool wrong_at(Text *t, size_t at, const char *what)
{
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at; i++, column++)
    if (t->bytes[i] == '\n') {
      line++;
      column = 0;
    }
  return rnn_fail(t->r->error, RNN_ERROR_DATA, "%s:%zu:%zu: %s", t->r->path, line, column, what);
}

/* The symbol at a place, which moves on; -1 after filling the error where there is none. */
static int32_t next_symbol(Text *t, size_t *at)
{
  utf8proc_int32_t point;
  if (t->unit == RNN_UNIT_BYTE) return t->bytes[(*at)++];
  size_t left = t->size - *at;
  utf8proc_ssize_t n = utf8proc_iterate(t->bytes + *at, left < 8 ? (utf8proc_ssize_t)left : 8, &point);
  if (n <= 0) {
    char what[96];
    snprintf(what, sizeof what, "byte 0x%02x is not UTF-8; expected text, or unit = byte", t->bytes[*at]);
    wrong_at(t, *at, what);
    return -1;
  }
  *at += (size_t)n;
  return point;
}

static size_t symbol_text(RnnUnit unit, int32_t symbol, char text[4])
{
  if (unit == RNN_UNIT_CHAR) return (size_t)utf8proc_encode_char(symbol, (utf8proc_uint8_t *)text);
  text[0] = (char)symbol;
  return 1;
}

/* symbols found -> ids in the symbols' order, and the vocabulary */
static bool number_symbols(Text *t, int64_t distinct)
{
  char what[256], text[4];
  if (distinct > t->spec->classes)
    return rnn_fail(t->r->error, RNN_ERROR_DATA, "%s: has %lld different %s, but %s", t->r->path, (long long)distinct,
                    t->unit == RNN_UNIT_BYTE ? "bytes" : "characters", rnn_input_text(t->spec, what, sizeof what));
  RnnInputCoding *coding = rnn_coding_add(t->r->coding, t->spec->name, t->r->error);
  if (!coding || !(coding->vocabulary = rnn_vocabulary_new(t->unit, distinct, t->r->error))) return false;
  for (int32_t symbol = 0, id = 0; symbol < CODE_POINTS; symbol++) {
    if (t->id[symbol] < 0) continue;
    t->id[symbol] = id++;
    if (!rnn_vocabulary_put(coding->vocabulary, text, symbol_text(t->unit, symbol, text), t->r->error)) return false;
  }
  return true;
}

static bool find_symbols(Text *t)
{
  int64_t distinct = 0;
  if (t->unit == RNN_UNIT_BYTE && t->spec->classes >= 256) { /* bytes stand for themselves */
    for (; distinct < 256; distinct++) t->id[distinct] = (int32_t)distinct;
    return number_symbols(t, distinct);
  }
  for (size_t at = 0; at < t->size;) {
    int32_t symbol = next_symbol(t, &at);
    if (symbol < 0) return false;
    distinct += t->id[symbol] < 0;
    t->id[symbol] = 0;
  }
  return number_symbols(t, distinct);
}

static bool known_symbols(Text *t, const RnnVocabulary *vocabulary)
{
  if (vocabulary->unit == RNN_UNIT_LABEL)
    return rnn_fail(t->r->error, RNN_ERROR_DATA, "%s: the weights were trained on labels, not on a text", t->r->path);
  t->unit = vocabulary->unit;
  for (int64_t i = 0; i < vocabulary->size; i++) {
    utf8proc_int32_t symbol = (uint8_t)vocabulary->entry[i][0];
    size_t bytes = 1; /* an entry of several code points is the label of an end: no text holds it */
    if (t->unit == RNN_UNIT_CHAR)
      bytes = (size_t)utf8proc_iterate((const utf8proc_uint8_t *)vocabulary->entry[i],
                                       (utf8proc_ssize_t)vocabulary->bytes[i], &symbol);
    if (bytes == vocabulary->bytes[i] && symbol >= 0 && symbol < CODE_POINTS) t->id[symbol] = (int32_t)i;
  }
  return true;
}

/* With ids == NULL only counts. */
static bool read_symbols(Text *t, int32_t *ids, int64_t *count)
{
  *count = 0;
  for (size_t at = 0; at < t->size; ++*count) {
    size_t from = at;
    int32_t symbol = next_symbol(t, &at);
    if (symbol < 0) return false;
    if (!ids) continue;
    if (t->id[symbol] < 0) {
      char what[96];
      snprintf(what, sizeof what, "'%.*s' (0x%02x) is not in the vocabulary of the weights", (int)(at - from),
               (const char *)t->bytes + from, (unsigned)symbol);
      return wrong_at(t, from, what);
    }
    ids[*count] = t->id[symbol];
  }
  return true;
}

static bool read_ids(Text *t)
{
  RnnReading *r = t->r;
  const RnnInputCoding *coding = r->fit ? NULL : rnn_coding_find(r->coding, t->spec->name);
  int64_t length;
  if (!(coding && coding->vocabulary ? known_symbols(t, coding->vocabulary) : find_symbols(t))) return false;
  if (!read_symbols(t, NULL, &length)) return false;
  bool *present = calloc((size_t)r->inputs, sizeof *present);
  if (!present) return rnn_fail_memory(r->error, (size_t)r->inputs);
  present[t->input] = true;
  r->whole = rnn_dataset_new(r->input, r->inputs, 1, &length, NULL, present, r->path, r->options, r->error);
  free(present);
  return r->whole && read_symbols(t, r->whole->values[t->input], &length);
}

/* The one input that a text can serve; all others must be targets that may be absent. */
static bool find_input(Text *t)
{
  RnnReading *r = t->r;
  if (r->options->axes.second)
    return rnn_fail(r->error, RNN_ERROR_DATA, "%s: a text has one axis, and the model two", r->path);
  for (int i = 0; i < r->inputs; i++) {
    const RnnInputSpec *spec = &r->input[i];
    if (spec->target && r->options->targets_optional) continue;
    char what[256];
    if (spec->target || !spec->token || !spec->time || t->spec)
      return rnn_fail(r->error, RNN_ERROR_DATA,
                      "%s: a text serves a model whose one input is a token at each step; %s%s", r->path,
                      t->spec ? "here also " : "", rnn_input_text(spec, what, sizeof what));
    t->spec = spec;
    t->input = i;
  }
  return t->spec || rnn_fail(r->error, RNN_ERROR_DATA, "%s: the model has no input that a text could serve", r->path);
}

static bool find_unit(Text *t)
{
  static const char *const names[] = {"file", "unit", NULL};
  RnnReading *r = t->r;
  if (!rnn_call_check(r->source, names, 2, r->error)) return false;
  const RnnArgument *unit = rnn_call_argument(r->source, "unit", 1);
  if (!unit) return true;
  if ((unit->kind == RNN_WORD || unit->kind == RNN_TEXT) && strcmp(unit->text, "byte") == 0) return true;
  t->unit = RNN_UNIT_CHAR;
  if ((unit->kind == RNN_WORD || unit->kind == RNN_TEXT) && strcmp(unit->text, "char") == 0) return true;
  return rnn_fail(r->error, RNN_ERROR_USAGE, "text: unit must be byte or char");
}

bool rnn_read_text(RnnReading *r)
{
  Text t = {.r = r, .unit = RNN_UNIT_BYTE};
  if (!find_unit(&t) || !find_input(&t)) return false;
  char *bytes = rnn_file_read_all(r->path, r->options->max_bytes, &t.size, r->error);
  if (!bytes) return false;
  t.bytes = (const uint8_t *)bytes;
  t.id = malloc(CODE_POINTS * sizeof *t.id);
  bool done = t.id != NULL || rnn_fail_memory(r->error, CODE_POINTS * sizeof *t.id);
  if (done && t.size == 0) done = rnn_fail(r->error, RNN_ERROR_DATA, "%s: is empty", r->path);
  for (int i = 0; done && i < CODE_POINTS; i++) t.id[i] = -1;
  done = done && read_ids(&t);
  free(t.id);
  free(bytes);
  return done;
}

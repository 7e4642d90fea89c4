/* coding.c: how cells of a file became numbers, and its storage beside the weights. Needs jansson, utf8proc. */
#include "data_private.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* -- vocabularies -------------------------------------------------------------------------------------------------- */

RnnVocabulary *rnn_vocabulary_new(RnnUnit unit, int64_t size, RnnError *error)
{
  RnnVocabulary *vocabulary = calloc(1, sizeof *vocabulary);
  if (vocabulary) {
    vocabulary->unit = unit;
    vocabulary->entry = calloc((size_t)size + 1, sizeof *vocabulary->entry);
    vocabulary->bytes = calloc((size_t)size + 1, sizeof *vocabulary->bytes);
    if (vocabulary->entry && vocabulary->bytes) return vocabulary;
  }
  rnn_vocabulary_free(vocabulary);
  rnn_fail_memory(error, (size_t)size * sizeof *vocabulary->entry);
  return NULL;
}

bool rnn_vocabulary_put(RnnVocabulary *vocabulary, const char *text, size_t bytes, RnnError *error)
{
  char *copy = malloc(bytes + 1);
  if (!copy) return rnn_fail_memory(error, bytes + 1);
  memcpy(copy, text, bytes);
  copy[bytes] = 0;
  vocabulary->bytes[vocabulary->size] = bytes;
  vocabulary->entry[vocabulary->size++] = copy;
  return true;
}

void rnn_vocabulary_free(RnnVocabulary *vocabulary)
{
  if (!vocabulary) return;
  for (int64_t i = 0; vocabulary->entry && i < vocabulary->size; i++) free(vocabulary->entry[i]);
  free(vocabulary->entry);
  free(vocabulary->bytes);
  free(vocabulary);
}

int64_t rnn_vocabulary_id(const RnnVocabulary *vocabulary, const char *text, size_t bytes)
{
  for (int64_t i = 0; i < vocabulary->size; i++)
    if (vocabulary->bytes[i] == bytes && memcmp(vocabulary->entry[i], text, bytes) == 0) return i;
  return -1;
}

bool rnn_vocabulary_write(const RnnVocabulary *vocabulary, int64_t id, FILE *out)
{
  if (!vocabulary) return fprintf(out, "%lld ", (long long)id) > 0;
  if (id < 0 || id >= vocabulary->size) return fprintf(out, "<%lld>", (long long)id) > 0;
  if (fwrite(vocabulary->entry[id], 1, vocabulary->bytes[id], out) != vocabulary->bytes[id]) return false;
  return vocabulary->unit != RNN_UNIT_LABEL || fputc(' ', out) != EOF;
}

bool rnn_vocabulary_words(const RnnVocabulary *vocabulary, RnnWords *words, RnnError *error)
{
  for (int64_t i = 0; i < vocabulary->size; i++)
    if (rnn_words_add(words, vocabulary->entry[i], vocabulary->bytes[i]) < 0)
      return rnn_fail_memory(error, (size_t)vocabulary->size);
  return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/* The bytes of the symbol at the start of the text, blanks before a label not being part of it: *text moves past them.
   0: none is left. */
static size_t symbol_bytes(RnnUnit unit, const char **text, size_t left)
{
  size_t n = 0;
  utf8proc_int32_t point;
  switch (unit) {
  case RNN_UNIT_BYTE: return left > 0;
  case RNN_UNIT_CHAR: {
    utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)*text, left < 8 ? (utf8proc_ssize_t)left : 8, &point);
    return length > 0 ? (size_t)length : left > 0;
  }
  case RNN_UNIT_LABEL:
    for (; left > 0 && is_blank(**text); left--) ++*text;
    while (n < left && !is_blank((*text)[n])) n++;
    return n;
  }
  return 0;
}

bool rnn_vocabulary_encode(const RnnVocabulary *vocabulary, const char *text, size_t bytes, int32_t **ids,
                           int64_t *count, RnnError *error)
{
  RnnWords words = {0};
  const char *at = text, *end = text + bytes;
  bool done = rnn_vocabulary_words(vocabulary, &words, error);
  *ids = malloc((bytes + 1) * sizeof **ids);
  *count = 0;
  if (!*ids) done = rnn_fail_memory(error, (bytes + 1) * sizeof **ids);
  for (size_t n; done && (n = symbol_bytes(vocabulary->unit, &at, (size_t)(end - at))) > 0; at += n) {
    int64_t id = rnn_words_find(&words, at, n);
    if (id < 0)
      done = rnn_fail(error, RNN_ERROR_DATA, "'%.*s' (byte %lld of the text) is not in the vocabulary",
                      n < 64 ? (int)n : 64, at, (long long)(at - text) + 1);
    (*ids)[(*count)++] = (int32_t)id;
  }
  rnn_words_free(&words);
  if (done) return true;
  free(*ids);
  *ids = NULL;
  *count = 0;
  return false;
}

/* -- codings ------------------------------------------------------------------------------------------------------- */

const RnnInputCoding *rnn_coding_find(const RnnCoding *coding, const char *input)
{
  for (int i = 0; coding && i < coding->inputs; i++)
    if (strcmp(coding->input[i].input, input) == 0) return &coding->input[i];
  return NULL;
}

void rnn_coding_free(RnnCoding *coding)
{
  if (!coding) return;
  for (int i = 0; i < coding->inputs; i++) {
    free(coding->input[i].input);
    rnn_vocabulary_free(coding->input[i].vocabulary);
    free(coding->input[i].mean);
    free(coding->input[i].deviation);
  }
  free(coding->input);
  free(coding);
}

RnnInputCoding *rnn_coding_add(RnnCoding *coding, const char *input, RnnError *error)
{
  for (int i = 0; i < coding->inputs; i++)
    if (strcmp(coding->input[i].input, input) == 0) return &coding->input[i];
  RnnInputCoding *more = realloc(coding->input, ((size_t)coding->inputs + 1) * sizeof *more);
  if (more) coding->input = more;
  char *name = strdup(input);
  if (!more || !name) {
    free(name);
    return rnn_fail_memory(error, ((size_t)coding->inputs + 1) * sizeof *more), NULL;
  }
  more[coding->inputs] = (RnnInputCoding){.input = name};
  return &more[coding->inputs++];
}

/* -- as JSON ------------------------------------------------------------------------------------------------------- */
/* {"x": {"unit": "char", "vocabulary": ["a", "b"]}, "who": {"base": 1}, "y": {"mean": [0.5], "deviation": [2]}} */

static const char *const unit_names[] = {
    [RNN_UNIT_BYTE] = "byte", [RNN_UNIT_CHAR] = "char", [RNN_UNIT_LABEL] = "label"};

/* bytes as numbers, since a byte above 127 is no text; the others as texts */
static json_t *vocabulary_json(const RnnVocabulary *vocabulary)
{
  json_t *list = json_array();
  for (int64_t i = 0; i < vocabulary->size; i++) {
    json_t *entry = vocabulary->unit == RNN_UNIT_BYTE ? json_integer((uint8_t)vocabulary->entry[i][0])
                                                      : json_stringn(vocabulary->entry[i], vocabulary->bytes[i]);
    if (json_array_append_new(list, entry) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

static json_t *numbers_json(const double *number, int64_t count)
{
  json_t *list = json_array();
  for (int64_t i = 0; i < count; i++) json_array_append_new(list, json_real(number[i]));
  return list;
}

static bool input_json(const RnnInputCoding *input, json_t *entry)
{
  if (input->vocabulary) {
    json_t *list = vocabulary_json(input->vocabulary);
    if (!list) return false;
    json_object_set_new(entry, "unit", json_string(unit_names[input->vocabulary->unit]));
    json_object_set_new(entry, "vocabulary", list);
  }
  if (input->base) json_object_set_new(entry, "base", json_integer(input->base));
  if (input->width) {
    json_object_set_new(entry, "mean", numbers_json(input->mean, input->width));
    json_object_set_new(entry, "deviation", numbers_json(input->deviation, input->width));
  }
  return true;
}

bool rnn_coding_store(const RnnCoding *coding, RnnTensorFile *file, RnnError *error)
{
  json_t *map = json_object();
  bool done = true;
  for (int i = 0; done && i < coding->inputs; i++) {
    json_t *entry = json_object();
    done = input_json(&coding->input[i], entry) ||
           rnn_fail(error, RNN_ERROR_DATA, "input '%s': a text of its vocabulary is not UTF-8", coding->input[i].input);
    json_object_set_new(map, coding->input[i].input, entry);
  }
  char *text = done ? json_dumps(map, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  if (done && !text) done = rnn_fail_memory(error, 0);
  done = done && rnn_metadata_set(file, "coding", text, error);
  free(text);
  json_decref(map);
  return done;
}

static bool load_entry(RnnVocabulary *vocabulary, json_t *entry, RnnError *error)
{
  if (vocabulary->unit != RNN_UNIT_BYTE)
    return json_is_string(entry) &&
           rnn_vocabulary_put(vocabulary, json_string_value(entry), json_string_length(entry), error);
  char byte = (char)json_integer_value(entry);
  return json_is_integer(entry) && json_integer_value(entry) >= 0 && json_integer_value(entry) < 256 &&
         rnn_vocabulary_put(vocabulary, &byte, 1, error);
}

static bool load_vocabulary(RnnInputCoding *input, json_t *entry, RnnError *error)
{
  const char *unit = json_string_value(json_object_get(entry, "unit"));
  json_t *list = json_object_get(entry, "vocabulary");
  if (!list) return true;
  if (!json_is_array(list)) return false;
  for (size_t i = 0; unit && i < sizeof unit_names / sizeof *unit_names; i++) {
    if (strcmp(unit, unit_names[i]) != 0) continue;
    if (!(input->vocabulary = rnn_vocabulary_new((RnnUnit)i, (int64_t)json_array_size(list), error))) return false;
    for (size_t j = 0; j < json_array_size(list); j++)
      if (!load_entry(input->vocabulary, json_array_get(list, j), error)) return false;
    return true;
  }
  return false;
}

static double *load_numbers(json_t *list, int64_t count)
{
  double *number =
      json_is_array(list) && (int64_t)json_array_size(list) == count ? calloc((size_t)count + 1, sizeof *number) : NULL;
  for (int64_t i = 0; number && i < count; i++) {
    json_t *entry = json_array_get(list, (size_t)i);
    if (!json_is_number(entry)) {
      free(number);
      return NULL;
    }
    number[i] = json_number_value(entry);
  }
  return number;
}

static bool load_input(RnnInputCoding *input, json_t *entry, RnnError *error)
{
  json_t *base = json_object_get(entry, "base"), *mean = json_object_get(entry, "mean");
  if (!json_is_object(entry) || !load_vocabulary(input, entry, error)) return false;
  if (base && !json_is_integer(base)) return false;
  input->base = json_integer_value(base);
  if (!mean) return true;
  input->width = (int64_t)json_array_size(mean);
  input->mean = load_numbers(mean, input->width);
  input->deviation = load_numbers(json_object_get(entry, "deviation"), input->width);
  if (!input->mean || !input->deviation) return false;
  for (int64_t i = 0; i < input->width; i++)
    if (!(input->deviation[i] > 0)) return false;
  return true;
}

static RnnCoding *load(const char *text, const char *path, RnnError *error)
{
  const char *name;
  json_error_t reason;
  json_t *map = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &reason), *entry;
  RnnCoding *coding = calloc(1, sizeof *coding);
  bool done = coding != NULL || rnn_fail_memory(error, sizeof *coding);
  if (done && !json_is_object(map))
    done = rnn_fail(error, RNN_ERROR_DATA, "%s: metadata 'coding' is not a JSON map", path);
  if (done) json_object_foreach(map, name, entry)
    {
      RnnInputCoding *input = rnn_coding_add(coding, name, error);
      if (input && load_input(input, entry, error)) continue;
      done = rnn_fail(error, RNN_ERROR_DATA, "%s: metadata 'coding': the entry of '%s' is not as it was written", path,
                      name);
      break;
    }
  json_decref(map);
  if (done) return coding;
  rnn_coding_free(coding);
  return NULL;
}

RnnCoding *rnn_coding_load(const RnnTensorFile *file, const char *path, RnnError *error)
{
  const char *text = rnn_metadata_get(file, "coding");
  if (text) return load(text, path, error);
  if (error) *error = (RnnError){0};
  return NULL;
}

RnnCoding *rnn_coding_copy(const RnnCoding *coding, RnnError *error)
{
  RnnTensorFile file = {0};
  RnnCoding *copy = NULL;
  if (rnn_coding_store(coding, &file, error)) copy = rnn_coding_load(&file, "copy", error);
  rnn_tensor_file_free(&file);
  return copy;
}

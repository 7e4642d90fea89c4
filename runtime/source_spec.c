/* source_spec.c: reads and prints the value texts of settings (source_spec.h has the grammar). Knows no setting. */
#include "source_spec.h"
#include "numbers.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, MOST_ARGUMENTS = 1024 };

/* -- parsing ------------------------------------------------------------------------------------------------------- */

typedef struct Parser {
  const char *text, *at;
  int depth;
  RnnError *error;
} Parser;

/* The text, and a caret under the place: texts come from a shell's command line as often as from a file. */
static bool wrong(Parser *p, const char *at, const char *expected)
{
  int before = (int)(at - p->text), from = before > 60 ? before - 60 : 0;
  return rnn_fail(p->error, RNN_ERROR_USAGE, "%s expected\n  %.120s\n  %*s^", expected, p->text + from, before - from,
                  "");
}

static char skip_blanks(Parser *p)
{
  while (isspace((unsigned char)*p->at)) p->at++;
  return *p->at;
}

static bool is_word_start(char c) { return isalpha((unsigned char)c) || c == '_'; }
static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.'; }

static char *take_word(Parser *p)
{
  const char *first = p->at;
  while (is_word(*p->at)) p->at++;
  char *word = strndup(first, (size_t)(p->at - first));
  if (!word) rnn_fail_memory(p->error, (size_t)(p->at - first));
  return word;
}

static char *take_text(Parser *p)
{
  const char *first = p->at++;
  char *text = malloc(strlen(first)), *to = text;
  if (!text) return rnn_fail_memory(p->error, strlen(first)), NULL;
  for (; *p->at && *p->at != '"'; p->at++) {
    char c = *p->at;
    if (c == '\\' && p->at[1]) switch (c = *++p->at) {
      case 'n': c = '\n'; break;
      case 't': c = '\t'; break;
      default: break; /* itself: \" \\ */
      }
    *to++ = c;
  }
  *to = 0;
  if (*p->at++ == '"') return text;
  wrong(p, first, "the closing '\"' of this text");
  free(text);
  return NULL;
}

static bool parse_arguments(Parser *p, RnnCall *call);

static bool parse_number(Parser *p, RnnArgument *argument)
{
  const char *end;
  argument->kind = RNN_NUMBER;
  if (!rnn_number_parse(p->at, &end, &argument->number) || is_word(*end)) return wrong(p, p->at, "a number");
  p->at = end;
  if (is_word_start(skip_blanks(p))) return (argument->text = take_word(p)) != NULL; /* its unit */
  return true;
}

/* what follows a word: nothing, or arguments */
static bool parse_word(Parser *p, RnnArgument *argument)
{
  argument->kind = RNN_WORD;
  if (!(argument->text = take_word(p))) return false;
  if (skip_blanks(p) != '(') return true;
  argument->kind = RNN_CALL;
  argument->call = calloc(1, sizeof *argument->call);
  if (!argument->call) return rnn_fail_memory(p->error, sizeof *argument->call);
  argument->call->name = argument->text;
  argument->text = NULL;
  return parse_arguments(p, argument->call);
}

static bool parse_value(Parser *p, RnnArgument *argument)
{
  char c = skip_blanks(p);
  if (c == '"') {
    argument->kind = RNN_TEXT;
    return (argument->text = take_text(p)) != NULL;
  }
  if (isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.') return parse_number(p, argument);
  if (is_word_start(c)) return parse_word(p, argument);
  return wrong(p, p->at, "a number, a text in quotes or a name");
}

static bool parse_argument(Parser *p, RnnArgument *argument)
{
  const char *first = p->at;
  if (is_word_start(skip_blanks(p))) {
    if (!(argument->name = take_word(p))) return false;
    if (skip_blanks(p) == '=') {
      p->at++;
      return parse_value(p, argument);
    }
    free(argument->name);
    argument->name = NULL;
    p->at = first;
  }
  return parse_value(p, argument);
}

static bool add_argument(Parser *p, RnnCall *call)
{
  if (call->arguments == MOST_ARGUMENTS) return wrong(p, p->at, "at most 1024 arguments are");
  RnnArgument *more = realloc(call->argument, ((size_t)call->arguments + 1) * sizeof *more);
  if (!more) return rnn_fail_memory(p->error, ((size_t)call->arguments + 1) * sizeof *more);
  call->argument = more;
  more[call->arguments] = (RnnArgument){0};
  return parse_argument(p, &more[call->arguments++]);
}

static bool parse_arguments(Parser *p, RnnCall *call)
{
  p->at++; /* ( */
  if (++p->depth > DEEPEST) return wrong(p, p->at, "fewer brackets within brackets are");
  while (skip_blanks(p) != ')') {
    if (!add_argument(p, call)) return false;
    if (skip_blanks(p) == ',') p->at++;
    else if (*p->at != ')') return wrong(p, p->at, "',' or ')'");
  }
  p->at++;
  p->depth--;
  return true;
}

RnnCall *rnn_call_parse(const char *text, RnnError *error)
{
  Parser p = {.text = text, .at = text, .error = error};
  RnnCall *call = calloc(1, sizeof *call);
  RnnArgument *value = calloc(1, sizeof *value);
  if (!call || !value || !(call->name = strdup(""))) {
    rnn_fail_memory(error, sizeof *call);
    goto failed;
  }
  call->argument = value;
  call->arguments = 1;
  if (!parse_value(&p, value)) goto failed_call;
  if (skip_blanks(&p)) {
    wrong(&p, p.at, "nothing more is");
    goto failed_call;
  }
  if (value->kind == RNN_CALL) {
    RnnCall *inner = value->call;
    value->call = NULL;
    rnn_call_free(call);
    return inner;
  }
  if (value->kind == RNN_WORD) {
    free(call->name);
    call->name = value->text;
    value->text = NULL;
    free(value);
    call->argument = NULL;
    call->arguments = 0;
  }
  return call;

failed_call:
  rnn_call_free(call);
  return NULL;
failed:
  free(call);
  free(value);
  return NULL;
}

void rnn_call_free(RnnCall *call)
{
  if (!call) return;
  for (int i = 0; i < call->arguments; i++) {
    free(call->argument[i].name);
    free(call->argument[i].text);
    rnn_call_free(call->argument[i].call);
  }
  free(call->argument);
  free(call->name);
  free(call);
}

/* -- arguments ----------------------------------------------------------------------------------------------------- */

const RnnArgument *rnn_call_argument(const RnnCall *call, const char *name, int position)
{
  int place = 0;
  const RnnArgument *at_place = NULL;
  for (int i = 0; i < call->arguments; i++) {
    const RnnArgument *argument = &call->argument[i];
    if (argument->name && strcmp(argument->name, name) == 0) return argument;
    if (!argument->name && place++ == position) at_place = argument;
  }
  return at_place;
}

static bool expected(const RnnCall *call, const char *name, const char *what, RnnError *error)
{
  return rnn_fail(error, RNN_ERROR_USAGE, *call->name ? "%s: %s must be %s" : "%.0s%s must be %s", call->name, name,
                  what);
}

bool rnn_call_number(const RnnCall *call, const char *name, int position, double *value, RnnError *error)
{
  const RnnArgument *argument = rnn_call_argument(call, name, position);
  if (!argument) return true;
  if (argument->kind != RNN_NUMBER || argument->text) return expected(call, name, "a number", error);
  *value = argument->number;
  return true;
}

bool rnn_call_count(const RnnCall *call, const char *name, int position, int64_t *value, RnnError *error)
{
  double number = -1;
  if (!rnn_call_argument(call, name, position)) return true;
  if (!rnn_call_number(call, name, position, &number, NULL) || number < 0 || number > 0x1p53 || number != floor(number))
    return expected(call, name, "a whole number, 0 or more", error);
  *value = (int64_t)number;
  return true;
}

bool rnn_call_flag(const RnnCall *call, const char *name, int position, bool *value, RnnError *error)
{
  const RnnArgument *argument = rnn_call_argument(call, name, position);
  if (!argument) return true;
  bool yes = argument->kind == RNN_WORD && strcmp(argument->text, "true") == 0;
  if (!yes && !(argument->kind == RNN_WORD && strcmp(argument->text, "false") == 0))
    return expected(call, name, "true or false", error);
  *value = yes;
  return true;
}

bool rnn_call_text(const RnnCall *call, const char *name, int position, const char **value, RnnError *error)
{
  const RnnArgument *argument = rnn_call_argument(call, name, position);
  if (!argument) return true;
  if (argument->kind != RNN_TEXT) return expected(call, name, "a text in quotes", error);
  *value = argument->text;
  return true;
}

static size_t count_names(const char *const *names)
{
  size_t n = 0;
  while (names[n]) n++;
  return n;
}

static int find_name(const char *name, const char *const *names)
{
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0) return i;
  return -1;
}

/* "a, b, c" */
static char *list_names(const char *const *names, char *text, size_t size)
{
  size_t at = 0;
  text[0] = 0;
  for (int i = 0; names[i] && at < size; i++)
    at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", names[i]);
  return text;
}

static bool unknown(const char *what, const char *name, const char *const *names, RnnError *error)
{
  char list[512];
  const char *near = rnn_near(name, names, count_names(names));
  if (near) return rnn_fail(error, RNN_ERROR_USAGE, "%s '%s' is not known; did you mean '%s'?", what, name, near);
  return rnn_fail(error, RNN_ERROR_USAGE, "%s '%s' is not known; expected one of %s", what, name,
                  list_names(names, list, sizeof list));
}

/* the name that an argument has or gets by its place, "" where there is no such place */
static const char *name_of(const RnnCall *call, int argument, const char *const *names)
{
  size_t place = 0;
  if (call->argument[argument].name) return call->argument[argument].name;
  for (int i = 0; i < argument; i++) place += !call->argument[i].name;
  return place < count_names(names) ? names[place] : "";
}

bool rnn_call_check(const RnnCall *call, const char *const *names, int positional, RnnError *error)
{
  int places = 0;
  for (int i = 0; i < call->arguments; i++) {
    const char *name = name_of(call, i, names);
    if (!call->argument[i].name && ++places > positional)
      return rnn_fail(error, RNN_ERROR_USAGE, "%s: at most %d arguments stand without a name", call->name, positional);
    if (find_name(name, names) < 0) {
      unknown("argument", name, names, error);
      return rnn_fail_within(error, "%s", call->name);
    }
    for (int j = 0; j < i; j++)
      if (strcmp(name_of(call, j, names), name) == 0)
        return rnn_fail(error, RNN_ERROR_USAGE, "%s: %s is given twice", call->name, name);
  }
  return true;
}

int rnn_call_which(const RnnCall *call, const char *what, const char *const *names, RnnError *error)
{
  int which = find_name(call->name, names);
  char list[512];
  if (which < 0 && !*call->name)
    rnn_fail(error, RNN_ERROR_USAGE, "%s must be one of %s", what, list_names(names, list, sizeof list));
  else if (which < 0) unknown(what, call->name, names, error);
  return which;
}

/* -- printing ------------------------------------------------------------------------------------------------------ */

static void print_text(FILE *out, const char *text)
{
  fputc('"', out);
  for (; *text; text++) switch (*text) {
    case '\n': fputs("\\n", out); break;
    case '\t': fputs("\\t", out); break;
    case '"':
    case '\\': fputc('\\', out); /* fall through */
    default: fputc(*text, out);
    }
  fputc('"', out);
}

static void print_call(FILE *out, const RnnCall *call);

static void print_argument(FILE *out, const RnnArgument *argument)
{
  char number[RNN_NUMBER_TEXT];
  if (argument->name) fprintf(out, "%s = ", argument->name);
  switch (argument->kind) {
  case RNN_NUMBER:
    fputs(rnn_number_text(argument->number, number), out);
    if (argument->text) fprintf(out, " %s", argument->text);
    break;
  case RNN_TEXT: print_text(out, argument->text); break;
  case RNN_WORD: fputs(argument->text, out); break;
  case RNN_CALL: print_call(out, argument->call); break;
  }
}

static void print_call(FILE *out, const RnnCall *call)
{
  if (!*call->name && call->arguments == 1) {
    print_argument(out, &call->argument[0]);
    return;
  }
  fprintf(out, "%s(", call->name);
  for (int i = 0; i < call->arguments; i++) {
    if (i) fputs(", ", out);
    print_argument(out, &call->argument[i]);
  }
  fputc(')', out);
}

char *rnn_call_print(const RnnCall *call)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return NULL;
  if (call->arguments) print_call(out, call);
  else fputs(call->name, out);
  if (fclose(out) == 0) return text;
  free(text);
  return NULL;
}

/* fuzz_parse.c: libFuzzer over scanner, parser, printers and diagnostics.
   Holds: no crash, no leak; printing an error-free tree and reading it again gives the same tree; formatting (rnnc fmt)
   changes no token, and a second time nothing. JSON diagnostics are made for all. */
#include "ast.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_format(Arena *a, const Ast *tree)
{
  Text text = {0}, before = {0}, after = {0};
  Diag *d = diag_new(a);
  ast_dump(&before, tree);
  ast_format(&text, tree);
  const Ast *again = parse(a, d, source_from_text(a, "formatted", text.at, text.n));
  ast_dump(&after, again);
  if (diag_errors(d) || strcmp(before.at, after.at)) {
    fprintf(stderr, "reads back as another tree:\n%s", text.at);
    diag_print(d, stderr, false);
    abort();
  }
  text_free(&text);
  text_free(&before);
  text_free(&after);
}

static void check_formatter(Arena *a, const Source *source)
{
  Text once = {0}, twice = {0};
  Diag *d = diag_new(a);
  if (!format_source(a, d, source, &once)) abort(); /* it asserts that the tokens are the same */
  if (!format_source(a, d, source_from_text(a, "formatted", once.at, once.n), &twice)) abort();
  if (once.n != twice.n || memcmp(once.at, twice.at, once.n)) {
    fprintf(stderr, "formatted:\n%s\nformatted again:\n%s", once.at, twice.at);
    abort();
  }
  text_free(&once);
  text_free(&twice);
}

static void check_errors(Diag *d)
{
  char *printed = NULL;
  size_t n = 0;
  FILE *out = open_memstream(&printed, &n);
  int errors = diag_errors(d);
  diag_print(d, out, true);
  fclose(out);
  if (errors && !n) abort();
  free(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  const Source *source = source_from_text(a, "fuzz.rnn", (const char *)bytes, size);
  const Ast *tree = parse(a, d, source);
  if (!diag_errors(d)) check_format(a, tree), check_formatter(a, source);
  DiagStyle style = diag_style();
  if (size % 2) style.form = size % 4 == 1 ? DIAG_JSON : DIAG_SHORT;
  diag_use(d, &style);
  Text dumped = {0}, formatted = {0}; /* trees with errors must print too */
  ast_dump(&dumped, tree);
  ast_format(&formatted, tree);
  text_free(&dumped);
  text_free(&formatted);
  check_errors(d);
  const char *text = source_text(source, NULL);
  ParseState state = parse_state(text);
  if (!diag_errors(d) && strlen(text) == size && state == PARSE_ERROR) abort();
  arena_free(a);
  return 0;
}

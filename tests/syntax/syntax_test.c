/* syntax_test.c: shows what the parser makes of a file. Needs: no LLVM. Leaves: judging to run.sh.

   syntax_test DUMP|FORMAT|ERRORS|STATE FILE
   DUMP: the tree. FORMAT: the source again, after a check that it reads back as the same tree. ERRORS: the diagnostics.
   STATE: what the prompt would say of the text. The exit status is 1 where there were errors. */
#include "ast.h"
#include <stdlib.h>
#include <string.h>

static Text dumped(const Ast *tree)
{
  Text t = {0};
  ast_dump(&t, tree);
  return t;
}

static int print_format(Arena *a, Diag *d, const Ast *tree)
{
  Text text = {0}, before = dumped(tree);
  ast_format(&text, tree);
  const Ast *again = parse(a, d, source_from_text(a, "formatted", text.at, text.n));
  Text after = dumped(again);
  int differs = strcmp(before.at, after.at) != 0;
  fputs(text.at, stdout);
  if (differs) puts("# reads back as another tree");
  text_free(&text);
  text_free(&before);
  text_free(&after);
  return differs;
}

static void print_state(const Source *source)
{
  static const char *const name[] = {"complete", "incomplete", "error"};
  puts(name[parse_state(source_text(source, NULL))]);
}

int main(int argc, char **argv)
{
  if (argc != 3) {
    fputs("usage: syntax_test DUMP|FORMAT|ERRORS|STATE FILE\n", stderr);
    return 2;
  }
  const char *what = argv[1];
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  const Source *source = source_from_file(d, a, argv[2], (Span){0});
  int bad = 0;
  if (source && !strcmp(what, "STATE")) {
    print_state(source);
  } else if (source) {
    const Ast *tree = parse(a, d, source);
    if (!strcmp(what, "FORMAT")) {
      if (!diag_errors(d)) bad = print_format(a, d, tree);
    } else if (!strcmp(what, "DUMP")) {
      Text t = dumped(tree);
      fputs(t.at, stdout);
      text_free(&t);
    }
  }
  bad |= diag_errors(d) > 0;
  diag_print(d, stdout, false);
  arena_free(a);
  return bad;
}

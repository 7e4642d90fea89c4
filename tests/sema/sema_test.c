/* sema_test.c: lowers a file and prints the system, or the diagnostics.
   sema_test FILE [--lang FOLDER] [--model NAME] [--quiet]   exit status: 0, or 1 after errors */
#include "lower.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* every .rnn file of the folder, as the build embeds them */
static const LangFile *read_lang(Arena *a, Diag *d, const char *folder)
{
  Vec(LangFile) files = {0};
  DIR *dir = opendir(folder);
  for (struct dirent *e; dir && (e = readdir(dir));) {
    size_t n = strlen(e->d_name);
    if (n < 5 || strcmp(e->d_name + n - 4, ".rnn") != 0) continue;
    Source *s = source_from_file(d, a, arena_printf(a, "%s/%s", folder, e->d_name), (Span){0});
    if (s) vec_push(a, &files, ((LangFile){arena_copy(a, e->d_name, n - 4), source_text(s, NULL)}));
  }
  if (dir) closedir(dir);
  vec_push(a, &files, ((LangFile){NULL, NULL}));
  return files.at;
}

int main(int argc, char **argv)
{
  const char *path = NULL, *lang = "lang", *model = NULL;
  bool quiet = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) lang = argv[++i];
    else if (strcmp(argv[i], "--model") == 0 && i + 1 < argc) model = argv[++i];
    else if (strcmp(argv[i], "--quiet") == 0) quiet = true;
    else path = argv[i];
  }
  if (!path) {
    fprintf(stderr, "usage: sema_test FILE [--lang FOLDER] [--model NAME] [--quiet]\n");
    return 64;
  }
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  LowerOptions options = {.lang = read_lang(a, d, lang), .model = model};
  Source *source = source_from_file(d, a, path, (Span){0});
  System *s = source ? lower(a, d, parse(a, d, source), &options) : NULL;
  bool failed = diag_errors(d) > 0;
  if (!failed && !s) fputs("no system, and no message says why\n", stderr);
  diag_print(d, stderr, false);
  if (s && !failed) {
    system_verify(s, "lower");
    Text text = {0};
    system_print(&text, s);
    if (!quiet) fputs(text.at, stdout);
    text_free(&text);
  }
  arena_free(a);
  return failed;
}

/* fuzz_front.c: libFuzzer target over the whole front end: parse, check, lower, lints, and the passes up to the plan of
   each program.

     clang-19 -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -I.. (see tests/fuzz/build.sh)
   Everything lives in the arena; nothing is printed. */
#include "diag.h"
#include "lint.h"
#include "program.h"
#include "simplify.h"
#include <stdint.h>

extern const LangFile lang_table[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size > 4096) return 0;
  Arena *a = arena_new();
  Diag *d = diag_new(a);
  Source *source = source_from_text(a, "fuzz.rnn", (const char *)data, size);
  Ast *file = parse(a, d, source);
  LowerOptions o = {.lang = lang_table};
  System *s = diag_errors(d) ? NULL : lower(a, d, file, &o);
  int64_t elements = 0;
  for (int i = 0; s && i < s->vars.n; i++) elements += shape_count(s->vars.at[i]->shape);
  if (s && s->vars.n < 300 && elements < 1000000) {
    Diag *lints = diag_new(a);
    DiagStyle style = diag_style();
    diag_style_warn(&style, "pedantic");
    diag_use(lints, &style);
    lint(a, lints, file, &o);
    for (int k = 0; k < PROGRAM_KINDS; k++) {
      ProgramRequest r = {.kind = (ProgramKind)k, .windows = true};
      program_make(a, diag_new(a), file, &o, &r, STAGE_PLAN);
    }
  }
  arena_free(a);
  return 0;
}

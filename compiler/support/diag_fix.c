/* diag_fix.c: a source with the suggestions of its diagnostics carried out.
   Needs: diagnostics that are not printed yet. Leaves: them as they are. */
#include "diag_entry.h"
#include <stdlib.h>

static int by_start(const void *x, const void *y)
{
  const Fix *a = *(Fix *const *)x, *b = *(Fix *const *)y;
  return a->at.from != b->at.from ? (a->at.from < b->at.from ? -1 : 1) : a->at.to - b->at.to;
}

int diag_carry_out(Diag *d, const Source *s, Text *out)
{
  Vec(const Fix *) fix = {0};
  for (int i = 0; i < d->entries.n; i++)
    if (d->entries.at[i]->fix.at.source == s) vec_push(d->arena, &fix, &d->entries.at[i]->fix);
  if (!fix.n) return 0;
  qsort(fix.at, (size_t)fix.n, sizeof *fix.at, by_start);
  int done = 0, from = 0;
  for (int i = 0; i < fix.n; i++) {
    const Fix *f = fix.at[i];
    if (f->at.from < from) continue; /* said twice, or it overlaps what is done */
    text_write(out, s->text + from, (size_t)(f->at.from - from));
    text_puts(out, f->text);
    from = f->at.to;
    done++;
  }
  text_write(out, s->text + from, (size_t)(s->n - from));
  return done;
}

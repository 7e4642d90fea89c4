/* distribution.c: the distributions that ~ knows, from the runtime's table.
   Needs: distributions.def. Leaves alone: likelihoods (lang/distributions.rnn), draws (the runtime). */
#include "scope.h"
#include <string.h>

const Distribution distributions[] = {
#define LIKE(name) {name, ARGUMENT_LIKE}
#define OWN(name) {name, ARGUMENT_OWN}
#define MODE_CUTS(name) {name, ARGUMENT_CUTS}
#define MODE_LIKE LIKE
#define MODE_OWN OWN
#define ARGUMENTS(...) {__VA_ARGS__}
#define DISTRIBUTION(id, name, drawn, values, arguments) {name, DRAWN_##drawn, arguments},
#include "distributions.def"
#undef DISTRIBUTION
#undef ARGUMENTS
#undef MODE_CUTS
#undef MODE_OWN
#undef MODE_LIKE
#undef OWN
#undef LIKE
    {0}};

const Distribution *distribution_named(const char *name)
{
  for (const Distribution *d = distributions; d->name; d++)
    if (strcmp(d->name, name) == 0) return d;
  return NULL;
}

int distribution_arguments(const Distribution *d)
{
  int n = 0;
  while (n < DRAW_PARAMS && d->argument[n].name) n++;
  return n;
}

const char *distribution_form(Arena *a, const Distribution *d)
{
  const char *text = arena_printf(a, "%s(", d->name);
  for (int i = 0; i < distribution_arguments(d); i++)
    text = arena_printf(a, "%s%s%s", text, i ? ", " : "", d->argument[i].name);
  return arena_printf(a, "%s)", text);
}

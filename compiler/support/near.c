/* near.c: the name that was meant.  Needs: nothing. */
#include "diag.h"
#include <string.h>

#define NAME_BYTES 64 /* longer names get no suggestion */

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }
static int least(int a, int b) { return a < b ? a : b; }

/* Edits that lead from a to b: a letter put in, taken out, replaced, or two neighbours exchanged. Case does not count.
 */
static int distance(const char *a, int na, const char *b, int nb)
{
  int row[3][NAME_BYTES + 1]; /* three rows of the usual table, used in turn */
  for (int j = 0; j <= nb; j++) row[0][j] = j;
  for (int i = 1; i <= na; i++) {
    int *now = row[i % 3], *one = row[(i + 2) % 3], *two = row[(i + 1) % 3];
    now[0] = i;
    for (int j = 1; j <= nb; j++) {
      int x = lower(a[i - 1]), y = lower(b[j - 1]);
      now[j] = least(least(one[j] + 1, now[j - 1] + 1), one[j - 1] + (x != y));
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2])) now[j] = least(now[j], two[j - 2] + 1);
    }
  }
  return row[na % 3][nb];
}

const char *nearest(const char *name, const char *const *candidates, int n)
{
  size_t length = strlen(name);
  if (length > NAME_BYTES) return NULL;
  int best = length < 2 ? 0 : least((int)length - 1, length / 3 > 1 ? (int)(length / 3) : 1);
  const char *near = NULL;
  for (int i = 0; i < n; i++) {
    size_t m = strlen(candidates[i]);
    if (m > NAME_BYTES || !strcmp(name, candidates[i])) continue;
    int far = distance(name, (int)length, candidates[i], (int)m);
    if (far > best) continue;
    near = candidates[i];
    best = far - 1; /* of equals the first one stays */
    if (best < 0) break;
  }
  return near;
}

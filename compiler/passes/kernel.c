/* kernel.c: the choice between our tiled kernels and the library's product, by sizes alone: bits must not depend on the
   machine's load or on threads. */
#include "kernel.h"

enum {
  CACHED = 4 << 20, /* elements; beyond, they pass through memory once for each block of rows */
  NARROW = 16       /* a full vector of the widest machine */
};

Kernel kernel_of_product(int64_t n, int64_t k)
{
  Kernel r = {.shared = n * k};
  r.library = r.shared > CACHED;
  return r;
}

Kernel kernel_of_gradient(int64_t m, int64_t n)
{
  Kernel r = {.shared = m * n, .narrow = m < NARROW && n < NARROW};
  r.library = r.narrow || r.shared > CACHED;
  return r;
}

void kernel_print(Text *out, const Kernel *k)
{
  const char *what = k->narrow    ? "no full vector on either side"
                     : k->library ? "too many to stay in a cache"
                                  : "they stay in a cache";
  text_printf(out, "%s: %lld shared elements, %s", k->library ? "library" : "tiled kernel", (long long)k->shared, what);
}

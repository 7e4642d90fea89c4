/* optim_update.h: one update of n parameters by each optimiser: the formulas, which are PyTorch's. Included by optim.c
   once a precision, with REAL the type, OF(name) the function's name and SQRT its square root.

   g is the gradient, times u->scale (clipping by norm); p the parameters; s and r the optimiser's state blocks. What
   depends on the arguments alone is computed in double first. */

/* d = momentum d + g;  p -= rate (nesterov ? g + momentum d : d) */
static void OF(update_sgd)(const Update *u, const REAL *restrict g, REAL *restrict p, REAL *restrict s,
                           REAL *restrict r, int64_t n)
{
  (void)r;
  const REAL rate = (REAL)u->rate, scale = (REAL)u->scale, momentum = (REAL)u->argument[1];
  if (momentum == 0)
    for (int64_t i = 0; i < n; i++) p[i] -= rate * (scale * g[i]);
  else if (u->argument[2] == 0)
    for (int64_t i = 0; i < n; i++) {
      s[i] = momentum * s[i] + scale * g[i];
      p[i] -= rate * s[i];
    }
  else
    for (int64_t i = 0; i < n; i++) {
      const REAL gi = scale * g[i];
      s[i] = momentum * s[i] + gi;
      p[i] -= rate * (gi + momentum * s[i]);
    }
}

/* s = alpha s + (1 - alpha) g^2;  p -= rate g / (sqrt(s) + eps) */
static void OF(update_rmsprop)(const Update *u, const REAL *restrict g, REAL *restrict p, REAL *restrict s,
                               REAL *restrict r, int64_t n)
{
  (void)r;
  const REAL rate = (REAL)u->rate, scale = (REAL)u->scale, alpha = (REAL)u->argument[1],
             rest = (REAL)(1 - u->argument[1]), eps = (REAL)u->argument[2];
  for (int64_t i = 0; i < n; i++) {
    const REAL gi = scale * g[i];
    s[i] = alpha * s[i] + rest * gi * gi;
    p[i] -= rate * gi / (SQRT(s[i]) + eps);
  }
}

/* m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2;  p = keep p - rate / (1 - beta1^k) m / (sqrt(v) / sqrt(1 -
 * beta2^k) + eps) */
static void OF(moments)(const Update *u, REAL keep, const REAL *restrict g, REAL *restrict p, REAL *restrict m,
                        REAL *restrict v, int64_t n)
{
  const double beta1 = u->argument[1], beta2 = u->argument[2], k = (double)u->step;
  const REAL scale = (REAL)u->scale, fresh1 = (REAL)(1 - beta1), old2 = (REAL)beta2, fresh2 = (REAL)(1 - beta2),
             eps = (REAL)u->argument[3], rate = (REAL)(u->rate / (1 - pow(beta1, k))),
             unroot = (REAL)(1 / sqrt(1 - pow(beta2, k)));
  for (int64_t i = 0; i < n; i++) {
    const REAL gi = scale * g[i];
    m[i] += fresh1 * (gi - m[i]);
    v[i] = old2 * v[i] + fresh2 * gi * gi;
    p[i] = keep * p[i] - rate * (m[i] / (SQRT(v[i]) * unroot + eps));
  }
}

static void OF(update_adam)(const Update *u, const REAL *restrict g, REAL *restrict p, REAL *restrict s,
                            REAL *restrict r, int64_t n)
{
  OF(moments)(u, 1, g, p, s, r, n);
}

/* Adam, after p was made smaller by rate decay p */
static void OF(update_adamw)(const Update *u, const REAL *restrict g, REAL *restrict p, REAL *restrict s,
                             REAL *restrict r, int64_t n)
{
  OF(moments)(u, (REAL)(1 - u->rate * u->argument[4]), g, p, s, r, n);
}

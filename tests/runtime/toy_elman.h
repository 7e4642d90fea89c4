/* toy_elman.h: an Elman network written by hand as the compiler would write it, to drive the runtime with. Included by
   toys.c with REAL, OF(name) and the sizes I (input), H (state), O (output) defined.

     h[t] = tanh(W @ x[t] + U @ h[t-1] + b)    h[0] = h0    y[t] = V @ h[t] + v    loss = mean over t and components of
   (y[t] - target[t])^2 */

enum {
  OF(W) = 0,
  OF(U) = OF(W) + H * I,
  OF(b) = OF(U) + H * H,
  OF(V) = OF(b) + H,
  OF(v) = OF(V) + O * H,
  OF(COUNT) = OF(v) + O
};

/* the row of element (t, b) in a buffer with `lo` slots before t = 0 */
static REAL *OF(row)(const RnnFrame *f, int buffer, int lo, int width, int64_t t, int64_t b)
{
  return (REAL *)f->buf[buffer] + ((lo + t) * f->B + b) * width;
}

static void OF(forward_part)(const RnnFrame *f, void *arg, int64_t from, int64_t to)
{
  const REAL *p = f->params;
  (void)arg;
  for (int64_t b = from; b < to; b++) {
    REAL *start = OF(row)(f, H_, 1, H, -1, b);
    for (int i = 0; i < H; i++)
      start[i] = f->fresh[b] != 0 ? ((REAL *)f->buf[H0_])[b * H + i] : ((REAL *)f->buf[CARRY_])[b * H + i];
    for (int64_t t = 0; t < f->len[b]; t++) {
      const REAL *x = OF(row)(f, X_, 0, I, t, b), *before = OF(row)(f, H_, 1, H, t - 1, b);
      REAL *h = OF(row)(f, H_, 1, H, t, b), *y = OF(row)(f, Y_, 0, O, t, b);
      for (int i = 0; i < H; i++) {
        REAL sum = p[OF(b) + i];
        for (int k = 0; k < I; k++) sum += p[OF(W) + i * I + k] * x[k];
        for (int k = 0; k < H; k++) sum += p[OF(U) + i * H + k] * before[k];
        h[i] = (REAL)tanh((double)sum);
      }
      for (int i = 0; i < O; i++) {
        y[i] = p[OF(v) + i];
        for (int k = 0; k < H; k++) y[i] += p[OF(V) + i * H + k] * h[k];
      }
    }
  }
}

static void OF(forward)(const RnnFrame *f) { rnn_parallel((void *)f, (void *)OF(forward_part), NULL, f->B, 1); }

static void OF(evaluate)(const RnnFrame *f)
{
  REAL loss = 0;
  OF(forward)(f);
  for (int64_t b = 0; b < f->B; b++) {
    REAL sum = 0;
    for (int64_t t = 0; t < f->len[b]; t++)
      for (int i = 0; i < O; i++) {
        REAL d = OF(row)(f, Y_, 0, O, t, b)[i] - OF(row)(f, TARGET_, 0, O, t, b)[i];
        sum += d * d;
      }
    loss += sum / (REAL)(f->len[b] * O);
  }
  *(REAL *)f->buf[LOSS_] = loss / (REAL)f->B;
}

/* one sequence backward; gradients of parameters are added to */
static void OF(backward)(const RnnFrame *f, int64_t b)
{
  const REAL *p = f->params;
  REAL *g = f->grads, later[H] = {0};
  for (int64_t t = f->len[b] - 1; t >= 0; t--) {
    const REAL *x = OF(row)(f, X_, 0, I, t, b), *h = OF(row)(f, H_, 1, H, t, b),
               *before = OF(row)(f, H_, 1, H, t - 1, b);
    REAL *h_adj = OF(row)(f, HADJ_, 0, H, t, b), *x_adj = OF(row)(f, XADJ_, 0, I, t, b), pre[H];
    for (int i = 0; i < H; i++) h_adj[i] = later[i];
    for (int i = 0; i < O; i++) {
      REAL d = 2 * (OF(row)(f, Y_, 0, O, t, b)[i] - OF(row)(f, TARGET_, 0, O, t, b)[i]) / (REAL)(f->len[b] * O * f->B);
      g[OF(v) + i] += d;
      for (int k = 0; k < H; k++) {
        g[OF(V) + i * H + k] += d * h[k];
        h_adj[k] += d * p[OF(V) + i * H + k];
      }
    }
    for (int i = 0; i < H; i++) pre[i] = h_adj[i] * (1 - h[i] * h[i]);
    for (int k = 0; k < I; k++) x_adj[k] = 0;
    for (int k = 0; k < H; k++) later[k] = 0;
    for (int i = 0; i < H; i++) {
      g[OF(b) + i] += pre[i];
      for (int k = 0; k < I; k++) {
        g[OF(W) + i * I + k] += pre[i] * x[k];
        x_adj[k] += pre[i] * p[OF(W) + i * I + k];
      }
      for (int k = 0; k < H; k++) {
        g[OF(U) + i * H + k] += pre[i] * before[k];
        later[k] += pre[i] * p[OF(U) + i * H + k];
      }
    }
  }
  for (int k = 0; k < H; k++) ((REAL *)f->buf[H0ADJ_])[b * H + k] = f->fresh[b] != 0 ? later[k] : 0;
}

static void OF(train)(const RnnFrame *f)
{
  OF(evaluate)(f);
  for (int64_t b = 0; b < f->B; b++) OF(backward)(f, b);
}

static const RnnProgram OF(programs)[] = {{"train", OF(train)}, {"evaluate", OF(evaluate)}, {"forward", OF(forward)}};

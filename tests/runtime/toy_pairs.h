/* toy_pairs.h: an encoder over s and a decoder over t with attention, by hand, in double. Included by toys.c.

     axis s, t
     g[s] = tanh(E[:, x[s]] + U @ g[s-1])                    c = g[S]
     d[t] = tanh(F[:, y[t-1]] + R @ d[t-1] + c)
     a[t, s] = softmax[s](dot(g[s], d[t]) - v[t-1, s])       v[t, s] = v[t-1, s] + a[t, s]
     o[t] = V @ d[t] + Q @ sum[s](a[t, s] * g[s]) + M[:, y[t-1]]
     y[t] ~ categorical(o[t])

   M has a column more, for the y[0] that there is not. The program train has no gradients. */

enum { P_X = 6, P_Y = 5, P_K = 4 };
enum {
  P_E = 0,
  P_U = P_E + P_X * P_K,
  P_F = P_U + P_K * P_K,
  P_R = P_F + P_Y * P_K,
  P_V = P_R + P_K * P_K,
  P_Q = P_V + P_Y * P_K,
  P_M = P_Q + P_Y * P_K,
  P_COUNT = P_M + (P_Y + 1) * P_Y
};
enum { PX, PG, PY, PD, PA, PV, PO, PDCARRY, PVCARRY, PNUMBERS, PC, PNOISE, PNOISE2 }; /* buffers */
enum { P_HI2 = 2 };                                                                   /* v has a halo behind along s */

static double *p_time(const RnnFrame *f, int buffer, int lo, int width, int64_t t, int64_t b)
{
  return (double *)f->buf[buffer] + ((lo + t) * f->B + b) * width;
}
static double *p_g(const RnnFrame *f, int64_t s, int64_t b)
{
  return (double *)f->buf[PG] + ((1 + s) * f->B + f->row2[b]) * P_K;
}
static double *p_a(const RnnFrame *f, int64_t t, int64_t s, int64_t b)
{
  return (double *)f->buf[PA] + (t * f->B + b) * f->S + s;
}
static double *p_v(const RnnFrame *f, int64_t t, int64_t s, int64_t b)
{
  return (double *)f->buf[PV] + ((1 + t) * f->B + b) * (f->S + P_HI2) + s;
}
static int32_t p_written(const RnnFrame *f, int64_t t, int64_t b)
{
  return ((int32_t *)f->buf[PY])[(1 + t) * f->B + b];
}

static void p_encode(const RnnFrame *f)
{
  const double *p = f->params;
  for (int64_t s = 0; s < f->S; s++)
    for (int64_t r = 0; r < f->live2[s]; r++) {
      int64_t b = f->col2[r];
      int32_t x = ((int32_t *)f->buf[PX])[s * f->B + r];
      const double *before = p_g(f, s - 1, b);
      double *g = p_g(f, s, b);
      for (int i = 0; i < P_K; i++) {
        double sum = p[P_E + x * P_K + i];
        for (int k = 0; k < P_K; k++) sum += p[P_U + i * P_K + k] * before[k];
        g[i] = tanh(sum);
      }
    }
  for (int64_t b = 0; b < f->B; b++)
    memcpy((double *)f->buf[PC] + b * P_K, p_g(f, f->len2[f->row2[b]] - 1, b), P_K * sizeof(double));
}

static void p_attend(const RnnFrame *f, int64_t t, int64_t b, const double *d, double *z)
{
  int64_t S = f->len2[f->row2[b]];
  double sum = 0;
  for (int64_t s = 0; s < S; s++) {
    double e = -*p_v(f, t - 1, s, b);
    for (int k = 0; k < P_K; k++) e += p_g(f, s, b)[k] * d[k];
    sum += *p_a(f, t, s, b) = exp(e);
  }
  for (int k = 0; k < P_K; k++) z[k] = 0;
  for (int64_t s = 0; s < S; s++) {
    double a = *p_a(f, t, s, b) /= sum;
    *p_v(f, t, s, b) = *p_v(f, t - 1, s, b) + a;
    for (int k = 0; k < P_K; k++) z[k] += a * p_g(f, s, b)[k];
  }
}

static void p_step(const RnnFrame *f, int64_t t, int64_t b)
{
  const double *p = f->params, *before = p_time(f, PD, 1, P_K, t - 1, b), *c = (double *)f->buf[PC] + b * P_K;
  double *d = p_time(f, PD, 1, P_K, t, b), *o = p_time(f, PO, 0, P_Y, t, b), z[P_K];
  int32_t y = p_written(f, t - 1, b);
  for (int i = 0; i < P_K; i++) {
    double sum = c[i] + (y >= 0 ? p[P_F + y * P_K + i] : 0);
    for (int k = 0; k < P_K; k++) sum += p[P_R + i * P_K + k] * before[k];
    d[i] = tanh(sum);
  }
  p_attend(f, t, b, d, z);
  for (int i = 0; i < P_Y; i++) {
    o[i] = p[P_M + (y >= 0 ? y : P_Y) * P_Y + i];
    for (int k = 0; k < P_K; k++) o[i] += p[P_V + i * P_K + k] * d[k] + p[P_Q + i * P_K + k] * z[k];
  }
}

static void p_steps(const RnnFrame *f)
{
  for (int64_t b = 0; b < f->B; b++) {
    if (f->fresh[b] == 0) {
      memcpy(p_time(f, PD, 1, P_K, -1, b), (double *)f->buf[PDCARRY] + b * P_K, P_K * sizeof(double));
      for (int64_t s = 0; s < f->len2[f->row2[b]]; s++)
        *p_v(f, -1, s, b) = ((double *)f->buf[PVCARRY])[s * f->B + f->row2[b]];
    }
    for (int64_t t = 0; t < f->len[b]; t++) p_step(f, t, b);
  }
}

static void p_forward(const RnnFrame *f)
{
  if (f->phase != RNN_PHASE_STEPS) p_encode(f);
  if (f->phase != RNN_PHASE_ENCODE) p_steps(f);
}

static void p_evaluate(const RnnFrame *f)
{
  double *n = f->buf[PNUMBERS];
  p_forward(f);
  n[1] = n[2] = 0;
  for (int64_t b = 0; b < f->B; b++)
    for (int64_t t = 0; t < f->len[b]; t++) {
      const double *o = p_time(f, PO, 0, P_Y, t, b);
      int32_t y = p_written(f, t, b);
      double sum = 0;
      if (y < 0) continue;
      for (int i = 0; i < P_Y; i++) sum += exp(o[i]);
      n[1] += log(sum) - o[y];
      n[2] += 1;
    }
  n[0] = n[1] / (n[2] > 0 ? n[2] : 1);
}

// clang-format off
#define JSON(...) #__VA_ARGS__
#define P_PROGRAM                                                                              \
  JSON("buffers": [                                                                            \
    {"second": true, "batch": true, "width": 1, "int": true},                                  \
    {"second": true, "batch": true, "lo2": 1, "width": 4},                                     \
    {"time": true, "batch": true, "lo": 1, "width": 1, "int": true},                           \
    {"time": true, "batch": true, "lo": 1, "width": 4},                                        \
    {"time": true, "second": true, "batch": true, "width": 1},                                 \
    {"time": true, "second": true, "batch": true, "lo": 1, "hi2": 2, "width": 1},              \
    {"time": true, "batch": true, "width": 5},                                                 \
    {"batch": true, "width": 4},                                                               \
    {"second": true, "batch": true, "width": 1},                                               \
    {"width": 3},                                                                              \
    {"batch": true, "width": 4},                                                               \
    {"time": true, "second": true, "batch": true, "width": 2},                                 \
    {"second": true, "batch": true, "width": 2}],                                              \
  "vars": {                                                                                    \
    "x": {"buf": 0, "shape": [6], "token": true, "second": true, "batch": true, "line": 2},    \
    "g": {"buf": 1, "shape": [4], "second": true, "batch": true, "line": 4},                   \
    "y": {"buf": 2, "shape": [5], "token": true, "time": true, "batch": true, "line": 3},      \
    "d": {"buf": 3, "shape": [4], "time": true, "batch": true, "line": 6},                     \
    "a": {"buf": 4, "shape": [], "time": true, "second": true, "batch": true, "line": 7},      \
    "v": {"buf": 5, "shape": [], "time": true, "second": true, "batch": true, "line": 8},      \
    "o": {"buf": 6, "shape": [5], "time": true, "batch": true, "line": 9},                     \
    "d.carry0": {"buf": 7, "shape": [4], "batch": true},                                       \
    "v.carry0": {"buf": 8, "shape": [], "second": true, "batch": true},                        \
    "loss": {"buf": 9, "shape": []},                                                           \
    "y.nll": {"buf": 9, "col": 1, "shape": []},                                                \
    "y.count": {"buf": 9, "col": 2, "shape": []},                                              \
    "c": {"buf": 10, "shape": [4], "batch": true, "line": 5},                                  \
    "m": {"buf": 11, "shape": [2], "time": true, "second": true, "batch": true},               \
    "m2": {"buf": 12, "shape": [2], "second": true, "batch": true}},                           \
  "inputs": ["x", "y"])
#define P_CARRY                                                                                \
  JSON("carry": [{"var": "d", "offset": 0, "from": "d", "into": "d.carry0"},                   \
                 {"var": "v", "offset": 0, "from": "v", "into": "v.carry0"}])
#define P_LOSS                                                                                 \
  JSON("loss": "loss", "terms": [{"name": "y", "dist": "categorical", "sum": "y.nll", "count": "y.count"}])
#define P_PARAM(name, rows, columns, offset)                                                   \
  "{\"name\": \"" name "\", \"shape\": [" #rows ", " #columns "], \"offset\": " #offset \
  ", \"line\": 4, \"init\": {\"kind\": \"normal\", \"a\": 0, \"b\": 1}}"

static const RnnProgram pairs_programs[] = {
    {"train", p_evaluate}, {"evaluate", p_evaluate}, {"forward", p_forward}, {"decode", p_forward}};
static const RnnModel pairs_model = {
    .abi = RNN_ABI,
    .programs = 4,
    .program = pairs_programs,
    .json =
        JSON({"name": "pairs", "precision": "f64", "source": "pairs.rnn", "hash": "d1", "axes": ["t", "s"],
              "param_count": 146, "params":)
        "[" P_PARAM("E", 6, 4, 0) "," P_PARAM("U", 4, 4, 24) "," P_PARAM("F", 5, 4, 40) "," P_PARAM("R", 4, 4, 60) ","
        P_PARAM("V", 5, 4, 76) "," P_PARAM("Q", 5, 4, 96) "," P_PARAM("M", 6, 5, 116) "],"
        JSON("inputs": [
               {"name": "x", "role": "input", "type": "token", "shape": [6], "second": true, "line": 2},
               {"name": "y", "role": "target", "type": "token", "shape": [5], "time": true, "line": 3, "drawn": 0, "lags": 1}],
             "outputs": [{"name": "o", "shape": [5], "time": true}, {"name": "a", "shape": [], "time": true, "second": true},
                         {"name": "g", "shape": [4], "second": true}],
             "draws": [{"var": "y", "offset": 0, "dist": "categorical", "params": ["o"]}],
             "settings": {"batch": "3"},
             "step": {"refused": "it has two time axes"},
             "programs":)
        "{\"train\": {" P_PROGRAM "," P_LOSS ","
        JSON("noise": [{"var": "m", "dist": "normal", "a": 0, "b": 1}, {"var": "m2", "dist": "normal", "a": 0, "b": 1}]) "},"
        "\"evaluate\": {" P_PROGRAM "," P_LOSS "}, \"forward\": {" P_PROGRAM "}, \"decode\": {" P_PROGRAM "," P_CARRY "}}}"};
// clang-format on

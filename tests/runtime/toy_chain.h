/* toy_chain.h: one to many, by hand, in double: a chain of symbols whose transitions depend on what is given with the
   sequence. Included by toys.c behind toy_pairs.h.

     n[t] = n[t-1] + 1          o[t] = M[who, y[t-1]] + n[t] * L          y[t] ~ categorical(o[t])

   M [2, 4, 3]: who, the symbol before (3: none), the next. It runs step by step, and has no program "decode". */

enum { N_WHO, N_Y, N_N, N_O, N_CARRY, N_NUMBERS }; /* buffers */
enum { N_SYMBOLS = 3, N_M = 0, N_L = 2 * 4 * 3, N_COUNT = N_L + 3 };

static void n_forward(const RnnFrame *f)
{
  const double *p = f->params;
  double *n = f->buf[N_N], *carried = f->buf[N_CARRY];
  const int32_t *y = f->buf[N_Y];
  for (int64_t b = 0; b < f->B; b++) {
    n[b] = f->fresh[b] != 0 ? 0 : carried[b];
    for (int64_t t = 0; t < f->len[b]; t++) {
      double *o = (double *)f->buf[N_O] + (t * f->B + b) * N_SYMBOLS;
      int32_t before = y[t * f->B + b], who = ((int32_t *)f->buf[N_WHO])[b]; /* y has a slot before t = 0 */
      n[(1 + t) * f->B + b] = n[t * f->B + b] + 1;
      for (int i = 0; i < N_SYMBOLS; i++)
        o[i] = p[N_M + (who * 4 + (before >= 0 ? before : 3)) * 3 + i] + n[(1 + t) * f->B + b] * p[N_L + i];
    }
  }
}

static void n_evaluate(const RnnFrame *f)
{
  double *number = f->buf[N_NUMBERS];
  n_forward(f);
  number[1] = number[2] = 0;
  for (int64_t b = 0; b < f->B; b++)
    for (int64_t t = 0; t < f->len[b]; t++) {
      const double *o = (double *)f->buf[N_O] + (t * f->B + b) * N_SYMBOLS;
      int32_t y = ((int32_t *)f->buf[N_Y])[(1 + t) * f->B + b];
      double sum = 0;
      if (y < 0) continue;
      for (int i = 0; i < N_SYMBOLS; i++) sum += exp(o[i]);
      number[1] += log(sum) - o[y];
      number[2] += 1;
    }
  number[0] = number[1] / (number[2] > 0 ? number[2] : 1);
}

// clang-format off
#define N_PROGRAM                                                                              \
  JSON("buffers": [                                                                            \
    {"batch": true, "width": 1, "int": true},                                                  \
    {"time": true, "batch": true, "lo": 1, "width": 1, "int": true},                           \
    {"time": true, "batch": true, "lo": 1, "width": 1},                                        \
    {"time": true, "batch": true, "width": 3},                                                 \
    {"batch": true, "width": 1},                                                               \
    {"width": 3}],                                                                             \
  "vars": {                                                                                    \
    "who": {"buf": 0, "shape": [2], "token": true, "batch": true},                             \
    "y": {"buf": 1, "shape": [3], "token": true, "time": true, "batch": true},                 \
    "n": {"buf": 2, "shape": [], "time": true, "batch": true},                                 \
    "o": {"buf": 3, "shape": [3], "time": true, "batch": true},                                \
    "n.carry0": {"buf": 4, "shape": [], "batch": true},                                        \
    "loss": {"buf": 5, "shape": []},                                                           \
    "y.nll": {"buf": 5, "col": 1, "shape": []},                                                \
    "y.count": {"buf": 5, "col": 2, "shape": []}},                                             \
  "inputs": ["who", "y"],                                                                      \
  "carry": [{"var": "n", "offset": 0, "from": "n", "into": "n.carry0"}])

static const RnnProgram chain_programs[] = {{"evaluate", n_evaluate}, {"forward", n_forward}};
static const RnnModel chain_model = {
    .abi = RNN_ABI,
    .programs = 2,
    .program = chain_programs,
    .json =
        JSON({"name": "chain", "precision": "f64", "source": "chain.rnn", "hash": "d2", "param_count": 27,
              "params": [{"name": "M", "shape": [2, 4, 3], "offset": 0, "init": {"kind": "normal", "a": 0, "b": 1}},
                         {"name": "L", "shape": [3], "offset": 24, "init": {"kind": "zeros"}}],
              "inputs": [
                {"name": "who", "role": "input", "type": "token", "shape": [2]},
                {"name": "y", "role": "target", "type": "token", "shape": [3], "time": true, "drawn": 0, "lags": 1}],
              "outputs": [{"name": "o", "shape": [3], "time": true}],
              "draws": [{"var": "y", "offset": 0, "dist": "categorical", "params": ["o"]}],
              "settings": {},
              "programs":)
        "{\"evaluate\": {" N_PROGRAM "," P_LOSS "}, \"forward\": {" N_PROGRAM "}}}"};
// clang-format on

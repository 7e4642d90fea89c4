/* toy_chars.h: a next-character model by hand, in float. Included by toys.c.

     h[t] = tanh(E[:, x[t]] + U @ h[t-1])       o[t] = V @ (m[t] * h[t])       x[t+1] ~ categorical(o[t])       m[t] ~
   bernoulli(0.9) while training metric accuracy = mean(argmax(o[t]) == x[t+1]) */

enum { C_S = 12, C_H = 16, C_E = 0, C_U = C_E + C_S * C_H, C_V = C_U + C_H * C_H, C_COUNT = C_V + C_S * C_H };
enum {
  CX,
  CM,
  CH,
  CD,
  CO,
  CCARRY,
  CNUMBERS,
  COADJ,
  CDADJ,
  CPRE
}; /* buffers; D is m * h, PRE the adjoint before tanh */

static float *c_row(const RnnFrame *f, int buffer, int lo, int width, int64_t t, int64_t b)
{
  return (float *)f->buf[buffer] + ((lo + t) * f->B + b) * width;
}
static int32_t c_token(const RnnFrame *f, int64_t t, int64_t b)
{
  return ((int32_t *)f->buf[CX])[t * f->B + b];
} /* hi = 1: t = T may be asked for */

static void c_states(const RnnFrame *f, void *noise, int64_t from, int64_t to)
{
  const float *p = f->params;
  for (int64_t b = from; b < to; b++) {
    float *start = c_row(f, CH, 1, C_H, -1, b);
    for (int i = 0; i < C_H; i++) start[i] = f->fresh[b] != 0 ? 0 : ((float *)f->buf[CCARRY])[b * C_H + i];
    for (int64_t t = 0; t < f->len[b]; t++) {
      const float *before = c_row(f, CH, 1, C_H, t - 1, b);
      float *h = c_row(f, CH, 1, C_H, t, b), *d = c_row(f, CD, 0, C_H, t, b);
      int32_t x = c_token(f, t, b);
      for (int i = 0; i < C_H; i++) {
        float sum = x >= 0 ? p[C_E + x * C_H + i] : 0;
        for (int k = 0; k < C_H; k++) sum += p[C_U + i * C_H + k] * before[k];
        h[i] = tanhf(sum);
        d[i] = noise ? h[i] * c_row(f, CM, 0, C_H, t, b)[i] / 0.9f : h[i];
      }
    }
  }
}

static void c_outputs(const RnnFrame *f, void *noise)
{
  rnn_parallel((void *)f, (void *)c_states, noise, f->B, 2);
  rnn_gemm_f32((void *)f, 0, 1, f->T * f->B, C_S, C_H, f->buf[CD], C_H, (float *)f->params + C_V, C_H, f->buf[CO], C_S,
               0);
}

/* numbers: loss, nll sum, count, right ones */
static void c_loss(const RnnFrame *f)
{
  float *n = f->buf[CNUMBERS];
  n[1] = n[2] = n[3] = 0;
  for (int64_t b = 0; b < f->B; b++)
    for (int64_t t = 0; t < f->len[b] - 1 + f->ahead[b]; t++) {
      const float *o = c_row(f, CO, 0, C_S, t, b);
      int32_t next = c_token(f, t + 1, b);
      if (t >= f->len[b] || next < 0) continue;
      float most = o[0], sum = 0;
      int best = 0;
      for (int i = 1; i < C_S; i++)
        if (o[i] > most) most = o[i], best = i;
      for (int i = 0; i < C_S; i++) sum += expf(o[i] - most);
      n[1] += most + logf(sum) - o[next];
      n[2] += 1;
      n[3] += best == next;
    }
  n[0] = n[1] / (n[2] > 0 ? n[2] : 1);
}

static void c_forward(const RnnFrame *f) { c_outputs(f, NULL); }
static void c_evaluate(const RnnFrame *f)
{
  c_outputs(f, NULL);
  c_loss(f);
}

static void c_back(const RnnFrame *f, int64_t b)
{
  const float *p = f->params;
  float later[C_H] = {0};
  for (int64_t t = f->len[b] - 1; t >= 0; t--) {
    const float *h = c_row(f, CH, 1, C_H, t, b), *d_adj = c_row(f, CDADJ, 0, C_H, t, b);
    float *pre = c_row(f, CPRE, 0, C_H, t, b);
    for (int i = 0; i < C_H; i++)
      pre[i] = (later[i] + d_adj[i] * c_row(f, CM, 0, C_H, t, b)[i] / 0.9f) * (1 - h[i] * h[i]);
    for (int k = 0; k < C_H; k++) later[k] = 0;
    for (int i = 0; i < C_H; i++)
      for (int k = 0; k < C_H; k++) later[k] += pre[i] * p[C_U + i * C_H + k];
  }
}

static void c_train(const RnnFrame *f)
{
  float *g = f->grads;
  int64_t rows = f->T * f->B;
  c_outputs(f, (void *)f);
  c_loss(f);
  float count = ((float *)f->buf[CNUMBERS])[2];
  memset(f->buf[COADJ], 0, (size_t)(rows * C_S) * sizeof(float));
  for (int64_t b = 0; b < f->B; b++)
    for (int64_t t = 0; t < f->len[b]; t++) {
      int32_t next = t + 1 < f->len[b] + f->ahead[b] ? c_token(f, t + 1, b) : -1;
      const float *o = c_row(f, CO, 0, C_S, t, b);
      float *g_o = c_row(f, COADJ, 0, C_S, t, b), most = o[0], sum = 0;
      if (next < 0) continue;
      for (int i = 1; i < C_S; i++) most = o[i] > most ? o[i] : most;
      for (int i = 0; i < C_S; i++) sum += g_o[i] = expf(o[i] - most);
      for (int i = 0; i < C_S; i++) g_o[i] = (g_o[i] / sum - (i == next)) / count;
    }
  rnn_gemm_f32((void *)f, 0, 0, rows, C_H, C_S, f->buf[COADJ], C_S, (float *)f->params + C_V, C_H, f->buf[CDADJ], C_H,
               0);
  for (int64_t b = 0; b < f->B; b++) c_back(f, b);
  rnn_gemm_f32((void *)f, 1, 0, C_S, C_H, rows, f->buf[COADJ], C_S, f->buf[CD], C_H, g + C_V, C_H, 1);
  rnn_gemm_f32((void *)f, 1, 0, C_H, C_H, rows, f->buf[CPRE], C_H, f->buf[CH], C_H, g + C_U, C_H,
               1); /* the buffer begins at t = -1 */
  for (int64_t t = 0; t < f->T; t++)
    for (int64_t b = 0; b < f->live[t]; b++)
      for (int i = 0; c_token(f, t, b) >= 0 && i < C_H; i++)
        g[C_E + c_token(f, t, b) * C_H + i] += c_row(f, CPRE, 0, C_H, t, b)[i];
}

typedef struct CState {
  double begun;
  float h[C_H];
} CState;

static void c_step(const void *params, void *state, const void *const *in, void *const *out)
{
  const float *p = params;
  CState *s = state;
  float h[C_H], *o = out[0];
  int32_t x = *(const int32_t *)in[0];
  for (int i = 0; i < C_H; i++) {
    h[i] = x >= 0 ? p[C_E + x * C_H + i] : 0;
    for (int k = 0; k < C_H && s->begun != 0; k++) h[i] += p[C_U + i * C_H + k] * s->h[k];
    h[i] = tanhf(h[i]);
  }
  memcpy(s->h, h, sizeof h);
  s->begun = 1;
  for (int i = 0; i < C_S; i++) {
    o[i] = 0;
    for (int k = 0; k < C_H; k++) o[i] += p[C_V + i * C_H + k] * h[k];
  }
}

#define C_BUFFERS                                                                                                      \
  "\"buffers\": [{\"time\": true, \"batch\": true, \"lo\": 0, \"hi\": 1, \"width\": 1, \"int\": true},"                \
  "{\"time\": true, \"batch\": true, \"width\": 16}, {\"time\": true, \"batch\": true, \"lo\": 1, \"width\": 16},"     \
  "{\"time\": true, \"batch\": true, \"width\": 16}, {\"time\": true, \"batch\": true, \"width\": 12},"                \
  "{\"time\": false, \"batch\": true, \"width\": 16}, {\"time\": false, \"batch\": false, \"width\": 4},"              \
  "{\"time\": true, \"batch\": true, \"width\": 12}, {\"time\": true, \"batch\": true, \"width\": 16}, {\"time\": "    \
  "true, \"batch\": true, \"width\": 16}],"
#define C_VARS                                                                                                         \
  "\"vars\": {\"x\": {\"buf\": 0, \"col\": 0, \"shape\": [12], \"token\": true, \"time\": true, \"batch\": true, "     \
  "\"line\": 2},"                                                                                                      \
  "\"m\": {\"buf\": 1, \"col\": 0, \"shape\": [16], \"time\": true, \"batch\": true, \"line\": 3},"                    \
  "\"h\": {\"buf\": 2, \"col\": 0, \"shape\": [16], \"time\": true, \"batch\": true, \"line\": 4},"                    \
  "\"o\": {\"buf\": 4, \"col\": 0, \"shape\": [12], \"time\": true, \"batch\": true, \"line\": 5},"                    \
  "\"h.carry0\": {\"buf\": 5, \"col\": 0, \"shape\": [16], \"time\": false, \"batch\": true, \"line\": 0},"            \
  "\"loss\": {\"buf\": 6, \"col\": 0, \"shape\": [], \"time\": false, \"batch\": false, \"line\": 0},"                 \
  "\"x.nll\": {\"buf\": 6, \"col\": 1, \"shape\": [], \"time\": false, \"batch\": false, \"line\": 0},"                \
  "\"x.count\": {\"buf\": 6, \"col\": 2, \"shape\": [], \"time\": false, \"batch\": false, \"line\": 0},"              \
  "\"accuracy.sum\": {\"buf\": 6, \"col\": 3, \"shape\": [], \"time\": false, \"batch\": false, \"line\": 0}},"        \
  "\"carry\": [{\"var\": \"h\", \"offset\": 0, \"from\": \"h\", \"into\": \"h.carry0\"}], \"inputs\": [\"x\"]"
#define C_LOSS                                                                                                         \
  ", \"loss\": \"loss\", \"terms\": [{\"name\": \"x\", \"dist\": \"categorical\", \"sum\": \"x.nll\", \"count\": "     \
  "\"x.count\"}]"

static const RnnProgram chars_programs[] = {{"train", c_train}, {"evaluate", c_evaluate}, {"forward", c_forward}};
static const RnnModel chars_model = {
    .abi = RNN_ABI,
    .programs = 3,
    .program = chars_programs,
    .step = c_step,
    .json = "{\"name\": \"chars\", \"precision\": \"f32\", \"source\": \"chars.rnn\", \"hash\": \"c1\", "
            "\"param_count\": 640,"
            "\"params\": [{\"name\": \"E\", \"shape\": [12, 16], \"offset\": 0, \"line\": 4, \"init\": {\"kind\": "
            "\"glorot\", \"a\": 0, \"b\": 0}},"
            "{\"name\": \"h.U\", \"shape\": [16, 16], \"offset\": 192, \"line\": 4, \"init\": {\"kind\": "
            "\"orthogonal\", \"a\": 0, \"b\": 0}},"
            "{\"name\": \"V\", \"shape\": [12, 16], \"offset\": 448, \"line\": 5, \"init\": {\"kind\": \"glorot\", "
            "\"a\": 0, \"b\": 0}}],"
            "\"inputs\": [{\"name\": \"x\", \"role\": \"input\", \"type\": \"token\", \"shape\": [12], \"time\": true, "
            "\"line\": 2, \"drawn\": 1, \"lags\": 0, \"leads\": 1}],"
            "\"outputs\": [{\"name\": \"o\", \"shape\": [12], \"time\": true}],"
            "\"draws\": [{\"var\": \"x\", \"offset\": 1, \"dist\": \"categorical\", \"params\": [\"o\"]}],"
            "\"settings\": {\"batch\": \"8\", \"unroll\": \"20\", \"carry\": \"true\", \"optimizer\": \"adam(rate = "
            "0.01)\", \"clip\": \"norm(1.0)\", \"validate\": \"0.1\"},"
            "\"programs\": {\"train\": {" C_BUFFERS C_VARS C_LOSS
            ", \"noise\": [{\"var\": \"m\", \"dist\": \"bernoulli\", \"a\": 0.9, \"b\": 0, \"shared\": false}]},"
            "\"evaluate\": {" C_BUFFERS C_VARS C_LOSS
            ", \"metrics\": [{\"name\": \"accuracy\", \"sum\": \"accuracy.sum\", \"count\": \"x.count\"}]},"
            "\"forward\": {" C_BUFFERS C_VARS "}}"
            ",\"step\": {\"state_bytes\": 72, \"inputs\": [{\"name\": \"x\", \"type\": \"token\", \"count\": 1}], "
            "\"outputs\": [{\"name\": \"o\", \"count\": 12}], \"feedback\": []}}"};

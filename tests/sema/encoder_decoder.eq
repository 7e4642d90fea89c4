model encoder_decoder {
  axis s, t
  input x[s] : token[5]
  target y[t] : token[6]
  param g.Wr : real[4,3] = glorot
  param g.Wz : real[4,3] = glorot
  param g.Wn : real[4,3] = glorot
  param g.Ur : real[4,4] = orthogonal
  param g.Uz : real[4,4] = orthogonal
  param g.Un : real[4,4] = orthogonal
  param g.br : real[4] = zeros
  param g.bz : real[4] = zeros
  param g.bn : real[4] = zeros
  param g.cn : real[4] = zeros
  param g.embedding.E : real[3,5] = uniform(-1, 1)
  param d.Wr : real[4,7] = glorot
  param d.Wz : real[4,7] = glorot
  param d.Wn : real[4,7] = glorot
  param d.Ur : real[4,4] = orthogonal
  param d.Uz : real[4,4] = orthogonal
  param d.Un : real[4,4] = orthogonal
  param d.br : real[4] = zeros
  param d.bz : real[4] = zeros
  param d.bn : real[4] = zeros
  param d.cn : real[4] = zeros
  param d.embedding.E : real[3,6] = uniform(-1, 1)
  param context.Wk : real[5,4] = glorot
  param context.Wq : real[5,4] = glorot
  param context.v : real[5] = uniform(-0.4472135954999579, 0.4472135954999579)
  output y.dense[t] : real[6]
  param y.dense.W : real[6,4] = glorot
  param y.dense.b : real[6] = zeros

  g[s] = (1 - g.z[s]) * g.n[s] + g.z[s] * g[s-1]                # real[4]
  d[t] = (1 - d.z[t]) * d.n[t] + d.z[t] * d[t-1]                # real[4]
  context[t] = sum[s](context.a[t, s] * g[s])                   # real[4]
  g.r[s] = sigmoid(g.Wr @ g.embedding[s] + g.Ur @ g[s-1] + g.br)  # real[4]
  g.z[s] = sigmoid(g.Wz @ g.embedding[s] + g.Uz @ g[s-1] + g.bz)  # real[4]
  g.n[s] = tanh(g.Wn @ g.embedding[s] + g.bn + g.r[s] * (g.Un @ g[s-1] + g.cn))  # real[4]
  g.embedding[s] = g.embedding.E @ x[s]                         # real[3]
  d.r[t] = sigmoid(d.Wr @ d.x[t] + d.Ur @ d[t-1] + d.br)        # real[4]
  d.z[t] = sigmoid(d.Wz @ d.x[t] + d.Uz @ d[t-1] + d.bz)        # real[4]
  d.n[t] = tanh(d.Wn @ d.x[t] + d.bn + d.r[t] * (d.Un @ d[t-1] + d.cn))  # real[4]
  d.embedding[t] = d.embedding.E @ y[t-1]                       # real[3]
  context.k[s] = context.Wk @ g[s]                              # real[5]
  context.q[t] = context.Wq @ context.query[t]                  # real[5]
  context.a[t, s] = context.a.exp[t, s] / context.a.sum[t]      # real
  d[0] = g[S]                                                   # real[4], one a sequence
  y.dense[t] = y.dense.W @ d[t] + y.dense.b                     # real[6]
  d.x[t] = concat(d.embedding[t], context[t])                   # real[7]
  context.query[t] = d[t-1]                                     # real[4]
  context.a.value[t, s] = sum(context.v * tanh(context.q[t] + context.k[s]))  # real
  context.a.max[t] = max[s](context.a.value[t, s])              # real
  context.a.exp[t, s] = exp(context.a.value[t, s] - stop_gradient(context.a.max[t]))  # real
  context.a.sum[t] = sum[s](context.a.exp[t, s])                # real
  y.nll[t] = observed(y[t]) * (logsumexp(y.dense[t]) - pick(y.dense[t], y[t]))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](observed(y[t])))                  # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t] ~ categorical(y.dense[t])                                # loss: y.nll.sum / y.count
}

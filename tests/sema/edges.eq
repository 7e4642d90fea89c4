model edges {
  input x[t] : real[3]
  input first[t] : real
  target y[t] : real[2]
  param W : real[5,5] = orthogonal
  param V : real[5,5] = orthogonal
  param reset : real[5] = ones
  param U : real[5,4] = glorot
  param g0 : real[5] = zeros
  param h.Wr : real[4,3] = glorot
  param h.Wz : real[4,3] = glorot
  param h.Wn : real[4,3] = glorot
  param h.Ur : real[4,4] = orthogonal
  param h.Uz : real[4,4] = orthogonal
  param h.Un : real[4,4] = orthogonal
  param h.br : real[4] = zeros
  param h.bz : real[4] = zeros
  param h.bn : real[4] = zeros
  param h.cn : real[4] = zeros
  param b.W : real[2,3] = glorot
  param b.U : real[2,2] = orthogonal
  param b.b : real[2] = zeros
  output y.dense[t] : real[2]
  param y.dense.W : real[2,11] = glorot
  param y.dense.b : real[2] = zeros
  output y.deviation[t] : real[2]

  h[t] = (1 - h.z[t]) * h.n[t] + h.z[t] * where(h.reset[t], broadcast(0, 4), h[t-1])  # real[4]
  g[t] = tanh(W @ where(g.reset[t], g[0], g[t-1]) +
      V @ where(g.reset.since[t] < 2, where(g.reset.since[t] == 1, g[0], broadcast(0, 5)), g[t-2]) +
      U @ h[t])                                                 # real[5]
  b[t] = tanh(b.W @ x[t] + b.U @ where(b.reset[t], broadcast(0, 2), b[t+1]) + b.b)  # real[2]
  h.r[t] = sigmoid(h.Wr @ x[t] + h.Ur @ where(h.reset[t], broadcast(0, 4), h[t-1]) + h.br)  # real[4]
  h.z[t] = sigmoid(h.Wz @ x[t] + h.Uz @ where(h.reset[t], broadcast(0, 4), h[t-1]) + h.bz)  # real[4]
  h.n[t] = tanh(h.Wn @ x[t] + h.bn + h.r[t] *
      (h.Un @ where(h.reset[t], broadcast(0, 4), h[t-1]) + h.cn))  # real[4]
  g[0] = g0                                                     # real[5], one for all
  y.dense[t] = y.dense.W @ y.dense.x[t] + y.dense.b             # real[2]
  h.reset[t] = first[t]                                         # real
  g.reset[t] = first[t] and not first[t+1]                      # real
  b.reset[t] = first[t+1]                                       # real
  y.dense.x[t] = concat(h[t], g[t], b[t])                       # real[11]
  y.deviation[t] = broadcast(1, 2)                              # real[2]
  y.seen[t] = is_number(y[t])                                   # real[2]
  y.value[t] = where(y.seen[t], y[t], 0.5)                      # real[2]
  y.nll[t] = sum(where(y.seen[t], 0.5 * ((y.value[t] - y.dense[t]) / y.deviation[t] *
      ((y.value[t] - y.dense[t]) / y.deviation[t])) +
      (log(y.deviation[t]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](sum(y.seen[t])))                  # real, one for all
  clip.value = sum(reset * g[T])                                # real, one a sequence
  clip.sum = sum[batch](clip.value)                             # real, one for all
  clip.count = batch                                            # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  g.reset.since[t] = where(g.reset[t], 0, g.reset.since[t-1] + 1)  # real
  g.reset.since[0] = g.reset.since.start                        # real, one for all
  g.reset.since.start = 16777216                                # real, one for all
  y[t] ~ normal(y.dense[t], y.deviation[t])                     # loss: y.nll.sum / y.count
  metric clip = clip.sum / clip.count
}

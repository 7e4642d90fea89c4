model boundaries {
  input x[t] : token[5]
  input x0 : token[5]
  target y[t] : real[2]
  input y0 : real[2]
  param h0 : real[4] = zeros
  param U : real[4,4] = orthogonal
  param W : real[4,5] = glorot
  param V : real[4,2] = orthogonal
  param d.Wi : real[4,5] = glorot
  param d.Wf : real[4,5] = glorot
  param d.Wo : real[4,5] = glorot
  param d.Wg : real[4,5] = glorot
  param d.Ui : real[4,4] = orthogonal
  param d.Uf : real[4,4] = orthogonal
  param d.Uo : real[4,4] = orthogonal
  param d.Ug : real[4,4] = orthogonal
  param d.bi : real[4] = zeros
  param d.bo : real[4] = zeros
  param d.bg : real[4] = zeros
  param d.bf : real[4] = ones
  param b.Wr : real[4,4] = glorot
  param b.Wz : real[4,4] = glorot
  param b.Wn : real[4,4] = glorot
  param b.Ur : real[4,4] = orthogonal
  param b.Uz : real[4,4] = orthogonal
  param b.Un : real[4,4] = orthogonal
  param b.br : real[4] = zeros
  param b.bz : real[4] = zeros
  param b.bn : real[4] = zeros
  param b.cn : real[4] = zeros
  output y.dense[t] : real[2]
  param y.dense.W : real[2,8] = glorot
  param y.dense.b : real[2] = zeros
  output y.deviation[t] : real[2]

  h[t] = tanh(U @ h[t-1] + W @ x[t] + V @ y[t-1])               # real[4]
  d[t] = d.o[t] * tanh(d.c[t])                                  # real[4]
  b[t] = (1 - b.z[t]) * b.n[t] + b.z[t] * b[t+1]                # real[4]
  e[t] = b.z[t] + W @ x[0]                                      # real[4]
  d.i[t] = sigmoid(d.Wi @ x[t-1] + d.Ui @ d[t-1] + d.bi)        # real[4]
  d.f[t] = sigmoid(d.Wf @ x[t-1] + d.Uf @ d[t-1] + d.bf)        # real[4]
  d.o[t] = sigmoid(d.Wo @ x[t-1] + d.Uo @ d[t-1] + d.bo)        # real[4]
  d.g[t] = tanh(d.Wg @ x[t-1] + d.Ug @ d[t-1] + d.bg)           # real[4]
  d.c[t] = d.f[t] * d.c[t-1] + d.i[t] * d.g[t]                  # real[4]
  b.r[t] = sigmoid(b.Wr @ h[t] + b.Ur @ b[t+1] + b.br)          # real[4]
  b.z[t] = sigmoid(b.Wz @ h[t] + b.Uz @ b[t+1] + b.bz)          # real[4]
  b.n[t] = tanh(b.Wn @ h[t] + b.bn + b.r[t] * (b.Un @ b[t+1] + b.cn))  # real[4]
  h[0] = h0                                                     # real[4], one for all
  x[0] = x0                                                     # token[5], one a sequence
  y[0] = y0                                                     # real[2], one a sequence
  d[0] = h[T]                                                   # real[4], one a sequence
  d.c[0] = broadcast(0.1, 4)                                    # real[4], one for all
  b[T+1] = h0                                                   # real[4], one for all
  y.dense[t] = y.dense.W @ y.dense.x[t] + y.dense.b             # real[2]
  y.dense.x[t] = concat(e[t], d.c[t])                           # real[8]
  y.deviation[t] = broadcast(1, 2)                              # real[2]
  y.seen[t] = is_number(y[t])                                   # real[2]
  y.value[t] = where(y.seen[t], y[t], 0.5)                      # real[2]
  y.nll[t] = sum(where(y.seen[t], 0.5 * ((y.value[t] - y.dense[t]) / y.deviation[t] *
      ((y.value[t] - y.dense[t]) / y.deviation[t])) +
      (log(y.deviation[t]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](sum(y.seen[t])))                  # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t] ~ normal(y.dense[t], y.deviation[t])                     # loss: y.nll.sum / y.count
}

model grid {
  axis s, t
  input x[s] : real[3]
  input z[t] : real[3]
  target y[t, s] : real[3]
  param W : real[3,3] = orthogonal
  param V : real[3,3] = orthogonal
  param U : real[3,3] = glorot
  output y.mean[t, s] : real[3]
  output y.deviation[t, s] : real[3]

  h[t, s] = tanh(W @ h[t-1, s] + V @ h[t, s-1] + U @ x[s] + z[t])  # real[3]
  g[t, s] = g[t, s+1] + h[t, s] + g[t-1, S]                     # real[3]
  h[0, s] = x[s]                                                # real[3]
  h[t, 0] = z[t]                                                # real[3]
  g[t, S+1] = h[T, S]                                           # real[3]
  y.mean[t, s] = g[t, s] + h[t-1, s+1]                          # real[3]
  y.deviation[t, s] = broadcast(1, 3)                           # real[3]
  y.seen[t, s] = is_number(y[t, s])                             # real[3]
  y.value[t, s] = where(y.seen[t, s], y[t, s], 0.5)             # real[3]
  y.nll[t, s] = sum(where(y.seen[t, s], 0.5 *
      ((y.value[t, s] - y.mean[t, s]) / y.deviation[t, s] *
      ((y.value[t, s] - y.mean[t, s]) / y.deviation[t, s])) +
      (log(y.deviation[t, s]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  y.nll.each[t] = sum[s](y.nll[t, s])                           # real
  y.nll.sum = sum[batch](sum[t](y.nll.each[t]))                 # real, one for all
  y.count.each[t] = sum[s](sum(y.seen[t, s]))                   # real
  y.count = sum[batch](sum[t](y.count.each[t]))                 # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t, s] ~ normal(y.mean[t, s], y.deviation[t, s])             # loss: y.nll.sum / y.count
}

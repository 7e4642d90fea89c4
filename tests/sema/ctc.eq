model speech {
  axis u, t
  input x[t] : real[3]
  target y[u] : token[4]
  param loss.dense.W : real[4,3] = glorot
  param loss.dense.b : real[4] = zeros

  loss.ctc = -where(loss.ctc.l[T, U] > loss.ctc.e[T],
      loss.ctc.l[T, U] + softplus(loss.ctc.e[T] - loss.ctc.l[T, U]),
      loss.ctc.e[T] + softplus(loss.ctc.l[T, U] - loss.ctc.e[T]))  # real, one a sequence
  loss.ctc.p[t] = loss.dense[t] - logsumexp(loss.dense[t])      # real[4]
  loss.ctc.skip[t] = sum(slice(loss.ctc.p[t], 0, 1))            # real
  loss.ctc.before[t, u] = where(u > 1, loss.ctc.l[t-1, u-1], -1e+30)  # real
  loss.ctc.stay[t, u] = where(loss.ctc.l[t-1, u] > loss.ctc.b[t-1, u],
      loss.ctc.l[t-1, u] + softplus(loss.ctc.b[t-1, u] - loss.ctc.l[t-1, u]),
      loss.ctc.b[t-1, u] + softplus(loss.ctc.l[t-1, u] - loss.ctc.b[t-1, u]))  # real
  loss.ctc.l[t, u] = pick(loss.ctc.p[t], y[u]) +
      where(loss.ctc.stay[t, u] > where(index(y[u]) != index(y[u-1]), loss.ctc.before[t, u],
      -1e+30), loss.ctc.stay[t, u] +
      softplus(where(index(y[u]) != index(y[u-1]), loss.ctc.before[t, u], -1e+30) -
      loss.ctc.stay[t, u]), where(index(y[u]) != index(y[u-1]), loss.ctc.before[t, u], -1e+30) +
      softplus(loss.ctc.stay[t, u] -
      where(index(y[u]) != index(y[u-1]), loss.ctc.before[t, u], -1e+30)))  # real
  loss.ctc.b[t, u] = loss.ctc.skip[t] + where(loss.ctc.b[t-1, u] > loss.ctc.before[t, u],
      loss.ctc.b[t-1, u] + softplus(loss.ctc.before[t, u] - loss.ctc.b[t-1, u]),
      loss.ctc.before[t, u] + softplus(loss.ctc.b[t-1, u] - loss.ctc.before[t, u]))  # real
  loss.ctc.e[t] = loss.ctc.skip[t] + where(loss.ctc.e[t-1] > loss.ctc.l[t-1, U],
      loss.ctc.e[t-1] + softplus(loss.ctc.l[t-1, U] - loss.ctc.e[t-1]),
      loss.ctc.l[t-1, U] + softplus(loss.ctc.e[t-1] - loss.ctc.l[t-1, U]))  # real
  loss.ctc.l[0, u] = -1e+30                                     # real
  loss.ctc.b[0, u] = where(u == 1, 0, -1e+30)                   # real
  loss.ctc.e[0] = -1e+30                                        # real, one for all
  loss.dense[t] = loss.dense.W @ x[t] + loss.dense.b            # real[4]
  loss.value = loss.ctc                                         # real, one a sequence
  loss.total = sum[batch](loss.value)                           # real, one for all
  loss = loss.total / batch                                     # real, one for all
}

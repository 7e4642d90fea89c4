model tokens {
  input x[t] : token[6]
  input q : token[6]
  target y[t] : token[4]
  param E : real[3,6] = glorot
  param v : real[6] = zeros
  output o[t] : real[4]
  param j.E : real[2,6] = uniform(-1.224744871391589, 1.224744871391589)
  param o.W : real[4,5] = glorot
  param o.b : real[4] = zeros

  a[t] = E @ x[t]                                               # real[3]
  b[t] = concat(onehot(x[t]), 1) + concat(onehot(q), 0)         # real[7]
  c[t] = index(x[t]) == index(q)                                # real
  d[t] = index(x[t-1]) == 3                                     # real
  e[t] = pick(v, x[t]) + pick(v, q)                             # real
  f[t] = outer(x[t], a[t])                                      # real[6,3]
  g[t] = (f[t]' @ x[t])'                                        # real[1,3]
  h[t] = where(index(x[t]) != index(x[t-1]), 2 * onehot(x[t]), onehot(x[T]))  # real[6]
  i[t] = index(x[t]) * observed(x[t+1])                         # real
  j[t] = j.E @ x[t-1]                                           # real[2]
  o[t] = o.W @ o.x[t] + o.b                                     # real[4]
  o.x[t] = concat(a[t], j[t])                                   # real[5]
  y.nll[t] = observed(y[t]) * (logsumexp(o[t]) - pick(o[t], y[t]))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](observed(y[t])))                  # real, one for all
  accuracy.sum = sum[t](argmax(o[t]) == index(y[t]))            # real, one a sequence
  accuracy.value = accuracy.sum / T                             # real, one a sequence
  weight.value = sqrt(sum(v * v))                               # real, one for all
  accuracy.sum.2 = sum[batch](accuracy.value)                   # real, one for all
  accuracy.count = batch                                        # real, one for all
  weight.count = 1                                              # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t] ~ categorical(o[t])                                      # loss: y.nll.sum / y.count
  metric accuracy = accuracy.sum.2 / accuracy.count
  metric weight = weight.value / weight.count
}

model losses {
  input x[t] : real[3]
  target y[t] : real[2]
  output o[t] : real[2]
  param h.W : real[4,3] = glorot
  param h.U : real[4,4] = orthogonal
  param h.b : real[4] = zeros
  param o.W : real[2,4] = glorot
  param o.b : real[2] = zeros

  h[t] = tanh(h.W @ x[t] + h.U @ h[t-1] + h.b)                  # real[4]
  o[t] = o.W @ h[t] + o.b                                       # real[2]
  loss.sum = sum[t](sum((o[t] - y[t]) * (o[t] - y[t])) / 2)     # real, one a sequence
  loss.value = loss.sum / T                                     # real, one a sequence
  last.value = sum((o[T] - y[T]) * (o[T] - y[T])) / 2           # real, one a sequence
  last.sum = sum[batch](last.value)                             # real, one for all
  last.count = batch                                            # real, one for all
  loss.total = sum[batch](loss.value)                           # real, one for all
  loss = loss.total / batch                                     # real, one for all
  metric last = last.sum / last.count
}

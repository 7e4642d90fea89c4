model o2h {
  input x[t] : real[8]
  target y[t] : token[10]
  param b : real[32] = zeros
  output o[t] : real[10]
  param W : real[32,10] = orthogonal
  param U : real[32,8] = glorot
  param V : real[10,32] = glorot
  param c : real[10] = zeros

  h[t] = tanh(W @ y[t-1] + U @ x[t] + b)                        # real[32]
  o[t] = V @ h[t] + c                                           # real[10]
  y.nll[t] = observed(y[t]) * (logsumexp(o[t]) - pick(o[t], y[t]))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](observed(y[t])))                  # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t] ~ categorical(o[t])                                      # loss: y.nll.sum / y.count

  train {
    teacher_forcing = linear(1, 0, over = 10 epochs)
  }
}

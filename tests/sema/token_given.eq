model token_given {
  input x[t] : real[3]
  target y[t] : real[3]
  output o[t] : real[3]
  param o.embedding.E : real[3,3] = uniform(-1, 1)
  param o.embedding2.E : real[3,3] = uniform(-1, 1)
  output y.deviation[t] : real[3]

  k[t] = onehot(token(argmax(x[t]), 3))                         # real[3]
  o[t] = x[t] + o.embedding[t] + o.embedding2[t]                # real[3]
  o.embedding[t] = o.embedding.E @ token(argmax(x[t]), 3)       # real[3]
  o.embedding2[t] = o.embedding2.E @ k[t]                       # real[3]
  y.deviation[t] = broadcast(1, 3)                              # real[3]
  y.seen[t] = is_number(y[t])                                   # real[3]
  y.value[t] = where(y.seen[t], y[t], 0.5)                      # real[3]
  y.nll[t] = sum(where(y.seen[t], 0.5 * ((y.value[t] - o[t]) / y.deviation[t] *
      ((y.value[t] - o[t]) / y.deviation[t])) +
      (log(y.deviation[t]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](sum(y.seen[t])))                  # real, one for all
  loss = y.nll.sum / max(y.count, 1)                            # real, one for all
  y[t] ~ normal(o[t], y.deviation[t])                           # loss: y.nll.sum / y.count
}

model draws {
  input x[t] : real[3]
  target y[t] : real[2]
  target w[t] : real[2]
  target b[t] : real
  target who : token[3]
  target age : real
  input k[t] : token[4]
  param S : real[2,5] = glorot
  param h.Wr : real[5,3] = glorot
  param h.Wz : real[5,3] = glorot
  param h.Wn : real[5,3] = glorot
  param h.Ur : real[5,5] = orthogonal
  param h.Uz : real[5,5] = orthogonal
  param h.Un : real[5,5] = orthogonal
  param h.br : real[5] = zeros
  param h.bz : real[5] = zeros
  param h.bn : real[5] = zeros
  param h.cn : real[5] = zeros
  output y.dense[t] : real[2]
  param y.dense.W : real[2,5] = glorot
  param y.dense.b : real[2] = zeros
  output who.dense : real[3]
  param who.dense.W : real[3,5] = glorot
  param who.dense.b : real[3] = zeros
  output k.dense[t] : real[4]
  param k.dense.W : real[4,5] = glorot
  param k.dense.b : real[4] = zeros
  output y.deviation[t] : real[2]
  output w.mean[t] : real[2]
  output w.deviation[t] : real[2]
  output b.logit[t] : real
  output age.mean : real
  output age.deviation : real

  h[t] = (1 - h.z[t]) * h.n[t] + h.z[t] * h[t-1]                # real[5]
  h.r[t] = sigmoid(h.Wr @ x[t] + h.Ur @ h[t-1] + h.br)          # real[5]
  h.z[t] = sigmoid(h.Wz @ x[t] + h.Uz @ h[t-1] + h.bz)          # real[5]
  h.n[t] = tanh(h.Wn @ x[t] + h.bn + h.r[t] * (h.Un @ h[t-1] + h.cn))  # real[5]
  y.dense[t] = y.dense.W @ h[t] + y.dense.b                     # real[2]
  who.dense = who.dense.W @ who.dense.x + who.dense.b           # real[3], one a sequence
  k.dense[t] = k.dense.W @ h[t] + k.dense.b                     # real[4]
  y.deviation[t] = broadcast(0.5, 2)                            # real[2]
  y.seen[t] = is_number(y[t])                                   # real[2]
  y.value[t] = where(y.seen[t], y[t], 0.5)                      # real[2]
  y.nll[t] = sum(where(y.seen[t], 0.5 * ((y.value[t] - y.dense[t]) / y.deviation[t] *
      ((y.value[t] - y.dense[t]) / y.deviation[t])) +
      (log(y.deviation[t]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  y.nll.sum = sum[batch](sum[t](y.nll[t]))                      # real, one for all
  y.count = sum[batch](sum[t](sum(y.seen[t])))                  # real, one for all
  w.mean[t] = broadcast(sum(h[t]), 2)                           # real[2]
  w.deviation[t] = softplus(S @ h[t])                           # real[2]
  w.seen[t] = is_number(w[t])                                   # real[2]
  w.value[t] = where(w.seen[t], w[t], 0.5)                      # real[2]
  w.nll[t] = sum(where(w.seen[t], 0.5 * ((w.value[t] - w.mean[t]) / w.deviation[t] *
      ((w.value[t] - w.mean[t]) / w.deviation[t])) +
      (log(w.deviation[t]) + 0.5 * log(2 * 3.141592653589793)), 0))  # real
  w.nll.sum = sum[batch](sum[t](w.nll[t]))                      # real, one for all
  w.count = sum[batch](sum[t](sum(w.seen[t])))                  # real, one for all
  b.logit[t] = sum(h[t])                                        # real
  b.seen[t] = observed(b[t+1]) and is_number(b[t+1])            # real
  b.value[t] = where(b.seen[t], b[t+1], 0.5)                    # real
  b.nll[t] = where(b.seen[t], softplus(b.logit[t]) - b.value[t] * b.logit[t], 0)  # real
  b.nll.sum = sum[batch](sum[t](b.nll[t]))                      # real, one for all
  b.count = sum[batch](sum[t](b.seen[t]))                       # real, one for all
  who.dense.x = h[T]                                            # real[5], one a sequence
  who.nll = observed(who) * (logsumexp(who.dense) - pick(who.dense, who))  # real, one a sequence
  who.nll.sum = sum[batch](who.nll)                             # real, one for all
  who.count = sum[batch](observed(who))                         # real, one for all
  age.mean = sum(h[T])                                          # real, one a sequence
  age.deviation = 1                                             # real, one for all
  age.seen = is_number(age)                                     # real, one a sequence
  age.value = where(age.seen, age, 0.5)                         # real, one a sequence
  age.nll = where(age.seen, 0.5 * ((age.value - age.mean) / age.deviation *
      ((age.value - age.mean) / age.deviation)) +
      (log(age.deviation) + 0.5 * log(2 * 3.141592653589793)), 0)  # real, one a sequence
  age.nll.sum = sum[batch](age.nll)                             # real, one for all
  age.count = sum[batch](age.seen)                              # real, one for all
  k.nll[t] = observed(k[t+2]) * (logsumexp(k.dense[t]) - pick(k.dense[t], k[t+2]))  # real
  k.nll.sum = sum[batch](sum[t](k.nll[t]))                      # real, one for all
  k.count = sum[batch](sum[t](observed(k[t+2])))                # real, one for all
  loss.value = 0.001 * sum(S * S)                               # real, one for all
  loss.explicit = loss.value                                    # real, one for all
  loss = loss.explicit + y.nll.sum / max(y.count, 1) + w.nll.sum / max(w.count, 1) +
      b.nll.sum / max(b.count, 1) + who.nll.sum / max(who.count, 1) +
      age.nll.sum / max(age.count, 1) + k.nll.sum / max(k.count, 1)  # real, one for all
  y[t] ~ normal(y.dense[t], y.deviation[t])                     # loss: y.nll.sum / y.count
  w[t] ~ normal(w.mean[t], w.deviation[t])                      # loss: w.nll.sum / w.count
  b[t+1] ~ bernoulli(b.logit[t])                                # loss: b.nll.sum / b.count
  who ~ categorical(who.dense)                                  # loss: who.nll.sum / who.count
  age ~ normal(age.mean, age.deviation)                         # loss: age.nll.sum / age.count
  k[t+2] ~ categorical(k.dense[t])                              # loss: k.nll.sum / k.count
}

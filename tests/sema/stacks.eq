model stacks {
  input x[t] : token[5]
  param b : real[5] = zeros
  param e.E : real[2,5] = uniform(-1.224744871391589, 1.224744871391589)
  param h.0.W : real[3,2] = glorot
  param h.0.U : real[3,3] = orthogonal
  param h.0.b : real[3] = zeros
  param h.1.W : real[4,3] = glorot
  param h.1.U : real[4,4] = orthogonal
  param h.1.b : real[4] = zeros
  param h.2.elman.W : real[4,4] = glorot
  param h.2.elman.U : real[4,4] = orthogonal
  param h.2.elman.b : real[4] = zeros
  param h.3.W : real[2,4] = glorot
  param h.3.b : real[2] = zeros
  output x.logits[t] : real[5]

  e[t] = e.E @ x[t]                                             # real[2]
  h[t] = h.3.W @ h.2[t] + h.3.b                                 # real[2]
  h.0[t] = tanh(h.0.W @ e[t] + h.0.U @ h.0[t-1] + h.0.b)        # real[3]
  h.1[t] = tanh(h.1.W @ h.0[t] + h.1.U @ h.1[t+1] + h.1.b)      # real[4]
  h.2[t] = h.1[t] + h.2.elman[t]                                # real[4]
  h.2.elman[t] = tanh(h.2.elman.W @ h.1[t] + h.2.elman.U @ h.2.elman[t-1] + h.2.elman.b)  # real[4]
  x.logits[t] = e.E' @ h[t] + b                                 # real[5]
  x.nll[t] = observed(x[t+1]) * (logsumexp(x.logits[t]) - pick(x.logits[t], x[t+1]))  # real
  x.nll.sum = sum[batch](sum[t](x.nll[t]))                      # real, one for all
  x.count = sum[batch](sum[t](observed(x[t+1])))                # real, one for all
  loss = x.nll.sum / max(x.count, 1)                            # real, one for all
  x[t+1] ~ categorical(x.logits[t])                             # loss: x.nll.sum / x.count
}

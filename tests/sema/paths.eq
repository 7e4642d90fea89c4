model paths {
  input x[t] : token[7]
  output o[t] : real[7]
  param e.E : real[3,7] = uniform(-1, 1)
  param h.Wi : real[3,3] = glorot
  param h.Wf : real[3,3] = glorot
  param h.Wo : real[3,3] = glorot
  param h.Wg : real[3,3] = glorot
  param h.Ui : real[3,3] = orthogonal
  param h.Uf : real[3,3] = orthogonal
  param h.Uo : real[3,3] = orthogonal
  param h.Ug : real[3,3] = orthogonal
  param h.bi : real[3] = zeros
  param h.bo : real[3] = zeros
  param h.bg : real[3] = zeros
  param h.bf : real[3] = ones
  param p.dense.W : real[3,3] = glorot
  param p.dense.b : real[3] = zeros

  e[t] = e.E @ x[t]                                             # real[3]
  h[t] = h.o[t] * tanh(h.c[t])                                  # real[3]
  g[t] = h.f[t] * h.c[t-1] + h[t]                               # real[3]
  o[t] = e.E' @ h[t]                                            # real[7]
  p[t] = relu(p.dense[t])                                       # real[3]
  q[t] = p.dense[t] + p.dense.b                                 # real[3]
  h.i[t] = sigmoid(h.Wi @ e[t] + h.Ui @ h[t-1] + h.bi)          # real[3]
  h.f[t] = sigmoid(h.Wf @ e[t] + h.Uf @ h[t-1] + h.bf)          # real[3]
  h.o[t] = sigmoid(h.Wo @ e[t] + h.Uo @ h[t-1] + h.bo)          # real[3]
  h.g[t] = tanh(h.Wg @ e[t] + h.Ug @ h[t-1] + h.bg)             # real[3]
  h.c[t] = h.f[t] * h.c[t-1] + h.i[t] * h.g[t]                  # real[3]
  p.dense[t] = p.dense.W @ g[t] + p.dense.b                     # real[3]
  h.c[0] = broadcast(1, 3)                                      # real[3], one for all
  x.nll[t] = observed(x[t+1]) * (logsumexp(o[t]) - pick(o[t], x[t+1]))  # real
  x.nll.sum = sum[batch](sum[t](x.nll[t]))                      # real, one for all
  x.count = sum[batch](sum[t](observed(x[t+1])))                # real, one for all
  loss = x.nll.sum / max(x.count, 1)                            # real, one for all
  x[t+1] ~ categorical(o[t])                                    # loss: x.nll.sum / x.count
}

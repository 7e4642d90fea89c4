model noisy {
  input x[t] : real[3]
  noise same : real[3] ~ bernoulli(0.8)
  noise e[t] : real[3] ~ normal(0, 0.1)
  param M : real[2,3] = glorot
  param S : real[2,3] = glorot
  param V : real[3,2] = glorot
  output h[t] : real[3]
  noise h.dropout.m[t] : real[3] ~ bernoulli(0.5)
  noise z.eps[t] : real[2] ~ normal(0, 1)

  z[t] = M @ x[t] + exp(S @ x[t]) * z.eps[t]                    # real[2]
  h[t] = tanh(h.dropout[t] + V @ z[t])                          # real[3]
  h.dropout[t] = h.dropout.m[t] * h.dropout.x[t] / (1 - 0.5)    # real[3]
  h.dropout.x[t] = same * (x[t] + e[t])                         # real[3]
}

model shared {
  input x[t] : real[3]
  noise model a : real[3] ~ bernoulli(0.5)
  noise model b : real[3] ~ normal(0, 1)
  output y[t] : real[4]
  param mu : real[4] = zeros
  param s : real[4] = zeros
  noise model enc.M : real[4,4] ~ bernoulli(0.5)
  param enc.m : real[4] = zeros
  param enc.W : real[4,3] = glorot
  param enc.U : real[4,4] = glorot
  param y.elman.W : real[4,3] = glorot
  param y.elman.U : real[4,4] = orthogonal
  param y.elman.b : real[4] = zeros
  noise model z.eps : real[4] ~ normal(0, 1)
  noise model enc.e.eps : real[4] ~ normal(0, 1)

  z = mu + exp(s) * z.eps                                       # real[4], one for all
  f[t] = tanh(enc.W @ f.x[t] + (enc.M * enc.U / (1 - 0.5)) @ f[t-1] + enc.e)  # real[4]
  g[t] = tanh(enc.W @ g.x[t] + (enc.M * enc.U / (1 - 0.5)) @ g[t-1] + enc.e)  # real[4]
  y[t] = z + f[t] * g[t] + y.elman[t]                           # real[4]
  enc.e = enc.m + 0.1 * enc.e.eps                               # real[4], one for all
  y.elman[t] = tanh(y.elman.W @ x[t] + y.elman.U @ y.elman[t-1] + y.elman.b)  # real[4]
  f.x[t] = a * x[t]                                             # real[3]
  g.x[t] = b * x[t]                                             # real[3]
}

model untimed {
  input z : real[3]
  input x[t] : real[3]
  output c[t] : real[2]
  output e[t] : real[3]
  output pooled : real[2]
  output g[t] : real[3]
  param f.Wr : real[2,3] = glorot
  param f.Wz : real[2,3] = glorot
  param f.Wn : real[2,3] = glorot
  param f.Ur : real[2,2] = orthogonal
  param f.Uz : real[2,2] = orthogonal
  param f.Un : real[2,2] = orthogonal
  param f.br : real[2] = zeros
  param f.bz : real[2] = zeros
  param f.bn : real[2] = zeros
  param f.cn : real[2] = zeros
  param a.W : real[4,5] = glorot
  param a.b : real[4] = zeros
  param b.Wi : real[4,4] = glorot
  param b.Wf : real[4,4] = glorot
  param b.Wo : real[4,4] = glorot
  param b.Wg : real[4,4] = glorot
  param b.Ui : real[4,4] = orthogonal
  param b.Uf : real[4,4] = orthogonal
  param b.Uo : real[4,4] = orthogonal
  param b.Ug : real[4,4] = orthogonal
  param b.bi : real[4] = zeros
  param b.bo : real[4] = zeros
  param b.bg : real[4] = zeros
  param b.bf : real[4] = ones
  param c.W : real[2,3] = glorot
  param c.b : real[2] = zeros
  param d.gain : real[4] = ones
  param d.bias : real[4] = zeros
  param d.dense.W : real[4,4] = glorot
  param d.dense.b : real[4] = zeros
  param e.layer_norm.gain : real[3] = ones
  param e.layer_norm.bias : real[3] = zeros
  param e.elman.W : real[2,4] = glorot
  param e.elman.U : real[2,2] = orthogonal
  param e.elman.b : real[2] = zeros
  param pooled.W : real[2,3] = glorot
  param g.W : real[3,3] = glorot
  param g.V : real[3,3] = glorot

  f[t] = (1 - f.z[t]) * f.n[t] + f.z[t] * f[t-1]                # real[2]
  a = a.W @ a.x + a.b                                           # real[4], one a sequence
  b[t] = b.o[t] * tanh(b.c[t])                                  # real[4]
  c[t] = c.W @ z + c.b                                          # real[2]
  d = d.gain * d.d / sqrt(sum(d.d * d.d) / 4 + 1e-05) + d.bias  # real[4], one a sequence
  e[t] = e.layer_norm[t] + sum(e.elman[t])                      # real[3]
  pooled = pooled.W @ (pooled.sum / T)                          # real[2], one a sequence
  g[t] = tanh(g.W @ x[t] + g.V @ z)                             # real[3]
  f.r[t] = sigmoid(f.Wr @ x[t] + f.Ur @ f[t-1] + f.br)          # real[2]
  f.z[t] = sigmoid(f.Wz @ x[t] + f.Uz @ f[t-1] + f.bz)          # real[2]
  f.n[t] = tanh(f.Wn @ x[t] + f.bn + f.r[t] * (f.Un @ f[t-1] + f.cn))  # real[2]
  b.i[t] = sigmoid(b.Wi @ a + b.Ui @ b[t-1] + b.bi)             # real[4]
  b.f[t] = sigmoid(b.Wf @ a + b.Uf @ b[t-1] + b.bf)             # real[4]
  b.o[t] = sigmoid(b.Wo @ a + b.Uo @ b[t-1] + b.bo)             # real[4]
  b.g[t] = tanh(b.Wg @ a + b.Ug @ b[t-1] + b.bg)                # real[4]
  b.c[t] = b.f[t] * b.c[t-1] + b.i[t] * b.g[t]                  # real[4]
  d.d = d.x - sum(d.x) / 4                                      # real[4], one a sequence
  d.dense = d.dense.W @ a + d.dense.b                           # real[4], one a sequence
  e.layer_norm[t] = e.layer_norm.gain * e.layer_norm.d[t] /
      sqrt(sum(e.layer_norm.d[t] * e.layer_norm.d[t]) / 3 + 1e-05) + e.layer_norm.bias  # real[3]
  e.layer_norm.d[t] = x[t] - sum(x[t]) / 3                      # real[3]
  e.elman[t] = tanh(e.elman.W @ d + e.elman.U @ e.elman[t-1] + e.elman.b)  # real[2]
  a.x = concat(f[T], z)                                         # real[5], one a sequence
  d.x = relu(d.dense)                                           # real[4], one a sequence
  pooled.sum = sum[t](x[t])                                     # real[3], one a sequence
}

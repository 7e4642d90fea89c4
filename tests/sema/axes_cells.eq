model m {
  axis s, t
  input x[s] : real[3]
  input z[t] : real[3]
  input q : real[3]
  output e[s] : real
  output f[t] : real[3]
  output g[s] : real[3]
  output h[t, s] : real[2]
  param enc.Wr : real[3,3] = glorot
  param enc.Wz : real[3,3] = glorot
  param enc.Wn : real[3,3] = glorot
  param enc.Ur : real[3,3] = orthogonal
  param enc.Uz : real[3,3] = orthogonal
  param enc.Un : real[3,3] = orthogonal
  param enc.br : real[3] = zeros
  param enc.bz : real[3] = zeros
  param enc.bn : real[3] = zeros
  param enc.cn : real[3] = zeros
  param c.W : real[4,3] = glorot
  param c.V : real[4,4] = orthogonal
  param c.U : real[4,3] = orthogonal
  param h.y.W : real[2,2] = glorot
  param h.y.b : real[2] = zeros
  param h.dense.W : real[2,4] = glorot
  param h.dense.b : real[2] = zeros
  param i.Wi : real[3,3] = glorot
  param i.Wf : real[3,3] = glorot
  param i.Wo : real[3,3] = glorot
  param i.Wg : real[3,3] = glorot
  param i.Ui : real[3,3] = orthogonal
  param i.Uf : real[3,3] = orthogonal
  param i.Uo : real[3,3] = orthogonal
  param i.Ug : real[3,3] = orthogonal
  param i.bi : real[3] = zeros
  param i.bo : real[3] = zeros
  param i.bg : real[3] = zeros
  param i.bf : real[3] = ones
  param k.Wi : real[3,3] = glorot
  param k.Wf : real[3,3] = glorot
  param k.Wo : real[3,3] = glorot
  param k.Wg : real[3,3] = glorot
  param k.Ui : real[3,3] = orthogonal
  param k.Uf : real[3,3] = orthogonal
  param k.Uo : real[3,3] = orthogonal
  param k.Ug : real[3,3] = orthogonal
  param k.bi : real[3] = zeros
  param k.bo : real[3] = zeros
  param k.bg : real[3] = zeros
  param k.bf : real[3] = ones

  a[s] = (1 - a.z[s]) * a.n[s] + a.z[s] * a[s-1]                # real[3]
  b[t] = (1 - b.z[t]) * b.n[t] + b.z[t] * b[t+1]                # real[3]
  c[t, s] = tanh(c.W @ x[s] + c.V @ c[t+1, s] + c.U @ z[t-1])   # real[4]
  d[t, s] = a.z[s-1] * b.r[t+1] + enc.Wr @ z[t]                 # real[3]
  e[s] = e.a * s + e[s-1]                                       # real
  f[t] = f.clock[t] * z[t]                                      # real[3]
  g[s] = x[s] - g.sum / S                                       # real[3]
  h[t, s] = h.y.W @ h.dense[t, s] + h.y.b                       # real[2]
  i[t] = i.o[t] * tanh(i.c[t])                                  # real[3]
  k[t] = k.o[t] * tanh(k.c[t])                                  # real[3]
  a.r[s] = sigmoid(enc.Wr @ x[s] + enc.Ur @ a[s-1] + enc.br)    # real[3]
  a.z[s] = sigmoid(enc.Wz @ x[s] + enc.Uz @ a[s-1] + enc.bz)    # real[3]
  a.n[s] = tanh(enc.Wn @ x[s] + enc.bn + a.r[s] * (enc.Un @ a[s-1] + enc.cn))  # real[3]
  b.r[t] = sigmoid(enc.Wr @ z[t] + enc.Ur @ b[t+1] + enc.br)    # real[3]
  b.z[t] = sigmoid(enc.Wz @ z[t] + enc.Uz @ b[t+1] + enc.bz)    # real[3]
  b.n[t] = tanh(enc.Wn @ z[t] + enc.bn + b.r[t] * (enc.Un @ b[t+1] + enc.cn))  # real[3]
  f.clock[t] = f.clock.a * t + f.clock[t-1]                     # real
  h.dense[t, s] = h.dense.W @ c[t, s] + h.dense.b               # real[2]
  i.i[t] = sigmoid(i.Wi @ i.sum[t] + i.Ui @ i[t-1] + i.bi)      # real[3]
  i.f[t] = sigmoid(i.Wf @ i.sum[t] + i.Uf @ i[t-1] + i.bf)      # real[3]
  i.o[t] = sigmoid(i.Wo @ i.sum[t] + i.Uo @ i[t-1] + i.bo)      # real[3]
  i.g[t] = tanh(i.Wg @ i.sum[t] + i.Ug @ i[t-1] + i.bg)         # real[3]
  i.c[t] = i.f[t] * i.c[t-1] + i.i[t] * i.g[t]                  # real[3]
  k.i[t] = sigmoid(k.Wi @ q + k.Ui @ k[t-1] + k.bi)             # real[3]
  k.f[t] = sigmoid(k.Wf @ q + k.Uf @ k[t-1] + k.bf)             # real[3]
  k.o[t] = sigmoid(k.Wo @ q + k.Uo @ k[t-1] + k.bo)             # real[3]
  k.g[t] = tanh(k.Wg @ q + k.Ug @ k[t-1] + k.bg)                # real[3]
  k.c[t] = k.f[t] * k.c[t-1] + k.i[t] * k.g[t]                  # real[3]
  b.r[T+1] = broadcast(0, 3)                                    # real[3], one for all
  i.c[0] = a[S]                                                 # real[3], one a sequence
  e.a = 2                                                       # real, one for all
  f.clock.a = 2                                                 # real, one for all
  g.sum = sum[s](x[s])                                          # real[3], one a sequence
  i.sum[t] = sum[s](d[t, s])                                    # real[3]
}

model import_ {
  input x[t] : real[5]
  output g[t] : real[2]
  param h.deeper.W : real[4,5] = he
  param g.lstm.Wi : real[2,4] = glorot
  param g.lstm.Wf : real[2,4] = glorot
  param g.lstm.Wo : real[2,4] = glorot
  param g.lstm.Wg : real[2,4] = glorot
  param g.lstm.Ui : real[2,2] = orthogonal
  param g.lstm.Uf : real[2,2] = orthogonal
  param g.lstm.Uo : real[2,2] = orthogonal
  param g.lstm.Ug : real[2,2] = orthogonal
  param g.lstm.bi : real[2] = zeros
  param g.lstm.bo : real[2] = zeros
  param g.lstm.bg : real[2] = zeros
  param g.lstm.bf : real[2] = ones

  h[t] = 0.9 * h[t-1] + (1 - 0.9) * h.deeper[t]                 # real[4]
  g[t] = 2 * g.lstm[t]                                          # real[2]
  h.deeper[t] = relu(h.deeper.W @ x[t])                         # real[4]
  g.lstm[t] = g.lstm.o[t] * tanh(g.lstm.c[t])                   # real[2]
  g.lstm.i[t] = sigmoid(g.lstm.Wi @ h[t] + g.lstm.Ui @ g.lstm[t-1] + g.lstm.bi)  # real[2]
  g.lstm.f[t] = sigmoid(g.lstm.Wf @ h[t] + g.lstm.Uf @ g.lstm[t-1] + g.lstm.bf)  # real[2]
  g.lstm.o[t] = sigmoid(g.lstm.Wo @ h[t] + g.lstm.Uo @ g.lstm[t-1] + g.lstm.bo)  # real[2]
  g.lstm.g[t] = tanh(g.lstm.Wg @ h[t] + g.lstm.Ug @ g.lstm[t-1] + g.lstm.bg)  # real[2]
  g.lstm.c[t] = g.lstm.f[t] * g.lstm.c[t-1] + g.lstm.i[t] * g.lstm.g[t]  # real[2]
}

model coupled {
  input x[t] : real[2]
  param a.Wi : real[3,5] = glorot
  param a.Wf : real[3,5] = glorot
  param a.Wo : real[3,5] = glorot
  param a.Wg : real[3,5] = glorot
  param a.Ui : real[3,3] = orthogonal
  param a.Uf : real[3,3] = orthogonal
  param a.Uo : real[3,3] = orthogonal
  param a.Ug : real[3,3] = orthogonal
  param a.bi : real[3] = zeros
  param a.bo : real[3] = zeros
  param a.bg : real[3] = zeros
  param a.bf : real[3] = ones
  param b.Wi : real[3,5] = glorot
  param b.Wf : real[3,5] = glorot
  param b.Wo : real[3,5] = glorot
  param b.Wg : real[3,5] = glorot
  param b.Ui : real[3,3] = orthogonal
  param b.Uf : real[3,3] = orthogonal
  param b.Uo : real[3,3] = orthogonal
  param b.Ug : real[3,3] = orthogonal
  param b.bi : real[3] = zeros
  param b.bo : real[3] = zeros
  param b.bg : real[3] = zeros
  param b.bf : real[3] = ones

  a[t] = a.o[t] * tanh(a.c[t])                                  # real[3]
  b[t] = b.o[t] * tanh(b.c[t])                                  # real[3]
  a.i[t] = sigmoid(a.Wi @ a.x[t] + a.Ui @ a[t-1] + a.bi)        # real[3]
  a.f[t] = sigmoid(a.Wf @ a.x[t] + a.Uf @ a[t-1] + a.bf)        # real[3]
  a.o[t] = sigmoid(a.Wo @ a.x[t] + a.Uo @ a[t-1] + a.bo)        # real[3]
  a.g[t] = tanh(a.Wg @ a.x[t] + a.Ug @ a[t-1] + a.bg)           # real[3]
  a.c[t] = a.f[t] * a.c[t-1] + a.i[t] * a.g[t]                  # real[3]
  b.i[t] = sigmoid(b.Wi @ b.x[t] + b.Ui @ b[t-1] + b.bi)        # real[3]
  b.f[t] = sigmoid(b.Wf @ b.x[t] + b.Uf @ b[t-1] + b.bf)        # real[3]
  b.o[t] = sigmoid(b.Wo @ b.x[t] + b.Uo @ b[t-1] + b.bo)        # real[3]
  b.g[t] = tanh(b.Wg @ b.x[t] + b.Ug @ b[t-1] + b.bg)           # real[3]
  b.c[t] = b.f[t] * b.c[t-1] + b.i[t] * b.g[t]                  # real[3]
  a.x[t] = concat(x[t], b.c[t-1])                               # real[5]
  b.x[t] = concat(x[t], a.c[t-1])                               # real[5]
}

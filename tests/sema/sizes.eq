model sizes {
  input x[t] : real[8]
  param A : real[6,8] = glorot
  output a[t] : real[5]
  output b[t] : real[5]
  output c[t] : real[5]
  output e[t] : real
  param a.W1 : real[19,8] = glorot
  param a.W2 : real[5,19] = glorot
  param a.b1 : real[19] = zeros
  param b.W1 : real[29,8] = glorot
  param b.W2 : real[5,29] = glorot
  param b.b1 : real[29] = zeros
  param c.W1 : real[10,8] = glorot
  param c.W2 : real[5,10] = glorot
  param c.b1 : real[10] = zeros
  param d.P : real[4,6] = glorot

  a[t] = a.W2 @ a.h[t]                                          # real[5]
  b[t] = b.W2 @ b.h[t]                                          # real[5]
  c[t] = c.W2 @ c.h[t]                                          # real[5]
  d[t] = d.P @ d.x[t] + broadcast(0, 4)                         # real[4]
  e[t] = 8 / (2 * 48) * sum(d[t]) + 8                           # real
  a.h[t] = relu(a.W1 @ x[t] + a.b1)                             # real[19]
  b.h[t] = relu(b.W1 @ x[t] + b.b1)                             # real[29]
  c.h[t] = relu(c.W1 @ x[t] + c.b1)                             # real[10]
  d.x[t] = A @ x[t]                                             # real[6]
}

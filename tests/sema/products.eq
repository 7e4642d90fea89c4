model products {
  input x[t] : real[3]
  input y[t] : real[4]
  param W : real[3,4] = glorot
  output a[t] : real[4]
  output b[t] : real
  output c[t] : real
  output d[t] : real[3,4]
  output e[t] : real[1,4]
  output f[t] : real[3]
  output g[t] : real[4]
  output h[t] : real[4]
  output i[t] : real[3]
  output j[t] : real[4]

  a[t] = W' @ x[t]                                              # real[4]
  b[t] = sum((W' @ x[t]) * y[t])                                # real
  c[t] = sum(x[t] * x[t])                                       # real
  d[t] = outer(x[t], y[t])                                      # real[3,4]
  e[t] = (W' @ x[t])'                                           # real[1,4]
  f[t] = W @ W' @ x[t]                                          # real[3]
  g[t] = W' @ x[t]                                              # real[4]
  h[t] = W' @ x[t]                                              # real[4]
  C[t] = 0.9 * C[t-1] + outer(x[t], y[t])                       # real[3,4]
  i[t] = C[t] @ y[t] + diag(x[t]) @ x[t]                        # real[3]
  j[t] = slice(W, 1, 2)' @ broadcast(1, 2) + sum(W) * broadcast(1, 4)  # real[4]
}

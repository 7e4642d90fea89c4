model turned {
  input x[t] : real[3]
  output a[t] : real[3]
  output b[t] : real[3]
  output c[t] : real[3]
  output m[t] : real[3]
  param a.W : real[3,3] = orthogonal
  param a.V : real[3,3] = orthogonal
  param a.U : real[3,3] = orthogonal
  param b.W : real[3,3] = orthogonal
  param b.V : real[3,3] = orthogonal
  param b.U : real[3,3] = orthogonal
  param c.y.W : real[3,3] = orthogonal
  param c.y.V : real[3,3] = orthogonal
  param c.y.U : real[3,3] = orthogonal
  param m.W : real[3,3] = orthogonal
  param m.V : real[3,3] = orthogonal
  param m.U : real[3,3] = orthogonal

  a[t] = tanh(a.W @ x[t-1] + a.V @ x[t+2] + a.U @ a[t-1]) * t + a[0] + x[1] + x[T] + x[T-1] +
      a.k[T+1]                                                  # real[3]
  b[t] = tanh(b.W @ x[t+1] + b.V @ x[t-2] + b.U @ b[t+1]) * (T + 1 - t) + b[T+1] + x[T] + x[1] +
      x[2] + b.k[0]                                             # real[3]
  c[t] = tanh(c.y.W @ x[t-1] + c.y.V @ x[t+2] + c.y.U @ c[t-1]) * t + c[0] + x[1] + x[T] + x[T-1] +
      c.y.k[T+1]                                                # real[3]
  m[t] = tanh(m.W @ m.x[t+1] + m.V @ m.x[t-2] + m.U @ m[t+1]) * (T + 1 - t) + m[T+1] + m.x[T] +
      m.x[1] + m.x[2] + m.k[0]                                  # real[3]
  a.k[t] = a.V @ x[t]                                           # real[3]
  a[0] = broadcast(0.5, 3)                                      # real[3], one for all
  a.k[T+1] = broadcast(0.25, 3)                                 # real[3], one for all
  b.k[t] = b.V @ x[t]                                           # real[3]
  b[T+1] = broadcast(0.5, 3)                                    # real[3], one for all
  b.k[0] = broadcast(0.25, 3)                                   # real[3], one for all
  c.y.k[t] = c.y.V @ x[t]                                       # real[3]
  c[0] = broadcast(0.5, 3)                                      # real[3], one for all
  c.y.k[T+1] = broadcast(0.25, 3)                               # real[3], one for all
  m.k[t] = m.V @ m.x[t]                                         # real[3]
  m[T+1] = broadcast(0.5, 3)                                    # real[3], one for all
  m.k[0] = broadcast(0.25, 3)                                   # real[3], one for all
  m.x[t] = 2 * x[t-1]                                           # real[3]
}

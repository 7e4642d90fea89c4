model delays {
  input x[t] : real[3]
  input s : real[2]
  param A : real[3,3] = orthogonal
  param B : real[3,3] = orthogonal
  param C : real[3,3] = orthogonal
  output b[t] : real[3]
  output f : real[15]
  output g[t] : real[3]
  param D : real[3,2] = glorot

  a[t] = tanh(A @ a[t-2] + B @ x[t-1] + C @ a[t-7])             # real[3]
  b[t] = b[t+2] + x[t]                                          # real[3]
  f = concat(a[T], a[1], a[T-2], a[3], x[T-1])                  # real[15], one a sequence
  g[t] = a[0] + a[-1] + broadcast(0, 3) + broadcast(0, 3)       # real[3]
  a[0] = D @ s                                                  # real[3], one a sequence
  a[-1] = broadcast(1, 3)                                       # real[3], one for all
}

model m {
  input x[t] : real[3]
  param W : real[2,3] = glorot
  output y[t] : real[3]

  y[t] = 2 * x[t]                                               # real[3]
}

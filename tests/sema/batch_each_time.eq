model m {
  input x[t] : real[3]
  output s[t] : real[3]

  s[t] = x[t] - s.sum[t] / live[t]                              # real[3]
  s.sum[t] = sum[batch](x[t])                                   # real[3], one for all
}

model m {
  input x[t] : real[3]
  output s[t] : real[3]
  param s.mean.running : real[100,3] = zeros
  param s.mean.updates : real[100] = zeros

  s[t] = x[t] - s.mean[t]                                       # real[3]
  s.mean[t] = sum[batch](x[t]) / live[t]                        # real[3], one for all
}

model defs {
  input x[t] : real[4]
  output c[t] : real
  output d[t] : real[2]
  output e[t] : real[4]
  output f[t] : real[4]
  output g[t] : real

  a[t] = sigmoid(0.5 * x[t]) * tanh(x[t])                       # real[4]
  b[t] = sigmoid(2 * x[t]) * x[t-1]                             # real[4]
  c[t] = exp(-(sqrt(sum((a[t] - b[t]) * (a[t] - b[t]))) * sqrt(sum((a[t] - b[t]) * (a[t] - b[t])))))  # real
  d[t] = slice(x[t], 0, 2)                                      # real[2]
  e[t] = x[t] - e.sum / T                                       # real[4]
  f.part1[t] = min(max(x[t], -2), 2)                            # real[4]
  f.part2[t] = f.part1[t] * tanh(softplus(f.part1[t]))          # real[4]
  f.part3[t] = f.part2[t] / (1 + abs(f.part2[t]))               # real[4]
  f.part4[t] = min(max(min(max(f.part3[t] * min(max(f.part3[t] / 6 + 0.5, 0), 1), -1), 1) / 6 + 0.5,
      0), 1)                                                    # real[4]
  f.part5[t] = where(f.part4[t] > 0, f.part4[t], 0.01 * f.part4[t])  # real[4]
  f.part6[t] = where(f.part5[t] > 0, f.part5[t], 1 * expm1(min(f.part5[t], 0)))  # real[4]
  f.part7[t] = 0.5 * f.part6[t] * (1 + tanh(sqrt(2 / 3.141592653589793) *
      (f.part6[t] + 0.044715 * f.part6[t] ^ 3)))                # real[4]
  f.part8[t] = 0.5 * f.part7[t] * (1 + erf(f.part7[t] / sqrt(2)))  # real[4]
  f[t] = f.part8[t] * sigmoid(f.part8[t])                       # real[4]
  g[t] = sum(x[t]) / 4 + sqrt(sum(x[t] * x[t])) + sum(x[t] * a[t]) +
      sum((x[t] - a[t]) * (x[t] - a[t])) / 4 +
      sum(x[t] * a[t]) / (sqrt(sum(x[t] * x[t])) * sqrt(sum(a[t] * a[t]))) +
      sum(x[t] - logsumexp(x[t])) + sum((x[t] - sum(x[t]) / 4) * (x[t] - sum(x[t]) / 4)) / 4  # real
  e.sum = sum[t](x[t])                                          # real[4], one a sequence
}

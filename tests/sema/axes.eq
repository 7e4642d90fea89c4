model axes {
  input x[t] : real[3]
  output b[t] : real[3]
  output d[t] : real[3]
  output e : real[3]
  output f : real
  output g : real[3]
  output h[t] : real

  a = sum[t](x[t])                                              # real[3], one a sequence
  b[t] = x[t] - b.sum / T                                       # real[3]
  c = c.max - (-c.max.2)                                        # real[3], one a sequence
  d[t] = d.exp[t] / d.sum                                       # real[3]
  e = stop_gradient(e.max) + log(e.sum) + sqrt(e.sum.2)         # real[3], one a sequence
  f = -f.max.2                                                  # real, one a sequence
  g = g.sum / batch + g.sum.2                                   # real[3], one for all
  h[t] = t / T * h.sum                                          # real
  b.sum = sum[t](x[t])                                          # real[3], one a sequence
  c.max = max[t](x[t])                                          # real[3], one a sequence
  c.max.2 = max[t](-x[t])                                       # real[3], one a sequence
  d.value[t] = 2 * x[t]                                         # real[3]
  d.max = max[t](d.value[t])                                    # real[3], one a sequence
  d.exp[t] = exp(d.value[t] - stop_gradient(d.max))             # real[3]
  d.sum = sum[t](d.exp[t])                                      # real[3], one a sequence
  e.max = max[t](x[t])                                          # real[3], one a sequence
  e.sum = sum[t](exp(x[t] - stop_gradient(e.max)))              # real[3], one a sequence
  e.sum.2 = sum[t](x[t] * x[t])                                 # real[3], one a sequence
  f.value[t] = sum(x[t])                                        # real
  f.max = max[t](f.value[t])                                    # real, one a sequence
  f.max.2 = max[t](-where(f.value[t] == f.max, t, T + 1))       # real, one a sequence
  g.sum = sum[batch](a)                                         # real[3], one for all
  g.sum.2 = sum[batch](c)                                       # real[3], one for all
  h.value[t] = 1                                                # real
  h.sum = sum[t](h.value[t])                                    # real, one a sequence
  loss.value = sum(a + c) / T                                   # real, one a sequence
  loss.total = sum[batch](loss.value)                           # real, one for all
  loss = loss.total / batch                                     # real, one for all
}

model axes {
  axis s
  input x[s] : real[3]
  output b[s] : real[3]
  output d[s] : real[3]
  output e : real[3]
  output f : real
  output g : real[3]
  output h[s] : real
  param g.mean.running : real[3] = zeros
  param g.mean.updates : real = zeros

  a = sum[s](x[s])                                              # real[3], one a sequence
  b[s] = x[s] - b.sum / S                                       # real[3]
  c = c.max - (-c.max.2)                                        # real[3], one a sequence
  d[s] = d.exp[s] / d.sum                                       # real[3]
  e = stop_gradient(e.max) + log(e.sum) + sqrt(e.sum.2)         # real[3], one a sequence
  f = -f.max.2                                                  # real, one a sequence
  g = g.mean + g.sum                                            # real[3], one for all
  h[s] = s / S * h.sum                                          # real
  b.sum = sum[s](x[s])                                          # real[3], one a sequence
  c.max = max[s](x[s])                                          # real[3], one a sequence
  c.max.2 = max[s](-x[s])                                       # real[3], one a sequence
  d.value[s] = 2 * x[s]                                         # real[3]
  d.max = max[s](d.value[s])                                    # real[3], one a sequence
  d.exp[s] = exp(d.value[s] - stop_gradient(d.max))             # real[3]
  d.sum = sum[s](d.exp[s])                                      # real[3], one a sequence
  e.max = max[s](x[s])                                          # real[3], one a sequence
  e.sum = sum[s](exp(x[s] - stop_gradient(e.max)))              # real[3], one a sequence
  e.sum.2 = sum[s](x[s] * x[s])                                 # real[3], one a sequence
  f.value[s] = sum(x[s])                                        # real
  f.max = max[s](f.value[s])                                    # real, one a sequence
  f.max.2 = max[s](-where(f.value[s] == f.max, s, S + 1))       # real, one a sequence
  g.mean = sum[batch](a) / batch                                # real[3], one for all
  g.sum = sum[batch](c)                                         # real[3], one for all
  h.value[s] = 1                                                # real
  h.sum = sum[s](h.value[s])                                    # real, one a sequence
  loss.value = sum(a + c) / S                                   # real, one a sequence
  loss.total = sum[batch](loss.value)                           # real, one for all
  loss = loss.total / batch                                     # real, one for all
}

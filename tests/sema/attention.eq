model attention {
  axis s, t
  input x[s] : real[3]
  input z[t] : real[3]
  param W : real[4,3] = glorot
  param U : real[4,3] = glorot
  output context[t] : real[3]
  output q[t, s] : real[3]
  output m[s] : real[3]
  output two[t, s] : real[2]
  output p[t] : real
  output b[t] : real[3]
  param v : real[4] = zeros
  param w : real[4] = zeros
  param n.gain : real[3] = ones
  param n.bias : real[3] = zeros
  param r.W : real[3,3] = glorot
  param r.U : real[3,3] = orthogonal
  param r.b : real[3] = zeros
  param m.W : real[3,3] = orthogonal
  param k.W : real[3,3] = orthogonal
  param two.0.W : real[2,3] = glorot
  param two.0.U : real[2,2] = orthogonal
  param two.0.b : real[2] = zeros
  param two.1.W : real[2,2] = glorot
  param two.1.U : real[2,2] = orthogonal
  param two.1.b : real[2] = zeros
  param b.mean.running : real[100,3] = zeros
  param b.mean.updates : real[100] = zeros

  e[t, s] = sum(v * tanh(W @ z[t] + U @ x[s] + w * covered[t-1, s]))  # real
  a[t, s] = a.exp[t, s] / a.sum[t]                              # real
  covered[t, s] = covered[t-1, s] + a[t, s]                     # real
  context[t] = sum[s](a[t, s] * x[s])                           # real[3]
  n[t, s] = n.gain * n.d[t, s] / sqrt(sum(n.d[t, s] * n.d[t, s]) / 3 + 1e-05) + n.bias  # real[3]
  r[t, s] = tanh(r.W @ n[t, s] + r.U @ r[t, s+1] + r.b)         # real[3]
  q[t, s] = r[t, s-1] + n.d[t, s]                               # real[3]
  m[s] = m.W @ x[s-1] + m.sum + m[s-1]                          # real[3]
  k[t, s] = k.W @ x[s-1] + z[t] + k[t, s-1]                     # real[3]
  two[t, s] = tanh(two.1.W @ two.0[t, s] + two.1.U @ two[t-1, s] + two.1.b)  # real[2]
  p[t] = -p.max.2[t] / S + (stop_gradient(p.max.3[t]) + log(p.sum[t])) - t / T  # real
  b[t] = z[t] - b.mean[t]                                       # real[3]
  n.d[t, s] = n.x[t, s] - sum(n.x[t, s]) / 3                    # real[3]
  m[0] = broadcast(0, 3)                                        # real[3], one for all
  k[t, 0] = broadcast(0, 3)                                     # real[3]
  two.0[t, s] = tanh(two.0.W @ k[t, s] + two.0.U @ two.0[t-1, s] + two.0.b)  # real[2]
  a.max[t] = max[s](e[t, s])                                    # real
  a.exp[t, s] = exp(e[t, s] - stop_gradient(a.max[t]))          # real
  a.sum[t] = sum[s](a.exp[t, s])                                # real
  n.x[t, s] = x[s] * z[t]                                       # real[3]
  m.sum = sum[t](z[t])                                          # real[3], one a sequence
  p.max[t] = max[s](a[t, s])                                    # real
  p.max.2[t] = max[s](-where(a[t, s] == p.max[t], s, S + 1))    # real
  p.max.3[t] = max[s](e[t, s])                                  # real
  p.sum[t] = sum[s](exp(e[t, s] - stop_gradient(p.max.3[t])))   # real
  b.mean[t] = sum[batch](z[t]) / live[t]                        # real[3], one for all
}

model distributions {
  input x[t] : real[3]
  input m[t] : real
  target a[t] : real[2]
  target b[t] : token[4]
  target c[t] : real
  target d[t] : real[2]
  target e : token[3]
  target f[t] : real[3]
  param V : real[2,3] = glorot
  param cuts : real[3] = zeros
  output a.mean[t] : real[2]
  output a.scale[t] : real[2]
  output b.score[t] : real
  output b.thresholds[t] : real[3]
  output c.logits[t] : real[3]
  output c.means[t] : real[3]
  output c.deviations[t] : real[3]
  output d.logits[t] : real[3]
  output d.means_x[t] : real[3]
  output d.means_y[t] : real[3]
  output d.deviations_x[t] : real
  output d.deviations_y[t] : real[3]
  output d.correlations[t] : real
  output e.logits : real[3]
  output f.log_rate[t] : real[3]

  a.mean[t] = V @ x[t]                                          # real[2]
  a.scale[t] = broadcast(2, 2)                                  # real[2]
  a.mask[t] = m[t]                                              # real
  a.seen[t] = is_number(a[t]) and a.mask[t]                     # real[2]
  a.value[t] = where(a.seen[t], a[t], 0.5)                      # real[2]
  a.nll[t] = sum(where(a.seen[t], abs(a.value[t] - a.mean[t]) / a.scale[t] + log(2 * a.scale[t]),
      0))                                                       # real
  a.nll.sum = sum[batch](sum[t](a.nll[t]))                      # real, one for all
  a.count = sum[batch](sum[t](sum(a.seen[t])))                  # real, one for all
  b.score[t] = sum(x[t])                                        # real
  b.thresholds[t] = cumsum(softplus(cuts)) + sum(slice(cuts - softplus(cuts), 0, 1))  # real[3]
  b.nll[t] = observed(b[t]) * (where(index(b[t]) < 3,
      softplus(-(pick(concat(b.thresholds[t], 0), b[t]) - b.score[t])), 0) +
      where(index(b[t]) > 0, softplus(pick(concat(0, b.thresholds[t]), b[t]) - b.score[t]), 0) -
      where(index(b[t]) > 0 and index(b[t]) < 3,
      log(-expm1(where(index(b[t]) > 0 and index(b[t]) < 3,
      pick(concat(0, b.thresholds[t]), b[t]) - b.score[t] -
      (pick(concat(b.thresholds[t], 0), b[t]) - b.score[t]), -1))), 0))  # real
  b.nll.sum = sum[batch](sum[t](b.nll[t]))                      # real, one for all
  b.count = sum[batch](sum[t](observed(b[t])))                  # real, one for all
  c.logits[t] = x[t]                                            # real[3]
  c.means[t] = x[t]                                             # real[3]
  c.deviations[t] = exp(x[t])                                   # real[3]
  c.seen[t] = is_number(c[t])                                   # real
  c.value[t] = where(c.seen[t], c[t], 0.5)                      # real
  c.nll[t] = where(c.seen[t], logsumexp(c.logits[t]) -
      logsumexp(c.logits[t] - (0.5 *
      ((c.value[t] - c.means[t]) / c.deviations[t] *
      ((c.value[t] - c.means[t]) / c.deviations[t])) +
      (log(c.deviations[t]) + 0.5 * log(2 * 3.141592653589793)))), 0)  # real
  c.nll.sum = sum[batch](sum[t](c.nll[t]))                      # real, one for all
  c.count = sum[batch](sum[t](c.seen[t]))                       # real, one for all
  d.logits[t] = x[t]                                            # real[3]
  d.means_x[t] = x[t]                                           # real[3]
  d.means_y[t] = x[t]                                           # real[3]
  d.deviations_x[t] = 1                                         # real
  d.deviations_y[t] = exp(x[t])                                 # real[3]
  d.correlations[t] = 0                                         # real
  d.seen[t] = observed(d[t+1]) and -max(-is_number(d[t+1]))     # real
  d.value[t] = where(d.seen[t], d[t+1], 0.5)                    # real[2]
  d.nll[t] = where(d.seen[t], logsumexp(d.logits[t]) -
      logsumexp(d.logits[t] - (0.5 *
      ((sum(slice(d.value[t], 0, 1)) - d.means_x[t]) / d.deviations_x[t] *
      ((sum(slice(d.value[t], 0, 1)) - d.means_x[t]) / d.deviations_x[t]) +
      (sum(slice(d.value[t], 1, 1)) - d.means_y[t]) / d.deviations_y[t] *
      ((sum(slice(d.value[t], 1, 1)) - d.means_y[t]) / d.deviations_y[t]) -
      2 * d.correlations[t] * ((sum(slice(d.value[t], 0, 1)) - d.means_x[t]) / d.deviations_x[t]) *
      ((sum(slice(d.value[t], 1, 1)) - d.means_y[t]) / d.deviations_y[t])) /
      (1 - d.correlations[t] * d.correlations[t]) +
      (log(d.deviations_x[t]) + log(d.deviations_y[t])) +
      0.5 * (log1p(d.correlations[t]) + log1p(-d.correlations[t])) + log(2 * 3.141592653589793))),
      0)                                                        # real
  d.nll.sum = sum[batch](sum[t](d.nll[t]))                      # real, one for all
  d.count = sum[batch](sum[t](d.seen[t]))                       # real, one for all
  e.logits = x[T]                                               # real[3], one a sequence
  e.mask = m[T] > 0                                             # real, one a sequence
  e.seen = observed(e) and e.mask                               # real, one a sequence
  e.nll = where(e.seen, logsumexp(e.logits) - pick(e.logits, e), 0)  # real, one a sequence
  e.nll.sum = sum[batch](e.nll)                                 # real, one for all
  e.count = sum[batch](e.seen)                                  # real, one for all
  f.log_rate[t] = x[t]                                          # real[3]
  f.mask[t] = f[t] > 1                                          # real[3]
  f.seen[t] = is_number(f[t]) and f.mask[t]                     # real[3]
  f.value[t] = where(f.seen[t], f[t], 0.5)                      # real[3]
  f.nll[t] = sum(where(f.seen[t], exp(f.log_rate[t]) - f.value[t] * f.log_rate[t] +
      lgamma(f.value[t] + 1), 0))                               # real
  f.nll.sum = sum[batch](sum[t](f.nll[t]))                      # real, one for all
  f.count = sum[batch](sum[t](sum(f.seen[t])))                  # real, one for all
  loss = a.nll.sum / max(a.count, 1) + b.nll.sum / max(b.count, 1) + c.nll.sum / max(c.count, 1) +
      d.nll.sum / max(d.count, 1) + e.nll.sum / max(e.count, 1) + f.nll.sum / max(f.count, 1)  # real, one for all
  a[t] ~ laplace(a.mean[t], a.scale[t])                         # loss: a.nll.sum / a.count
  b[t] ~ ordinal(b.score[t], b.thresholds[t])                   # loss: b.nll.sum / b.count
  c[t] ~ mixture(c.logits[t], c.means[t], c.deviations[t])      # loss: c.nll.sum / c.count
  d[t+1] ~ bivariate_mixture(d.logits[t], d.means_x[t], d.means_y[t], d.deviations_x[t], d.deviations_y[t], d.correlations[t])  # loss: d.nll.sum / d.count
  e ~ categorical(e.logits)                                     # loss: e.nll.sum / e.count
  f[t] ~ poisson(f.log_rate[t])                                 # loss: f.nll.sum / f.count
}

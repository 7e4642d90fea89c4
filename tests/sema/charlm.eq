model charlm {
  input x[t] : token[256]
  output o[t] : real[256]
  param e.E : real[64,256] = uniform(-0.21650635094610965, 0.21650635094610965)
  param h.0.Wi : real[256,64] = glorot
  param h.0.Wf : real[256,64] = glorot
  param h.0.Wo : real[256,64] = glorot
  param h.0.Wg : real[256,64] = glorot
  param h.0.Ui : real[256,256] = orthogonal
  param h.0.Uf : real[256,256] = orthogonal
  param h.0.Uo : real[256,256] = orthogonal
  param h.0.Ug : real[256,256] = orthogonal
  param h.0.bi : real[256] = zeros
  param h.0.bo : real[256] = zeros
  param h.0.bg : real[256] = zeros
  param h.0.bf : real[256] = ones
  param h.1.Wi : real[256,256] = glorot
  param h.1.Wf : real[256,256] = glorot
  param h.1.Wo : real[256,256] = glorot
  param h.1.Wg : real[256,256] = glorot
  param h.1.Ui : real[256,256] = orthogonal
  param h.1.Uf : real[256,256] = orthogonal
  param h.1.Uo : real[256,256] = orthogonal
  param h.1.Ug : real[256,256] = orthogonal
  param h.1.bi : real[256] = zeros
  param h.1.bo : real[256] = zeros
  param h.1.bg : real[256] = zeros
  param h.1.bf : real[256] = ones
  param o.W : real[256,256] = glorot
  param o.b : real[256] = zeros

  e[t] = e.E @ x[t]                                             # real[64]
  h[t] = h.1.o[t] * tanh(h.1.c[t])                              # real[256]
  o[t] = o.W @ h[t] + o.b                                       # real[256]
  h.0[t] = h.0.o[t] * tanh(h.0.c[t])                            # real[256]
  h.0.i[t] = sigmoid(h.0.Wi @ e[t] + h.0.Ui @ h.0[t-1] + h.0.bi)  # real[256]
  h.0.f[t] = sigmoid(h.0.Wf @ e[t] + h.0.Uf @ h.0[t-1] + h.0.bf)  # real[256]
  h.0.o[t] = sigmoid(h.0.Wo @ e[t] + h.0.Uo @ h.0[t-1] + h.0.bo)  # real[256]
  h.0.g[t] = tanh(h.0.Wg @ e[t] + h.0.Ug @ h.0[t-1] + h.0.bg)   # real[256]
  h.0.c[t] = h.0.f[t] * h.0.c[t-1] + h.0.i[t] * h.0.g[t]        # real[256]
  h.1.i[t] = sigmoid(h.1.Wi @ h.0[t] + h.1.Ui @ h[t-1] + h.1.bi)  # real[256]
  h.1.f[t] = sigmoid(h.1.Wf @ h.0[t] + h.1.Uf @ h[t-1] + h.1.bf)  # real[256]
  h.1.o[t] = sigmoid(h.1.Wo @ h.0[t] + h.1.Uo @ h[t-1] + h.1.bo)  # real[256]
  h.1.g[t] = tanh(h.1.Wg @ h.0[t] + h.1.Ug @ h[t-1] + h.1.bg)   # real[256]
  h.1.c[t] = h.1.f[t] * h.1.c[t-1] + h.1.i[t] * h.1.g[t]        # real[256]
  x.nll[t] = observed(x[t+1]) * (logsumexp(o[t]) - pick(o[t], x[t+1]))  # real
  x.nll.sum = sum[batch](sum[t](x.nll[t]))                      # real, one for all
  x.count = sum[batch](sum[t](observed(x[t+1])))                # real, one for all
  loss = x.nll.sum / max(x.count, 1)                            # real, one for all
  x[t+1] ~ categorical(o[t])                                    # loss: x.nll.sum / x.count

  train {
    data = text("corpus.txt")
    unroll = 128
    carry = true
    batch = 32
    epochs = 20
    optimizer = adam(rate = 0.002)
    clip = norm(1)
    validate = 0.05
    patience = 3
  }
}

model speaker {
  input x[t] : real[12]
  target who : token[9]
  param f.Wr : real[64,12] = glorot
  param f.Wz : real[64,12] = glorot
  param f.Wn : real[64,12] = glorot
  param f.Ur : real[64,64] = orthogonal
  param f.Uz : real[64,64] = orthogonal
  param f.Un : real[64,64] = orthogonal
  param f.br : real[64] = zeros
  param f.bz : real[64] = zeros
  param f.bn : real[64] = zeros
  param f.cn : real[64] = zeros
  param b.Wr : real[64,12] = glorot
  param b.Wz : real[64,12] = glorot
  param b.Wn : real[64,12] = glorot
  param b.Ur : real[64,64] = orthogonal
  param b.Uz : real[64,64] = orthogonal
  param b.Un : real[64,64] = orthogonal
  param b.br : real[64] = zeros
  param b.bz : real[64] = zeros
  param b.bn : real[64] = zeros
  param b.cn : real[64] = zeros
  output who.dense : real[9]
  param who.dense.W : real[9,128] = glorot
  param who.dense.b : real[9] = zeros

  f[t] = (1 - f.z[t]) * f.n[t] + f.z[t] * f[t-1]                # real[64]
  b[t] = (1 - b.z[t]) * b.n[t] + b.z[t] * b[t+1]                # real[64]
  f.r[t] = sigmoid(f.Wr @ x[t] + f.Ur @ f[t-1] + f.br)          # real[64]
  f.z[t] = sigmoid(f.Wz @ x[t] + f.Uz @ f[t-1] + f.bz)          # real[64]
  f.n[t] = tanh(f.Wn @ x[t] + f.bn + f.r[t] * (f.Un @ f[t-1] + f.cn))  # real[64]
  b.r[t] = sigmoid(b.Wr @ x[t] + b.Ur @ b[t+1] + b.br)          # real[64]
  b.z[t] = sigmoid(b.Wz @ x[t] + b.Uz @ b[t+1] + b.bz)          # real[64]
  b.n[t] = tanh(b.Wn @ x[t] + b.bn + b.r[t] * (b.Un @ b[t+1] + b.cn))  # real[64]
  who.dense = who.dense.W @ who.dense.x + who.dense.b           # real[9], one a sequence
  who.dense.x = concat(f[T], b[1])                              # real[128], one a sequence
  who.nll = observed(who) * (logsumexp(who.dense) - pick(who.dense, who))  # real, one a sequence
  who.nll.sum = sum[batch](who.nll)                             # real, one for all
  who.count = sum[batch](observed(who))                         # real, one for all
  loss = who.nll.sum / max(who.count, 1)                        # real, one for all
  who ~ categorical(who.dense)                                  # loss: who.nll.sum / who.count
}

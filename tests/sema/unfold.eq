model unfold {
  input h0 : real[3]
  target y : real[3]
  param W1 : real[3,3] = glorot
  param W2 : real[3,3] = glorot
  param W3 : real[3,3] = glorot
  output h3 : real[3]
  output scale : real

  h1 = tanh(W1 @ h0)                                            # real[3], one a sequence
  h2 = tanh(W2 @ h1)                                            # real[3], one a sequence
  h3 = tanh(W3 @ h2)                                            # real[3], one a sequence
  scale = exp(sum(W1))                                          # real, one for all
  loss.value = sum((h3 - y) * (h3 - y)) / 3                     # real, one a sequence
  loss.total = sum[batch](loss.value)                           # real, one for all
  loss = loss.total / batch                                     # real, one for all
}

model constants {
  input x[t] : real[3]
  output h[t] : real[3]

  i = outer(iota(3), broadcast(1, 3))                           # real[3,3], one for all
  j = outer(broadcast(1, 3), iota(3))                           # real[3,3], one for all
  low = where(i >= j, 1, 0)                                     # real[3,3], one for all
  h[t] = low @ x[t] + iota(3)                                   # real[3]
}

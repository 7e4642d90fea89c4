model logistic {
  output x[t] : real

  x[t] = 3.9 * x[t-1] * (1 - x[t-1])                            # real
  x[0] = 0.5                                                    # real, one for all
}

model initialisers {
  input x[t] : real[4]
  param A : real[4,4] = identity(1)
  param B : real[4,4] = identity(0.5)
  param C : real[4,4] = uniform(-0.5, 0.5)
  param D : real[4,4] = normal(0, 0.02)
  param E : real[4,4] = he
  param F : real[4] = constant(3)
  param G : real[4] = constant(3)
  param H : real[4] = constant(0.25)
  param I : real[4] = constant(-0.17328679513998632)
  param J : real[4,4] = orthogonal
  param K : real[4,4] = glorot
  param L : real[4,4] = orthogonal
  param s : real[4] = zeros
  param R : real[4,4] = glorot
  param M : real[4,4] = glorot
  output f : real[4]

  h[t] = tanh((A + B + C + D + E) @ x[t] + F * G * H * I)       # real[4]
  g[t] = J @ h[t-1] + K @ h[t] + L @ r[t] + s * x[t]            # real[4]
  r[t] = sigmoid(h[t]) * g[t-1]                                 # real[4]
  f = M @ g[T] + R @ (h[1] + J @ x[1])                          # real[4], one a sequence
}

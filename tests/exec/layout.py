"""layout.py RNNC: variables that share a row of memory, and sums that are added up in another order than they are written in: gradients
against the interpreter's, which knows no memory, and against differences of the loss. Needs: numpy."""
import os, re, sys
import numpy as np
from calls import call, check, gradient, root, run_all, same, write

sys.path.insert(0, os.path.join(root, "tests"))
import weights

HEAD = "model m {\n  input x[t] : real[3]\n  target y[t] : real[2]\n"
TAIL = "  y[t] ~ normal(dense(2)(h[t]), 1)\n}\n"

# name: equations, and what the schedule must have where variables share rows
OVERLAP = {
    "gru": ("  h[t] = gru(5)(x[t])\n", r"concat\(.*# buffer, in h.r_product_adj at 5$"),
    "two layers": ("  h[t] = stack(2, gru(5))(x[t])\n", r"(?s)# buffer, in \S+_adj at 5\n.*concat\(.*# buffer, in \S+_adj at 5\n"),
    # all of the inputs' rows are added to some of h[t-1]'s
    "inside": ("""  r[t] = sigmoid(A @ x[t] + D @ h[t-1])
  h[t] = tanh(B @ x[t] + E @ h[t-1] + r[t] * (F @ h[t-1]))
  param D, E, F : real[4, 4]
""", r"concat\(.*# buffer, in \S+_adj at 0$"),
    # rows of both are added crosswise, and one twice
    "crossed": ("""  r[t] = sigmoid(A @ x[t] + E @ h[t-1])
  h[t] = tanh(B @ x[t] + D @ h[t-1] + r[t] * (F @ h[t-1]) + A @ x[t])
  param D, E, F : real[4, 4]
""", ""),
    "sizes differ": ("""  a[t] = tanh(A @ x[t] + D @ h[t-1])
  b[t] = tanh(B @ x[t] + E @ h[t-1])
  n[t] = tanh(C @ x[t] + sum(a[t]) * (F @ h[t-1]))
  h[t] = concat(a[t], b[t]) + n[t]
  param A : real[2, 3]
  param B : real[3, 3]
  param F : real[5, 5]
""", r"concat\(.*# buffer, in \S+_adj at 5$"),
    "written out": ("""  a[t] = tanh(A @ x[t] + D @ c[t-1])
  b[t] = tanh(B @ x[t] + a[t])
  e[t] = a[t] * b[t]
  c[t] = concat(a[t], b[t])
  d[t] = concat(b[t], e[t])
  h[t] = tanh(E @ c[t] + F @ d[t] + G @ d[t-1])
  param A, B : real[3, 3]
  param F, G : real[4, 6]
""", ""),
}

SPLIT = {
    "layer norm": ("  h[t] = lstm_layer_norm(6)(x[t])\n", r"_adj_sum\[t\] = sum\(h\.a_adj\[t\] \* h\.before\.gain\)"),
    "a mean behind": ("""  k[t] = layer_norm(U @ x[t] + W @ h[t-1])
  h[t] = tanh(k[t] - mean(k[t]) * k[t])
  param W : real[4, 4]
""", ""),
    "taken away": ("""  k[t] = tanh(U @ x[t] + W @ h[t-1])
  q[t] = 1 + sum(k[t] * k[t])
  d[t] = k[t] - mean(k[t])
  m[t] = b * k[t] / q[t] - d[t] * (c * sum(k[t])) / q[t] - k[t]
  h[t] = m[t] * sum(m[t]) + sum(d[t])
  param W : real[4, 4]
  param b : real[4]
  param c : real
""", ""),
}

EQUAL = """  h[t] = tanh(W @ h[t-1] + U @ x[t] + a + (b - c) + d + e)
  param W : real[17, 17]
  param a, b, c, d, e : real[17] = zeros
"""


def data(rng):
    np.savez("d.npz", x=rng.normal(size=(5, 7, 3)), y=rng.normal(size=(5, 7, 2)), lengths=np.array([7, 3, 6, 1, 5]))


def parameters(rng):
    call("run", "m.rnn", "init", "--out", "w.safetensors")
    weights.save_file({k: 0.7 * rng.normal(size=v.shape) for k, v in weights.load_file("w.safetensors").items()}, "w.safetensors")


def made(*more):
    return gradient("m", "d.npz", *more)


def loss(w):
    weights.save_file(w, "moved.safetensors")
    return float(gradient("m", "d.npz", file="moved.safetensors")["loss"])


def compare(name, equations, pattern, rng):
    write("m.rnn", HEAD + equations + TAIL)
    parameters(rng)
    schedule = call("--emit=schedule", "m.rnn")
    check(f"{name}: the schedule", re.search(pattern, schedule, re.M), schedule)
    g, i, two = made("--threads", "1"), made("--interpret"), made("--threads", "2")
    check(f"{name}: the interpreter", same(g, i, 1e-12), {k: float(np.abs(g[k] - i[k]).max()) for k in i})
    check(f"{name}: two threads", all(np.array_equal(g[k], two[k]) for k in g))
    check(f"{name}: windows", same(made("--memory", "least"), g, 1e-12))
    w = {k: np.asarray(v, float) for k, v in weights.load_file("w.safetensors").items()}
    way = {k: rng.normal(size=v.shape) for k, v in w.items()}
    step = 2e-6
    slope = (loss({k: v + step * way[k] for k, v in w.items()}) - loss({k: v - step * way[k] for k, v in w.items()})) / (2 * step)
    own = sum(float((g[k] * way[k]).sum()) for k in w)
    check(f"{name}: differences", abs(slope - own) < 1e-7 * (1 + abs(slope)), f"{slope} {own}")


def overlaps():
    rng = np.random.default_rng(1)
    data(rng)
    for name, (equations, pattern) in OVERLAP.items():
        compare(name, equations, pattern, rng)


def splits():
    rng = np.random.default_rng(2)
    data(rng)
    for name, (equations, pattern) in SPLIT.items():
        compare(name, equations, pattern, rng)


def equal_sums():
    """the vectors have more and fewer components than one of the machine, and some left"""
    rng = np.random.default_rng(3)
    data(rng)
    compare("equal sums", EQUAL, "", rng)
    g = made()
    check("equal sums are equal", all((g[k] == g["a"]).all() for k in "bde") and np.allclose(g["c"], -g["a"], 1e-13))


run_all(overlaps, splits, equal_sums)

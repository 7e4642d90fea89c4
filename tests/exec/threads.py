"""threads.py RNNC: the same bits with 1, 2 and 3 threads for few sequences, where scans are cut by components, run side by side, or follow
each other as a wave; and the interpreter's values. Needs: numpy."""
import json, re
import numpy as np
from calls import call, check, gradient, run_all, same, write

T, LONG = 37, 150 # a wave begins at 64 places

# equations of h[t]; how many of the program's scans, forward and backward, are cut by components
CELLS = {
    "mingru": ("h[t] = mingru(40)(x[t])", 2),
    "minlstm": ("h[t] = minlstm(37)(x[t])", 2),
    "qrnn": ("h[t] = qrnn(33)(x[t])", 2),
    "sru": ("h[t] = stack(2, sru(40))(u[t])\n  u[t] = dense(40)(x[t])", 4),
    "indrnn": ("h[t] = indrnn(40)(x[t])", 2),
    "rg_lru": ("h[t] = rg_lru(40)(u[t])\n  u[t] = dense(40)(x[t])", 2),
    "s4d": ("h[t] = s4d(7)(x[t])", 2),
    "linear_attention": ("h[t] = linear_attention(20, keys = 9)(x[t])", 2),
    "mlstm": ("h[t] = mlstm(20, keys = 18)(x[t])", 4),
    "rwkv": ("h[t] = rwkv(40)(x[t])", 6),
    "both ways": ("f[t] = mingru(40)(x[t])\n  b[t] = reverse mingru(40)(x[t])\n  h[t] = f[t] + b[t]", 4),
    "delays": ("h[t] = a * h[t-1] + b * h[t-3] + U @ x[t]\n  param a, b : real[40] = uniform(-0.4, 0.4)\n  param U : real[40, 5]", 2),
    # loops of two widths, a number beside them, a place that is the boundary's
    "widths": ("p[t] = a * p[t-1] + r[t] * (U @ x[t])\n  q[t] = c * q[t-1] + r[t] * (V @ x[t])\n  r[t] = sum(x[t]) / T\n"
               "  h[t] = W @ p[t] + Y @ q[t]\n  p[0] = p0\n  param a, p0 : real[50] = uniform(-0.9, 0.9)\n"
               "  param c : real[19] = uniform(-0.9, 0.9)\n  param U : real[50, 5]\n  param V : real[19, 5]\n  param W : real[8, 50]\n"
               "  param Y : real[8, 19]", 4),
    "lstm": ("h[t] = lstm(20)(x[t])", 0),
    "delta_rule": ("h[t] = delta_rule(20, keys = 9)(x[t])", 0),
}

# the same; how many waves of how many stages in all
WAVES = {
    "layers": ("h[t] = stack(3, lstm(9))(x[t])", (2, 6)),
    "gru": ("h[t] = stack(2, gru(9))(x[t])", (2, 4)),
    # of the adjoint, gradients stand between the layers, whose terms share memory with those of the next
    "normed": ("h[t] = stack(2, lstm_layer_norm(9))(x[t])", (1, 2)),
    "two sizes": ("h[t] = gru(8)(gru(9)(x[t]))", (2, 4)),
    "many": ("h[t] = stack(10, elman(5))(x[t])", (4, 20)),
    "between": ("f[t] = lstm(9)(x[t])\n  e[t] = tanh(E @ f[t] + F @ f[t-2] + f[t-1])\n  h[t] = gru(8)(e[t]) + g[t-1]\n"
                "  g[t] = lstm(8)(concat(e[t], x[t]))\n  param E, F : real[9, 9]", (2, 6)),
    # what the second layer reads of the first lies ahead or at the end: no wave
    "ahead": ("f[t] = lstm(9)(x[t])\n  h[t] = lstm(9)(f[t+1])", (0, 0)),
    "last": ("f[t] = lstm(9)(x[t])\n  h[t] = lstm(9)(f[T] + f[t])", (0, 0)),
    "both ways": ("f[t] = lstm(9)(x[t])\n  b[t] = reverse lstm(9)(x[t])\n  h[t] = lstm(9)(concat(f[t], b[t]))", (0, 0)),
    # the boundary is learned, and a place of it that the other layer reads
    "boundary": ("f[t] = tanh(W @ f[t-1] + A @ x[t])\n  f[0] = f0\n  h[t] = tanh(V @ h[t-1] + B @ f[t-1])\n  h[0] = h0\n"
                 "  param W, V, B : real[9, 9]\n  param A : real[9, 5]\n  param f0, h0 : real[9] = uniform(-1, 1)", (2, 4)),
    "mixed": ("h[t] = lstm(9)(mingru(40)(lstm(9)(x[t])))", (0, 0)),
}


def data(name, lengths):
    rng = np.random.default_rng(5)
    n, longest = len(lengths), lengths[0]
    np.savez(f"{name}.npz", x=rng.normal(size=(n, longest, 5)), y=rng.integers(0, 4, (n, longest)), lengths=np.array(lengths))


def model(name, equations):
    file = name.replace(" ", "_")
    write(f"{file}.rnn", f"model m {{\n  input x[t] : real[5]\n  target y[t] : token[4]\n  {equations}\n  o[t] = dense(4)(h[t])\n"
                "  y[t] ~ categorical(o[t])\n}\n")
    call("run", f"{file}.rnn", "init", "--out", "w.safetensors")
    return file, call("--emit=schedule", f"{file}.rnn").splitlines()


def same_bits(name, file, data, *more, precision="f32"):
    one, two, three = (gradient(file, f"{data}.npz", "--threads", str(k), *more, precision=precision) for k in (1, 2, 3))
    check(f"{name}, {data}, {' '.join(more)}: the same bits with 1, 2 and 3 threads",
          all(np.array_equal(one[k], two[k]) and np.array_equal(one[k], three[k]) for k in one))
    return two


def compare(name, file, *data):
    for n in data:
        same_bits(name, file, n)
        two = gradient(file, f"{n}.npz", "--threads", "2")
        check(f"{name}, {n}: the interpreter's values", same(two, gradient(file, f"{n}.npz", "--interpret", precision="f32"), 1e-9))


def cells():
    data("one", [T])
    data("three", [T, 20, 1])
    for name, (equations, cut) in CELLS.items():
        file, schedule = model(name, equations)
        found = sum("scan " in line and "cut by components" in line for line in schedule)
        check(f"{name}: {cut} scans cut by components, found {found}", found == cut)
        compare(name, file, "one", "three")


def waves():
    data("one", [LONG])
    data("five", [LONG, LONG, 131, 70, 1])
    for name, (equations, want) in WAVES.items():
        file, schedule = model(name, equations)
        stages = [int(re.search(r"(\d+) stages", line)[1]) for line in schedule if "stages side by side" in line]
        check(f"{name}: {want} waves and their stages, found {len(stages), sum(stages)}", (len(stages), sum(stages)) == want)
        compare(name, file, "one", "five")


def windows():
    """a wave in each window"""
    data("long", [500, 320])
    file, _ = model("layers", WAVES["layers"][0])
    needs = json.loads(call("run", f"{file}.rnn", "info", "--json", "--batch", "2", "--length", "500", "--precision", "f64"))["memory"]["training"]
    size = needs["least"] + (needs["bytes"] - needs["least"]) // 3 - needs["held"] // 2
    few = same_bits("windows", file, "long", "--memory", str(size), precision="f64")
    check("windows: the same gradients", same(few, gradient(file, "long.npz"), 1e-11))


run_all(cells, waves, windows)

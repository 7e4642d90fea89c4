"""threads.py RNNC: the same bits with 1, 2 and 3 threads for few sequences, where a scan is cut by components and scans run side by side;
and the interpreter's values. Needs: numpy."""
import numpy as np
from calls import call, check, run_all, same, write

T = 37

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
    "layers": ("h[t] = stack(3, lstm(20))(x[t])", 0),
    "delta_rule": ("h[t] = delta_rule(20, keys = 9)(x[t])", 0),
}


def cells():
    rng = np.random.default_rng(5)
    for n, lengths in ((1, [T]), (3, [T, 20, 1])):
        np.savez(f"d{n}.npz", x=rng.normal(size=(n, T, 5)), y=rng.integers(0, 4, (n, T)), lengths=np.array(lengths))
    for name, (equations, cut) in CELLS.items():
        file = name.replace(" ", "_")
        write(f"{file}.rnn", f"model m {{\n  input x[t] : real[5]\n  target y[t] : token[4]\n  {equations}\n  o[t] = dense(4)(h[t])\n"
                             "  y[t] ~ categorical(o[t])\n}\n")
        schedule = call("--emit=schedule", f"{file}.rnn")
        found = sum("scan " in line and "cut by components" in line for line in schedule.splitlines())
        check(f"{name}: {cut} scans cut by components, found {found}", found == cut)
        call("run", f"{file}.rnn", "init", "--out", "w.safetensors")

        def gradient(n, *more):
            call("run", f"{file}.rnn", "gradient", "--data", f"d{n}.npz", "--weights", "w.safetensors", "--out", "g.npz", *more)
            with np.load("g.npz") as z:
                return {k: z[k] for k in z.files}

        for n in (1, 3):
            for precision in ("f32", "f64"):
                one, two, three = (gradient(n, "--precision", precision, "--threads", str(k)) for k in (1, 2, 3))
                check(f"{name}, {n}, {precision}: the same bits with 1, 2 and 3 threads",
                      all(np.array_equal(one[k], two[k]) and np.array_equal(one[k], three[k]) for k in one))
            check(f"{name}, {n}: the interpreter's values", same(two, gradient(n, "--interpret"), 1e-9))


run_all(cells)

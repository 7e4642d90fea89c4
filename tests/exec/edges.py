"""edges.py RNNC: what passes from step to step: `reset` against the same sequences cut in two, `clip message` against back-propagation
by hand, `reverse_gradient` against the model without it. Needs: numpy."""
import json, os, sys
import numpy as np
from calls import call, check, gradient, root, run_all, same, write

sys.path.insert(0, os.path.join(root, "tests"))
import weights

MARKED = """cell smooth(n) {
  input  x[t]
  output h[t] : real[n]
  h[t] = tanh(W @ h[t-1] + V @ h[t-3] + U @ x[t])
  h[-1] = 0.3
}

model marked {
  input  x[t] : real[3]
  input  first[t] : real                  # of a part
  input  last[t] : real
  target y[t] : real[2]
  h[t] = stack(2, lstm(4))(x[t])
  h[0] = h0
  g[t] = smooth(5)(h[t])
  g[0] = g0
  b[t] = reverse smooth(3)(x[t])
  b[T+1] = b0
  c[t] = 0.5 * gru(3)(x[t])
  reset h when first[t] > 0.5
  reset g when first[t]
  reset b when last[t]
  reset c when first[t]
  y[t] ~ normal(dense(2)(concat(h[t], g[t], b[t], c[t])), 1)
  param h0, g0, b0
}
"""


def parameters(name, rng):
    """random ones of every shape that `init` gives"""
    call("run", f"{name}.rnn", "init", "--out", "w.safetensors")
    weights.save_file({k: rng.normal(size=v.shape) for k, v in weights.load_file("w.safetensors").items()}, "w.safetensors")


def resets():
    rng = np.random.default_rng(2)
    write("marked.rnn", MARKED)
    parameters("marked", rng)
    n, steps = 4, 9
    lengths = np.array([9, 7, 8, 2])
    cuts = [[1, 4, 5], [], [3], [1]]  # the first steps of the parts behind the first, from 0
    x, y = rng.normal(size=(n, steps, 3)), rng.normal(size=(n, steps, 2))
    first, last = np.zeros((n, steps)), np.zeros((n, steps))
    parts = []
    for s in range(n):
        edges = [0, *cuts[s], lengths[s]]
        parts += [(s, a, b) for a, b in zip(edges, edges[1:])]
        for c in cuts[s]:
            first[s, c], last[s, c - 1] = 1, 1
    np.savez("whole.npz", x=x, y=y, first=first, last=last, lengths=lengths)
    cut = {k: np.zeros((len(parts), steps, *v.shape[2:])) for k, v in (("x", x), ("y", y))}
    for i, (s, a, b) in enumerate(parts):
        cut["x"][i, :b - a], cut["y"][i, :b - a] = x[s, a:b], y[s, a:b]
    none = np.zeros((len(parts), steps))
    np.savez("cut.npz", first=none, last=none, lengths=np.array([b - a for _, a, b in parts]), **cut)
    whole, apart = gradient("marked", "whole.npz"), gradient("marked", "cut.npz")
    check("reset is a cut", same(whole, apart, 1e-12), {k: float(np.abs(whole[k] - apart[k]).max()) for k in whole})
    # carried windows see the marks of the window before
    write("ahead.rnn", "\n".join(l for l in MARKED.splitlines() if not l.startswith(("  b[", "  reset b"))).replace(", b[t]", "").replace(", b0", ""))
    parameters("ahead", rng)
    score = lambda *more: json.loads(call("run", "ahead.rnn", "evaluate", "--data", "whole.npz", "--weights", "w.safetensors", "--json", "--precision", "f64", *more))["loss"]
    a, b = score(), score("--set", "unroll=2", "--set", "carry=true")
    check("resets in windows", abs(a - b) < 1e-12 * (1 + abs(a)), f"{a} {b}")
    check("a streaming step has them", "no streaming step" not in call("run", "ahead.rnn", "info"))


def clips():
    rng = np.random.default_rng(3)
    write("c.rnn", """model c {
  input  x[t] : real[3]
  target y[t] : real[4]
  h[t] = tanh(W @ h[t-1] + V @ h[t-2] + U @ x[t])
  clip message h 0.02
  loss = sum[t](sum((h[t] - y[t]) * (h[t] - y[t])))
  param W : real[4, 4]
  param V : real[4, 4]
}
""")
    w = {"W": rng.normal(size=(4, 4)), "V": rng.normal(size=(4, 4)), "U": rng.normal(size=(4, 3))}
    weights.save_file(w, "w.safetensors")
    x, y = rng.normal(size=(1, 6, 3)), 0.3 * rng.normal(size=(1, 6, 4))
    np.savez("d.npz", x=x, y=y)
    T, clip = 6, lambda a: np.clip(a, -0.02, 0.02)
    h = np.zeros((T + 2, 4))  # h[t + 1] is the language's h[t], t from 1
    for t in range(2, T + 2):
        h[t] = np.tanh(w["W"] @ h[t - 1] + w["V"] @ h[t - 2] + w["U"] @ x[0, t - 2])
    want = {k: np.zeros_like(v) for k, v in w.items()}
    sent = np.zeros((T + 2, 4))
    acted = 0
    for t in range(T + 1, 1, -1):
        a = (2 * (h[t] - y[0, t - 2]) + sent[t]) * (1 - h[t] ** 2)
        want["W"] += np.outer(a, h[t - 1])
        want["V"] += np.outer(a, h[t - 2])
        want["U"] += np.outer(a, x[0, t - 2])
        acted += int((np.abs(w["W"].T @ a) > 0.02).sum())
        sent[t - 1] += clip(w["W"].T @ a)
        sent[t - 2] += clip(w["V"].T @ a)
    got = gradient("c", "d.npz")
    got.pop("loss")
    check("clip message", acted > 3 and same(got, want, 1e-12), f"{acted} {[float(np.abs(got[k] - want[k]).max()) for k in want]}")
    check("it is to be seen", "h_lag1_adj[t] = min(max(" in call("--emit=adjoint", "c.rnn"))


def reversed_gradients():
    rng = np.random.default_rng(4)
    text = "model m {\n  input x[t] : real[3]\n  target y[t] : real[2]\n  h[t] = elman(4)(x[t])\n  y[t] ~ normal(V @ %s, 1)\n  param V : real[2, 4]\n}\n"
    write("plain.rnn", text % "h[t]")
    write("turned.rnn", text % "reverse_gradient(h[t])")
    parameters("plain", rng)
    np.savez("d.npz", x=rng.normal(size=(2, 5, 3)), y=rng.normal(size=(2, 5, 2)))
    a, b = gradient("plain", "d.npz", wrt="x"), gradient("turned", "d.npz", wrt="x")
    b = {k: v if k in ("loss", "V") else -v for k, v in b.items()}
    check("reverse_gradient", same(a, b, 1e-14))


def professor():
    """the judge descends what the free run climbs, weight times; the forced run is left alone"""
    rng = np.random.default_rng(5)
    text = "model m {\n  input a[t], b[t] : real[3]\n  %s\n}\n"
    write("both.rnn", text % "k = professor_forcing(4, weight = 2.5)(a[t], b[t])\n  loss = k")
    write("judge.rnn", "import professor_forcing\n" + text % "judge = professor_judge(4)\n  u = judge(a[t])\n  v = judge(b[t])\n  loss = softplus(-u) + softplus(v)")
    parameters("both", rng)
    w = weights.load_file("w.safetensors")
    weights.save_file({k.removeprefix("k."): v for k, v in w.items()}, "j.safetensors")
    np.savez("d.npz", a=rng.normal(size=(3, 5, 3)), b=rng.normal(size=(3, 5, 3)), lengths=np.array([5, 2, 4]))
    both = {k.removeprefix("k."): v for k, v in gradient("both", "d.npz", wrt="a,b").items()}
    judge = gradient("judge", "d.npz", file="j.safetensors", wrt="a,b")
    judge["a"], judge["b"] = 0 * judge["a"], -2.5 * judge["b"]
    check("professor_forcing", same(both, judge, 1e-13), {k: float(np.abs(both[k] - judge[k]).max()) for k in both})


run_all(resets, clips, reversed_gradients, professor)

"""kept.py: what training keeps of mean[batch](..), against the same models in numpy: the running mean of each step, what evaluation, forward
and the interpreter do with it, windows, the second axis, training resumed, weights without it.

  python3 kept.py [--rnnc PATH]

A running mean goes to the batch's value by 1 / min(updates, 10) each time. The trace of a training gives the weights before each update."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import numpy as np
import run

sys.path.insert(0, os.path.join(run.HERE, ".."))
from weights import load_file, save_file  # noqa: E402

passed = failed = 0
ROWS = 5  # kept
LENGTHS = np.array([6, 4, 2, 3, 5])
MODEL = """model kept {
  input  x[t] : real[3]
  target y[t] : real[2]
  e[t] = linear(2)(x[t])
  a[t] = batch_norm(e[t])
  h[t] = tanh(a[t] + U @ h[t-1])
  f[t] = batch_norm(h[t])
  m = mean[batch](mean[t](h[t]))
  o[t] = f[t] + m
  y[t] ~ normal(o[t], 1)
  train { statistics = 5  batch = 2  shuffle = false  epochs = 5  optimizer = adamw(rate = 0.05, decay = 0.3) MORE }
}
"""


def expect(what, good, told=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAIL {what} {told}")


def near(what, got, want, bound=1e-11):
    e = run.error(got, want)
    expect(what, e <= bound, f"{e:.1e}")


class Batch:
    """The mean over the sequences that reach t."""

    def __init__(self, lengths):
        self.lengths, self.seen = lengths, {}

    def mean(self, name, value, t):
        live = self.lengths > t
        self.seen.setdefault(name, []).append(value[live].mean(0))
        return self.seen[name][-1]

    def mean_of_all(self, name, value):
        self.seen[name] = [value.mean(0)]
        return self.seen[name][0]


class Kept:
    """What training kept of it; of a later t the last row."""

    def __init__(self, weights, rows=ROWS):
        self.weights, self.rows = weights, rows

    def mean(self, name, value, t):
        return self.weights[f"{name}.mean.running"][min(t, self.rows - 1)]

    def mean_of_all(self, name, value):
        return self.weights[f"{name}.mean.running"]


def normalised(w, name, value, t, means):
    d = value - means.mean(f"{name}.centre", value, t)
    return w[f"{name}.gain"] * d / np.sqrt(means.mean(f"{name}.variance", d * d, t) + 1e-5) + w[f"{name}.bias"]


def outputs(w, x, lengths, means):
    """o [N, T, 2] of MODEL"""
    h, f, total = np.zeros((len(x), 2)), [], np.zeros((len(x), 2))
    for t in range(x.shape[1]):
        live = (lengths > t)[:, None]
        h = np.where(live, np.tanh(normalised(w, "a", x[:, t] @ w["e.W"].T, t, means) + h @ w["U"].T), h)
        f.append(normalised(w, "f", h, t, means))
        total += np.where(live, h, 0)
    return np.stack(f, 1) + means.mean_of_all("m", total / lengths[:, None])


def loss(o, y, lengths):
    seen = np.arange(y.shape[1])[None, :] < lengths[:, None]
    return ((o - y)[seen] ** 2 / 2 + np.log(2 * np.pi) / 2).mean()


class Running:
    """The running means, as training keeps them."""

    def __init__(self, rows):
        self.rows, self.mean, self.updates = rows, {}, {}

    def take(self, name, row, value):
        if row >= self.rows:
            return
        n = self.updates.setdefault(name, {}).get(row, 0)
        old = self.mean.setdefault(name, {}).get(row, 0)
        self.mean[name][row] = old + (value - old) / min(n + 1, 10)
        self.updates[name][row] = min(n + 1, 10)

    def all(self, name):
        """[rows, ..]: rows that no batch reached hold the last that one did"""
        rows, last = [], 0
        for row in range(self.rows):
            last = row if row in self.mean[name] else last
            rows.append(self.mean[name][last])
        return np.stack(rows)


class Work:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder

    def path(self, name):
        return f"{self.folder}/{name}"

    def write(self, text, **data):
        with open(self.path("m.rnn"), "w") as f:
            f.write(text)
        np.savez(self.path("d.npz"), **data)

    def rnnc(self, command, *words, precision="f64", data="d.npz"):
        return run.rnnc(self.args, "run", self.path("m.rnn"), command, "--data", self.path(data), "--precision", precision, *words)

    def train(self, *words, out="o.safetensors", save="c.safetensors", **more):
        self.rnnc("train", "--quiet", "--save", self.path(save), "--out", self.path(out), *words, **more)
        return load_file(self.path(out))

    def traced(self, *words, **more):
        """Weights before each update, and the last"""
        weights = self.train("--trace", self.path("trace.npz"), *words, **more)
        trace = run.read(self.path("trace.npz"))
        first = load_file(self.path("first.safetensors"))
        steps = len(trace["loss"])
        return [{k: (trace[k][i - 1] if i else first[k]) for k in first} for i in range(steps)], trace["loss"], weights

    def refused(self, command, *words):
        r = subprocess.run([self.args.rnnc, "run", self.path("m.rnn"), command, "--data", self.path("d.npz"), *words], capture_output=True, text=True)
        return r.stderr if r.returncode else ""


def random_data(rng, lengths):
    n, T = len(lengths), max(lengths)
    return {"x": rng.normal(0.5, 1, (n, T, 3)), "y": rng.normal(0, 1, (n, T, 2)), "lengths": lengths}


def first_weights(rng):
    w = {"e.W": (2, 3), "U": (2, 2)}
    w = {k: rng.normal(0, 0.6, s) for k, s in w.items()}
    return w | {f"{n}.{p}": rng.normal(p == "gain", 0.3, 2) for n in "af" for p in ("gain", "bias")}


def check_training(work, rng):
    """Batches of 2, 2 and 1 sequences, five times; then longer sequences in evaluation."""
    data, first = random_data(rng, LENGTHS), first_weights(rng)
    work.write(MODEL.replace("MORE", ""), **data)
    save_file(first, work.path("first.safetensors"))
    start = ["--weights", work.path("first.safetensors")]
    before, losses, weights = work.traced(*start)
    running, alone = Running(ROWS), Running(1)
    for i, w in enumerate(before):
        rows = [[0, 1], [2, 3], [4]][i % 3]
        batch = Batch(LENGTHS[rows])
        o = outputs(w, data["x"][rows][:, :max(LENGTHS[rows])], LENGTHS[rows], batch)
        near(f"training: loss of update {i + 1}", losses[i], loss(o, data["y"][rows][:, :o.shape[1]], LENGTHS[rows]))
        for name, values in batch.seen.items():
            for t, value in enumerate(values):
                (alone if name == "m" else running).take(name, t, value)
    for name in running.mean:
        near(f"training: running mean {name}", weights[f"{name}.mean.running"], running.all(name))
        near(f"training: updates of {name}", weights[f"{name}.mean.updates"], [running.updates[name].get(t, 0) for t in range(ROWS)])
    near("training: running mean without index", weights["m.mean.running"], alone.all("m")[0])
    expect("training: as many updates as the longest sequences say", weights["a.centre.mean.updates"][-1] == 10 and len(before) == 15)
    single = work.train(*start, precision="f32", out="single.safetensors")
    for k, v in weights.items():
        near(f"training in single precision: {k}", single[k], v, 1e-3)
    evaluate(work, rng, weights)
    resume(work, start)
    without(work, start)
    information(work)


def evaluate(work, rng, weights):
    lengths = np.array([3, 9, 7])
    data = random_data(rng, lengths)
    np.savez(work.path("d.npz"), **data)
    want, w = outputs(weights, data["x"], lengths, Kept(weights)), ["--weights", work.path("o.safetensors")]
    near("evaluate: the loss of longer sequences", json.loads(work.rnnc("evaluate", *w, "--json"))["loss"], loss(want, data["y"], lengths))
    inside = (np.arange(9)[None, :] < lengths[:, None])[:, :, None]
    for more in ([], ["--interpret"]):
        work.rnnc("forward", *w, "--show", "o", "--out", work.path("f.npz"), *more)
        near(f"forward {' '.join(more)}", run.read(work.path("f.npz"))["o"] * inside, want * inside)
    np.savez(work.path("one.npz"), **{k: v[1:2] for k, v in data.items()})
    work.rnnc("forward", *w, "--show", "o", "--out", work.path("f.npz"), data="one.npz")
    near("forward of one sequence alone", run.read(work.path("f.npz"))["o"][0], want[1])
    work.rnnc("forward", *w, "--show", "o", "--out", work.path("f.npz"), precision="f32")
    near("forward in single precision", run.read(work.path("f.npz"))["o"] * inside, want * inside, 1e-4)
    np.savez(work.path("d.npz"), **random_data(np.random.default_rng(1), LENGTHS))


def resume(work, start):
    whole = work.train(*start)
    work.train(*start, "--steps", "7", save="half.safetensors", out="half.out.safetensors")
    again = work.train("--resume", work.path("half.safetensors"), "--steps", "15", save="again.safetensors", out="again.out.safetensors")
    expect("resumed: the same bits", all(np.array_equal(whole[k], again[k]) for k in whole) and whole.keys() == again.keys())


def without(work, start):
    said = work.refused("evaluate", *start)
    expect("weights without statistics: evaluate is refused", "'a.centre.mean.running'" in said and "train first" in said, said)
    expect("weights without statistics: forward is refused", "train first" in work.refused("forward", *start, "--out", work.path("f.npz")))
    expect("statistics by --set", "compiled for 5" in work.refused("train", "--set", "statistics=7"))


def information(work):
    about = json.loads(run.rnnc(work.args, "run", work.path("m.rnn"), "info", "--json"))
    expect("info: parameters apart from what is kept", {p["name"] for p in about["parameters"]} == {"U", "a.gain", "a.bias", "f.gain", "f.bias", "e.W"}
           and {p["name"] for p in about["kept"]} == {f"{n}.mean.{k}" for n in ("a.centre", "a.variance", "f.centre", "f.variance", "m")
                                                     for k in ("running", "updates")}, about["parameters"])
    expect("info: how many are learned", about["counts"]["elements"] == 6 + 4 + 8 and about["counts"]["kept"] == 4 * (ROWS * 2 + ROWS) + 3)


WINDOWS = """model windows {
  input  x[t] : real
  target y[t] : real
  m[t] = mean[batch](x[t])
  y[t] ~ normal(m[t] * w, 1)
  param w : real = ones
  train { statistics = 7  batch = BATCH  unroll = 3  carry = CARRY  shuffle = false  epochs = 1  optimizer = sgd(rate = 0) }
}
"""


def check_windows(work, rng):
    """Windows of 3 steps of sequences of 8, 8 and 5. Carried, they go on side by side; else a batch may hold windows from several places, whose
    mean at a place is of each of the steps that stand there."""
    lengths = np.array([8, 8, 5])
    x = rng.normal(0, 1, (3, 8))
    data = {"x": x, "y": x, "lengths": lengths}
    live = [lengths > t for t in range(8)]
    work.write(WINDOWS.replace("CARRY", "true").replace("BATCH", "3"), **data)
    got = work.train()["m.mean.running"]
    near("windows, carried", got, [x[live[t], t].mean() for t in range(7)])
    work.write(WINDOWS.replace("CARRY", "false").replace("BATCH", "100"), **data)
    got = work.train()["m.mean.running"]
    want = []
    for place in range(3):
        steps = [x[live[t], t] for t in range(place, 8, 3)]
        want.append(np.concatenate(steps).mean())
    near("windows of several places in a batch", got, [want[t % 3] for t in range(7)])


AXES = """model axes {
  axis s, t
  input  x[s] : real[2]
  target y[t] : real[2]
  e[s] = x[s] - mean[batch](x[s])
  c = mean[batch](sum[s](x[s]))
  k = sum[s](e[s])
  h[t] = tanh(k + c + U @ h[t-1] + mean[batch](y[t-1]))
  y[t] ~ normal(h[t], 1)
  metric near = mean[t](mean[batch](sum(h[t])))
  train { statistics = 3  batch = 3  epochs = 1  optimizer = sgd(rate = 0) }
}
"""


def check_axes(work, rng):
    """Statistics along the second axis, whose order of sequences is another; y[t-1] has a step at t = 1 that is zero."""
    S, T = np.array([2, 4, 1]), np.array([3, 2, 4])
    x, y = rng.normal(0, 1, (3, 4, 2)), rng.normal(0, 1, (3, 4, 2))
    work.write(AXES, x=x, y=y, lengths_s=S, lengths_t=T)
    got = work.train()
    near("second axis: each step", got["e.mean.running"], [x[S > s, s].mean(0) for s in range(3)])
    inside = (np.arange(4)[None, :] < S[:, None])[:, :, None]
    near("second axis: of its sum", got["c.mean.running"], (x * inside).sum(1).mean(0))
    want = [np.zeros(2)] + [y[T > t, t - 1].mean(0) for t in (1, 2)]
    near("an earlier step", got["h.mean.running"], want)
    expect("a metric's mean is of the batch that is measured", not any(k.startswith("near") for k in got))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.environ.get("RNNC", os.path.join(run.HERE, "../../build/rnnc")))
    args = p.parse_args()
    for check in (check_training, check_windows, check_axes):
        with tempfile.TemporaryDirectory(prefix="rnnc-kept-") as folder:
            check(Work(args, folder), np.random.default_rng(7))
    print(f"kept: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

"""memory.py RNNC: --memory: the same losses and gradients in windows as at once, for any wiring, the same bits for any number of
threads; what `info` says before a run is what the run takes. Needs: numpy."""
import json
import numpy as np
from calls import call, check, gradient, run_all, same, write

T, N = 23, 5
LENGTHS = np.array([23, 9, 23, 1, 16])

# name: (equations, the share of a step's values that must be in windows at least)
WIRINGS = {
    "lag": ("h[t] = tanh(W @ h[t-1] + U @ x[t] + b)\n  o[t] = V @ h[t] + c\n  y[t] ~ categorical(o[t])\n  param W : real[6, 6]", 0.8),
    "delay": ("h[t] = tanh(W @ h[t-1] + D @ h[t-5] + U @ x[t] + b)\n  h[-2] = d\n  o[t] = V @ h[t] + E @ h[t-3] + c\n"
              "  y[t] ~ categorical(o[t])\n  param W : real[6, 6]\n  param d : real[6]", 0.7),
    "first": ("h[t] = tanh(W @ h[t-1] + U @ x[t] + b)\n  h[0] = h0\n  o[t] = V @ h[t] + G @ h[1] + c\n  y[t] ~ categorical(o[t])\n"
              "  param W : real[6, 6]\n  param h0 : real[6]", 0.1),
    "stack": ("h[t] = stack(2, lstm(6))(x[t])\n  o[t] = dense(4)(h[t])\n  y[t] ~ categorical(o[t])", 0.8),
    "last": ("h[t] = lstm(6)(x[t])\n  who ~ categorical(dense(4)(h[T]))", 0.6),
    "mean": ("h[t] = gru(6)(x[t])\n  m = mean[t](h[t])\n  who ~ categorical(dense(4)(m))", 0.5),
    "ahead": ("h[t] = tanh(W @ h[t-1] + U @ x[t] + A @ x[t+2] + b)\n  o[t] = V @ h[t] + t / T * c\n  y[t] ~ categorical(o[t])\n"
              "  param W : real[6, 6]", 0.8),
    "ways": ("f[t] = gru(6)(x[t])\n  g[t] = reverse gru(6)(x[t])\n  o[t] = dense(4)(concat(f[t], g[t]))\n  y[t] ~ categorical(o[t])", 0.3),
    "output": ("h[t] = tanh(R @ y[t-1] + U @ x[t] + b)\n  o[t] = V @ h[t] + c\n  y[t] ~ categorical(o[t])\n  param R : real[6, 4]", 0.5),
    "normed": ("h[t] = lstm_layer_norm(6)(x[t])\n  o[t] = dense(4)(h[t])\n  y[t] ~ categorical(o[t])", 0.8),
    "prior": ("h[t] = tanh(W @ h[t-1] + U @ x[t] + b)\n  o[t] = V @ h[t] + c\n  y[t] ~ categorical(o[t])\n  loss = 0.1 * sum(b * b)\n"
              "  param W : real[6, 6]", 0.8),
    "whole": ("h[t] = tanh(W @ h[t-1] + U @ x[t] + b)\n  m = mean[t](h[t])\n  g[t] = tanh(R @ g[t-1] + h[t] - m)\n  o[t] = V @ g[t] + c\n"
              "  y[t] ~ categorical(o[t])\n  param W, R : real[6, 6]", 0),
    "affine": ("h[t] = mingru(6)(x[t])\n  o[t] = dense(4)(h[t])\n  y[t] ~ categorical(o[t])", 0.8),
}


def model(name, equations, setting=""):
    target = "target who : token[4]" if "who" in equations else "target y[t] : token[4]"
    write(f"{name}.rnn", f"model m {{\n  input x[t] : real[3]\n  {target}\n  {equations}\n  train {{ {setting} }}\n}}\n")


def wirings():
    rng = np.random.default_rng(7)
    np.savez("d.npz", x=rng.normal(size=(N, T, 3)), y=rng.integers(-1, 4, (N, T)), who=rng.integers(0, 4, N), lengths=LENGTHS)
    for name, (equations, share) in WIRINGS.items():
        model(name, equations)
        call("run", f"{name}.rnn", "init", "--out", f"{name}.safetensors")

        def of(*more):
            return gradient(name, "d.npz", *more, file=f"{name}.safetensors")

        needs = json.loads(call("run", f"{name}.rnn", "info", "--json", "--batch", str(N), "--length", str(T), "--precision", "f64"))
        needs = needs["memory"]["training"]
        check(f"{name}: {share} of the values by windows", needs["each_step_by_windows"] >= share * needs["each_step"])
        check(f"{name}: windows", (needs["least_windows"] > 1) == (needs["each_step_by_windows"] > 0) and needs["least"] <= needs["bytes"])
        want = of()
        few = of("--memory", "least", "--threads", "1")
        check(f"{name}: the same gradients in windows", same(few, want, 1e-11))
        twice = of("--memory", "least", "--threads", "2")
        check(f"{name}: the same bits with two threads", all(np.array_equal(few[k], twice[k]) for k in few))
        # the gradient has no optimiser's state to hold
        held = needs["held"] // 2
        for part in (0.2, 0.5, 0.8):
            size = int(needs["least"] + part * (needs["bytes"] - needs["least"])) - held
            check(f"{name}: the same gradients in {size} bytes", same(of("--memory", str(size)), want, 1e-11))


def training():
    rng = np.random.default_rng(8)
    np.savez("long.npz", x=rng.normal(size=(3, 90, 3)), y=rng.integers(0, 4, (3, 90)))
    model("carried", WIRINGS["delay"][0], 'data = npz("long.npz")  unroll = 31  carry = true  batch = 3  epochs = 4  validate = 0.34')
    traces = {}
    for memory in ("", "least"):
        call("run", "carried.rnn", "train", "--trace", "t.npz", "--out", "o.safetensors", "--save", "c.safetensors", "--quiet",
             "--precision", "f64", "--set", f"memory={memory}")
        with np.load("t.npz") as z:
            traces[memory] = {k: z[k] for k in z.files}
    check("training with carried state", same(traces["least"], traces[""], 1e-8))


def sizes():
    model("big", "h[t] = lstm(64)(x[t])\n  o[t] = dense(4)(h[t])\n  y[t] ~ categorical(o[t])")

    def look(length, *more):
        bench = json.loads(call("bench", "big.rnn", "--length", str(length), "--batch", "16", "--seconds", "0", "--threads", "1", "--json", *more))
        info = json.loads(call("run", "big.rnn", "info", "--length", str(length), "--batch", "16", "--json", *more))
        data = 16 * length * (3 + 1) * 4
        return bench["peak_mb"] * 2**20 - data, info["memory"]["training"]

    short, said = look(50)
    base = short - said["bytes"]
    for more in ((), ("--memory", "20M")):
        peak, said = look(1500, *more)
        check(f"info tells what a run takes, {more}: {(peak - base) / 1e6:.1f} MB, said {said['bytes'] / 1e6:.1f}",
              abs((peak - base) - said["bytes"]) <= 0.1 * said["bytes"] + 2e6)
        if more: check("it keeps within --memory", said["bytes"] <= 20e6 and said["windows"] > 1 and said["fits"])
    r = call("bench", "big.rnn", "--length", "1500", "--seconds", "0", "--memory", "1M", code=2)
    check("what cannot fit is refused", "memory" in r and "need" in r)
    r = call("bench", "big.rnn", "--memory", "lots", code=2)
    check("a size that is none", "'lots' is no size" in r)


run_all(wirings, training, sizes)

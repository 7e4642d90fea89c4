"""forcing.py RNNC: what a model reads of its own draws: teacher_forcing = 1, 0 and between, against models that say the same by
equations, and coins and draws by their frequencies. Needs: numpy."""
import itertools, json, os, subprocess, sys
import numpy as np
from calls import call, check, gradient, root, run_all, same, write

sys.path.insert(0, os.path.join(root, "tests"))
import weights

# -- a model, the distribution and what is fed back by hand ------------------------------------------------------------
KINDS = {
    "normal": ("real[3]", "normal(o[t], 0.7)", "o[t-1]", "o[0] = y0", "V @ h[t] + c"),
    "bernoulli": ("real[3]", "bernoulli(o[t])", "f[t-1]", "f[t] = o[t] > 0\n  f[0] = y0", "V @ h[t] + c"),
    "categorical": ("token[3]", "categorical(o[t])", "token(f[t-1], 3)", "f[t] = argmax(o[t])\n  f[0] = index(y0)", "V @ h[t] + c"),
}


def model(name, kind, read, more, setting):
    of, drawn, _, _, o = KINDS[kind]
    write(f"{name}.rnn", f"""model m {{
  input  x[t] : real[2]
  input  y0 : {of}
  target y[t] : {of}
  h[t] = tanh(W @ h[t-1] + U @ x[t] + R @ {read} + b)
  o[t] = {o}
  y[t] ~ {drawn}
  {more}
  param W : real[4, 4]
  param R : real[4, 3]
  param V : real[3, 4]
  train {{ {setting} }}
}}
""")


def data_of(kind, n, steps, rng, lengths=None):
    y, y0 = ((rng.integers(-1, 3, (n, steps)), rng.integers(0, 3, n)) if kind == "categorical" else
             (rng.integers(0, 2, (n, steps, 3)).astype(float), rng.normal(size=(n, 3))) if kind == "bernoulli" else
             (rng.normal(size=(n, steps, 3)), rng.normal(size=(n, 3))))
    return dict(x=rng.normal(size=(n, steps, 2)), y=y, y0=y0, lengths=np.full(n, steps) if lengths is None else lengths)


WEIGHTS = {"W": (4, 4), "U": (4, 2), "R": (4, 3), "b": (4,), "V": (3, 4), "c": (3,)}


def equations(kind, rng):
    _, _, own, more, _ = KINDS[kind]
    weights.save_file({k: rng.normal(size=s) for k, s in WEIGHTS.items()}, "w.safetensors")
    np.savez("d.npz", **data_of(kind, 5, 7, rng, np.array([7, 3, 1, 5, 7])))
    model("own", kind, own, more, "")
    for forced, setting, want in ((0, "0.0", "own"), (1, "1.0", "all")):
        model("all", kind, "y[t-1]", "y[0] = y0", "")
        model("set", kind, "y[t-1]", "y[0] = y0", f"teacher_forcing = {setting}")
        check(f"{kind}, teacher_forcing = {setting}", same(gradient("set", "d.npz"), gradient(want, "d.npz"), 1e-12))
    model("set", kind, "y[t-1]", "y[0] = y0", "teacher_forcing = 0.0")
    call("run", "set.rnn", "gradient", "--data", "d.npz", "--weights", "w.safetensors", "--out", "i.npz", "--interpret")
    with np.load("i.npz") as z:
        check(f"{kind}, the interpreter", same(gradient("set", "d.npz"), {k: z[k] for k in z.files}, 1e-12))
    # windows with carried state: the same loss as the whole sequences
    whole = call("run", "set.rnn", "evaluate", "--data", "d.npz", "--weights", "w.safetensors", "--free", "--json", "--precision", "f64")
    cut = call("run", "set.rnn", "evaluate", "--data", "d.npz", "--weights", "w.safetensors", "--free", "--json", "--precision", "f64",
               "--set", "unroll=2", "--set", "carry=true")
    a, b = json.loads(whole)["loss"], json.loads(cut)["loss"]
    want = float(gradient("own", "d.npz")["loss"])
    check(f"{kind}, evaluate --free", abs(a - want) < 1e-10 * (1 + abs(want)), f"{a} {want}")
    check(f"{kind}, --free in windows", abs(a - b) < 1e-10 * (1 + abs(a)), f"{a} {b}")


def losses(name, steps, *settings):
    """of so many updates that change nothing: what coins and draws alone make of it"""
    words = [w for s in ("batch=1", f"steps={steps}", "optimizer=sgd(rate=1e-300)", "log=log.jsonl", *settings) for w in ("--set", s)]
    call("run", f"{name}.rnn", "train", "--data", "one.npz", "--weights", "w.safetensors", "--precision", "f64", "-q", "--out", "o.safetensors", *words)
    with open("log.jsonl") as f:
        return np.array([e["loss"] for e in map(json.loads, f) if e["event"] == "step"])


def frequencies(got, values, wanted):
    """do the losses lie among the values, and as often as wanted (5 standard deviations)?"""
    near = np.abs(got[:, None] - values[None, :])
    hits = np.bincount(near.argmin(1), minlength=len(values)) / len(got)
    off = np.abs(hits - wanted) / np.sqrt(wanted * (1 - wanted) / len(got) + 1e-12)
    return near.min(1).max() < 1e-7 and off.max() < 5, f"{hits} {wanted} {near.min(1).max()}"


def coins(rng):
    """one sequence of 4 steps: the loss says which of y[1..3] were read"""
    data = data_of("normal", 1, 4, rng)
    np.savez("one.npz", **data)
    weights.save_file({k: rng.normal(size=s) for k, s in WEIGHTS.items()}, "w.safetensors")
    model("coin", "normal", "f[t-1]", "input k[t] : real\n  f[t] = where(k[t], y[t], o[t])\n  f[0] = y0", "")
    value = {}
    for k in itertools.product((0, 1), repeat=3):
        np.savez("d.npz", k=np.array([[*k, 0]], float), **data)
        value[k] = float(gradient("coin", "d.npz")["loss"])
    model("set", "normal", "y[t-1]", "y[0] = y0", "")
    p = 0.3
    check("coins per step", *frequencies(losses("set", 1500, f"teacher_forcing={p}"), np.array(list(value.values())),
                                         np.array([np.prod([p if b else 1 - p for b in k]) for k in value])))
    both = np.array([value[0, 0, 0], value[1, 1, 1]])
    got = losses("set", 800, f"teacher_forcing=constant({p}, per = sequence)")
    check("coins per sequence", *frequencies(got, both, np.array([1 - p, p])))
    got = losses("set", 40, "teacher_forcing=linear(1, 0, over = 20, per = sequence)")
    check("linear begins with the observed values", abs(got[0] - both[1]) < 1e-8)
    check("linear ends with own values", np.abs(got[20:] - both[0]).max() < 1e-8)
    got = losses("set", 400, "teacher_forcing=exponential(0.99, per = sequence)")
    seen = np.abs(got - both[1]) < 1e-8
    want = 0.99 ** np.arange(400)
    check("exponential", abs(seen.sum() - want.sum()) < 5 * np.sqrt((want * (1 - want)).sum()), f"{seen.sum()} {want.sum()}")
    got = losses("set", 400, "teacher_forcing=inverse_sigmoid(50, per = sequence)")
    seen = np.abs(got - both[1]) < 1e-8
    want = 50 / (50 + np.exp(np.arange(400) / 50))
    check("inverse sigmoid", abs(seen.sum() - want.sum()) < 5 * np.sqrt((want * (1 - want)).sum()), f"{seen.sum()} {want.sum()}")


def draws(rng):
    """own = sample: the second step's loss says which class was drawn at the first"""
    data = data_of("categorical", 1, 2, rng)
    data["y"][:] = [[2, 1]]
    np.savez("one.npz", **data)
    w = {k: rng.normal(size=s) for k, s in WEIGHTS.items()}
    weights.save_file(w, "w.safetensors")
    x, y0 = data["x"][0], np.eye(3)[data["y0"][0]]
    h = np.tanh(w["U"] @ x[0] + w["R"] @ y0 + w["b"])
    o = w["V"] @ h + w["c"]
    soft = lambda a: np.exp(a - a.max()) / np.exp(a - a.max()).sum()
    value = []
    for k in range(3):
        o2 = w["V"] @ np.tanh(w["W"] @ h + w["U"] @ x[1] + w["R"] @ np.eye(3)[k] + w["b"]) + w["c"]
        value.append((-np.log(soft(o)[2]) - np.log(soft(o2)[1])) / 2)
    model("set", "categorical", "y[t-1]", "y[0] = y0", "")
    check("own classes are drawn", *frequencies(losses("set", 1500, "teacher_forcing=constant(0.0, own = sample)"), np.array(value), soft(o)))
    got = losses("set", 5, "teacher_forcing=0.0")
    check("own = mode is the likeliest", np.abs(got - value[int(o.argmax())]).max() < 1e-8)


def predicted(rng):
    """x[t+1] ~ ..: the first element is the observed one"""
    text = """model m {{
  input x[t] : token[4]
  h[t] = tanh(W @ h[t-1] + E @ {read})
  o[t] = V @ h[t]
  x[t+1] ~ categorical(o[t])
  {more}
  param W : real[5, 5]
  train {{ {setting} }}
}}
"""
    weights.save_file({k: rng.normal(size=s) for k, s in {"W": (5, 5), "E": (5, 4), "V": (4, 5)}.items()}, "w.safetensors")
    np.savez("d.npz", x=rng.integers(0, 4, (4, 6)), lengths=np.array([6, 2, 1, 4]))
    write("set.rnn", text.format(read="x[t]", more="", setting="teacher_forcing = 0.0"))
    write("own.rnn", text.format(read="token(where(t == 1, index(x[t]), f[t-1]), 4)", more="f[t] = argmax(o[t])", setting=""))
    check("x[t+1] ~ categorical", same(gradient("set", "d.npz"), gradient("own", "d.npz"), 1e-12))


def schedule():
    """with the observed values there is no cycle, and all steps run at once"""
    text = "model m {\n  input x[t] : real[2]\n  target y[t] : real[3]\n  h[t] = tanh(U @ x[t] + R @ y[t-1])\n  y[t] ~ normal(V @ h[t], 1)\n  param U : real[4, 2]\n  train { teacher_forcing = %s }\n}\n"
    for forced, scans in (("1.0", 0), ("0.0", 2), ("0.5", 2)):
        write("m.rnn", text % forced)
        out = call("--emit=schedule", "m.rnn")
        check(f"scans with teacher_forcing = {forced}", out.count("scan t") == scans, out)


def commands(rng):
    model("set", "normal", "y[t-1]", "y[0] = y0", "teacher_forcing = 0.5")
    np.savez("d.npz", **data_of("normal", 8, 5, rng))
    call("set.rnn", "-o", "set")
    run = lambda *w, code=0: subprocess.run(["./set", "train", "--data", "d.npz", "-q", "--steps", "2", *w], capture_output=True, text=True)
    check("an executable with coins takes other probabilities", run("--set", "teacher_forcing=linear(1, 0)").returncode == 0 and run("--set", "teacher_forcing=1.0").returncode == 0)
    r = run("--set", "teacher_forcing=constant(0.5, per = sequence)")
    check("it refuses what it was not compiled for", r.returncode == 2 and "was compiled for other ways of reading y" in r.stderr, r.stderr)
    r = run("--set", "teacher_forcing=1.5")
    check("a probability", r.returncode == 2 and "between 0 and 1" in r.stderr, r.stderr)
    common = ["--data", "d.npz", "-q", "--out", "a.safetensors", "--set", "save=c.safetensors"]
    call("run", "set.rnn", "train", *common, "--steps", "6", "--set", "teacher_forcing=0.0", "--set", "batch=2")
    whole = open("a.safetensors", "rb").read()
    call("run", "set.rnn", "train", *common, "--steps", "3", "--set", "teacher_forcing=0.0", "--set", "batch=2")
    call("run", "set.rnn", "train", "--resume", "c.safetensors", "-q", "--out", "a.safetensors", "--steps", "6")
    check("a resumed training is compiled as it was", whole == open("a.safetensors", "rb").read())
    call("run", "set.rnn", "train", *common, "--steps", "2", "--set", "validate=0.25", "--set", "gap=true", "--set", "log=log.jsonl")
    with open("log.jsonl") as f:
        e = [e for e in map(json.loads, f) if e["event"] == "validation"][-1]
    check("the gap in the log", abs(e["gap"] - (e["free"]["loss"] - e["loss"])) < 1e-6, str(e))
    write("m.rnn", "model m {\n  input x[t] : token[3]\n  h[t] = gru(2)(embedding(2)(x[t]))\n  b[t] = reverse gru(2)(embedding(2)(x[t]))\n  x[t+1] ~ categorical(dense(3)(concat(h[t], b[t])))\n  train { teacher_forcing = 0.0 }\n}\n")
    out = call("--emit=schedule", "m.rnn", code=1)
    check("what reads ahead cannot run freely", "'x' cannot be fed back" in out, out)
    call("m.rnn", "--emit=schedule", "--program=evaluate")
    write("n.rnn", "model n {\n  input x[t] : real[2]\n  target y[t] : token[3]\n  y[t] ~ categorical(dense(3)(x[t]))\n}\n")
    check("nothing to feed back", "reads what is drawn" in call("--emit=schedule", "--program=free", "n.rnn", code=1))
    for wrong in ("1.5", "linear(2, 0)", "exponential(2)", "inverse_sigmoid(0)", "linear(1, 0, per = batch)", "cosine(3)", "constant(0.5, own = best)"):
        model("set", "normal", "y[t-1]", "y[0] = y0", f"teacher_forcing = {wrong}")
        out = call("check", "set.rnn", code=1)
        check(f"teacher_forcing = {wrong}", "set.rnn:12:11: error[E0601]: setting teacher_forcing" in out, out)


rng = np.random.default_rng(1)
run_all(*(lambda k=k: equations(k, rng) for k in KINDS), lambda: coins(rng), lambda: draws(rng), lambda: predicted(rng), schedule, lambda: commands(rng))

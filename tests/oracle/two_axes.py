"""two_axes.py --rnnc PATH: models over two time axes in two_axes/: the loss and all gradients against PyTorch's (make_two_axes.py), with
other lengths on each axis and NaN beyond them; ctc also against the sum over all ways to say the labels."""
import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
import numpy as np
from checks import run_checks
from run import error

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import weights  # noqa: E402

BOUND = {"interpreter": 1e-9, "f64": 1e-9, "f32": 2e-4}


def gradient(rnnc, model, folder, data, params, precision, wrt):
    how = ["--interpret"] if precision == "interpreter" else ["--precision", precision]
    how += ["--wrt", ",".join(wrt)] if wrt else []
    np.savez(f"{folder}/d.npz", **data)
    weights.save_file(params, f"{folder}/w.safetensors")
    r = subprocess.run([rnnc, "run", model, "gradient", "--data", f"{folder}/d.npz", "--weights", f"{folder}/w.safetensors", *how, "--out",
                        f"{folder}/o.npz"], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(r.stderr[-800:])
    with np.load(f"{folder}/o.npz") as z:
        return {k: z[k] for k in z.files}


def spoil(data, model, lengths, second):
    """NaN, and tokens of no class, beyond each sequence's lengths: they must not be read"""
    text = open(model).read()
    primary = re.search(r"axis (\w), (\w)", text)[2]
    for name in data:
        axis = re.search(rf"\b{name}\[(\w)\]", text)
        if not axis:
            continue
        for n in range(len(lengths)):
            beyond = data[name][n, (lengths if axis[1] == primary else second)[n]:]
            beyond[...] = np.nan if data[name].dtype == np.float64 else -1


def run(rnnc, name, folder):
    model = os.path.join(HERE, "two_axes", name + ".rnn")
    with np.load(os.path.join(HERE, "two_axes", name + ".npz")) as z:
        arrays = {k: z[k] for k in z.files}
    part = {p: {k[len(p) + 1:]: v for k, v in arrays.items() if k.startswith(p + ".")} for p in ("in", "par", "grad", "exp")}
    data, lengths, second = part["in"], arrays["lengths"], arrays["lengths_2"]
    spoil(data, model, lengths, second)
    axis = re.search(r"axis (\w), (\w)", open(model).read())[1]
    sized = {**data, "lengths": lengths, "lengths_" + axis: second}
    wrt = [k for k in part["grad"] if k in data]
    said = []
    for precision, bound in BOUND.items():
        got = gradient(rnnc, model, folder, sized, part["par"], precision, wrt)
        errors = {"loss": error(got["loss"], part["exp"]["loss"])} | {"d " + k: error(got[k], v) for k, v in part["grad"].items()}
        worst = max(errors, key=errors.get)
        if not errors[worst] <= bound:
            raise RuntimeError(f"{precision}: {worst} is {errors[worst]:.1e} off, {bound} allowed")
        said.append(f"{precision} {errors[worst]:.1e}")
    return ", ".join(said)


def spoken(path):
    """A path of classes without repetitions, then without blanks"""
    return [k for k, _ in itertools.groupby(path) if k != 0]


def by_paths(logp, labels):
    """log of the sum over every path of classes that says the labels"""
    sums = [sum(logp[t, k] for t, k in enumerate(path)) for path in itertools.product(range(logp.shape[1]), repeat=len(logp))
            if spoken(path) == list(labels)]
    return np.logaddexp.reduce(sums) if sums else -np.inf


def ctc_paths(rnnc, folder):
    """ctc of short sequences by enumeration, among them a label twice, U = T, and labels that do not fit"""
    rng = np.random.default_rng(5)
    model = os.path.join(HERE, "two_axes", "ctc.rnn")
    params = {"loss.dense.W": rng.normal(0, 1, (4, 3)), "loss.dense.b": rng.normal(0, 1, 4)}
    worst = 0.0
    for steps, labels in [(5, [1, 2]), (5, [3, 3]), (4, [2]), (1, [1]), (3, [1, 2, 3]), (5, [2, 2, 1])]:
        x = rng.normal(0, 1, (1, steps, 3))
        o = x[0] @ params["loss.dense.W"].T + params["loss.dense.b"]
        want = -by_paths(o - np.logaddexp.reduce(o, 1, keepdims=True), labels)
        got = gradient(rnnc, model, folder, {"x": x, "y": np.array([labels])}, params, "interpreter", ["x"])
        worst = max(worst, error(got["loss"], want))
    if worst > 1e-12:
        raise RuntimeError(f"{worst:.1e} off the sum over paths")
    got = gradient(rnnc, model, folder, {"x": rng.normal(0, 1, (1, 2, 3)), "y": np.array([[1, 2, 3]])}, params, "interpreter", ["x"])
    if not got["loss"] > 1e29 or not all(np.isfinite(v).all() for v in got.values()):
        raise RuntimeError("labels that do not fit: " + str(got))
    return f"{worst:.1e}"


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--rnnc", default=os.path.join(HERE, "../../build/rnnc"))
    rnnc = os.path.abspath(p.parse_args().rnnc)
    names = sorted(f[:-4] for f in os.listdir(os.path.join(HERE, "two_axes")) if f.endswith(".rnn"))
    with tempfile.TemporaryDirectory() as folder:
        checks = {n: lambda n=n: run(rnnc, n, folder) for n in names} | {"ctc by paths": lambda: ctc_paths(rnnc, folder)}
        return run_checks("two axes", checks)


if __name__ == "__main__":
    sys.exit(main())

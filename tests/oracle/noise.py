"""noise.py: the cells of lang/ that draw noise: the same equations as those which cells.py holds against PyTorch, and what is drawn.

  python3 noise.py [--rnnc PATH]

PyTorch's masks are other masks, so cells/NAME.rnn has a copy of the cell of lang/NAME.rnn whose noise is an input. Checked here: the copy is
that cell, word for word; at evaluation the loss is that of the copy with each mask at its mean; with the masks that a gradient drew (a number
multiplied by a mask has the mask as its gradient) loss and gradients are those of the copy. And of `noise model`, `noise m`, `noise m[t]`: what
varies over what, and from update to update."""
import argparse
import glob
import json
import os
import re
import sys
import tempfile
import numpy as np
import run

sys.path.insert(0, os.path.join(run.HERE, ".."))
from weights import save_file  # noqa: E402

LANG = os.path.join(run.HERE, "../../lang")
NOISE = re.compile(r"^  noise( model)?\s+(.+?)(\s*:\s*real\[.*?\])?\s*~.*$", re.M)
passed = failed = 0


def expect(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAIL {what}")


def same(got, want):
    return run.error(got, want) <= 1e-12


def read(path):
    with open(path) as f:
        return f.read()


def cell_text(text):
    return re.search(r"^cell.*?^}\n", text, re.M | re.S).group()


def as_inputs(cell):
    """The cell with its noise as inputs."""
    return NOISE.sub(lambda m: f"  input  {m[2]}{m[3] or ''}", cell)


def noises(cell):
    """(name, has a time index) of each noise of a cell"""
    return [(n.removesuffix("[t]"), n.endswith("[t]")) for m in NOISE.finditer(cell) for n in re.split(r",\s*", m[2])]


def on_lang(copy, cell):
    """The model of cells/ on the cell of lang/, which draws its masks; a probe, an input, is multiplied by each of them in the loss."""
    text = re.sub(r"\(x\[t\], [^)]*\)", "(x[t])", copy.replace(cell_text(copy), ""))
    terms = [f"sum[t](sum({n}[t] * h.{n}[t]))" if timed else f"sum({n} * h.{n})" for n, timed in noises(cell)]
    return text.rstrip()[:-1] + f"  loss = {' + '.join(terms)}\n}}\n"


class Work:
    """A folder with weights, for runs in double precision."""

    def __init__(self, args, folder, params):
        self.args, self.folder = args, folder
        save_file(params, f"{folder}/w.safetensors")

    def rnnc(self, text, command, data, *words):
        with open(f"{self.folder}/m.rnn", "w") as f:
            f.write(text)
        np.savez(f"{self.folder}/d.npz", **data)
        return run.rnnc(self.args, "run", f"{self.folder}/m.rnn", command, "--data", f"{self.folder}/d.npz", "--weights",
                        f"{self.folder}/w.safetensors", "--precision", "f64", *words)

    def gradient(self, text, data, by=()):
        self.rnnc(text, "gradient", data, *(["--wrt", ",".join(by)] if by else []), "--out", f"{self.folder}/g.npz")
        return run.read(f"{self.folder}/g.npz")

    def means(self):
        """of the noise of the model of the last run, by name"""
        text = run.rnnc(self.args, "--emit=equations", f"{self.folder}/m.rnn")
        return {n: float(p) if d == "bernoulli" else float(p.split(",")[0])
                for n, d, p in re.findall(r"^  noise (?:model )?([\w.]+)(?:\[t\])? .*~ (\w+)\((.*?)\)", text, re.M)}


def check_cell(args, name, folder):
    cell, copy = cell_text(read(f"{LANG}/{name}.rnn")), read(f"{run.HERE}/cells/{name}.rnn")
    expect(f"{name}: cells/{name}.rnn has the cell of lang/ with its noise as inputs", as_inputs(cell) == cell_text(copy))
    given = run.read(f"{run.HERE}/cells/{name}.npz")
    work = Work(args, folder, {k[4:]: v for k, v in given.items() if k.startswith("par.")})
    data = {k.removeprefix("in."): v for k, v in given.items() if k.startswith("in.") or k == "lengths"}
    masks = [n for n, _ in noises(cell)]
    probed = {**data, **{n: np.zeros_like(data[n]) for n in masks}}
    drawing = on_lang(copy, cell)
    got = work.gradient(drawing, probed, masks)
    drawn = {n: got.pop(n) * len(data["x"]) for n in masks}
    want = work.gradient(copy, {**data, **drawn})
    for k in want:
        expect(f"{name}: {k} with the masks that were drawn", same(got[k], want[k]))
    expect(f"{name}: masks are drawn", any(len(np.unique(a)) > 1 for a in drawn.values()))
    loss = json.loads(work.rnnc(drawing, "evaluate", probed, "--json"))["loss"]
    means = work.means()
    mean = {n: np.full_like(data[n], means[f"h.{n}"]) for n in masks}
    expect(f"{name}: at evaluation each mask is its mean", run.error(loss, work.gradient(copy, {**data, **mean})["loss"]) <= 1e-11)  # printed with 12 digits


DRAWS = """model draws {
  input p[t], q[t], r[t] : real[40]
  noise model a : real[40] ~ bernoulli(0.5)
  noise b : real[40] ~ bernoulli(0.5)
  noise c[t] : real[40] ~ bernoulli(0.5)
  loss = sum[t](dot(a, p[t]) + dot(b, q[t]) + dot(c[t], r[t])) + dot(a, w)
  param w : real[40] = zeros
  train { optimizer = sgd(rate = 1)  epochs = 4  batch = 3 }
}
"""


def check_draws(args, folder):
    """What varies over sequences, over t, over updates: differences between [N, T, ..] and between steps."""
    work = Work(args, folder, {"w": np.zeros(40)})
    data = {n: np.ones((3, 5, 40)) for n in "pqr"}
    masks = work.gradient(DRAWS, data, "pqr")
    for name, noise, sequences, steps in (("p", "noise model", False, False), ("q", "noise", True, False), ("r", "noise at t", True, True)):
        m = masks[name]
        expect(f"{noise}: {'not ' * (not sequences)}another in each sequence", (np.ptp(m, axis=0).max() > 0) == sequences)
        expect(f"{noise}: {'not ' * (not steps)}another at each t", (np.ptp(m, axis=1).max() > 0) == steps)
    work.rnnc(DRAWS, "train", data, "--trace", f"{folder}/trace.npz", "--quiet", "--save", f"{folder}/c.safetensors", "--out", f"{folder}/o.safetensors")
    w = run.read(f"{folder}/trace.npz")["w"]
    drawn = np.diff(np.concatenate([np.zeros((1, 40)), w]), axis=0)  # minus the mask of each update
    expect("noise model: 0 or 1 at each update", np.isin(drawn, (0, -1)).all() and len(drawn) == 4)
    expect("noise model: another at each update", len(np.unique(drawn, axis=0)) == 4)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.environ.get("RNNC", os.path.join(run.HERE, "../../build/rnnc")))
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="rnnc-noise-") as folder:
        for path in sorted(glob.glob(f"{LANG}/*.rnn")):
            if NOISE.search(read(path)):
                check_cell(args, os.path.basename(path).removesuffix(".rnn"), folder)
        check_draws(args, folder)
    print(f"noise: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

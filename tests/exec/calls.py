"""calls.py: what the tests of this folder share: commands of rnnc run in a folder of their own, and checks that are counted."""
import os, subprocess, sys, tempfile
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from counted import check, finish  # noqa: E402

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
rnnc = os.path.abspath(sys.argv[1])


def call(*words, code=0):
    r = subprocess.run([rnnc, *words], capture_output=True, text=True)
    if r.returncode != code:
        raise RuntimeError(f"exit code {r.returncode}, not {code}: {' '.join(words)}\n{r.stdout[-300:]}{r.stderr[-900:]}")
    return r.stdout + r.stderr


def write(name, text):
    with open(name, "w") as f:
        f.write(text)


def gradient(name, data, *more, file="w.safetensors", precision="f64", wrt=None):
    more += ("--wrt", wrt) if wrt else ()
    call("run", f"{name}.rnn", "gradient", "--data", data, "--weights", file, "--out", "g.npz", "--precision", precision, *more)
    with np.load("g.npz") as z:
        return {k: z[k] for k in z.files}


def same(a, b, bound):
    return a.keys() == b.keys() and all(np.abs(a[k] - b[k]).max() <= bound * (1 + np.abs(b[k]).max()) for k in b)


def run_all(*works):
    """each in the same empty folder; ends the program"""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for work in works:
            try:
                work()
            except RuntimeError as e:
                check("a command", False, str(e))
        os.chdir(root)
    finish()
